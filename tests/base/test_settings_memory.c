/* test_settings_memory — a configuration file read with every allocation failing: the settings whole, or no memory. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"

#include "base/settings.h"
#include "tests/support/nth_alloc.h"

static const struct settings_key keys[] = {
    {"", "name", SETTINGS_TEXT, true, false},        {"", "limit", SETTINGS_NUMBER, false, false},
    {"", "peers", SETTINGS_LIST, false, false},      {"relay", "host", SETTINGS_TEXT, false, true},
    {"relay", "port", SETTINGS_NUMBER, false, true},
};
static char path[64];

static int write_file(void **unused)
{
    (void)unused;
    (void)snprintf(path, sizeof(path), "/tmp/test_settings_memory.XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    const char text[] = "name = \"desk\"\nlimit = 5\npeers = {\"a\", \"b\"}\n"
                        "relay \"r1\" {\n  host = \"127.0.0.1\"\n  port = 7401\n}\n"
                        "relay \"r2\" {\n  host = \"127.0.0.2\"\n}\n";
    ssize_t written = write(fd, text, sizeof(text) - 1);
    return close(fd) == 0 && written > 0 ? 0 : 1;
}

static int remove_file(void **unused)
{
    (void)unused;
    return unlink(path);
}

static int load(void)
{
    char message[SETTINGS_MESSAGE_SIZE] = "untouched";
    AUTO(settings) settings = NULL;

    int err = settings_load(path, keys, sizeof(keys) / sizeof(keys[0]), &settings, message);
    (void)nth_alloc_disarm();
    assert_true((err == HL_OK) == (settings != NULL));
    assert_string_equal(message, "");
    if (!settings)
        return err;
    assert_string_equal(settings_text(settings, "", NULL, "name"), "desk");
    assert_int_equal(settings_number(settings, "", NULL, "limit"), 5);
    assert_int_equal(settings_list_count(settings, "peers"), 2);
    assert_string_equal(settings_list_item(settings, "peers", 1), "b");
    assert_int_equal(settings_title_count(settings, "relay"), 2);
    assert_int_equal(settings_number(settings, "relay", "r1", "port"), 7401);
    assert_string_equal(settings_text(settings, "relay", "r2", "host"), "127.0.0.2");
    return HL_OK;
}

enum { LIBCONFUSE_ENDS = 2, ALL_DONE = 40, FAILED_WELL };

/* In a process of its own: libconfuse's scanner ends the program where it has no memory, by exit(2) or an assert of its own. */
static int load_in_child(unsigned long n)
{
    int status = 0;

    (void)fflush(NULL); /* else the child says it again */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        long before = nth_alloc_live();

        (void)close(STDERR_FILENO); /* what libconfuse dies of is no news */
        nth_alloc_arm(n);
        int err = load();
        bool has_failed = nth_alloc_disarm();
        /* half a tree of libconfuse is left over: it cannot be freed */
        bool is_right = err == HL_OK ? nth_alloc_live() == before : err == HL_ENOMEM && has_failed;
        _exit(!is_right ? 1 : has_failed ? FAILED_WELL : ALL_DONE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status)             ? WEXITSTATUS(status)
           : WTERMSIG(status) == SIGABRT ? LIBCONFUSE_ENDS
                                         : -1;
}

static void settings_are_read_whole_or_there_is_no_memory(void **unused)
{
    int end = FAILED_WELL;
    unsigned long n = 0;

    (void)unused;
    nth_alloc_require();
    for (int i = 0; i < 2; i++)
        assert_int_equal(load(), HL_OK); /* what the libraries keep is made */
    while (end != ALL_DONE) {
        end = load_in_child(++n);
        if (end != ALL_DONE && end != FAILED_WELL && end != LIBCONFUSE_ENDS)
            fail_msg("allocation %lu failed: the child ended with %d", n, end);
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_read_whole_or_there_is_no_memory),
    };

    return cmocka_run_group_tests(tests, write_file, remove_file);
}
