/* text — UTF-8 checks, safe display, Crockford base32. No state. */
#ifndef HOTLINE_BASE_TEXT_H
#define HOTLINE_BASE_TEXT_H

#include "base/buf.h"

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, <= U+10FFFF) and no NUL. */
bool text_is_utf8(struct bytes text);

/* C0, DEL or C1; newlines and tabs are none when is_multiline. */
bool text_has_control(struct bytes text, bool is_multiline);

/* Add `text` so that nothing in it can act on a terminal or reorder a line: controls, escape, bidi and zero-width
 * characters, tags appear as <U+202E>, bad octets as <0xFF>. Newlines and tabs are kept when is_multiline. */
void text_add_visible(struct buf *to, struct bytes text, bool is_multiline);

/* Add `text` as a JSON string with its quotes; bad octets become U+FFFD. */
void text_add_json(struct buf *to, struct bytes text);

/* The first `count` (<= 12) Crockford characters of `octets`, most significant bit first (5 bits each), with NUL. */
void crockford_encode(struct bytes octets, size_t count, char *ret_text);

/* Fold to upper case, O to 0, I and L to 1. `ret_text` holds strlen + 1.
 * Error: HL_EFORMAT (a character outside 0-9 A-Z without U after folding). */
HL_MUST_CHECK int crockford_fold(const char *text, char *ret_text);

#endif
