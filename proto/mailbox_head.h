/* mailbox_head — a relay's signed word on how far the lanes to one desk have come, with the poller's nonce; and what it takes
 * to convict the relay of suppression. docs/PROTOCOL.md, "Heads". Judging only: no relay serves heads yet. */
#ifndef HOTLINE_PROTO_MAILBOX_HEAD_H
#define HOTLINE_PROTO_MAILBOX_HEAD_H

#include "proto/custody_receipt.h"

#define HEAD_NONCE_BYTES 16
#define HEAD_LANES_MAX   1203 /* 401 desks, 3 planes */

/* H(head-nonce, random | custody_leaf)[0..15]; custody_leaf NULL: an ordinary poll, 32 zeros. */
void head_nonce(const uint8_t random[static 16], const uint8_t *custody_leaf,
                uint8_t ret_nonce[static HEAD_NONCE_BYTES]);

struct mailbox_head_facts {
    struct desk_id desk; /* who polled */
    uint8_t nonce[HEAD_NONCE_BYTES];
    int64_t at_ms;
    uint32_t lane_count;
    uint8_t lanes_root[32];
};
/* Signed MailboxHead of this relay. nonce NULL: not judged, else a head without it proves nothing. Errors: HL_EFORMAT,
 * HL_EVERIFY (namespace, relay, nonce, signature), HL_ENOMEM. */
HL_MUST_CHECK int mailbox_head_check(const struct suite *suite, const uint8_t ns[static NS_BYTES],
                                     const struct relay_info *relay, struct bytes signed_head,
                                     const uint8_t *nonce, struct mailbox_head_facts *ret_facts);
/* The lanes that the head is about: LaneHead octets, ascending (from, plane). Errors: HL_EFORMAT (not canonical, not
 * ascending), HL_EVERIFY (another count or root), HL_ENOMEM. */
HL_MUST_CHECK int mailbox_head_check_lanes(const struct mailbox_head_facts *head,
                                           const struct bytes *lanes, size_t count);

/* One lane of a head, proven; the custody that its nonce commits to, if any. */
struct head_proof_facts {
    struct mailbox_head_facts head;
    struct desk_id from;
    unsigned plane;
    uint64_t seq;
    uint8_t lane_head[HASH_BYTES];
    bool is_committed;
    uint8_t custody_leaf[32];
};
/* HeadProof octets: signature, path of the lane, nonce = the hash of what it commits to. Errors as above. */
HL_MUST_CHECK int head_proof_check(const struct suite *suite, const uint8_t ns[static NS_BYTES],
                                   const struct relay_info *relay, struct bytes head_proof,
                                   struct head_proof_facts *ret_facts);

/* Custody of one lane entry, as custody_receipt_check() found it. */
struct head_charge {
    const struct relay_info *relay;
    struct desk_id from, to;
    unsigned plane;
    const struct custody_facts *custody;
};
/* Do custody and a later head of the same relay contradict each other? The head must commit to that custody, so that it is
 * later, and its lane has stopped before it, or stands at the same number with another hash. steps (LaneSteps octets, may be
 * empty) lead from the custody's number to the head's: another hash on the way convicts too. *ret_convicts false: nothing
 * proven, not innocence. Errors: HL_EFORMAT, HL_EVERIFY (the steps do not lead to the head), HL_ENOMEM. */
HL_MUST_CHECK int head_convicts(const struct head_charge *charge,
                                const struct head_proof_facts *proof, struct bytes steps,
                                bool *ret_convicts);

#endif
