/* settings — strict reading of a configuration file: our checks first, then libconfuse. */
#include "base/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <confuse.h>

#include "base/settings_scan.h"

#define SETTINGS_KEYS_MAX   32
#define SETTINGS_PLACES_MAX 256
#define SETTINGS_FILE_MAX   262144

struct settings {
    cfg_opt_t top[SETTINGS_KEYS_MAX + 1], inner[SETTINGS_KEYS_MAX][SETTINGS_KEYS_MAX + 1];
    cfg_t *tree;
    struct settings_place places[SETTINGS_PLACES_MAX];
    size_t place_count;
};

/* libconfuse's error callback has no context; one file is read at a time. */
static char *error_message;

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format,
                                                           va_list args)
{
    if (!error_message || error_message[0])
        return;
    int used = snprintf(error_message, SETTINGS_MESSAGE_SIZE,
                        "%s:%d: ", cfg->filename ? cfg->filename : "?", cfg->line);
    if (used > 0 && used < SETTINGS_MESSAGE_SIZE)
        (void)vsnprintf(error_message + used, SETTINGS_MESSAGE_SIZE - (size_t)used, format, args);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

static size_t distance(const char *left, const char *right)
{
    size_t row[SETTINGS_NAME_SIZE + 1];
    size_t right_len = strlen(right) < SETTINGS_NAME_SIZE ? strlen(right) : SETTINGS_NAME_SIZE;

    for (size_t j = 0; j <= right_len; j++)
        row[j] = j;
    for (size_t i = 0; left[i]; i++) {
        size_t corner = row[0];

        row[0] = i + 1;
        for (size_t j = 1; j <= right_len; j++) {
            size_t above = row[j];

            row[j] = smallest(above + 1, row[j - 1] + 1, corner + (left[i] != right[j - 1]));
            corner = above;
        }
    }
    return row[right_len];
}

const char *settings_nearest(const char *name, const char *const *known, size_t count)
{
    const char *best = NULL;
    size_t best_distance = 4;

    for (size_t i = 0; i < count; i++) {
        size_t d = distance(name, known[i]);

        if (d < best_distance) {
            best_distance = d;
            best = known[i];
        }
    }
    return best;
}

static const struct settings_key *find_key(const struct settings_key *keys, size_t count,
                                           const char *section, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static bool is_section(const struct settings_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].section[0] && strcmp(keys[i].section, name) == 0)
            return true;
    }
    return false;
}

static int complain_unknown(const char *path, const struct settings_place *place,
                            const struct settings_key *keys, size_t count, char *message)
{
    const char *names[2 * SETTINGS_KEYS_MAX];
    size_t name_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].section, place->section) == 0)
            names[name_count++] = keys[i].name;
        else if (!place->section[0])
            names[name_count++] = keys[i].section;
    }
    const char *nearest = settings_nearest(place->name, names, name_count);
    (void)snprintf(message, SETTINGS_MESSAGE_SIZE,
                   "%s:%u: unknown key `%s`%s%s%s; nothing was started, correct the line", path,
                   place->line, place->name, nearest ? ", did you mean `" : "",
                   nearest ? nearest : "", nearest ? "`?" : "");
    return HL_ECONFIG;
}

static int check_twice(const char *path, const struct settings_place *places, size_t count,
                       char *message)
{
    const struct settings_place *last = &places[count - 1];

    for (size_t i = 0; i + 1 < count; i++) {
        if (strcmp(places[i].section, last->section) == 0 &&
            strcmp(places[i].title, last->title) == 0 && strcmp(places[i].name, last->name) == 0 &&
            places[i].opens_section == last->opens_section) {
            (void)snprintf(message, SETTINGS_MESSAGE_SIZE,
                           "%s:%u: `%s` is given twice (first in line %u); nothing was started, "
                           "remove one of the lines",
                           path, last->line, last->name, places[i].line);
            return HL_ECONFIG;
        }
    }
    return HL_OK;
}

static int check_required(const char *path, const struct settings_place *places, size_t place_count,
                          const struct settings_key *keys, size_t count, char *message)
{
    for (size_t k = 0; k < count; k++) {
        bool is_there = !keys[k].is_required || keys[k].section[0];

        for (size_t i = 0; i < place_count; i++)
            is_there = is_there || strcmp(places[i].name, keys[k].name) == 0;
        if (!is_there) {
            (void)snprintf(message, SETTINGS_MESSAGE_SIZE,
                           "%s: `%s` is missing; nothing was started, add `%s = …`", path,
                           keys[k].name, keys[k].name);
            return HL_ECONFIG;
        }
    }
    return HL_OK;
}

static int check_places(struct settings *settings, const char *path, struct bytes text,
                        const struct settings_key *keys, size_t count, char *message)
{
    struct settings_place *places = settings->places;
    struct settings_scan scan;
    size_t seen = 0;
    int err = HL_OK;

    settings_scan_init(&scan, text);
    while (err == HL_OK && seen < SETTINGS_PLACES_MAX && settings_scan_next(&scan, &places[seen])) {
        const struct settings_place *place = &places[seen++];

        bool is_known = place->opens_section
                            ? is_section(keys, count, place->name)
                            : find_key(keys, count, place->section, place->name) != NULL;
        err = is_known ? check_twice(path, places, seen, message)
                       : complain_unknown(path, place, keys, count, message);
    }
    if (err == HL_OK)
        err = check_required(path, places, seen, keys, count, message);
    settings->place_count = seen;
    return err;
}

static cfg_opt_t make_option(const struct settings_key *key)
{
    cfg_opt_t text = CFG_STR(key->name, NULL, CFGF_NODEFAULT);
    cfg_opt_t list = CFG_STR_LIST(key->name, NULL, CFGF_NODEFAULT);
    cfg_opt_t number = CFG_INT(key->name, LONG_MIN, CFGF_NONE); /* absent */

    if (key->type == SETTINGS_LIST)
        return list;
    return key->type == SETTINGS_NUMBER ? number : text;
}

/* libconfuse keeps pointers into the option tables, so they live in the settings. */
static void make_options(struct settings *settings, const struct settings_key *keys, size_t count)
{
    const cfg_opt_t end = CFG_END();
    size_t top = 0;
    size_t inner = 0;

    for (size_t i = 0; i < count; i++) {
        if (!keys[i].section[0]) {
            settings->top[top++] = make_option(&keys[i]);
            continue;
        }
        bool is_first = i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0;
        if (!is_first)
            continue;
        size_t members = 0;
        for (size_t k = i; k < count && strcmp(keys[k].section, keys[i].section) == 0; k++)
            settings->inner[inner][members++] = make_option(&keys[k]);
        settings->inner[inner][members] = end;
        cfg_opt_t section =
            CFG_SEC(keys[i].section, settings->inner[inner],
                    keys[i].has_titles ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NONE);
        settings->top[top++] = section;
        inner++;
    }
    settings->top[top] = end;
}

/* The pins, and whose keys are used, stand in it: who may write it decides on both. */
static int check_mode(const char *path, FILE *file, char *message)
{
    struct stat info;

    if (fstat(fileno(file), &info) != 0)
        return HL_EIO;
    if (!S_ISREG(info.st_mode) || !(info.st_mode & (S_IWGRP | S_IWOTH)))
        return HL_OK;
    (void)snprintf(message, SETTINGS_MESSAGE_SIZE,
                   "%s: others may write it (mode %04o), and all trust is pinned in it; nothing "
                   "was started, look at what it says, then chmod go-w",
                   path, (unsigned)(info.st_mode & 07777));
    return HL_EPERM;
}

static int read_text(const char *path, uint8_t *text, size_t *ret_len, char *message)
{
    FILE *file = fopen(path, "rb");

    if (!file && errno == ENOMEM)
        return HL_ENOMEM;
    if (!file) {
        (void)snprintf(message, SETTINGS_MESSAGE_SIZE,
                       "%s: cannot be opened (%s); nothing was started, name a file with -c", path,
                       errno == ENOENT ? "no such file" : "no permission");
        return errno == ENOENT ? HL_ENOTFOUND : HL_EIO;
    }
    int err = check_mode(path, file, message);
    if (err != HL_OK) {
        (void)fclose(file); /* nothing was read */
        return err;
    }
    *ret_len = fread(text, 1, SETTINGS_FILE_MAX, file);
    bool is_bad = ferror(file) || !feof(file);
    (void)fclose(file); /* only read */
    if (is_bad)
        (void)snprintf(message, SETTINGS_MESSAGE_SIZE,
                       "%s: cannot be read whole, or is larger than 256 KiB", path);
    return is_bad ? HL_EIO : HL_OK;
}

static int parse(struct settings *settings, const char *path, char *message)
{
    settings->tree = cfg_init(settings->top, CFGF_NONE);
    if (!settings->tree)
        return HL_ENOMEM;
    error_message = message;
    message[0] = '\0';
    (void)cfg_set_error_function(settings->tree, on_error); /* the one before */
    errno = 0;
    int result = cfg_parse(settings->tree, path);
    error_message = NULL;
    if (result == CFG_SUCCESS)
        return HL_OK;
    if (errno == ENOMEM) {     /* libconfuse says no more than that it failed */
        settings->tree = NULL; /* let go: half built for want of memory, cfg_free() crashes on it */
        return HL_ENOMEM;
    }
    if (!message[0])
        (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "%s: cannot be parsed", path);
    return HL_ECONFIG;
}

int settings_load(const char *path, const struct settings_key *keys, size_t key_count,
                  struct settings **ret_settings, char ret_message[static SETTINGS_MESSAGE_SIZE])
{
    ret_message[0] = '\0'; /* on HL_ENOMEM nobody writes one */
    if (key_count > SETTINGS_KEYS_MAX)
        return HL_EINVAL;
    AUTO(settings) settings = calloc(1, sizeof(*settings));
    uint8_t *text = malloc(SETTINGS_FILE_MAX);
    size_t len = 0;

    int err = settings && text ? read_text(path, text, &len, ret_message) : HL_ENOMEM;
    if (err == HL_OK)
        err = check_places(settings, path, BYTES(text, len), keys, key_count, ret_message);
    free(text);
    TRY(err);
    make_options(settings, keys, key_count);
    TRY(parse(settings, path, ret_message));
    *ret_settings = MOVE(settings);
    return HL_OK;
}

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    if (settings->tree)
        (void)cfg_free(settings->tree);
    free(settings);
}

static cfg_t *find_section(const struct settings *settings, const char *section, const char *title)
{
    if (!section[0])
        return settings->tree;
    return title ? cfg_gettsec(settings->tree, section, title)
                 : cfg_getsec(settings->tree, section);
}

const char *settings_text(const struct settings *settings, const char *section, const char *title,
                          const char *name)
{
    cfg_t *at = find_section(settings, section, title);

    return at ? cfg_getstr(at, name) : NULL;
}

long settings_number(const struct settings *settings, const char *section, const char *title,
                     const char *name)
{
    cfg_t *at = find_section(settings, section, title);
    long number = at ? cfg_getint(at, name) : LONG_MIN;

    if (number == LONG_MIN)
        return -1;
    return number < 0 ? -2 : number; /* -1 in the file is not absent */
}

size_t settings_list_count(const struct settings *settings, const char *name)
{
    return cfg_size(settings->tree, name);
}

const char *settings_list_item(const struct settings *settings, const char *name, size_t index)
{
    return cfg_getnstr(settings->tree, name, (unsigned)index);
}

size_t settings_title_count(const struct settings *settings, const char *section)
{
    return cfg_size(settings->tree, section);
}

const char *settings_title(const struct settings *settings, const char *section, size_t index)
{
    cfg_t *at = cfg_getnsec(settings->tree, section, (unsigned)index);

    return at ? cfg_title(at) : NULL;
}

unsigned settings_line(const struct settings *settings, const char *section, const char *title,
                       const char *name)
{
    for (size_t i = 0; i < settings->place_count; i++) {
        const struct settings_place *place = &settings->places[i];

        if (strcmp(place->section, section) == 0 && strcmp(place->name, name) == 0 &&
            (!title || strcmp(place->title, title) == 0))
            return place->line;
    }
    return 0;
}
