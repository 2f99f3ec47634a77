/* fuzz_keyfile — .hlk files: no crash, no more memory than the caps allow, and one encoding for what is accepted.
 * The first octet chooses: a whole file, or a plaintext of that kind which is sealed properly first. */
#include <stdlib.h>

#include "keys/keyfile.h"
#include "tests/support/sealed_keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AT_OPSLIMIT 42
#define AT_MEMLIMIT 46
#define AT_SALT     54
#define AT_NONCE    70

static const uint8_t secret[32] = {0x77};

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void require_same(struct blob *ours, struct bytes file)
{
    require(bytes_equal(bytes_blob(ours), file));
    blob_free(ours);
}

static void read_ring(struct bytes file)
{
    struct prekey_ring *ring = NULL;
    struct blob *ours = NULL;

    if (keyfile_decode_ring(file, secret, &ring) != HL_OK)
        return;
    require(ring->count <= PREKEYS_MAX);
    require(keyfile_encode_ring(ring, secret, file.data + AT_NONCE, &ours) == HL_OK);
    require_same(ours, file);
    prekey_ring_free(ring);
}

static void read_key(struct bytes file, const struct keyfile_head *head)
{
    const struct key_lock lock = {.kdf = head->kdf,
                                  .secret = BYTES_OF(secret),
                                  .opslimit = get_u32le(file.data + AT_OPSLIMIT),
                                  .memlimit = get_u64le(file.data + AT_MEMLIMIT)};
    struct key_secrets *secrets = NULL;
    struct blob *ours = NULL;

    /* the fuzzer's time is not for Argon2id; test_keyfile checks the caps */
    if (head->kdf == KDF_PASSPHRASE && (lock.opslimit > 2 || lock.memlimit > 65536))
        return;
    if (keyfile_decode(file, &lock, &secrets) != HL_OK)
        return;
    require(secrets->kind == head->kind && secrets->is_sandbox == head->is_sandbox);
    require(keyfile_encode(secrets, &lock, file.data + AT_SALT, file.data + AT_NONCE, &ours) ==
            HL_OK);
    require_same(ours, file);
    key_secrets_free(secrets);
}

static void read_file(struct bytes file)
{
    struct keyfile_head head;

    if (keyfile_peek(file, &head) != HL_OK) {
        struct prekey_ring *ring = NULL;

        require(keyfile_decode_ring(file, secret, &ring) != HL_OK);
        return;
    }
    read_ring(file);
    read_key(file, &head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct bytes rest = BYTES(data + 1, size - 1);
    if (data[0] != KEY_DEVICE && data[0] != KEY_RELAY && data[0] != KEY_PREKEYS) {
        read_file(rest);
        return 0;
    }
    struct blob *file = sealed_keyfile(
        (enum key_kind)data[0], data[0] == KEY_PREKEYS ? KDF_DESK_WRAP : KDF_RAW, secret, rest);
    require(file != NULL);
    read_file(bytes_blob(file));
    blob_free(file);
    return 0;
}
