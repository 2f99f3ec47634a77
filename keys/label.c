/* label — the one list of labels; PAE, H, B and the ids made of keys. */
#include "keys/label.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

static_assert(crypto_generichash_BYTES == HASH_BYTES, "H is BLAKE2b-256");

static const char *const plane_labels[][3] = {
    [LABEL_NOTICE] = {"hotline/v1/live/notice", "hotline/v1/exercise/notice",
                      "hotline/v1/test/notice"},
    [LABEL_RELEASE] = {"hotline/v1/live/release", "hotline/v1/exercise/release",
                       "hotline/v1/test/release"},
    [LABEL_RECEIPT] = {"hotline/v1/live/receipt", "hotline/v1/exercise/receipt",
                       "hotline/v1/test/receipt"},
    [LABEL_LINK] = {"hotline/v1/live/link", "hotline/v1/exercise/link", "hotline/v1/test/link"},
    [LABEL_SERVICE] = {"hotline/v1/live/service", "hotline/v1/exercise/service",
                       "hotline/v1/test/service"},
    [LABEL_ENVELOPE] = {"hotline/v1/live/envelope", "hotline/v1/exercise/envelope",
                        "hotline/v1/test/envelope"},
};

#define FIXED(name) "hotline/v1/" name
static const char *const fixed_labels[LABEL_FIXED_COUNT] = {
    [LABEL_ROOT_METADATA] = FIXED("root-metadata"),
    [LABEL_DIRECTORY] = FIXED("directory"),
    [LABEL_TIMESTAMP] = FIXED("timestamp"),
    [LABEL_NATIONAL_ROOT] = FIXED("national-root"),
    [LABEL_NATIONAL_VETO] = FIXED("national-veto"),
    [LABEL_NATIONAL_ROSTER] = FIXED("national-roster"),
    [LABEL_REVOCATION] = FIXED("revocation"),
    [LABEL_PREKEY] = FIXED("prekey"),
    [LABEL_MARKS] = FIXED("marks"),
    [LABEL_MAILBOX_HEAD] = FIXED("mailbox-head"),
    [LABEL_REJECT] = FIXED("reject"),
    [LABEL_DESK_RECORD] = FIXED("desk-record"),
    [LABEL_BUNDLE] = FIXED("bundle"),
    [LABEL_POSSESSION] = FIXED("possession"),
    [LABEL_NAMESPACE] = FIXED("namespace"),
    [LABEL_CERT] = FIXED("cert"),
    [LABEL_KEY_ID] = FIXED("key-id"),
    [LABEL_PREKEY_ID] = FIXED("prekey-id"),
    [LABEL_FINGERPRINT] = FIXED("fingerprint"),
    [LABEL_FINGERPRINT_DIGITS] = FIXED("fingerprint-digits"),
    [LABEL_ENVELOPE_HASH] = FIXED("envelope-hash"),
    [LABEL_HEADER_HASH] = FIXED("header-hash"),
    [LABEL_DEPOSIT] = FIXED("deposit"),
    [LABEL_LANE_START] = FIXED("lane-start"),
    [LABEL_LANE_CHAIN] = FIXED("lane-chain"),
    [LABEL_CUSTODY_LEAF] = FIXED("custody-leaf"),
    [LABEL_HEAD_NONCE] = FIXED("head-nonce"),
    [LABEL_RESERVATION] = FIXED("reservation"),
    [LABEL_JOURNAL] = FIXED("journal"),
    [LABEL_MAC1] = FIXED("mac1"),
    [LABEL_TRANSPORT_PROLOGUE] = FIXED("transport-prologue"),
    [LABEL_SLOT] = FIXED("slot"),
    [LABEL_CONTENT] = FIXED("content"),
    [LABEL_COMMIT] = FIXED("commit"),
    [LABEL_ATTACHMENT] = FIXED("attachment"),
    [LABEL_SEAL_FILE_KEY] = FIXED("seal-file-key"),
    [LABEL_SEAL_SALT] = FIXED("seal-salt"),
    [LABEL_SEAL_ENVELOPE_ID] = FIXED("seal-envelope-id"),
    [LABEL_SEAL_KEM] = FIXED("seal-kem"),
    [LABEL_SEAL_PREKEY] = FIXED("seal-prekey"),
};

const char *label_of(enum label_object object, unsigned plane)
{
    assert((size_t)object < sizeof(plane_labels) / sizeof(plane_labels[0]));
    if (plane < 1 || plane > 3)
        return NULL;
    return plane_labels[object][plane - 1];
}

const char *label_fixed(enum label_fixed label)
{
    assert((size_t)label < LABEL_FIXED_COUNT);
    return fixed_labels[label];
}

#define PREFIX_MAX 128 /* "DSSEv1", two decimal lengths, blanks and the longest label */

static size_t pae_prefix(const char *label, size_t body_len, char prefix[static PREFIX_MAX])
{
    int len = snprintf(prefix, PREFIX_MAX, "DSSEv1 %zu %s %zu ", strlen(label), label, body_len);

    assert(len > 0 && len < PREFIX_MAX);
    return (size_t)len;
}

int label_pae(const char *label, struct bytes body, struct blob **ret_pae)
{
    char prefix[PREFIX_MAX];
    size_t prefix_len = pae_prefix(label, body.len, prefix);

    TRY(blob_new(prefix_len + body.len, ret_pae));
    memcpy((*ret_pae)->data, prefix, prefix_len);
    if (body.len > 0)
        memcpy((*ret_pae)->data + prefix_len, body.data, body.len);
    return HL_OK;
}

/* libsodium's state functions return 0 for these lengths; BLAKE2b cannot fail. */
static void hash_add(crypto_generichash_state *state, const void *octets, size_t len)
{
    (void)crypto_generichash_update(state, octets, len);
}

void label_hash(const char *label, const struct bytes *parts, size_t part_count,
                uint8_t ret_hash[static HASH_BYTES])
{
    crypto_generichash_state state;
    char prefix[PREFIX_MAX];
    size_t body_len = 0;

    for (size_t i = 0; i < part_count; i++)
        body_len += parts[i].len;
    (void)crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    hash_add(&state, prefix, pae_prefix(label, body_len, prefix));
    for (size_t i = 0; i < part_count; i++)
        hash_add(&state, parts[i].data, parts[i].len);
    (void)crypto_generichash_final(&state, ret_hash, HASH_BYTES);
}

void label_hash1(const char *label, struct bytes body, uint8_t ret_hash[static HASH_BYTES])
{
    label_hash(label, &body, 1, ret_hash);
}

void hash_parts(const struct bytes *parts, size_t part_count, uint8_t ret_hash[static HASH_BYTES])
{
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    for (size_t i = 0; i < part_count; i++)
        hash_add(&state, parts[i].data, parts[i].len);
    (void)crypto_generichash_final(&state, ret_hash, HASH_BYTES);
}

void hash_plain(struct bytes octets, uint8_t ret_hash[static HASH_BYTES])
{
    hash_parts(&octets, 1, ret_hash);
}

static void id_of(enum label_fixed label, struct bytes key, uint8_t ret_id[static ID_BYTES])
{
    uint8_t hash[HASH_BYTES];

    label_hash1(label_fixed(label), key, hash);
    memcpy(ret_id, hash, ID_BYTES);
}

void key_id_of(const uint8_t sign_pk[static 32], uint8_t ret_id[static ID_BYTES])
{
    id_of(LABEL_KEY_ID, BYTES(sign_pk, 32), ret_id);
}

void prekey_id_of(const uint8_t kem_pk[static 1216], uint8_t ret_id[static ID_BYTES])
{
    id_of(LABEL_PREKEY_ID, BYTES(kem_pk, 1216), ret_id);
}
