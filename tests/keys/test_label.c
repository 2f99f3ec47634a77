/* Labels, PAE, H, B and key ids against conventions.json of the independent implementation. */
#include "keys/label.h"

#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/vectors.h"

#define PLANES  3
#define OBJECTS 6

/* docs/PROTOCOL.md, "Labels", written down by hand and in its order. */
static const char *const listed[] = {"root-metadata",
                                     "directory",
                                     "timestamp",
                                     "national-root",
                                     "national-veto",
                                     "national-roster",
                                     "revocation",
                                     "prekey",
                                     "marks",
                                     "mailbox-head",
                                     "reject",
                                     "desk-record",
                                     "bundle",
                                     "possession",
                                     "namespace",
                                     "cert",
                                     "key-id",
                                     "prekey-id",
                                     "fingerprint",
                                     "fingerprint-digits",
                                     "envelope-hash",
                                     "header-hash",
                                     "deposit",
                                     "lane-start",
                                     "lane-chain",
                                     "custody-leaf",
                                     "head-nonce",
                                     "reservation",
                                     "journal",
                                     "mac1",
                                     "transport-prologue",
                                     "slot",
                                     "content",
                                     "commit",
                                     "attachment",
                                     "seal-file-key",
                                     "seal-salt",
                                     "seal-envelope-id",
                                     "seal-kem",
                                     "seal-prekey"};

static json_t *conventions(void)
{
    return vectors_load("hotline/conventions.json");
}

static void pae_and_hash_equal_the_vectors(void **unused)
{
    (void)unused;
    json_t *root = conventions();
    if (!root)
        skip();
    const json_t *cases = json_object_get(root, "pae");

    assert_int_equal(json_array_size(cases), 4);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const char *type = vectors_text(one, "type");
        AUTO(blob) body = vectors_hex(one, "body");
        AUTO(blob) expected = vectors_hex(one, "pae");
        AUTO(blob) pae = NULL;
        uint8_t expected_hash[HASH_BYTES];
        uint8_t hash[HASH_BYTES];

        vectors_hex_into(one, "H", expected_hash, sizeof(expected_hash));
        assert_int_equal(label_pae(type, bytes_blob(body), &pae), HL_OK);
        assert_int_equal(pae->len, expected->len);
        assert_memory_equal(pae->data, expected->data, pae->len);
        label_hash1(type, bytes_blob(body), hash);
        assert_memory_equal(hash, expected_hash, sizeof(hash));
    }
    json_decref(root);
}

static enum label_object object_named(const char *name)
{
    static const char *const names[OBJECTS] = {"notice", "release", "receipt",
                                               "link",   "service", "envelope"};

    for (size_t i = 0; i < OBJECTS; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum label_object)i;
    }
    fail_msg("unknown object %s", name);
    return LABEL_NOTICE;
}

static void plane_labels_equal_the_vectors(void **unused)
{
    (void)unused;
    json_t *root = conventions();
    if (!root)
        skip();
    const json_t *cases = json_object_get(root, "plane_labels");

    assert_int_equal(json_array_size(cases), OBJECTS * PLANES);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const char *label = label_of(object_named(vectors_text(one, "object")),
                                     (unsigned)vectors_number(one, "plane"));
        uint8_t expected[HASH_BYTES];
        uint8_t hash[HASH_BYTES];

        assert_non_null(label);
        assert_string_equal(label, vectors_text(one, "label"));
        vectors_hex_into(one, "H_of_hello", expected, sizeof(expected));
        label_hash1(label, bytes_text("hello"), hash);
        assert_memory_equal(hash, expected, sizeof(hash));
    }
    json_decref(root);
}

static void other_planes_have_no_label(void **unused)
{
    (void)unused;
    const unsigned planes[] = {0, 4, 5, 256, 257, UINT32_MAX};

    for (size_t object = 0; object < OBJECTS; object++) {
        for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++)
            assert_null(label_of((enum label_object)object, planes[i]));
    }
}

static void fixed_labels_are_the_protocols_list(void **unused)
{
    (void)unused;
    assert_int_equal(sizeof(listed) / sizeof(listed[0]), LABEL_FIXED_COUNT);
    for (size_t i = 0; i < LABEL_FIXED_COUNT; i++) {
        const char *label = label_fixed((enum label_fixed)i);

        assert_non_null(label);
        assert_int_equal(strncmp(label, "hotline/v1/", 11), 0);
        assert_string_equal(label + 11, listed[i]);
    }
}

static void no_two_labels_are_equal(void **unused)
{
    (void)unused;
    const char *all[LABEL_FIXED_COUNT + OBJECTS * PLANES];
    size_t count = 0;

    for (size_t i = 0; i < LABEL_FIXED_COUNT; i++)
        all[count++] = label_fixed((enum label_fixed)i);
    for (size_t i = 0; i < OBJECTS * PLANES; i++)
        all[count++] = label_of((enum label_object)(i / PLANES), (unsigned)(i % PLANES) + 1);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(all[i], all[j]);
    }
}

/* HKDF's info is label | suffix; a label that begins another could be completed to it by a suffix. */
static void no_label_begins_another_hkdf_label(void **unused)
{
    (void)unused;
    for (size_t i = LABEL_CONTENT; i <= LABEL_SEAL_PREKEY; i++) {
        const char *left = label_fixed((enum label_fixed)i);

        for (size_t j = LABEL_CONTENT; j <= LABEL_SEAL_PREKEY; j++)
            assert_true(i == j ||
                        strncmp(left, label_fixed((enum label_fixed)j), strlen(left)) != 0);
    }
}

static void parts_hash_like_the_joined_body(void **unused)
{
    (void)unused;
    const struct bytes parts[] = {bytes_text("he"), BYTES(NULL, 0), bytes_text("llo")};
    uint8_t joined[HASH_BYTES];
    uint8_t split[HASH_BYTES];

    label_hash1("a", bytes_text("hello"), joined);
    label_hash("a", parts, 3, split);
    assert_memory_equal(joined, split, HASH_BYTES);
    hash_plain(bytes_text("hello"), joined);
    hash_parts(parts, 3, split);
    assert_memory_equal(joined, split, HASH_BYTES);
}

static void label_and_body_do_not_run_together(void **unused)
{
    (void)unused;
    uint8_t one[HASH_BYTES];
    uint8_t two[HASH_BYTES];

    label_hash1("a", bytes_text("bc"), one);
    label_hash1("ab", bytes_text("c"), two);
    assert_memory_not_equal(one, two, HASH_BYTES);
    label_hash1("a", bytes_text("3 bcd"), one);
    label_hash1("a 5", bytes_text("bcd"), two);
    assert_memory_not_equal(one, two, HASH_BYTES);
}

static void plain_hash_and_key_id_equal_the_vectors(void **unused)
{
    (void)unused;
    json_t *root = conventions();
    if (!root)
        skip();
    const json_t *plain = json_object_get(root, "B");
    const json_t *sign = json_object_get(root, "sign");
    AUTO(blob) in = vectors_hex(plain, "in");
    uint8_t expected[HASH_BYTES];
    uint8_t hash[HASH_BYTES];
    uint8_t pk[32];
    uint8_t id[ID_BYTES];

    vectors_hex_into(plain, "out", expected, sizeof(expected));
    hash_plain(bytes_blob(in), hash);
    assert_memory_equal(hash, expected, HASH_BYTES);
    vectors_hex_into(sign, "pk", pk, sizeof(pk));
    vectors_hex_into(sign, "key_id", expected, ID_BYTES);
    key_id_of(pk, id);
    assert_memory_equal(id, expected, ID_BYTES);
    json_decref(root);
}

static void reservation_preimage_hashes_to_the_vector(void **unused)
{
    (void)unused;
    json_t *root = conventions();
    if (!root)
        skip();
    const json_t *reservation = json_object_get(root, "reservation");
    AUTO(blob) preimage = vectors_hex(reservation, "preimage");
    uint8_t expected[HASH_BYTES];
    uint8_t hash[HASH_BYTES];

    vectors_hex_into(reservation, "hash", expected, sizeof(expected));
    label_hash1(label_fixed(LABEL_RESERVATION), bytes_blob(preimage), hash);
    assert_memory_equal(hash, expected, HASH_BYTES);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pae_and_hash_equal_the_vectors),
        cmocka_unit_test(plane_labels_equal_the_vectors),
        cmocka_unit_test(other_planes_have_no_label),
        cmocka_unit_test(fixed_labels_are_the_protocols_list),
        cmocka_unit_test(no_two_labels_are_equal),
        cmocka_unit_test(no_label_begins_another_hkdf_label),
        cmocka_unit_test(parts_hash_like_the_joined_body),
        cmocka_unit_test(label_and_body_do_not_run_together),
        cmocka_unit_test(plain_hash_and_key_id_equal_the_vectors),
        cmocka_unit_test(reservation_preimage_hashes_to_the_vector),
    };

    return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
