/* test_clock — times as text and back; expected numbers from date(1). */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "base/clock.h"

#define MS_MIN 1600000000000
#define MS_MAX 4102444800000

/* date -u -d TEXT +%s */
static const struct {
    const char *text;
    int64_t utc_ms;
} pairs[] = {
    {"2020-09-13T12:26:40.000Z", MS_MIN},
    {"2024-02-29T23:59:59.999Z", 1709251199999},
    {"2026-11-24T14:02:10.118Z", 1795528930118},
    {"2038-01-19T03:14:08.000Z", 2147483648000}, /* beyond 32 bits */
    {"2099-12-31T23:59:59.999Z", 4102444799999},
};
#define PAIR_COUNT (sizeof(pairs) / sizeof(pairs[0]))

static void times_are_written_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIR_COUNT; i++) {
        char text[TIME_TEXT_SIZE];
        int64_t utc_ms = 0;

        time_format(pairs[i].utc_ms, text);
        assert_string_equal(text, pairs[i].text);
        assert_int_equal(time_parse(text, &utc_ms), HL_OK);
        assert_true(utc_ms == pairs[i].utc_ms);
    }
}

static void the_schema_s_last_instant_can_be_written(void **state)
{
    char text[TIME_TEXT_SIZE];

    (void)state;
    time_format(MS_MAX, text);
    assert_string_equal(text, "2100-01-01T00:00:00.000Z");
}

static void times_from_1970_to_2100_are_written(void **state)
{
    char text[TIME_TEXT_SIZE];

    (void)state;
    time_format(1, text);
    assert_string_equal(text, "1970-01-01T00:00:00.001Z");
    time_format(4133980799999, text);
    assert_string_equal(text, "2100-12-31T23:59:59.999Z");
}

static void times_without_meaning_are_a_dash(void **state)
{
    static const int64_t times[] = {0, -1, INT64_MIN, INT64_MAX,
                                    4133980800000}; /* the last: 2101-01-01 */

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[TIME_TEXT_SIZE];

        time_format(times[i], text);
        assert_string_equal(text, "-");
        time_format_short(times[i], text);
        assert_string_equal(text, "-");
    }
}

static void short_times_are_hours_minutes_seconds(void **state)
{
    char text[TIME_TEXT_SIZE];

    (void)state;
    time_format_short(1795528930999, text);
    assert_string_equal(text, "14:02:10Z");
}

static void every_rfc_3339_form_of_an_instant_is_the_same_instant(void **state)
{
    static const char *const forms[] = {
        "2026-11-24T14:02:10Z",         "2026-11-24t14:02:10z",      "2026-11-24T14:02:10.000Z",
        "2026-11-24T14:02:10.0004999Z", "2026-11-24T16:32:10+02:30", "2026-11-24T09:02:10-05:00",
        "2026-11-25T00:02:10.0+10:00",  "2026-11-24T14:02:10-00:00", "2026-11-24T14:02:10+00:00",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        int64_t utc_ms = 0;

        assert_int_equal(time_parse(forms[i], &utc_ms), HL_OK);
        assert_true(utc_ms == 1795528930000);
    }
}

static void a_short_fraction_is_tenths(void **state)
{
    int64_t utc_ms = 0;

    (void)state;
    assert_int_equal(time_parse("2026-11-24T14:02:10.1Z", &utc_ms), HL_OK);
    assert_true(utc_ms == 1795528930100);
    assert_int_equal(time_parse("2026-11-24T14:02:10.9999Z", &utc_ms), HL_OK);
    assert_true(utc_ms == 1795528930999); /* cut, not rounded into the next second */
}

static void bad_times_are_refused_and_write_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "now",
        "2026-11-24",
        "2026-11-24T14:02Z",
        "2026-11-24T14:02:10",
        "2026-11-24 14:02:10Z",
        "2026-11-24T14:02:10.Z",
        "2026-11-24T14:02:10Zx",
        "2026-11-24T14:02:10Z ",
        " 2026-11-24T14:02:10Z",
        "2026-1-24T14:02:10Z",
        "2026-13-24T14:02:10Z",
        "2026-00-24T14:02:10Z",
        "2026-11-31T14:02:10Z",
        "2026-11-00T14:02:10Z",
        "2026-02-29T14:02:10Z", /* no leap year */
        "2026-02-30T14:02:10Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T14:60:10Z",
        "2026-11-24T14:02:60Z",
        "2026-11-24T14:02:10+2:00",
        "2026-11-24T14:02:10+0200",
        "2026-11-24T14:02:10+24:00",
        "2026-11-24T14:02:10+02:60",
        "2026-11-24T14:02:10+02:30Z",
        "+026-11-24T14:02:10Z",
        "1969-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "12026-11-24T14:02:10Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t utc_ms = 77;

        if (time_parse(bad[i], &utc_ms) != HL_EFORMAT)
            fail_msg("accepted: %s", bad[i]);
        assert_true(utc_ms == 77);
    }
}

static void every_truncation_of_a_time_is_refused(void **state)
{
    const char *whole = "2026-11-24T14:02:10.118+02:30";
    int64_t utc_ms = 0;

    (void)state;
    for (size_t len = 0; len < strlen(whole); len++) {
        char text[TIME_TEXT_SIZE];

        memcpy(text, whole, len);
        text[len] = '\0';
        assert_int_equal(time_parse(text, &utc_ms), HL_EFORMAT);
    }
    assert_int_equal(time_parse(whole, &utc_ms), HL_OK);
}

static void durations_have_a_number_and_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0s", 0},
                {"30s", 30000},
                {"15m", 900000},
                {"2h", 7200000},
                {"3d", 259200000},
                {"007s", 7000},
                {"999999999s", 999999999000},
                {"999999999d", 86399999913600000}};
    static const char *const bad[] = {"",   "s",  "30",  "30 s",  "-1s",         "+1s", "1.5h",
                                      "1w", "1S", "1ms", "1h30m", "1000000000s", " 1s", "1s "};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -1;

        assert_int_equal(duration_parse(good[i].text, &ms), HL_OK);
        assert_true(ms == good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = -1;

        if (duration_parse(bad[i], &ms) != HL_EFORMAT)
            fail_msg("accepted: %s", bad[i]);
        assert_true(ms == -1);
    }
}

static int64_t fixed_utc(void *context)
{
    return *(int64_t *)context;
}

static int64_t fixed_mono(void *context)
{
    return *(int64_t *)context + 1;
}

static void a_clock_asks_its_own_functions(void **state)
{
    int64_t at = 5;
    const struct clock clock = {fixed_utc, fixed_mono, &at};

    (void)state;
    assert_true(clock_utc_ms(&clock) == 5);
    assert_true(clock_mono_ms(&clock) == 6);
}

static void the_machine_s_clocks_are_plausible(void **state)
{
    const struct clock *clock = clock_system();
    int64_t first = clock_mono_ms(clock);

    (void)state;
    assert_in_range(clock_utc_ms(clock), MS_MIN, MS_MAX);
    assert_true(clock_mono_ms(clock) >= first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_and_read_back),
        cmocka_unit_test(the_schema_s_last_instant_can_be_written),
        cmocka_unit_test(times_from_1970_to_2100_are_written),
        cmocka_unit_test(times_without_meaning_are_a_dash),
        cmocka_unit_test(short_times_are_hours_minutes_seconds),
        cmocka_unit_test(every_rfc_3339_form_of_an_instant_is_the_same_instant),
        cmocka_unit_test(a_short_fraction_is_tenths),
        cmocka_unit_test(bad_times_are_refused_and_write_nothing),
        cmocka_unit_test(every_truncation_of_a_time_is_refused),
        cmocka_unit_test(durations_have_a_number_and_a_unit),
        cmocka_unit_test(a_clock_asks_its_own_functions),
        cmocka_unit_test(the_machine_s_clocks_are_plausible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
