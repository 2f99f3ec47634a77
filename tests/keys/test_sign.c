/* Signatures over PAE, Signed objects and thresholds. */
#include "keys/sign.h"

#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"
#include "tests/support/vectors.h"

#define KEYS 34

static struct sign_key *keys[KEYS];

static int make_keys(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < KEYS; i++) {
        const uint8_t seed[SIGN_SEED_BYTES] = {(uint8_t)(i + 1)};

        if (sign_key_new(suite_real(), seed, &keys[i]) != HL_OK)
            return 1;
    }
    return 0;
}

static int free_keys(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < KEYS; i++)
        sign_key_free(keys[i]);
    return 0;
}

/* Signed "hello" by the first `count` keys; the caller frees it. */
static struct blob *signed_by(size_t count)
{
    struct blob *result = NULL;

    assert_int_equal(sign_object(suite_real(), label_fixed(LABEL_DIRECTORY), bytes_text("hello"),
                                 (const struct sign_key *const *)keys, count, &result),
                     HL_OK);
    return result;
}

static Hotline__V1__Signed *parsed(const struct blob *octets)
{
    Hotline__V1__Signed *object = NULL;

    assert_int_equal(sign_parse(bytes_blob(octets), &object), HL_OK);
    return object;
}

static ProtobufCBinaryData pk_of(size_t index)
{
    return (ProtobufCBinaryData){SIGN_PK_BYTES, keys[index]->pk};
}

static void signature_over_pae_equals_the_vector(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/conventions.json");
    if (!root)
        skip();
    const json_t *sign = json_object_get(root, "sign");
    AUTO(blob) body = vectors_hex(sign, "body");
    AUTO(sign_key) key = NULL;
    uint8_t seed[SIGN_SEED_BYTES];
    uint8_t expected[SIG_BYTES];
    uint8_t sig[SIG_BYTES];

    vectors_hex_into(sign, "seed", seed, sizeof(seed));
    assert_int_equal(sign_key_new(suite_real(), seed, &key), HL_OK);
    vectors_hex_into(sign, "key_id", expected, ID_BYTES);
    assert_memory_equal(key->id, expected, ID_BYTES);
    assert_int_equal(
        sign_body(suite_real(), key, vectors_text(sign, "type"), bytes_blob(body), sig), HL_OK);
    vectors_hex_into(sign, "sig", expected, sizeof(expected));
    assert_memory_equal(sig, expected, sizeof(sig));
    assert_int_equal(sign_verify_body(suite_real(), key->pk, vectors_text(sign, "type"),
                                      bytes_blob(body), BYTES_OF(sig)),
                     HL_OK);
    json_decref(root);
}

/* A drill signature never verifies as real, a notice never as a receipt. */
static void signature_counts_under_its_own_label_only(void **unused)
{
    (void)unused;
    const char *labels[18];
    uint8_t sig[SIG_BYTES];

    for (size_t i = 0; i < 18; i++)
        labels[i] = label_of((enum label_object)(i / 3), (unsigned)(i % 3) + 1);
    for (size_t i = 0; i < 18; i++) {
        assert_int_equal(sign_body(suite_real(), keys[0], labels[i], bytes_text("hello"), sig),
                         HL_OK);
        for (size_t j = 0; j < 18; j++)
            assert_int_equal(sign_verify_body(suite_real(), keys[0]->pk, labels[j],
                                              bytes_text("hello"), BYTES_OF(sig)),
                             i == j ? HL_OK : HL_EVERIFY);
    }
}

static void signed_object_keeps_body_ids_and_order(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(3);
    Hotline__V1__Signed *object = parsed(octets);

    assert_int_equal(object->body.len, 5);
    assert_memory_equal(object->body.data, "hello", 5);
    assert_int_equal(object->n_sigs, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(object->sigs[i]->key_id.data, keys[i]->id, ID_BYTES);
        assert_int_equal(
            sign_check_at(suite_real(), object, i, label_fixed(LABEL_DIRECTORY), keys[i]->pk),
            HL_OK);
    }
    hotline__v1__signed__free_unpacked(object, NULL);
}

static void number_of_signers_is_one_to_32(void **unused)
{
    (void)unused;
    const struct sign_key *const *list = (const struct sign_key *const *)keys;
    struct blob *result = NULL;

    assert_int_equal(sign_object(suite_real(), "l", bytes_text("b"), list, 0, &result), HL_EINVAL);
    assert_int_equal(sign_object(suite_real(), "l", bytes_text("b"), list, 33, &result), HL_EINVAL);
    assert_null(result);
    AUTO(blob) most = signed_by(32);
    hotline__v1__signed__free_unpacked(parsed(most), NULL);
}

static void check_at_refuses_other_index_key_label_and_body(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(2);
    Hotline__V1__Signed *object = parsed(octets);
    const char *label = label_fixed(LABEL_DIRECTORY);

    assert_int_equal(sign_check_at(suite_real(), object, 0, label, keys[1]->pk), HL_EVERIFY);
    assert_int_equal(sign_check_at(suite_real(), object, 2, label, keys[0]->pk), HL_EVERIFY);
    assert_int_equal(sign_check_at(suite_real(), object, SIZE_MAX, label, keys[0]->pk), HL_EVERIFY);
    assert_int_equal(
        sign_check_at(suite_real(), object, 0, label_fixed(LABEL_TIMESTAMP), keys[0]->pk),
        HL_EVERIFY);
    object->body.data[0] ^= 1;
    assert_int_equal(sign_check_at(suite_real(), object, 0, label, keys[0]->pk), HL_EVERIFY);
    object->body.data[0] ^= 1;
    object->sigs[0]->key_id.data[15] ^= 1;
    assert_int_equal(sign_check_at(suite_real(), object, 0, label, keys[0]->pk), HL_EVERIFY);
    hotline__v1__signed__free_unpacked(object, NULL);
}

static void threshold_counts_distinct_keys_that_verify(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(2);
    Hotline__V1__Signed *object = parsed(octets);
    const char *label = label_fixed(LABEL_DIRECTORY);
    const ProtobufCBinaryData listed[] = {pk_of(0), pk_of(1), pk_of(2)};

    assert_int_equal(sign_check_threshold(suite_real(), object, label, listed, 3, 1), HL_OK);
    assert_int_equal(sign_check_threshold(suite_real(), object, label, listed, 3, 2), HL_OK);
    assert_int_equal(sign_check_threshold(suite_real(), object, label, listed, 3, 3), HL_EVERIFY);
    assert_int_equal(sign_check_threshold(suite_real(), object, label, listed + 1, 2, 2),
                     HL_EVERIFY);
    assert_int_equal(
        sign_check_threshold(suite_real(), object, label_fixed(LABEL_TIMESTAMP), listed, 3, 1),
        HL_EVERIFY);
    hotline__v1__signed__free_unpacked(object, NULL);
}

static void threshold_of_nothing_is_never_met(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(2);
    Hotline__V1__Signed *object = parsed(octets);
    const ProtobufCBinaryData listed[] = {pk_of(0)};

    assert_int_equal(
        sign_check_threshold(suite_real(), object, label_fixed(LABEL_DIRECTORY), listed, 1, 0),
        HL_EVERIFY);
    assert_int_equal(
        sign_check_threshold(suite_real(), object, label_fixed(LABEL_DIRECTORY), listed, 0, 1),
        HL_EVERIFY);
    hotline__v1__signed__free_unpacked(object, NULL);
}

static void key_listed_twice_counts_once(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(1);
    Hotline__V1__Signed *object = parsed(octets);
    const ProtobufCBinaryData listed[] = {pk_of(0), pk_of(1), pk_of(0)};

    assert_int_equal(
        sign_check_threshold(suite_real(), object, label_fixed(LABEL_DIRECTORY), listed, 3, 2),
        HL_EVERIFY);
    hotline__v1__signed__free_unpacked(object, NULL);
}

static void listed_key_of_wrong_length_never_counts(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(1);
    Hotline__V1__Signed *object = parsed(octets);
    const ProtobufCBinaryData listed[] = {{31, keys[0]->pk}, {0, NULL}};

    assert_int_equal(
        sign_check_threshold(suite_real(), object, label_fixed(LABEL_DIRECTORY), listed, 2, 1),
        HL_EVERIFY);
    hotline__v1__signed__free_unpacked(object, NULL);
}

static void object_signed_twice_by_one_key_is_refused(void **unused)
{
    (void)unused;
    const struct sign_key *twice[] = {keys[0], keys[1], keys[0]};
    AUTO(blob) octets = NULL;
    Hotline__V1__Signed *object = NULL;

    assert_int_equal(sign_object(suite_real(), "l", bytes_text("hello"), twice, 3, &octets), HL_OK);
    assert_int_equal(sign_parse(bytes_blob(octets), &object), HL_EFORMAT);
    assert_null(object);
}

/* A prefix that ends between two signatures is itself a canonical object; it then lacks a signature. */
static void truncated_object_is_refused_or_lacks_signatures(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(2);
    size_t canonical = 0;

    for (size_t len = 0; len < octets->len; len++) {
        Hotline__V1__Signed *object = NULL;

        if (sign_parse(BYTES(octets->data, len), &object) != HL_OK) {
            assert_null(object);
            continue;
        }
        canonical++;
        assert_int_equal(object->n_sigs, 1);
        hotline__v1__signed__free_unpacked(object, NULL);
    }
    assert_int_equal(canonical, 1);
}

static void every_flipped_bit_is_refused(void **unused)
{
    (void)unused;
    AUTO(blob) octets = signed_by(1);
    const ProtobufCBinaryData listed[] = {pk_of(0)};

    for (size_t bit = 0; bit < 8 * octets->len; bit++) {
        Hotline__V1__Signed *object = NULL;

        octets->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        int err = sign_parse(bytes_blob(octets), &object);
        if (err == HL_OK)
            err = sign_check_threshold(suite_real(), object, label_fixed(LABEL_DIRECTORY), listed,
                                       1, 1);
        assert_int_not_equal(err, HL_OK);
        hotline__v1__signed__free_unpacked(object, NULL);
        octets->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void fake_suite_serves_the_same_objects(void **unused)
{
    (void)unused;
    const uint8_t seed[SIGN_SEED_BYTES] = {9};
    AUTO(sign_key) key = NULL;
    AUTO(blob) octets = NULL;

    assert_int_equal(sign_key_new(suite_fake(), seed, &key), HL_OK);
    const struct sign_key *list[] = {key};
    assert_int_equal(sign_object(suite_fake(), "l", bytes_text("hello"), list, 1, &octets), HL_OK);
    Hotline__V1__Signed *object = parsed(octets);
    assert_int_equal(sign_check_at(suite_fake(), object, 0, "l", key->pk), HL_OK);
    assert_int_equal(sign_check_at(suite_fake(), object, 0, "m", key->pk), HL_EVERIFY);
    hotline__v1__signed__free_unpacked(object, NULL);
}

static void no_key_may_be_freed(void **unused)
{
    (void)unused;
    sign_key_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_over_pae_equals_the_vector),
        cmocka_unit_test(signature_counts_under_its_own_label_only),
        cmocka_unit_test(signed_object_keeps_body_ids_and_order),
        cmocka_unit_test(number_of_signers_is_one_to_32),
        cmocka_unit_test(check_at_refuses_other_index_key_label_and_body),
        cmocka_unit_test(threshold_counts_distinct_keys_that_verify),
        cmocka_unit_test(threshold_of_nothing_is_never_met),
        cmocka_unit_test(key_listed_twice_counts_once),
        cmocka_unit_test(listed_key_of_wrong_length_never_counts),
        cmocka_unit_test(object_signed_twice_by_one_key_is_refused),
        cmocka_unit_test(truncated_object_is_refused_or_lacks_signatures),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(fake_suite_serves_the_same_objects),
        cmocka_unit_test(no_key_may_be_freed),
    };

    return cmocka_run_group_tests_name("sign", tests, make_keys, free_keys);
}
