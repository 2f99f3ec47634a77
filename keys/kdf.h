/* kdf — HKDF-SHA256 (RFC 5869), the two AEADs, and one-shot HPKE (RFC 9180 base, 0x647a/0x0001/0x0003). */
#ifndef HOTLINE_KEYS_KDF_H
#define HOTLINE_KEYS_KDF_H

#include "keys/suite.h"

#define AEAD_TAG_BYTES   16
#define AEAD_KEY_BYTES   32
#define AEAD_NONCE_BYTES 12

void kdf_extract(struct bytes salt, const struct bytes *ikm, size_t ikm_parts,
                 uint8_t ret_prk[static 32]);
/* info = label, then suffix (may be empty). len <= 255 * 32. */
void kdf_expand(const uint8_t prk[static 32], const char *label, struct bytes suffix,
                uint8_t *ret_okm, size_t len);

/* ChaCha20-Poly1305-IETF. ret_ct holds plain.len + 16; may not overlap. */
void aead_seal(const uint8_t key[static 32], const uint8_t nonce[static 12], struct bytes aad,
               struct bytes plain, uint8_t *ret_ct);
/* ret_plain holds ct.len - 16; on failure it is zeroed, or untouched where ct is shorter than a tag. Error: HL_EVERIFY. */
HL_MUST_CHECK int aead_open(const uint8_t key[static 32], const uint8_t nonce[static 12],
                            struct bytes aad, struct bytes ct, uint8_t *ret_plain);
/* XChaCha20-Poly1305-IETF, nonce of 24. */
void xaead_seal(const uint8_t key[static 32], const uint8_t nonce[static 24], struct bytes aad,
                struct bytes plain, uint8_t *ret_ct);
HL_MUST_CHECK int xaead_open(const uint8_t key[static 32], const uint8_t nonce[static 24],
                             struct bytes aad, struct bytes ct, uint8_t *ret_plain);

/* HPKE SealBase with the encapsulation made from `coins`. ret_enc 1120, ret_ct plain.len + 16. Error: HL_EVERIFY (bad pk). */
HL_MUST_CHECK int hpke_seal(const struct suite *suite, const uint8_t pk[static KEM_PK_BYTES],
                            const uint8_t coins[static KEM_COINS_BYTES], struct bytes info,
                            struct bytes aad, struct bytes plain, uint8_t *ret_enc,
                            uint8_t *ret_ct);
/* HPKE OpenBase. ret_plain as for aead_open(). Error: HL_EVERIFY. */
HL_MUST_CHECK int hpke_open(const struct suite *suite, const uint8_t seed[static KEM_SEED_BYTES],
                            const uint8_t enc[static KEM_CT_BYTES], struct bytes info,
                            struct bytes aad, struct bytes ct, uint8_t *ret_plain);
/* The key schedule alone, for vectors: key and base nonce from the KEM's shared secret. */
void hpke_schedule(const uint8_t ss[static 32], struct bytes info, uint8_t ret_key[static 32],
                   uint8_t ret_nonce[static 12]);

/* ISO/IEC 7816-4 padding to `bucket` (buf holds bucket, len < bucket), and its removal. Error: HL_EFORMAT. */
void pad_to(uint8_t *buf, size_t len, size_t bucket);
HL_MUST_CHECK int pad_strip(const uint8_t *buf, size_t bucket, size_t *ret_len);

#endif
