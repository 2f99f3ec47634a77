/* test_store_sqlite — the store on disk: what a commit promised is there, whatever fails, exactly once. */
#include "daemon/store_sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/relay_rig.h"
#include "tests/support/temp_dir.h"

#define CODE(name) HOTLINE__V1__SUBMIT_CODE__SUBMIT_##name
#define LETTERS    3

static struct temp_dir temp;

static int setup(void **state)
{
    (void)state;
    fault_vfs_register();
    fault_vfs_arm(FAULT_NONE, 0, 0);
    temp_dir_make(&temp, "relay.db");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return temp_dir_remove(&temp);
}

static struct store *open_store(const char *vfs)
{
    struct store *store = NULL;

    assert_int_equal(store_sqlite_make(temp.path, vfs, &store), HL_OK);
    return store;
}

/* Ask the file itself, after the store is closed. */
static int64_t ask(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t answer;

    assert_int_equal(sqlite3_open(temp.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}

static void new_store_is_private_in_wal_mode_with_large_pages(void **state)
{
    struct stat info;

    (void)state;
    store_close(open_store(NULL));

    assert_int_equal(stat(temp.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(ask("PRAGMA page_size"), 16384);
    assert_int_equal(ask("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(
        ask("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"), 0);
}

static void second_process_is_kept_out(void **state)
{
    struct store *store = open_store(NULL), *second = NULL;

    (void)state;
    assert_int_equal(store_sqlite_make(temp.path, NULL, &second), HL_EBUSY);
    store_close(store);
    store_close(open_store(NULL));
}

static void file_of_another_program_is_refused(void **state)
{
    struct store *store = NULL;
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(temp.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(a); PRAGMA user_version=1", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(store_sqlite_make(temp.path, NULL, &store), HL_EFORMAT);
}

static void file_that_is_no_database_is_refused(void **state)
{
    struct store *store = NULL;
    FILE *file = fopen(temp.path, "w");

    (void)state;
    assert_non_null(file);
    for (int i = 0; i < 4096; i++)
        (void)fputs("no database", file);
    (void)fclose(file);
    assert_int_equal(store_sqlite_make(temp.path, NULL, &store), HL_EFORMAT);
}

static void write_file(const char *suffix, const char *text)
{
    char path[sizeof(temp.path) + 8];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s%s", temp.path, suffix);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void store_that_is_gone_is_not_begun_anew(void **state)
{
    struct store *store = NULL;

    (void)state;
    assert_int_equal(store_sqlite_open(temp.path, NULL, &store), HL_ENOTFOUND);
    assert_int_equal(store_sqlite_open_reading(temp.path, &store), HL_ENOTFOUND);
    assert_int_equal(temp_dir_count(&temp), 0);
}

static void store_without_an_octet_is_not_begun_anew(void **state)
{
    struct store *store = NULL;
    struct stat info;

    (void)state;
    write_file("", "");
    assert_int_equal(store_sqlite_open(temp.path, NULL, &store), HL_ENOTFOUND);
    assert_int_equal(store_sqlite_open_reading(temp.path, &store), HL_ENOTFOUND);
    assert_int_equal(stat(temp.path, &info), 0);
    assert_int_equal(info.st_size, 0);
}

static void database_without_tables_is_not_begun_anew(void **state)
{
    struct store *store = NULL;
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(temp.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(a); DROP TABLE t", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(store_sqlite_open(temp.path, NULL, &store), HL_EFORMAT);
    assert_int_equal(store_sqlite_open_reading(temp.path, &store), HL_EFORMAT);
}

static void marked_place_gets_a_first_store_and_no_second(void **state)
{
    struct store *store = NULL;

    (void)state;
    write_file(STORE_SQLITE_FIRST, "once\n");
    assert_int_equal(store_sqlite_open_reading(temp.path, &store), HL_ESTATE);
    assert_int_equal(store_sqlite_open(temp.path, NULL, &store), HL_OK);
    store_close(store);
    assert_int_equal(store_sqlite_open(temp.path, NULL, &store), HL_OK);
    store_close(store);
    temp_dir_empty(&temp);
    store = NULL;
    assert_int_equal(store_sqlite_open(temp.path, NULL, &store), HL_ENOTFOUND);
}

static void first_store_cut_short_is_made_again_as_long_as_the_mark_stands(void **state)
{
    struct store *store = NULL;

    (void)state;
    write_file(STORE_SQLITE_FIRST, "once\n");
    write_file("", "");
    assert_int_equal(store_sqlite_open(temp.path, NULL, &store), HL_OK);
    store_close(store);
}

/* A WAL file has one connection. */
static void store_of_a_running_relay_is_left_alone(void **state)
{
    struct store *running = open_store(NULL), *store = NULL;

    (void)state;
    assert_int_equal(store_sqlite_open_reading(temp.path, &store), HL_EBUSY);
    assert_null(store);
    store_close(running);
    store_close(open_store(NULL));
}

static void looking_reads_and_writes_nothing(void **state)
{
    struct rig *rig = rig_new(open_store(NULL));
    struct store_body body = {.row = NULL};
    struct store_batch batch = {.put_count = 0};
    struct store *store = NULL;
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, 1);

    (void)state;
    peer_submit_gets(rig_connect(rig, XAA, 0), envelope, CODE(TAKEN));
    rig_free(rig);
    assert_int_equal(store_sqlite_open_reading(temp.path, &store), HL_OK);
    assert_int_equal(store_read(store, 0, &body), HL_OK);
    store_body_done(&body);
    assert_int_equal(store_read(store, 1, &body), HL_ENOTFOUND);
    assert_true(store_commit(store, &batch) != HL_OK);
    store_close(store);
    store_close(open_store(NULL));
}

static void store_that_lost_its_end_is_seen_by_looking(void **state)
{
    struct store *store = open_store(NULL);
    struct stat info;

    (void)state;
    store_close(store);
    assert_int_equal(stat(temp.path, &info), 0);
    assert_int_equal(truncate(temp.path, info.st_size - 16384), 0);
    assert_int_equal(store_sqlite_open_reading(temp.path, &store), HL_EFORMAT);
}

static void row_of_before_devices_could_move_still_counts(void **state)
{
    struct rig *rig = rig_new(open_store(NULL));
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    sqlite3 *db = NULL;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, 1);

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    peer_takes(reader, 2, NULL, 0);
    rig_wait(rig, 2000);
    rig_stop(rig);
    store_close(rig->store);
    assert_int_equal(sqlite3_open(temp.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE taken SET device = substr(device, 1, 32)", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    rig->store = open_store(NULL);
    rig_start(rig);
    reader = rig_connect(rig, XBB, 0);
    peer_subscribe(reader, 0, 64);
    assert_int_equal(peer_deliver_seq(reader), 3);
    rig_free(rig);
}

static void every_field_comes_back_after_opening_anew(void **state)
{
    struct rig *rig = rig_new(open_store(NULL));
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);

    (void)state;
    peer_subscribe(reader, 0, 64);
    for (size_t i = 0; i < 20; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, (unsigned)(i % 5));

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    peer_takes(reader, 5, (const uint64_t[]){7, 9}, 2);
    rig_wait(rig, 2000);
    rig_stop(rig);
    store_close(rig->store);
    rig->store = open_store(NULL);
    rig_start(rig);
    reader = rig_connect(rig, XBB, 0);
    peer_subscribe(reader, 0, 64);

    assert_int_equal(peer_count(reader, RECORD_DELIVER), 13);
    rig_free(rig);
}

static void erased_envelope_leaves_its_stub(void **state)
{
    struct rig *rig = rig_new(open_store(NULL));
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    const int to[] = {10 * XBB};
    AUTO(blob) envelope = rig_seal(rig, XAA, 0, 1, to, 1);
    struct store_body body = {.row = NULL};

    (void)state;
    peer_submit_gets(sender, envelope, CODE(TAKEN));
    peer_takes(reader, 1, NULL, 0);
    rig_wait(rig, 2000);
    rig_wait(rig, 2000);

    assert_int_equal(store_read(rig->store, 0, &body), HL_OK);
    assert_null(body.envelope);
    assert_non_null(body.stub);
    store_body_done(&body);
    rig_stop(rig);
    rig_start(rig); /* and the row says so too */
    rig_free(rig);
    assert_int_equal(ask("SELECT has_envelope FROM deposit WHERE id = 0"), 0);
}

static void wal_is_moved_into_the_file_when_it_is_large_or_nothing_happens(void **state)
{
    struct store *store = open_store(NULL);
    struct rig *rig = rig_new(store);
    struct peer *sender = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, 1);
    struct stat before, after;

    (void)state;
    peer_submit_gets(sender, envelope, CODE(TAKEN));
    assert_int_equal(stat(temp.path, &before), 0);
    assert_int_equal(store_tidy(store, false), HL_OK);
    assert_int_equal(stat(temp.path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(store_tidy(store, true), HL_OK);
    assert_int_equal(stat(temp.path, &after), 0);
    assert_true(after.st_size > before.st_size);
    rig_free(rig);
}

/* --- whatever fails ----------------------------------------------------------------------------------------------------- */

struct letters {
    struct blob *envelopes[LETTERS], *receipts[LETTERS]; /* receipt NULL: no answer, or refused */
};

static void letters_done(struct letters *letters)
{
    for (size_t i = 0; i < LETTERS; i++) {
        blob_free(letters->envelopes[i]);
        blob_free(letters->receipts[i]);
    }
}

static void submit_all(struct rig *rig, struct peer *sender, struct letters *letters)
{
    for (size_t i = 0; i < LETTERS; i++) {
        letters->envelopes[i] = rig_letter(rig, XAA, XBB, 1);
        if (sender->is_closed)
            continue;
        peer_submit(sender, letters->envelopes[i]);
        if (peer_count(sender, RECORD_SUBMIT_RESULT) > 0)
            (void)peer_result(sender, NULL, &letters->receipts[i]);
    }
}

/* Every receipt's notice is there once, with the same receipt; what has none is there once or not at all. */
static void check_after(struct rig *rig, struct letters *letters)
{
    struct peer *sender = rig_connect(rig, XAA, 0), *reader;

    for (size_t i = 0; i < LETTERS; i++) {
        AUTO(blob) again = NULL;
        Hotline__V1__SubmitCode code;

        peer_submit(sender, letters->envelopes[i]);
        code = peer_result(sender, NULL, &again);
        if (!letters->receipts[i]) {
            assert_true(code == CODE(TAKEN) || code == CODE(DUPLICATE));
            continue;
        }
        assert_int_equal(code, CODE(DUPLICATE));
        assert_true(bytes_equal(bytes_blob(letters->receipts[i]), bytes_blob(again)));
    }
    reader = rig_connect(rig, XBB, 0);
    peer_subscribe(reader, 0, 64);
    assert_int_equal(peer_count(reader, RECORD_DELIVER), LETTERS);
}

/* One run with the fault at operation n. false: the run was over before. */
static bool run_with_fault(enum fault_kind kind, unsigned n)
{
    struct rig *rig = rig_new(open_store(FAULT_VFS));
    struct peer *sender = rig_connect(rig, XAA, 0);
    struct letters letters = {.envelopes = {NULL}};
    bool has_fired;

    fault_vfs_arm(kind, n, n);
    submit_all(rig, sender, &letters);
    (void)!store_tidy(rig->store, true);
    has_fired = fault_vfs_has_fired();
    rig_stop(rig);
    store_close(rig->store);
    fault_vfs_arm(FAULT_NONE, 0, 0);
    rig->store = open_store(NULL);
    rig_start(rig);
    check_after(rig, &letters);
    letters_done(&letters);
    rig_free(rig);
    temp_dir_empty(&temp);
    return has_fired;
}

static void survive(enum fault_kind kind, const char *name)
{
    unsigned n = 1;

    while (run_with_fault(kind, n))
        n++;
    print_message("%s: %u places\n", name, n - 1);
    assert_true(n > 5);
}

static void power_cut_at_any_operation_keeps_what_was_promised(void **state)
{
    (void)state;
    survive(FAULT_POWER, "power cut");
}

static void torn_writes_at_any_operation_keep_what_was_promised(void **state)
{
    (void)state;
    survive(FAULT_TORN, "torn");
}

static void failed_operation_keeps_what_was_promised(void **state)
{
    (void)state;
    survive(FAULT_IOERR, "input/output error");
}

/* Here the run goes on after the refusal: not every operation is a write. */
static void full_disk_at_any_write_keeps_what_was_promised(void **state)
{
    unsigned fired = 0;

    (void)state;
    for (unsigned n = 1; n < 40; n++)
        fired += run_with_fault(FAULT_FULL, n);
    assert_true(fired > 5);
}

static void power_cut_while_the_store_is_made_leaves_one_that_opens(void **state)
{
    bool has_fired = true;

    (void)state;
    for (unsigned n = 1; has_fired; n++) {
        struct store *store = NULL;

        fault_vfs_arm(FAULT_POWER, n, n);
        (void)!store_sqlite_make(temp.path, FAULT_VFS, &store);
        store_close(store);
        has_fired = fault_vfs_has_fired();
        fault_vfs_arm(FAULT_NONE, 0, 0);
        rig_free(rig_new(open_store(NULL)));
        temp_dir_empty(&temp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(new_store_is_private_in_wal_mode_with_large_pages),
        T(second_process_is_kept_out),
        T(file_of_another_program_is_refused),
        T(file_that_is_no_database_is_refused),
        T(every_field_comes_back_after_opening_anew),
        T(store_that_is_gone_is_not_begun_anew),
        T(store_without_an_octet_is_not_begun_anew),
        T(database_without_tables_is_not_begun_anew),
        T(marked_place_gets_a_first_store_and_no_second),
        T(first_store_cut_short_is_made_again_as_long_as_the_mark_stands),
        T(store_of_a_running_relay_is_left_alone),
        T(looking_reads_and_writes_nothing),
        T(store_that_lost_its_end_is_seen_by_looking),
        T(row_of_before_devices_could_move_still_counts),
        T(erased_envelope_leaves_its_stub),
        T(wal_is_moved_into_the_file_when_it_is_large_or_nothing_happens),
        T(power_cut_at_any_operation_keeps_what_was_promised),
        T(torn_writes_at_any_operation_keep_what_was_promised),
        T(failed_operation_keeps_what_was_promised),
        T(full_disk_at_any_write_keeps_what_was_promised),
        T(power_cut_while_the_store_is_made_leaves_one_that_opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
