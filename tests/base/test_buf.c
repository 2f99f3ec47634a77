/* test_buf — growth up to the ceiling, and errors that stick. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "base/buf.h"
#include "tests/support/nth_alloc.h"

static void what_is_added_stands_in_order(void **state)
{
    AUTO_BUF buf;

    (void)state;
    buf_init(&buf, 100);
    buf_add_u8(&buf, 0xfe);
    buf_add_u32be(&buf, 0x01020304);
    buf_add_u64be(&buf, 0x8000000000000001);
    buf_add_text(&buf, "ab");
    buf_add(&buf, BYTES(NULL, 0));
    buf_add_format(&buf, "%d-%s", 7, "x");
    assert_int_equal(buf.err, HL_OK);
    assert_int_equal(buf.len, 18);
    assert_memory_equal(buf.data,
                        "\xfe\x01\x02\x03\x04\x80\0\0\0\0\0\0\x01"
                        "ab7-x",
                        18);
}

static void the_ceiling_can_be_reached_and_not_passed(void **state)
{
    AUTO_BUF buf;

    (void)state;
    buf_init(&buf, 4);
    buf_add_text(&buf, "abcd");
    assert_int_equal(buf.err, HL_OK);
    buf_add(&buf, BYTES(NULL, 0)); /* nothing is no more than nothing left */
    assert_int_equal(buf.err, HL_OK);
    buf_add_u8(&buf, 'e');
    assert_int_equal(buf.err, HL_ETOOBIG);
    assert_int_equal(buf.len, 4);
}

static void the_first_error_sticks(void **state)
{
    AUTO_BUF buf;
    struct blob *blob = NULL;

    (void)state;
    buf_init(&buf, 4);
    buf_add_text(&buf, "abcde");
    buf_add_text(&buf, "a"); /* would fit */
    assert_int_equal(buf.err, HL_ETOOBIG);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf_to_blob(&buf, &blob), HL_ETOOBIG);
    assert_null(blob);
}

static void a_length_that_would_overflow_is_too_big(void **state)
{
    AUTO_BUF buf;

    (void)state;
    buf_init(&buf, SIZE_MAX);
    buf_add_u8(&buf, 1);
    buf_add(&buf, BYTES("", SIZE_MAX)); /* never read: it is more than is left */
    assert_int_equal(buf.err, HL_ETOOBIG);
}

static void growth_keeps_what_was_there(void **state)
{
    AUTO_BUF buf;

    (void)state;
    buf_init(&buf, 70000);
    for (unsigned i = 0; i < 70000; i++)
        buf_add_u8(&buf, (uint8_t)(i % 251));
    assert_int_equal(buf.err, HL_OK);
    for (unsigned i = 0; i < 70000; i++)
        assert_int_equal(buf.data[i], i % 251);
}

static void consuming_drops_the_front(void **state)
{
    AUTO_BUF buf;

    (void)state;
    buf_init(&buf, 10);
    buf_add_text(&buf, "abcdef");
    buf_consume(&buf, 2);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "cdef", 4);
    buf_add_text(&buf, "ghijkl"); /* the room is there again */
    assert_int_equal(buf.err, HL_OK);
    buf_consume(&buf, 100);
    assert_int_equal(buf.len, 0);
    buf_consume(&buf, 1);
    assert_int_equal(buf.len, 0);
}

static void long_formats_are_not_cut(void **state)
{
    AUTO_BUF buf;
    char text[600];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t len = 509; len < 514; len++) { /* 512 is the size of the short way */
        text[len] = '\0';
        buf_init(&buf, 1000);
        buf_add_format(&buf, "%s", text);
        assert_int_equal(buf.len, len);
        assert_memory_equal(buf.data, text, len);
        buf_done(&buf);
        text[len] = 'x';
    }
}

static void a_done_buffer_can_be_used_again(void **state)
{
    AUTO_BUF buf;

    (void)state;
    buf_init(&buf, 3);
    buf_add_text(&buf, "abcd");
    buf_done(&buf);
    assert_int_equal(buf.err, HL_OK);
    buf_add_text(&buf, "abc");
    assert_int_equal(buf.err, HL_OK);
    buf_add_u8(&buf, 'd');
    assert_int_equal(buf.err, HL_ETOOBIG); /* the ceiling is still there */
    buf_done(&buf);
    buf_done(&buf);
}

static int fill(void *context)
{
    AUTO_BUF buf;
    AUTO(blob) blob = NULL;
    char text[800];

    (void)context;
    memset(text, 'x', sizeof(text));
    text[799] = '\0';
    buf_init(&buf, 10000);
    buf_add_text(&buf, "abc");
    buf_add_format(&buf, "%s", text);
    int err = buf_to_blob(&buf, &blob);
    assert_true((err == HL_OK) == (blob != NULL));
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_int_equal(nth_alloc_sweep(fill, NULL), 5); /* first, long format, growth, blob; none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_stands_in_order),
        cmocka_unit_test(the_ceiling_can_be_reached_and_not_passed),
        cmocka_unit_test(the_first_error_sticks),
        cmocka_unit_test(a_length_that_would_overflow_is_too_big),
        cmocka_unit_test(growth_keeps_what_was_there),
        cmocka_unit_test(consuming_drops_the_front),
        cmocka_unit_test(long_formats_are_not_cut),
        cmocka_unit_test(a_done_buffer_can_be_used_again),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
