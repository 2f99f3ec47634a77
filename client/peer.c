/* peer — whose prekeys we hold, and our own, made and published. */
#include "client/peer.h"

#include <string.h>

#include "client/desk_sql.h"
#include "client/event.h"
#include "client/journal.h"
#include "keys/secret.h"

#define GRACE_MS (24LL * 3600 * 1000)

int peer_mark_rollback(struct desk *desk, const char *detail)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    int64_t is_locked = 0;
    TRY(meta_number(desk, "rollback", 0, &is_locked));
    if (is_locked == 0) {
        TRY(meta_set_number(desk, "rollback", 1));
        TRY(journal_append(desk, JOURNAL_ROLLBACK, bytes_text(detail), NULL));
        struct event event = {.kind = EVENT_STATE_ROLLBACK};
        memcpy(event.detail, detail, strnlen(detail, sizeof(event.detail) - 1));
        TRY(event_put(desk, &event));
    }
    return sql_commit(&transaction);
}

/* --- peers --- */

struct held {
    bool is_there;
    int64_t created_ms;
    uint8_t id[ID_BYTES], prev_hash[HASH_BYTES];
};

static int find_held(struct desk *desk, const struct prekey *prekey, struct held *ret_held)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(
        desk, &rows,
        "SELECT created_ms, id, prev_hash FROM prekey WHERE entity = ? AND device = ? AND kind = ?",
        SQL_ARGS(SQL_ID(prekey->entity), SQL_ID(prekey->device), SQL_N(prekey->kind))));
    struct held held = {0};
    TRY(sql_next(&rows, &held.is_there));
    if (held.is_there) {
        held.created_ms = sql_get_number(&rows, 0);
        TRY(sql_get_fixed(&rows, 1, held.id, ID_BYTES));
        TRY(sql_get_fixed(&rows, 2, held.prev_hash, HASH_BYTES));
    }
    *ret_held = held;
    return HL_OK;
}

/* Encapsulated to once, with coins of no use: a key that is signed and yet no key is found when it comes, not when a notice is
 * to leave. */
static bool can_be_sealed_to(const struct suite *suite, const struct prekey *prekey)
{
    const uint8_t coins[KEM_COINS_BYTES] = {0};
    uint8_t ct[KEM_CT_BYTES];
    uint8_t ss[KEM_SS_BYTES];
    int err = suite->kem_encaps(prekey->pk, coins, ct, ss);
    secret_erase(ss, sizeof(ss));
    return err == HL_OK;
}

static int put_held(struct desk *desk, const struct prekey *prekey)
{
    return sql_run(desk,
                   "INSERT OR REPLACE INTO prekey(entity, device, kind, id, pk, created_ms,"
                   " not_after_ms, hash, prev_hash) VALUES(?,?,?,?,?,?,?,?,?)",
                   SQL_ARGS(SQL_ID(prekey->entity), SQL_ID(prekey->device), SQL_N(prekey->kind),
                            SQL_ID(prekey->id), SQL_BYTES(BYTES_OF(prekey->pk)),
                            SQL_N(prekey->created_ms), SQL_N(prekey->not_after_ms),
                            SQL_HASH(prekey->hash), SQL_HASH(prekey->prev_hash)));
}

/* Two keys of one time, or two followers of one key: the device, or a thief of its key, speaks twice. */
static bool is_fork(const struct prekey *prekey, const struct held *held)
{
    if (!held->is_there || bytes_equal(BYTES_OF(held->id), BYTES_OF(prekey->id)))
        return false;
    return held->created_ms == prekey->created_ms ||
           (!bytes_all_zero(BYTES_OF(prekey->prev_hash)) &&
            bytes_equal(BYTES_OF(held->prev_hash), BYTES_OF(prekey->prev_hash)));
}

static int say_of_device(struct desk *desk, const struct prekey *prekey, struct event event)
{
    const struct cert *device = trust_cert(desk->identity->trust, prekey->entity, prekey->device);
    if (device != NULL) {
        struct desk_id of = {.kind = (uint32_t)__builtin_ctz(device->desks | 16U)};
        memcpy(of.entity, prekey->entity, ID_BYTES);
        desk_format(desk->identity->trust, &of, event.address);
    }
    return event_put(desk, &event);
}

static int judge_own(struct desk *desk, const struct prekey *prekey)
{
    int64_t newest_ms = 0;
    TRY(meta_number(desk, "prekey_ms", 0, &newest_ms));
    if (prekey->created_ms > newest_ms)
        return peer_mark_rollback(desk, "a relay holds a newer prekey of this device");
    return HL_OK;
}

/* One that cannot be used is kept as expired: so it is told once, and its device counts as one without a key. */
static int take_newest(struct desk *desk, struct prekey *prekey)
{
    if (!can_be_sealed_to(desk->identity->suite, prekey)) {
        prekey->not_after_ms = 0;
        TRY(say_of_device(desk, prekey,
                          (struct event){.kind = EVENT_QUARANTINED,
                                         .detail = "a device's prekey cannot be sealed to"}));
    }
    return put_held(desk, prekey);
}

int peer_take_prekey(struct desk *desk, struct bytes signed_prekey)
{
    const struct identity *identity = desk->identity;
    struct prekey prekey;
    int err =
        prekey_check(identity->suite, identity->trust, signed_prekey, desk_now_ms(desk), &prekey);
    if (err == HL_ENOMEM)
        return err;
    if (err != HL_OK)
        return HL_OK;
    if (bytes_equal(BYTES_OF(prekey.device), BYTES_OF(identity->device->id)) &&
        bytes_equal(BYTES_OF(prekey.entity), BYTES_OF(identity->desk.entity)))
        return judge_own(desk, &prekey);
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    struct held held;
    TRY(find_held(desk, &prekey, &held));
    if (is_fork(&prekey, &held))
        TRY(say_of_device(
            desk, &prekey,
            (struct event){.kind = EVENT_PREKEY_FORK,
                           .detail = "two prekeys of one device claim the same place"}));
    if (!held.is_there || prekey.created_ms > held.created_ms)
        TRY(take_newest(desk, &prekey));
    return sql_commit(&transaction);
}

/* --- sealing to them --- */

static enum peer_key quality(unsigned kind, int64_t not_after_ms, int64_t now_ms)
{
    if (kind == HOTLINE__V1__PREKEY_KIND__PK_ROTATING && not_after_ms > now_ms)
        return PEER_NORMAL;
    if (not_after_ms > now_ms ||
        (kind == HOTLINE__V1__PREKEY_KIND__PK_ROTATING && not_after_ms + GRACE_MS > now_ms))
        return PEER_WEAKER;
    return PEER_NONE;
}

int peer_pick_key(struct desk *desk, const struct cert *device, enum peer_key *ret_quality,
                  uint8_t ret_id[static ID_BYTES], uint8_t ret_pk[static KEM_PK_BYTES])
{
    int64_t now_ms = desk_now_ms(desk);
    AUTO_ROWS rows = {0};
    /* A last-resort key in force goes before an expired rotating one; the first row is the best. */
    TRY(sql_query(
        desk, &rows,
        "SELECT kind, not_after_ms, id, pk FROM prekey WHERE entity = ? AND device = ?"
        " ORDER BY CASE WHEN kind = 1 AND not_after_ms > ? THEN 0"
        " WHEN not_after_ms > ? THEN 1 WHEN kind = 1 THEN 2 ELSE 3 END,"
        " created_ms DESC LIMIT 1",
        SQL_ARGS(SQL_ID(device->entity), SQL_ID(device->id), SQL_N(now_ms), SQL_N(now_ms))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    *ret_quality =
        has_row ? quality((unsigned)sql_get_number(&rows, 0), sql_get_number(&rows, 1), now_ms)
                : PEER_NONE;
    if (*ret_quality == PEER_NONE)
        return HL_OK;
    TRY(sql_get_fixed(&rows, 2, ret_id, ID_BYTES));
    return sql_get_fixed(&rows, 3, ret_pk, KEM_PK_BYTES);
}

/* --- our own --- */

static int read_prev_hash(struct desk *desk, uint8_t ret_hash[static HASH_BYTES])
{
    AUTO(blob) prev = NULL;
    int err = meta_octets(desk, "prekey_hash", &prev);
    memset(ret_hash, 0, HASH_BYTES);
    if (err == HL_ENOTFOUND)
        return HL_OK;
    TRY(err);
    if (prev->len != HASH_BYTES)
        return HL_EFORMAT;
    memcpy(ret_hash, prev->data, HASH_BYTES);
    return HL_OK;
}

static int keep_own(struct desk *desk, const struct blob *told, const struct prekey *prekey)
{
    int64_t first_ms = 0;
    TRY(meta_set_octets(desk, "prekey", bytes_blob(told)));
    TRY(meta_set_octets(desk, "prekey_hash", BYTES_OF(prekey->hash)));
    TRY(meta_number(desk, "prekey_first_ms", prekey->created_ms, &first_ms));
    TRY(meta_set_number(desk, "prekey_first_ms", first_ms));
    TRY(meta_set_number(desk, "prekey_ms", prekey->created_ms));
    TRY(meta_set_number(desk, "prekey_end_ms", prekey->not_after_ms));
    return journal_append(desk, JOURNAL_PREKEY, BYTES_OF(prekey->hash), NULL);
}

/* A key that was saved before and could not be told (the disk was full) is told now: each new one would push an older one, which
 * peers seal to, out of the ring. */
static int make_own(struct desk *desk, int64_t told_ms, int64_t now_ms)
{
    struct identity *identity = desk->identity;
    /* Another process may have written the ring since we read it. */
    int err = identity_reload_ring(identity);
    if (err != HL_OK && err != HL_ENOTFOUND)
        return err;
    uint8_t prev_hash[HASH_BYTES];
    TRY(read_prev_hash(desk, prev_hash));
    AUTO(blob) told = NULL;
    const struct prekey_source source = {.suite = identity->suite,
                                         .device = identity->device,
                                         .ns = identity->trust->ns,
                                         .entity = identity->desk.entity,
                                         .prev_hash = prev_hash};
    const struct prekey_secret *untold = prekey_untold(identity->ring, told_ms, now_ms);
    TRY(untold != NULL ? prekey_tell(&source, untold, &told)
                       : prekey_make(&source, identity->rng, identity->secrets->hedge_key, now_ms,
                                     identity->ring, &told));
    struct prekey prekey;
    TRY(prekey_check(identity->suite, identity->trust, bytes_blob(told), now_ms, &prekey));
    TRY(keep_own(desk, told, &prekey));
    /* Before the commit, so that no key is told whose private part is not on disk. */
    return identity->store.save(identity->store.context, identity->ring);
}

/* A day old; or of a clock that was ahead, which nobody accepts. */
static bool is_due(int64_t told_ms, int64_t now_ms)
{
    return told_ms + PREKEY_EVERY_MS <= now_ms || told_ms > now_ms + PREKEY_FUTURE_MS;
}

int peer_own_prekey(struct desk *desk, struct blob **ret_signed, int64_t *ret_created_ms)
{
    int64_t created_ms = 0;
    int64_t now_ms = desk_now_ms(desk);
    TRY(meta_number(desk, "prekey_ms", 0, &created_ms));
    if (is_due(created_ms, now_ms)) {
        AUTO_TRANSACTION transaction = {0};
        TRY(sql_begin(desk, &transaction));
        TRY(meta_number(desk, "prekey_ms", 0, &created_ms)); /* another process was first? */
        if (is_due(created_ms, now_ms))
            TRY(make_own(desk, created_ms, now_ms));
        TRY(sql_commit(&transaction));
        TRY(meta_number(desk, "prekey_ms", 0, &created_ms));
    }
    TRY(meta_octets(desk, "prekey", ret_signed));
    *ret_created_ms = created_ms;
    return HL_OK;
}
