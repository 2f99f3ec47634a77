/* cmd_generate — one new key file. */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "keys/command.h"
#include "keys/secret.h"
#include "keys/suite.h"
#include "keys/trust.h"

#define MODERATE_OPS  3
#define MODERATE_MEM  (256ULL << 20)
#define SENSITIVE_OPS 4
#define SENSITIVE_MEM (1024ULL << 20)

struct options {
    enum key_kind kind;
    const char *output, *ns, *state, *entity, *federation, *raw, *passphrase_file;
    int passphrase_fd;
};

static int read_fd(const char *text, int *ret_fd)
{
    char *after = NULL;
    long value = strtol(text, &after, 10);

    if (after == text || *after != '\0' || value < 0 || value > INT_MAX)
        return HL_EINVAL;
    *ret_fd = (int)value;
    return HL_OK;
}

static const char *const kinds[] = {"",          "device", "officer", "national",
                                    "custodian", "relay",  "witness"};

static const char usage[] =
    "usage: hotline-keys generate officer|device|national|custodian|relay|witness -o FILE --ns NS\n"
    "         [--state XAA --federation DIR | --entity HEX]   whose key: officer, device, "
    "national\n"
    "         [--raw SECRETFILE]                              device, relay: unlocked by a "
    "32-octet file instead\n"
    "         [--passphrase-file F | --passphrase-fd N]\n";

static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option list[] = {
        {"ns", required_argument, NULL, 'n'},
        {"state", required_argument, NULL, 's'},
        {"entity", required_argument, NULL, 'e'},
        {"federation", required_argument, NULL, 'f'},
        {"raw", required_argument, NULL, 'r'},
        {"passphrase-file", required_argument, NULL, 'p'},
        {"passphrase-fd", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option = 0;
    int err = HL_OK;

    options->passphrase_fd = -1;
    while (err == HL_OK && (option = getopt_long(argc, argv, "o:h", list, NULL)) != -1) {
        switch (option) {
        case 'o': options->output = optarg; break;
        case 'n': options->ns = optarg; break;
        case 's': options->state = optarg; break;
        case 'e': options->entity = optarg; break;
        case 'f': options->federation = optarg; break;
        case 'r': options->raw = optarg; break;
        case 'p': options->passphrase_file = optarg; break;
        case 'd': err = read_fd(optarg, &options->passphrase_fd); break;
        case 'h': (void)fputs(usage, stdout); exit(command_finish(EXIT_DONE));
        default: err = HL_EINVAL; break;
        }
    }
    for (size_t i = 1; optind < argc && i <= 6; i++) {
        if (strcmp(argv[optind], kinds[i]) == 0)
            options->kind = (enum key_kind)i;
    }
    if (err != HL_OK || !options->kind || optind + 1 != argc || !options->output || !options->ns) {
        (void)fputs(usage, stderr);
        return HL_EINVAL;
    }
    return HL_OK;
}

/* Whose key it is: by id, or by code looked up in the federation's directory, which also says whether this is a sandbox.
 * On failure the message is out. */
static int find_entity(const struct options *options, struct key_secrets *secrets)
{
    AUTO(trust) trust = NULL;
    char reason[160] = "";
    bool needs_entity = options->kind <= KEY_NATIONAL;

    if (options->federation) {
        int err = trust_load(suite_real(), options->federation, secrets->ns, NULL, &trust, reason);
        if (err != HL_OK)
            return command_fail(command_code(err),
                                "%s: %s; no key was made, check --federation "
                                "and --ns",
                                options->federation, reason[0] ? reason : err_text(err));
        secrets->is_sandbox = trust->is_sandbox;
    }
    if (!needs_entity)
        return EXIT_DONE;
    if (options->entity && !options->state)
        return hex_decode(options->entity, secrets->entity, ID_BYTES) == HL_OK
                   ? EXIT_DONE
                   : command_fail(EXIT_USAGE, "--entity must be 32 hex digits; no key was made");
    if (!options->state || options->entity || !trust)
        return command_fail(EXIT_USAGE, "whose key it is was not told; no key was made, give "
                                        "--state XAA --federation DIR, or --entity HEX");
    const struct entity *entity = trust_entity_by_code(trust, options->state);
    if (!entity)
        return command_fail(EXIT_NO,
                            "the State of --state is not in the directory of %s; no key "
                            "was made",
                            options->federation);
    memcpy(secrets->entity, entity->id, ID_BYTES);
    return EXIT_DONE;
}

static void draw(struct key_secrets *secrets)
{
    const struct rng *rng = rng_system();

    rng_fill(rng, secrets->seed, 32);
    rng_fill(rng, secrets->noise_sk, 32);
    rng_fill(rng, secrets->desk_wrap, 32);
    rng_fill(rng, secrets->hedge_key, 32);
    rng_fill(rng, secrets->log_seed, 32);
}

/* The secret file of a raw key: read when it is there, made when it is not. */
static int raw_secret(const char *path, struct blob **ret_secret, bool *ret_is_made)
{
    uint8_t octets[32];
    int err = keyfile_read(path, ret_secret);

    if (err != HL_ENOTFOUND)
        return err == HL_OK && (*ret_secret)->len != 32 ? HL_EFORMAT : err;
    rng_fill(rng_system(), octets, sizeof(octets));
    err = keyfile_write(path, BYTES_OF(octets), false);
    if (err == HL_OK) {
        *ret_is_made = true;
        err = blob_copy(BYTES_OF(octets), ret_secret);
    }
    secret_erase(octets, sizeof(octets));
    return err;
}

static int write_key(const struct options *options, const struct key_secrets *secrets,
                     const struct key_lock *lock)
{
    uint8_t salt[16];
    uint8_t nonce[24];
    AUTO(blob) file = NULL;

    rng_fill(rng_system(), salt, sizeof(salt));
    rng_fill(rng_system(), nonce, sizeof(nonce));
    TRY(keyfile_encode(secrets, lock, salt, nonce, &file));
    return keyfile_write(options->output, bytes_blob(file), false);
}

static int fail_writing(const struct options *options, int err)
{
    return command_fail(err == HL_EIO ? EXIT_CREATE : command_code(err), "%s: %s; no key was made",
                        options->output, err_text(err));
}

/* On failure the message is out. */
static int lock_raw(const struct options *options, const struct key_secrets *secrets)
{
    AUTO(blob) raw = NULL;
    bool is_made = false;
    int err = raw_secret(options->raw, &raw, &is_made);

    if (err != HL_OK && is_made)
        (void)unlink(options->raw); /* it unlocks nothing */
    if (err != HL_OK)
        return command_fail(command_code(err),
                            "%s: %s; no key was made, the secret is 32 octets "
                            "in a file of mode 0600",
                            options->raw, err_text(err));
    const struct key_lock lock = {.kdf = KDF_RAW, .secret = bytes_blob(raw)};
    err = write_key(options, secrets, &lock);
    if (err != HL_OK && is_made)
        (void)unlink(options->raw);
    return err == HL_OK ? EXIT_DONE : fail_writing(options, err);
}

static int lock_passphrase(const struct options *options, const struct key_secrets *secrets)
{
    char *passphrase = NULL;

    int code =
        command_passphrase(options->passphrase_file, options->passphrase_fd, true, &passphrase);
    if (code != EXIT_DONE)
        return code;
    bool is_custodian = options->kind == KEY_CUSTODIAN;
    const struct key_lock lock = {.kdf = KDF_PASSPHRASE,
                                  .secret = bytes_text(passphrase),
                                  .opslimit = is_custodian ? SENSITIVE_OPS : MODERATE_OPS,
                                  .memlimit = is_custodian ? SENSITIVE_MEM : MODERATE_MEM};
    int err = write_key(options, secrets, &lock);
    secret_free(passphrase);
    return err == HL_OK ? EXIT_DONE : fail_writing(options, err);
}

static int report(const struct options *options, const struct key_secrets *secrets)
{
    uint8_t pk[32];
    uint8_t sk[SIGN_SK_BYTES];
    uint8_t id[ID_BYTES];
    char hex[2 * ID_BYTES + 1];

    suite_real()->sign_keypair(secrets->seed, pk, sk);
    secret_erase(sk, sizeof(sk));
    key_id_of(pk, id);
    hex_encode(BYTES_OF(id), hex);
    AUTO_BUF path;
    buf_init(&path, (size_t)8 * PATH_MAX);
    text_add_visible(&path, bytes_text(options->output), false);
    buf_add_u8(&path, '\0');
    (void)printf("%s%s key %s written to %s\n", secrets->is_sandbox ? "SANDBOX " : "",
                 kinds[options->kind], hex,
                 path.err == HL_OK ? (const char *)path.data : "its file");
    return EXIT_DONE;
}

int cmd_generate(int argc, char **argv)
{
    struct options options = {0};
    AUTO(key_secrets) secrets = NULL;

    if (read_options(argc, argv, &options) != HL_OK)
        return EXIT_USAGE;
    if (options.raw && options.kind != KEY_DEVICE && options.kind != KEY_RELAY)
        return command_fail(EXIT_USAGE, "--raw is for device and relay keys only; no key was made");
    if (access(options.output, F_OK) == 0)
        return command_fail(EXIT_CREATE, "%s exists; no key was made, choose another file",
                            options.output);
    if (key_secrets_new(&secrets) != HL_OK)
        return command_fail(EXIT_INTERNAL, "no secret memory; no key was made");
    secrets->kind = options.kind;
    if (hex_decode(options.ns, secrets->ns, NS_BYTES) != HL_OK)
        return command_fail(EXIT_USAGE, "--ns must be 64 hex digits; no key was made");
    int code = find_entity(&options, secrets);
    if (code != EXIT_DONE)
        return code;
    draw(secrets);
    code = options.raw ? lock_raw(&options, secrets) : lock_passphrase(&options, secrets);
    return code == EXIT_DONE ? report(&options, secrets) : code;
}
