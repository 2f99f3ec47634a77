/* note_key — the key hash in front of a signed note's signature. */
#include "keys/note_key.h"

#include <string.h>

#include <sodium.h>

void note_key_hash(const char *name, const uint8_t pk[static 32],
                   uint8_t ret_hash[static NOTE_KEY_BYTES])
{
    static const uint8_t separator[2] = {'\n', 0x01}; /* 0x01: Ed25519 */
    crypto_hash_sha256_state state;
    uint8_t hash[32];

    (void)crypto_hash_sha256_init(&state);
    (void)crypto_hash_sha256_update(&state, (const uint8_t *)name, strlen(name));
    (void)crypto_hash_sha256_update(&state, separator, sizeof(separator));
    (void)crypto_hash_sha256_update(&state, pk, 32);
    (void)crypto_hash_sha256_final(&state, hash);
    memcpy(ret_hash, hash, NOTE_KEY_BYTES);
}
