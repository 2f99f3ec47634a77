/* passphrase — typed without echo on the terminal, or from a file or descriptor. */
#include "keys/passphrase.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "keys/secret.h"

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

/* The signal that came while the terminal did not echo; it is raised again once the terminal is as before. */
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDING_COUNT (sizeof(ending) / sizeof(ending[0]))

/* Without SA_RESTART, so that the read ends. */
static void catch_signals(struct sigaction *ret_before)
{
    struct sigaction ours = {.sa_handler = on_signal};

    caught = 0;
    (void)sigemptyset(&ours.sa_mask);
    for (size_t i = 0; i < ENDING_COUNT; i++)
        (void)sigaction(ending[i], &ours, &ret_before[i]); /* cannot fail for these numbers */
}

static void release_signals(const struct sigaction *before)
{
    for (size_t i = 0; i < ENDING_COUNT; i++)
        (void)sigaction(ending[i], &before[i], NULL);
    if (caught != 0)
        (void)raise(caught);
}

static int ask_silently(int fd, const char *prompt, char *to)
{
    struct termios before;
    struct sigaction handlers[ENDING_COUNT];

    if (tcgetattr(fd, &before) != 0)
        return HL_ENOTFOUND;
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    catch_signals(handlers);
    (void)tcsetattr(fd, TCSAFLUSH, &silent); /* if it fails the phrase is seen by its typist only */
    (void)!write(fd, prompt, strlen(prompt));
    int err = read_line(fd, to, PASSPHRASE_MAX);
    (void)!write(fd, "\n", 1);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    release_signals(handlers);
    return err;
}

static int ask(const char *prompt, char *to)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return HL_ENOTFOUND;
    int err = ask_silently(fd, prompt, to);
    (void)close(fd); /* nothing is kept in it */
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

int passphrase_read(const char *file, int fd, bool is_new, char **ret_passphrase)
{
    void *memory = NULL;

    TRY(secret_new(PASSPHRASE_MAX, &memory));
    int err = read_from(file, fd, is_new, memory);
    if (err != HL_OK) {
        secret_free(memory);
        return err;
    }
    *ret_passphrase = memory;
    return HL_OK;
}
