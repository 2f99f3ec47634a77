/* test_relay_memory — every allocation of a relay's duties fails once: nothing is promised that is not durable, nothing is
 * lost, memory and store agree, and what was refused is taken when it comes again. */
#include "tests/support/starved_scene.h"

#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"

static void sweep(const struct scene *scene)
{
    scene_sweep(NULL, scene);
}

/* --- sessions ------------------------------------------------------------------------------------------------------------ */

static void dial_new_device(struct starved *starved)
{
    (void)line_dial(starved, 2, XCC, 0);
}

static void greeting_of_a_new_device_without_memory_harms_nobody(void **state)
{
    (void)state;
    sweep(&(struct scene){scene_begin, dial_new_device});
}

static void begin_with_empty_shelf(struct starved *starved)
{
    scene_begin(starved);
    starved_restart(starved);
    line_must_dial(starved, SCENE_READER, XBB, 0);
}

static void dial_sender(struct starved *starved)
{
    (void)line_dial(starved, 2, XAA, 0);
}

static void greeting_that_reads_the_newest_deposit_without_memory_harms_nobody(void **state)
{
    (void)state;
    sweep(&(struct scene){begin_with_empty_shelf, dial_sender});
}

/* The first thing that the relay ever has to do is to send him away. */
static void stranger_without_memory_is_closed_all_the_same(void **state)
{
    const uint8_t nobody[32] = {9};
    bool has_failed = true;
    struct starved *starved;

    (void)state;
    nth_alloc_require();
    starved = starved_new(NULL);
    for (unsigned long n = 1; has_failed; n++) {
        struct line *line = &starved->lines[0];
        int err;

        starved_begin(starved);
        nth_alloc_arm(n);
        err = relay_session_open(starved->rig->relay, nobody, bytes_blob(starved->hellos[XAA][0]),
                                 line, &line->session);
        starved_drive(starved);
        has_failed = nth_alloc_disarm();
        assert_null(line->session);
        assert_true(line->is_closed || err == HL_ENOMEM);
        starved_end(starved);
    }
    starved_free(starved);
}

/* --- deposits ------------------------------------------------------------------------------------------------------------- */

static void deposit_without_memory_is_custody_or_nothing(void **state)
{
    (void)state;
    sweep(&(struct scene){scene_begin, scene_submit_new});
}

static void begin_with_sender(struct starved *starved)
{
    line_must_dial(starved, 0, XAA, 0);
}

static void first_deposit_of_a_relay_without_memory_is_custody_or_nothing(void **state)
{
    (void)state;
    sweep(&(struct scene){begin_with_sender, scene_submit_new});
}

static void submit_known(struct starved *starved)
{
    scene_submit(starved, 0, 1);
}

static void duplicate_without_memory_makes_no_second_leaf(void **state)
{
    (void)state;
    sweep(&(struct scene){scene_begin, submit_known});
}

static void begin_sender_with_empty_shelf(struct starved *starved)
{
    begin_with_empty_shelf(starved);
    line_must_dial(starved, 0, XAA, 0);
}

static void duplicate_that_must_be_read_without_memory_makes_no_second_leaf(void **state)
{
    (void)state;
    sweep(&(struct scene){begin_sender_with_empty_shelf, submit_known});
}

/* Deposits one after another: the structures grow at different ones. */
static void submit_many(struct starved *starved)
{
    for (size_t no = 0; no < STARVED_LETTERS; no++)
        scene_submit(starved, 0, no);
}

static void many_deposits_without_memory_keep_lanes_and_tree_whole(void **state)
{
    (void)state;
    sweep(&(struct scene){scene_begin, submit_many});
}

/* --- delivery ------------------------------------------------------------------------------------------------------------- */

static void subscribe_second(struct starved *starved)
{
    line_say(&starved->lines[2], RECORD_SUBSCRIBE, bytes_blob(scene_words.subscribe));
}

static void begin_second(struct starved *starved)
{
    scene_begin(starved);
    line_must_dial(starved, 2, XBB, 1);
}

static void begin_second_with_empty_shelf(struct starved *starved)
{
    begin_with_empty_shelf(starved);
    line_must_dial(starved, 2, XBB, 1);
}

static void delivery_on_connecting_without_memory_drops_nothing(void **state)
{
    (void)state;
    sweep(&(struct scene){begin_second, subscribe_second});
}

static void delivery_that_must_be_read_without_memory_drops_nothing(void **state)
{
    (void)state;
    sweep(&(struct scene){begin_second_with_empty_shelf, subscribe_second});
}

/* --- Taken ---------------------------------------------------------------------------------------------------------------- */

static void taken_without_memory_is_kept_or_comes_again(void **state)
{
    (void)state;
    sweep(&(struct scene){scene_begin_taking, scene_take});
}

static void scattered_taken_without_memory_is_kept_or_comes_again(void **state)
{
    (void)state;
    sweep(&(struct scene){scene_begin_taking, scene_take_scattered});
}

/* --- prekeys --------------------------------------------------------------------------------------------------------------- */

static void prekeys_without_memory_are_stored_or_refused(void **state)
{
    (void)state;
    sweep(&(struct scene){scene_begin, scene_put_prekeys});
}

static void begin_with_prekeys(struct starved *starved)
{
    scene_begin(starved);
    scene_put_prekeys(starved);
}

static void get_prekeys(struct starved *starved)
{
    line_say(&starved->lines[0], RECORD_PREKEY_GET, bytes_blob(scene_words.prekey_get));
}

static void fetching_prekeys_without_memory_harms_nobody_else(void **state)
{
    (void)state;
    sweep(&(struct scene){begin_with_prekeys, get_prekeys});
}

/* --- beginning and end ----------------------------------------------------------------------------------------------------- */

static void drain_with_work(struct starved *starved)
{
    line_say(&starved->lines[SCENE_READER], RECORD_TAKEN, bytes_blob(scene_words.taken));
    scene_submit(starved, 0, SCENE_NEW);
    relay_drain(starved->rig->relay);
    starved_drive(starved);
}

static void begin_draining(struct starved *starved)
{
    scene_begin(starved);
    scene_put_prekeys(starved);
}

static void check_drained(struct starved *starved)
{
    for (size_t no = 0; no < STARVED_LINES; no++)
        assert_null(starved->lines[no].session);
    starved_check_receipts(starved);
    starved_restart(starved);
    (void)starved_check_store(starved);
    starved_compare(starved);
    scene_check_again(starved);
    scene_check_delivery(starved, XBB, 0);
}

static void orderly_stop_without_memory_loses_nothing(void **state)
{
    bool has_failed = true;
    struct starved *starved;

    (void)state;
    nth_alloc_require();
    starved = starved_new(NULL);
    for (unsigned long n = 0; n == 0 || has_failed; n++) {
        long before = nth_alloc_live();

        starved_begin(starved);
        begin_draining(starved);
        nth_alloc_arm(n);
        drain_with_work(starved);
        has_failed = nth_alloc_disarm();
        check_drained(starved);
        starved_end(starved);
        if (n > 0)
            assert_int_equal(nth_alloc_live(), before);
    }
    starved_free(starved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greeting_of_a_new_device_without_memory_harms_nobody),
        cmocka_unit_test(greeting_that_reads_the_newest_deposit_without_memory_harms_nobody),
        cmocka_unit_test(stranger_without_memory_is_closed_all_the_same),
        cmocka_unit_test(deposit_without_memory_is_custody_or_nothing),
        cmocka_unit_test(first_deposit_of_a_relay_without_memory_is_custody_or_nothing),
        cmocka_unit_test(duplicate_without_memory_makes_no_second_leaf),
        cmocka_unit_test(duplicate_that_must_be_read_without_memory_makes_no_second_leaf),
        cmocka_unit_test(many_deposits_without_memory_keep_lanes_and_tree_whole),
        cmocka_unit_test(delivery_on_connecting_without_memory_drops_nothing),
        cmocka_unit_test(delivery_that_must_be_read_without_memory_drops_nothing),
        cmocka_unit_test(taken_without_memory_is_kept_or_comes_again),
        cmocka_unit_test(scattered_taken_without_memory_is_kept_or_comes_again),
        cmocka_unit_test(prekeys_without_memory_are_stored_or_refused),
        cmocka_unit_test(fetching_prekeys_without_memory_harms_nobody_else),
        cmocka_unit_test(orderly_stop_without_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
