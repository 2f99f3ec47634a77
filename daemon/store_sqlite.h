/* store_sqlite — a relay's store in one SQLite file: one connection, WAL, synchronous=FULL, pages of 16 KiB. All calls come
 * from one thread at a time. Rows: daemon/store.h. */
#ifndef HOTLINE_DAEMON_STORE_SQLITE_H
#define HOTLINE_DAEMON_STORE_SQLITE_H

#include "daemon/store.h"

#define STORE_SQLITE_WAL_MAX                                                                       \
    (8U * 1024 * 1024) /* octets of WAL before they are moved into the file */

/* Open or create `path` (mode 0600); a new file and its folder are synced before the call returns. `vfs` NULL: the
 * default. The caller owns *ret_store, frees with store_close(). Errors: HL_EIO, HL_EFORMAT (no store of ours, or of a
 * later version), HL_EBUSY (another process has it), HL_ENOSPACE, HL_ENOMEM. */
HL_MUST_CHECK int store_sqlite_open(const char *path, const char *vfs, struct store **ret_store);

#endif
