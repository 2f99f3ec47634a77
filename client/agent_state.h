/* agent_state — private to agent: its memory. Nothing here must survive the connection. */
#ifndef HOTLINE_CLIENT_AGENT_STATE_H
#define HOTLINE_CLIENT_AGENT_STATE_H

#include "client/agent.h"
#include "client/post.h"
#include "wire.pb-c.h"

#define FLIGHT_MAX POST_BATCH

struct output {
    unsigned type;
    struct blob *body;
    struct output *next;
};
/* A Submit without result. */
struct flight {
    uint64_t req;
    uint8_t deposit[HASH_BYTES];
};
struct agent {
    struct desk *desk;
    const struct relay_info *relay;
    enum agent_phase phase;
    unsigned bye_reason;
    struct output *first, *last;
    uint64_t req_last, put_req; /* put_req: open PrekeyPut; 0: none */
    int64_t put_created_ms, prekey_due_ms;
    size_t gets_open; /* PrekeyGets without a last result */
    bool wants_keys;
    int64_t keys_asked_ms;
    int64_t keys_wait_ms; /* until the next question about desks that have no key */
    size_t wanted_count;  /* of such desks, when last looked */
    size_t max_in_flight, flight_count;
    struct flight flight[FLIGHT_MAX];
    uint64_t newest_seq; /* of the mailbox, as far as the relay told */
    uint64_t ping_token;
    int64_t heard_mono_ms, pinged_mono_ms, saved_mono_ms;
    int64_t contact_ms, skew_ms, rtt_ms;
};

HL_MUST_CHECK int agent_send(struct agent *agent, unsigned type, const ProtobufCMessage *message);
HL_MUST_CHECK int agent_subscribe(struct agent *agent);
HL_MUST_CHECK int agent_publish_prekey(struct agent *agent);
HL_MUST_CHECK int agent_push(struct agent *agent);
HL_MUST_CHECK int agent_save_contact(struct agent *agent);

#endif
