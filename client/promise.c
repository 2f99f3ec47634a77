/* promise — relays' custody receipts, as the desk holds them: judged, kept for T0 and evidence, their checkpoints compared. */
#include "client/promise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/post.h"
#include "client/track.h"
#include "proto/custody_receipt.h"
#include "proto/schema.h"

#define CLOCK_OFF_MS     (120LL * 1000)
#define BAD_CUSTODY_CODE 200 /* outbox.code: outside the relay's SubmitCode */
#define RETRY_S          60

/* --- keeping --- */

static int say(struct desk *desk, enum event_kind kind, const struct relay_info *relay,
               const uint8_t *deposit, const char *detail)
{
    struct event event = {.kind = kind, .has_hash = true};
    memcpy(event.hash, deposit, HASH_BYTES);
    (void)snprintf(event.relay, sizeof(event.relay), "%s", relay->name);
    (void)snprintf(event.detail, sizeof(event.detail), "%s", detail);
    return event_put(desk, &event);
}

static int compare_root(struct desk *desk, const struct relay_info *relay, const uint8_t *deposit,
                        const struct custody_facts *facts)
{
    TRY(sql_run(desk,
                "INSERT OR IGNORE INTO checkpoint(relay, size, root, deposit) VALUES(?,?,?,?)",
                SQL_ARGS(SQL_ID(relay->id), SQL_N(facts->tree_size), SQL_HASH(facts->root),
                         SQL_HASH(deposit))));
    AUTO(blob) root = NULL;
    TRY(sql_blob_of(desk, "SELECT root FROM checkpoint WHERE relay = ? AND size = ?",
                    SQL_ARGS(SQL_ID(relay->id), SQL_N(facts->tree_size)), &root));
    if (bytes_equal(bytes_blob(root), BYTES_OF(facts->root)))
        return HL_OK;
    return say(desk, EVENT_RELAY_CONVICTED, relay, deposit,
               "two roots for one tree size: the relay forked its tree");
}

static int keep(struct desk *desk, const struct relay_info *relay, const uint8_t *deposit,
                struct bytes receipt, const struct custody_facts *facts)
{
    int64_t off_ms = facts->received_ms - desk_now_ms(desk);
    bool is_clock_off = off_ms > CLOCK_OFF_MS || off_ms < -CLOCK_OFF_MS;
    TRY(sql_run(desk,
                "INSERT OR IGNORE INTO custody(deposit, relay, receipt, received_ms, is_clock_off,"
                " seen_ms) VALUES(?,?,?,?,?,?)",
                SQL_ARGS(SQL_HASH(deposit), SQL_ID(relay->id), SQL_BYTES(receipt),
                         SQL_N(facts->received_ms), SQL_N(is_clock_off),
                         SQL_N(desk_now_ms(desk)))));
    return compare_root(desk, relay, deposit, facts);
}

/* --- ours --- */

struct desk_set {
    size_t count;
    struct desk_id desks[LIMIT_RECIPIENTS + 1];
};

static int add_slot(struct desk_set *set, const ProtobufCBinaryData *octets)
{
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(&hotline__v1__slot__descriptor, &schema_envelope,
                      BYTES(octets->data, octets->len), &message, NULL));
    const Hotline__V1__Slot *slot = (const Hotline__V1__Slot *)message;
    struct desk_id of = {.kind = (uint32_t)slot->kind};
    memcpy(of.entity, slot->entity.data, ID_BYTES);
    protobuf_c_message_free_unpacked(message, NULL);
    for (size_t i = 0; i < set->count; i++) {
        if (desk_equal(&set->desks[i], &of))
            return HL_OK;
    }
    if (set->count == sizeof(set->desks) / sizeof(set->desks[0]))
        return HL_ETOOBIG;
    set->desks[set->count++] = of;
    return HL_OK;
}

/* The distinct desks of our own envelope's slots: what the relay must have made lanes for. */
static int slot_desks(struct desk *desk, const uint8_t *deposit, struct desk_set *set)
{
    AUTO(blob) octets = NULL;
    TRY(post_envelope(desk, deposit, &octets));
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(&hotline__v1__envelope__descriptor, &schema_envelope, bytes_blob(octets),
                      &message, NULL));
    const Hotline__V1__Envelope *envelope = (const Hotline__V1__Envelope *)message;
    int err = HL_OK;
    for (size_t i = 0; i < envelope->n_slots && err == HL_OK; i++)
        err = add_slot(set, &envelope->slots[i]);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

struct own_deposit {
    unsigned plane;
    int kind;
    uint8_t content_hash[HASH_BYTES];
};

static int find_own(struct desk *desk, const uint8_t *deposit, struct own_deposit *ret_own)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT plane, kind, content_hash FROM deposit WHERE hash = ? AND is_own = 1",
                  SQL_ARGS(SQL_HASH(deposit))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return HL_ENOTFOUND;
    ret_own->plane = (unsigned)sql_get_number(&rows, 0);
    ret_own->kind = (int)sql_get_number(&rows, 1);
    return sql_get_fixed(&rows, 2, ret_own->content_hash, HASH_BYTES);
}

static int judge_sent(struct desk *desk, const struct relay_info *relay, const uint8_t *deposit,
                      struct bytes receipt, const struct own_deposit *own,
                      struct custody_facts *ret_facts)
{
    struct desk_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return HL_ENOMEM;
    int err = slot_desks(desk, deposit, set);
    if (err == HL_EFORMAT || err == HL_ENOTFOUND)
        err = HL_EIO; /* our own copy is damaged: no fault of the relay's */
    if (err == HL_OK) {
        const struct identity *identity = desk->identity;
        const struct custody_expectation expected = {.ns = identity->trust->ns,
                                                     .relay = relay,
                                                     .deposit_hash = deposit,
                                                     .plane = own->plane,
                                                     .from = identity->desk,
                                                     .is_sender_form = true,
                                                     .own_desk = identity->desk,
                                                     .desks = set->desks,
                                                     .desk_count = set->count};
        const char *detail = NULL;
        err = custody_receipt_check(identity->suite, &expected, receipt, ret_facts, &detail);
    }
    free(set);
    return err;
}

static int note_taken(struct desk *desk, const struct relay_info *relay, const uint8_t *deposit,
                      const struct own_deposit *own)
{
    TRY(sql_run(desk, "UPDATE outbox SET state = 1, code = 0 WHERE deposit = ? AND relay = ?",
                SQL_ARGS(SQL_HASH(deposit), SQL_ID(relay->id))));
    int64_t is_notice = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM notice WHERE hash = ?",
                      SQL_ARGS(SQL_HASH(own->content_hash)), &is_notice));
    if (own->kind != CONTENT_NOTICE || is_notice == 0)
        return HL_OK;
    TRY(track_step_all(desk, own->content_hash, EV_CUSTODY));
    struct event event = {.kind = EVENT_CUSTODY};
    (void)snprintf(event.relay, sizeof(event.relay), "%s", relay->name);
    return track_tell(desk, own->content_hash, &event);
}

/* A receipt that does not cover what we gave is no custody; the relay is asked again, and the officer told once. */
static int note_bad(struct desk *desk, const struct relay_info *relay, const uint8_t *deposit)
{
    int64_t code = 0;
    TRY(sql_number_of(desk, "SELECT code FROM outbox WHERE deposit = ? AND relay = ?",
                      SQL_ARGS(SQL_HASH(deposit), SQL_ID(relay->id)), &code));
    if (code != BAD_CUSTODY_CODE)
        TRY(say(desk, EVENT_REJECTED_DEPOSIT, relay, deposit, "custody receipt does not verify"));
    return post_refused(desk, relay, deposit, BAD_CUSTODY_CODE, RETRY_S);
}

int promise_sent(struct desk *desk, const struct relay_info *relay,
                 const uint8_t deposit[static HASH_BYTES],
                 const Hotline__V1__CustodyReceipt *receipt, bool *ret_is_taken)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    struct own_deposit own;
    TRY(find_own(desk, deposit, &own));
    int err = HL_EFORMAT;
    AUTO(blob) octets = NULL;
    struct custody_facts facts;
    if (receipt != NULL) {
        TRY(strict_pack(&receipt->base, &octets));
        err = judge_sent(desk, relay, deposit, bytes_blob(octets), &own, &facts);
    }
    if (err == HL_ENOMEM || err == HL_EIO || err == HL_EBUSY)
        return err;
    if (err != HL_OK) {
        TRY(note_bad(desk, relay, deposit));
    } else {
        TRY(keep(desk, relay, deposit, bytes_blob(octets), &facts));
        TRY(note_taken(desk, relay, deposit, &own));
    }
    TRY(sql_commit(&transaction));
    *ret_is_taken = err == HL_OK;
    return HL_OK;
}

/* --- theirs --- */

int promise_delivered(struct desk *desk, const struct relay_info *relay,
                      const Hotline__V1__Deliver *deliver, bool *ret_is_good)
{
    *ret_is_good = false;
    if (deliver->custody == NULL || deliver->from == NULL)
        return HL_OK;
    AUTO(blob) octets = NULL;
    TRY(strict_pack(&deliver->custody->base, &octets));
    const struct identity *identity = desk->identity;
    struct desk_id from = {.kind = (uint32_t)deliver->from->kind};
    memcpy(from.entity, deliver->from->entity.data, ID_BYTES);
    const struct custody_expectation expected = {.ns = identity->trust->ns,
                                                 .relay = relay,
                                                 .deposit_hash = deliver->deposit_hash.data,
                                                 .plane = (unsigned)deliver->plane,
                                                 .from = from,
                                                 .is_sender_form =
                                                     desk_equal(&from, &identity->desk),
                                                 .own_desk = identity->desk,
                                                 .lane_seq = deliver->lane_seq,
                                                 .lane_head = deliver->lane_head.data};
    struct custody_facts facts;
    const char *detail = NULL;
    int err =
        custody_receipt_check(identity->suite, &expected, bytes_blob(octets), &facts, &detail);
    if (err == HL_ENOMEM)
        return err;
    if (err != HL_OK)
        return say(desk, EVENT_REJECTED_DEPOSIT, relay, deliver->deposit_hash.data,
                   "custody receipt does not verify");
    *ret_is_good = true;
    return keep(desk, relay, deliver->deposit_hash.data, bytes_blob(octets), &facts);
}
