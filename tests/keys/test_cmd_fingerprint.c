/* test_cmd_fingerprint — the command with every allocation failing: digits, or the word that memory is short, never a word about
 * the document. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "keys/command.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/papers.h"
#include "tests/support/temp_dir.h"

/* --- what the program's main file gives its commands --- */

static char said[200];

int command_fail(enum exit_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(said, sizeof(said), format, args);
    va_end(args);
    return (int)code;
}

enum exit_code command_code(int err)
{
    return err == HL_ENOMEM ? EXIT_INTERNAL : EXIT_DATA;
}

/* --- */

static struct temp_dir place;

static int run(void *unused)
{
    char name[] = "fingerprint";
    char json[] = "--json";
    char *argv[] = {name, json, place.path, NULL};

    (void)unused;
    said[0] = '\0';
    optind = 1;
    int code = cmd_fingerprint(3, argv);
    if (code != EXIT_DONE && !strstr(said, err_text(HL_ENOMEM)))
        fail_msg("code %d: %s", code, said);
    return code == EXIT_DONE ? HL_OK : code == EXIT_INTERNAL ? HL_ENOMEM : HL_EFORMAT;
}

static void fingerprint_without_memory_says_so(void **unused)
{
    (void)unused;
    nth_alloc_require();
    struct papers *papers = papers_open();

    temp_dir_make(&place, "national.bin");
    assert_int_equal(
        keyfile_write(place.path, bytes_blob(papers->made->states[0].national_root), false), HL_OK);
    assert_true(nth_alloc_sweep(run, NULL) > 5);
    assert_int_equal(temp_dir_remove(&place), 0);
    papers_close(papers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprint_without_memory_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
