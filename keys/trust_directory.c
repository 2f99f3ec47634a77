/* trust_directory — directory and timestamp: States, relays, deadlines, and which of them are the latest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/admit.h"

#define DIR_LIFE_MS   (30 * ADMIT_DAY)
#define STAMP_LIFE_MS ADMIT_DAY
#define DIRECTORY_MAX (1U << 20)

static bool is_fictitious(const char *code)
{
    return code[0] == 'X' && code[1] >= 'A' && code[1] <= 'Z';
}

static int read_entity(struct admit *admit, size_t index)
{
    const Hotline__V1__Entity *from = admit->directory->entities[index];
    struct entity *entity = &admit->trust->entities[index];

    if (index > 0 && !admit_ascends(&admit->directory->entities[index - 1]->id, &from->id))
        return admit_refuse(admit, HL_EFORMAT, "directory", "entities do not ascend");
    for (size_t i = 0; i < 3; i++) {
        if (from->code[i] < 'A' || from->code[i] > 'Z')
            return admit_refuse(admit, HL_EFORMAT, "directory", "a code is not three letters A-Z");
    }
    if (trust_entity_by_code(admit->trust, from->code))
        return admit_refuse(admit, HL_EFORMAT, "directory", "a code stands twice");
    if (is_fictitious(from->code) && !admit->trust->is_sandbox)
        return admit_refuse(admit, HL_EFORMAT, "directory",
                            "a fictitious code stands outside a sandbox");
    memcpy(entity->id, from->id.data, ID_BYTES);
    memcpy(entity->code, from->code, 4);
    memcpy(entity->national_root_hash, from->national_root_hash.data, HASH_BYTES);
    entity->national_root_version = from->national_root_version;
    entity->status = from->status;
    admit->trust->entity_count = index + 1;
    return HL_OK;
}

static bool consists_of(const char *text, const char *letters)
{
    return text[strspn(text, letters)] == '\0';
}

#define PLAIN_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
/* DNS names and literal addresses */
#define HOST_LETTERS PLAIN_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ.:"

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
    if (!consists_of(from->name, PLAIN_LETTERS) || !consists_of(from->operator_, PLAIN_LETTERS))
        return admit_refuse(admit, HL_EFORMAT, "directory",
                            "a relay's name or operator has other than a-z 0-9 -");
    if (!consists_of(from->host, HOST_LETTERS))
        return admit_refuse(admit, HL_EFORMAT, "directory", "a relay's host is no name or address");
    if (admit->suite->check_pk(relay->sign_pk) != HL_OK ||
        admit->suite->check_pk(relay->log_pk) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "directory", "a relay's key is no valid point");
    return HL_OK;
}

/* Keys of signed notes and of PAE are distinct, at every relay (docs/PROTOCOL.directory.md, "Admission"). */
static int check_relay_keys(struct admit *admit)
{
    const struct trust *trust = admit->trust;

    for (size_t i = 0; i < trust->relay_count; i++) {
        for (size_t k = 0; k < trust->relay_count; k++) {
            if (bytes_equal(BYTES_OF(trust->relays[i].sign_pk), BYTES_OF(trust->relays[k].log_pk)))
                return admit_refuse(admit, HL_EFORMAT, "directory",
                                    "a relay's log key also signs mailbox heads");
        }
    }
    return HL_OK;
}

static int read_relay(struct admit *admit, size_t index)
{
    const Hotline__V1__RelayDescriptor *from = admit->directory->relays[index];
    struct relay_info *relay = &admit->trust->relays[index];

    if (index > 0 && !admit_ascends(&admit->directory->relays[index - 1]->id, &from->id))
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

static int check_profile(struct admit *admit, const Hotline__V1__Profile *profile)
{
    for (size_t i = 0; i < 4; i++) {
        const Hotline__V1__PrecedenceRule *rule = profile->rules[i];

        if ((size_t)rule->precedence != i + 1)
            return admit_refuse(admit, HL_EFORMAT, "directory", "rules of a profile do not ascend");
        for (size_t k = 1; k < rule->n_rungs_s; k++) {
            if (rule->rungs_s[k - 1] >= rule->rungs_s[k])
                return admit_refuse(admit, HL_EFORMAT, "directory",
                                    "rungs of a profile do not ascend");
        }
    }
    return HL_OK;
}

static int read_profiles(struct admit *admit)
{
    const Hotline__V1__Directory *directory = admit->directory;

    for (size_t i = 0; i < directory->n_profiles; i++)
        TRY(check_profile(admit, directory->profiles[i]));
    if (strcmp(directory->profiles[0]->name, "hotline-24x7") != 0)
        return admit_refuse(admit, HL_EFORMAT, "directory",
                            "the first profile is not hotline-24x7");
    for (size_t i = 0; i < 4; i++) {
        const Hotline__V1__PrecedenceRule *rule = directory->profiles[0]->rules[i];

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

    TRY(admit_check_role(admit, object, LABEL_DIRECTORY, 2, "directory"));
    if (!admit_has_ns(admit, &directory->ns))
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
    TRY(check_relay_keys(admit));
    return read_profiles(admit);
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

    TRY(admit_check_role(admit, object, LABEL_TIMESTAMP, 3, "timestamp"));
    if (!admit_has_ns(admit, &stamp->ns))
        return admit_refuse(admit, HL_EVERIFY, "timestamp", "belongs to another namespace");
    if (stamp->directory_version != trust->directory_version ||
        !bytes_equal(BYTES(stamp->directory_hash.data, HASH_BYTES),
                     BYTES_OF(trust->directory_hash)))
        return admit_refuse(admit, HL_EVERIFY, "timestamp", "is not about this directory");
    if (stamp->expires_ms <= stamp->issued_ms ||
        stamp->expires_ms > stamp->issued_ms + STAMP_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "timestamp", "lives too long");
    for (size_t i = 1; i < stamp->n_rosters; i++) {
        if (!admit_ascends(&stamp->rosters[i - 1]->entity, &stamp->rosters[i]->entity))
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
