/* trust_roster — national roots and the rosters that they sign: thresholds, tree, policy, the timestamp's floor. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "keys/admit.h"
#include "keys/merkle.h"
#include "keys/revocation.h"

#define ROSTER_LIFE_MS (90 * ADMIT_DAY)
#define ROSTER_MAX     262144

static int read_national_keys(struct admit *admit, const Hotline__V1__NationalRoot *root,
                              struct entity *entity)
{
    if (root->threshold > root->n_keys)
        return admit_refuse(admit, HL_EFORMAT, "national root",
                            "threshold is larger than the number of keys");
    for (size_t i = 0; i < root->n_keys; i++) {
        if (i > 0 && !admit_ascends(&root->keys[i - 1], &root->keys[i]))
            return admit_refuse(admit, HL_EFORMAT, "national root", "keys do not ascend");
        if (admit->suite->check_pk(root->keys[i].data) != HL_OK)
            return admit_refuse(admit, HL_EVERIFY, "national root", "a key is no valid point");
        memcpy(entity->national_keys[i], root->keys[i].data, 32);
    }
    return HL_OK;
}

static int judge_national_root(struct admit *admit, const Hotline__V1__Signed *object,
                               const Hotline__V1__NationalRoot *root, struct entity **ret_entity)
{
    struct entity *entity = admit_entity(admit, &root->entity);
    uint8_t hash[HASH_BYTES];

    if (!admit_has_ns(admit, &root->ns))
        return admit_refuse(admit, HL_EVERIFY, "national root", "belongs to another namespace");
    if (!entity)
        return admit_refuse(admit, HL_EVERIFY, "national root",
                            "its State is not in the directory");
    if (root->version != 1 || !bytes_all_zero(BYTES(root->prev_hash.data, 32)))
        return admit_refuse(admit, HL_EFORMAT, "national root", "only version 1 is understood");
    if (entity->national_key_count > 0)
        return admit_refuse(admit, HL_EFORMAT, "national root", "a State has two");
    label_hash1(label_fixed(LABEL_NATIONAL_ROOT), BYTES(object->body.data, object->body.len), hash);
    if (entity->national_root_version != root->version ||
        !bytes_equal(BYTES_OF(hash), BYTES_OF(entity->national_root_hash)))
        return admit_refuse(admit, HL_EVERIFY, "national root", "is not the one in the directory");
    TRY(read_national_keys(admit, root, entity));
    *ret_entity = entity;
    int err = sign_check_threshold(admit->suite, object, label_fixed(LABEL_NATIONAL_ROOT),
                                   root->keys, root->n_keys, root->threshold);
    if (err != HL_OK)
        return admit_refuse(admit, err, "national root", "too few signatures");
    entity->national_key_count = root->n_keys; /* the last step: before it the State has none */
    entity->national_threshold = root->threshold;
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
        err = admit_keep(admit, input, &entity->signed_national_root); /* only for want of memory */
    protobuf_c_message_free_unpacked(body, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
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

static const Hotline__V1__RosterRef *find_ref(const struct admit *admit,
                                              const struct entity *entity)
{
    for (size_t i = 0; i < admit->timestamp->n_rosters; i++) {
        const Hotline__V1__RosterRef *ref = admit->timestamp->rosters[i];

        if (bytes_equal(BYTES(ref->entity.data, ID_BYTES), BYTES_OF(entity->id)))
            return ref;
    }
    return NULL;
}

/* The timestamp is a floor: a lower version is refused, an equal one must be the same, a higher one is welcome. */
static int check_floor(struct admit *admit, const struct entity *entity,
                       const Hotline__V1__Signed *object, uint64_t version)
{
    const Hotline__V1__RosterRef *ref = find_ref(admit, entity);
    uint8_t hash[HASH_BYTES];

    if (!ref || version > ref->version)
        return HL_OK;
    if (version < ref->version)
        return admit_refuse(admit, HL_EVERIFY, "roster", "is older than the timestamp's");
    label_hash1(label_fixed(LABEL_NATIONAL_ROSTER), BYTES(object->body.data, object->body.len),
                hash);
    if (!bytes_equal(BYTES_OF(hash), BYTES(ref->hash.data, HASH_BYTES)))
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "FORK: is not the timestamp's of that version");
    return HL_OK;
}

int admit_roster_head(struct admit *admit, const Hotline__V1__Signed *object,
                      const Hotline__V1__NationalRoster *from, struct entity *entity)
{
    if (!entity)
        return admit_refuse(admit, HL_EVERIFY, "roster", "its State is not in the directory");
    if (entity->roster || entity->national_key_count == 0)
        return admit_refuse(admit, HL_EFORMAT, "roster", "a State has two, or no national root");
    if (!sign_signers_are_distinct(object))
        return admit_refuse(admit, HL_EFORMAT, "roster", "a key signs twice");
    int err = entity_check_threshold(admit->suite, entity, object, LABEL_NATIONAL_ROSTER);
    if (err != HL_OK)
        return admit_refuse(admit, err, "roster", "too few signatures of its State");
    if (!admit_has_ns(admit, &from->ns) ||
        from->national_root_version != entity->national_root_version)
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "belongs to another namespace or national root");
    if (from->expires_ms <= from->issued_ms || from->expires_ms > from->issued_ms + ROSTER_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "roster", "lives too long");
    if (from->version == 1 && !bytes_all_zero(BYTES(from->prev_hash.data, HASH_BYTES)))
        return admit_refuse(admit, HL_EFORMAT, "roster", "version 1 has a predecessor");
    TRY(check_floor(admit, entity, object, from->version));
    entity->roster = calloc(1, sizeof(*entity->roster));
    if (!entity->roster)
        return HL_ENOMEM;
    return read_policy(admit, from, entity->roster);
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

/* Certificates are judged before their tree, so that the reason names the certificate's fault. */
static int judge_roster(struct admit *admit, const Hotline__V1__RosterDoc *document,
                        const Hotline__V1__NationalRoster *from, struct entity *entity)
{
    uint32_t floor = from->revocation_count;

    TRY(admit_roster_head(admit, document->roster, from, entity));
    TRY(admit_certs(admit, entity, document));
    TRY(check_tree(admit, document, from));
    const Hotline__V1__RosterRef *ref = find_ref(admit, entity);
    if (ref && ref->revocations > floor)
        floor = ref->revocations;
    return admit_revocations(admit, entity, document, floor);
}

/* Of a roster that is refused nothing stays. */
static void drop_roster(struct entity *entity)
{
    if (entity->roster)
        free(entity->roster->certs);
    free(entity->roster);
    entity->roster = NULL;
}

static int read_roster(struct admit *admit, const Hotline__V1__RosterDoc *document)
{
    ProtobufCMessage *body = NULL;
    AUTO(blob) packed = NULL;

    TRY(admit_parse_body(admit, BYTES(document->roster->body.data, document->roster->body.len),
                         &hotline__v1__national_roster__descriptor, "roster", &body));
    Hotline__V1__NationalRoster *from = (Hotline__V1__NationalRoster *)body;
    struct entity *entity = admit_entity(admit, &from->entity);
    bool is_first = entity && !entity->roster;
    int err = judge_roster(admit, document, from, entity);
    if (err == HL_OK && !entity) /* cannot be: its State is looked for first */
        err = HL_EINVAL;
    if (err != HL_OK && is_first)
        drop_roster(entity);
    protobuf_c_message_free_unpacked(body, NULL);
    TRY(err);
    /* canonical, so these are the octets received */
    TRY(strict_pack(&document->roster->base, &packed));
    return admit_keep(admit, bytes_blob(packed), &entity->roster->signed_roster);
}

int admit_roster(struct admit *admit, struct bytes input)
{
    ProtobufCMessage *message = NULL;

    if (input.len > ROSTER_MAX)
        return admit_refuse(admit, HL_ETOOBIG, "roster", "is larger than 256 KiB");
    TRY(admit_parse_body(admit, input, &hotline__v1__roster_doc__descriptor, "roster", &message));
    int err = read_roster(admit, (Hotline__V1__RosterDoc *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}
