/* test_reservation — the six texts are those of the design page's vector, octet for octet. */
#include <string.h>

#include "keys/label.h"
#include "proto/receipt.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/vectors.h"

/* Written down here once more: protocol page, "Reservation". */
static const char expected_hash[] =
    "0a1ad7e96eda3b6cf70385078930e6004e191f6c9acb48865aa72d57999c0537";

static void preimage_has_1833_octets_and_the_published_hash(void **unused)
{
    AUTO(blob) preimage = NULL;
    uint8_t expected[HASH_BYTES];
    uint8_t hash[HASH_BYTES];

    (void)unused;
    assert_int_equal(hex_decode(expected_hash, expected, HASH_BYTES), HL_OK);
    assert_int_equal(reservation_preimage(&preimage), HL_OK);
    assert_int_equal(preimage->len, 1833);
    label_hash1(label_fixed(LABEL_RESERVATION), bytes_blob(preimage), hash);
    assert_memory_equal(hash, expected, HASH_BYTES);
    assert_memory_equal(reservation_hash(), expected, HASH_BYTES);
}

static void preimage_is_that_of_another_implementation(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/conventions.json");
    if (!root)
        skip();
    const json_t *reservation = json_object_get(root, "reservation");
    AUTO(blob) expected = vectors_hex(reservation, "preimage");
    AUTO(blob) preimage = NULL;
    uint8_t hash[HASH_BYTES];

    assert_int_equal(vectors_number(reservation, "id"), RESERVATION_ID);
    assert_int_equal(reservation_preimage(&preimage), HL_OK);
    assert_true(bytes_equal(bytes_blob(preimage), bytes_blob(expected)));
    vectors_hex_into(reservation, "hash", hash, HASH_BYTES);
    assert_memory_equal(reservation_hash(), hash, HASH_BYTES);
    json_decref(root);
}

/* u32be id, then lang 0 text 0 for each: nothing between, nothing behind. */
static void preimage_is_id_and_the_texts_in_order(void **unused)
{
    static const char *const order[] = {"en", "fr", "es", "ru", "zh", "ar"};
    AUTO(blob) preimage = NULL;
    size_t count = 0;
    size_t at = 4;

    (void)unused;
    const struct reservation_text *texts = reservation_texts(&count);
    assert_int_equal(count, 6);
    assert_int_equal(reservation_preimage(&preimage), HL_OK);
    assert_int_equal(get_u32be(preimage->data), RESERVATION_ID);
    for (size_t i = 0; i < count; i++) {
        size_t lang_size = strlen(texts[i].lang) + 1;
        size_t text_size = strlen(texts[i].text) + 1;

        assert_string_equal(texts[i].lang, order[i]);
        assert_true(at + lang_size + text_size <= preimage->len);
        assert_memory_equal(preimage->data + at, texts[i].lang, lang_size);
        assert_memory_equal(preimage->data + at + lang_size, texts[i].text, text_size);
        assert_int_not_equal(texts[i].text[text_size - 2], '\n');
        at += lang_size + text_size;
    }
    assert_int_equal(at, preimage->len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preimage_has_1833_octets_and_the_published_hash),
        cmocka_unit_test(preimage_is_that_of_another_implementation),
        cmocka_unit_test(preimage_is_id_and_the_texts_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
