/* taken — the set of mailbox entries a device has: all up to a number, and some above it. */
#ifndef HOTLINE_DAEMON_TAKEN_H
#define HOTLINE_DAEMON_TAKEN_H

#include "base/bytes.h"

#define TAKEN_ALSO_MAX 8192

struct taken {
    uint64_t upto;
    uint64_t *also; /* ascending, above upto + 1 */
    size_t count, size;
};
void taken_init(struct taken *taken);
void taken_done(struct taken *taken);
bool taken_has(const struct taken *taken, uint64_t seq);
/* All up to `seq`; smaller numbers change nothing. */
void taken_raise(struct taken *taken, uint64_t seq);
/* One entry. Errors: HL_EBUSY (too many above upto), HL_ENOMEM. */
HL_MUST_CHECK int taken_add(struct taken *taken, uint64_t seq);

#endif
