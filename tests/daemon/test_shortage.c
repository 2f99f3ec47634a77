/* test_shortage — what the log says of a relay that refuses for its own sake: one line when it begins, one when it ends. */
#include "daemon/shortage.h"

#include <string.h>

#include "tests/support/cmocka_all.h"

static const struct relay_limits limits = {.disk_min = 1000, .flash_reserve = 300};

struct bench {
    struct shortages shortages;
    struct relay_status status;
    uint64_t disk_free;
    char line[SHORTAGE_LINE_SIZE];
};

static bool step(struct bench *bench, int64_t mono_ms)
{
    bench->status.has_space = bench->disk_free >= limits.disk_min;
    return shortages_step(&bench->shortages, &bench->status, &limits, bench->disk_free, mono_ms,
                          bench->line);
}

static void relay_that_refuses_nothing_says_nothing(void **state)
{
    struct bench bench = {.disk_free = 5};

    (void)state;
    for (int64_t ms = 0; ms < 60000; ms += 1000)
        assert_false(step(&bench, ms));
}

static void full_disk_is_told_once_with_its_figures_and_its_end_once(void **state)
{
    struct bench bench = {.disk_free = 999};

    (void)state;
    bench.status.refused_space = 2;
    assert_true(step(&bench, 0));
    assert_non_null(strstr(bench.line, "999 octets free, 1000 needed"));
    assert_non_null(strstr(bench.line, "FLASH is taken down to 700"));
    bench.status.refused_space = 5;
    for (int64_t ms = 1000; ms < 60000; ms += 1000)
        assert_false(step(&bench, ms)); /* nobody comes, and there is still no room */
    bench.disk_free = 4000;
    assert_true(step(&bench, 60000));
    assert_non_null(strstr(bench.line, "taken again: there is room (4000 octets free); 5 were"));
    assert_false(step(&bench, 90000));
}

static void shortage_that_comes_and_goes_within_ten_seconds_is_one(void **state)
{
    struct bench bench = {.disk_free = UINT64_MAX};

    (void)state;
    for (int64_t ms = 0; ms < 60000; ms += SHORTAGE_CALM_MS - 1) {
        bench.status.refused_space++;
        assert_true(step(&bench, ms) == (ms == 0));
    }
    assert_non_null(strstr(bench.line, "an unknown number of octets free"));
}

static void shortage_of_disk_and_of_patience_are_told_each(void **state)
{
    struct bench bench = {.disk_free = 5000};

    (void)state;
    bench.status.refused_space = bench.status.refused_busy = 1;
    assert_true(step(&bench, 0));
    assert_non_null(strstr(bench.line, "there is no room"));
    assert_true(step(&bench, 0));
    assert_non_null(strstr(bench.line, "too much waits"));
    assert_false(step(&bench, SHORTAGE_CALM_MS - 1));
    assert_true(step(&bench, SHORTAGE_CALM_MS));
    assert_true(step(&bench, SHORTAGE_CALM_MS));
    assert_non_null(strstr(bench.line, "what waited is written"));
    assert_false(step(&bench, SHORTAGE_CALM_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relay_that_refuses_nothing_says_nothing),
        cmocka_unit_test(full_disk_is_told_once_with_its_figures_and_its_end_once),
        cmocka_unit_test(shortage_that_comes_and_goes_within_ten_seconds_is_one),
        cmocka_unit_test(shortage_of_disk_and_of_patience_are_told_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
