/* settings_scan — where keys stand in a configuration text: section, name and line of each `name =`. Pure. */
#ifndef HOTLINE_BASE_SETTINGS_SCAN_H
#define HOTLINE_BASE_SETTINGS_SCAN_H

#include "base/bytes.h"

#define SETTINGS_NAME_SIZE 48
struct settings_place {
    char section[SETTINGS_NAME_SIZE], title[SETTINGS_NAME_SIZE], name[SETTINGS_NAME_SIZE];
    unsigned line;
    bool opens_section; /* `name {` or `name "title" {` rather than `name =` */
};
struct settings_scan {
    struct bytes text;
    size_t at;
    unsigned line;
    char section[SETTINGS_NAME_SIZE], title[SETTINGS_NAME_SIZE];
};
void settings_scan_init(struct settings_scan *scan, struct bytes text);
/* The next place; false at the end. Sections do not nest. */
bool settings_scan_next(struct settings_scan *scan, struct settings_place *ret_place);

#endif
