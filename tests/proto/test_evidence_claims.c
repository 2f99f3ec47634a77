/* test_evidence_claims — what an arbiter says about bundles whose manifest is always in order: what is claimed, on which basis of
 * time, with which remarks. */
#include <string.h>

#include "proto/evidence.h"
#include "proto/receipt.h"
#include "tests/support/bundle_case.h"
#include "tests/support/cmocka_all.h"

static void basis_is_the_number_of_operators_that_gave_custody(void **unused)
{
    (void)unused;
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_case_expect_basis("NONE", VERDICT_VALID_WITH_REMARKS);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    bundle_case_expect_basis("1 RELAY", VERDICT_VALID);
    bundle_add_custody(case_world, &case_records, 0, XBB,
                       CASE_CUSTODY_MS + 1); /* one operator twice */
    bundle_case_expect_basis("1 RELAY", VERDICT_VALID);
    bundle_add_custody(case_world, &case_records, 1, XBB, CASE_CUSTODY_MS + 2);
    bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS + 3);
    bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID);
}

static void custody_that_does_not_cover_this_signature_is_invalid(void **unused)
{
    (void)unused;
    bundle_add_letter(case_world, &case_records, XBB);
    case_world->letter.sealed->deposit_hash[0] ^= 1;
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    case_world->letter.sealed->deposit_hash[0] ^= 1;
    bundle_case_expect_invalid("custody: other deposit");
}

static void custody_of_another_desks_lane_is_invalid(void **unused)
{
    (void)unused;
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XCC, CASE_CUSTODY_MS);
    bundle_case_expect_invalid("custody: lane of another desk");
}

static void released_says_persons_devices_and_when(void **unused)
{
    (void)unused;
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    struct verdict *verdict = bundle_case_judge();
    const struct verdict_claim *released = bundle_case_claim(verdict, "released", "XAA.TEC");

    assert_int_equal(released->result, VERDICT_VALID);
    assert_int_equal(released->persons, 2);
    assert_int_equal(released->devices, 2);
    assert_int_equal(released->reseals, 0);
    assert_int_equal(released->at_ms, WORLD_NOW_MS + 1000);
    assert_string_equal(verdict->texts[0], "\n\nDestructive wiper seen.");
    verdict_free(verdict);
}

static void seal_again(void)
{
    letter_done(&case_world->letter);
    letter_seal(&case_world->letter);
}

static void expect_release_remark(const char *detail)
{
    seal_again();
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    struct verdict *verdict = bundle_case_judge();
    const struct verdict_claim *released = bundle_case_claim(verdict, "released", "XAA.TEC");

    assert_int_equal(verdict->result, VERDICT_VALID_WITH_REMARKS);
    assert_int_equal(released->result, VERDICT_VALID_WITH_REMARKS);
    assert_string_equal(released->detail, detail);
    verdict_free(verdict);
}

static void one_person_is_a_remark(void **unused)
{
    (void)unused;
    case_world->letter.persons = 1;
    case_world->letter.releasers[0] = case_world->letter.author;
    expect_release_remark("not released by a second person");
}

/* The made rosters ask for one device only; the rule itself is proto/open's. */
static void one_terminal_is_counted_as_one(void **unused)
{
    (void)unused;
    case_world->letter.releaser_devices[0] = case_world->letter.draft_device;
    seal_again();
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    struct verdict *verdict = bundle_case_judge();

    assert_int_equal(bundle_case_claim(verdict, "released", "XAA.TEC")->devices, 1);
    assert_int_equal(bundle_case_claim(verdict, "released", "XAA.TEC")->persons, 2);
    verdict_free(verdict);
}

static void release_late(struct letter *letter, size_t index, Hotline__V1__Release *release)
{
    (void)letter;
    (void)index;
    release->not_after_ms = CASE_CUSTODY_MS - 1;
}

static void release_on_time(struct letter *letter, size_t index, Hotline__V1__Release *release)
{
    (void)letter;
    (void)index;
    release->not_after_ms = CASE_CUSTODY_MS;
}

static void release_that_had_expired_at_its_custody_is_a_remark(void **unused)
{
    (void)unused;
    case_world->letter.edit_release = release_late;
    expect_release_remark("the release had expired at the first custody");
}

static void release_is_good_until_its_last_millisecond(void **unused)
{
    (void)unused;
    case_world->letter.edit_release = release_on_time;
    seal_again();
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    bundle_case_expect_basis("1 RELAY", VERDICT_VALID);
}

/* --- receipts --- */

static void receipts_are_claims_and_an_acknowledgement_without_marks_is_a_remark(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__OPENED);
    struct verdict *verdict = bundle_case_judge();
    assert_int_equal(verdict->result, VERDICT_VALID);
    assert_int_equal(verdict->claim_count, 4);
    verdict_free(verdict);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__REFUSED);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    verdict = bundle_case_judge();
    const struct verdict_claim *acked = bundle_case_claim(verdict, "acknowledged", "XBB.TEC");
    assert_int_equal(verdict->result, VERDICT_VALID_WITH_REMARKS);
    assert_string_equal(acked->detail,
                        "streams up to Marks later than the ACK are not in the bundle");
    assert_int_equal(acked->disposition, HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD);
    (void)bundle_case_claim(verdict, "refused", "XBB.TEC");
    verdict_free(verdict);
}

static void say_wrong_desk(Hotline__V1__Receipt *receipt)
{
    receipt->disposition = HOTLINE__V1__DISPOSITION__RECEIVED_WRONG_DESK;
}

static void acknowledgement_by_the_wrong_desk_is_a_remark(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    AUTO(blob)
    receipt =
        bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, say_wrong_desk);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(receipt));
    struct verdict *verdict = bundle_case_judge();
    assert_string_equal(bundle_case_claim(verdict, "acknowledged", "XBB.TEC")->detail,
                        "disposition: wrong desk");
    verdict_free(verdict);
}

/* The time in a receipt is its issuer's; only custody of the receipt itself says more. */
static void time_of_a_receipt_stands_on_the_custody_of_its_own_envelope(void **unused)
{
    (void)unused;
    static const char *const bases[] = {"NONE", "1 RELAY", "1 RELAY", "2 OPERATORS"};

    bundle_case_add_sent();
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    struct verdict *verdict = bundle_case_judge();
    assert_string_equal(bundle_case_claim(verdict, "sent", "XAA.TEC")->basis, "2 OPERATORS");
    assert_string_equal(bundle_case_claim(verdict, "delivered", "XBB.TEC")->basis, "NONE");
    verdict_free(verdict);
    for (unsigned relays = 0; relays < 4; relays++) {
        AUTO(blob)
        receipt = bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED, NULL);
        size_t before = case_records.count;

        bundle_add_carrier(case_world, &case_records, XBB, receipt, relays, WORLD_NOW_MS + 61000);
        verdict = bundle_case_judge();
        assert_string_equal(verdict->step, "");
        assert_string_equal(bundle_case_claim(verdict, "delivered", "XBB.TEC")->basis,
                            bases[relays]);
        verdict_free(verdict);
        while (case_records.count > before)
            records_drop(&case_records, case_records.count - 1);
    }
}

static void copy_to_xcc(struct letter *letter, Hotline__V1__Notice *notice)
{
    static Hotline__V1__Desk desk;
    static Hotline__V1__Address second;
    static Hotline__V1__Address *addresses[2];

    hotline__v1__desk__init(&desk);
    hotline__v1__address__init(&second);
    desk.entity = (ProtobufCBinaryData){ID_BYTES, letter->world->entities[XCC].id};
    desk.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    second.desk = &desk;
    second.action = 1;
    second.precedence = notice->precedence;
    addresses[0] = notice->to[0];
    addresses[1] = &second;
    notice->to = addresses;
    notice->n_to = 2;
}

static void send_to_both(void)
{
    case_world->letter.edit_notice = copy_to_xcc;
    case_world->letter.slots[1] = world_slot(case_world->small, XCC, 0);
    seal_again();
}

static void each_desk_of_a_notice_to_two_answers_for_itself(void **unused)
{
    (void)unused;
    send_to_both();
    bundle_case_add_sent();
    bundle_add_letter(case_world, &case_records, XCC);
    bundle_add_custody(case_world, &case_records, 1, XCC, CASE_CUSTODY_MS);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    bundle_add_receipt(case_world, &case_records, XCC, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    (void)bundle_case_claim(verdict, "delivered", "XBB.TEC");
    (void)bundle_case_claim(verdict, "acknowledged", "XCC.TEC");
    assert_int_equal(bundle_case_claim(verdict, "released", "XAA.TEC")->reseals, 0);
    assert_int_equal(verdict->claim_count, 4); /* sent and released are said once */
    assert_int_equal(verdict->notice_count, 1);
    verdict_free(verdict);
}

/* Without the text nobody can look up the addressees: each receipt must find the copy of its own desk. */
static void each_desk_answers_for_itself_also_without_the_file_keys(void **unused)
{
    (void)unused;
    send_to_both();
    bundle_case_add_sent();
    bundle_add_letter(case_world, &case_records, XCC);
    bundle_add_receipt(case_world, &case_records, XCC, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    (void)bundle_case_claim(verdict, "delivered", "XCC.TEC");
    verdict_free(verdict);
}

static void addressed_desk_counts_though_its_own_copy_is_not_in_the_bundle(void **unused)
{
    (void)unused;
    send_to_both();
    bundle_case_add_sent();
    bundle_add_receipt(case_world, &case_records, XCC, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    (void)bundle_case_claim(verdict, "acknowledged", "XCC.TEC");
    verdict_free(verdict);
}

static void desk_that_was_not_addressed_cannot_acknowledge(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    bundle_add_receipt(case_world, &case_records, XCC, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    bundle_case_expect_invalid("by a desk that was not addressed");
}

static void receipt_about_a_deposit_that_is_not_there_is_invalid(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    case_world->letter.sealed->deposit_hash[3] ^= 1;
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    case_world->letter.sealed->deposit_hash[3] ^= 1;
    bundle_case_expect_invalid("receipt answers no deposit");
}

static void say_another_word(Hotline__V1__Receipt *receipt)
{
    static char word[] = "V433";

    receipt->check_word = word;
}

static void wrong_check_word_is_invalid(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    AUTO(blob)
    receipt =
        bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, say_another_word);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(receipt));
    bundle_case_expect_invalid("check word wrong");
}

/* --- reservation --- */

static uint8_t other_hash[HASH_BYTES];

static void reserve_otherwise(Hotline__V1__Receipt *receipt)
{
    receipt->reservation_id = 2;
    receipt->reservation_hash = (ProtobufCBinaryData){HASH_BYTES, other_hash};
}

static void reservation_texts_must_be_among_those_that_travel_along(void **unused)
{
    (void)unused;
    static const char texts[] = "\0\0\0\2en\0another reservation\0";

    bundle_case_add_sent();
    label_hash1(label_fixed(LABEL_RESERVATION), BYTES(texts, sizeof(texts) - 1), other_hash);
    AUTO(blob)
    receipt =
        bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, reserve_otherwise);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(receipt));
    bundle_case_expect_invalid("reservation text is not the signed one");
    records_add(&case_records, RECORD_RESERVATION, BYTES(texts, sizeof(texts) - 1));
    struct verdict *verdict = bundle_case_judge();
    assert_string_equal(verdict->step, "");
    verdict_free(verdict);
}

/* --- without the file key --- */

static void without_file_key_custody_and_receipts_are_judged_and_no_text_is_shown(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    for (int has_link = 1; has_link >= 0; has_link--) {
        if (!has_link)
            records_drop(&case_records, records_find(&case_records, RECORD_LINK, 0));
        struct verdict *verdict = bundle_case_judge();

        assert_string_equal(verdict->step, "");
        assert_int_equal(verdict->result, VERDICT_VALID_WITH_REMARKS);
        assert_int_equal(verdict->claim_count, 1 + has_link);
        assert_int_equal(verdict->notice_count, 0);
        if (has_link)
            assert_string_equal(bundle_case_claim(verdict, "sent", "XAA.TEC")->basis,
                                "2 OPERATORS");
        assert_string_equal(bundle_case_claim(verdict, "delivered", "XBB.TEC")->detail,
                            "text and releases are not in the bundle");
        assert_memory_equal(bundle_case_claim(verdict, "delivered", "XBB.TEC")->notice_hash,
                            case_world->letter.notice_hash, HASH_BYTES);
        verdict_free(verdict);
    }
}

static void without_file_key_the_slot_must_still_be_in_the_signed_tree(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    struct blob *octets =
        case_records.items[records_find(&case_records, RECORD_ENVELOPE, 0)].octets;
    Hotline__V1__DeliveredEnvelope *delivered =
        hotline__v1__delivered_envelope__unpack(NULL, octets->len, octets->data);
    struct blob *packed = NULL;

    delivered->slot.data[30] ^= 1; /* inside the device */
    assert_int_equal(strict_pack(&delivered->base, &packed), HL_OK);
    memcpy(octets->data, packed->data, octets->len);
    blob_free(packed);
    hotline__v1__delivered_envelope__free_unpacked(delivered, NULL);
    bundle_case_expect_invalid("step 5, slot proof");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bundle_case_up, bundle_case_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(basis_is_the_number_of_operators_that_gave_custody),
        TEST(custody_that_does_not_cover_this_signature_is_invalid),
        TEST(custody_of_another_desks_lane_is_invalid),
        TEST(released_says_persons_devices_and_when),
        TEST(one_person_is_a_remark),
        TEST(one_terminal_is_counted_as_one),
        TEST(release_that_had_expired_at_its_custody_is_a_remark),
        TEST(release_is_good_until_its_last_millisecond),
        TEST(receipts_are_claims_and_an_acknowledgement_without_marks_is_a_remark),
        TEST(acknowledgement_by_the_wrong_desk_is_a_remark),
        TEST(time_of_a_receipt_stands_on_the_custody_of_its_own_envelope),
        TEST(each_desk_of_a_notice_to_two_answers_for_itself),
        TEST(each_desk_answers_for_itself_also_without_the_file_keys),
        TEST(addressed_desk_counts_though_its_own_copy_is_not_in_the_bundle),
        TEST(desk_that_was_not_addressed_cannot_acknowledge),
        TEST(receipt_about_a_deposit_that_is_not_there_is_invalid),
        TEST(wrong_check_word_is_invalid),
        TEST(reservation_texts_must_be_among_those_that_travel_along),
        TEST(without_file_key_custody_and_receipts_are_judged_and_no_text_is_shown),
        TEST(without_file_key_the_slot_must_still_be_in_the_signed_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
