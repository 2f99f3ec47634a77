/* init — a new relay: keys, configuration, empty store in a folder. */
#include "daemon/init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "daemon/config.h"
#include "daemon/store_sqlite.h"
#include "keys/keyfile.h"
#include "keys/noise_dh.h"
#include "keys/secret.h"
#include "keys/sign.h"

#define PATH_SIZE   1024
#define KEY_FILE    "state/keys/relay.hlk"
#define SECRET_FILE "state/keys/relay.secret"
#define CONFIG_FILE "hotlined.conf"
#define STORE_FILE  "state/relay.db"

/* It can stand between the quotes of a configuration. */
static bool is_plain(const char *text)
{
    for (size_t i = 0; text[i]; i++) {
        if ((unsigned char)text[i] < ' ' || strchr("\"\\$", text[i]))
            return false;
    }
    return true;
}

static int path_of(const struct init_request *request, const char *name, char to[static PATH_SIZE])
{
    return snprintf(to, PATH_SIZE, "%s/%s", request->folder, name) < PATH_SIZE ? HL_OK : HL_EINVAL;
}

static int make_folder(const struct init_request *request, const char *name)
{
    char path[PATH_SIZE];

    TRY(path_of(request, name, path));
    return mkdir(path, 0700) == 0 || errno == EEXIST ? HL_OK : HL_EIO;
}

/* All that is written must be new: asked before the first of it is. */
static int check_new(const struct init_request *request)
{
    static const char *const names[] = {KEY_FILE, SECRET_FILE, CONFIG_FILE, STORE_FILE};
    char path[PATH_SIZE];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        TRY(path_of(request, names[i], path));
        if (access(path, F_OK) == 0)
            return HL_EEXIST;
    }
    return HL_OK;
}

static int write_new(const struct init_request *request, const char *name, struct bytes octets)
{
    char path[PATH_SIZE];

    TRY(path_of(request, name, path));
    return keyfile_write(path, octets, false);
}

static int write_keys(const struct init_request *request, const struct key_secrets *secrets)
{
    uint8_t salt[16];
    uint8_t nonce[24];
    AUTO(blob) secret = NULL;
    AUTO(blob) file = NULL;

    TRY(blob_new(32, &secret));
    rng_fill(rng_system(), secret->data, secret->len);
    rng_fill(rng_system(), salt, sizeof(salt));
    rng_fill(rng_system(), nonce, sizeof(nonce));

    struct key_lock lock = {.kdf = KDF_RAW, .secret = bytes_blob(secret)};

    TRY(keyfile_encode(secrets, &lock, salt, nonce, &file));
    TRY(write_new(request, KEY_FILE, bytes_blob(file)));
    return write_new(request, SECRET_FILE, bytes_blob(secret));
}

static void print_hex(const char *name, struct bytes octets)
{
    char hex[65];

    hex_encode(octets, hex);
    (void)printf("%-13s %s\n", name, hex);
}

static int print_public(const struct init_request *request, const struct key_secrets *secrets)
{
    AUTO(sign_key) sign = NULL;
    AUTO(sign_key) log = NULL;
    uint8_t noise_static[32];

    TRY(sign_key_new(suite_real(), secrets->seed, &sign));
    TRY(sign_key_new(suite_real(), secrets->log_seed, &log));
    dh_public(secrets->noise_sk, noise_static);
    (void)printf("%sRelay %s. For its entry in the directory:\n",
                 request->is_sandbox ? "SANDBOX " : "", request->name);
    print_hex("id", BYTES_OF(sign->id));
    print_hex("noise_static", BYTES_OF(noise_static));
    print_hex("sign_pk", BYTES_OF(sign->pk));
    print_hex("log_pk", BYTES_OF(log->pk));
    return HL_OK;
}

/* Paths of a configuration are meant from its own folder, those of a command line from where it is given. */
static int add_federation(const struct init_request *request, struct buf *text)
{
    char here[PATH_SIZE];

    if (request->federation[0] == '/') {
        buf_add_format(text, "federation = \"%s\"\n", request->federation);
        return HL_OK;
    }
    if (!getcwd(here, sizeof(here)) || !is_plain(here))
        return HL_EINVAL;
    buf_add_format(text, "federation = \"%s/%s\"\n", here, request->federation);
    return HL_OK;
}

static int write_config(const struct init_request *request)
{
    AUTO_BUF text;

    buf_init(&text, 8192);
    buf_add_format(&text, "name = \"%s\"\nns = \"%s\"\nroot = \"%s\"\nstate_dir = \"state\"\n",
                   request->name, request->ns, request->root);
    TRY(add_federation(request, &text));
    buf_add_format(&text, "listen = {\"%s\"}\n", request->listen);
    buf_add_text(&text, "relay_key = \"keys/relay.hlk\"\nrelay_unlock = file\nlog_level = info\n");
    TRY(text.err);
    return write_new(request, CONFIG_FILE, buf_bytes(&text));
}

static int make_store(const struct init_request *request)
{
    struct store *store = NULL;
    char path[PATH_SIZE];

    TRY(path_of(request, STORE_FILE, path));
    TRY(store_sqlite_make(path, NULL, &store));
    store_close(store);
    return HL_OK;
}

/* What the configuration would refuse is refused before there are keys. */
static int check_request(const struct init_request *request)
{
    struct config config = {.listen_count = 0};

    if (request->name[0] == '\0' || strlen(request->name) >= sizeof(config.name) ||
        !is_plain(request->name) || !is_plain(request->federation))
        return HL_EINVAL;
    TRY(config_override(&config, "listen", request->listen, true));
    return check_new(request);
}

int init_run(const struct init_request *request)
{
    AUTO(key_secrets) secrets = NULL;
    uint8_t root[HASH_BYTES];

    TRY(check_request(request));
    TRY(key_secrets_new(&secrets));
    if (hex_decode(request->ns, secrets->ns, NS_BYTES) != HL_OK ||
        hex_decode(request->root, root, HASH_BYTES) != HL_OK)
        return HL_EINVAL;
    secrets->kind = KEY_RELAY;
    secrets->is_sandbox = request->is_sandbox != 0;
    rng_fill(rng_system(), secrets->seed, 32);
    rng_fill(rng_system(), secrets->noise_sk, 32);
    rng_fill(rng_system(), secrets->log_seed, 32);
    TRY(make_folder(request, ""));
    TRY(make_folder(request, "state"));
    TRY(make_folder(request, "state/keys"));
    TRY(write_keys(request, secrets));
    TRY(write_config(request));
    TRY(make_store(request));
    return print_public(request, secrets);
}
