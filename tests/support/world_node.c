/* world_node — terminals of the simulated world: identity, desk database in memory, officers. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/courier.h"
#include "tests/support/world_make.h"

/* --- prekeys on "disk" --- */

static int ring_load(void *context, struct prekey_ring **ret_ring)
{
    const struct node *node = context;
    if (node->ring == NULL)
        return HL_ENOTFOUND;
    TRY(prekey_ring_new(ret_ring));
    **ret_ring = *node->ring;
    return HL_OK;
}

static int ring_save(void *context, const struct prekey_ring *ring)
{
    struct node *node = context;
    if (node->ring == NULL)
        TRY(prekey_ring_new(&node->ring));
    *node->ring = *ring;
    return HL_OK;
}

/* --- making --- */

static const struct made_state *state_of(const struct node *node)
{
    return &node->world->made->states[node->state];
}

static void start(struct node *node)
{
    struct world *world = node->world;
    struct key_secrets *secrets = NULL;
    sim_must(key_secrets_new(&secrets), "secrets");
    *secrets = state_of(node)->devices[node->terminal];
    struct identity_parts parts = {.suite = world->plan.suite,
                                   .rng = &node->rng,
                                   .trust = world->trust,
                                   .secrets = secrets,
                                   .store = {ring_load, ring_save, node}};
    sim_must(desk_parse(world->trust, node->address, &parts.desk), "address");
    sim_must(identity_new(&parts, &node->identity), "identity");
    const struct desk_options options = {
        .path = node->path, .vfs = "memdb", .identity = node->identity, .clock = &world->clock};
    sim_must(desk_open(&options, &node->desk), "desk_open");
}

void node_make(struct node *node, size_t state, size_t terminal)
{
    static unsigned long count; /* files of one process must not meet */
    struct world *world = node->world;
    (void)snprintf(node->address, sizeof(node->address), "X%c%c.TEC", 'A' + (char)state,
                   'A' + (char)state);
    for (size_t i = 0; i < world->made->state_count; i++) {
        if (strncmp(world->made->states[i].code, node->address, 3) == 0)
            node->state = i;
    }
    node->terminal = terminal;
    seeded_rng_init(&node->rng_state, world->plan.seed * 1000003 + 7 + node->number);
    node->rng = world->plan.has_constant_rng ? constant_rng() : seeded_rng(&node->rng_state);
    (void)snprintf(node->path, sizeof(node->path), "/hotline-world-%lu", ++count);
    sqlite3 *keeper = NULL;
    int code =
        sqlite3_open_v2(node->path, &keeper, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "memdb");
    sim_must(code == SQLITE_OK ? HL_OK : HL_EIO, "memdb");
    node->keeper = keeper;
    start(node);
}

static void stop(struct node *node)
{
    desk_close(node->desk);
    identity_free(node->identity);
    node->desk = NULL;
    node->identity = NULL;
}

void node_done(struct node *node)
{
    stop(node);
    prekey_ring_free(node->ring);
    for (size_t i = 0; i < sizeof(node->looks) / sizeof(node->looks[0]); i++)
        (void)sqlite3_finalize(node->looks[i].statement);
    (void)sqlite3_close(node->keeper);
}

void node_restart(struct node *node)
{
    struct world *world = node->world;
    sim_note(world, "restart", node->number, node->restarts++, BYTES(NULL, 0));
    for (size_t r = 0; r < world->relay_count; r++) {
        if (world->lines[node->number][r].wire != NULL)
            line_break(&world->lines[node->number][r], sim_random(world, 2) == 0);
    }
    stop(node);
    start(node);
    node->courier_ms = 0;
}

struct node *sim_node(struct world *world, size_t state, size_t terminal)
{
    return &world->nodes[state * world->plan.terminals + terminal];
}

struct line *sim_line(struct world *world, const struct node *node, size_t relay)
{
    return &world->lines[node->number][relay];
}

/* --- using --- */

void node_officer(struct node *node, size_t number)
{
    struct sign_key *key = NULL;
    sim_must(sign_key_new(node->world->plan.suite, state_of(node)->officers[number].seed, &key),
             "officer's key");
    sim_must(identity_set_officer(node->identity, key), "officer");
}

void node_poke(struct node *node)
{
    int64_t next_ms = 0;
    int err = courier_tick(node->desk, &next_ms);
    if (err != HL_OK)
        sim_fault(node->world, "courier_tick", node->address, err);
    node->courier_ms = next_ms;
    for (size_t r = 0; r < node->world->relay_count; r++) {
        struct line *line = sim_line(node->world, node, r);
        if (line->wire != NULL)
            line_tick(line);
    }
}

void node_fetch_prekeys(struct node *node)
{
    for (size_t r = 0; r < node->world->relay_count; r++) {
        struct wire *wire = sim_line(node->world, node, r)->wire;
        if (wire == NULL)
            continue;
        sim_must(agent_want_prekeys(wire->agent, NULL, 0), "want prekeys");
        wire_flush(wire);
    }
}

/* --- looking --- */

static sqlite3_stmt *prepare(struct node *node, const char *sql)
{
    size_t at = 0;
    while (at < 15 && node->looks[at].sql != NULL && node->looks[at].sql != sql)
        at++;
    if (node->looks[at].sql == sql)
        return node->looks[at].statement;
    sqlite3_stmt *statement = NULL;
    (void)sqlite3_finalize(node->looks[at].statement);
    int code = sqlite3_prepare_v2(node->keeper, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        (void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(node->keeper));
    sim_must(code == SQLITE_OK ? HL_OK : HL_EINVAL, "sql");
    node->looks[at].sql = sql;
    node->looks[at].statement = statement;
    return statement;
}

int64_t node_count(struct node *node, const char *sql, const uint8_t *hash)
{
    sqlite3_stmt *statement = prepare(node, sql);
    if (hash != NULL)
        (void)sqlite3_bind_blob(statement, 1, hash, HASH_BYTES, SQLITE_STATIC);
    int64_t number =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    (void)sqlite3_reset(statement);
    return number;
}

size_t node_hashes(struct node *node, const char *sql, const uint8_t *id,
                   uint8_t (*ret_hashes)[HASH_BYTES], size_t max)
{
    sqlite3_stmt *statement = prepare(node, sql);
    if (id != NULL)
        (void)sqlite3_bind_blob(statement, 1, id, ID_BYTES, SQLITE_STATIC);
    size_t count = 0;
    while (count < max && sqlite3_step(statement) == SQLITE_ROW) {
        if (sqlite3_column_bytes(statement, 0) == HASH_BYTES)
            memcpy(ret_hashes[count++], sqlite3_column_blob(statement, 0), HASH_BYTES);
    }
    (void)sqlite3_reset(statement);
    return count;
}

int64_t node_event_count(struct node *node, unsigned kind)
{
    sqlite3_stmt *statement = prepare(node, "SELECT count(*) FROM event WHERE kind = ?");
    (void)sqlite3_bind_int64(statement, 1, kind);
    int64_t number =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    (void)sqlite3_reset(statement);
    return number;
}
