/* hook — an officer's command that is told one line. */
#include "client/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_MS 5

/* In a group of its own, with the signals that we ignore as they are by default. */
static int spawn(const char *command, int input, pid_t *ret_child)
{
    char shell[] = "sh";
    char option[] = "-c";
    char *copy = strdup(command);
    char *argv[] = {shell, option, copy, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;

    if (!copy)
        return HL_ENOMEM;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGPIPE);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigdefault(&attributes, &signals);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    (void)posix_spawn_file_actions_init(&actions);

    int failed = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);

    failed =
        failed ? failed : posix_spawn(ret_child, "/bin/sh", &actions, &attributes, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    free(copy);
    return failed == 0 ? HL_OK : failed == ENOMEM ? HL_ENOMEM : HL_EIO;
}

static int wait_for(pid_t child, int64_t timeout_ms)
{
    const struct timespec moment = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t until_ms = clock_mono_ms(clock_system()) + timeout_ms;

    while (clock_mono_ms(clock_system()) < until_ms) {
        pid_t ended = waitpid(child, NULL, WNOHANG);

        if (ended == child || (ended < 0 && errno != EINTR))
            return HL_OK;
        (void)nanosleep(&moment, NULL);
    }
    (void)kill(-child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return HL_EEXPIRED;
}

int hook_run(const char *command, struct bytes line, int64_t timeout_ms)
{
    pid_t child = 0;
    int ends[2];

    if (line.len > HOOK_LINE_MAX)
        return HL_ETOOBIG;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return HL_EIO;

    int err = spawn(command, ends[0], &child);

    (void)!write(ends[1], line.data,
                 line.len); /* a command that does not read it is none of our business */
    (void)close(ends[0]);
    (void)close(ends[1]);
    return err == HL_OK ? wait_for(child, timeout_ms) : err;
}
