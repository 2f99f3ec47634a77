/* test_contact — a relay is up as long as some process hears it; each change is told once, whatever processes come and go. */
#include <stdlib.h>

#include "client/contact.h"
#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"

struct bench {
    struct desk_world *world;
    struct terminal *all[1];
};

static int bench_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    bench->all[0] = terminal_new(bench->world, XAA, 0, NULL);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    desks_free(bench->world, bench->all, 1);
    free(bench);
    return 0;
}

static bool is_up(struct bench *bench)
{
    bool answer = false;
    assert_int_equal(contact_is_up(bench->all[0]->desk, &bench->world->infos[0], &answer), HL_OK);
    return answer;
}

static void tick(struct bench *bench, int64_t *ret_next_ms)
{
    *ret_next_ms = INT64_MAX;
    assert_int_equal(contact_tick(bench->all[0]->desk, ret_next_ms), HL_OK);
}

/* A command that connects, and ends. */
static void come_and_go(struct bench *bench)
{
    terminal_connect(bench->all[0], 0);
    desks_run(bench->world, bench->all, 1);
    terminal_disconnect(bench->all[0], 0);
}

static void a_command_that_ends_does_not_take_a_relay_down(void **state)
{
    struct bench *bench = *state;
    int64_t next_ms = 0;
    for (int i = 0; i < 3; i++) {
        come_and_go(bench);
        bench->world->now_ms += 1000;
        tick(bench, &next_ms);
    }
    assert_true(is_up(bench));
    assert_int_equal(desks_events(bench->all[0], EVENT_RELAY_UP), 1);
    assert_int_equal(desks_events(bench->all[0], EVENT_RELAY_DOWN), 0);
}

static void a_relay_not_heard_for_a_minute_is_down_and_told_once(void **state)
{
    struct bench *bench = *state;
    int64_t next_ms = 0;
    come_and_go(bench);
    int64_t heard_ms = bench->world->now_ms;
    tick(bench, &next_ms);
    assert_true(next_ms == heard_ms + CONTACT_UP_MS);
    bench->world->now_ms = heard_ms + CONTACT_UP_MS - 1;
    tick(bench, &next_ms);
    assert_true(is_up(bench));
    assert_int_equal(desks_events(bench->all[0], EVENT_RELAY_DOWN), 0);
    bench->world->now_ms = heard_ms + CONTACT_UP_MS;
    for (int i = 0; i < 3; i++)
        tick(bench, &next_ms);
    assert_false(is_up(bench));
    assert_int_equal(desks_events(bench->all[0], EVENT_RELAY_DOWN), 1);
    assert_true(next_ms == INT64_MAX);
    come_and_go(bench);
    assert_true(is_up(bench));
    assert_int_equal(desks_events(bench->all[0], EVENT_RELAY_UP), 2);
}

static void a_relay_never_heard_is_down_without_a_word(void **state)
{
    struct bench *bench = *state;
    int64_t next_ms = 0;
    tick(bench, &next_ms);
    assert_false(is_up(bench));
    assert_int_equal(desks_events(bench->all[0], EVENT_RELAY_DOWN), 0);
}

static void an_idle_session_keeps_its_relay_up(void **state)
{
    struct bench *bench = *state;
    int64_t next_ms = 0;
    terminal_connect(bench->all[0], 0);
    desks_run(bench->world, bench->all, 1);
    for (int i = 0; i < 60; i++) { /* ten minutes of heartbeats */
        desks_wait(bench->world, bench->all, 1, 10000);
        tick(bench, &next_ms);
        assert_true(is_up(bench));
    }
    assert_int_equal(desks_events(bench->all[0], EVENT_RELAY_DOWN), 0);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_command_that_ends_does_not_take_a_relay_down),
        BENCH_TEST(a_relay_not_heard_for_a_minute_is_down_and_told_once),
        BENCH_TEST(a_relay_never_heard_is_down_without_a_word),
        BENCH_TEST(an_idle_session_keeps_its_relay_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
