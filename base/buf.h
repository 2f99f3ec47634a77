/* buf — a growing buffer with a ceiling. The first failure sticks: write on, ask once at the end. */
#ifndef HOTLINE_BASE_BUF_H
#define HOTLINE_BASE_BUF_H

#include "base/bytes.h"

struct buf {
    uint8_t *data; /* owned; erased on growth and on buf_done() */
    size_t len;
    size_t size;
    size_t max; /* ceiling in octets */
    int err;    /* HL_OK, HL_ENOMEM or HL_ETOOBIG; after an error nothing is added */
};

void buf_init(struct buf *buf, size_t max);
void buf_done(struct buf *buf);
static inline void buf_drop(struct buf *buf)
{
    buf_done(buf);
}
#define AUTO_BUF __attribute__((cleanup(buf_drop))) struct buf

void buf_add(struct buf *buf, struct bytes octets);
void buf_add_u8(struct buf *buf, uint8_t value);
void buf_add_u32be(struct buf *buf, uint32_t value);
void buf_add_u64be(struct buf *buf, uint64_t value);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drop the first `len` octets (at most buf->len). */
void buf_consume(struct buf *buf, size_t len);

static inline struct bytes buf_bytes(const struct buf *buf)
{
    return BYTES(buf->data, buf->len);
}

/* Copy out as a blob. Errors: the sticky error, HL_ENOMEM. The caller owns *ret_blob. */
HL_MUST_CHECK int buf_to_blob(const struct buf *buf, struct blob **ret_blob);

#endif
