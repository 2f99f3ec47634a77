/* test_relay_start_memory — a relay starts from a filled store, in memory and on disk, and works on disk, while an allocation
 * fails. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/store_sqlite.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/starved_scene.h"

static int start_anew(void *context)
{
    struct starved *starved = context;
    struct rig *rig = starved->rig;
    struct relay_params params = {.suite = rig->world->suite,
                                  .clock = &rig->clock,
                                  .rng = &rig->rng,
                                  .trust = &rig->world->trust,
                                  .relay_id = rig->info.id,
                                  .log_key = rig->log_key,
                                  .limits = &rig->limits,
                                  .store = rig->store};
    struct relay *relay = NULL;
    int err = relay_new(&params, &relay);

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

static char folder[64], path[128];

static void remove_files(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", "-journal"};
    char name[160];

    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

static struct store *open_sqlite(bool is_new)
{
    struct store *store = NULL;

    if (is_new)
        remove_files();
    assert_int_equal(store_sqlite_open(path, NULL, &store), HL_OK);
    return store;
}

static int setup_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/hotline-memory-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/relay.db", folder);
    return 0;
}

static int teardown_folder(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
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
