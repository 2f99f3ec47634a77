/* test_evidence_kinds — an arbiter claims something about notices alone: drafts, receipts and service statements of a bundle are
 * judged, and say nothing; and what it shows of a notice's text. */
#include <string.h>

#include "proto/evidence.h"
#include "proto/receipt.h"
#include "proto/service.h"
#include "tests/support/bundle_case.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"

static void expect_claims(size_t count)
{
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    assert_int_equal(verdict->claim_count, count);
    verdict_free(verdict);
}

/* --- drafts --- */

static void seal_draft(void)
{
    struct letter *letter = &case_world->letter;

    letter_done(letter);
    letter->kind = CONTENT_DRAFT;
    letter->release_count = 0;
    letter->slots[0] = world_slot(case_world->small, XAA, 1);
    letter->slot_count = 1;
    letter_seal(letter);
}

static void add_draft(bool has_file_key)
{
    const struct sealed *sealed = case_world->letter.sealed;
    AUTO(blob) delivered = sealed_deliver(case_world->small, sealed, XAA, 1);

    records_add(&case_records, RECORD_ENVELOPE, bytes_blob(delivered));
    if (has_file_key)
        records_add(&case_records, RECORD_FILE_KEY, BYTES(sealed->file_key, 32));
    bundle_add_custody(case_world, &case_records, 0, XAA, CASE_CUSTODY_MS);
    bundle_add_custody(case_world, &case_records, 1, XAA, CASE_CUSTODY_MS + 100);
}

static void draft_is_not_claimed_sent_with_its_text_or_without(void **unused)
{
    (void)unused;
    seal_draft();
    add_draft(false);
    expect_claims(0);
    records_done(&case_records);
    bundle_add_trust(case_world, &case_records);
    add_draft(true);
    expect_claims(0);
}

static void draft_of_a_notice_hides_neither_its_release_nor_its_text(void **unused)
{
    (void)unused;
    struct letter notice = case_world->letter;

    case_world->letter.sealed = NULL;
    case_world->letter.signed_notice = NULL;
    seal_draft();
    add_draft(true);
    letter_done(&case_world->letter);
    case_world->letter = notice;
    bundle_case_add_sent();
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    assert_int_equal(bundle_case_claim(verdict, "released", "XAA.TEC")->reseals, 0);
    assert_int_equal(verdict->notice_count, 1);
    verdict_free(verdict);
}

/* --- a Link makes a notice of what is not opened --- */

static void without_text_only_a_link_makes_sent(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    expect_claims(1);
    records_drop(&case_records, records_find(&case_records, RECORD_LINK, 0));
    expect_claims(0);
}

/* The first copy shows no notice: the second one's "sent" is not taken for said. */
static void copy_that_claims_nothing_silences_no_other(void **unused)
{
    (void)unused;
    bundle_add_letter(case_world, &case_records, XBB);
    records_drop(&case_records, records_find(&case_records, RECORD_LINK, 0));
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    bundle_case_add_sent();
    struct verdict *verdict = bundle_case_judge();

    (void)bundle_case_claim(verdict, "sent", "XAA.TEC");
    assert_int_equal(bundle_case_claim(verdict, "released", "XAA.TEC")->reseals, 0);
    assert_int_equal(verdict->claim_count, 2);
    verdict_free(verdict);
}

static void further_deposit_of_a_notice_is_counted_and_no_further_copy(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    bundle_case_add_sent();
    letter_done(&case_world->letter);
    case_world->letter.row++;
    letter_seal(&case_world->letter);
    bundle_case_add_sent();
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    assert_int_equal(bundle_case_claim(verdict, "released", "XAA.TEC")->reseals, 1);
    assert_int_equal(verdict->claim_count, 3); /* sent, released; sent once more */
    verdict_free(verdict);
}

/* --- service statements --- */

static uint8_t service_hash[HASH_BYTES];
static uint8_t service_deposit[HASH_BYTES];

static struct blob *sign_ping(void)
{
    static uint8_t zeros[HASH_BYTES];
    const struct small_world *small = case_world->small;
    struct desk_id to = world_desk(small, XBB);
    struct desk_id from = world_desk(small, XAA);
    struct sign_key *device = small->devices[XAA][0];
    Hotline__V1__ServiceStatement statement = HOTLINE__V1__SERVICE_STATEMENT__INIT;
    Hotline__V1__Service service = HOTLINE__V1__SERVICE__INIT;
    Hotline__V1__Desk desk = HOTLINE__V1__DESK__INIT;
    struct blob *object = NULL;

    desk.entity = (ProtobufCBinaryData){ID_BYTES, to.entity};
    desk.kind = (Hotline__V1__DeskKind)to.kind;
    service.kind = HOTLINE__V1__SERVICE_KIND__PING;
    statement.ns = (ProtobufCBinaryData){NS_BYTES, case_world->trust->ns};
    statement.plane = HOTLINE__V1__PLANE__LIVE;
    statement.sender_entity = (ProtobufCBinaryData){ID_BYTES, from.entity};
    statement.sender_kind = (Hotline__V1__DeskKind)from.kind;
    statement.sender_device = (ProtobufCBinaryData){ID_BYTES, device->id};
    statement.recipient = &desk;
    statement.at_ms = WORLD_NOW_MS;
    statement.service = &service;
    statement.journal_head = (ProtobufCBinaryData){HASH_BYTES, zeros};
    statement.dir_version = 1;
    statement.roster_version = 1;
    assert_int_equal(service_sign(case_world->suite, &statement, device, &object, service_hash),
                     HL_OK);
    return object;
}

static void add_ping(bool has_file_key)
{
    static const uint8_t hedge_key[32] = {9};
    const struct small_world *small = case_world->small;
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(small, XBB, 0);
    struct sealed *sealed = NULL;
    AUTO(blob) content = sign_ping();
    const struct seal_request request = {.suite = case_world->suite,
                                         .rng = &rng,
                                         .ns = case_world->trust->ns,
                                         .sender_entity = small->entities[XAA].id,
                                         .device = small->devices[XAA][0],
                                         .hedge_key = hedge_key,
                                         .plane = 1,
                                         .kind = CONTENT_SERVICE,
                                         .content = bytes_blob(content),
                                         .content_hash = service_hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .journal_row = 7,
                                         .slots = &slot,
                                         .slot_count = 1};

    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    memcpy(service_deposit, sealed->deposit_hash, HASH_BYTES);
    AUTO(blob) delivered = sealed_deliver(small, sealed, XBB, 0);
    records_add(&case_records, RECORD_ENVELOPE, bytes_blob(delivered));
    if (has_file_key)
        records_add(&case_records, RECORD_FILE_KEY, BYTES(sealed->file_key, 32));
    sealed_free(sealed);
}

static void answer_ping(Hotline__V1__Receipt *receipt)
{
    receipt->about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_SERVICE;
    receipt->content_hash.data = service_hash;
    receipt->deposit_hash.data = service_deposit;
}

static void answer_ping_as_a_notice(Hotline__V1__Receipt *receipt)
{
    answer_ping(receipt);
    receipt->about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE;
}

static void expect_no_claim(bool has_file_key, void (*edit)(Hotline__V1__Receipt *receipt))
{
    records_done(&case_records);
    bundle_add_trust(case_world, &case_records);
    add_ping(has_file_key);
    AUTO(blob)
    receipt = bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED, edit);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(receipt));
    expect_claims(0);
}

static void receipt_of_a_service_statement_delivers_no_notice(void **unused)
{
    (void)unused;
    expect_no_claim(true, answer_ping);
    expect_no_claim(false, answer_ping);
}

static void receipt_that_calls_a_service_statement_a_notice_delivers_none(void **unused)
{
    (void)unused;
    expect_no_claim(true, answer_ping_as_a_notice);
    expect_no_claim(false, answer_ping_as_a_notice);
}

static void say_service(Hotline__V1__Receipt *receipt)
{
    receipt->about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_SERVICE;
}

static void receipt_that_calls_an_unopened_notice_a_service_statement_claims_nothing(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    AUTO(blob)
    receipt = bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED, say_service);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(receipt));
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    expect_claims(1); /* sent */
}

/* --- texts --- */

static void write_two_texts(struct letter *letter, Hotline__V1__Notice *notice)
{
    static char words[4][32] = {"en", "It is withdrawn.", "fr", "Il est maintenu."};
    static Hotline__V1__Text texts[2];
    static Hotline__V1__Text *list[2] = {&texts[0], &texts[1]};

    (void)letter;
    for (size_t i = 0; i < 2; i++) {
        hotline__v1__text__init(&texts[i]);
        texts[i].lang = words[2 * i];
        texts[i].body = words[2 * i + 1];
        texts[i].authoritative = 1;
    }
    notice->text = list;
    notice->n_text = 2;
}

static void expect_text(const char *wanted)
{
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    assert_int_equal(verdict->notice_count, 1);
    assert_string_equal(verdict->texts[0], wanted);
    verdict_free(verdict);
}

static void every_authoritative_text_is_shown(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    expect_text("\n\nDestructive wiper seen.");
    letter_done(&case_world->letter);
    case_world->letter.edit_notice = write_two_texts;
    letter_seal(&case_world->letter);
    records_done(&case_records);
    bundle_add_trust(case_world, &case_records);
    bundle_case_add_sent();
    expect_text("\n\n[en] It is withdrawn.\n\n[fr] Il est maintenu.");
}

/* --- remarks --- */

static void claim_with_a_remark_has_its_own_result(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    struct verdict *verdict = bundle_case_judge();

    for (size_t i = 0; i < verdict->claim_count; i++)
        assert_int_equal(verdict->claims[i].result,
                         verdict->claims[i].detail ? VERDICT_VALID_WITH_REMARKS : VERDICT_VALID);
    assert_non_null(bundle_case_claim(verdict, "acknowledged", "XBB.TEC")->detail);
    assert_null(bundle_case_claim(verdict, "delivered", "XBB.TEC")->detail);
    verdict_free(verdict);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bundle_case_up, bundle_case_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draft_is_not_claimed_sent_with_its_text_or_without),
        TEST(draft_of_a_notice_hides_neither_its_release_nor_its_text),
        TEST(without_text_only_a_link_makes_sent),
        TEST(copy_that_claims_nothing_silences_no_other),
        TEST(further_deposit_of_a_notice_is_counted_and_no_further_copy),
        TEST(receipt_of_a_service_statement_delivers_no_notice),
        TEST(receipt_that_calls_a_service_statement_a_notice_delivers_none),
        TEST(receipt_that_calls_an_unopened_notice_a_service_statement_claims_nothing),
        TEST(every_authoritative_text_is_shown),
        TEST(claim_with_a_remark_has_its_own_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
