/* inbox — one mailbox entry into the desk. The kinds of content are in inbox_notice.c and inbox_control.c. */
#include "client/inbox.h"

#include <stdio.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/event.h"
#include "client/inbox_steps.h"
#include "client/journal.h"
#include "client/mailbox.h"
#include "client/promise.h"
#include "client/receipt_book.h"
#include "client/vault.h"

#define CHAIN_AFTER_MS (91LL * 24 * 3600 * 1000)
#define UNREADABLE_MS  2000 /* an answer at once would be an oracle of the clock */
#define NEW_DEVICE_MS  (24LL * 3600 * 1000)

static void hash_of(const Hotline__V1__Deliver *deliver, uint8_t ret_hash[static HASH_BYTES])
{
    memcpy(ret_hash, deliver->deposit_hash.data, HASH_BYTES);
}

static void name_relay(const struct arrival *arrival, struct event *event)
{
    (void)snprintf(event->relay, sizeof(event->relay), "%s", arrival->relay->name);
}

/* --- rejected --- */

static int sign_reject(const struct arrival *arrival, const uint8_t *deposit, uint32_t step,
                       struct blob **ret_signed)
{
    const struct identity *identity = arrival->desk->identity;
    Hotline__V1__Reject reject;
    hotline__v1__reject__init(&reject);
    reject.ns = strict_octets(identity->trust->ns, NS_BYTES);
    reject.relay = strict_octets(arrival->relay->id, ID_BYTES);
    reject.deposit_hash = strict_octets(deposit, HASH_BYTES);
    reject.step = step;
    reject.by_entity = strict_octets(identity->desk.entity, ID_BYTES);
    reject.by_device = strict_octets(identity->device->id, ID_BYTES);
    reject.at_ms = desk_now_ms(arrival->desk);
    AUTO(blob) body = NULL;
    TRY(strict_pack(&reject.base, &body));
    const struct sign_key *const keys[] = {identity->device};
    return sign_object(identity->suite, label_fixed(LABEL_REJECT), bytes_blob(body), keys, 1,
                       ret_signed);
}

static int reject_put(struct bytes signed_reject, struct blob **ret_put)
{
    Hotline__V1__Signed *object = NULL;
    TRY(sign_parse(signed_reject, &object));
    Hotline__V1__RejectPut put;
    hotline__v1__reject_put__init(&put);
    put.reject = object;
    int err = strict_pack(&put.base, ret_put);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

static int reject(const struct arrival *arrival, const uint8_t *deposit,
                  struct inbox_result *result)
{
    struct desk *desk = arrival->desk;
    AUTO(blob) made = NULL;
    TRY(sign_reject(arrival, deposit, (uint32_t)arrival->opened->step, &made));
    TRY(sql_run(desk, "INSERT OR IGNORE INTO reject(deposit, relay, step, octets) VALUES(?,?,?,?)",
                SQL_ARGS(SQL_HASH(deposit), SQL_ID(arrival->relay->id),
                         SQL_N(arrival->opened->step), SQL_BYTES(bytes_blob(made)))));
    if (sql_changes(desk) == 1) {
        TRY(journal_append(desk, JOURNAL_REJECTED, BYTES(deposit, HASH_BYTES), NULL));
        struct event event = {.kind = EVENT_REJECTED_DEPOSIT, .has_hash = true};
        memcpy(event.hash, deposit, HASH_BYTES);
        name_relay(arrival, &event);
        (void)snprintf(event.detail, sizeof(event.detail),
                       "relay delivered an unverifiable deposit (step %d: %s)",
                       arrival->opened->step,
                       arrival->opened->detail == NULL ? "" : arrival->opened->detail);
        TRY(event_put(desk, &event));
    }
    result->is_taken = false;
    return reject_put(bytes_blob(made), &result->reject);
}

/* --- quarantined --- */

static int tell_sender(const struct arrival *arrival, const uint8_t *deposit)
{
    const struct opened *opened = arrival->opened;
    struct desk *desk = arrival->desk;
    uint32_t wait = 0;
    rng_fill(desk->identity->rng, (uint8_t *)&wait, sizeof(wait));
    const struct receipt_order order = {
        .kind = opened->is_unreadable ? HOTLINE__V1__RECEIPT_KIND__UNREADABLE
                                      : HOTLINE__V1__RECEIPT_KIND__NONDELIVERED,
        .about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE,
        .plane = (unsigned)opened->facts.header->plane,
        .content_hash = opened->step > 11 ? opened->content_hash : NULL,
        .deposit_hash = deposit,
        .to = opened->sender,
        .to_device = opened->sender_device->id,
        .reason = opened->is_unreadable ? 0 : (uint32_t)opened->reason,
        .relays = arrival->relay_bit,
        .due_ms = desk_now_ms(desk) + (int64_t)(wait % UNREADABLE_MS)};
    AUTO(blob) made = NULL;
    uint8_t hash[HASH_BYTES];
    return receipt_book_make(desk, &order, &made, hash);
}

static int tell_quarantine(const struct arrival *arrival, const uint8_t *deposit)
{
    const struct opened *opened = arrival->opened;
    struct event event = {.kind = EVENT_QUARANTINED,
                          .has_hash = true,
                          .plane = (unsigned)opened->facts.header->plane,
                          .precedence = (unsigned)opened->facts.header->precedence};
    memcpy(event.hash, deposit, HASH_BYTES);
    name_relay(arrival, &event);
    if (opened->sender_device != NULL)
        desk_format(arrival->desk->identity->trust, &opened->sender, event.from);
    (void)snprintf(event.detail, sizeof(event.detail), "step %d: %s", opened->step,
                   opened->detail == NULL ? "" : opened->detail);
    return event_put(arrival->desk, &event);
}

static int quarantine(const struct arrival *arrival, const uint8_t *deposit)
{
    struct desk *desk = arrival->desk;
    const struct opened *opened = arrival->opened;
    const Hotline__V1__EnvelopeHeader *header = opened->facts.header;
    TRY(sql_run(desk,
                "INSERT OR IGNORE INTO quarantine(deposit, relay, reason, step, detail, octets,"
                " plane, precedence, sender_entity, sender_kind, sender_device, is_authentic,"
                " first_ms) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
                SQL_ARGS(SQL_HASH(deposit), SQL_ID(arrival->relay->id), SQL_N(opened->reason),
                         SQL_N(opened->step),
                         SQL_TEXT(opened->detail == NULL ? "" : opened->detail),
                         SQL_BYTES(arrival->octets), SQL_N(header->plane),
                         SQL_N(header->precedence), SQL_ID(header->sender_entity.data),
                         SQL_N(opened->sender.kind), SQL_ID(header->sender_device.data),
                         SQL_N(opened->is_authentic), SQL_N(desk_now_ms(desk)))));
    if (sql_changes(desk) == 0)
        return HL_OK;
    TRY(journal_append(desk, JOURNAL_QUARANTINED, BYTES(deposit, HASH_BYTES), NULL));
    TRY(tell_quarantine(arrival, deposit));
    bool is_content = header->class_ == HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTENT;
    /* Only to senders that are known to be who they are, and never about control: no loops. */
    if (!opened->is_authentic || !is_content || arrival->is_own_copy)
        return HL_OK;
    return tell_sender(arrival, deposit);
}

/* --- opened --- */

static struct open_context context_of(const struct desk *desk)
{
    const struct identity *identity = desk->identity;
    struct open_context context = {.suite = identity->suite,
                                   .trust = identity->trust,
                                   .own_desk = identity->desk,
                                   .prekeys = identity->ring,
                                   .now_ms = desk_now_ms(desk)};
    memcpy(context.own_device, identity->device->id, ID_BYTES);
    return context;
}

static int open_it(struct desk *desk, const uint8_t *deposit, struct bytes delivered,
                   struct opened **ret_opened)
{
    struct open_context context = context_of(desk);
    AUTO(opened) opened = NULL;
    TRY(open_delivered(&context, deposit, delivered, &opened));
    bool is_unreadable = opened->result == OPEN_QUARANTINED && opened->is_unreadable;
    /* Another process may have made the prekey that this is sealed to. A ring that cannot be read now says nothing about the
     * notice; one that is gone or damaged does. */
    int err = is_unreadable ? identity_reload_ring(desk->identity) : HL_OK;
    if (err == HL_ENOMEM || err == HL_EIO)
        return err;
    if (is_unreadable && err == HL_OK) {
        opened_free(MOVE(opened));
        context = context_of(desk);
        TRY(open_delivered(&context, deposit, delivered, &opened));
    }
    *ret_opened = MOVE(opened);
    return HL_OK;
}

int inbox_keep(const struct arrival *arrival, bool *ret_is_new)
{
    const struct opened *opened = arrival->opened;
    const Hotline__V1__EnvelopeHeader *header = opened->facts.header;
    struct deposit deposit = {.kind = opened->kind,
                              .plane = (unsigned)header->plane,
                              .precedence = (unsigned)header->precedence,
                              .form = DEPOSIT_DELIVERED,
                              .octets = arrival->octets,
                              .file_key = opened->file_key,
                              .sender_entity = header->sender_entity.data,
                              .sender_device = header->sender_device.data,
                              .expires_ms = header->expires_ms};
    memcpy(deposit.hash, opened->facts.deposit_hash, HASH_BYTES);
    memcpy(deposit.content_hash, opened->content_hash, HASH_BYTES);
    TRY(sql_run(arrival->desk, "DELETE FROM quarantine WHERE deposit = ?",
                SQL_ARGS(SQL_HASH(deposit.hash))));
    return vault_put_deposit(arrival->desk, &deposit, ret_is_new);
}

static int take_content(const struct arrival *arrival, struct inbox_result *result)
{
    bool is_new = false;
    TRY(inbox_keep(arrival, &is_new));
    if (!is_new)
        return HL_OK;
    TRY(journal_append(arrival->desk, JOURNAL_ARRIVED,
                       BYTES_OF(arrival->opened->facts.deposit_hash), NULL));
    result->has_draft = arrival->opened->kind == CONTENT_DRAFT;
    switch (arrival->opened->kind) {
    case CONTENT_NOTICE: return inbox_notice(arrival);
    case CONTENT_DRAFT: return inbox_draft(arrival);
    case CONTENT_RECEIPT: return inbox_receipt(arrival);
    case CONTENT_SERVICE: return inbox_service(arrival);
    case CONTENT_RECORD: return HL_OK; /* a later issue: kept */
    }
    return HL_OK;
}

static int take_delivered(struct arrival *arrival, const Hotline__V1__Deliver *deliver,
                          struct inbox_result *result)
{
    uint8_t deposit[HASH_BYTES];
    hash_of(deliver, deposit);
    arrival->octets = BYTES(deliver->delivered.data, deliver->delivered.len);
    AUTO(opened) opened = NULL;
    TRY(open_it(arrival->desk, deposit, arrival->octets, &opened));
    arrival->opened = opened;
    arrival->is_own_copy = opened->sender_device != NULL &&
                           desk_equal(&opened->sender, &arrival->desk->identity->desk);
    switch (opened->result) {
    case OPEN_REJECTED: return reject(arrival, deposit, result);
    case OPEN_QUARANTINED: return quarantine(arrival, deposit);
    case OPEN_OK: return take_content(arrival, result);
    }
    return HL_OK;
}

/* --- stubs and chain only --- */

static int tell_not_sealed(const struct arrival *arrival, const uint8_t *deposit)
{
    struct desk *desk = arrival->desk;
    const Hotline__V1__EnvelopeHeader *header = arrival->opened->facts.header;
    int64_t first_ms = 0;
    TRY(meta_number(desk, "prekey_first_ms", 0, &first_ms));
    int64_t now_ms = desk_now_ms(desk);
    bool is_self = bytes_equal(BYTES(header->sender_device.data, header->sender_device.len),
                               BYTES_OF(desk->identity->device->id));
    if (identity_is_monitor(desk->identity) || is_self || header->expires_ms <= now_ms ||
        header->class_ != HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTENT || first_ms == 0 ||
        first_ms + NEW_DEVICE_MS > now_ms)
        return HL_OK;
    struct event event = {.kind = EVENT_NOT_SEALED_HERE,
                          .has_hash = true,
                          .plane = (unsigned)header->plane,
                          .precedence = (unsigned)header->precedence};
    memcpy(event.hash, deposit, HASH_BYTES);
    name_relay(arrival, &event);
    desk_format(desk->identity->trust, &arrival->opened->sender, event.from);
    return event_put(desk, &event);
}

static int keep_stub(const struct arrival *arrival, const uint8_t *deposit)
{
    struct desk *desk = arrival->desk;
    const Hotline__V1__EnvelopeHeader *header = arrival->opened->facts.header;
    TRY(sql_run(desk,
                "INSERT OR IGNORE INTO stub(deposit, octets, plane, precedence, class, size,"
                " sender_entity, sender_kind, sender_device, first_ms) VALUES(?,?,?,?,?,?,?,?,?,?)",
                SQL_ARGS(SQL_HASH(deposit), SQL_BYTES(arrival->octets), SQL_N(header->plane),
                         SQL_N(header->precedence), SQL_N(header->class_), SQL_N(header->ct_len),
                         SQL_ID(header->sender_entity.data), SQL_N(arrival->opened->sender.kind),
                         SQL_ID(header->sender_device.data), SQL_N(desk_now_ms(desk)))));
    return sql_changes(desk) == 1 ? tell_not_sealed(arrival, deposit) : HL_OK;
}

static int take_stub(struct arrival *arrival, const Hotline__V1__Deliver *deliver,
                     struct inbox_result *result)
{
    uint8_t deposit[HASH_BYTES];
    hash_of(deliver, deposit);
    arrival->octets = BYTES(deliver->stub.data, deliver->stub.len);
    const struct open_context context = context_of(arrival->desk);
    AUTO(opened) opened = NULL;
    TRY(open_stub(&context, deposit, arrival->octets, &opened));
    arrival->opened = opened;
    if (opened->result == OPEN_REJECTED)
        return reject(arrival, deposit, result);
    return opened->result == OPEN_OK ? keep_stub(arrival, deposit) : HL_OK;
}

/* Legal only long after; before, the relay holds something back. */
static int take_chain(const struct arrival *arrival, const uint8_t *deposit)
{
    int64_t received_ms = 0;
    TRY(sql_number_of(arrival->desk,
                      "SELECT received_ms FROM custody WHERE deposit = ? AND relay = ?",
                      SQL_ARGS(SQL_HASH(deposit), SQL_ID(arrival->relay->id)), &received_ms));
    if (received_ms != 0 && received_ms + CHAIN_AFTER_MS <= desk_now_ms(arrival->desk))
        return HL_OK;
    struct event event = {.kind = EVENT_REJECTED_DEPOSIT,
                          .has_hash = true,
                          .detail = "relay withholds an entry before its time"};
    memcpy(event.hash, deposit, HASH_BYTES);
    name_relay(arrival, &event);
    return event_put(arrival->desk, &event);
}

/* --- one entry --- */

static int take_entry(struct arrival *arrival, const Hotline__V1__Deliver *deliver,
                      struct inbox_result *result)
{
    uint8_t deposit[HASH_BYTES];
    hash_of(deliver, deposit);
    bool is_known = false;
    TRY(vault_has_deposit(arrival->desk, deposit, &is_known));
    if (is_known) /* over another relay, or again: our answers take the same way */
        return receipt_book_repeat(arrival->desk, deposit, arrival->relay_bit);
    if (deliver->delivered.len > 0)
        return take_delivered(arrival, deliver, result);
    if (deliver->stub.len > 0)
        return take_stub(arrival, deliver, result);
    return take_chain(arrival, deposit);
}

int inbox_deliver(struct desk *desk, const struct relay_info *relay,
                  const Hotline__V1__Deliver *deliver, struct inbox_result *ret_result)
{
    struct inbox_result result = {.is_taken = true};
    struct arrival arrival = {
        .desk = desk, .relay = relay, .relay_bit = post_relay_bit(desk, relay->id)};
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    bool is_good = false;
    TRY(promise_delivered(desk, relay, deliver, &is_good)); /* a bad custody is an alarm, no more */
    int err = take_entry(&arrival, deliver, &result);
    if (err == HL_OK)
        err = mailbox_note(desk, relay, deliver, result.is_taken);
    if (err == HL_OK)
        err = sql_commit(&transaction);
    if (err != HL_OK) {
        blob_free(result.reject);
        return err;
    }
    *ret_result = result;
    return HL_OK;
}
