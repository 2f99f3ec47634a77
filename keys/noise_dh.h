/* noise_dh — the primitives of Noise_XKhfs_25519+MLKEM768_ChaChaPoly_SHA512 that need libsodium: X25519, ML-KEM-768,
 * SHA-512, HMAC-SHA512 HKDF, ChaChaPoly with Noise's nonce. proto/channel composes them. Noise rev 34, hfs rev 1. */
#ifndef HOTLINE_KEYS_NOISE_DH_H
#define HOTLINE_KEYS_NOISE_DH_H

#include "base/bytes.h"

#define DH_BYTES          32
#define MLKEM_PK_BYTES    1184
#define MLKEM_SK_BYTES    2400
#define MLKEM_CT_BYTES    1088
#define MLKEM_SS_BYTES    32
#define MLKEM_SEED_BYTES  64 /* d | z */
#define MLKEM_COINS_BYTES 32
#define NOISE_HASH_BYTES  64

void dh_public(const uint8_t sk[static 32], uint8_t ret_pk[static 32]);
/* Error: HL_EVERIFY (all-zero result). */
HL_MUST_CHECK int dh_shared(const uint8_t sk[static 32], const uint8_t pk[static 32],
                            uint8_t ret_ss[static 32]);
void mlkem_keypair(const uint8_t seed[static 64], uint8_t *ret_pk, uint8_t *ret_sk);
/* Error: HL_EVERIFY (modulus check fails). */
HL_MUST_CHECK int mlkem_encaps(const uint8_t *pk, const uint8_t coins[static 32], uint8_t *ret_ct,
                               uint8_t ret_ss[static 32]);
HL_MUST_CHECK int mlkem_decaps(const uint8_t *sk, const uint8_t *ct, uint8_t ret_ss[static 32]);
void noise_hash(const struct bytes *parts, size_t part_count, uint8_t ret_hash[static 64]);
/* Noise HKDF with two outputs of 64 octets. */
void noise_hkdf2(const uint8_t ck[static 64], struct bytes ikm, uint8_t ret_first[static 64],
                 uint8_t ret_second[static 64]);
/* ChaChaPoly, nonce = 32 zero bits | n little-endian. */
void noise_encrypt(const uint8_t key[static 32], uint64_t n, struct bytes aad, struct bytes plain,
                   uint8_t *ret_ct);
HL_MUST_CHECK int noise_decrypt(const uint8_t key[static 32], uint64_t n, struct bytes aad,
                                struct bytes ct, uint8_t *ret_plain);
/* Noise Rekey(): first 32 octets of ENCRYPT(k, 2^64-1, "", zeros[32]). */
void noise_rekey(uint8_t key[static 32]);
/* mac1 = BLAKE2b-128 keyed by 32 octets. */
void mac1_make(const uint8_t key[static 32], const struct bytes *parts, size_t part_count,
               uint8_t ret_mac[static 16]);

#endif
