/* samples — encodings of every message of a schema, written from its tables by a writer of its own (not protobuf-c's), with
 * one field at a time at, or beyond, a limit. */
#ifndef HOTLINE_TESTS_SUPPORT_SAMPLES_H
#define HOTLINE_TESTS_SUPPORT_SAMPLES_H

#include "base/buf.h"
#include "base/strict.h"

#define SAMPLES_MAX ((size_t)16 << 20) /* ceiling of a buffer for one sample */

struct samples;

/* All messages of `schema` and of those below it. Ends the program when a message needs itself. */
struct samples *samples_new(const struct strict_schema *schema);
void samples_free(struct samples *samples);

size_t samples_count(const struct samples *samples);
/* In the order of the tables, `schema` first. Static. */
const struct strict_message *samples_message(const struct samples *samples, size_t index);
/* The shortest encoding that the table allows. Borrowed until samples_free(). */
struct bytes samples_least(const struct samples *samples, size_t index);
/* Levels of messages in the deepest encoding, 1 = none inside. */
unsigned samples_depth(const struct samples *samples, size_t index);

/* How one field departs from the shortest encoding: `items` times `value`, which is the length of octets and texts and the
 * value of a number; of messages the shortest are taken. items 0 leaves the field out. */
struct sample_change {
    uint32_t tag;
    uint32_t items;
    uint64_t value;
};
void samples_write(const struct samples *samples, size_t index, const struct sample_change *change,
                   struct buf *to);
/* Every field there (of a oneof the first member only), as often as it may be up to `items`, each as short, or as long, as
 * it may be. */
void samples_write_full(const struct samples *samples, size_t index, uint32_t items,
                        bool is_longest, struct buf *to);

#endif
