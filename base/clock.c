/* clock — the machine's clocks; times as text. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_MIN 1970
#define YEAR_MAX 2099

static int64_t read_ms(clockid_t id)
{
    struct timespec now = {0};

    (void)clock_gettime(id, &now); /* cannot fail for these two ids */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_utc_ms(void *context)
{
    (void)context;
    return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(void *context)
{
    (void)context;
    return read_ms(CLOCK_MONOTONIC);
}

const struct clock *clock_system(void)
{
    static const struct clock system = {system_utc_ms, system_mono_ms, NULL};

    return &system;
}

static int split(int64_t utc_ms, struct tm *ret_parts)
{
    time_t seconds = (time_t)(utc_ms / 1000);

    if (utc_ms <= 0 || !gmtime_r(&seconds, ret_parts) || ret_parts->tm_year + 1900 > YEAR_MAX + 1)
        return HL_EINVAL;
    return HL_OK;
}

void time_format(int64_t utc_ms, char ret_text[static TIME_TEXT_SIZE])
{
    struct tm parts;

    if (split(utc_ms, &parts) != HL_OK) {
        memcpy(ret_text, "-", 2);
        return;
    }
    size_t len = strftime(ret_text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(ret_text + len, TIME_TEXT_SIZE - len, ".%03dZ", (int)(utc_ms % 1000));
}

void time_format_short(int64_t utc_ms, char ret_text[static TIME_TEXT_SIZE])
{
    struct tm parts;

    if (split(utc_ms, &parts) != HL_OK) {
        memcpy(ret_text, "-", 2);
        return;
    }
    (void)strftime(ret_text, TIME_TEXT_SIZE, "%H:%M:%SZ", &parts);
}

/* Read exactly `count` digits at *at. */
static int digits(const char **at, unsigned count, int *ret_value)
{
    int value = 0;

    for (unsigned i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9')
            return HL_EFORMAT;
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += count;
    *ret_value = value;
    return HL_OK;
}

static int expect(const char **at, const char *allowed)
{
    if (**at == '\0' || !strchr(allowed, **at))
        return HL_EFORMAT;
    (*at)++;
    return HL_OK;
}

static int date_time(const char **at, struct tm *parts)
{
    int year = 0;
    int month = 0;

    TRY(digits(at, 4, &year));
    TRY(expect(at, "-"));
    TRY(digits(at, 2, &month));
    TRY(expect(at, "-"));
    TRY(digits(at, 2, &parts->tm_mday));
    TRY(expect(at, "Tt"));
    TRY(digits(at, 2, &parts->tm_hour));
    TRY(expect(at, ":"));
    TRY(digits(at, 2, &parts->tm_min));
    TRY(expect(at, ":"));
    TRY(digits(at, 2, &parts->tm_sec));
    parts->tm_year = year - 1900;
    parts->tm_mon = month - 1;
    return year < YEAR_MIN || year > YEAR_MAX ? HL_EFORMAT : HL_OK;
}

static int fraction(const char **at, int *ret_ms)
{
    int scale = 100;

    *ret_ms = 0;
    if (**at != '.')
        return HL_OK;
    (*at)++;
    if (**at < '0' || **at > '9')
        return HL_EFORMAT;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        *ret_ms += (**at - '0') * scale;
        scale /= 10;
    }
    return HL_OK;
}

static int zone(const char **at, int64_t *ret_offset_s)
{
    int sign = **at == '-' ? -1 : 1;
    int hours = 0;
    int minutes = 0;

    *ret_offset_s = 0;
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        return HL_OK;
    }
    TRY(expect(at, "+-"));
    TRY(digits(at, 2, &hours));
    TRY(expect(at, ":"));
    TRY(digits(at, 2, &minutes));
    *ret_offset_s = (int64_t)sign * (hours * 3600 + minutes * 60);
    return hours > 23 || minutes > 59 ? HL_EFORMAT : HL_OK;
}

int time_parse(const char *text, int64_t *ret_utc_ms)
{
    struct tm parts = {0};
    int64_t offset_s = 0;
    int ms = 0;

    TRY(date_time(&text, &parts));
    TRY(fraction(&text, &ms));
    TRY(zone(&text, &offset_s));
    if (*text != '\0')
        return HL_EFORMAT;

    struct tm given = parts;
    int64_t seconds = (int64_t)timegm(&parts);
    if (given.tm_mday != parts.tm_mday || given.tm_mon != parts.tm_mon ||
        given.tm_hour != parts.tm_hour || given.tm_min != parts.tm_min ||
        given.tm_sec != parts.tm_sec) /* timegm() would turn 30 February into 2 March */
        return HL_EFORMAT;
    *ret_utc_ms = (seconds - offset_s) * 1000 + ms;
    return HL_OK;
}

int duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    int64_t value = 0;
    size_t len = 0;

    for (; text[len] >= '0' && text[len] <= '9'; len++) {
        if (len == 9)
            return HL_EFORMAT;
        value = value * 10 + (text[len] - '0');
    }
    if (len == 0 || text[len] == '\0' || text[len + 1] != '\0')
        return HL_EFORMAT;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].letter == text[len]) {
            *ret_ms = value * units[i].ms;
            return HL_OK;
        }
    }
    return HL_EFORMAT;
}
