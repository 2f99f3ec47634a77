/* tree — the relay's one growing RFC 6962 tree. */
#include "daemon/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void tree_init(struct tree *tree)
{
    *tree = (struct tree){.size = 0};
}

void tree_done(struct tree *tree)
{
    for (size_t level = 0; level < TREE_LEVELS; level++)
        free(tree->levels[level].nodes);
    tree_init(tree);
}

static int reserve(struct tree_level *level)
{
    if (level->count < level->size)
        return HL_OK;

    size_t size = level->size ? level->size * 2 : 32;
    uint8_t(*nodes)[32] = realloc(level->nodes, size * sizeof(*nodes));

    if (!nodes)
        return HL_ENOMEM;
    level->nodes = nodes;
    level->size = size;
    return HL_OK;
}

int tree_append(struct tree *tree, const uint8_t leaf[static 32])
{
    uint8_t node[32];

    assert(tree->size < UINT32_MAX);
    /* Leaf n completes one subtree of each level below the lowest zero bit of n. */
    for (size_t level = 0; level == 0 || (tree->size >> (level - 1) & 1); level++)
        TRY(reserve(&tree->levels[level]));
    memcpy(node, leaf, 32);
    for (size_t level = 0;; level++) {
        struct tree_level *at = &tree->levels[level];

        memcpy(at->nodes[at->count++], node, 32);
        if (!(tree->size >> level & 1))
            break;
        merkle_node(at->nodes[at->count - 2], at->nodes[at->count - 1], node);
    }
    tree->size++;
    return HL_OK;
}

/* Hash over the last leaves of a tree of `size`: those in subtrees below `level`. Some bit below it must be set. */
static void fold(const struct tree *tree, uint64_t size, size_t level, uint8_t ret_hash[static 32])
{
    bool is_begun = false;

    for (size_t bit = 0; bit < level; bit++) {
        if (!(size >> bit & 1))
            continue;

        const uint8_t *peak = tree->levels[bit].nodes[(size >> bit) - 1];

        if (is_begun)
            merkle_node(peak, ret_hash, ret_hash);
        else
            memcpy(ret_hash, peak, 32);
        is_begun = true;
    }
    assert(is_begun);
}

void tree_root(const struct tree *tree, uint64_t size, uint8_t ret_root[static 32])
{
    struct merkle_frontier empty = {.size = 0};

    assert(size <= tree->size);
    if (size == 0)
        merkle_frontier_root(&empty, ret_root);
    else
        fold(tree, size, TREE_LEVELS, ret_root);
}

int tree_path(const struct tree *tree, uint64_t index, uint64_t size,
              uint8_t ret_path[static MERKLE_PROOF_MAX][32], size_t *ret_len)
{
    size_t len = 0;

    if (index >= size || size > tree->size)
        return HL_EINVAL;
    for (size_t level = 0; (size - 1) >> level > 0; level++) {
        uint64_t sibling = (index >> level) ^ 1;

        if (sibling < size >> level)
            memcpy(ret_path[len++], tree->levels[level].nodes[sibling], 32);
        else if (sibling << level < size)
            fold(tree, size, level, ret_path[len++]);
    }
    *ret_len = len;
    return HL_OK;
}
