/* test_loop_uv — a loop whose table of watched files never has to grow. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/loop_uv.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"

#define FILES 200

static struct rlimit before;

/* Fewer files, for a test; back to what they were with `before`. */
static void set_files(rlim_t count)
{
    struct rlimit few = before;

    few.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static int keep_files(void **state)
{
    uv_loop_t first; /* opens what libuv keeps for the life of the program */

    (void)state;
    assert_int_equal(uv_loop_init(&first), 0);
    assert_int_equal(uv_loop_close(&first), 0);
    return getrlimit(RLIMIT_NOFILE, &before);
}

static int restore_files(void **state)
{
    (void)state;
    return setrlimit(RLIMIT_NOFILE, &before);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

/* A socket under exactly that number. */
static int socket_at(int number)
{
    int low = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), high;

    assert_true(low >= 0);
    high = dup2(low, number);
    assert_int_equal(high, number);
    assert_int_equal(close(low), 0);
    return high;
}

/* libuv ends the program where the table cannot grow: without the room this test does not come back. */
static void file_as_high_as_there_can_be_is_watched_without_memory(void **state)
{
    uv_loop_t loop;
    uv_poll_t poll;
    int fd, code;

    (void)state;
    nth_alloc_require();
    assert_int_equal(loop_uv_init(&loop, FILES), HL_OK);
    fd = socket_at(FILES - 1);
    assert_int_equal(uv_poll_init(&loop, &poll, fd), 0);
    nth_alloc_arm_all(1);
    code = uv_poll_start(&poll, UV_READABLE, on_poll);
    (void)nth_alloc_disarm();
    assert_int_equal(code, 0);
    uv_close((uv_handle_t *)&poll, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(close(fd), 0);
}

static void room_is_made_where_the_highest_numbers_are_taken(void **state)
{
    int taken[] = {socket_at(FILES - 1), socket_at(FILES - 2)};
    uv_loop_t loop;

    (void)state;
    set_files(FILES);
    assert_int_equal(loop_uv_init(&loop, 2 * FILES), HL_OK);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(close(taken[0]) | close(taken[1]), 0);
}

static void files_are_the_limit_of_the_process_or_the_maximum_asked_for(void **state)
{
    (void)state;
    set_files(FILES);
    assert_int_equal(loop_uv_files(FILES - 1), FILES - 1);
    assert_int_equal(loop_uv_files(FILES), FILES);
    assert_int_equal(loop_uv_files(FILES + 1), FILES);
}

/* The number that the next file gets. */
static int next_file(void)
{
    int fd = dup(STDERR_FILENO);

    assert_int_equal(close(fd), 0);
    return fd;
}

static void loop_leaves_no_file_open(void **state)
{
    int first = next_file();
    uv_loop_t loop;

    (void)state;
    assert_int_equal(loop_uv_init(&loop, FILES), HL_OK);
    assert_int_equal(fcntl(FILES - 1, F_GETFD), -1);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(next_file(), first);
}

/* There are as many as libuv opens itself; where those run out, libuv 1.44 keeps one of them open for good. */
static void loop_without_a_file_for_its_room_is_an_error_and_leaves_none(void **state)
{
    int first = next_file();
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    set_files((rlim_t)next_file());
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(loop_uv_init(&loop, FILES), HL_EIO);
    assert_int_equal(next_file(), first);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, keep_files, restore_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(file_as_high_as_there_can_be_is_watched_without_memory),
        CASE(room_is_made_where_the_highest_numbers_are_taken),
        CASE(files_are_the_limit_of_the_process_or_the_maximum_asked_for),
        CASE(loop_leaves_no_file_open),
        CASE(loop_without_a_file_for_its_room_is_an_error_and_leaves_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
