/* test_open_terms — checks of opening that have several terms, each term wrong alone; and what stands at its boundary. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "keys/secret.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"

static struct small_world *world;
static struct letter letter;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    world = small_world_new(suite_fake());
    letter = letter_to_xbb(world);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

/* Sealed, opened at device `no` of `state`; detail NULL: it opens. */
static void expect_at(int state, int no, int step, const char *detail)
{
    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, state, no);
    const char *said = opened->detail ? opened->detail : "";

    if (!detail && opened->result != OPEN_OK)
        fail_msg("step %d: %s", opened->step, said);
    if (detail && (opened->result != OPEN_QUARANTINED || opened->step != step ||
                   strstr(said, detail) == NULL))
        fail_msg("result %d, step %d: '%s' instead of '%s'", (int)opened->result, opened->step,
                 said, detail);
    opened_free(opened);
    letter_done(&letter);
}

/* --- the check word --- */

static char check_word[8];

static void write_check_word(struct letter *unused, Hotline__V1__Notice *notice)
{
    (void)unused;
    notice->check_word = check_word;
}

static void notice_whose_check_word_nobody_could_repeat_does_not_open(void **state)
{
    static const char *const good[] = {"0000", "ZZZZ", "V432", "AHJK", "MNPQ", "RSTV", "WXYZ"};
    static const char *const bad[] = {"v432", "VI32", "VL32",       "VO32", "VU32",
                                      "V 32", "V-32", "\xc3\xa9V4", "????"};

    (void)state;
    letter.edit_notice = write_check_word;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memcpy(check_word, good[i], 5);
        expect_at(XBB, 0, 0, NULL);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(check_word, bad[i], 5);
        expect_at(XBB, 0, 12, "contradict");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(notice_whose_check_word_nobody_could_repeat_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
