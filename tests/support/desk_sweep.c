/* desk_sweep — an operation of a desk with its n-th allocation failing, for every n. */
#include "tests/support/desk_sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"

#define DUMP_MAX  ((size_t)16 << 20)
#define TRIES_MAX 200000

/* --- tables --- */

static void add_column(sqlite3_stmt *stmt, int column, struct buf *to)
{
    int type = sqlite3_column_type(stmt, column);
    buf_add_u8(to, (uint8_t)type);
    if (type == SQLITE_INTEGER) {
        buf_add_u64be(to, (uint64_t)sqlite3_column_int64(stmt, column));
        return;
    }
    const void *octets = sqlite3_column_blob(stmt, column);
    int len = sqlite3_column_bytes(stmt, column);
    buf_add_u32be(to, (uint32_t)len);
    buf_add(to, BYTES(octets, (size_t)len));
}

static void dump_table(struct desk *desk, struct desk_dump *dump, size_t index)
{
    char sql[80];
    sqlite3_stmt *stmt = NULL;
    AUTO_BUF rows;
    buf_init(&rows, DUMP_MAX);
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", dump->names[index]);
    assert_int_equal(sqlite3_prepare_v2(desk->db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++)
            add_column(stmt, i, &rows);
    }
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(rows.err, HL_OK);
    hash_plain(buf_bytes(&rows), dump->digests[index]);
}

void desk_dump(struct desk *desk, struct desk_dump *ret_dump)
{
    sqlite3_stmt *stmt = NULL;
    memset(ret_dump, 0, sizeof(*ret_dump));
    assert_int_equal(sqlite3_prepare_v2(desk->db,
                                        "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                        " ORDER BY name",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        assert_true(ret_dump->count < DUMP_TABLES_MAX);
        (void)snprintf(ret_dump->names[ret_dump->count++], sizeof(ret_dump->names[0]), "%s",
                       (const char *)sqlite3_column_text(stmt, 0));
    }
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    for (size_t i = 0; i < ret_dump->count; i++)
        dump_table(desk, ret_dump, i);
}

const char *desk_dump_differs(const struct desk_dump *left, const struct desk_dump *right)
{
    if (left->count != right->count)
        return "sqlite_schema";
    for (size_t i = 0; i < left->count; i++) {
        if (strcmp(left->names[i], right->names[i]) != 0 ||
            !bytes_equal(BYTES_OF(left->digests[i]), BYTES_OF(right->digests[i])))
            return left->names[i];
    }
    return NULL;
}

static void copy_all(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
}

sqlite3 *desk_put_aside(struct desk *desk)
{
    sqlite3 *aside = NULL;
    assert_int_equal(sqlite3_open(":memory:", &aside), SQLITE_OK);
    copy_all(aside, desk->db);
    return aside;
}

/* To SQLite the schema is another then. It never changes under a program that runs, so what was prepared for the old one is
 * forgotten, and the new one read, before anything is tried. */
void desk_put_back(struct desk *desk, sqlite3 *aside)
{
    desk_sweep_cool(desk);
    copy_all(desk->db, aside);
    assert_int_equal(sqlite3_exec(desk->db, "SELECT count(*) FROM meta", NULL, NULL, NULL),
                     SQLITE_OK);
}

void desk_sweep_expect(struct desk_sweep *sweep,
                       const struct desk_count counts[static DESK_COUNTS_MAX])
{
    memcpy(sweep->expected, counts, sizeof(sweep->expected));
}

static void check(const struct desk_sweep *sweep)
{
    const struct desk_count *counts = sweep->expected;
    for (size_t i = 0; i < DESK_COUNTS_MAX && counts[i].sql != NULL; i++) {
        int64_t number = -1;
        assert_int_equal(sql_number_of(sweep->desk, counts[i].sql, SQL_NO_ARGS, &number), HL_OK);
        if (number != counts[i].number)
            fail_msg("%s: %lld, not %lld", counts[i].sql, (long long)number,
                     (long long)counts[i].number);
    }
    uint64_t rows = 0;
    assert_int_equal(desk_journal_verify(sweep->desk, &rows), HL_OK);
}

/* --- what is owned --- */

long desk_sweep_live(void)
{
    int held = 0;
    int most = 0;
    assert_int_equal(sqlite3_status(SQLITE_STATUS_MALLOC_COUNT, &held, &most, 0), SQLITE_OK);
    return nth_alloc_live() - held;
}

void desk_sweep_cool(struct desk *desk)
{
    for (size_t i = 0; i < desk->cache_count; i++) {
        assert_false(desk->cache[i].is_busy);
        (void)sqlite3_finalize(desk->cache[i].stmt);
    }
    desk->cache_count = 0;
    assert_ptr_equal(sqlite3_next_stmt(desk->db, NULL), desk->rollback);
    assert_null(sqlite3_next_stmt(desk->db, desk->rollback)); /* one that nobody finalises */
}

/* --- one try --- */

struct sweeping {
    const struct desk_sweep *sweep;
    int (*run)(void *context);
    void (*arm)(unsigned long n);
    bool is_cold;
    sqlite3 *aside;
    struct desk_dump before;
};

/* Done and undone, so that its statements are prepared and its tables as before. */
static void rehearse(const struct sweeping *sweeping)
{
    const struct desk_sweep *sweep = sweeping->sweep;
    AUTO_TRANSACTION transaction = {0};
    assert_int_equal(sql_begin(sweep->desk, &transaction), HL_OK);
    int err = sweeping->run(sweep->context);
    if (err != HL_OK)
        fail_msg("the next time it fails too: error %d (%s)", err, desk_why(sweep->desk));
    check(sweep);
}

/* Nothing of what failed is left in the connection: no lock that others wait for, no change that the next one would commit. */
static void expect_no_transaction(struct desk *desk, unsigned long n)
{
    assert_int_equal(desk->depth, 0);
    if (sqlite3_get_autocommit(desk->db) == 0)
        fail_msg("allocation %lu failed: a transaction is left open", n);
}

static void start_over(const struct sweeping *sweeping)
{
    desk_put_back(sweeping->sweep->desk, sweeping->aside);
    rehearse(sweeping);
}

/* It was done: once, and asking again makes no second. */
static void expect_done(const struct sweeping *sweeping, unsigned long n, bool may_repeat)
{
    const struct desk_sweep *sweep = sweeping->sweep;
    struct desk_dump now;
    desk_dump(sweep->desk, &now);
    const char *table = desk_dump_differs(&sweeping->before, &now);
    if (table != NULL)
        check(sweep);
    if (may_repeat && table != NULL) {
        print_message("allocation %lu failed: done all the same (%s)\n", n, table);
        (void)sweeping->run(sweep->context); /* refused, or repeated */
        check(sweep);
    }
}

/* Returns whether the n-th allocation came. */
static bool try_one(const struct sweeping *sweeping, unsigned long n)
{
    const struct desk_sweep *sweep = sweeping->sweep;
    struct desk_dump now;
    if (sweeping->is_cold)
        desk_sweep_cool(sweep->desk);
    long live = desk_sweep_live();
    sweeping->arm(n);
    int err = sweeping->run(sweep->context);
    bool failed = nth_alloc_disarm();
    long left = desk_sweep_live() - live;
    if (err != HL_ENOMEM && err != HL_OK)
        fail_msg("allocation %lu failed: error %d (%s)", n, err, desk_why(sweep->desk));
    if (err == HL_ENOMEM && !failed)
        fail_msg("allocation %lu was not needed, and yet HL_ENOMEM", n);
    if (left != 0)
        fail_msg("allocation %lu failed: %ld allocations are left over", n, left);
    expect_no_transaction(sweep->desk, n);
    desk_dump(sweep->desk, &now);
    const char *table = desk_dump_differs(&sweeping->before, &now);
    if (err == HL_OK || table != NULL) {
        expect_done(sweeping, n, err != HL_OK);
        start_over(sweeping);
    } else {
        rehearse(sweeping);
    }
    return failed;
}

static void run_all(struct sweeping *sweeping, unsigned long stride)
{
    const struct desk_sweep *sweep = sweeping->sweep;
    sweeping->aside = desk_put_aside(sweep->desk);
    desk_dump(sweep->desk, &sweeping->before);
    rehearse(sweeping);
    unsigned long n = 1;
    while (try_one(sweeping, n)) {
        n += stride;
        assert_true(n < TRIES_MAX);
    }
    desk_put_back(sweep->desk, sweeping->aside);
    assert_int_equal(sqlite3_close(sweeping->aside), SQLITE_OK);
    if (getenv("HOTLINE_NTH") != NULL)
        print_message("%lu allocations%s\n", n - 1, sweeping->is_cold ? ", nothing prepared" : "");
}

unsigned long desk_sweep_stride(unsigned long usual)
{
    const char *wanted = getenv("HOTLINE_NTH");
    return wanted != NULL && strcmp(wanted, "all") == 0 ? 1 : usual;
}

static void run_warm_and_cold(struct sweeping sweeping)
{
    run_all(&sweeping, 1);
    sweeping.is_cold = true;
    run_all(&sweeping, desk_sweep_stride(DESK_STRIDE));
}

void desk_sweep_once(const struct desk_sweep *sweep, int (*run)(void *context))
{
    run_warm_and_cold((struct sweeping){.sweep = sweep, .run = run, .arm = nth_alloc_arm});
}

void desk_sweep_for_good(const struct desk_sweep *sweep, int (*run)(void *context))
{
    run_warm_and_cold((struct sweeping){.sweep = sweep, .run = run, .arm = nth_alloc_arm_all});
}
