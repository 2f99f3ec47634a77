/* test_t0 — the start of the clocks, by a table drawn by hand. */
#include "client/t0.h"
#include "tests/support/cmocka_all.h"

#define RELEASED 1795000000000LL
#define SEEN     (RELEASED + 7000)

static struct stamp at(int64_t ms, const char *operator_name)
{
    return (struct stamp){.received_ms = RELEASED + ms, .operator_name = operator_name};
}

static void expect(const struct stamp *stamps, size_t count, enum t0_basis basis, int64_t ms,
                   int64_t latest_ms)
{
    struct t0 t0;
    t0_judge(stamps, count, RELEASED, SEEN, &t0);
    assert_int_equal(t0.basis, basis);
    assert_int_equal(t0.ms - RELEASED, ms);
    assert_int_equal(t0.latest_ms - RELEASED, latest_ms);
}

static void without_custody_own_first_sight_counts(void **state)
{
    (void)state;
    expect(NULL, 0, T0_NONE, 7000, 7000);
}

static void one_relay_is_one_relay(void **state)
{
    (void)state;
    const struct stamp one[] = {at(1000, "alpha")};
    expect(one, 1, T0_ONE_RELAY, 1000, 1000);
    const struct stamp same_operator[] = {at(3000, "alpha"), at(1000, "alpha")};
    expect(same_operator, 2, T0_ONE_RELAY, 1000, 1000);
}

static void two_operators_bound_each_other_to_sixty_seconds(void **state)
{
    (void)state;
    const struct stamp near[] = {at(61000, "beta"), at(1000, "alpha")};
    expect(near, 2, T0_TWO_OPERATORS, 1000, 61000);
    const struct stamp far[] = {at(61001, "beta"), at(1000, "alpha")};
    expect(far, 2, T0_DISPUTED, 61001, 61001);
    const struct stamp third[] = {at(1000, "alpha"), at(90000, "beta"), at(100000, "gamma")};
    expect(third, 3, T0_DISPUTED, 90000, 90000);
}

static void a_stamp_long_before_the_release_bounds_nothing(void **state)
{
    (void)state;
    const struct stamp edge[] = {at(-300000, "alpha"), at(-290000, "beta")};
    expect(edge, 2, T0_TWO_OPERATORS, -300000, -290000);
    const struct stamp early[] = {at(-300001, "alpha"), at(1000, "beta")};
    expect(early, 2, T0_ONE_RELAY, 1000, 1000);
}

static void a_marked_clock_is_never_a_bound(void **state)
{
    (void)state;
    struct stamp stamps[] = {at(1000, "alpha"), at(2000, "beta")};
    stamps[0].is_clock_off = true;
    expect(stamps, 2, T0_ONE_RELAY, 2000, 2000);
    stamps[1].is_clock_off = true;
    expect(stamps, 2, T0_NONE, 7000, 7000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_custody_own_first_sight_counts),
        cmocka_unit_test(one_relay_is_one_relay),
        cmocka_unit_test(two_operators_bound_each_other_to_sixty_seconds),
        cmocka_unit_test(a_stamp_long_before_the_release_bounds_nothing),
        cmocka_unit_test(a_marked_clock_is_never_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
