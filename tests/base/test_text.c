/* test_text — UTF-8 by its definition (RFC 3629), safe display, JSON strings read back by jansson, Crockford base32. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include <jansson.h>

#include "base/text.h"

/* Unicode 15, table 3-7: every well-formed sequence is in one of these rows, and no other is. */
static const uint8_t well_formed[][4][2] = {
    {{0x01, 0x7f}},
    {{0xc2, 0xdf}, {0x80, 0xbf}},
    {{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}},
    {{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}},
    {{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
    {{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}},
};

static bool is_row(const uint8_t row[4][2], const uint8_t *octets, size_t len)
{
    size_t row_len = 0;

    while (row_len < 4 && row[row_len][1] != 0)
        row_len++;
    for (size_t i = 0; i < row_len && i < len; i++) {
        if (octets[i] < row[i][0] || octets[i] > row[i][1])
            return false;
    }
    return row_len == len;
}

static bool is_well_formed(const uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < sizeof(well_formed) / sizeof(well_formed[0]); i++) {
        if (is_row(well_formed[i], octets, len))
            return true;
    }
    return false;
}

static void one_and_two_octets_are_judged_as_unicode_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= 0xffff; i++) {
        uint8_t octets[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        bool is_pair = is_well_formed(octets, 1) && is_well_formed(octets + 1, 1);

        assert_int_equal(text_is_utf8(BYTES(octets + 1, 1)), is_well_formed(octets + 1, 1));
        assert_int_equal(text_is_utf8(BYTES_OF(octets)), is_pair || is_well_formed(octets, 2));
    }
}

static void three_and_four_octets_are_judged_as_unicode_says(void **state)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90,
                                    0x9f, 0xa0, 0xbf, 0xc0, 0xff};

    (void)state;
    for (unsigned i = 0; i < 64U * 11 * 11 * 11; i++) {
        uint8_t octets[4] = {(uint8_t)(0xc0 + i / 1331), edges[i / 121 % 11], edges[i / 11 % 11],
                             edges[i % 11]};
        bool two = is_well_formed(octets, 2);

        assert_int_equal(text_is_utf8(BYTES(octets, 3)),
                         is_well_formed(octets, 3) || (two && is_well_formed(octets + 2, 1)));
        bool four = is_well_formed(octets, 4) ||
                    (is_well_formed(octets, 3) && is_well_formed(octets + 3, 1)) ||
                    (two && is_well_formed(octets + 2, 2)) ||
                    (two && is_well_formed(octets + 2, 1) && is_well_formed(octets + 3, 1));
        assert_int_equal(text_is_utf8(BYTES_OF(octets)), four);
    }
}

static void a_cut_character_is_refused(void **state)
{
    static const char text[] = "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80";

    (void)state;
    for (size_t len = 0; len <= 9; len++)
        assert_int_equal(text_is_utf8(BYTES(text, len)),
                         len == 0 || len == 2 || len == 5 || len == 9);
}

static void expect_visible(struct bytes text, bool is_multiline, const char *expected)
{
    AUTO_BUF buf;

    buf_init(&buf, 1000);
    text_add_visible(&buf, text, is_multiline);
    assert_int_equal(buf.err, HL_OK);
    assert_int_equal(buf.len, strlen(expected));
    if (buf.len > 0)
        assert_memory_equal(buf.data, expected, buf.len);
}

static void ordinary_text_is_shown_as_it_is(void **state)
{
    (void)state;
    expect_visible(bytes_text(""), false, "");
    expect_visible(bytes_text("abc ~ \xc3\xa9 \xd0\x96 \xe4\xb8\xad \xf0\x9f\x98\x80"), false,
                   "abc ~ \xc3\xa9 \xd0\x96 \xe4\xb8\xad \xf0\x9f\x98\x80");
}

static void what_acts_on_a_display_is_shown_as_its_number(void **state)
{
    (void)state;
    expect_visible(bytes_text("\x1b[2J"), false, "<U+001B>[2J");
    expect_visible(BYTES("a\0b", 3), false, "a<U+0000>b");
    expect_visible(bytes_text("a\x7f"), false, "a<U+007F>");
    expect_visible(bytes_text("\xc2\x9b"), false, "<U+009B>");          /* CSI in one character */
    expect_visible(bytes_text("\xe2\x80\xae"), false, "<U+202E>");      /* right-to-left override */
    expect_visible(bytes_text("\xe2\x81\xa6"), false, "<U+2066>");      /* isolate */
    expect_visible(bytes_text("\xe2\x80\x8b"), false, "<U+200B>");      /* zero width space */
    expect_visible(bytes_text("\xe2\x80\xa8"), false, "<U+2028>");      /* line separator */
    expect_visible(bytes_text("\xef\xbb\xbf"), false, "<U+FEFF>");      /* byte order mark */
    expect_visible(bytes_text("\xd8\x9c"), false, "<U+061C>");          /* Arabic letter mark */
    expect_visible(bytes_text("\xc2\xad"), false, "<U+00AD>");          /* soft hyphen */
    expect_visible(bytes_text("\xf3\xa0\x81\xa1"), false, "<U+E0061>"); /* tag a */
}

static void newline_and_tab_pass_only_in_many_lines(void **state)
{
    (void)state;
    expect_visible(bytes_text("a\n\tb"), true, "a\n\tb");
    expect_visible(bytes_text("a\n\tb"), false, "a<U+000A><U+0009>b");
    expect_visible(bytes_text("a\rb"), true, "a<U+000D>b");
}

static void octets_that_are_no_text_are_shown_one_by_one(void **state)
{
    (void)state;
    expect_visible(bytes_text("\xff\xfe"
                              "a"),
                   false, "<0xFF><0xFE>a");
    expect_visible(bytes_text("\xe4\xb8"), false, "<0xE4><0xB8>"); /* cut */
    expect_visible(bytes_text("\xed\xa0\x80"), true, "<0xED><0xA0><0x80>");
    expect_visible(bytes_text("\xc0\x8a"), true, "<0xC0><0x8A>"); /* overlong newline */
}

/* jansson is the other implementation: what it reads back must be the text. */
static void a_json_string_reads_back_as_the_text(void **state)
{
    static const char text[] =
        "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x98\x80";
    AUTO_BUF buf;
    json_error_t error;

    (void)state;
    buf_init(&buf, 1000);
    text_add_json(&buf, bytes_text(text));
    json_t *value = json_loadb((const char *)buf.data, buf.len, JSON_DECODE_ANY, &error);
    assert_non_null(value);
    assert_string_equal(json_string_value(value), text);
    json_decref(value);
    for (size_t i = 0; i < buf.len; i++)
        assert_true(buf.data[i] >= 0x20 && buf.data[i] != 0x7f); /* one line, whatever is in it */
}

static void json_of_bad_octets_is_still_json(void **state)
{
    AUTO_BUF buf;

    (void)state;
    buf_init(&buf, 1000);
    text_add_json(&buf, BYTES("a\xff\0\xed\xa0\x80", 6));
    assert_int_equal(buf.len, 1 + 1 + 3 + 6 + 9 + 1);
    assert_memory_equal(buf.data, "\"a\xef\xbf\xbd\\u0000\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
                        21);
}

static void crockford_takes_five_bits_from_the_top(void **state)
{
    uint8_t counting[20]; /* 0..31 in five bits each */
    char text[33];

    (void)state;
    memset(counting, 0, sizeof(counting));
    for (unsigned bit = 0; bit < 160; bit++) {
        if (bit / 5 >> (4 - bit % 5) & 1)
            counting[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
    }
    crockford_encode(BYTES_OF(counting), 12, text);
    assert_string_equal(text, "0123456789AB");
    crockford_encode(BYTES(counting + 5, 15), 12, text);
    assert_string_equal(text, "89ABCDEFGHJK");
    crockford_encode(BYTES(counting + 15, 5), 8, text);
    assert_string_equal(text, "RSTVWXYZ");
    crockford_encode(BYTES("\xff\xff\xff", 3), 4, text);
    assert_string_equal(text, "ZZZZ");
    crockford_encode(BYTES("", 0), 0, text);
    assert_string_equal(text, "");
}

static void folding_makes_one_word_of_all_ways_to_write_it(void **state)
{
    char folded[40];

    (void)state;
    assert_int_equal(crockford_fold("0123456789abcdefghjkmnpqrstvwxyz", folded), HL_OK);
    assert_string_equal(folded, "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    assert_int_equal(crockford_fold("oOiIlL", folded), HL_OK);
    assert_string_equal(folded, "001111");
    assert_int_equal(crockford_fold("", folded), HL_OK);
    assert_string_equal(folded, "");
}

static void folding_refuses_every_other_character(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        char text[2] = {(char)c, '\0'};
        char folded[2];
        bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z' && c != 'u') ||
                        (c >= 'A' && c <= 'Z' && c != 'U');

        assert_int_equal(crockford_fold(text, folded), is_digit ? HL_OK : HL_EFORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_two_octets_are_judged_as_unicode_says),
        cmocka_unit_test(three_and_four_octets_are_judged_as_unicode_says),
        cmocka_unit_test(a_cut_character_is_refused),
        cmocka_unit_test(ordinary_text_is_shown_as_it_is),
        cmocka_unit_test(what_acts_on_a_display_is_shown_as_its_number),
        cmocka_unit_test(newline_and_tab_pass_only_in_many_lines),
        cmocka_unit_test(octets_that_are_no_text_are_shown_one_by_one),
        cmocka_unit_test(a_json_string_reads_back_as_the_text),
        cmocka_unit_test(json_of_bad_octets_is_still_json),
        cmocka_unit_test(crockford_takes_five_bits_from_the_top),
        cmocka_unit_test(folding_makes_one_word_of_all_ways_to_write_it),
        cmocka_unit_test(folding_refuses_every_other_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
