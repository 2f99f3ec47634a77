/* index — from a key's hash to a place in the caller's array: open addressing, linear probing. */
#ifndef HOTLINE_DAEMON_INDEX_H
#define HOTLINE_DAEMON_INDEX_H

#include "base/bytes.h"

#define INDEX_NONE UINT32_MAX

struct index_slot {
    uint64_t hash;
    uint32_t place;
    bool is_used;
};
struct index {
    struct index_slot *slots;
    size_t size, count; /* size: a power of two, or 0 */
};
/* Does the item at `place` have this key? */
typedef bool index_equal(const void *items, uint32_t place, const void *key);

void index_init(struct index *index);
void index_done(struct index *index);
/* FNV-1a, started with a seed that peers do not know. */
uint64_t index_hash(uint64_t seed, struct bytes key);
uint32_t index_find(const struct index *index, uint64_t hash, index_equal *is_equal,
                    const void *items, const void *key);
/* Error: HL_ENOMEM. */
HL_MUST_CHECK int index_add(struct index *index, uint64_t hash, uint32_t place);
/* Nothing happens when it is not there. */
void index_remove(struct index *index, uint64_t hash, uint32_t place);

#endif
