/* init — a new relay: keys, configuration, empty store in a folder. */
#include "daemon/init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "daemon/store_sqlite.h"
#include "keys/keyfile.h"
#include "keys/noise_dh.h"
#include "keys/secret.h"
#include "keys/sign.h"

#define PATH_SIZE 1024

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

static int write_new(const struct init_request *request, const char *name, struct bytes octets)
{
    char path[PATH_SIZE];

    TRY(path_of(request, name, path));
    if (access(path, F_OK) == 0)
        return HL_EEXIST;
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
    TRY(write_new(request, "state/keys/relay.hlk", bytes_blob(file)));
    return write_new(request, "state/keys/relay.secret", bytes_blob(secret));
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

static int write_config(const struct init_request *request)
{
    AUTO_BUF text;

    buf_init(&text, 8192);
    buf_add_format(&text, "name = \"%s\"\nns = \"%s\"\nroot = \"%s\"\nstate_dir = \"state\"\n",
                   request->name, request->ns, request->root);
    buf_add_format(&text, "federation = \"%s\"\nlisten = {\"%s\"}\n", request->federation,
                   request->listen);
    buf_add_text(&text, "relay_key = \"keys/relay.hlk\"\nrelay_unlock = file\nlog_level = info\n");
    TRY(text.err);
    return write_new(request, "hotlined.conf", buf_bytes(&text));
}

static int make_store(const struct init_request *request)
{
    struct store *store = NULL;
    char path[PATH_SIZE];

    TRY(path_of(request, "state/relay.db", path));
    TRY(store_sqlite_open(path, NULL, &store));
    store_close(store);
    return HL_OK;
}

int init_run(const struct init_request *request)
{
    AUTO(key_secrets) secrets = NULL;
    uint8_t root[HASH_BYTES];

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
