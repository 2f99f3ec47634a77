/* lane — gapless numbers and a hash chain for each (sender desk, recipient desk, plane). */
#include "daemon/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KINDS_AT ((size_t)2 * ID_BYTES)

void lanes_init(struct lanes *lanes, const uint8_t ns[static NS_BYTES],
                const uint8_t relay[static ID_BYTES], uint64_t seed)
{
    *lanes = (struct lanes){.seed = seed};
    memcpy(lanes->ns, ns, NS_BYTES);
    memcpy(lanes->relay, relay, ID_BYTES);
    index_init(&lanes->index);
}

void lanes_done(struct lanes *lanes)
{
    free(lanes->items);
    free(lanes->staged);
    index_done(&lanes->index);
    *lanes = (struct lanes){.count = 0};
}

static uint64_t key_hash(const struct lanes *lanes, const struct lane_key *key)
{
    uint8_t octets[KINDS_AT + 3];

    memcpy(octets, key->from.entity, ID_BYTES);
    memcpy(octets + ID_BYTES, key->to.entity, ID_BYTES);
    octets[KINDS_AT] = (uint8_t)key->from.kind;
    octets[KINDS_AT + 1] = (uint8_t)key->to.kind;
    octets[KINDS_AT + 2] = (uint8_t)key->plane;
    return index_hash(lanes->seed, BYTES_OF(octets));
}

static bool is_lane(const void *items, uint32_t place, const void *key)
{
    const struct lane *lane = (const struct lane *)items + place;
    const struct lane_key *wanted = key;

    return lane->plane == wanted->plane && desk_equal(&lane->from, &wanted->from) &&
           desk_equal(&lane->to, &wanted->to);
}

static struct lane *find(const struct lanes *lanes, const struct lane_key *key)
{
    uint32_t place = index_find(&lanes->index, key_hash(lanes, key), is_lane, lanes->items, key);

    return place == INDEX_NONE ? NULL : &lanes->items[place];
}

const struct lane *lanes_find(const struct lanes *lanes, const struct lane_key *key)
{
    const struct lane *lane = find(lanes, key);

    return lane && lane->seq > 0 ? lane : NULL;
}

static int add(struct lanes *lanes, const struct lane_key *key, struct lane **ret_lane)
{
    if (lanes->count == lanes->size) {
        size_t size = lanes->size ? lanes->size * 2 : 64;
        struct lane *items = realloc(lanes->items, size * sizeof(*items));

        if (!items)
            return HL_ENOMEM;
        lanes->items = items;
        lanes->size = size;
    }
    TRY(index_add(&lanes->index, key_hash(lanes, key), (uint32_t)lanes->count));

    struct lane *lane = &lanes->items[lanes->count++];

    *lane = (struct lane){.from = key->from, .to = key->to, .plane = key->plane};
    lane_start(lanes->ns, lanes->relay, &key->from, &key->to, key->plane, lane->head);
    *ret_lane = lane;
    return HL_OK;
}

static int find_or_add(struct lanes *lanes, const struct lane_key *key, struct lane **ret_lane)
{
    struct lane *lane = find(lanes, key);

    if (!lane)
        return add(lanes, key, ret_lane);
    *ret_lane = lane;
    return HL_OK;
}

static int note_staged(struct lanes *lanes, uint32_t place)
{
    if (lanes->staged_count == lanes->staged_size) {
        size_t size = lanes->staged_size ? lanes->staged_size * 2 : 64;
        uint32_t *staged = realloc(lanes->staged, size * sizeof(*staged));

        if (!staged)
            return HL_ENOMEM;
        lanes->staged = staged;
        lanes->staged_size = size;
    }
    lanes->staged[lanes->staged_count++] = place;
    return HL_OK;
}

int lanes_stage(struct lanes *lanes, const struct lane_key *key,
                const uint8_t deposit_hash[static HASH_BYTES], struct lane_mark *ret_mark)
{
    struct lane *lane = NULL;

    TRY(find_or_add(lanes, key, &lane));
    if (lane->staged_seq == 0) {
        TRY(note_staged(lanes, (uint32_t)(lane - lanes->items)));
        lane->staged_seq = lane->seq;
        memcpy(lane->staged_head, lane->head, HASH_BYTES);
    }
    lane->staged_seq++;

    uint8_t before[HASH_BYTES];

    memcpy(before, lane->staged_head, HASH_BYTES);
    lane_next(before, lane->staged_seq, deposit_hash, lane->staged_head);
    ret_mark->to = key->to;
    ret_mark->seq = lane->staged_seq;
    memcpy(ret_mark->head, lane->staged_head, HASH_BYTES);
    return HL_OK;
}

void lanes_settle(struct lanes *lanes, bool is_durable)
{
    for (size_t i = 0; i < lanes->staged_count; i++) {
        struct lane *lane = &lanes->items[lanes->staged[i]];

        assert(lane->staged_seq > lane->seq);
        if (is_durable) {
            lane->seq = lane->staged_seq;
            memcpy(lane->head, lane->staged_head, HASH_BYTES);
        }
        lane->staged_seq = 0;
    }
    lanes->staged_count = 0;
}

int lanes_restore(struct lanes *lanes, const struct lane_key *key,
                  const uint8_t deposit_hash[static HASH_BYTES], const struct lane_mark *mark)
{
    struct lane *lane = NULL;
    uint8_t head[HASH_BYTES];

    TRY(find_or_add(lanes, key, &lane));
    if (mark->seq != lane->seq + 1)
        return HL_EVERIFY;
    lane_next(lane->head, mark->seq, deposit_hash, head);
    if (!bytes_equal(BYTES_OF(head), BYTES_OF(mark->head)))
        return HL_EVERIFY;
    lane->seq = mark->seq;
    memcpy(lane->head, head, HASH_BYTES);
    return HL_OK;
}
