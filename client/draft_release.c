/* draft_release — the second officer's signature, and with the last one: slots, numbers, seal and outbox in one transaction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/event.h"
#include "client/journal.h"
#include "client/ledger.h"
#include "client/post.h"
#include "client/slots.h"
#include "proto/link.h"

#define HOUR_MS      (3600LL * 1000)
#define SKEW_MAX_MS  (300LL * 1000)
#define FLASH_LIFE   (15LL * 60 * 1000)
#define RELEASE_LIFE (2LL * 3600 * 1000)
#define REASON_MIN   10
#define REASON_MAX   200

/* --- may it be released --- */

static int check_signatures(struct desk *desk, const struct draft_row *row,
                            const struct draft_parts *parts)
{
    const struct identity *identity = desk->identity;
    const Hotline__V1__Signed *object = parts->signed_notice->notice;
    const Hotline__V1__Notice *notice = parts->notice;
    const char *label = label_of(LABEL_NOTICE, (unsigned)notice->plane);
    uint8_t hash[HASH_BYTES];
    TRY(notice_hash((unsigned)notice->plane, BYTES(object->body.data, object->body.len), hash));
    const struct cert *author =
        trust_cert(identity->trust, identity->desk.entity, notice->author.data);
    const struct cert *device =
        trust_cert(identity->trust, identity->desk.entity, notice->draft_device.data);
    bool is_whole = author != NULL && device != NULL && label != NULL && object->n_sigs == 2 &&
                    bytes_equal(BYTES_OF(hash), BYTES_OF(row->hash));
    int err =
        is_whole ? sign_check_at(identity->suite, object, 0, label, author->sign_pk) : HL_EVERIFY;
    if (err == HL_OK)
        err = sign_check_at(identity->suite, object, 1, label, device->sign_pk);
    if (err == HL_ENOMEM)
        return err;
    if (err != HL_OK)
        return desk_say(desk, HL_EVERIFY,
                        "it does not verify as its author signed it: its signatures are void;"
                        " draft it again");
    if (author->revoked_since_ms != 0 || device->revoked_since_ms != 0)
        return desk_say(desk, HL_EREVOKED,
                        "the author's or the drafting terminal's key is revoked");
    return HL_OK;
}

/* Refused at more than 300 s against two relays: deadlines and the release window would mean nothing. */
static int check_clock(struct desk *desk)
{
    int64_t off = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM relay WHERE contact_ms > ? AND abs(skew_ms) > ?",
                      SQL_ARGS(SQL_N(desk_now_ms(desk) - HOUR_MS), SQL_N(SKEW_MAX_MS)), &off));
    if (off >= 2)
        return desk_say(desk, HL_ESTATE,
                        "this clock differs by more than 5 minutes from two relays: set it first");
    return HL_OK;
}

static int check_state(struct desk *desk, const struct draft_row *row)
{
    bool is_rolled_back = true;
    TRY(desk_rollback(desk, &is_rolled_back));
    if (is_rolled_back)
        return desk_say(
            desk, HL_EREVOKED,
            "STATE ROLLBACK: this terminal's database is older than what the relays hold"
            " of it; sending is locked until it gets a new device key");
    if (row->state == DRAFT_SENT)
        return desk_say(desk, HL_ESTATE,
                        "it is released and sent already; `hotline status` shows how far it came");
    if (row->state != DRAFT_FOR_RELEASE)
        return desk_say(desk, HL_ESTATE,
                        "it is not signed by its author; he signs it with `hotline draft -e`");
    return check_clock(desk);
}

/* Two persons are two numbers in the roster, not two keys. */
static bool has_signed(const struct identity *identity, const struct draft_parts *parts)
{
    const struct cert *author =
        trust_cert(identity->trust, identity->desk.entity, parts->notice->author.data);
    const uint8_t *person = identity->officer_cert->person;
    if (author == NULL || bytes_equal(BYTES_OF(author->person), BYTES(person, ID_BYTES)))
        return true;
    for (size_t i = 0; i < parts->release_count; i++) {
        const struct cert *releaser =
            trust_cert(identity->trust, identity->desk.entity, parts->releases[i]->releaser.data);
        if (releaser == NULL || bytes_equal(BYTES_OF(releaser->person), BYTES(person, ID_BYTES)))
            return true;
    }
    return false;
}

static bool needs_reason(const struct desk *desk, const Hotline__V1__Notice *notice)
{
    if (notice->persons != 1)
        return false;
    const struct roster *roster =
        trust_entity(desk->identity->trust, desk->identity->desk.entity)->roster;
    return (uint32_t)notice->precedence > roster->single_person_max ||
           roster->release_min[notice->precedence] > 1 ||
           trust_stale_hours(desk->identity->trust, desk_now_ms(desk)) > 0;
}

static int check_reason(struct desk *desk, const Hotline__V1__Notice *notice, const char *reason)
{
    if (reason != NULL && (strlen(reason) < REASON_MIN || strlen(reason) > REASON_MAX))
        return desk_say(desk, HL_EINVAL, "the reason has 10 to 200 octets");
    if (reason != NULL || !needs_reason(desk, notice))
        return HL_OK;
    return desk_say(desk, HL_EPERM,
                    "one person alone may not send this%s: let a second officer release it, or give"
                    " --single-person REASON; the other side then sees NOT RELEASED BY A SECOND"
                    " PERSON",
                    trust_stale_hours(desk->identity->trust, desk_now_ms(desk)) > 0
                        ? " while the directory is stale"
                        : " at this precedence");
}

static int check_officer(struct desk *desk, const struct draft_parts *parts)
{
    const struct identity *identity = desk->identity;
    int err = identity_check_officer(identity, ROLE_BIT_RELEASE);
    if (err != HL_OK)
        return desk_say(desk, err, "releasing needs an unlocked officer with the role RELEASE");
    bool is_author = bytes_equal(BYTES_OF(identity->officer->id),
                                 BYTES(parts->notice->author.data, parts->notice->author.len));
    if (parts->notice->persons == 1)
        return is_author ? HL_OK
                         : desk_say(desk, HL_EPERM,
                                    "its author drafted it to go out on his signature alone: he"
                                    " releases it, or return it");
    if (has_signed(identity, parts))
        return desk_say(desk, HL_EPERM,
                        "you signed this already: another person must release it, or the author"
                        " gives --single-person REASON");
    return HL_OK;
}

/* --- review --- */

static int addressed(const Hotline__V1__Notice *notice, struct desk_id *ret_desks,
                     size_t *ret_count)
{
    if (notice->n_to > LIMIT_RECIPIENTS)
        return HL_ETOOBIG;
    for (size_t i = 0; i < notice->n_to; i++)
        TRY(ledger_desk_of(notice->to[i]->desk, &ret_desks[i]));
    *ret_count = notice->n_to;
    return HL_OK;
}

int draft_plan(struct desk *desk, const Hotline__V1__Notice *notice, struct slot_plan **ret_plan)
{
    struct desk_id desks[LIMIT_RECIPIENTS];
    size_t count = 0;
    TRY(addressed(notice, desks, &count));
    return slots_plan(desk, false, desks, count, ret_plan);
}

static void review_plan(const struct slot_plan *plan, struct draft_review *review)
{
    review->slot_count = plan->count;
    review->missing_count = plan->missing_count;
    review->weaker_count = plan->weaker_count;
    memcpy(review->missing, plan->missing, sizeof(review->missing));
    memcpy(review->weaker, plan->weaker, sizeof(review->weaker));
}

int draft_review(struct desk *desk, const char *id, struct draft_review **ret_review)
{
    AUTO(draft_row) row = NULL;
    TRY(draft_row_find(desk, id, &row));
    if (row->state != DRAFT_FOR_RELEASE)
        return desk_say(desk, HL_ESTATE,
                        "it is not up for release; `hotline list --drafts` shows what is");
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(row->content), &parts));
    AUTO(slot_plan) plan = NULL;
    TRY(draft_plan(desk, parts->notice, &plan));
    struct draft_review *review = calloc(1, sizeof(*review));
    if (review == NULL)
        return HL_ENOMEM;
    const struct identity *identity = desk->identity;
    review->persons = parts->notice->persons;
    review->precedence = (unsigned)parts->notice->precedence;
    review->plane = (unsigned)parts->notice->plane;
    review->persons_min = trust_entity(identity->trust, identity->desk.entity)
                              ->roster->release_min[parts->notice->precedence];
    review->releases = (unsigned)parts->release_count;
    review->stale_hours = trust_stale_hours(identity->trust, desk_now_ms(desk));
    review->needs_reason = needs_reason(desk, parts->notice);
    review->is_own_draft =
        parts->notice->persons > 1 && identity->officer != NULL && has_signed(identity, parts);
    review_plan(plan, review);
    *ret_review = review;
    return HL_OK;
}

/* --- signing the release --- */

static int sign_release(struct desk *desk, const struct draft_row *row,
                        const struct draft_parts *parts, const struct release_options *options,
                        struct blob **ret_signed)
{
    const struct identity *identity = desk->identity;
    int64_t now_ms = desk_now_ms(desk);
    int64_t life_ms =
        parts->notice->precedence == HOTLINE__V1__PRECEDENCE__FLASH ? FLASH_LIFE : RELEASE_LIFE;
    struct release_request request = {.ns = identity->trust->ns,
                                      .notice_hash = row->hash,
                                      .plane = (unsigned)parts->notice->plane,
                                      .releaser = identity->officer,
                                      .releaser_device = identity->device,
                                      .sender_device = identity->device->id,
                                      .released_ms = now_ms,
                                      .not_after_ms = options->not_after_ms,
                                      .is_single_person = parts->notice->persons == 1,
                                      .reason = options->reason};
    if (request.not_after_ms == 0)
        request.not_after_ms = now_ms + life_ms;
    if (request.not_after_ms <= now_ms || request.not_after_ms > now_ms + LIMIT_RELEASE_LIFE_MS)
        return desk_say(desk, HL_EINVAL, "a release is good for at most 24 hours");
    if (parts->release_count > 0)
        request.sender_device = parts->releases[0]->sender_device.data;
    else if (options->sender_device != NULL)
        request.sender_device = options->sender_device;
    const struct cert *sender =
        trust_cert(identity->trust, identity->desk.entity, request.sender_device);
    if (sender == NULL || sender->desks != UINT32_C(1) << identity->desk.kind ||
        (sender->roles & ROLE_BIT_DESK) == 0)
        return desk_say(desk, HL_EINVAL, "the sending terminal is not one of this desk");
    return release_sign(identity->suite, &request, ret_signed);
}

/* The SignedNotice with one release more. */
static int add_release(const struct draft_parts *parts, struct bytes release,
                       struct blob **ret_content)
{
    AUTO(blob) notice = NULL;
    TRY(strict_pack(&parts->signed_notice->notice->base, &notice));
    struct blob *packed[LIMIT_RELEASES] = {0};
    struct bytes releases[LIMIT_RELEASES];
    size_t count = parts->release_count;
    int err = count >= LIMIT_RELEASES ? HL_ESTATE : HL_OK;
    for (size_t i = 0; i < count && err == HL_OK; i++) {
        err = strict_pack(&parts->signed_notice->releases[i]->base, &packed[i]);
        releases[i] = bytes_blob(packed[i]);
    }
    if (err == HL_OK) {
        releases[count] = release;
        err = notice_assemble(bytes_blob(notice), releases, count + 1, ret_content);
    }
    for (size_t i = 0; i < LIMIT_RELEASES; i++)
        blob_free(packed[i]);
    return err;
}

static unsigned releases_needed(const Hotline__V1__Notice *notice)
{
    return notice->persons <= 1 ? 1 : notice->persons - 1;
}

/* The row with the new release in it, stored; sent when that was the last one needed and this device is to send. */
static int go_on(struct desk *desk, const struct draft_row *old, struct bytes release,
                 struct slot_plan *plan, struct release_result *result)
{
    AUTO(draft_parts) before = NULL;
    TRY(draft_parts_of(bytes_blob(old->content), &before));
    AUTO(draft_row) row = calloc(1, sizeof(struct draft_row));
    if (row == NULL)
        return HL_ENOMEM;
    *row = *old;
    row->content = NULL;
    row->remark = NULL;
    TRY(add_release(before, release, &row->content));
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(row->content), &parts));
    TRY(draft_row_put(desk, row));
    TRY(journal_append(desk, JOURNAL_RELEASE, BYTES_OF(row->hash), NULL));
    unsigned needed = releases_needed(parts->notice);
    result->persons_missing =
        parts->release_count >= needed ? 0 : needed - (unsigned)parts->release_count;
    bool is_ours = bytes_equal(BYTES(parts->releases[0]->sender_device.data, ID_BYTES),
                               BYTES_OF(desk->identity->device->id));
    if (result->persons_missing > 0 || !is_ours)
        return draft_forward(desk, row, HOTLINE__V1__DRAFT_ACTION__DA_FOR_RELEASE, NULL);
    TRY(draft_send(desk, row, parts, plan, &result->skipped_count));
    result->is_sent = true;
    return HL_OK;
}

/* The author decides to send alone what he drafted for two: that is another notice, signed anew. */
static int redraft_single(struct desk *desk, const struct draft_parts *parts,
                          struct draft_row **ret_row)
{
    Hotline__V1__Notice *notice = parts->notice;
    notice->persons = 1;
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    uint8_t old_id[ID_BYTES];
    memcpy(old_id, notice->notice_id.data, ID_BYTES);
    TRY(draft_sign(desk, notice, id, hash));
    TRY(draft_row_state(desk, old_id, DRAFT_RETURNED));
    return draft_row_find(desk, id, ret_row);
}

static bool wants_single(const struct desk *desk, const struct draft_parts *parts,
                         const struct release_options *options)
{
    return options->reason != NULL && parts->notice->persons > 1 && parts->release_count == 0 &&
           desk->identity->officer != NULL &&
           bytes_equal(BYTES_OF(desk->identity->officer->id),
                       BYTES(parts->notice->author.data, parts->notice->author.len));
}

static int release_in(struct desk *desk, const char *id, const struct release_options *options,
                      struct release_result *result)
{
    AUTO(draft_row) row = NULL;
    TRY(draft_row_find(desk, id, &row));
    TRY(check_state(desk, row));
    if (options->seen != NULL &&
        !bytes_equal(BYTES_OF(row->hash), BYTES(options->seen, HASH_BYTES)))
        return desk_say(desk, HL_ESTATE,
                        "%s is another draft than the one that was shown; nothing was signed or "
                        "sent, read it first",
                        row->id);
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(row->content), &parts));
    TRY(check_signatures(desk, row, parts));
    if (wants_single(desk, parts, options)) {
        struct draft_row *single = NULL;
        TRY(redraft_single(desk, parts, &single));
        draft_row_free(row);
        row = single;
        draft_parts_free(MOVE(parts));
        TRY(draft_parts_of(bytes_blob(row->content), &parts));
    }
    TRY(check_officer(desk, parts));
    TRY(check_reason(desk, parts->notice, options->reason));
    AUTO(slot_plan) plan = NULL;
    TRY(draft_plan(desk, parts->notice, &plan));
    if (plan->missing_count > 0) {
        result->missing_count = plan->missing_count;
        memcpy(result->missing, plan->missing, sizeof(result->missing));
        return desk_say(desk, HL_ENOTFOUND,
                        "no usable key of %zu addressed desk(s) is here: fetch them, or call",
                        plan->missing_count);
    }
    AUTO(blob) release = NULL;
    TRY(sign_release(desk, row, parts, options, &release));
    memcpy(result->id, row->id, NOTICE_ID_SIZE);
    memcpy(result->hash, row->hash, HASH_BYTES);
    return go_on(desk, row, bytes_blob(release), plan, result);
}

int draft_release(struct desk *desk, const char *id, const struct release_options *options,
                  struct release_result *ret_result)
{
    memset(ret_result, 0, sizeof(*ret_result));
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(release_in(desk, id, options, ret_result));
    return sql_commit(&transaction);
}
