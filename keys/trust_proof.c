/* trust_proof — evidence: single certificates with their paths in a signed roster. */
#include <stdlib.h>
#include <string.h>

#include "keys/admit.h"
#include "keys/merkle.h"
#include "keys/schema.h"

#define CERTS_MAX 256

/* The roster of a State, taken at its first proof; every further proof must carry the same one. */
static int proof_roster(struct admit *admit, const Hotline__V1__Signed *object,
                        const Hotline__V1__NationalRoster *from, struct entity *entity)
{
    AUTO(blob) packed = NULL;

    TRY(strict_pack(&object->base, &packed));
    if (entity && entity->roster)
        return bytes_equal(bytes_blob(packed), entity->roster->signed_roster)
                   ? HL_OK
                   : admit_refuse(admit, HL_EVERIFY, "certificate proof",
                                  "a State has two rosters");
    TRY(admit_roster_head(admit, object, from, entity)); /* refuses a State that is not there */
    if (!entity || !entity->roster)
        return HL_EINVAL;
    entity->roster->certs = calloc(CERTS_MAX, sizeof(entity->roster->certs[0]));
    if (!entity->roster->certs)
        return HL_ENOMEM;
    return admit_keep(admit, bytes_blob(packed), &entity->roster->signed_roster);
}

static int proof_cert(struct admit *admit, const Hotline__V1__CertProof *proof,
                      const Hotline__V1__NationalRoster *from, struct entity *entity)
{
    struct roster *roster = entity->roster;
    struct bytes octets = BYTES(proof->cert.data, proof->cert.len);
    uint8_t leaf[32];
    uint8_t path[8][32];

    if (roster->cert_count == CERTS_MAX)
        return admit_refuse(admit, HL_ETOOBIG, "certificate proof", "more than 256 of a State");
    merkle_leaf(octets, leaf);
    for (size_t i = 0; i < proof->n_proof; i++)
        memcpy(path[i], proof->proof[i].data, 32);
    if (merkle_check_path(leaf, proof->index, from->cert_count, (const uint8_t(*)[32])path,
                          proof->n_proof, from->certs_root.data) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "certificate proof",
                            "certificate is not in the signed tree");
    TRY(admit_cert(admit, entity, octets, &roster->certs[roster->cert_count]));
    roster->certs[roster->cert_count++].index = proof->index;
    return HL_OK;
}

int admit_cert_proof(struct admit *admit, struct bytes input)
{
    ProtobufCMessage *message = NULL;
    ProtobufCMessage *body = NULL;

    int err =
        strict_unpack(&hotline__v1__cert_proof__descriptor, &schema_trust, input, &message, NULL);
    Hotline__V1__CertProof *proof = (Hotline__V1__CertProof *)message;
    if (err == HL_OK)
        err = strict_unpack(&hotline__v1__national_roster__descriptor, &schema_trust,
                            BYTES(proof->roster->body.data, proof->roster->body.len), &body, NULL);
    if (err != HL_OK)
        (void)admit_refuse(admit, err, "certificate proof", "not canonical");
    Hotline__V1__NationalRoster *from = (Hotline__V1__NationalRoster *)body;
    if (err == HL_OK)
        err = proof_roster(admit, proof->roster, from, admit_entity(admit, &from->entity));
    if (err == HL_OK)
        err = proof_cert(admit, proof, from, admit_entity(admit, &from->entity));
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    return err;
}
