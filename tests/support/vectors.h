/* vectors — public test vectors as JSON, read from $HOTLINE_VECTORS (default ../shared/vectors). */
#ifndef HOTLINE_TESTS_SUPPORT_VECTORS_H
#define HOTLINE_TESTS_SUPPORT_VECTORS_H

#include <jansson.h>

#include "base/bytes.h"

/* NULL when the file is not there; then one line "SKIPPED <file>: …" is printed and the test calls skip(). The caller
 * owns the result (json_decref). */
json_t *vectors_load(const char *file);
/* Octets of a hex member; a missing or bad member ends the test program. The caller owns the blob. */
struct blob *vectors_hex(const json_t *object, const char *key);
/* The same for exactly `len` octets into an array. */
void vectors_hex_into(const json_t *object, const char *key, uint8_t *ret_octets, size_t len);
const char *vectors_text(const json_t *object, const char *key);
int64_t vectors_number(const json_t *object, const char *key);
bool vectors_bool(const json_t *object, const char *key);
/* A value that is a hex string itself (element of an array). */
struct blob *vectors_hex_value(const json_t *value);

#endif
