/* peer — the C side of the check against Node: seals, opens and shakes hands as the programs do, JSON in and out. The keys are
 * those of tests/support/small_world.h; all of them are for tests and are printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/strict.h"
#include "keys/secret.h"
#include "proto/service.h"
#include "tests/interop/peer.h"
#include "tests/support/small_world.h"
#include "tests/support/vectors.h"

void must(int result, const char *what)
{
    if (result == HL_OK)
        return;
    (void)fprintf(stderr, "peer: %s: %s\n", what, err_text(result));
    exit(1);
}

void put_hex(json_t *object, const char *key, struct bytes octets)
{
    char *text = malloc(2 * octets.len + 1);

    if (!text)
        abort();
    hex_encode(octets, text);
    (void)json_object_set_new(object, key, json_string(text));
    free(text);
}

static void put_number(json_t *object, const char *key, int64_t value)
{
    (void)json_object_set_new(object, key, json_integer(value));
}

/* --- seal ------------------------------------------------------------------------------------------------- */

static json_t *show_key(const struct sign_key *key)
{
    json_t *object = json_object();

    put_hex(object, "id", BYTES_OF(key->id));
    put_hex(object, "pk", BYTES_OF(key->pk));
    put_hex(object, "seed", BYTES(key->sk, SIGN_SEED_BYTES));
    return object;
}

static json_t *show_state(const struct small_world *world, int state)
{
    json_t *object = json_object();
    json_t *devices = json_array();
    json_t *officers = json_array();

    put_hex(object, "entity", BYTES_OF(world->entities[state].id));
    put_number(object, "kind", world_desk(world, state).kind);
    for (int no = 0; no < WORLD_DEVICES; no++) {
        json_t *device = show_key(world->devices[state][no]);
        put_hex(device, "prekey_seed", BYTES_OF(world->rings[state][no]->keys[0].seed));
        put_hex(device, "prekey_id", BYTES_OF(world->rings[state][no]->keys[0].id));
        put_hex(device, "prekey_pk", BYTES_OF(world->prekey_pk[state][no]));
        (void)json_array_append_new(devices, device);
        (void)json_array_append_new(officers, show_key(world->officers[state][no]));
    }
    (void)json_object_set_new(object, "devices", devices);
    (void)json_object_set_new(object, "officers", officers);
    return object;
}

static json_t *show_sealed(const struct small_world *world, const struct sealed *sealed,
                           const char *name, struct bytes content)
{
    json_t *object = json_object();
    json_t *copies = json_array();

    (void)json_object_set_new(object, "name", json_string(name));
    put_hex(object, "envelope", bytes_blob(sealed->envelope));
    put_hex(object, "deposit_hash", BYTES_OF(sealed->deposit_hash));
    put_hex(object, "content", content);
    for (int i = 0; i < WORLD_STATES * WORLD_DEVICES; i++) {
        struct blob *delivered =
            sealed_deliver(world, sealed, i / WORLD_DEVICES, i % WORLD_DEVICES);
        if (!delivered)
            continue;
        json_t *copy = json_object();
        put_number(copy, "state", i / WORLD_DEVICES);
        put_number(copy, "device", i % WORLD_DEVICES);
        put_hex(copy, "delivered", bytes_blob(delivered));
        (void)json_array_append_new(copies, copy);
        blob_free(delivered);
    }
    (void)json_object_set_new(object, "copies", copies);
    return object;
}

/* What only the sender knows, so that Node can make the same envelope again: small_world seals with a counter as its
 * randomness and a fixed hedge key. */
static void show_recipe(json_t *object, unsigned plane, unsigned precedence,
                        const struct sealed *sealed, uint64_t row)
{
    static const uint8_t hedge_key[32] = {9};
    uint64_t counter = 0;
    const struct rng rng = counting_rng(&counter);
    uint8_t random[64];

    rng_fill(&rng, random, sizeof(random));
    put_hex(object, "random", BYTES_OF(random));
    put_hex(object, "hedge_key", BYTES_OF(hedge_key));
    put_number(object, "plane", plane);
    put_number(object, "precedence", precedence);
    put_number(object, "row", (int64_t)row);
    put_number(object, "expires_ms", sealed->expires_ms);
}

static json_t *seal_notice(struct small_world *world, unsigned plane, size_t slot_count)
{
    static const char *const names[] = {NULL, "live notice", "exercise notice", "test notice"};
    struct letter letter = letter_to_xbb(world);

    letter.header_plane = letter.signing_plane = letter.release_plane = letter.link_plane = plane;
    letter.slot_count = slot_count;
    letter_seal(&letter);
    json_t *object =
        show_sealed(world, letter.sealed, names[plane], bytes_blob(letter.signed_notice));
    show_recipe(object, plane, letter.header_precedence, letter.sealed, letter.row);
    letter_done(&letter);
    return object;
}

static struct blob *sign_channel_check(struct small_world *world,
                                       uint8_t ret_hash[static HASH_BYTES])
{
    Hotline__V1__ServiceStatement statement = HOTLINE__V1__SERVICE_STATEMENT__INIT;
    Hotline__V1__Service service; /* the INIT macro casts const away */
    Hotline__V1__PrekeyFloor floor = HOTLINE__V1__PREKEY_FLOOR__INIT;
    Hotline__V1__PrekeyFloor *floors[] = {&floor};
    uint8_t journal_head[HASH_BYTES] = {3};
    struct blob *object = NULL;

    hotline__v1__service__init(&service);
    service.kind = HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK;
    floor.prekey_id = (ProtobufCBinaryData){ID_BYTES, world->rings[XAA][0]->keys[0].id};
    floor.kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    floor.created_ms = WORLD_NOW_MS;
    statement.ns = (ProtobufCBinaryData){NS_BYTES, world->trust.ns};
    statement.plane = HOTLINE__V1__PLANE__LIVE;
    statement.sender_entity = (ProtobufCBinaryData){ID_BYTES, world->entities[XAA].id};
    statement.sender_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    statement.sender_device = (ProtobufCBinaryData){ID_BYTES, world->devices[XAA][0]->id};
    statement.at_ms = WORLD_NOW_MS;
    statement.service = &service;
    statement.journal_head = (ProtobufCBinaryData){HASH_BYTES, journal_head};
    statement.dir_version = 1;
    statement.roster_version = 1;
    statement.n_prekeys = 1;
    statement.prekeys = floors;
    must(service_sign(world->suite, &statement, world->devices[XAA][0], &object, ret_hash),
         "service");
    return object;
}

static void mark_slot(const struct small_world *world, const uint8_t hash[static HASH_BYTES],
                      struct seal_slot *slot)
{
    struct marks marks = {.recipient = slot->desk, .seq = {7, 0, 2}};

    memcpy(marks.ns, world->trust.ns, NS_BYTES);
    memcpy(marks.service_hash, hash, HASH_BYTES);
    memcpy(marks.sender_device, world->devices[XAA][0]->id, ID_BYTES);
    memset(marks.hash[0], 0x71, HASH_BYTES);
    memset(marks.hash[2], 0x73, HASH_BYTES);
    memcpy(slot->marks_seq, marks.seq, sizeof(marks.seq));
    memcpy(slot->marks_hash, marks.hash, sizeof(marks.hash));
    must(marks_sign(world->suite, world->devices[XAA][0], &marks, slot->marks_sig), "marks");
}

static json_t *seal_channel_check(struct small_world *world)
{
    static const uint8_t hedge_key[32] = {9};
    struct seal_slot slots[] = {world_slot(world, XBB, 0), world_slot(world, XBB, MONITOR_NO),
                                world_slot(world, XAA, 1)};
    uint64_t counter = 0;
    const struct rng rng = counting_rng(&counter);
    uint8_t hash[HASH_BYTES];
    struct sealed *sealed = NULL;
    struct blob *content = sign_channel_check(world, hash);
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[XAA].id,
                                         .device = world->devices[XAA][0],
                                         .hedge_key = hedge_key,
                                         .plane = 1,
                                         .kind = CONTENT_SERVICE,
                                         .content = bytes_blob(content),
                                         .content_hash = hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS + 1500,
                                         .journal_row = 4,
                                         .slots = slots,
                                         .slot_count = 3};

    mark_slot(world, hash, &slots[0]);
    mark_slot(world, hash, &slots[1]);
    must(envelope_seal(&request, &sealed), "seal");
    json_t *object = show_sealed(world, sealed, "channel check", bytes_blob(content));
    show_recipe(object, request.plane, 0, sealed, request.journal_row);
    sealed_free(sealed);
    blob_free(content);
    return object;
}

static json_t *command_seal(const json_t *input)
{
    struct small_world *world = small_world_new(suite_real());
    json_t *output = json_object();
    json_t *states = json_array();
    json_t *letters = json_array();

    (void)input;
    for (int state = 0; state < WORLD_STATES; state++)
        (void)json_array_append_new(states, show_state(world, state));
    for (unsigned plane = 1; plane <= 3; plane++) /* trees of three leaves, two and one */
        (void)json_array_append_new(letters, seal_notice(world, plane, 4 - plane));
    (void)json_array_append_new(letters, seal_channel_check(world));
    put_hex(output, "ns", BYTES_OF(world->trust.ns));
    put_number(output, "now_ms", WORLD_NOW_MS);
    (void)json_object_set_new(output, "states", states);
    (void)json_object_set_new(output, "letters", letters);
    small_world_free(world);
    return output;
}

/* --- open ------------------------------------------------------------------------------------------------- */

/* What a relay makes of a whole envelope: inspected, and delivered from slot `index`. NULL: refused. */
static struct blob *relay_delivers(const struct small_world *world, const json_t *entry,
                                   json_t *output)
{
    AUTO(blob) whole = vectors_hex(entry, "envelope");
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    struct blob *delivered = NULL;
    int result = envelope_inspect(world->trust.ns, bytes_blob(whole), &envelope, &facts);

    (void)json_object_set_new(output, "relay", json_string(err_text(result)));
    if (result != HL_OK)
        return NULL;
    must(envelope_deliver(envelope, &facts, (size_t)vectors_number(entry, "index"), &delivered),
         "deliver");
    put_hex(output, "relay_deposit_hash", BYTES_OF(facts.deposit_hash));
    put_hex(output, "relay_delivered", bytes_blob(delivered));
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    return delivered;
}

static void show_opened(const struct opened *opened, json_t *output)
{
    static const char *const results[] = {
        [OPEN_OK] = "opened", [OPEN_REJECTED] = "R", [OPEN_QUARANTINED] = "Q"};

    (void)json_object_set_new(output, "result", json_string(results[opened->result]));
    put_number(output, "step", opened->step);
    (void)json_object_set_new(output, "detail", json_string(opened->detail ? opened->detail : ""));
    if (opened->result != OPEN_OK)
        return;
    put_number(output, "kind", opened->kind);
    put_number(output, "marks", opened->marks);
    put_hex(output, "content", bytes_blob(opened->content));
    put_hex(output, "content_hash", BYTES_OF(opened->content_hash));
    put_number(output, "seq", (int64_t)opened->seq);
    if (opened->seq > 0) {
        put_hex(output, "prev", BYTES_OF(opened->prev));
        put_hex(output, "link_hash", BYTES_OF(opened->link_hash));
    }
    if (opened->has_marks)
        put_number(output, "live_seq", (int64_t)opened->link_marks.seq[0]);
}

static json_t *open_entry(const struct small_world *world, const json_t *entry)
{
    struct open_context context = world_context(world, (int)vectors_number(entry, "state"),
                                                (int)vectors_number(entry, "device"));
    json_t *output = json_object();
    uint8_t deposit_hash[HASH_BYTES];
    struct opened *opened = NULL;

    vectors_hex_into(entry, "deposit_hash", deposit_hash, HASH_BYTES);
    if (json_object_get(entry, "envelope"))
        blob_free(relay_delivers(world, entry, output));
    AUTO(blob) delivered = vectors_hex(entry, "delivered");
    must(open_delivered(&context, deposit_hash, bytes_blob(delivered), &opened), "open");
    show_opened(opened, output);
    opened_free(opened);
    return output;
}

static json_t *command_open(const json_t *input)
{
    struct small_world *world = small_world_new(suite_real());
    json_t *output = json_array();

    for (size_t i = 0; i < json_array_size(input); i++)
        (void)json_array_append_new(output, open_entry(world, json_array_get(input, i)));
    small_world_free(world);
    return output;
}

/* --- */

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        json_t *(*run)(const json_t *input);
    } commands[] = {
        {"seal", command_seal}, {"open", command_open}, {"handshake", command_handshake}};

    must(secret_init(), "libsodium");
    for (size_t i = 0; argc == 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        json_error_t error;
        json_t *input = json_loadf(stdin, JSON_DECODE_ANY, &error);
        json_t *output = commands[i].run(input);
        int result = json_dumpf(output, stdout, JSON_COMPACT);
        json_decref(output);
        json_decref(input);
        return result == 0 ? 0 : 1;
    }
    (void)fprintf(stderr, "usage: peer seal | open | handshake   (JSON on stdin)\n");
    return 2;
}
