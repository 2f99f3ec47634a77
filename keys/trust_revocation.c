/* trust_revocation — what stands beside a roster: keys revoked by the national threshold, or by themselves. */
#include <stdio.h>
#include <string.h>

#include "base/strict.h"
#include "keys/admit.h"

#define SIGNERS_MAX 8 /* of one revocation */

/* The key itself, one signature among others: it cannot reach back. */
static int check_self(struct admit *admit, const Hotline__V1__Signed *object,
                      const Hotline__V1__Revocation *revocation, const struct cert *cert)
{
    uint8_t pk[32];
    const ProtobufCBinaryData key = {sizeof(pk), pk}; /* protobuf-c's bytes are not const */

    memcpy(pk, cert->sign_pk, sizeof(pk));
    int err = sign_check_threshold(admit->suite, object, label_fixed(LABEL_REVOCATION), &key, 1, 1);
    if (err != HL_OK)
        return admit_refuse(admit, err, "roster", "a revocation is not signed");
    if (revocation->invalid_since_ms != revocation->at_ms)
        return admit_refuse(admit, HL_EVERIFY, "roster", "a key's own revocation reaches back");
    return HL_OK;
}

static struct cert *find_cert(struct roster *roster, const Hotline__V1__Revocation *revocation)
{
    for (size_t i = 0; i < roster->cert_count; i++) {
        struct cert *cert = &roster->certs[i];

        if (cert->serial == revocation->cert_serial &&
            bytes_equal(BYTES_OF(cert->id), BYTES(revocation->key_id.data, ID_BYTES)))
            return cert;
    }
    return NULL;
}

static int keep_signed(struct admit *admit, const Hotline__V1__Signed *object, struct cert *cert)
{
    AUTO(blob) octets = NULL;

    int err = strict_pack(&object->base, &octets);
    if (err == HL_OK)
        err = admit_keep(admit, bytes_blob(octets), &cert->signed_revocation);
    return err == HL_OK ? HL_OK : admit_refuse(admit, err, "roster", "");
}

/* *ret_is_good: somebody entitled signs. A revocation by a key that has left the roster cannot be judged with this roster
 * alone; it harms nobody, and does not count. */
static int judge_revocation(struct admit *admit, struct entity *entity,
                            const Hotline__V1__Signed *object,
                            const Hotline__V1__Revocation *revocation, bool *ret_is_good)
{
    struct cert *cert = find_cert(entity->roster, revocation);

    if (!admit_has_ns(admit, &revocation->ns) ||
        !bytes_equal(BYTES(revocation->entity.data, ID_BYTES), BYTES_OF(entity->id)))
        return admit_refuse(admit, HL_EVERIFY, "roster", "a revocation belongs to another State");
    if (revocation->invalid_since_ms > revocation->at_ms)
        return admit_refuse(admit, HL_EFORMAT, "roster", "a revocation begins after it was made");
    int err = admit_check_national(admit, entity, object, LABEL_REVOCATION);
    if (err == HL_ENOMEM)
        return admit_refuse(admit, err, "roster", "");
    *ret_is_good = err == HL_OK || cert;
    if (!cert)
        return HL_OK;
    if (err != HL_OK)
        TRY(check_self(admit, object, revocation, cert));
    if (cert->revoked_since_ms != 0 && revocation->invalid_since_ms >= cert->revoked_since_ms)
        return HL_OK;
    cert->revoked_since_ms = revocation->invalid_since_ms;
    return keep_signed(admit, object, cert);
}

static int read_revocation(struct admit *admit, struct entity *entity,
                           const Hotline__V1__Signed *object, uint64_t *serial, uint32_t *good)
{
    ProtobufCMessage *body = NULL;
    bool is_good = false;

    if (object->n_sigs > SIGNERS_MAX || !sign_signers_are_distinct(object))
        return admit_refuse(admit, HL_EFORMAT, "roster",
                            "a revocation has more than 8 signatures, or two of one key");
    TRY(admit_parse_body(admit, BYTES(object->body.data, object->body.len),
                         &hotline__v1__revocation__descriptor, "roster", &body));
    const Hotline__V1__Revocation *revocation = (Hotline__V1__Revocation *)body;
    int err = revocation->cert_serial < *serial
                  ? admit_refuse(admit, HL_EFORMAT, "roster", "revocations do not ascend")
                  : judge_revocation(admit, entity, object, revocation, &is_good);
    *serial = revocation->cert_serial;
    *good += is_good;
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

int admit_revocations(struct admit *admit, struct entity *entity,
                      const Hotline__V1__RosterDoc *document, uint32_t floor)
{
    uint64_t serial = 0;
    uint32_t good = 0;

    for (size_t i = 0; i < document->n_revocations; i++)
        TRY(read_revocation(admit, entity, document->revocations[i], &serial, &good));
    entity->roster->revocations_missing = good < floor;
    if (good < floor && !admit->note[0])
        (void)snprintf(admit->note, sizeof(admit->note),
                       "roster: REVOCATIONS MISSING of %s, %u of at least %u", entity->code, good,
                       floor);
    return HL_OK;
}
