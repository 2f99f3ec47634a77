/* custody — receipts for deposits that are durable. */
#include "daemon/custody.h"

#include <assert.h>
#include <stdio.h>

void custodian_init(struct custodian *custodian, const struct suite *suite,
                    const struct sign_key *log_key, const char *origin)
{
    *custodian = (struct custodian){.suite = suite, .log_key = log_key};
    (void)snprintf(custodian->origin, sizeof(custodian->origin), "%s", origin);
}

static int checkpoint_of(struct custodian *custodian, const struct tree *tree, uint64_t size,
                         const struct checkpoint **ret_checkpoint)
{
    struct checkpoint *place = &custodian->checkpoints[size % CUSTODY_CHECKPOINTS];
    uint8_t root[32];

    if (place->size != size) {
        place->size = 0;
        tree_root(tree, size, root);
        TRY(checkpoint_sign(custodian->suite, custodian->log_key, custodian->origin, size, root,
                            place->text, &place->len));
        place->size = size;
    }
    *ret_checkpoint = place;
    return HL_OK;
}

/* The form for one of many lanes. */
static int receipt_for(struct shelf_item *item, size_t own_lane, const struct custody_proof *proof,
                       struct blob **ret_receipt)
{
    const struct shelf_trees *trees = NULL;
    uint8_t path[MERKLE_PROOF_MAX][32];
    struct custody_lane_proof lane_proof = {.index = own_lane, .path = (const uint8_t(*)[32])path};

    TRY(shelf_item_trees(item, &trees));
    TRY(tree_path(&trees->lanes, own_lane, item->lane_count, path, &lane_proof.path_len));
    return custody_receipt_build_for(bytes_blob(item->custody), &item->parts.lanes[own_lane],
                                     &lane_proof, proof, ret_receipt);
}

int custodian_receipt(struct custodian *custodian, const struct tree *tree,
                      const struct deposit *deposit, struct shelf_item *item, int own_lane,
                      struct blob **ret_receipt)
{
    const struct checkpoint *checkpoint = NULL;
    uint8_t path[MERKLE_PROOF_MAX][32];
    struct custody_proof proof = {.index = item->number, .path = (const uint8_t(*)[32])path};
    bool is_durable = item->number < tree->size && deposit->tree_size <= tree->size;

    assert(is_durable); /* no receipt before its commit */
    TRY(checkpoint_of(custodian, tree, deposit->tree_size, &checkpoint));
    TRY(tree_path(tree, item->number, deposit->tree_size, path, &proof.path_len));
    proof.checkpoint = BYTES(checkpoint->text, checkpoint->len);
    if (own_lane >= 0 && item->slot_count >= SHELF_TREES_MIN)
        return receipt_for(item, (size_t)own_lane, &proof, ret_receipt);
    return custody_receipt_build(bytes_blob(item->custody), item->parts.lanes, item->lane_count,
                                 own_lane, &proof, ret_receipt);
}
