/* test_answer_memory — the n-th allocation fails while an officer opens, acknowledges and refuses, and while a missing number is asked
 * for: each is said once, or not at all and can be said again. */
#include <stdio.h>
#include <stdlib.h>

#include "client/answer.h"
#include "client/courier.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_sweep.h"
#include "tests/support/desk_world.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/temp_dir.h"

struct bench {
    struct desk_world *world;
    struct terminal *sender, *peer; /* XAA/1, XBB/1 */
    struct terminal *all[2];
    struct desk *desk; /* the peer's */
    struct temp_dir temp;
    char check_word[8];
    uint8_t hash[HASH_BYTES];
    struct desk_sweep sweep;
};

static int bench_up(void **state)
{
    if (!nth_alloc_is_supported())
        return 0;
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    temp_dir_make(&bench->temp, "desk.db");
    bench->all[0] = bench->peer = terminal_new(bench->world, XBB, 0, bench->temp.path);
    bench->all[1] = bench->sender = terminal_new(bench->world, XAA, 0, NULL);
    desks_meet(bench->world, bench->all, 2, 1);
    bench->desk = bench->peer->desk;
    bench->sweep = (struct desk_sweep){.desk = bench->desk, .context = bench};
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    if (bench == NULL)
        return 0;
    desks_free(bench->world, bench->all, 2);
    int err = temp_dir_remove(&bench->temp);
    free(bench);
    return err;
}

/* --- answers --- */

static int open_notice(void *context)
{
    struct bench *bench = context;
    AUTO(answer) answer = NULL;
    return answer_open(bench->desk, bench->hash, &answer);
}

static int acknowledge(void *context)
{
    struct bench *bench = context;
    AUTO(answer) answer = NULL;
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                        .check_word = bench->check_word,
                                        .note = "on it"};
    return answer_acknowledge(bench->desk, bench->hash, &options, &answer);
}

static int refuse(void *context)
{
    struct bench *bench = context;
    AUTO(answer) answer = NULL;
    return answer_refuse(bench->desk, bench->hash, HOTLINE__V1__REASON__RSN_OTHER, "not ours",
                         &answer);
}

/* At the peer a notice has arrived. */
static void prepare_arrived(struct bench *bench)
{
    AUTO(notice_view) view = NULL;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(query_notice(bench->desk, bench->hash, &view), HL_OK);
    (void)snprintf(bench->check_word, sizeof(bench->check_word), "%s", view->notice->check_word);
    terminal_unlock(bench->peer, 0);
}

static void opening_is_said_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_arrived(bench);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM receipt WHERE kind = 3", 1},
                {"SELECT count(*) FROM addressee WHERE state = 3", 1},
                {"SELECT count(*) FROM deposit WHERE kind = 2 AND is_own = 1", 2});
    desk_sweep_once(&bench->sweep, open_notice);
}

static void expect_acknowledged(struct bench *bench)
{
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM receipt WHERE kind = 4", 1},
                {"SELECT count(*) FROM addressee WHERE state = 4", 1},
                {"SELECT count(*) FROM deposit WHERE kind = 2 AND is_own = 1", 3},
                {"SELECT count(DISTINCT prev) FROM receipt", 3}); /* one chain */
}

static void an_acknowledgement_is_said_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_arrived(bench);
    assert_int_equal(open_notice(bench), HL_OK);
    expect_acknowledged(bench);
    desk_sweep_once(&bench->sweep, acknowledge);
}

static void an_acknowledgement_is_said_when_memory_comes_back(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_arrived(bench);
    assert_int_equal(open_notice(bench), HL_OK);
    expect_acknowledged(bench);
    desk_sweep_for_good(&bench->sweep, acknowledge);
}

static void a_refusal_is_said_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_arrived(bench);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM receipt WHERE kind = 5", 1},
                {"SELECT count(*) FROM addressee WHERE state = 5", 1},
                {"SELECT count(*) FROM deposit WHERE kind = 2 AND is_own = 1", 2});
    desk_sweep_once(&bench->sweep, refuse);
}

/* --- a missing number --- */

static int tick(void *context)
{
    struct bench *bench = context;
    int64_t next_ms = 0;
    return courier_tick(bench->desk, &next_ms);
}

static void a_missing_number_is_asked_for_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_arrived(bench);
    assert_int_equal(
        sql_run(bench->desk,
                "INSERT INTO gap SELECT sender_entity, sender_device, 1, 7, 1, 0 FROM notice",
                SQL_NO_ARGS),
        HL_OK);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM deposit WHERE kind = 3", 1},
                {"SELECT count(*) FROM gap WHERE stated_ms > 0", 1});
    desk_sweep_once(&bench->sweep, tick);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(opening_is_said_once),
        BENCH_TEST(an_acknowledgement_is_said_once),
        BENCH_TEST(an_acknowledgement_is_said_when_memory_comes_back),
        BENCH_TEST(a_refusal_is_said_once),
        BENCH_TEST(a_missing_number_is_asked_for_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
