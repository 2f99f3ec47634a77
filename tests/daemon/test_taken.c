/* test_taken — the set of entries a device has, against a plain array. */
#include "daemon/taken.h"

#include "tests/support/cmocka_all.h"

static void numbers_in_any_order_join_to_one(void **state)
{
    const uint64_t order[] = {3, 5, 2, 7, 4, 6, 1};
    struct taken taken;

    (void)state;
    taken_init(&taken);
    for (size_t i = 0; i < 7; i++) {
        assert_false(taken_has(&taken, order[i]));
        assert_int_equal(taken_add(&taken, order[i]), HL_OK);
        assert_true(taken_has(&taken, order[i]));
    }
    assert_int_equal(taken.upto, 7);
    assert_int_equal(taken.count, 0);
    taken_done(&taken);
}

static void raising_swallows_what_is_below(void **state)
{
    struct taken taken;

    (void)state;
    taken_init(&taken);
    for (uint64_t seq = 10; seq < 20; seq += 2)
        assert_int_equal(taken_add(&taken, seq), HL_OK);
    taken_raise(&taken, 13);
    assert_int_equal(taken.upto, 14);
    assert_int_equal(taken.count, 2);
    taken_raise(&taken, 5);
    assert_int_equal(taken.upto, 14);
    taken_done(&taken);
}

static void any_sequence_agrees_with_a_plain_array(void **state)
{
    bool plain[300] = {false};
    uint64_t random = 5;
    struct taken taken;

    (void)state;
    taken_init(&taken);
    for (int round = 0; round < 2000; round++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        uint64_t seq = 1 + (random >> 33) % 299;

        if (random % 50 == 0 && seq < 60) {
            taken_raise(&taken, seq);
            for (uint64_t i = 0; i <= seq; i++)
                plain[i] = true;
        } else {
            assert_int_equal(taken_add(&taken, seq), HL_OK);
            plain[seq] = true;
        }
        for (uint64_t i = 1; i < 300; i++)
            assert_int_equal(taken_has(&taken, i), plain[i]);
    }
    taken_done(&taken);
}

static void too_scattered_is_refused(void **state)
{
    struct taken taken;

    (void)state;
    taken_init(&taken);
    for (uint64_t i = 0; i < TAKEN_ALSO_MAX; i++)
        assert_int_equal(taken_add(&taken, 3 + 2 * i), HL_OK);
    assert_int_equal(taken_add(&taken, 3 + 2 * TAKEN_ALSO_MAX), HL_EBUSY);
    assert_false(taken_has(&taken, 3 + 2 * TAKEN_ALSO_MAX));
    taken_done(&taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_any_order_join_to_one),
        cmocka_unit_test(raising_swallows_what_is_below),
        cmocka_unit_test(any_sequence_agrees_with_a_plain_array),
        cmocka_unit_test(too_scattered_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
