/* desk_sql — private to the desk core: SQLite behind values, rows and transactions that end by themselves. */
#include "client/desk_sql.h"

#include <assert.h>
#include <string.h>

static int translate(int code)
{
    if (code == SQLITE_IOERR_NOMEM)
        return HL_ENOMEM;
    switch (code & 0xff) {
    case SQLITE_OK: return HL_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return HL_EBUSY;
    case SQLITE_NOMEM: return HL_ENOMEM;
    case SQLITE_FULL: return HL_ENOSPACE;
    case SQLITE_CONSTRAINT: return HL_EEXIST;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return HL_EFORMAT;
    case SQLITE_PERM:
    case SQLITE_AUTH: return HL_EPERM;
    case SQLITE_TOOBIG: return HL_ETOOBIG;
    default: return HL_EIO;
    }
}

static int bind(sqlite3_stmt *stmt, int place, const struct sql_value *value)
{
    switch (value->kind) {
    case SQL_KIND_NULL: return sqlite3_bind_null(stmt, place);
    case SQL_KIND_NUMBER: return sqlite3_bind_int64(stmt, place, value->number);
    case SQL_KIND_OCTETS:
        if (value->octets.len == 0)
            return sqlite3_bind_zeroblob(stmt, place, 0);
        return sqlite3_bind_blob64(stmt, place, value->octets.data, value->octets.len,
                                   SQLITE_TRANSIENT);
    case SQL_KIND_WORDS:
        return sqlite3_bind_text64(stmt, place, (const char *)value->octets.data, value->octets.len,
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    return SQLITE_MISUSE;
}

static struct sql_cached *cache_find(struct desk *desk, const char *sql)
{
    for (size_t i = 0; i < desk->cache_count; i++) {
        if (desk->cache[i].sql == sql && !desk->cache[i].is_busy)
            return &desk->cache[i];
    }
    return NULL;
}

static int cache_add(struct desk *desk, const char *sql, struct sql_rows *rows)
{
    int code = sqlite3_prepare_v3(desk->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &rows->stmt, NULL);
    if (code != SQLITE_OK)
        return translate(code);
    rows->is_own = desk->cache_count == SQL_CACHE_SIZE;
    if (rows->is_own)
        return HL_OK;
    rows->cached = &desk->cache[desk->cache_count++];
    *rows->cached = (struct sql_cached){.sql = sql, .stmt = rows->stmt, .is_busy = true};
    return HL_OK;
}

int sql_prepare(struct desk *desk)
{
    return translate(sqlite3_prepare_v3(desk->db, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT,
                                        &desk->rollback, NULL));
}

/* SQLite may have rolled back by itself after an error; then there is nothing to undo. */
static int undo(struct desk *desk)
{
    if (sqlite3_get_autocommit(desk->db) != 0)
        return HL_OK;
    (void)sqlite3_step(desk->rollback); /* reset tells its error */
    return translate(sqlite3_reset(desk->rollback));
}

/* A statement outside of transactions meets none that could not be undone; one inside of one still has it around itself, or it
 * would be committed alone. */
static int check_transaction(struct desk *desk)
{
    if (desk->depth == 0)
        return undo(desk);
    return sqlite3_get_autocommit(desk->db) == 0 ? HL_OK : HL_EIO;
}

int sql_query(struct desk *desk, struct sql_rows *rows, const char *sql,
              const struct sql_value *values, size_t count)
{
    TRY(check_transaction(desk));
    *rows = (struct sql_rows){.cached = cache_find(desk, sql)};
    if (rows->cached != NULL) {
        rows->stmt = rows->cached->stmt;
        rows->cached->is_busy = true;
    } else {
        TRY(cache_add(desk, sql, rows));
    }
    assert((size_t)sqlite3_bind_parameter_count(rows->stmt) == count);
    for (size_t i = 0; i < count; i++) {
        int code = bind(rows->stmt, (int)i + 1, &values[i]);
        if (code != SQLITE_OK)
            return translate(code);
    }
    return HL_OK;
}

void sql_end(struct sql_rows *rows)
{
    if (rows->stmt == NULL)
        return;
    if (rows->is_own) {
        (void)sqlite3_finalize(rows->stmt); /* its error was reported by the step */
    } else {
        (void)sqlite3_reset(rows->stmt);
        (void)sqlite3_clear_bindings(rows->stmt);
        rows->cached->is_busy = false;
    }
    *rows = (struct sql_rows){0};
}

/* Texts may have to be copied for their NUL, and a copy that fails looks like an empty text. */
static int hold_values(sqlite3_stmt *stmt)
{
    int count = sqlite3_data_count(stmt);
    for (int i = 0; i < count; i++) {
        int type = sqlite3_column_type(stmt, i);
        if (type == SQLITE_TEXT && sqlite3_column_text(stmt, i) == NULL)
            return HL_ENOMEM;
        if (type == SQLITE_BLOB && sqlite3_column_blob(stmt, i) == NULL &&
            sqlite3_column_bytes(stmt, i) > 0)
            return HL_ENOMEM;
    }
    return HL_OK;
}

int sql_next(struct sql_rows *rows, bool *ret_has_row)
{
    int code = sqlite3_step(rows->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return translate(code);
    if (code == SQLITE_ROW)
        TRY(hold_values(rows->stmt));
    *ret_has_row = code == SQLITE_ROW;
    return HL_OK;
}

int sql_run(struct desk *desk, const char *sql, const struct sql_value *values, size_t count)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, sql, values, count));
    bool has_row = false;
    return sql_next(&rows, &has_row);
}

int sql_changes(const struct desk *desk)
{
    return sqlite3_changes(desk->db);
}

int64_t sql_get_number(const struct sql_rows *rows, int column)
{
    return sqlite3_column_int64(rows->stmt, column);
}

struct bytes sql_get_octets(const struct sql_rows *rows, int column)
{
    const void *data = sqlite3_column_blob(rows->stmt, column);
    int len = sqlite3_column_bytes(rows->stmt, column);
    return data == NULL || len <= 0 ? BYTES(NULL, 0) : BYTES(data, (size_t)len);
}

const char *sql_get_text(const struct sql_rows *rows, int column)
{
    const unsigned char *text = sqlite3_column_text(rows->stmt, column);
    return text == NULL ? "" : (const char *)text;
}

int sql_get_fixed(const struct sql_rows *rows, int column, uint8_t *ret_octets, size_t len)
{
    struct bytes octets = sql_get_octets(rows, column);
    if (octets.len != len)
        return HL_EFORMAT;
    memcpy(ret_octets, octets.data, len);
    return HL_OK;
}

int sql_get_desk(const struct sql_rows *rows, int column, struct desk_id *ret_desk)
{
    TRY(sql_get_fixed(rows, column, ret_desk->entity, ID_BYTES));
    ret_desk->kind = (uint32_t)sql_get_number(rows, column + 1);
    return HL_OK;
}

int sql_number_of(struct desk *desk, const char *sql, const struct sql_value *values, size_t count,
                  int64_t *ret_number)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, sql, values, count));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    *ret_number = has_row ? sql_get_number(&rows, 0) : 0;
    return HL_OK;
}

int sql_blob_of(struct desk *desk, const char *sql, const struct sql_value *values, size_t count,
                struct blob **ret_blob)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, sql, values, count));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row || sqlite3_column_type(rows.stmt, 0) == SQLITE_NULL)
        return HL_ENOTFOUND;
    return blob_copy(sql_get_octets(&rows, 0), ret_blob);
}

int sql_begin(struct desk *desk, struct sql_transaction *transaction)
{
    if (desk->depth == 0) {
        desk->why[0] = '\0'; /* words about an earlier attempt would mislead */
        TRY(sql_run(desk, "BEGIN IMMEDIATE", SQL_NO_ARGS));
        desk->is_doomed = false;
    }
    desk->depth++;
    transaction->desk = desk;
    return HL_OK;
}

int sql_commit(struct sql_transaction *transaction)
{
    struct desk *desk = transaction->desk;
    if (desk->depth > 1) {
        desk->depth--;
        transaction->desk = NULL;
        return desk->is_doomed ? HL_EIO : HL_OK;
    }
    if (desk->is_doomed)
        return HL_EIO;
    TRY(sql_run(desk, "COMMIT", SQL_NO_ARGS));
    desk->depth = 0;
    transaction->desk = NULL;
    return HL_OK;
}

void sql_rollback(struct sql_transaction *transaction)
{
    struct desk *desk = transaction->desk;
    if (desk == NULL)
        return;
    transaction->desk = NULL;
    desk->is_doomed = true;
    if (--desk->depth > 0)
        return;
    int err = undo(desk);
    (void)err; /* the first error is told; the next statement undoes before it does anything */
}

int meta_set_number(struct desk *desk, const char *key, int64_t number)
{
    return sql_run(desk, "INSERT OR REPLACE INTO meta(key, number) VALUES(?,?)",
                   SQL_ARGS(SQL_TEXT(key), SQL_N(number)));
}

int meta_number(struct desk *desk, const char *key, int64_t absent, int64_t *ret_number)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, "SELECT number FROM meta WHERE key = ?", SQL_ARGS(SQL_TEXT(key))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    *ret_number = has_row ? sql_get_number(&rows, 0) : absent;
    return HL_OK;
}

int meta_set_octets(struct desk *desk, const char *key, struct bytes octets)
{
    return sql_run(desk, "INSERT OR REPLACE INTO meta(key, octets) VALUES(?,?)",
                   SQL_ARGS(SQL_TEXT(key), SQL_BYTES(octets)));
}

int meta_octets(struct desk *desk, const char *key, struct blob **ret_octets)
{
    return sql_blob_of(desk, "SELECT octets FROM meta WHERE key = ?", SQL_ARGS(SQL_TEXT(key)),
                       ret_octets);
}
