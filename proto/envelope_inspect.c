/* envelope_inspect — what a relay checks and computes of an Envelope, and the forms in which it hands it on. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "keys/merkle.h"
#include "proto/envelope_parts.h"
#include "proto/limits.h"
#include "proto/schema.h"

#define EXPIRES_MIN_MS (3600LL * 1000)
#define EXPIRES_MAX_MS (90LL * 24 * 3600 * 1000)

static void envelope_drop(Hotline__V1__Envelope **envelope)
{
    if (*envelope)
        hotline__v1__envelope__free_unpacked(*envelope, NULL);
}

void envelope_facts_done(struct envelope_facts *facts)
{
    if (facts->header)
        hotline__v1__envelope_header__free_unpacked(facts->header, NULL);
    memset(facts, 0, sizeof(*facts));
}

static struct bytes view(ProtobufCBinaryData data)
{
    return BYTES(data.data, data.len);
}

static int unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes input,
                  void *ret_message)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(descriptor, &schema_envelope, input, &message, NULL));
    memcpy(ret_message, &message, sizeof(void *));
    return HL_OK;
}

/* (entity, device) of a slot, to find doubles by sorting: 800 slots are too many for pairs. */
struct slot_name {
    uint8_t octets[2 * ID_BYTES];
};

static int name_order(const void *left, const void *right)
{
    return bytes_order(BYTES(left, sizeof(struct slot_name)),
                       BYTES(right, sizeof(struct slot_name)));
}

static int check_slot(struct bytes octets, bool is_control, struct slot_name *ret_name)
{
    Hotline__V1__Slot *slot = NULL;

    if (octets.len != slot_bytes_len(is_control))
        return HL_EFORMAT;
    TRY(unpack(&hotline__v1__slot__descriptor, octets, &slot));
    bool is_right = slot->sealed.len == slot_plain_len(is_control) + AEAD_TAG_BYTES;
    if (is_right) {
        memcpy(ret_name->octets, slot->entity.data, ID_BYTES);
        memcpy(ret_name->octets + ID_BYTES, slot->device.data, ID_BYTES);
    }
    hotline__v1__slot__free_unpacked(slot, NULL);
    return is_right ? HL_OK : HL_EFORMAT;
}

static int check_slots(const Hotline__V1__Envelope *envelope, bool is_control)
{
    AUTO(blob) memory = NULL;

    TRY(blob_new(envelope->n_slots * sizeof(struct slot_name), &memory));
    struct slot_name *names = (struct slot_name *)memory->data; /* octets only: any alignment */
    for (size_t i = 0; i < envelope->n_slots; i++)
        TRY(check_slot(view(envelope->slots[i]), is_control, &names[i]));
    qsort(names, envelope->n_slots, sizeof(names[0]), name_order);
    for (size_t i = 1; i < envelope->n_slots; i++) {
        if (name_order(&names[i - 1], &names[i]) == 0)
            return HL_EFORMAT;
    }
    return HL_OK;
}

static int check_header(const uint8_t ns[static NS_BYTES], const Hotline__V1__Envelope *envelope,
                        const Hotline__V1__EnvelopeHeader *header)
{
    int64_t created_ms = header->created_ms;

    if (!bytes_equal(view(header->ns), BYTES(ns, NS_BYTES)))
        return HL_EINVAL;
    if (header_fault(header) != NULL)
        return HL_EFORMAT;
    if (envelope->ct.len != header->ct_len || envelope->n_slots != header->slot_count)
        return HL_EFORMAT;
    if (header->expires_ms < created_ms + EXPIRES_MIN_MS ||
        header->expires_ms > created_ms + EXPIRES_MAX_MS)
        return HL_EFORMAT;
    return check_slots(envelope, header->class_ == HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTROL);
}

/* Hashes of the slots, 32 octets each. The caller owns *ret_leaves. */
static int slot_leaves(const Hotline__V1__Envelope *envelope, struct blob **ret_leaves)
{
    AUTO(blob) leaves = NULL;

    TRY(blob_new(envelope->n_slots * HASH_BYTES, &leaves));
    for (size_t i = 0; i < envelope->n_slots; i++)
        merkle_leaf(view(envelope->slots[i]), leaves->data + i * HASH_BYTES);
    *ret_leaves = MOVE(leaves);
    return HL_OK;
}

static int compute_facts(const Hotline__V1__Envelope *envelope, struct envelope_facts *facts)
{
    AUTO(blob) leaves = NULL;

    TRY(slot_leaves(envelope, &leaves));
    TRY(merkle_root((const uint8_t(*)[HASH_BYTES])leaves->data, envelope->n_slots,
                    facts->slots_root));
    label_hash1(label_fixed(LABEL_HEADER_HASH), view(envelope->header), facts->header_hash);
    hash_plain(view(envelope->ct), facts->ct_hash);
    envelope_hashes(facts->header_hash, facts->ct_hash, facts->slots_root,
                    (uint32_t)envelope->n_slots, view(envelope->sig), facts->ehash,
                    facts->deposit_hash);
    return HL_OK;
}

int envelope_inspect(const uint8_t ns[static NS_BYTES], struct bytes envelope,
                     Hotline__V1__Envelope **ret_envelope, struct envelope_facts *ret_facts)
{
    __attribute__((cleanup(envelope_drop))) Hotline__V1__Envelope *parsed = NULL;
    __attribute__((cleanup(envelope_facts_done))) struct envelope_facts facts = {.header = NULL};

    if (envelope.len > LIMIT_ENVELOPE)
        return HL_ETOOBIG;
    TRY(unpack(&hotline__v1__envelope__descriptor, envelope, &parsed));
    TRY(unpack(&hotline__v1__envelope_header__descriptor, view(parsed->header), &facts.header));
    TRY(check_header(ns, parsed, facts.header));
    TRY(compute_facts(parsed, &facts));
    *ret_envelope = MOVE(parsed);
    *ret_facts = facts;
    facts.header = NULL;
    return HL_OK;
}

int envelope_deliver_at(const Hotline__V1__Envelope *envelope, const struct envelope_facts *facts,
                        size_t index, const uint8_t (*path)[HASH_BYTES], size_t path_len,
                        struct blob **ret_delivered)
{
    Hotline__V1__DeliveredEnvelope delivered = HOTLINE__V1__DELIVERED_ENVELOPE__INIT;
    ProtobufCBinaryData proof[MERKLE_PROOF_MAX];

    if (index >= envelope->n_slots || path_len > MERKLE_PROOF_MAX)
        return HL_EINVAL;
    for (size_t i = 0; i < path_len; i++)
        proof[i] = strict_octets(path[i], HASH_BYTES);
    delivered.header = envelope->header;
    delivered.ct = envelope->ct;
    delivered.slot = envelope->slots[index];
    delivered.slot_index = (uint32_t)index;
    delivered.n_proof = path_len;
    delivered.proof = proof;
    delivered.slots_root = strict_octets(facts->slots_root, HASH_BYTES);
    delivered.sig = envelope->sig;
    return strict_pack(&delivered.base, ret_delivered);
}

int envelope_deliver(const Hotline__V1__Envelope *envelope, const struct envelope_facts *facts,
                     size_t index, struct blob **ret_delivered)
{
    uint8_t path[MERKLE_PROOF_MAX][HASH_BYTES];
    size_t path_len = 0;
    AUTO(blob) leaves = NULL;

    if (index >= envelope->n_slots)
        return HL_EINVAL;
    TRY(slot_leaves(envelope, &leaves));
    TRY(merkle_path((const uint8_t(*)[HASH_BYTES])leaves->data, envelope->n_slots, index, path,
                    &path_len));
    return envelope_deliver_at(envelope, facts, index, (const uint8_t(*)[HASH_BYTES])path, path_len,
                               ret_delivered);
}

int envelope_stub(const Hotline__V1__Envelope *envelope, const struct envelope_facts *facts,
                  struct blob **ret_stub)
{
    Hotline__V1__Stub stub = HOTLINE__V1__STUB__INIT;
    uint8_t ct_hash[HASH_BYTES];
    uint8_t root[HASH_BYTES];

    memcpy(ct_hash, facts->ct_hash, HASH_BYTES);
    memcpy(root, facts->slots_root, HASH_BYTES);
    stub.header = envelope->header;
    stub.ct_hash = (ProtobufCBinaryData){HASH_BYTES, ct_hash};
    stub.slots_root = (ProtobufCBinaryData){HASH_BYTES, root};
    stub.sig = envelope->sig;
    return strict_pack(&stub.base, ret_stub);
}
