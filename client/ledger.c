/* ledger — the rows of notices, in and out, and of the desks they are for. */
#include "client/ledger.h"

#include <string.h>

#include "client/desk_sql.h"
#include "proto/notice.h"

static struct sql_value optional_hash(const ProtobufCBinaryData *field, size_t len)
{
    return field->len == len ? sql_octets(BYTES(field->data, len)) : sql_null();
}

int ledger_put_notice(struct desk *desk, const struct ledger_notice *entry, bool *ret_is_new)
{
    const Hotline__V1__Notice *notice = entry->notice;
    char id[NOTICE_ID_SIZE];
    notice_id_format((unsigned)notice->plane, entry->hash, id);
    int64_t ack_by_ms = notice->ack_by == NULL ? 0 : notice->ack_by->unix_ms;
    TRY(sql_run(
        desk,
        "INSERT OR IGNORE INTO notice(hash, id, direction, is_own_copy, type, plane, precedence,"
        " sender_entity, sender_kind, sender_device, draft_device, notice_id, thread_id,"
        " in_reply_to, deposit, flags, is_weaker, released_ms, not_after_ms, ack_by_ms, first_ms)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        SQL_ARGS(SQL_HASH(entry->hash), SQL_TEXT(id), SQL_N(entry->is_out),
                 SQL_N(entry->is_own_copy), SQL_N(notice->type), SQL_N(notice->plane),
                 SQL_N(notice->precedence), SQL_DESK(&entry->sender), SQL_ID(entry->sender_device),
                 optional_hash(&notice->draft_device, ID_BYTES),
                 optional_hash(&notice->notice_id, ID_BYTES),
                 optional_hash(&notice->thread_id, ID_BYTES),
                 optional_hash(&notice->in_reply_to, HASH_BYTES), SQL_HASH(entry->deposit),
                 SQL_N(entry->flags), SQL_N(entry->is_weaker), SQL_N(entry->released_ms),
                 SQL_N(entry->not_after_ms), SQL_N(ack_by_ms), SQL_N(desk_now_ms(desk)))));
    *ret_is_new = sql_changes(desk) == 1;
    return HL_OK;
}

int ledger_put_addressee(struct desk *desk, const struct ledger_addressee *entry)
{
    bool has_link = entry->link_hash != NULL;
    return sql_run(
        desk,
        "INSERT OR IGNORE INTO addressee(notice, entity, kind, position, is_action, precedence,"
        " sealed, seq, prev, link_hash, link_sig, state, flags) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,0)",
        SQL_ARGS(SQL_HASH(entry->notice), SQL_DESK(&entry->desk), SQL_N(entry->position),
                 SQL_N(entry->is_action), SQL_N(entry->precedence), SQL_N(entry->sealed),
                 SQL_N(entry->seq), has_link ? SQL_HASH(entry->prev) : sql_null(),
                 has_link ? SQL_HASH(entry->link_hash) : sql_null(),
                 has_link ? sql_octets(BYTES(entry->link_sig, SIG_BYTES)) : sql_null(),
                 SQL_N(entry->state)));
}

int ledger_desk_of(const Hotline__V1__Desk *from, struct desk_id *ret_desk)
{
    if (from == NULL || from->entity.len != ID_BYTES || from->kind < 1 || from->kind > 4)
        return HL_EFORMAT;
    memcpy(ret_desk->entity, from->entity.data, ID_BYTES);
    ret_desk->kind = (uint32_t)from->kind;
    return HL_OK;
}

int ledger_crosses_planes(struct desk *desk, const Hotline__V1__Notice *notice, bool *ret_crosses)
{
    const ProtobufCBinaryData none = {0, NULL};
    const ProtobufCBinaryData named[] = {notice->in_reply_to, notice->supersedes,
                                         notice->cancel ? notice->cancel->target : none};
    *ret_crosses = false;
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        int64_t others = 0;
        if (named[i].len != HASH_BYTES)
            continue;
        TRY(sql_number_of(desk, "SELECT count(*) FROM notice WHERE hash = ? AND plane <> ?",
                          SQL_ARGS(SQL_HASH(named[i].data), SQL_N(notice->plane)), &others));
        *ret_crosses = *ret_crosses || others > 0;
    }
    return HL_OK;
}
