/* test_record — the table of messages against docs/PROTOCOL.md; Fragments cut and joined. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "base/strict.h"
#include "proto/record.h"
#include "wire.pb-c.h"

/* Drawn by hand from the page: number, direction (1 to client, 2 to relay, 3 both), limit, stage (0 first 1 any 2 W). */
static const unsigned expected[][4] = {
    {1, 1, 4096, 0},     {2, 3, 256, 1},      {3, 3, 64, 2},     {4, 3, 64, 2},
    {10, 2, 1572928, 2}, {11, 1, 65536, 2},   {20, 2, 64, 2},    {21, 1, 327680, 2},
    {22, 2, 4096, 2},    {23, 2, 512, 2},     {30, 2, 8192, 2},  {33, 1, 64, 2},
    {31, 2, 16384, 2},   {32, 1, 1048576, 2}, {40, 2, 64, 2},    {41, 1, 1056768, 2},
    {42, 2, 1056768, 2}, {43, 1, 32768, 2},   {50, 2, 64, 2},    {51, 1, 131072, 2},
    {60, 2, 128, 2},     {61, 1, 8192, 2},    {62, 2, 8192, 2},  {70, 2, 51200, 2},
    {71, 2, 51200, 2},   {72, 1, 51200, 2},   {90, 3, 60000, 2}, {91, 3, 0, 2},
};
#define EXPECTED_COUNT (sizeof(expected) / sizeof(expected[0]))

static void table_equals_the_protocol_page(void **state)
{
    size_t known = 0;

    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        const struct record_rule *rule = record_rule_of(expected[i][0]);

        assert_non_null(rule);
        assert_int_equal(rule->direction, expected[i][1]);
        assert_int_equal(rule->limit, expected[i][2]);
        assert_int_equal(rule->stage, expected[i][3]);
    }
    for (unsigned type = 0; type <= 300; type++)
        known += record_rule_of(type) != NULL;
    assert_int_equal(known, EXPECTED_COUNT);
}

static void each_limit_holds_at_max_and_not_above(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        unsigned way = expected[i][1] == 3 ? 1 : expected[i][1];
        bool is_welcomed = expected[i][3] != 0;

        assert_int_equal(record_check(expected[i][0], expected[i][2], way, is_welcomed), HL_OK);
        assert_int_equal(record_check(expected[i][0], expected[i][2] + 1, way, is_welcomed),
                         HL_ETOOBIG);
    }
}

static void wrong_direction_and_unknown_type_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        if (expected[i][1] != 3)
            assert_int_equal(record_check(expected[i][0], 0, 3 - expected[i][1], true), HL_EINVAL);
    }
    assert_int_equal(record_check(0, 0, RECORD_TO_RELAY, true), HL_EINVAL);
    assert_int_equal(record_check(5, 0, RECORD_TO_RELAY, true), HL_EINVAL);
    assert_int_equal(record_check(255, 0, RECORD_TO_RELAY, true), HL_EINVAL);
}

static void stage_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        unsigned way = expected[i][1] == 3 ? 1 : expected[i][1];

        assert_int_equal(record_check(expected[i][0], 0, way, false),
                         expected[i][3] == 2 ? HL_ESTATE : HL_OK);
        assert_int_equal(record_check(expected[i][0], 0, way, true),
                         expected[i][3] == 0 ? HL_ESTATE : HL_OK);
    }
}

/* --- Fragments -------------------------------------------------------------------------------------------- */

static uint8_t octets[1572928 + 1];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)(i * 2654435761U >> 24);
    return 0;
}

static void check_round_trip(unsigned type, size_t len, enum record_direction direction)
{
    const struct record whole = {.type = type, .body = BYTES(octets, len)};
    struct assembly assembly;
    bool is_whole = false;
    uint32_t offset = 0;

    assembly_init(&assembly);
    while (offset < len) {
        AUTO(blob) fragment = NULL;

        assert_false(is_whole);
        assert_int_equal(fragment_cut(1, &whole, offset, &fragment), HL_OK);
        assert_true(fragment->len <= FRAME_RECORD_MAX);
        assert_int_equal(assembly_add(&assembly, direction, bytes_blob(fragment), &is_whole),
                         HL_OK);
        offset += fragment_part_len(len, offset);
    }
    assert_true(is_whole);
    assert_int_equal(assembly.type, type);
    assert_int_equal(assembly.data.len, len);
    assert_memory_equal(assembly.data.data, octets, len);
    assembly_done(&assembly);
}

static void cut_message_joins_again(void **state)
{
    (void)state;
    check_round_trip(RECORD_SUBMIT, FRAME_RECORD_MAX + 1, RECORD_TO_RELAY);
    check_round_trip(RECORD_SUBMIT, 2 * FRAGMENT_PART_MAX, RECORD_TO_RELAY);
    check_round_trip(RECORD_SUBMIT, 2 * FRAGMENT_PART_MAX + 1, RECORD_TO_RELAY);
    check_round_trip(RECORD_SUBMIT, 1572928, RECORD_TO_RELAY);
    check_round_trip(RECORD_DELIVER, 327680, RECORD_TO_CLIENT);
}

/* One Fragment as a row, and what must come of it. */
struct step {
    uint32_t msg, type, offset, total, part_len;
    int err;
    bool is_whole;
};

static int add_step(struct assembly *assembly, const struct step *step, bool *ret_is_whole)
{
    Hotline__V1__Fragment fragment = HOTLINE__V1__FRAGMENT__INIT;
    AUTO(blob) packed = NULL;

    fragment.msg = step->msg;
    fragment.type = step->type;
    fragment.offset = step->offset;
    fragment.total = step->total;
    fragment.part = (ProtobufCBinaryData){.len = step->part_len, .data = octets};
    assert_int_equal(strict_pack(&fragment.base, &packed), HL_OK);
    return assembly_add(assembly, RECORD_TO_RELAY, bytes_blob(packed), ret_is_whole);
}

static void run_steps(const struct step *steps, size_t count)
{
    struct assembly assembly;

    assembly_init(&assembly);
    for (size_t i = 0; i < count; i++) {
        bool is_whole = false;

        assert_int_equal(add_step(&assembly, &steps[i], &is_whole), steps[i].err);
        assert_int_equal(is_whole, steps[i].is_whole);
        if (is_whole)
            assembly_reset(&assembly);
    }
    assembly_done(&assembly);
}
#define RUN(...)                                                                                   \
    run_steps((const struct step[]){__VA_ARGS__},                                                  \
              sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

static void messages_count_from_one_without_a_hole(void **state)
{
    (void)state;
    RUN({1, 10, 0, 60001, 59900, HL_OK, false}, {1, 10, 59900, 60001, 101, HL_OK, true},
        {2, 10, 0, 60001, 59900, HL_OK, false}, {2, 10, 59900, 60001, 101, HL_OK, true});
    RUN({0, 10, 0, 60001, 59900, HL_EFORMAT, false});
    RUN({2, 10, 0, 60001, 59900, HL_EFORMAT, false});
    RUN({1, 10, 0, 60001, 59900, HL_OK, false}, {1, 10, 59900, 60001, 101, HL_OK, true},
        {1, 10, 0, 60001, 59900, HL_EFORMAT, false});
    RUN({1, 10, 0, 60001, 59900, HL_OK, false}, {1, 10, 59900, 60001, 101, HL_OK, true},
        {3, 10, 0, 60001, 59900, HL_EFORMAT, false});
}

static void offset_must_be_exact(void **state)
{
    (void)state;
    RUN({1, 10, 1, 60001, 59900, HL_EFORMAT, false});
    RUN({1, 10, 0, 60001, 50000, HL_OK, false}, {1, 10, 49999, 60001, 10001, HL_EFORMAT, false});
    RUN({1, 10, 0, 60001, 50000, HL_OK, false}, {1, 10, 50001, 60001, 10000, HL_EFORMAT, false});
    RUN({1, 10, 0, 60001, 50000, HL_OK, false}, {1, 10, 0, 60001, 50000, HL_EFORMAT, false});
}

static void part_is_at_least_4096_but_the_last(void **state)
{
    (void)state;
    RUN({1, 10, 0, 60001, 4095, HL_EFORMAT, false});
    RUN({1, 10, 0, 60001, 4096, HL_OK, false});
    RUN({1, 10, 0, 63996, 59900, HL_OK, false}, {1, 10, 59900, 63996, 4095, HL_EFORMAT, false});
    RUN({1, 10, 0, 63996, 59900, HL_OK, false}, {1, 10, 59900, 63996, 4096, HL_OK, true});
    RUN({1, 10, 0, 60001, 59900, HL_OK, false}, {1, 10, 59900, 60001, 100, HL_EFORMAT, false});
    RUN({1, 10, 0, 60001, 59900, HL_OK, false}, {1, 10, 59900, 60001, 101, HL_OK, true});
}

static void part_is_at_most_59900_and_never_empty(void **state)
{
    (void)state;
    RUN({1, 10, 0, 70000, 59901, HL_EFORMAT, false});
    RUN({1, 10, 0, 70000, 0, HL_EFORMAT, false});
}

static void part_past_the_total_is_refused(void **state)
{
    (void)state;
    RUN({1, 10, 0, 60001, 59900, HL_OK, false}, {1, 10, 59900, 60001, 102, HL_EFORMAT, false});
}

static void total_is_checked_at_the_first_part(void **state)
{
    (void)state;
    RUN({1, 10, 0, 60000, 59900, HL_EFORMAT, false});
    RUN({1, 10, 0, 1572928, 59900, HL_OK, false});
    RUN({1, 10, 0, 1572929, 59900, HL_EFORMAT, false});
    RUN({1, 42, 0, 1056768, 59900, HL_OK, false});
    RUN({1, 42, 0, 1056769, 59900, HL_EFORMAT, false});
}

static void type_must_be_large_and_of_this_direction(void **state)
{
    (void)state;
    RUN({1, 21, 0, 60001, 59900, HL_EFORMAT, false}); /* Deliver goes to the client */
    RUN({1, 22, 0, 60001, 59900, HL_EFORMAT, false}); /* Taken is small */
    RUN({1, 90, 0, 60001, 59900, HL_EFORMAT, false}); /* no Fragment of Fragments */
    RUN({1, 99, 0, 60001, 59900, HL_EFORMAT, false});
    RUN({1, 266, 0, 60001, 59900, HL_EFORMAT, false});
}

static void one_message_at_a_time(void **state)
{
    (void)state;
    RUN({1, 10, 0, 70000, 59900, HL_OK, false}, {2, 10, 0, 70000, 59900, HL_EFORMAT, false});
    RUN({1, 10, 0, 70000, 59900, HL_OK, false}, {2, 10, 59900, 70000, 10100, HL_EFORMAT, false});
    RUN({1, 10, 0, 70000, 59900, HL_OK, false}, {1, 42, 59900, 70000, 10100, HL_EFORMAT, false});
    RUN({1, 10, 0, 70000, 59900, HL_OK, false}, {1, 10, 59900, 70001, 10101, HL_EFORMAT, false});
}

static void cut_or_lengthened_fragment_is_refused(void **state)
{
    const struct record whole = {.type = RECORD_SUBMIT, .body = BYTES(octets, 60001)};
    AUTO(blob) fragment = NULL;
    bool is_whole = false;

    (void)state;
    assert_int_equal(fragment_cut(1, &whole, 0, &fragment), HL_OK);
    for (size_t len = 0; len < fragment->len; len += len < 32 ? 1 : 997) {
        struct assembly assembly;

        assembly_init(&assembly);
        assert_int_equal(
            assembly_add(&assembly, RECORD_TO_RELAY, BYTES(fragment->data, len), &is_whole),
            HL_EFORMAT);
        assembly_done(&assembly);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_equals_the_protocol_page),
        cmocka_unit_test(each_limit_holds_at_max_and_not_above),
        cmocka_unit_test(wrong_direction_and_unknown_type_are_refused),
        cmocka_unit_test(stage_is_kept),
        cmocka_unit_test(cut_message_joins_again),
        cmocka_unit_test(messages_count_from_one_without_a_hole),
        cmocka_unit_test(offset_must_be_exact),
        cmocka_unit_test(part_is_at_least_4096_but_the_last),
        cmocka_unit_test(part_is_at_most_59900_and_never_empty),
        cmocka_unit_test(part_past_the_total_is_refused),
        cmocka_unit_test(total_is_checked_at_the_first_part),
        cmocka_unit_test(type_must_be_large_and_of_this_direction),
        cmocka_unit_test(one_message_at_a_time),
        cmocka_unit_test(cut_or_lengthened_fragment_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
