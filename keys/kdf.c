/* kdf — HKDF, AEADs, HPKE and padding as compositions of libsodium calls. */
#include "keys/kdf.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

void kdf_extract(struct bytes salt, const struct bytes *ikm, size_t ikm_parts,
                 uint8_t ret_prk[static 32])
{
    crypto_kdf_hkdf_sha256_state state;

    (void)crypto_kdf_hkdf_sha256_extract_init(&state, salt.data, salt.len);
    for (size_t i = 0; i < ikm_parts; i++) {
        if (ikm[i].len > 0) /* libsodium wants no NULL, even of no octets */
            (void)crypto_kdf_hkdf_sha256_extract_update(&state, ikm[i].data, ikm[i].len);
    }
    (void)crypto_kdf_hkdf_sha256_extract_final(&state, ret_prk);
    sodium_memzero(&state, sizeof(state));
}

#define INFO_MAX 128
void kdf_expand(const uint8_t prk[static 32], const char *label, struct bytes suffix,
                uint8_t *ret_okm, size_t len)
{
    uint8_t info[INFO_MAX];
    size_t label_len = strlen(label);

    assert(label_len + suffix.len <= sizeof(info));
    for (size_t i = 0; i < label_len; i++) /* octets, no text: memcpy() would lack the NUL */
        info[i] = (uint8_t)label[i];
    if (suffix.len > 0)
        memcpy(info + label_len, suffix.data, suffix.len);
    int result = crypto_kdf_hkdf_sha256_expand(ret_okm, len, (const char *)info,
                                               label_len + suffix.len, prk);
    assert(result == 0); /* only fails for more than 255 * 32 octets */
    (void)result;
}

void aead_seal(const uint8_t key[static 32], const uint8_t nonce[static 12], struct bytes aad,
               struct bytes plain, uint8_t *ret_ct)
{
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(ret_ct, NULL, plain.data, plain.len, aad.data,
                                                    aad.len, NULL, nonce, key);
}

int aead_open(const uint8_t key[static 32], const uint8_t nonce[static 12], struct bytes aad,
              struct bytes ct, uint8_t *ret_plain)
{
    if (ct.len < AEAD_TAG_BYTES)
        return HL_EVERIFY;
    return crypto_aead_chacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, ct.data, ct.len,
                                                     aad.data, aad.len, nonce, key) == 0
               ? HL_OK
               : HL_EVERIFY;
}

void xaead_seal(const uint8_t key[static 32], const uint8_t nonce[static 24], struct bytes aad,
                struct bytes plain, uint8_t *ret_ct)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(ret_ct, NULL, plain.data, plain.len, aad.data,
                                                     aad.len, NULL, nonce, key);
}

int xaead_open(const uint8_t key[static 32], const uint8_t nonce[static 24], struct bytes aad,
               struct bytes ct, uint8_t *ret_plain)
{
    if (ct.len < AEAD_TAG_BYTES)
        return HL_EVERIFY;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, ct.data, ct.len,
                                                      aad.data, aad.len, nonce, key) == 0
               ? HL_OK
               : HL_EVERIFY;
}

/* RFC 9180 §5.1: suite_id = "HPKE" | I2OSP(kem, 2) | I2OSP(kdf, 2) | I2OSP(aead, 2) */
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0x64, 0x7a, 0x00, 0x01, 0x00, 0x03};

/* RFC 9180 §4: LabeledExtract(salt, label, ikm) */
static void labeled_extract(struct bytes salt, const char *label, struct bytes ikm,
                            uint8_t ret_prk[static 32])
{
    const struct bytes parts[] = {bytes_text("HPKE-v1"), BYTES_OF(hpke_suite), bytes_text(label),
                                  ikm};

    kdf_extract(salt, parts, 4, ret_prk);
}

/* RFC 9180 §4: LabeledExpand(prk, label, info, len) */
static void labeled_expand(const uint8_t prk[static 32], const char *label, struct bytes info,
                           uint8_t *ret_okm, size_t len)
{
    uint8_t labeled[INFO_MAX];
    size_t at = 0;
    const struct bytes parts[] = {bytes_text("HPKE-v1"), BYTES_OF(hpke_suite), bytes_text(label),
                                  info};

    labeled[at++] = (uint8_t)(len >> 8);
    labeled[at++] = (uint8_t)len;
    for (size_t i = 0; i < 4; i++) {
        assert(at + parts[i].len <= sizeof(labeled));
        memcpy(labeled + at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    kdf_expand(prk, "", BYTES(labeled, at), ret_okm, len);
}

/* RFC 9180 §5.1, mode_base: psk and psk_id are empty. */
void hpke_schedule(const uint8_t ss[static 32], struct bytes info, uint8_t ret_key[static 32],
                   uint8_t ret_nonce[static 12])
{
    const struct bytes none = {NULL, 0};
    uint8_t context[65] = {0};
    uint8_t secret[32];

    labeled_extract(none, "psk_id_hash", none, context + 1);
    labeled_extract(none, "info_hash", info, context + 33);
    labeled_extract(BYTES(ss, 32), "secret", none, secret);
    labeled_expand(secret, "key", BYTES_OF(context), ret_key, 32);
    labeled_expand(secret, "base_nonce", BYTES_OF(context), ret_nonce, 12);
    sodium_memzero(secret, sizeof(secret));
}

/* NOLINTNEXTLINE(readability-function-size): the inputs of RFC 9180's SealBase */
int hpke_seal(const struct suite *suite, const uint8_t pk[static KEM_PK_BYTES],
              const uint8_t coins[static KEM_COINS_BYTES], struct bytes info, struct bytes aad,
              struct bytes plain, uint8_t *ret_enc, uint8_t *ret_ct)
{
    uint8_t ss[32];
    uint8_t key[32];
    uint8_t nonce[12];

    TRY(suite->kem_encaps(pk, coins, ret_enc, ss));
    hpke_schedule(ss, info, key, nonce);
    aead_seal(key, nonce, aad, plain, ret_ct);
    sodium_memzero(ss, sizeof(ss));
    sodium_memzero(key, sizeof(key));
    return HL_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the inputs of RFC 9180's OpenBase */
int hpke_open(const struct suite *suite, const uint8_t seed[static KEM_SEED_BYTES],
              const uint8_t enc[static KEM_CT_BYTES], struct bytes info, struct bytes aad,
              struct bytes ct, uint8_t *ret_plain)
{
    uint8_t ss[32];
    uint8_t key[32];
    uint8_t nonce[12];

    TRY(suite->kem_decaps(seed, enc, ss));
    hpke_schedule(ss, info, key, nonce);
    int err = aead_open(key, nonce, aad, ct, ret_plain);
    sodium_memzero(ss, sizeof(ss));
    sodium_memzero(key, sizeof(key));
    return err;
}

void pad_to(uint8_t *buf, size_t len, size_t bucket)
{
    assert(len < bucket);
    buf[len] = 0x80;
    memset(buf + len + 1, 0, bucket - len - 1);
}

int pad_strip(const uint8_t *buf, size_t bucket, size_t *ret_len)
{
    size_t len = 0; /* sodium_unpad() writes it on failure too */

    if (sodium_unpad(&len, buf, bucket, bucket) != 0)
        return HL_EFORMAT;
    *ret_len = len;
    return HL_OK;
}
