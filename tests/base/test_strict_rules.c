/* test_strict_rules — ranges, lengths, counts and presence by a table: at their ends and one beyond. */
#include "tests/support/cmocka_all.h"

#include "tests/support/mini_case.h"

/* 0a is number = 10, which must be there. */
static void ranges_hold_at_their_ends_and_not_beyond(void **state)
{
    static const struct mini_case inputs[] = {
        {"080a", NULL, NULL},
        {"0814", NULL, NULL},
        {"0809", "Mini.number", "out of range"},
        {"0815", "Mini.number", "out of range"},
        {"080a 108080babbc82e", NULL, NULL}, /* 1600000000000 */
        {"080a 10ffffb9bbc82e", "Mini.at_ms", "out of range"},
        {"080a 1080b08fe6b277", NULL, NULL}, /* 4102444800000 */
        {"080a 1081b08fe6b277", "Mini.at_ms", "out of range"},
        {"080a 10ffffffffffffffffff01", "Mini.at_ms", "out of range"},
        {"080a 18ffffffffffffffff7f", NULL, NULL},
        {"080a 1880808080808080808001", "Mini.big", "out of range"},
        {"080a 2801", NULL, NULL},
        {"080a 2803", "Mini.kind", "enum number unknown"}, /* reserved */
        {"080a 2805", "Mini.kind", "enum number unknown"},
        {"080a 7003", NULL, NULL}, /* an open enum takes what is above zero */
        {"080a 70ffffffff07", NULL, NULL},
        {"080a 708080808008", "Mini.open", "enum negative or too large"},
        {"080a 9201 0100", "Mini.kinds", "out of range"}, /* zero in a list */
        {"080a 9201 0103", "Mini.kinds", "enum number unknown"},
        {"080a 4a0105", NULL, NULL},
        {"080a 4a0104", "Mini.numbers", "out of range"},
        {"080a 4a02ac02", NULL, NULL},
        {"080a 4a02ad02", "Mini.numbers", "out of range"},
        {"080a 6800", NULL, NULL},
        {"080a 6864", NULL, NULL},
        {"080a 6865", "Mini.right", "out of range"},
    };

    (void)state;
    MINI_EXPECT(&mini_schema, inputs);
}

static void lengths_and_counts_hold_at_their_ends_and_not_beyond(void **state)
{
    static const struct mini_case inputs[] = {
        {"080a 320161", "Mini.name", "length out of range"},
        {"080a 32026161", NULL, NULL},
        {"080a 32086161616161616161", NULL, NULL},
        {"080a 3209616161616161616161", "Mini.name", "length out of range"},
        {"080a 3a03010203", "Mini.octets", "length out of range"},
        {"080a 3a0400000000", NULL, NULL},
        {"080a 3a050102030405", "Mini.octets", "length out of range"},
        {"080a 4a03050505", NULL, NULL},
        {"080a 4a0405050505", "Mini.numbers", "count out of range"},
        {"080a 520401020304 520401020304", NULL, NULL},
        {"080a 520401020304 5200", "Mini.hashes", "length out of range"},
        {"080a 520401020304 520401020304 520401020304", "Mini.hashes", "count out of range"},
        {"080a 5a02080a 5a02080a", NULL, NULL},
        {"080a 5a02080a 5a02080a 5a02080a", "Mini.minis", "count out of range"},
        {"080a 82010161 82010461616161", NULL, NULL},
        {"080a 820100", "Mini.names", "length out of range"},
        {"080a 9201 03 010204", NULL, NULL},
        {"080a 9201 04 01020401", "Mini.kinds", "count out of range"},
    };

    (void)state;
    MINI_EXPECT(&mini_schema, inputs);
}

static void what_must_be_there_is_missed_at_every_depth(void **state)
{
    static const struct mini_case inputs[] = {
        {"", "Mini.number", "missing"},
        {"2001", "Mini.number", "missing"},
        {"080a 4200", "Mini.number", "missing"},
        {"080a 5a00", "Mini.number", "missing"},
        {"080a 6204 080a6200", "Mini.number", "missing"},
        {"080a 6206 080a 6202 080a", NULL, NULL},
    };

    (void)state;
    MINI_EXPECT(&mini_schema, inputs);
}

static void texts_hold_no_controls_but_newlines_where_allowed(void **state)
{
    static const struct mini_case inputs[] = {
        {"080a 3202610a", "Mini.name", "control character"},
        {"080a 32026109", "Mini.name", "control character"},
        {"080a 3202611f", "Mini.name", "control character"},
        {"080a 32026120", NULL, NULL},
        {"080a 3202617e", NULL, NULL},
        {"080a 3202617f", "Mini.name", "control character"},
        {"080a 3203c28061", "Mini.name", "control character"}, /* U+0080 */
        {"080a 3203c29f61", "Mini.name", "control character"},
        {"080a 3203c2a061", NULL, NULL},
        {"080a 3202c39f", NULL, NULL}, /* 9f inside another character */
        {"080a 7a020a09", NULL, NULL},
        {"080a 7a02610d", "Mini.lines", "control character"},
        {"080a 7a02611b", "Mini.lines", "control character"},
        {"080a 7a02617f", "Mini.lines", "control character"},
        {"080a 7a02c285", "Mini.lines", "control character"},
        {"080a 8201 011b", "Mini.names", "control character"},
    };

    (void)state;
    MINI_EXPECT(&mini_schema, inputs);
}

static void encoding_check_follows_the_enum_policy_but_no_ranges(void **state)
{
    AUTO(blob) out_of_range = mini_octets("0801 320161");
    AUTO(blob) open = mini_octets("70e807");
    AUTO(blob) closed = mini_octets("2805");
    struct strict_fault fault = {.what = NULL};

    (void)state;
    assert_int_equal(
        strict_check_encoding(&mini_descriptor, &mini_schema, bytes_blob(out_of_range), &fault),
        HL_OK);
    assert_int_equal(
        strict_check_encoding(&mini_descriptor, &mini_schema, bytes_blob(open), &fault), HL_OK);
    assert_int_equal(
        strict_check_encoding(&mini_descriptor, &mini_schema, bytes_blob(closed), &fault),
        HL_EFORMAT);
    assert_string_equal(fault.what, "enum number unknown");
}

static void a_message_or_field_without_rules_is_refused(void **state)
{
    const struct strict_schema empty = {.message_count = 0};
    struct strict_message cut = mini_schema.messages[0];
    const struct strict_schema short_schema = {&cut, 1, &empty};
    AUTO(blob) octets = mini_octets("080a");
    struct strict_fault fault;

    (void)state;
    assert_int_equal(mini_unpack(&empty, bytes_blob(octets), &fault), HL_EFORMAT);
    assert_string_equal(fault.what, "message without rules");
    cut.field_count = 16;
    assert_int_equal(mini_unpack(&short_schema, bytes_blob(octets), &fault), HL_EFORMAT);
    assert_string_equal(fault.what, "field without a rule");
}

static void rules_are_found_below_the_first_schema(void **state)
{
    const struct strict_schema upper = {.message_count = 0, .below = &mini_schema};
    AUTO(blob) octets = mini_octets("080a");
    struct strict_fault fault;

    (void)state;
    assert_int_equal(mini_unpack(&upper, bytes_blob(octets), &fault), HL_OK);
}

static void every_truncation_of_a_full_message_is_refused_or_canonical(void **state)
{
    AUTO(blob)
    octets =
        mini_octets("080a 2001 2801 32026161 3a0401020304 4a0105 520401020304 5a02080a 6202080a"
                    "7005 7a0161 82010161 92010101");
    struct strict_fault fault;
    size_t accepted = 0;

    (void)state;
    for (size_t cut = 0; cut < octets->len; cut++)
        accepted += mini_unpack(&mini_schema, BYTES(octets->data, cut), &fault) == HL_OK;
    assert_int_equal(mini_unpack(&mini_schema, bytes_blob(octets), &fault), HL_OK);
    assert_int_equal(accepted,
                     12); /* after each field but the last; mini_unpack() compared the octets */
}

static void every_bit_flip_is_refused_or_canonical(void **state)
{
    AUTO(blob)
    octets = mini_octets("080a 2001 2801 32026161 3a0401020304 4a0105 6202080a 92010101");
    struct strict_fault fault;

    (void)state;
    for (size_t bit = 0; bit < 8 * octets->len; bit++) {
        octets->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        int err = mini_unpack(&mini_schema, bytes_blob(octets), &fault);
        assert_true(err == HL_OK || err == HL_EFORMAT);
        octets->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_hold_at_their_ends_and_not_beyond),
        cmocka_unit_test(lengths_and_counts_hold_at_their_ends_and_not_beyond),
        cmocka_unit_test(what_must_be_there_is_missed_at_every_depth),
        cmocka_unit_test(texts_hold_no_controls_but_newlines_where_allowed),
        cmocka_unit_test(encoding_check_follows_the_enum_policy_but_no_ranges),
        cmocka_unit_test(a_message_or_field_without_rules_is_refused),
        cmocka_unit_test(rules_are_found_below_the_first_schema),
        cmocka_unit_test(every_truncation_of_a_full_message_is_refused_or_canonical),
        cmocka_unit_test(every_bit_flip_is_refused_or_canonical),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
