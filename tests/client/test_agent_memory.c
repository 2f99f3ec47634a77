/* test_agent_memory — the n-th allocation fails at any moment of a connection: the desk hangs up and connects again, and what the
 * relay was told is what the desk holds; nothing is said twice, nothing is lost. */
#include <stdlib.h>

#include "client/event.h"
#include "client/post.h"
#include "proto/record.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_sweep.h"
#include "tests/support/desk_world.h"
#include "tests/support/nth_alloc.h"

/* Nothing is prepared when a play begins, so there are thousands of allocations; HOTLINE_NTH=all tries each. */
#define STRIDE     5
#define CALLS_MAX  64
#define ROUNDS_MAX 64

struct bench {
    struct desk_world *world;
    struct terminal *sender, *peer;
    struct terminal *all[2];
    struct terminal *at; /* whose connection it is */
    uint8_t hash[HASH_BYTES];
    void (*check)(struct bench *bench);
    /* Of the play: the `call`-th call of the agent meets a failure at its n-th allocation. */
    unsigned call, calls;
    unsigned long n;
    bool has_failed;
    size_t takens, rejects; /* records that went out */
};

static int bench_up(void **state)
{
    if (!nth_alloc_is_supported())
        return 0;
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    bench->all[0] = bench->peer = terminal_new(bench->world, XBB, 0, NULL);
    bench->all[1] = bench->sender = terminal_new(bench->world, XAA, 0, NULL);
    desks_meet(bench->world, bench->all, 2, 1);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    if (bench == NULL)
        return 0;
    desks_free(bench->world, bench->all, 2);
    free(bench);
    return 0;
}

/* --- a play --- */

static void arm(struct bench *bench)
{
    if (bench->calls++ == bench->call)
        nth_alloc_arm(bench->n);
}

/* Ours, or none: the relay broke nothing. Returns whether the connection goes on. */
static bool judge(struct bench *bench, int err)
{
    bool failed = nth_alloc_disarm();
    bench->has_failed = bench->has_failed || failed;
    if (err != HL_OK && err != HL_ENOMEM)
        fail_msg("call %u, allocation %lu failed: error %d", bench->call, bench->n, err);
    assert_true(err == HL_OK || failed);
    return err == HL_OK;
}

/* What the relay is told stands in the tables by then. */
static void expect_committed(struct bench *bench, unsigned type)
{
    struct desk *desk = bench->at->desk;
    assert_int_not_equal(sqlite3_get_autocommit(desk->db), 0);
    if (type == RECORD_TAKEN && bench->at == bench->peer)
        assert_int_equal(desks_count(desk, "SELECT count(*) FROM notice") +
                             desks_count(desk, "SELECT count(*) FROM quarantine"),
                         1);
    if (type == RECORD_REJECT_PUT)
        assert_int_equal(desks_count(desk, "SELECT count(*) FROM reject"), 1);
    bench->takens += type == RECORD_TAKEN;
    bench->rejects += type == RECORD_REJECT_PUT;
}

/* Deposits and prekeys go nowhere but from the sender: the relay is the same in every play. */
static void pass_on(struct bench *bench, unsigned type, const struct blob *body)
{
    bool is_kept_back =
        type == RECORD_PREKEY_PUT || (type == RECORD_SUBMIT && bench->at == bench->peer);
    expect_committed(bench, type);
    if (!is_kept_back)
        paper_session_input(bench->at->sessions[0], type, bytes_blob(body), bench->world->now_ms);
}

static bool take_input(struct bench *bench, bool *has_moved)
{
    unsigned type = 0;
    struct blob *body = NULL;
    bool goes_on = true;
    paper_session_poll(bench->at->sessions[0]);
    while (goes_on && paper_session_output(bench->at->sessions[0], &type, &body)) {
        arm(bench);
        goes_on = judge(bench, agent_input(bench->at->agents[0], type, bytes_blob(body)));
        blob_free(body);
        *has_moved = true;
    }
    while (agent_next_output(bench->at->agents[0], &type, &body)) {
        pass_on(bench, type, body);
        blob_free(body);
        *has_moved = true;
    }
    return goes_on;
}

static bool take_time(struct bench *bench)
{
    arm(bench);
    return judge(bench, agent_tick(bench->at->agents[0]));
}

/* One connection until all is still. */
static bool run_connection(struct bench *bench)
{
    bool has_moved = true;
    for (int round = 0; has_moved && round < ROUNDS_MAX; round++) {
        has_moved = false;
        if (!take_input(bench, &has_moved) || !take_time(bench))
            return false;
    }
    return true;
}

static void hang_up(struct bench *bench)
{
    arm(bench);
    agent_closed(bench->at->agents[0]);
    (void)judge(bench, HL_OK);
    terminal_disconnect(bench->at, 0);
}

static void play(struct bench *bench)
{
    bench->calls = 0;
    bench->has_failed = false;
    bench->takens = bench->rejects = 0;
    bool is_done = false;
    for (int tries = 0; !is_done && tries < 3; tries++) {
        terminal_connect(bench->at, 0);
        is_done = run_connection(bench);
        hang_up(bench);
    }
    assert_true(is_done);
    bench->check(bench);
}

/* Every call of the play, and in it every allocation. */
static void play_all(struct bench *bench)
{
    sqlite3 *aside = desk_put_aside(bench->at->desk);
    struct ring_box box = bench->at->box;
    bench->call = CALLS_MAX;
    play(bench); /* nothing fails */
    unsigned calls = bench->calls;
    assert_true(calls >= 4 && calls < CALLS_MAX);
    long live = desk_sweep_live();
    unsigned long plays = 0;
    for (bench->call = 0; bench->call < calls; bench->call++) {
        bench->n = 1 + bench->call % desk_sweep_stride(STRIDE);
        do {
            desk_put_back(bench->at->desk, aside);
            bench->at->box = box;
            play(bench);
            assert_int_equal(desk_sweep_live(), live);
            bench->n += desk_sweep_stride(STRIDE);
            plays++;
        } while (bench->has_failed);
    }
    if (getenv("HOTLINE_NTH") != NULL)
        print_message("%u calls, %lu plays\n", calls, plays);
    assert_int_equal(sqlite3_close(aside), SQLITE_OK);
}

/* --- what is played --- */

static void send_unseen(struct bench *bench)
{
    struct terminal *const senders[] = {bench->sender};
    terminal_disconnect(bench->peer, 0);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, senders, 1);
    bench->at = bench->peer;
}

static void expect_notice(struct bench *bench)
{
    struct desk *desk = bench->at->desk;
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM notice"), 1);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM receipt"), 1);
    assert_int_equal(
        desks_count(desk, "SELECT count(*) FROM deposit WHERE kind = 2 AND is_own = 1"), 1);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM quarantine"), 0);
    assert_int_equal(desks_count(desk, "SELECT max(cursor) - max(taken) FROM relay"), 0);
    assert_int_equal(desks_events(bench->at, EVENT_RECEIVED), 1);
    assert_true(bench->takens > 0); /* lost with a connection, it is said on the next */
    assert_false(desk_is_rolled_back(desk));
}

static void a_delivery_is_confirmed_only_when_it_is_here(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    send_unseen(bench);
    bench->check = expect_notice;
    play_all(bench);
}

static void expect_rejected(struct bench *bench)
{
    struct desk *desk = bench->at->desk;
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM notice"), 0);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM quarantine"), 0);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM reject"), 1);
    assert_int_equal(desks_events(bench->at, EVENT_REJECTED_DEPOSIT), 1);
    assert_true(bench->rejects <= 1);
}

static void a_bad_delivery_is_rejected_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    paper_relay_faults(bench->world->relays[0])->breaks_delivered = true;
    send_unseen(bench);
    bench->check = expect_rejected;
    play_all(bench);
}

static void expect_custody(struct bench *bench)
{
    struct desk *desk = bench->at->desk;
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM custody"), 1);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM outbox o JOIN notice n ON"
                                       " n.deposit = o.deposit WHERE o.state = 1"),
                     1);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM addressee WHERE state = 1"), 1);
    assert_int_equal(desks_events(bench->at, EVENT_CUSTODY), 1);
    assert_int_equal(desks_events(bench->at, EVENT_REJECTED_DEPOSIT), 0);
    assert_false(desk_is_rolled_back(desk));
}

static void a_deposit_is_taken_into_custody_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    terminal_disconnect(bench->peer, 0);
    terminal_disconnect(bench->sender, 0);
    desks_send(bench->sender, XBB, 4, bench->hash);
    bench->at = bench->sender;
    bench->check = expect_custody;
    play_all(bench);
}

/* The relay shows a deposit that this database does not know: lack of memory must not hide it. */
static void expect_locked(struct bench *bench)
{
    assert_true(desk_is_rolled_back(bench->at->desk));
    assert_int_equal(desks_events(bench->at, EVENT_STATE_ROLLBACK), 1);
}

static void a_rolled_back_database_is_found_out(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    struct terminal *const senders[] = {bench->sender};
    terminal_disconnect(bench->peer, 0);
    sqlite3 *older = desk_put_aside(bench->sender->desk);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, senders, 1);
    terminal_disconnect(bench->sender, 0);
    desk_put_back(bench->sender->desk, older);
    assert_int_equal(sqlite3_close(older), SQLITE_OK);
    bench->at = bench->sender;
    bench->check = expect_locked;
    play_all(bench);
}

/* A receipt waits for the sender's key, which the relay has. */
static void expect_flushed(struct bench *bench)
{
    struct desk *desk = bench->at->desk;
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM unsealed"), 0);
    assert_int_equal(
        desks_count(desk, "SELECT count(*) FROM deposit WHERE kind = 2 AND is_own = 1"), 1);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM prekey"), 1);
    assert_int_equal(desks_events(bench->at, EVENT_PREKEY_FORK), 0);
    assert_int_equal(desks_events(bench->at, EVENT_QUARANTINED), 0);
}

static void what_waits_for_a_key_is_sealed_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    struct terminal *const senders[] = {bench->sender};
    terminal_disconnect(bench->peer, 0);
    assert_int_equal(sql_run(bench->peer->desk, "DELETE FROM prekey", SQL_NO_ARGS), HL_OK);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, senders, 1);
    bench->at = bench->peer;
    bench->check = expect_flushed;
    play_all(bench);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_delivery_is_confirmed_only_when_it_is_here),
        BENCH_TEST(a_bad_delivery_is_rejected_once),
        BENCH_TEST(a_deposit_is_taken_into_custody_once),
        BENCH_TEST(a_rolled_back_database_is_found_out),
        BENCH_TEST(what_waits_for_a_key_is_sealed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
