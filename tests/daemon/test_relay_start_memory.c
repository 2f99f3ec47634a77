/* test_relay_start_memory — a relay starts from a filled store, in memory and on disk, and works on disk, while an allocation
 * fails. */
#include "daemon/store_sqlite.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/starved_scene.h"
#include "tests/support/temp_dir.h"

static int start_anew(void *context)
{
    struct starved *starved = context;
    struct relay *relay = NULL;
    int err = rig_make_relay(starved->rig, &relay);

    assert_int_equal(relay != NULL, err == HL_OK);
    relay_free(relay);
    return err;
}

static void sweep_start(struct store *(*open_store)(bool is_new))
{
    struct starved *starved;

    nth_alloc_require();
    starved = starved_new(open_store);
    starved_begin(starved);
    scene_begin_taking(starved);
    scene_put_prekeys(starved);
    scene_take(starved);
    scene_take_scattered(starved);
    assert_true(nth_alloc_sweep(start_anew, starved) > 20);
    (void)starved_check_store(starved);
    starved_compare(starved);
    starved_end(starved);
    starved_free(starved);
}

static void start_from_a_filled_store_without_memory_says_so(void **state)
{
    (void)state;
    sweep_start(NULL);
}

/* --- the same on disk ------------------------------------------------------------------------------------------------------ */

static struct temp_dir temp;

static struct store *open_sqlite(bool is_new)
{
    struct store *store = NULL;

    if (is_new)
        temp_dir_empty(&temp);
    assert_int_equal(store_sqlite_make(temp.path, NULL, &store), HL_OK);
    return store;
}

static int setup_folder(void **state)
{
    (void)state;
    temp_dir_make(&temp, "relay.db");
    return 0;
}

static int teardown_folder(void **state)
{
    (void)state;
    return temp_dir_remove(&temp);
}

static void start_from_a_filled_file_without_memory_says_so(void **state)
{
    (void)state;
    sweep_start(open_sqlite);
}

static void deposit_on_disk_without_memory_is_custody_or_nothing(void **state)
{
    (void)state;
    scene_sweep(open_sqlite, &(struct scene){scene_begin, scene_submit_new});
}

static void taken_on_disk_without_memory_is_kept_or_comes_again(void **state)
{
    (void)state;
    scene_sweep(open_sqlite, &(struct scene){scene_begin_taking, scene_take});
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, setup_folder, teardown_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_from_a_filled_store_without_memory_says_so),
        ON_DISK(start_from_a_filled_file_without_memory_says_so),
        ON_DISK(deposit_on_disk_without_memory_is_custody_or_nothing),
        ON_DISK(taken_on_disk_without_memory_is_kept_or_comes_again),
    };

    return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
