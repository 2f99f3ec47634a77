/* replay — the last 2^16 ephemeral keys of handshakes. */
#include "daemon/replay.h"

#include <stdlib.h>
#include <string.h>

int replay_init(struct replay *replay, uint64_t seed)
{
    *replay = (struct replay){.seed = seed, .keys = calloc(REPLAY_KEYS, sizeof(*replay->keys))};
    index_init(&replay->by_key);
    return replay->keys ? HL_OK : HL_ENOMEM;
}

void replay_done(struct replay *replay)
{
    free(replay->keys);
    index_done(&replay->by_key);
    *replay = (struct replay){.keys = NULL};
}

static uint64_t hash_of(const struct replay *replay, const uint8_t key[static 32])
{
    return index_hash(replay->seed, BYTES(key, 32));
}

static bool is_key(const void *items, uint32_t place, const void *key)
{
    return bytes_equal(BYTES((const uint8_t *)items + (size_t)place * 32, 32), BYTES(key, 32));
}

bool replay_seen(struct replay *replay, const uint8_t key[static 32])
{
    uint64_t hash = hash_of(replay, key);

    if (index_find(&replay->by_key, hash, is_key, replay->keys, key) != INDEX_NONE)
        return true;
    if (replay->count == REPLAY_KEYS) {
        index_remove(&replay->by_key, hash_of(replay, replay->keys[replay->next]),
                     (uint32_t)replay->next);
        replay->count--;
    }
    if (index_add(&replay->by_key, hash, (uint32_t)replay->next) != HL_OK)
        return true;
    memcpy(replay->keys[replay->next], key, 32);
    replay->next = (replay->next + 1) % REPLAY_KEYS;
    replay->count++;
    return false;
}
