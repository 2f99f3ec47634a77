#include "base/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/std_fds.h"
#include "tests/support/cmocka_all.h"

/* What output_finish() says in a child whose standard output is `path`; NULL: closed. */
static int finish_with(const char *path)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)close(STDOUT_FILENO);
        if (path)
            (void)!open(path, O_WRONLY);
        if (std_fds_reserve() != HL_OK)
            _exit(2);
        (void)fputs("one line\n", stdout);
        _exit(output_finish() == HL_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void output_that_was_written_is_good(void **unused)
{
    (void)unused;
    assert_int_equal(finish_with("/dev/null"), 0);
}

static void output_on_a_full_disk_is_seen(void **unused)
{
    (void)unused;
    assert_int_equal(finish_with("/dev/full"), 1);
}

static void output_that_is_closed_is_seen(void **unused)
{
    (void)unused;
    assert_int_equal(finish_with(NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_that_was_written_is_good),
        cmocka_unit_test(output_on_a_full_disk_is_seen),
        cmocka_unit_test(output_that_is_closed_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
