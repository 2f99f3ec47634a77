/* config — hotlined.conf, checked, with its defaults filled in. */
#ifndef HOTLINE_DAEMON_CONFIG_H
#define HOTLINE_DAEMON_CONFIG_H

#include "base/log.h"
#include "base/settings.h"
#include "daemon/relay.h"

#define CONFIG_PATH_SIZE   1024
#define CONFIG_LISTENS_MAX 8
#define CONFIG_TEXT_SIZE   128

enum config_unlock { UNLOCK_FILE, UNLOCK_CREDENTIAL };
enum config_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JOURNAL };

struct config {
    char path[CONFIG_PATH_SIZE];
    char name[33];
    uint8_t ns[NS_BYTES], root[HASH_BYTES];
    char state_dir[CONFIG_PATH_SIZE], federation[CONFIG_PATH_SIZE];
    char relay_key[CONFIG_PATH_SIZE], relay_secret[CONFIG_PATH_SIZE];
    char store[CONFIG_PATH_SIZE]; /* "sqlite:PATH" or "memory:" */
    enum config_unlock unlock;
    char listens[CONFIG_LISTENS_MAX][CONFIG_TEXT_SIZE];
    size_t listen_count;
    char metrics[CONFIG_PATH_SIZE]; /* "host:port", "unix:PATH" or "" */
    enum log_level log_level;
    enum config_format log_format;
    struct relay_limits limits;
    int64_t handshake_ms;
    uint32_t half_open;
};

/* Read a file. ret_message gets one line: file, line, key, what to do. Errors: HL_ECONFIG, HL_ENOTFOUND,
 * HL_EIO, HL_EPERM (others may write it). */
HL_MUST_CHECK int config_load(const char *path, struct config *ret_config,
                              char ret_message[static SETTINGS_MESSAGE_SIZE]);
/* One value from the command line over that of the file: store, listen (the first one replaces the file's), metrics,
 * log-level, log-format. Error: HL_EINVAL. */
HL_MUST_CHECK int config_override(struct config *config, const char *name, const char *value,
                                  bool is_first);
/* The configuration in force, as a file again. */
HL_MUST_CHECK int config_print(const struct config *config, struct blob **ret_text);
/* "64K", "16M", "2G" or octets. Error: HL_EFORMAT. */
HL_MUST_CHECK int size_parse(const char *text, uint64_t *ret_octets);

#endif
