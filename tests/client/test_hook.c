/* test_hook — a command is told one line, waited for, and ended when it takes too long. */
#include "client/hook.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/keyfile.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/temp_dir.h"

#define LONG_MS 20000

static struct temp_dir temp;

static int make_folder(void **state)
{
    (void)state;
    temp_dir_make(&temp, "out");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return temp_dir_remove(&temp);
}

/* `command > the file`, with that time. */
static int run(const char *command, struct bytes line, int64_t timeout_ms)
{
    char text[400];

    (void)snprintf(text, sizeof(text), "(%s) > %s 2>&1", command, temp.path);
    return hook_run(text, line, timeout_ms);
}

static void expect_output(const char *text)
{
    AUTO(blob) file = NULL;

    assert_int_equal(file_read(temp.path, 2 * HOOK_LINE_MAX, &file), HL_OK);
    assert_int_equal(file->len, strlen(text));
    assert_memory_equal(file->data, text, file->len);
}

static void command_gets_the_line_and_its_end(void **state)
{
    (void)state;
    assert_int_equal(run("cat", bytes_text("{\"v\":1}\n"), LONG_MS), HL_OK);
    expect_output("{\"v\":1}\n");
}

static void line_of_the_limit_goes_through_and_one_more_octet_starts_nothing(void **state)
{
    static char line[HOOK_LINE_MAX + 2];

    (void)state;
    memset(line, 'a', HOOK_LINE_MAX + 1);
    assert_int_equal(run("cat", bytes_text(line), LONG_MS), HL_ETOOBIG);
    assert_int_equal(access(temp.path, F_OK), -1);
    line[HOOK_LINE_MAX] = 0;
    assert_int_equal(run("cat", bytes_text(line), LONG_MS), HL_OK);
    expect_output(line);
}

static void exit_code_and_an_unread_line_are_none_of_our_business(void **state)
{
    (void)state;
    assert_int_equal(run("exit 7", bytes_text("line\n"), LONG_MS), HL_OK);
    assert_int_equal(run("exec 0<&-; echo done", bytes_text("line\n"), LONG_MS), HL_OK);
    expect_output("done\n");
    assert_int_equal(run("kill -9 $$", bytes_text("line\n"), LONG_MS), HL_OK);
}

/* Its child too: it would hold what the command had, for ever. */
static void command_that_hangs_is_killed_with_its_children(void **state)
{
    (void)state;
    assert_int_equal(run("sleep 1000 & echo $!; wait", bytes_text("line\n"), 300), HL_EEXPIRED);

    AUTO(blob) file = NULL;
    char number[32];
    bool is_gone = false;

    assert_int_equal(file_read(temp.path, sizeof(number) - 1, &file), HL_OK);
    (void)snprintf(number, sizeof(number), "%.*s", (int)file->len, (const char *)file->data);

    pid_t child = (pid_t)strtol(number, NULL, 10);

    assert_true(child > 1);
    for (int i = 0; i < 1000 && !is_gone; i++) { /* who inherited it must reap it */
        char path[64], stat[256] = "";
        FILE *proc;

        (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)child);
        proc = fopen(path, "r");
        if (proc) {
            (void)!fgets(stat, sizeof(stat), proc);
            (void)fclose(proc);
        }
        is_gone = !proc || strstr(stat, ") Z ") != NULL;
        if (!is_gone)
            (void)usleep(5000);
    }
    assert_true(is_gone);
}

static void command_does_not_inherit_an_ignored_sigpipe(void **state)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);

    (void)state;
    assert_int_equal(run("yes | head -n 1; echo ended", bytes_text(""), LONG_MS), HL_OK);
    (void)signal(SIGPIPE, before);
    expect_output("y\nended\n");
}

static int try_once(void *context)
{
    (void)context;
    return hook_run("true", bytes_text("line\n"), LONG_MS);
}

static void hook_without_memory_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    assert_true(nth_alloc_sweep(try_once, NULL) > 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(command_gets_the_line_and_its_end),
        CASE(line_of_the_limit_goes_through_and_one_more_octet_starts_nothing),
        CASE(exit_code_and_an_unread_line_are_none_of_our_business),
        CASE(command_that_hangs_is_killed_with_its_children),
        CASE(command_does_not_inherit_an_ignored_sigpipe),
        CASE(hook_without_memory_is_an_error_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
