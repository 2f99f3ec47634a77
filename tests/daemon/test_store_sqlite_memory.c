/* test_store_sqlite_memory — SQLite without memory: never taken for damage, a batch is there whole or not at all. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store_sqlite.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/temp_dir.h"

#define PUTS      3
#define PUT_BYTES 40000 /* more than a page: overflow pages too */

static struct temp_dir temp;

static int setup(void **state)
{
    (void)state;
    temp_dir_make(&temp, "relay.db");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return temp_dir_remove(&temp);
}

/* A batch with something of every kind, its first deposit at `index`. */
struct sample {
    struct lane_mark lane;
    uint64_t mailbox_seq, also[2];
    struct store_slot slot;
    uint8_t octets[PUT_BYTES];
    struct store_put puts[PUTS];
    struct store_taken taken;
    struct store_prekey prekey;
    struct store_erase erase;
    struct store_batch batch;
};

static void fill(struct sample *sample, uint64_t index)
{
    memset(sample, 0, sizeof(*sample));
    memset(sample->octets, 'x', sizeof(sample->octets));
    sample->lane.to.kind = 2;
    for (size_t i = 0; i < PUTS; i++) {
        sample->puts[i] = (struct store_put){.deposit = {.index = index + i,
                                                         .tree_size = index + PUTS,
                                                         .lanes = &sample->lane,
                                                         .mailbox_seqs = &sample->mailbox_seq,
                                                         .lane_count = 1,
                                                         .slots = &sample->slot,
                                                         .slot_count = 1},
                                             .custody = BYTES(sample->octets, 300),
                                             .envelope = BYTES_OF(sample->octets)};
        put_u64be(sample->puts[i].deposit.hash, index + i);
    }
    sample->also[0] = index + 5;
    sample->also[1] = index + 9;
    sample->taken = (struct store_taken){.upto = index, .also = sample->also, .also_count = 2};
    sample->prekey = (struct store_prekey){.signed_prekey = BYTES(sample->octets, 1300)};
    sample->erase = (struct store_erase){.index = index, .stub = BYTES(sample->octets, 200)};
    sample->batch = (struct store_batch){.puts = sample->puts,
                                         .put_count = PUTS,
                                         .takens = &sample->taken,
                                         .taken_count = 1,
                                         .prekeys = &sample->prekey,
                                         .prekey_count = 1,
                                         .erases = &sample->erase,
                                         .erase_count = 1};
}

static struct store *open_store(void)
{
    struct store *store = NULL;

    assert_int_equal(store_sqlite_make(temp.path, NULL, &store), HL_OK);
    return store;
}

/* Octets 18 and 19 of the file: 2 is WAL. */
static bool is_wal(void)
{
    uint8_t header[20] = {0};
    int fd = open(temp.path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && read(fd, header, sizeof(header)) == (ssize_t)sizeof(header);

    if (fd >= 0)
        (void)close(fd);
    return is_read && header[18] == 2 && header[19] == 2;
}

static int try_open(void *context)
{
    struct store *store = NULL;
    int err;

    if (context)
        temp_dir_empty(&temp);
    err = context ? store_sqlite_make(temp.path, NULL, &store)
                  : store_sqlite_open(temp.path, NULL, &store);
    store_close(store);
    if (err == HL_OK)
        assert_true(is_wal());
    return err;
}

static void opening_a_new_file_without_memory_says_so(void **state)
{
    (void)state;
    assert_true(nth_alloc_sweep(try_open, temp.folder) > 50);
}

static void opening_without_memory_is_no_damage(void **state)
{
    static struct sample sample;
    struct store *store;

    (void)state;
    nth_alloc_require();
    store = open_store();
    fill(&sample, 0);
    assert_int_equal(store_commit(store, &sample.batch), HL_OK);
    store_close(store);
    assert_true(nth_alloc_sweep(try_open, NULL) > 50);
}

static int try_open_reading(void *context)
{
    struct store *store = NULL;
    int err = store_sqlite_open_reading(temp.path, &store);

    (void)context;
    store_close(store);
    return err;
}

static void looking_without_memory_is_no_damage(void **state)
{
    (void)state;
    nth_alloc_require();
    store_close(open_store());
    assert_true(nth_alloc_sweep(try_open_reading, NULL) > 20);
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

struct seen {
    struct store *store;
    size_t deposits, takens, prekeys;
};

static int on_deposit(void *context, const struct store_deposit *deposit, bool has_envelope)
{
    struct seen *seen = context;

    assert_int_equal(deposit->index, seen->deposits);
    assert_int_equal(has_envelope, deposit->index % PUTS != 0);
    assert_int_equal(deposit->slot_count, 1);
    seen->deposits++;
    return HL_OK;
}

static int on_taken(void *context, const struct store_taken *taken)
{
    assert_int_equal(taken->also_count, 2);
    assert_int_equal(taken->also[1] - taken->upto, 9);
    ((struct seen *)context)->takens++;
    return HL_OK;
}

static int on_prekey(void *context, const struct store_prekey *prekey)
{
    assert_int_equal(prekey->signed_prekey.len, 1300);
    ((struct seen *)context)->prekeys++;
    return HL_OK;
}

static int try_load(void *context)
{
    struct seen *seen = context;
    struct store_visitor visitor = {
        .on_deposit = on_deposit, .on_taken = on_taken, .on_prekey = on_prekey, .context = seen};
    int err;

    seen->deposits = seen->takens = seen->prekeys = 0;
    err = store_load(seen->store, &visitor);
    if (err == HL_OK) {
        assert_int_equal(seen->deposits, 2 * PUTS);
        assert_int_equal(seen->takens, 1);
        assert_int_equal(seen->prekeys, 1);
    }
    return err;
}

/* A store that is opened anew each time: its page cache is cold. */
static int try_load_cold(void *context)
{
    struct seen *seen = context;
    int err = store_sqlite_make(temp.path, NULL, &seen->store);

    if (err != HL_OK)
        return err;
    err = try_load(seen);
    store_close(seen->store);
    return err;
}

static int try_read(void *context)
{
    struct seen *seen = context;
    struct store_body body = {.row = NULL};
    int err = store_sqlite_make(temp.path, NULL, &seen->store);

    if (err != HL_OK)
        return err;
    err = store_read(seen->store, 1, &body);
    if (err == HL_OK) {
        assert_non_null(body.row);
        assert_int_equal(body.custody->len, 300);
        assert_int_equal(body.envelope->len, PUT_BYTES);
        assert_null(body.stub);
    }
    store_body_done(&body);
    store_close(seen->store);
    return err;
}

static void fill_store(void)
{
    static struct sample sample;
    struct store *store;

    nth_alloc_require();
    store = open_store();
    for (uint64_t index = 0; index < 2 * PUTS; index += PUTS) {
        fill(&sample, index);
        assert_int_equal(store_commit(store, &sample.batch), HL_OK);
    }
    store_close(store);
}

static void loading_without_memory_is_no_damage(void **state)
{
    struct seen seen = {.store = NULL};

    (void)state;
    fill_store();
    assert_true(nth_alloc_sweep(try_load_cold, &seen) > 50);
}

static void reading_without_memory_is_no_damage(void **state)
{
    struct seen seen = {.store = NULL};

    (void)state;
    fill_store();
    assert_true(nth_alloc_sweep(try_read, &seen) > 50);
}

/* --- committing -------------------------------------------------------------------------------------------------------- */

/* The second batch on a store that holds the first; *ret_has_failed: there was an allocation n. */
static void commit_second(unsigned long n, unsigned *not_written, unsigned *doubtful)
{
    static struct sample sample;
    struct seen seen;
    int err;

    seen.store = open_store();
    fill(&sample, 0);
    assert_int_equal(store_commit(seen.store, &sample.batch), HL_OK);
    fill(&sample, PUTS);
    nth_alloc_arm(n);
    err = store_commit(seen.store, &sample.batch);
    (void)nth_alloc_disarm();
    if (err == HL_ENOMEM) { /* nothing is written, and the store goes on */
        (*not_written)++;
        err = store_commit(seen.store, &sample.batch);
        assert_int_equal(err, HL_OK);
    }
    if (err == HL_EIO) { /* nobody knows: all of it, or nothing */
        (*doubtful)++;
        assert_int_equal(store_commit(seen.store, &sample.batch), HL_EIO);
        store_close(seen.store);
        seen.store = open_store();
        if (store_commit(seen.store, &sample.batch) != HL_OK)
            assert_int_equal(try_load(&seen), HL_OK);
        err = HL_OK;
    }
    assert_int_equal(err, HL_OK);
    assert_int_equal(try_load(&seen), HL_OK);
    store_close(seen.store);
    temp_dir_empty(&temp);
}

static void commit_without_memory_is_whole_or_nothing_and_the_store_goes_on(void **state)
{
    unsigned not_written = 0, doubtful = 0;

    (void)state;
    nth_alloc_require();
    for (unsigned long n = 1; n < 120; n++) {
        long before = nth_alloc_live();

        commit_second(n, &not_written, &doubtful);
        if (n > 1)
            assert_int_equal(nth_alloc_live(), before);
    }
    print_message("commits not written: %u, doubtful: %u\n", not_written, doubtful);
    assert_true(not_written > 5);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening_a_new_file_without_memory_says_so),
        TEST(opening_without_memory_is_no_damage),
        TEST(looking_without_memory_is_no_damage),
        TEST(loading_without_memory_is_no_damage),
        TEST(reading_without_memory_is_no_damage),
        TEST(commit_without_memory_is_whole_or_nothing_and_the_store_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
