/* outbox — messages waiting to be sent: first come, first framed; heartbeats pass; large ones leave as Fragments. */
#ifndef HOTLINE_PROTO_OUTBOX_H
#define HOTLINE_PROTO_OUTBOX_H

#include "proto/record.h"

#define OUTBOX_URGENT_MAX 1024

struct outbox {
    struct waiting *first, *last;
    size_t len;        /* octets of bodies waiting in the queue, sent parts not counted */
    uint32_t msg_last; /* Fragment.msg of the newest message cut */
    struct buf urgent; /* records of heartbeats, as they stand in a frame */
};

void outbox_init(struct outbox *outbox);
void outbox_done(struct outbox *outbox);
/* Forget all that waits, a half-sent message too. */
void outbox_clear(struct outbox *outbox);
void outbox_clear_urgent(struct outbox *outbox); /* Pings before a Bye */
bool outbox_is_empty(const struct outbox *outbox);

/* Queue a message; type, length and outbox->len are the caller's to check. Error: HL_ENOMEM. */
HL_MUST_CHECK int outbox_add(struct outbox *outbox, unsigned type, struct bytes body);
/* Queue one for the next frame, whatever else waits. Errors: HL_EBUSY, HL_ENOMEM. */
HL_MUST_CHECK int outbox_add_urgent(struct outbox *outbox, unsigned type, struct bytes body);

/* Move what fits to a frame's plaintext, leaving `spare` octets. Error: HL_ENOMEM, and messages may be lost. */
HL_MUST_CHECK int outbox_fill(struct outbox *outbox, size_t spare, struct buf *plain);

#endif
