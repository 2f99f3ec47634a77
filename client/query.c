/* query — the desk read for people and scripts: notices, one or a list; relays; a summary. */
#include "client/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/contact.h"
#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/peer.h"
#include "client/short_id.h"
#include "client/vault.h"
#include "client/view_parts.h"

static const char *const flag_names[NOTICE_FLAG_COUNT] = {
    "OVERDUE_CUSTODY",
    "OVERDUE_DELIVERY",
    "OVERDUE_OPEN",
    "OVERDUE_ACK",
    "OVERDUE_REPLY",
    "NO_RELAY",
    "DISPUTED",
    "LATE",
    "CANCELLED",
    "SUPERSEDED",
    "NOT_RELEASED_BY_SECOND_PERSON",
    "RELEASED_ON_ONE_TERMINAL",
    "RELEASE_EXPIRED",
    "RELEASE_TIME_DOES_NOT_FIT",
    "STALE",
    "CERT_EXPIRED",
    "CLOCK_SKEW",
    "GAP",
    "OUT_OF_ORDER",
    "FORK",
    "EQUIVOCATION",
    "QUARANTINED",
    "NOT_SEALED_TO_THIS_TERMINAL",
    "CLOCK_DISPUTED",
    "CHAIN_BROKEN",
    "MISSING_REASON",
    "RAISED",
    "EXERCISE_NO_WINDOW",
    "ACK_WITHOUT_OPENED",
    "OTHER_PLANE",
};

const char *notice_flag_name(unsigned bit)
{
    return bit < NOTICE_FLAG_COUNT ? flag_names[bit] : "UNKNOWN";
}

/* --- finding --- */

int query_find(struct desk *desk, const char *id, uint8_t ret_hash[static HASH_BYTES])
{
    char prefix[NOTICE_ID_SIZE];
    if (short_id_parse(id, prefix) != HL_OK)
        return desk_say(desk, HL_EINVAL, "not a notice id; ids look like L-7KQ2M0419Z");
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT hash, id FROM notice WHERE id >= ?1 AND id <= ?1 || '~' ORDER BY id"
                  " LIMIT 2",
                  SQL_ARGS(SQL_TEXT(prefix))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return desk_say(desk, HL_ENOTFOUND, "no notice %s at this desk", prefix);
    uint8_t hash[HASH_BYTES];
    TRY(sql_get_fixed(&rows, 0, hash, HASH_BYTES));
    char first[NOTICE_ID_SIZE];
    (void)snprintf(first, sizeof(first), "%s", sql_get_text(&rows, 1));
    TRY(sql_next(&rows, &has_row));
    if (has_row)
        return desk_say(desk, HL_EAMBIGUOUS, "%s fits %s and %s; type more of it", prefix, first,
                        sql_get_text(&rows, 1));
    memcpy(ret_hash, hash, HASH_BYTES);
    return HL_OK;
}

int query_find_notice(void *owner, const char *id, uint8_t ret_hash[HASH_BYTES])
{
    return query_find(owner, id, ret_hash);
}

/* --- one notice --- */

void notice_view_free(struct notice_view *view)
{
    if (view == NULL)
        return;
    for (size_t i = 0; i < view->release_count; i++)
        hotline__v1__release__free_unpacked(view->releases[i], NULL);
    hotline__v1__notice__free_unpacked(view->notice, NULL);
    hotline__v1__signed_notice__free_unpacked(view->signed_notice, NULL);
    free(view->addressees);
    free(view);
}

static int add_content(struct desk *desk, struct notice_view *view)
{
    AUTO(blob) content = NULL;
    TRY(vault_read_content(desk, view->deposit_hash, &content));
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(content), &parts));
    view->size = content->len;
    view->notice = MOVE(parts->notice);
    view->signed_notice = MOVE(parts->signed_notice);
    for (size_t i = 0; i < parts->release_count; i++)
        view->releases[view->release_count++] = MOVE(parts->releases[i]);
    return HL_OK;
}

static int take_notice(const struct sql_rows *rows, struct notice_view *view)
{
    (void)snprintf(view->id, sizeof(view->id), "%s", sql_get_text(rows, 0));
    view->direction = sql_get_number(rows, 1) != 0 ? NOTICE_OUT : NOTICE_IN;
    view->is_own_copy = sql_get_number(rows, 2) != 0;
    view->plane = (unsigned)sql_get_number(rows, 3);
    view->precedence = (unsigned)sql_get_number(rows, 4);
    TRY(sql_get_desk(rows, 5, &view->from));
    TRY(sql_get_fixed(rows, 7, view->sender_device, ID_BYTES));
    TRY(sql_get_fixed(rows, 8, view->deposit_hash, HASH_BYTES));
    view->flags = (uint32_t)sql_get_number(rows, 9);
    view->is_weaker = sql_get_number(rows, 10) != 0;
    view->released_ms = sql_get_number(rows, 11);
    view->first_seen_ms = sql_get_number(rows, 12);
    view->is_verified = true;
    return HL_OK;
}

static int view_notice(struct desk *desk, struct notice_view *view)
{
    {
        AUTO_ROWS rows = {0};
        TRY(sql_query(
            desk, &rows,
            "SELECT id, direction, is_own_copy, plane, precedence, sender_entity,"
            " sender_kind, sender_device, deposit, flags, is_weaker, released_ms, first_ms"
            " FROM notice WHERE hash = ?",
            SQL_ARGS(SQL_HASH(view->hash))));
        bool has_row = false;
        TRY(sql_next(&rows, &has_row));
        if (!has_row)
            return HL_ENOTFOUND;
        TRY(take_notice(&rows, view));
    }
    desk_format(desk->identity->trust, &view->from, view->from_text);
    TRY(add_content(desk, view));
    return view_add_layers(desk, view);
}

/* Quarantined whole, or a stub: header only. Columns alike. */
static int view_unread(struct desk *desk, const char *sql, uint32_t flag, struct notice_view *view)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, sql, SQL_ARGS(SQL_HASH(view->hash))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return HL_ENOTFOUND;
    memcpy(view->deposit_hash, view->hash, HASH_BYTES);
    view->plane = (unsigned)sql_get_number(&rows, 0);
    view->precedence = (unsigned)sql_get_number(&rows, 1);
    TRY(sql_get_desk(&rows, 2, &view->from));
    TRY(sql_get_fixed(&rows, 4, view->sender_device, ID_BYTES));
    view->first_seen_ms = sql_get_number(&rows, 5);
    view->quarantine_reason = (uint32_t)sql_get_number(&rows, 6);
    view->size = (size_t)sql_get_number(&rows, 7);
    view->flags = flag;
    view->t0_basis = "NONE";
    desk_format(desk->identity->trust, &view->from, view->from_text);
    return HL_OK;
}

int query_notice(struct desk *desk, const uint8_t hash[static HASH_BYTES],
                 struct notice_view **ret_view)
{
    AUTO(notice_view) view = calloc(1, sizeof(struct notice_view));
    if (view == NULL)
        return HL_ENOMEM;
    memcpy(view->hash, hash, HASH_BYTES);
    int err = view_notice(desk, view);
    if (err == HL_ENOTFOUND)
        err = view_unread(desk,
                          "SELECT plane, precedence, sender_entity, sender_kind, sender_device,"
                          " first_ms, reason, length(octets) FROM quarantine WHERE deposit = ?",
                          NOTICE_QUARANTINED, view);
    if (err == HL_ENOTFOUND)
        err = view_unread(desk,
                          "SELECT plane, precedence, sender_entity, sender_kind, sender_device,"
                          " first_ms, 0, size FROM stub WHERE deposit = ?",
                          NOTICE_NOT_SEALED_HERE, view);
    TRY(err);
    *ret_view = MOVE(view);
    return HL_OK;
}

/* --- lists --- */

#define LIST_MAX 1000

/* Hashes of what fits, newest first: one query, read before the notices are looked up. */
struct hash_list {
    size_t count, max;
    uint8_t (*hashes)[HASH_BYTES];
};

static int take_hashes(struct sql_rows *rows, struct hash_list *list)
{
    bool has_row = false;
    TRY(sql_next(rows, &has_row));
    while (has_row && list->count < list->max) {
        TRY(sql_get_fixed(rows, 0, list->hashes[list->count++], HASH_BYTES));
        TRY(sql_next(rows, &has_row));
    }
    return HL_OK;
}

static int list_hashes(struct desk *desk, const struct notice_filter *filter,
                       struct hash_list *list)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(
        desk, &rows,
        "SELECT n.hash FROM notice n WHERE (?1 = 0 OR n.direction = 0) AND (?2 = 0 OR"
        " n.direction = 1) AND (?3 = 0 OR (n.direction = 0 AND EXISTS (SELECT 1 FROM addressee a"
        " WHERE a.notice = n.hash AND a.is_action = 1 AND a.state NOT IN (4, 5)))) AND (?4 = 0 OR"
        " EXISTS (SELECT 1 FROM addressee a WHERE a.notice = n.hash AND a.state <> 4)) AND (?5 = 0"
        " OR n.flags & 31 <> 0) AND (?6 IS NULL OR (n.sender_entity = ?6 AND n.sender_kind = ?7))"
        " AND (?8 = 0 OR n.plane = ?8) AND n.first_ms >= ?9 AND (?10 IS NULL OR n.thread_id = ?10)"
        " ORDER BY n.rowid DESC",
        SQL_ARGS(SQL_N(filter->only_in), SQL_N(filter->only_out), SQL_N(filter->needs_action),
                 SQL_N(filter->is_unacked), SQL_N(filter->is_overdue),
                 filter->from == NULL ? sql_null() : SQL_ID(filter->from->entity),
                 SQL_N(filter->from == NULL ? 0 : filter->from->kind), SQL_N(filter->plane),
                 SQL_N(filter->since_ms),
                 filter->thread_id == NULL ? sql_null() : SQL_ID(filter->thread_id))));
    return take_hashes(&rows, list);
}

static int list_unread(struct desk *desk, struct hash_list *list)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT deposit FROM (SELECT deposit, first_ms FROM quarantine UNION ALL"
                  " SELECT deposit, first_ms FROM stub WHERE class = 1 AND ? = 1)"
                  " ORDER BY first_ms DESC",
                  SQL_ARGS(SQL_N(identity_is_monitor(desk->identity)))));
    return take_hashes(&rows, list);
}

static int fill_list(struct desk *desk, const struct notice_filter *filter,
                     struct hash_list *hashes, struct notice_list *list)
{
    TRY(list_hashes(desk, filter, hashes));
    if (filter->with_unread)
        TRY(list_unread(desk, hashes));
    for (size_t i = 0; i < hashes->count; i++) {
        TRY(query_notice(desk, hashes->hashes[i], &list->items[list->count]));
        list->count++;
    }
    return HL_OK;
}

int query_list(struct desk *desk, const struct notice_filter *filter, struct notice_list **ret_list)
{
    size_t max = filter->max == 0 || filter->max > LIST_MAX ? LIST_MAX : filter->max;
    AUTO(notice_list) list = calloc(1, sizeof(struct notice_list));
    if (list == NULL)
        return HL_ENOMEM;
    list->items = calloc(max, sizeof(struct notice_view *));
    if (list->items == NULL)
        return HL_ENOMEM;
    struct hash_list hashes = {.max = max, .hashes = calloc(max, sizeof(hashes.hashes[0]))};
    if (hashes.hashes == NULL)
        return HL_ENOMEM;
    int err = fill_list(desk, filter, &hashes, list);
    free(hashes.hashes);
    TRY(err);
    *ret_list = MOVE(list);
    return HL_OK;
}

void notice_list_free(struct notice_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        notice_view_free(list->items[i]);
    free(list->items);
    free(list);
}

/* --- relays and summary --- */

static int take_relay(struct desk *desk, const struct relay_info *relay, struct relay_view *view)
{
    *view = (struct relay_view){.rtt_ms = -1};
    (void)snprintf(view->name, sizeof(view->name), "%s", relay->name);
    (void)snprintf(view->operator_name, sizeof(view->operator_name), "%s", relay->operator_name);
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT contact_ms, skew_ms, rtt_ms, cursor, prekey_ms,"
                  " (SELECT count(*) FROM outbox o WHERE o.relay = relay.id AND o.state = 0)"
                  " FROM relay WHERE id = ?",
                  SQL_ARGS(SQL_ID(relay->id))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return HL_OK;
    view->last_contact_ms = sql_get_number(&rows, 0);
    view->skew_ms = sql_get_number(&rows, 1);
    view->rtt_ms = sql_get_number(&rows, 2);
    view->cursor = (uint64_t)sql_get_number(&rows, 3);
    view->prekey_ms = sql_get_number(&rows, 4);
    view->waiting = (size_t)sql_get_number(&rows, 5);
    return contact_is_up(desk, relay, &view->is_up);
}

int query_relays(struct desk *desk, struct relay_view ret_relays[static LIMIT_RELAYS],
                 size_t *ret_count)
{
    for (size_t i = 0; i < desk->relay_count; i++)
        TRY(take_relay(desk, desk->relays[i], &ret_relays[i]));
    *ret_count = desk->relay_count;
    return HL_OK;
}

static int count_of(struct desk *desk, const char *sql, size_t *ret_count)
{
    int64_t number = 0;
    TRY(sql_number_of(desk, sql, SQL_NO_ARGS, &number));
    *ret_count = (size_t)number;
    return HL_OK;
}

static int has_usable(struct desk *desk, const struct entity *entity, uint32_t kind,
                      bool *ret_has_usable)
{
    *ret_has_usable = false;
    for (size_t i = 0; i < entity->roster->cert_count && !*ret_has_usable; i++) {
        const struct cert *cert = &entity->roster->certs[i];
        enum peer_key quality = PEER_NONE;
        uint8_t id[ID_BYTES];
        uint8_t pk[KEM_PK_BYTES];
        if (cert->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE ||
            cert->desks != UINT32_C(1) << kind || (cert->roles & ROLE_BIT_DESK) == 0)
            continue;
        TRY(peer_pick_key(desk, cert, &quality, id, pk));
        *ret_has_usable = quality != PEER_NONE;
    }
    return HL_OK;
}

static int count_desks_of(struct desk *desk, const struct entity *entity,
                          struct desk_summary *summary)
{
    for (uint32_t kind = 1; kind <= 4; kind++) {
        struct desk_id of = {.kind = kind};
        memcpy(of.entity, entity->id, ID_BYTES);
        if ((entity->roster->desk_kinds & UINT32_C(1) << kind) == 0 ||
            desk_equal(&of, &desk->identity->desk))
            continue;
        bool usable = false;
        TRY(has_usable(desk, entity, kind, &usable));
        summary->peers_total++;
        summary->peers_known += usable ? 1 : 0;
    }
    return HL_OK;
}

static int count_peers(struct desk *desk, struct desk_summary *summary)
{
    const struct trust *trust = desk->identity->trust;
    for (size_t i = 0; i < trust->entity_count; i++) {
        if (trust->entities[i].roster != NULL)
            TRY(count_desks_of(desk, &trust->entities[i], summary));
    }
    return HL_OK;
}

int query_summary(struct desk *desk, struct desk_summary *ret_summary)
{
    struct desk_summary summary = {0};
    uint8_t head[HASH_BYTES];
    TRY(desk_rollback(desk, &summary.is_rolled_back));
    TRY(desk_journal_head(desk, head, &summary.journal_rows));
    TRY(meta_number(desk, "prekey_ms", 0, &summary.prekey_ms));
    TRY(meta_number(desk, "prekey_end_ms", 0, &summary.prekey_not_after_ms));
    TRY(count_peers(desk, &summary));
    TRY(count_of(desk, "SELECT count(DISTINCT deposit) FROM outbox WHERE state = 0",
                 &summary.outbox_waiting));
    TRY(count_of(desk, "SELECT count(*) FROM draft WHERE state <= 1", &summary.drafts));
    TRY(count_of(desk, "SELECT count(*) FROM quarantine", &summary.quarantined));
    TRY(count_of(desk,
                 "SELECT count(*) FROM addressee a JOIN notice n ON n.hash = a.notice WHERE"
                 " n.direction = 0 AND a.is_action = 1 AND a.state NOT IN (4, 5)",
                 &summary.unacked_in));
    TRY(count_of(desk,
                 "SELECT count(DISTINCT n.hash) FROM notice n JOIN addressee a ON a.notice = n.hash"
                 " WHERE n.direction = 1 AND n.flags & 31 <> 0 AND a.state < 4",
                 &summary.overdue));
    summary.stale_hours = trust_stale_hours(desk->identity->trust, desk_now_ms(desk));
    *ret_summary = summary;
    return HL_OK;
}
