/* desk — the desk's database: opened, checked that it is this terminal's, and closed. */
#include "client/desk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/desk_sql.h"
#include "client/journal.h"

/* --- opening --- */

static int pick_relays(struct desk *desk, const struct desk_options *options)
{
    const struct trust *trust = options->identity->trust;
    for (size_t i = 0; i < trust->relay_count && options->relays == NULL; i++)
        desk->relays[desk->relay_count++] = &trust->relays[i];
    for (size_t i = 0; i < trust->relay_count && options->relays != NULL; i++) {
        for (size_t j = 0; j < options->relay_count; j++) {
            if (strcmp(trust->relays[i].name, options->relays[j]) == 0)
                desk->relays[desk->relay_count++] = &trust->relays[i];
        }
    }
    return options->relays != NULL && desk->relay_count != options->relay_count ? HL_EINVAL : HL_OK;
}

static int check_mode(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return HL_OK; /* SQLite says what is wrong with it */
    return (status.st_mode & (S_IRWXG | S_IRWXO)) != 0 ? HL_EPERM : HL_OK;
}

static int open_file(struct desk *desk, const struct desk_options *options)
{
    bool is_memory = strcmp(options->path, ":memory:") == 0;
    if (!is_memory)
        TRY(check_mode(options->path));
    mode_t old_mask = umask(S_IRWXG | S_IRWXO);
    int code = sqlite3_open_v2(options->path, &desk->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                   SQLITE_OPEN_EXRESCODE,
                               options->vfs);
    if (code == SQLITE_OK) {
        (void)sqlite3_busy_timeout(desk->db, DESK_BUSY_MS);
        /* The file is made at the first access, which must fall under this mask. */
        code = sqlite3_exec(desk->db,
                            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA;"
                            "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                            "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;"
                            "SELECT count(*) FROM sqlite_schema",
                            NULL, NULL, NULL);
    }
    (void)umask(old_mask);
    switch (code & 0xff) {
    case SQLITE_OK: return HL_OK;
    case SQLITE_BUSY: return HL_EBUSY;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return HL_EFORMAT;
    case SQLITE_NOMEM: return HL_ENOMEM;
    default: return HL_EIO;
    }
}

/* The database says whose it is: device id, ns. Another device's numbers must never be gone on with. */
static int check_owner(struct desk *desk)
{
    const struct identity *identity = desk->identity;
    AUTO(blob) device = NULL;
    AUTO(blob) ns = NULL;
    TRY(meta_octets(desk, "device", &device));
    TRY(meta_octets(desk, "ns", &ns));
    bool is_ours = bytes_equal(bytes_blob(device), BYTES_OF(identity->device->id)) &&
                   bytes_equal(bytes_blob(ns), BYTES_OF(identity->trust->ns));
    return is_ours ? HL_OK : HL_EPERM;
}

static int create(struct desk *desk)
{
    const struct identity *identity = desk->identity;
    for (size_t i = 0; desk_schema(i) != NULL; i++)
        TRY(sql_run(desk, desk_schema(i), SQL_NO_ARGS));
    TRY(meta_set_octets(desk, "device", BYTES_OF(identity->device->id)));
    TRY(meta_set_octets(desk, "ns", BYTES_OF(identity->trust->ns)));
    TRY(journal_append(desk, JOURNAL_OPENED_DATABASE, BYTES_OF(identity->device->id), NULL));
    TRY(sql_run(desk, "PRAGMA application_id=1212957745", SQL_NO_ARGS));
    return sql_run(desk, "PRAGMA user_version=2", SQL_NO_ARGS);
}

static int note_relays(struct desk *desk)
{
    for (size_t i = 0; i < desk->relay_count; i++) {
        TRY(sql_run(desk, "INSERT OR IGNORE INTO relay(id) VALUES(?)",
                    SQL_ARGS(SQL_ID(desk->relays[i]->id))));
    }
    return HL_OK;
}

static int prepare(struct desk *desk)
{
    int64_t version = 0;
    int64_t application = 0;
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(sql_number_of(desk, "PRAGMA user_version", SQL_NO_ARGS, &version));
    TRY(sql_number_of(desk, "PRAGMA application_id", SQL_NO_ARGS, &application));
    if (version == 0 && application == 0)
        TRY(create(desk));
    else if (version != DESK_SCHEMA_NUMBER || application != DESK_APPLICATION)
        return HL_EFORMAT;
    TRY(check_owner(desk));
    TRY(note_relays(desk));
    return sql_commit(&transaction);
}

int desk_open(const struct desk_options *options, struct desk **ret_desk)
{
    AUTO(desk) desk = calloc(1, sizeof(struct desk));
    if (desk == NULL)
        return HL_ENOMEM;
    desk->identity = options->identity;
    desk->clock = options->clock;
    TRY(pick_relays(desk, options));
    TRY(open_file(desk, options));
    TRY(sql_prepare(desk));
    TRY(prepare(desk));
    *ret_desk = MOVE(desk);
    return HL_OK;
}

void desk_close(struct desk *desk)
{
    if (desk == NULL)
        return;
    for (size_t i = 0; i < desk->cache_count; i++)
        (void)sqlite3_finalize(desk->cache[i].stmt); /* errors were reported when stepped */
    (void)sqlite3_finalize(desk->rollback);
    (void)sqlite3_close(desk->db); /* nothing is open: it cannot be busy */
    free(desk);
}

/* --- looking at it --- */

struct identity *desk_identity(const struct desk *desk)
{
    return desk->identity;
}

const struct clock *desk_clock(const struct desk *desk)
{
    return desk->clock;
}

int64_t desk_now_ms(const struct desk *desk)
{
    return clock_utc_ms(desk->clock);
}

size_t desk_relay_count(const struct desk *desk)
{
    return desk->relay_count;
}

const struct relay_info *desk_relay(const struct desk *desk, size_t index)
{
    return desk->relays[index];
}

const char *desk_why(const struct desk *desk)
{
    return desk->why;
}

int desk_say(struct desk *desk, int err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(desk->why, sizeof(desk->why), format, args); /* too long: cut */
    va_end(args);
    return err;
}

int desk_rollback(struct desk *desk, bool *ret_is_rolled_back)
{
    int64_t is_locked = 1;
    TRY(meta_number(desk, "rollback", 0, &is_locked));
    *ret_is_rolled_back = is_locked != 0;
    return HL_OK;
}

bool desk_is_rolled_back(struct desk *desk)
{
    bool is_locked = true;
    return desk_rollback(desk, &is_locked) != HL_OK || is_locked;
}
