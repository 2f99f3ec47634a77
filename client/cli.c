/* cli — shared parts of the commands: messages, exit codes, opening the desk. */
#include "client/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"
#include "base/text.h"
#include "client/json.h"
#include "client/query.h"
#include "keys/passphrase.h"
#include "keys/secret.h"

#define MESSAGE_SIZE 1200

static bool write_buf(FILE *to, const struct buf *text)
{
    bool is_written = fwrite(text->data, 1, text->len, to) == text->len;

    return fflush(to) == 0 && is_written;
}

static void print_error_object(const char *code, enum exit_code exit, const char *message)
{
    AUTO_BUF text;
    struct json json;

    buf_init(&text, (size_t)8 * MESSAGE_SIZE);
    json_begin(&json, &text);
    json_text(&json, "type", "error");
    json_text(&json, "code", code);
    json_number(&json, "exit", exit);
    json_text(&json, "message", message);
    const char *hint = strstr(message, "; ");
    json_text(&json, "hint", hint ? hint + 2 : NULL);
    json_end(&json);
    if (text.err == HL_OK)
        (void)write_buf(stdout, &text); /* stderr has it too */
    else
        (void)fputs("{\"v\":1,\"type\":\"error\",\"code\":\"memory\",\"exit\":70,\"message\":\"no "
                    "memory\",\"hint\":null}\n",
                    stdout);
}

static int fail(struct cli *cli, enum exit_code exit, const char *code, const char *message)
{
    AUTO_BUF line;

    buf_init(&line, (size_t)8 * MESSAGE_SIZE);
    buf_add_text(&line, "hotline: ");
    text_add_visible(&line, bytes_text(message), false);
    buf_add_u8(&line, '\n');
    if (line.err == HL_OK)
        (void)write_buf(stderr, &line); /* there is nowhere else to say it */
    else
        (void)fputs("hotline: no memory\n", stderr);
    if (cli->as_json)
        print_error_object(code, exit, message);
    cli->error_is_out = true;
    return (int)exit;
}

int cli_fail(struct cli *cli, enum exit_code exit, const char *code, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* a long one may be cut */
    va_end(args);
    return fail(cli, exit, code, message);
}

/* Exit code and word for scripts of each error. */
static const struct {
    int err;
    enum exit_code exit;
    const char *code;
} exits[] = {
    {HL_EINVAL, EXIT_USAGE, "not_allowed"},
    {HL_ENOMEM, EXIT_INTERNAL, "memory"},
    {HL_ESTATE, EXIT_PERMISSION, "state"},
    {HL_EFORMAT, EXIT_DATA, "bad_data"},
    {HL_EVERIFY, EXIT_VERIFY, "verification"},
    {HL_ENOTFOUND, EXIT_NO, "not_found"},
    {HL_EEXIST, EXIT_CREATE, "exists"},
    {HL_EIO, EXIT_IO, "io"},
    {HL_EBUSY, EXIT_BUSY, "busy"},
    {HL_ENOSPACE, EXIT_IO, "no_space"},
    {HL_EPERM, EXIT_PERMISSION, "permission"},
    {HL_ETOOBIG, EXIT_DATA, "too_big"},
    {HL_EREVOKED, EXIT_REVOKED, "revoked"},
    {HL_EEXPIRED, EXIT_DEADLINE, "expired"},
    {HL_ECONFIG, EXIT_CONFIG, "configuration"},
    {HL_EAMBIGUOUS, EXIT_USAGE, "ambiguous"},
    {HL_EUNREADABLE, EXIT_VERIFY, "unreadable"},
};

int cli_fail_err(struct cli *cli, int err, const char *what)
{
    /* What the desk said last is not about memory. */
    const char *why = cli->desk && err != HL_ENOMEM ? desk_why(cli->desk) : "";

    if (err == HL_ENOSPACE)
        why = "no disk space left; nothing was stored, make room and repeat";

    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
        if (exits[i].err == err)
            return cli_fail(cli, exits[i].exit, exits[i].code, "%s: %s", what,
                            why[0] ? why : err_text(err));
    }
    return cli_fail(cli, EXIT_INTERNAL, "internal", "%s: %s", what, err_text(err));
}

void cli_note(const struct cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->is_quiet)
        return;
    va_start(args, format);
    (void)fputs("hotline: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

static void print_mark(struct cli *cli)
{
    if (!cli->first_line_is_out && cli->trust && cli->trust->is_sandbox && !cli->as_json)
        (void)fputs("SANDBOX ", stdout);
    cli->first_line_is_out = true;
}

void cli_print(struct cli *cli, const char *format, ...)
{
    va_list args;

    print_mark(cli);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
}

int cli_print_buf(struct cli *cli, const struct buf *text)
{
    if (text->err != HL_OK)
        return cli_fail_err(cli, text->err, "output");
    print_mark(cli);
    if (write_buf(stdout, text))
        return EXIT_DONE;
    return cli_fail(cli, EXIT_IO, "output", "standard output cannot be written; it is not whole");
}

int cli_finish(struct cli *cli, int code)
{
    if (code == EXIT_USAGE && cli->as_json && !cli->error_is_out)
        print_error_object("usage", EXIT_USAGE,
                           "wrong use of the command; nothing was done, `hotline help` and "
                           "`hotline help COMMAND` tell the options");
    if (output_finish() == HL_OK || code == EXIT_IO)
        return code;
    (void)fputs("hotline: standard output cannot be written; what was told is not whole, what was "
                "done stands\n",
                stderr);
    return code == EXIT_DONE ? EXIT_IO : code;
}

/* Another State's roster is left out alone; without its own a terminal knows neither itself nor its officers. */
static int check_own_roster(struct cli *cli)
{
    char code[4];
    const char *why = NULL;

    (void)snprintf(code, sizeof(code), "%.3s", cli->profile->desk);
    const struct entity *own = trust_entity_by_code(cli->trust, code);
    if (!own || own->roster || cli->trust->left_out_count == 0)
        return EXIT_DONE;
    for (size_t i = 0; trust_note(cli->trust, i) && !why; i++) {
        if (strstr(trust_note(cli->trust, i), code))
            why = trust_note(cli->trust, i);
    }
    return cli_fail(cli, EXIT_VERIFY, "documents",
                    "%s: no roster of %s, this desk's own State, is admitted (%s); nothing was "
                    "done, fetch its documents anew",
                    cli->profile->federation, code, why ? why : "documents were left out");
}

static int fail_profile(struct cli *cli, int err, const char *message)
{
    if (err == HL_ENOMEM)
        return cli_fail_err(cli, err, "configuration");
    return cli_fail(cli, err == HL_EPERM ? EXIT_PERMISSION : EXIT_CONFIG,
                    err == HL_EPERM ? "file_mode" : "configuration", "%s",
                    message[0] ? message : err_text(err));
}

int cli_open_profile(struct cli *cli)
{
    char path[1024];
    char message[SETTINGS_MESSAGE_SIZE] = "";

    if (!cli->config && !profile_default_path(path, sizeof(path)))
        return cli_fail(cli, EXIT_CONFIG, "configuration",
                        "no configuration file; nothing was done, name one with -c");
    int err = profile_load(cli->config ? cli->config : path, &cli->profile, message);
    if (err != HL_OK)
        return fail_profile(cli, err, message);
    char reason[160] = "";
    err = trust_load(suite_real(), cli->profile->federation, cli->profile->ns, cli->profile->root,
                     &cli->trust, reason);
    if (err == HL_ENOMEM)
        return cli_fail_err(cli, err, cli->profile->federation);
    if (err != HL_OK)
        return cli_fail(cli, err == HL_EVERIFY ? EXIT_VERIFY : EXIT_CONFIG, "documents",
                        "%s: %s; nothing was done, check `federation`, `ns` and `root` in %s",
                        cli->profile->federation, reason[0] ? reason : err_text(err),
                        cli->profile->path);
    for (size_t i = 0; trust_note(cli->trust, i); i++)
        cli_note(cli, "ALARM: %s", trust_note(cli->trust, i));
    return check_own_roster(cli);
}

static int fail_device(struct cli *cli, int err)
{
    const char *path = cli->profile->device_key;

    if (err == HL_EINVAL)
        return cli_fail(cli, EXIT_VERIFY, "key_file",
                        "%s: is not locked in the way that `device_unlock` says; nothing was done, "
                        "`hotline-keys show` tells how",
                        path);
    if (err == HL_EVERIFY || err == HL_EFORMAT)
        return cli_fail(cli, EXIT_VERIFY, "key_file",
                        "%s: wrong secret, damaged, or of another namespace; nothing was done, "
                        "check device_key and device_secret",
                        path);
    if (err == HL_EPERM)
        return cli_fail(cli, EXIT_PERMISSION, "file_mode",
                        "%s or its secret: others may read it, or it is of another desk; nothing "
                        "was done, set mode 0600",
                        path);
    if (err == HL_ENOTFOUND)
        return cli_fail(cli, EXIT_NO_INPUT, "key_file",
                        "%s: no such key, or its device is in no roster; nothing was done", path);
    return cli_fail_err(cli, err, path);
}

/* A pass-phrase from `file`, else typed. Returns an exit code, the message is out. */
static int ask_passphrase(struct cli *cli, const char *file, const char *whose,
                          char **ret_passphrase)
{
    if (!file && cli->no_input)
        return cli_fail(
            cli, EXIT_NO_INPUT, "no_input",
            "%s's pass-phrase is needed and --no-input forbids to ask; nothing was done", whose);
    int err = passphrase_read(file, -1, false, ret_passphrase);
    if (err == HL_OK)
        return EXIT_DONE;
    if (err == HL_ENOMEM)
        return cli_fail_err(cli, err, "pass-phrase");
    if (err == HL_EPERM)
        return cli_fail(
            cli, EXIT_PERMISSION, "file_mode",
            "%s: others may read the pass-phrase in it; nothing was done, set mode 0600",
            file ? file : "pass-phrase");
    return cli_fail(
        cli, EXIT_NO_INPUT, "no_input", "no pass-phrase of %s (%s); nothing was done", whose,
        err == HL_ENOTFOUND && !file ? "there is no terminal to type it at" : err_text(err));
}

/* The device's key: unlocked by a 0600 file, a service credential, or a pass-phrase. */
static int open_identity(struct cli *cli, const struct desk_id *desk)
{
    AUTO(blob) secret = NULL;
    const char *warning = secret_lock_warning();
    char credential[1024];
    char *passphrase = NULL;
    struct identity_files files = {.device_key = cli->profile->device_key,
                                   .prekeys = cli->profile->prekeys};
    const char *path = cli->profile->device_secret;
    int err = HL_OK;

    if (warning)
        cli_note(cli, "%s", warning);
    if (cli->profile->unlock == UNLOCK_CREDENTIAL) {
        const char *folder = getenv("CREDENTIALS_DIRECTORY");
        (void)snprintf(credential, sizeof(credential), "%s/hotline-device", folder ? folder : ".");
        path = credential;
    }
    if (cli->profile->unlock == UNLOCK_PROMPT) {
        int code = ask_passphrase(cli, NULL, "the device", &passphrase);
        if (code != EXIT_DONE)
            return code;
        files.device_lock =
            (struct key_lock){.kdf = KDF_PASSPHRASE, .secret = bytes_text(passphrase)};
    } else {
        err = keyfile_read(path, &secret);
        if (err == HL_OK)
            files.device_lock = (struct key_lock){.kdf = KDF_RAW, .secret = bytes_blob(secret)};
    }
    if (err == HL_OK)
        err = identity_load(suite_real(), rng_system(), cli->trust, desk, &files, &cli->identity);
    secret_free(passphrase);
    if (err != HL_OK)
        return fail_device(cli, err);
    cli->identity->is_headless = cli->profile->officer_key == NULL;
    return EXIT_DONE;
}

static int check_relays(struct cli *cli)
{
    for (size_t i = 0; i < cli->profile->relay_count; i++) {
        if (!trust_relay_by_name(cli->trust, cli->profile->relays[i].name))
            return cli_fail(cli, EXIT_CONFIG, "configuration",
                            "%s:%u: `relay` names a relay that is not in the directory; nothing "
                            "was done, correct the line",
                            cli->profile->path, cli->profile->relays[i].line);
    }
    return EXIT_DONE;
}

int cli_open(struct cli *cli)
{
    struct desk_id desk;
    const char *relays[LIMIT_RELAYS];

    int code = cli_open_profile(cli);
    if (code != EXIT_DONE)
        return code;
    if (desk_parse(cli->trust, cli->profile->desk, &desk) != HL_OK)
        return cli_fail(cli, EXIT_CONFIG, "configuration",
                        "%s: `desk`: %s is not in the directory; nothing was done",
                        cli->profile->path, cli->profile->desk);
    code = check_relays(cli);
    if (code == EXIT_DONE)
        code = open_identity(cli, &desk);
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; i < cli->profile->relay_count; i++)
        relays[i] = cli->profile->relays[i].name;
    const struct desk_options options = {.path = cli->profile->database,
                                         .identity = cli->identity,
                                         .clock = clock_system(),
                                         .relays = cli->profile->relay_count > 0 ? relays : NULL,
                                         .relay_count = cli->profile->relay_count};
    int err = desk_open(&options, &cli->desk);
    if (err == HL_EPERM)
        return cli_fail(cli, EXIT_PERMISSION, "file_mode",
                        "%s: others may read or write it, or it is another terminal's; nothing was "
                        "done, set mode 0600, or check `database`",
                        cli->profile->database);
    return err == HL_OK ? EXIT_DONE : cli_fail_err(cli, err, cli->profile->database);
}

int cli_unlock(struct cli *cli, uint32_t role_bit)
{
    const char *file = getenv("HOTLINE_PASSPHRASE_FILE");
    char *passphrase = NULL;

    if (!cli->profile->officer_key)
        return cli_fail(
            cli, EXIT_PERMISSION, "headless",
            "this desk profile holds no officer key; nothing was done, use an officer's profile");
    if (file && !cli->trust->is_sandbox)
        return cli_fail(
            cli, EXIT_PERMISSION, "passphrase_file",
            "HOTLINE_PASSPHRASE_FILE serves training federations only; nothing was done, unset it");
    int code = ask_passphrase(cli, file, "the officer", &passphrase);
    if (code != EXIT_DONE)
        return code;
    const struct key_lock lock = {.kdf = KDF_PASSPHRASE, .secret = bytes_text(passphrase)};
    int err = identity_unlock_officer(cli->identity, cli->profile->officer_key, &lock);
    secret_free(passphrase);
    if (err == HL_EVERIFY || err == HL_EFORMAT)
        return cli_fail(cli, EXIT_VERIFY, "key_file",
                        "%s: wrong pass-phrase or damaged key file; nothing was done",
                        cli->profile->officer_key);
    if (err == HL_OK)
        err = identity_check_officer(cli->identity, role_bit);
    if (err == HL_EPERM)
        return cli_fail(cli, EXIT_PERMISSION, "role",
                        "%s: this officer has not the role for it at this desk, or others may read "
                        "the key file; nothing was done",
                        cli->profile->officer_key);
    return err == HL_OK ? EXIT_DONE : cli_fail_err(cli, err, cli->profile->officer_key);
}

void cli_close(struct cli *cli)
{
    desk_close(cli->desk);
    identity_free(cli->identity);
    trust_free(cli->trust);
    profile_free(cli->profile);
}

int cli_find(struct cli *cli, const char *id, uint8_t ret_hash[static HASH_BYTES])
{
    int err = query_find(cli->desk, id, ret_hash);

    if (err == HL_OK)
        return EXIT_DONE;
    if (err == HL_ENOTFOUND)
        return cli_fail(cli, EXIT_NO, "not_found",
                        "%s: no such notice at this desk; `hotline list` shows them", id);
    if (err == HL_EINVAL)
        return cli_fail(cli, EXIT_USAGE, "not_an_id",
                        "%s is not a notice id; expected L-7KQ2M0419Z or the beginning of one", id);
    if (err == HL_EAMBIGUOUS)
        return cli_fail(cli, EXIT_USAGE, "ambiguous",
                        "%s fits more than one notice (%s); nothing was done, type more of the id",
                        id, desk_why(cli->desk));
    return cli_fail_err(cli, err, id);
}

int cli_notice(struct cli *cli, const char *id, uint8_t ret_hash[static HASH_BYTES],
               struct notice_view **ret_view)
{
    int code = cli_find(cli, id, ret_hash);

    if (code != EXIT_DONE)
        return code;
    int err = query_notice(cli->desk, ret_hash, ret_view);
    return err == HL_OK ? EXIT_DONE : cli_fail_err(cli, err, id);
}

int cli_fail_form(struct cli *cli, const char *file, const struct form_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct form_fault *fault = &faults->items[i];

        const char *colon = fault->key[0] ? ": " : ""; /* a line need not have a key */

        if (fault->line > 0)
            (void)cli_fail(cli, EXIT_DATA, "form", "%s:%u: %s%s%s", file, fault->line, fault->key,
                           colon, fault->message);
        else
            (void)cli_fail(cli, EXIT_DATA, "form", "%s: %s%s%s", file, fault->key, colon,
                           fault->message);
    }
    return cli_fail(cli, EXIT_DATA, "form",
                    "%s: %zu fault%s; nothing was signed or sent, correct the form", file,
                    faults->count, faults->count == 1 ? "" : "s");
}

long cli_count(const char *text)
{
    long value = 0;
    size_t len = strlen(text);

    if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
        return 0;
    for (size_t i = 0; i < len; i++)
        value = 10 * value + (text[i] - '0');
    return value;
}
