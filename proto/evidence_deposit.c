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

/* Group records: 10 begins a deposit; 11, 12, 13 behind it are its own. */
static int group(struct arbiter *arbiter)
{
    struct deposit *deposit = NULL;

    for (size_t i = 0; i < arbiter->count; i++) {
        const struct bundle_item *item = &arbiter->items[i];

        if (item->type == RECORD_ENVELOPE) {
            if (arbiter->deposit_count == BUNDLE_DEPOSITS_MAX)
                return arbiter_fail(arbiter, i, "too many deposits");
            deposit = &arbiter->deposits[arbiter->deposit_count++];
            *deposit = (struct deposit){.delivered = item->octets, .item = i};
        }
        bool is_own = item->type >= RECORD_ENVELOPE && item->type <= RECORD_CUSTODY;
        if (is_own && !deposit)
            return arbiter_fail(arbiter, i, "belongs to no envelope");
        if (item->type == RECORD_FILE_KEY && (item->octets.len != 32 || deposit->file_key.len > 0))
            return arbiter_fail(arbiter, i, "file key");
        if (item->type == RECORD_FILE_KEY)
            deposit->file_key = item->octets;
        if (item->type == RECORD_LINK)
            deposit->link = item->octets;
        if (is_own)
            deposit->items_end = i + 1;
        if (item->type == RECORD_RESERVATION)
            arbiter->reservation = item->octets;
    }
    return arbiter->deposit_count > 0
               ? HL_OK
               : arbiter_fail(arbiter, arbiter->count - 1, "no envelope in it");
}

/* Hashes of a DeliveredEnvelope, and its sender; the arbiter has nobody's word for the deposit hash but the bytes. */
static int compute_hash(struct arbiter *arbiter, struct deposit *deposit,
                        const Hotline__V1__DeliveredEnvelope *delivered,
                        const Hotline__V1__EnvelopeHeader *header)
{
    uint8_t header_hash[HASH_BYTES];
    uint8_t ct_hash[HASH_BYTES];
    uint8_t ehash[HASH_BYTES];
    const struct cert *device =
        trust_cert(arbiter->trust, header->sender_entity.data, header->sender_device.data);

    label_hash1(label_fixed(LABEL_HEADER_HASH),
                BYTES(delivered->header.data, delivered->header.len), header_hash);
    hash_plain(BYTES(delivered->ct.data, delivered->ct.len), ct_hash);
    envelope_hashes(header_hash, ct_hash, delivered->slots_root.data, header->slot_count,
                    BYTES(delivered->sig.data, delivered->sig.len), ehash, deposit->deposit_hash);
    if (!device || device->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE)
        return arbiter_fail(arbiter, deposit->item, "sending device is not certified");
    if (sign_verify_body(arbiter->suite, device->sign_pk,
                         label_of(LABEL_ENVELOPE, (unsigned)header->plane), BYTES_OF(ehash),
                         BYTES(delivered->sig.data, delivered->sig.len)) != HL_OK)
        return arbiter_fail(arbiter, deposit->item, "step 4, envelope signature");
    if ((unsigned)header->plane != (unsigned)arbiter->manifest->plane)
        return arbiter_fail(arbiter, deposit->item, "plane is not the manifest's");
    return HL_OK;
}

static int read_slot_desk(struct arbiter *arbiter, struct deposit *deposit,
                          const Hotline__V1__DeliveredEnvelope *delivered)
{
    ProtobufCMessage *message = NULL;

    if (strict_unpack(&hotline__v1__slot__descriptor, &schema_envelope,
                      BYTES(delivered->slot.data, delivered->slot.len), &message, NULL) != HL_OK)
        return arbiter_fail(arbiter, deposit->item, "step 1, slot");
    const Hotline__V1__Slot *slot = (Hotline__V1__Slot *)message;
    memcpy(deposit->recipient.entity, slot->entity.data, ID_BYTES);
    deposit->recipient.kind = (uint32_t)slot->kind;
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}

static int open_with_key(struct arbiter *arbiter, struct deposit *deposit, int64_t created_ms)
{
    const struct open_context context = {
        .suite = arbiter->suite,
        .trust = arbiter->trust,
        .own_desk = deposit->recipient,
        .file_key = deposit->file_key.data,
        .now_ms = created_ms}; /* judged by custody's time where there is one */

    TRY(open_delivered(&context, deposit->deposit_hash, deposit->delivered, &deposit->opened));
    if (deposit->opened->result != OPEN_OK)
        return arbiter_fail(arbiter, deposit->item,
                            deposit->opened->detail ? deposit->opened->detail : "does not open");
    memcpy(deposit->content_hash, deposit->opened->content_hash, HASH_BYTES);
    return HL_OK;
}

static int judge_envelope(struct arbiter *arbiter, struct deposit *deposit,
                          const Hotline__V1__DeliveredEnvelope *delivered)
{
    ProtobufCMessage *message = NULL;

    if (strict_unpack(&hotline__v1__envelope_header__descriptor, &schema_envelope,
                      BYTES(delivered->header.data, delivered->header.len), &message,
                      NULL) != HL_OK)
        return arbiter_fail(arbiter, deposit->item, "step 1, header");
    const Hotline__V1__EnvelopeHeader *header = (Hotline__V1__EnvelopeHeader *)message;
    int64_t created_ms = header->created_ms;
    int err = compute_hash(arbiter, deposit, delivered, header);
    protobuf_c_message_free_unpacked(message, NULL);
    if (err == HL_OK)
        err = read_slot_desk(arbiter, deposit, delivered);
    if (err == HL_OK && deposit->file_key.len > 0)
        err = open_with_key(arbiter, deposit, created_ms);
    return err;
}

static int judge_delivered(struct arbiter *arbiter, struct deposit *deposit)
{
    ProtobufCMessage *message = NULL;

    if (strict_unpack(&hotline__v1__delivered_envelope__descriptor, &schema_envelope,
                      deposit->delivered, &message, NULL) != HL_OK)
        return arbiter_fail(arbiter, deposit->item, "step 1, envelope is not canonical");
    int err = judge_envelope(arbiter, deposit, (Hotline__V1__DeliveredEnvelope *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

static int compare_link(struct arbiter *arbiter, struct deposit *deposit,
                        const Hotline__V1__Signed *object, const Hotline__V1__Link *link)
{
    const struct opened *opened = deposit->opened;
    const struct cert *device = opened ? opened->sender_device : NULL;

    if (!same(&link->ns, arbiter->trust->ns, NS_BYTES) ||
        (unsigned)link->plane != (unsigned)arbiter->manifest->plane)
        return arbiter_fail(arbiter, deposit->item, "step 13, Link of another namespace or plane");
    if (!same(&link->recipient_entity, deposit->recipient.entity, ID_BYTES) ||
        (uint32_t)link->recipient_kind != deposit->recipient.kind)
        return arbiter_fail(arbiter, deposit->item, "step 13, Link to another desk");
    if (opened && (!same(&link->content_hash, opened->content_hash, HASH_BYTES) ||
                   !same(&link->sender_device, device->id, ID_BYTES)))
        return arbiter_fail(arbiter, deposit->item, "step 13, Link about another notice");
    for (size_t i = 0; !device && i < arbiter->trust->entity_count; i++)
        device =
            trust_cert(arbiter->trust, arbiter->trust->entities[i].id, link->sender_device.data);
    if (!device || object->n_sigs != 1 ||
        sign_check_at(arbiter->suite, object, 0, label_of(LABEL_LINK, (unsigned)link->plane),
                      device->sign_pk) != HL_OK)
        return arbiter_fail(arbiter, deposit->item, "step 13, Link's signature");
    memcpy(deposit->content_hash, link->content_hash.data, HASH_BYTES);
    return HL_OK;
}

static int judge_link(struct arbiter *arbiter, struct deposit *deposit)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    if (deposit->link.len == 0)
        return HL_OK;
    if (sign_parse(deposit->link, &object) != HL_OK)
        return arbiter_fail(arbiter, deposit->item, "step 13, Link is not canonical");
    int err = strict_unpack(&hotline__v1__link__descriptor, &schema_envelope,
                            BYTES(object->body.data, object->body.len), &body, NULL);
    err = err == HL_OK ? compare_link(arbiter, deposit, object, (Hotline__V1__Link *)body)
                       : arbiter_fail(arbiter, deposit->item, "step 13, Link is not canonical");
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

/* The relay that a receipt names; its signature is judged afterwards. */
static const struct relay_info *relay_of(const struct arbiter *arbiter, struct bytes receipt)
{
    const struct relay_info *relay = NULL;
    ProtobufCMessage *outer = NULL;
    ProtobufCMessage *body = NULL;

    if (strict_unpack(&hotline__v1__custody_receipt__descriptor, &schema_receipt, receipt, &outer,
                      NULL) != HL_OK)
        return NULL;
    const Hotline__V1__CustodyReceipt *message = (Hotline__V1__CustodyReceipt *)outer;
    if (strict_unpack(&hotline__v1__custody__descriptor, &schema_receipt,
                      BYTES(message->body.data, message->body.len), &body, NULL) == HL_OK) {
        relay = trust_relay(arbiter->trust, ((Hotline__V1__Custody *)body)->relay.data);
        protobuf_c_message_free_unpacked(body, NULL);
    }
    protobuf_c_message_free_unpacked(outer, NULL);
    return relay;
}

static int judge_receipt(struct arbiter *arbiter, struct deposit *deposit, size_t item,
                         const struct relay_info **ret_relay)
{
    const struct relay_info *relay = relay_of(arbiter, arbiter->items[item].octets);
    struct custody_facts facts;
    const char *detail = "";

    if (!relay)
        return arbiter_fail(arbiter, item, "custody of an unknown relay");
    struct custody_expectation expected = {.ns = arbiter->trust->ns,
                                           .relay = relay,
                                           .deposit_hash = deposit->deposit_hash,
                                           .plane = (unsigned)arbiter->manifest->plane,
                                           .own_desk = deposit->recipient};
    if (deposit->opened)
        expected.from = deposit->opened->sender;
    else
        return arbiter_fail(
            arbiter, item,
            "custody of an envelope without its file key"); /* sender's desk is not known */
    int err = custody_receipt_check(arbiter->suite, &expected, arbiter->items[item].octets, &facts,
                                    &detail);
    if (err == HL_ENOMEM)
        return err;
    if (err != HL_OK)
        return arbiter_fail(arbiter, item, detail);
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

    deposit->basis = "NONE";
    for (size_t i = deposit->item; i < deposit->items_end; i++) {
        const struct relay_info *relay = NULL;

        if (arbiter->items[i].type != RECORD_CUSTODY)
            continue;
        TRY(judge_receipt(arbiter, deposit, i, &relay));
        if (!operator_name)
            deposit->basis = "1 RELAY";
        else if (strcmp(operator_name, relay->operator_name) != 0)
            deposit->basis = "2 OPERATORS";
        operator_name = relay->operator_name;
    }
    return HL_OK;
}

int arbiter_deposits(struct arbiter *arbiter)
{
    TRY(group(arbiter));
    for (size_t i = 0; i < arbiter->deposit_count; i++) {
        TRY(judge_delivered(arbiter, &arbiter->deposits[i]));
        TRY(judge_link(arbiter, &arbiter->deposits[i]));
        TRY(judge_custody(arbiter, &arbiter->deposits[i]));
    }
    return HL_OK;
}
