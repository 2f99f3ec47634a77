/* text — UTF-8, safe display, JSON strings, Crockford base32. */
#include "base/text.h"

#include <string.h>

/* Octets of a character by its first one; 0: none begins so. */
static size_t length_of(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc0 || first >= 0xf8)
        return 0;
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

/* Decode one character; returns its length in octets, 0 when it is not valid UTF-8. */
static size_t decode(struct bytes text, uint32_t *ret_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.data[0];
    size_t len = length_of(first);

    if (len == 0 || len > text.len)
        return 0;
    uint32_t point = len == 1 ? first : first & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text.data[i] & 0x3fU);
    }
    bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < least[len] || point > 0x10ffff || is_surrogate)
        return 0;
    *ret_point = point;
    return len;
}

bool text_is_utf8(struct bytes text)
{
    while (text.len > 0) {
        uint32_t point = 0;
        size_t len = decode(text, &point);

        if (len == 0 || point == 0)
            return false;
        text = BYTES(text.data + len, text.len - len);
    }
    return true;
}

bool text_has_control(struct bytes text, bool is_multiline)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if ((c < 0x20 && !(is_multiline && (c == '\n' || c == '\t'))) || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < text.len && text.data[i + 1] < 0xa0) /* U+0080..U+009F */
            return true;
    }
    return false;
}

/* Unicode ranges that control a terminal, reorder text or hide in it. */
static bool acts_on_display(uint32_t point)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x115f, 0x1160},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
        {0xfff9, 0xfffb}, {0xfe00, 0xfe0f}, {0x3164, 0x3164}, {0xffa0, 0xffa0}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    }
    return false;
}

void text_add_visible(struct buf *to, struct bytes text, bool is_multiline)
{
    while (text.len > 0) {
        uint32_t point = 0;
        size_t len = decode(text, &point);
        bool is_layout = is_multiline && (point == '\n' || point == '\t');

        if (len == 0)
            buf_add_format(to, "<0x%02X>", text.data[0]);
        else if (acts_on_display(point) && !is_layout)
            buf_add_format(to, "<U+%04X>", (unsigned)point);
        else
            buf_add(to, BYTES(text.data, len));
        len = len ? len : 1;
        text = BYTES(text.data + len, text.len - len);
    }
}

static void add_json_point(struct buf *to, uint32_t point, struct bytes octets)
{
    if (point == '"' || point == '\\')
        buf_add_format(to, "\\%c", (int)point);
    else if (point == '\n')
        buf_add_text(to, "\\n");
    else if (point < 0x20 || point == 0x7f || point == 0x2028 || point == 0x2029)
        buf_add_format(to, "\\u%04x", (unsigned)point);
    else
        buf_add(to, octets);
}

void text_add_json(struct buf *to, struct bytes text)
{
    buf_add_u8(to, '"');
    while (text.len > 0) {
        uint32_t point = 0;
        size_t len = decode(text, &point);

        if (len == 0)
            buf_add_text(to, "\xef\xbf\xbd");
        else
            add_json_point(to, point, BYTES(text.data, len));
        len = len ? len : 1;
        text = BYTES(text.data + len, text.len - len);
    }
    buf_add_u8(to, '"');
}

static const char crockford_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void crockford_encode(struct bytes octets, size_t count, char *ret_text)
{
    for (size_t i = 0; i < count; i++) {
        unsigned value = 0;

        for (size_t bit = 5 * i; bit < 5 * i + 5; bit++)
            value = value << 1 | (octets.data[bit / 8] >> (7 - bit % 8) & 1U);
        ret_text[i] = crockford_digits[value];
    }
    ret_text[count] = '\0';
}

int crockford_fold(const char *text, char *ret_text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c == 'O')
            c = '0';
        if (c == 'I' || c == 'L')
            c = '1';
        if (!strchr(crockford_digits, c))
            return HL_EFORMAT;
        ret_text[i] = c;
    }
    ret_text[len] = '\0';
    return HL_OK;
}
