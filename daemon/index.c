/* index — from a key's hash to a place in the caller's array. */
#include "daemon/index.h"

#include <stdlib.h>

#define SIZE_FIRST 64

void index_init(struct index *index)
{
    *index = (struct index){.slots = NULL};
}

void index_done(struct index *index)
{
    free(index->slots);
    index_init(index);
}

uint64_t index_hash(uint64_t seed, struct bytes key)
{
    uint64_t hash = 0xcbf29ce484222325ULL ^ seed;

    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.data[i]) * 0x100000001b3ULL;
    return hash ^ (hash >> 32);
}

uint32_t index_find(const struct index *index, uint64_t hash, index_equal *is_equal,
                    const void *items, const void *key)
{
    if (index->size == 0)
        return INDEX_NONE;
    for (size_t at = hash & (index->size - 1); index->slots[at].is_used;
         at = (at + 1) & (index->size - 1)) {
        const struct index_slot *slot = &index->slots[at];

        if (slot->hash == hash && is_equal(items, slot->place, key))
            return slot->place;
    }
    return INDEX_NONE;
}

static void put(struct index *index, uint64_t hash, uint32_t place)
{
    size_t at = hash & (index->size - 1);

    while (index->slots[at].is_used)
        at = (at + 1) & (index->size - 1);
    index->slots[at] = (struct index_slot){.hash = hash, .place = place, .is_used = true};
}

static int grow(struct index *index)
{
    struct index old = *index;
    size_t size = old.size ? old.size * 2 : SIZE_FIRST;
    struct index_slot *slots = calloc(size, sizeof(*slots));

    if (!slots)
        return HL_ENOMEM;
    index->slots = slots;
    index->size = size;
    for (size_t i = 0; i < old.size; i++) {
        if (old.slots[i].is_used)
            put(index, old.slots[i].hash, old.slots[i].place);
    }
    free(old.slots);
    return HL_OK;
}

int index_add(struct index *index, uint64_t hash, uint32_t place)
{
    if (index->count + 1 > index->size / 4 * 3)
        TRY(grow(index));
    put(index, hash, place);
    index->count++;
    return HL_OK;
}

void index_remove(struct index *index, uint64_t hash, uint32_t place)
{
    if (index->size == 0)
        return;

    size_t mask = index->size - 1;
    size_t hole = hash & mask;

    while (index->slots[hole].is_used &&
           !(index->slots[hole].hash == hash && index->slots[hole].place == place))
        hole = (hole + 1) & mask;
    if (!index->slots[hole].is_used)
        return;
    /* Move back what probed past the hole, so that no search ends early. */
    for (size_t at = (hole + 1) & mask; index->slots[at].is_used; at = (at + 1) & mask) {
        size_t home = index->slots[at].hash & mask;

        if (((at - home) & mask) >= ((at - hole) & mask)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole] = (struct index_slot){.is_used = false};
    index->count--;
}
