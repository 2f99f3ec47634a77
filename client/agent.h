/* agent — what a desk says to one relay, sans-IO: records in, records out, time given. The rim (agent_uv, or a simulation) owns
 * the connection and its Noise channel; every effect on the desk is durable before the record that tells the relay of it.
 *
 *   START ─Welcome→ READY ─Bye, agent_closed()→ CLOSED          nothing is sent before Welcome
 * READY: own prekey published when due, peers' prekeys fetched, mailbox subscribed from the cursor, outbox pushed. */
#ifndef HOTLINE_CLIENT_AGENT_H
#define HOTLINE_CLIENT_AGENT_H

#include "client/desk.h"

struct agent;
enum agent_phase { AGENT_START, AGENT_READY, AGENT_CLOSED };

/* `relay` is borrowed from the trust. The caller owns *ret_agent. One agent a connection; make a new one to reconnect. */
HL_MUST_CHECK int agent_new(struct desk *desk, const struct relay_info *relay,
                            struct agent **ret_agent);
void agent_free(struct agent *agent);
static inline void agent_drop(struct agent **agent)
{
    agent_free(*agent);
}

/* Payload of handshake message 3: canonical ClientHello. The caller owns *ret_hello. */
HL_MUST_CHECK int agent_hello(struct agent *agent, struct blob **ret_hello);
/* One whole record from the relay (fragments joined). HL_EFORMAT: the relay broke the protocol: send Bye(PROTOCOL), close.
 * HL_ECLOSED: it said Bye (reason in agent_bye_reason()). HL_EIO, HL_EBUSY, HL_ENOMEM: ours; the record was not taken, close and
 * connect again. */
HL_MUST_CHECK int agent_input(struct agent *agent, unsigned type, struct bytes body);
/* The next record to send, oldest first; false when there is none. The caller owns *ret_body. */
bool agent_next_output(struct agent *agent, unsigned *ret_type, struct blob **ret_body);
/* Time passes: heartbeat, due prekeys, retries, new outbox rows of this or another process. Call at least once a second and after
 * any change of the desk. HL_ECLOSED: 45 s without a record, the relay is off line. */
HL_MUST_CHECK int agent_tick(struct agent *agent);
/* The connection is gone; what it heard last is kept. */
void agent_closed(struct agent *agent);

enum agent_phase agent_phase(const struct agent *agent);
unsigned agent_bye_reason(const struct agent *agent);
const struct relay_info *agent_relay(const struct agent *agent);
/* Nothing is waiting: no Submit or PrekeyGet open, every mailbox entry known at Welcome and since is taken, no outbox row for this
 * relay is due. What a one-shot command waits for. */
bool agent_is_idle(const struct agent *agent);
/* Fetch the prekeys of these desks (0: of all desks of the federation). agent_has_prekeys(): answered since. */
HL_MUST_CHECK int agent_want_prekeys(struct agent *agent, const struct desk_id *desks,
                                     size_t count);
bool agent_has_prekeys(const struct agent *agent);

#endif
