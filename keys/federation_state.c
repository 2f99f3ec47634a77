/* federation_state — one State of a training federation: national root, certificates, roster. */
#include <stdio.h>
#include <string.h>

#include "keys/federation_parts.h"
#include "keys/merkle.h"
#include "keys/noise_dh.h"
#include "keys/possession.h"
#include "keys/schema.h"
#include "keys/secret.h"

#define DAY_MS    (24LL * 3600 * 1000)
#define CERTS_MAX (MADE_DEVICES_MAX + MADE_OFFICERS_MAX)

void part_dh_public(const uint8_t sk[static 32], uint8_t ret_pk[static 32])
{
    dh_public(sk, ret_pk);
}

void part_draw_state(const struct federation_plan *plan, struct made_state *state)
{
    rng_fill(plan->rng, state->national_seed[0], sizeof(state->national_seed));
    for (size_t i = 0; i < plan->device_count; i++) {
        struct key_secrets *device = &state->devices[i];

        device->kind = KEY_DEVICE;
        device->is_sandbox = true;
        memcpy(device->entity, state->entity, ID_BYTES);
        rng_fill(plan->rng, device->seed, 32);
        rng_fill(plan->rng, device->noise_sk, 32);
        rng_fill(plan->rng, device->desk_wrap, 32);
        rng_fill(plan->rng, device->hedge_key, 32);
    }
    for (size_t i = 0; i < plan->officer_count; i++) {
        struct key_secrets *officer = &state->officers[i];

        officer->kind = KEY_OFFICER;
        officer->is_sandbox = true;
        memcpy(officer->entity, state->entity, ID_BYTES);
        rng_fill(plan->rng, officer->seed, 32);
    }
}

int part_make_national_root(const struct federation_plan *plan, const struct made_federation *made,
                            struct made_state *state)
{
    Hotline__V1__NationalRoot root = HOTLINE__V1__NATIONAL_ROOT__INIT;
    uint8_t octets[3][32];
    ProtobufCBinaryData keys[3];
    static const uint8_t zeros[HASH_BYTES];

    part_public_keys(plan->suite, (const uint8_t(*)[32])state->national_seed, 3, octets);
    for (size_t i = 0; i < 3; i++)
        keys[i] = strict_octets(octets[i], 32);
    root.ns = strict_octets(made->ns, NS_BYTES);
    root.entity = strict_octets(state->entity, ID_BYTES);
    root.version = 1;
    root.threshold = 2;
    root.n_keys = 3;
    root.keys = keys;
    root.prev_hash = strict_octets(zeros, HASH_BYTES);
    root.effective_ms = plan->now_ms - DAY_MS;
    return part_sign(plan, &root.base, LABEL_NATIONAL_ROOT,
                     (const uint8_t(*)[32])state->national_seed, 2, &state->national_root);
}

static int prove_possession(const struct federation_plan *plan, const Hotline__V1__Cert *cert,
                            const uint8_t seed[static 32], uint8_t ret_sig[static SIG_BYTES])
{
    uint8_t body[POSSESSION_BYTES];
    struct sign_key *key = NULL;

    possession_body(cert, body);
    TRY(sign_key_new(plan->suite, seed, &key));
    int err = sign_body(plan->suite, key, label_fixed(LABEL_POSSESSION), BYTES_OF(body), ret_sig);
    sign_key_free(key);
    return err;
}

/* index: devices first, then officers; serial = index + 1. */
static int make_cert(const struct federation_plan *plan, const struct made_federation *made,
                     struct made_state *state, size_t index, struct blob **ret_cert)
{
    Hotline__V1__Cert cert = HOTLINE__V1__CERT__INIT;
    bool is_device = index < plan->device_count;
    const struct key_secrets *secrets =
        is_device ? &state->devices[index] : &state->officers[index - plan->device_count];
    uint8_t sign_pk[1][32];
    uint8_t noise_static[32];
    uint8_t person[ID_BYTES];
    uint8_t pop[SIG_BYTES];
    char label[41];
    Hotline__V1__DeskKind desks[1] = {HOTLINE__V1__DESK_KIND__TECHNICAL};

    part_public_keys(plan->suite, (const uint8_t(*)[32]) & secrets->seed, 1, sign_pk);
    cert.ns = strict_octets(made->ns, NS_BYTES);
    cert.entity = strict_octets(state->entity, ID_BYTES);
    cert.kind =
        is_device ? HOTLINE__V1__CERT_KIND__CERT_DEVICE : HOTLINE__V1__CERT_KIND__CERT_OFFICER;
    cert.sign_pk = strict_octets(sign_pk[0], 32);
    cert.n_desks = 1;
    cert.desks = desks;
    if (is_device) {
        dh_public(secrets->noise_sk, noise_static);
        cert.noise_static = strict_octets(noise_static, 32);
        cert.roles = ROLE_BIT_AUTO | ROLE_BIT_DESK;
        cert.device_no = (uint32_t)index + 1;
        (void)snprintf(label, sizeof(label), "terminal %zu", index + 1);
    } else {
        rng_fill(plan->rng, person, ID_BYTES);
        cert.person = strict_octets(person, ID_BYTES);
        cert.roles = ROLE_BIT_COMPOSE | ROLE_BIT_RELEASE | ROLE_BIT_ACK;
        (void)snprintf(label, sizeof(label), "duty officer %zu", index - plan->device_count + 1);
    }
    cert.role_label = label;
    cert.not_before_ms = plan->now_ms - DAY_MS;
    cert.not_after_ms = plan->now_ms + 365 * DAY_MS;
    cert.serial = index + 1;
    TRY(prove_possession(plan, &cert, secrets->seed, pop));
    cert.pop = strict_octets(pop, SIG_BYTES);
    return strict_pack(&cert.base, ret_cert);
}

static void make_desk_info(const struct made_state *state, Hotline__V1__DeskInfo *info,
                           char office[static 80], char **languages)
{
    static char english[] = "en";

    hotline__v1__desk_info__init(info);
    (void)snprintf(office, 80, "Training technical desk of %s", state->code);
    info->kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    languages[0] = english;
    info->n_languages = 1;
    info->languages = languages;
    info->office = office;
}

static int sign_roster(const struct federation_plan *plan, const struct made_federation *made,
                       struct made_state *state, struct blob *const *certs, size_t cert_count,
                       struct blob **ret_signed)
{
    Hotline__V1__NationalRoster roster = HOTLINE__V1__NATIONAL_ROSTER__INIT;
    Hotline__V1__DeskInfo desk;
    Hotline__V1__DeskInfo *desks[1] = {&desk};
    Hotline__V1__ReleaseRule rules[4];
    Hotline__V1__ReleaseRule *rule_list[4];
    static const uint32_t persons[] = {1, 1, 2, 2};
    char office[80];
    char *languages[1];
    uint8_t leaves[CERTS_MAX][32];
    uint8_t root[32];
    static const uint8_t zeros[HASH_BYTES];

    for (size_t i = 0; i < 4; i++) {
        hotline__v1__release_rule__init(&rules[i]);
        rules[i].precedence = (Hotline__V1__Precedence)(i + 1);
        rules[i].persons_min = persons[i];
        rule_list[i] = &rules[i];
    }
    for (size_t i = 0; i < cert_count; i++)
        merkle_leaf(bytes_blob(certs[i]), leaves[i]);
    TRY(merkle_root((const uint8_t(*)[32])leaves, cert_count, root));
    make_desk_info(state, &desk, office, languages);
    roster.ns = strict_octets(made->ns, NS_BYTES);
    roster.entity = strict_octets(state->entity, ID_BYTES);
    roster.version = 1;
    roster.issued_ms = plan->now_ms - 60000;
    roster.expires_ms = plan->now_ms + 89 * DAY_MS;
    roster.national_root_version = 1;
    roster.cert_count = (uint32_t)cert_count;
    roster.certs_root = strict_octets(root, 32);
    roster.n_desks = 1;
    roster.desks = desks;
    roster.n_release_min = 4;
    roster.release_min = rule_list;
    roster.single_person_max = HOTLINE__V1__PRECEDENCE__PRIORITY;
    roster.release_devices_min = 1;
    roster.prev_hash = strict_octets(zeros, HASH_BYTES);
    return part_sign(plan, &roster.base, LABEL_NATIONAL_ROSTER,
                     (const uint8_t(*)[32])state->national_seed, 2, ret_signed);
}

static int pack_document(const struct blob *signed_roster, struct blob *const *certs,
                         size_t cert_count, struct blob **ret_doc)
{
    Hotline__V1__RosterDoc document = HOTLINE__V1__ROSTER_DOC__INIT;
    ProtobufCBinaryData list[CERTS_MAX];

    TRY(sign_parse(bytes_blob(signed_roster), &document.roster));
    for (size_t i = 0; i < cert_count; i++)
        list[i] = strict_octets(certs[i]->data, certs[i]->len);
    document.n_certs = cert_count;
    document.certs = list;
    int err = strict_pack(&document.base, ret_doc);
    hotline__v1__signed__free_unpacked(document.roster, NULL);
    return err;
}

int part_make_roster(const struct federation_plan *plan, const struct made_federation *made,
                     struct made_state *state)
{
    struct blob *certs[CERTS_MAX] = {NULL};
    size_t count = plan->device_count + plan->officer_count;
    AUTO(blob) signed_roster = NULL;
    int err = HL_OK;

    for (size_t i = 0; err == HL_OK && i < count; i++)
        err = make_cert(plan, made, state, i, &certs[i]);
    if (err == HL_OK)
        err = sign_roster(plan, made, state, certs, count, &signed_roster);
    if (err == HL_OK)
        err = pack_document(signed_roster, certs, count, &state->roster);
    for (size_t i = 0; i < count; i++)
        blob_free(certs[i]);
    return err;
}

int part_roster_hash(const struct made_state *state, uint8_t *ret_hash)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__roster_doc__descriptor, &schema_trust,
                      bytes_blob(state->roster), &message, NULL));
    const Hotline__V1__Signed *object = ((Hotline__V1__RosterDoc *)message)->roster;
    label_hash1(label_fixed(LABEL_NATIONAL_ROSTER), BYTES(object->body.data, object->body.len),
                ret_hash);
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}
