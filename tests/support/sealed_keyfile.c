/* sealed_keyfile — a .hlk file around any plaintext, written from docs/PROTOCOL.md, "Key file", not from keys/keyfile.c. */
#include "tests/support/sealed_keyfile.h"

#include <string.h>

#include <sodium.h>

#include "keys/kdf.h"

enum { AT_KDF = 7, AT_KIND = 8, AT_NONCE = 70, AT_COMMIT = 94, AT_CT_LEN = 126, AT_CT = 130 };

static struct blob *seal(enum key_kind kind, enum key_kdf kdf, const uint8_t *secret,
                         struct bytes plain, const uint8_t commit_error[static 32])
{
    struct blob *file = NULL;
    uint8_t master[32];
    uint8_t key[32];

    if (blob_new(AT_CT + plain.len + AEAD_TAG_BYTES, &file) != HL_OK)
        return NULL;
    memcpy(file->data, "HLKEY\0\1", 7);
    file->data[AT_KDF] = (uint8_t)kdf;
    file->data[AT_KIND] = (uint8_t)kind;
    memcpy(master, secret, 32);
    if (kdf == KDF_DESK_WRAP)
        (void)crypto_kdf_derive_from_key(master, 32, 7, "HLPREKEY", secret); /* lengths fit */
    (void)crypto_kdf_derive_from_key(key, 32, 1, "HLKEYENC", master);
    (void)crypto_kdf_derive_from_key(file->data + AT_COMMIT, 32, 2, "HLKEYENC", master);
    for (size_t i = 0; i < 32; i++)
        file->data[AT_COMMIT + i] ^= commit_error[i];
    put_u32le(file->data + AT_CT_LEN, (uint32_t)(plain.len + AEAD_TAG_BYTES));
    xaead_seal(key, file->data + AT_NONCE, BYTES(file->data, AT_CT_LEN), plain, file->data + AT_CT);
    return file;
}

struct blob *sealed_keyfile(enum key_kind kind, enum key_kdf kdf, const uint8_t secret[static 32],
                            struct bytes plain)
{
    const uint8_t none[32] = {0};

    return seal(kind, kdf, secret, plain, none);
}

struct blob *sealed_keyfile_miscommitted(enum key_kind kind, const uint8_t secret[static 32],
                                         struct bytes plain, size_t at)
{
    uint8_t error[32] = {0};

    error[at] = 1;
    return seal(kind, KDF_RAW, secret, plain, error);
}
