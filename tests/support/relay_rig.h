/* relay_rig — a relay core with a store, a clock that a test moves, and peers that remember what they were sent. */
#ifndef HOTLINE_TESTS_SUPPORT_RELAY_RIG_H
#define HOTLINE_TESTS_SUPPORT_RELAY_RIG_H

#include "daemon/relay.h"
#include "proto/record.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"
#include "wire.pb-c.h"

struct peer;
struct rig {
    struct small_world *world;
    struct relay_info info;
    struct sign_key *log_key;
    struct seeded_rng rng_state;
    struct rng rng;
    int64_t utc_ms, mono_ms;
    struct clock clock;
    struct relay_limits limits;
    struct store *store; /* owned by the rig */
    struct relay *relay;
    bool holds_commits, holds_drains; /* the test says when */
    const struct store_batch *held;   /* a COMMIT not yet carried out */
    int commit_err;                   /* of the last commit that failed */
    uint64_t row;                     /* of envelopes sealed */
    struct peer *peers;
};
struct message {
    unsigned type;
    struct blob *body;
    struct message *next;
};
/* A client's end of a session. */
struct peer {
    struct rig *rig;
    int state, device;
    struct session *session; /* NULL: closed */
    bool is_closed;
    unsigned bye_reason;
    struct message *first, **last;
    uint64_t req;
    struct peer *next;
};

/* All of these end the test on failure. */
struct rig *rig_new(struct store *store); /* NULL: a store in memory */
void rig_free(struct rig *rig);
/* The relay forgets all and begins anew from the store; peers are closed. */
void rig_restart(struct rig *rig);
/* Free the relay and close peers; the store is kept. */
void rig_stop(struct rig *rig);
void rig_start(struct rig *rig);
/* One more relay on the rig's store; what relay_new() returns. */
int rig_make_relay(struct rig *rig, struct relay **ret_relay);
/* Carry out actions until there is none. */
void rig_run(struct rig *rig);
void rig_commit(struct rig *rig,
                int err); /* the held batch: really when HL_OK, else just say err */
void rig_wait(struct rig *rig, int64_t ms);

struct peer *rig_connect(struct rig *rig, int state, int device); /* takes the Welcome off */
struct peer *rig_connect_raw(struct rig *rig, int state, int device);
void peer_hang_up(struct peer *peer);
void peer_send(struct peer *peer, unsigned type, const ProtobufCMessage *message);
void peer_send_octets(struct peer *peer, unsigned type, struct bytes body);
/* The next message of that type, taken off and parsed strictly; NULL: there is none. The caller frees it. */
ProtobufCMessage *peer_take(struct peer *peer, unsigned type,
                            const ProtobufCMessageDescriptor *descriptor);
size_t peer_count(const struct peer *peer, unsigned type);

/* An envelope of device `from`, 10 * state + device, with these slots; precedence 0 is control. */
struct blob *rig_seal_slots(struct rig *rig, int from, unsigned precedence, struct bytes content,
                            const struct seal_slot *slots, size_t count);
/* An envelope of device (state, device) to all devices given as 10 * state + device; precedence 0 is control. */
struct blob *rig_seal(struct rig *rig, int state, int device, unsigned precedence, const int *to,
                      size_t to_count);
/* The usual one: to both DESK terminals of `to` and the sender's other one. */
struct blob *rig_letter(struct rig *rig, int from, int to, unsigned precedence);
/* What the sender's receipt for an envelope of XAA on plane LIVE must cover; deposit_hash is ret_hash. */
struct custody_expectation rig_expectation(struct rig *rig, const struct blob *envelope,
                                           uint8_t ret_hash[static HASH_BYTES]);

/* Submit; the request number. */
uint64_t peer_submit(struct peer *peer, const struct blob *envelope);
/* Take a result off; its code, and the receipt's octets (may be NULL). */
Hotline__V1__SubmitCode peer_result(struct peer *peer, uint64_t *ret_req,
                                    struct blob **ret_receipt);
/* Submit and be answered with that code. */
void peer_submit_gets(struct peer *peer, const struct blob *envelope, Hotline__V1__SubmitCode code);
void peer_subscribe(struct peer *peer, uint64_t after, uint32_t window);
void peer_takes(struct peer *peer, uint64_t upto, const uint64_t *also, size_t also_count);
Hotline__V1__Deliver *peer_deliver(struct peer *peer); /* NULL: none */
/* The next Deliver's seq, or 0; freed. */
uint64_t peer_deliver_seq(struct peer *peer);

#endif
