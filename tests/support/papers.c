/* papers — a federation's documents, altered and signed again. */
#include "tests/support/papers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/merkle.h"
#include "keys/schema.h"
#include "keys/sign.h"
#include "tests/support/fake_suite.h"

static void must(int err)
{
    if (err != HL_OK)
        abort();
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, struct bytes octets)
{
    ProtobufCMessage *message = NULL;

    must(strict_unpack(type, &schema_trust, octets, &message, NULL));
    return message;
}

static ProtobufCMessage *unpack_signed(const ProtobufCMessageDescriptor *type, struct bytes octets)
{
    Hotline__V1__Signed *object = NULL;

    must(sign_parse(octets, &object));
    ProtobufCMessage *body = unpack(type, BYTES(object->body.data, object->body.len));
    hotline__v1__signed__free_unpacked(object, NULL);
    return body;
}

static void open_state(struct papers *papers, size_t state)
{
    const struct made_state *made = &papers->made->states[state];
    Hotline__V1__RosterDoc *document = (Hotline__V1__RosterDoc *)unpack(
        &hotline__v1__roster_doc__descriptor, bytes_blob(made->roster));

    papers->national[state] = (Hotline__V1__NationalRoot *)unpack_signed(
        &hotline__v1__national_root__descriptor, bytes_blob(made->national_root));
    papers->roster[state] = (Hotline__V1__NationalRoster *)unpack(
        &hotline__v1__national_roster__descriptor,
        BYTES(document->roster->body.data, document->roster->body.len));
    papers->cert_count[state] = document->n_certs;
    for (size_t i = 0; i < document->n_certs; i++)
        papers->certs[state][i] = (Hotline__V1__Cert *)unpack(
            &hotline__v1__cert__descriptor, BYTES(document->certs[i].data, document->certs[i].len));
    hotline__v1__roster_doc__free_unpacked(document, NULL);
}

struct papers *papers_open(void)
{
    struct papers *papers = calloc(1, sizeof(*papers));
    struct seeded_rng state;
    seeded_rng_init(&state, 7);
    const struct rng rng = seeded_rng(&state);
    const struct federation_plan plan = {.suite = suite_fake(),
                                         .rng = &rng,
                                         .now_ms = PAPERS_NOW_MS,
                                         .codes = {"XAA", "XBB", "XCC"},
                                         .state_count = PAPERS_STATES,
                                         .relay_count = 2,
                                         .officer_count = 2,
                                         .device_count = 2,
                                         .port_base = 7401};

    if (!papers)
        abort();
    must(federation_make(&plan, &papers->made));
    papers->root = (Hotline__V1__RootMetadata *)unpack_signed(
        &hotline__v1__root_metadata__descriptor, bytes_blob(papers->made->root));
    papers->directory = (Hotline__V1__Directory *)unpack_signed(
        &hotline__v1__directory__descriptor, bytes_blob(papers->made->directory));
    papers->timestamp = (Hotline__V1__Timestamp *)unpack_signed(
        &hotline__v1__timestamp__descriptor, bytes_blob(papers->made->timestamp));
    for (size_t i = 0; i < PAPERS_STATES; i++)
        open_state(papers, i);
    papers->root_signers = papers->directory_signers = 2;
    papers->timestamp_signers = 1;
    papers->national_signers = papers->roster_signers = 2;
    return papers;
}

void papers_close(struct papers *papers)
{
    protobuf_c_message_free_unpacked(&papers->root->base, NULL);
    protobuf_c_message_free_unpacked(&papers->directory->base, NULL);
    protobuf_c_message_free_unpacked(&papers->timestamp->base, NULL);
    for (size_t i = 0; i < PAPERS_STATES; i++) {
        protobuf_c_message_free_unpacked(&papers->national[i]->base, NULL);
        protobuf_c_message_free_unpacked(&papers->roster[i]->base, NULL);
        for (size_t k = 0; k < papers->cert_count[i]; k++)
            protobuf_c_message_free_unpacked(&papers->certs[i][k]->base, NULL);
        for (size_t k = 0; k < papers->revocation_count[i]; k++)
            blob_free(papers->revocations[i][k]);
    }
    made_federation_free(papers->made);
    free(papers);
}

void papers_set(ProtobufCBinaryData *field, const uint8_t *octets, size_t len)
{
    uint8_t *copy = len ? malloc(len) : NULL;

    if (len && !copy)
        abort();
    if (len)
        memcpy(copy, octets, len);
    free(field->data);
    *field = (ProtobufCBinaryData){len, copy};
}

void papers_set_text(char **field, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    free(*field);
    *field = copy;
}

Hotline__V1__Cert *papers_add_cert(struct papers *papers, size_t state,
                                   const Hotline__V1__Cert *from)
{
    size_t index = papers->cert_count[state]++;
    AUTO(blob) packed = NULL;

    if (index == PAPERS_CERTS)
        abort();
    must(strict_pack(&from->base, &packed));
    Hotline__V1__Cert *cert =
        (Hotline__V1__Cert *)unpack(&hotline__v1__cert__descriptor, bytes_blob(packed));
    cert->serial = papers->certs[state][index - 1]->serial + 1;
    papers->certs[state][index] = cert;
    return cert;
}

void papers_prove(Hotline__V1__Cert *cert, const uint8_t seed[static 32])
{
    uint8_t body[NS_BYTES + ID_BYTES + 1 + 32 + 32] = {0};
    uint8_t sig[SIG_BYTES];
    struct sign_key *key = NULL;

    must(sign_key_new(suite_fake(), seed, &key));
    papers_set(&cert->sign_pk, key->pk, 32);
    memcpy(body, cert->ns.data, NS_BYTES);
    memcpy(body + 32, cert->entity.data, ID_BYTES);
    body[48] = (uint8_t)cert->kind;
    memcpy(body + 49, cert->sign_pk.data, 32);
    if (cert->noise_static.len == 32)
        memcpy(body + 81, cert->noise_static.data, 32);
    must(sign_body(suite_fake(), key, label_fixed(LABEL_POSSESSION), BYTES_OF(body), sig));
    papers_set(&cert->pop, sig, sizeof(sig));
    sign_key_free(key);
}

static void rename_state(struct papers *papers, size_t state, const uint8_t *ns)
{
    const struct made_state *made = &papers->made->states[state];

    papers_set(&papers->national[state]->ns, ns, NS_BYTES);
    papers_set(&papers->roster[state]->ns, ns, NS_BYTES);
    for (size_t i = 0; i < papers->cert_count[state]; i++) {
        Hotline__V1__Cert *cert = papers->certs[state][i];

        papers_set(&cert->ns, ns, NS_BYTES);
        papers_prove(cert, i < 2 ? made->devices[i].seed : made->officers[i - 2].seed);
    }
}

void papers_rename(struct papers *papers)
{
    AUTO(blob) body = NULL;
    uint8_t ns[NS_BYTES];
    char hex[2 * NS_BYTES + 1];

    must(strict_pack(&papers->root->base, &body));
    label_hash1(label_fixed(LABEL_NAMESPACE), bytes_blob(body), ns);
    hex_encode(BYTES_OF(ns), hex);
    papers_set(&papers->directory->ns, ns, NS_BYTES);
    papers_set(&papers->timestamp->ns, ns, NS_BYTES);
    for (size_t i = 0; i < papers->directory->n_relays; i++)
        memcpy(papers->directory->relays[i]->log_origin + strlen("hotline/"), hex, 16);
    for (size_t i = 0; i < PAPERS_STATES; i++)
        rename_state(papers, i, ns);
}

#define SIGNERS_MAX 12
static struct blob *sign_octets(struct bytes body, enum label_fixed label,
                                const uint8_t (*seeds)[32], size_t count)
{
    struct sign_key *keys[SIGNERS_MAX] = {NULL};
    struct blob *object = NULL;

    if (count > SIGNERS_MAX)
        abort();
    for (size_t i = 0; i < count; i++)
        must(sign_key_new(suite_fake(), seeds[i], &keys[i]));
    must(sign_object(suite_fake(), label_fixed(label), body, (const struct sign_key *const *)keys,
                     count, &object));
    for (size_t i = 0; i < count; i++)
        sign_key_free(keys[i]);
    return object;
}

/* Also hashes of the body, for the documents that name it. */
static struct blob *sign_message(const ProtobufCMessage *message, enum label_fixed label,
                                 const uint8_t (*seeds)[32], size_t count, uint8_t *ret_hash)
{
    AUTO(blob) body = NULL;

    must(strict_pack(message, &body));
    if (ret_hash)
        label_hash1(label_fixed(label), bytes_blob(body), ret_hash);
    return sign_octets(bytes_blob(body), label, seeds, count);
}

void papers_revoke(struct papers *papers, size_t state, const Hotline__V1__Revocation *revocation,
                   const uint8_t (*seeds)[32], size_t count)
{
    papers->revocations[state][papers->revocation_count[state]++] =
        sign_message(&revocation->base, LABEL_REVOCATION, seeds, count, NULL);
}

static struct blob *sign_roster(const struct papers *papers, size_t state, uint8_t *ret_hash)
{
    const uint8_t(*seeds)[32] = (const uint8_t(*)[32])papers->made->states[state].national_seed;
    uint8_t twice[3][32];

    memcpy(twice[0], seeds[0], 32);
    memcpy(twice[1], seeds[1], 32);
    memcpy(twice[2], seeds[1], 32);
    if (state == 0 && papers->roster_key_signs_twice)
        return sign_message(&papers->roster[0]->base, LABEL_NATIONAL_ROSTER,
                            (const uint8_t(*)[32])twice, 3, ret_hash);
    return sign_message(&papers->roster[state]->base, LABEL_NATIONAL_ROSTER, seeds,
                        state == 0 ? papers->roster_signers : 2, ret_hash);
}

static struct blob *roster_document(const struct papers *papers, size_t state, uint8_t *ret_hash)
{
    Hotline__V1__RosterDoc document = HOTLINE__V1__ROSTER_DOC__INIT;
    Hotline__V1__NationalRoster *roster = papers->roster[state];
    struct blob *packed[PAPERS_CERTS];
    ProtobufCBinaryData certs[PAPERS_CERTS];
    uint8_t leaves[PAPERS_CERTS][32];
    uint8_t tree[32];
    Hotline__V1__Signed *revocations[PAPERS_REVOCATIONS];
    struct blob *result = NULL;

    for (size_t i = 0; i < papers->cert_count[state]; i++) {
        must(strict_pack(&papers->certs[state][i]->base, &packed[i]));
        certs[i] = (ProtobufCBinaryData){packed[i]->len, packed[i]->data};
        merkle_leaf(bytes_blob(packed[i]), leaves[i]);
    }
    must(merkle_root((const uint8_t(*)[32])leaves, papers->cert_count[state], tree));
    if (!papers->keeps_tree) {
        papers_set(&roster->certs_root, tree, 32);
        roster->cert_count = (uint32_t)papers->cert_count[state];
    }
    AUTO(blob) object = sign_roster(papers, state, ret_hash);
    document.roster =
        (Hotline__V1__Signed *)unpack(&hotline__v1__signed__descriptor, bytes_blob(object));
    for (size_t i = 0; i < papers->revocation_count[state]; i++)
        revocations[i] = (Hotline__V1__Signed *)unpack(&hotline__v1__signed__descriptor,
                                                       bytes_blob(papers->revocations[state][i]));
    document.n_certs = papers->cert_count[state];
    document.certs = certs;
    document.n_revocations = papers->revocation_count[state];
    document.revocations = revocations;
    must(strict_pack(&document.base, &result));
    hotline__v1__signed__free_unpacked(document.roster, NULL);
    for (size_t i = 0; i < papers->revocation_count[state]; i++)
        hotline__v1__signed__free_unpacked(revocations[i], NULL);
    for (size_t i = 0; i < papers->cert_count[state]; i++)
        blob_free(packed[i]);
    return result;
}

static void fit_national_hash(const struct papers *papers, size_t state, const uint8_t *hash)
{
    for (size_t i = 0; !papers->keeps_national_hash && i < papers->directory->n_entities; i++) {
        Hotline__V1__Entity *entity = papers->directory->entities[i];

        if (bytes_equal(BYTES(entity->id.data, ID_BYTES),
                        BYTES_OF(papers->made->states[state].entity)))
            papers_set(&entity->national_root_hash, hash, HASH_BYTES);
    }
}

static void fit_roster_hash(const struct papers *papers, size_t state, const uint8_t *hash)
{
    for (size_t i = 0; !papers->keeps_roster_hash && i < papers->timestamp->n_rosters; i++) {
        Hotline__V1__RosterRef *ref = papers->timestamp->rosters[i];

        if (bytes_equal(BYTES(ref->entity.data, ID_BYTES),
                        BYTES_OF(papers->made->states[state].entity)))
            papers_set(&ref->hash, hash, HASH_BYTES);
    }
}

int papers_admit(const struct papers *papers, struct trust **ret_trust, char ret_reason[static 160])
{
    const struct made_federation *made = papers->made;
    struct blob *national[PAPERS_STATES];
    struct blob *roster[PAPERS_STATES];
    struct bytes views[2][PAPERS_STATES + 1];
    uint8_t hash[HASH_BYTES];
    AUTO(trust) trust = NULL;

    for (size_t i = 0; i < PAPERS_STATES; i++) {
        national[i] = sign_message(&papers->national[i]->base, LABEL_NATIONAL_ROOT,
                                   (const uint8_t(*)[32])made->states[i].national_seed,
                                   i == 0 ? papers->national_signers : 2, hash);
        fit_national_hash(papers, i, hash);
        roster[i] = roster_document(papers, i, hash);
        fit_roster_hash(papers, i, hash);
        views[0][i] = bytes_blob(national[i]);
        views[1][i] = bytes_blob(roster[i]);
    }
    views[0][PAPERS_STATES] = views[0][0];
    views[1][PAPERS_STATES] = views[1][0];
    AUTO(blob)
    root = sign_message(&papers->root->base, LABEL_ROOT_METADATA,
                        (const uint8_t(*)[32])made->root_seed, papers->root_signers, NULL);
    AUTO(blob)
    directory =
        sign_message(&papers->directory->base, LABEL_DIRECTORY,
                     (const uint8_t(*)[32])made->directory_seed, papers->directory_signers, hash);
    if (!papers->keeps_directory_hash)
        papers_set(&papers->timestamp->directory_hash, hash, HASH_BYTES);
    AUTO(blob)
    timestamp =
        sign_message(&papers->timestamp->base, LABEL_TIMESTAMP,
                     papers->directory_signs_timestamp ? (const uint8_t(*)[32])made->directory_seed
                                                       : (const uint8_t(*)[32])made->timestamp_seed,
                     papers->timestamp_signers, NULL);
    const struct trust_documents documents = {
        .root = bytes_blob(root),
        .directory = bytes_blob(directory),
        .timestamp = bytes_blob(timestamp),
        .national_roots = views[0],
        .national_root_count = PAPERS_STATES + papers->has_national_twice,
        .rosters = views[1],
        .roster_count = PAPERS_STATES + papers->has_roster_twice,
        .leaves_out = papers->leaves_out};
    int err = trust_admit(suite_fake(), &documents, NULL, NULL, &trust, ret_reason);
    for (size_t i = 0; i < PAPERS_STATES; i++) {
        blob_free(national[i]);
        blob_free(roster[i]);
    }
    if (err == HL_OK && ret_trust)
        *ret_trust = MOVE(trust);
    return err;
}
