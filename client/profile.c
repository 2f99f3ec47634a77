/* profile — hotline.conf, checked. */
#include "client/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/receipt.h"

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

/* A file on its way into a profile. */
struct reading {
    struct profile *profile;
    const struct settings *settings;
    char *message; /* of SETTINGS_MESSAGE_SIZE */
};

static const char *text_of(const struct reading *reading, const char *name)
{
    return settings_text(reading->settings, "", NULL, name);
}

static int complain_at(const struct reading *reading, unsigned line, const char *key,
                       const char *what)
{
    char place[16] = "";

    if (line > 0)
        (void)snprintf(place, sizeof(place), ":%u", line);
    (void)snprintf(reading->message, SETTINGS_MESSAGE_SIZE,
                   "%s%s: `%s` %s; nothing was done, correct the line", reading->profile->path,
                   place, key, what);
    return HL_ECONFIG;
}

static int complain(const struct reading *reading, const char *key, const char *what)
{
    return complain_at(reading, settings_line(reading->settings, "", NULL, key), key, what);
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

static int read_paths(const struct reading *reading)
{
    struct profile *profile = reading->profile;
    TRY(resolve(profile, text_of(reading, "federation"), &profile->federation));
    TRY(resolve(profile, text_of(reading, "database"), &profile->database));
    TRY(resolve(profile, text_of(reading, "device_key"), &profile->device_key));
    TRY(resolve(profile, text_of(reading, "prekeys"), &profile->prekeys));
    TRY(resolve(profile, text_of(reading, "device_secret"), &profile->device_secret));
    profile->officer_key_line = settings_line(reading->settings, "", NULL, "officer_key");
    return resolve(profile, text_of(reading, "officer_key"), &profile->officer_key);
}

static int read_unlock(const struct reading *reading)
{
    struct profile *profile = reading->profile;
    static const char *const words[] = {"file", "credential", "prompt"};
    const char *word = text_of(reading, "device_unlock");
    const char *idle = text_of(reading, "unlock_idle");

    profile->unlock_idle_ms = 15LL * 60 * 1000;
    if (idle && duration_parse(idle, &profile->unlock_idle_ms) != HL_OK)
        return complain(reading, "unlock_idle", "is not a duration as 15m");
    for (size_t i = 0; i < 3; i++) {
        if (!word || strcmp(word, words[i]) == 0) {
            profile->unlock = (enum device_unlock)i;
            if (profile->unlock == UNLOCK_FILE && !profile->device_secret)
                return complain(reading, "device_secret",
                                "is missing, and device_unlock is `file`");
            return HL_OK;
        }
    }
    return complain(reading, "device_unlock", "must be file, credential or prompt");
}

/* The six of the reservation's texts. */
static bool is_language(const char *lang)
{
    size_t count = 0;
    const struct reservation_text *texts = reservation_texts(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i].lang, lang) == 0)
            return true;
    }
    return false;
}

static int read_ids(const struct reading *reading)
{
    struct profile *profile = reading->profile;
    const char *desk = text_of(reading, "desk");
    const char *lang = text_of(reading, "lang");

    if (hex_decode(text_of(reading, "ns"), profile->ns, NS_BYTES) != HL_OK)
        return complain(reading, "ns", "must be 64 hex digits");
    if (hex_decode(text_of(reading, "root"), profile->root, HASH_BYTES) != HL_OK)
        return complain(reading, "root", "must be 64 hex digits");
    if (strlen(desk) != 7 || desk[3] != '.')
        return complain(reading, "desk", "must be an address as XAA.TEC");
    if (lang && !is_language(lang))
        return complain(reading, "lang", "must be en, fr, es, ru, zh or ar");
    (void)snprintf(profile->desk, sizeof(profile->desk), "%s", desk);
    (void)snprintf(profile->lang, sizeof(profile->lang), "%s", lang ? lang : "en");
    return HL_OK;
}

static bool has_port(const char *address)
{
    const char *colon = strrchr(address, ':');
    char *after = NULL;

    if (!colon || colon == address || colon[1] < '0' || colon[1] > '9')
        return false;
    long port = strtol(colon + 1, &after, 10);
    return *after == '\0' && port >= 1 && port <= 65535;
}

static int read_relays(const struct reading *reading)
{
    struct profile *profile = reading->profile;
    size_t count = settings_title_count(reading->settings, "relay");

    if (count > LIMIT_RELAYS)
        return complain(reading, "relay", "stands more than 16 times");
    for (size_t i = 0; i < count; i++) {
        const char *name = settings_title(reading->settings, "relay", i);
        const char *address = settings_text(reading->settings, "relay", name, "address");
        struct profile_relay *relay = &profile->relays[profile->relay_count++];

        relay->line = settings_line(reading->settings, "", name, "relay");
        if (strlen(name) >= sizeof(relay->name) || !address ||
            strlen(address) >= sizeof(relay->address) || !has_port(address))
            return complain_at(reading, relay->line, "relay",
                               "needs a name and `address = \"host:port\"`");
        (void)snprintf(relay->name, sizeof(relay->name), "%s", name);
        (void)snprintf(relay->address, sizeof(relay->address), "%s", address);
    }
    return HL_OK;
}

static int read_alarms(const struct reading *reading)
{
    struct profile *profile = reading->profile;
    static const char *const names[] = {"", "ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"};

    for (size_t i = 0; i < settings_title_count(reading->settings, "alarm"); i++) {
        const char *title = settings_title(reading->settings, "alarm", i);
        size_t precedence = 4;

        while (precedence > 0 && strcmp(names[precedence], title) != 0)
            precedence--;
        if (precedence == 0)
            return complain(reading, "alarm", "is for ROUTINE, PRIORITY, IMMEDIATE or FLASH");
        TRY(resolve(profile, settings_text(reading->settings, "alarm", title, "hook"),
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
    const struct reading reading = {profile, settings, ret_message};
    TRY(read_paths(&reading));
    TRY(read_ids(&reading));
    TRY(read_unlock(&reading));
    TRY(read_relays(&reading));
    TRY(read_alarms(&reading));
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
