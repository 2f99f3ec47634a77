/* test_tree — roots and proofs of every size, against the plain computation of keys/merkle. */
#include "daemon/tree.h"

#include <string.h>

#include "tests/support/cmocka_all.h"

#define LEAVES 70

static void make_leaves(uint8_t leaves[LEAVES][32], struct tree *tree)
{
    tree_init(tree);
    for (uint8_t i = 0; i < LEAVES; i++) {
        merkle_leaf(BYTES(&i, 1), leaves[i]);
        assert_int_equal(tree_append(tree, leaves[i]), HL_OK);
    }
}

static void root_of_every_earlier_size_is_that_of_rfc_6962(void **state)
{
    uint8_t leaves[LEAVES][32], root[32], expected[32];
    struct tree tree;

    (void)state;
    make_leaves(leaves, &tree);
    for (size_t size = 0; size <= LEAVES; size++) {
        assert_int_equal(merkle_root((const uint8_t(*)[32])leaves, size, expected), HL_OK);
        tree_root(&tree, size, root);
        assert_memory_equal(root, expected, 32);
    }
    tree_done(&tree);
}

static void proof_of_every_leaf_in_every_size_is_that_of_rfc_6962(void **state)
{
    uint8_t leaves[LEAVES][32], path[MERKLE_PROOF_MAX][32], expected[MERKLE_PROOF_MAX][32];
    size_t len, expected_len;
    struct tree tree;

    (void)state;
    make_leaves(leaves, &tree);
    for (size_t size = 1; size <= LEAVES; size++) {
        for (size_t index = 0; index < size; index++) {
            assert_int_equal(
                merkle_path((const uint8_t(*)[32])leaves, size, index, expected, &expected_len),
                HL_OK);
            assert_int_equal(tree_path(&tree, index, size, path, &len), HL_OK);
            assert_int_equal(len, expected_len);
            assert_memory_equal(path, expected, 32 * len);
        }
    }
    tree_done(&tree);
}

static void proof_outside_the_tree_is_refused(void **state)
{
    uint8_t leaves[LEAVES][32], path[MERKLE_PROOF_MAX][32];
    struct tree tree;
    size_t len = 99;

    (void)state;
    make_leaves(leaves, &tree);
    assert_int_equal(tree_path(&tree, 5, 5, path, &len), HL_EINVAL);
    assert_int_equal(tree_path(&tree, 0, 0, path, &len), HL_EINVAL);
    assert_int_equal(tree_path(&tree, 0, LEAVES + 1, path, &len), HL_EINVAL);
    assert_int_equal(len, 99);
    tree_done(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_of_every_earlier_size_is_that_of_rfc_6962),
        cmocka_unit_test(proof_of_every_leaf_in_every_size_is_that_of_rfc_6962),
        cmocka_unit_test(proof_outside_the_tree_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
