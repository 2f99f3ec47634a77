/* buf — a growing buffer with a ceiling and a sticky error. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define BUF_FIRST 256

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
    if (buf->data)
        sodium_memzero(buf->data, buf->size);
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

/* Not realloc(): the old octets are erased before they go back to the heap. */
static int grow(struct buf *buf, size_t need)
{
    size_t size = buf->size ? buf->size : BUF_FIRST;

    while (size < need)
        size *= 2;
    uint8_t *data = malloc(size);
    if (!data)
        return HL_ENOMEM;

    if (buf->len > 0)
        memcpy(data, buf->data, buf->len);
    if (buf->data)
        sodium_memzero(buf->data, buf->size);
    free(buf->data);
    buf->data = data;
    buf->size = size;
    return HL_OK;
}

void buf_add(struct buf *buf, struct bytes octets)
{
    if (buf->err != HL_OK || octets.len == 0)
        return;
    if (octets.len > buf->max - buf->len) {
        buf->err = HL_ETOOBIG;
        return;
    }
    if (buf->len + octets.len > buf->size)
        buf->err = grow(buf, buf->len + octets.len);
    if (buf->err != HL_OK)
        return;
    memcpy(buf->data + buf->len, octets.data, octets.len);
    buf->len += octets.len;
}

void buf_add_u8(struct buf *buf, uint8_t value)
{
    buf_add(buf, BYTES(&value, 1));
}

void buf_add_u32be(struct buf *buf, uint32_t value)
{
    uint8_t octets[4];

    put_u32be(octets, value);
    buf_add(buf, BYTES_OF(octets));
}

void buf_add_u64be(struct buf *buf, uint64_t value)
{
    uint8_t octets[8];

    put_u64be(octets, value);
    buf_add(buf, BYTES_OF(octets));
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, bytes_text(text));
}

void buf_add_format(struct buf *buf, const char *format, ...)
{
    char small[512];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len < 0 || buf->err != HL_OK)
        return;
    if ((size_t)len < sizeof(small)) {
        buf_add(buf, BYTES(small, (size_t)len));
        return;
    }
    char *large = malloc((size_t)len + 1);
    if (!large) {
        buf->err = HL_ENOMEM;
        return;
    }
    va_start(args, format);
    (void)vsnprintf(large, (size_t)len + 1, format, args); /* the length is known by now */
    va_end(args);
    buf_add(buf, BYTES(large, (size_t)len));
    free(large);
}

void buf_consume(struct buf *buf, size_t len)
{
    if (len > buf->len)
        len = buf->len;
    buf->len -= len;
    if (buf->len > 0)
        memmove(buf->data, buf->data + len, buf->len);
}

int buf_to_blob(const struct buf *buf, struct blob **ret_blob)
{
    TRY(buf->err);
    return blob_copy(buf_bytes(buf), ret_blob);
}
