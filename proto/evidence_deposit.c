/* evidence_deposit — records 10 to 13: the envelope, opened with its file key, its Link, its custody. */
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/evidence_parts.h"
#include "proto/schema.h"

static bool same(const ProtobufCBinaryData *data, const uint8_t *octets, size_t len)
{
    return bytes_equal(BYTES(data->data, data->len), BYTES(octets, len));
}

static struct deposit *begin_deposit(struct arbiter *arbiter, size_t item)
{
    struct deposit *deposit = &arbiter->deposits[arbiter->deposit_count++];
    *deposit = (struct deposit){.delivered = arbiter->items[item].octets, .item = item};
    return deposit;
}

/* A record 10 to 13 becomes part of its deposit. */
static int take_item(struct arbiter *arbiter, struct deposit *deposit, size_t index)
{
    const struct bundle_item *item = &arbiter->items[index];

    if (!deposit)
        return arbiter_fail(arbiter, index, "belongs to no envelope");
    if (item->type == RECORD_FILE_KEY && (item->octets.len != 32 || index != deposit->item + 1))
        return arbiter_fail(arbiter, index, "file key is not that of the record before");
    if (item->type == RECORD_LINK && (item->octets.len == 0 || deposit->link.len > 0))
        return arbiter_fail(arbiter, index, "an empty Link, or a second Link of one envelope");
    if (item->type == RECORD_FILE_KEY)
        deposit->file_key = item->octets;
    if (item->type == RECORD_LINK)
        deposit->link = item->octets;
    deposit->items_end = index + 1;
    return HL_OK;
}

/* Group records: 10 begins a deposit; 11, 12, 13 behind it are its own. */
static int group(struct arbiter *arbiter)
{
    struct deposit *deposit = NULL;
    size_t envelopes = 0;

    for (size_t i = 0; i < arbiter->count; i++)
        envelopes += arbiter->items[i].type == RECORD_ENVELOPE;
    arbiter->deposits = calloc(envelopes + 1, sizeof(arbiter->deposits[0]));
    if (!arbiter->deposits)
        return HL_ENOMEM;
    for (size_t i = 0; i < arbiter->count; i++) {
        uint32_t type = arbiter->items[i].type;

        if (type == RECORD_ENVELOPE)
            deposit = begin_deposit(arbiter, i);
        if (type >= RECORD_ENVELOPE && type <= RECORD_CUSTODY)
            TRY(take_item(arbiter, deposit, i));
    }
    return arbiter->deposit_count > 0
               ? HL_OK
               : arbiter_fail(arbiter, arbiter->count - 1, "no envelope in it");
}

int64_t deposit_time(const struct deposit *deposit)
{
    return deposit->has_two_operators ? deposit->last_ms : (int64_t)STRICT_MS_MAX;
}

/* Desk of a device; 0 when it is not of exactly one. */
static uint32_t kind_of(const struct cert *device)
{
    for (uint32_t kind = 1; kind <= 4; kind++) {
        if (device->desks == 1U << kind)
            return kind;
    }
    return 0;
}

static int read_sender(struct arbiter *arbiter, struct deposit *deposit,
                       const Hotline__V1__EnvelopeHeader *header)
{
    const struct cert *device =
        trust_cert(arbiter->trust, header->sender_entity.data, header->sender_device.data);

    if (!same(&header->ns, arbiter->trust->ns, NS_BYTES))
        return arbiter_fail(arbiter, deposit->item, "step 1, another namespace");
    if (!device || device->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE || kind_of(device) == 0)
        return arbiter_fail(arbiter, deposit->item, "sending device is not certified");
    if ((unsigned)header->plane != (unsigned)arbiter->manifest->plane)
        return arbiter_fail(arbiter, deposit->item, "plane is not the manifest's");
    deposit->sender_device = device;
    deposit->sender.kind = kind_of(device);
    memcpy(deposit->sender.entity, device->entity, ID_BYTES);
    deposit->is_content = header->class_ == HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTENT;
    return HL_OK;
}

/* The arbiter has nobody's word for the deposit hash but the bytes. */
static int check_signature(struct arbiter *arbiter, struct deposit *deposit,
                           const Hotline__V1__DeliveredEnvelope *delivered,
                           const Hotline__V1__EnvelopeHeader *header)
{
    uint8_t header_hash[HASH_BYTES];
    uint8_t ct_hash[HASH_BYTES];
    uint8_t ehash[HASH_BYTES];
    struct bytes sig = BYTES(delivered->sig.data, delivered->sig.len);

    label_hash1(label_fixed(LABEL_HEADER_HASH),
                BYTES(delivered->header.data, delivered->header.len), header_hash);
    hash_plain(BYTES(delivered->ct.data, delivered->ct.len), ct_hash);
    envelope_hashes(header_hash, ct_hash, delivered->slots_root.data, header->slot_count, sig,
                    ehash, deposit->deposit_hash);
    int err =
        sign_verify_body(arbiter->suite, deposit->sender_device->sign_pk,
                         label_of(LABEL_ENVELOPE, (unsigned)header->plane), BYTES_OF(ehash), sig);
    return arbiter_check(arbiter, deposit->item, err, "step 4, envelope signature");
}

#define SLOT_PROOF_MAX 10 /* of the schema */

/* Whose slot it is decides about the recipient, so its path counts also where nothing is opened. */
static int check_slot(struct arbiter *arbiter, struct deposit *deposit,
                      const Hotline__V1__DeliveredEnvelope *delivered, uint32_t slot_count)
{
    uint8_t leaf[32];
    uint8_t path[SLOT_PROOF_MAX][32];
    ProtobufCMessage *message = NULL;

    merkle_leaf(BYTES(delivered->slot.data, delivered->slot.len), leaf);
    for (size_t i = 0; i < delivered->n_proof && i < SLOT_PROOF_MAX; i++)
        memcpy(path[i], delivered->proof[i].data, 32);
    if (delivered->n_proof > SLOT_PROOF_MAX ||
        merkle_check_path(leaf, delivered->slot_index, slot_count, (const uint8_t(*)[32])path,
                          delivered->n_proof, delivered->slots_root.data) != HL_OK)
        return arbiter_fail(arbiter, deposit->item, "step 5, slot proof");
    int err = strict_unpack(&hotline__v1__slot__descriptor, &schema_envelope,
                            BYTES(delivered->slot.data, delivered->slot.len), &message, NULL);
    TRY(arbiter_check(arbiter, deposit->item, err, "step 1, slot"));
    const Hotline__V1__Slot *slot = (Hotline__V1__Slot *)message;
    memcpy(deposit->recipient.entity, slot->entity.data, ID_BYTES);
    deposit->recipient.kind = (uint32_t)slot->kind;
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}

static int judge_envelope(struct arbiter *arbiter, struct deposit *deposit,
                          const Hotline__V1__DeliveredEnvelope *delivered)
{
    ProtobufCMessage *message = NULL;

    int err = strict_unpack(&hotline__v1__envelope_header__descriptor, &schema_envelope,
                            BYTES(delivered->header.data, delivered->header.len), &message, NULL);
    TRY(arbiter_check(arbiter, deposit->item, err, "step 1, header"));
    const Hotline__V1__EnvelopeHeader *header = (Hotline__V1__EnvelopeHeader *)message;
    err = read_sender(arbiter, deposit, header);
    if (err == HL_OK)
        err = check_signature(arbiter, deposit, delivered, header);
    if (err == HL_OK)
        err = check_slot(arbiter, deposit, delivered, header->slot_count);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

static int judge_delivered(struct arbiter *arbiter, struct deposit *deposit)
{
    ProtobufCMessage *message = NULL;

    int err = strict_unpack(&hotline__v1__delivered_envelope__descriptor, &schema_envelope,
                            deposit->delivered, &message, NULL);
    TRY(arbiter_check(arbiter, deposit->item, err, "step 1, envelope is not canonical"));
    err = judge_envelope(arbiter, deposit, (Hotline__V1__DeliveredEnvelope *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

/* Once custody has given the time to judge by. Leaving the file key out is the exporter's choice: then only custody and
 * receipts are judged. */
static int open_deposit(struct arbiter *arbiter, struct deposit *deposit)
{
    const struct open_context context = {.suite = arbiter->suite,
                                         .trust = arbiter->trust,
                                         .own_desk = deposit->recipient,
                                         .file_key = deposit->file_key.data,
                                         .now_ms = deposit_time(deposit)};
    const struct cert *device = deposit->sender_device;

    if (deposit->file_key.len == 0)
        return device->revoked_since_ms == 0 || device->revoked_since_ms > context.now_ms
                   ? HL_OK
                   : arbiter_fail(arbiter, deposit->item, "signed with a revoked key");
    TRY(open_delivered(&context, deposit->deposit_hash, deposit->delivered, &deposit->opened));
    if (deposit->opened->result != OPEN_OK)
        return arbiter_fail(arbiter, deposit->item,
                            deposit->opened->detail ? deposit->opened->detail : "does not open");
    memcpy(deposit->content_hash, deposit->opened->content_hash, HASH_BYTES);
    deposit->has_content_hash = true;
    return HL_OK;
}

static int compare_link(struct arbiter *arbiter, struct deposit *deposit,
                        const Hotline__V1__Signed *object, const Hotline__V1__Link *link)
{
    const struct cert *device = deposit->sender_device;

    if (!same(&link->ns, arbiter->trust->ns, NS_BYTES) ||
        (unsigned)link->plane != (unsigned)arbiter->manifest->plane)
        return arbiter_fail(arbiter, deposit->item, "step 13, Link of another namespace or plane");
    if (!same(&link->recipient_entity, deposit->recipient.entity, ID_BYTES) ||
        (uint32_t)link->recipient_kind != deposit->recipient.kind)
        return arbiter_fail(arbiter, deposit->item, "step 13, Link to another desk");
    if (!same(&link->sender_device, device->id, ID_BYTES) ||
        (deposit->opened && !same(&link->content_hash, deposit->content_hash, HASH_BYTES)))
        return arbiter_fail(arbiter, deposit->item, "step 13, Link about another notice");
    if (object->n_sigs != 1)
        return arbiter_fail(arbiter, deposit->item, "step 13, Link's signature");
    TRY(arbiter_check(arbiter, deposit->item,
                      sign_check_at(arbiter->suite, object, 0,
                                    label_of(LABEL_LINK, (unsigned)link->plane), device->sign_pk),
                      "step 13, Link's signature"));
    memcpy(deposit->content_hash, link->content_hash.data, HASH_BYTES);
    deposit->has_content_hash = true;
    return HL_OK;
}

static int judge_link(struct arbiter *arbiter, struct deposit *deposit)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    if (deposit->link.len == 0)
        return HL_OK;
    int err = sign_parse(deposit->link, &object);
    TRY(arbiter_check(arbiter, deposit->item, err, "step 13, Link is not canonical"));
    err = strict_unpack(&hotline__v1__link__descriptor, &schema_envelope,
                        BYTES(object->body.data, object->body.len), &body, NULL);
    err = err == HL_OK
              ? compare_link(arbiter, deposit, object, (Hotline__V1__Link *)body)
              : arbiter_check(arbiter, deposit->item, err, "step 13, Link is not canonical");
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

/* The relay that a receipt names, NULL when the directory has none; its signature is judged afterwards. */
static int relay_of(const struct arbiter *arbiter, struct bytes receipt,
                    const struct relay_info **ret_relay)
{
    ProtobufCMessage *outer = NULL;
    ProtobufCMessage *body = NULL;

    TRY(strict_unpack(&hotline__v1__custody_receipt__descriptor, &schema_receipt, receipt, &outer,
                      NULL));
    const Hotline__V1__CustodyReceipt *message = (Hotline__V1__CustodyReceipt *)outer;
    int err = strict_unpack(&hotline__v1__custody__descriptor, &schema_receipt,
                            BYTES(message->body.data, message->body.len), &body, NULL);
    if (err == HL_OK) {
        *ret_relay = trust_relay(arbiter->trust, ((Hotline__V1__Custody *)body)->relay.data);
        protobuf_c_message_free_unpacked(body, NULL);
    }
    protobuf_c_message_free_unpacked(outer, NULL);
    return err;
}

static int judge_receipt(struct arbiter *arbiter, struct deposit *deposit, size_t item,
                         const struct relay_info **ret_relay)
{
    const struct relay_info *relay = NULL;
    struct custody_facts facts;
    const char *detail = "";

    TRY(arbiter_check(arbiter, item, relay_of(arbiter, arbiter->items[item].octets, &relay),
                      "custody: not canonical"));
    if (!relay)
        return arbiter_fail(arbiter, item, "custody of an unknown relay");
    const struct custody_expectation expected = {.ns = arbiter->trust->ns,
                                                 .relay = relay,
                                                 .deposit_hash = deposit->deposit_hash,
                                                 .plane = (unsigned)arbiter->manifest->plane,
                                                 .from = deposit->sender,
                                                 .own_desk = deposit->recipient};
    int err = custody_receipt_check(arbiter->suite, &expected, arbiter->items[item].octets, &facts,
                                    &detail);
    TRY(arbiter_check(arbiter, item, err, detail));
    if (!deposit->has_custody || facts.received_ms < deposit->first_ms)
        deposit->first_ms = facts.received_ms;
    if (!deposit->has_custody || facts.received_ms > deposit->last_ms)
        deposit->last_ms = facts.received_ms;
    deposit->has_custody = true;
    *ret_relay = relay;
    return HL_OK;
}

static int judge_custody(struct arbiter *arbiter, struct deposit *deposit)
{
    const char *operator_name = NULL;

    for (size_t i = deposit->item; i < deposit->items_end; i++) {
        const struct relay_info *relay = NULL;

        if (arbiter->items[i].type != RECORD_CUSTODY)
            continue;
        TRY(judge_receipt(arbiter, deposit, i, &relay));
        if (!relay) /* judged, so it is named */
            return HL_EINVAL;
        if (operator_name && strcmp(operator_name, relay->operator_name) != 0)
            deposit->has_two_operators = true;
        operator_name = relay->operator_name;
    }
    deposit->basis = deposit->has_two_operators ? "2 OPERATORS"
                     : deposit->has_custody     ? "1 RELAY"
                                                : "NONE";
    return HL_OK;
}

int arbiter_deposits(struct arbiter *arbiter)
{
    TRY(group(arbiter));
    for (size_t i = 0; i < arbiter->deposit_count; i++) {
        TRY(judge_delivered(arbiter, &arbiter->deposits[i]));
        TRY(judge_custody(arbiter, &arbiter->deposits[i]));
        TRY(open_deposit(arbiter, &arbiter->deposits[i]));
        TRY(judge_link(arbiter, &arbiter->deposits[i]));
    }
    return HL_OK;
}
