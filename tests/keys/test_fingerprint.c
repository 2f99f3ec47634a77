/* Digits of a national root against federation.json. */
#include "keys/fingerprint.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/federation.h"

static const uint8_t ns[NS_BYTES] = {1};
static const uint8_t entity[ID_BYTES] = {2};
static const uint8_t keys[17][32] = {{1},  {2},  {3},  {4},  {5},  {6},  {7},  {8}, {9},
                                     {10}, {11}, {12}, {13}, {14}, {15}, {16}, {17}};

static void digits_equal_the_vectors(void **unused)
{
    (void)unused;
    struct federation federation;
    if (!federation_load(&federation))
        skip();
    const json_t *prints = json_object_get(federation.json, "fingerprints");

    assert_int_equal(json_array_size(prints), 3);
    for (size_t i = 0; i < json_array_size(prints); i++) {
        const json_t *one = json_array_get(prints, i);
        const json_t *groups = json_object_get(one, "groups");
        struct fingerprint print;
        uint8_t expected[32];

        vectors_hex_into(one, "entity", expected, ID_BYTES);
        const struct entity *state = trust_entity(federation.trust, expected);
        assert_non_null(state);
        assert_int_equal(fingerprint_make(federation.trust->ns, state->id,
                                          state->national_threshold,
                                          (const uint8_t(*)[32])state->national_keys,
                                          state->national_key_count, &print),
                         HL_OK);
        vectors_hex_into(one, "F", expected, 32);
        assert_memory_equal(print.hash, expected, 32);
        assert_int_equal(json_array_size(groups), 12);
        for (size_t group = 0; group < 12; group++)
            assert_string_equal(print.groups[group],
                                json_string_value(json_array_get(groups, group)));
        assert_string_equal(print.check, vectors_text(one, "check"));
    }
    federation_done(&federation);
}

/* ISO/IEC 7064: the number with its check digits is 1 modulo 97. */
static uint32_t check_remainder(const struct fingerprint *print)
{
    uint32_t remainder = 0;

    for (size_t i = 0; i < 12; i++)
        remainder = (remainder * 100000 + (uint32_t)strtoul(print->groups[i], NULL, 10)) % 97;
    return (remainder * 100 + (uint32_t)strtoul(print->check, NULL, 10)) % 97;
}

static void check_digits_find_every_wrong_digit(void **unused)
{
    (void)unused;
    for (uint32_t threshold = 1; threshold <= 300; threshold++) {
        struct fingerprint print;

        assert_int_equal(fingerprint_make(ns, entity, threshold, keys, 3, &print), HL_OK);
        assert_int_equal(strlen(print.check), 2);
        assert_int_equal(check_remainder(&print), 1);
        char *digit = &print.groups[threshold % 12][threshold % 5];
        *digit = *digit == '9' ? '0' : (char)(*digit + 1);
        assert_int_not_equal(check_remainder(&print), 1);
    }
}

static void every_input_changes_the_digits(void **unused)
{
    (void)unused;
    const uint8_t other[32] = {9};
    struct fingerprint prints[6];

    assert_int_equal(fingerprint_make(ns, entity, 2, keys, 3, &prints[0]), HL_OK);
    assert_int_equal(fingerprint_make(other, entity, 2, keys, 3, &prints[1]), HL_OK);
    assert_int_equal(fingerprint_make(ns, other, 2, keys, 3, &prints[2]), HL_OK);
    assert_int_equal(fingerprint_make(ns, entity, 3, keys, 3, &prints[3]), HL_OK);
    assert_int_equal(fingerprint_make(ns, entity, 2, keys + 1, 3, &prints[4]), HL_OK);
    assert_int_equal(fingerprint_make(ns, entity, 2, keys, 2, &prints[5]), HL_OK);
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(prints[i].groups, prints[j].groups, sizeof(prints[i].groups));
    }
}

static void number_of_keys_is_one_to_16(void **unused)
{
    (void)unused;
    struct fingerprint print = {.check = "no"};

    assert_int_equal(fingerprint_make(ns, entity, 1, keys, 0, &print), HL_EINVAL);
    assert_int_equal(fingerprint_make(ns, entity, 1, keys, 17, &print), HL_EINVAL);
    assert_string_equal(print.check, "no");
    assert_int_equal(fingerprint_make(ns, entity, 1, keys, 1, &print), HL_OK);
    assert_int_equal(fingerprint_make(ns, entity, 1, keys, 16, &print), HL_OK);
}

/* Otherwise one set of keys would have several fingerprints, and the two officers compare different ones. */
static void keys_that_do_not_ascend_are_refused(void **unused)
{
    (void)unused;
    const uint8_t falling[2][32] = {{2}, {1}};
    const uint8_t equal[2][32] = {{1}, {1}};
    struct fingerprint print;

    assert_int_equal(fingerprint_make(ns, entity, 1, falling, 2, &print), HL_EINVAL);
    assert_int_equal(fingerprint_make(ns, entity, 1, equal, 2, &print), HL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_equal_the_vectors),
        cmocka_unit_test(check_digits_find_every_wrong_digit),
        cmocka_unit_test(every_input_changes_the_digits),
        cmocka_unit_test(number_of_keys_is_one_to_16),
        cmocka_unit_test(keys_that_do_not_ascend_are_refused),
    };

    return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
