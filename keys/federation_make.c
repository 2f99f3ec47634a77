/* federation_make — a whole training federation in memory. Bodies of States are keys/federation_state.c. */
#include "keys/federation_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/federation_parts.h"
#include "keys/schema.h"
#include "keys/secret.h"

#define DAY_MS (24LL * 3600 * 1000)

int part_sign(const struct federation_plan *plan, const ProtobufCMessage *message,
              enum label_fixed label, const uint8_t (*seeds)[32], size_t seed_count,
              struct blob **ret_signed)
{
    struct sign_key *keys[4] = {NULL};
    AUTO(blob) body = NULL;
    ProtobufCMessage *checked = NULL;
    int err = strict_pack(message, &body);

    if (err == HL_OK) /* what we sign must be what everybody admits */
        err = strict_unpack(message->descriptor, &schema_trust, bytes_blob(body), &checked, NULL);
    if (checked)
        protobuf_c_message_free_unpacked(checked, NULL);
    for (size_t i = 0; err == HL_OK && i < seed_count; i++)
        err = sign_key_new(plan->suite, seeds[i], &keys[i]);
    if (err == HL_OK)
        err = sign_object(plan->suite, label_fixed(label), bytes_blob(body),
                          (const struct sign_key *const *)keys, seed_count, ret_signed);
    for (size_t i = 0; i < 4; i++)
        sign_key_free(keys[i]);
    return err;
}

static int order_keys(const void *left, const void *right)
{
    return bytes_order(BYTES(left, 32), BYTES(right, 32));
}

void part_public_keys(const struct suite *suite, const uint8_t (*seeds)[32], size_t count,
                      uint8_t (*ret_keys)[32])
{
    for (size_t i = 0; i < count; i++) {
        uint8_t sk[SIGN_SK_BYTES];

        suite->sign_keypair(seeds[i], ret_keys[i], sk);
        secret_erase(sk, sizeof(sk));
    }
    qsort(ret_keys, count, 32, order_keys);
}

static int make_root(const struct federation_plan *plan, struct made_federation *made)
{
    Hotline__V1__RootMetadata root = HOTLINE__V1__ROOT_METADATA__INIT;
    Hotline__V1__RoleKeys roles[4];
    Hotline__V1__RoleKeys *list[4];
    ProtobufCBinaryData keys[4][3];
    uint8_t octets[4][3][32];
    static const size_t counts[] = {3, 3, 2, 0};
    static const uint32_t thresholds[] = {2, 2, 1, 0};
    const uint8_t(*seeds[])[32] = {(const uint8_t(*)[32])made->root_seed,
                                   (const uint8_t(*)[32])made->directory_seed,
                                   (const uint8_t(*)[32])made->timestamp_seed, NULL};
    static const uint8_t zeros[HASH_BYTES];

    for (size_t i = 0; i < 4; i++) {
        hotline__v1__role_keys__init(&roles[i]);
        roles[i].role = (Hotline__V1__RootRole)(i + 1);
        roles[i].threshold = thresholds[i];
        roles[i].n_keys = counts[i];
        roles[i].keys = keys[i];
        if (counts[i] > 0)
            part_public_keys(plan->suite, seeds[i], counts[i], octets[i]);
        for (size_t k = 0; k < counts[i]; k++)
            keys[i][k] = strict_octets(octets[i][k], 32);
        list[i] = &roles[i];
    }
    root.spec = 1;
    root.version = 1;
    root.issued_ms = plan->now_ms - DAY_MS;
    root.expires_ms = plan->now_ms + 1000 * DAY_MS;
    root.n_roles = 4;
    root.roles = list;
    root.min_suite = 1;
    root.prev_hash = strict_octets(zeros, HASH_BYTES);
    root.sandbox = true;
    TRY(part_sign(plan, &root.base, LABEL_ROOT_METADATA, (const uint8_t(*)[32])made->root_seed, 2,
                  &made->root));
    AUTO(blob) body = NULL;
    TRY(strict_pack(&root.base, &body));
    label_hash1(label_fixed(LABEL_ROOT_METADATA), bytes_blob(body), made->root_hash);
    label_hash1(label_fixed(LABEL_NAMESPACE), bytes_blob(body), made->ns);
    return HL_OK;
}

/* Everything a relay's descriptor points to while it is packed. */
struct relay_part {
    Hotline__V1__RelayDescriptor message;
    uint8_t id[ID_BYTES], noise_static[32], sign_pk[32], log_pk[32];
    char origin[81], operator_name[24], host[16];
    uint32_t suites[1];
};

static void make_relay(const struct federation_plan *plan, struct made_federation *made,
                       size_t index, struct relay_part *part)
{
    struct key_secrets *secrets = &made->relays[index];
    char ns_hex[17];

    hotline__v1__relay_descriptor__init(&part->message);
    part_public_keys(plan->suite, (const uint8_t(*)[32]) & secrets->seed, 1, &part->sign_pk);
    part_public_keys(plan->suite, (const uint8_t(*)[32]) & secrets->log_seed, 1, &part->log_pk);
    part_dh_public(secrets->noise_sk, part->noise_static);
    key_id_of(part->sign_pk, part->id);
    hex_encode(BYTES(made->ns, 8), ns_hex);
    (void)snprintf(part->origin, sizeof(part->origin), "hotline/%s/%s", ns_hex,
                   made->relay_names[index]);
    (void)snprintf(part->operator_name, sizeof(part->operator_name), "op%zu", index + 1);
    (void)snprintf(part->host, sizeof(part->host), "127.0.0.1");
    part->suites[0] = 1;
    part->message.id = strict_octets(part->id, ID_BYTES);
    part->message.name = made->relay_names[index];
    part->message.host = part->host;
    part->message.port = made->relay_ports[index];
    part->message.noise_static = strict_octets(part->noise_static, 32);
    part->message.sign_pk = strict_octets(part->sign_pk, 32);
    part->message.log_pk = strict_octets(part->log_pk, 32);
    part->message.log_origin = part->origin;
    part->message.n_suites = 1;
    part->message.suites = part->suites;
    part->message.operator_ = part->operator_name;
}

static int order_relays(const void *left, const void *right)
{
    const Hotline__V1__RelayDescriptor *const *a = left;
    const Hotline__V1__RelayDescriptor *const *b = right;

    return bytes_order(BYTES((*a)->id.data, ID_BYTES), BYTES((*b)->id.data, ID_BYTES));
}

static void swap_states(struct made_state *left, struct made_state *right)
{
    uint8_t *first = (uint8_t *)left;
    uint8_t *second = (uint8_t *)right;

    for (size_t i = 0; i < sizeof(*left); i++) {
        uint8_t octet = first[i];

        first[i] = second[i];
        second[i] = octet;
    }
}

/* In place: qsort() copies large elements, and these hold seeds, to memory that is neither guarded nor erased. */
static void sort_states(struct made_state *states, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            if (bytes_order(BYTES_OF(states[i].entity), BYTES_OF(states[k].entity)) > 0)
                swap_states(&states[i], &states[k]);
        }
    }
}

/* Deadlines of the default profile, by precedence ROUTINE to FLASH. */
static const struct {
    uint32_t custody, delivered, opened, ack, interim, answer, nondelivery, words;
    uint32_t rungs[5];
    size_t rung_count;
} profile_rules[4] = {
    {300, 3600, 43200, 86400, 259200, 2592000, 86400, 0, {43200, 86400, 172800}, 3},
    {60, 900, 3600, 10800, 86400, 259200, 2700, 1000, {3600, 7200, 10800, 21600}, 4},
    {10, 120, 600, 1800, 14400, 86400, 300, 200, {600, 1200, 1800, 3600}, 4},
    {5, 30, 180, 600, 3600, 14400, 60, 200, {180, 300, 480, 600, 1200}, 5},
};

struct profile_part {
    Hotline__V1__Profile message;
    Hotline__V1__PrecedenceRule rules[4];
    Hotline__V1__PrecedenceRule *list[4];
    uint32_t rungs[4][5];
    char name[16];
};

static void make_profile(struct profile_part *part)
{
    hotline__v1__profile__init(&part->message);
    for (size_t i = 0; i < 4; i++) {
        Hotline__V1__PrecedenceRule *rule = &part->rules[i];

        hotline__v1__precedence_rule__init(rule);
        rule->precedence = (Hotline__V1__Precedence)(i + 1);
        rule->custody_s = profile_rules[i].custody;
        rule->delivered_s = profile_rules[i].delivered;
        rule->opened_s = profile_rules[i].opened;
        rule->ack_s = profile_rules[i].ack;
        rule->interim_s = profile_rules[i].interim;
        rule->answer_s = profile_rules[i].answer;
        rule->nondelivery_s = profile_rules[i].nondelivery;
        rule->words = profile_rules[i].words;
        memcpy(part->rungs[i], profile_rules[i].rungs, sizeof(part->rungs[i]));
        rule->n_rungs_s = profile_rules[i].rung_count;
        rule->rungs_s = part->rungs[i];
        part->list[i] = rule;
    }
    (void)snprintf(part->name, sizeof(part->name), "hotline-24x7");
    part->message.name = part->name;
    part->message.n_rules = 4;
    part->message.rules = part->list;
}

static int make_directory(const struct federation_plan *plan, struct made_federation *made)
{
    Hotline__V1__Directory directory = HOTLINE__V1__DIRECTORY__INIT;
    Hotline__V1__Entity entities[MADE_STATES_MAX];
    Hotline__V1__Entity *entity_list[MADE_STATES_MAX];
    struct relay_part relays[MADE_RELAYS_MAX];
    Hotline__V1__RelayDescriptor *relay_list[MADE_RELAYS_MAX];
    uint8_t hashes[MADE_STATES_MAX][HASH_BYTES];
    struct profile_part profile;
    Hotline__V1__Profile *profile_list[1] = {&profile.message};
    static const uint8_t zeros[HASH_BYTES];

    for (size_t i = 0; i < made->state_count; i++) {
        TRY(part_national_root_hash(&made->states[i], hashes[i]));
        hotline__v1__entity__init(&entities[i]);
        entities[i].id = strict_octets(made->states[i].entity, ID_BYTES);
        entities[i].code = made->states[i].code;
        entities[i].since_ms = plan->now_ms - DAY_MS;
        entities[i].status = HOTLINE__V1__ENTITY_STATUS__ES_ACTIVE;
        entities[i].national_root_version = 1;
        entities[i].national_root_hash = strict_octets(hashes[i], HASH_BYTES);
        entity_list[i] = &entities[i];
    }
    for (size_t i = 0; i < made->relay_count; i++) {
        make_relay(plan, made, i, &relays[i]);
        relay_list[i] = &relays[i].message;
    }
    qsort(relay_list, made->relay_count, sizeof(void *), order_relays);
    make_profile(&profile);
    directory.ns = strict_octets(made->ns, NS_BYTES);
    directory.version = 1;
    directory.issued_ms = plan->now_ms - 60000;
    directory.expires_ms = plan->now_ms + 29 * DAY_MS;
    directory.root_version = 1;
    directory.n_entities = made->state_count;
    directory.entities = entity_list;
    directory.n_relays = made->relay_count;
    directory.relays = relay_list;
    directory.n_profiles = 1;
    directory.profiles = profile_list;
    directory.prev_hash = strict_octets(zeros, HASH_BYTES);
    return part_sign(plan, &directory.base, LABEL_DIRECTORY,
                     (const uint8_t(*)[32])made->directory_seed, 2, &made->directory);
}

/* Hash of the body inside a Signed. */
static int signed_body_hash(const struct blob *object, enum label_fixed label, uint8_t *ret_hash)
{
    Hotline__V1__Signed *parsed = NULL;

    TRY(sign_parse(bytes_blob(object), &parsed));
    label_hash1(label_fixed(label), BYTES(parsed->body.data, parsed->body.len), ret_hash);
    hotline__v1__signed__free_unpacked(parsed, NULL);
    return HL_OK;
}

int part_national_root_hash(const struct made_state *state, uint8_t *ret_hash)
{
    return signed_body_hash(state->national_root, LABEL_NATIONAL_ROOT, ret_hash);
}

static int make_timestamp(const struct federation_plan *plan, struct made_federation *made)
{
    Hotline__V1__Timestamp stamp = HOTLINE__V1__TIMESTAMP__INIT;
    Hotline__V1__RosterRef refs[MADE_STATES_MAX];
    Hotline__V1__RosterRef *list[MADE_STATES_MAX];
    uint8_t hashes[MADE_STATES_MAX][HASH_BYTES];
    uint8_t directory_hash[HASH_BYTES];

    for (size_t i = 0; i < made->state_count; i++) {
        TRY(part_roster_hash(&made->states[i], hashes[i]));
        hotline__v1__roster_ref__init(&refs[i]);
        refs[i].entity = strict_octets(made->states[i].entity, ID_BYTES);
        refs[i].version = 1;
        refs[i].hash = strict_octets(hashes[i], HASH_BYTES);
        list[i] = &refs[i];
    }
    TRY(signed_body_hash(made->directory, LABEL_DIRECTORY, directory_hash));
    stamp.ns = strict_octets(made->ns, NS_BYTES);
    stamp.version = 1;
    stamp.directory_version = 1;
    stamp.directory_hash = strict_octets(directory_hash, HASH_BYTES);
    stamp.issued_ms = plan->now_ms - 1000;
    stamp.expires_ms = plan->now_ms - 1000 + DAY_MS;
    stamp.n_rosters = made->state_count;
    stamp.rosters = list;
    return part_sign(plan, &stamp.base, LABEL_TIMESTAMP, (const uint8_t(*)[32])made->timestamp_seed,
                     1, &made->timestamp);
}

static bool plan_is_sound(const struct federation_plan *plan)
{
    if (plan->state_count == 0 || plan->state_count > MADE_STATES_MAX || plan->relay_count == 0 ||
        plan->relay_count > MADE_RELAYS_MAX || plan->officer_count == 0 ||
        plan->officer_count > MADE_OFFICERS_MAX || plan->device_count == 0 ||
        plan->device_count > MADE_DEVICES_MAX || plan->port_base == 0 ||
        plan->port_base + plan->relay_count - 1 > UINT16_MAX)
        return false;
    for (size_t i = 0; i < plan->state_count; i++) {
        const char *code = plan->codes[i];

        if (code[0] != 'X' || code[1] < 'A' || code[1] > 'Z' || code[2] < 'A' || code[2] > 'Z' ||
            code[3] != '\0')
            return false;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(plan->codes[k], code) == 0)
                return false;
        }
    }
    return true;
}

/* All secrets first, in secret memory; documents are made of them afterwards. */
static void draw_secrets(const struct federation_plan *plan, struct made_federation *made)
{
    rng_fill(plan->rng, made->root_seed[0], sizeof(made->root_seed));
    rng_fill(plan->rng, made->directory_seed[0], sizeof(made->directory_seed));
    rng_fill(plan->rng, made->timestamp_seed[0], sizeof(made->timestamp_seed));
    for (size_t i = 0; i < made->relay_count; i++) {
        struct key_secrets *relay = &made->relays[i];

        relay->kind = KEY_RELAY;
        relay->is_sandbox = true;
        rng_fill(plan->rng, relay->seed, 32);
        rng_fill(plan->rng, relay->noise_sk, 32);
        rng_fill(plan->rng, relay->log_seed, 32);
        (void)snprintf(made->relay_names[i], sizeof(made->relay_names[i]), "r%zu", i + 1);
        made->relay_ports[i] = (uint16_t)(plan->port_base + i);
    }
    for (size_t i = 0; i < made->state_count; i++) {
        memcpy(made->states[i].code, plan->codes[i], 4);
        rng_fill(plan->rng, made->states[i].entity, ID_BYTES);
        part_draw_state(plan, &made->states[i]);
    }
    sort_states(made->states, made->state_count);
}

static void stamp_ns(struct made_federation *made)
{
    for (size_t i = 0; i < made->relay_count; i++)
        memcpy(made->relays[i].ns, made->ns, NS_BYTES);
    for (size_t i = 0; i < made->state_count; i++) {
        struct made_state *state = &made->states[i];

        for (size_t k = 0; k < made->device_count; k++)
            memcpy(state->devices[k].ns, made->ns, NS_BYTES);
        for (size_t k = 0; k < made->officer_count; k++)
            memcpy(state->officers[k].ns, made->ns, NS_BYTES);
    }
}

static int make_documents(const struct federation_plan *plan, struct made_federation *made)
{
    draw_secrets(plan, made);
    TRY(make_root(plan, made));
    stamp_ns(made);
    for (size_t i = 0; i < made->state_count; i++) {
        TRY(part_make_national_root(plan, made, &made->states[i]));
        TRY(part_make_roster(plan, made, &made->states[i]));
    }
    TRY(make_directory(plan, made));
    return make_timestamp(plan, made);
}

int federation_make(const struct federation_plan *plan, struct made_federation **ret_made)
{
    void *memory = NULL;

    if (!plan_is_sound(plan))
        return HL_EINVAL;
    TRY(secret_new(sizeof(struct made_federation), &memory));
    AUTO(made_federation) made = memory;
    made->state_count = plan->state_count;
    made->relay_count = plan->relay_count;
    made->officer_count = plan->officer_count;
    made->device_count = plan->device_count;
    TRY(make_documents(plan, made));
    *ret_made = MOVE(made);
    return HL_OK;
}

void made_federation_free(struct made_federation *made)
{
    if (!made)
        return;
    blob_free(made->root);
    blob_free(made->directory);
    blob_free(made->timestamp);
    for (size_t i = 0; i < made->state_count; i++) {
        blob_free(made->states[i].national_root);
        blob_free(made->states[i].roster);
    }
    secret_free(made);
}

int made_federation_admit(const struct suite *suite, const struct made_federation *made,
                          struct trust **ret_trust, char ret_reason[static 160])
{
    struct bytes national[MADE_STATES_MAX];
    struct bytes rosters[MADE_STATES_MAX];

    for (size_t i = 0; i < made->state_count; i++) {
        national[i] = bytes_blob(made->states[i].national_root);
        rosters[i] = bytes_blob(made->states[i].roster);
    }
    const struct trust_documents documents = {.root = bytes_blob(made->root),
                                              .directory = bytes_blob(made->directory),
                                              .timestamp = bytes_blob(made->timestamp),
                                              .national_roots = national,
                                              .national_root_count = made->state_count,
                                              .rosters = rosters,
                                              .roster_count = made->state_count};
    return trust_admit(suite, &documents, made->ns, made->root_hash, ret_trust, ret_reason);
}
