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

int custodian_receipt(struct custodian *custodian, const struct tree *tree,
                      const struct deposit *deposit, const struct shelf_item *item, int own_lane,
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
    return custody_receipt_build(bytes_blob(item->custody), item->parts.lanes, item->lane_count,
                                 own_lane, &proof, ret_receipt);
}
