/* Tests of base/std_fds: each child closes some standard descriptors, and tells by its exit what it found. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/std_fds.h"

/* In a child: close those of the set, reserve, look. Exit 0: as it must be. */
static void look(unsigned closed)
{
    char octet = 'x';

    for (int fd = 0; fd < 3; fd++) {
        if (closed >> fd & 1)
            (void)close(fd);
    }
    if (std_fds_reserve() != HL_OK)
        _exit(1);
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            _exit(2);
    }
    if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 3)
        _exit(3);
    if ((closed & 1) && (read(0, &octet, 1) >= 0 || errno != EBADF))
        _exit(4);
    if ((closed & 2) && (write(1, &octet, 1) >= 0 || errno != EBADF))
        _exit(5);
    _exit(0);
}

static void closed_standard_descriptors_are_taken_and_nothing_else_gets_them(void **state)
{
    (void)state;
    for (unsigned closed = 0; closed < 8; closed++) {
        int status = -1;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0)
            look(closed);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_standard_descriptors_are_taken_and_nothing_else_gets_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
