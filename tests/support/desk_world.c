/* desk_world — desks in memory or on disk, paper relays between them, a clock that tests move. */
#include "tests/support/desk_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/courier.h"
#include "client/desk_sql.h"
#include "client/event.h"

static void must(int err, const char *what)
{
    if (err == HL_OK)
        return;
    (void)fprintf(stderr, "desk_world: %s: %s\n", what, err_text(err));
    abort();
}

static int64_t desks_ms(void *context)
{
    return ((const struct desk_world *)context)->now_ms;
}

/* --- the world --- */

static void make_rules(struct trust *trust)
{
    static const struct precedence_rule rules[5] = {
        {0},
        {300, 3600, 43200, 86400, 259200, 2592000, 86400, 0},
        {60, 900, 3600, 10800, 86400, 259200, 2700, 0},
        {10, 120, 600, 1800, 14400, 86400, 300, 200},
        {5, 30, 180, 600, 3600, 14400, 60, 200}};
    memcpy(trust->rules, rules, sizeof(rules));
}

static struct desk_world *world_base(void)
{
    struct desk_world *world = calloc(1, sizeof(*world));
    if (world == NULL)
        abort();
    world->now_ms = WORLD_NOW_MS;
    world->clock = (struct clock){.utc_ms = desks_ms, .mono_ms = desks_ms, .context = world};
    seeded_rng_init(&world->seed, 7);
    world->rng = seeded_rng(&world->seed);
    return world;
}

struct desk_world *desk_world_new_with(const struct suite *suite)
{
    static const char *const names[] = {"r1", "r2", "r3"};
    static const char *const operators[] = {"alpha", "beta", "alpha"};
    struct desk_world *world = world_base();
    world->small = small_world_new(suite);
    struct trust *trust = &world->small->trust;
    for (int i = 0; i < WORLD_RELAYS; i++)
        world->relays[i] = paper_relay_new(suite, trust, &world->infos[i], names[i], operators[i]);
    trust->relays = world->infos;
    trust->relay_count = WORLD_RELAYS;
    trust->root_version = trust->directory_version = trust->timestamp_version = 1;
    memset(trust->directory_hash, 0x11, HASH_BYTES);
    for (size_t i = 0; i < trust->entity_count; i++) {
        trust->entities[i].status = HOTLINE__V1__ENTITY_STATUS__ES_ACTIVE;
        trust->entities[i].roster->version = 1;
        trust->entities[i].roster->release_devices_min = 1;
    }
    trust->root_expires_ms = trust->directory_expires_ms = trust->timestamp_expires_ms =
        WORLD_NOW_MS + 10LL * 24 * 3600 * 1000;
    make_rules(trust);
    return world;
}

struct desk_world *desk_world_new(void)
{
    return desk_world_new_with(suite_fake());
}

static void take_state(struct desk_world *world, int state)
{
    struct small_world *small = world->small;
    static const char *const codes[] = {"XAA", "XBB", "XCC"};
    const struct made_state *made = world->made->states; /* ascending by random id */
    while (strcmp(made->code, codes[state]) != 0)
        made++;
    small->entities[state] = *trust_entity(world->admitted, made->entity);
    for (int no = 0; no < 2; no++) {
        must(sign_key_new(small->suite, made->devices[no].seed, &small->devices[state][no]),
             "device");
        must(sign_key_new(small->suite, made->officers[no].seed, &small->officers[state][no]),
             "officer");
    }
}

struct desk_world *desk_world_new_made(void)
{
    struct desk_world *world = world_base();
    const struct federation_plan plan = {.suite = suite_fake(),
                                         .rng = &world->rng,
                                         .now_ms = WORLD_NOW_MS,
                                         .codes = {"XAA", "XBB", "XCC"},
                                         .state_count = 3,
                                         .relay_count = 2,
                                         .officer_count = 2,
                                         .device_count = 2,
                                         .port_base = 7401};
    char reason[160];
    must(federation_make(&plan, &world->made), "federation");
    must(made_federation_admit(plan.suite, world->made, &world->admitted, reason), "admit");
    world->small = calloc(1, sizeof(*world->small));
    if (world->small == NULL)
        abort();
    world->small->suite = plan.suite;
    world->small->trust = *world->admitted;
    for (int state = 0; state < 3; state++)
        take_state(world, state);
    for (size_t i = 0; i < 2; i++) {
        const struct relay_info *info =
            trust_relay_by_name(world->admitted, world->made->relay_names[i]);
        world->infos[i] = *info;
        world->relays[i] = paper_relay_new_keyed(plan.suite, &world->small->trust, info,
                                                 world->made->relays[i].log_seed);
    }
    return world;
}

void desk_world_free(struct desk_world *world)
{
    for (int i = 0; i < WORLD_RELAYS; i++)
        paper_relay_free(world->relays[i]);
    small_world_free(world->small);
    trust_free(world->admitted);
    made_federation_free(world->made);
    free(world);
}

/* --- terminals --- */

static int box_load(void *context, struct prekey_ring **ret_ring)
{
    const struct ring_box *box = context;
    if (!box->is_written)
        return HL_ENOTFOUND;
    struct prekey_ring *ring = NULL;
    TRY(prekey_ring_new(&ring));
    *ring = box->copy;
    *ret_ring = ring;
    return HL_OK;
}

static int box_save(void *context, const struct prekey_ring *ring)
{
    struct ring_box *box = context;
    box->copy = *ring;
    box->is_written = true;
    return HL_OK;
}

static void make_identity(struct terminal *terminal, int state, int no)
{
    struct small_world *small = terminal->world->small;
    struct identity_parts parts = {
        .suite = small->suite,
        .rng = &terminal->world->rng,
        .trust = &small->trust,
        .desk = world_desk(small, state),
        .store = {.load = box_load, .save = box_save, .context = &terminal->box}};
    must(key_secrets_new(&parts.secrets), "secrets");
    parts.secrets->kind = KEY_DEVICE;
    parts.secrets->is_sandbox = small->trust.is_sandbox;
    memcpy(parts.secrets->ns, small->trust.ns, NS_BYTES);
    memcpy(parts.secrets->entity, parts.desk.entity, ID_BYTES);
    memcpy(parts.secrets->seed, small->devices[state][no]->sk, 32);
    memset(parts.secrets->desk_wrap, 0x40 + no, 32);
    memset(parts.secrets->hedge_key, 0x50 + no, 32);
    must(identity_new(&parts, &terminal->identity), "identity");
}

struct terminal *terminal_new(struct desk_world *world, int state, int no, const char *path)
{
    struct terminal *terminal = calloc(1, sizeof(*terminal));
    if (terminal == NULL)
        abort();
    terminal->world = world;
    make_identity(terminal, state, no);
    must(terminal_reopen(terminal, path == NULL ? ":memory:" : path, NULL), "open");
    return terminal;
}

int terminal_reopen(struct terminal *terminal, const char *path, const char *vfs)
{
    for (int i = 0; i < WORLD_RELAYS; i++)
        terminal_disconnect(terminal, i);
    desk_close(MOVE(terminal->desk));
    const struct desk_options options = {
        .path = path, .vfs = vfs, .identity = terminal->identity, .clock = &terminal->world->clock};
    return desk_open(&options, &terminal->desk);
}

void terminal_free(struct terminal *terminal)
{
    for (int i = 0; i < WORLD_RELAYS; i++)
        terminal_disconnect(terminal, i);
    desk_close(terminal->desk);
    identity_free(terminal->identity);
    free(terminal);
}

void terminal_unlock(struct terminal *terminal, int officer)
{
    const struct small_world *small = terminal->world->small;
    int state = 0;
    while (!bytes_equal(BYTES_OF(small->entities[state].id),
                        BYTES_OF(terminal->identity->desk.entity)))
        state++;
    struct sign_key *key = NULL;
    must(sign_key_new(small->suite, small->officers[state][officer]->sk, &key), "officer");
    must(identity_set_officer(terminal->identity, key), "unlock");
}

void terminal_connect(struct terminal *terminal, int relay)
{
    terminal_disconnect(terminal, relay);
    struct desk_world *world = terminal->world;
    terminal->sessions[relay] =
        paper_session_new(world->relays[relay], terminal->identity->device_cert, world->now_ms);
    must(agent_new(terminal->desk, trust_relay(&world->small->trust, world->infos[relay].id),
                   &terminal->agents[relay]),
         "agent");
}

void terminal_disconnect(struct terminal *terminal, int relay)
{
    if (terminal->agents[relay] == NULL)
        return;
    agent_closed(terminal->agents[relay]);
    agent_free(MOVE(terminal->agents[relay]));
    paper_session_free(MOVE(terminal->sessions[relay]));
}

void desks_free(struct desk_world *world, struct terminal *const *terminals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (terminals[i] != NULL)
            terminal_free(terminals[i]);
    desk_world_free(world);
}

/* --- moving records --- */

static bool move_one(struct terminal *terminal, int relay)
{
    struct agent *agent = terminal->agents[relay];
    struct paper_session *session = terminal->sessions[relay];
    unsigned type = 0;
    struct blob *body = NULL;
    bool has_moved = false;
    if (agent == NULL)
        return false;
    paper_session_poll(session);
    while (paper_session_output(session, &type, &body)) {
        must(agent_input(agent, type, bytes_blob(body)), "agent_input");
        blob_free(body);
        has_moved = true;
    }
    while (agent_next_output(agent, &type, &body)) {
        paper_session_input(session, type, bytes_blob(body), terminal->world->now_ms);
        blob_free(body);
        has_moved = true;
    }
    return has_moved;
}

void desks_run(struct desk_world *world, struct terminal *const *terminals, size_t count)
{
    (void)world;
    bool has_moved = true;
    for (int round = 0; has_moved && round < 1000; round++) {
        has_moved = false;
        for (size_t i = 0; i < count; i++) {
            for (int relay = 0; relay < WORLD_RELAYS; relay++)
                has_moved |= move_one(terminals[i], relay);
        }
    }
}

void desks_flush(struct desk_world *world, struct terminal *const *terminals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int relay = 0; relay < WORLD_RELAYS; relay++) {
            if (terminals[i]->agents[relay] != NULL)
                must(agent_tick(terminals[i]->agents[relay]), "agent_tick");
        }
    }
    desks_run(world, terminals, count);
}

void desks_wait(struct desk_world *world, struct terminal *const *terminals, size_t count,
                int64_t ms)
{
    int64_t until_ms = world->now_ms + ms;
    while (world->now_ms < until_ms) {
        int64_t step_ms = until_ms - world->now_ms > 10000 ? 10000 : until_ms - world->now_ms;
        world->now_ms += step_ms;
        for (size_t i = 0; i < count; i++) {
            int64_t next_ms = 0;
            must(courier_tick(terminals[i]->desk, &next_ms), "courier");
        }
        desks_flush(world, terminals, count);
    }
}

void desks_connect(struct desk_world *world, struct terminal *const *terminals, size_t count,
                   int relays)
{
    for (size_t i = 0; i < count; i++) {
        for (int relay = 0; relay < relays; relay++)
            terminal_connect(terminals[i], relay);
        desks_run(world, terminals, count);
    }
}

void desks_meet(struct desk_world *world, struct terminal *const *terminals, size_t count,
                int relays)
{
    for (int round = 0; round < 2; round++)
        desks_connect(world, terminals, count, relays);
}

/* --- notices --- */

static uint8_t *copy_of(struct bytes octets)
{
    uint8_t *copy = malloc(octets.len);
    if (copy == NULL)
        abort();
    memcpy(copy, octets.data, octets.len);
    return copy;
}

static Hotline__V1__Address *address_of(const struct desk_world *world, int state,
                                        unsigned precedence)
{
    Hotline__V1__Address *address = malloc(sizeof(*address));
    Hotline__V1__Desk *desk = malloc(sizeof(*desk));
    if (address == NULL || desk == NULL)
        abort();
    hotline__v1__address__init(address);
    hotline__v1__desk__init(desk);
    desk->entity =
        (ProtobufCBinaryData){ID_BYTES, copy_of(BYTES_OF(world->small->entities[state].id))};
    desk->kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    address->desk = desk;
    address->action = true;
    address->precedence = (Hotline__V1__Precedence)precedence;
    return address;
}

static Hotline__V1__Incident *incident_of(int64_t now_ms)
{
    Hotline__V1__Incident *incident = malloc(sizeof(*incident));
    Hotline__V1__Stamp *started = malloc(sizeof(*started));
    if (incident == NULL || started == NULL)
        abort();
    hotline__v1__incident__init(incident);
    hotline__v1__stamp__init(started);
    started->unix_ms = now_ms - 3600000;
    Hotline__V1__Stamp *next = malloc(sizeof(*next));
    if (next == NULL)
        abort();
    hotline__v1__stamp__init(next);
    next->unix_ms = now_ms + 3600000;
    incident->started = started;
    incident->next_update_by = next;
    incident->incident_id =
        (ProtobufCBinaryData){ID_BYTES, copy_of(bytes_text("incident-0000001"))};
    incident->category = HOTLINE__V1__CATEGORY__INTRUSION;
    incident->status = HOTLINE__V1__INC_STATUS__ONGOING;
    incident->n_sector = 1;
    incident->sector = malloc(sizeof(incident->sector[0]));
    incident->sector[0] = HOTLINE__V1__SECTOR__ENERGY;
    incident->severity = HOTLINE__V1__LVL__HIGH;
    incident->confidence = HOTLINE__V1__LVL__MEDIUM;
    incident->suspected_malicious = HOTLINE__V1__TRI__UNKNOWN;
    incident->cross_border = HOTLINE__V1__TRI__YES;
    incident->critical_infrastructure = HOTLINE__V1__TRI__YES;
    incident->why_you = HOTLINE__V1__WHY_YOU__MAY_SPREAD_TO_YOU;
    incident->attribution = HOTLINE__V1__ATTRIBUTION__ATTR_NONE_MADE;
    return incident;
}

Hotline__V1__Notice *desks_notice(const struct desk_world *world, int to, int also,
                                  unsigned precedence)
{
    Hotline__V1__Notice *notice = malloc(sizeof(*notice));
    Hotline__V1__Text *text = malloc(sizeof(*text));
    if (notice == NULL || text == NULL)
        abort();
    hotline__v1__notice__init(notice);
    hotline__v1__text__init(text);
    notice->type = HOTLINE__V1__NOTICE_TYPE__INC;
    notice->plane = HOTLINE__V1__PLANE__LIVE;
    notice->precedence = (Hotline__V1__Precedence)precedence;
    notice->tlp = HOTLINE__V1__TLP__TLP_AMBER;
    notice->to = malloc(2 * sizeof(notice->to[0]));
    notice->to[notice->n_to++] = address_of(world, to, precedence);
    if (also >= 0)
        notice->to[notice->n_to++] = address_of(world, also, precedence);
    text->lang = strdup("en");
    text->body = strdup("SECRETTEXT the power grid controller was entered");
    text->authoritative = true;
    notice->text = malloc(sizeof(notice->text[0]));
    notice->text[notice->n_text++] = text;
    notice->subject = strdup("SECRETSUBJECT grid");
    notice->incident = incident_of(world->now_ms);
    notice->n_requested_action = 1;
    notice->requested_action = malloc(sizeof(notice->requested_action[0]));
    notice->requested_action[0] = HOTLINE__V1__REQUESTED_ACTION__ACK_ONLY;
    return notice;
}

void desks_send(struct terminal *terminal, int to, unsigned precedence,
                uint8_t ret_hash[static HASH_BYTES])
{
    char id[NOTICE_ID_SIZE];
    Hotline__V1__Notice *notice = desks_notice(terminal->world, to, -1, precedence);
    terminal_unlock(terminal, 0);
    int err = draft_sign(terminal->desk, notice, id, ret_hash);
    if (err != HL_OK)
        (void)fprintf(stderr, "draft_sign: %s\n", desk_why(terminal->desk));
    must(err, "draft_sign");
    bool needs_two = notice->persons > 1;
    hotline__v1__notice__free_unpacked(notice, NULL);
    terminal_unlock(terminal, needs_two ? 1 : 0);
    const struct release_options options = {0};
    struct release_result *result = calloc(1, sizeof(*result));
    err = draft_release(terminal->desk, id, &options, result);
    if (err != HL_OK)
        (void)fprintf(stderr, "draft_release: %s\n", desk_why(terminal->desk));
    must(err, "draft_release");
    must(result->is_sent ? HL_OK : HL_ESTATE, "sent");
    free(result);
}

int64_t desks_count(struct desk *desk, const char *sql)
{
    int64_t number = -1;
    must(sql_number_of(desk, sql, SQL_NO_ARGS, &number), sql);
    return number;
}

size_t desks_events(struct terminal *terminal, int kind)
{
    static struct event events[512];
    size_t count = 0;
    size_t found = 0;
    must(event_read(terminal->desk, 0, events, 512, &count), "events");
    for (size_t i = 0; i < count; i++)
        found += (int)events[i].kind == kind;
    return found;
}

struct addressee_view desks_addressee(struct terminal *terminal,
                                      const uint8_t hash[static HASH_BYTES], size_t index)
{
    struct notice_view *view = NULL;
    must(query_notice(terminal->desk, hash, &view), "query_notice");
    if (index >= view->addressee_count)
        abort();
    struct addressee_view to = view->addressees[index];
    notice_view_free(view);
    return to;
}
