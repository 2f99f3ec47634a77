/* trust_admit — root, directory and timestamp: thresholds, order, ranges that the schema's tables cannot say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/admit.h"
#include "keys/schema.h"

#define DAY_MS        (24LL * 3600 * 1000)
#define ROOT_LIFE_MS  (1100 * DAY_MS)
#define DIR_LIFE_MS   (30 * DAY_MS)
#define STAMP_LIFE_MS DAY_MS
#define OWNED_MAX     1024
#define DIRECTORY_MAX (1U << 20)

int admit_refuse(struct admit *admit, int err, const char *document, const char *check)
{
    if (admit->reason && !admit->reason[0])
        (void)snprintf(admit->reason, REASON_SIZE, "%s: %s", document, check);
    return err;
}

int admit_keep(struct admit *admit, struct bytes input, struct bytes *ret_view)
{
    struct trust *trust = admit->trust;
    struct blob *copy = NULL;

    if (!trust->owned)
        trust->owned = calloc(OWNED_MAX, sizeof(struct blob *));
    if (!trust->owned || trust->owned_count == OWNED_MAX)
        return HL_ENOMEM;
    TRY(blob_copy(input, &copy));
    trust->owned[trust->owned_count++] = copy;
    *ret_view = bytes_blob(copy);
    return HL_OK;
}

int admit_parse(struct admit *admit, struct bytes input, const ProtobufCMessageDescriptor *type,
                const char *document, Hotline__V1__Signed **ret_signed, ProtobufCMessage **ret_body)
{
    struct strict_fault fault = {.what = "not canonical"};
    Hotline__V1__Signed *object = NULL;
    char check[128];

    if (input.len == 0)
        return admit_refuse(admit, HL_ENOTFOUND, document, "missing");
    int err = sign_parse(input, &object);
    if (err != HL_OK)
        return admit_refuse(admit, err, document,
                            "signed object is not canonical, or a key signs twice");
    err = strict_unpack(type, &schema_trust, BYTES(object->body.data, object->body.len), ret_body,
                        &fault);
    if (err != HL_OK) {
        (void)snprintf(check, sizeof(check), "%s: %s", fault.where, fault.what);
        hotline__v1__signed__free_unpacked(object, NULL);
        return admit_refuse(admit, err, document, check);
    }
    *ret_signed = object;
    return HL_OK;
}

static bool ascending(const ProtobufCBinaryData *left, const ProtobufCBinaryData *right)
{
    return bytes_order(BYTES(left->data, left->len), BYTES(right->data, right->len)) < 0;
}

static bool key_is_in_roles(const struct admit *admit, const ProtobufCBinaryData *key)
{
    for (size_t role = 1; role <= 4; role++) {
        for (size_t i = 0; i < admit->role_key_count[role]; i++) {
            if (bytes_equal(BYTES(admit->role_keys[role][i].data, 32), BYTES(key->data, 32)))
                return true;
        }
    }
    return false;
}

static int read_role(struct admit *admit, const Hotline__V1__RoleKeys *role, size_t number)
{
    static const uint32_t least[] = {0, 3, 3, 2, 0};
    uint32_t threshold_min = admit->root->sandbox && least[number] > 0 ? 1 : least[number];

    if ((size_t)role->role != number)
        return admit_refuse(admit, HL_EFORMAT, "root", "roles are not 1 to 4 in order");
    if (role->threshold > role->n_keys || role->threshold < threshold_min)
        return admit_refuse(admit, HL_EFORMAT, "root", "threshold of a role is out of range");
    for (size_t i = 0; i < role->n_keys; i++) {
        if (i > 0 && !ascending(&role->keys[i - 1], &role->keys[i]))
            return admit_refuse(admit, HL_EFORMAT, "root", "keys of a role do not ascend");
        if (key_is_in_roles(admit, &role->keys[i]))
            return admit_refuse(admit, HL_EFORMAT, "root", "a key has two roles");
        if (admit->suite->check_pk(role->keys[i].data) != HL_OK)
            return admit_refuse(admit, HL_EVERIFY, "root", "a key is no valid point");
    }
    if (role->n_keys > 0) /* no keys: no array either */
        memcpy(admit->role_keys[number], role->keys, role->n_keys * sizeof(role->keys[0]));
    admit->role_key_count[number] = role->n_keys;
    admit->role_threshold[number] = role->threshold;
    return HL_OK;
}

static int check_threshold(struct admit *admit, const Hotline__V1__Signed *object,
                           enum label_fixed label, size_t role, const char *document)
{
    int err = sign_check_threshold(admit->suite, object, label_fixed(label), admit->role_keys[role],
                                   admit->role_key_count[role], admit->role_threshold[role]);

    return err == HL_OK ? HL_OK
                        : admit_refuse(admit, err, document, "too few signatures of its role");
}

static int judge_root(struct admit *admit, const Hotline__V1__Signed *object,
                      const uint8_t *pinned_ns, const uint8_t *pinned_root)
{
    const Hotline__V1__RootMetadata *root = admit->root;
    struct trust *trust = admit->trust;
    struct bytes body = BYTES(object->body.data, object->body.len);

    if (root->version != 1 || root->ns.len != 0)
        return admit_refuse(admit, HL_EFORMAT, "root", "only version 1, without ns, is understood");
    if (!bytes_all_zero(BYTES(root->prev_hash.data, 32)) || root->min_suite != 1)
        return admit_refuse(admit, HL_EFORMAT, "root",
                            "prev_hash or min_suite is wrong for version 1");
    if (root->expires_ms <= root->issued_ms || root->expires_ms > root->issued_ms + ROOT_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "root", "lives too long");
    label_hash1(label_fixed(LABEL_ROOT_METADATA), body, trust->root_hash);
    label_hash1(label_fixed(LABEL_NAMESPACE), body, trust->ns);
    if (pinned_root && !bytes_equal(BYTES(pinned_root, 32), BYTES_OF(trust->root_hash)))
        return admit_refuse(admit, HL_EVERIFY, "root", "is not the pinned one");
    if (pinned_ns && !bytes_equal(BYTES(pinned_ns, 32), BYTES_OF(trust->ns)))
        return admit_refuse(admit, HL_EVERIFY, "root", "namespace is not the pinned one");
    for (size_t i = 0; i < 4; i++)
        TRY(read_role(admit, root->roles[i], i + 1));
    trust->is_sandbox = root->sandbox;
    trust->root_version = root->version;
    trust->root_expires_ms = root->expires_ms;
    return check_threshold(admit, object, LABEL_ROOT_METADATA, 1, "root");
}

int admit_root(struct admit *admit, struct bytes input, const uint8_t *pinned_ns,
               const uint8_t *pinned_root)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    TRY(admit_keep(admit, input, &admit->trust->signed_root));
    TRY(admit_parse(admit, input, &hotline__v1__root_metadata__descriptor, "root", &object, &body));
    admit->root = (Hotline__V1__RootMetadata *)
        body; /* freed by trust_admit(): its keys are used by later documents */
    int err = judge_root(admit, object, pinned_ns, pinned_root);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

static bool is_fictitious(const char *code)
{
    return code[0] == 'X' && code[1] >= 'A' && code[1] <= 'Z';
}

static int read_entity(struct admit *admit, size_t index)
{
    const Hotline__V1__Entity *from = admit->directory->entities[index];
    struct entity *entity = &admit->trust->entities[index];

    if (index > 0 && !ascending(&admit->directory->entities[index - 1]->id, &from->id))
        return admit_refuse(admit, HL_EFORMAT, "directory", "entities do not ascend");
    for (size_t i = 0; i < 3; i++) {
        if (from->code[i] < 'A' || from->code[i] > 'Z')
            return admit_refuse(admit, HL_EFORMAT, "directory", "a code is not three letters A-Z");
    }
    if (trust_entity_by_code(admit->trust, from->code))
        return admit_refuse(admit, HL_EFORMAT, "directory", "a code stands twice");
    if (is_fictitious(from->code) != admit->trust->is_sandbox)
        return admit_refuse(admit, HL_EFORMAT, "directory",
                            "fictitious codes belong in a sandbox, and only there");
    memcpy(entity->id, from->id.data, ID_BYTES);
    memcpy(entity->code, from->code, 4);
    memcpy(entity->national_root_hash, from->national_root_hash.data, HASH_BYTES);
    entity->national_root_version = from->national_root_version;
    entity->status = from->status;
    admit->trust->entity_count = index + 1;
    return HL_OK;
}

static bool is_plain_name(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int check_relay(struct admit *admit, const Hotline__V1__RelayDescriptor *from,
                       const struct relay_info *relay)
{
    char origin[81];
    char ns_hex[17];
    uint8_t id[ID_BYTES];

    key_id_of(from->sign_pk.data, id);
    hex_encode(BYTES(admit->trust->ns, 8), ns_hex);
    (void)snprintf(origin, sizeof(origin), "hotline/%s/%s", ns_hex, from->name);
    if (!bytes_equal(BYTES_OF(id), BYTES(from->id.data, ID_BYTES)))
        return admit_refuse(admit, HL_EVERIFY, "directory", "a relay's id is not that of its key");
    if (strcmp(origin, from->log_origin) != 0)
        return admit_refuse(admit, HL_EFORMAT, "directory",
                            "a relay's log_origin does not fit its name");
    if (!is_plain_name(from->name) || !is_plain_name(from->operator_))
        return admit_refuse(admit, HL_EFORMAT, "directory",
                            "a relay's name or operator has other than a-z 0-9 -");
    if (bytes_equal(BYTES_OF(relay->sign_pk), BYTES_OF(relay->log_pk)))
        return admit_refuse(admit, HL_EFORMAT, "directory", "a relay's two keys are one");
    if (admit->suite->check_pk(relay->sign_pk) != HL_OK ||
        admit->suite->check_pk(relay->log_pk) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "directory", "a relay's key is no valid point");
    return HL_OK;
}

static int read_relay(struct admit *admit, size_t index)
{
    const Hotline__V1__RelayDescriptor *from = admit->directory->relays[index];
    struct relay_info *relay = &admit->trust->relays[index];

    if (index > 0 && !ascending(&admit->directory->relays[index - 1]->id, &from->id))
        return admit_refuse(admit, HL_EFORMAT, "directory", "relays do not ascend");
    if (trust_relay_by_name(admit->trust, from->name))
        return admit_refuse(admit, HL_EFORMAT, "directory", "a relay's name stands twice");
    memcpy(relay->id, from->id.data, ID_BYTES);
    (void)snprintf(relay->name, sizeof(relay->name), "%s", from->name);
    (void)snprintf(relay->host, sizeof(relay->host), "%s", from->host);
    (void)snprintf(relay->log_origin, sizeof(relay->log_origin), "%s", from->log_origin);
    (void)snprintf(relay->operator_name, sizeof(relay->operator_name), "%s", from->operator_);
    relay->port = (uint16_t)from->port;
    memcpy(relay->noise_static, from->noise_static.data, 32);
    memcpy(relay->sign_pk, from->sign_pk.data, 32);
    memcpy(relay->log_pk, from->log_pk.data, 32);
    admit->trust->relay_count = index + 1;
    return check_relay(admit, from, relay);
}

static int read_rules(struct admit *admit)
{
    const Hotline__V1__Profile *profile = admit->directory->profiles[0];

    for (size_t i = 0; i < 4; i++) {
        const Hotline__V1__PrecedenceRule *rule = profile->rules[i];

        if ((size_t)rule->precedence != i + 1)
            return admit_refuse(admit, HL_EFORMAT, "directory", "rules of a profile do not ascend");
        admit->trust->rules[i + 1] = (struct precedence_rule){
            rule->custody_s, rule->delivered_s, rule->opened_s,      rule->ack_s,
            rule->interim_s, rule->answer_s,    rule->nondelivery_s, rule->words};
    }
    return HL_OK;
}

static int judge_directory(struct admit *admit, const Hotline__V1__Signed *object)
{
    const Hotline__V1__Directory *directory = admit->directory;
    struct trust *trust = admit->trust;

    TRY(check_threshold(admit, object, LABEL_DIRECTORY, 2, "directory"));
    if (!bytes_equal(BYTES(directory->ns.data, NS_BYTES), BYTES_OF(trust->ns)))
        return admit_refuse(admit, HL_EVERIFY, "directory", "belongs to another namespace");
    if (directory->root_version != trust->root_version)
        return admit_refuse(admit, HL_EVERIFY, "directory", "names another root version");
    if (directory->expires_ms <= directory->issued_ms ||
        directory->expires_ms > directory->issued_ms + DIR_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "directory", "lives too long");
    if (directory->version == 1 && !bytes_all_zero(BYTES(directory->prev_hash.data, 32)))
        return admit_refuse(admit, HL_EFORMAT, "directory", "version 1 has a predecessor");
    label_hash1(label_fixed(LABEL_DIRECTORY), BYTES(object->body.data, object->body.len),
                trust->directory_hash);
    trust->directory_version = directory->version;
    trust->directory_expires_ms = directory->expires_ms;
    trust->entities = calloc(directory->n_entities, sizeof(trust->entities[0]));
    trust->relays = calloc(directory->n_relays, sizeof(trust->relays[0]));
    if (!trust->entities || !trust->relays)
        return HL_ENOMEM;
    for (size_t i = 0; i < directory->n_entities; i++)
        TRY(read_entity(admit, i));
    for (size_t i = 0; i < directory->n_relays; i++)
        TRY(read_relay(admit, i));
    return read_rules(admit);
}

int admit_directory(struct admit *admit, struct bytes input)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    if (input.len > DIRECTORY_MAX)
        return admit_refuse(admit, HL_ETOOBIG, "directory", "is larger than 1 MiB");
    TRY(admit_keep(admit, input, &admit->trust->signed_directory));
    TRY(admit_parse(admit, input, &hotline__v1__directory__descriptor, "directory", &object,
                    &body));
    admit->directory = (Hotline__V1__Directory *)body;
    int err = judge_directory(admit, object);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

static int judge_timestamp(struct admit *admit, const Hotline__V1__Signed *object)
{
    const Hotline__V1__Timestamp *stamp = admit->timestamp;
    struct trust *trust = admit->trust;

    TRY(check_threshold(admit, object, LABEL_TIMESTAMP, 3, "timestamp"));
    if (!bytes_equal(BYTES(stamp->ns.data, NS_BYTES), BYTES_OF(trust->ns)))
        return admit_refuse(admit, HL_EVERIFY, "timestamp", "belongs to another namespace");
    if (stamp->directory_version != trust->directory_version ||
        !bytes_equal(BYTES(stamp->directory_hash.data, HASH_BYTES),
                     BYTES_OF(trust->directory_hash)))
        return admit_refuse(admit, HL_EVERIFY, "timestamp", "is not about this directory");
    if (stamp->expires_ms <= stamp->issued_ms ||
        stamp->expires_ms > stamp->issued_ms + STAMP_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "timestamp", "lives too long");
    for (size_t i = 1; i < stamp->n_rosters; i++) {
        if (!ascending(&stamp->rosters[i - 1]->entity, &stamp->rosters[i]->entity))
            return admit_refuse(admit, HL_EFORMAT, "timestamp", "rosters do not ascend");
    }
    trust->timestamp_version = stamp->version;
    trust->timestamp_expires_ms = stamp->expires_ms;
    return HL_OK;
}

int admit_timestamp(struct admit *admit, struct bytes input)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    TRY(admit_keep(admit, input, &admit->trust->signed_timestamp));
    TRY(admit_parse(admit, input, &hotline__v1__timestamp__descriptor, "timestamp", &object,
                    &body));
    admit->timestamp = (Hotline__V1__Timestamp *)body;
    int err = judge_timestamp(admit, object);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

static int admit_all(struct admit *admit, const struct trust_documents *documents,
                     const uint8_t *pinned_ns, const uint8_t *pinned_root)
{
    TRY(admit_root(admit, documents->root, pinned_ns, pinned_root));
    TRY(admit_directory(admit, documents->directory));
    TRY(admit_timestamp(admit, documents->timestamp));
    for (size_t i = 0; i < documents->national_root_count; i++)
        TRY(admit_national_root(admit, documents->national_roots[i]));
    for (size_t i = 0; i < documents->roster_count; i++)
        TRY(admit_roster(admit, documents->rosters[i]));
    for (size_t i = 0; i < documents->cert_proof_count; i++)
        TRY(admit_cert_proof(admit, documents->cert_proofs[i]));
    return HL_OK;
}

int trust_admit(const struct suite *suite, const struct trust_documents *documents,
                const uint8_t *pinned_ns, const uint8_t *pinned_root, struct trust **ret_trust,
                char ret_reason[static REASON_SIZE])
{
    AUTO(trust) trust = calloc(1, sizeof(*trust));
    struct admit *admit = calloc(1, sizeof(*admit));
    int err = trust && admit ? HL_OK : HL_ENOMEM;

    ret_reason[0] = '\0';
    if (err == HL_OK) {
        admit->suite = suite;
        admit->trust = trust;
        admit->reason = ret_reason;
        err = admit_all(admit, documents, pinned_ns, pinned_root);
        if (admit->root)
            hotline__v1__root_metadata__free_unpacked(admit->root, NULL);
        if (admit->directory)
            hotline__v1__directory__free_unpacked(admit->directory, NULL);
        if (admit->timestamp)
            hotline__v1__timestamp__free_unpacked(admit->timestamp, NULL);
    }
    free(admit);
    TRY(err);
    *ret_trust = MOVE(trust);
    return HL_OK;
}
