/* handshake — Noise XK with or without the hfs modifier: tokens to messages, both roles. Noise rev 34, hfs rev 1;
 * docs/PROTOCOL.md, "Transport". Programs use it through proto/channel, with hfs; without hfs it serves public vectors.
 *
 *   initiator   write 1 ─> read 2 ─> write 3 ─> split        responder   read 1 ─> write 2 ─> read 3 ─> split
 *   a failure on the way ends the object: every later call is HL_ESTATE */
#ifndef HOTLINE_PROTO_HANDSHAKE_H
#define HOTLINE_PROTO_HANDSHAKE_H

#include "base/buf.h"
#include "base/rng.h"
#include "keys/noise_dh.h"

#define HANDSHAKE_TAG_BYTES   16
#define HANDSHAKE_MSG1_BYTES  1248 /* with hfs and an empty payload */
#define HANDSHAKE_MSG2_BYTES  1152
#define HANDSHAKE_MSG3_MIN    64
#define HANDSHAKE_MSG3_MAX    512
#define HANDSHAKE_PAYLOAD_MAX (HANDSHAKE_MSG3_MAX - HANDSHAKE_MSG3_MIN)

struct handshake;

/* All pointers are borrowed for the call alone, but for rng. Randomness is drawn in this order: ephemeral key (32), then
 * the initiator's ML-KEM seed (64) or the responder's coins (32). */
struct handshake_params {
    bool is_initiator, has_hfs;
    struct bytes prologue;
    const uint8_t *static_sk, *static_pk; /* own, 32 each */
    const uint8_t *remote_static;         /* initiator: 32; responder: NULL */
    const struct rng *rng;
    /* Tests compare the state after each token; NULL in programs, for it shows secrets. */
    void (*on_token)(void *context, const char *token, const uint8_t h[64], const uint8_t ck[64],
                     const uint8_t k[32]);
    void *context;
};

/* The caller owns *ret_handshake. Error: HL_ENOMEM. */
HL_MUST_CHECK int handshake_new(const struct handshake_params *params,
                                struct handshake **ret_handshake);
void handshake_free(struct handshake *handshake);
static inline void handshake_drop(struct handshake **handshake)
{
    handshake_free(*handshake);
}

/* Add the next message with `payload` to `to`. Errors: HL_ESTATE (not our turn), HL_ETOOBIG, HL_EVERIFY (an all-zero
 * DH result, an ML-KEM key that fails its check), HL_ENOMEM; `to` may then hold a part. */
HL_MUST_CHECK int handshake_write(struct handshake *handshake, struct bytes payload,
                                  struct buf *to);
/* Take the next message, whole. Errors: HL_ESTATE, HL_EVERIFY, HL_ETOOBIG (payload). */
HL_MUST_CHECK int handshake_read(struct handshake *handshake, struct bytes message,
                                 uint8_t ret_payload[static HANDSHAKE_PAYLOAD_MAX],
                                 size_t *ret_len);

/* After message 3. Keys for sending and receiving of this side. Error: HL_ESTATE. */
HL_MUST_CHECK int handshake_split(const struct handshake *handshake, uint8_t ret_send[static 32],
                                  uint8_t ret_receive[static 32]);
/* The peer's static key (responder: after message 3) and the hash h; valid as long as the object. */
const uint8_t *handshake_remote_static(const struct handshake *handshake);
const uint8_t *handshake_hash(const struct handshake *handshake);

#endif
