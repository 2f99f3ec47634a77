/* courier — the life of outgoing notices over all relays: what is overdue, which deposit goes to one more relay, T0, expiry.
 * Lateness is a flag and an event, never a state; states only move forward. */
#ifndef HOTLINE_CLIENT_COURIER_H
#define HOTLINE_CLIENT_COURIER_H

#include "client/desk.h"
#include "client/t0.h"

/* Everything that time alone brings: overdue layers (flag and event once), deposits without custody offered to further relays,
 * expired outbox rows and releases closed. Any process may call it, any number of times. *ret_next_ms: when something is due next
 * (utc ms), at most 60 s away. Errors: HL_EIO, HL_EBUSY. */
HL_MUST_CHECK int courier_tick(struct desk *desk, int64_t *ret_next_ms);

#endif
