/* conf_file — a hotlined.conf of a test's own, in /tmp: relative paths in it begin there. */
#include "tests/support/conf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"

char conf_path[64];

int conf_file_up(void **state)
{
    (void)state;
    (void)snprintf(conf_path, sizeof(conf_path), "/tmp/hotlined-conf-XXXXXX");
    int fd = mkstemp(conf_path);
    return fd < 0 || close(fd) != 0;
}

int conf_file_down(void **state)
{
    (void)state;
    return unlink(conf_path);
}

void conf_file_write(const char *text, const char *more)
{
    FILE *file = fopen(conf_path, "w");

    assert_non_null(file);
    (void)fprintf(file, "%s%s", text, more);
    assert_int_equal(fclose(file), 0);
}
