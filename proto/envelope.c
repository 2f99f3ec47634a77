/* envelope — sealing: hedged key schedule, one slot a device, header, hashes, signature. */
#include "proto/envelope.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "keys/merkle.h"
#include "keys/secret.h"
#include "proto/envelope_parts.h"
#include "proto/limits.h"

#define HOUR_MS            (3600LL * 1000)
#define DAY_MS             (24 * HOUR_MS)
#define EXPIRES_CONTENT_MS (30 * DAY_MS)
#define EXPIRES_CONTROL_MS (14 * DAY_MS)
#define EXPIRES_MIN_MS     HOUR_MS
#define EXPIRES_MAX_MS     (90 * DAY_MS)
#define RANDOM_BYTES       64

/* One slot on its way: encapsulated before the header exists, sealed after it. */
struct slot_work {
    const struct seal_slot *slot;
    uint8_t ss[KEM_SS_BYTES];
};

/* Everything of one seal, in locked memory. */
struct sealing {
    const struct seal_request *request;
    bool is_control;
    uint8_t seed[32], salt[32], content_key[32], commit[32];
    uint8_t header_hash[HASH_BYTES], ct_hash[HASH_BYTES], slots_root[HASH_BYTES], sig[SIG_BYTES];
    struct sealed *sealed;
    struct blob *header, *ct;
    struct blob *kem_cts; /* KEM_CT_BYTES for each slot */
    size_t slot_count;
    struct blob *slots[LIMIT_SLOTS];
    struct slot_work work[LIMIT_SLOTS];
};

void sealed_free(struct sealed *sealed)
{
    if (!sealed)
        return;
    blob_free(sealed->envelope);
    secret_free(sealed);
}

static void sealing_free(struct sealing *sealing)
{
    if (!sealing)
        return;
    blob_free(sealing->header);
    blob_free(sealing->ct);
    blob_free(sealing->kem_cts);
    for (size_t i = 0; i < sealing->slot_count; i++)
        blob_free(sealing->slots[i]);
    sealed_free(sealing->sealed);
    secret_free(sealing);
}

static void sealing_drop(struct sealing **sealing)
{
    sealing_free(*sealing);
}

void slots_shuffle(const struct rng *rng, struct seal_slot *slots, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        /* 64 random bits over at most 800 places: the bias is below 2^-54. */
        uint8_t octets[8];
        rng_fill(rng, octets, sizeof(octets));
        size_t other = (size_t)(get_u64be(octets) % i);
        struct seal_slot held = slots[i - 1];
        slots[i - 1] = slots[other];
        slots[other] = held;
    }
}

static bool is_same_device(const struct seal_slot *left, const struct seal_slot *right)
{
    return bytes_equal(BYTES_OF(left->device), BYTES_OF(right->device)) &&
           bytes_equal(BYTES_OF(left->desk.entity), BYTES_OF(right->desk.entity));
}

static bool slots_are_allowed(const struct seal_slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slots[i].desk.kind < 1 || slots[i].desk.kind > 4 ||
            (slots[i].flags & ~(uint32_t)(SLOT_STANDBY | SLOT_RESEAL)) != 0)
            return false;
        for (size_t j = 0; j < i; j++) {
            if (is_same_device(&slots[i], &slots[j]))
                return false;
        }
    }
    return true;
}

static int64_t expires_of(const struct seal_request *request)
{
    if (request->expires_ms != 0)
        return request->expires_ms;
    return request->created_ms +
           (kind_is_control(request->kind) ? EXPIRES_CONTROL_MS : EXPIRES_CONTENT_MS);
}

static int check_request(const struct seal_request *request)
{
    bool is_control = kind_is_control(request->kind);
    int64_t life_ms = expires_of(request) - request->created_ms;

    if (!label_of(LABEL_ENVELOPE, request->plane) || request->kind < CONTENT_NOTICE ||
        request->kind > CONTENT_RECORD)
        return HL_EINVAL;
    if (is_control ? request->precedence != 0 : request->precedence < 1 || request->precedence > 4)
        return HL_EINVAL;
    if (request->slot_count < 1 || request->slot_count > LIMIT_SLOTS ||
        !slots_are_allowed(request->slots, request->slot_count))
        return HL_EINVAL;
    if (request->created_ms < (int64_t)STRICT_MS_MIN || life_ms < EXPIRES_MIN_MS ||
        life_ms > EXPIRES_MAX_MS || expires_of(request) > (int64_t)STRICT_MS_MAX)
        return HL_EINVAL;
    if (request->content.len == 0 || request->dir_version == 0)
        return HL_EINVAL;
    return envelope_bucket(is_control, request->content.len + 1) == 0 ? HL_ETOOBIG : HL_OK;
}

static int sealing_new(const struct seal_request *request, struct sealing **ret_sealing)
{
    AUTO(sealing) sealing = NULL;
    void *memory = NULL;

    TRY(secret_new(sizeof(struct sealing), &memory));
    sealing = memory;
    memory = NULL;
    TRY(secret_new(sizeof(struct sealed), &memory));
    sealing->sealed = memory;
    sealing->request = request;
    sealing->is_control = kind_is_control(request->kind);
    sealing->sealed->expires_ms = expires_of(request);
    TRY(blob_new(request->slot_count * KEM_CT_BYTES, &sealing->kem_cts));
    *ret_sealing = MOVE(sealing);
    return HL_OK;
}

/* Hedged: a repeating generator still gives fresh keys, because content, time and journal row enter too. */
static void derive(struct sealing *sealing)
{
    const struct seal_request *request = sealing->request;
    struct sealed *sealed = sealing->sealed;
    const struct bytes none = {NULL, 0};
    uint8_t random[RANDOM_BYTES];
    uint8_t created[8];
    uint8_t row[8];

    rng_fill(request->rng, random, sizeof(random));
    put_u64be(created, (uint64_t)request->created_ms);
    put_u64be(row, request->journal_row);
    const struct bytes ikm[] = {BYTES_OF(random), BYTES(request->content_hash, HASH_BYTES),
                                BYTES_OF(created), BYTES_OF(row)};
    kdf_extract(BYTES(request->hedge_key, 32), ikm, 4, sealing->seed);
    secret_erase(random, sizeof(random));
    kdf_expand(sealing->seed, label_fixed(LABEL_SEAL_FILE_KEY), none, sealed->file_key, 32);
    kdf_expand(sealing->seed, label_fixed(LABEL_SEAL_SALT), none, sealing->salt, 32);
    kdf_expand(sealing->seed, label_fixed(LABEL_SEAL_ENVELOPE_ID), none, sealed->envelope_id,
               ID_BYTES);
    envelope_keys(BYTES_OF(sealing->salt), sealed->file_key, sealing->content_key, sealing->commit);
}

/* All encapsulations come before the header, which names their number. A device whose key is unusable loses its slot,
 * and the next one takes its place and its coins, of which nothing was published. */
static int encapsulate(struct sealing *sealing)
{
    const struct seal_request *request = sealing->request;
    struct sealed *sealed = sealing->sealed;

    for (size_t i = 0; i < request->slot_count; i++) {
        const struct seal_slot *slot = &request->slots[i];
        struct slot_work *work = &sealing->work[sealing->slot_count];
        uint8_t coins[KEM_COINS_BYTES];
        uint8_t place[4];

        put_u32be(place, (uint32_t)sealing->slot_count);
        kdf_expand(sealing->seed, label_fixed(LABEL_SEAL_KEM), BYTES_OF(place), coins,
                   sizeof(coins));
        int result = request->suite->kem_encaps(
            slot->kem_pk, coins, sealing->kem_cts->data + sealing->slot_count * KEM_CT_BYTES,
            work->ss);
        secret_erase(coins, sizeof(coins));
        if (result != HL_OK) {
            memcpy(sealed->skipped[sealed->skipped_count++], slot->device, ID_BYTES);
            continue;
        }
        work->slot = slot;
        sealing->slot_count++;
    }
    return sealing->slot_count > 0 ? HL_OK : HL_EVERIFY;
}

static int make_header(struct sealing *sealing)
{
    const struct seal_request *request = sealing->request;
    Hotline__V1__EnvelopeHeader header = HOTLINE__V1__ENVELOPE_HEADER__INIT;
    uint8_t ns[NS_BYTES];
    uint8_t entity[ID_BYTES];
    uint8_t device[ID_BYTES];
    size_t bucket = envelope_bucket(sealing->is_control, request->content.len + 1);

    memcpy(ns, request->ns, NS_BYTES);
    memcpy(entity, request->sender_entity, ID_BYTES);
    memcpy(device, request->device->id, ID_BYTES);
    header.version = 1;
    header.suite = 1;
    header.ns = (ProtobufCBinaryData){NS_BYTES, ns};
    header.envelope_id = (ProtobufCBinaryData){ID_BYTES, sealing->sealed->envelope_id};
    header.sender_entity = (ProtobufCBinaryData){ID_BYTES, entity};
    header.sender_device = (ProtobufCBinaryData){ID_BYTES, device};
    header.plane = (Hotline__V1__Plane)request->plane;
    header.class_ = sealing->is_control ? HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTROL
                                        : HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTENT;
    header.precedence = (Hotline__V1__Precedence)request->precedence;
    header.dir_version = request->dir_version;
    header.created_ms = request->created_ms;
    header.expires_ms = sealing->sealed->expires_ms;
    header.salt = (ProtobufCBinaryData){32, sealing->salt};
    header.key_commit = (ProtobufCBinaryData){32, sealing->commit};
    header.ct_len = (uint32_t)(bucket + AEAD_TAG_BYTES);
    header.slot_count = (uint32_t)sealing->slot_count;
    TRY(strict_pack(&header.base, &sealing->header));
    label_hash1(label_fixed(LABEL_HEADER_HASH), bytes_blob(sealing->header), sealing->header_hash);
    return HL_OK;
}

static int make_ct(struct sealing *sealing)
{
    static const uint8_t nonce[AEAD_NONCE_BYTES] = {0}; /* the key seals once */
    const struct bytes content = sealing->request->content;
    size_t bucket = envelope_bucket(sealing->is_control, content.len + 1);
    AUTO(blob) plain = NULL;

    TRY(blob_new(bucket, &plain));
    TRY(blob_new(bucket + AEAD_TAG_BYTES, &sealing->ct));
    plain->data[0] = (uint8_t)sealing->request->kind;
    memcpy(plain->data + 1, content.data, content.len);
    pad_to(plain->data, content.len + 1, bucket);
    aead_seal(sealing->content_key, nonce, BYTES_OF(sealing->header_hash), bytes_blob(plain),
              sealing->ct->data);
    hash_plain(bytes_blob(sealing->ct), sealing->ct_hash);
    return HL_OK;
}

/* docs/PROTOCOL.md, "Sealing": the two fixed layouts; what is not written stays zero. */
static void fill_slot_plain(const struct sealing *sealing, const struct seal_slot *slot,
                            uint8_t plain[static LIMIT_SLOT_CONTROL])
{
    memset(plain, 0, LIMIT_SLOT_CONTROL);
    memcpy(plain, sealing->sealed->file_key, 32);
    if (!sealing->is_control) {
        put_u64be(plain + 32, slot->seq);
        memcpy(plain + 40, slot->prev, HASH_BYTES);
        memcpy(plain + 72, slot->link_sig, SIG_BYTES);
        put_u32be(plain + 136, slot->flags);
        return;
    }
    put_u32be(plain + 32, slot->flags);
    for (size_t i = 0; i < 3; i++) {
        put_u64be(plain + 36 + 40 * i, slot->marks_seq[i]);
        memcpy(plain + 44 + 40 * i, slot->marks_hash[i], HASH_BYTES);
    }
    memcpy(plain + 156, slot->marks_sig, SIG_BYTES);
}

/* HPKE SealBase in two halves: the encapsulation was made before the header existed. */
static void seal_slot_plain(struct sealing *sealing, const struct slot_work *work, uint8_t *ret_ct)
{
    const struct seal_slot *slot = work->slot;
    uint8_t plain[LIMIT_SLOT_CONTROL];
    uint8_t info[SLOT_INFO_MAX];
    uint8_t aad[SLOT_AAD_BYTES];
    uint8_t key[AEAD_KEY_BYTES];
    uint8_t nonce[AEAD_NONCE_BYTES];
    size_t info_len =
        slot_info(sealing->request->ns, &slot->desk, slot->device, slot->prekey_id, info);

    slot_aad(sealing->header_hash, &slot->desk, slot->device, slot->prekey_id, aad);
    fill_slot_plain(sealing, slot, plain);
    hpke_schedule(work->ss, BYTES(info, info_len), key, nonce);
    aead_seal(key, nonce, BYTES_OF(aad), BYTES(plain, slot_plain_len(sealing->is_control)), ret_ct);
    secret_erase(plain, sizeof(plain));
    secret_erase(key, sizeof(key));
}

static int make_slot(struct sealing *sealing, size_t index)
{
    struct slot_work *work = &sealing->work[index];
    struct seal_slot slot = *work->slot; /* protobuf-c's bytes are not const */
    uint8_t sealed[LIMIT_SLOT_CONTROL + AEAD_TAG_BYTES];
    size_t sealed_len = slot_plain_len(sealing->is_control) + AEAD_TAG_BYTES;
    Hotline__V1__Slot message = HOTLINE__V1__SLOT__INIT;

    seal_slot_plain(sealing, work, sealed);
    message.entity = (ProtobufCBinaryData){ID_BYTES, slot.desk.entity};
    message.kind = (Hotline__V1__DeskKind)slot.desk.kind;
    message.device = (ProtobufCBinaryData){ID_BYTES, slot.device};
    message.prekey_id = (ProtobufCBinaryData){ID_BYTES, slot.prekey_id};
    message.kem_ct =
        (ProtobufCBinaryData){KEM_CT_BYTES, sealing->kem_cts->data + index * KEM_CT_BYTES};
    message.sealed = (ProtobufCBinaryData){sealed_len, sealed};
    TRY(strict_pack(&message.base, &sealing->slots[index]));
    assert(sealing->slots[index]->len == slot_bytes_len(sealing->is_control));
    return HL_OK;
}

static int make_slots(struct sealing *sealing)
{
    AUTO(blob) leaves = NULL;

    TRY(blob_new(sealing->slot_count * HASH_BYTES, &leaves));
    uint8_t(*hashes)[HASH_BYTES] = (uint8_t(*)[HASH_BYTES])leaves->data;
    for (size_t i = 0; i < sealing->slot_count; i++) {
        TRY(make_slot(sealing, i));
        merkle_leaf(bytes_blob(sealing->slots[i]), hashes[i]);
    }
    return merkle_root((const uint8_t(*)[HASH_BYTES])hashes, sealing->slot_count,
                       sealing->slots_root);
}

static int make_signature(struct sealing *sealing)
{
    const struct seal_request *request = sealing->request;
    struct sealed *sealed = sealing->sealed;
    uint32_t count = (uint32_t)sealing->slot_count;

    envelope_hash(sealing->header_hash, sealing->ct_hash, sealing->slots_root, count,
                  sealed->ehash);
    TRY(sign_body(request->suite, request->device, label_of(LABEL_ENVELOPE, request->plane),
                  BYTES_OF(sealed->ehash), sealing->sig));
    envelope_hashes(sealing->header_hash, sealing->ct_hash, sealing->slots_root, count,
                    BYTES_OF(sealing->sig), sealed->ehash, sealed->deposit_hash);
    return HL_OK;
}

static int pack_envelope(struct sealing *sealing)
{
    Hotline__V1__Envelope envelope = HOTLINE__V1__ENVELOPE__INIT;
    ProtobufCBinaryData *slots = calloc(sealing->slot_count, sizeof(*slots));

    if (!slots)
        return HL_ENOMEM;
    for (size_t i = 0; i < sealing->slot_count; i++)
        slots[i] = (ProtobufCBinaryData){sealing->slots[i]->len, sealing->slots[i]->data};
    envelope.header = (ProtobufCBinaryData){sealing->header->len, sealing->header->data};
    envelope.ct = (ProtobufCBinaryData){sealing->ct->len, sealing->ct->data};
    envelope.n_slots = sealing->slot_count;
    envelope.slots = slots;
    envelope.sig = (ProtobufCBinaryData){SIG_BYTES, sealing->sig};
    int result = strict_pack(&envelope.base, &sealing->sealed->envelope);
    free(slots);
    TRY(result);
    return sealing->sealed->envelope->len <= LIMIT_ENVELOPE ? HL_OK : HL_ETOOBIG;
}

int envelope_seal(const struct seal_request *request, struct sealed **ret_sealed)
{
    AUTO(sealing) sealing = NULL;

    TRY(check_request(request));
    TRY(sealing_new(request, &sealing));
    derive(sealing);
    TRY(encapsulate(sealing));
    TRY(make_header(sealing));
    TRY(make_ct(sealing));
    TRY(make_slots(sealing));
    TRY(make_signature(sealing));
    TRY(pack_envelope(sealing));
    *ret_sealed = MOVE(sealing->sealed);
    return HL_OK;
}
