/* log — one line an event on stderr. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define LOG_LINE_MAX 2048

static enum log_level level_max = LOG_LEVEL_INFO;
static int as_json;

void log_set_level(enum log_level level)
{
    level_max = level;
}

void log_set_json(int is_json)
{
    as_json = is_json;
}

/* JSON escapes no more than it must: what could act on a terminal or turn a line round is made visible before. */
static void add_json_message(struct buf *line, struct bytes message)
{
    AUTO_BUF visible;

    buf_init(&visible, (size_t)8 * LOG_LINE_MAX);
    text_add_visible(&visible, message, false);
    text_add_json(line, buf_bytes(&visible));
    if (visible.err != HL_OK)
        line->err = visible.err;
}

static void build(struct buf *line, const char *level, const char *area, struct bytes message)
{
    char now[TIME_TEXT_SIZE];

    time_format(clock_utc_ms(clock_system()), now);
    if (as_json) {
        buf_add_format(line, "{\"at\":\"%s\",\"level\":\"%s\",\"area\":\"%s\",\"message\":", now,
                       level, area);
        add_json_message(line, message);
        buf_add_text(line, "}\n");
        return;
    }
    buf_add_format(line, "%s %s %s: ", now, level, area);
    text_add_visible(line, message, false);
    buf_add_u8(line, '\n');
}

/* Whoever reads the log shall know that it has a hole; needs no memory. */
static const char *lost_line(void)
{
    return as_json ? "{\"level\":\"error\",\"area\":\"log\",\"message\":\"a line is lost: no "
                     "memory\"}\n"
                   : "error log: a line is lost: no memory\n";
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    char message[LOG_LINE_MAX / 2];
    va_list args;

    if (level > level_max)
        return;
    va_start(args, format);
    int len = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (len < 0)
        return;

    AUTO_BUF line;
    buf_init(&line, (size_t)8 * LOG_LINE_MAX);
    size_t used = (size_t)len < sizeof(message) ? (size_t)len : sizeof(message) - 1;
    build(&line, names[level], area, BYTES(message, used));
    struct bytes text = line.err == HL_OK ? buf_bytes(&line) : bytes_text(lost_line());
    (void)!write(STDERR_FILENO, text.data, text.len); /* nowhere to report a lost log line */
}
