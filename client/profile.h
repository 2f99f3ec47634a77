/* profile — hotline.conf: which State's desk, which device, which officer, which relays. Paths are resolved against the
 * file's folder; how each key is meant: docs/CONFIGURATION.md. */
#ifndef HOTLINE_CLIENT_PROFILE_H
#define HOTLINE_CLIENT_PROFILE_H

#include "base/settings.h"
#include "keys/label.h"
#include "proto/limits.h"

enum device_unlock { UNLOCK_FILE, UNLOCK_CREDENTIAL, UNLOCK_PROMPT };

struct profile_relay {
    char name[33];
    char address[280]; /* host:port; overrides the directory's, never its keys */
    unsigned line;     /* where it stands in the file */
};
struct profile {
    char *path; /* of the file read */
    char *federation, *database, *device_key, *prekeys, *device_secret;
    char *officer_key; /* NULL: headless */
    unsigned officer_key_line;
    uint8_t ns[NS_BYTES], root[HASH_BYTES];
    char desk[9];
    char lang[36];
    enum device_unlock unlock;
    int64_t unlock_idle_ms;
    struct profile_relay relays[LIMIT_RELAYS];
    size_t relay_count;
    char *alarm_hooks[5]; /* by precedence 1..4; NULL: none */
};
/* The caller owns *ret_profile. Errors: HL_ENOTFOUND, HL_EIO, HL_EPERM, HL_ECONFIG with one line in ret_message. */
HL_MUST_CHECK int profile_load(const char *path, struct profile **ret_profile,
                               char ret_message[static SETTINGS_MESSAGE_SIZE]);
void profile_free(struct profile *profile);
static inline void profile_drop(struct profile **profile)
{
    profile_free(*profile);
}
/* The file to read when -c is absent: $HOTLINE_CONFIG, else ~/.config/hotline/hotline.conf. False: neither can be named. */
bool profile_default_path(char *ret_path, size_t size);

#endif
