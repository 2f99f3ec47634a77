/* receipt_track — the sender's automaton per notice and addressed desk: one table. Diagram: proto/receipt.h. */
#include <assert.h>

#include "proto/receipt.h"

#define STAY RCPT_STATES

/* Row: state. Column: event. Where to go, and the flags it adds. */
static const struct {
    const char *name;
    struct {
        enum receipt_state next;
        uint32_t flags;
    } on[EV_COUNT];
} rows[RCPT_STATES] = {
    [RCPT_RELEASED] = {"released",
                       {[EV_CUSTODY] = {RCPT_HELD, 0},
                        [EV_DELIVERED] = {RCPT_DELIVERED, 0},
                        [EV_OPENED] = {RCPT_OPENED, 0},
                        [EV_ACK] = {RCPT_ACKED, 0},
                        [EV_REFUSED] = {RCPT_REFUSED, 0},
                        [EV_NONDELIVERED] = {STAY, 0},
                        [EV_UNREADABLE] = {STAY, 0},
                        [EV_ALL_UNDELIVERED] = {STAY, 0},
                        [EV_DEADLINE_DELIVERY] = {STAY, FLAG_NO_RELAY},
                        [EV_DEADLINE_OPEN] = {STAY, FLAG_OVERDUE_OPEN},
                        [EV_DEADLINE_ACK] = {STAY, FLAG_OVERDUE_ACK}}},
    [RCPT_HELD] = {"held",
                   {[EV_CUSTODY] = {STAY, 0},
                    [EV_DELIVERED] = {RCPT_DELIVERED, 0},
                    [EV_OPENED] = {RCPT_OPENED, 0},
                    [EV_ACK] = {RCPT_ACKED, 0},
                    [EV_REFUSED] = {RCPT_REFUSED, 0},
                    [EV_NONDELIVERED] = {STAY, 0},
                    [EV_UNREADABLE] = {STAY, 0},
                    [EV_ALL_UNDELIVERED] = {RCPT_UNDELIVERABLE, 0},
                    [EV_DEADLINE_DELIVERY] = {STAY, FLAG_OVERDUE_DELIVERY},
                    [EV_DEADLINE_OPEN] = {STAY, FLAG_OVERDUE_OPEN},
                    [EV_DEADLINE_ACK] = {STAY, FLAG_OVERDUE_ACK}}},
    [RCPT_DELIVERED] = {"delivered",
                        {[EV_CUSTODY] = {STAY, 0},
                         [EV_DELIVERED] = {STAY, 0},
                         [EV_OPENED] = {RCPT_OPENED, 0},
                         [EV_ACK] = {RCPT_ACKED, 0},
                         [EV_REFUSED] = {RCPT_REFUSED, 0},
                         [EV_NONDELIVERED] = {STAY, 0},
                         [EV_UNREADABLE] = {STAY, 0},
                         [EV_ALL_UNDELIVERED] = {STAY, 0},
                         [EV_DEADLINE_DELIVERY] = {STAY, 0},
                         [EV_DEADLINE_OPEN] = {STAY, FLAG_OVERDUE_OPEN},
                         [EV_DEADLINE_ACK] = {STAY, FLAG_OVERDUE_ACK}}},
    [RCPT_OPENED] = {"opened",
                     {[EV_CUSTODY] = {STAY, 0},
                      [EV_DELIVERED] = {STAY, 0},
                      [EV_OPENED] = {STAY, 0},
                      [EV_ACK] = {RCPT_ACKED, 0},
                      [EV_REFUSED] = {RCPT_REFUSED, 0},
                      [EV_NONDELIVERED] = {STAY, 0},
                      [EV_UNREADABLE] = {STAY, 0},
                      [EV_ALL_UNDELIVERED] = {STAY, 0},
                      [EV_DEADLINE_DELIVERY] = {STAY, 0},
                      [EV_DEADLINE_OPEN] = {STAY, 0},
                      [EV_DEADLINE_ACK] = {STAY, FLAG_OVERDUE_ACK}}},
    [RCPT_ACKED] = {"acknowledged",
                    {[EV_CUSTODY] = {STAY, 0},
                     [EV_DELIVERED] = {STAY, 0},
                     [EV_OPENED] = {STAY, 0},
                     [EV_ACK] = {STAY, 0},
                     [EV_REFUSED] = {STAY, FLAG_DISPUTED},
                     [EV_NONDELIVERED] = {STAY, 0},
                     [EV_UNREADABLE] = {STAY, 0},
                     [EV_ALL_UNDELIVERED] = {STAY, 0},
                     [EV_DEADLINE_DELIVERY] = {STAY, 0},
                     [EV_DEADLINE_OPEN] = {STAY, 0},
                     [EV_DEADLINE_ACK] = {STAY, 0}}},
    [RCPT_REFUSED] = {"refused",
                      {[EV_CUSTODY] = {STAY, 0},
                       [EV_DELIVERED] = {STAY, 0},
                       [EV_OPENED] = {STAY, 0},
                       [EV_ACK] = {RCPT_ACKED, FLAG_DISPUTED},
                       [EV_REFUSED] = {STAY, 0},
                       [EV_NONDELIVERED] = {STAY, 0},
                       [EV_UNREADABLE] = {STAY, 0},
                       [EV_ALL_UNDELIVERED] = {STAY, 0},
                       [EV_DEADLINE_DELIVERY] = {STAY, 0},
                       [EV_DEADLINE_OPEN] = {STAY, 0},
                       [EV_DEADLINE_ACK] = {STAY, 0}}},
    [RCPT_UNDELIVERABLE] = {"undeliverable",
                            {[EV_CUSTODY] = {STAY, 0},
                             [EV_DELIVERED] = {RCPT_DELIVERED, 0},
                             [EV_OPENED] = {RCPT_OPENED, 0},
                             [EV_ACK] = {RCPT_ACKED, 0},
                             [EV_REFUSED] = {RCPT_REFUSED, 0},
                             [EV_NONDELIVERED] = {STAY, 0},
                             [EV_UNREADABLE] = {STAY, 0},
                             [EV_ALL_UNDELIVERED] = {STAY, 0},
                             [EV_DEADLINE_DELIVERY] = {STAY, 0},
                             [EV_DEADLINE_OPEN] = {STAY, 0},
                             [EV_DEADLINE_ACK] = {STAY, 0}}},
};

bool receipt_step(struct receipt_track *track, enum receipt_event event)
{
    assert(track->state < RCPT_STATES);
    assert(event < EV_COUNT);
    enum receipt_state next = rows[track->state].on[event].next;

    track->flags |= rows[track->state].on[event].flags;
    if (next == STAY)
        return false;
    track->state = next;
    return true;
}

const char *receipt_state_name(enum receipt_state state)
{
    assert(state < RCPT_STATES);
    return rows[state].name;
}
