/* evidence_revocation — record 6: a key revoked by its State's threshold, or by itself. What an exporter put into his bundle
 * speaks also against him. */
#include "proto/evidence_parts.h"
#include "proto/schema.h"

#define NATIONAL_KEYS_MAX 16

static int check_national(const struct arbiter *arbiter, const struct entity *entity,
                          const Hotline__V1__Signed *object)
{
    ProtobufCBinaryData keys[NATIONAL_KEYS_MAX];
    uint8_t octets[NATIONAL_KEYS_MAX][32]; /* protobuf-c's octets are not const */

    if (entity->national_threshold == 0) /* no national root came along: nobody to ask */
        return HL_EVERIFY;
    for (size_t i = 0; i < entity->national_key_count; i++) {
        for (size_t k = 0; k < 32; k++)
            octets[i][k] = entity->national_keys[i][k];
        keys[i] = (ProtobufCBinaryData){32, octets[i]};
    }
    return sign_check_threshold(arbiter->suite, object, label_fixed(LABEL_REVOCATION), keys,
                                entity->national_key_count, entity->national_threshold);
}

/* The key itself cannot reach back. */
static int check_self(const struct arbiter *arbiter, const struct cert *cert,
                      const Hotline__V1__Signed *object, const Hotline__V1__Revocation *revocation)
{
    if (!cert || object->n_sigs != 1 || revocation->invalid_since_ms != revocation->at_ms)
        return HL_EVERIFY;
    return sign_check_at(arbiter->suite, object, 0, label_fixed(LABEL_REVOCATION), cert->sign_pk);
}

/* Certificates are looked up by (entity, id): a revocation acts in its own State only. */
static struct cert *find_cert(const struct entity *entity,
                              const Hotline__V1__Revocation *revocation)
{
    for (size_t i = 0; entity->roster && i < entity->roster->cert_count; i++) {
        struct cert *cert = &entity->roster->certs[i];

        if (cert->serial == revocation->cert_serial &&
            bytes_equal(BYTES_OF(cert->id), BYTES(revocation->key_id.data, ID_BYTES)))
            return cert;
    }
    return NULL;
}

static int apply(struct arbiter *arbiter, size_t item, const Hotline__V1__Signed *object,
                 const Hotline__V1__Revocation *revocation)
{
    const struct entity *entity = trust_entity(arbiter->trust, revocation->entity.data);

    if (!entity ||
        !bytes_equal(BYTES(revocation->ns.data, revocation->ns.len), BYTES_OF(arbiter->trust->ns)))
        return arbiter_fail(arbiter, item, "revocation of another federation");
    if (revocation->invalid_since_ms > revocation->at_ms)
        return arbiter_fail(arbiter, item, "revocation begins after it was made");
    struct cert *cert = find_cert(entity, revocation);
    int err = check_national(arbiter, entity, object);
    if (err != HL_OK && err != HL_ENOMEM)
        err = check_self(arbiter, cert, object, revocation);
    TRY(arbiter_check(arbiter, item, err, "revocation is not signed"));
    if (cert &&
        (cert->revoked_since_ms == 0 || revocation->invalid_since_ms < cert->revoked_since_ms))
        cert->revoked_since_ms = revocation->invalid_since_ms;
    return HL_OK;
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
