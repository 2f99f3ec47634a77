/* receipt_track — the sender's automaton per notice and addressed desk: one table. Diagram: proto/receipt.h. */
#include <assert.h>

#include "proto/receipt.h"

/* Row: state. Column: event. Where to go, and the flags it adds; nothing is ever RELEASED again, so 0 means stay. */
static_assert(RCPT_RELEASED == 0, "an absent cell of the table stays");
#define TO(state)                                                                                  \
    {                                                                                              \
        .next = RCPT_##state                                                                       \
    }
#define MARK(flag)                                                                                 \
    {                                                                                              \
        .flags = FLAG_##flag                                                                       \
    }
static const struct {
    const char *name;
    struct {
        enum receipt_state next;
        uint32_t flags;
    } on[EV_COUNT];
} rows[RCPT_STATES] = {
    [RCPT_RELEASED] = {"released",
                       {[EV_CUSTODY] = TO(HELD),
                        [EV_DELIVERED] = TO(DELIVERED),
                        [EV_OPENED] = TO(OPENED),
                        [EV_ACK] = TO(ACKED),
                        [EV_REFUSED] = TO(REFUSED),
                        [EV_DEADLINE_DELIVERY] = MARK(NO_RELAY),
                        [EV_DEADLINE_OPEN] = MARK(OVERDUE_OPEN),
                        [EV_DEADLINE_ACK] = MARK(OVERDUE_ACK)}},
    [RCPT_HELD] = {"held",
                   {[EV_DELIVERED] = TO(DELIVERED),
                    [EV_OPENED] = TO(OPENED),
                    [EV_ACK] = TO(ACKED),
                    [EV_REFUSED] = TO(REFUSED),
                    [EV_ALL_UNDELIVERED] = TO(UNDELIVERABLE),
                    [EV_DEADLINE_DELIVERY] = MARK(OVERDUE_DELIVERY),
                    [EV_DEADLINE_OPEN] = MARK(OVERDUE_OPEN),
                    [EV_DEADLINE_ACK] = MARK(OVERDUE_ACK)}},
    [RCPT_DELIVERED] = {"delivered",
                        {[EV_OPENED] = TO(OPENED),
                         [EV_ACK] = TO(ACKED),
                         [EV_REFUSED] = TO(REFUSED),
                         [EV_DEADLINE_OPEN] = MARK(OVERDUE_OPEN),
                         [EV_DEADLINE_ACK] = MARK(OVERDUE_ACK)}},
    [RCPT_OPENED] =
        {"opened",
         {[EV_ACK] = TO(ACKED), [EV_REFUSED] = TO(REFUSED), [EV_DEADLINE_ACK] = MARK(OVERDUE_ACK)}},
    [RCPT_ACKED] = {"acknowledged", {[EV_REFUSED] = MARK(DISPUTED)}},
    [RCPT_REFUSED] = {"refused", {[EV_ACK] = {RCPT_ACKED, FLAG_DISPUTED}}},
    [RCPT_UNDELIVERABLE] = {"undeliverable",
                            {[EV_DELIVERED] = TO(DELIVERED),
                             [EV_OPENED] = TO(OPENED),
                             [EV_ACK] = TO(ACKED),
                             [EV_REFUSED] = TO(REFUSED)}},
};

bool receipt_step(struct receipt_track *track, enum receipt_event event)
{
    assert(track->state < RCPT_STATES);
    assert(event < EV_COUNT);
    enum receipt_state next = rows[track->state].on[event].next;

    track->flags |= rows[track->state].on[event].flags;
    if (next == RCPT_RELEASED)
        return false;
    track->state = next;
    return true;
}

const char *receipt_state_name(enum receipt_state state)
{
    assert(state < RCPT_STATES);
    return rows[state].name;
}
