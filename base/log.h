/* log — one line an event on stderr, for the programs; library layers never log. Text from outside is made visible,
 * in JSON too. */
#ifndef HOTLINE_BASE_LOG_H
#define HOTLINE_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
void log_set_json(int is_json);
/* Write "<time> <level> <area>: <message>". The message must hold no secret. */
void log_line(enum log_level level, const char *area, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
