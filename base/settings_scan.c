/* settings_scan — finds keys and sections in libconfuse's syntax, comments and quoted texts skipped. */
#include "base/settings_scan.h"

#include <stdio.h>
#include <string.h>

void settings_scan_init(struct settings_scan *scan, struct bytes text)
{
    *scan = (struct settings_scan){.text = text, .line = 1};
}

static uint8_t peek(const struct settings_scan *scan, size_t ahead)
{
    return scan->at + ahead < scan->text.len ? scan->text.data[scan->at + ahead] : 0;
}

static void step(struct settings_scan *scan)
{
    if (peek(scan, 0) == '\n')
        scan->line++;
    scan->at++;
}

static void skip_line(struct settings_scan *scan)
{
    while (scan->at < scan->text.len && peek(scan, 0) != '\n')
        step(scan);
}

static void skip_block(struct settings_scan *scan)
{
    while (scan->at < scan->text.len && !(peek(scan, 0) == '*' && peek(scan, 1) == '/'))
        step(scan);
    scan->at += scan->at < scan->text.len ? 2 : 0;
}

/* Skip blanks and comments; false at the end. */
static bool skip_blank(struct settings_scan *scan)
{
    while (scan->at < scan->text.len) {
        uint8_t c = peek(scan, 0);

        if (c == '#' || (c == '/' && peek(scan, 1) == '/'))
            skip_line(scan);
        else if (c == '/' && peek(scan, 1) == '*')
            skip_block(scan);
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            step(scan);
        else
            return true;
    }
    return false;
}

/* A quoted text or a bare word into `ret_word` (cut to its size). */
static void read_word(struct settings_scan *scan, char ret_word[static SETTINGS_NAME_SIZE])
{
    uint8_t quote = peek(scan, 0) == '"' || peek(scan, 0) == '\'' ? peek(scan, 0) : 0;
    size_t len = 0;

    scan->at += quote ? 1 : 0;
    while (scan->at < scan->text.len) {
        uint8_t c = peek(scan, 0);

        if (quote ? c == quote : strchr(" \t\r\n={}(),;+#", c) != NULL)
            break;
        if (quote && c == '\\')
            step(scan);
        if (len < SETTINGS_NAME_SIZE - 1)
            ret_word[len++] = (char)peek(scan, 0);
        step(scan);
    }
    scan->at += quote && scan->at < scan->text.len ? 1 : 0;
    ret_word[len] = '\0';
}

static void fill_place(const struct settings_scan *scan, const char *name, unsigned line,
                       bool opens, struct settings_place *ret_place)
{
    *ret_place = (struct settings_place){.line = line, .opens_section = opens};
    (void)snprintf(ret_place->section, SETTINGS_NAME_SIZE, "%s", scan->section);
    (void)snprintf(ret_place->title, SETTINGS_NAME_SIZE, "%s", scan->title);
    (void)snprintf(ret_place->name, SETTINGS_NAME_SIZE, "%s", name);
}

/* Skip the value behind `=`: one word, or a list in braces. */
static void skip_value(struct settings_scan *scan)
{
    char word[SETTINGS_NAME_SIZE];

    if (!skip_blank(scan))
        return;
    if (peek(scan, 0) != '{') {
        read_word(scan, word);
        return;
    }
    while (skip_blank(scan) && peek(scan, 0) != '}') {
        size_t before = scan->at;

        read_word(scan, word);
        if (scan->at == before)
            step(
                scan); /* a stroke that is no part of a word; libconfuse reports what does not belong */
    }
    step(scan);
}

/* After a name: `= value`, `"title" {` or `{`. True when it was a place. */
static bool after_name(struct settings_scan *scan, const char *name, unsigned line,
                       struct settings_place *ret_place)
{
    char title[SETTINGS_NAME_SIZE] = "";

    if (!skip_blank(scan))
        return false;
    if (peek(scan, 0) == '+')
        step(scan);
    if (peek(scan, 0) == '=') {
        step(scan);
        fill_place(scan, name, line, false, ret_place);
        skip_value(scan);
        return true;
    }
    if (peek(scan, 0) != '{')
        read_word(scan, title);
    if (!skip_blank(scan) || peek(scan, 0) != '{')
        return false;
    step(scan);
    fill_place(scan, name, line, true, ret_place);
    (void)snprintf(scan->section, SETTINGS_NAME_SIZE, "%s", name);
    (void)snprintf(scan->title, SETTINGS_NAME_SIZE, "%s", title);
    (void)snprintf(ret_place->title, SETTINGS_NAME_SIZE, "%s", title);
    return true;
}

bool settings_scan_next(struct settings_scan *scan, struct settings_place *ret_place)
{
    while (skip_blank(scan)) {
        char name[SETTINGS_NAME_SIZE];
        unsigned line = scan->line;

        if (peek(scan, 0) == '}') {
            step(scan);
            scan->section[0] = scan->title[0] = '\0';
            continue;
        }
        size_t before = scan->at;
        read_word(scan, name);
        if (scan->at == before)
            step(scan); /* a stray character; libconfuse reports it */
        else if (after_name(scan, name, line, ret_place))
            return true;
    }
    return false;
}
