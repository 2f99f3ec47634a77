/* agent_uv — the rim of the desk: one connection a relay, each with its agent, on one loop, until the caller has what it
 * waits for. Connections that fail are tried again after a second. */
#ifndef HOTLINE_CLIENT_AGENT_UV_H
#define HOTLINE_CLIENT_AGENT_UV_H

#include "client/desk.h"
#include "client/profile.h"

struct agents;
/* Connections to all relays of the desk; addresses from the profile, else from the directory. desk and profile are borrowed.
 * The caller owns *ret_agents. Errors: HL_ENOMEM, HL_EIO. */
HL_MUST_CHECK int agents_new(struct desk *desk, const struct profile *profile,
                             struct agents **ret_agents);
/* Says Bye on each connection, waits for it (at most 2 s), frees. NULL is allowed. */
void agents_free(struct agents *agents);

/* Run until is_done() (asked after each event, at least every 50 ms) or for timeout_ms (0: for ever). Returns true when
 * is_done() was. A signal (INT, TERM) also ends it: agents_signal(). */
bool agents_run(struct agents *agents, int64_t timeout_ms, bool (*is_done)(void *context),
                void *context);
int agents_signal(const struct agents *agents); /* 0, or the number */
/* The last error of this desk itself (database, memory) while it spoke with relays; HL_OK: none. */
int agents_error(const struct agents *agents);

/* All reachable relays have nothing left to say; false while none was reached and some may still be. */
bool agents_are_idle(const struct agents *agents);
/* All relays were tried and none could be reached. */
bool agents_are_off_line(const struct agents *agents);
/* Why a relay (0 and up) is not there; false: it is, or there is none of that number. Borrowed: relay until the desk is
 * closed. */
struct agents_down {
    const char *relay, *why;
};
bool agents_down(const struct agents *agents, size_t relay, struct agents_down *ret_down);
/* Fetch prekeys of these desks at every relay; agents_have_prekeys(): all reachable ones have answered. */
HL_MUST_CHECK int agents_want_prekeys(struct agents *agents, const struct desk_id *desks,
                                      size_t count);
bool agents_have_prekeys(const struct agents *agents);

#endif
