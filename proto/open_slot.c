/* open_slot — steps 6 to 10: from our slot to the object inside: prekey, slot, commitment, content, kind. */
#include <string.h>

#include "keys/kdf.h"
#include "keys/secret.h"
#include "proto/envelope_parts.h"
#include "proto/limits.h"
#include "proto/open_steps.h"

static int unreadable(struct opening *opening, const char *detail)
{
    opening->out->is_unreadable = true;
    return opening_quarantine(opening, HOTLINE__V1__REASON__CANNOT_DECRYPT, detail);
}

/* The seed stays in the ring; step 7 looks it up again, so that no second copy lives between the steps. */
static const struct prekey_secret *own_prekey(const struct opening *opening)
{
    const struct prekey_ring *ring = opening->context->prekeys;

    return ring ? prekey_find(ring, opening->slot->prekey_id.data) : NULL;
}

int step_prekey(struct opening *opening)
{
    if (opening->context->file_key || own_prekey(opening))
        return STEP_NEXT;
    return unreadable(opening, "prekey is not here");
}

static int open_slot(struct opening *opening)
{
    const struct open_context *context = opening->context;
    const Hotline__V1__Slot *slot = opening->slot;
    uint8_t info[SLOT_INFO_MAX];
    uint8_t aad[SLOT_AAD_BYTES];
    size_t info_len = slot_info(context->trust->ns, &context->own_desk, slot->device.data,
                                slot->prekey_id.data, info);

    slot_aad(opening->out->facts.header_hash, &context->own_desk, slot->device.data,
             slot->prekey_id.data, aad);
    return hpke_open(context->suite, own_prekey(opening)->seed, slot->kem_ct.data,
                     BYTES(info, info_len), BYTES_OF(aad), view(slot->sealed), opening->slot_plain);
}

/* Only known flags, and the octets that the layout calls zero. */
static bool slot_plain_is_canonical(const struct opening *opening)
{
    const uint8_t *plain = opening->slot_plain;
    uint32_t flags = get_u32be(plain + (opening->is_control ? 32 : 136));
    struct bytes zeros = opening->is_control ? BYTES(plain + 220, 4) : BYTES(plain + 140, 8);

    return (flags & ~(uint32_t)(SLOT_STANDBY | SLOT_RESEAL)) == 0 && bytes_all_zero(zeros);
}

int step_slot(struct opening *opening)
{
    void *memory = NULL;

    if (opening->context->file_key)
        return STEP_NEXT;
    TRY(secret_new(LIMIT_SLOT_CONTROL, &memory));
    opening->slot_plain = memory;
    int result = open_slot(opening);
    if (result == HL_EVERIFY)
        return unreadable(opening, "slot does not open");
    TRY(result);
    if (!slot_plain_is_canonical(opening))
        return unreadable(opening, "zero octets");
    return STEP_NEXT;
}

/* One ciphertext, one key: without the commitment a sender could make one ct that two devices read differently. */
int step_commit(struct opening *opening)
{
    const uint8_t *given = opening->context->file_key;
    const Hotline__V1__EnvelopeHeader *header = opening->out->facts.header;
    uint8_t content_key[32];
    uint8_t commit[32];
    void *memory = NULL;

    TRY(secret_new(32, &memory));
    opening->out->file_key = memory;
    memcpy(opening->out->file_key, given ? given : opening->slot_plain, 32);
    envelope_keys(view(header->salt), opening->out->file_key, content_key, commit);
    secret_erase(content_key, sizeof(content_key));
    if (!secret_equal(commit, header->key_commit.data, sizeof(commit)))
        return opening_quarantine(opening, HOTLINE__V1__REASON__CANNOT_DECRYPT, "key_commit");
    return STEP_NEXT;
}

int step_content(struct opening *opening)
{
    static const uint8_t nonce[AEAD_NONCE_BYTES] = {0};
    const struct opened *out = opening->out;
    struct bytes ct = view(opening->delivered->ct);
    uint8_t content_key[32];
    uint8_t commit[32];

    TRY(blob_new(ct.len - AEAD_TAG_BYTES, &opening->padded));
    envelope_keys(view(out->facts.header->salt), out->file_key, content_key, commit);
    int result =
        aead_open(content_key, nonce, BYTES_OF(out->facts.header_hash), ct, opening->padded->data);
    secret_erase(content_key, sizeof(content_key));
    if (result != HL_OK)
        return opening_quarantine(opening, HOTLINE__V1__REASON__CANNOT_DECRYPT, "AEAD");
    return STEP_NEXT;
}

static int unrecognised(struct opening *opening, const char *detail)
{
    return opening_quarantine(opening, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT, detail);
}

/* A monitoring host speaks only in class control. Desk records are of a later version. */
static bool kind_is_allowed(const struct opening *opening, uint8_t kind)
{
    if (kind < CONTENT_NOTICE || kind > CONTENT_DRAFT)
        return false;
    if (kind_is_control((enum content_kind)kind) != opening->is_control)
        return false;
    return opening->is_control || (opening->out->sender_device->roles & ROLE_BIT_DESK) != 0;
}

static int parse_draft(struct opened *out)
{
    Hotline__V1__Draft *draft = NULL;

    TRY(opening_parse(&hotline__v1__draft__descriptor, bytes_blob(out->content), &draft));
    out->signed_notice = MOVE(draft->notice);
    hotline__v1__draft__free_unpacked(draft, NULL);
    return HL_OK;
}

static int parse_object(struct opened *out)
{
    switch (out->kind) {
    case CONTENT_NOTICE:
        return opening_parse(&hotline__v1__signed_notice__descriptor, bytes_blob(out->content),
                             &out->signed_notice);
    case CONTENT_RECEIPT:
    case CONTENT_SERVICE: return sign_parse(bytes_blob(out->content), &out->signed_object);
    case CONTENT_DRAFT: return parse_draft(out);
    case CONTENT_RECORD: break;
    }
    return HL_EFORMAT;
}

int step_object(struct opening *opening)
{
    const struct blob *padded = opening->padded;
    struct opened *out = opening->out;
    size_t len = 0;

    if (pad_strip(padded->data, padded->len, &len) != HL_OK || len < 2)
        return unrecognised(opening, "padding");
    if (envelope_bucket(opening->is_control, len) != padded->len)
        return unrecognised(opening, "bucket");
    if (!kind_is_allowed(opening, padded->data[0]))
        return unrecognised(opening, "kind");
    out->kind = (enum content_kind)padded->data[0];
    TRY(blob_copy(BYTES(padded->data + 1, len - 1), &out->content));
    int result = parse_object(out);
    return result == HL_EFORMAT ? unrecognised(opening, "outer object") : result;
}
