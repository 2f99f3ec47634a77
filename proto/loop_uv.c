/* loop_uv — a libuv loop whose table of watched files never has to grow. */
#include "proto/loop_uv.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

size_t loop_uv_files(size_t max)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= max)
        return max;
    return (size_t)files.rlim_cur;
}

/* A socket under the highest number that is free below `files`. -1: none. */
static int open_high(size_t files)
{
    int low = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int high = -1;

    if (low < 0)
        return -1;
    for (int number = (int)files - 1; high < 0 && number > low; number--)
        high = fcntl(low, F_DUPFD_CLOEXEC, number);
    if (high < 0)
        return low;
    (void)close(low);
    return high;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

/* Watch it once, and let it go: the table stays as large as that needed. */
static int watch_once(uv_loop_t *loop, int fd)
{
    uv_poll_t poll;

    if (uv_poll_init(loop, &poll, fd) != 0)
        return HL_EIO;

    int code = uv_poll_start(&poll, UV_READABLE, on_poll);

    uv_close((uv_handle_t *)&poll, NULL);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    return code == 0 ? HL_OK : HL_EIO;
}

int loop_uv_init(uv_loop_t *loop, size_t files_max)
{
    int code = uv_loop_init(loop);
    int fd;
    int err;

    if (code != 0)
        return code == UV_ENOMEM ? HL_ENOMEM : HL_EIO;
    fd = open_high(loop_uv_files(files_max));
    err = fd < 0 ? HL_EIO : watch_once(loop, fd);
    if (fd >= 0)
        (void)close(fd);
    if (err != HL_OK)
        (void)uv_loop_close(loop);
    return err;
}
