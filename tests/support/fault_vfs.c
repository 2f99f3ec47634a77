/* fault_vfs — an SQLite VFS that fails the n-th operation, or loses power there. */
#include "tests/support/fault_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

/* A write, or (data NULL) a truncation to `offset`, that is not yet synced. */
struct unsynced {
    sqlite3_int64 offset;
    int len;
    uint8_t *data;
    struct unsynced *next;
};
struct fault_file {
    sqlite3_file base;
    sqlite3_file *real;
    struct unsynced *first, **last;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs our_vfs;
static struct {
    enum fault_kind kind;
    unsigned n, count;
    bool has_fired;
    uint64_t random;
} fault;

void fault_vfs_arm(enum fault_kind kind, unsigned n, uint64_t seed)
{
    fault.kind = kind;
    fault.n = n;
    fault.count = 0;
    fault.has_fired = false;
    fault.random = seed * 2 + 1;
}

bool fault_vfs_has_fired(void)
{
    return fault.has_fired;
}

unsigned fault_vfs_count(void)
{
    return fault.count;
}

static bool is_dark(void)
{
    return fault.has_fired && fault.kind >= FAULT_POWER;
}

/* One more operation: SQLITE_OK, or how it fails. */
static int step(bool is_write, int failure)
{
    fault.count++;
    if (is_dark())
        return failure;
    if (fault.kind == FAULT_NONE || fault.count != fault.n)
        return SQLITE_OK;
    if (fault.kind == FAULT_FULL && !is_write)
        return SQLITE_OK;
    fault.has_fired = true;
    return fault.kind == FAULT_FULL ? SQLITE_FULL : failure;
}

static struct fault_file *file_of(sqlite3_file *file)
{
    return (struct fault_file *)(void *)file;
}

/* --- what is not synced -------------------------------------------------------------------------------------------- */

static void forget(struct fault_file *file)
{
    while (file->first) {
        struct unsynced *item = file->first;

        file->first = item->next;
        free(item->data);
        free(item);
    }
    file->last = &file->first;
}

static int put_off(struct fault_file *file, const void *data, int len, sqlite3_int64 offset)
{
    struct unsynced *item = calloc(1, sizeof(*item));

    if (!item)
        return SQLITE_NOMEM;
    item->offset = offset;
    item->len = len;
    if (data) {
        item->data = malloc((size_t)len);
        if (!item->data) {
            free(item);
            return SQLITE_NOMEM;
        }
        memcpy(item->data, data, (size_t)len);
    }
    *file->last = item;
    file->last = &item->next;
    return SQLITE_OK;
}

static int apply(struct fault_file *file, const struct unsynced *item)
{
    if (!item->data)
        return file->real->pMethods->xTruncate(file->real, item->offset);
    return file->real->pMethods->xWrite(file->real, item->data, item->len, item->offset);
}

static int flush(struct fault_file *file)
{
    int code = SQLITE_OK;

    for (const struct unsynced *item = file->first; item && code == SQLITE_OK; item = item->next)
        code = apply(file, item);
    forget(file);
    return code;
}

static bool toss(void)
{
    fault.random = fault.random * 6364136223846793005ULL + 1442695040888963407ULL;
    return fault.random >> 63;
}

/* The power is gone: some sectors of what was under way have arrived. */
static void tear(struct fault_file *file)
{
    for (const struct unsynced *item = file->first; item; item = item->next) {
        for (int at = 0; item->data && at < item->len; at += SECTOR) {
            struct unsynced part = {.offset = item->offset + at,
                                    .len = item->len - at < SECTOR ? item->len - at : SECTOR,
                                    .data = item->data + at};

            if (toss())
                (void)apply(file, &part);
        }
    }
}

/* Octets of unsynced writes over what the real file gave. */
static void overlay(const struct fault_file *file, uint8_t *to, int len, sqlite3_int64 offset)
{
    for (const struct unsynced *item = file->first; item; item = item->next) {
        for (int i = 0; item->data && i < item->len; i++) {
            sqlite3_int64 at = item->offset + i - offset;

            if (at >= 0 && at < len)
                to[at] = item->data[i];
        }
    }
}

static sqlite3_int64 size_of(struct fault_file *file)
{
    sqlite3_int64 size = 0;

    (void)file->real->pMethods->xFileSize(file->real, &size);
    for (const struct unsynced *item = file->first; item; item = item->next) {
        if (!item->data)
            size = item->offset;
        else if (item->offset + item->len > size)
            size = item->offset + item->len;
    }
    return size;
}

/* --- the file's methods ------------------------------------------------------------------------------------------------ */

static int on_close(sqlite3_file *base)
{
    struct fault_file *file = file_of(base);

    if (is_dark() && fault.kind == FAULT_TORN)
        tear(file);
    else if (!is_dark())
        (void)flush(file);
    forget(file);
    return file->real->pMethods->xClose(file->real);
}

static int on_read(sqlite3_file *base, void *to, int len, sqlite3_int64 offset)
{
    struct fault_file *file = file_of(base);
    int code = file->real->pMethods->xRead(file->real, to, len, offset);

    if (is_dark())
        return SQLITE_IOERR_READ;
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return code;
    overlay(file, to, len, offset);
    return size_of(file) >= offset + len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *base, const void *from, int len, sqlite3_int64 offset)
{
    int code = step(true, SQLITE_IOERR_WRITE);

    return code == SQLITE_OK ? put_off(file_of(base), from, len, offset) : code;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    int code = step(true, SQLITE_IOERR_TRUNCATE);

    return code == SQLITE_OK ? put_off(file_of(base), NULL, 0, size) : code;
}

static int on_sync(sqlite3_file *base, int flags)
{
    struct fault_file *file = file_of(base);
    int code = step(false, SQLITE_IOERR_FSYNC);

    if (code == SQLITE_OK)
        code = flush(file);
    return code == SQLITE_OK ? file->real->pMethods->xSync(file->real, flags) : code;
}

static int on_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = size_of(file_of(base));
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xLock(file_of(base)->real, level);
}

static int on_unlock(sqlite3_file *base, int level)
{
    return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, level);
}

static int on_check_lock(sqlite3_file *base, int *ret_is_reserved)
{
    return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, ret_is_reserved);
}

static int on_control(sqlite3_file *base, int what, void *argument)
{
    return file_of(base)->real->pMethods->xFileControl(file_of(base)->real, what, argument);
}

static int on_sector_size(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xSectorSize(file_of(base)->real);
}

static int on_characteristics(sqlite3_file *base)
{
    return file_of(base)->real->pMethods->xDeviceCharacteristics(file_of(base)->real);
}

static int on_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **ret_map)
{
    return file_of(base)->real->pMethods->xShmMap(file_of(base)->real, page, size, extend, ret_map);
}

static int on_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    return file_of(base)->real->pMethods->xShmLock(file_of(base)->real, offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *base)
{
    file_of(base)->real->pMethods->xShmBarrier(file_of(base)->real);
}

static int on_shm_unmap(sqlite3_file *base, int is_delete)
{
    return file_of(base)->real->pMethods->xShmUnmap(file_of(base)->real, is_delete);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = on_close,
                                           .xRead = on_read,
                                           .xWrite = on_write,
                                           .xTruncate = on_truncate,
                                           .xSync = on_sync,
                                           .xFileSize = on_size,
                                           .xLock = on_lock,
                                           .xUnlock = on_unlock,
                                           .xCheckReservedLock = on_check_lock,
                                           .xFileControl = on_control,
                                           .xSectorSize = on_sector_size,
                                           .xDeviceCharacteristics = on_characteristics,
                                           .xShmMap = on_shm_map,
                                           .xShmLock = on_shm_lock,
                                           .xShmBarrier = on_shm_barrier,
                                           .xShmUnmap = on_shm_unmap};

/* --- the VFS ------------------------------------------------------------------------------------------------------------ */

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                   int *ret_flags)
{
    struct fault_file *file = file_of(base);
    int code;

    (void)vfs;
    file->base.pMethods = NULL;
    file->real = (sqlite3_file *)(void *)(file + 1);
    file->first = NULL;
    file->last = &file->first;
    if (is_dark())
        return SQLITE_IOERR;
    code = real_vfs->xOpen(real_vfs, name, file->real, flags, ret_flags);
    if (code == SQLITE_OK)
        file->base.pMethods = &methods;
    return code;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    int code = step(false, SQLITE_IOERR_DELETE);

    (void)vfs;
    return code == SQLITE_OK ? real_vfs->xDelete(real_vfs, name, sync_folder) : code;
}

void fault_vfs_register(void)
{
    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    our_vfs = *real_vfs;
    our_vfs.pNext = NULL;
    our_vfs.zName = FAULT_VFS;
    our_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    our_vfs.xOpen = on_open;
    our_vfs.xDelete = on_delete;
    (void)sqlite3_vfs_register(&our_vfs, 0);
}
