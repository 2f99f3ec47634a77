/* desk_sweep — an operation of a desk with its n-th allocation failing, for every n: it failed for lack of memory and the tables
 * are as before, or it was done and they are as after; nothing leaks, no transaction stays open, and the same operation goes
 * well the next time. SQLite allocates through malloc() too: its failures are among them. */
#ifndef HOTLINE_TESTS_SUPPORT_DESK_SWEEP_H
#define HOTLINE_TESTS_SUPPORT_DESK_SWEEP_H

#include "client/desk_sql.h"

#define DESK_COUNTS_MAX 10
/* A prime: over the runs it falls on every kind of statement. */
#define DESK_STRIDE 61

/* What number must stand in the tables. */
struct desk_count {
    const char *sql;
    int64_t number;
};
struct desk_sweep {
    struct desk *desk;
    void *context; /* of the operation */
    /* The one result of the operation, also after it has run twice; ends with a NULL. The journal is a chain in any case. */
    struct desk_count expected[DESK_COUNTS_MAX];
};
/* DESK_EXPECT(sweep, {"SELECT …", 1}, …): what stands there before is forgotten. */
#define DESK_EXPECT(sweep, ...)                                                                    \
    desk_sweep_expect((sweep), (const struct desk_count[DESK_COUNTS_MAX]){__VA_ARGS__})
void desk_sweep_expect(struct desk_sweep *sweep,
                       const struct desk_count counts[static DESK_COUNTS_MAX]);

/* One allocation of the operation fails, which frees what it was given: with the statements prepared, each; without, there are
 * thousands, and every DESK_STRIDE-th is tried, or with HOTLINE_NTH=all in the environment all of them. The tables are as before
 * when it is done. */
void desk_sweep_once(const struct desk_sweep *sweep, int (*run)(void *context));
/* All allocations from the n-th on fail. */
void desk_sweep_for_good(const struct desk_sweep *sweep, int (*run)(void *context));
/* `usual`, or 1 where each allocation is wanted. */
unsigned long desk_sweep_stride(unsigned long usual);

/* Leaves out of the count what SQLite holds: caches and statements come and go. */
long desk_sweep_live(void);
/* Forget the prepared statements, as a new process. */
void desk_sweep_cool(struct desk *desk);

/* A digest of every table. */
#define DUMP_TABLES_MAX 64
struct desk_dump {
    size_t count;
    char names[DUMP_TABLES_MAX][32];
    uint8_t digests[DUMP_TABLES_MAX][HASH_BYTES];
};
void desk_dump(struct desk *desk, struct desk_dump *ret_dump);
/* The first table that differs, or NULL. */
const char *desk_dump_differs(const struct desk_dump *left, const struct desk_dump *right);

/* The whole database put aside, and back. */
sqlite3 *desk_put_aside(struct desk *desk);
void desk_put_back(struct desk *desk, sqlite3 *aside);

#endif
