/* receipt — make and judge signed receipts. The automaton is proto/receipt_track.c. */
#include "proto/receipt.h"

#include <string.h>

#include "proto/notice.h"
#include "proto/schema.h"

typedef Hotline__V1__Receipt receipt_message;

/* What each kind carries; a row is true for the fields the kind must have, all others must be absent. */
static const struct {
    bool has_officer, has_disposition, has_reason, has_reservation, may_note, may_views,
        may_lack_content;
} kinds[9] = {
    [HOTLINE__V1__RECEIPT_KIND__DELIVERED] = {.may_views = true},
    [HOTLINE__V1__RECEIPT_KIND__OPENED] = {.has_officer = false},
    [HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED] = {.has_officer = true,
                                                 .has_disposition = true,
                                                 .has_reservation = true,
                                                 .may_note = true},
    [HOTLINE__V1__RECEIPT_KIND__REFUSED] = {.has_officer = true,
                                            .has_reason = true,
                                            .may_note = true},
    [HOTLINE__V1__RECEIPT_KIND__NONDELIVERED] = {.has_reason = true, .may_lack_content = true},
    [HOTLINE__V1__RECEIPT_KIND__CANCEL_SEEN] = {.has_officer = false},
    [HOTLINE__V1__RECEIPT_KIND__UNREADABLE] = {.may_lack_content = true},
};

static bool views_ascend(const receipt_message *receipt)
{
    for (size_t i = 1; i < receipt->n_views; i++) {
        if (bytes_order(BYTES(receipt->views[i - 1]->relay.data, ID_BYTES),
                        BYTES(receipt->views[i]->relay.data, ID_BYTES)) >= 0)
            return false;
    }
    return true;
}

/* Fields that the schema's table leaves open because they depend on the kind. */
static bool fields_fit(const receipt_message *receipt)
{
    bool is_ack = receipt->kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED;
    bool is_delivered = receipt->kind == HOTLINE__V1__RECEIPT_KIND__DELIVERED;

    if ((receipt->officer.len > 0) != kinds[receipt->kind].has_officer ||
        (receipt->disposition != 0) != kinds[receipt->kind].has_disposition ||
        (receipt->reason != 0) != kinds[receipt->kind].has_reason)
        return false;
    if ((receipt->reservation_id != 0) != kinds[receipt->kind].has_reservation ||
        (receipt->reservation_hash.len > 0) != kinds[receipt->kind].has_reservation)
        return false;
    if (receipt->content_hash.len == 0 && !kinds[receipt->kind].may_lack_content)
        return false;
    if ((receipt->note[0] && !kinds[receipt->kind].may_note) ||
        (receipt->n_views > 0 && !kinds[receipt->kind].may_views))
        return false;
    if (!is_ack && (receipt->check_word[0] || receipt->reply_expected_ms != 0))
        return false;
    /* a service statement is answered by DELIVERED alone */
    if (!is_delivered && receipt->about != HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE)
        return false;
    return views_ascend(receipt);
}

int receipt_sign(const struct suite *suite, const Hotline__V1__Receipt *receipt,
                 const struct sign_key *device, const struct sign_key *officer,
                 struct blob **ret_signed, uint8_t ret_hash[static HASH_BYTES])
{
    const struct sign_key *keys[2] = {device, officer};
    const char *label = label_of(LABEL_RECEIPT, (unsigned)receipt->plane);
    ProtobufCMessage *checked = NULL;
    AUTO(blob) body = NULL;

    if (!label)
        return HL_EINVAL;
    TRY(strict_pack(&receipt->base, &body));
    TRY(strict_unpack(&hotline__v1__receipt__descriptor, &schema_receipt, bytes_blob(body),
                      &checked, NULL));
    bool fits = fields_fit((receipt_message *)checked);
    protobuf_c_message_free_unpacked(checked, NULL);
    if (!fits || kinds[receipt->kind].has_officer != (officer != NULL))
        return HL_EINVAL;
    TRY(sign_object(suite, label, bytes_blob(body), keys, officer ? 2 : 1, ret_signed));
    label_hash1(label, bytes_blob(body), ret_hash);
    return HL_OK;
}

struct judge {
    const struct suite *suite;
    const struct trust *trust;
    const struct receipt_expectation *expected;
    const Hotline__V1__Signed *object;
    const receipt_message *receipt;
    const char *detail;
};

static int no(struct judge *judge, int err, const char *detail)
{
    judge->detail = detail;
    return err;
}

static bool same(const ProtobufCBinaryData *data, const uint8_t *octets, size_t len)
{
    return bytes_equal(BYTES(data->data, data->len), BYTES(octets, len));
}

static int check_subject(struct judge *judge)
{
    const struct receipt_expectation *expected = judge->expected;
    const receipt_message *receipt = judge->receipt;

    if (!same(&receipt->ns, expected->ns, NS_BYTES))
        return no(judge, HL_EVERIFY, "receipt: other namespace");
    if ((unsigned)receipt->plane != expected->plane)
        return no(judge, HL_EVERIFY, "receipt: other plane");
    if (expected->check_word && receipt->about != HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE)
        return no(judge, HL_EVERIFY, "receipt: about a service statement, not the notice");
    if (receipt->content_hash.len > 0 &&
        !same(&receipt->content_hash, expected->content_hash, HASH_BYTES))
        return no(judge, HL_EVERIFY, "receipt: about other content");
    if (!same(&receipt->deposit_hash, expected->deposit_hash, HASH_BYTES))
        return no(judge, HL_EVERIFY, "receipt: about another deposit");
    if (!same(&receipt->to_entity, expected->to_entity, ID_BYTES) ||
        !same(&receipt->to_device, expected->to_device, ID_BYTES))
        return no(judge, HL_EVERIFY, "receipt: for another sender");
    if (!same(&receipt->by_entity, expected->by_desk.entity, ID_BYTES) ||
        (uint32_t)receipt->by_kind != expected->by_desk.kind)
        return no(judge, HL_EVERIFY, "receipt: by a desk that was not addressed");
    if (expected->envelope_device &&
        !same(&receipt->by_device, expected->envelope_device, ID_BYTES))
        return no(judge, HL_EVERIFY, "receipt: not from the device that sent it");
    return HL_OK;
}

static int check_signer(struct judge *judge, const struct cert *cert, size_t index)
{
    if (cert->revoked_since_ms != 0 && cert->revoked_since_ms <= judge->expected->now_ms)
        return no(judge, HL_EREVOKED, "receipt: signed with a revoked key");
    int err = sign_check_at(judge->suite, judge->object, index,
                            label_of(LABEL_RECEIPT, judge->expected->plane), cert->sign_pk);
    if (err == HL_OK || err == HL_ENOMEM)
        return err;
    return no(judge, HL_EVERIFY, "receipt: signature does not verify");
}

static int check_device(struct judge *judge)
{
    const receipt_message *receipt = judge->receipt;
    const struct cert *device =
        trust_cert(judge->trust, receipt->by_entity.data, receipt->by_device.data);
    bool needs_desk = receipt->kind != HOTLINE__V1__RECEIPT_KIND__DELIVERED &&
                      receipt->kind != HOTLINE__V1__RECEIPT_KIND__NONDELIVERED;

    if (!device || device->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE ||
        device->desks != 1U << judge->expected->by_desk.kind)
        return no(judge, HL_EVERIFY, "receipt: device is not of that desk");
    if (!(device->roles & ROLE_BIT_AUTO) || (needs_desk && !(device->roles & ROLE_BIT_DESK)))
        return no(judge, HL_EVERIFY, "receipt: device has not the role");
    return check_signer(judge, device, 0);
}

static int check_officer(struct judge *judge)
{
    const receipt_message *receipt = judge->receipt;

    if (!kinds[receipt->kind].has_officer)
        return judge->object->n_sigs == 1
                   ? HL_OK
                   : no(judge, HL_EVERIFY, "receipt: one signature expected");
    const struct cert *officer =
        trust_cert(judge->trust, receipt->by_entity.data, receipt->officer.data);
    if (judge->object->n_sigs != 2)
        return no(judge, HL_EVERIFY, "receipt: two signatures expected");
    if (!officer || officer->kind != HOTLINE__V1__CERT_KIND__CERT_OFFICER ||
        !(officer->desks & 1U << judge->expected->by_desk.kind))
        return no(judge, HL_EVERIFY, "receipt: officer is not of that desk");
    if (!(officer->roles & ROLE_BIT_ACK))
        return no(judge, HL_EVERIFY, "receipt: officer may not acknowledge");
    return check_signer(judge, officer, 1);
}

static int check_word(struct judge *judge)
{
    const struct receipt_expectation *expected = judge->expected;
    const char *given = judge->receipt->check_word;

    if (judge->receipt->kind != HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED || !expected->check_word)
        return HL_OK;
    if (!given[0])
        return expected->needs_check_word ? no(judge, HL_EPERM, "receipt: check word missing")
                                          : HL_OK;
    if (!notice_check_word_equal(given, expected->check_word))
        return no(judge, HL_EPERM, "receipt: check word wrong");
    return HL_OK;
}

/* An unknown reservation id is valid; the known one must be the text that this program shows. */
static int check_reservation(struct judge *judge)
{
    const receipt_message *receipt = judge->receipt;

    if (receipt->reservation_id == RESERVATION_ID &&
        !same(&receipt->reservation_hash, reservation_hash(), HASH_BYTES))
        return no(judge, HL_EVERIFY, "receipt: reservation text is not that of its id");
    return HL_OK;
}

static int judge_receipt(struct judge *judge)
{
    if (!fields_fit(judge->receipt))
        return no(judge, HL_EFORMAT, "receipt: fields do not fit its kind");
    TRY(check_subject(judge));
    TRY(check_device(judge));
    TRY(check_officer(judge));
    TRY(check_reservation(judge));
    return check_word(judge);
}

int receipt_check(const struct suite *suite, const struct trust *trust,
                  const struct receipt_expectation *expected, struct bytes signed_receipt,
                  Hotline__V1__Receipt **ret_receipt, const char **ret_detail)
{
    struct judge judge = {
        .suite = suite, .trust = trust, .expected = expected, .detail = "receipt: not canonical"};
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *message = NULL;

    int err = sign_parse(signed_receipt, &object);
    if (err == HL_OK) {
        judge.object = object;
        err = strict_unpack(&hotline__v1__receipt__descriptor, &schema_receipt,
                            BYTES(object->body.data, object->body.len), &message, NULL);
    }
    if (err == HL_OK) {
        judge.receipt = (receipt_message *)message;
        err = judge_receipt(&judge);
    }
    if (object)
        hotline__v1__signed__free_unpacked(object, NULL);
    if (err == HL_OK)
        *ret_receipt = (receipt_message *)message;
    else if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    if (err != HL_OK)
        *ret_detail = judge.detail;
    return err;
}
