/* suite — every cryptographic operation with a key that depends on the suite number, as one struct of functions, so
 * that a simulation runs the same core with a fast fake. Suite 1: Ed25519 (strict), X-Wing (KEM 0x647a). */
#ifndef HOTLINE_KEYS_SUITE_H
#define HOTLINE_KEYS_SUITE_H

#include "base/bytes.h"
#include "base/rng.h"

#define SIGN_PK_BYTES   32
#define SIGN_SK_BYTES   64 /* seed | pk, libsodium's form */
#define SIGN_SEED_BYTES 32
#define SIG_BYTES       64
#define KEM_PK_BYTES    1216
#define KEM_SEED_BYTES  32
#define KEM_CT_BYTES    1120
#define KEM_SS_BYTES    32
#define KEM_COINS_BYTES 64

struct suite {
    const char *name;
    /* Key pair from a seed. */
    void (*sign_keypair)(const uint8_t seed[SIGN_SEED_BYTES], uint8_t ret_pk[SIGN_PK_BYTES],
                         uint8_t ret_sk[SIGN_SK_BYTES]);
    /* Sign exactly `message` (already a PAE). Cannot fail. */
    void (*sign)(const uint8_t sk[SIGN_SK_BYTES], struct bytes message, uint8_t ret_sig[SIG_BYTES]);
    /* VERIFY-STRICT. Error: HL_EVERIFY. */
    int (*verify)(const uint8_t pk[SIGN_PK_BYTES], struct bytes message, struct bytes sig);
    /* Is pk a canonical point of the prime-order subgroup? Error: HL_EVERIFY. */
    int (*check_pk)(const uint8_t pk[SIGN_PK_BYTES]);
    /* X-Wing. Errors: HL_EVERIFY (the peer's key or ciphertext is not usable). */
    int (*kem_keypair)(const uint8_t seed[KEM_SEED_BYTES], uint8_t ret_pk[KEM_PK_BYTES]);
    int (*kem_encaps)(const uint8_t pk[KEM_PK_BYTES], const uint8_t coins[KEM_COINS_BYTES],
                      uint8_t ret_ct[KEM_CT_BYTES], uint8_t ret_ss[KEM_SS_BYTES]);
    int (*kem_decaps)(const uint8_t seed[KEM_SEED_BYTES], const uint8_t ct[KEM_CT_BYTES],
                      uint8_t ret_ss[KEM_SS_BYTES]);
};

/* The product's suite; static. */
const struct suite *suite_real(void);
/* The machine's random generator; static. */
const struct rng *rng_system(void);

#endif
