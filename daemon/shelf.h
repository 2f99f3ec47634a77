/* shelf — deposits held in memory whole, the least recently used leave first. */
#ifndef HOTLINE_DAEMON_SHELF_H
#define HOTLINE_DAEMON_SHELF_H

#include "daemon/ledger.h"
#include "daemon/tree.h"
#include "proto/envelope.h"

/* From so many slots on, recipients' proofs come from trees that are kept. */
#define SHELF_TREES_MIN 16

/* Over an envelope's slots and over its lanes: a proof for each of many recipients costs a logarithm. */
struct shelf_trees {
    struct tree slots, lanes;
};

/* One deposit with its octets. `envelope` is NULL when only the stub is left, or not even that. */
struct shelf_item {
    uint32_t number; /* in the ledger; INDEX_NONE: not yet durable */
    struct blob *custody, *stub;
    Hotline__V1__Envelope *envelope;
    struct envelope_facts facts;
    struct store_parts parts;
    size_t lane_count, slot_count;
    struct shelf_trees *trees; /* NULL: not asked for yet */
    size_t size;               /* octets, about */
    struct shelf_item *older, *newer;
};
struct shelf {
    size_t size, size_max;
    struct shelf_item *oldest, *newest;
};
void shelf_init(struct shelf *shelf, size_t size_max);
void shelf_done(struct shelf *shelf, struct ledger *ledger);
/* Put an item that the ledger knows (item->number); it is owned by the shelf now. Others may leave. */
void shelf_put(struct shelf *shelf, struct ledger *ledger, struct shelf_item *item);
/* The item, as the newest again; NULL: not here. Valid until the next shelf_put(). */
struct shelf_item *shelf_get(struct shelf *shelf, const struct ledger *ledger, uint32_t number);
void shelf_drop(struct shelf *shelf, struct ledger *ledger, uint32_t number);

/* The caller owns *ret_item. Error: HL_ENOMEM. */
HL_MUST_CHECK int shelf_item_new(struct shelf_item **ret_item);
void shelf_item_free(struct shelf_item *item); /* NULL is allowed */
static inline void shelf_item_drop(struct shelf_item **item)
{
    shelf_item_free(*item);
}
/* What the store read; `body` is moved from. Errors: HL_EFORMAT (damaged), HL_ENOMEM. */
HL_MUST_CHECK int shelf_item_from(const uint8_t ns[static NS_BYTES], uint32_t number,
                                  struct store_body *body, struct shelf_item **ret_item);
/* The trees, made at the first call; kept with the item. Error: HL_ENOMEM. */
HL_MUST_CHECK int shelf_item_trees(struct shelf_item *item, const struct shelf_trees **ret_trees);
/* The Stub, made or kept. HL_ENOTFOUND: neither is left. The caller owns *ret_stub. */
HL_MUST_CHECK int shelf_item_stub(const struct shelf_item *item, struct blob **ret_stub);

#endif
