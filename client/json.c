/* json — write one JSON object a line. */
#include "client/json.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"

#define HEX_MAX 64

static void begin_value(struct json *json, const char *key)
{
    if (json->needs_comma)
        buf_add_u8(json->to, ',');
    json->needs_comma = true;
    if (!key)
        return;
    text_add_json(json->to, bytes_text(key));
    buf_add_u8(json->to, ':');
}

void json_begin(struct json *json, struct buf *to)
{
    *json = (struct json){.to = to};
    buf_add_text(to, "{\"v\":1");
    json->needs_comma = true;
}

void json_end(struct json *json)
{
    buf_add_text(json->to, "}\n");
}

void json_text(struct json *json, const char *key, const char *value)
{
    if (!value) {
        json_null(json, key);
        return;
    }
    json_octets(json, key, bytes_text(value));
}

void json_octets(struct json *json, const char *key, struct bytes value)
{
    begin_value(json, key);
    text_add_json(json->to, value);
}

void json_hex(struct json *json, const char *key, struct bytes value)
{
    char text[2 * HEX_MAX + 1];

    if (value.len == 0 || value.len > HEX_MAX) {
        json_null(json, key);
        return;
    }
    hex_encode(value, text);
    json_text(json, key, text);
}

void json_time(struct json *json, const char *key, int64_t utc_ms)
{
    char text[TIME_TEXT_SIZE];

    if (utc_ms == 0) {
        json_null(json, key);
        return;
    }
    time_format(utc_ms, text);
    json_text(json, key, text);
}

void json_number(struct json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    buf_add_format(json->to, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_value(json, key);
    buf_add_text(json->to, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
    begin_value(json, key);
    buf_add_text(json->to, "null");
}

void json_open(struct json *json, const char *key, char bracket)
{
    begin_value(json, key);
    buf_add_u8(json->to, (uint8_t)bracket);
    json->needs_comma = false;
}

void json_close(struct json *json, char bracket)
{
    buf_add_u8(json->to, (uint8_t)bracket);
    json->needs_comma = true;
}
