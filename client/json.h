/* json — write one JSON object a line; commas and escapes are kept here. Nothing is read back. */
#ifndef HOTLINE_CLIENT_JSON_H
#define HOTLINE_CLIENT_JSON_H

#include "base/buf.h"

struct json {
    struct buf *to;   /* borrowed */
    bool needs_comma; /* before the next member or element */
};
/* {"v":1, … the caller adds members … } and a newline. */
void json_begin(struct json *json, struct buf *to);
void json_end(struct json *json);

void json_text(struct json *json, const char *key, const char *value); /* NULL: null */
void json_octets(struct json *json, const char *key,
                 struct bytes value); /* as text; bad UTF-8 is replaced */
void json_hex(struct json *json, const char *key, struct bytes value); /* empty: null */
void json_time(struct json *json, const char *key, int64_t utc_ms);    /* 0: null */
void json_number(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/* Inside an array the key is NULL. */
void json_open(struct json *json, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *json, char bracket);                 /* '}' or ']' */

#endif
