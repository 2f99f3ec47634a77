/* evidence_revocation — record 6: a key revoked by its State's threshold, or by itself. What an exporter put into his bundle
 * speaks also against him. */
#include "keys/revocation.h"
#include "proto/evidence_parts.h"
#include "proto/schema.h"

static int apply(struct arbiter *arbiter, size_t item, const Hotline__V1__Signed *object,
                 const Hotline__V1__Revocation *revocation)
{
    const struct entity *entity = trust_entity(arbiter->trust, revocation->entity.data);
    struct cert *cert = NULL;
    const char *why = "";

    if (!entity ||
        !bytes_equal(BYTES(revocation->ns.data, revocation->ns.len), BYTES_OF(arbiter->trust->ns)))
        return arbiter_fail(arbiter, item, "revocation of another federation");
    int err = revocation_apply(arbiter->suite, entity, object, revocation, &cert, &why);
    return arbiter_check(arbiter, item, err, why);
}

static int judge(struct arbiter *arbiter, size_t item)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    TRY(arbiter_check(arbiter, item, sign_parse(arbiter->items[item].octets, &object),
                      "revocation is not canonical"));
    int err = strict_unpack(&hotline__v1__revocation__descriptor, &schema_trust,
                            BYTES(object->body.data, object->body.len), &body, NULL);
    err = err == HL_OK ? apply(arbiter, item, object, (Hotline__V1__Revocation *)body)
                       : arbiter_check(arbiter, item, err, "revocation is not canonical");
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

int arbiter_revocations(struct arbiter *arbiter)
{
    for (size_t i = 0; i < arbiter->count; i++) {
        if (arbiter->items[i].type == RECORD_REVOCATION)
            TRY(judge(arbiter, i));
    }
    return HL_OK;
}
