/* test_bytes — views, blobs, integers; hex and base64 against RFC 4648's own vectors. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "base/bytes.h"
#include "tests/support/nth_alloc.h"

static void equality_sees_length_and_every_octet(void **state)
{
    uint8_t left[40];
    uint8_t right[40];

    (void)state;
    memset(left, 7, sizeof(left));
    memset(right, 7, sizeof(right));
    assert_true(bytes_equal(BYTES_OF(left), BYTES_OF(right)));
    assert_false(bytes_equal(BYTES(left, 39), BYTES_OF(right)));
    assert_true(bytes_equal(BYTES(NULL, 0), BYTES(right, 0)));
    for (size_t bit = 0; bit < 8 * sizeof(left); bit++) {
        right[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(bytes_equal(BYTES_OF(left), BYTES_OF(right)));
        right[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void order_is_by_octet_then_by_length(void **state)
{
    (void)state;
    assert_true(bytes_order(bytes_text("ab"), bytes_text("ac")) < 0);
    assert_true(bytes_order(bytes_text("b"), bytes_text("ab")) > 0);
    assert_true(bytes_order(bytes_text("a"), bytes_text("ab")) < 0);
    assert_true(bytes_order(bytes_text("ab"), bytes_text("a")) > 0);
    assert_int_equal(bytes_order(bytes_text("ab"), bytes_text("ab")), 0);
    assert_true(bytes_order(BYTES("\x7f", 1), BYTES("\x80", 1)) < 0); /* octets are not signed */
    assert_int_equal(bytes_order(BYTES(NULL, 0), BYTES(NULL, 0)), 0);
}

static void all_zero_finds_one_bit_anywhere(void **state)
{
    uint8_t octets[33] = {0};

    (void)state;
    assert_true(bytes_all_zero(BYTES_OF(octets)));
    assert_true(bytes_all_zero(BYTES(NULL, 0)));
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = 0x10;
        assert_false(bytes_all_zero(BYTES_OF(octets)));
        octets[i] = 0;
    }
}

static void a_blob_is_zero_at_first_and_a_copy_after(void **state)
{
    AUTO(blob) empty = NULL;
    AUTO(blob) fresh = NULL;
    AUTO(blob) copy = NULL;

    (void)state;
    assert_int_equal(blob_new(0, &empty), HL_OK);
    assert_int_equal(empty->len, 0);
    assert_int_equal(blob_new(100, &fresh), HL_OK);
    assert_true(bytes_all_zero(bytes_blob(fresh)));
    assert_int_equal(blob_copy(bytes_text("hotline"), &copy), HL_OK);
    assert_int_equal(copy->len, 7);
    assert_memory_equal(copy->data, "hotline", 7);
    assert_int_equal(bytes_blob(NULL).len, 0);
    blob_free(NULL);
}

static void blobs_end_at_64_mib(void **state)
{
    struct blob *blob = NULL;

    (void)state;
    assert_int_equal(blob_new(((size_t)64 << 20) + 1, &blob), HL_ENOMEM);
    assert_int_equal(blob_new(SIZE_MAX, &blob), HL_ENOMEM);
    assert_null(blob);
    assert_int_equal(blob_new((size_t)64 << 20, &blob), HL_OK);
    blob_free(blob);
}

static int copy(void *context)
{
    AUTO(blob) blob = NULL;

    (void)context;
    int err = blob_copy(bytes_text("x"), &blob);
    assert_true((err == HL_OK) == (blob != NULL));
    return err;
}

static void a_failed_blob_leaves_its_result_alone(void **state)
{
    (void)state;
    assert_int_equal(nth_alloc_sweep(copy, NULL), 2);
}

static void moved_pointers_are_freed_once(void **state)
{
    struct blob *kept = NULL;

    (void)state;
    {
        AUTO(blob) local = NULL;

        assert_int_equal(blob_new(1, &local), HL_OK);
        kept = MOVE(local);
        assert_null(local);
    }
    kept->data[0] = 1; /* a sanitizer would see a freed blob here, and one never freed at the end */
    blob_free(kept);
}

static void integers_stand_in_their_byte_order(void **state)
{
    uint8_t at[8];

    (void)state;
    put_u16be(at, 0x0102);
    assert_memory_equal(at, "\x01\x02", 2);
    put_u24be(at, 0xff010203);
    assert_memory_equal(at, "\x01\x02\x03", 3);
    put_u32be(at, 0x81020304);
    assert_memory_equal(at, "\x81\x02\x03\x04", 4);
    put_u64be(at, 0x8102030405060708);
    assert_memory_equal(at, "\x81\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_int_equal(get_u16be(at), 0x8102);
    assert_int_equal(get_u24be(at), 0x810203);
    assert_int_equal(get_u32be(at), 0x81020304);
    assert_true(get_u64be(at) == 0x8102030405060708);
    assert_int_equal(get_u32le(at), 0x04030281);
    assert_true(get_u64le(at) == 0x0807060504030281);
    put_u32le(at, 0x81020304);
    assert_memory_equal(at, "\x04\x03\x02\x81", 4);
    put_u64le(at, 0x8102030405060708);
    assert_memory_equal(at, "\x08\x07\x06\x05\x04\x03\x02\x81", 8);
}

static void hex_goes_both_ways(void **state)
{
    char text[11];
    uint8_t octets[5];

    (void)state;
    hex_encode(BYTES("\x00\x09\xaf\xf0\xff", 5), text);
    assert_string_equal(text, "0009aff0ff");
    assert_int_equal(hex_decode("0009aFF0Ff", octets, 5), HL_OK);
    assert_memory_equal(octets, "\x00\x09\xaf\xf0\xff", 5);
    assert_int_equal(hex_decode("", octets, 0), HL_OK);
}

static void bad_hex_is_refused_and_writes_nothing(void **state)
{
    static const char *const bad[] = {"",     "0",    "000",  "00000", "0g00", "000G", "/000",
                                      ":000", "@000", "`000", " 000",  "-100", "0x00", "00 0"};
    uint8_t octets[2] = {0x5a, 0x5a};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(hex_decode(bad[i], octets, 2), HL_EFORMAT);
        assert_memory_equal(octets, "\x5a\x5a", 2);
    }
}

/* RFC 4648 section 10, and the two last digits of the alphabet. */
static const struct {
    const char *octets;
    size_t len;
    const char *text;
} base64[] = {
    {"", 0, ""},
    {"f", 1, "Zg=="},
    {"fo", 2, "Zm8="},
    {"foo", 3, "Zm9v"},
    {"foob", 4, "Zm9vYg=="},
    {"fooba", 5, "Zm9vYmE="},
    {"foobar", 6, "Zm9vYmFy"},
    {"\xfb\xff\xbf", 3, "+/+/"},
    {"\0\0", 2, "AAA="},
};

static void base64_agrees_with_rfc_4648(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(base64) / sizeof(base64[0]); i++) {
        char text[BASE64_SIZE(6)];
        uint8_t octets[6];
        size_t len = 99;

        base64_encode(BYTES(base64[i].octets, base64[i].len), text);
        assert_string_equal(text, base64[i].text);
        assert_int_equal(strlen(text) + 1, BASE64_SIZE(base64[i].len));
        assert_int_equal(base64_decode(bytes_text(text), octets, 6, &len), HL_OK);
        assert_int_equal(len, base64[i].len);
        assert_memory_equal(octets, base64[i].octets, len);
    }
}

static void bad_base64_is_refused(void **state)
{
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",  "Zg===", "====",     "=Zg=",   "Z===",  "Zh==", /* unused bits */
        "Zm9=", "Zm 9", "Zm-v", "Zm_v",  "Zg==Zg==", "Zm9v\n", "Zm9vZ", "Zm.v", "Z\xc3\xa9v",
        "Zg=v",
    };
    uint8_t octets[16];
    size_t len = 99;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (base64_decode(bytes_text(bad[i]), octets, sizeof(octets), &len) != HL_EFORMAT)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(len, 99);
    }
    assert_int_equal(base64_decode(BYTES("Zm9\0", 4), octets, 16, &len), HL_EFORMAT);
}

static void base64_does_not_write_beyond_its_room(void **state)
{
    uint8_t octets[3] = {1, 2, 3};
    size_t len = 99;

    (void)state;
    assert_int_equal(base64_decode(bytes_text("Zm9v"), octets, 2, &len), HL_ETOOBIG);
    assert_memory_equal(octets, "\x01\x02\x03", 3);
    assert_int_equal(base64_decode(bytes_text("Zm8="), octets, 2, &len), HL_OK);
    assert_int_equal(octets[2], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_sees_length_and_every_octet),
        cmocka_unit_test(order_is_by_octet_then_by_length),
        cmocka_unit_test(all_zero_finds_one_bit_anywhere),
        cmocka_unit_test(a_blob_is_zero_at_first_and_a_copy_after),
        cmocka_unit_test(blobs_end_at_64_mib),
        cmocka_unit_test(a_failed_blob_leaves_its_result_alone),
        cmocka_unit_test(moved_pointers_are_freed_once),
        cmocka_unit_test(integers_stand_in_their_byte_order),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(bad_hex_is_refused_and_writes_nothing),
        cmocka_unit_test(base64_agrees_with_rfc_4648),
        cmocka_unit_test(bad_base64_is_refused),
        cmocka_unit_test(base64_does_not_write_beyond_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
