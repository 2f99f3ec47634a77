/* courier — the life of outgoing notices over all relays: what is overdue, which deposit goes to one more relay, expiry. */
#include "client/courier.h"

#include <stdio.h>
#include <string.h>

#include "client/contact.h"
#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/journal.h"
#include "client/post.h"
#include "client/query.h"
#include "client/streams.h"
#include "client/track.h"

#define NEXT_MAX_MS     (60LL * 1000)
#define CONTROL_WAIT_MS (30LL * 1000)
#define BATCH           64

/* --- layers and their deadlines --- */

enum layer { LAYER_CUSTODY, LAYER_DELIVERED, LAYER_OPENED, LAYER_ACKNOWLEDGED, LAYER_COUNT };
struct layer_rule {
    const char *name;
    enum receipt_state reached; /* this state, or a higher one */
    enum receipt_event event;   /* EV_COUNT: none */
    uint32_t flag;
    bool only_action; /* information copies owe no answer */
};
static const struct layer_rule layers[LAYER_COUNT] = {
    [LAYER_CUSTODY] = {"custody", RCPT_HELD, EV_COUNT, NOTICE_OVERDUE_CUSTODY | NOTICE_NO_RELAY,
                       false},
    [LAYER_DELIVERED] = {"delivered", RCPT_DELIVERED, EV_DEADLINE_DELIVERY, NOTICE_OVERDUE_DELIVERY,
                         false},
    [LAYER_OPENED] = {"opened", RCPT_OPENED, EV_DEADLINE_OPEN, NOTICE_OVERDUE_OPEN, true},
    [LAYER_ACKNOWLEDGED] = {"acknowledged", RCPT_ACKED, EV_DEADLINE_ACK, NOTICE_OVERDUE_ACK, true},
};

struct owed {
    uint8_t notice[HASH_BYTES];
    struct desk_id desk;
    unsigned precedence;
    bool is_action;
    enum receipt_state state;
    uint32_t told;
    int64_t row, position, released_ms, first_ms, ack_by_ms;
};

static int64_t due_of(const struct desk *desk, const struct owed *owed, enum layer layer,
                      const struct t0 *t0)
{
    const struct precedence_rule *rule = &desk->identity->trust->rules[owed->precedence];
    switch (layer) {
    case LAYER_CUSTODY: return owed->released_ms + (int64_t)rule->custody_s * 1000;
    case LAYER_DELIVERED: return t0->latest_ms + (int64_t)rule->delivered_s * 1000;
    case LAYER_OPENED: return t0->latest_ms + (int64_t)rule->opened_s * 1000;
    case LAYER_ACKNOWLEDGED:
        return owed->ack_by_ms != 0 ? owed->ack_by_ms : t0->latest_ms + (int64_t)rule->ack_s * 1000;
    case LAYER_COUNT: break;
    }
    return INT64_MAX;
}

/* REFUSED is an answer by a person: nothing more is owed. UNDELIVERABLE has not reached a desk. */
static bool has_reached(const struct owed *owed, enum layer layer)
{
    if (owed->state == RCPT_REFUSED)
        return true;
    if (owed->state == RCPT_UNDELIVERABLE)
        return layer == LAYER_CUSTODY;
    return owed->state >= layers[layer].reached;
}

static int note_overdue(struct desk *desk, const struct owed *owed, enum layer layer,
                        int64_t due_ms)
{
    const struct layer_rule *rule = &layers[layer];
    TRY(sql_run(desk,
                "UPDATE addressee SET told = told | ? WHERE notice = ? AND entity = ? AND kind = ?"
                " AND told & ? = 0",
                SQL_ARGS(SQL_N(1 << layer), SQL_HASH(owed->notice), SQL_DESK(&owed->desk),
                         SQL_N(1 << layer))));
    if (sql_changes(desk) == 0)
        return HL_OK; /* another process told it */
    TRY(track_mark(desk, owed->notice, rule->flag));
    bool has_moved = false;
    if (rule->event != EV_COUNT)
        TRY(track_step(desk, owed->notice, &owed->desk, rule->event, &has_moved));
    TRY(journal_append(desk, JOURNAL_OVERDUE, BYTES_OF(owed->notice), NULL));
    if (layer == LAYER_CUSTODY && owed->position > 0)
        return HL_OK; /* custody is of the notice, not of each addressee */
    struct event event = {
        .kind = EVENT_OVERDUE, .due_ms = due_ms, .late_ms = desk_now_ms(desk) - due_ms};
    (void)snprintf(event.layer, sizeof(event.layer), "%s", rule->name);
    if (layer != LAYER_CUSTODY)
        desk_format(desk->identity->trust, &owed->desk, event.address);
    return track_tell(desk, owed->notice, &event);
}

static int judge_owed(struct desk *desk, const struct owed *owed, int64_t *next_ms)
{
    struct t0 t0;
    TRY(t0_of_content(desk, owed->notice, owed->released_ms, owed->first_ms, &t0));
    int64_t now_ms = desk_now_ms(desk);
    for (unsigned i = 0; i < LAYER_COUNT; i++) {
        enum layer layer = (enum layer)i;
        if (has_reached(owed, layer) || (owed->told & 1U << i) != 0 ||
            (layers[i].only_action && !owed->is_action))
            continue;
        int64_t due_ms = due_of(desk, owed, layer, &t0);
        if (due_ms <= now_ms)
            TRY(note_overdue(desk, owed, layer, due_ms));
        else if (due_ms < *next_ms)
            *next_ms = due_ms;
    }
    return HL_OK;
}

static int take_owed(const struct sql_rows *rows, struct owed *ret_owed)
{
    TRY(sql_get_fixed(rows, 0, ret_owed->notice, HASH_BYTES));
    TRY(sql_get_desk(rows, 1, &ret_owed->desk));
    ret_owed->precedence = (unsigned)sql_get_number(rows, 3);
    ret_owed->is_action = sql_get_number(rows, 4) != 0;
    ret_owed->state = (enum receipt_state)sql_get_number(rows, 5);
    ret_owed->told = (uint32_t)sql_get_number(rows, 6);
    ret_owed->position = sql_get_number(rows, 7);
    ret_owed->released_ms = sql_get_number(rows, 8);
    ret_owed->first_ms = sql_get_number(rows, 9);
    ret_owed->ack_by_ms = sql_get_number(rows, 10);
    ret_owed->row = sql_get_number(rows, 11);
    return HL_OK;
}

/* The next ones behind `after`. */
static int find_owed(struct desk *desk, const struct owed *after, struct owed *ret_list,
                     size_t *ret_count)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT a.notice, a.entity, a.kind, a.precedence, a.is_action, a.state, a.told,"
                  " a.position, n.released_ms, n.first_ms, n.ack_by_ms, n.rowid FROM notice n"
                  " JOIN addressee a ON a.notice = n.hash WHERE n.direction = 1 AND a.state < 4"
                  " AND a.told < 15 AND (n.rowid, a.position) > (?, ?)"
                  " ORDER BY n.rowid, a.position LIMIT 64",
                  SQL_ARGS(SQL_N(after->row), SQL_N(after->position))));
    size_t count = 0;
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && count < BATCH) {
        TRY(take_owed(&rows, &ret_list[count++]));
        TRY(sql_next(&rows, &has_row));
    }
    *ret_count = count;
    return HL_OK;
}

static int judge_list(struct desk *desk, const struct owed *list, size_t count, int64_t *next_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].precedence >= 1 && list[i].precedence <= 4)
            TRY(judge_owed(desk, &list[i], next_ms));
    }
    return HL_OK;
}

static int tick_deadlines(struct desk *desk, int64_t *next_ms)
{
    struct owed after = {0};
    struct owed list[BATCH];
    size_t count = BATCH;
    while (count == BATCH) {
        TRY(find_owed(desk, &after, list, &count));
        TRY(judge_list(desk, list, count, next_ms));
        after = count > 0 ? list[count - 1] : after;
    }
    return HL_OK;
}

/* --- over more relays --- */

struct lonely {
    uint8_t deposit[HASH_BYTES];
    unsigned precedence;
    int64_t first_ms;
};

static int find_lonely(struct desk *desk, struct lonely *ret_list, size_t *ret_count)
{
    AUTO_ROWS rows = {0};
    /* No custody yet although offered, and there are relays that were not asked. */
    TRY(sql_query(desk, &rows,
                  "SELECT d.hash, d.precedence, d.first_ms FROM outbox o"
                  " JOIN deposit d ON d.hash = o.deposit WHERE o.state IN (0, 2)"
                  " AND NOT EXISTS (SELECT 1 FROM custody c WHERE c.deposit = d.hash)"
                  " AND (SELECT count(*) FROM outbox p WHERE p.deposit = d.hash) < ?"
                  " GROUP BY d.hash LIMIT 64",
                  SQL_ARGS(SQL_N(desk->relay_count))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    size_t count = 0;
    while (has_row && count < BATCH) {
        TRY(sql_get_fixed(&rows, 0, ret_list[count].deposit, HASH_BYTES));
        ret_list[count].precedence = (unsigned)sql_get_number(&rows, 1);
        ret_list[count++].first_ms = sql_get_number(&rows, 2);
        TRY(sql_next(&rows, &has_row));
    }
    *ret_count = count;
    return HL_OK;
}

static int tick_relays(struct desk *desk, int64_t *next_ms)
{
    struct lonely lonely[BATCH];
    size_t count = 0;
    TRY(find_lonely(desk, lonely, &count));
    relay_set all = post_all_relays(desk);
    for (size_t i = 0; i < count; i++) {
        unsigned precedence = lonely[i].precedence;
        int64_t wait_ms = precedence == 0 || precedence > 4
                              ? CONTROL_WAIT_MS
                              : (int64_t)desk->identity->trust->rules[precedence].custody_s * 1000;
        int64_t due_ms = lonely[i].first_ms + wait_ms;
        if (due_ms <= desk_now_ms(desk))
            TRY(post_offer(desk, lonely[i].deposit, all, 0));
        else if (due_ms < *next_ms)
            *next_ms = due_ms;
    }
    return HL_OK;
}

/* --- too late to be sent --- */

static int say_expired(struct desk *desk, const uint8_t *content_hash)
{
    int64_t is_notice = 0;
    TRY(sql_number_of(
        desk, "SELECT count(*) FROM notice WHERE hash = ? AND direction = 1 AND flags & ? = 0",
        SQL_ARGS(SQL_HASH(content_hash), SQL_N(NOTICE_RELEASE_EXPIRED)), &is_notice));
    if (is_notice == 0)
        return HL_OK;
    TRY(track_mark(desk, content_hash, NOTICE_RELEASE_EXPIRED | NOTICE_NO_RELAY));
    struct event event = {.kind = EVENT_OVERDUE,
                          .layer = "custody",
                          .detail = "the release expired before any relay took custody: not sent"};
    return track_tell(desk, content_hash, &event);
}

struct expired {
    uint8_t deposit[HASH_BYTES], content[HASH_BYTES];
};

static int find_expired(struct desk *desk, bool *ret_is_there, struct expired *ret_expired)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT d.hash, d.content_hash FROM outbox o JOIN deposit d"
                  " ON d.hash = o.deposit WHERE o.state = 0 AND (d.expires_ms <= ?1 OR"
                  " (d.not_after_ms <> 0 AND d.not_after_ms < ?1 AND NOT EXISTS"
                  " (SELECT 1 FROM custody c WHERE c.deposit = d.hash))) LIMIT 1",
                  SQL_ARGS(SQL_N(desk_now_ms(desk)))));
    TRY(sql_next(&rows, ret_is_there));
    if (!*ret_is_there)
        return HL_OK;
    TRY(sql_get_fixed(&rows, 0, ret_expired->deposit, HASH_BYTES));
    return sql_get_fixed(&rows, 1, ret_expired->content, HASH_BYTES);
}

static int tick_expiry(struct desk *desk)
{
    for (int i = 0; i < BATCH; i++) {
        struct expired expired;
        bool is_there = false;
        TRY(find_expired(desk, &is_there, &expired));
        if (!is_there)
            break;
        TRY(sql_run(desk, "UPDATE outbox SET state = 3 WHERE deposit = ? AND state = 0",
                    SQL_ARGS(SQL_HASH(expired.deposit))));
        TRY(say_expired(desk, expired.content));
    }
    return HL_OK;
}

int courier_tick(struct desk *desk, int64_t *ret_next_ms)
{
    int64_t next_ms = desk_now_ms(desk) + NEXT_MAX_MS;
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(tick_expiry(desk));
    TRY(tick_deadlines(desk, &next_ms));
    TRY(tick_relays(desk, &next_ms));
    TRY(streams_tick(desk, &next_ms));
    TRY(post_flush(desk));
    TRY(contact_tick(desk, &next_ms));
    TRY(sql_commit(&transaction));
    TRY(draft_send_due(desk));
    *ret_next_ms = next_ms;
    return HL_OK;
}
