/* passphrase — typed without echo on the terminal, or from a file or descriptor. */
#include "keys/passphrase.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "keys/secret.h"

/* The next octet; 0 at the end. With a mask, a signal ends the wait however early it came: signals are blocked but here. */
static ssize_t read_octet(int fd, const sigset_t *mask, char *ret_octet)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};

    if (mask && ppoll(&readable, 1, NULL, mask) < 0)
        return -1;
    return read(fd, ret_octet, 1);
}

/* One line, without its newline, octet by octet so that nothing stays in a stdio buffer. */
static int read_line(int fd, const sigset_t *mask, char *to, size_t size)
{
    size_t len = 0;
    char c = 0;
    ssize_t got = 0;

    while ((got = read_octet(fd, mask, &c)) == 1 && c != '\n') {
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

/* How signals were treated before the prompt. */
struct manners {
    sigset_t mask;
    struct sigaction handlers[ENDING_COUNT];
};

/* Blocked, so that one which comes between two calls is not lost; caught, so that it does not end us in the wait. */
static void catch_signals(struct manners *ret_before)
{
    struct sigaction ours = {.sa_handler = on_signal};
    sigset_t blocked;

    caught = 0;
    (void)sigemptyset(&ours.sa_mask);
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < ENDING_COUNT; i++)
        (void)sigaddset(&blocked, ending[i]); /* none of these can fail for these numbers */
    (void)sigprocmask(SIG_BLOCK, &blocked, &ret_before->mask);
    for (size_t i = 0; i < ENDING_COUNT; i++)
        (void)sigaction(ending[i], &ours, &ret_before->handlers[i]);
}

static void release_signals(const struct manners *before)
{
    for (size_t i = 0; i < ENDING_COUNT; i++)
        (void)sigaction(ending[i], &before->handlers[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
    if (caught != 0)
        (void)raise(caught);
}

static int ask_silently(int fd, const char *prompt, char *to)
{
    struct termios before;
    struct manners manners;

    if (tcgetattr(fd, &before) != 0)
        return HL_ENOTFOUND;
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    catch_signals(&manners);
    (void)tcsetattr(fd, TCSAFLUSH, &silent); /* if it fails the phrase is seen by its typist only */
    (void)!write(fd, prompt, strlen(prompt));
    int err = read_line(fd, &manners.mask, to, PASSPHRASE_MAX);
    (void)!write(fd, "\n", 1);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    release_signals(&manners);
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
    int err = read_line(from, NULL, to, PASSPHRASE_MAX);
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
