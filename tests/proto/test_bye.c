/* test_bye — the last record of a session, and what the one who was told may tell his officer. */
#include "proto/bye.h"

#include <string.h>

#include "tests/support/cmocka_all.h"
#include "wire.pb-c.h"

#define REASONS (HOTLINE__V1__BYE_REASON__BYE_TOO_MANY + 1)

static void every_reason_has_words_of_its_own(void **state)
{
    (void)state;
    for (unsigned reason = 0; reason < REASONS; reason++) {
        assert_true(strlen(bye_text(reason)) > 10);
        for (unsigned other = 0; other < reason; other++)
            assert_string_not_equal(bye_text(reason), bye_text(other));
    }
}

static void reason_of_a_later_version_is_told_as_none(void **state)
{
    (void)state;
    assert_string_equal(bye_text(REASONS), bye_text(0));
    assert_string_equal(bye_text(UINT32_MAX), bye_text(0));
}

static void every_reason_comes_back_from_its_octets(void **state)
{
    (void)state;
    for (unsigned reason = 1; reason < REASONS; reason++) {
        AUTO(blob) body = NULL;
        unsigned parsed = 0;

        assert_int_equal(bye_pack(reason, "why", &body), HL_OK);
        assert_int_equal(bye_parse(bytes_blob(body), &parsed), HL_OK);
        assert_int_equal(parsed, reason);
    }
}

static void detail_is_cut_at_its_limit(void **state)
{
    char detail[BYE_DETAIL_MAX + 2];
    AUTO(blob) full = NULL;
    AUTO(blob) over = NULL;

    (void)state;
    memset(detail, 'a', sizeof(detail));
    detail[BYE_DETAIL_MAX + 1] = 0;
    assert_int_equal(bye_pack(1, detail, &over), HL_OK);
    detail[BYE_DETAIL_MAX] = 0;
    assert_int_equal(bye_pack(1, detail, &full), HL_OK);
    assert_true(bytes_equal(bytes_blob(over), bytes_blob(full)));
}

static void octets_that_are_no_bye_are_refused(void **state)
{
    static const uint8_t none[] = {0x08, 0x00},
                         unknown[] = {0x08, HOTLINE__V1__BYE_REASON__BYE_TOO_MANY + 1},
                         more[] = {0x08, 0x01, 0x18, 0x01};
    unsigned reason;

    (void)state;
    assert_int_equal(bye_parse(BYTES_OF(none), &reason), HL_EFORMAT);
    assert_int_equal(bye_parse(BYTES_OF(unknown), &reason), HL_EFORMAT);
    assert_int_equal(bye_parse(BYTES_OF(more), &reason), HL_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_words_of_its_own),
        cmocka_unit_test(reason_of_a_later_version_is_told_as_none),
        cmocka_unit_test(every_reason_comes_back_from_its_octets),
        cmocka_unit_test(detail_is_cut_at_its_limit),
        cmocka_unit_test(octets_that_are_no_bye_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
