/* bytes — views of octets, owned octets, big-endian integers, hex and base64. No state. */
#ifndef HOTLINE_BASE_BYTES_H
#define HOTLINE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"

/* A borrowed run of octets; `data` may be NULL when `len` is 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* Octets on the heap, one allocation; free with blob_free(). */
struct blob {
    size_t len;
    uint8_t data[];
};

#define BYTES(pointer, length) ((struct bytes){(const uint8_t *)(pointer), (length)})
#define BYTES_OF(array)        ((struct bytes){(const uint8_t *)(array), sizeof(array)})

/* A view of a NUL-terminated text, without the NUL. */
struct bytes bytes_text(const char *text);

/* A view of a blob; the empty view for NULL. Valid as long as the blob. */
struct bytes bytes_blob(const struct blob *blob);

/* Equality of public values; for secrets use secret_equal() of keys/secret.h. */
bool bytes_equal(struct bytes left, struct bytes right);

/* Order as memcmp does, the shorter first when one begins the other: < 0, 0, > 0. */
int bytes_order(struct bytes left, struct bytes right);

bool bytes_all_zero(struct bytes value);

/* A blob of `len` zero octets (at most 64 MiB). The caller owns *ret_blob. Error: HL_ENOMEM. */
HL_MUST_CHECK int blob_new(size_t len, struct blob **ret_blob);
HL_MUST_CHECK int blob_copy(struct bytes from, struct blob **ret_blob);

/* Erase and free; NULL is allowed. */
void blob_free(struct blob *blob);
static inline void blob_drop(struct blob **blob)
{
    blob_free(*blob);
}

void put_u16be(uint8_t to[static 2], uint16_t value);
void put_u24be(uint8_t to[static 3], uint32_t value);
void put_u32be(uint8_t to[static 4], uint32_t value);
void put_u64be(uint8_t to[static 8], uint64_t value);
uint16_t get_u16be(const uint8_t from[static 2]);
uint32_t get_u24be(const uint8_t from[static 3]);
uint32_t get_u32be(const uint8_t from[static 4]);
uint64_t get_u64be(const uint8_t from[static 8]);
void put_u32le(uint8_t to[static 4], uint32_t value);
void put_u64le(uint8_t to[static 8], uint64_t value);
uint32_t get_u32le(const uint8_t from[static 4]);
uint64_t get_u64le(const uint8_t from[static 8]);

/* Lower-case hex with NUL; `ret_text` holds 2 * len + 1. */
void hex_encode(struct bytes from, char *ret_text);
/* Exactly `len` octets from 2 * len hex digits of either case. Error: HL_EFORMAT. */
HL_MUST_CHECK int hex_decode(const char *text, uint8_t *ret_octets, size_t len);

/* Standard base64 with padding and NUL; `ret_text` holds BASE64_SIZE(len). */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)
void base64_encode(struct bytes from, char *ret_text);
/* Strict: padded, no blanks, unused bits zero. Errors: HL_EFORMAT, HL_ETOOBIG (more than size). */
HL_MUST_CHECK int base64_decode(struct bytes text, uint8_t *ret_octets, size_t size,
                                size_t *ret_len);

#endif
