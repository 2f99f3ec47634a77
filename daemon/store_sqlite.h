/* store_sqlite — a relay's store in one SQLite file: one connection, WAL, synchronous=FULL, pages of 16 KiB. All calls come
 * from one thread at a time. Rows: daemon/store.h. */
#ifndef HOTLINE_DAEMON_STORE_SQLITE_H
#define HOTLINE_DAEMON_STORE_SQLITE_H

#include "daemon/store.h"

#define STORE_SQLITE_WAL_MAX                                                                       \
    (8U * 1024 * 1024) /* octets of WAL before they are moved into the file */

/* Beside a path: here a store may be made, once. Whoever makes a relay's folder without SQLite leaves it. */
#define STORE_SQLITE_FIRST ".first"

/* Open the store at `path`. One that is not there or has no octets is refused: a relay that begins anew with the keys of an
 * old one denies every receipt that it gave. Only where PATH.first stands is it made (mode 0600), and PATH.first removed.
 * File and folder are synced before the call returns. `vfs` NULL: the default. The caller owns *ret_store, frees with
 * store_close(). Errors: HL_ENOTFOUND (no store), HL_EIO, HL_EFORMAT (no store of ours, or of a later version), HL_EBUSY
 * (another process has it), HL_ENOSPACE, HL_ENOMEM. */
HL_MUST_CHECK int store_sqlite_open(const char *path, const char *vfs, struct store **ret_store);
/* The same, but one that is not there is made: for a new relay, and for tests. */
HL_MUST_CHECK int store_sqlite_make(const char *path, const char *vfs, struct store **ret_store);
/* Look at a store that nobody runs: it can be loaded and read, as it is at this moment. A WAL file never gets a second
 * connection beside a running daemon's (bookworm's SQLite lacks the WAL-reset fix): HL_EBUSY. More error: HL_ESTATE
 * (PATH.first stands: the first start makes it). */
HL_MUST_CHECK int store_sqlite_open_reading(const char *path, struct store **ret_store);

#endif
