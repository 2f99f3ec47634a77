/* RFC 6962 trees against Certificate Transparency's known roots, the definition, and custody.json. */
#include "keys/merkle.h"

#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/vectors.h"

#define LEAVES 40

static uint8_t leaves[LEAVES][32];

static int make_leaves(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < LEAVES; i++) {
        const uint8_t octet = (uint8_t)i;

        merkle_leaf(BYTES(&octet, 1), leaves[i]);
    }
    return 0;
}

static void root_of(size_t from, size_t to, uint8_t *ret_root)
{
    assert_int_equal(merkle_root((const uint8_t(*)[32])leaves + from, to - from, ret_root), HL_OK);
}

/* The leaves and roots of certificate-transparency's merkle tests. */
static void roots_equal_certificate_transparencys(void **unused)
{
    (void)unused;
    static const char *const inputs[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct merkle_frontier frontier = {.size = 0};
    uint8_t known[8][32];
    uint8_t expected[32];
    uint8_t root[32];

    for (size_t count = 0; count <= 8; count++) {
        assert_int_equal(hex_decode(roots[count], expected, 32), HL_OK);
        assert_int_equal(merkle_root((const uint8_t(*)[32])known, count, root), HL_OK);
        assert_memory_equal(root, expected, 32);
        merkle_frontier_root(&frontier, root);
        assert_memory_equal(root, expected, 32);
        if (count == 8)
            continue;
        uint8_t input[16];
        size_t len = strlen(inputs[count]) / 2;
        assert_int_equal(hex_decode(inputs[count], input, len), HL_OK);
        merkle_leaf(BYTES(input, len), known[count]);
        merkle_grow(&frontier, known[count]);
    }
}

static void frontier_follows_the_tree(void **unused)
{
    (void)unused;
    struct merkle_frontier frontier = {.size = 0};
    uint8_t expected[32];
    uint8_t root[32];

    for (size_t count = 1; count <= LEAVES; count++) {
        merkle_grow(&frontier, leaves[count - 1]);
        root_of(0, count, expected);
        merkle_frontier_root(&frontier, root);
        assert_memory_equal(root, expected, 32);
        assert_int_equal(frontier.size, count);
    }
}

static size_t split_of(size_t count)
{
    size_t split = 1;

    while (2 * split < count)
        split *= 2;
    return split;
}

static void reverse(uint8_t (*proof)[32], size_t len)
{
    uint8_t swap[32];

    for (size_t i = 0; i < len / 2; i++) {
        memcpy(swap, proof[i], 32);
        memcpy(proof[i], proof[len - 1 - i], 32);
        memcpy(proof[len - 1 - i], swap, 32);
    }
}

/* RFC 6962 §2.1.1, unrolled: PATH(m, D[n]) ends with the root of the half without m. */
static size_t path_by_definition(size_t index, size_t count, uint8_t (*ret_proof)[32])
{
    size_t from = 0;
    size_t to = count;
    size_t len = 0;

    while (to - from > 1) {
        size_t middle = from + split_of(to - from);

        if (index < middle) {
            root_of(middle, to, ret_proof[len++]);
            to = middle;
        } else {
            root_of(from, middle, ret_proof[len++]);
            from = middle;
        }
    }
    reverse(ret_proof, len);
    return len;
}

/* RFC 6962 §2.1.2, unrolled: SUBPROOF(m, D[n], b). */
static size_t consistency_by_definition(size_t first, size_t second, uint8_t (*ret_proof)[32])
{
    size_t from = 0;
    size_t to = second;
    size_t len = 0;
    bool is_whole = true;

    while (first != to) {
        size_t middle = from + split_of(to - from);

        if (first <= middle) {
            root_of(middle, to, ret_proof[len++]);
            to = middle;
        } else {
            root_of(from, middle, ret_proof[len++]);
            from = middle;
            is_whole = false;
        }
    }
    if (!is_whole)
        root_of(from, to, ret_proof[len++]);
    reverse(ret_proof, len);
    return len;
}

static void every_path_is_the_definitions_and_verifies(void **unused)
{
    (void)unused;
    for (size_t count = 1; count <= LEAVES; count++) {
        uint8_t root[32];

        root_of(0, count, root);
        for (size_t index = 0; index < count; index++) {
            uint8_t expected[MERKLE_PROOF_MAX][32];
            uint8_t proof[MERKLE_PROOF_MAX][32];
            size_t len = 0;

            assert_int_equal(merkle_path((const uint8_t(*)[32])leaves, count, index, proof, &len),
                             HL_OK);
            assert_int_equal(len, path_by_definition(index, count, expected));
            assert_memory_equal(proof, expected, 32 * len);
            assert_int_equal(merkle_check_path(leaves[index], index, count,
                                               (const uint8_t(*)[32])proof, len, root),
                             HL_OK);
        }
    }
}

static void path_of_a_leaf_outside_is_refused(void **unused)
{
    (void)unused;
    uint8_t proof[MERKLE_PROOF_MAX][32];
    size_t len = 77;

    assert_int_equal(merkle_path((const uint8_t(*)[32])leaves, 5, 5, proof, &len), HL_EINVAL);
    assert_int_equal(merkle_path((const uint8_t(*)[32])leaves, 0, 0, proof, &len), HL_EINVAL);
    assert_int_equal(len, 77);
}

static void check_bad_paths(size_t index, size_t count)
{
    uint8_t proof[MERKLE_PROOF_MAX][32] = {{0}};
    const uint8_t(*view)[32] = (const uint8_t(*)[32])proof;
    uint8_t root[32];
    size_t len = path_by_definition(index, count, proof);

    root_of(0, count, root);
    for (size_t other = 0; other < count; other++) {
        if (other != index)
            assert_int_equal(merkle_check_path(leaves[index], other, count, view, len, root),
                             HL_EVERIFY);
    }
    for (size_t other = 0; other < MERKLE_PROOF_MAX; other++) {
        if (other != len)
            assert_int_equal(merkle_check_path(leaves[index], index, count, view, other, root),
                             HL_EVERIFY);
    }
    for (size_t octet = 0; octet < 32 * len; octet++) {
        proof[octet / 32][octet % 32] ^= 1;
        assert_int_equal(merkle_check_path(leaves[index], index, count, view, len, root),
                         HL_EVERIFY);
        proof[octet / 32][octet % 32] ^= 1;
    }
    root[31] ^= 0x80;
    assert_int_equal(merkle_check_path(leaves[index], index, count, view, len, root), HL_EVERIFY);
    root[31] ^= 0x80;
    assert_int_equal(merkle_check_path(leaves[count], index, count, view, len, root), HL_EVERIFY);
    assert_int_equal(merkle_check_path(leaves[index], count, count, view, len, root), HL_EVERIFY);
    assert_int_equal(merkle_check_path(leaves[index], index, index, view, len, root), HL_EVERIFY);
}

static void path_with_other_index_length_or_octet_is_refused(void **unused)
{
    (void)unused;
    for (size_t count = 1; count <= 17; count++) {
        for (size_t index = 0; index < count; index++)
            check_bad_paths(index, count);
    }
}

static void empty_tree_includes_nothing(void **unused)
{
    (void)unused;
    uint8_t root[32];

    assert_int_equal(merkle_root(NULL, 0, root), HL_OK);
    assert_int_equal(merkle_check_path(root, 0, 0, NULL, 0, root), HL_EVERIFY);
}

/* The first leaf of a tree of 2^63 - 1 has 63 left-hand steps. */
static void path_in_the_largest_tree_verifies(void **unused)
{
    (void)unused;
    const uint64_t size = 0x7fffffffffffffff;
    uint8_t proof[MERKLE_PROOF_MAX][32] = {{0}};
    uint8_t root[32];

    memcpy(root, leaves[0], 32);
    for (size_t i = 0; i < 63; i++) {
        proof[i][0] = (uint8_t)i;
        merkle_node(root, proof[i], root);
    }
    const uint8_t(*view)[32] = (const uint8_t(*)[32])proof;
    assert_int_equal(merkle_check_path(leaves[0], 0, size, view, 63, root), HL_OK);
    assert_int_equal(merkle_check_path(leaves[0], 0, size, view, 62, root), HL_EVERIFY);
    assert_int_equal(merkle_check_path(leaves[0], 0, size, view, 64, root), HL_EVERIFY);
    assert_int_equal(merkle_check_path(leaves[0], size, size, view, 63, root), HL_EVERIFY);
}

static void every_consistency_proof_verifies(void **unused)
{
    (void)unused;
    for (size_t second = 1; second <= LEAVES; second++) {
        uint8_t second_root[32];

        root_of(0, second, second_root);
        for (size_t first = 1; first <= second; first++) {
            uint8_t proof[MERKLE_PROOF_MAX][32];
            uint8_t first_root[32];
            size_t len = consistency_by_definition(first, second, proof);

            root_of(0, first, first_root);
            assert_int_equal(merkle_check_consistency(first, first_root, second, second_root,
                                                      (const uint8_t(*)[32])proof, len),
                             HL_OK);
        }
    }
}

static void check_bad_consistency(size_t first, size_t second)
{
    uint8_t proof[MERKLE_PROOF_MAX + 1][32] = {{0}};
    const uint8_t(*view)[32] = (const uint8_t(*)[32])proof;
    uint8_t roots[2][32];
    size_t len = consistency_by_definition(first, second, proof);

    root_of(0, first, roots[0]);
    root_of(0, second, roots[1]);
    for (size_t other = 0; other <= MERKLE_PROOF_MAX + 1; other++) {
        if (other != len)
            assert_int_equal(
                merkle_check_consistency(first, roots[0], second, roots[1], view, other),
                HL_EVERIFY);
    }
    for (size_t octet = 0; octet < 32 * len; octet++) {
        proof[octet / 32][octet % 32] ^= 1;
        assert_int_equal(merkle_check_consistency(first, roots[0], second, roots[1], view, len),
                         HL_EVERIFY);
        proof[octet / 32][octet % 32] ^= 1;
    }
    for (size_t i = 0; i < 2; i++) {
        roots[i][0] ^= 1;
        assert_int_equal(merkle_check_consistency(first, roots[0], second, roots[1], view, len),
                         HL_EVERIFY);
        roots[i][0] ^= 1;
    }
    assert_int_equal(merkle_check_consistency(0, roots[0], second, roots[1], view, len),
                     HL_EVERIFY);
    assert_int_equal(merkle_check_consistency(second + 1, roots[0], second, roots[1], view, len),
                     HL_EVERIFY);
}

static void consistency_with_other_length_octet_or_root_is_refused(void **unused)
{
    (void)unused;
    for (size_t second = 1; second <= 17; second++) {
        for (size_t first = 1; first <= second; first++)
            check_bad_consistency(first, second);
    }
}

/* The first of the doubled tree's levels is missing: the hashes fit, the size does not. */
static void proof_of_a_smaller_tree_is_refused_for_a_larger_one(void **unused)
{
    (void)unused;
    for (size_t second = 2; second <= LEAVES; second++) {
        for (size_t first = 1; first < second; first++) {
            uint8_t proof[MERKLE_PROOF_MAX][32];
            uint8_t roots[2][32];
            size_t len = consistency_by_definition(first, second, proof);

            root_of(0, first, roots[0]);
            root_of(0, second, roots[1]);
            assert_int_equal(merkle_check_consistency(first, roots[0], 2 * second, roots[1],
                                                      (const uint8_t(*)[32])proof, len),
                             HL_EVERIFY);
        }
    }
}

/* A relay that shows A and B trees of one size is caught without any proof. */
static void two_roots_of_one_size_are_inconsistent(void **unused)
{
    (void)unused;
    assert_int_equal(merkle_check_consistency(5, leaves[0], 5, leaves[1], NULL, 0), HL_EVERIFY);
    assert_int_equal(merkle_check_consistency(5, leaves[0], 5, leaves[0], NULL, 0), HL_OK);
}

static size_t read_hashes(const json_t *array, uint8_t (*ret_hashes)[32])
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        AUTO(blob) hash = vectors_hex_value(json_array_get(array, i));

        assert_int_equal(hash->len, 32);
        memcpy(ret_hashes[i], hash->data, 32);
    }
    return json_array_size(array);
}

static void custody_tree_equals_the_vector(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/custody.json");
    if (!root)
        skip();
    const json_t *consistency = json_object_get(root, "consistency");
    AUTO(blob) data = vectors_hex(root, "leaf_data");
    uint8_t known[8][32];
    uint8_t proof[8][32];
    uint8_t expected[2][32];
    uint8_t ours[32];
    size_t first = (size_t)vectors_number(consistency, "m");
    size_t second = (size_t)vectors_number(consistency, "n");

    assert_int_equal(read_hashes(json_object_get(root, "leaves"), known), second);
    vectors_hex_into(root, "leaf_hash", ours, 32);
    assert_memory_equal(ours, known[second - 1], 32);
    merkle_leaf(bytes_blob(data), ours);
    assert_memory_equal(ours, known[second - 1], 32);
    vectors_hex_into(root, "root", expected[1], 32);
    assert_int_equal(merkle_root((const uint8_t(*)[32])known, second, ours), HL_OK);
    assert_memory_equal(ours, expected[1], 32);
    vectors_hex_into(consistency, "root_m", expected[0], 32);
    assert_int_equal(merkle_root((const uint8_t(*)[32])known, first, ours), HL_OK);
    assert_memory_equal(ours, expected[0], 32);
    size_t len = read_hashes(json_object_get(consistency, "proof"), proof);
    assert_int_equal(merkle_check_consistency(first, expected[0], second, expected[1],
                                              (const uint8_t(*)[32])proof, len),
                     HL_OK);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_equal_certificate_transparencys),
        cmocka_unit_test(frontier_follows_the_tree),
        cmocka_unit_test(every_path_is_the_definitions_and_verifies),
        cmocka_unit_test(path_of_a_leaf_outside_is_refused),
        cmocka_unit_test(path_with_other_index_length_or_octet_is_refused),
        cmocka_unit_test(empty_tree_includes_nothing),
        cmocka_unit_test(path_in_the_largest_tree_verifies),
        cmocka_unit_test(every_consistency_proof_verifies),
        cmocka_unit_test(consistency_with_other_length_octet_or_root_is_refused),
        cmocka_unit_test(proof_of_a_smaller_tree_is_refused_for_a_larger_one),
        cmocka_unit_test(two_roots_of_one_size_are_inconsistent),
        cmocka_unit_test(custody_tree_equals_the_vector),
    };

    return cmocka_run_group_tests_name("merkle", tests, make_leaves, NULL);
}
