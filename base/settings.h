/* settings — a configuration file read strictly through libconfuse: an unknown key names the nearest known one, a scalar
 * given twice is an error (libconfuse would take the last silently), every message has file, line and key. */
#ifndef HOTLINE_BASE_SETTINGS_H
#define HOTLINE_BASE_SETTINGS_H

#include "base/bytes.h"

enum settings_type { SETTINGS_TEXT, SETTINGS_LIST, SETTINGS_NUMBER };

/* One key. section "" = top level; a section with has_titles may stand several times, as `relay "r1" { … }`. */
struct settings_key {
    const char *section, *name;
    enum settings_type type;
    bool is_required;
    bool has_titles; /* of the section; the same for all its keys */
};
struct settings;

/* Read and check a file. The caller owns *ret_settings. Errors: HL_ENOTFOUND, HL_EIO, HL_EPERM (a file
 * that others may write), HL_ECONFIG; ret_message gets one
 * line: what, where (file:line: key), what to do. HL_ENOMEM, with an empty one; but libconfuse's scanner may end the program
 * instead, so read before anything is at stake. Keys are at most 32, tables static. */
#define SETTINGS_MESSAGE_SIZE 400
HL_MUST_CHECK int settings_load(const char *path, const struct settings_key *keys, size_t key_count,
                                struct settings **ret_settings,
                                char ret_message[static SETTINGS_MESSAGE_SIZE]);
void settings_free(struct settings *settings);
static inline void settings_drop(struct settings **settings)
{
    settings_free(*settings);
}

/* Values; text NULL, number -1, count 0 when the key is absent (a negative number in the file is -2). Borrowed until
 * settings_free(). For titled sections `title` chooses one; else NULL. */
const char *settings_text(const struct settings *settings, const char *section, const char *title,
                          const char *name);
long settings_number(const struct settings *settings, const char *section, const char *title,
                     const char *name);
size_t settings_list_count(const struct settings *settings, const char *name);
const char *settings_list_item(const struct settings *settings, const char *name, size_t index);
size_t settings_title_count(const struct settings *settings, const char *section);
const char *settings_title(const struct settings *settings, const char *section, size_t index);

/* The line a key stands in, for messages; of a section itself: section "", its name. 0: nowhere. */
unsigned settings_line(const struct settings *settings, const char *section, const char *title,
                       const char *name);

/* The known name nearest to `name` (Levenshtein, at most 3 edits), or NULL. Static. */
const char *settings_nearest(const char *name, const char *const *known, size_t count);

#endif
