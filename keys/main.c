/* hotline-keys — the offline tool for keys and documents. A table of commands and a loop. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "base/settings.h"
#include "base/std_fds.h"
#include "base/text.h"
#include "keys/command.h"
#include "keys/passphrase.h"
#include "keys/secret.h"

#define MESSAGE_SIZE 4600 /* with room for a path */
#define VERSION      "0.1.0"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *sentence;
    bool has_secrets;
} commands[] = {
    {"generate", cmd_generate,
     "make an officer's, device's, national, custodian, relay or witness key file", true},
    {"show", cmd_show, "what a key file is, without unlocking it", false},
    {"fingerprint", cmd_fingerprint, "the digits that two officers read to each other", false},
    {"sandbox", cmd_sandbox, "a whole training federation on loopback, ready to run", true},
};

/* What it tells may hold a path, and a path anything: made visible, as a log line is. */
int command_fail(enum exit_code code, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list args;
    AUTO_BUF line;

    buf_init(&line, (size_t)8 * MESSAGE_SIZE);
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* a long one may be cut */
    va_end(args);
    buf_add_text(&line, "hotline-keys: ");
    text_add_visible(&line, bytes_text(message), false);
    buf_add_u8(&line, '\n');
    if (line.err == HL_OK)
        (void)fwrite(line.data, 1, line.len, stderr);
    else
        (void)fputs("hotline-keys: no memory\n", stderr);
    return (int)code;
}

int command_finish(int code)
{
    if (output_finish() == HL_OK || code == EXIT_IO)
        return code;
    int failed = command_fail(EXIT_IO, "standard output cannot be written; what was told is not "
                                       "whole, what was done stands");
    return code == EXIT_DONE ? failed : code;
}

enum exit_code command_code(int err)
{
    switch (err) {
    case HL_OK: return EXIT_DONE;
    case HL_EVERIFY: return EXIT_VERIFY;
    case HL_EFORMAT: return EXIT_DATA;
    case HL_ENOTFOUND: return EXIT_NO_INPUT;
    case HL_EPERM: return EXIT_PERMISSION;
    case HL_EIO: return EXIT_IO;
    case HL_EEXIST: return EXIT_CREATE;
    default: return EXIT_INTERNAL;
    }
}

int command_passphrase(const char *file, int fd, bool is_new, char **ret_passphrase)
{
    int err = passphrase_read(file, fd, is_new, ret_passphrase);

    if (err == HL_OK)
        return EXIT_DONE;
    if (err == HL_EPERM)
        return command_fail(EXIT_PERMISSION, "others may read the pass-phrase file; nothing was "
                                             "written, set its mode to 0600");
    return command_fail(EXIT_NO_INPUT,
                        "no pass-phrase (%s); nothing was written, name one with --passphrase-file",
                        err == HL_EINVAL ? "the two differ" : err_text(err));
}

static void print_help(FILE *to)
{
    (void)fputs("usage: hotline-keys COMMAND …\n\n", to);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        (void)fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].sentence);
    (void)fputs("\nhotline-keys COMMAND --help tells the options. The program opens no network "
                "connection.\n",
                to);
}

/* The word itself is not repeated: it may hold anything. */
static int fail_unknown(const char *word)
{
    const char *names[sizeof(commands) / sizeof(commands[0])];
    const size_t count = sizeof(commands) / sizeof(commands[0]);

    for (size_t i = 0; i < count; i++)
        names[i] = commands[i].name;
    const char *nearest = settings_nearest(word, names, count);
    return command_fail(
        EXIT_USAGE, "unknown command%s%s%s; nothing was done, `hotline-keys help` lists them",
        nearest ? ", did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
}

static int run(int argc, char **argv)
{
    if (secret_init() != HL_OK)
        return command_fail(
            EXIT_INTERNAL,
            "libsodium >= 1.0.22 cannot be used here; nothing was done, run tools/install-deps");
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
        (void)printf("hotline-keys %s; libsodium %s\n", VERSION, secret_library_version());
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (commands[i].has_secrets && secret_lock_warning())
            (void)command_fail(EXIT_DONE, "%s", secret_lock_warning());
        return commands[i].run(argc - 1, argv + 1);
    }
    return fail_unknown(argv[1]);
}

int main(int argc, char **argv)
{
    if (std_fds_reserve() != HL_OK)
        return EXIT_INTERNAL; /* there is nowhere to say it */
    return command_finish(run(argc, argv));
}
