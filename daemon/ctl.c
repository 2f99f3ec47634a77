/* ctl — one command to a running relay over its control socket. */
#include "daemon/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 5

static int dial(const char *state_dir, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd;

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock", state_dir) >=
        (int)sizeof(address.sun_path))
        return HL_EINVAL;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return HL_EIO;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        *ret_fd = fd;
        return HL_OK;
    }
    (void)close(fd);
    if (errno == EACCES)
        return HL_EPERM;
    return HL_ENOTFOUND;
}

static int copy_answer(int fd)
{
    char part[4096];
    size_t total = 0;
    ssize_t got;

    while ((got = read(fd, part, sizeof(part))) > 0) {
        (void)fwrite(part, 1, (size_t)got, stdout);
        total += (size_t)got;
    }
    return got == 0 && total > 0 && fflush(stdout) == 0 ? HL_OK : HL_EIO;
}

int ctl_run(const char *state_dir, const char *command)
{
    char line[128];
    int fd = -1;
    int err = HL_EIO;
    size_t len = (size_t)snprintf(line, sizeof(line), "%s\n", command);

    if (len >= sizeof(line))
        return HL_EINVAL;
    TRY(dial(state_dir, &fd));
    if (write(fd, line, len) == (ssize_t)len)
        err = copy_answer(fd);
    (void)close(fd);
    return err;
}
