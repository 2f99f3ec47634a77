/* keyfile — the .hlk format: encode and decode. */
#include "keys/keyfile.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include <sodium.h>

#include "keys/kdf.h"
#include "keys/secret.h"

/* "HLKEY" 0x00 | ver | kdf | kind | sandbox | ns[32] | opslimit u32 | memlimit u64 | salt[16] | nonce[24] | commit[32] | ct_len u32 | ct */
enum {
    AT_VERSION = 6,
    AT_KDF = 7,
    AT_KIND = 8,
    AT_SANDBOX = 9,
    AT_NS = 10,
    AT_OPSLIMIT = 42,
    AT_MEMLIMIT = 46,
    AT_SALT = 54,
    AT_NONCE = 70,
    AT_COMMIT = 94,
    AT_CT_LEN = 126,
    AT_CT = 130
};
#define OPSLIMIT_MAX     16
#define MEMLIMIT_MAX     (2ULL << 30)
#define OPSLIMIT_LEAST   3
#define MEMLIMIT_LEAST   (256ULL << 20)
#define PLAIN_MAX        1024
#define RING_ENTRY_BYTES (1 + 8 + 8 + 16 + 32)
static const uint8_t magic[6] = {'H', 'L', 'K', 'E', 'Y', 0};

int key_secrets_new(struct key_secrets **ret_secrets)
{
    void *memory = NULL;

    TRY(secret_new(sizeof(struct key_secrets), &memory));
    *ret_secrets = memory;
    return HL_OK;
}

void key_secrets_free(struct key_secrets *secrets)
{
    secret_free(secrets);
}

int prekey_ring_new(struct prekey_ring **ret_ring)
{
    void *memory = NULL;

    TRY(secret_new(sizeof(struct prekey_ring), &memory));
    *ret_ring = memory;
    return HL_OK;
}

void prekey_ring_free(struct prekey_ring *ring)
{
    secret_free(ring);
}

static bool kdf_fits_kind(enum key_kdf kdf, enum key_kind kind)
{
    if (kdf == KDF_RAW)
        return kind == KEY_DEVICE || kind == KEY_RELAY;
    if (kdf == KDF_DESK_WRAP)
        return kind == KEY_PREKEYS;
    return kdf == KDF_PASSPHRASE && kind >= KEY_DEVICE && kind <= KEY_WITNESS;
}

int keyfile_peek(struct bytes file, struct keyfile_head *ret_head)
{
    if (file.len < AT_CT || file.len > AT_CT + PLAIN_MAX ||
        !bytes_equal(BYTES(file.data, 6), BYTES_OF(magic)) || file.data[AT_VERSION] != 1 ||
        file.data[AT_SANDBOX] > 1)
        return HL_EFORMAT;
    struct keyfile_head head = {.kind = (enum key_kind)file.data[AT_KIND],
                                .kdf = (enum key_kdf)file.data[AT_KDF],
                                .is_sandbox = file.data[AT_SANDBOX] == 1};
    memcpy(head.ns, file.data + AT_NS, NS_BYTES);
    if (!kdf_fits_kind(head.kdf, head.kind) || get_u32le(file.data + AT_CT_LEN) != file.len - AT_CT)
        return HL_EFORMAT;
    *ret_head = head;
    return HL_OK;
}

/* Costs are capped before anything is allocated for them; too cheap ones are refused outside a sandbox. */
static int check_costs(const uint8_t *file, const struct keyfile_head *head)
{
    uint32_t opslimit = get_u32le(file + AT_OPSLIMIT);
    uint64_t memlimit = get_u64le(file + AT_MEMLIMIT);

    if (head->kdf != KDF_PASSPHRASE) {
        bool is_zero = opslimit == 0 && memlimit == 0 && bytes_all_zero(BYTES(file + AT_SALT, 16));
        return is_zero ? HL_OK : HL_EFORMAT;
    }
    bool needs_cost = !head->is_sandbox && head->kind >= KEY_OFFICER && head->kind <= KEY_CUSTODIAN;
    if (opslimit < crypto_pwhash_OPSLIMIT_MIN || opslimit > OPSLIMIT_MAX ||
        memlimit > MEMLIMIT_MAX || memlimit < crypto_pwhash_MEMLIMIT_MIN ||
        (needs_cost && (opslimit < OPSLIMIT_LEAST || memlimit < MEMLIMIT_LEAST)))
        return HL_EFORMAT;
    return HL_OK;
}

/* Keys of one file, in secret memory. */
struct file_keys {
    uint8_t master[32], enc[32], commit[32];
};

static int derive_master(const struct key_lock *lock, const uint8_t *head,
                         uint8_t ret_master[static 32])
{
    if (lock->kdf == KDF_PASSPHRASE) {
        int result =
            crypto_pwhash(ret_master, 32, (const char *)lock->secret.data, lock->secret.len,
                          head + AT_SALT, get_u32le(head + AT_OPSLIMIT),
                          (size_t)get_u64le(head + AT_MEMLIMIT), crypto_pwhash_ALG_ARGON2ID13);
        return result == 0 ? HL_OK : HL_ENOMEM;
    }
    if (lock->secret.len != 32)
        return HL_EINVAL;
    if (lock->kdf == KDF_RAW)
        memcpy(ret_master, lock->secret.data, 32);
    else
        (void)crypto_kdf_derive_from_key(ret_master, 32, 7, "HLPREKEY",
                                         lock->secret.data); /* lengths fit */
    return HL_OK;
}

static int derive_keys(const struct key_lock *lock, const uint8_t *head,
                       struct file_keys **ret_keys)
{
    void *memory = NULL;

    TRY(secret_new(sizeof(struct file_keys), &memory));
    struct file_keys *keys = memory;
    int err = derive_master(lock, head, keys->master);
    if (err != HL_OK) {
        secret_free(keys);
        return err;
    }
    (void)crypto_kdf_derive_from_key(keys->enc, 32, 1, "HLKEYENC", keys->master);
    (void)crypto_kdf_derive_from_key(keys->commit, 32, 2, "HLKEYENC", keys->master);
    *ret_keys = keys;
    return HL_OK;
}

static int open_file(struct bytes file, const struct key_lock *lock, uint8_t *ret_plain)
{
    struct file_keys *keys = NULL;

    TRY(derive_keys(lock, file.data, &keys));
    int err = secret_equal(keys->commit, file.data + AT_COMMIT, 32) ? HL_OK : HL_EVERIFY;
    if (err == HL_OK)
        err = xaead_open(keys->enc, file.data + AT_NONCE, BYTES(file.data, AT_CT_LEN),
                         BYTES(file.data + AT_CT, file.len - AT_CT), ret_plain);
    secret_free(keys);
    return err;
}

/* Decrypt to secret memory of PLAIN_MAX, which the caller frees. */
static int decode_plain(struct bytes file, const struct key_lock *lock,
                        struct keyfile_head *ret_head, uint8_t **ret_plain, size_t *ret_len)
{
    void *memory = NULL;

    TRY(keyfile_peek(file, ret_head));
    TRY(check_costs(file.data, ret_head));
    if (lock->kdf != ret_head->kdf)
        return HL_EINVAL;
    if (file.len < AT_CT + AEAD_TAG_BYTES)
        return HL_EFORMAT;
    TRY(secret_new(PLAIN_MAX, &memory));
    int err = open_file(file, lock, memory);
    if (err != HL_OK) {
        secret_free(memory);
        return err;
    }
    *ret_plain = memory;
    *ret_len = file.len - AT_CT - AEAD_TAG_BYTES;
    return HL_OK;
}

/* Where the 32-octet secrets of a kind stand in key_secrets, in the order of the plaintext. Returns their number. */
#define SECRETS_MAX 4
static size_t list_secrets(enum key_kind kind, size_t ret_offsets[static SECRETS_MAX])
{
    size_t count = 0;

    ret_offsets[count++] = offsetof(struct key_secrets, seed);
    if (kind == KEY_DEVICE || kind == KEY_RELAY)
        ret_offsets[count++] = offsetof(struct key_secrets, noise_sk);
    if (kind == KEY_DEVICE) {
        ret_offsets[count++] = offsetof(struct key_secrets, desk_wrap);
        ret_offsets[count++] = offsetof(struct key_secrets, hedge_key);
    }
    if (kind == KEY_RELAY)
        ret_offsets[count++] = offsetof(struct key_secrets, log_seed);
    return count;
}

/* Custodians, relays and witnesses belong to no State: zero octets. */
static bool entity_fits_kind(const uint8_t *entity, enum key_kind kind)
{
    return kind <= KEY_NATIONAL || bytes_all_zero(BYTES(entity, ID_BYTES));
}

static int parse_secrets(const struct keyfile_head *head, const uint8_t *plain, size_t len,
                         struct key_secrets *secrets)
{
    size_t offsets[SECRETS_MAX];
    size_t count = list_secrets(head->kind, offsets);

    if (len != ID_BYTES + 32 * count || !entity_fits_kind(plain, head->kind))
        return HL_EFORMAT;
    secrets->kind = head->kind;
    secrets->is_sandbox = head->is_sandbox;
    memcpy(secrets->ns, head->ns, NS_BYTES);
    memcpy(secrets->entity, plain, ID_BYTES);
    for (size_t i = 0; i < count; i++)
        memcpy((uint8_t *)secrets + offsets[i], plain + ID_BYTES + 32 * i, 32);
    return HL_OK;
}

int keyfile_decode(struct bytes file, const struct key_lock *lock, struct key_secrets **ret_secrets)
{
    struct keyfile_head head;
    uint8_t *plain = NULL;
    size_t len = 0;

    TRY(decode_plain(file, lock, &head, &plain, &len));
    AUTO(key_secrets) secrets = NULL;
    int err = head.kind == KEY_PREKEYS ? HL_EINVAL : key_secrets_new(&secrets);
    if (err == HL_OK)
        err = parse_secrets(&head, plain, len, secrets);
    secret_free(plain);
    TRY(err);
    *ret_secrets = MOVE(secrets);
    return HL_OK;
}

static int parse_ring(const struct keyfile_head *head, const uint8_t *plain, size_t len,
                      struct prekey_ring *ring)
{
    if (len < ID_BYTES + 1 || plain[ID_BYTES] > PREKEYS_MAX ||
        len != ID_BYTES + 1U + plain[ID_BYTES] * (size_t)RING_ENTRY_BYTES)
        return HL_EFORMAT;
    ring->is_sandbox = head->is_sandbox;
    memcpy(ring->ns, head->ns, NS_BYTES);
    memcpy(ring->entity, plain, ID_BYTES);
    ring->count = plain[ID_BYTES];
    const uint8_t *at = plain + ID_BYTES + 1;
    for (size_t i = 0; i < ring->count; i++, at += RING_ENTRY_BYTES) {
        struct prekey_secret *key = &ring->keys[i];

        key->kind = at[0];
        key->created_ms = (int64_t)get_u64le(at + 1);
        key->not_after_ms = (int64_t)get_u64le(at + 9);
        memcpy(key->id, at + 17, ID_BYTES);
        memcpy(key->seed, at + 33, 32);
    }
    return HL_OK;
}

int keyfile_decode_ring(struct bytes file, const uint8_t desk_wrap[static 32],
                        struct prekey_ring **ret_ring)
{
    const struct key_lock lock = {.kdf = KDF_DESK_WRAP, .secret = BYTES(desk_wrap, 32)};
    struct keyfile_head head;
    struct prekey_ring *ring = NULL;
    uint8_t *plain = NULL;
    size_t len = 0;

    TRY(decode_plain(file, &lock, &head, &plain, &len));
    int err = head.kind == KEY_PREKEYS ? prekey_ring_new(&ring) : HL_EINVAL;
    if (err == HL_OK)
        err = parse_ring(&head, plain, len, ring);
    secret_free(plain);
    if (err != HL_OK) {
        prekey_ring_free(ring);
        return err;
    }
    *ret_ring = ring;
    return HL_OK;
}

/* Seal `plain` into a file whose clear head is filled in but for commit and length. */
static int seal_file(struct bytes plain, const struct key_lock *lock, const uint8_t *head,
                     struct blob **ret_file)
{
    struct file_keys *keys = NULL;
    AUTO(blob) file = NULL;

    TRY(blob_new(AT_CT + plain.len + AEAD_TAG_BYTES, &file));
    TRY(derive_keys(lock, head, &keys));
    memcpy(file->data, head, AT_COMMIT);
    memcpy(file->data + AT_COMMIT, keys->commit, 32);
    put_u32le(file->data + AT_CT_LEN, (uint32_t)(plain.len + AEAD_TAG_BYTES));
    xaead_seal(keys->enc, file->data + AT_NONCE, BYTES(file->data, AT_CT_LEN), plain,
               file->data + AT_CT);
    secret_free(keys);
    *ret_file = MOVE(file);
    return HL_OK;
}

static void write_head(uint8_t *head, enum key_kind kind, const struct key_lock *lock,
                       bool is_sandbox, const uint8_t *ns)
{
    memcpy(head, magic, sizeof(magic));
    head[AT_VERSION] = 1;
    head[AT_KDF] = (uint8_t)lock->kdf;
    head[AT_KIND] = (uint8_t)kind;
    head[AT_SANDBOX] = is_sandbox;
    memcpy(head + AT_NS, ns, NS_BYTES);
    put_u32le(head + AT_OPSLIMIT, lock->opslimit);
    put_u64le(head + AT_MEMLIMIT, lock->memlimit);
}

int keyfile_encode(const struct key_secrets *secrets, const struct key_lock *lock,
                   const uint8_t salt[static 16], const uint8_t nonce[static 24],
                   struct blob **ret_file)
{
    const struct keyfile_head clear = {
        .kind = secrets->kind, .kdf = lock->kdf, .is_sandbox = secrets->is_sandbox};
    uint8_t head[AT_CT] = {0};
    size_t offsets[SECRETS_MAX];
    size_t count = list_secrets(secrets->kind, offsets);
    void *memory = NULL;

    if (!kdf_fits_kind(lock->kdf, secrets->kind) || secrets->kind == KEY_PREKEYS ||
        !entity_fits_kind(secrets->entity, secrets->kind))
        return HL_EINVAL;
    write_head(head, secrets->kind, lock, secrets->is_sandbox, secrets->ns);
    memcpy(head + AT_NONCE, nonce, 24);
    if (lock->kdf == KDF_PASSPHRASE)
        memcpy(head + AT_SALT, salt, 16);
    if (check_costs(head, &clear) != HL_OK)
        return HL_EINVAL;
    TRY(secret_new(PLAIN_MAX, &memory));
    uint8_t *plain = memory;
    memcpy(plain, secrets->entity, ID_BYTES);
    for (size_t i = 0; i < count; i++)
        memcpy(plain + ID_BYTES + 32 * i, (const uint8_t *)secrets + offsets[i], 32);
    int err = seal_file(BYTES(plain, ID_BYTES + 32 * count), lock, head, ret_file);
    secret_free(memory);
    return err;
}

int keyfile_encode_ring(const struct prekey_ring *ring, const uint8_t desk_wrap[static 32],
                        const uint8_t nonce[static 24], struct blob **ret_file)
{
    const struct key_lock lock = {.kdf = KDF_DESK_WRAP, .secret = BYTES(desk_wrap, 32)};
    uint8_t head[AT_CT] = {0};
    void *memory = NULL;

    assert(ring->count <= PREKEYS_MAX);
    write_head(head, KEY_PREKEYS, &lock, ring->is_sandbox, ring->ns);
    memcpy(head + AT_NONCE, nonce, 24);
    TRY(secret_new(PLAIN_MAX, &memory));
    uint8_t *plain = memory;
    memcpy(plain, ring->entity, ID_BYTES);
    plain[ID_BYTES] = (uint8_t)ring->count;
    uint8_t *at = plain + ID_BYTES + 1;
    for (size_t i = 0; i < ring->count; i++, at += RING_ENTRY_BYTES) {
        at[0] = ring->keys[i].kind;
        put_u64le(at + 1, (uint64_t)ring->keys[i].created_ms);
        put_u64le(at + 9, (uint64_t)ring->keys[i].not_after_ms);
        memcpy(at + 17, ring->keys[i].id, ID_BYTES);
        memcpy(at + 33, ring->keys[i].seed, 32);
    }
    int err = seal_file(BYTES(plain, (size_t)(at - plain)), &lock, head, ret_file);
    secret_free(memory);
    return err;
}
