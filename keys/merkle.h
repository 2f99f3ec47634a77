/* merkle — RFC 6962 §2.1 trees with SHA-256: leaf 0x00, node 0x01. No recursion; sizes up to 2^63 - 1. */
#ifndef HOTLINE_KEYS_MERKLE_H
#define HOTLINE_KEYS_MERKLE_H

#include "base/bytes.h"

#define MERKLE_PROOF_MAX 64

void merkle_leaf(struct bytes data, uint8_t ret_hash[static 32]);
void merkle_node(const uint8_t left[static 32], const uint8_t right[static 32],
                 uint8_t ret_hash[static 32]);
/* MTH over leaf hashes; count 0 gives SHA-256(""). Error: HL_ENOMEM. */
HL_MUST_CHECK int merkle_root(const uint8_t (*leaves)[32], size_t count,
                              uint8_t ret_root[static 32]);
/* Audit path of leaf `index` of `count` leaf hashes. ret_proof holds MERKLE_PROOF_MAX. Errors: HL_EINVAL, HL_ENOMEM. */
HL_MUST_CHECK int merkle_path(const uint8_t (*leaves)[32], size_t count, size_t index,
                              uint8_t (*ret_proof)[32], size_t *ret_len);
/* RFC 9162 §2.1.3.2. Error: HL_EVERIFY (also when the path is too long or too short). */
HL_MUST_CHECK int merkle_check_path(const uint8_t leaf[static 32], uint64_t index, uint64_t size,
                                    const uint8_t (*proof)[32], size_t len,
                                    const uint8_t root[static 32]);
/* RFC 9162 §2.1.4.2. Error: HL_EVERIFY. */
HL_MUST_CHECK int merkle_check_consistency(uint64_t first, const uint8_t first_root[static 32],
                                           uint64_t second, const uint8_t second_root[static 32],
                                           const uint8_t (*proof)[32], size_t len);

/* A growing tree kept as its frontier (roots of the full subtrees, largest first). */
struct merkle_frontier {
    uint64_t size;
    uint8_t nodes[64][32]; /* node of level l is valid when bit l of size is set */
};
void merkle_grow(struct merkle_frontier *frontier, const uint8_t leaf[static 32]);
void merkle_frontier_root(const struct merkle_frontier *frontier, uint8_t ret_root[static 32]);

#endif
