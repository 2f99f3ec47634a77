/* session_pair — a client and a server channel side by side with predictable randomness, for tests and fuzz targets. */
#ifndef HOTLINE_TESTS_SUPPORT_SESSION_PAIR_H
#define HOTLINE_TESTS_SUPPORT_SESSION_PAIR_H

#include "proto/channel.h"

/* Predictable octets; equal seeds give equal streams. */
struct counter_rng {
    struct rng rng;
    uint64_t state;
};
void counter_rng_init(struct counter_rng *counter, uint64_t seed);

/* Octets handed out in order; asking for more than there is aborts. */
struct fixed_rng {
    struct rng rng;
    struct bytes left;
};
void fixed_rng_init(struct fixed_rng *fixed, struct bytes octets);

struct session_pair {
    struct counter_rng rng;
    uint8_t ns[32], relay_id[16], client_sk[32], server_sk[32];
    struct channel_key client_key, server_key;
    struct channel *client, *server;
};
#define SESSION_PAIR_HELLO "client hello"
/* Keys and two channels that have said nothing. */
void session_pair_init(struct session_pair *pair);
void session_pair_done(struct session_pair *pair);
/* Run the handshake to its end and let the server say Welcome. */
void session_pair_open(struct session_pair *pair);
/* All that `from` has to write. The caller frees. */
struct blob *session_output(struct channel *from, int64_t mono_ms);
/* Take one event. */
struct channel_event session_input(struct channel *to, struct bytes *wire);
/* Carry all output of `from` to `to`; every event must be CHANNEL_NOTHING but the last one seen, which is returned. */
struct channel_event session_carry(struct channel *from, struct channel *to);

#endif
