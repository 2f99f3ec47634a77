/* form — splits a form into its entries. */
#include "client/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void form_fault_add(struct form_faults *faults, unsigned line, const char *key, const char *format,
                    ...)
{
    char raw[400];
    va_list args;

    if (faults->count == FORM_FAULTS_MAX)
        return;
    struct form_fault *fault = &faults->items[faults->count++];
    va_start(args, format);
    (void)vsnprintf(raw, sizeof(raw), format, args); /* a long message may be cut */
    va_end(args);
    fault->line = line;

    AUTO_BUF shown;
    buf_init(&shown, sizeof(raw) * 10);
    text_add_visible(&shown, bytes_text(raw), false);
    (void)snprintf(fault->message, sizeof(fault->message), "%.*s", (int)shown.len,
                   (const char *)shown.data);
    buf_done(&shown);
    text_add_visible(&shown, bytes_text(key), false);
    (void)snprintf(fault->key, sizeof(fault->key), "%.*s", (int)shown.len,
                   (const char *)shown.data);
}

static int make_entry(const char *key, const char *value, unsigned line,
                      struct form_entry *ret_entry)
{
    struct form_entry entry = {strdup(key), strdup(value), line};

    if (!entry.key || !entry.value) {
        free(entry.key);
        free(entry.value);
        return HL_ENOMEM;
    }
    *ret_entry = entry;
    return HL_OK;
}

int form_append(struct form *form, const char *key, const char *value, unsigned line)
{
    if (form->count == FORM_ENTRIES_MAX)
        return HL_ETOOBIG;
    TRY(make_entry(key, value, line, &form->entries[form->count]));
    form->count++;
    return HL_OK;
}

static void remove_key(struct form *form, const char *key)
{
    size_t kept = 0;

    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->entries[i].key, key) == 0) {
            free(form->entries[i].key);
            free(form->entries[i].value);
            continue;
        }
        form->entries[kept++] = form->entries[i];
    }
    form->count = kept;
}

int form_set(struct form *form, const char *key, const char *value)
{
    if (strcmp(key, "text") == 0) {
        char *text = strdup(value);

        if (!text)
            return HL_ENOMEM;
        free(form->text);
        form->text = text;
        form->text_line = 0;
        return HL_OK;
    }
    struct form_entry entry;
    TRY(make_entry(key, value, 0, &entry)); /* first: on failure the lines stay as they are */
    remove_key(form, key);
    if (form->count == FORM_ENTRIES_MAX) {
        free(entry.key);
        free(entry.value);
        return HL_ETOOBIG;
    }
    form->entries[form->count++] = entry;
    return HL_OK;
}

const char *form_get(const struct form *form, const char *key)
{
    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->entries[i].key, key) == 0)
            return form->entries[i].value;
    }
    return NULL;
}

void form_free(struct form *form)
{
    if (!form)
        return;
    for (size_t i = 0; i < form->count; i++) {
        free(form->entries[i].key);
        free(form->entries[i].value);
    }
    free(form->text);
    free(form);
}

/* A cursor over the lines of a form. */
struct lines {
    const char *at, *end;
    unsigned number; /* of the line returned last */
};

static bool next_line(struct lines *lines, struct bytes *ret_line)
{
    if (lines->at >= lines->end)
        return false;
    const char *stop = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    const char *after = stop ? stop + 1 : lines->end;

    size_t len = (size_t)((stop ? stop : lines->end) - lines->at);
    if (len > 0 && lines->at[len - 1] == '\r')
        len--;
    *ret_line = BYTES(lines->at, len);
    lines->at = after;
    lines->number++;
    return true;
}

/* A line that begins with one blank continues the line before. */
static void add_continuations(struct lines *lines, struct buf *value)
{
    struct bytes line;

    while (lines->at < lines->end && *lines->at == ' ') {
        (void)next_line(lines, &line);
        buf_add_u8(value, ' ');
        buf_add(value, BYTES(line.data + 1, line.len - 1));
    }
}

/* `text.fr: <<END` … `END` */
static bool add_block(struct lines *lines, const char *marker, struct buf *value)
{
    struct bytes line;
    bool is_first = true;

    while (next_line(lines, &line)) {
        if (bytes_equal(line, bytes_text(marker)))
            return true;
        if (!is_first)
            buf_add_u8(value, '\n');
        buf_add(value, line);
        is_first = false;
    }
    return false;
}

static bool is_key_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' ||
           (c >= 'A' && c <= 'Z');
}

/* Split "key: value"; false when it is no such line. */
static bool split_line(struct bytes line, char ret_key[static 80], struct bytes *ret_value)
{
    size_t len = 0;

    while (len < line.len && is_key_char(line.data[len]))
        len++;
    if (len == 0 || len >= 80 || len == line.len || line.data[len] != ':')
        return false;
    (void)snprintf(ret_key, 80, "%.*s", (int)len, (const char *)line.data);

    const uint8_t *value = line.data + len + 1;
    size_t left = line.len - len - 1;
    while (left > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        left--;
    }
    while (left > 0 && (value[left - 1] == ' ' || value[left - 1] == '\t'))
        left--;
    *ret_value = BYTES(value, left);
    return true;
}

static int add_line(struct form *form, struct lines *lines, struct bytes line,
                    struct form_faults *faults)
{
    char key[80];
    struct bytes value;
    unsigned number = lines->number;

    if (!split_line(line, key, &value)) {
        form_fault_add(faults, number, "", "expected `key: value`, a comment (#) or an empty line");
        return HL_OK;
    }
    AUTO_BUF joined;
    buf_init(&joined, FORM_BYTES_MAX);
    char marker[32];
    if (value.len > 2 && value.len < sizeof(marker) && value.data[0] == '<' &&
        value.data[1] == '<') {
        (void)snprintf(marker, sizeof(marker), "%.*s", (int)value.len - 2,
                       (const char *)value.data + 2);
        if (!add_block(lines, marker, &joined))
            form_fault_add(faults, number, key, "the block is not closed by a line `%s`", marker);
    } else {
        buf_add(&joined, value);
        add_continuations(lines, &joined);
    }
    buf_add_u8(&joined, 0);
    TRY(joined.err);
    if (joined.len > 1)
        return form_append(form, key, (const char *)joined.data, number);
    return HL_OK; /* an empty value is a field that was not filled in */
}

static int read_lines(struct form *form, struct lines *lines, struct form_faults *faults)
{
    struct bytes line;

    while (next_line(lines, &line)) {
        if (line.len == 0)
            break;
        if (line.data[0] == '#')
            continue;
        TRY(add_line(form, lines, line, faults));
    }
    return HL_OK;
}

/* CR LF is a line end in the text as it is in the lines above. */
static void drop_carriage_returns(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (from[0] != '\r' || from[1] != '\n')
            *to++ = *from;
    }
    *to = '\0';
}

static int read_text(struct form *form, const struct lines *lines)
{
    size_t len = lines->at < lines->end ? (size_t)(lines->end - lines->at) : 0;

    while (len > 0 &&
           (lines->at[len - 1] == '\n' || lines->at[len - 1] == '\r' || lines->at[len - 1] == ' '))
        len--;
    if (len == 0)
        return HL_OK;
    form->text = strndup(lines->at, len);
    if (!form->text)
        return HL_ENOMEM;
    drop_carriage_returns(form->text);
    form->text_line = lines->number + 1;
    return HL_OK;
}

/* The first line that is no text; 0 when all are. No character has a newline within. */
static unsigned find_bad_line(struct lines lines)
{
    struct bytes line;

    while (next_line(&lines, &line)) {
        if (!text_is_utf8(line))
            return lines.number;
    }
    return 0;
}

/* Some editors begin a file with a byte order mark. */
static struct bytes skip_mark(struct bytes text)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    bool has_mark =
        text.len >= sizeof(mark) && bytes_equal(BYTES(text.data, sizeof(mark)), BYTES_OF(mark));

    return has_mark ? BYTES(text.data + sizeof(mark), text.len - sizeof(mark)) : text;
}

int form_read(struct bytes text, struct form **ret_form, struct form_faults *faults)
{
    if (text.len > FORM_BYTES_MAX) {
        form_fault_add(faults, 0, "", "the form is larger than %d octets", FORM_BYTES_MAX);
        return HL_ETOOBIG;
    }
    text = skip_mark(text);
    struct lines lines = {(const char *)text.data, (const char *)text.data + text.len, 0};
    unsigned bad_line = find_bad_line(lines);
    if (bad_line > 0) {
        form_fault_add(faults, bad_line, "", "no UTF-8 text, or a NUL octet in it");
        return HL_EFORMAT;
    }
    AUTO(form) form = calloc(1, sizeof(*form));
    if (!form)
        return HL_ENOMEM;

    TRY(read_lines(form, &lines, faults));
    TRY(read_text(form, &lines));
    if (faults->count > 0)
        return HL_EFORMAT;
    *ret_form = MOVE(form);
    return HL_OK;
}
