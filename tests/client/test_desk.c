/* test_desk — the desk's database: whose it is, its journal, several processes on it, what it does not contain. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/desk_sql.h"
#include "client/event.h"
#include "client/journal.h"
#include "client/slots.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"
#include "tests/support/temp_dir.h"

struct folder {
    struct desk_world *world;
    struct temp_dir temp;
};

static int folder_up(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    folder->world = desk_world_new();
    temp_dir_make(&folder->temp, "desk.db");
    *state = folder;
    return 0;
}

static int folder_down(void **state)
{
    struct folder *folder = *state;
    desk_world_free(folder->world);
    int err = temp_dir_remove(&folder->temp);
    free(folder);
    return err;
}

/* XAA/1 on disk, with the keys of XBB: ready to send. */
static struct terminal *ready_sender(struct folder *folder)
{
    struct terminal *sender = terminal_new(folder->world, XAA, 0, folder->temp.path);
    struct terminal *peer = terminal_new(folder->world, XBB, 0, NULL);
    struct terminal *const all[] = {peer, sender};
    desks_connect(folder->world, all, 2, 1);
    terminal_free(peer);
    terminal_disconnect(sender, 0);
    return sender;
}

static int append(struct desk *desk, const char *text)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(journal_append(desk, JOURNAL_SERVICE, bytes_text(text), NULL));
    return sql_commit(&transaction);
}

static void the_journal_is_a_chain(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, folder->temp.path);
    uint64_t rows = 0;
    assert_int_equal(append(terminal->desk, "one"), HL_OK);
    assert_int_equal(append(terminal->desk, "two"), HL_OK);
    assert_int_equal(desk_journal_verify(terminal->desk, &rows), HL_OK);
    assert_int_equal(rows, 3); /* the first says that the database was made */
    assert_int_equal(
        sql_run(terminal->desk, "UPDATE journal SET octets = x'6f6e65' WHERE row = 3", SQL_NO_ARGS),
        HL_OK);
    assert_int_equal(desk_journal_verify(terminal->desk, &rows), HL_EVERIFY);
    terminal_free(terminal);
}

static void a_removed_journal_row_is_found(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, folder->temp.path);
    uint64_t rows = 0;
    assert_int_equal(append(terminal->desk, "one"), HL_OK);
    assert_int_equal(append(terminal->desk, "two"), HL_OK);
    assert_int_equal(sql_run(terminal->desk, "DELETE FROM journal WHERE row = 2", SQL_NO_ARGS),
                     HL_OK);
    assert_int_equal(desk_journal_verify(terminal->desk, &rows), HL_EVERIFY);
    terminal_free(terminal);
}

static void the_database_of_another_terminal_is_refused(void **state)
{
    struct folder *folder = *state;
    terminal_free(terminal_new(folder->world, XAA, 0, folder->temp.path));
    struct terminal *other = terminal_new(folder->world, XAA, 1, NULL);
    assert_int_equal(terminal_reopen(other, folder->temp.path, NULL), HL_EPERM);
    terminal_free(other);
}

static void a_database_that_others_may_read_is_refused(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, folder->temp.path);
    assert_int_equal(chmod(folder->temp.path, 0640), 0);
    assert_int_equal(terminal_reopen(terminal, folder->temp.path, NULL), HL_EPERM);
    terminal_free(terminal);
}

static void a_new_database_is_for_its_owner_alone(void **state)
{
    struct folder *folder = *state;
    struct stat status;
    terminal_free(terminal_new(folder->world, XAA, 0, folder->temp.path));
    assert_int_equal(stat(folder->temp.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void another_file_is_no_desk(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, NULL);
    FILE *file = fopen(folder->temp.path, "w");
    for (int i = 0; i < 1000; i++)
        (void)fputs("this is no database\n", file);
    (void)fclose(file);
    assert_int_equal(chmod(folder->temp.path, 0600), 0);
    assert_int_equal(terminal_reopen(terminal, folder->temp.path, NULL), HL_EFORMAT);
    terminal_free(terminal);
}

static void a_database_of_a_newer_program_is_refused(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, folder->temp.path);
    assert_int_equal(sql_run(terminal->desk, "PRAGMA user_version=99", SQL_NO_ARGS), HL_OK);
    assert_int_equal(terminal_reopen(terminal, folder->temp.path, NULL), HL_EFORMAT);
    terminal_free(terminal);
}

static void a_transaction_that_is_not_committed_leaves_nothing(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, folder->temp.path);
    uint64_t rows = 0;
    {
        AUTO_TRANSACTION outer = {0};
        AUTO_TRANSACTION inner = {0};
        assert_int_equal(sql_begin(terminal->desk, &outer), HL_OK);
        assert_int_equal(sql_begin(terminal->desk, &inner), HL_OK);
        assert_int_equal(journal_append(terminal->desk, JOURNAL_SERVICE, bytes_text("x"), NULL),
                         HL_OK);
    }
    assert_int_equal(desk_journal_verify(terminal->desk, &rows), HL_OK);
    assert_int_equal(rows, 1);
    terminal_free(terminal);
}

static void an_inner_failure_dooms_the_whole(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, folder->temp.path);
    AUTO_TRANSACTION outer = {0};
    assert_int_equal(sql_begin(terminal->desk, &outer), HL_OK);
    {
        AUTO_TRANSACTION inner = {0};
        assert_int_equal(sql_begin(terminal->desk, &inner), HL_OK);
    }
    assert_int_not_equal(sql_commit(&outer), HL_OK);
    sql_rollback(&outer);
    terminal_free(terminal);
}

static void a_database_busy_for_five_seconds_says_so(void **state)
{
    struct folder *folder = *state;
    struct terminal *terminal = terminal_new(folder->world, XAA, 0, folder->temp.path);
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(folder->temp.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(append(terminal->desk, "one"), HL_EBUSY);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(append(terminal->desk, "one"), HL_OK);
    terminal_free(terminal);
}

/* --- several processes --- */

#define EACH_SENDS 8

static int child(struct folder *folder, struct terminal *sender, uint64_t seed)
{
    seeded_rng_init(&folder->world->seed, seed);
    if (terminal_reopen(sender, folder->temp.path, NULL) != HL_OK)
        return 1;
    for (int i = 0; i < EACH_SENDS; i++) {
        uint8_t hash[HASH_BYTES];
        desks_send(sender, XBB, 1, hash);
    }
    return 0;
}

static void processes_on_one_database_never_take_one_number_twice(void **state)
{
    struct folder *folder = *state;
    struct terminal *sender = ready_sender(folder);
    assert_int_equal(terminal_reopen(sender, ":memory:", NULL), HL_OK); /* nothing open over fork */
    pid_t pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(child(folder, sender, 100 + (uint64_t)i));
    }
    for (int i = 0; i < 3; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(terminal_reopen(sender, folder->temp.path, NULL), HL_OK);
    uint64_t rows = 0;
    assert_int_equal(desks_count(sender->desk, "SELECT count(DISTINCT seq) FROM addressee"),
                     3 * EACH_SENDS);
    assert_int_equal(desks_count(sender->desk, "SELECT max(seq) FROM addressee"), 3 * EACH_SENDS);
    assert_int_equal(desk_journal_verify(sender->desk, &rows), HL_OK);
    terminal_free(sender);
}

/* --- what is not in it --- */

static bool file_contains(const char *path, const char *needle)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static char octets[4 * 1024 * 1024];
    size_t len = fread(octets, 1, sizeof(octets), file);
    (void)fclose(file);
    return memmem(octets, len, needle, strlen(needle)) != NULL;
}

static void no_text_of_a_notice_stands_in_the_file(void **state)
{
    struct folder *folder = *state;
    struct terminal *sender = ready_sender(folder);
    uint8_t hash[HASH_BYTES];
    char id[NOTICE_ID_SIZE];
    Hotline__V1__Notice *notice = desks_notice(folder->world, XBB, -1, 1);
    assert_int_equal(draft_keep(sender->desk, notice, id), HL_OK);
    hotline__v1__notice__free_unpacked(notice, NULL);
    desks_send(sender, XBB, 1, hash);
    terminal_free(sender);
    assert_true(file_contains(folder->temp.path, "SQLite format 3"));
    assert_true(file_contains(folder->temp.path, id)); /* the search finds what is there */
    assert_false(file_contains(folder->temp.path, "SECRETTEXT"));
    assert_false(file_contains(folder->temp.path, "SECRETSUBJECT"));
}

static void what_was_sent_is_read_back_after_opening_again(void **state)
{
    struct folder *folder = *state;
    struct terminal *sender = ready_sender(folder);
    uint8_t hash[HASH_BYTES];
    desks_send(sender, XBB, 1, hash);
    assert_int_equal(terminal_reopen(sender, folder->temp.path, NULL), HL_OK);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(sender->desk, hash, &view), HL_OK);
    assert_string_equal(view->notice->subject, "SECRETSUBJECT grid");
    assert_int_equal(view->direction, NOTICE_OUT);
    assert_int_equal(view->release_count, 1);
    terminal_free(sender);
}

static void a_wrapped_key_moved_to_another_row_does_not_open(void **state)
{
    struct folder *folder = *state;
    struct terminal *sender = ready_sender(folder);
    uint8_t first[HASH_BYTES];
    uint8_t second[HASH_BYTES];
    desks_send(sender, XBB, 1, first);
    desks_send(sender, XBB, 1, second);
    assert_int_equal(sql_run(sender->desk,
                             "UPDATE deposit SET wrapped_key = (SELECT wrapped_key FROM deposit"
                             " WHERE content_hash = ?) WHERE content_hash = ?",
                             SQL_ARGS(SQL_HASH(first), SQL_HASH(second))),
                     HL_OK);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(sender->desk, second, &view), HL_EVERIFY);
    terminal_free(sender);
}

int main(void)
{
#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(the_journal_is_a_chain),
        FOLDER_TEST(a_removed_journal_row_is_found),
        FOLDER_TEST(the_database_of_another_terminal_is_refused),
        FOLDER_TEST(a_database_that_others_may_read_is_refused),
        FOLDER_TEST(a_new_database_is_for_its_owner_alone),
        FOLDER_TEST(another_file_is_no_desk),
        FOLDER_TEST(a_database_of_a_newer_program_is_refused),
        FOLDER_TEST(a_transaction_that_is_not_committed_leaves_nothing),
        FOLDER_TEST(an_inner_failure_dooms_the_whole),
        FOLDER_TEST(a_database_busy_for_five_seconds_says_so),
        FOLDER_TEST(processes_on_one_database_never_take_one_number_twice),
        FOLDER_TEST(no_text_of_a_notice_stands_in_the_file),
        FOLDER_TEST(what_was_sent_is_read_back_after_opening_again),
        FOLDER_TEST(a_wrapped_key_moved_to_another_row_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
