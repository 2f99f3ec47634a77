/* std_fds — descriptors 0, 1 and 2 taken before anything else can get them. */
#include "base/std_fds.h"

#include <errno.h>
#include <fcntl.h>

int std_fds_reserve(void)
{
    static const int contrary[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* All below are open: open() gives the lowest that is free, which is this one. Not O_CLOEXEC: a hook's program
         * needs its standard streams too. */
        if (errno != EBADF || open("/dev/null", contrary[fd]) != fd)
            return HL_EIO;
    }
    return HL_OK;
}
