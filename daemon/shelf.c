/* shelf — deposits held in memory whole. */
#include "daemon/shelf.h"

#include <assert.h>
#include <stdlib.h>

int shelf_item_new(struct shelf_item **ret_item)
{
    struct shelf_item *item = calloc(1, sizeof(*item));

    if (!item)
        return HL_ENOMEM;
    item->number = INDEX_NONE;
    *ret_item = item;
    return HL_OK;
}

static void trees_free(struct shelf_trees *trees)
{
    if (!trees)
        return;
    tree_done(&trees->slots);
    tree_done(&trees->lanes);
    free(trees);
}

void shelf_item_free(struct shelf_item *item)
{
    if (!item)
        return;
    trees_free(item->trees);
    blob_free(item->custody);
    blob_free(item->stub);
    if (item->envelope)
        hotline__v1__envelope__free_unpacked(item->envelope, NULL);
    envelope_facts_done(&item->facts);
    store_parts_done(&item->parts);
    free(item);
}

static size_t size_of(const struct shelf_item *item)
{
    size_t size = sizeof(*item) + item->lane_count * sizeof(*item->parts.lanes) +
                  item->slot_count * sizeof(*item->parts.slots);

    if (item->stub)
        size += item->stub->len;
    if (item->envelope)
        size += item->envelope->ct.len + item->envelope->n_slots * 1500 + 2048;
    if (item->slot_count >= SHELF_TREES_MIN)
        size +=
            sizeof(*item->trees) + (size_t)4 * HASH_BYTES * (item->slot_count + item->lane_count);
    return size;
}

int shelf_item_from(const uint8_t ns[static NS_BYTES], uint32_t number, struct store_body *body,
                    struct shelf_item **ret_item)
{
    AUTO(shelf_item) item = NULL;
    struct store_deposit deposit;

    TRY(shelf_item_new(&item));
    if (!body->row || !body->custody)
        return HL_EFORMAT;
    TRY(store_row_decode(bytes_blob(body->row), &deposit, &item->parts));
    if (deposit.index != number)
        return HL_EFORMAT;
    item->number = number;
    item->lane_count = deposit.lane_count;
    item->slot_count = deposit.slot_count;
    if (body->envelope)
        TRY(envelope_inspect(ns, bytes_blob(body->envelope), &item->envelope, &item->facts));
    item->custody = MOVE(body->custody);
    item->stub = MOVE(body->stub);
    *ret_item = MOVE(item);
    return HL_OK;
}

static int grow_trees(const struct shelf_item *item, struct shelf_trees *trees)
{
    uint8_t leaf[HASH_BYTES];

    for (size_t i = 0; item->envelope && i < item->envelope->n_slots; i++) {
        ProtobufCBinaryData slot = item->envelope->slots[i];

        merkle_leaf(BYTES(slot.data, slot.len), leaf);
        TRY(tree_append(&trees->slots, leaf));
    }
    for (size_t i = 0; i < item->lane_count; i++) {
        TRY(custody_lane_leaf(&item->parts.lanes[i], leaf));
        TRY(tree_append(&trees->lanes, leaf));
    }
    return HL_OK;
}

int shelf_item_trees(struct shelf_item *item, const struct shelf_trees **ret_trees)
{
    if (!item->trees) {
        struct shelf_trees *trees = calloc(1, sizeof(*trees));
        int err = trees ? grow_trees(item, trees) : HL_ENOMEM;

        if (err != HL_OK) {
            trees_free(trees);
            return err;
        }
        item->trees = trees;
    }
    *ret_trees = item->trees;
    return HL_OK;
}

int shelf_item_stub(const struct shelf_item *item, struct blob **ret_stub)
{
    if (item->envelope)
        return envelope_stub(item->envelope, &item->facts, ret_stub);
    if (item->stub)
        return blob_copy(bytes_blob(item->stub), ret_stub);
    return HL_ENOTFOUND;
}

void shelf_init(struct shelf *shelf, size_t size_max)
{
    *shelf = (struct shelf){.size_max = size_max};
}

static void take_out(struct shelf *shelf, struct shelf_item *item)
{
    if (item->older)
        item->older->newer = item->newer;
    else
        shelf->oldest = item->newer;
    if (item->newer)
        item->newer->older = item->older;
    else
        shelf->newest = item->older;
    item->older = item->newer = NULL;
    shelf->size -= item->size;
}

static void put_newest(struct shelf *shelf, struct shelf_item *item)
{
    item->older = shelf->newest;
    item->newer = NULL;
    if (shelf->newest)
        shelf->newest->newer = item;
    else
        shelf->oldest = item;
    shelf->newest = item;
    shelf->size += item->size;
}

static void remove_item(struct shelf *shelf, struct ledger *ledger, struct shelf_item *item)
{
    take_out(shelf, item);
    ledger->items[item->number].on_shelf = NULL;
    shelf_item_free(item);
}

void shelf_done(struct shelf *shelf, struct ledger *ledger)
{
    while (shelf->oldest)
        remove_item(shelf, ledger, shelf->oldest);
}

void shelf_put(struct shelf *shelf, struct ledger *ledger, struct shelf_item *item)
{
    assert(item->number < ledger->count);
    shelf_drop(shelf, ledger, item->number);
    item->size = size_of(item);
    put_newest(shelf, item);
    ledger->items[item->number].on_shelf = item;
    while (shelf->size > shelf->size_max && shelf->oldest != item)
        remove_item(shelf, ledger, shelf->oldest);
}

struct shelf_item *shelf_get(struct shelf *shelf, const struct ledger *ledger, uint32_t number)
{
    struct shelf_item *item = ledger->items[number].on_shelf;

    if (item && item != shelf->newest) {
        take_out(shelf, item);
        put_newest(shelf, item);
    }
    return item;
}

void shelf_drop(struct shelf *shelf, struct ledger *ledger, uint32_t number)
{
    if (ledger->items[number].on_shelf)
        remove_item(shelf, ledger, ledger->items[number].on_shelf);
}
