/* world_relay — relays of the simulated world: their store in two halves, killed between any two steps, started again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bye.h"
#include "tests/support/world_make.h"
#include "wire.pb-c.h"

#define COMMIT_MAX_MS 8

static void start(struct relay_node *relay)
{
    const struct relay_params params = {.suite = relay->world->plan.suite,
                                        .clock = &relay->world->clock,
                                        .rng = &relay->rng,
                                        .trust = relay->world->trust,
                                        .relay_id = relay->info->id,
                                        .log_key = relay->log_key,
                                        .store = relay->store};
    sim_must(relay_new(&params, &relay->relay), "relay_new");
    relay->restart_ms = SIM_NEVER;
    sim_note(relay->world, "start", relay->number, store_memory_count(relay->store),
             BYTES(NULL, 0));
}

void relay_node_make(struct relay_node *relay, size_t number)
{
    struct world *world = relay->world;
    relay->number = number;
    relay->info = trust_relay_by_name(world->trust, world->made->relay_names[number]);
    sim_must(relay->info == NULL ? HL_ENOTFOUND : HL_OK, "relay of the federation");
    seeded_rng_init(&relay->rng_state, world->plan.seed * 1000003 + 500 + number);
    relay->rng = seeded_rng(&relay->rng_state);
    sim_must(sign_key_new(world->plan.suite, world->made->relays[number].log_seed, &relay->log_key),
             "log key");
    sim_must(store_memory_new(&relay->store), "store");
    start(relay);
}

void relay_node_done(struct relay_node *relay)
{
    relay_free(relay->relay);
    store_close(relay->store);
    sign_key_free(relay->log_key);
}

void relay_kill(struct relay_node *relay, int64_t down_ms)
{
    struct world *world = relay->world;
    if (relay->relay == NULL)
        return;
    sim_note(world, "kill", relay->number, relay->steps, BYTES(NULL, 0));
    relay_free(relay->relay);
    relay->relay = NULL;
    relay->batch = NULL;
    relay->kill_at = 0;
    relay->crashes++;
    store_memory_crash(relay->store, relay->keeps_written);
    for (struct wire *wire = world->wires; wire != NULL; wire = wire->next) {
        if (wire->line->relay != relay)
            continue;
        wire->session = NULL; /* freed with the relay */
        wire_leave_relay(wire, relay->keeps_sent);
    }
    relay->restart_ms = down_ms == SIM_NEVER ? SIM_NEVER : world->now_ms + down_ms;
}

void relay_revive(struct relay_node *relay)
{
    if (relay->relay == NULL)
        start(relay);
}

/* One more thing is done that a kill may come after. True: it came. */
static bool step(struct relay_node *relay)
{
    relay->steps++;
    if (relay->kill_at == 0 || relay->steps < relay->kill_at)
        return false;
    relay_kill(relay, 2000);
    return true;
}

static void close_wire(struct relay_node *relay, struct wire *wire,
                       const struct relay_action *action)
{
    struct blob *bye = NULL;
    if (action->bye_reason == HOTLINE__V1__BYE_REASON__BYE_PROTOCOL)
        sim_fault(relay->world, "relay said Bye(PROTOCOL)", wire->line->node->address, 0);
    if (action->bye_reason != 0) {
        sim_must(bye_pack(action->bye_reason, action->detail, &bye), "bye");
        wire_send(wire, TO_DESK, RECORD_BYE, bye);
    }
    wire_leave_relay(wire, true);
}

static void read_back(struct relay_node *relay, uint64_t index)
{
    struct store_body body = {.row = NULL};
    int err = store_read(relay->store, index, &body);
    relay_read_done(relay->relay, index, err, &body);
}

/* True: the relay was killed meanwhile. */
static bool act(struct relay_node *relay, const struct relay_action *action)
{
    struct wire *wire = action->context;
    switch (action->kind) {
    case RELAY_SEND: wire_send(wire, TO_DESK, action->type, action->body); return step(relay);
    case RELAY_CLOSE: close_wire(relay, wire, action); return false;
    case RELAY_READ: read_back(relay, action->index); return false;
    case RELAY_COMMIT: break;
    }
    if (step(relay)) /* nothing is written */
        return true;
    sim_must(store_memory_write(relay->store, action->batch), "write");
    relay->batch = action->batch;
    relay->commit_due_ms =
        relay->world->now_ms + 1 + (int64_t)sim_random(relay->world, COMMIT_MAX_MS);
    return step(relay); /* written, not durable */
}

void relay_node_pump(struct relay_node *relay)
{
    struct relay_action action;
    while (relay->relay != NULL && relay_take_action(relay->relay, &action)) {
        if (act(relay, &action))
            return;
    }
    if (relay->relay == NULL)
        return;
    struct relay_status status;
    relay_status_get(relay->relay, &status);
    if (status.is_broken)
        sim_fault(relay->world, "relay is broken", relay->info->name, 0);
}

void relay_node_commit(struct relay_node *relay)
{
    const struct store_batch *batch = relay->batch;
    relay->batch = NULL;
    sim_note(relay->world, "commit", relay->number, batch->put_count, BYTES(NULL, 0));
    store_memory_sync(relay->store);
    if (step(relay)) /* durable, the core does not know */
        return;
    relay_commit_done(relay->relay, batch, HL_OK);
    if (step(relay)) /* the core knows, nothing was said */
        return;
    relay_node_pump(relay);
}

void relay_node_tick(struct relay_node *relay)
{
    if (relay->relay == NULL) {
        if (relay->world->now_ms >= relay->restart_ms)
            start(relay);
        return;
    }
    relay_tick(relay->relay);
    relay_node_pump(relay);
}
