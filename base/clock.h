/* clock — time as a parameter. `utc_ms` is milliseconds since 1970-01-01 UTC, `mono_ms` a monotonic count
 * for durations. Pure modules receive one; only programs make the real one. */
#ifndef HOTLINE_BASE_CLOCK_H
#define HOTLINE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct clock {
    int64_t (*utc_ms)(void *context);
    int64_t (*mono_ms)(void *context);
    void *context;
};

static inline int64_t clock_utc_ms(const struct clock *clock)
{
    return clock->utc_ms(clock->context);
}
static inline int64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ms(clock->context);
}

/* The machine's clocks; static, never freed. */
const struct clock *clock_system(void);

#define TIME_TEXT_SIZE 32
/* RFC 3339, UTC, milliseconds: 2026-11-24T14:02:10.118Z. After 1970-01-01T00:00Z and up to the end
 * of 2100, which is more than the schema lets through; any other time prints as "-". */
void time_format(int64_t utc_ms, char ret_text[static TIME_TEXT_SIZE]);
/* 14:02:10Z, for status lines; "-" likewise. */
void time_format_short(int64_t utc_ms, char ret_text[static TIME_TEXT_SIZE]);
/* RFC 3339 with optional fraction, and Z or a numeric offset. Error: HL_EFORMAT. */
HL_MUST_CHECK int time_parse(const char *text, int64_t *ret_utc_ms);
/* "30s", "15m", "2h", "3d" in milliseconds. Error: HL_EFORMAT. */
HL_MUST_CHECK int duration_parse(const char *text, int64_t *ret_ms);

#endif
