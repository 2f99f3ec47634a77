/* tree — the relay's one growing RFC 6962 tree: all full subtrees are kept, so that a root or an inclusion proof of any
 * earlier size costs a logarithm. docs/PROTOCOL.md, "Tree". */
#ifndef HOTLINE_DAEMON_TREE_H
#define HOTLINE_DAEMON_TREE_H

#include "keys/merkle.h"

#define TREE_LEVELS 33 /* sizes up to 2^32 */

struct tree_level {
    uint8_t (*nodes)[32]; /* full subtrees of 2^level leaves, from the left */
    size_t count, size;
};
struct tree {
    uint64_t size;
    struct tree_level levels[TREE_LEVELS];
};

void tree_init(struct tree *tree);
void tree_done(struct tree *tree);
/* Error: HL_ENOMEM (the tree is as before). */
HL_MUST_CHECK int tree_append(struct tree *tree, const uint8_t leaf[static 32]);
/* Root over the first `size` leaves, at most tree->size. */
void tree_root(const struct tree *tree, uint64_t size, uint8_t ret_root[static 32]);
/* Inclusion proof of leaf `index` in the tree of `size` leaves. Error: HL_EINVAL (index >= size, size > tree->size). */
HL_MUST_CHECK int tree_path(const struct tree *tree, uint64_t index, uint64_t size,
                            uint8_t ret_path[static MERKLE_PROOF_MAX][32], size_t *ret_len);

#endif
