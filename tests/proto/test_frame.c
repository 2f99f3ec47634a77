/* test_frame — records in encrypted frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/frame.h"

static uint8_t plain[FRAME_PLAIN_MAX + 2 * FRAME_UNIT];

static void put_record(size_t at, unsigned type, size_t body_len)
{
    plain[at] = (uint8_t)type;
    put_u24be(plain + at + 1, (uint32_t)body_len);
}

static void clear(void)
{
    memset(plain, 0, sizeof(plain));
}

static void records_come_out_as_they_went_in(void **state)
{
    AUTO_BUF made;
    struct record record;

    (void)state;
    buf_init(&made, FRAME_PLAIN_MAX);
    frame_add(&made, 3, bytes_text("ping"));
    frame_add(&made, 91, BYTES(NULL, 0));
    frame_pad(&made);

    struct bytes rest = buf_bytes(&made);
    assert_int_equal(made.len, FRAME_UNIT);
    assert_int_equal(frame_check(rest), HL_OK);
    assert_true(frame_next(&rest, &record));
    assert_int_equal(record.type, 3);
    assert_memory_equal(record.body.data, "ping", 4);
    assert_true(frame_next(&rest, &record));
    assert_int_equal(record.type, 91);
    assert_int_equal(record.body.len, 0);
    assert_false(frame_next(&rest, &record));
}

static void exact_fit_needs_no_padding(void **state)
{
    AUTO_BUF made;

    (void)state;
    clear();
    buf_init(&made, FRAME_PLAIN_MAX);
    frame_add(&made, 3, BYTES(plain, FRAME_UNIT - FRAME_RECORD_HEADER));
    frame_pad(&made);
    assert_int_equal(made.len, FRAME_UNIT);
    assert_int_equal(frame_check(buf_bytes(&made)), HL_OK);
}

static void more_padding_than_needed_is_allowed(void **state)
{
    (void)state;
    clear();
    put_record(0, 3, 2);
    assert_int_equal(frame_check(BYTES(plain, FRAME_UNIT)), HL_OK);
    assert_int_equal(frame_check(BYTES(plain, FRAME_PLAIN_MAX)), HL_OK);
}

static void length_must_be_a_multiple_of_256_within_65280(void **state)
{
    (void)state;
    clear();
    put_record(0, 3, 2);
    for (size_t len = 0; len < 3 * FRAME_UNIT; len++)
        assert_int_equal(frame_check(BYTES(plain, len)),
                         len > 0 && len % FRAME_UNIT == 0 ? HL_OK : HL_EFORMAT);
    assert_int_equal(frame_check(BYTES(plain, FRAME_PLAIN_MAX + FRAME_UNIT)), HL_EFORMAT);
}

static void frame_without_a_record_is_refused(void **state)
{
    (void)state;
    clear();
    assert_int_equal(frame_check(BYTES(plain, FRAME_UNIT)), HL_EFORMAT);
}

static void every_octet_of_padding_must_be_zero(void **state)
{
    (void)state;
    for (size_t at = FRAME_RECORD_HEADER + 2; at < FRAME_UNIT; at++) {
        clear();
        put_record(0, 3, 2);
        plain[at + 1] = at + 1 < FRAME_UNIT ? 0x80 : 0;
        assert_int_equal(frame_check(BYTES(plain, FRAME_UNIT)),
                         at + 1 < FRAME_UNIT ? HL_EFORMAT : HL_OK);
    }
}

static void cut_record_header_is_refused(void **state)
{
    (void)state;
    for (size_t left = 1; left <= FRAME_RECORD_HEADER; left++) {
        clear();
        put_record(0, 3, FRAME_UNIT - FRAME_RECORD_HEADER - left);
        plain[FRAME_UNIT - left] = 4;
        assert_int_equal(frame_check(BYTES(plain, FRAME_UNIT)),
                         left < FRAME_RECORD_HEADER ? HL_EFORMAT : HL_OK);
    }
}

static void cut_record_body_is_refused(void **state)
{
    (void)state;
    clear();
    put_record(0, 3, FRAME_UNIT - FRAME_RECORD_HEADER);
    assert_int_equal(frame_check(BYTES(plain, FRAME_UNIT)), HL_OK);
    put_record(0, 3, FRAME_UNIT - FRAME_RECORD_HEADER + 1);
    assert_int_equal(frame_check(BYTES(plain, FRAME_UNIT)), HL_EFORMAT);
    put_record(0, 3, 0xffffff);
    assert_int_equal(frame_check(BYTES(plain, FRAME_UNIT)), HL_EFORMAT);
}

static void body_is_at_most_60000(void **state)
{
    (void)state;
    clear();
    put_record(0, 3, FRAME_RECORD_MAX);
    assert_int_equal(frame_check(BYTES(plain, FRAME_PLAIN_MAX)), HL_OK);
    put_record(0, 3, FRAME_RECORD_MAX + 1);
    assert_int_equal(frame_check(BYTES(plain, FRAME_PLAIN_MAX)), HL_EFORMAT);
}

static void record_that_does_not_fit_is_an_error(void **state)
{
    AUTO_BUF made;

    (void)state;
    clear();
    buf_init(&made, FRAME_PLAIN_MAX);
    frame_add(&made, 3, BYTES(plain, FRAME_RECORD_MAX));
    size_t room = FRAME_PLAIN_MAX - made.len - FRAME_RECORD_HEADER;
    assert_true(frame_fits(&made, room, 0));
    assert_false(frame_fits(&made, room, 1));
    assert_false(frame_fits(&made, room + 1, 0));
    frame_add(&made, 3, BYTES(plain, room + 1));
    assert_int_equal(made.err, HL_ETOOBIG);
}

static void sealed_frame_opens_once_and_in_order_only(void **state)
{
    struct frame_key sender = {.key = {7}}, receiver = {.key = {7}};
    AUTO(blob) first = NULL;
    AUTO(blob) second = NULL;
    AUTO(blob) opened = NULL;

    (void)state;
    clear();
    put_record(0, 3, 2);
    assert_int_equal(frame_seal(&sender, BYTES(plain, FRAME_UNIT), &first), HL_OK);
    assert_int_equal(frame_seal(&sender, BYTES(plain, FRAME_UNIT), &second), HL_OK);
    struct bytes first_ct = BYTES(first->data + 2, first->len - 2);
    struct bytes second_ct = BYTES(second->data + 2, second->len - 2);

    assert_int_equal(get_u16be(first->data), FRAME_UNIT + FRAME_TAG_BYTES);
    assert_int_equal(frame_unseal(&receiver, second_ct, &opened), HL_EVERIFY);
    assert_null(opened);
    assert_int_equal(frame_unseal(&receiver, first_ct, &opened), HL_OK);
    assert_memory_equal(opened->data, plain, FRAME_UNIT);
    blob_free(MOVE(opened));
    assert_int_equal(frame_unseal(&receiver, first_ct, &opened), HL_EVERIFY);
    assert_int_equal(frame_unseal(&receiver, second_ct, &opened), HL_OK);
}

static void any_flipped_bit_or_cut_is_refused(void **state)
{
    struct frame_key sender = {.key = {7}};
    AUTO(blob) wire = NULL;
    AUTO(blob) opened = NULL;

    (void)state;
    clear();
    put_record(0, 3, 2);
    assert_int_equal(frame_seal(&sender, BYTES(plain, FRAME_UNIT), &wire), HL_OK);
    for (size_t bit = 16; bit < 8 * wire->len; bit++) {
        struct frame_key receiver = {.key = {7}};

        wire->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(frame_unseal(&receiver, BYTES(wire->data + 2, wire->len - 2), &opened),
                         HL_EVERIFY);
        wire->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t len = 0; len < wire->len - 2; len++) {
        struct frame_key receiver = {.key = {7}};

        assert_int_equal(frame_unseal(&receiver, BYTES(wire->data + 2, len), &opened), HL_EVERIFY);
    }
}

static void rekey_changes_the_key_and_keeps_the_nonce(void **state)
{
    struct frame_key key = {.key = {7}, .nonce = 5, .in_period = 5};
    const struct frame_key before = key;

    (void)state;
    frame_rekey(&key);
    assert_memory_not_equal(key.key, before.key, sizeof(key.key));
    assert_int_equal(key.nonce, 5);
    assert_int_equal(key.in_period, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_out_as_they_went_in),
        cmocka_unit_test(exact_fit_needs_no_padding),
        cmocka_unit_test(more_padding_than_needed_is_allowed),
        cmocka_unit_test(length_must_be_a_multiple_of_256_within_65280),
        cmocka_unit_test(frame_without_a_record_is_refused),
        cmocka_unit_test(every_octet_of_padding_must_be_zero),
        cmocka_unit_test(cut_record_header_is_refused),
        cmocka_unit_test(cut_record_body_is_refused),
        cmocka_unit_test(body_is_at_most_60000),
        cmocka_unit_test(record_that_does_not_fit_is_an_error),
        cmocka_unit_test(sealed_frame_opens_once_and_in_order_only),
        cmocka_unit_test(any_flipped_bit_or_cut_is_refused),
        cmocka_unit_test(rekey_changes_the_key_and_keeps_the_nonce),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
