/* cmd_sandbox — a training federation as a folder: documents, key files and configurations of relays and desks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "keys/command.h"
#include "keys/federation_make.h"
#include "keys/secret.h"

#define SANDBOX_OPS     1
#define SANDBOX_MEM     8192
#define METRICS_OFFSET  10
#define PASSPHRASE_SIZE 25

static const char usage[] = "usage: hotline-keys sandbox DIR [--states XAA,XBB,XCC] [--relays 2] "
                            "[--officers 2] [--devices 1] [--port-base 7401]\n";

/* What is written, and where. */
struct sandbox {
    char root[PATH_MAX];
    const struct made_federation *made;
    char passphrase[PASSPHRASE_SIZE];
    char ns_hex[2 * NS_BYTES + 1], root_hex[2 * HASH_BYTES + 1];
};

static int path_of(const struct sandbox *sandbox, char ret_path[static PATH_MAX],
                   const char *format, ...) __attribute__((format(printf, 3, 4)));
static int path_of(const struct sandbox *sandbox, char ret_path[static PATH_MAX],
                   const char *format, ...)
{
    int used = snprintf(ret_path, PATH_MAX, "%s/", sandbox->root);
    va_list args;

    if (used < 0 || used >= PATH_MAX)
        return HL_EINVAL;
    va_start(args, format);
    int more = vsnprintf(ret_path + used, (size_t)(PATH_MAX - used), format, args);
    va_end(args);
    return more < 0 || more >= PATH_MAX - used ? HL_EINVAL : HL_OK;
}

/* Make all folders up to the last slash of path. */
static int make_folders(const char *path)
{
    char part[PATH_MAX];

    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        if (mkdir(part, S_IRWXU) != 0 && errno != EEXIST)
            return HL_EIO;
    }
    return HL_OK;
}

static int write_file(const char *path, struct bytes octets)
{
    TRY(make_folders(path));
    return keyfile_write(path, octets, false);
}

static int write_documents(const struct sandbox *sandbox)
{
    const struct made_federation *made = sandbox->made;
    char path[PATH_MAX];

    TRY(path_of(sandbox, path, "directory/root-1.bin"));
    TRY(write_file(path, bytes_blob(made->root)));
    TRY(path_of(sandbox, path, "directory/directory.bin"));
    TRY(write_file(path, bytes_blob(made->directory)));
    TRY(path_of(sandbox, path, "directory/timestamp.bin"));
    TRY(write_file(path, bytes_blob(made->timestamp)));
    for (size_t i = 0; i < made->state_count; i++) {
        TRY(path_of(sandbox, path, "directory/national-%s-1.bin", made->states[i].code));
        TRY(write_file(path, bytes_blob(made->states[i].national_root)));
        TRY(path_of(sandbox, path, "directory/roster-%s.bin", made->states[i].code));
        TRY(write_file(path, bytes_blob(made->states[i].roster)));
    }
    return HL_OK;
}

static int write_key(const char *path, const struct key_secrets *secrets,
                     const struct key_lock *lock)
{
    uint8_t salt[16];
    uint8_t nonce[24];
    AUTO(blob) file = NULL;

    rng_fill(rng_system(), salt, sizeof(salt));
    rng_fill(rng_system(), nonce, sizeof(nonce));
    TRY(keyfile_encode(secrets, lock, salt, nonce, &file));
    return write_file(path, bytes_blob(file));
}

/* A raw key and the 0600 file with its 32 octets. */
static int write_raw_key(const char *key_path, const char *secret_path,
                         const struct key_secrets *secrets)
{
    uint8_t raw[32];
    const struct key_lock lock = {.kdf = KDF_RAW, .secret = BYTES_OF(raw)};

    rng_fill(rng_system(), raw, sizeof(raw));
    int err = write_key(key_path, secrets, &lock);
    if (err == HL_OK)
        err = write_file(secret_path, BYTES_OF(raw));
    secret_erase(raw, sizeof(raw));
    return err;
}

static int write_passphrase_key(const struct sandbox *sandbox, const char *path,
                                const struct key_secrets *secrets)
{
    const struct key_lock lock = {.kdf = KDF_PASSPHRASE,
                                  .secret = bytes_text(sandbox->passphrase),
                                  .opslimit = SANDBOX_OPS,
                                  .memlimit = SANDBOX_MEM};

    return write_key(path, secrets, &lock);
}

/* Key files of one role, "root-1.hlk" …; `secrets` is the form they are written from. */
static int write_custodian_role(const struct sandbox *sandbox, struct key_secrets *secrets,
                                const char *name, const uint8_t (*seeds)[32], size_t count)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < count; i++) {
        memcpy(secrets->seed, seeds[i], 32);
        TRY(path_of(sandbox, path, "custodians/%s-%zu.hlk", name, i + 1));
        TRY(write_passphrase_key(sandbox, path, secrets));
    }
    return HL_OK;
}

static int write_custodians(const struct sandbox *sandbox)
{
    const struct made_federation *made = sandbox->made;
    AUTO(key_secrets) secrets = NULL;

    TRY(key_secrets_new(&secrets));
    secrets->kind = KEY_CUSTODIAN;
    secrets->is_sandbox = true;
    memcpy(secrets->ns, made->ns, NS_BYTES);
    TRY(write_custodian_role(sandbox, secrets, "root", (const uint8_t(*)[32])made->root_seed, 3));
    TRY(write_custodian_role(sandbox, secrets, "directory",
                             (const uint8_t(*)[32])made->directory_seed, 3));
    return write_custodian_role(sandbox, secrets, "timestamp",
                                (const uint8_t(*)[32])made->timestamp_seed, 2);
}

/* This program knows no SQLite: a relay's first start makes its empty store where this file stands, and removes it. */
static int write_first_mark(const struct sandbox *sandbox, const char *relay)
{
    char path[PATH_MAX];

    TRY(path_of(sandbox, path, "relays/%s/state/relay.db.first", relay));
    return write_file(path, bytes_text("hotlined makes an empty relay.db here, once, and removes "
                                       "this file.\n"));
}

static int write_relay(const struct sandbox *sandbox, size_t index)
{
    const struct made_federation *made = sandbox->made;
    const char *name = made->relay_names[index];
    char key[PATH_MAX];
    char secret[PATH_MAX];
    char config[PATH_MAX];

    TRY(path_of(sandbox, key, "relays/%s/state/keys/relay.hlk", name));
    TRY(path_of(sandbox, secret, "relays/%s/state/keys/relay.secret", name));
    TRY(path_of(sandbox, config, "relays/%s/hotlined.conf", name));
    TRY(write_raw_key(key, secret, &made->relays[index]));
    AUTO_BUF text;
    buf_init(&text, 16384);
    buf_add_format(&text, "# Relay %s of a training federation; written by hotline-keys sandbox.\n",
                   name);
    buf_add_format(&text, "name = \"%s\"\nns = \"%s\"\nroot = \"%s\"\n", name, sandbox->ns_hex,
                   sandbox->root_hex);
    buf_add_format(&text, "state_dir = \"%s/relays/%s/state\"\nfederation = \"%s/directory\"\n",
                   sandbox->root, name, sandbox->root);
    buf_add_format(
        &text, "listen = {\"127.0.0.1:%u\"}\nrelay_key = \"keys/relay.hlk\"\nrelay_unlock = file\n",
        made->relay_ports[index]);
    buf_add_format(&text, "metrics = \"127.0.0.1:%u\"\nlog_level = info\n",
                   made->relay_ports[index] + METRICS_OFFSET);
    TRY(text.err);
    TRY(write_file(config, buf_bytes(&text)));
    return write_first_mark(sandbox, name);
}

static int write_device(const struct sandbox *sandbox, const struct made_state *state, size_t index)
{
    const struct key_secrets *device = &state->devices[index];
    char key[PATH_MAX];
    char secret[PATH_MAX];
    char prekeys[PATH_MAX];
    uint8_t nonce[24];
    struct prekey_ring *ring = NULL;
    AUTO(blob) file = NULL;

    TRY(path_of(sandbox, key, "states/%s/officer%zu/device.hlk", state->code, index + 1));
    TRY(path_of(sandbox, secret, "states/%s/officer%zu/device.secret", state->code, index + 1));
    TRY(path_of(sandbox, prekeys, "states/%s/officer%zu/prekeys.hlk", state->code, index + 1));
    TRY(write_raw_key(key, secret, device));
    TRY(prekey_ring_new(&ring));
    ring->is_sandbox = true;
    memcpy(ring->ns, device->ns, NS_BYTES);
    memcpy(ring->entity, device->entity, ID_BYTES);
    rng_fill(rng_system(), nonce, sizeof(nonce));
    int err = keyfile_encode_ring(ring, device->desk_wrap, nonce, &file);
    prekey_ring_free(ring);
    TRY(err);
    return write_file(prekeys, bytes_blob(file));
}

/* Officer k works at device (k - 1) mod devices + 1, whose files lie beside that officer's profile. */
static int write_profile(const struct sandbox *sandbox, const struct made_state *state,
                         size_t index)
{
    const struct made_federation *made = sandbox->made;
    size_t devices = made->device_count ? made->device_count : 1;
    size_t device = index % devices + 1;
    bool has_officer = index < made->officer_count; /* a terminal without one is headless */
    char officer[PATH_MAX];
    char config[PATH_MAX];
    char beside[PATH_MAX];

    TRY(path_of(sandbox, officer, "states/%s/officer%zu/officer.hlk", state->code, index + 1));
    TRY(path_of(sandbox, config, "states/%s/officer%zu/hotline.conf", state->code, index + 1));
    TRY(path_of(sandbox, beside, "states/%s/officer%zu", state->code, device));
    if (has_officer)
        TRY(write_passphrase_key(sandbox, officer, &state->officers[index]));
    AUTO_BUF text;
    buf_init(&text, 32768);
    buf_add_format(&text,
                   "# %s %zu of %s in a training federation; written by hotline-keys sandbox.\n",
                   has_officer ? "Officer" : "Headless terminal", index + 1, state->code);
    buf_add_format(&text, "federation = \"%s/directory\"\nns = \"%s\"\nroot = \"%s\"\n",
                   sandbox->root, sandbox->ns_hex, sandbox->root_hex);
    buf_add_format(&text,
                   "desk = \"%s.TEC\"\ndatabase = \"%s/desk.db\"\ndevice_key = \"%s/device.hlk\"\n",
                   state->code, beside, beside);
    buf_add_format(&text,
                   "prekeys = \"%s/prekeys.hlk\"\ndevice_unlock = file\ndevice_secret = "
                   "\"%s/device.secret\"\n",
                   beside, beside);
    if (has_officer)
        buf_add_format(&text, "officer_key = \"%s\"\n", officer);
    buf_add_text(&text, "lang = en\n");
    for (size_t i = 0; i < made->relay_count; i++)
        buf_add_format(&text, "relay \"%s\" { address = \"127.0.0.1:%u\" }\n", made->relay_names[i],
                       made->relay_ports[i]);
    TRY(text.err);
    return write_file(config, buf_bytes(&text));
}

static int write_state(const struct sandbox *sandbox, const struct made_state *state)
{
    AUTO(key_secrets) national = NULL;
    char path[PATH_MAX];

    TRY(key_secrets_new(&national));
    national->kind = KEY_NATIONAL;
    national->is_sandbox = true;
    memcpy(national->ns, sandbox->made->ns, NS_BYTES);
    memcpy(national->entity, state->entity, ID_BYTES);
    for (size_t i = 0; i < 3; i++) {
        memcpy(national->seed, state->national_seed[i], 32);
        TRY(path_of(sandbox, path, "states/%s/national-%zu.hlk", state->code, i + 1));
        TRY(write_passphrase_key(sandbox, path, national));
    }
    for (size_t i = 0; i < sandbox->made->device_count; i++)
        TRY(write_device(sandbox, state, i));
    for (size_t i = 0; i < sandbox->made->officer_count || i < sandbox->made->device_count; i++)
        TRY(write_profile(sandbox, state, i));
    return HL_OK;
}

static int write_ports(const struct sandbox *sandbox)
{
    const struct made_federation *made = sandbox->made;
    char path[PATH_MAX];

    AUTO_BUF text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < made->relay_count; i++) {
        buf_add_format(&text, "%s 127.0.0.1:%u\n", made->relay_names[i], made->relay_ports[i]);
        buf_add_format(&text, "%s-metrics 127.0.0.1:%u\n", made->relay_names[i],
                       made->relay_ports[i] + METRICS_OFFSET);
    }
    TRY(text.err);
    TRY(path_of(sandbox, path, "ports"));
    return write_file(path, buf_bytes(&text));
}

static int write_passphrase(const struct sandbox *sandbox)
{
    char path[PATH_MAX];

    TRY(path_of(sandbox, path, "passphrase"));
    AUTO_BUF line;
    buf_init(&line, 64);
    buf_add_format(&line, "%s\n", sandbox->passphrase);
    TRY(line.err);
    return write_file(path, buf_bytes(&line));
}

static int write_all(const struct sandbox *sandbox)
{
    TRY(write_documents(sandbox));
    TRY(write_custodians(sandbox));
    for (size_t i = 0; i < sandbox->made->relay_count; i++)
        TRY(write_relay(sandbox, i));
    for (size_t i = 0; i < sandbox->made->state_count; i++)
        TRY(write_state(sandbox, &sandbox->made->states[i]));
    TRY(write_passphrase(sandbox));
    return write_ports(sandbox); /* last: scripts wait for it */
}

static bool is_free(const char *path)
{
    DIR *dir = opendir(path);
    size_t entries = 0;

    if (!dir)
        return errno == ENOENT;
    while (readdir(dir))
        entries++;
    (void)closedir(dir);
    return entries <= 2; /* "." and ".." */
}

static int read_states(const char *text, struct federation_plan *plan)
{
    plan->state_count = 0;
    while (*text) {
        size_t len = strcspn(text, ",");

        if (len != 3 || plan->state_count == MADE_STATES_MAX)
            return HL_EINVAL;
        (void)snprintf(plan->codes[plan->state_count++], 4, "%.3s", text);
        text += len + (text[len] == ',');
    }
    return HL_OK;
}

static int read_count(const char *text, size_t *ret_count)
{
    char *after = NULL;
    unsigned long value = strtoul(text, &after, 10);

    *ret_count = value;
    return *after == '\0' && after != text && value < 65536 ? HL_OK : HL_EINVAL;
}

static int read_options(int argc, char **argv, struct federation_plan *plan)
{
    static const struct option list[] = {{"states", required_argument, NULL, 's'},
                                         {"relays", required_argument, NULL, 'r'},
                                         {"officers", required_argument, NULL, 'o'},
                                         {"devices", required_argument, NULL, 'd'},
                                         {"port-base", required_argument, NULL, 'p'},
                                         {"help", no_argument, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    size_t port = 7401;
    int err = read_states("XAA,XBB,XCC", plan);
    int option = 0;

    plan->relay_count = 2;
    plan->officer_count = 2;
    plan->device_count = 1;
    while (err == HL_OK && (option = getopt_long(argc, argv, "h", list, NULL)) != -1) {
        switch (option) {
        case 's': err = read_states(optarg, plan); break;
        case 'r': err = read_count(optarg, &plan->relay_count); break;
        case 'o': err = read_count(optarg, &plan->officer_count); break;
        case 'd': err = read_count(optarg, &plan->device_count); break;
        case 'p': err = read_count(optarg, &port); break;
        case 'h': (void)fputs(usage, stdout); exit(command_finish(EXIT_DONE));
        default: err = HL_EINVAL; break;
        }
    }
    plan->port_base = (uint16_t)port;
    if (port == 0 || port + METRICS_OFFSET + MADE_RELAYS_MAX > UINT16_MAX)
        return HL_EINVAL;
    return err == HL_OK && optind + 1 == argc ? HL_OK : HL_EINVAL;
}

static void fill_sandbox(struct sandbox *sandbox, const struct made_federation *made)
{
    uint8_t random[15];

    sandbox->made = made;
    hex_encode(BYTES_OF(made->ns), sandbox->ns_hex);
    hex_encode(BYTES_OF(made->root_hash), sandbox->root_hex);
    rng_fill(rng_system(), random, sizeof(random));
    base64_encode(BYTES_OF(random), sandbox->passphrase);
    secret_erase(random, sizeof(random));
}

/* It can stand between the quotes of a configuration, and on a terminal. */
static bool is_plain(const char *path)
{
    for (size_t i = 0; path[i]; i++) {
        if ((unsigned char)path[i] < ' ' || path[i] == '\x7f' || strchr("\"\\${}", path[i]))
            return false;
    }
    return true;
}

/* Make the folder, or take an empty one. On failure the message is out. */
static int open_folder(const char *folder, char ret_root[static PATH_MAX])
{
    if (!is_free(folder))
        return command_fail(EXIT_CREATE,
                            "%s is not an empty folder; nothing was made, name a new one", folder);
    bool is_new = mkdir(folder, S_IRWXU) == 0;
    if (!is_new && errno != EEXIST)
        return command_fail(EXIT_CREATE, "%s: %s; nothing was made, name another folder", folder,
                            strerror(errno));
    if (!realpath(folder, ret_root)) {
        if (is_new)
            (void)rmdir(folder);
        return command_fail(EXIT_CREATE, "%s cannot be resolved; nothing was written", folder);
    }
    if (!is_plain(ret_root)) {
        if (is_new)
            (void)rmdir(folder); /* as it was before */
        return command_fail(EXIT_CREATE,
                            "%s: this path cannot stand in a configuration file; "
                            "nothing was written, name one without quotes, $ and braces",
                            folder);
    }
    return EXIT_DONE;
}

static void report(const struct sandbox *sandbox, const struct federation_plan *plan)
{
    const struct made_federation *made = sandbox->made;

    (void)printf("SANDBOX federation of %zu States and %zu relays in %s\n", made->state_count,
                 made->relay_count, sandbox->root);
    (void)printf("Start a relay:  hotlined -c %s/relays/r1/hotlined.conf\n", sandbox->root);
    (void)printf("Be an officer:  HOTLINE_PASSPHRASE_FILE=%s/passphrase hotline -c "
                 "%s/states/%s/officer1/hotline.conf status\n",
                 sandbox->root, sandbox->root, plan->codes[0]);
}

int cmd_sandbox(int argc, char **argv)
{
    struct federation_plan plan = {
        .suite = suite_real(), .rng = rng_system(), .now_ms = clock_utc_ms(clock_system())};
    AUTO(made_federation) made = NULL;
    struct sandbox sandbox = {0};

    if (read_options(argc, argv, &plan) != HL_OK) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    int err = federation_make(&plan, &made);
    if (err != HL_OK)
        return command_fail(err == HL_EINVAL ? EXIT_USAGE : EXIT_INTERNAL,
                            "no such federation can be made (%s); nothing was written, ask for 1 "
                            "to 8 States XAA to XZZ, 1 to 4 relays, officers, devices",
                            err_text(err));
    int code = open_folder(argv[optind], sandbox.root);
    if (code != EXIT_DONE)
        return code;
    fill_sandbox(&sandbox, made);
    err = write_all(&sandbox);
    secret_erase(sandbox.passphrase, sizeof(sandbox.passphrase));
    if (err != HL_OK)
        return command_fail(EXIT_IO,
                            "%s: %s; the sandbox is not complete, remove the folder and try again",
                            sandbox.root, err_text(err));
    report(&sandbox, &plan);
    return EXIT_DONE;
}
