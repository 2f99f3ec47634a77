/* store_sqlite_parts — the SQLite store's object and statements. Private to store_sqlite*.c. */
#ifndef HOTLINE_DAEMON_STORE_SQLITE_PARTS_H
#define HOTLINE_DAEMON_STORE_SQLITE_PARTS_H

#include <sqlite3.h>

#include "daemon/store_sqlite.h"

enum statement {
    ST_BEGIN,
    ST_COMMIT,
    ST_ROLLBACK,
    ST_PUT_ROW,
    ST_PUT_BODY,
    ST_ERASE,
    ST_MARK,
    ST_TAKEN,
    ST_PREKEY,
    ST_READ,
    ST_LOAD_ROWS,
    ST_LOAD_TAKENS,
    ST_LOAD_PREKEYS,
    ST_COUNT
};
struct store_sqlite {
    struct store store;
    sqlite3 *db;
    sqlite3_stmt *statements[ST_COUNT];
    int wal_pages; /* since the last checkpoint */
    int lock_fd;
    bool is_doubtful; /* a commit failed, and nobody knows how */
};

/* Our code for one of SQLite's, extended ones too. */
int sqlite_err(int code);
extern const struct store_ops store_sqlite_ops;

#endif
