/* trust_revocation — what stands beside a roster: keys revoked by the national threshold, or by themselves. */
#include <stdio.h>
#include <string.h>

#include "base/strict.h"
#include "keys/admit.h"
#include "keys/revocation.h"

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
    struct cert *cert = NULL;
    const char *why = "";

    if (!admit_has_ns(admit, &revocation->ns) ||
        !bytes_equal(BYTES(revocation->entity.data, ID_BYTES), BYTES_OF(entity->id)))
        return admit_refuse(admit, HL_EVERIFY, "roster", "a revocation belongs to another State");
    int err = revocation_apply(admit->suite, entity, object, revocation, &cert, &why);
    if (err == HL_ENOTFOUND)
        return HL_OK;
    if (err != HL_OK)
        return admit_refuse(admit, err, "roster", why);
    *ret_is_good = true;
    return cert ? keep_signed(admit, object, cert) : HL_OK;
}

static int read_revocation(struct admit *admit, struct entity *entity,
                           const Hotline__V1__Signed *object, uint64_t *serial, uint32_t *good)
{
    ProtobufCMessage *body = NULL;
    bool is_good = false;

    TRY(admit_parse_body(admit, BYTES(object->body.data, object->body.len),
                         &hotline__v1__revocation__descriptor, "roster", &body));
    const Hotline__V1__Revocation *revocation = (Hotline__V1__Revocation *)body;
    int err = revocation->cert_serial < *serial
                  ? admit_refuse(admit, HL_EFORMAT, "roster", "revocations do not ascend")
                  : judge_revocation(admit, entity, object, revocation, &is_good);
    if (err == HL_OK) {
        *serial = revocation->cert_serial;
        *good += is_good;
    }
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

int admit_revocations(struct admit *admit, struct entity *entity,
                      const Hotline__V1__RosterDoc *document, uint32_t floor)
{
    uint64_t serial = 0;
    uint32_t good = 0;

    for (size_t i = 0; i < document->n_revocations; i++) {
        char name[40];
        int err = read_revocation(admit, entity, document->revocations[i], &serial, &good);

        (void)snprintf(name, sizeof(name), "revocation %zu of %s", i + 1, entity->code);
        TRY(err == HL_OK ? HL_OK : admit_leave_out(admit, err, name));
    }
    entity->roster->revocations_missing = good < floor;
    if (good < floor)
        admit_note(admit, "roster: REVOCATIONS MISSING of %s, %u of at least %u", entity->code,
                   good, floor);
    return HL_OK;
}
