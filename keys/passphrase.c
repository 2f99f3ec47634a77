/* passphrase — typed without echo on the terminal, or from a file or descriptor. */
#include "keys/passphrase.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "keys/secret.h"

/* A terminal that is asked: how it is while it must not echo, what is asked, and which signals may come during the wait. */
struct prompt {
    int fd;
    const char *words;
    struct termios silent;
    sigset_t mask;
};

/* What was typed before is dropped: it may have been shown. */
static void show_prompt(const struct prompt *prompt)
{
    (void)tcsetattr(prompt->fd, TCSAFLUSH, &prompt->silent); /* if it fails its typist sees it */
    (void)!write(prompt->fd, prompt->words, strlen(prompt->words));
}

/* The signal that came while the terminal did not echo; it is raised again once the terminal is as before. */
static volatile sig_atomic_t caught;
/* Set when the program was stopped and goes on: a shell has switched the echo on in between. */
static volatile sig_atomic_t is_continued;

static void on_signal(int number)
{
    caught = number;
}

static void on_continue(int number)
{
    (void)number;
    is_continued = 1;
}

/* A signal ends the wait however early it came: signals are blocked but here. */
static bool wait_typed(const struct prompt *prompt)
{
    struct pollfd readable = {.fd = prompt->fd, .events = POLLIN};

    while (ppoll(&readable, 1, NULL, &prompt->mask) < 0) {
        if (caught != 0 || !is_continued)
            return false;
        is_continued = 0;
        show_prompt(prompt);
    }
    return true;
}

/* The next octet; 0 at the end. */
static ssize_t read_octet(int fd, const struct prompt *prompt, char *ret_octet)
{
    if (prompt && !wait_typed(prompt))
        return -1;
    return read(fd, ret_octet, 1);
}

/* One line, without its newline, octet by octet so that nothing stays in a stdio buffer. */
static int read_line(int fd, const struct prompt *prompt, char *to, size_t size)
{
    size_t len = 0;
    char c = 0;
    ssize_t got = 0;

    while ((got = read_octet(fd, prompt, &c)) == 1 && c != '\n') {
        if (len + 1 == size)
            return HL_ETOOBIG;
        to[len++] = c;
    }
    to[len] = '\0';
    return got < 0 ? HL_EIO : len > 0 ? HL_OK : HL_EFORMAT;
}

/* Signals that end the program, that which lets it go on, and the stop key, which does nothing at a prompt: a shell would switch
 * the echo on. */
static const struct {
    int number;
    void (*handler)(int);
} signals[] = {{SIGINT, on_signal},  {SIGTERM, on_signal},   {SIGHUP, on_signal},
               {SIGQUIT, on_signal}, {SIGCONT, on_continue}, {SIGTSTP, SIG_IGN}};
#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

/* How signals were treated before the prompt. */
struct manners {
    sigset_t mask;
    struct sigaction handlers[SIGNAL_COUNT];
};

/* Blocked, so that one which comes between two calls is not lost; caught, so that it does not end us in the wait. */
static void catch_signals(struct manners *ret_before)
{
    sigset_t blocked;

    caught = 0;
    is_continued = 0;
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaddset(&blocked, signals[i].number); /* none of these can fail for these numbers */
    (void)sigprocmask(SIG_BLOCK, &blocked, &ret_before->mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        struct sigaction ours = {.sa_handler = signals[i].handler};

        (void)sigemptyset(&ours.sa_mask);
        (void)sigaction(signals[i].number, &ours, &ret_before->handlers[i]);
    }
}

static void release_signals(const struct manners *before)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i].number, &before->handlers[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
    if (caught != 0)
        (void)raise(caught);
}

static int ask_silently(int fd, const char *words, char *to)
{
    struct prompt prompt = {.fd = fd, .words = words};
    struct termios before;
    struct manners manners;

    if (tcgetattr(fd, &before) != 0)
        return HL_ENOTFOUND;
    prompt.silent = before;
    prompt.silent.c_lflag &= ~(tcflag_t)ECHO;
    catch_signals(&manners);
    prompt.mask = manners.mask;
    show_prompt(&prompt);
    int err = read_line(fd, &prompt, to, PASSPHRASE_MAX);
    (void)!write(fd, "\n", 1);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    release_signals(&manners);
    return err;
}

static int ask(const char *words, char *to)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return HL_ENOTFOUND;
    int err = ask_silently(fd, words, to);
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

/* As a key file: nobody else may read it. What is no ordinary file is handed over, not kept. */
static int check_mode(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return HL_EIO;
    return S_ISREG(info.st_mode) && info.st_mode & (S_IRWXG | S_IRWXO) ? HL_EPERM : HL_OK;
}

static int read_from(const char *file, int fd, bool is_new, char *to)
{
    if (!file && fd < 0)
        return is_new ? ask_twice(to) : ask("Pass-phrase: ", to);
    int from = file ? open(file, O_RDONLY | O_CLOEXEC) : fd;
    if (from < 0)
        return HL_ENOTFOUND;
    int err = file ? check_mode(from) : HL_OK;
    if (err == HL_OK)
        err = read_line(from, NULL, to, PASSPHRASE_MAX);
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
