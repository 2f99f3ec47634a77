/* test_settings_scan — whatever stands in a configuration, the scan comes to its end, and finds the keys behind it. */
#include "base/settings_scan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"

/* A scan that stands still ends the program instead. */
static int begin_watch(void **unused)
{
    (void)unused;
    (void)alarm(20);
    return 0;
}

static size_t count_places(struct bytes text)
{
    struct settings_scan scan;
    struct settings_place place;
    size_t count = 0;

    settings_scan_init(&scan, text);
    while (settings_scan_next(&scan, &place))
        count++;
    return count;
}

static void list_with_strokes_that_separate_nothing_is_passed(void **unused)
{
    (void)unused;
    static const char *const lists[] = {"{\"a:1\"; \"b:2\"}",
                                        "{\"a:1\" + \"b:2\"}",
                                        "{(\"a:1\")}",
                                        "{;}",
                                        "{)}",
                                        "{=}",
                                        "{{}",
                                        "{,,}",
                                        "{\"a\"=;+}"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        char text[80];
        struct settings_scan scan;
        struct settings_place place;

        (void)snprintf(text, sizeof(text), "listen = %s\nname = \"x\"\n", lists[i]);
        settings_scan_init(&scan, bytes_text(text));
        assert_true(settings_scan_next(&scan, &place));
        assert_string_equal(place.name, "listen");
        assert_true(settings_scan_next(&scan, &place));
        assert_string_equal(place.name, "name");
        assert_int_equal(place.line, 2);
        assert_false(settings_scan_next(&scan, &place));
    }
}

/* Inside a list, inside a section and outside; the list is not closed either. */
static void any_two_octets_anywhere_come_to_an_end(void **unused)
{
    (void)unused;
    uint8_t texts[][9] = {"a = {..}", "a = {x..", "s {..}  ", "a = ..  ", "..a = 1 ", "s \"..\" {"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint8_t *at = memchr(texts[i], '.', 8);

        for (unsigned pair = 0; pair < 65536; pair++) {
            at[0] = (uint8_t)(pair >> 8);
            at[1] = (uint8_t)pair;
            assert_true(count_places(BYTES(texts[i], 8)) <= 4);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_with_strokes_that_separate_nothing_is_passed),
        cmocka_unit_test(any_two_octets_anywhere_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, begin_watch, NULL);
}
