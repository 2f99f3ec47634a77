/* profile — hotline.conf, checked. */
#include "client/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const struct settings_key keys[] = {
    {"", "federation", SETTINGS_TEXT, true, false},
    {"", "ns", SETTINGS_TEXT, true, false},
    {"", "root", SETTINGS_TEXT, true, false},
    {"", "desk", SETTINGS_TEXT, true, false},
    {"", "database", SETTINGS_TEXT, true, false},
    {"", "device_key", SETTINGS_TEXT, true, false},
    {"", "prekeys", SETTINGS_TEXT, true, false},
    {"", "device_unlock", SETTINGS_TEXT, false, false},
    {"", "device_secret", SETTINGS_TEXT, false, false},
    {"", "officer_key", SETTINGS_TEXT, false, false},
    {"", "lang", SETTINGS_TEXT, false, false},
    {"", "unlock_idle", SETTINGS_TEXT, false, false},
    {"relay", "address", SETTINGS_TEXT, false, true},
    {"alarm", "hook", SETTINGS_TEXT, false, true},
};

static int complain(const struct profile *profile, const char *key, const char *what, char *message)
{
    (void)snprintf(message, SETTINGS_MESSAGE_SIZE,
                   "%s: `%s` %s; nothing was done, correct the line", profile->path, key, what);
    return HL_ECONFIG;
}

/* Relative paths are meant from the folder of the configuration file. NULL for an absent key. */
static int resolve(const struct profile *profile, const char *value, char **ret_path)
{
    const char *slash = strrchr(profile->path, '/');
    int folder = slash && value && value[0] != '/' ? (int)(slash - profile->path) + 1 : 0;

    *ret_path = NULL;
    if (!value)
        return HL_OK;
    size_t size = (size_t)folder + strlen(value) + 1;
    *ret_path = malloc(size);
    if (!*ret_path)
        return HL_ENOMEM;
    (void)snprintf(*ret_path, size, "%.*s%s", folder, profile->path, value);
    return HL_OK;
}

static int read_paths(struct profile *profile, const struct settings *settings)
{
    TRY(resolve(profile, settings_text(settings, "", NULL, "federation"), &profile->federation));
    TRY(resolve(profile, settings_text(settings, "", NULL, "database"), &profile->database));
    TRY(resolve(profile, settings_text(settings, "", NULL, "device_key"), &profile->device_key));
    TRY(resolve(profile, settings_text(settings, "", NULL, "prekeys"), &profile->prekeys));
    TRY(resolve(profile, settings_text(settings, "", NULL, "device_secret"),
                &profile->device_secret));
    return resolve(profile, settings_text(settings, "", NULL, "officer_key"),
                   &profile->officer_key);
}

static int read_unlock(struct profile *profile, const struct settings *settings, char *message)
{
    static const char *const words[] = {"file", "credential", "prompt"};
    const char *word = settings_text(settings, "", NULL, "device_unlock");
    const char *idle = settings_text(settings, "", NULL, "unlock_idle");

    profile->unlock_idle_ms = 15LL * 60 * 1000;
    if (idle && duration_parse(idle, &profile->unlock_idle_ms) != HL_OK)
        return complain(profile, "unlock_idle", "is not a duration as 15m", message);
    for (size_t i = 0; i < 3; i++) {
        if (!word || strcmp(word, words[i]) == 0) {
            profile->unlock = (enum device_unlock)i;
            if (profile->unlock == UNLOCK_FILE && !profile->device_secret)
                return complain(profile, "device_secret", "is missing, and device_unlock is `file`",
                                message);
            return HL_OK;
        }
    }
    return complain(profile, "device_unlock", "must be file, credential or prompt", message);
}

static int read_ids(struct profile *profile, const struct settings *settings, char *message)
{
    const char *desk = settings_text(settings, "", NULL, "desk");
    const char *lang = settings_text(settings, "", NULL, "lang");

    if (hex_decode(settings_text(settings, "", NULL, "ns"), profile->ns, NS_BYTES) != HL_OK)
        return complain(profile, "ns", "must be 64 hex digits", message);
    if (hex_decode(settings_text(settings, "", NULL, "root"), profile->root, HASH_BYTES) != HL_OK)
        return complain(profile, "root", "must be 64 hex digits", message);
    if (strlen(desk) != 7 || desk[3] != '.')
        return complain(profile, "desk", "must be an address as XAA.TEC", message);
    if (lang && strlen(lang) >= sizeof(profile->lang))
        return complain(profile, "lang", "is not a language tag", message);
    (void)snprintf(profile->desk, sizeof(profile->desk), "%s", desk);
    (void)snprintf(profile->lang, sizeof(profile->lang), "%s", lang ? lang : "en");
    return HL_OK;
}

static int read_relays(struct profile *profile, const struct settings *settings, char *message)
{
    size_t count = settings_title_count(settings, "relay");

    if (count > LIMIT_RELAYS)
        return complain(profile, "relay", "stands more than 16 times", message);
    for (size_t i = 0; i < count; i++) {
        const char *name = settings_title(settings, "relay", i);
        const char *address = settings_text(settings, "relay", name, "address");
        struct profile_relay *relay = &profile->relays[profile->relay_count++];

        if (strlen(name) >= sizeof(relay->name) || !address ||
            strlen(address) >= sizeof(relay->address) || !strchr(address, ':'))
            return complain(profile, "relay", "needs a name and `address = \"host:port\"`",
                            message);
        (void)snprintf(relay->name, sizeof(relay->name), "%s", name);
        (void)snprintf(relay->address, sizeof(relay->address), "%s", address);
    }
    return HL_OK;
}

static int read_alarms(struct profile *profile, const struct settings *settings, char *message)
{
    static const char *const names[] = {"", "ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"};

    for (size_t i = 0; i < settings_title_count(settings, "alarm"); i++) {
        const char *title = settings_title(settings, "alarm", i);
        size_t precedence = 4;

        while (precedence > 0 && strcmp(names[precedence], title) != 0)
            precedence--;
        if (precedence == 0)
            return complain(profile, "alarm", "is for ROUTINE, PRIORITY, IMMEDIATE or FLASH",
                            message);
        TRY(resolve(profile, settings_text(settings, "alarm", title, "hook"),
                    &profile->alarm_hooks[precedence]));
    }
    return HL_OK;
}

int profile_load(const char *path, struct profile **ret_profile,
                 char ret_message[static SETTINGS_MESSAGE_SIZE])
{
    AUTO(settings) settings = NULL;
    TRY(settings_load(path, keys, sizeof(keys) / sizeof(keys[0]), &settings, ret_message));

    AUTO(profile) profile = calloc(1, sizeof(*profile));
    if (!profile || !(profile->path = strdup(path)))
        return HL_ENOMEM;
    TRY(read_paths(profile, settings));
    TRY(read_ids(profile, settings, ret_message));
    TRY(read_unlock(profile, settings, ret_message));
    TRY(read_relays(profile, settings, ret_message));
    TRY(read_alarms(profile, settings, ret_message));
    *ret_profile = MOVE(profile);
    return HL_OK;
}

void profile_free(struct profile *profile)
{
    if (!profile)
        return;
    free(profile->path);
    free(profile->federation);
    free(profile->database);
    free(profile->device_key);
    free(profile->prekeys);
    free(profile->device_secret);
    free(profile->officer_key);
    for (size_t i = 0; i < 5; i++)
        free(profile->alarm_hooks[i]);
    free(profile);
}

bool profile_default_path(char *ret_path, size_t size)
{
    const char *named = getenv("HOTLINE_CONFIG");
    const char *home = getenv("HOME");
    int len = named  ? snprintf(ret_path, size, "%s", named)
              : home ? snprintf(ret_path, size, "%s/.config/hotline/hotline.conf", home)
                     : -1;

    return len > 0 && (size_t)len < size;
}
