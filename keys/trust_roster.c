/* trust_roster — national roots and rosters: thresholds, the tree of certificates, possession, keys used twice. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/admit.h"
#include "keys/merkle.h"
#include "keys/schema.h"

#define DAY_MS         (24LL * 3600 * 1000)
#define ROSTER_LIFE_MS (90 * DAY_MS)
#define CERT_LIFE_MS   (400 * DAY_MS)
#define CERTS_MAX      256
#define ROSTER_MAX     (256U * 1024)
#define DEVICE_ROLES   ((uint32_t)(ROLE_BIT_AUTO | ROLE_BIT_MONITOR | ROLE_BIT_DESK))

static struct entity *find_entity(struct admit *admit, const ProtobufCBinaryData *id)
{
    for (size_t i = 0; i < admit->trust->entity_count; i++) {
        if (bytes_equal(BYTES_OF(admit->trust->entities[i].id), BYTES(id->data, id->len)))
            return &admit->trust->entities[i];
    }
    return NULL;
}

static bool has_ns(const struct admit *admit, const ProtobufCBinaryData *ns)
{
    return bytes_equal(BYTES(ns->data, ns->len), BYTES_OF(admit->trust->ns));
}

static int read_national_keys(struct admit *admit, const Hotline__V1__NationalRoot *root,
                              struct entity *entity)
{
    if (root->threshold > root->n_keys)
        return admit_refuse(admit, HL_EFORMAT, "national root",
                            "threshold is larger than the number of keys");
    for (size_t i = 0; i < root->n_keys; i++) {
        if (i > 0 &&
            bytes_order(BYTES(root->keys[i - 1].data, 32), BYTES(root->keys[i].data, 32)) >= 0)
            return admit_refuse(admit, HL_EFORMAT, "national root", "keys do not ascend");
        if (admit->suite->check_pk(root->keys[i].data) != HL_OK)
            return admit_refuse(admit, HL_EVERIFY, "national root", "a key is no valid point");
        memcpy(entity->national_keys[i], root->keys[i].data, 32);
    }
    entity->national_key_count = root->n_keys;
    entity->national_threshold = root->threshold;
    return HL_OK;
}

static int judge_national_root(struct admit *admit, const Hotline__V1__Signed *object,
                               const Hotline__V1__NationalRoot *root, struct entity **ret_entity)
{
    struct entity *entity = find_entity(admit, &root->entity);
    uint8_t hash[HASH_BYTES];

    if (!has_ns(admit, &root->ns))
        return admit_refuse(admit, HL_EVERIFY, "national root", "belongs to another namespace");
    if (!entity)
        return admit_refuse(admit, HL_EVERIFY, "national root",
                            "its State is not in the directory");
    if (entity->national_key_count > 0)
        return admit_refuse(admit, HL_EFORMAT, "national root", "a State has two");
    if (root->version != 1 || !bytes_all_zero(BYTES(root->prev_hash.data, 32)))
        return admit_refuse(admit, HL_EFORMAT, "national root", "only version 1 is understood");
    label_hash1(label_fixed(LABEL_NATIONAL_ROOT), BYTES(object->body.data, object->body.len), hash);
    if (entity->national_root_version != root->version ||
        !bytes_equal(BYTES_OF(hash), BYTES_OF(entity->national_root_hash)))
        return admit_refuse(admit, HL_EVERIFY, "national root", "is not the one in the directory");
    TRY(read_national_keys(admit, root, entity));
    *ret_entity = entity;
    if (sign_check_threshold(admit->suite, object, label_fixed(LABEL_NATIONAL_ROOT), root->keys,
                             root->n_keys, root->threshold) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "national root", "too few signatures");
    return HL_OK;
}

int admit_national_root(struct admit *admit, struct bytes input)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;
    struct entity *entity = NULL;

    TRY(admit_parse(admit, input, &hotline__v1__national_root__descriptor, "national root", &object,
                    &body));
    int err = judge_national_root(admit, object, (Hotline__V1__NationalRoot *)body, &entity);
    if (err == HL_OK)
        err = admit_keep(admit, input, &entity->signed_national_root);
    protobuf_c_message_free_unpacked(body, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

/* SIG(possession, ns | entity | u8 kind | sign_pk | noise_static or 32 zeros) by sign_pk */
static int check_possession(struct admit *admit, const Hotline__V1__Cert *cert)
{
    uint8_t body[NS_BYTES + ID_BYTES + 1 + 32 + 32] = {0};

    memcpy(body, cert->ns.data, NS_BYTES);
    memcpy(body + 32, cert->entity.data, ID_BYTES);
    body[48] = (uint8_t)cert->kind;
    memcpy(body + 49, cert->sign_pk.data, 32);
    if (cert->noise_static.len == 32)
        memcpy(body + 81, cert->noise_static.data, 32);
    if (sign_verify_body(admit->suite, cert->sign_pk.data, label_fixed(LABEL_POSSESSION),
                         BYTES_OF(body), BYTES(cert->pop.data, cert->pop.len)) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "possession of a certificate's key is not proved");
    return HL_OK;
}

static bool roles_fit(const Hotline__V1__Cert *cert)
{
    uint32_t terminal = cert->roles & (ROLE_BIT_MONITOR | ROLE_BIT_DESK);

    if (cert->kind == HOTLINE__V1__CERT_KIND__CERT_OFFICER)
        return (cert->roles & ~15U) == 0;
    return (cert->roles & ROLE_BIT_AUTO) && (cert->roles | DEVICE_ROLES) == DEVICE_ROLES &&
           (terminal == ROLE_BIT_MONITOR || terminal == ROLE_BIT_DESK);
}

static int check_fields(struct admit *admit, const Hotline__V1__Cert *cert)
{
    bool is_device = cert->kind == HOTLINE__V1__CERT_KIND__CERT_DEVICE;
    bool has_device_fields = cert->noise_static.len == 32 && cert->device_no >= 1;

    if (!roles_fit(cert))
        return admit_refuse(admit, HL_EFORMAT, "roster",
                            "roles of a certificate do not fit its kind");
    if (is_device && (!has_device_fields || cert->n_desks != 1 || cert->person.len != 0))
        return admit_refuse(admit, HL_EFORMAT, "roster",
                            "fields of a device's certificate are wrong");
    if (!is_device &&
        (cert->noise_static.len != 0 || cert->device_no != 0 || cert->person.len != ID_BYTES))
        return admit_refuse(admit, HL_EFORMAT, "roster",
                            "fields of an officer's certificate are wrong");
    for (size_t i = 1; i < cert->n_desks; i++) {
        if (cert->desks[i - 1] >= cert->desks[i])
            return admit_refuse(admit, HL_EFORMAT, "roster",
                                "desks of a certificate do not ascend");
    }
    if (cert->not_after_ms <= cert->not_before_ms ||
        cert->not_after_ms > cert->not_before_ms + CERT_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "roster", "a certificate lives too long");
    return HL_OK;
}

static void copy_cert(const Hotline__V1__Cert *from, struct bytes octets, struct cert *cert)
{
    cert->kind = from->kind;
    memcpy(cert->entity, from->entity.data, ID_BYTES);
    memcpy(cert->sign_pk, from->sign_pk.data, 32);
    key_id_of(cert->sign_pk, cert->id);
    if (from->noise_static.len == 32)
        memcpy(cert->noise_static, from->noise_static.data, 32);
    if (from->person.len == ID_BYTES)
        memcpy(cert->person, from->person.data, ID_BYTES);
    label_hash1(label_fixed(LABEL_CERT), octets, cert->hash);
    cert->roles = from->roles;
    for (size_t i = 0; i < from->n_desks; i++)
        cert->desks |= 1U << from->desks[i];
    cert->device_no = from->device_no;
    (void)snprintf(cert->role_label, sizeof(cert->role_label), "%s", from->role_label);
    cert->not_before_ms = from->not_before_ms;
    cert->not_after_ms = from->not_after_ms;
    cert->serial = from->serial;
    cert->octets = octets;
}

static int judge_cert(struct admit *admit, const struct entity *entity,
                      const Hotline__V1__Cert *cert)
{
    if (!has_ns(admit, &cert->ns) ||
        !bytes_equal(BYTES(cert->entity.data, ID_BYTES), BYTES_OF(entity->id)))
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "a certificate belongs to another State or namespace");
    TRY(check_fields(admit, cert));
    if (admit->suite->check_pk(cert->sign_pk.data) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "roster", "a certificate's key is no valid point");
    return check_possession(admit, cert);
}

static int read_cert(struct admit *admit, const struct entity *entity, struct bytes octets,
                     struct cert *ret_cert)
{
    ProtobufCMessage *body = NULL;
    struct bytes kept;

    TRY(admit_keep(admit, octets, &kept));
    if (strict_unpack(&hotline__v1__cert__descriptor, &schema_trust, kept, &body, NULL) != HL_OK)
        return admit_refuse(admit, HL_EFORMAT, "roster", "a certificate is not canonical");
    Hotline__V1__Cert *cert = (Hotline__V1__Cert *)body;
    int err = judge_cert(admit, entity, cert);
    if (err == HL_OK)
        copy_cert(cert, kept, ret_cert);
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

static bool same_key(const struct cert *cert, const uint8_t *pk)
{
    return bytes_equal(BYTES_OF(cert->sign_pk), BYTES(pk, 32));
}

/* A signing key stands in one roster and in no relay descriptor; the State that comes later is refused. */
static int check_elsewhere(struct admit *admit, const struct entity *own, const struct cert *cert)
{
    const struct trust *trust = admit->trust;

    for (size_t i = 0; i < trust->relay_count; i++) {
        if (same_key(cert, trust->relays[i].sign_pk) || same_key(cert, trust->relays[i].log_pk))
            return admit_refuse(admit, HL_EVERIFY, "roster", "a certificate's key is a relay's");
    }
    for (size_t i = 0; i < trust->entity_count; i++) {
        const struct entity *other = &trust->entities[i];

        for (size_t k = 0; other != own && other->roster && k < other->roster->cert_count; k++) {
            if (same_key(cert, other->roster->certs[k].sign_pk))
                return admit_refuse(admit, HL_EVERIFY, "roster",
                                    "a certificate's key is in another State's roster");
        }
    }
    return HL_OK;
}

static int check_among(struct admit *admit, const struct roster *roster, size_t index)
{
    const struct cert *cert = &roster->certs[index];

    for (size_t i = 0; i < index; i++) {
        const struct cert *other = &roster->certs[i];

        if (same_key(cert, other->sign_pk))
            return admit_refuse(admit, HL_EFORMAT, "roster", "a key has two certificates");
        if (cert->device_no != 0 && cert->device_no == other->device_no &&
            cert->desks == other->desks)
            return admit_refuse(admit, HL_EFORMAT, "roster",
                                "a device number stands twice in a desk");
    }
    if (index > 0 && roster->certs[index - 1].serial >= cert->serial)
        return admit_refuse(admit, HL_EFORMAT, "roster", "serials do not ascend");
    return HL_OK;
}

static int read_certs(struct admit *admit, const struct entity *entity,
                      const Hotline__V1__RosterDoc *document, struct roster *roster)
{
    roster->certs = calloc(document->n_certs, sizeof(roster->certs[0]));
    if (!roster->certs)
        return HL_ENOMEM;
    for (size_t i = 0; i < document->n_certs; i++) {
        TRY(read_cert(admit, entity, BYTES(document->certs[i].data, document->certs[i].len),
                      &roster->certs[i]));
        roster->certs[i].index = (uint32_t)i;
        roster->cert_count = i + 1;
        TRY(check_among(admit, roster, i));
        TRY(check_elsewhere(admit, entity, &roster->certs[i]));
    }
    return HL_OK;
}

static int check_tree(struct admit *admit, const Hotline__V1__RosterDoc *document,
                      const Hotline__V1__NationalRoster *from)
{
    uint8_t leaves[256][32];
    uint8_t root[32];

    if (document->n_certs != from->cert_count)
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "number of certificates is not the signed one");
    assert(document->n_certs <= 256); /* the schema's bound */
    for (size_t i = 0; i < document->n_certs; i++)
        merkle_leaf(BYTES(document->certs[i].data, document->certs[i].len), leaves[i]);
    TRY(merkle_root((const uint8_t(*)[32])leaves, document->n_certs, root));
    if (!bytes_equal(BYTES_OF(root), BYTES(from->certs_root.data, 32)))
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "certificates are not those of the signed tree");
    return HL_OK;
}

static int read_policy(struct admit *admit, const Hotline__V1__NationalRoster *from,
                       struct roster *roster)
{
    for (size_t i = 0; i < from->n_desks; i++) {
        if (i > 0 && from->desks[i - 1]->kind >= from->desks[i]->kind)
            return admit_refuse(admit, HL_EFORMAT, "roster", "desks do not ascend");
        roster->desk_kinds |= 1U << from->desks[i]->kind;
    }
    for (size_t i = 0; i < 4; i++) {
        if ((size_t)from->release_min[i]->precedence != i + 1)
            return admit_refuse(admit, HL_EFORMAT, "roster", "release rules do not ascend");
        roster->release_min[i + 1] = from->release_min[i]->persons_min;
    }
    roster->version = from->version;
    roster->issued_ms = from->issued_ms;
    roster->expires_ms = from->expires_ms;
    roster->single_person_max = (uint32_t)from->single_person_max;
    roster->release_devices_min = from->release_devices_min;
    roster->revocation_count = from->revocation_count;
    return HL_OK;
}

/* The timestamp is a floor: a lower version is refused, an equal one must be the same, a higher one is welcome. */
static int check_floor(struct admit *admit, const struct entity *entity,
                       const Hotline__V1__Signed *object, uint64_t version)
{
    uint8_t hash[HASH_BYTES];

    label_hash1(label_fixed(LABEL_NATIONAL_ROSTER), BYTES(object->body.data, object->body.len),
                hash);
    for (size_t i = 0; i < admit->timestamp->n_rosters; i++) {
        const Hotline__V1__RosterRef *ref = admit->timestamp->rosters[i];

        if (!bytes_equal(BYTES(ref->entity.data, ID_BYTES), BYTES_OF(entity->id)))
            continue;
        if (version < ref->version)
            return admit_refuse(admit, HL_EVERIFY, "roster", "is older than the timestamp's");
        if (version == ref->version &&
            !bytes_equal(BYTES_OF(hash), BYTES(ref->hash.data, HASH_BYTES)))
            return admit_refuse(admit, HL_EVERIFY, "roster",
                                "FORK: is not the timestamp's of that version");
    }
    return HL_OK;
}

static int check_national(struct admit *admit, const struct entity *entity,
                          const Hotline__V1__Signed *object, const char *label)
{
    ProtobufCBinaryData keys[16];
    uint8_t copies[16][32]; /* protobuf-c's bytes are not const */

    memcpy(copies, entity->national_keys, sizeof(copies));
    for (size_t i = 0; i < entity->national_key_count; i++)
        keys[i] = (ProtobufCBinaryData){32, copies[i]};
    return sign_check_threshold(admit->suite, object, label, keys, entity->national_key_count,
                                entity->national_threshold);
}

/* The signed part of a roster, without its certificates. */
static int judge_roster_head(struct admit *admit, const Hotline__V1__Signed *object,
                             const Hotline__V1__NationalRoster *from, struct entity *entity)
{
    if (!entity)
        return admit_refuse(admit, HL_EVERIFY, "roster", "its State is not in the directory");
    if (entity->roster || entity->national_key_count == 0)
        return admit_refuse(admit, HL_EFORMAT, "roster", "a State has two, or no national root");
    if (check_national(admit, entity, object, label_fixed(LABEL_NATIONAL_ROSTER)) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "roster", "too few signatures of its State");
    if (!has_ns(admit, &from->ns) || from->national_root_version != entity->national_root_version)
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "belongs to another namespace or national root");
    if (from->expires_ms <= from->issued_ms || from->expires_ms > from->issued_ms + ROSTER_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "roster", "lives too long");
    TRY(check_floor(admit, entity, object, from->version));
    entity->roster = calloc(1, sizeof(*entity->roster));
    if (!entity->roster)
        return HL_ENOMEM;
    return read_policy(admit, from, entity->roster);
}

static int judge_roster(struct admit *admit, const Hotline__V1__RosterDoc *document,
                        const Hotline__V1__NationalRoster *from, struct entity *entity)
{
    TRY(judge_roster_head(admit, document->roster, from, entity));
    TRY(read_certs(admit, entity, document,
                   entity->roster)); /* order of serials is told before the tree */
    return check_tree(admit, document, from);
}

/* A revocation is signed by the national threshold or by the key itself. */
static int apply_revocation(struct admit *admit, struct entity *entity,
                            const Hotline__V1__Signed *object)
{
    ProtobufCMessage *body = NULL;

    if (strict_unpack(&hotline__v1__revocation__descriptor, &schema_trust,
                      BYTES(object->body.data, object->body.len), &body, NULL) != HL_OK)
        return admit_refuse(admit, HL_EFORMAT, "roster", "a revocation is not canonical");
    const Hotline__V1__Revocation *revocation = (Hotline__V1__Revocation *)body;
    int err = HL_OK;
    if (!has_ns(admit, &revocation->ns) ||
        !bytes_equal(BYTES(revocation->entity.data, ID_BYTES), BYTES_OF(entity->id)))
        err = admit_refuse(admit, HL_EVERIFY, "roster", "a revocation belongs to another State");
    bool is_national = err == HL_OK && check_national(admit, entity, object,
                                                      label_fixed(LABEL_REVOCATION)) == HL_OK;
    for (size_t i = 0; err == HL_OK && i < entity->roster->cert_count; i++) {
        struct cert *cert = &entity->roster->certs[i];

        if (!bytes_equal(BYTES_OF(cert->id), BYTES(revocation->key_id.data, ID_BYTES)) ||
            cert->serial != revocation->cert_serial)
            continue;
        bool is_self = sign_check_at(admit->suite, object, 0, label_fixed(LABEL_REVOCATION),
                                     cert->sign_pk) == HL_OK &&
                       revocation->invalid_since_ms == revocation->at_ms;
        if (is_national || is_self)
            cert->revoked_since_ms = revocation->invalid_since_ms;
        else
            err = admit_refuse(admit, HL_EVERIFY, "roster", "a revocation is not signed");
    }
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

static int read_roster(struct admit *admit, const Hotline__V1__RosterDoc *document)
{
    ProtobufCMessage *body = NULL;
    AUTO(blob) packed = NULL;

    if (strict_unpack(&hotline__v1__national_roster__descriptor, &schema_trust,
                      BYTES(document->roster->body.data, document->roster->body.len), &body,
                      NULL) != HL_OK)
        return admit_refuse(admit, HL_EFORMAT, "roster", "body is not canonical");
    Hotline__V1__NationalRoster *from = (Hotline__V1__NationalRoster *)body;
    struct entity *entity = find_entity(admit, &from->entity);
    int err = judge_roster(admit, document, from, entity);
    protobuf_c_message_free_unpacked(body, NULL);
    for (size_t i = 0; err == HL_OK && i < document->n_revocations; i++)
        err = apply_revocation(admit, entity, document->revocations[i]);
    TRY(err);
    TRY(strict_pack(&document->roster->base,
                    &packed)); /* canonical, so these are the octets received */
    return admit_keep(admit, bytes_blob(packed), &entity->roster->signed_roster);
}

int admit_roster(struct admit *admit, struct bytes input)
{
    ProtobufCMessage *message = NULL;

    if (input.len > ROSTER_MAX)
        return admit_refuse(admit, HL_ETOOBIG, "roster", "is larger than 256 KiB");
    if (strict_unpack(&hotline__v1__roster_doc__descriptor, &schema_trust, input, &message, NULL) !=
        HL_OK)
        return admit_refuse(admit, HL_EFORMAT, "roster", "document is not canonical");
    int err = read_roster(admit, (Hotline__V1__RosterDoc *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

/* --- evidence: single certificates with their paths ------------------------------------------------ */

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
    TRY(judge_roster_head(admit, object, from, entity));
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
        return HL_ENOMEM;
    merkle_leaf(octets, leaf);
    for (size_t i = 0; i < proof->n_proof; i++)
        memcpy(path[i], proof->proof[i].data, 32);
    if (merkle_check_path(leaf, proof->index, from->cert_count, (const uint8_t(*)[32])path,
                          proof->n_proof, from->certs_root.data) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "certificate proof",
                            "certificate is not in the signed tree");
    TRY(read_cert(admit, entity, octets, &roster->certs[roster->cert_count]));
    roster->certs[roster->cert_count].index = proof->index;
    roster->cert_count++;
    return check_elsewhere(admit, entity, &roster->certs[roster->cert_count - 1]);
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
        err = proof_roster(admit, proof->roster, from, find_entity(admit, &from->entity));
    if (err == HL_OK)
        err = proof_cert(admit, proof, from, find_entity(admit, &from->entity));
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    return err;
}
