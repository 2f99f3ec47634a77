/* agent_uv — connections to the relays and their agents on one loop. */
#include "client/agent_uv.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "client/agent.h"
#include "proto/bye.h"
#include "proto/link_uv.h"
#include "proto/loop_uv.h"

#define TICK_MS      50
#define RETRY_MS     1000
#define CLOSE_MAX_MS 2000
#define FILES_MAX    1024 /* a desk has few: its relays, its database, an input */

/* One relay: the connection now, and when to try again. */
struct wire {
    struct agents *owner;
    const struct relay_info *relay;
    struct link_uv *link; /* NULL: not connected */
    struct agent *agent;
    struct blob *waiting; /* a record that the link could not take yet */
    unsigned waiting_type;
    uint64_t retry_ms;
    unsigned attempts;
    const char *why; /* the last attempt brought no Welcome, or the session ended; NULL: neither */
    bool is_ready;   /* Welcome has come on this connection */
    bool is_looking; /* its name is being resolved */
    uv_getaddrinfo_t lookup;
};
struct agents {
    uv_loop_t loop;
    uv_timer_t tick;
    uv_signal_t signals[2];
    struct desk *desk;
    const struct profile *profile;
    struct channel_key key;
    struct wire wires[LIMIT_RELAYS];
    size_t wire_count;
    bool (*is_done)(void *context);
    void *context;
    uint64_t deadline_ms;
    bool was_done, is_closing;
    int signal;
    int err; /* of this desk, the last one; HL_OK: none */
};

static void drop_agent(struct wire *wire)
{
    if (wire->agent)
        agent_closed(wire->agent);
    agent_free(wire->agent);
    blob_free(wire->waiting);
    wire->agent = NULL;
    wire->waiting = NULL;
    wire->is_ready = false;
}

/* What a relay did is its own affair; what failed here, the officer must hear. */
static void note_error(struct agents *agents, int err)
{
    if (err != HL_OK && err != HL_EFORMAT && err != HL_ECLOSED)
        agents->err = err;
}

/* Hand the agent's records to the link until the agent has none or the link takes no more. */
static void flush(struct wire *wire)
{
    while (wire->link && wire->agent) {
        if (!wire->waiting && !agent_next_output(wire->agent, &wire->waiting_type, &wire->waiting))
            return;
        int err = link_uv_send(wire->link, wire->waiting_type, bytes_blob(wire->waiting));
        if (err == HL_EBUSY)
            return; /* again when it has drained */
        blob_free(wire->waiting);
        wire->waiting = NULL;
        if (err != HL_OK) {
            link_uv_close(wire->link);
            return;
        }
    }
}

static void take_turn(struct agents *agents);

static void on_record(void *context, struct link_uv *link, unsigned type, struct bytes body)
{
    struct wire *wire = context;

    int err = agent_input(wire->agent, type, body);
    note_error(wire->owner, err);
    wire->is_ready = agent_phase(wire->agent) == AGENT_READY;
    if (wire->is_ready)
        wire->why = NULL;
    if (err == HL_EFORMAT)
        link_uv_bye(link, 5, "the relay broke the protocol"); /* BYE_PROTOCOL */
    else if (err != HL_OK)
        link_uv_close(link);
    else
        take_turn(wire->owner); /* what came may have made work for every relay */
}

static void on_ready(void *context, struct link_uv *link)
{
    (void)link;
    flush(context);
}

static void on_drained(void *context, struct link_uv *link)
{
    (void)link;
    flush(context);
}

static void on_closed(void *context, struct link_uv *link, enum link_uv_end end,
                      unsigned bye_reason)
{
    struct wire *wire = context;

    (void)link;
    wire->why = end == LINK_UV_BYE ? bye_text(bye_reason) : link_uv_end_text(end);
    wire->link = NULL;
    wire->retry_ms = uv_now(&wire->owner->loop) + RETRY_MS;
    drop_agent(wire);
}

static const struct link_uv_calls calls = {
    .on_ready = on_ready, .on_record = on_record, .on_drained = on_drained, .on_closed = on_closed};

struct place {
    char host[280], port[8];
};

/* host:port of the profile, else of the directory. */
static void find_place(const struct wire *wire, struct place *ret_place)
{
    const struct profile *profile = wire->owner->profile;

    (void)snprintf(ret_place->host, sizeof(ret_place->host), "%s", wire->relay->host);
    (void)snprintf(ret_place->port, sizeof(ret_place->port), "%u", wire->relay->port);
    for (size_t i = 0; i < profile->relay_count; i++) {
        const char *address = profile->relays[i].address;
        const char *colon = strrchr(address, ':');

        if (strcmp(profile->relays[i].name, wire->relay->name) != 0 || !colon)
            continue;
        (void)snprintf(ret_place->host, sizeof(ret_place->host), "%.*s", (int)(colon - address),
                       address);
        (void)snprintf(ret_place->port, sizeof(ret_place->port), "%.7s", colon + 1);
    }
}

static int connect_to(struct wire *wire, const struct sockaddr *address)
{
    struct agents *agents = wire->owner;
    AUTO(blob) hello = NULL;

    TRY(agent_new(agents->desk, wire->relay, &wire->agent));
    TRY(agent_hello(wire->agent, &hello));
    const struct channel_client_params params = {.ns = desk_identity(agents->desk)->trust->ns,
                                                 .relay_id = wire->relay->id,
                                                 .relay_static = wire->relay->noise_static,
                                                 .key = &agents->key,
                                                 .rng = desk_identity(agents->desk)->rng,
                                                 .hello = bytes_blob(hello)};
    const struct link_uv_setup setup = {.loop = &agents->loop, .calls = &calls, .context = wire};
    return link_uv_connect(&setup, address, &params, &wire->link);
}

static void try_later(struct wire *wire, const char *why)
{
    drop_agent(wire);
    wire->why = why;
    wire->retry_ms = uv_now(&wire->owner->loop) + RETRY_MS;
}

/* Each attempt takes the next of the name's addresses: one that is dead does not hide the others. */
static void connect_one(struct wire *wire, const struct addrinfo *found)
{
    unsigned count = 0;

    for (const struct addrinfo *one = found; one; one = one->ai_next)
        count++;
    for (unsigned skip = count > 0 ? (wire->attempts - 1) % count : 0; skip > 0; skip--)
        found = found->ai_next;
    if (!found) {
        try_later(wire, "its name was not found");
        return;
    }

    int err = connect_to(wire, found->ai_addr);

    if (err != HL_OK)
        try_later(wire, err_text(err));
}

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct wire *wire = lookup->data;

    wire->is_looking = false;
    if (!wire->owner->is_closing)
        connect_one(wire, status == 0 ? found : NULL);
    uv_freeaddrinfo(found);
}

/* A number is taken at once; a name is looked up beside the loop, so that a dead resolver stops no other relay. */
static void connect_wire(struct wire *wire)
{
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    struct place place;

    find_place(wire, &place);
    if (getaddrinfo(place.host, place.port, &hints, &found) == 0) {
        connect_one(wire, found);
        freeaddrinfo(found);
        return;
    }
    hints.ai_flags = 0;
    wire->lookup.data = wire;
    wire->is_looking = uv_getaddrinfo(&wire->owner->loop, &wire->lookup, on_found, place.host,
                                      place.port, &hints) == 0;
    if (!wire->is_looking)
        try_later(wire, "its name cannot be looked up");
}

static void tick_wire(struct wire *wire)
{
    uint64_t now_ms = uv_now(&wire->owner->loop);

    if (!wire->link && !wire->is_looking && now_ms >= wire->retry_ms) {
        wire->attempts++;
        connect_wire(wire);
        return;
    }
    if (!wire->link || !wire->is_ready)
        return;
    int err = agent_tick(wire->agent);
    note_error(wire->owner, err);
    if (err != HL_OK)
        link_uv_close(wire->link);
    else
        flush(wire);
}

/* The caller is asked first: what it has just changed goes out in the same turn. */
static void take_turn(struct agents *agents)
{
    if (!agents->was_done) /* several turns may fall into the loop's last round: done is done */
        agents->was_done = agents->is_done && agents->is_done(agents->context);
    for (size_t i = 0; !agents->is_closing && i < agents->wire_count; i++)
        tick_wire(&agents->wires[i]);
    if (agents->was_done || agents->signal != 0 ||
        (agents->deadline_ms != 0 && uv_now(&agents->loop) >= agents->deadline_ms))
        uv_stop(&agents->loop);
}

static void on_tick(uv_timer_t *timer)
{
    take_turn(timer->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct agents *agents = handle->data;

    agents->signal = number;
    uv_stop(&agents->loop);
}

int agents_new(struct desk *desk, const struct profile *profile, struct agents **ret_agents)
{
    static const int numbers[2] = {SIGINT, SIGTERM};
    struct agents *agents = calloc(1, sizeof(*agents));
    int err;

    if (!agents)
        return HL_ENOMEM;
    err = loop_uv_init(&agents->loop, FILES_MAX);
    if (err != HL_OK) {
        free(agents);
        return err;
    }
    agents->desk = desk;
    agents->profile = profile;
    channel_key_init(desk_identity(desk)->secrets->noise_sk, &agents->key);
    agents->wire_count = desk_relay_count(desk);
    for (size_t i = 0; i < agents->wire_count; i++)
        agents->wires[i] = (struct wire){.owner = agents, .relay = desk_relay(desk, i)};
    (void)uv_timer_init(&agents->loop, &agents->tick); /* always 0 */
    agents->tick.data = agents;
    (void)uv_timer_start(&agents->tick, on_tick, 0, TICK_MS);
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_init(
            &agents->loop,
            &agents->signals[i]); /* fails only without descriptors: then no signal is seen */
        agents->signals[i].data = agents;
        (void)uv_signal_start(&agents->signals[i], on_signal, numbers[i]);
        uv_unref((uv_handle_t *)&agents->signals[i]);
    }
    *ret_agents = agents;
    return HL_OK;
}

bool agents_run(struct agents *agents, int64_t timeout_ms, bool (*is_done)(void *context),
                void *context)
{
    uv_update_time(&agents->loop);
    agents->is_done = is_done;
    agents->context = context;
    agents->was_done = false;
    agents->deadline_ms = timeout_ms > 0 ? uv_now(&agents->loop) + (uint64_t)timeout_ms : 0;
    (void)uv_timer_start(&agents->tick, on_tick, 0,
                         TICK_MS);               /* always 0; the first turn comes at once */
    (void)uv_run(&agents->loop, UV_RUN_DEFAULT); /* until uv_stop() */
    return agents->was_done;
}

int agents_signal(const struct agents *agents)
{
    return agents->signal;
}

int agents_error(const struct agents *agents)
{
    return agents->err;
}

bool agents_are_idle(const struct agents *agents)
{
    size_t idle = 0;

    for (size_t i = 0; i < agents->wire_count; i++) {
        const struct wire *wire = &agents->wires[i];

        if (wire->is_ready &&
            (!agent_is_idle(wire->agent) || wire->waiting || link_uv_queued(wire->link) > 0))
            return false;
        if (!wire->is_ready && (wire->link || wire->is_looking))
            return false; /* still on its way */
        if (!wire->is_ready && wire->attempts == 0)
            return false;
        idle += wire->is_ready;
    }
    return idle > 0;
}

bool agents_are_off_line(const struct agents *agents)
{
    for (size_t i = 0; i < agents->wire_count; i++) {
        if (agents->wires[i].link || agents->wires[i].is_looking || agents->wires[i].attempts == 0)
            return false;
    }
    return true;
}

bool agents_down(const struct agents *agents, size_t relay, struct agents_down *ret_down)
{
    if (relay >= agents->wire_count || agents->wires[relay].is_ready)
        return false;

    const struct wire *wire = &agents->wires[relay];

    *ret_down = (struct agents_down){.relay = wire->relay->name,
                                     .why = wire->why ? wire->why : "no answer in time"};
    return true;
}

int agents_want_prekeys(struct agents *agents, const struct desk_id *desks, size_t count)
{
    for (size_t i = 0; i < agents->wire_count; i++) {
        if (agents->wires[i].is_ready)
            TRY(agent_want_prekeys(agents->wires[i].agent, desks, count));
    }
    return HL_OK;
}

bool agents_have_prekeys(const struct agents *agents)
{
    size_t answered = 0;

    for (size_t i = 0; i < agents->wire_count; i++) {
        const struct wire *wire = &agents->wires[i];

        if (wire->link && (!wire->is_ready || !agent_has_prekeys(wire->agent)))
            return false;
        answered += wire->is_ready;
    }
    return answered > 0;
}

static bool all_closed(void *context)
{
    const struct agents *agents = context;

    for (size_t i = 0; i < agents->wire_count; i++) {
        if (agents->wires[i].link)
            return false;
    }
    return true;
}

void agents_free(struct agents *agents)
{
    if (!agents)
        return;
    agents->is_closing = true;
    agents->signal = 0;
    for (size_t i = 0; i < agents->wire_count; i++) {
        if (agents->wires[i].is_looking)
            (void)uv_cancel((uv_req_t *)&agents->wires[i].lookup); /* else its end is waited for */
        if (agents->wires[i].link)
            link_uv_bye(agents->wires[i].link, 1, NULL); /* BYE_NORMAL */
    }
    (void)agents_run(agents, CLOSE_MAX_MS, all_closed, agents);
    for (size_t i = 0; i < agents->wire_count; i++) {
        if (agents->wires[i].link)
            link_uv_close(agents->wires[i].link);
    }
    uv_close((uv_handle_t *)&agents->tick, NULL);
    uv_close((uv_handle_t *)&agents->signals[0], NULL);
    uv_close((uv_handle_t *)&agents->signals[1], NULL);
    (void)uv_run(&agents->loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < agents->wire_count; i++)
        drop_agent(&agents->wires[i]);
    (void)uv_loop_close(&agents->loop); /* all handles are closed */
    free(agents);
}
