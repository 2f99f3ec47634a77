/* test_quota — token buckets of a device. */
#include "daemon/quota.h"

#include "tests/support/cmocka_all.h"

#define HOUR_MS 3600000

static const struct quota_rates rates = {.content = 10, .control = 20, .bytes = 100000};

static size_t take_all(struct quota *quota, bool is_control, size_t len, int64_t now_ms)
{
    uint32_t retry_s;
    size_t count = 0;

    while (quota_take(quota, &rates, is_control, len, now_ms, &retry_s))
        count++;
    assert_in_range(retry_s, 1, 3600);
    return count;
}

static void as_many_as_the_rate_and_not_one_more(void **state)
{
    struct quota quota = {.earned = 0};

    (void)state;
    assert_int_equal(take_all(&quota, false, 1, 0), 10);
    assert_int_equal(take_all(&quota, true, 1, 0), 20);
}

static void an_hour_later_all_of_it_is_back_and_no_more(void **state)
{
    struct quota quota = {.earned = 0};

    (void)state;
    assert_int_equal(take_all(&quota, false, 1, 5), 10);
    assert_int_equal(take_all(&quota, false, 1, 5 + HOUR_MS / 10), 1);
    assert_int_equal(take_all(&quota, false, 1, 5 + 9LL * HOUR_MS), 10);
}

static void the_time_to_retry_is_right(void **state)
{
    struct quota quota = {.earned = 0};
    uint32_t retry_s = 0;

    (void)state;
    (void)take_all(&quota, false, 1, 0);
    assert_false(quota_take(&quota, &rates, false, 1, 0, &retry_s));
    assert_in_range(retry_s, 360, 361);
    assert_false(quota_take(&quota, &rates, false, 1, 359000, &retry_s));
    assert_true(quota_take(&quota, &rates, false, 1, 360000, &retry_s));
}

static void octets_are_bounded_too(void **state)
{
    struct quota quota = {.earned = 0};
    uint32_t retry_s = 0;

    (void)state;
    assert_int_equal(take_all(&quota, true, 30000, 0), 3);
    assert_false(quota_take(&quota, &rates, false, 100001, 0, &retry_s));
    assert_int_equal(retry_s, 3600);
}

static void refused_for_one_reason_nothing_is_taken_for_the_other(void **state)
{
    struct quota quota = {.earned = 0};

    (void)state;
    assert_int_equal(take_all(&quota, false, 1, 0), 10);
    for (int i = 0; i < 50; i++)
        assert_int_equal(take_all(&quota, false, 10000, 0), 0);
    assert_int_equal(take_all(&quota, true, 9999, 0), 10);
}

static void content_earns_eight_control_entries_each(void **state)
{
    struct quota quota = {.earned = 0};
    uint32_t content, control;

    (void)state;
    quota_earn(&quota, 3);
    quota_left(&quota, &rates, 0, &content, &control);
    assert_int_equal(content, 10);
    assert_int_equal(control, 20 + 24);
    assert_int_equal(take_all(&quota, true, 1, 0), 20 + 24);
    quota_earn(&quota, UINT64_MAX);
    assert_true(quota.earned <= 1000000);
}

static void a_clock_that_goes_back_gives_nothing(void **state)
{
    struct quota quota = {.earned = 0};

    (void)state;
    (void)take_all(&quota, false, 1, HOUR_MS);
    assert_int_equal(take_all(&quota, false, 1, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_the_rate_and_not_one_more),
        cmocka_unit_test(an_hour_later_all_of_it_is_back_and_no_more),
        cmocka_unit_test(the_time_to_retry_is_right),
        cmocka_unit_test(octets_are_bounded_too),
        cmocka_unit_test(refused_for_one_reason_nothing_is_taken_for_the_other),
        cmocka_unit_test(content_earns_eight_control_entries_each),
        cmocka_unit_test(a_clock_that_goes_back_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
