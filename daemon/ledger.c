/* ledger — what the relay remembers of each deposit. */
#include "daemon/ledger.h"

#include <stdlib.h>
#include <string.h>

void ledger_init(struct ledger *ledger, uint64_t seed)
{
    *ledger = (struct ledger){.seed = seed};
    index_init(&ledger->by_hash);
}

void ledger_done(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++)
        free(ledger->items[i].slots);
    free(ledger->items);
    index_done(&ledger->by_hash);
    *ledger = (struct ledger){.count = 0};
}

static bool has_hash(const void *items, uint32_t place, const void *key)
{
    const struct deposit *deposit = (const struct deposit *)items + place;

    return bytes_equal(BYTES_OF(deposit->hash), BYTES(key, HASH_BYTES));
}

uint32_t ledger_find(const struct ledger *ledger, const uint8_t hash[static HASH_BYTES])
{
    return index_find(&ledger->by_hash, index_hash(ledger->seed, BYTES(hash, HASH_BYTES)), has_hash,
                      ledger->items, hash);
}

static int reserve(struct ledger *ledger)
{
    if (ledger->count < ledger->size)
        return HL_OK;

    size_t size = ledger->size ? ledger->size * 2 : 64;
    struct deposit *items = realloc(ledger->items, size * sizeof(*items));

    if (!items)
        return HL_ENOMEM;
    ledger->items = items;
    ledger->size = size;
    return HL_OK;
}

static int new_slots(size_t count, uint32_t **ret_slots)
{
    uint32_t *slots = malloc(count * sizeof(*slots));

    if (!slots)
        return HL_ENOMEM;
    for (size_t i = 0; i < count; i++)
        slots[i] = SLOT_UNKNOWN;
    *ret_slots = slots;
    return HL_OK;
}

int ledger_append(struct ledger *ledger, const struct store_deposit *deposit)
{
    struct deposit item = {.expires_ms = deposit->expires_ms,
                           .received_ms = deposit->received_ms,
                           .tree_size = deposit->tree_size,
                           .from = deposit->from,
                           .plane = (uint8_t)deposit->plane,
                           .precedence = (uint8_t)deposit->precedence,
                           .form = DEPOSIT_FULL,
                           .slot_count = (uint16_t)deposit->slot_count,
                           .open_count = (uint16_t)deposit->slot_count};

    if (deposit->index != ledger->count || ledger_find(ledger, deposit->hash) != INDEX_NONE)
        return HL_EVERIFY;
    TRY(reserve(ledger));
    memcpy(item.hash, deposit->hash, HASH_BYTES);
    TRY(new_slots(deposit->slot_count, &item.slots));

    int err = index_add(&ledger->by_hash, index_hash(ledger->seed, BYTES_OF(item.hash)),
                        (uint32_t)ledger->count);

    if (err != HL_OK) {
        free(item.slots);
        return err;
    }
    ledger->items[ledger->count++] = item;
    return HL_OK;
}
