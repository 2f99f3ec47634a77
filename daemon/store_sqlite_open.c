/* store_sqlite_open — making, claiming and setting up the store's file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store_sqlite_parts.h"

#define APPLICATION_ID 0x484c5231 /* "HLR1" */
#define PATH_SIZE      4096
static const char *const texts[ST_COUNT] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_PUT_ROW] = "INSERT INTO deposit (id, has_envelope, row) VALUES (?1, 1, ?2)",
    [ST_PUT_BODY] = "INSERT INTO body (id, custody, envelope) VALUES (?1, ?2, ?3)",
    [ST_ERASE] = "UPDATE body SET envelope = NULL, stub = ?2 WHERE id = ?1",
    [ST_MARK] = "UPDATE deposit SET has_envelope = 0 WHERE id = ?1",
    [ST_TAKEN] = "INSERT OR REPLACE INTO taken (device, upto, also) VALUES (?1, ?2, ?3)",
    [ST_PREKEY] = "INSERT OR REPLACE INTO prekey (device, place, signed) VALUES (?1, ?2, ?3)",
    [ST_READ] =
        "SELECT row, custody, envelope, stub FROM deposit JOIN body USING (id) WHERE id = ?1",
    /* A start reads no body. */
    [ST_LOAD_ROWS] = "SELECT row, has_envelope FROM deposit ORDER BY id",
    [ST_LOAD_TAKENS] = "SELECT device, upto, also FROM taken",
    [ST_LOAD_PREKEYS] = "SELECT device, place, signed FROM prekey",
};
static const char schema[] =
    "CREATE TABLE deposit (id INTEGER PRIMARY KEY, has_envelope INTEGER NOT NULL, row BLOB NOT "
    "NULL) "
    "STRICT;"
    "CREATE TABLE body (id INTEGER PRIMARY KEY, custody BLOB NOT NULL, stub BLOB, envelope BLOB) "
    "STRICT;"
    "CREATE TABLE taken (device BLOB PRIMARY KEY, upto INTEGER NOT NULL, also BLOB NOT NULL) "
    "STRICT, WITHOUT ROWID;"
    "CREATE TABLE prekey (device BLOB NOT NULL, place INTEGER NOT NULL, signed BLOB NOT NULL, "
    "PRIMARY KEY (device, place)) STRICT, WITHOUT ROWID;";

int sqlite_err(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW: return HL_OK;
    case SQLITE_FULL: return HL_ENOSPACE;
    case SQLITE_NOMEM: return HL_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return HL_EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA: return HL_EFORMAT;
    default: return HL_EIO;
    }
}

/* Counts the WAL's pages after each commit; the checkpoint is ours to time. */
static int on_wal(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store_sqlite *sqlite = context;

    (void)db;
    (void)name;
    sqlite->wal_pages = pages;
    return SQLITE_OK;
}

static void store_sqlite_drop(struct store_sqlite **sqlite)
{
    if (*sqlite)
        store_close(&(*sqlite)->store);
}

/* --- opening ---------------------------------------------------------------------------------------------------------- */

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;

    if (fd >= 0)
        (void)close(fd);
    return failed ? HL_EIO : HL_OK;
}

/* The file's name itself must survive a power loss, before anybody is promised anything. */
static int sync_file_and_folder(const char *path)
{
    char folder[PATH_SIZE];
    char *slash;

    if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
        return HL_EINVAL;
    slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0'; /* "/name" lies in "/" */
    TRY(sync_path(path, O_RDONLY));
    return sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
}

/* A store that is gone or empty kept promises that an empty one would break. */
static int look_for(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return errno == ENOENT || errno == ENOTDIR ? HL_ENOTFOUND : HL_EIO;
    return info.st_size > 0 ? HL_OK : HL_ENOTFOUND;
}

static int mark_of(const char *path, char ret_mark[static PATH_SIZE])
{
    return snprintf(ret_mark, PATH_SIZE, "%s%s", path, STORE_SQLITE_FIRST) < PATH_SIZE ? HL_OK
                                                                                       : HL_EINVAL;
}

/* A file of ours, 0600, that no other process holds. */
static int claim(const char *path, bool may_make, int *ret_fd)
{
    char lock[PATH_SIZE];
    int fd;

    if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock))
        return HL_EINVAL;
    fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return HL_EIO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        return HL_EBUSY;
    }
    *ret_fd = fd;
    if (!may_make)
        return look_for(path);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return HL_EIO;
    (void)close(fd);
    return HL_OK;
}

static int execute(struct store_sqlite *sqlite, const char *sql)
{
    return sqlite_err(sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL));
}

static int ask_number(struct store_sqlite *sqlite, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return sqlite_err(code);
}

static int create_if_new(struct store_sqlite *sqlite)
{
    char sql[sizeof(schema) + 200];
    int64_t version = 0;

    TRY(ask_number(sqlite, "PRAGMA user_version", &version));
    if (version != 0)
        return HL_OK;
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN IMMEDIATE;%sPRAGMA application_id=%d;"
                   "PRAGMA user_version=1;COMMIT;",
                   schema, APPLICATION_ID);
    return execute(sqlite, sql);
}

static int check_ours(struct store_sqlite *sqlite)
{
    int64_t id = 0;
    int64_t version = 0;

    TRY(ask_number(sqlite, "PRAGMA application_id", &id));
    TRY(ask_number(sqlite, "PRAGMA user_version", &version));
    return id == APPLICATION_ID && version == 1 ? HL_OK : HL_EFORMAT;
}

static int set_up(struct store_sqlite *sqlite, bool may_make)
{
    int64_t sync = 0;

    TRY(execute(sqlite, "PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                        "PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=OFF;"
                        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                        "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;"));
    if (may_make)
        TRY(create_if_new(sqlite));
    TRY(check_ours(sqlite));
    TRY(ask_number(sqlite, "PRAGMA synchronous", &sync));
    if (sync != 2)
        return HL_EIO;
    (void)sqlite3_wal_hook(sqlite->db, on_wal, sqlite);
    return HL_OK;
}

static int prepare_all(struct store_sqlite *sqlite)
{
    for (size_t i = 0; i < ST_COUNT; i++)
        TRY(sqlite_err(sqlite3_prepare_v3(sqlite->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                          &sqlite->statements[i], NULL)));
    return HL_OK;
}

static int new_object(struct store_sqlite **ret_sqlite)
{
    struct store_sqlite *sqlite = calloc(1, sizeof(*sqlite));

    if (!sqlite)
        return HL_ENOMEM;
    sqlite->store.ops = &store_sqlite_ops;
    sqlite->lock_fd = -1;
    *ret_sqlite = sqlite;
    return HL_OK;
}

static int open_file(const char *path, const char *vfs, bool may_make, struct store **ret_store)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    AUTO(store_sqlite) sqlite = NULL;

    TRY(new_object(&sqlite));
    TRY(claim(path, may_make, &sqlite->lock_fd));
    TRY(sqlite_err(sqlite3_open_v2(path, &sqlite->db, flags, vfs)));
    TRY(set_up(sqlite, may_make));
    TRY(prepare_all(sqlite));
    TRY(sync_file_and_folder(path));
    *ret_store = &MOVE(sqlite)->store;
    return HL_OK;
}

int store_sqlite_make(const char *path, const char *vfs, struct store **ret_store)
{
    return open_file(path, vfs, true, ret_store);
}

int store_sqlite_open(const char *path, const char *vfs, struct store **ret_store)
{
    char mark[PATH_SIZE];
    struct store *store = NULL;
    int err;

    TRY(mark_of(path, mark));
    if (access(mark, F_OK) != 0) {
        TRY(look_for(path)); /* leaves no lock where there is nothing */
        return open_file(path, vfs, false, ret_store);
    }
    /* The mark goes when the store is durable, and before it is used: it allows one beginning, not a second. */
    TRY(open_file(path, vfs, true, &store));
    err = unlink(mark) == 0 ? sync_file_and_folder(path) : HL_EIO;
    if (err != HL_OK)
        store_close(store);
    else
        *ret_store = store;
    return err;
}

/* Does another process hold it now? */
static bool is_taken(const char *path)
{
    char lock[PATH_SIZE];
    bool taken;
    int fd;

    if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock))
        return false;
    fd = open(lock, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    taken = flock(fd, LOCK_EX | LOCK_NB) != 0;
    (void)close(fd);
    return taken;
}

int store_sqlite_open_reading(const char *path, struct store **ret_store)
{
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    char mark[PATH_SIZE];
    AUTO(store_sqlite) sqlite = NULL;

    TRY(mark_of(path, mark));
    if (access(mark, F_OK) == 0)
        return HL_ESTATE;
    TRY(look_for(path));
    if (is_taken(path))
        return HL_EBUSY;
    TRY(new_object(&sqlite));
    TRY(sqlite_err(sqlite3_open_v2(path, &sqlite->db, flags, NULL)));
    /* One view of all tables, should a daemon start meanwhile. */
    TRY(execute(sqlite, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; BEGIN"));
    TRY(check_ours(sqlite));
    TRY(prepare_all(sqlite));
    *ret_store = &MOVE(sqlite)->store;
    return HL_OK;
}
