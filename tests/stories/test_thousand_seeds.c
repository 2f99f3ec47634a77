/* A thousand seeds of random faults, judged from outside: what was promised is kept, each notice comes once, and when the faults
 * end all is delivered and acknowledged. HOTLINE_SEEDS: how many; HOTLINE_SEED: this one alone, with words. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

#define SEEDS        1000
#define WORKERS      2
#define NOTES_MAX    5
#define ROUNDS       10
#define ROUND_MS     3000
#define HEAL_MS      400000
#define PROMISES_MAX 256

/* What the oracle knows: it was there when the officers pressed the keys. */
struct sent {
    uint8_t hash[HASH_BYTES];
    struct node *from;
    struct node *to[2];
    size_t to_count;
};
struct trial {
    struct world *world;
    uint64_t seed;
    struct sent sent[NOTES_MAX];
    size_t sent_count;
    enum receipt_state best[NOTES_MAX][2];
    const struct relay_node *withholding; /* gives custody, delivers nothing */
    bool is_loud;
};

/* Trials run in workers, where cmocka's way out would lead into the parent's tests. */
static _Noreturn void complain(const struct trial *trial, const char *what, uint64_t number)
{
    (void)fprintf(stderr, "HOTLINE_SEED=%llu at %lld ms: %s (%llu)%s%s\n",
                  (unsigned long long)trial->seed, (long long)trial->world->now_ms, what,
                  (unsigned long long)number, trial->world->faults > 0 ? "; " : "",
                  trial->world->fault);
    (void)fflush(NULL);
    _exit(1);
}

/* --- the oracle --- */

struct shelf {
    uint8_t hashes[PROMISES_MAX * 4][HASH_BYTES];
    size_t count;
};

static int put_on_shelf(void *context, const struct store_deposit *deposit, bool has_envelope)
{
    struct shelf *shelf = context;
    (void)has_envelope;
    sim_must(shelf->count < PROMISES_MAX * 4 ? HL_OK : HL_ETOOBIG, "deposits");
    memcpy(shelf->hashes[shelf->count++], deposit->hash, HASH_BYTES);
    return HL_OK;
}

static int ignore_taken(void *context, const struct store_taken *taken)
{
    (void)context;
    (void)taken;
    return HL_OK;
}

static int ignore_prekey(void *context, const struct store_prekey *prekey)
{
    (void)context;
    (void)prekey;
    return HL_OK;
}

static bool is_on_shelf(const struct shelf *shelf, const uint8_t *hash)
{
    for (size_t i = 0; i < shelf->count; i++) {
        if (bytes_equal(BYTES_OF(shelf->hashes[i]), BYTES(hash, HASH_BYTES)))
            return true;
    }
    return false;
}

/* Every custody that any terminal holds of this relay stands in what the relay has on disk. */
static void check_promises(struct trial *trial, struct relay_node *relay)
{
    static struct shelf shelf;
    static uint8_t promised[PROMISES_MAX][HASH_BYTES];
    const struct store_visitor visitor = {put_on_shelf, ignore_taken, ignore_prekey, &shelf};
    shelf.count = 0;
    sim_must(store_load(relay->store, &visitor), "store_load");
    for (size_t n = 0; n < trial->world->node_count; n++) {
        size_t count =
            node_hashes(&trial->world->nodes[n], "SELECT deposit FROM custody WHERE relay = ?",
                        relay->info->id, promised, PROMISES_MAX);
        for (size_t i = 0; i < count; i++) {
            if (!is_on_shelf(&shelf, promised[i]))
                complain(trial, "custody was given for a deposit that is not on disk", n);
        }
    }
}

static bool is_addressed(const struct sent *sent, const struct node *node)
{
    for (size_t i = 0; i < sent->to_count; i++) {
        if (strcmp(sent->to[i]->address, node->address) == 0)
            return true;
    }
    return false;
}

static int64_t count_of(struct node *node, const char *sql, const uint8_t *hash)
{
    return node_count(node, sql, hash);
}

static const char shown_sql[] = "SELECT count(*) FROM notice WHERE direction = 0 AND hash = ?";
static const char alarms_sql[] = /* EVENT_RECEIVED */
    "SELECT count(*) FROM event WHERE kind = 13 AND hash = ?";
static_assert(EVENT_RECEIVED == 13, "as in the text above");

/* Shown: only what was signed, only to whom it is addressed, once. */
static void check_shown(struct trial *trial)
{
    for (size_t n = 0; n < trial->world->node_count; n++) {
        struct node *node = &trial->world->nodes[n];
        int64_t expected = 0;
        for (size_t i = 0; i < trial->sent_count; i++) {
            const struct sent *sent = &trial->sent[i];
            int64_t shown = count_of(node, shown_sql, sent->hash);
            int64_t alarms = count_of(node, alarms_sql, sent->hash);
            if (shown > 0 && !is_addressed(sent, node))
                complain(trial, "shown to a desk that is not addressed", n);
            if (shown > 1 || alarms > 1)
                complain(trial, "received more than once", n);
            expected += shown;
        }
        if (count_of(node, "SELECT count(*) FROM notice WHERE direction = 0", NULL) != expected)
            complain(trial, "something is shown that nobody signed", n);
        if (node_event_count(node, EVENT_QUARANTINED) + node_event_count(node, EVENT_FORK) > 0)
            complain(trial, "quarantine or fork among honest desks", n);
    }
}

static void check_forward(struct trial *trial)
{
    static const char *const sql[2] = {
        "SELECT state FROM addressee WHERE position = 0 AND notice = ?",
        "SELECT state FROM addressee WHERE position = 1 AND notice = ?"};
    for (size_t i = 0; i < trial->sent_count; i++) {
        struct sent *sent = &trial->sent[i];
        for (size_t k = 0; k < sent->to_count; k++) {
            int64_t now = count_of(sent->from, sql[k], sent->hash);
            if (now < (int64_t)trial->best[i][k])
                complain(trial, "a status went back", i);
            trial->best[i][k] = (enum receipt_state)now;
        }
    }
}

/* When all is over: at every terminal of an addressed desk, with one alarm. */
static void check_received(struct trial *trial)
{
    for (size_t i = 0; i < trial->sent_count; i++) {
        for (size_t n = 0; n < trial->world->node_count; n++) {
            struct node *node = &trial->world->nodes[n];
            if (is_addressed(&trial->sent[i], node) &&
                count_of(node, alarms_sql, trial->sent[i].hash) != 1)
                complain(trial, "not received once at each terminal", n);
        }
    }
}

/* --- what officers do --- */

static void send_one(struct trial *trial)
{
    static const char *const precedences[] = {"ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"};
    struct world *world = trial->world;
    size_t states = world->plan.states;
    size_t from = sim_random(world, states);
    struct sent *sent = &trial->sent[trial->sent_count];
    struct note note = {.precedence = precedences[sim_random(world, 4)]};
    sent->from = sim_node(world, from, sim_random(world, world->plan.terminals));
    sent->to_count = 1 + sim_random(world, states - 1);
    size_t first = 1 + sim_random(world, states - 1);
    for (size_t i = 0; i < sent->to_count; i++) {
        size_t step = (first - 1 + i) % (states - 1) + 1;
        sent->to[i] = sim_node(world, (from + step) % states, 0);
        note.to[i] = sent->to[i]->address;
    }
    note_send(sent->from, &note, sent->hash);
    trial->sent_count++;
}

/* Each addressed desk reads and acknowledges what has come, now and then, at one of its terminals. */
static void answer_some(struct trial *trial, uint64_t chance)
{
    struct world *world = trial->world;
    for (size_t i = 0; i < trial->sent_count; i++) {
        for (size_t k = 0; k < trial->sent[i].to_count; k++) {
            if (sim_random(world, chance) == 0)
                (void)note_acknowledge(trial->sent[i].to[k], trial->sent[i].hash);
        }
    }
}

/* --- what goes wrong --- */

static bool withhold(struct world *world, struct wire *wire, enum heading heading, unsigned type,
                     struct blob **body)
{
    const struct trial *trial = world->context;
    (void)body;
    return heading != TO_DESK || type != RECORD_DELIVER || wire->line->relay != trial->withholding;
}

static void kill_some(struct trial *trial)
{
    struct world *world = trial->world;
    struct relay_node *relay = &world->relays[sim_random(world, world->relay_count)];
    relay->keeps_written = sim_random(world, 2) == 0;
    relay->keeps_sent = sim_random(world, 2) == 0;
    if (sim_random(world, 2) == 0)
        relay->kill_at = relay->steps + 1 + (unsigned)sim_random(world, 30);
    else
        relay_kill(relay, (int64_t)sim_random(world, 15000));
    check_promises(trial, relay);
}

static void go_wrong(struct trial *trial)
{
    struct world *world = trial->world;
    size_t node = sim_random(world, world->node_count);
    struct line *line = &world->lines[node][sim_random(world, world->relay_count)];
    switch (sim_random(world, 7)) {
    case 0:
    case 1: kill_some(trial); break;
    case 2: line_break(line, sim_random(world, 2) == 0); break;
    case 3:
    case 4: line_cut(line, !line->is_cut); break;
    case 5: node_restart(&world->nodes[node]); break;
    default: trial->withholding = trial->withholding == NULL ? line->relay : NULL; break;
    }
}

static void heal(struct trial *trial)
{
    struct world *world = trial->world;
    trial->withholding = NULL;
    for (size_t r = 0; r < world->relay_count; r++) {
        world->relays[r].kill_at = 0;
        relay_revive(&world->relays[r]);
    }
    for (size_t n = 0; n < world->node_count; n++) {
        for (size_t r = 0; r < world->relay_count; r++) {
            line_cut(&world->lines[n][r], false);
            line_break(&world->lines[n][r], false);
        }
    }
}

/* --- a trial --- */

static bool all_acknowledged(struct world *world, void *context)
{
    struct trial *trial = context;
    (void)world;
    check_forward(trial);
    for (size_t i = 0; i < trial->sent_count; i++) {
        for (size_t k = 0; k < trial->sent[i].to_count; k++) {
            if (trial->best[i][k] != RCPT_ACKED)
                return false;
        }
    }
    return true;
}

static void run_faults(struct trial *trial)
{
    struct world *world = trial->world;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (trial->sent_count < NOTES_MAX && sim_random(world, 2) == 0)
            send_one(trial);
        go_wrong(trial);
        sim_run(world, (int64_t)sim_random(world, ROUND_MS));
        answer_some(trial, 4);
        check_forward(trial);
        check_shown(trial);
    }
    if (trial->sent_count == 0)
        send_one(trial);
}

static void run_healed(struct trial *trial)
{
    struct world *world = trial->world;
    heal(trial);
    int64_t end_ms = world->now_ms + HEAL_MS;
    while (!all_acknowledged(world, trial)) {
        if (world->now_ms >= end_ms)
            complain(trial, "healed, but not all is acknowledged", 0);
        sim_run(world, 2000);
        answer_some(trial, 1);
    }
    for (size_t r = 0; r < world->relay_count; r++)
        check_promises(trial, &world->relays[r]);
    sim_run(world, 6000); /* the slower terminals and copies */
    check_shown(trial);
    check_received(trial);
    if (world->faults > 0)
        complain(trial, "one of our programs broke the protocol", world->faults);
}

static void run_trial(uint64_t seed, bool is_loud, uint8_t ret_trace[static HASH_BYTES])
{
    const struct world_plan plan = {.suite = suite_fake(),
                                    .seed = seed,
                                    .states = 2 + seed % 2,
                                    .terminals = seed % 5 == 0 ? 2 : 1,
                                    .relays = 2 + (seed % 7 == 0),
                                    .delay_max_ms = seed % 3 == 0 ? 900 : 60};
    struct trial trial = {.world = sim_new(&plan), .seed = seed, .is_loud = is_loud};
    trial.world->context = &trial;
    trial.world->on_record = withhold;
    run_faults(&trial);
    run_healed(&trial);
    sim_trace(trial.world, ret_trace);
    if (is_loud)
        print_message("seed %llu: %zu notices, %lld ms, %u/%u kills\n", (unsigned long long)seed,
                      trial.sent_count, (long long)trial.world->now_ms,
                      trial.world->relays[0].crashes, trial.world->relays[1].crashes);
    sim_free(trial.world);
}

static uint64_t number_of(const char *name, uint64_t absent)
{
    const char *text = getenv(name);
    return text == NULL ? absent : strtoull(text, NULL, 10);
}

/* Every WORKERS-th seed from `first` on. */
static _Noreturn void work(uint64_t first, uint64_t last)
{
    uint8_t trace[HASH_BYTES];
    for (uint64_t seed = first; seed <= last; seed += WORKERS)
        run_trial(seed, first == last, trace);
    _exit(0);
}

static bool all_succeed(uint64_t first, uint64_t last)
{
    pid_t workers[WORKERS];
    bool is_good = true;
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        if (workers[i] == 0)
            work(first + i, last);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        int status = -1;
        is_good = waitpid(workers[i], &status, 0) == workers[i] && status == 0 && is_good;
    }
    return is_good;
}

static void a_thousand_seeds_of_faults_keep_every_promise(void **state)
{
    (void)state;
    uint64_t only = number_of("HOTLINE_SEED", 0);
    if (only != 0)
        assert_true(all_succeed(only, only));
    else
        assert_true(all_succeed(1, number_of("HOTLINE_SEEDS", SEEDS)));
}

static void a_seed_of_faults_gives_the_same_trace_again(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 110; seed++) {
        uint8_t first[HASH_BYTES];
        uint8_t second[HASH_BYTES];
        run_trial(seed, false, first);
        run_trial(seed, false, second);
        assert_memory_equal(first, second, HASH_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_seeds_of_faults_keep_every_promise),
        cmocka_unit_test(a_seed_of_faults_gives_the_same_trace_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
