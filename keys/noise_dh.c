/* noise_dh — Noise's primitives on libsodium. */
#include "keys/noise_dh.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

static_assert(crypto_kem_mlkem768_PUBLICKEYBYTES == MLKEM_PK_BYTES, "ML-KEM-768");
static_assert(crypto_kem_mlkem768_SECRETKEYBYTES == MLKEM_SK_BYTES, "ML-KEM-768");
static_assert(crypto_kem_mlkem768_CIPHERTEXTBYTES == MLKEM_CT_BYTES, "ML-KEM-768");
static_assert(crypto_kem_mlkem768_SEEDBYTES == MLKEM_SEED_BYTES, "ML-KEM-768 d | z");

void dh_public(const uint8_t sk[static 32], uint8_t ret_pk[static 32])
{
    (void)crypto_scalarmult_base(ret_pk, sk); /* always 0 */
}

int dh_shared(const uint8_t sk[static 32], const uint8_t pk[static 32], uint8_t ret_ss[static 32])
{
    return crypto_scalarmult(ret_ss, sk, pk) == 0 ? HL_OK : HL_EVERIFY;
}

void mlkem_keypair(const uint8_t seed[static 64], uint8_t *ret_pk, uint8_t *ret_sk)
{
    (void)crypto_kem_mlkem768_seed_keypair(ret_pk, ret_sk, seed); /* always 0 */
}

int mlkem_encaps(const uint8_t *pk, const uint8_t coins[static 32], uint8_t *ret_ct,
                 uint8_t ret_ss[static 32])
{
    return crypto_kem_mlkem768_enc_deterministic(ret_ct, ret_ss, pk, coins) == 0 ? HL_OK
                                                                                 : HL_EVERIFY;
}

int mlkem_decaps(const uint8_t *sk, const uint8_t *ct, uint8_t ret_ss[static 32])
{
    return crypto_kem_mlkem768_dec(ret_ss, ct, sk) == 0 ? HL_OK : HL_EVERIFY;
}

void noise_hash(const struct bytes *parts, size_t part_count, uint8_t ret_hash[static 64])
{
    crypto_hash_sha512_state state;

    (void)crypto_hash_sha512_init(&state);
    for (size_t i = 0; i < part_count; i++)
        (void)crypto_hash_sha512_update(&state, parts[i].data, parts[i].len);
    (void)crypto_hash_sha512_final(&state, ret_hash);
}

static void hmac(const uint8_t key[static 64], struct bytes first, struct bytes second,
                 uint8_t ret_mac[static 64])
{
    crypto_auth_hmacsha512_state state;

    (void)crypto_auth_hmacsha512_init(&state, key, 64);
    (void)crypto_auth_hmacsha512_update(&state, first.data, first.len);
    (void)crypto_auth_hmacsha512_update(&state, second.data, second.len);
    (void)crypto_auth_hmacsha512_final(&state, ret_mac);
    sodium_memzero(&state, sizeof(state));
}

/* Noise rev 34 §4.3: HKDF(chaining_key, input_key_material, 2) */
void noise_hkdf2(const uint8_t ck[static 64], struct bytes ikm, uint8_t ret_first[static 64],
                 uint8_t ret_second[static 64])
{
    const uint8_t one = 1;
    const uint8_t two = 2;
    uint8_t temp[64];

    hmac(ck, ikm, BYTES(NULL, 0), temp);
    hmac(temp, BYTES(&one, 1), BYTES(NULL, 0), ret_first);
    hmac(temp, BYTES(ret_first, 64), BYTES(&two, 1), ret_second);
    sodium_memzero(temp, sizeof(temp));
}

static void make_nonce(uint64_t n, uint8_t ret_nonce[static 12])
{
    memset(ret_nonce, 0, 4);
    put_u64le(ret_nonce + 4, n);
}

void noise_encrypt(const uint8_t key[static 32], uint64_t n, struct bytes aad, struct bytes plain,
                   uint8_t *ret_ct)
{
    uint8_t nonce[12];

    make_nonce(n, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(ret_ct, NULL, plain.data, plain.len, aad.data,
                                                    aad.len, NULL, nonce, key);
}

int noise_decrypt(const uint8_t key[static 32], uint64_t n, struct bytes aad, struct bytes ct,
                  uint8_t *ret_plain)
{
    uint8_t nonce[12];

    if (ct.len < 16)
        return HL_EVERIFY;
    make_nonce(n, nonce);
    return crypto_aead_chacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, ct.data, ct.len,
                                                     aad.data, aad.len, nonce, key) == 0
               ? HL_OK
               : HL_EVERIFY;
}

void noise_rekey(uint8_t key[static 32])
{
    const uint8_t zeros[32] = {0};
    uint8_t sealed[48];

    noise_encrypt(key, UINT64_MAX, BYTES(NULL, 0), BYTES_OF(zeros), sealed);
    memcpy(key, sealed, 32);
    sodium_memzero(sealed, sizeof(sealed));
}

void mac1_make(const uint8_t key[static 32], const struct bytes *parts, size_t part_count,
               uint8_t ret_mac[static 16])
{
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, key, 32, 16);
    for (size_t i = 0; i < part_count; i++)
        (void)crypto_generichash_update(&state, parts[i].data, parts[i].len);
    (void)crypto_generichash_final(&state, ret_mac, 16);
}
