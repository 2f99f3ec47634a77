/* bytes — views of octets, owned octets, integers, hex and base64. */
#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define BLOB_MAX ((size_t)64 << 20)

struct bytes bytes_text(const char *text)
{
    return BYTES(text, strlen(text));
}

struct bytes bytes_blob(const struct blob *blob)
{
    return blob ? BYTES(blob->data, blob->len) : BYTES(NULL, 0);
}

int bytes_order(struct bytes left, struct bytes right)
{
    size_t common = left.len < right.len ? left.len : right.len;

    for (size_t i = 0; i < common; i++) {
        if (left.data[i] != right.data[i])
            return left.data[i] < right.data[i] ? -1 : 1;
    }
    if (left.len == right.len)
        return 0;
    return left.len < right.len ? -1 : 1;
}

bool bytes_equal(struct bytes left, struct bytes right)
{
    return left.len == right.len && bytes_order(left, right) == 0;
}

bool bytes_all_zero(struct bytes value)
{
    uint8_t seen = 0;

    for (size_t i = 0; i < value.len; i++)
        seen |= value.data[i];
    return seen == 0;
}

int blob_new(size_t len, struct blob **ret_blob)
{
    if (len > BLOB_MAX)
        return HL_ENOMEM;

    struct blob *blob = calloc(1, sizeof(*blob) + len);
    if (!blob)
        return HL_ENOMEM;

    blob->len = len;
    *ret_blob = blob;
    return HL_OK;
}

int blob_copy(struct bytes from, struct blob **ret_blob)
{
    TRY(blob_new(from.len, ret_blob));
    if (from.len > 0)
        memcpy((*ret_blob)->data, from.data, from.len);
    return HL_OK;
}

void blob_free(struct blob *blob)
{
    if (!blob)
        return;
    sodium_memzero(blob->data, blob->len);
    free(blob);
}

static void put_be(uint8_t *to, uint64_t value, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        to[i] = (uint8_t)(value >> (8 * (octets - 1 - i)));
}

static uint64_t get_be(const uint8_t *from, unsigned octets)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < octets; i++)
        value = value << 8 | from[i];
    return value;
}

void put_u16be(uint8_t to[static 2], uint16_t value)
{
    put_be(to, value, 2);
}

void put_u24be(uint8_t to[static 3], uint32_t value)
{
    put_be(to, value, 3);
}

void put_u32be(uint8_t to[static 4], uint32_t value)
{
    put_be(to, value, 4);
}

void put_u64be(uint8_t to[static 8], uint64_t value)
{
    put_be(to, value, 8);
}

uint16_t get_u16be(const uint8_t from[static 2])
{
    return (uint16_t)get_be(from, 2);
}

uint32_t get_u24be(const uint8_t from[static 3])
{
    return (uint32_t)get_be(from, 3);
}

uint32_t get_u32be(const uint8_t from[static 4])
{
    return (uint32_t)get_be(from, 4);
}

uint64_t get_u64be(const uint8_t from[static 8])
{
    return get_be(from, 8);
}

void put_u32le(uint8_t to[static 4], uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

void put_u64le(uint8_t to[static 8], uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

uint32_t get_u32le(const uint8_t from[static 4])
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)from[i] << (8 * i);
    return value;
}

uint64_t get_u64le(const uint8_t from[static 8])
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

void hex_encode(struct bytes from, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < from.len; i++) {
        ret_text[2 * i] = digits[from.data[i] >> 4];
        ret_text[2 * i + 1] = digits[from.data[i] & 15];
    }
    ret_text[2 * from.len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int hex_decode(const char *text, uint8_t *ret_octets, size_t len)
{
    if (strlen(text) != 2 * len)
        return HL_EFORMAT;
    for (size_t i = 0; i < 2 * len; i++) {
        if (hex_digit(text[i]) < 0)
            return HL_EFORMAT;
    }
    for (size_t i = 0; i < len; i++)
        ret_octets[i] =
            (uint8_t)((unsigned)hex_digit(text[2 * i]) << 4 | (unsigned)hex_digit(text[2 * i + 1]));
    return HL_OK;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct bytes from, char *ret_text)
{
    char *to = ret_text;

    for (size_t i = 0; i < from.len; i += 3) {
        size_t left = from.len - i;
        uint32_t group = (uint32_t)from.data[i] << 16;

        group |= left > 1 ? (uint32_t)from.data[i + 1] << 8 : 0;
        group |= left > 2 ? from.data[i + 2] : 0;
        *to++ = base64_digits[group >> 18];
        *to++ = base64_digits[group >> 12 & 63];
        *to++ = (char)(left > 1 ? base64_digits[group >> 6 & 63] : '=');
        *to++ = (char)(left > 2 ? base64_digits[group & 63] : '=');
    }
    *to = '\0';
}

static int base64_value(uint8_t c)
{
    const char *at = c ? strchr(base64_digits, c) : NULL;

    return at ? (int)(at - base64_digits) : -1;
}

int base64_decode(struct bytes text, uint8_t *ret_octets, size_t size, size_t *ret_len)
{
    if (text.len % 4 != 0)
        return HL_EFORMAT;

    size_t pad = 0;
    while (pad < 2 && pad < text.len && text.data[text.len - 1 - pad] == '=')
        pad++;
    size_t len = text.len / 4 * 3 - pad;
    if (len > size)
        return HL_ETOOBIG;

    uint32_t bits = 0;
    unsigned held = 0;
    size_t out = 0;
    for (size_t i = 0; i < text.len - pad; i++) {
        int value = base64_value(text.data[i]);

        if (value < 0)
            return HL_EFORMAT;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            ret_octets[out++] = (uint8_t)(bits >> held);
        }
    }
    if (bits & ((1U << held) - 1)) /* unused bits must be zero: one text for one value */
        return HL_EFORMAT;
    *ret_len = len;
    return HL_OK;
}
