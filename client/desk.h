/* desk — the desk's database, the one truth of a desk: SQLite on a local disk, journal_mode=DELETE, synchronous=EXTRA, every
 * change one BEGIN IMMEDIATE with 5 s of busy time. Several processes may each open it. No text of a notice stands in it in
 * clear: envelopes stay sealed, their file keys are wrapped under desk_wrap. */
#ifndef HOTLINE_CLIENT_DESK_H
#define HOTLINE_CLIENT_DESK_H

#include "base/clock.h"
#include "client/identity.h"

#define DESK_BUSY_MS  5000
#define DESK_WHY_SIZE 480

struct desk;

struct desk_options {
    const char *path;          /* file, or ":memory:" */
    const char *vfs;           /* SQLite VFS by name; NULL: the machine's */
    struct identity *identity; /* borrowed, outlives the desk */
    const struct clock *clock; /* borrowed */
    const char *const
        *relays; /* names of the relays of this profile, or NULL: all of the directory */
    size_t relay_count;
};
/* Open or create. The caller owns *ret_desk. Errors: HL_EIO, HL_EBUSY (exit 75), HL_EFORMAT (not a desk database, or of a newer
 * program), HL_EPERM (database of another device, or others may read the file), HL_EINVAL (unknown relay), HL_ENOMEM. */
HL_MUST_CHECK int desk_open(const struct desk_options *options, struct desk **ret_desk);
void desk_close(struct desk *desk); /* NULL is allowed */
static inline void desk_drop(struct desk **desk)
{
    desk_close(*desk);
}

struct identity *desk_identity(const struct desk *desk);
const struct clock *desk_clock(const struct desk *desk);
int64_t desk_now_ms(const struct desk *desk);
/* The relays in use, in the directory's order; borrowed from the trust. */
size_t desk_relay_count(const struct desk *desk);
const struct relay_info *desk_relay(const struct desk *desk, size_t index);

/* Why the last call failed and what to do, one or two sentences for the officer, no secret; "" when there is nothing to add. */
const char *desk_why(const struct desk *desk);

/* Journal: H(journal, prev | row). Head for service statements; verify walks the whole chain. Error: HL_EVERIFY. */
HL_MUST_CHECK int desk_journal_head(struct desk *desk, uint8_t ret_head[static HASH_BYTES],
                                    uint64_t *ret_rows);
HL_MUST_CHECK int desk_journal_verify(struct desk *desk, uint64_t *ret_rows);

/* STATE ROLLBACK: sending is locked until a new device key is certified (exit 11). desk_is_rolled_back() is true also when the
 * database cannot be read: such a one must not send. */
HL_MUST_CHECK int desk_rollback(struct desk *desk, bool *ret_is_rolled_back);
bool desk_is_rolled_back(struct desk *desk);

#endif
