/* courier — the life of outgoing notices over all relays: what is overdue, which deposit goes to one more relay, T0, expiry.
 * Lateness is a flag and an event, never a state; states only move forward. */
#ifndef HOTLINE_CLIENT_COURIER_H
#define HOTLINE_CLIENT_COURIER_H

#include "client/desk.h"
#include "proto/limits.h"

/* Custody of one deposit at one relay, for T0. */
struct stamp {
    int64_t received_ms;
    const char *operator_name;
    bool is_clock_off; /* |received - submitter's clock| > 120 s */
};
enum t0_basis { T0_NONE, T0_ONE_RELAY, T0_TWO_OPERATORS, T0_DISPUTED };
struct t0 {
    enum t0_basis basis;
    int64_t ms; /* start of the clocks */
    int64_t
        latest_ms; /* other end of the interval: latest first-stamp of two operators; = ms when one relay */
};
/* docs/PROTOCOL.md, "Clocks and T0". first_seen_ms is used when no stamp serves. Pure. */
void t0_judge(const struct stamp *stamps, size_t count, int64_t released_ms, int64_t first_seen_ms,
              struct t0 *ret_t0);
const char *t0_basis_name(enum t0_basis basis);

/* Everything that time alone brings: overdue layers (flag and event once), deposits without custody offered to further relays,
 * expired outbox rows and releases closed. Any process may call it, any number of times. *ret_next_ms: when something is due next
 * (utc ms), at most 60 s away. Errors: HL_EIO, HL_EBUSY. */
HL_MUST_CHECK int courier_tick(struct desk *desk, int64_t *ret_next_ms);

#endif
