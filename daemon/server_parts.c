/* server_parts — what a configuration names: documents and keys; read and checked before anything starts. */
#include "daemon/server_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void server_parts_done(struct server_parts *parts)
{
    trust_free(parts->trust);
    key_secrets_free(parts->secrets);
    *parts = (struct server_parts){.trust = NULL};
}

static int complain(char *message, int err, const char *path, const char *what)
{
    (void)snprintf(message, SERVER_MESSAGE_SIZE, "%s: %s (%s)", path, what, err_text(err));
    return err;
}

static int read_secret(const struct config *config, struct blob **ret_secret, char *message)
{
    const char *folder =
        getenv("CREDENTIALS_DIRECTORY"); /* NOLINT(concurrency-mt-unsafe): set before */
    char path[2 * CONFIG_PATH_SIZE];
    int err;

    (void)snprintf(path, sizeof(path), "%s", config->relay_secret);
    if (config->unlock == UNLOCK_CREDENTIAL) {
        if (!folder)
            return complain(message, HL_ECONFIG, "relay_unlock",
                            "is credential, but CREDENTIALS_DIRECTORY is not set");
        (void)snprintf(path, sizeof(path), "%s/relay_secret", folder);
    }
    err = keyfile_read(path, ret_secret);
    if (err != HL_OK)
        return complain(
            message, err, path,
            "the secret of the relay key must be a file of mode 0600; nothing was started");
    if ((*ret_secret)->len != 32)
        return complain(message, HL_EFORMAT, path, "must be 32 octets; nothing was started");
    return HL_OK;
}

static int read_keys(const struct config *config, struct server_parts *parts, char *message)
{
    AUTO(blob) secret = NULL;
    AUTO(blob) file = NULL;
    int err;

    TRY(read_secret(config, &secret, message));
    err = keyfile_read(config->relay_key, &file);
    if (err != HL_OK)
        return complain(message, err, config->relay_key,
                        "the relay key must be a file of mode 0600; nothing was started");

    struct key_lock lock = {.kdf = KDF_RAW, .secret = bytes_blob(secret)};

    err = keyfile_decode(bytes_blob(file), &lock, &parts->secrets);
    if (err != HL_OK)
        return complain(
            message, err, config->relay_key,
            "the relay key does not open with this secret, or is damaged; nothing was started");
    if (parts->secrets->kind != KEY_RELAY ||
        !bytes_equal(BYTES_OF(parts->secrets->ns), BYTES_OF(config->ns)))
        return complain(message, HL_EVERIFY, config->relay_key,
                        "is no relay key of this federation");
    return HL_OK;
}

/* The directory must show this relay with these keys, or nobody could believe it. */
static int find_ourselves(const struct config *config, struct server_parts *parts, char *message)
{
    const struct suite *suite = suite_real();
    AUTO(sign_key) sign = NULL;
    AUTO(sign_key) log = NULL;

    TRY(sign_key_new(suite, parts->secrets->seed, &sign));
    TRY(sign_key_new(suite, parts->secrets->log_seed, &log));
    parts->info = trust_relay(parts->trust, sign->id);
    if (!parts->info || strcmp(parts->info->name, config->name) != 0)
        return complain(message, HL_ECONFIG, config->federation,
                        "the directory has no relay of this name with this key");
    if (!bytes_equal(BYTES_OF(parts->info->log_pk), BYTES_OF(log->pk)))
        return complain(message, HL_ECONFIG, config->federation,
                        "the directory names another log key for this relay");
    if (parts->secrets->is_sandbox != parts->trust->is_sandbox)
        return complain(message, HL_EVERIFY, config->relay_key, "sandbox and real keys do not mix");
    return HL_OK;
}

static int load_trust(const struct config *config, struct server_parts *parts, char *message)
{
    char reason[160] = "";
    int err = trust_load(suite_real(), config->federation, config->ns, config->root, &parts->trust,
                         reason);

    if (err != HL_OK)
        return complain(message, err, config->federation,
                        reason[0] ? reason : "the directory cannot be read");
    for (size_t i = 0; trust_note(parts->trust, i); i++)
        log_line(LOG_LEVEL_WARN, "directory", "ALARM: %s", trust_note(parts->trust, i));
    return HL_OK;
}

int server_parts_load(const struct config *config, struct server_parts *ret_parts,
                      char ret_message[static SERVER_MESSAGE_SIZE])
{
    struct server_parts parts = {.trust = NULL};
    int err;

    ret_message[0] = '\0';
    err = load_trust(config, &parts, ret_message);
    if (err == HL_OK)
        err = read_keys(config, &parts, ret_message);
    if (err == HL_OK)
        err = find_ourselves(config, &parts, ret_message);
    if (err != HL_OK)
        server_parts_done(&parts);
    else
        *ret_parts = parts;
    return err;
}

int server_parts_keep_rosters(const struct trust *in_force, const struct server_parts *parts,
                              char ret_message[static SERVER_MESSAGE_SIZE])
{
    const struct entity *lost = trust_lost_roster(in_force, parts->trust);

    if (!lost)
        return HL_OK;
    (void)snprintf(
        ret_message, SERVER_MESSAGE_SIZE,
        "the roster of %s is refused; replace its files, or remove them: then it has none",
        lost->code);
    return HL_EVERIFY;
}
