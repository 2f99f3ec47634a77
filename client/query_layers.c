/* query_layers — a notice layer by layer: custody, T0, and the desks it is for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/t0.h"
#include "client/view_parts.h"
#include "wire.pb-c.h"

#define EXPIRED_GRACE_MS (3600LL * 1000)

/* --- custody --- */

static int add_custody(struct desk *desk, struct notice_view *view)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT c.relay, c.received_ms, c.is_clock_off FROM deposit d JOIN custody c"
                  " ON c.deposit = d.hash WHERE d.content_hash = ? ORDER BY c.received_ms LIMIT 16",
                  SQL_ARGS(SQL_HASH(view->hash))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && view->custody_count < LIMIT_RELAYS) {
        uint8_t id[ID_BYTES];
        TRY(sql_get_fixed(&rows, 0, id, ID_BYTES));
        const struct relay_info *relay = trust_relay(desk->identity->trust, id);
        struct custody_view *custody = &view->custody[view->custody_count++];
        (void)snprintf(custody->relay, sizeof(custody->relay), "%s",
                       relay == NULL ? "?" : relay->name);
        custody->received_ms = sql_get_number(&rows, 1);
        custody->is_clock_off = sql_get_number(&rows, 2) != 0;
        TRY(sql_next(&rows, &has_row));
    }
    return HL_OK;
}

static const char *const refusal_texts[] = {
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_MALFORMED] = "it calls the envelope malformed",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_NOT_YOUR_DEVICE] = "it says another terminal signed it",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_OTHER_NS] = "it serves another namespace",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_TOO_LARGE] = "it is too large for it",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_QUOTA] = "this terminal has used up its quota",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_BUSY] = "it is busy",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_NO_SPACE] = "it has no disk space left",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_EXPIRED] = "it says that it has expired",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_UNKNOWN_DESK] = "it does not know an addressed desk",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_REVOKED] = "this terminal is revoked",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_NO_ATTACHMENT] = "it lacks an attachment",
    [HOTLINE__V1__SUBMIT_CODE__SUBMIT_DRAINING] = "it is being stopped",
};

static void take_refusal(const struct desk *desk, const struct sql_rows *rows,
                         struct refusal_view *refusal, const uint8_t id[static ID_BYTES])
{
    const struct relay_info *relay = trust_relay(desk->identity->trust, id);
    int64_t code = sql_get_number(rows, 1);
    bool is_known = code > 0 &&
                    code < (int64_t)(sizeof(refusal_texts) / sizeof(refusal_texts[0])) &&
                    refusal_texts[code] != NULL;
    (void)snprintf(refusal->relay, sizeof(refusal->relay), "%s", relay == NULL ? "?" : relay->name);
    refusal->why = is_known ? refusal_texts[code] : "it did not say why";
    refusal->again_ms = sql_get_number(rows, 2) == 0 ? sql_get_number(rows, 3) : 0;
}

static int add_refusals(struct desk *desk, struct notice_view *view)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT relay, code, state, due_ms FROM outbox WHERE deposit = ? AND code > 1"
                  " AND state <> 1 ORDER BY relay LIMIT 16",
                  SQL_ARGS(SQL_HASH(view->deposit_hash))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && view->refusal_count < LIMIT_RELAYS) {
        uint8_t id[ID_BYTES];
        TRY(sql_get_fixed(&rows, 0, id, ID_BYTES));
        take_refusal(desk, &rows, &view->refusals[view->refusal_count++], id);
        TRY(sql_next(&rows, &has_row));
    }
    return HL_OK;
}

static int add_t0(struct desk *desk, struct notice_view *view, struct t0 *ret_t0)
{
    TRY(t0_of_content(desk, view->hash, view->released_ms, view->first_seen_ms, ret_t0));
    view->t0_ms = ret_t0->ms;
    view->t0_basis = t0_basis_name(ret_t0->basis);
    if (ret_t0->basis == T0_DISPUTED)
        view->flags |= NOTICE_CLOCK_DISPUTED;
    for (size_t i = 0; i < view->release_count; i++) {
        int64_t not_after_ms = view->releases[i]->not_after_ms;
        bool is_late = ret_t0->ms > not_after_ms;
        /* A thief with one relay could backdate. */
        bool is_doubtful = ret_t0->basis == T0_ONE_RELAY && view->direction == NOTICE_IN &&
                           view->first_seen_ms > not_after_ms + EXPIRED_GRACE_MS;
        if (is_late || is_doubtful)
            view->flags |= NOTICE_RELEASE_EXPIRED;
    }
    return HL_OK;
}

/* --- the desks it is for --- */

static const char *const words_out[RCPT_STATES] = {
    [RCPT_RELEASED] = "NOT SENT",           [RCPT_HELD] = "HELD BY RELAY",
    [RCPT_DELIVERED] = "AT THEIR DESK",     [RCPT_OPENED] = "OPENED",
    [RCPT_ACKED] = "RECEIPT ACKNOWLEDGED",  [RCPT_REFUSED] = "REFUSED",
    [RCPT_UNDELIVERABLE] = "UNDELIVERABLE",
};
static const char *const words_reply[] = {"", "INTERIM REPLY", "ANSWERED"};

struct reply {
    int64_t kind, at_ms; /* 0 none, 1 interim, 2 answered */
};

static int64_t time_of(const struct addressee_view *to)
{
    switch (to->state) {
    case RCPT_DELIVERED: return to->delivered_ms;
    case RCPT_OPENED: return to->opened_ms;
    case RCPT_ACKED: return to->acknowledged_ms;
    case RCPT_REFUSED: return to->refused_ms;
    case RCPT_RELEASED:
    case RCPT_HELD:
    case RCPT_UNDELIVERABLE:
    case RCPT_STATES: break;
    }
    return 0;
}

static int asked_relays(struct desk *desk, const struct notice_view *view, int64_t *ret_count)
{
    return sql_number_of(desk, "SELECT count(*) FROM outbox WHERE deposit = ?",
                         SQL_ARGS(SQL_HASH(view->deposit_hash)), ret_count);
}

static int write_status(struct desk *desk, const struct notice_view *view,
                        struct addressee_view *to, const struct reply *reply)
{
    bool has_reply = to->state == RCPT_ACKED && reply->kind >= 1 && reply->kind <= 2;
    const char *word = has_reply ? words_reply[reply->kind] : words_out[to->state];
    if (view->direction == NOTICE_IN && to->state == RCPT_DELIVERED)
        word = "RECEIVED";
    (void)snprintf(to->word, sizeof(to->word), "%s", word);
    int64_t at_ms = has_reply ? reply->at_ms : time_of(to);
    if (to->state == RCPT_HELD) {
        int64_t asked = 0;
        TRY(asked_relays(desk, view, &asked));
        size_t of = (size_t)asked > view->custody_count ? (size_t)asked : view->custody_count;
        (void)snprintf(to->status, sizeof(to->status), "%s (%zu/%zu)", word, view->custody_count,
                       of);
        return HL_OK;
    }
    char at[TIME_TEXT_SIZE] = "";
    if (at_ms != 0)
        time_format_short(at_ms, at);
    bool is_acked = to->state == RCPT_ACKED && !has_reply && to->acknowledged_by[0] != '\0';
    (void)snprintf(to->status, sizeof(to->status), "%s%s%s%s%s%s%.40s", word,
                   at[0] == '\0' ? "" : " ", at, is_acked ? " by " : "",
                   is_acked ? to->acknowledged_by : "", is_acked ? " " : "",
                   is_acked ? to->acknowledged_role : "");
    return HL_OK;
}

static void write_serial(const struct desk *desk, const struct notice_view *view,
                         struct addressee_view *to)
{
    static const char letters[] = "?LET";
    const struct cert *device =
        trust_cert(desk->identity->trust, view->from.entity, view->sender_device);
    if (to->seq == 0 || device == NULL || view->plane > 3)
        return;
    char number[8] = "";
    if (device->device_no > 1)
        (void)snprintf(number, sizeof(number), "/%u", (unsigned)device->device_no % 100);
    (void)snprintf(to->serial, sizeof(to->serial), "%s%s-%s/%c/%04llu", view->from_text, number,
                   to->address, letters[view->plane], (unsigned long long)to->seq);
}

static void name_officer(const struct desk *desk, struct addressee_view *to, struct bytes officer)
{
    if (officer.len != ID_BYTES)
        return;
    memcpy(to->acknowledged_by, to->address, sizeof(to->acknowledged_by));
    const struct cert *cert = trust_cert(desk->identity->trust, to->desk.entity, officer.data);
    if (cert != NULL)
        (void)snprintf(to->acknowledged_role, sizeof(to->acknowledged_role), "%s",
                       cert->role_label);
}

/* In time if its own first custody is, at either end of both intervals. */
static int judge_late(struct desk *desk, const struct notice_view *view, const struct t0 *t0,
                      const uint8_t *ack, struct addressee_view *to)
{
    int64_t first_ms = 0;
    TRY(sql_number_of(desk, "SELECT first_ms FROM receipt WHERE hash = ?", SQL_ARGS(SQL_HASH(ack)),
                      &first_ms));
    struct t0 came;
    TRY(t0_of_content(desk, ack, to->acknowledged_ms, first_ms, &came));
    unsigned precedence = view->precedence <= 4 ? view->precedence : 4;
    int64_t ack_ms = (int64_t)desk->identity->trust->rules[precedence].ack_s * 1000;
    int64_t due_ms = view->notice != NULL && view->notice->ack_by != NULL
                         ? view->notice->ack_by->unix_ms
                         : t0->latest_ms + ack_ms;
    if (came.ms > due_ms)
        to->late_ms = came.ms - due_ms;
    if (to->late_ms > 0 && view->direction == NOTICE_OUT)
        to->flags |= FLAG_LATE;
    return HL_OK;
}

static int count_terminals(struct desk *desk, const struct notice_view *view,
                           struct addressee_view *to)
{
    int64_t delivered = 0;
    TRY(sql_number_of(desk,
                      "SELECT count(DISTINCT by_device) FROM receipt WHERE content_hash = ? AND"
                      " kind = 2 AND by_entity = ? AND by_kind = ?",
                      SQL_ARGS(SQL_HASH(view->hash), SQL_DESK(&to->desk)), &delivered));
    to->terminals_delivered = (unsigned)delivered;
    return HL_OK;
}

static int take_addressee(struct desk *desk, const struct notice_view *view,
                          const struct sql_rows *rows, const struct t0 *t0,
                          struct addressee_view *to)
{
    TRY(sql_get_desk(rows, 0, &to->desk));
    desk_format(desk->identity->trust, &to->desk, to->address);
    to->is_action = sql_get_number(rows, 2) != 0;
    to->terminals_sealed = (unsigned)sql_get_number(rows, 3);
    to->seq = (uint64_t)sql_get_number(rows, 4);
    to->state = (enum receipt_state)(sql_get_number(rows, 5) % RCPT_STATES);
    to->flags = (uint32_t)sql_get_number(rows, 6);
    to->delivered_ms = sql_get_number(rows, 7);
    if (to->delivered_ms == 0 && view->direction == NOTICE_IN)
        to->delivered_ms = view->first_seen_ms; /* here it is, whatever our receipt says of it */
    to->opened_ms = sql_get_number(rows, 8);
    to->acknowledged_ms = sql_get_number(rows, 9);
    to->refused_ms = sql_get_number(rows, 10);
    to->disposition = (uint32_t)sql_get_number(rows, 13);
    to->reservation = (uint32_t)sql_get_number(rows, 14);
    to->nondelivered = (uint32_t)sql_get_number(rows, 15);
    to->refused_reason = (uint32_t)sql_get_number(rows, 16);
    struct reply reply = {.kind = sql_get_number(rows, 17), .at_ms = sql_get_number(rows, 18)};
    name_officer(desk, to, sql_get_octets(rows, 12));
    write_serial(desk, view, to);
    uint8_t ack[HASH_BYTES];
    if (sql_get_fixed(rows, 11, ack, HASH_BYTES) == HL_OK)
        TRY(judge_late(desk, view, t0, ack, to));
    TRY(count_terminals(desk, view, to));
    return write_status(desk, view, to, &reply);
}

static int add_addressees(struct desk *desk, struct notice_view *view, const struct t0 *t0)
{
    int64_t count = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM addressee WHERE notice = ?",
                      SQL_ARGS(SQL_HASH(view->hash)), &count));
    view->addressees = calloc((size_t)count + 1, sizeof(view->addressees[0]));
    if (view->addressees == NULL)
        return HL_ENOMEM;
    AUTO_ROWS rows = {0};
    TRY(sql_query(
        desk, &rows,
        "SELECT entity, kind, is_action, sealed, seq, state, flags, delivered_ms,"
        " opened_ms, acked_ms, refused_ms, ack_receipt, officer, disposition, reservation,"
        " nondelivered, refused_reason, reply, reply_ms FROM addressee WHERE notice = ?"
        " ORDER BY position",
        SQL_ARGS(SQL_HASH(view->hash))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && view->addressee_count < (size_t)count) {
        TRY(take_addressee(desk, view, &rows, t0, &view->addressees[view->addressee_count]));
        view->addressee_count++;
        TRY(sql_next(&rows, &has_row));
    }
    return HL_OK;
}

struct flag_pair {
    uint32_t of_addressee, of_notice;
};
static const struct flag_pair flag_pairs[] = {
    {FLAG_OVERDUE_DELIVERY, NOTICE_OVERDUE_DELIVERY},
    {FLAG_OVERDUE_OPEN, NOTICE_OVERDUE_OPEN},
    {FLAG_OVERDUE_ACK, NOTICE_OVERDUE_ACK},
    {FLAG_NO_RELAY, NOTICE_NO_RELAY},
    {FLAG_DISPUTED, NOTICE_DISPUTED},
    {FLAG_LATE, NOTICE_LATE},
    {FLAG_CANCELLED, NOTICE_CANCELLED},
    {FLAG_SUPERSEDED, NOTICE_SUPERSEDED},
};

/* No terminal of that desk says that it showed what an officer acknowledged. It may still come. */
static bool is_acked_unopened(const struct notice_view *view, const struct addressee_view *to)
{
    return view->direction == NOTICE_OUT && to->acknowledged_ms != 0 && to->opened_ms == 0;
}

static void gather_flags(struct notice_view *view)
{
    for (size_t i = 0; i < view->addressee_count; i++) {
        if (is_acked_unopened(view, &view->addressees[i]))
            view->flags |= NOTICE_ACK_WITHOUT_OPENED;
        for (size_t j = 0; j < sizeof(flag_pairs) / sizeof(flag_pairs[0]); j++) {
            if ((view->addressees[i].flags & flag_pairs[j].of_addressee) != 0)
                view->flags |= flag_pairs[j].of_notice;
        }
    }
}

static void add_ack_due(const struct desk *desk, struct notice_view *view, const struct t0 *t0)
{
    if (view->notice == NULL || view->precedence < 1 || view->precedence > 4)
        return;
    view->ack_due_ms =
        view->notice->ack_by != NULL
            ? view->notice->ack_by->unix_ms
            : t0->ms + (int64_t)desk->identity->trust->rules[view->precedence].ack_s * 1000;
}

int view_add_layers(struct desk *desk, struct notice_view *view)
{
    struct t0 t0;
    TRY(add_custody(desk, view));
    TRY(add_refusals(desk, view));
    TRY(add_t0(desk, view, &t0));
    add_ack_due(desk, view, &t0);
    TRY(add_addressees(desk, view, &t0));
    gather_flags(view);
    int64_t opened = 0;
    TRY(sql_number_of(desk,
                      "SELECT count(*) FROM receipt WHERE content_hash = ? AND kind = 3 AND"
                      " by_device = ?",
                      SQL_ARGS(SQL_HASH(view->hash), SQL_ID(desk->identity->device->id)), &opened));
    view->is_opened_here = opened > 0;
    return HL_OK;
}
