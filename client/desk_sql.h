/* desk_sql — private to the desk core: SQLite behind values, rows and transactions that end by themselves. */
#ifndef HOTLINE_CLIENT_DESK_SQL_H
#define HOTLINE_CLIENT_DESK_SQL_H

#include <sqlite3.h>

#include "client/desk.h"
#include "proto/limits.h"

#define SQL_CACHE_SIZE 160

/* One prepared statement, found by the address of its literal. */
struct sql_cached {
    const char *sql;
    sqlite3_stmt *stmt;
    bool is_busy;
};
struct desk {
    sqlite3 *db;
    struct identity *identity;
    const struct clock *clock;
    const struct relay_info *relays[LIMIT_RELAYS];
    size_t relay_count;
    unsigned depth;         /* of open transactions; one BEGIN for all */
    bool is_doomed;         /* an inner one failed: the outer may not commit */
    sqlite3_stmt *rollback; /* prepared while there was memory */
    char why[DESK_WHY_SIZE];
    struct sql_cached cache[SQL_CACHE_SIZE];
    size_t cache_count;
};

enum sql_kind { SQL_KIND_NULL, SQL_KIND_NUMBER, SQL_KIND_OCTETS, SQL_KIND_WORDS };
struct sql_value {
    enum sql_kind kind;
    int64_t number;
    struct bytes octets;
};
static inline struct sql_value sql_number(int64_t number)
{
    return (struct sql_value){.kind = SQL_KIND_NUMBER, .number = number};
}
static inline struct sql_value sql_octets(struct bytes octets)
{
    return (struct sql_value){.kind = SQL_KIND_OCTETS, .octets = octets};
}
static inline struct sql_value sql_words(const char *text)
{
    return (struct sql_value){.kind = text == NULL ? SQL_KIND_NULL : SQL_KIND_WORDS,
                              .octets = text == NULL ? BYTES(NULL, 0) : bytes_text(text)};
}
static inline struct sql_value sql_null(void)
{
    return (struct sql_value){.kind = SQL_KIND_NULL};
}
#define SQL_N(value)      sql_number((int64_t)(value))
#define SQL_HASH(pointer) sql_octets(BYTES((pointer), HASH_BYTES))
#define SQL_ID(pointer)   sql_octets(BYTES((pointer), ID_BYTES))
#define SQL_BYTES(octets) sql_octets(octets)
#define SQL_TEXT(text)    sql_words(text)
#define SQL_DESK(desk_id) SQL_ID((desk_id)->entity), SQL_N((desk_id)->kind)
/* The values of a statement, in the order of its question marks. */
#define SQL_ARGS(...)                                                                              \
    (const struct sql_value[]){__VA_ARGS__},                                                       \
        sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value)
#define SQL_NO_ARGS NULL, 0

/* Once, when the connection is new. Errors: HL_ENOMEM, HL_EIO. */
HL_MUST_CHECK int sql_prepare(struct desk *desk);

/* Run a statement that gives no row. `sql` is a literal. Errors: HL_EIO (also: SQLite gave up the transaction that this stands in),
 * HL_EBUSY, HL_ENOSPACE, HL_EEXIST (constraint), HL_EFORMAT (not a database), HL_ENOMEM. */
HL_MUST_CHECK int sql_run(struct desk *desk, const char *sql, const struct sql_value *values,
                          size_t count);
/* Rows changed by the last sql_run(). */
int sql_changes(const struct desk *desk);

/* Rows of a query; AUTO_ROWS ends it on every way out. Values are borrowed until the next sql_next() or the end. */
struct sql_rows {
    struct sql_cached *cached;
    sqlite3_stmt *stmt;
    bool is_own; /* prepared for this query alone */
};
void sql_end(struct sql_rows *rows);
#define AUTO_ROWS __attribute__((cleanup(sql_end))) struct sql_rows
HL_MUST_CHECK int sql_query(struct desk *desk, struct sql_rows *rows, const char *sql,
                            const struct sql_value *values, size_t count);
/* A row that is given has all its values in memory: the getters need none. Errors: as sql_run(). */
HL_MUST_CHECK int sql_next(struct sql_rows *rows, bool *ret_has_row);
int64_t sql_get_number(const struct sql_rows *rows, int column);
struct bytes sql_get_octets(const struct sql_rows *rows, int column);
const char *sql_get_text(const struct sql_rows *rows, int column); /* "" for NULL */
/* Exactly `len` octets. Error: HL_EFORMAT (absent, or another length). */
HL_MUST_CHECK int sql_get_fixed(const struct sql_rows *rows, int column, uint8_t *ret_octets,
                                size_t len);
HL_MUST_CHECK int sql_get_desk(const struct sql_rows *rows, int column, struct desk_id *ret_desk);
/* One number; `absent` when there is no row or it is NULL. */
HL_MUST_CHECK int sql_number_of(struct desk *desk, const char *sql, const struct sql_value *values,
                                size_t count, int64_t *ret_number);
/* One blob. Error: HL_ENOTFOUND (no row, or NULL). The caller owns *ret_blob. */
HL_MUST_CHECK int sql_blob_of(struct desk *desk, const char *sql, const struct sql_value *values,
                              size_t count, struct blob **ret_blob);

/* A transaction: BEGIN IMMEDIATE, rolled back unless committed. Nested ones join the outermost. */
struct sql_transaction {
    struct desk *desk; /* NULL: not begun, or committed */
};
HL_MUST_CHECK int sql_begin(struct desk *desk, struct sql_transaction *transaction);
HL_MUST_CHECK int sql_commit(struct sql_transaction *transaction);
void sql_rollback(struct sql_transaction *transaction);
#define AUTO_TRANSACTION __attribute__((cleanup(sql_rollback))) struct sql_transaction

/* meta: a number or octets by name. */
HL_MUST_CHECK int meta_set_number(struct desk *desk, const char *key, int64_t number);
HL_MUST_CHECK int meta_number(struct desk *desk, const char *key, int64_t absent,
                              int64_t *ret_number);
HL_MUST_CHECK int meta_set_octets(struct desk *desk, const char *key, struct bytes octets);
HL_MUST_CHECK int meta_octets(struct desk *desk, const char *key, struct blob **ret_octets);

/* Words for the officer, kept until the next desk_say(). Returns `err`, so that `return desk_say(desk, HL_EPERM, "…");` */
int desk_say(struct desk *desk, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The statements that make an empty database, by index; NULL behind the last. */
#define DESK_SCHEMA_NUMBER 2
#define DESK_APPLICATION   0x484c4431 /* "HLD1" */
const char *desk_schema(size_t index);

#endif
