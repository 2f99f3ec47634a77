/* evidence_reject — record 19: a device's signed word that it could not verify a deposit. It makes `sent` a remark. */
#include "proto/evidence_parts.h"
#include "proto/schema.h"

static int apply(struct arbiter *arbiter, size_t item, const Hotline__V1__Signed *object,
                 const Hotline__V1__Reject *reject)
{
    const struct cert *device =
        trust_cert(arbiter->trust, reject->by_entity.data, reject->by_device.data);

    if (!bytes_equal(BYTES(reject->ns.data, reject->ns.len), BYTES_OF(arbiter->trust->ns)))
        return arbiter_fail(arbiter, item, "Reject of another federation");
    if (!device || device->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE || object->n_sigs != 1)
        return arbiter_fail(arbiter, item, "rejecting device is not certified");
    TRY(arbiter_check(
        arbiter, item,
        sign_check_at(arbiter->suite, object, 0, label_fixed(LABEL_REJECT), device->sign_pk),
        "Reject's signature"));
    for (size_t i = 0; i < arbiter->deposit_count; i++) {
        if (bytes_equal(BYTES_OF(arbiter->deposits[i].deposit_hash),
                        BYTES(reject->deposit_hash.data, reject->deposit_hash.len)))
            arbiter->deposits[i].is_rejected = true;
    }
    return HL_OK;
}

static int judge(struct arbiter *arbiter, size_t item)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    TRY(arbiter_check(arbiter, item, sign_parse(arbiter->items[item].octets, &object),
                      "Reject is not canonical"));
    int err = strict_unpack(&hotline__v1__reject__descriptor, &schema_receipt,
                            BYTES(object->body.data, object->body.len), &body, NULL);
    err = err == HL_OK ? apply(arbiter, item, object, (Hotline__V1__Reject *)body)
                       : arbiter_check(arbiter, item, err, "Reject is not canonical");
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

int arbiter_rejects(struct arbiter *arbiter)
{
    for (size_t i = 0; i < arbiter->count; i++) {
        if (arbiter->items[i].type == RECORD_REJECT)
            TRY(judge(arbiter, i));
    }
    return HL_OK;
}
