/* fake_suite — a fast suite for simulations. */
#include "tests/support/fake_suite.h"

#include <string.h>

#include <sodium.h>

#include "keys/label.h"

static void fake_sign_keypair(const uint8_t seed[SIGN_SEED_BYTES], uint8_t ret_pk[SIGN_PK_BYTES],
                              uint8_t ret_sk[SIGN_SK_BYTES])
{
    label_hash1("fake/pk", BYTES(seed, 32), ret_pk);
    memcpy(ret_sk, seed, 32);
    memcpy(ret_sk + 32, ret_pk, 32);
}

static void fake_tag(const uint8_t *pk, struct bytes message, uint8_t *ret_sig)
{
    const struct bytes parts[] = {BYTES(pk, 32), message};

    label_hash("fake/sig", parts, 2, ret_sig);
    label_hash("fake/sig2", parts, 2, ret_sig + 32);
}

static void fake_sign(const uint8_t sk[SIGN_SK_BYTES], struct bytes message,
                      uint8_t ret_sig[SIG_BYTES])
{
    fake_tag(sk + 32, message, ret_sig);
}

static int fake_verify(const uint8_t pk[SIGN_PK_BYTES], struct bytes message, struct bytes sig)
{
    uint8_t expected[SIG_BYTES];

    fake_tag(pk, message, expected);
    return bytes_equal(sig, BYTES_OF(expected)) ? HL_OK : HL_EVERIFY;
}

static int fake_check_pk(const uint8_t pk[SIGN_PK_BYTES])
{
    return bytes_all_zero(BYTES(pk, 32)) ? HL_EVERIFY : HL_OK;
}

static int fake_kem_keypair(const uint8_t seed[KEM_SEED_BYTES], uint8_t ret_pk[KEM_PK_BYTES])
{
    memset(ret_pk, 0x5a, KEM_PK_BYTES);
    label_hash1("fake/kem", BYTES(seed, 32), ret_pk);
    return HL_OK;
}

/* The ciphertext is the coins; the secret follows from them and the key. */
static void fake_secret(const uint8_t *pk, const uint8_t *coins, uint8_t *ret_ss)
{
    const struct bytes parts[] = {BYTES(pk, 32), BYTES(coins, KEM_COINS_BYTES)};

    label_hash("fake/ss", parts, 2, ret_ss);
}

static int fake_kem_encaps(const uint8_t pk[KEM_PK_BYTES], const uint8_t coins[KEM_COINS_BYTES],
                           uint8_t ret_ct[KEM_CT_BYTES], uint8_t ret_ss[KEM_SS_BYTES])
{
    if (bytes_all_zero(BYTES(pk, 32)))
        return HL_EVERIFY;
    memset(ret_ct, 0xa5, KEM_CT_BYTES);
    memcpy(ret_ct, coins, KEM_COINS_BYTES);
    fake_secret(pk, coins, ret_ss);
    return HL_OK;
}

static int fake_kem_decaps(const uint8_t seed[KEM_SEED_BYTES], const uint8_t ct[KEM_CT_BYTES],
                           uint8_t ret_ss[KEM_SS_BYTES])
{
    uint8_t pk[KEM_PK_BYTES];

    (void)fake_kem_keypair(seed, pk); /* cannot fail */
    fake_secret(pk, ct, ret_ss);
    return HL_OK;
}

const struct suite *suite_fake(void)
{
    static const struct suite fake = {
        "fake, for simulations", fake_sign_keypair, fake_sign,       fake_verify,
        fake_check_pk,           fake_kem_keypair,  fake_kem_encaps, fake_kem_decaps};

    return &fake;
}

void seeded_rng_init(struct seeded_rng *state, uint64_t seed)
{
    *state = (struct seeded_rng){.counter = 0};
    put_u64be(state->seed, seed);
}

static void seeded_fill(void *context, uint8_t *octets, size_t len)
{
    struct seeded_rng *state = context;
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    put_u64be(nonce, ++state->counter);
    (void)crypto_stream_chacha20(octets, len, nonce, state->seed);
}

struct rng seeded_rng(struct seeded_rng *state)
{
    return (struct rng){seeded_fill, state};
}

static void constant_fill(void *context, uint8_t *octets, size_t len)
{
    (void)context;
    memset(octets, 0x42, len);
}

struct rng constant_rng(void)
{
    return (struct rng){constant_fill, NULL};
}
