/* custody_receipt — a relay's promise: inclusion of a Custody body in its one tree under a signed checkpoint. Made by the
 * relay, judged by desks and arbiters. docs/PROTOCOL.md, "Tree". Checkpoints are C2SP signed notes. */
#ifndef HOTLINE_PROTO_CUSTODY_RECEIPT_H
#define HOTLINE_PROTO_CUSTODY_RECEIPT_H

#include "keys/merkle.h"
#include "keys/sign.h"
#include "keys/trust.h"
#include "receipt.pb-c.h"

#define CHECKPOINT_MAX 400
/* Text of a checkpoint, signed with the log key. ret_text holds CHECKPOINT_MAX; *ret_len without NUL. Errors: HL_ETOOBIG. */
HL_MUST_CHECK int checkpoint_sign(const struct suite *suite, const struct sign_key *log_key,
                                  const char *origin, uint64_t size, const uint8_t root[static 32],
                                  char ret_text[static CHECKPOINT_MAX], size_t *ret_len);
/* Errors: HL_EFORMAT, HL_EVERIFY (origin, key or signature). */
HL_MUST_CHECK int checkpoint_check(const struct suite *suite, const char *origin,
                                   const uint8_t log_pk[static 32], struct bytes text,
                                   uint64_t *ret_size, uint8_t ret_root[static 32]);

/* Lanes. head_0 and head_n of docs/PROTOCOL.md. */
void lane_start(const uint8_t ns[static NS_BYTES], const uint8_t relay[static ID_BYTES],
                const struct desk_id *from, const struct desk_id *to, unsigned plane,
                uint8_t ret_head[static HASH_BYTES]);
void lane_next(const uint8_t head[static HASH_BYTES], uint64_t seq,
               const uint8_t deposit_hash[static HASH_BYTES], uint8_t ret_head[static HASH_BYTES]);

/* One lane of a deposit. */
struct lane_mark {
    struct desk_id to;
    uint64_t seq;
    uint8_t head[HASH_BYTES], salt[ID_BYTES];
};
struct custody {
    const uint8_t *ns, *relay;
    uint8_t deposit_hash[HASH_BYTES];
    int64_t received_ms;
    unsigned plane;
    struct desk_id from;
    uint8_t salt[HASH_BYTES];
    const struct lane_mark *lanes; /* ascending (entity, kind) */
    size_t lane_count;             /* 1..401 */
};
/* Canonical Custody body and its leaf hash. The caller owns *ret_body. */
HL_MUST_CHECK int custody_body(const struct custody *custody, struct blob **ret_body,
                               uint8_t ret_leaf[static 32]);
/* CustodyReceipt bytes: sender form (own_lane < 0: all LaneMarks) or recipient form (own_lane = index of its lane). */
struct custody_proof {
    uint64_t index;
    const uint8_t (*path)[32];
    size_t path_len;
    struct bytes checkpoint;
};
HL_MUST_CHECK int custody_receipt_build(struct bytes body, const struct lane_mark *lanes,
                                        size_t lane_count, int own_lane,
                                        const struct custody_proof *proof,
                                        struct blob **ret_receipt);

/* For who keeps the tree over the lanes: the leaf of one lane, and the recipient form with its place in that tree. */
HL_MUST_CHECK int custody_lane_leaf(const struct lane_mark *lane, uint8_t ret_leaf[static 32]);
struct custody_lane_proof {
    size_t index;
    const uint8_t (*path)[32];
    size_t path_len;
};
HL_MUST_CHECK int custody_receipt_build_for(struct bytes body, const struct lane_mark *lane,
                                            const struct custody_lane_proof *lane_proof,
                                            const struct custody_proof *proof,
                                            struct blob **ret_receipt);

/* What a receipt must cover. */
struct custody_expectation {
    const uint8_t *ns;
    const struct relay_info *relay;
    const uint8_t *deposit_hash;
    unsigned plane;
    struct desk_id from;
    bool is_sender_form; /* else own lane: */
    struct desk_id own_desk;
    uint64_t lane_seq;
    const uint8_t *lane_head; /* from Deliver; lane_head NULL: not judged */
    const struct desk_id *desks;
    size_t desk_count; /* sender form: the distinct slot desks; NULL: not judged */
};
struct custody_facts {
    int64_t received_ms;
    uint64_t index, tree_size;
    uint8_t root[32];
    uint64_t lane_seq;
    uint8_t lane_head[HASH_BYTES];
    uint8_t leaf[32];
};
/* "Verifies and covers". Errors: HL_EFORMAT, HL_EVERIFY, HL_ENOMEM; ret_detail static text. */
HL_MUST_CHECK int custody_receipt_check(const struct suite *suite,
                                        const struct custody_expectation *expected,
                                        struct bytes receipt, struct custody_facts *ret_facts,
                                        const char **ret_detail);

#endif
