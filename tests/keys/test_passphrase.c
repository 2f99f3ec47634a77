#include "keys/passphrase.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "keys/secret.h"
#include "tests/support/cmocka_all.h"

#define WAIT_MS 5000

/* A child at a terminal of its own that asks for a pass-phrase; it ends with 0 when it is `expected`. */
static pid_t ask_at_terminal(const char *expected, bool is_new, int *ret_terminal)
{
    pid_t child = forkpty(ret_terminal, NULL, NULL, NULL);

    assert_true(child >= 0);
    if (child > 0)
        return child;
    char *passphrase = NULL;
    int err = passphrase_read(NULL, -1, is_new, &passphrase);
    _exit(err == HL_OK && strcmp(passphrase, expected) == 0 ? 0 : err == HL_OK ? 1 : 2);
}

/* Read what the terminal shows until `text` has come; it is kept in `seen`. */
static void wait_for(int terminal, const char *text, char *seen, size_t size)
{
    size_t len = strlen(seen);
    struct pollfd poll_fd = {.fd = terminal, .events = POLLIN};

    while (!strstr(seen, text)) {
        assert_int_equal(poll(&poll_fd, 1, WAIT_MS), 1);
        ssize_t got = read(terminal, seen + len, size - len - 1);
        assert_true(got > 0);
        len += (size_t)got;
        seen[len] = '\0';
    }
}

static void type(int terminal, const char *text)
{
    assert_int_equal(write(terminal, text, strlen(text)), strlen(text));
}

static void typed_phrase_is_taken_and_not_shown(void **unused)
{
    (void)unused;
    char seen[256] = "";
    int terminal = -1;
    int status = 0;
    pid_t child = ask_at_terminal("open sesame", false, &terminal);

    wait_for(terminal, "Pass-phrase: ", seen, sizeof(seen));
    type(terminal, "open sesame\n");
    wait_for(terminal, "\n", seen, sizeof(seen));
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_null(strstr(seen, "sesame"));
    (void)close(terminal);
}

static void two_new_phrases_that_differ_are_refused(void **unused)
{
    (void)unused;
    char seen[256] = "";
    int terminal = -1;
    int status = 0;
    pid_t child = ask_at_terminal("one", true, &terminal);

    wait_for(terminal, "New pass-phrase: ", seen, sizeof(seen));
    type(terminal, "one\n");
    wait_for(terminal, "Once more: ", seen, sizeof(seen));
    type(terminal, "two\n");
    wait_for(terminal, "more: \r\n", seen, sizeof(seen));
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_int_equal(WEXITSTATUS(status), 2);
    (void)close(terminal);
}

static void interrupted_prompt_ends_by_the_signal_and_leaves_the_echo_on(void **unused)
{
    (void)unused;
    char seen[256] = "";
    int terminal = -1;
    int status = 0;
    struct termios mode;
    pid_t child = ask_at_terminal("", false, &terminal);

    wait_for(terminal, "Pass-phrase: ", seen, sizeof(seen));
    assert_int_equal(tcgetattr(terminal, &mode), 0);
    assert_false(mode.c_lflag & ECHO);
    type(terminal, "half a phr\x03");
    wait_for(terminal, "\n", seen, sizeof(seen));
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    assert_int_equal(tcgetattr(terminal, &mode), 0);
    assert_true(mode.c_lflag & ECHO);
    (void)close(terminal);
}

/* In a child that leads its session: what a shell does about a job that asks, is stopped and called back. */
static void be_shell(const char *expected)
{
    int status = 0;
    struct termios mode;
    pid_t job = fork();

    (void)signal(SIGTTOU, SIG_IGN);
    (void)setpgid(job, job);
    (void)tcsetpgrp(STDIN_FILENO, job > 0 ? job : getpid());
    if (job == 0) {
        char *passphrase = NULL;
        (void)signal(SIGTTOU, SIG_DFL);
        int err = passphrase_read(NULL, -1, false, &passphrase);
        _exit(err == HL_OK && strcmp(passphrase, expected) == 0 ? 0 : 1);
    }
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        (void)tcgetattr(STDIN_FILENO, &mode);
        mode.c_lflag |= ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &mode);
        (void)kill(job, SIGCONT);
    }
    _exit(WEXITSTATUS(status));
}

static void stop_key_at_the_prompt_does_not_bring_the_echo_back(void **unused)
{
    (void)unused;
    char seen[256] = "";
    int terminal = -1;
    int status = 0;
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);

    assert_true(child >= 0);
    if (child == 0)
        be_shell("open sesame");
    wait_for(terminal, "Pass-phrase: ", seen, sizeof(seen));
    type(terminal, "\x1a");
    (void)poll(NULL, 0, 100); /* a shell takes a moment to switch the echo on */
    type(terminal, "open sesame\n");
    wait_for(terminal, "\n", seen, sizeof(seen));
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_null(strstr(seen, "sesame"));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(terminal);
}

static void prompt_that_was_stopped_asks_again_without_echo(void **unused)
{
    (void)unused;
    char seen[256] = "";
    int terminal = -1;
    int status = 0;
    struct termios mode;
    pid_t child = ask_at_terminal("open sesame", false, &terminal);

    wait_for(terminal, "Pass-phrase: ", seen, sizeof(seen));
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_int_equal(tcgetattr(terminal, &mode), 0);
    mode.c_lflag |= ECHO;
    assert_int_equal(tcsetattr(terminal, TCSANOW, &mode), 0);
    assert_int_equal(kill(child, SIGCONT), 0);
    wait_for(terminal, "Pass-phrase: Pass-phrase: ", seen, sizeof(seen));
    type(terminal, "open sesame\n");
    wait_for(terminal, "\n", seen, sizeof(seen));
    assert_int_equal(waitpid(child, &status, 0), child);

    assert_null(strstr(seen, "sesame"));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_phrase_is_taken_and_not_shown),
        cmocka_unit_test(two_new_phrases_that_differ_are_refused),
        cmocka_unit_test(interrupted_prompt_ends_by_the_signal_and_leaves_the_echo_on),
        cmocka_unit_test(stop_key_at_the_prompt_does_not_bring_the_echo_back),
        cmocka_unit_test(prompt_that_was_stopped_asks_again_without_echo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
