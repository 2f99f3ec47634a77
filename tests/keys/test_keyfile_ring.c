/* Key files of kind 7, the ring of private prekeys, against keyfile.json in both directions. */
#include <string.h>

#include "keys/keyfile.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/sealed_keyfile.h"
#include "tests/support/vectors.h"

#define AT_NONCE 70

static const uint8_t wrap[32] = {0x77};
static const uint8_t nonce[24] = {0x66};

static void prekey_file_equals_the_vector_both_ways(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/keyfile.json");
    json_t *prekeys = vectors_load("hotline/prekeys.json");
    if (!root || !prekeys)
        skip();
    const json_t *one = json_object_get(root, "prekeys");
    const json_t *key = json_array_get(json_object_get(prekeys, "prekeys"), 0);
    AUTO(blob) file = vectors_hex(one, "file");
    AUTO(blob) ours = NULL;
    struct prekey_ring *ring = NULL;
    uint8_t desk_wrap[32];
    uint8_t expected[32];

    vectors_hex_into(one, "desk_wrap", desk_wrap, 32);
    assert_int_equal(keyfile_decode_ring(bytes_blob(file), desk_wrap, &ring), HL_OK);
    assert_int_equal(ring->count, 1);
    assert_int_equal(ring->keys[0].kind, 1);
    assert_int_equal(ring->keys[0].not_after_ms - ring->keys[0].created_ms, 72LL * 3600 * 1000);
    vectors_hex_into(key, "prekey_id", expected, ID_BYTES);
    assert_memory_equal(ring->keys[0].id, expected, ID_BYTES);
    vectors_hex_into(key, "seed", expected, 32);
    assert_memory_equal(ring->keys[0].seed, expected, 32);
    assert_int_equal(keyfile_encode_ring(ring, desk_wrap, file->data + AT_NONCE, &ours), HL_OK);
    assert_int_equal(ours->len, file->len);
    assert_memory_equal(ours->data, file->data, file->len);
    prekey_ring_free(ring);
    json_decref(root);
    json_decref(prekeys);
}

static void every_flipped_bit_of_a_ring_is_refused(void **unused)
{
    (void)unused;
    struct prekey_ring before = {.is_sandbox = true, .count = 1, .keys = {{.kind = 1}}};
    struct prekey_ring *after = NULL;
    AUTO(blob) file = NULL;

    assert_int_equal(keyfile_encode_ring(&before, wrap, nonce, &file), HL_OK);
    for (size_t bit = 0; bit < 8 * file->len; bit++) {
        file->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(keyfile_decode_ring(bytes_blob(file), wrap, &after), HL_OK);
        file->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_null(after);
}

static int decode_ring_of(uint8_t count, size_t len)
{
    uint8_t plain[17 + 14 * 65] = {0};
    struct prekey_ring *ring = NULL;

    plain[16] = count;
    AUTO(blob) file = sealed_keyfile(KEY_PREKEYS, KDF_DESK_WRAP, wrap, BYTES(plain, len));
    int err = keyfile_decode_ring(bytes_blob(file), wrap, &ring);
    assert_int_equal(err == HL_OK, ring != NULL);
    prekey_ring_free(ring);
    return err;
}

static void ring_holds_at_most_twelve_and_exactly_its_count(void **unused)
{
    (void)unused;
    for (size_t count = 0; count <= 12; count++) {
        assert_int_equal(decode_ring_of((uint8_t)count, 17 + 65 * count), HL_OK);
        assert_int_equal(decode_ring_of((uint8_t)count, 17 + 65 * count + 1), HL_EFORMAT);
        assert_int_equal(decode_ring_of((uint8_t)count, 17 + 65 * count - 1), HL_EFORMAT);
    }
    assert_int_equal(decode_ring_of(13, 17 + 65 * 13), HL_EFORMAT);
    assert_int_equal(decode_ring_of(255, 17 + 65 * 12), HL_EFORMAT);
    assert_int_equal(decode_ring_of(0, 0), HL_EFORMAT);
}

static void full_ring_comes_back(void **unused)
{
    (void)unused;
    struct prekey_ring before = {.is_sandbox = true, .count = PREKEYS_MAX};
    struct prekey_ring *after = NULL;
    AUTO(blob) file = NULL;

    for (size_t i = 0; i < PREKEYS_MAX; i++) {
        before.keys[i].kind = (uint8_t)(1 + i % 2);
        before.keys[i].created_ms = 1795000000000 + (int64_t)i;
        before.keys[i].not_after_ms = 1796000000000 + (int64_t)i;
        memset(before.keys[i].id, (int)i, ID_BYTES);
        memset(before.keys[i].seed, 0x80 + (int)i, 32);
    }
    assert_int_equal(keyfile_encode_ring(&before, wrap, nonce, &file), HL_OK);
    assert_int_equal(keyfile_decode_ring(bytes_blob(file), wrap, &after), HL_OK);
    assert_memory_equal(after, &before, sizeof(before));
    prekey_ring_free(after);
}

static void ring_of_another_desk_does_not_verify(void **unused)
{
    (void)unused;
    const uint8_t other[32] = {0x78};
    struct prekey_ring empty = {.is_sandbox = true};
    struct prekey_ring *ring = NULL;
    AUTO(blob) file = NULL;

    assert_int_equal(keyfile_encode_ring(&empty, wrap, nonce, &file), HL_OK);
    assert_int_equal(keyfile_decode_ring(bytes_blob(file), other, &ring), HL_EVERIFY);
    for (size_t len = 0; len < file->len; len++)
        assert_int_equal(keyfile_decode_ring(BYTES(file->data, len), wrap, &ring), HL_EFORMAT);
    assert_null(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prekey_file_equals_the_vector_both_ways),
        cmocka_unit_test(every_flipped_bit_of_a_ring_is_refused),
        cmocka_unit_test(ring_holds_at_most_twelve_and_exactly_its_count),
        cmocka_unit_test(full_ring_comes_back),
        cmocka_unit_test(ring_of_another_desk_does_not_verify),
    };

    return cmocka_run_group_tests_name("keyfile_ring", tests, NULL, NULL);
}
