/* store_sqlite — a relay's store in one SQLite file. Rows are only ever appended at the right edge of their trees: the
 * number of a deposit is its key, so no index on a random hash is written. */
#include "daemon/store_sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store_sqlite_parts.h"

#define TAKEN_KEY_BYTES (sizeof(struct device_id) + 1) /* device, then the desk's kind */

static struct store_sqlite *sqlite_of(struct store *store)
{
    return (struct store_sqlite *)(void *)store;
}

/* --- statements -------------------------------------------------------------------------------------------------- */

static void bind_octets(sqlite3_stmt *statement, int at, struct bytes octets)
{
    /* The octets outlive the step. A NULL pointer would bind NULL; an empty value is an empty blob. */
    (void)sqlite3_bind_blob64(statement, at, octets.data ? (const void *)octets.data : "",
                              octets.len, SQLITE_STATIC);
}

/* Run a statement that gives no rows. */
static int run(struct store_sqlite *sqlite, enum statement which)
{
    sqlite3_stmt *statement = sqlite->statements[which];
    int code = sqlite3_step(statement);
    int reset = sqlite3_reset(statement);

    (void)sqlite3_clear_bindings(statement);
    if (code == SQLITE_DONE)
        return HL_OK;
    return sqlite_err(reset != SQLITE_OK ? reset : code);
}

static struct bytes column(sqlite3_stmt *statement, int at)
{
    const void *octets = sqlite3_column_blob(statement, at);

    return BYTES(octets, (size_t)sqlite3_column_bytes(statement, at));
}

static int column_copy(sqlite3_stmt *statement, int at, struct blob **ret_blob)
{
    if (sqlite3_column_type(statement, at) == SQLITE_NULL)
        return HL_OK;
    return blob_copy(column(statement, at), ret_blob);
}

/* --- committing ---------------------------------------------------------------------------------------------------- */

static int write_put(struct store_sqlite *sqlite, const struct store_put *put)
{
    sqlite3_stmt *row = sqlite->statements[ST_PUT_ROW];
    sqlite3_stmt *body = sqlite->statements[ST_PUT_BODY];
    AUTO(blob) octets = NULL;

    TRY(store_row_encode(&put->deposit, &octets));
    (void)sqlite3_bind_int64(row, 1, (sqlite3_int64)put->deposit.index);
    bind_octets(row, 2, bytes_blob(octets));
    TRY(run(sqlite, ST_PUT_ROW));
    (void)sqlite3_bind_int64(body, 1, (sqlite3_int64)put->deposit.index);
    bind_octets(body, 2, put->custody);
    bind_octets(body, 3, put->envelope);
    return run(sqlite, ST_PUT_BODY);
}

static int write_erase(struct store_sqlite *sqlite, const struct store_erase *item)
{
    sqlite3_stmt *statement = sqlite->statements[ST_ERASE];

    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)item->index);
    if (item->stub.len > 0)
        bind_octets(statement, 2, item->stub);
    TRY(run(sqlite, ST_ERASE));
    (void)sqlite3_bind_int64(sqlite->statements[ST_MARK], 1, (sqlite3_int64)item->index);
    return run(sqlite, ST_MARK);
}

static int write_taken(struct store_sqlite *sqlite, const struct store_taken *taken)
{
    sqlite3_stmt *statement = sqlite->statements[ST_TAKEN];
    uint8_t key[TAKEN_KEY_BYTES];
    AUTO(blob) also = NULL;

    TRY(blob_new(8 * taken->also_count, &also));
    for (size_t i = 0; i < taken->also_count; i++)
        put_u64be(also->data + 8 * i, taken->also[i]);
    memcpy(key, &taken->device, sizeof(taken->device));
    key[sizeof(taken->device)] = (uint8_t)taken->kind;
    bind_octets(statement, 1, BYTES_OF(key));
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)taken->upto);
    bind_octets(statement, 3, bytes_blob(also));
    return run(sqlite, ST_TAKEN);
}

static int write_prekey(struct store_sqlite *sqlite, const struct store_prekey *prekey)
{
    sqlite3_stmt *statement = sqlite->statements[ST_PREKEY];

    bind_octets(statement, 1, BYTES(&prekey->device, sizeof(prekey->device)));
    (void)sqlite3_bind_int(statement, 2, (int)prekey->place);
    bind_octets(statement, 3, prekey->signed_prekey);
    return run(sqlite, ST_PREKEY);
}

static int write_batch(struct store_sqlite *sqlite, const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->put_count; i++)
        TRY(write_put(sqlite, &batch->puts[i]));
    for (size_t i = 0; i < batch->erase_count; i++)
        TRY(write_erase(sqlite, &batch->erases[i]));
    for (size_t i = 0; i < batch->taken_count; i++)
        TRY(write_taken(sqlite, &batch->takens[i]));
    for (size_t i = 0; i < batch->prekey_count; i++)
        TRY(write_prekey(sqlite, &batch->prekeys[i]));
    return HL_OK;
}

/* Before COMMIT was tried a rollback undoes all, in memory alone: in WAL mode nothing counts without a commit frame. */
static int undo(struct store_sqlite *sqlite, int err)
{
    if (sqlite3_get_autocommit(sqlite->db) == 0 && run(sqlite, ST_ROLLBACK) != HL_OK)
        sqlite->is_doubtful = true;
    return sqlite->is_doubtful || (err != HL_ENOSPACE && err != HL_ENOMEM) ? HL_EIO : err;
}

static int sqlite_commit(struct store *store, const struct store_batch *batch)
{
    struct store_sqlite *sqlite = sqlite_of(store);
    int err;

    if (sqlite->is_doubtful)
        return HL_EIO;
    err = run(sqlite, ST_BEGIN);
    if (err == HL_OK)
        err = write_batch(sqlite, batch);
    if (err != HL_OK)
        return undo(sqlite, err);
    err = run(sqlite, ST_COMMIT);
    if (err == HL_OK)
        return HL_OK;
    /* A failed fsync may have written all the same: only opening the file anew can tell. */
    if (err != HL_ENOSPACE)
        sqlite->is_doubtful = true;
    return undo(sqlite, err);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static int copy_body(sqlite3_stmt *statement, struct store_body *ret_body)
{
    struct store_body body = {.row = NULL};
    int err = column_copy(statement, 0, &body.row);

    if (err == HL_OK)
        err = column_copy(statement, 1, &body.custody);
    if (err == HL_OK)
        err = column_copy(statement, 2, &body.envelope);
    if (err == HL_OK)
        err = column_copy(statement, 3, &body.stub);
    if (err != HL_OK)
        store_body_done(&body);
    else
        *ret_body = body;
    return err;
}

static int sqlite_read(struct store *store, uint64_t index, struct store_body *ret_body)
{
    sqlite3_stmt *statement = sqlite_of(store)->statements[ST_READ];
    int code;
    int err;

    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)index);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        err = copy_body(statement, ret_body);
    else
        err = code == SQLITE_DONE ? HL_ENOTFOUND : sqlite_err(code);
    (void)sqlite3_reset(statement);
    return err;
}

static int visit_row(sqlite3_stmt *statement, const struct store_visitor *visitor)
{
    struct store_deposit deposit;
    struct store_parts parts;

    TRY(store_row_decode(column(statement, 0), &deposit, &parts));

    int err = visitor->on_deposit(visitor->context, &deposit, sqlite3_column_int(statement, 1));

    store_parts_done(&parts);
    return err;
}

static int read_device(struct bytes octets, struct device_id *ret_device)
{
    if (octets.len != sizeof(*ret_device))
        return HL_EFORMAT;
    memcpy(ret_device, octets.data, sizeof(*ret_device));
    return HL_OK;
}

/* Rows of before devices could move have no desk. */
static int read_taken_key(struct bytes octets, struct store_taken *ret_taken)
{
    if (octets.len == TAKEN_KEY_BYTES)
        ret_taken->kind = octets.data[--octets.len];
    return read_device(octets, &ret_taken->device);
}

static int visit_taken(sqlite3_stmt *statement, const struct store_visitor *visitor)
{
    struct bytes octets = column(statement, 2);
    struct store_taken taken = {.upto = (uint64_t)sqlite3_column_int64(statement, 1),
                                .also_count = octets.len / 8};
    AUTO(blob) memory = NULL;
    uint64_t *also;

    TRY(read_taken_key(column(statement, 0), &taken));
    TRY(blob_new(octets.len + 8, &memory));
    also = (uint64_t *)(void *)memory->data;
    for (size_t i = 0; i < taken.also_count; i++)
        also[i] = get_u64be(octets.data + 8 * i);
    taken.also = also;
    return visitor->on_taken(visitor->context, &taken);
}

static int visit_prekey(sqlite3_stmt *statement, const struct store_visitor *visitor)
{
    struct store_prekey prekey = {.place = (uint32_t)sqlite3_column_int(statement, 1),
                                  .signed_prekey = column(statement, 2)};

    TRY(read_device(column(statement, 0), &prekey.device));
    return visitor->on_prekey(visitor->context, &prekey);
}

static int visit_all(struct store_sqlite *sqlite, enum statement which,
                     int (*visit)(sqlite3_stmt *, const struct store_visitor *),
                     const struct store_visitor *visitor)
{
    sqlite3_stmt *statement = sqlite->statements[which];
    int code = sqlite3_step(statement);
    int err = HL_OK;

    while (err == HL_OK && code == SQLITE_ROW) {
        err = visit(statement, visitor);
        code = sqlite3_step(statement);
    }
    (void)sqlite3_reset(statement);
    return err != HL_OK ? err : sqlite_err(code);
}

static int sqlite_load(struct store *store, const struct store_visitor *visitor)
{
    struct store_sqlite *sqlite = sqlite_of(store);

    TRY(visit_all(sqlite, ST_LOAD_ROWS, visit_row, visitor));
    TRY(visit_all(sqlite, ST_LOAD_TAKENS, visit_taken, visitor));
    return visit_all(sqlite, ST_LOAD_PREKEYS, visit_prekey, visitor);
}

/* --- housekeeping ----------------------------------------------------------------------------------------------------- */

static int sqlite_tidy(struct store *store, bool is_idle)
{
    struct store_sqlite *sqlite = sqlite_of(store);
    int limit = (int)(STORE_SQLITE_WAL_MAX / 16384);
    int code;

    if (sqlite->is_doubtful || sqlite->wal_pages == 0 || (!is_idle && sqlite->wal_pages < limit))
        return HL_OK;
    code = sqlite3_wal_checkpoint_v2(sqlite->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code == SQLITE_OK)
        sqlite->wal_pages = 0;
    return sqlite_err(code);
}

static void sqlite_close(struct store *store)
{
    struct store_sqlite *sqlite = sqlite_of(store);

    for (size_t i = 0; i < ST_COUNT; i++)
        (void)sqlite3_finalize(sqlite->statements[i]);
    (void)sqlite3_close(sqlite->db);
    if (sqlite->lock_fd >= 0)
        (void)close(sqlite->lock_fd);
    free(sqlite);
}

const struct store_ops store_sqlite_ops = {.load = sqlite_load,
                                           .commit = sqlite_commit,
                                           .read = sqlite_read,
                                           .tidy = sqlite_tidy,
                                           .close = sqlite_close};
