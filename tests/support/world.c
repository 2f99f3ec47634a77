/* world — time, chance and the trace of the simulated world. */
#include "tests/support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "tests/support/world_make.h"

#define TICK_MS 1000

void sim_must(int result, const char *what)
{
    if (result == HL_OK)
        return;
    (void)fprintf(stderr, "world: %s: %s\n", what, err_text(result));
    abort();
}

void sim_fault(struct world *world, const char *what, const char *where, int code)
{
    world->faults++;
    (void)snprintf(world->fault, sizeof(world->fault), "%s at %s: %s (%d), %lld ms", what, where,
                   code < 0 ? err_text(code) : "", code, (long long)world->now_ms);
}

/* --- one federation a suite: making it is slow and it never changes --- */

struct shared {
    struct made_federation *made;
    struct trust *trust;
};

static struct shared federations[2][SIM_RELAYS_MAX + 1];

static void free_federations(void)
{
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k <= SIM_RELAYS_MAX; k++) {
            trust_free(federations[i][k].trust);
            made_federation_free(federations[i][k].made);
        }
    }
}

static const struct shared *federation_of(const struct suite *suite, size_t relays)
{
    static bool is_registered;
    struct shared *mine = &federations[suite == suite_real()][relays];
    if (mine->made != NULL)
        return mine;
    if (!is_registered)
        (void)atexit(free_federations); /* else the leak checker complains */
    is_registered = true;
    static const char codes[SIM_STATES_MAX][4] = {"XAA", "XBB", "XCC", "XDD"};
    static struct seeded_rng state;
    seeded_rng_init(&state, 4711);
    struct rng rng = seeded_rng(&state);
    struct federation_plan plan = {.suite = suite,
                                   .rng = &rng,
                                   .now_ms = SIM_NOW_MS,
                                   .state_count = SIM_STATES_MAX,
                                   .relay_count = relays,
                                   .officer_count = 3,
                                   .device_count = 2,
                                   .port_base = 7000};
    for (size_t i = 0; i < SIM_STATES_MAX; i++)
        memcpy(plan.codes[i], codes[i], 4);
    char reason[160] = "";
    sim_must(secret_init(), "libsodium");
    sim_must(federation_make(&plan, &mine->made), "federation");
    int err = made_federation_admit(suite, mine->made, &mine->trust, reason);
    sim_must(err, reason);
    return mine;
}

/* --- clock, chance, trace --- */

static int64_t now_utc(void *context)
{
    return SIM_NOW_MS + ((const struct world *)context)->now_ms;
}

static int64_t now_mono(void *context)
{
    return 1000000 + ((const struct world *)context)->now_ms;
}

uint64_t sim_random(struct world *world, uint64_t below)
{
    struct rng rng = seeded_rng(&world->rng_state);
    uint8_t octets[8];
    rng_fill(&rng, octets, sizeof(octets));
    return get_u64be(octets) % below;
}

void sim_note(struct world *world, const char *what, uint64_t a, uint64_t b, struct bytes octets)
{
    uint8_t numbers[32];
    put_u64be(numbers, (uint64_t)world->now_ms);
    put_u64be(numbers + 8, a);
    put_u64be(numbers + 16, b);
    put_u64be(numbers + 24, octets.len);
    (void)crypto_generichash_update(&world->trace, (const uint8_t *)what, strlen(what) + 1);
    (void)crypto_generichash_update(&world->trace, numbers, sizeof(numbers));
    (void)crypto_generichash_update(&world->trace, octets.data, octets.len);
}

void sim_trace(const struct world *world, uint8_t ret_hash[static HASH_BYTES])
{
    crypto_generichash_state copy = world->trace;
    (void)crypto_generichash_final(&copy, ret_hash, HASH_BYTES);
}

/* --- making --- */

struct world *sim_new_idle(const struct world_plan *plan)
{
    struct world *world = calloc(1, sizeof(*world));
    sim_must(world == NULL ? HL_ENOMEM : HL_OK, "memory");
    const struct shared *shared = federation_of(plan->suite, plan->relays);
    world->plan = *plan;
    world->made = shared->made;
    world->trust = shared->trust;
    world->clock = (struct clock){.utc_ms = now_utc, .mono_ms = now_mono, .context = world};
    seeded_rng_init(&world->rng_state, plan->seed);
    (void)crypto_generichash_init(&world->trace, NULL, 0, HASH_BYTES);
    for (size_t state = 0; state < plan->states; state++) {
        for (size_t terminal = 0; terminal < plan->terminals; terminal++) {
            struct node *node = &world->nodes[world->node_count];
            node->world = world;
            node->number = world->node_count++;
            node_make(node, state, terminal);
        }
    }
    for (size_t i = 0; i < plan->relays; i++) {
        world->relays[i].world = world;
        world->relay_count++;
        relay_node_make(&world->relays[i], i);
    }
    for (size_t n = 0; n < world->node_count; n++) {
        for (size_t r = 0; r < world->relay_count; r++)
            world->lines[n][r] =
                (struct line){.world = world, .node = &world->nodes[n], .relay = &world->relays[r]};
    }
    return world;
}

void sim_settle(struct world *world)
{
    sim_run(world, 3000);
    for (size_t i = 0; i < world->node_count; i++)
        node_fetch_prekeys(&world->nodes[i]);
    sim_run(world, 3000);
}

struct world *sim_new(const struct world_plan *plan)
{
    struct world *world = sim_new_idle(plan);
    sim_settle(world);
    return world;
}

struct world *sim_story(const struct suite *suite, uint64_t seed, size_t states, size_t relays)
{
    const struct world_plan plan = {.suite = suite,
                                    .seed = seed,
                                    .states = states,
                                    .terminals = 1,
                                    .relays = relays,
                                    .delay_max_ms = 40};
    return sim_new(&plan);
}

void sim_free(struct world *world)
{
    if (world == NULL)
        return;
    world->on_event = NULL;
    world->on_record = NULL;
    while (world->packets != NULL) {
        struct packet *packet = world->packets;
        world->packets = packet->next;
        blob_free(packet->body);
        free(packet);
    }
    while (world->wires != NULL) {
        struct wire *wire = world->wires;
        world->wires = wire->next;
        agent_free(wire->agent);
        free(wire);
    }
    for (size_t i = 0; i < world->relay_count; i++)
        relay_node_done(&world->relays[i]);
    for (size_t i = 0; i < world->node_count; i++)
        node_done(&world->nodes[i]);
    free(world);
}

/* --- time --- */

static void tick(struct world *world)
{
    for (size_t i = 0; i < world->relay_count; i++)
        relay_node_tick(&world->relays[i]);
    for (size_t n = 0; n < world->node_count; n++) {
        struct node *node = &world->nodes[n];
        for (size_t r = 0; r < world->relay_count; r++)
            line_tick(&world->lines[n][r]);
        if (SIM_NOW_MS + world->now_ms >= node->courier_ms)
            node_poke(node);
    }
}

/* The earliest of: a packet, a commit, the tick. */
static int64_t next_due(const struct world *world)
{
    int64_t due_ms = world->tick_ms;
    if (world->packets != NULL && world->packets->due_ms < due_ms)
        due_ms = world->packets->due_ms;
    for (size_t i = 0; i < world->relay_count; i++) {
        const struct relay_node *relay = &world->relays[i];
        if (relay->batch != NULL && relay->commit_due_ms < due_ms)
            due_ms = relay->commit_due_ms;
    }
    return due_ms;
}

static void happen(struct world *world)
{
    for (size_t i = 0; i < world->relay_count; i++) {
        struct relay_node *relay = &world->relays[i];
        if (relay->batch != NULL && relay->commit_due_ms <= world->now_ms) {
            relay_node_commit(relay);
            return;
        }
    }
    struct packet *packet = world->packets;
    if (packet != NULL && packet->due_ms <= world->now_ms) {
        world->packets = packet->next;
        wire_take(packet);
        blob_free(packet->body);
        free(packet);
        return;
    }
    world->tick_ms = world->now_ms + TICK_MS;
    tick(world);
}

bool sim_run_until(struct world *world, bool (*is_done)(struct world *world, void *context),
                   void *context, int64_t max_ms)
{
    int64_t end_ms = world->now_ms + max_ms;
    for (;;) {
        if (is_done != NULL && is_done(world, context))
            return true;
        int64_t due_ms = next_due(world);
        if (due_ms > end_ms)
            break;
        if (due_ms > world->now_ms)
            world->now_ms = due_ms;
        happen(world);
        if (world->on_event != NULL)
            world->on_event(world);
    }
    world->now_ms = end_ms;
    return false;
}

void sim_run(struct world *world, int64_t ms)
{
    (void)sim_run_until(world, NULL, NULL, ms);
}
