/* test_metrics_uv — the control socket: one line, one answer, and for nobody but the relay's own user and root. */
#include "daemon/metrics_uv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/ctl.h"
#include "proto/loop_uv.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"

#define NOBODY 65534
#define TURNS  400 /* of the loop, 5 ms each at most */

/* What a child that dialled came back with. */
enum { GOT_ANSWER = 0, GOT_NOTHING = 1, NOT_ALLOWED = 2, GOT_TROUBLE = 3 };

static char folder[64], path[100];
static uv_loop_t loop;
static uv_timer_t timer;
static struct metrics_uv *control;
static unsigned lines_seen;

static void on_line(void *context, const char *line, struct buf *answer)
{
    (void)context;
    lines_seen++;
    buf_add_format(answer, "you said %s\n", line);
}

static void on_closed(void *context)
{
    (void)context;
    control = NULL;
}

static const struct metrics_uv_calls calls = {.on_line = on_line, .on_closed = on_closed};

static void on_turn(uv_timer_t *handle)
{
    (void)handle;
}

static int setup(void **state)
{
    char address[140];

    (void)state;
    lines_seen = 0;
    (void)snprintf(folder, sizeof(folder), "/tmp/hotline-control-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/control.sock", folder);
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    assert_int_equal(loop_uv_init(&loop, 1024), HL_OK);
    assert_int_equal(uv_timer_init(&loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, on_turn, 5, 5), 0);
    return metrics_uv_start(&loop, address, true, &calls, NULL, &control);
}

static int teardown(void **state)
{
    (void)state;
    metrics_uv_close(control);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_null(control);
    assert_int_equal(uv_loop_close(&loop), 0);
    (void)unlink(path);
    return rmdir(folder);
}

/* --- a child that dials ------------------------------------------------------------------------------------------------ */

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char answer[256];
    ssize_t got;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0)
        return GOT_TROUBLE;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return errno == EACCES ? NOT_ALLOWED : GOT_TROUBLE;
    if (send(fd, "status\n", 7, MSG_NOSIGNAL) != 7)
        return GOT_NOTHING; /* closed already */
    got = read(fd, answer, sizeof(answer));
    return got > 0 ? GOT_ANSWER : GOT_NOTHING;
}

/* A child's result while the loop turns here. */
static int dial_as(uid_t user)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0)
        _exit(user != geteuid() && setuid(user) != 0 ? GOT_TROUBLE : dial());
    for (int turn = 0; turn < TURNS; turn++) {
        (void)uv_run(&loop, UV_RUN_ONCE);
        if (waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : GOT_TROUBLE;
    }
    fail_msg("the child waits for an answer that does not come");
    return GOT_TROUBLE;
}

static void own_user_is_answered(void **state)
{
    struct stat info;

    (void)state;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(dial_as(geteuid()), GOT_ANSWER);
    assert_int_equal(lines_seen, 1);
}

static void another_user_is_refused_even_where_the_files_would_let_him(void **state)
{
    if (geteuid() != 0) {
        printf("SKIPPED control socket, another user: only root can become one\n");
        skip();
    }
    assert_int_equal(setup(state), 0);
    assert_int_equal(dial_as(NOBODY), NOT_ALLOWED); /* by the folder */
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(dial_as(NOBODY), NOT_ALLOWED); /* by the socket's mode */
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(dial_as(NOBODY), GOT_NOTHING); /* by SO_PEERCRED */
    assert_int_equal(lines_seen, 0);
    assert_int_equal(dial_as(0), GOT_ANSWER);
    assert_int_equal(teardown(state), 0);
}

static void caller_without_memory_does_not_make_the_socket_deaf(void **state)
{
    bool has_failed = true;

    nth_alloc_require();
    assert_int_equal(setup(state), 0);
    for (unsigned long n = 1; has_failed; n++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(write(fd, "status\n", 7), 7);
        nth_alloc_arm(n);
        for (int turn = 0; turn < 4; turn++)
            (void)uv_run(&loop, UV_RUN_NOWAIT);
        has_failed = nth_alloc_disarm();
        (void)close(fd);
        assert_int_equal(dial_as(geteuid()), GOT_ANSWER);
    }
    assert_int_equal(teardown(state), 0);
}

/* libuv would cut the path, and listen where nobody looks. */
static void path_that_is_too_long_is_refused(void **state)
{
    struct metrics_uv *metrics = NULL;
    char address[256];

    (void)state;
    (void)snprintf(address, sizeof(address), "unix:%s/%0120d", folder, 7);
    assert_int_equal(metrics_uv_start(&loop, address, true, &calls, NULL, &metrics), HL_EIO);
    assert_null(metrics);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void ctl_tells_a_relay_that_does_not_run_from_one_that_may_not_be_asked(void **state)
{
    (void)state;
    assert_int_equal(ctl_run("/tmp/hotline-no-such-folder", "status"), HL_ENOTFOUND);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(own_user_is_answered),
        cmocka_unit_test(another_user_is_refused_even_where_the_files_would_let_him),
        cmocka_unit_test(caller_without_memory_does_not_make_the_socket_deaf),
        TEST(path_that_is_too_long_is_refused),
        cmocka_unit_test(ctl_tells_a_relay_that_does_not_run_from_one_that_may_not_be_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
