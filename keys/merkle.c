/* merkle — RFC 6962 trees with SHA-256. */
#include "keys/merkle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

static void hash_prefixed(uint8_t prefix, struct bytes first, struct bytes second,
                          uint8_t ret_hash[static 32])
{
    crypto_hash_sha256_state state;

    (void)crypto_hash_sha256_init(&state);
    (void)crypto_hash_sha256_update(&state, &prefix, 1);
    (void)crypto_hash_sha256_update(&state, first.data, first.len);
    (void)crypto_hash_sha256_update(&state, second.data, second.len);
    (void)crypto_hash_sha256_final(&state, ret_hash);
}

void merkle_leaf(struct bytes data, uint8_t ret_hash[static 32])
{
    hash_prefixed(0x00, data, BYTES(NULL, 0), ret_hash);
}

void merkle_node(const uint8_t left[static 32], const uint8_t right[static 32],
                 uint8_t ret_hash[static 32])
{
    hash_prefixed(0x01, BYTES(left, 32), BYTES(right, 32), ret_hash);
}

/* One level up, in place; an odd last node moves up unchanged, which gives exactly RFC 6962's split. */
static size_t reduce(uint8_t (*nodes)[32], size_t count)
{
    size_t pairs = count / 2;

    for (size_t i = 0; i < pairs; i++)
        merkle_node(nodes[2 * i], nodes[2 * i + 1], nodes[i]);
    if (count % 2)
        memmove(nodes[pairs], nodes[count - 1], 32);
    return pairs + count % 2;
}

static int copy_leaves(const uint8_t (*leaves)[32], size_t count, uint8_t (**ret_nodes)[32])
{
    uint8_t(*nodes)[32] = calloc(count, sizeof(*nodes));

    if (!nodes)
        return HL_ENOMEM;
    memcpy(nodes, leaves, count * sizeof(*nodes));
    *ret_nodes = nodes;
    return HL_OK;
}

int merkle_root(const uint8_t (*leaves)[32], size_t count, uint8_t ret_root[static 32])
{
    uint8_t(*nodes)[32] = NULL;

    if (count == 0) {
        (void)crypto_hash_sha256(ret_root, (const uint8_t *)"", 0);
        return HL_OK;
    }
    TRY(copy_leaves(leaves, count, &nodes));
    while (count > 1)
        count = reduce(nodes, count);
    memcpy(ret_root, nodes[0], 32);
    free(nodes);
    return HL_OK;
}

int merkle_path(const uint8_t (*leaves)[32], size_t count, size_t index, uint8_t (*ret_proof)[32],
                size_t *ret_len)
{
    uint8_t(*nodes)[32] = NULL;
    size_t len = 0;

    if (index >= count)
        return HL_EINVAL;
    TRY(copy_leaves(leaves, count, &nodes));
    for (; count > 1; index /= 2) {
        size_t sibling = index ^ 1;

        if (sibling < count)
            memcpy(ret_proof[len++], nodes[sibling], 32);
        count = reduce(nodes, count);
    }
    free(nodes);
    *ret_len = len;
    return HL_OK;
}

/* RFC 9162 §2.1.3.2 */
int merkle_check_path(const uint8_t leaf[static 32], uint64_t index, uint64_t size,
                      const uint8_t (*proof)[32], size_t len, const uint8_t root[static 32])
{
    uint8_t hash[32];
    uint64_t first = index;
    uint64_t second = size - 1;

    if (index >= size)
        return HL_EVERIFY;
    memcpy(hash, leaf, 32);
    for (size_t i = 0; i < len; i++) {
        bool is_left = (first & 1) || first == second;

        if (second == 0)
            return HL_EVERIFY;
        if (is_left)
            merkle_node(proof[i], hash, hash);
        else
            merkle_node(hash, proof[i], hash);
        while (is_left && !(first & 1) && first != 0) {
            first >>= 1;
            second >>= 1;
        }
        first >>= 1;
        second >>= 1;
    }
    return second == 0 && sodium_memcmp(hash, root, 32) == 0 ? HL_OK : HL_EVERIFY;
}

/* A walk up two trees at once; fn and sn as RFC 9162 names them. */
struct walk {
    uint64_t fn, sn;
};

static void walk_up(struct walk *walk)
{
    walk->fn >>= 1;
    walk->sn >>= 1;
}

/* RFC 9162 §2.1.4.2, steps 4 to 7; `path` is the proof with first_root in front where first is a power of two. */
static int consistency_walk(struct walk walk, const uint8_t (*path)[32], size_t len,
                            uint8_t ret_first[static 32], uint8_t ret_second[static 32])
{
    while (walk.fn & 1)
        walk_up(&walk);
    memcpy(ret_first, path[0], 32);
    memcpy(ret_second, path[0], 32);
    for (size_t i = 1; i < len; i++) {
        bool is_left = (walk.fn & 1) || walk.fn == walk.sn;

        if (walk.sn == 0)
            return HL_EVERIFY;
        if (is_left) {
            merkle_node(path[i], ret_first, ret_first);
            merkle_node(path[i], ret_second, ret_second);
        } else {
            merkle_node(ret_second, path[i], ret_second);
        }
        while (is_left && !(walk.fn & 1) && walk.fn != 0)
            walk_up(&walk);
        walk_up(&walk);
    }
    return walk.sn == 0 ? HL_OK : HL_EVERIFY;
}

int merkle_check_consistency(uint64_t first, const uint8_t first_root[static 32], uint64_t second,
                             const uint8_t second_root[static 32], const uint8_t (*proof)[32],
                             size_t len)
{
    uint8_t path[MERKLE_PROOF_MAX + 1][32];
    uint8_t ours_first[32];
    uint8_t ours_second[32];
    size_t path_len = 0;

    if (first == 0 || first > second || len > MERKLE_PROOF_MAX)
        return HL_EVERIFY;
    if (first == second)
        return len == 0 && sodium_memcmp(first_root, second_root, 32) == 0 ? HL_OK : HL_EVERIFY;
    if (len == 0)
        return HL_EVERIFY;
    if ((first & (first - 1)) == 0)
        memcpy(path[path_len++], first_root, 32);
    memcpy(path[path_len], proof, len * 32);
    path_len += len;
    TRY(consistency_walk((struct walk){first - 1, second - 1}, (const uint8_t(*)[32])path, path_len,
                         ours_first, ours_second));
    bool fits = sodium_memcmp(ours_first, first_root, 32) == 0 &&
                sodium_memcmp(ours_second, second_root, 32) == 0;
    return fits ? HL_OK : HL_EVERIFY;
}

void merkle_grow(struct merkle_frontier *frontier, const uint8_t leaf[static 32])
{
    uint8_t hash[32];
    unsigned level = 0;

    memcpy(hash, leaf, 32);
    for (; frontier->size >> level & 1; level++)
        merkle_node(frontier->nodes[level], hash, hash);
    assert(level < 64);
    memcpy(frontier->nodes[level], hash, 32);
    frontier->size++;
}

void merkle_frontier_root(const struct merkle_frontier *frontier, uint8_t ret_root[static 32])
{
    bool has_right = false;

    (void)crypto_hash_sha256(ret_root, (const uint8_t *)"", 0);
    for (unsigned level = 0; level < 64; level++) {
        if (!(frontier->size >> level & 1))
            continue;
        if (has_right)
            merkle_node(frontier->nodes[level], ret_root, ret_root);
        else
            memcpy(ret_root, frontier->nodes[level], 32);
        has_right = true;
    }
}
