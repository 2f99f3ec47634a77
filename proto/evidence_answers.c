/* evidence_answers — what the receipts of a bundle show: delivered, opened, acknowledged, refused. */
#include <string.h>

#include "proto/evidence_parts.h"
#include "proto/receipt.h"
#include "proto/schema.h"

#define REMARK_MARKS "streams up to Marks later than the ACK are not in the bundle"

/* The reservation's six texts, when they travel along, must be those that the acknowledgement signed. */
static int check_reservation(struct arbiter *arbiter, size_t item,
                             const Hotline__V1__Receipt *receipt)
{
    struct bytes signed_hash = BYTES(receipt->reservation_hash.data, receipt->reservation_hash.len);
    bool has_texts = false;

    if (receipt->kind != HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED)
        return HL_OK;
    for (size_t i = 0; i < arbiter->count; i++) {
        uint8_t hash[HASH_BYTES];

        if (arbiter->items[i].type != RECORD_RESERVATION)
            continue;
        label_hash1(label_fixed(LABEL_RESERVATION), arbiter->items[i].octets, hash);
        if (bytes_equal(BYTES_OF(hash), signed_hash))
            return HL_OK;
        has_texts = true;
    }
    return has_texts ? arbiter_fail(arbiter, item, "reservation text is not the signed one")
                     : HL_OK;
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

/* A receipt under judgement. */
struct answer {
    size_t item;
    const struct deposit *deposit; /* that it answers */
    const struct deposit
        *carrier; /* the control deposit that it came in; NULL: not in the bundle */
    struct desk_id by;
    uint8_t content_hash[HASH_BYTES];
};

/* What answers a service statement says nothing about a notice, whatever it calls itself. */
static bool is_about_notice(const struct deposit *deposit, const Hotline__V1__Receipt *receipt)
{
    return receipt->about == HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE &&
           (deposit->opened ? deposit->opened->kind == CONTENT_NOTICE : deposit->is_content);
}

static int claim_receipt(struct arbiter *arbiter, const struct answer *answer,
                         const Hotline__V1__Receipt *receipt)
{
    const char *word = claim_word(receipt->kind);

    TRY(check_reservation(arbiter, answer->item, receipt));
    if (!word || !is_about_notice(answer->deposit, receipt))
        return HL_OK;
    struct verdict_claim *claim = arbiter_claim(arbiter, word, answer->deposit, &answer->by);
    if (!claim)
        return HL_EVERIFY;
    claim->at_ms = receipt->at_ms;
    /* at_ms is the issuer's clock; only custody of the receipt itself says more. */
    claim->basis = answer->carrier ? answer->carrier->basis : "NONE";
    claim->disposition = (uint32_t)receipt->disposition;
    memcpy(claim->notice_hash, answer->content_hash, HASH_BYTES);
    if (receipt->kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED) {
        bool is_wrong_desk = receipt->disposition == HOTLINE__V1__DISPOSITION__RECEIVED_WRONG_DESK;
        arbiter_remark(arbiter, claim, is_wrong_desk ? "disposition: wrong desk" : REMARK_MARKS);
    } else if (!answer->deposit->opened) {
        arbiter_remark(arbiter, claim, REMARK_TEXT);
    }
    return HL_OK;
}

static bool is_addressed(const struct deposit *deposit, const struct desk_id *desk)
{
    const Hotline__V1__Notice *notice = deposit->opened ? deposit->opened->notice : NULL;

    if (desk_equal(&deposit->recipient, desk))
        return true;
    for (size_t i = 0; notice && i < notice->n_to; i++) {
        if ((uint32_t)notice->to[i]->desk->kind == desk->kind &&
            bytes_equal(BYTES(notice->to[i]->desk->entity.data, ID_BYTES), BYTES_OF(desk->entity)))
            return true;
    }
    return false;
}

/* The deposit a receipt answers: by its own word, which receipt_check() then holds against the deposit. A notice to several
 * desks is one deposit, and stands in the bundle once for each. */
static const struct deposit *find_deposit(const struct arbiter *arbiter,
                                          const Hotline__V1__Receipt *receipt,
                                          const struct desk_id *by)
{
    const struct deposit *found = NULL;

    for (size_t i = 0; i < arbiter->deposit_count; i++) {
        const struct deposit *deposit = &arbiter->deposits[i];

        if (!bytes_equal(BYTES_OF(deposit->deposit_hash),
                         BYTES(receipt->deposit_hash.data, receipt->deposit_hash.len)))
            continue;
        if (desk_equal(&deposit->recipient, by))
            return deposit;
        if (!found || is_addressed(deposit, by))
            found = deposit;
    }
    return found;
}

static const struct deposit *find_carrier(const struct arbiter *arbiter,
                                          const uint8_t hash[static HASH_BYTES])
{
    const struct deposit *found = NULL;

    for (size_t i = 0; i < arbiter->deposit_count; i++) {
        const struct deposit *deposit = &arbiter->deposits[i];

        if (!deposit->opened || deposit->opened->kind != CONTENT_RECEIPT ||
            !bytes_equal(BYTES_OF(deposit->content_hash), BYTES(hash, HASH_BYTES)))
            continue;
        if (!found || deposit->has_two_operators)
            found = deposit;
    }
    return found;
}

static void read_answer(const struct arbiter *arbiter, struct bytes body,
                        const Hotline__V1__Receipt *receipt, struct answer *answer)
{
    uint8_t hash[HASH_BYTES];

    label_hash1(label_of(LABEL_RECEIPT, (unsigned)arbiter->manifest->plane), body, hash);
    answer->by.kind = (uint32_t)receipt->by_kind;
    memcpy(answer->by.entity, receipt->by_entity.data, ID_BYTES);
    answer->carrier = find_carrier(arbiter, hash);
    answer->deposit = find_deposit(arbiter, receipt, &answer->by);
    if (!answer->deposit)
        return;
    /* Where neither text nor Link is there, the receipt's own word has to do: it is bound to the deposit. */
    bool is_told = answer->deposit->has_content_hash || receipt->content_hash.len == 0;
    memcpy(answer->content_hash,
           is_told ? answer->deposit->content_hash : receipt->content_hash.data, HASH_BYTES);
}

static int parse_answer(struct arbiter *arbiter, struct answer *answer)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *message = NULL;

    TRY(arbiter_check(arbiter, answer->item,
                      sign_parse(arbiter->items[answer->item].octets, &object),
                      "receipt: not canonical"));
    struct bytes body = BYTES(object->body.data, object->body.len);
    int err =
        strict_unpack(&hotline__v1__receipt__descriptor, &schema_receipt, body, &message, NULL);
    err = arbiter_check(arbiter, answer->item, err, "receipt: not canonical");
    if (message) {
        read_answer(arbiter, body, (Hotline__V1__Receipt *)message, answer);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

static int judge_receipt(struct arbiter *arbiter, size_t item)
{
    struct answer answer = {.item = item};
    const char *detail = "receipt";
    Hotline__V1__Receipt *receipt = NULL;

    TRY(parse_answer(arbiter, &answer));
    const struct deposit *deposit = answer.deposit;
    if (!deposit)
        return arbiter_fail(arbiter, item, "receipt answers no deposit of this bundle");
    const Hotline__V1__Notice *notice = deposit->opened ? deposit->opened->notice : NULL;
    const struct receipt_expectation expected = {
        .ns = arbiter->trust->ns,
        .plane = (unsigned)arbiter->manifest->plane,
        .content_hash = answer.content_hash,
        .deposit_hash = deposit->deposit_hash,
        .to_entity = deposit->sender_device->entity,
        .to_device = deposit->sender_device->id,
        .by_desk = is_addressed(deposit, &answer.by) ? answer.by : deposit->recipient,
        .envelope_device = answer.carrier ? answer.carrier->sender_device->id : NULL,
        .check_word = notice ? notice->check_word : NULL,
        .needs_check_word = notice && notice->precedence >= HOTLINE__V1__PRECEDENCE__IMMEDIATE,
        .now_ms = answer.carrier ? deposit_time(answer.carrier) : (int64_t)STRICT_MS_MAX,
    };
    int err = receipt_check(arbiter->suite, arbiter->trust, &expected, arbiter->items[item].octets,
                            &receipt, &detail);
    TRY(arbiter_check(arbiter, item, err, detail));
    err = claim_receipt(arbiter, &answer, receipt);
    hotline__v1__receipt__free_unpacked(receipt, NULL);
    return err;
}

int arbiter_receipts(struct arbiter *arbiter)
{
    for (size_t i = 0; i < arbiter->count; i++) {
        if (arbiter->items[i].type == RECORD_RECEIPT)
            TRY(judge_receipt(arbiter, i));
    }
    return HL_OK;
}
