/* hotline-keys — the offline tool for keys and documents. A table of commands and a loop. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "keys/command.h"
#include "keys/secret.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *sentence;
} commands[] = {
    {"generate", cmd_generate,
     "make an officer's, device's, national, custodian, relay or witness key file"},
    {"fingerprint", cmd_fingerprint, "the digits that two officers read to each other"},
    {"sandbox", cmd_sandbox, "a whole training federation on loopback, ready to run"},
};

int command_fail(enum exit_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("hotline-keys: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return (int)code;
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

/* One line, without its newline, octet by octet so that nothing stays in a stdio buffer. */
static int read_line(int fd, char *to, size_t size)
{
    size_t len = 0;
    char c = 0;
    ssize_t got = 0;

    while ((got = read(fd, &c, 1)) == 1 && c != '\n') {
        if (len + 1 == size)
            return HL_ETOOBIG;
        to[len++] = c;
    }
    to[len] = '\0';
    return got < 0 ? HL_EIO : len > 0 ? HL_OK : HL_EFORMAT;
}

static int ask(const char *prompt, char *to)
{
    struct termios before;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0)
            (void)close(fd);
        return HL_ENOTFOUND;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(fd, TCSAFLUSH, &silent); /* if it fails the phrase is seen by its typist only */
    (void)!write(fd, prompt, strlen(prompt));
    int err = read_line(fd, to, PASSPHRASE_MAX);
    (void)!write(fd, "\n", 1);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)close(fd);
    return err;
}

static int ask_twice(char *to)
{
    void *second = NULL;

    TRY(ask("New pass-phrase: ", to));
    TRY(secret_new(PASSPHRASE_MAX, &second));
    int err = ask("Once more: ", second);
    if (err == HL_OK && !secret_equal(to, second, PASSPHRASE_MAX))
        err = HL_EINVAL;
    secret_free(second);
    return err;
}

static int read_from(const char *file, int fd, bool is_new, char *to)
{
    if (!file && fd < 0)
        return is_new ? ask_twice(to) : ask("Pass-phrase: ", to);
    int from = file ? open(file, O_RDONLY | O_CLOEXEC) : fd;
    if (from < 0)
        return HL_ENOTFOUND;
    int err = read_line(from, to, PASSPHRASE_MAX);
    if (file)
        (void)close(from); /* only read */
    return err;
}

int command_passphrase(const char *file, int fd, bool is_new, char **ret_passphrase)
{
    void *memory = NULL;

    TRY(secret_new(PASSPHRASE_MAX, &memory));
    int err = read_from(file, fd, is_new, memory);
    if (err != HL_OK) {
        secret_free(memory);
        (void)command_fail(
            EXIT_NO_INPUT,
            "no pass-phrase (%s); nothing was written, name one with --passphrase-file",
            err == HL_EINVAL ? "the two differ" : err_text(err));
        return err;
    }
    *ret_passphrase = memory;
    return HL_OK;
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

int main(int argc, char **argv)
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
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return command_fail(
        EXIT_USAGE, "unknown command; nothing was done, `hotline-keys help` lists the commands");
}
