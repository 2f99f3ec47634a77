/* vector_world — federation.json and prekeys.json as objects. */
#include "tests/support/vector_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int result, const char *what)
{
    if (result == HL_OK)
        return;
    (void)fprintf(stderr, "vector_world: %s: %s\n", what, err_text(result));
    abort();
}

static void read_prekey(struct vector_world *world, size_t index)
{
    const json_t *entry = json_array_get(json_object_get(world->prekeys, "prekeys"), index);
    struct prekey_ring *ring = NULL;

    must(prekey_ring_new(&ring), "ring");
    world->rings[index] = ring;
    ring->count = 1;
    ring->keys[0].kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    vectors_hex_into(entry, "seed", ring->keys[0].seed, 32);
    vectors_hex_into(entry, "prekey_id", ring->keys[0].id, ID_BYTES);
    must(suite_real()->kem_keypair(ring->keys[0].seed, world->prekey_pk[index]), "prekey");
}

struct vector_world *vector_world_new(void)
{
    struct vector_world *world = calloc(1, sizeof(*world));

    if (!world)
        abort();
    if (!federation_load(&world->federation)) {
        free(world);
        return NULL;
    }
    world->trust = world->federation.trust;
    world->prekeys = vectors_load("hotline/prekeys.json");
    if (!world->prekeys)
        abort();
    for (size_t i = 0; i < VECTOR_PREKEYS; i++)
        read_prekey(world, i);
    return world;
}

void vector_world_free(struct vector_world *world)
{
    if (!world)
        return;
    federation_done(&world->federation);
    json_decref(world->prekeys);
    for (size_t i = 0; i < VECTOR_PREKEYS; i++)
        prekey_ring_free(world->rings[i]);
    free(world);
}

int vector_index(const char *name)
{
    static const char *const names[] = {"XAA/1", "XAA/2", "XBB/1", "XBB/2"};

    for (int i = 0; i < VECTOR_PREKEYS; i++) {
        if (bytes_equal(bytes_text(names[i]), bytes_text(name)))
            return i;
    }
    abort();
}

static const json_t *find_state(const struct vector_world *world, const char *name)
{
    char code[4] = "";

    memcpy(code, name, 3);
    return federation_state(&world->federation, code);
}

const json_t *vector_device(const struct vector_world *world, const char *name)
{
    return json_array_get(json_object_get(find_state(world, name), "devices"),
                          (size_t)(name[4] - '1'));
}

struct sign_key *vector_key(const json_t *object)
{
    struct sign_key *key = NULL;
    uint8_t seed[32];

    vectors_hex_into(object, "seed", seed, sizeof(seed));
    must(sign_key_new(suite_real(), seed, &key), "key");
    return key;
}

struct desk_id vector_desk(const struct vector_world *world, const char *code)
{
    struct desk_id desk = {.kind = HOTLINE__V1__DESK_KIND__TECHNICAL};

    vectors_hex_into(find_state(world, code), "entity", desk.entity, ID_BYTES);
    return desk;
}

struct seal_slot vector_slot(const struct vector_world *world, const char *name)
{
    struct seal_slot slot = {.desk = vector_desk(world, name)};
    int index = vector_index(name);

    vectors_hex_into(vector_device(world, name), "key_id", slot.device, ID_BYTES);
    memcpy(slot.prekey_id, world->rings[index]->keys[0].id, ID_BYTES);
    memcpy(slot.kem_pk, world->prekey_pk[index], KEM_PK_BYTES);
    return slot;
}

struct open_context vector_context(const struct vector_world *world, const char *name,
                                   int64_t now_ms)
{
    struct open_context context = {.suite = suite_real(),
                                   .trust = world->trust,
                                   .own_desk = vector_desk(world, name),
                                   .prekeys = world->rings[vector_index(name)],
                                   .now_ms = now_ms};

    vectors_hex_into(vector_device(world, name), "key_id", context.own_device, ID_BYTES);
    return context;
}

static void vector_fill(void *context, uint8_t *octets, size_t len)
{
    struct vector_rng *state = context;

    if (len != sizeof(state->octets) || state->uses++ > 0)
        abort(); /* one fill of 64 octets is all that sealing takes */
    memcpy(octets, state->octets, len);
}

struct rng vector_rng(const json_t *object, struct vector_rng *state)
{
    state->uses = 0;
    vectors_hex_into(object, "rnd64", state->octets, sizeof(state->octets));
    return (struct rng){vector_fill, state};
}
