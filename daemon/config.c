/* config — hotlined.conf, checked. */
#include "daemon/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

static const struct settings_key keys[] = {
    {"", "name", SETTINGS_TEXT, true, false},
    {"", "ns", SETTINGS_TEXT, true, false},
    {"", "root", SETTINGS_TEXT, true, false},
    {"", "state_dir", SETTINGS_TEXT, true, false},
    {"", "federation", SETTINGS_TEXT, true, false},
    {"", "listen", SETTINGS_LIST, true, false},
    {"", "relay_key", SETTINGS_TEXT, false, false},
    {"", "relay_unlock", SETTINGS_TEXT, false, false},
    {"", "relay_secret", SETTINGS_TEXT, false, false},
    {"", "store", SETTINGS_TEXT, false, false},
    {"", "metrics", SETTINGS_TEXT, false, false},
    {"", "log_level", SETTINGS_TEXT, false, false},
    {"", "log_format", SETTINGS_TEXT, false, false},
    {"", "flash_reserve", SETTINGS_TEXT, false, false},
    {"", "disk_min", SETTINGS_TEXT, false, false},
    {"quota", "content_per_hour", SETTINGS_NUMBER, false, false},
    {"quota", "control_per_hour", SETTINGS_NUMBER, false, false},
    {"quota", "bytes", SETTINGS_TEXT, false, false},
    {"handshake", "deadline", SETTINGS_TEXT, false, false},
    {"handshake", "half_open", SETTINGS_NUMBER, false, false},
};

#define SIZE_VALUE_MAX (1ULL << 40) /* octets; quotas count them in milliseconds of an hour */

static const char *const level_words[] = {"error", "warn", "info", "debug"};
static const char *const format_words[] = {"text", "json", "journal"};
static const char *const unlock_words[] = {"file", "credential"};

/* The file being read. */
struct reading {
    const struct settings *settings;
    struct config *config;
    char *message; /* SETTINGS_MESSAGE_SIZE */
};

static int complain(const struct reading *reading, const char *key, const char *what)
{
    (void)snprintf(reading->message, SETTINGS_MESSAGE_SIZE,
                   "%.300s: `%s` %s; nothing was done, correct the line", reading->config->path,
                   key, what);
    return HL_ECONFIG;
}

static const char *text_of(const struct reading *reading, const char *name)
{
    return settings_text(reading->settings, "", NULL, name);
}

int size_parse(const char *text, uint64_t *ret_octets)
{
    char *end = NULL;
    uint64_t unit = 1;
    unsigned long long count;

    if (text[0] < '0' || text[0] > '9')
        return HL_EFORMAT;
    errno = 0;
    count = strtoull(text, &end, 10);
    if (*end == 'K')
        unit = 1ULL << 10;
    if (*end == 'M')
        unit = 1ULL << 20;
    if (*end == 'G')
        unit = 1ULL << 30;
    if (unit > 1)
        end++;
    if (errno != 0 || *end != '\0' || count > (1ULL << 50) / unit)
        return HL_EFORMAT;
    *ret_octets = count * unit;
    return HL_OK;
}

/* The place of a word; -1 when it is none of them. */
static int word_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0)
            return (int)i;
    }
    return -1;
}

/* Relative paths are meant from `folder`. false: too long. */
static bool join(char to[static CONFIG_PATH_SIZE], const char *folder, const char *path)
{
    const char *slash = path[0] == '/' || folder[0] == '\0' ? "" : "/";

    return snprintf(to, CONFIG_PATH_SIZE, "%s%s%s", path[0] == '/' ? "" : folder, slash, path) <
           CONFIG_PATH_SIZE;
}

static void folder_of(const char *path, char to[static CONFIG_PATH_SIZE])
{
    const char *slash = strrchr(path, '/');

    (void)snprintf(to, CONFIG_PATH_SIZE, "%.*s", slash ? (int)(slash - path) : 0, path);
}

static int read_ids(const struct reading *reading)
{
    struct config *config = reading->config;

    if (strlen(text_of(reading, "name")) >= sizeof(config->name) ||
        text_of(reading, "name")[0] == '\0')
        return complain(reading, "name", "must have 1 to 32 characters");
    (void)snprintf(config->name, sizeof(config->name), "%s", text_of(reading, "name"));
    if (hex_decode(text_of(reading, "ns"), config->ns, NS_BYTES) != HL_OK)
        return complain(reading, "ns", "must be 64 hex digits");
    if (hex_decode(text_of(reading, "root"), config->root, HASH_BYTES) != HL_OK)
        return complain(reading, "root", "must be 64 hex digits");
    return HL_OK;
}

/* relay.hlk has its secret beside it as relay.secret, unless the file says where. */
static bool default_secret(struct config *config)
{
    size_t len = strlen(config->relay_key);

    if (len > 4 && strcmp(config->relay_key + len - 4, ".hlk") == 0)
        len -= 4;
    return snprintf(config->relay_secret, CONFIG_PATH_SIZE, "%.*s.secret", (int)len,
                    config->relay_key) < CONFIG_PATH_SIZE;
}

static int read_paths(const struct reading *reading)
{
    struct config *config = reading->config;
    const char *key = text_of(reading, "relay_key");
    const char *secret = text_of(reading, "relay_secret");
    char folder[CONFIG_PATH_SIZE];
    char store[CONFIG_PATH_SIZE];

    folder_of(config->path, folder);
    if (!join(config->state_dir, folder, text_of(reading, "state_dir")))
        return complain(reading, "state_dir", "is too long");
    if (!join(config->federation, folder, text_of(reading, "federation")))
        return complain(reading, "federation", "is too long");
    if (!join(config->relay_key, config->state_dir, key ? key : "keys/relay.hlk"))
        return complain(reading, "relay_key", "is too long");
    if (secret ? !join(config->relay_secret, config->state_dir, secret) : !default_secret(config))
        return complain(reading, "relay_secret", "is too long");
    if (text_of(reading, "store")) {
        if (config_override(config, "store", text_of(reading, "store"), true) != HL_OK)
            return complain(reading, "store", "must be sqlite:PATH or memory:");
        return HL_OK;
    }
    if (!join(store, config->state_dir, "relay.db") ||
        snprintf(config->store, sizeof(config->store), "sqlite:%s", store) >=
            (int)sizeof(config->store))
        return complain(reading, "state_dir", "is too long");
    return HL_OK;
}

static int read_unlock(const struct reading *reading)
{
    const char *word = text_of(reading, "relay_unlock");
    int unlock = word ? word_of(word, unlock_words, 2) : 0;

    if (unlock < 0)
        return complain(reading, "relay_unlock", "must be file or credential");
    reading->config->unlock = (enum config_unlock)unlock;
    return HL_OK;
}

static int read_addresses(const struct reading *reading)
{
    size_t count = settings_list_count(reading->settings, "listen");
    const char *metrics = text_of(reading, "metrics");

    if (count == 0 || count > CONFIG_LISTENS_MAX)
        return complain(reading, "listen", "needs 1 to 8 addresses, as {\"127.0.0.1:7401\"}");
    for (size_t i = 0; i < count; i++) {
        const char *item = settings_list_item(reading->settings, "listen", i);

        if (config_override(reading->config, "listen", item, i == 0) != HL_OK)
            return complain(reading, "listen", "must hold addresses as \"127.0.0.1:7401\"");
    }
    if (metrics && config_override(reading->config, "metrics", metrics, true) != HL_OK)
        return complain(reading, "metrics", "must be \"host:port\" or \"unix:PATH\"");
    return HL_OK;
}

static int read_size(const struct reading *reading, const char *section, const char *name,
                     uint64_t *ret_octets)
{
    const char *text = settings_text(reading->settings, section, NULL, name);
    uint64_t octets = 0;

    if (!text)
        return HL_OK;
    if (size_parse(text, &octets) != HL_OK || octets > SIZE_VALUE_MAX)
        return complain(reading, name, "must be a size as 64M, at most 1024G");
    *ret_octets = octets;
    return HL_OK;
}

/* -1 stands for an absent key. */
static int read_number(const struct reading *reading, const char *section, const char *name,
                       long max, uint32_t *ret_number)
{
    long number = settings_number(reading->settings, section, NULL, name);

    if (number == -1)
        return HL_OK;
    if (number < 1 || number > max)
        return complain(reading, name, "is out of its range");
    *ret_number = (uint32_t)number;
    return HL_OK;
}

static int read_limits(const struct reading *reading)
{
    struct config *config = reading->config;
    struct relay_limits *limits = &config->limits;
    const char *deadline = settings_text(reading->settings, "handshake", NULL, "deadline");

    TRY(read_size(reading, "", "flash_reserve", &limits->flash_reserve));
    TRY(read_size(reading, "", "disk_min", &limits->disk_min));
    TRY(read_size(reading, "quota", "bytes", &limits->bytes_per_hour));
    TRY(read_number(reading, "quota", "content_per_hour", 100000000, &limits->content_per_hour));
    TRY(read_number(reading, "quota", "control_per_hour", 100000000, &limits->control_per_hour));
    TRY(read_number(reading, "handshake", "half_open", 65536, &config->half_open));
    if (deadline && (duration_parse(deadline, &config->handshake_ms) != HL_OK ||
                     config->handshake_ms < 1000 || config->handshake_ms > 60000))
        return complain(reading, "deadline", "must be 1s to 60s");
    return HL_OK;
}

static int read_log(const struct reading *reading)
{
    const char *level = text_of(reading, "log_level");
    const char *format = text_of(reading, "log_format");

    if (level && config_override(reading->config, "log-level", level, true) != HL_OK)
        return complain(reading, "log_level", "must be error, warn, info or debug");
    if (format && config_override(reading->config, "log-format", format, true) != HL_OK)
        return complain(reading, "log_format", "must be text, json or journal");
    return HL_OK;
}

int config_load(const char *path, struct config *ret_config,
                char ret_message[static SETTINGS_MESSAGE_SIZE])
{
    struct config config = {.log_level = LOG_LEVEL_INFO,
                            .limits = relay_limits_default,
                            .handshake_ms = 5000,
                            .half_open = 1024};
    AUTO(settings) settings = NULL;

    ret_message[0] = '\0';
    TRY(settings_load(path, keys, sizeof(keys) / sizeof(keys[0]), &settings, ret_message));

    struct reading reading = {.settings = settings, .config = &config, .message = ret_message};

    if (snprintf(config.path, sizeof(config.path), "%s", path) >= (int)sizeof(config.path))
        return complain(&reading, "-c", "names too long a path");
    TRY(read_ids(&reading));
    TRY(read_paths(&reading));
    TRY(read_unlock(&reading));
    TRY(read_addresses(&reading));
    TRY(read_limits(&reading));
    TRY(read_log(&reading));
    *ret_config = config;
    return HL_OK;
}

/* --- one value -------------------------------------------------------------------------------------------------- */

/* "1.2.3.4:5" or "[::1]:5": names are not looked up. */
static bool is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    struct in6_addr address;
    char *end = NULL;
    unsigned long port;
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool is_six = text[0] == '[';

    if (len < 2 || len >= sizeof(host) || colon[1] < '0' || colon[1] > '9' ||
        (is_six && colon[-1] != ']'))
        return false;
    (void)snprintf(host, sizeof(host), "%.*s", (int)(is_six ? len - 2 : len), text + is_six);
    port = strtoul(colon + 1, &end, 10);
    return *end == '\0' && port <= 65535 &&
           inet_pton(is_six ? AF_INET6 : AF_INET, host, &address) == 1;
}

static int set_text(char *to, size_t size, const char *value)
{
    if (strlen(value) >= size)
        return HL_EINVAL;
    (void)snprintf(to, size, "%s", value);
    return HL_OK;
}

static int add_listen(struct config *config, const char *value, bool is_first)
{
    if (is_first)
        config->listen_count = 0;
    if (config->listen_count == CONFIG_LISTENS_MAX || !is_address(value))
        return HL_EINVAL;
    TRY(set_text(config->listens[config->listen_count], CONFIG_TEXT_SIZE, value));
    config->listen_count++;
    return HL_OK;
}

static int set_log(struct config *config, const char *name, const char *value)
{
    bool is_level = strcmp(name, "log-level") == 0;
    int word = is_level ? word_of(value, level_words, 4) : word_of(value, format_words, 3);

    if (word < 0)
        return HL_EINVAL;
    if (is_level)
        config->log_level = (enum log_level)word;
    else
        config->log_format = (enum config_format)word;
    return HL_OK;
}

int config_override(struct config *config, const char *name, const char *value, bool is_first)
{
    if (strcmp(name, "listen") == 0)
        return add_listen(config, value, is_first);
    if (strcmp(name, "store") == 0) {
        if (strcmp(value, "memory:") != 0 && (strncmp(value, "sqlite:", 7) != 0 || !value[7]))
            return HL_EINVAL;
        return set_text(config->store, sizeof(config->store), value);
    }
    if (strcmp(name, "metrics") == 0) {
        if (!is_address(value) && (strncmp(value, "unix:", 5) != 0 || !value[5]))
            return HL_EINVAL;
        return set_text(config->metrics, sizeof(config->metrics), value);
    }
    return set_log(config, name, value);
}

int config_print(const struct config *config, struct blob **ret_text)
{
    const struct relay_limits *limits = &config->limits;
    char ns[2 * NS_BYTES + 1];
    char root[2 * HASH_BYTES + 1];
    AUTO_BUF text;

    buf_init(&text, 32768);
    hex_encode(BYTES_OF(config->ns), ns);
    hex_encode(BYTES_OF(config->root), root);
    buf_add_format(&text, "name = \"%s\"\nns = \"%s\"\nroot = \"%s\"\n", config->name, ns, root);
    buf_add_format(&text, "state_dir = \"%s\"\nfederation = \"%s\"\nstore = \"%s\"\nlisten = {",
                   config->state_dir, config->federation, config->store);
    for (size_t i = 0; i < config->listen_count; i++)
        buf_add_format(&text, "%s\"%s\"", i ? ", " : "", config->listens[i]);
    buf_add_format(&text, "}\nrelay_key = \"%s\"\nrelay_secret = \"%s\"\nrelay_unlock = %s\n",
                   config->relay_key, config->relay_secret, unlock_words[config->unlock]);
    if (config->metrics[0])
        buf_add_format(&text, "metrics = \"%s\"\n", config->metrics);
    buf_add_format(&text, "log_level = %s\nlog_format = %s\n", level_words[config->log_level],
                   format_words[config->log_format]);
    buf_add_format(&text,
                   "quota { content_per_hour = %u  control_per_hour = %u  bytes = \"%llu\" }\n",
                   limits->content_per_hour, limits->control_per_hour,
                   (unsigned long long)limits->bytes_per_hour);
    buf_add_format(&text, "flash_reserve = \"%llu\"\ndisk_min = \"%llu\"\n",
                   (unsigned long long)limits->flash_reserve, (unsigned long long)limits->disk_min);
    buf_add_format(&text, "handshake { deadline = \"%llds\"  half_open = %u }\n",
                   (long long)(config->handshake_ms / 1000), config->half_open);
    return buf_to_blob(&text, ret_text);
}
