/* relay_state — the relay's whole state, shared by the files of the core: relay*.c, dispatch.c, deliver.c, handle_*.c.
 * Private to them. */
#ifndef HOTLINE_DAEMON_RELAY_STATE_H
#define HOTLINE_DAEMON_RELAY_STATE_H

#include "base/strict.h"
#include "daemon/action.h"
#include "daemon/batch.h"
#include "daemon/custody.h"
#include "daemon/lane.h"
#include "daemon/relay.h"
#include "daemon/session.h"
#include "proto/record.h"
#include "wire.pb-c.h"

#define RELAY_SESSIONS_A_DEVICE 8
#define RELAY_READS_MAX         64
#define RELAY_UNSENT_MAX        ((size_t)2 * 1024 * 1024)  /* then nothing is delivered */
#define RELAY_UNSENT_CLOSE      ((size_t)16 * 1024 * 1024) /* then the session ends */
#define RELAY_TAKEN_DELAY_MS    1000          /* takens alone wait that long for a batch */
#define RELAY_JUMP_MS           (60LL * 1000) /* more ahead of mono is a jump */
#define RELAY_JUMP_BELIEVED_MS  (24LL * 3600 * 1000)
#define RELAY_START_JUMP_MS     (24LL * 3600 * 1000) /* more ahead of the newest stamp, at the start */
#define RELAY_STUB_LIFE_MS      (91LL * 24 * 3600 * 1000)

/* A session that waits for a deposit to come from the store: for a receipt, or for its Welcome. */
struct read_waiter {
    uint32_t number;
    struct session *session; /* a reference is held */
    uint64_t req;            /* 0: the Welcome */
    struct read_waiter *next;
};
/* Deposits that can be erased; a queue of numbers. */
struct erase_queue {
    uint32_t *numbers;
    size_t first, count, size;
};

struct relay {
    const struct suite *suite;
    const struct clock *clock;
    const struct rng *rng;
    const struct trust *trust;
    uint8_t id[ID_BYTES];
    struct relay_limits limits;

    struct ledger ledger;
    struct tree tree;
    struct lanes lanes;
    struct mailboxes mailboxes;
    struct devices devices;
    struct shelf shelf;
    struct custodian custodian;
    struct batch batch;
    struct actions actions;
    struct session *sessions;

    uint32_t reads[RELAY_READS_MAX]; /* numbers on their way from the store */
    size_t read_count;
    struct read_waiter *read_waiters;
    struct erase_queue erasable;
    uint32_t expiry_cursor;
    struct mailbox *touched; /* mailboxes with new entries */
    size_t dirty_takers;
    int64_t dirty_since_ms; /* mono */
    bool is_tick_due;       /* takens or erasures want a batch of their own */

    int64_t received_ms;               /* newest stamp in the tree */
    int64_t steady_ms, steady_mono_ms; /* relay_steady_ms() */
    int64_t jumped_at_mono_ms;         /* 0: the clock did not jump ahead */
    uint64_t disk_free;
    bool is_draining, is_broken;
    struct relay_status counts;
};

static inline struct bytes view(ProtobufCBinaryData data)
{
    return BYTES(data.data, data.len);
}
static inline ProtobufCBinaryData wire_data(struct bytes octets)
{
    return strict_octets(octets.data, octets.len);
}

/* relay.c: things to do. Without memory for the queue itself the relay is broken: it restarts from the store. */
void relay_send(struct relay *relay, struct session *session, unsigned type, struct blob *body);
void relay_send_message(struct relay *relay, struct session *session, unsigned type,
                        const ProtobufCMessage *message);
void relay_close(struct relay *relay, struct session *session, unsigned bye_reason,
                 const char *detail);
void relay_break(struct relay *relay);
/* What was for one session could not be made. Without memory that session ends, and its device comes back and asks anew;
 * for any other reason the relay is broken. */
void relay_fail(struct relay *relay, struct session *session, int err);
/* Strictly parsed message of a peer; Error: HL_EFORMAT, HL_ENOMEM. */
HL_MUST_CHECK int relay_parse(const ProtobufCMessageDescriptor *descriptor, struct bytes body,
                              void *ret_message);
void relay_unref(struct session *session); /* frees a session that is gone and waited for by none */
/* The device's role and desk by the present trust; NULL: no device, or revoked. */
const struct cert *relay_device_cert(const struct relay *relay, const struct device_id *id);
void cert_desk(const struct cert *cert, struct desk_id *ret_desk);
struct quota_rates relay_rates(const struct relay *relay);

/* Time for what cannot be undone: a clock that jumps ahead is believed after a day. */
int64_t relay_steady_ms(const struct relay *relay);

/* relay_read.c: the shelf, and what has to be read first. NULL: it is on its way, or may be asked for later. */
struct shelf_item *relay_shelf(struct relay *relay, uint32_t number);
HL_MUST_CHECK int relay_wait_read(struct relay *relay, uint32_t number, struct session *session,
                                  uint64_t req);

/* relay_batch.c: closing a batch when there is cause and none flies; a deposit that may be erased. */
void relay_close_batch(struct relay *relay);
void relay_want_erase(struct relay *relay, uint32_t number);

/* relay_load.c */
HL_MUST_CHECK int relay_load(struct relay *relay, struct store *store);
/* Numbers of the devices that have slots, as far as rosters know them. Error: HL_ENOMEM. */
HL_MUST_CHECK int relay_name_slots(struct relay *relay, struct deposit *deposit,
                                   const struct store_slot *slots, const struct lane_mark *lanes);
/* The device took this entry: its slot, if it has one, is closed; the last one frees the envelope. */
void relay_close_slot(struct relay *relay, const struct mailbox *mailbox, uint64_t seq,
                      const struct device *device);

/* relay_session.c */
void relay_welcome(struct relay *relay, struct session *session);

/* deliver.c: send what the window allows. */
void deliver_to(struct relay *relay, struct session *session);
void deliver_touched(struct relay *relay);
void deliver_after_read(struct relay *relay);

/* handle_submit.c */
void submit_result(struct relay *relay, struct session *session, uint64_t req,
                   Hotline__V1__SubmitCode code, struct blob *receipt);
/* A deposit is refused for the relay's own sake: NO_SPACE or BUSY. */
void relay_count_short(struct relay *relay, Hotline__V1__SubmitCode code);
/* The receipt of a durable deposit that is at hand, or that may have to be read first (then it is a duplicate). */
void submit_taken(struct relay *relay, const struct waiter *waiter, struct shelf_item *item);

void submit_duplicate(struct relay *relay, struct session *session, uint64_t req, uint32_t number);
/* handle_prekey.c */
void prekey_result(struct relay *relay, struct pending_prekeys *prekeys, int err);

#endif
