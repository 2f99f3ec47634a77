/* fuzz_documents — the federation's documents: no crash, a reason with every refusal, and an admitted trust that is whole.
 *
 * Input: u8 which document | u8 how | octets. how 0: the octets are the document as it came (Signed, RosterDoc); 1: they are
 * a body, signed here by whoever is entitled, so that what stands behind the signatures is reached as well; 2: they are edits
 * (u16be offset, u8 value) of the good body, signed again; 3: edits of the good document, not signed again. */
#include <stdlib.h>
#include <string.h>

#include "keys/federation_make.h"
#include "keys/schema.h"
#include "tests/support/fake_suite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

/* One federation for all inputs; never freed. LeakSanitizer does not look into locked memory, so a copy keeps its documents
 * reachable. */
static struct made_federation *federation(void)
{
    static struct made_federation copy;
    static struct made_federation *made;
    struct seeded_rng state;
    seeded_rng_init(&state, 3);
    const struct rng rng = seeded_rng(&state);
    const struct federation_plan plan = {.suite = suite_fake(),
                                         .rng = &rng,
                                         .now_ms = 1795000000000,
                                         .codes = {"XAA", "XBB"},
                                         .state_count = 2,
                                         .relay_count = 2,
                                         .officer_count = 1,
                                         .device_count = 1,
                                         .port_base = 7401};

    if (!made) {
        require(federation_make(&plan, &made) == HL_OK);
        copy = *made;
    }
    return &copy;
}

/* Who signs a document, under which label. */
struct target {
    struct blob **document;
    enum label_fixed label;
    const uint8_t (*seeds)[32];
    size_t seed_count;
};

static struct target target_of(struct made_federation *made, uint8_t which)
{
    struct made_state *state = &made->states[0];
    const struct target targets[] = {
        {&made->root, LABEL_ROOT_METADATA, (const uint8_t(*)[32])made->root_seed, 2},
        {&made->directory, LABEL_DIRECTORY, (const uint8_t(*)[32])made->directory_seed, 2},
        {&made->timestamp, LABEL_TIMESTAMP, (const uint8_t(*)[32])made->timestamp_seed, 1},
        {&state->national_root, LABEL_NATIONAL_ROOT, (const uint8_t(*)[32])state->national_seed, 2},
        {&state->roster, LABEL_NATIONAL_ROSTER, (const uint8_t(*)[32])state->national_seed, 2},
    };

    return targets[which % (sizeof(targets) / sizeof(targets[0]))];
}

static struct blob *sign(const struct target *target, struct bytes body)
{
    struct sign_key *keys[2] = {NULL};
    struct blob *object = NULL;

    for (size_t i = 0; i < target->seed_count; i++)
        require(sign_key_new(suite_fake(), target->seeds[i], &keys[i]) == HL_OK);
    require(sign_object(suite_fake(), label_fixed(target->label), body,
                        (const struct sign_key *const *)keys, target->seed_count,
                        &object) == HL_OK);
    for (size_t i = 0; i < target->seed_count; i++)
        sign_key_free(keys[i]);
    return object;
}

/* The good document with another signed body; for a roster the certificates beside it stay. */
static struct blob *with_body(const struct target *target, struct bytes body)
{
    ProtobufCMessage *message = NULL;
    struct blob *object = sign(target, body);
    struct blob *result = NULL;

    if (target->label != LABEL_NATIONAL_ROSTER)
        return object;
    require(strict_unpack(&hotline__v1__roster_doc__descriptor, &schema_trust,
                          bytes_blob(*target->document), &message, NULL) == HL_OK);
    Hotline__V1__RosterDoc *document = (Hotline__V1__RosterDoc *)message;
    hotline__v1__signed__free_unpacked(document->roster, NULL);
    document->roster = hotline__v1__signed__unpack(NULL, object->len, object->data);
    require(document->roster && strict_pack(message, &result) == HL_OK);
    protobuf_c_message_free_unpacked(message, NULL);
    blob_free(object);
    return result;
}

static struct blob *good_body(const struct target *target)
{
    ProtobufCMessage *message = NULL;
    struct blob *body = NULL;
    const ProtobufCMessageDescriptor *type = target->label == LABEL_NATIONAL_ROSTER
                                                 ? &hotline__v1__roster_doc__descriptor
                                                 : &hotline__v1__signed__descriptor;

    require(strict_unpack(type, &schema_trust, bytes_blob(*target->document), &message, NULL) ==
            HL_OK);
    const Hotline__V1__Signed *object = target->label == LABEL_NATIONAL_ROSTER
                                            ? ((Hotline__V1__RosterDoc *)message)->roster
                                            : (Hotline__V1__Signed *)message;
    require(blob_copy(BYTES(object->body.data, object->body.len), &body) == HL_OK);
    protobuf_c_message_free_unpacked(message, NULL);
    return body;
}

static void edit(struct blob *octets, const uint8_t *edits, size_t size)
{
    for (; size >= 3; size -= 3, edits += 3)
        octets->data[get_u16be(edits) % octets->len] = edits[2];
}

static struct blob *document_of(const struct target *target, uint8_t how, const uint8_t *data,
                                size_t size)
{
    struct blob *octets = NULL;

    if (how % 4 == 0 || (how % 4 == 1 && size == 0)) {
        require(blob_copy(BYTES(data, size), &octets) == HL_OK);
        return octets;
    }
    if (how % 4 == 1)
        return with_body(target, BYTES(data, size));
    if (how % 4 == 3) {
        require(blob_copy(bytes_blob(*target->document), &octets) == HL_OK);
        edit(octets, data, size);
        return octets;
    }
    octets = good_body(target);
    edit(octets, data, size);
    struct blob *document = with_body(target, bytes_blob(octets));
    blob_free(octets);
    return document;
}

static void look_around(const struct trust *trust)
{
    char text[9];

    require(trust->entity_count > 0 && trust->relay_count > 0);
    (void)trust_stale_hours(trust, 1795000000000);
    for (size_t i = 0; i < trust->entity_count; i++) {
        const struct entity *entity = &trust->entities[i];
        struct desk_id desk = {.kind = 2};

        memcpy(desk.entity, entity->id, ID_BYTES);
        desk_format(trust, &desk, text);
        require(trust_entity(trust, entity->id) == entity);
        for (size_t k = 0; entity->roster && k < entity->roster->cert_count; k++)
            require(trust_cert(trust, entity->id, entity->roster->certs[k].id) ==
                    &entity->roster->certs[k]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct made_federation *made = federation();
    struct trust *trust = NULL;
    char reason[160];

    if (size < 2 || size > 1 << 16)
        return 0;
    const struct target target = target_of(made, data[0]);
    struct blob *good = *target.document;
    *target.document = document_of(&target, data[1], data + 2, size - 2);
    int err = made_federation_admit(suite_fake(), made, &trust, reason);
    require(err == HL_OK || reason[0] != '\0');
    if (err == HL_OK)
        look_around(trust);
    trust_free(trust);
    blob_free(*target.document);
    *target.document = good;
    return 0;
}
