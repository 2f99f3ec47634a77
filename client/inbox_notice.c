/* inbox_notice — a verified notice, or a draft of another terminal, into the desk's rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/event.h"
#include "client/inbox_steps.h"
#include "client/ledger.h"
#include "client/query.h"
#include "client/receipt_book.h"
#include "client/streams.h"
#include "client/track.h"

/* --- marks --- */

struct mark_flag {
    uint32_t mark, flag;
};
static const struct mark_flag mark_flags[] = {
    {MARK_NOT_RELEASED_BY_SECOND_PERSON, NOTICE_NOT_SECOND_PERSON},
    {MARK_RELEASED_ON_ONE_TERMINAL, NOTICE_ONE_TERMINAL},
    {MARK_RELEASE_EXPIRED, NOTICE_RELEASE_EXPIRED},
    {MARK_RELEASE_TIME_DOES_NOT_FIT, NOTICE_RELEASE_TIME},
    {MARK_CERT_EXPIRED, NOTICE_CERT_EXPIRED},
    {MARK_STALE, NOTICE_STALE},
    {MARK_CLOCK_SKEW, NOTICE_CLOCK_SKEW},
    {MARK_MISSING_REASON, NOTICE_MISSING_REASON},
    {MARK_EXERCISE_NO_WINDOW, NOTICE_EXERCISE_NO_WINDOW},
};

static uint32_t flags_of(uint32_t marks)
{
    uint32_t flags = 0;
    for (size_t i = 0; i < sizeof(mark_flags) / sizeof(mark_flags[0]); i++) {
        if ((marks & mark_flags[i].mark) != 0)
            flags |= mark_flags[i].flag;
    }
    return flags;
}

/* --- rows --- */

static int put_own_row(const struct arrival *arrival)
{
    const struct opened *opened = arrival->opened;
    const struct desk_id *own = &arrival->desk->identity->desk;
    struct ledger_addressee entry = {.notice = opened->content_hash,
                                     .desk = *own,
                                     .precedence = (unsigned)opened->notice->precedence,
                                     .sealed = 1,
                                     .seq = opened->seq,
                                     .prev = opened->prev,
                                     .link_hash = opened->link_hash,
                                     .link_sig = opened->link_sig,
                                     .state = RCPT_DELIVERED};
    for (size_t i = 0; i < opened->notice->n_to; i++) {
        struct desk_id to;
        TRY(ledger_desk_of(opened->notice->to[i]->desk, &to));
        if (!desk_equal(&to, own))
            continue;
        entry.is_action = opened->notice->to[i]->action;
        entry.precedence = (unsigned)opened->notice->to[i]->precedence;
    }
    return ledger_put_addressee(arrival->desk, &entry);
}

/* A copy of what another terminal of ours sent: we follow it, without its numbers. */
static int put_copy_rows(const struct arrival *arrival)
{
    const struct opened *opened = arrival->opened;
    for (size_t i = 0; i < opened->notice->n_to; i++) {
        struct ledger_addressee entry = {.notice = opened->content_hash,
                                         .position = i,
                                         .is_action = opened->notice->to[i]->action,
                                         .precedence = (unsigned)opened->notice->to[i]->precedence,
                                         .state = RCPT_HELD};
        TRY(ledger_desk_of(opened->notice->to[i]->desk, &entry.desk));
        TRY(ledger_put_addressee(arrival->desk, &entry));
    }
    return HL_OK;
}

/* One draft, two contents: the same author's device named one notice id twice. */
static int find_equivocation(const struct arrival *arrival, uint32_t *flags)
{
    const struct opened *opened = arrival->opened;
    struct desk *desk = arrival->desk;
    TRY(sql_run(desk,
                "UPDATE notice SET flags = flags | ? WHERE notice_id = ? AND draft_device = ? AND"
                " sender_entity = ? AND hash <> ?",
                SQL_ARGS(SQL_N(NOTICE_EQUIVOCATION), SQL_ID(opened->notice->notice_id.data),
                         SQL_ID(opened->notice->draft_device.data), SQL_ID(opened->sender.entity),
                         SQL_HASH(opened->content_hash))));
    if (sql_changes(desk) > 0)
        *flags |= NOTICE_EQUIVOCATION;
    return HL_OK;
}

static int put_notice(const struct arrival *arrival, uint32_t flags, bool *ret_is_new)
{
    const struct opened *opened = arrival->opened;
    struct ledger_notice entry = {.hash = opened->content_hash,
                                  .notice = opened->notice,
                                  .is_out = arrival->is_own_copy,
                                  .is_own_copy = arrival->is_own_copy,
                                  .sender = opened->sender,
                                  .sender_device = opened->sender_device->id,
                                  .deposit = opened->facts.deposit_hash,
                                  .flags = flags};
    for (size_t i = 0; i < opened->release_count; i++) {
        const Hotline__V1__Release *release = opened->releases[i];
        if (release->released_ms > entry.released_ms)
            entry.released_ms = release->released_ms;
        if (entry.not_after_ms == 0 || release->not_after_ms < entry.not_after_ms)
            entry.not_after_ms = release->not_after_ms;
    }
    return ledger_put_notice(arrival->desk, &entry, ret_is_new);
}

/* --- what it is about --- */

static int note_reply(const struct arrival *arrival)
{
    const Hotline__V1__Notice *notice = arrival->opened->notice;
    struct desk *desk = arrival->desk;
    if (notice->in_reply_to.len != HASH_BYTES || notice->type != HOTLINE__V1__NOTICE_TYPE__RSP ||
        notice->response == NULL)
        return HL_OK;
    bool is_interim = notice->response->kind == HOTLINE__V1__RESPONSE_KIND__INTERIM_PENDING;
    TRY(sql_run(desk,
                "UPDATE addressee SET reply = max(reply, ?), reply_ms = ? WHERE notice = ? AND"
                " entity = ? AND kind = ? AND EXISTS (SELECT 1 FROM notice WHERE hash = ? AND"
                " direction = 1 AND plane = ?)",
                SQL_ARGS(SQL_N(is_interim ? 1 : 2), SQL_N(desk_now_ms(desk)),
                         SQL_HASH(notice->in_reply_to.data), SQL_DESK(&arrival->opened->sender),
                         SQL_HASH(notice->in_reply_to.data), SQL_N(notice->plane))));
    if (sql_changes(desk) == 0)
        return HL_OK;
    struct event event = {.kind = EVENT_REPLY};
    desk_format(desk->identity->trust, &arrival->opened->sender, event.address);
    return track_tell(desk, notice->in_reply_to.data, &event);
}

/* Only who said it may take it back, and on its own plane. */
static int mark_target(const struct arrival *arrival, const ProtobufCBinaryData *target,
                       uint32_t flag, enum event_kind kind)
{
    struct desk *desk = arrival->desk;
    if (target->len != HASH_BYTES)
        return HL_OK;
    TRY(sql_run(desk,
                "UPDATE notice SET flags = flags | ? WHERE hash = ? AND sender_entity = ? AND"
                " plane = ?",
                SQL_ARGS(SQL_N(flag), SQL_HASH(target->data),
                         SQL_ID(arrival->opened->sender.entity),
                         SQL_N(arrival->opened->notice->plane))));
    if (sql_changes(desk) == 0)
        return HL_OK;
    struct event event = {.kind = kind};
    desk_format(desk->identity->trust, &arrival->opened->sender, event.from);
    return track_tell(desk, target->data, &event);
}

static int note_targets(const struct arrival *arrival)
{
    const Hotline__V1__Notice *notice = arrival->opened->notice;
    TRY(note_reply(arrival));
    TRY(mark_target(arrival, &notice->supersedes, NOTICE_SUPERSEDED, EVENT_CANCELLED));
    if (notice->type == HOTLINE__V1__NOTICE_TYPE__CAN && notice->cancel != NULL)
        TRY(mark_target(arrival, &notice->cancel->target, NOTICE_CANCELLED, EVENT_CANCELLED));
    return HL_OK;
}

/* --- the notice --- */

static int tell_received(const struct arrival *arrival)
{
    const struct opened *opened = arrival->opened;
    struct event event = {.kind = EVENT_RECEIVED};
    desk_format(arrival->desk->identity->trust, &opened->sender, event.from);
    (void)snprintf(event.relay, sizeof(event.relay), "%s", arrival->relay->name);
    if (opened->notice->ack_by != NULL)
        event.ack_by_ms = opened->notice->ack_by->unix_ms;
    return track_tell(arrival->desk, opened->content_hash, &event);
}

/* The same words in another envelope: no alarm, what we said is said again. */
static int repeated_notice(const struct arrival *arrival)
{
    struct desk *desk = arrival->desk;
    AUTO(blob) first = NULL;
    TRY(sql_blob_of(desk, "SELECT deposit FROM notice WHERE hash = ?",
                    SQL_ARGS(SQL_HASH(arrival->opened->content_hash)), &first));
    if (first->len != HASH_BYTES)
        return HL_EFORMAT;
    TRY(receipt_book_repeat(desk, first->data, arrival->relay_bit));
    struct event event = {.kind = EVENT_DUPLICATE};
    (void)snprintf(event.relay, sizeof(event.relay), "%s", arrival->relay->name);
    return track_tell(desk, arrival->opened->content_hash, &event);
}

int inbox_notice(const struct arrival *arrival)
{
    uint32_t flags = flags_of(arrival->opened->marks);
    TRY(find_equivocation(arrival, &flags));
    bool crosses = false;
    TRY(ledger_crosses_planes(arrival->desk, arrival->opened->notice, &crosses));
    if (crosses)
        flags |= NOTICE_OTHER_PLANE;
    bool is_new = false;
    TRY(put_notice(arrival, flags, &is_new));
    if (!is_new)
        return repeated_notice(arrival);
    if ((flags & NOTICE_EQUIVOCATION) != 0) {
        struct event event = {.kind = EVENT_FORK, .detail = "two contents under one notice id"};
        TRY(track_tell(arrival->desk, arrival->opened->content_hash, &event));
    }
    if (arrival->is_own_copy) {
        TRY(put_copy_rows(arrival));
        return sql_run(arrival->desk, "UPDATE draft SET state = ? WHERE hash = ?",
                       SQL_ARGS(SQL_N(DRAFT_SENT), SQL_HASH(arrival->opened->content_hash)));
    }
    TRY(put_own_row(arrival));
    TRY(streams_accept(arrival->desk, arrival->opened));
    TRY(note_targets(arrival));
    TRY(tell_received(arrival));
    return inbox_say_delivered(arrival, false, 0);
}

/* --- drafts --- */

static enum draft_state state_of(Hotline__V1__DraftAction action)
{
    return action == HOTLINE__V1__DRAFT_ACTION__DA_FOR_RELEASE ? DRAFT_FOR_RELEASE
           : action == HOTLINE__V1__DRAFT_ACTION__DA_SENT      ? DRAFT_SENT
                                                               : DRAFT_RETURNED;
}

/* A row that we know further on stays as it is: sent, given back, or with more signatures. */
static int may_replace(struct desk *desk, const struct draft_row *row, bool *ret_may)
{
    int64_t known = 0;
    int64_t longer = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM draft WHERE notice_id = ? AND state >= ?",
                      SQL_ARGS(SQL_ID(row->notice_id), SQL_N(DRAFT_RETURNED)), &known));
    TRY(sql_number_of(desk,
                      "SELECT count(*) FROM draft WHERE notice_id = ? AND length(content) > ?",
                      SQL_ARGS(SQL_ID(row->notice_id), SQL_N(row->content->len + 40)), &longer));
    *ret_may = known == 0 && (longer == 0 || row->state != DRAFT_FOR_RELEASE);
    return HL_OK;
}

int inbox_draft(const struct arrival *arrival)
{
    const struct opened *opened = arrival->opened;
    struct desk *desk = arrival->desk;
    Hotline__V1__Draft *draft =
        hotline__v1__draft__unpack(NULL, opened->content->len, opened->content->data);
    AUTO(draft_row) row = calloc(1, sizeof(struct draft_row));
    if (draft == NULL || row == NULL || draft->notice == NULL) {
        hotline__v1__draft__free_unpacked(draft, NULL);
        return HL_ENOMEM;
    }
    memcpy(row->notice_id, opened->notice->notice_id.data, ID_BYTES);
    memcpy(row->hash, opened->content_hash, HASH_BYTES);
    row->has_hash = true;
    notice_id_format((unsigned)opened->notice->plane, row->hash, row->id);
    row->state = state_of(draft->action);
    int err = strict_pack(&draft->notice->base, &row->content);
    if (err == HL_OK && draft->remark[0] != '\0')
        err = blob_copy(bytes_text(draft->remark), &row->remark);
    hotline__v1__draft__free_unpacked(draft, NULL);
    TRY(err);
    bool may = false;
    TRY(may_replace(desk, row, &may));
    if (!may)
        return HL_OK;
    TRY(draft_row_put(desk, row));
    struct event event = {.kind = EVENT_DRAFT, .has_hash = true, .detail = "from another terminal"};
    memcpy(event.hash, row->hash, HASH_BYTES);
    memcpy(event.id, row->id, NOTICE_ID_SIZE);
    return event_put(desk, &event);
}
