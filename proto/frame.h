/* frame — records in encrypted frames: u16be length | ciphertext of (records, zeros to a multiple of 256).
 * docs/PROTOCOL.md, "Frames". A record is u8 type | u24be length | body; type 0 ends the frame. */
#ifndef HOTLINE_PROTO_FRAME_H
#define HOTLINE_PROTO_FRAME_H

#include "base/buf.h"

#define FRAME_UNIT          256
#define FRAME_PLAIN_MAX     65280
#define FRAME_TAG_BYTES     16
#define FRAME_LENGTH_BYTES  2
#define FRAME_RECORD_HEADER 4
#define FRAME_RECORD_MAX    60000   /* octets of a record's body */
#define FRAME_PERIOD        65536U  /* frames under one key: the sender rekeys in the last one */
#define FRAME_PERIOD_MAX    131072U /* the receiver's patience */
#define FRAME_PERIOD_MS     3600000 /* the same in time, sender's clock */

struct record {
    unsigned type;
    struct bytes body;
};

/* One direction's key; kept in secret memory. The nonce runs on over a rekey. */
struct frame_key {
    uint8_t key[32];
    uint64_t nonce;
    uint32_t in_period; /* frames since the last rekey */
};

/* Add a record; sticky error HL_ETOOBIG when it does not fit. buf_init(plain, FRAME_PLAIN_MAX) before. */
void frame_add(struct buf *plain, unsigned type, struct bytes body);
/* Does a record with `body_len` fit, with `spare` octets left over? */
bool frame_fits(const struct buf *plain, size_t body_len, size_t spare);
/* Zeros to the next multiple of 256. */
void frame_pad(struct buf *plain);

/* Encrypt a padded plaintext. The caller owns *ret_wire (with its length). Error: HL_ENOMEM (key unmoved). */
HL_MUST_CHECK int frame_seal(struct frame_key *key, struct bytes plain, struct blob **ret_wire);
/* Decrypt one frame's ciphertext, without its length. The caller owns *ret_plain. Errors: HL_EVERIFY, HL_ENOMEM. */
HL_MUST_CHECK int frame_unseal(struct frame_key *key, struct bytes ct, struct blob **ret_plain);
/* Noise Rekey(): the period begins anew. */
void frame_rekey(struct frame_key *key);

/* Is the decrypted plaintext well formed: length, at least one record, none cut, the rest zero? Error: HL_EFORMAT. */
HL_MUST_CHECK int frame_check(struct bytes plain);
/* The next record of a checked plaintext, which is shortened; false at the end. The body borrows from the plaintext. */
bool frame_next(struct bytes *plain, struct record *ret_record);

#endif
