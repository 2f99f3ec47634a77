/* channel — one session between a client and a relay, without a socket: octets in, events out; messages in, octets out.
 * Noise handshake, frames, Fragments, rekey; both roles. docs/PROTOCOL.md, "Transport".
 *
 *   client   new ──> SECOND ──message 2──> OPEN (READY)          Before OPEN every fault ends the session silently.
 *   server   new ──> FIRST ──message 1──> THIRD ──message 3──> OPEN (HELLO)
 *   OPEN ──channel_bye(), peer's Bye, fault──> ENDED             A malformed frame or record is answered Bye(PROTOCOL).
 *
 * Time is a parameter: mono_ms of base/clock. The channel does no input or output, and starts no timer. */
#ifndef HOTLINE_PROTO_CHANNEL_H
#define HOTLINE_PROTO_CHANNEL_H

#include "base/rng.h"
#include "keys/label.h"
#include "proto/record.h"

#define CHANNEL_KEYS_MAX  4
#define CHANNEL_HELLO_MAX 448
#define CHANNEL_QUEUE_MAX                                                                          \
    ((size_t)4 * 1024 * 1024)   /* octets waiting; a message is taken while fewer wait */
#define CHANNEL_FIRST_WIRE 1272 /* preamble | message 1 | mac1 */
#define CHANNEL_RELAY_ID   ID_BYTES

/* A static X25519 key with what is derived from it once. `sk` is borrowed (secret memory, 32 octets). */
struct channel_key {
    const uint8_t *sk;
    uint8_t pk[32];
    uint8_t mac1_key[32];
};
void channel_key_init(const uint8_t sk[static 32], struct channel_key *ret_key);

struct channel_client_params {
    const uint8_t *ns;           /* 32 */
    const uint8_t *relay_id;     /* 16 */
    const uint8_t *relay_static; /* 32, of the directory */
    const struct channel_key *key;
    const struct rng *rng;
    struct bytes hello; /* packed ClientHello, at most CHANNEL_HELLO_MAX */
};
struct channel_server_params {
    const uint8_t *ns;
    const uint8_t *relay_id;
    const struct channel_key *keys; /* one a noise_static of an unexpired directory */
    size_t key_count;               /* 1..CHANNEL_KEYS_MAX */
    const struct rng *rng;
    /* Was this ephemeral key seen among the last 2^16? Remembers it. Asked after mac1, before curve work. May be NULL. */
    bool (*seen_before)(void *context, const uint8_t e[static 32]);
    void *context;
};

struct channel;
/* Params are borrowed for the call alone by the client, until HELLO or the end by the server (the struct itself is
 * copied, not what it points to). `rng` until channel_free(). The caller owns *ret_channel.
 * Errors: HL_ENOMEM, HL_ETOOBIG (hello), HL_EVERIFY (relay_static is no usable key). */
HL_MUST_CHECK int channel_new_client(const struct channel_client_params *params,
                                     struct channel **ret_channel);
HL_MUST_CHECK int channel_new_server(const struct channel_server_params *params,
                                     struct channel **ret_channel);
void channel_free(struct channel *channel);
static inline void channel_drop(struct channel **channel)
{
    channel_free(*channel);
}

enum channel_event_kind {
    CHANNEL_NOTHING, /* all octets are taken; wait for more */
    CHANNEL_HELLO,  /* server: the peer proved `peer_static`; `body` is its ClientHello, unparsed */
    CHANNEL_READY,  /* client: message 3 is in the output; now wait for the record Welcome */
    CHANNEL_RECORD, /* a whole message, type and body; allowed by the table, not parsed */
    CHANNEL_CLOSED  /* the last event; write the output that is left, then close */
};
enum channel_end {
    CHANNEL_END_NONE,
    CHANNEL_END_HANDSHAKE, /* close silently */
    CHANNEL_END_TAG,       /* a frame did not decrypt; close */
    CHANNEL_END_PROTOCOL,  /* malformed; a Bye(PROTOCOL) is in the output */
    CHANNEL_END_PEER_BYE,  /* bye_reason says why */
    CHANNEL_END_NO_REKEY,  /* 2^17 frames under one key; close */
    CHANNEL_END_MEMORY     /* ours; close */
};
/* Borrowed parts are valid until the next channel_input() or channel_free(). */
struct channel_event {
    enum channel_event_kind kind;
    unsigned type;
    struct bytes body;
    const uint8_t *peer_static; /* 32 */
    enum channel_end end;
    unsigned bye_reason;
};

/* Take octets from the front of *wire until an event is there. Call again until CHANNEL_NOTHING. */
void channel_input(struct channel *channel, struct bytes *wire, int64_t mono_ms,
                   struct channel_event *ret_event);
/* The next octets to write, at most a frame; NULL when there are none. The caller owns *ret_chunk.
 * Error: HL_ENOMEM (the session is broken: close). */
HL_MUST_CHECK int channel_output(struct channel *channel, int64_t mono_ms, struct blob **ret_chunk);

/* Queue a whole message; Ping and Pong pass the others. The relay's Welcome opens the stage for all the rest.
 * Errors: HL_ESTATE (not open, ended, or another stage), HL_EINVAL (type or direction), HL_ETOOBIG, HL_EBUSY (queue
 * full), HL_ENOMEM. */
HL_MUST_CHECK int channel_send(struct channel *channel, unsigned type, struct bytes body);
/* Queue Bye and end: after what waits for NORMAL, DRAINING, IDLE, REPLACED, REKEY_DUE, else instead of it. detail: ASCII,
 * cut at 120, or NULL. Before OPEN nothing is sent. No event comes after it. */
void channel_bye(struct channel *channel, unsigned reason, const char *detail);

enum channel_stage { CHANNEL_BLANK, CHANNEL_HALF_OPEN, CHANNEL_OPEN, CHANNEL_ENDED };
/* BLANK: server before message 1 was verified. HALF_OPEN: handshake under way. */
enum channel_stage channel_stage(const struct channel *channel);
bool channel_is_welcomed(const struct channel *channel);
bool channel_has_output(const struct channel *channel);
size_t channel_queued(const struct channel *channel); /* octets of bodies waiting */
int64_t channel_last_frame_ms(
    const struct channel *channel); /* the peer's newest frame, or the opening */

#endif
