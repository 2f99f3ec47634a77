/* desk_sweep — an operation of a desk with its n-th allocation failing, for every n: it failed for lack of memory and the tables
 * are as before, or it was done and they are as after; nothing leaks, no transaction stays open, and the same operation goes
 * well the next time. SQLite allocates through malloc() too: its failures are among them. */
#ifndef HOTLINE_TESTS_SUPPORT_DESK_SWEEP_H
#define HOTLINE_TESTS_SUPPORT_DESK_SWEEP_H

#include "client/desk_sql.h"

struct desk_sweep {
    struct desk *desk;
    int (*run)(void *context); /* the operation; frees what it was given */
    void (*check)(
        void *context); /* asserts its one result in the tables; also after it has run twice */
    void *context;
    /* Without prepared statements there are thousands of allocations: every `stride`-th is tried, and all of them with
     * HOTLINE_NTH=all in the environment. 0: not tried at all. */
    unsigned long stride;
};

/* One allocation fails: with the statements prepared, each; without, every stride-th. The tables are as before when it is done. */
void desk_sweep_once(const struct desk_sweep *sweep);
/* All allocations from the n-th on fail. */
void desk_sweep_for_good(const struct desk_sweep *sweep);

/* What numbers must stand in the tables; the journal is a chain. Ends with a NULL, or after `max`. */
struct desk_count {
    const char *sql;
    int64_t number;
};
void desk_check_counts(struct desk *desk, const struct desk_count *counts, size_t max);

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
