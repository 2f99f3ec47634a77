/* receipt_book — receipts kept: made here or come from peers, stored wrapped, moved into the rows of the notice they answer. */
#include "client/receipt_book.h"

#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/event.h"
#include "client/journal.h"
#include "client/track.h"
#include "client/vault.h"
#include "proto/receipt.h"
#include "proto/schema.h"

/* --- making --- */

#define VIEWS_MAX 6

/* Messages built here borrow what they point to and are never freed as a whole. */
struct draft_receipt {
    Hotline__V1__Receipt receipt;
    Hotline__V1__PairView views[VIEWS_MAX];
    Hotline__V1__PairView *view_pointers[VIEWS_MAX];
    uint8_t relays[VIEWS_MAX][ID_BYTES], heads[VIEWS_MAX][HASH_BYTES];
    uint8_t prev[HASH_BYTES];
    char check_word[8], note[204];
};

static int find_prev(struct desk *desk, const struct receipt_order *order, uint8_t *ret_prev)
{
    AUTO_ROWS rows = {0};
    const uint8_t *device = desk->identity->device->id;
    if (order->content_hash != NULL)
        TRY(sql_query(desk, &rows,
                      "SELECT hash FROM receipt WHERE content_hash = ? AND by_device = ?"
                      " ORDER BY rowid DESC LIMIT 1",
                      SQL_ARGS(SQL_HASH(order->content_hash), SQL_ID(device))));
    else
        TRY(sql_query(desk, &rows,
                      "SELECT hash FROM receipt WHERE deposit = ? AND by_device = ?"
                      " ORDER BY rowid DESC LIMIT 1",
                      SQL_ARGS(SQL_HASH(order->deposit_hash), SQL_ID(device))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    memset(ret_prev, 0, HASH_BYTES);
    return has_row ? sql_get_fixed(&rows, 0, ret_prev, HASH_BYTES) : HL_OK;
}

/* What we saw of the lane it came by, at each relay: the sender compares with his custody. */
static int add_views(struct desk *desk, const struct receipt_order *order,
                     struct draft_receipt *draft)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT relay, seq, head FROM lane WHERE entity = ? AND kind = ? AND plane = ?"
                  " ORDER BY relay LIMIT 6",
                  SQL_ARGS(SQL_DESK(&order->to), SQL_N(order->plane))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    size_t count = 0;
    while (has_row && count < VIEWS_MAX) {
        TRY(sql_get_fixed(&rows, 0, draft->relays[count], ID_BYTES));
        TRY(sql_get_fixed(&rows, 2, draft->heads[count], HASH_BYTES));
        Hotline__V1__PairView *view = &draft->views[count];
        hotline__v1__pair_view__init(view);
        view->relay = strict_octets(draft->relays[count], ID_BYTES);
        view->seq = (uint64_t)sql_get_number(&rows, 1);
        view->head = strict_octets(draft->heads[count], HASH_BYTES);
        draft->view_pointers[count++] = view;
        TRY(sql_next(&rows, &has_row));
    }
    draft->receipt.n_views = count;
    draft->receipt.views = draft->view_pointers;
    return HL_OK;
}

static int set_words(const struct receipt_order *order, struct draft_receipt *draft)
{
    if (order->check_word != NULL) {
        size_t len = strnlen(order->check_word, sizeof(draft->check_word));
        if (len >= sizeof(draft->check_word))
            return HL_EINVAL;
        memcpy(draft->check_word, order->check_word, len);
        draft->receipt.check_word = draft->check_word;
    }
    if (order->note != NULL && order->note[0] != '\0') {
        size_t len = strnlen(order->note, sizeof(draft->note));
        if (len > 200)
            return HL_EINVAL;
        memcpy(draft->note, order->note, len);
        draft->receipt.note = draft->note;
    }
    return HL_OK;
}

static bool is_by_officer(Hotline__V1__ReceiptKind kind)
{
    return kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED ||
           kind == HOTLINE__V1__RECEIPT_KIND__REFUSED;
}

static int fill(struct desk *desk, const struct receipt_order *order, struct draft_receipt *draft)
{
    const struct identity *identity = desk->identity;
    Hotline__V1__Receipt *receipt = &draft->receipt;
    hotline__v1__receipt__init(receipt);
    receipt->ns = strict_octets(identity->trust->ns, NS_BYTES);
    receipt->kind = order->kind;
    receipt->plane = (Hotline__V1__Plane)order->plane;
    receipt->about = order->about;
    if (order->content_hash != NULL)
        receipt->content_hash = strict_octets(order->content_hash, HASH_BYTES);
    receipt->deposit_hash = strict_octets(order->deposit_hash, HASH_BYTES);
    receipt->to_entity = strict_octets(order->to.entity, ID_BYTES);
    receipt->to_device = strict_octets(order->to_device, ID_BYTES);
    receipt->by_entity = strict_octets(identity->desk.entity, ID_BYTES);
    receipt->by_kind = (Hotline__V1__DeskKind)identity->desk.kind;
    receipt->by_device = strict_octets(identity->device->id, ID_BYTES);
    receipt->at_ms = desk_now_ms(desk);
    receipt->disposition = (Hotline__V1__Disposition)order->disposition;
    receipt->reason = (Hotline__V1__Reason)order->reason;
    receipt->reply_expected_ms = order->reply_expected_ms;
    receipt->escalation_rung = order->rung;
    receipt->dir_version = identity->trust->directory_version;
    if (is_by_officer(order->kind))
        receipt->officer = strict_octets(identity->officer->id, ID_BYTES);
    if (order->kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED) {
        receipt->reservation_id = RESERVATION_ID;
        receipt->reservation_hash = strict_octets(reservation_hash(), HASH_BYTES);
    }
    if (order->kind == HOTLINE__V1__RECEIPT_KIND__DELIVERED)
        TRY(add_views(desk, order, draft));
    TRY(find_prev(desk, order, draft->prev));
    receipt->prev_receipt = strict_octets(draft->prev, HASH_BYTES);
    return set_words(order, draft);
}

static int put_row(struct desk *desk, const struct receipt_arrival *arrival, bool *ret_is_new)
{
    const Hotline__V1__Receipt *receipt = arrival->receipt;
    AUTO(blob) wrapped = NULL;
    TRY(vault_wrap(desk->identity, arrival->hash, arrival->octets, &wrapped));
    TRY(sql_run(
        desk,
        "INSERT OR IGNORE INTO receipt(hash, content_hash, deposit, kind, by_entity, by_kind,"
        " by_device, at_ms, prev, wrapped, counts, carrier, first_ms)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
        SQL_ARGS(SQL_HASH(arrival->hash),
                 arrival->content_hash == NULL ? sql_null() : SQL_HASH(arrival->content_hash),
                 SQL_HASH(receipt->deposit_hash.data), SQL_N(receipt->kind),
                 SQL_ID(receipt->by_entity.data), SQL_N(receipt->by_kind),
                 SQL_ID(receipt->by_device.data), SQL_N(receipt->at_ms),
                 SQL_HASH(receipt->prev_receipt.data), SQL_BYTES(bytes_blob(wrapped)),
                 SQL_N(arrival->counts),
                 arrival->carrier == NULL ? sql_null() : SQL_HASH(arrival->carrier),
                 SQL_N(desk_now_ms(desk)))));
    *ret_is_new = sql_changes(desk) == 1;
    return HL_OK;
}

int receipt_book_make(struct desk *desk, const struct receipt_order *order,
                      struct blob **ret_signed, uint8_t ret_hash[static HASH_BYTES])
{
    const struct identity *identity = desk->identity;
    struct draft_receipt draft = {0};
    TRY(fill(desk, order, &draft));
    AUTO(blob) made = NULL;
    TRY(receipt_sign(identity->suite, &draft.receipt, identity->device,
                     is_by_officer(order->kind) ? identity->officer : NULL, &made, ret_hash));
    const struct receipt_arrival own = {.receipt = &draft.receipt,
                                        .octets = bytes_blob(made),
                                        .hash = ret_hash,
                                        .content_hash = order->content_hash,
                                        .counts = true};
    bool is_new = false;
    TRY(put_row(desk, &own, &is_new));
    TRY(journal_append(desk, JOURNAL_RECEIPT_MADE, BYTES(ret_hash, HASH_BYTES), NULL));
    struct control control = {.kind = CONTENT_RECEIPT,
                              .plane = order->plane,
                              .octets = bytes_blob(made),
                              .hash = ret_hash,
                              .to = order->to,
                              .relays = order->relays,
                              .due_ms = order->due_ms};
    if (control.relays == 0)
        TRY(post_relays_of(desk, order->deposit_hash, &control.relays));
    TRY(post_control(desk, &control));
    *ret_signed = MOVE(made);
    return HL_OK;
}

int receipt_book_find_own(struct desk *desk, const uint8_t content_hash[static HASH_BYTES],
                          Hotline__V1__ReceiptKind kind, struct blob **ret_signed,
                          uint8_t ret_hash[static HASH_BYTES])
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(
        desk, &rows,
        "SELECT hash, wrapped FROM receipt WHERE content_hash = ? AND kind = ? AND"
        " by_device = ? ORDER BY rowid LIMIT 1",
        SQL_ARGS(SQL_HASH(content_hash), SQL_N(kind), SQL_ID(desk->identity->device->id))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return HL_ENOTFOUND;
    TRY(sql_get_fixed(&rows, 0, ret_hash, HASH_BYTES));
    return vault_unwrap(desk->identity, ret_hash, sql_get_octets(&rows, 1), ret_signed);
}

/* --- repeating --- */

#define REPEAT_MAX 16

/* Own receipts about a deposit that are sealed, as deposits. */
static int own_carriers(struct desk *desk, const uint8_t *deposit,
                        uint8_t (*ret_hashes)[HASH_BYTES], size_t *ret_count)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT d.hash FROM receipt r JOIN deposit d ON d.content_hash = r.hash"
                  " WHERE r.deposit = ? AND r.by_device = ? AND d.is_own = 1 LIMIT 16",
                  SQL_ARGS(SQL_HASH(deposit), SQL_ID(desk->identity->device->id))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    *ret_count = 0;
    while (has_row && *ret_count < REPEAT_MAX) {
        TRY(sql_get_fixed(&rows, 0, ret_hashes[(*ret_count)++], HASH_BYTES));
        TRY(sql_next(&rows, &has_row));
    }
    return HL_OK;
}

int receipt_book_repeat(struct desk *desk, const uint8_t deposit[static HASH_BYTES],
                        relay_set relays)
{
    uint8_t hashes[REPEAT_MAX][HASH_BYTES];
    size_t count = 0;
    TRY(own_carriers(desk, deposit, hashes, &count));
    for (size_t i = 0; i < count; i++)
        TRY(post_offer(desk, hashes[i], relays, 0));
    return HL_OK;
}

/* --- what came --- */

static int say_fork(struct desk *desk, const struct receipt_arrival *arrival)
{
    int64_t others = 0;
    TRY(sql_number_of(desk,
                      "SELECT count(*) FROM receipt WHERE deposit = ? AND by_device = ? AND"
                      " prev = ? AND hash <> ?",
                      SQL_ARGS(SQL_HASH(arrival->receipt->deposit_hash.data),
                               SQL_ID(arrival->receipt->by_device.data),
                               SQL_HASH(arrival->receipt->prev_receipt.data),
                               SQL_HASH(arrival->hash)),
                      &others));
    if (others == 0)
        return HL_OK;
    struct event event = {.kind = EVENT_FORK,
                          .has_hash = true,
                          .detail = "two receipts of one device follow the same one"};
    memcpy(event.hash, arrival->hash, HASH_BYTES);
    return event_put(desk, &event);
}

int receipt_book_put(struct desk *desk, const struct receipt_arrival *arrival, bool *ret_is_new)
{
    TRY(put_row(desk, arrival, ret_is_new));
    if (!*ret_is_new)
        return HL_OK;
    TRY(journal_append(desk, JOURNAL_RECEIPT_SEEN, BYTES(arrival->hash, HASH_BYTES), NULL));
    return say_fork(desk, arrival);
}

struct effect {
    enum receipt_event event;
    enum event_kind told;
    const char *sql; /* first claim wins */
};
#define WHERE_ROW " WHERE notice = ? AND entity = ? AND kind = ?"
static const struct effect effects[] = {
    [HOTLINE__V1__RECEIPT_KIND__DELIVERED] =
        {EV_DELIVERED, EVENT_DELIVERED,
         "UPDATE addressee SET delivered_ms = CASE delivered_ms WHEN 0 THEN ? ELSE delivered_ms"
         " END" WHERE_ROW},
    [HOTLINE__V1__RECEIPT_KIND__OPENED] =
        {EV_OPENED, EVENT_OPENED,
         "UPDATE addressee SET opened_ms = CASE opened_ms WHEN 0 THEN ? ELSE opened_ms"
         " END" WHERE_ROW},
    [HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED] =
        {EV_ACK, EVENT_ACKNOWLEDGED,
         "UPDATE addressee SET acked_ms = CASE acked_ms WHEN 0 THEN ? ELSE acked_ms END" WHERE_ROW},
    [HOTLINE__V1__RECEIPT_KIND__REFUSED] =
        {EV_REFUSED, EVENT_REFUSED,
         "UPDATE addressee SET refused_ms = CASE refused_ms WHEN 0 THEN ? ELSE refused_ms"
         " END" WHERE_ROW},
    [HOTLINE__V1__RECEIPT_KIND__NONDELIVERED] = {EV_NONDELIVERED, EVENT_COUNT, NULL},
    [HOTLINE__V1__RECEIPT_KIND__UNREADABLE] = {EV_UNREADABLE, EVENT_COUNT, NULL},
};

static int keep_acknowledgement(struct desk *desk, const uint8_t *notice, const struct desk_id *by,
                                const Hotline__V1__Receipt *receipt, const uint8_t *hash)
{
    return sql_run(desk,
                   "UPDATE addressee SET ack_receipt = ?, officer = ?, disposition = ?,"
                   " reservation = ?" WHERE_ROW " AND ack_receipt IS NULL",
                   SQL_ARGS(SQL_HASH(hash), SQL_ID(receipt->officer.data),
                            SQL_N(receipt->disposition), SQL_N(receipt->reservation_id),
                            SQL_HASH(notice), SQL_DESK(by)));
}

static int keep_reason(struct desk *desk, const uint8_t *notice, const struct desk_id *by,
                       const Hotline__V1__Receipt *receipt)
{
    if (receipt->kind == HOTLINE__V1__RECEIPT_KIND__REFUSED)
        return sql_run(desk, "UPDATE addressee SET refused_reason = ?" WHERE_ROW,
                       SQL_ARGS(SQL_N(receipt->reason), SQL_HASH(notice), SQL_DESK(by)));
    uint32_t reason = receipt->kind == HOTLINE__V1__RECEIPT_KIND__UNREADABLE
                          ? (uint32_t)HOTLINE__V1__REASON__CANNOT_DECRYPT
                          : (uint32_t)receipt->reason;
    return sql_run(desk, "UPDATE addressee SET nondelivered = ?" WHERE_ROW,
                   SQL_ARGS(SQL_N(reason), SQL_HASH(notice), SQL_DESK(by)));
}

/* UNDELIVERABLE only when every sealed device of that desk has said so. */
static int judge_undeliverable(struct desk *desk, const uint8_t *notice, const struct desk_id *by,
                               bool *ret_has_moved)
{
    int64_t said = 0;
    int64_t sealed = 0;
    TRY(sql_number_of(desk,
                      "SELECT count(DISTINCT by_device) FROM receipt WHERE content_hash = ? AND"
                      " by_entity = ? AND by_kind = ? AND kind IN (6, 8)",
                      SQL_ARGS(SQL_HASH(notice), SQL_DESK(by)), &said));
    TRY(sql_number_of(desk, "SELECT sealed FROM addressee" WHERE_ROW,
                      SQL_ARGS(SQL_HASH(notice), SQL_DESK(by)), &sealed));
    if (sealed == 0 || said < sealed)
        return HL_OK;
    return track_step(desk, notice, by, EV_ALL_UNDELIVERED, ret_has_moved);
}

static int tell(struct desk *desk, const uint8_t *notice, const struct desk_id *by,
                enum event_kind kind)
{
    struct event event = {.kind = kind};
    desk_format(desk->identity->trust, by, event.address);
    return track_tell(desk, notice, &event);
}

int receipt_book_apply(struct desk *desk, const uint8_t notice[static HASH_BYTES],
                       const Hotline__V1__Receipt *receipt, const uint8_t hash[static HASH_BYTES])
{
    if ((size_t)receipt->kind >= sizeof(effects) / sizeof(effects[0]) ||
        receipt->kind < HOTLINE__V1__RECEIPT_KIND__DELIVERED ||
        receipt->kind == HOTLINE__V1__RECEIPT_KIND__CANCEL_SEEN)
        return HL_OK;
    const struct effect *effect = &effects[receipt->kind];
    struct desk_id by = {.kind = (uint32_t)receipt->by_kind};
    memcpy(by.entity, receipt->by_entity.data, ID_BYTES);
    bool has_moved = false;
    int err = track_step(desk, notice, &by, effect->event, &has_moved);
    if (err != HL_OK)
        return err == HL_ENOTFOUND ? HL_OK : err;
    if (effect->sql != NULL)
        TRY(sql_run(desk, effect->sql,
                    SQL_ARGS(SQL_N(receipt->at_ms), SQL_HASH(notice), SQL_DESK(&by))));
    if (receipt->kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED)
        TRY(keep_acknowledgement(desk, notice, &by, receipt, hash));
    if (receipt->kind >= HOTLINE__V1__RECEIPT_KIND__REFUSED)
        TRY(keep_reason(desk, notice, &by, receipt));
    if (effect->told != EVENT_COUNT)
        return tell(desk, notice, &by, effect->told);
    bool is_dead = false;
    TRY(judge_undeliverable(desk, notice, &by, &is_dead));
    return is_dead ? tell(desk, notice, &by, EVENT_UNDELIVERABLE) : HL_OK;
}
