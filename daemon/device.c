/* device — what the relay keeps of each device. */
#include "daemon/device.h"

#include <stdlib.h>
#include <string.h>

void devices_init(struct devices *devices, uint64_t seed)
{
    *devices = (struct devices){.seed = seed};
    index_init(&devices->by_id);
}

void devices_done(struct devices *devices)
{
    for (size_t i = 0; i < devices->count; i++) {
        struct device *device = devices->items[i];

        taken_done(&device->taken);
        for (size_t place = 0; place < DEVICE_PREKEYS; place++)
            blob_free(device->prekeys[place].signed_prekey);
        free(device);
    }
    free(devices->items);
    index_done(&devices->by_id);
    *devices = (struct devices){.count = 0};
}

static uint64_t id_hash(const struct devices *devices, const struct device_id *id)
{
    return index_hash(devices->seed, BYTES(id, sizeof(*id)));
}

static bool has_id(const void *items, uint32_t place, const void *key)
{
    struct device *const *devices = items;

    return bytes_equal(BYTES(&devices[place]->id, sizeof(struct device_id)),
                       BYTES(key, sizeof(struct device_id)));
}

struct device *devices_find(const struct devices *devices, const struct device_id *id)
{
    uint32_t place = index_find(&devices->by_id, id_hash(devices, id), has_id, devices->items, id);

    return place == INDEX_NONE ? NULL : devices->items[place];
}

static int reserve(struct devices *devices)
{
    if (devices->count < devices->size)
        return HL_OK;

    size_t size = devices->size ? devices->size * 2 : 16;
    struct device **items = realloc(devices->items, size * sizeof(struct device *));

    if (!items)
        return HL_ENOMEM;
    devices->items = items;
    devices->size = size;
    return HL_OK;
}

int devices_get(struct devices *devices, const struct device_id *id, struct device **ret_device)
{
    struct device *device = devices_find(devices, id);

    if (device) {
        *ret_device = device;
        return HL_OK;
    }
    TRY(reserve(devices));
    device = calloc(1, sizeof(*device));
    if (!device)
        return HL_ENOMEM;
    device->id = *id;
    device->number = (uint32_t)devices->count;
    device->last_own = INDEX_NONE;
    taken_init(&device->taken);

    int err = index_add(&devices->by_id, id_hash(devices, id), device->number);

    if (err != HL_OK) {
        free(device);
        return err;
    }
    devices->items[devices->count++] = device;
    *ret_device = device;
    return HL_OK;
}

bool device_settle(struct device *device, uint32_t kind)
{
    bool has_moved = device->taken_kind != 0 && device->taken_kind != kind;

    if (has_moved)
        taken_done(&device->taken);
    device->taken_kind = kind;
    return has_moved;
}

/* docs/PROTOCOL.md, "Transport": of several results the worst is told. */
static const int badness[] = {
    [PREKEY_KNOWN] = 0, [PREKEY_STORED] = 1,  [PREKEY_BUSY] = 2,
    [PREKEY_OLDER] = 3, [PREKEY_INVALID] = 4, [PREKEY_FORK] = 5,
};

enum prekey_code prekey_code_worse(enum prekey_code left, enum prekey_code right)
{
    return badness[left] >= badness[right] ? left : right;
}

enum prekey_code prekey_judge(const struct held_prekey held[static DEVICE_PREKEYS],
                              const struct prekey *prekey, size_t *ret_place)
{
    size_t oldest = held[0].created_ms <= held[1].created_ms ? 0 : 1;

    for (size_t i = 0; i < DEVICE_PREKEYS; i++) {
        if (held[i].created_ms == 0)
            continue;
        if (bytes_equal(BYTES_OF(held[i].hash), BYTES_OF(prekey->hash)))
            return PREKEY_KNOWN;
        if (held[i].created_ms == prekey->created_ms)
            return PREKEY_FORK;
        if (bytes_equal(BYTES_OF(held[i].prev_hash), BYTES_OF(prekey->prev_hash)) &&
            !bytes_equal(BYTES_OF(held[i].id), BYTES_OF(prekey->id)))
            return PREKEY_FORK;
    }
    if (prekey->created_ms < held[1 - oldest].created_ms)
        return PREKEY_OLDER;
    *ret_place = oldest;
    return PREKEY_STORED;
}

void held_prekey_set(struct held_prekey *held, const struct prekey *prekey)
{
    held->created_ms = prekey->created_ms;
    memcpy(held->id, prekey->id, ID_BYTES);
    memcpy(held->hash, prekey->hash, HASH_BYTES);
    memcpy(held->prev_hash, prekey->prev_hash, HASH_BYTES);
}
