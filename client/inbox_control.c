/* inbox_control — receipts and service statements of peers into the desk's rows. */
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/event.h"
#include "client/inbox_steps.h"
#include "client/receipt_book.h"
#include "client/streams.h"
#include "client/vault.h"
#include "proto/notice.h"
#include "proto/receipt.h"

#define STAGGER_MS (20LL * 1000)

/* --- what a receipt answers --- */

struct target {
    int kind; /* content_kind */
    unsigned plane, precedence;
    uint8_t content_hash[HASH_BYTES], sender_entity[ID_BYTES], sender_device[ID_BYTES];
    char check_word[CHECK_WORD_SIZE];
};

static int find_target(struct desk *desk, const uint8_t *deposit, struct target *ret_target)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT kind, plane, precedence, content_hash, sender_entity, sender_device"
                  " FROM deposit WHERE hash = ?",
                  SQL_ARGS(SQL_HASH(deposit))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return HL_ENOTFOUND;
    struct target target = {.kind = (int)sql_get_number(&rows, 0),
                            .plane = (unsigned)sql_get_number(&rows, 1),
                            .precedence = (unsigned)sql_get_number(&rows, 2)};
    TRY(sql_get_fixed(&rows, 3, target.content_hash, HASH_BYTES));
    TRY(sql_get_fixed(&rows, 4, target.sender_entity, ID_BYTES));
    TRY(sql_get_fixed(&rows, 5, target.sender_device, ID_BYTES));
    *ret_target = target;
    return HL_OK;
}

static int read_check_word(struct desk *desk, const uint8_t *deposit, struct target *target)
{
    AUTO(blob) content = NULL;
    TRY(vault_read_content(desk, deposit, &content));
    AUTO(draft_parts) parts = NULL;
    int err = draft_parts_of(bytes_blob(content), &parts);
    if (err == HL_EFORMAT)
        return HL_EVERIFY; /* the database is damaged */
    TRY(err);
    size_t len = strnlen(parts->notice->check_word, CHECK_WORD_SIZE - 1);
    memset(target->check_word, 0, sizeof(target->check_word));
    memcpy(target->check_word, parts->notice->check_word, len);
    return HL_OK;
}

static int is_addressed(struct desk *desk, const struct target *target, const struct desk_id *by,
                        bool *ret_is_addressed)
{
    if (target->kind != CONTENT_NOTICE) {
        *ret_is_addressed = true; /* statements stand in no row; the receipt's own checks decide */
        return HL_OK;
    }
    int64_t count = 0;
    TRY(sql_number_of(desk,
                      "SELECT count(*) FROM addressee WHERE notice = ? AND entity = ? AND kind = ?",
                      SQL_ARGS(SQL_HASH(target->content_hash), SQL_DESK(by)), &count));
    *ret_is_addressed = count > 0;
    return HL_OK;
}

/* --- receipts --- */

static int tell_bad(const struct arrival *arrival, const char *detail)
{
    struct event event = {.kind = EVENT_QUARANTINED, .has_hash = true};
    memcpy(event.hash, arrival->opened->facts.deposit_hash, HASH_BYTES);
    size_t len = detail == NULL ? 0 : strnlen(detail, sizeof(event.detail) - 1);
    if (len > 0)
        memcpy(event.detail, detail, len);
    desk_format(arrival->desk->identity->trust, &arrival->opened->sender, event.from);
    return event_put(arrival->desk, &event);
}

static int judge(const struct arrival *arrival, const struct target *target,
                 const char **ret_detail)
{
    const struct opened *opened = arrival->opened;
    const struct identity *identity = arrival->desk->identity;
    bool is_notice = target->kind == CONTENT_NOTICE;
    const struct receipt_expectation expected = {
        .ns = identity->trust->ns,
        .plane = target->plane,
        .content_hash = target->content_hash,
        .deposit_hash = opened->receipt->deposit_hash.data,
        .to_entity = target->sender_entity,
        .to_device = target->sender_device,
        .by_desk = opened->sender,
        .envelope_device = opened->sender_device->id,
        .check_word = is_notice ? target->check_word : NULL,
        .needs_check_word = is_notice && target->precedence >= HOTLINE__V1__PRECEDENCE__IMMEDIATE,
        .now_ms = desk_now_ms(arrival->desk)};
    Hotline__V1__Receipt *receipt = NULL;
    int err = receipt_check(identity->suite, identity->trust, &expected,
                            bytes_blob(opened->content), &receipt, ret_detail);
    hotline__v1__receipt__free_unpacked(receipt, NULL);
    return err;
}

static int take_receipt(const struct arrival *arrival, const struct target *target, bool counts)
{
    const struct opened *opened = arrival->opened;
    const struct receipt_arrival entry = {.receipt = opened->receipt,
                                          .octets = bytes_blob(opened->content),
                                          .hash = opened->content_hash,
                                          .content_hash = target->content_hash,
                                          .carrier = opened->facts.deposit_hash,
                                          .counts = counts};
    bool is_new = false;
    TRY(receipt_book_put(arrival->desk, &entry, &is_new));
    if (!is_new || !counts || target->kind != CONTENT_NOTICE)
        return HL_OK;
    return receipt_book_apply(arrival->desk, target->content_hash, opened->receipt,
                              opened->content_hash);
}

int inbox_receipt(const struct arrival *arrival)
{
    const uint8_t *deposit = arrival->opened->receipt->deposit_hash.data;
    struct target target;
    int err = find_target(arrival->desk, deposit, &target);
    if (err == HL_ENOTFOUND) /* about a deposit of another terminal of ours that has no slot here */
        return HL_OK;
    TRY(err);
    bool is_expected = false;
    TRY(is_addressed(arrival->desk, &target, &arrival->opened->sender, &is_expected));
    if (!is_expected)
        return tell_bad(arrival, "receipt of a desk that was not addressed");
    if (target.kind == CONTENT_NOTICE)
        TRY(read_check_word(arrival->desk, deposit, &target));
    const char *detail = NULL;
    err = judge(arrival, &target, &detail);
    switch (err) {
    case HL_OK: return take_receipt(arrival, &target, true);
    case HL_EPERM: /* wrong check word: kept and shown, not counted */
        TRY(tell_bad(arrival, "acknowledgement with a wrong check word"));
        return take_receipt(arrival, &target, false);
    case HL_EVERIFY:
    case HL_EFORMAT:
    case HL_EREVOKED: return tell_bad(arrival, detail);
    default: return err;
    }
}

/* --- statements --- */

int inbox_say_delivered(const struct arrival *arrival, bool is_about_service, int64_t due_ms)
{
    const struct opened *opened = arrival->opened;
    const struct receipt_order order = {.kind = HOTLINE__V1__RECEIPT_KIND__DELIVERED,
                                        .about = is_about_service
                                                     ? HOTLINE__V1__RECEIPT_ABOUT__ABOUT_SERVICE
                                                     : HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE,
                                        .plane = (unsigned)opened->facts.header->plane,
                                        .content_hash = opened->content_hash,
                                        .deposit_hash = opened->facts.deposit_hash,
                                        .to = opened->sender,
                                        .to_device = opened->sender_device->id,
                                        .relays = arrival->relay_bit,
                                        .due_ms = due_ms};
    AUTO(blob) made = NULL;
    uint8_t hash[HASH_BYTES];
    return receipt_book_make(arrival->desk, &order, &made, hash);
}

static int keep_statement(const struct arrival *arrival)
{
    const struct opened *opened = arrival->opened;
    return sql_run(arrival->desk,
                   "INSERT OR IGNORE INTO service(hash, deposit, kind, sender_entity, sender_kind,"
                   " sender_device, octets, first_ms) VALUES(?,?,?,?,?,?,?,?)",
                   SQL_ARGS(SQL_HASH(opened->content_hash), SQL_HASH(opened->facts.deposit_hash),
                            SQL_N(opened->service->service->kind), SQL_DESK(&opened->sender),
                            SQL_ID(opened->sender_device->id),
                            SQL_BYTES(bytes_blob(opened->content)),
                            SQL_N(desk_now_ms(arrival->desk))));
}

static int answer_missing(const struct arrival *arrival)
{
    const struct opened *opened = arrival->opened;
    const Hotline__V1__Service *service = opened->service->service;
    bool is_ours = bytes_equal(BYTES(service->stream_device.data, service->stream_device.len),
                               BYTES_OF(arrival->desk->identity->device->id));
    if (!is_ours)
        return HL_OK; /* the terminal whose stream it is answers */
    return streams_resend(arrival->desk, &opened->sender, (unsigned)opened->service->plane,
                          service->first_serial, service->last_serial);
}

int inbox_service(const struct arrival *arrival)
{
    TRY(keep_statement(arrival));
    if (arrival->is_own_copy)
        return HL_OK;
    const struct opened *opened = arrival->opened;
    if (opened->service->service->kind == HOTLINE__V1__SERVICE_KIND__MISSING)
        TRY(answer_missing(arrival));
    if (opened->has_marks)
        TRY(streams_compare_marks(arrival->desk, opened));
    /* One terminal of a desk answers at once, the others only if it does not. */
    int64_t rank = (int64_t)arrival->desk->identity->device_cert->device_no - 1;
    return inbox_say_delivered(arrival, true, desk_now_ms(arrival->desk) + rank * STAGGER_MS);
}
