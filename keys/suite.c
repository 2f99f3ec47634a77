/* suite — suite 1 on libsodium: Ed25519 verified strictly, X-Wing. */
#include "keys/suite.h"

#include <assert.h>

#include <sodium.h>

static_assert(crypto_sign_PUBLICKEYBYTES == SIGN_PK_BYTES, "Ed25519");
static_assert(crypto_sign_SECRETKEYBYTES == SIGN_SK_BYTES, "Ed25519");
static_assert(crypto_kem_xwing_PUBLICKEYBYTES == KEM_PK_BYTES, "X-Wing");
static_assert(crypto_kem_xwing_CIPHERTEXTBYTES == KEM_CT_BYTES, "X-Wing");
static_assert(crypto_kem_xwing_SECRETKEYBYTES == KEM_SEED_BYTES, "X-Wing secret keys are seeds");

static void real_sign_keypair(const uint8_t seed[SIGN_SEED_BYTES], uint8_t ret_pk[SIGN_PK_BYTES],
                              uint8_t ret_sk[SIGN_SK_BYTES])
{
    (void)crypto_sign_seed_keypair(ret_pk, ret_sk, seed); /* always 0 */
}

static void real_sign(const uint8_t sk[SIGN_SK_BYTES], struct bytes message,
                      uint8_t ret_sig[SIG_BYTES])
{
    (void)crypto_sign_detached(ret_sig, NULL, message.data, message.len, sk); /* always 0 */
}

static int real_check_pk(const uint8_t pk[SIGN_PK_BYTES])
{
    return crypto_core_ed25519_is_valid_point(pk) == 1 ? HL_OK : HL_EVERIFY;
}

/* Libsodium's lines differ on crafted R and A; with both checked as points of the prime-order subgroup all agree. */
static int real_verify(const uint8_t pk[SIGN_PK_BYTES], struct bytes message, struct bytes sig)
{
    if (sig.len != SIG_BYTES)
        return HL_EVERIFY;
    TRY(real_check_pk(pk));
    TRY(real_check_pk(sig.data));
    return crypto_sign_verify_detached(sig.data, message.data, message.len, pk) == 0 ? HL_OK
                                                                                     : HL_EVERIFY;
}

static int real_kem_keypair(const uint8_t seed[KEM_SEED_BYTES], uint8_t ret_pk[KEM_PK_BYTES])
{
    uint8_t sk[KEM_SEED_BYTES];
    int result = crypto_kem_xwing_seed_keypair(ret_pk, sk, seed);

    sodium_memzero(sk, sizeof(sk));
    return result == 0 ? HL_OK : HL_EVERIFY;
}

static int real_kem_encaps(const uint8_t pk[KEM_PK_BYTES], const uint8_t coins[KEM_COINS_BYTES],
                           uint8_t ret_ct[KEM_CT_BYTES], uint8_t ret_ss[KEM_SS_BYTES])
{
    return crypto_kem_xwing_enc_deterministic(ret_ct, ret_ss, pk, coins) == 0 ? HL_OK : HL_EVERIFY;
}

static int real_kem_decaps(const uint8_t seed[KEM_SEED_BYTES], const uint8_t ct[KEM_CT_BYTES],
                           uint8_t ret_ss[KEM_SS_BYTES])
{
    return crypto_kem_xwing_dec(ret_ss, ct, seed) == 0 ? HL_OK : HL_EVERIFY;
}

const struct suite *suite_real(void)
{
    static const struct suite real = {
        "Ed25519-strict, X-Wing", real_sign_keypair, real_sign,      real_verify, real_check_pk,
        real_kem_keypair,         real_kem_encaps,   real_kem_decaps};

    return &real;
}

static void system_fill(void *context, uint8_t *octets, size_t len)
{
    (void)context;
    randombytes_buf(octets, len);
}

const struct rng *rng_system(void)
{
    static const struct rng machine = {system_fill, NULL};

    return &machine;
}
