/* envelope_parts — buckets, hashes, key derivation and slot contexts of the envelope. */
#include "proto/envelope_parts.h"

#include <assert.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/limits.h"

#define BUCKET_MIN  1024U
#define BUCKET_STEP 65536U

size_t slot_plain_len(bool is_control)
{
    return is_control ? LIMIT_SLOT_CONTROL : LIMIT_SLOT_CONTENT;
}

size_t slot_bytes_len(bool is_control)
{
    return is_control ? SLOT_BYTES_CONTROL : SLOT_BYTES_CONTENT;
}

bool kind_is_control(enum content_kind kind)
{
    return kind == CONTENT_RECEIPT || kind == CONTENT_SERVICE;
}

size_t envelope_bucket(bool is_control, size_t len_with_kind)
{
    if (is_control)
        return len_with_kind < LIMIT_CONTROL_BUCKET ? LIMIT_CONTROL_BUCKET : 0;
    if (len_with_kind >= LIMIT_PLAINTEXT)
        return 0;
    for (size_t bucket = BUCKET_MIN; bucket <= BUCKET_STEP; bucket *= 2) {
        if (len_with_kind < bucket)
            return bucket;
    }
    return (len_with_kind / BUCKET_STEP + 1) * BUCKET_STEP;
}

void envelope_hash(const uint8_t header_hash[static HASH_BYTES],
                   const uint8_t ct_hash[static HASH_BYTES],
                   const uint8_t slots_root[static HASH_BYTES], uint32_t slot_count,
                   uint8_t ret_ehash[static HASH_BYTES])
{
    uint8_t count[4];
    const struct bytes parts[] = {BYTES(header_hash, HASH_BYTES), BYTES(ct_hash, HASH_BYTES),
                                  BYTES(slots_root, HASH_BYTES), BYTES_OF(count)};

    put_u32be(count, slot_count);
    label_hash(label_fixed(LABEL_ENVELOPE_HASH), parts, 4, ret_ehash);
}

/* NOLINTNEXTLINE(readability-function-size): see envelope.h */
void envelope_hashes(const uint8_t header_hash[static HASH_BYTES],
                     const uint8_t ct_hash[static HASH_BYTES],
                     const uint8_t slots_root[static HASH_BYTES], uint32_t slot_count,
                     struct bytes sig, uint8_t ret_ehash[static HASH_BYTES],
                     uint8_t ret_deposit_hash[static HASH_BYTES])
{
    envelope_hash(header_hash, ct_hash, slots_root, slot_count, ret_ehash);
    const struct bytes parts[] = {BYTES(ret_ehash, HASH_BYTES), sig};
    label_hash(label_fixed(LABEL_DEPOSIT), parts, 2, ret_deposit_hash);
}

size_t slot_info(const uint8_t ns[static NS_BYTES], const struct desk_id *desk,
                 const uint8_t device[static ID_BYTES], const uint8_t prekey_id[static ID_BYTES],
                 uint8_t ret_info[static SLOT_INFO_MAX])
{
    static const char head[] = "DSSEv1 15 hotline/v1/slot 80 "; /* PAE with both lengths known */
    const struct bytes parts[] = {BYTES(head, sizeof(head) - 1), BYTES(ns, NS_BYTES),
                                  BYTES_OF(desk->entity), BYTES(device, ID_BYTES),
                                  BYTES(prekey_id, ID_BYTES)};
    size_t len = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        memcpy(ret_info + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    return len;
}

void slot_aad(const uint8_t header_hash[static HASH_BYTES], const struct desk_id *desk,
              const uint8_t device[static ID_BYTES], const uint8_t prekey_id[static ID_BYTES],
              uint8_t ret_aad[static SLOT_AAD_BYTES])
{
    memcpy(ret_aad, header_hash, HASH_BYTES);
    memcpy(ret_aad + 32, desk->entity, ID_BYTES);
    ret_aad[48] = (uint8_t)desk->kind;
    memcpy(ret_aad + 49, device, ID_BYTES);
    memcpy(ret_aad + 65, prekey_id, ID_BYTES);
}

void envelope_keys(struct bytes salt, const uint8_t file_key[static 32],
                   uint8_t ret_content_key[static 32], uint8_t ret_commit[static 32])
{
    const struct bytes ikm = BYTES(file_key, 32);
    const struct bytes none = {NULL, 0};
    uint8_t prk[32];

    kdf_extract(salt, &ikm, 1, prk);
    kdf_expand(prk, label_fixed(LABEL_CONTENT), none, ret_content_key, 32);
    kdf_expand(prk, label_fixed(LABEL_COMMIT), none, ret_commit, 32);
    secret_erase(prk, sizeof(prk));
}

static bool is_bucket(size_t bucket)
{
    return bucket > 0 && envelope_bucket(false, bucket - 1) == bucket;
}

const char *header_fault(const Hotline__V1__EnvelopeHeader *header)
{
    bool is_control = header->class_ == HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTROL;

    if (is_control != (header->precedence == HOTLINE__V1__PRECEDENCE__PREC_UNSPECIFIED))
        return "precedence against class";
    if (is_control && header->n_attachments > 0)
        return "attachments against class";
    if (header->ct_len <= AEAD_TAG_BYTES)
        return "ct_len";
    size_t bucket = header->ct_len - AEAD_TAG_BYTES;
    if (is_control ? bucket != LIMIT_CONTROL_BUCKET : !is_bucket(bucket))
        return "bucket";
    return NULL;
}
