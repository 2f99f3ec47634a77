/* draft_send — a released draft becomes an outgoing notice: Links taken, sealed, queued, recorded; one transaction of the caller. */
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/event.h"
#include "client/journal.h"
#include "client/ledger.h"
#include "client/post.h"
#include "client/query.h"
#include "client/slots.h"
#include "client/track.h"
#include "proto/link.h"

/* --- numbers --- */

static int take_number(struct desk *desk, const struct desk_id *to, struct link *link)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(
        desk, &rows,
        "SELECT seq, hash FROM stream_out WHERE device = ? AND entity = ? AND kind = ? AND"
        " plane = ?",
        SQL_ARGS(SQL_ID(link->sender_device), SQL_DESK(to), SQL_N(link->plane))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    link->recipient = *to;
    link->seq = has_row ? (uint64_t)sql_get_number(&rows, 0) + 1 : 1;
    memset(link->prev, 0, HASH_BYTES);
    return has_row ? sql_get_fixed(&rows, 1, link->prev, HASH_BYTES) : HL_OK;
}

static int keep_number(struct desk *desk, const struct link *link, const uint8_t *hash)
{
    return sql_run(desk,
                   "INSERT OR REPLACE INTO stream_out(device, entity, kind, plane, seq, hash)"
                   " VALUES(?,?,?,?,?,?)",
                   SQL_ARGS(SQL_ID(link->sender_device), SQL_DESK(&link->recipient),
                            SQL_N(link->plane), SQL_N(link->seq), SQL_HASH(hash)));
}

/* One Link for a desk: signed once, put into all of its slots and into its row. */
static int link_desk(struct desk *desk, const struct draft_row *row,
                     const Hotline__V1__Notice *notice, size_t position, struct slot_plan *plan)
{
    const struct identity *identity = desk->identity;
    const Hotline__V1__Address *address = notice->to[position];
    struct desk_id to;
    TRY(ledger_desk_of(address->desk, &to));
    struct link link = {.ns = identity->trust->ns, .plane = (unsigned)notice->plane};
    memcpy(link.content_hash, row->hash, HASH_BYTES);
    memcpy(link.sender_device, identity->device->id, ID_BYTES);
    TRY(take_number(desk, &to, &link));
    uint8_t hash[HASH_BYTES];
    uint8_t sig[SIG_BYTES];
    TRY(link_sign(identity->suite, identity->device, &link, hash, sig));
    TRY(keep_number(desk, &link, hash));
    for (size_t i = 0; i < plan->count; i++) {
        struct seal_slot *slot = &plan->slots[i];
        if (!desk_equal(&slot->desk, &to))
            continue;
        slot->seq = link.seq;
        memcpy(slot->prev, link.prev, HASH_BYTES);
        memcpy(slot->link_sig, sig, SIG_BYTES);
    }
    const struct ledger_addressee entry = {.notice = row->hash,
                                           .desk = to,
                                           .position = position,
                                           .is_action = address->action,
                                           .precedence = (unsigned)address->precedence,
                                           .sealed = slots_count_of(plan, &to),
                                           .seq = link.seq,
                                           .prev = link.prev,
                                           .link_hash = hash,
                                           .link_sig = sig,
                                           .state = RCPT_RELEASED};
    return ledger_put_addressee(desk, &entry);
}

/* --- sealing --- */

static int uncount_device(struct desk *desk, const struct draft_row *row,
                          const struct slot_plan *plan, const uint8_t *device)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (!bytes_equal(BYTES_OF(plan->slots[i].device), BYTES(device, ID_BYTES)))
            continue;
        TRY(sql_run(desk,
                    "UPDATE addressee SET sealed = sealed - 1 WHERE notice = ? AND entity = ?"
                    " AND kind = ?",
                    SQL_ARGS(SQL_HASH(row->hash), SQL_DESK(&plan->slots[i].desk))));
    }
    return HL_OK;
}

/* Devices left out may not leave a desk without any: then nothing is sent. */
static int check_skipped(struct desk *desk, const struct draft_row *row,
                         const struct slot_plan *plan, const struct post_result *result)
{
    for (size_t i = 0; i < result->skipped_count; i++)
        TRY(uncount_device(desk, row, plan, result->skipped[i]));
    int64_t without = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM addressee WHERE notice = ? AND sealed < 1",
                      SQL_ARGS(SQL_HASH(row->hash)), &without));
    if (without > 0)
        return desk_say(desk, HL_EVERIFY,
                        "%lld addressed desk(s) have no key that can be used: call them",
                        (long long)without);
    return HL_OK;
}

static int record(struct desk *desk, const struct draft_row *row, const struct draft_parts *parts,
                  const struct slot_plan *plan, const uint8_t *deposit)
{
    const Hotline__V1__Release *last = parts->releases[parts->release_count - 1];
    const struct roster *roster =
        trust_entity(desk->identity->trust, desk->identity->desk.entity)->roster;
    unsigned precedence = (unsigned)parts->notice->precedence;
    bool is_below_policy = parts->notice->persons < roster->release_min[precedence] ||
                           (parts->notice->persons == 1 && precedence > roster->single_person_max);
    const struct ledger_notice entry = {.hash = row->hash,
                                        .notice = parts->notice,
                                        .is_out = true,
                                        .sender = desk->identity->desk,
                                        .sender_device = desk->identity->device->id,
                                        .deposit = deposit,
                                        .flags = is_below_policy ? NOTICE_NOT_SECOND_PERSON : 0,
                                        .is_weaker = plan->weaker_count > 0,
                                        .released_ms = last->released_ms,
                                        .not_after_ms = last->not_after_ms};
    bool is_new = false;
    TRY(ledger_put_notice(desk, &entry, &is_new));
    if (!is_new)
        return desk_say(desk, HL_ESTATE, "it is sent already");
    TRY(draft_row_state(desk, row->notice_id, DRAFT_SENT));
    struct event event = {.kind = EVENT_RELEASED};
    return track_tell(desk, row->hash, &event);
}

/* --- drafts that another terminal completed --- */

static bool is_complete(const struct desk *desk, const struct draft_parts *parts)
{
    size_t needed = parts->notice->persons <= 1 ? 1 : parts->notice->persons - 1;
    if (parts->release_count < needed)
        return false;
    const Hotline__V1__Release *last = parts->releases[parts->release_count - 1];
    return bytes_equal(BYTES(last->sender_device.data, last->sender_device.len),
                       BYTES_OF(desk->identity->device->id));
}

/* Why a complete draft does not leave, told once. */
static int say_stuck(struct desk *desk, const struct draft_row *row, const char *why)
{
    int64_t was_told = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM event WHERE kind = ? AND hash = ? AND detail = ?",
                      SQL_ARGS(SQL_N(EVENT_DRAFT), SQL_HASH(row->hash), SQL_TEXT(why)), &was_told));
    if (was_told > 0)
        return HL_OK;
    struct event event = {.kind = EVENT_DRAFT, .has_hash = true};
    memcpy(event.hash, row->hash, HASH_BYTES);
    memcpy(event.id, row->id, NOTICE_ID_SIZE);
    memcpy(event.detail, why, strnlen(why, sizeof(event.detail) - 1));
    return event_put(desk, &event);
}

static int send_now(struct desk *desk, const struct draft_row *row, const struct draft_parts *parts,
                    struct slot_plan *plan)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    size_t skipped = 0;
    TRY(draft_send(desk, row, parts, plan, &skipped));
    return sql_commit(&transaction);
}

static int send_if_complete(struct desk *desk, const struct draft_row *row)
{
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(row->content), &parts));
    bool is_rolled_back = true;
    TRY(desk_rollback(desk, &is_rolled_back));
    if (is_rolled_back || !is_complete(desk, parts))
        return HL_OK;
    if (parts->releases[parts->release_count - 1]->not_after_ms <= desk_now_ms(desk))
        return say_stuck(desk, row, "released, but not in time to be sent: its release expired");
    AUTO(slot_plan) plan = NULL;
    TRY(draft_plan(desk, parts->notice, &plan));
    if (plan->missing_count > 0) /* the agents fetch keys; the next tick tries again */
        return say_stuck(desk, row, "released, but not sent: an addressed desk has no usable key");
    return send_now(desk, row, parts, plan);
}

/* Errors that are the draft's own, not the machine's: another draft may still be sent. */
static bool is_of_the_draft(int err)
{
    return err == HL_EVERIFY || err == HL_EFORMAT || err == HL_ETOOBIG || err == HL_ESTATE;
}

int draft_send_due(struct desk *desk)
{
    for (size_t i = 0;; i++) {
        AUTO(draft_row) row = NULL;
        int err = draft_row_at(desk, DRAFT_FOR_RELEASE, i, &row);
        if (err == HL_ENOTFOUND)
            return HL_OK;
        TRY(err);
        if (row->state != DRAFT_FOR_RELEASE)
            continue;
        err = send_if_complete(desk, row);
        if (is_of_the_draft(err))
            err = say_stuck(desk, row,
                            err == HL_EVERIFY
                                ? "released, but not sent: no key of an addressed desk can be used"
                                : "released, but not sent: this terminal cannot read or seal it");
        TRY(err);
    }
}

int draft_send(struct desk *desk, const struct draft_row *row, const struct draft_parts *parts,
               struct slot_plan *plan, size_t *ret_skipped)
{
    for (size_t i = 0; i < parts->notice->n_to; i++)
        TRY(link_desk(desk, row, parts->notice, i, plan));
    const Hotline__V1__Release *last = parts->releases[parts->release_count - 1];
    struct post_request request = {.kind = CONTENT_NOTICE,
                                   .plane = (unsigned)parts->notice->plane,
                                   .precedence = (unsigned)parts->notice->precedence,
                                   .content = bytes_blob(row->content),
                                   .content_hash = row->hash,
                                   .plan = plan,
                                   .not_after_ms = last->not_after_ms};
    TRY(post_pick_relays(desk, request.precedence, &request.relays));
    struct post_result result;
    int err = post_seal(desk, &request, &result);
    if (err == HL_EVERIFY)
        return desk_say(desk, err, "not one key of the addressees can be used: call them");
    TRY(err);
    TRY(check_skipped(desk, row, plan, &result));
    TRY(record(desk, row, parts, plan, result.deposit_hash));
    *ret_skipped = result.skipped_count;
    return HL_OK;
}
