/* evidence_claims — what a verified bundle shows: sent, released, delivered, opened, acknowledged, refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence_parts.h"
#include "proto/receipt.h"
#include "proto/schema.h"

#define REMARK_MARKS   "streams up to Marks later than the ACK are not in the bundle"
#define REMARK_CUSTODY "no custody covers this deposit"

static struct verdict_claim *add_claim(struct arbiter *arbiter, const char *claim,
                                       const struct deposit *deposit, const struct desk_id *by)
{
    struct verdict *verdict = arbiter->verdict;

    if (verdict->claim_count == VERDICT_CLAIMS_MAX)
        return NULL;
    struct verdict_claim *to = &verdict->claims[verdict->claim_count++];
    *to = (struct verdict_claim){.claim = claim,
                                 .plane = (unsigned)arbiter->manifest->plane,
                                 .by = *by,
                                 .basis = deposit->basis};
    memcpy(to->notice_hash, deposit->content_hash, HASH_BYTES);
    desk_format(arbiter->trust, by, to->by_text);
    return to;
}

static void remark(struct arbiter *arbiter, struct verdict_claim *claim, const char *detail)
{
    claim->detail = detail;
    if (arbiter->verdict->result == VERDICT_VALID)
        arbiter->verdict->result = VERDICT_VALID_WITH_REMARKS;
}

static unsigned count_devices(const struct opened *opened)
{
    const ProtobufCBinaryData *seen[LIMIT_RELEASES + 1] = {&opened->notice->draft_device};
    unsigned count = 1;

    for (size_t i = 0; i < opened->release_count; i++) {
        bool is_new = true;

        for (unsigned k = 0; k < count; k++)
            is_new = is_new && !bytes_equal(BYTES(seen[k]->data, seen[k]->len),
                                            BYTES(opened->releases[i]->releaser_device.data,
                                                  opened->releases[i]->releaser_device.len));
        if (is_new)
            seen[count++] = &opened->releases[i]->releaser_device;
    }
    return count;
}

static void claim_sent(struct arbiter *arbiter, const struct deposit *deposit,
                       struct verdict_claim *claim)
{
    claim->at_ms = deposit->last_ms;
    if (!deposit->has_custody) {
        claim->result = VERDICT_VALID_WITH_REMARKS;
        remark(arbiter, claim, REMARK_CUSTODY);
    }
}

static void claim_released(struct arbiter *arbiter, const struct opened *opened,
                           struct verdict_claim *claim)
{
    claim->persons = opened->notice->persons;
    claim->devices = count_devices(opened);
    for (size_t i = 0; i < opened->release_count; i++) {
        if (opened->releases[i]->released_ms > claim->at_ms)
            claim->at_ms = opened->releases[i]->released_ms;
    }
    if (opened->marks & (MARK_NOT_RELEASED_BY_SECOND_PERSON | MARK_MISSING_REASON)) {
        claim->result = VERDICT_VALID_WITH_REMARKS;
        remark(arbiter, claim, "not released by a second person");
    } else if (opened->marks & MARK_RELEASED_ON_ONE_TERMINAL) {
        claim->result = VERDICT_VALID_WITH_REMARKS;
        remark(arbiter, claim, "released on one terminal");
    }
}

/* "subject\n\ntext" of a notice, raw: whoever prints makes it visible. */
static int keep_text(struct arbiter *arbiter, const Hotline__V1__Notice *notice)
{
    struct verdict *verdict = arbiter->verdict;
    const char *body = "";

    for (size_t i = 0; i < notice->n_text; i++) {
        if (notice->text[i]->authoritative)
            body = notice->text[i]->body;
    }
    if (verdict->notice_count == sizeof(verdict->texts) / sizeof(verdict->texts[0]))
        return HL_OK;
    size_t size = strlen(notice->subject) + strlen(body) + 3;
    char *text = malloc(size);
    if (!text)
        return HL_ENOMEM;
    (void)snprintf(text, size, "%s\n\n%s", notice->subject, body);
    verdict->texts[verdict->notice_count++] = text;
    return HL_OK;
}

static bool is_known_already(const struct arbiter *arbiter, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (bytes_equal(BYTES_OF(arbiter->deposits[i].content_hash),
                        BYTES_OF(arbiter->deposits[index].content_hash)))
            return true;
    }
    return false;
}

static int claim_notice(struct arbiter *arbiter, size_t index)
{
    const struct deposit *deposit = &arbiter->deposits[index];
    const struct opened *opened = deposit->opened;

    if (!opened || opened->kind != CONTENT_NOTICE)
        return HL_OK;
    struct verdict_claim *sent = add_claim(arbiter, "sent", deposit, &opened->sender);
    struct verdict_claim *released = add_claim(arbiter, "released", deposit, &opened->sender);
    if (!sent || !released)
        return HL_ENOMEM;
    claim_sent(arbiter, deposit, sent);
    claim_released(arbiter, opened, released);
    desk_format(arbiter->trust, &opened->sender, arbiter->verdict->from_text);
    return is_known_already(arbiter, index) ? HL_OK : keep_text(arbiter, opened->notice);
}

/* The reservation's six texts, when they travel along, must be those that the acknowledgement signed. */
static int check_reservation(struct arbiter *arbiter, size_t item,
                             const Hotline__V1__Receipt *receipt)
{
    uint8_t hash[HASH_BYTES];

    if (receipt->kind != HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED || arbiter->reservation.len == 0)
        return HL_OK;
    label_hash1(label_fixed(LABEL_RESERVATION), arbiter->reservation, hash);
    if (!bytes_equal(BYTES_OF(hash),
                     BYTES(receipt->reservation_hash.data, receipt->reservation_hash.len)))
        return arbiter_fail(arbiter, item, "reservation text is not the signed one");
    return HL_OK;
}

static const char *claim_word(Hotline__V1__ReceiptKind kind)
{
    if (kind == HOTLINE__V1__RECEIPT_KIND__DELIVERED)
        return "delivered";
    if (kind == HOTLINE__V1__RECEIPT_KIND__OPENED)
        return "opened";
    if (kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED)
        return "acknowledged";
    return kind == HOTLINE__V1__RECEIPT_KIND__REFUSED ? "refused" : NULL;
}

static int claim_receipt(struct arbiter *arbiter, size_t item, const struct deposit *deposit,
                         const Hotline__V1__Receipt *receipt)
{
    const char *word = claim_word(receipt->kind);

    TRY(check_reservation(arbiter, item, receipt));
    if (!word)
        return HL_OK;
    struct desk_id by = {.kind = (uint32_t)receipt->by_kind};
    memcpy(by.entity, receipt->by_entity.data, ID_BYTES);
    struct verdict_claim *claim = add_claim(arbiter, word, deposit, &by);
    if (!claim)
        return HL_ENOMEM;
    claim->at_ms = receipt->at_ms;
    claim->disposition = (uint32_t)receipt->disposition;
    if (receipt->kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED) {
        bool is_wrong_desk = receipt->disposition == HOTLINE__V1__DISPOSITION__RECEIVED_WRONG_DESK;
        remark(arbiter, claim, is_wrong_desk ? "disposition: wrong desk" : REMARK_MARKS);
    }
    return HL_OK;
}

/* The deposit a receipt answers: by its own word, which receipt_check() then holds against the deposit. */
static const struct deposit *find_deposit(const struct arbiter *arbiter,
                                          const Hotline__V1__Receipt *receipt)
{
    for (size_t i = 0; i < arbiter->deposit_count; i++) {
        if (bytes_equal(BYTES_OF(arbiter->deposits[i].deposit_hash),
                        BYTES(receipt->deposit_hash.data, receipt->deposit_hash.len)))
            return &arbiter->deposits[i];
    }
    return NULL;
}

static const struct deposit *deposit_of(const struct arbiter *arbiter, struct bytes octets)
{
    const struct deposit *deposit = NULL;
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    if (sign_parse(octets, &object) != HL_OK)
        return NULL;
    if (strict_unpack(&hotline__v1__receipt__descriptor, &schema_receipt,
                      BYTES(object->body.data, object->body.len), &body, NULL) == HL_OK) {
        deposit = find_deposit(arbiter, (Hotline__V1__Receipt *)body);
        protobuf_c_message_free_unpacked(body, NULL);
    }
    hotline__v1__signed__free_unpacked(object, NULL);
    return deposit;
}

static int judge_receipt(struct arbiter *arbiter, size_t item)
{
    const struct deposit *deposit = deposit_of(arbiter, arbiter->items[item].octets);
    const char *detail = "receipt";
    Hotline__V1__Receipt *receipt = NULL;

    if (!deposit || !deposit->opened)
        return arbiter_fail(arbiter, item, "receipt answers no deposit of this bundle");
    const struct opened *opened = deposit->opened;
    const struct receipt_expectation expected = {
        .ns = arbiter->trust->ns,
        .plane = (unsigned)arbiter->manifest->plane,
        .content_hash = deposit->content_hash,
        .deposit_hash = deposit->deposit_hash,
        .to_entity = opened->sender_device->entity,
        .to_device = opened->sender_device->id,
        .by_desk = deposit->recipient,
        .check_word = opened->notice ? opened->notice->check_word : NULL,
        .needs_check_word =
            opened->notice && opened->notice->precedence >= HOTLINE__V1__PRECEDENCE__IMMEDIATE,
        .now_ms = deposit->has_custody ? deposit->last_ms : arbiter->manifest->at_ms,
    };
    int err = receipt_check(arbiter->suite, arbiter->trust, &expected, arbiter->items[item].octets,
                            &receipt, &detail);
    if (err == HL_ENOMEM)
        return err;
    if (err != HL_OK)
        return arbiter_fail(arbiter, item, detail);
    err = claim_receipt(arbiter, item, deposit, receipt);
    hotline__v1__receipt__free_unpacked(receipt, NULL);
    return err;
}

int arbiter_claims(struct arbiter *arbiter)
{
    for (size_t i = 0; i < arbiter->deposit_count; i++)
        TRY(claim_notice(arbiter, i));
    for (size_t i = 0; i < arbiter->count; i++) {
        if (arbiter->items[i].type == RECORD_RECEIPT)
            TRY(judge_receipt(arbiter, i));
    }
    return HL_OK;
}

static void arbiter_done(struct arbiter *arbiter)
{
    for (size_t i = 0; i < arbiter->deposit_count; i++)
        opened_free(arbiter->deposits[i].opened);
    if (arbiter->manifest)
        hotline__v1__bundle_manifest__free_unpacked(arbiter->manifest, NULL);
    if (arbiter->manifest_object)
        hotline__v1__signed__free_unpacked(arbiter->manifest_object, NULL);
    trust_free(arbiter->trust);
    free(arbiter->items);
}

static int judge(struct arbiter *arbiter, struct bytes bundle)
{
    TRY(arbiter_read(arbiter, bundle));
    TRY(arbiter_trust(arbiter));
    TRY(arbiter_deposits(arbiter));
    return arbiter_claims(arbiter);
}

int evidence_verify(const struct suite *suite, struct bytes bundle, const uint8_t *pinned_root,
                    int64_t now_ms, struct verdict **ret_verdict)
{
    struct verdict *verdict = calloc(1, sizeof(*verdict));
    struct arbiter *arbiter = calloc(1, sizeof(*arbiter));
    int err = verdict && arbiter ? HL_OK : HL_ENOMEM;

    if (err == HL_OK) {
        *arbiter = (struct arbiter){
            .suite = suite, .pinned_root = pinned_root, .now_ms = now_ms, .verdict = verdict};
        arbiter->items = calloc(BUNDLE_RECORDS_MAX, sizeof(arbiter->items[0]));
        err = arbiter->items ? judge(arbiter, bundle) : HL_ENOMEM;
        arbiter_done(arbiter);
    }
    free(arbiter);
    if (err == HL_ENOMEM) {
        verdict_free(verdict);
        return err;
    }
    if (err != HL_OK) {
        verdict->result = VERDICT_INVALID;
        verdict->claim_count = 0; /* nothing half shown */
    }
    *ret_verdict = verdict;
    return HL_OK;
}

void verdict_free(struct verdict *verdict)
{
    if (!verdict)
        return;
    for (size_t i = 0; i < sizeof(verdict->texts) / sizeof(verdict->texts[0]); i++)
        free(verdict->texts[i]);
    free(verdict);
}
