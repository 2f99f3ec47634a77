/* custody — receipts for deposits that are durable, under the checkpoint of their batch. The same deposit gives the same
 * octets for ever: body and salts are stored, paths follow from the tree, signatures are deterministic. */
#ifndef HOTLINE_DAEMON_CUSTODY_H
#define HOTLINE_DAEMON_CUSTODY_H

#include "daemon/shelf.h"
#include "daemon/tree.h"

#define CUSTODY_CHECKPOINTS 64

struct checkpoint {
    uint64_t size; /* 0: empty place */
    char text[CHECKPOINT_MAX];
    size_t len;
};
struct custodian {
    const struct suite *suite;
    const struct sign_key *log_key;
    char origin[81];
    struct checkpoint checkpoints[CUSTODY_CHECKPOINTS]; /* of recent batches, by size */
};
void custodian_init(struct custodian *custodian, const struct suite *suite,
                    const struct sign_key *log_key, const char *origin);
/* own_lane < 0: sender form; else the recipient form for that lane. The deposit is in the ledger, which knows durable ones
 * only, and in the tree. The caller owns *ret_receipt (CustodyReceipt). Errors: HL_ENOMEM, HL_ETOOBIG. */
HL_MUST_CHECK int custodian_receipt(struct custodian *custodian, const struct tree *tree,
                                    const struct deposit *deposit, struct shelf_item *item,
                                    int own_lane, struct blob **ret_receipt);

#endif
