/* test_evidence_revoked — what is on file against a bundle: keys that were revoked, deposits that were rejected. Judged by the
 * later of two operators' stamps; created_ms and one relay's word save no key. */
#include <string.h>

#include "base/strict.h"
#include "proto/evidence.h"
#include "proto/receipt.h"
#include "tests/support/bundle_case.h"
#include "tests/support/cmocka_all.h"

static uint8_t other_hash[HASH_BYTES];

static void reject_on_file_is_a_remark_and_a_forged_one_is_invalid(void **unused)
{
    (void)unused;
    struct small_world *small = case_world->small;

    bundle_case_add_sent();
    Hotline__V1__Reject reject = bundle_case_reject();
    AUTO(blob) honest = bundle_case_sign(&reject.base, LABEL_REJECT, small->devices[XBB][0], NULL);
    AUTO(blob) forged = bundle_case_sign(&reject.base, LABEL_REJECT, small->devices[XCC][0], NULL);

    records_add(&case_records, RECORD_REJECT, bytes_blob(honest));
    bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID_WITH_REMARKS);
    records_drop(&case_records, case_records.count - 1);
    records_add(&case_records, RECORD_REJECT, bytes_blob(forged));
    bundle_case_expect_invalid("Reject's signature");
    records_drop(&case_records, case_records.count - 1);
    reject.deposit_hash.data = other_hash; /* about something else */
    AUTO(blob) other = bundle_case_sign(&reject.base, LABEL_REJECT, small->devices[XBB][0], NULL);
    records_add(&case_records, RECORD_REJECT, bytes_blob(other));
    bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID);
}

static struct sign_key *national_key(int state, int no)
{
    static const char *const codes[] = {"XAA", "XBB", "XCC"};
    const struct made_state *made = case_world->made->states;
    struct sign_key *key = NULL;

    while (strcmp(made->code, codes[state]) != 0)
        made++;
    assert_int_equal(sign_key_new(case_world->suite, made->national_seed[no], &key), HL_OK);
    return key;
}

/* by: state whose national keys 0 and 1 sign; -1: the key itself. */
static void revoke(const struct cert *cert, const struct sign_key *self, int by, int64_t since_ms)
{
    Hotline__V1__Revocation revocation = bundle_case_revocation(cert, since_ms);
    struct sign_key *national[2] = {NULL, NULL};

    revocation.at_ms = WORLD_NOW_MS + 1800000;
    for (int i = 0; by >= 0 && i < 2; i++)
        national[i] = national_key(by, i);
    AUTO(blob)
    object = bundle_case_sign(&revocation.base, LABEL_REVOCATION, by >= 0 ? national[0] : self,
                              by >= 0 ? national[1] : NULL);
    records_add(&case_records, RECORD_REVOCATION, bytes_blob(object));
    sign_key_free(national[0]);
    sign_key_free(national[1]);
}

static void expect_and_unsay(const char *step)
{
    if (step)
        bundle_case_expect_invalid(step);
    else
        bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID);
    records_drop(&case_records, case_records.count - 1);
}

/* The exporter is XAA/1, which here is also the sender: XAA/2, a releaser's device, is the one revoked. */
static void key_revoked_before_the_custody_of_two_operators_is_invalid(void **unused)
{
    (void)unused;
    const struct cert *cert = bundle_device(case_world, XAA, 1);
    int64_t last_ms = CASE_CUSTODY_MS + 100; /* the later of the two stamps counts */

    bundle_case_add_sent();
    revoke(cert, NULL, XAA, last_ms);
    expect_and_unsay("signed with a revoked key");
    revoke(cert, NULL, XAA, last_ms + 1);
    expect_and_unsay(NULL);
    revoke(cert, case_world->small->devices[XAA][1], -1, WORLD_NOW_MS + 1800000);
    expect_and_unsay(NULL);
}

static void one_relays_word_does_not_save_a_revoked_key(void **unused)
{
    (void)unused;
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    revoke(bundle_device(case_world, XAA, 1), NULL, XAA, WORLD_NOW_MS + 1000000);
    bundle_case_expect_invalid("signed with a revoked key");
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    bundle_case_expect_basis("1 RELAY",
                             VERDICT_VALID_WITH_REMARKS); /* that signature is not looked at */
}

static void sender_revoked_without_file_key_is_invalid(void **unused)
{
    (void)unused;
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
    revoke(bundle_device(case_world, XAA, 0), NULL, XAA, WORLD_NOW_MS + 1800000);
    AUTO(blob)
    bundle = records_finish(&case_records, case_world->suite, bundle_device(case_world, XBB, 0),
                            case_world->small->devices[XBB][0], case_world->letter.notice_hash);
    struct verdict *verdict = NULL;

    assert_int_equal(
        evidence_verify(case_world->suite, bytes_blob(bundle), NULL, WORLD_NOW_MS, &verdict),
        HL_OK);
    assert_int_equal(verdict->result, VERDICT_INVALID);
    assert_non_null(strstr(verdict->step, "signed with a revoked key"));
    verdict_free(verdict);
}

static void revoked_exporter_is_invalid(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    revoke(bundle_device(case_world, XAA, 0), NULL, XAA, WORLD_NOW_MS + 1800000);
    bundle_case_expect_invalid("exporting device is revoked");
}

static void revoke_at(const struct cert *cert, int state, int64_t at_ms)
{
    Hotline__V1__Revocation revocation = bundle_case_revocation(cert, at_ms);
    struct sign_key *national[2] = {national_key(state, 0), national_key(state, 1)};

    revocation.at_ms = at_ms;
    AUTO(blob)
    object = bundle_case_sign(&revocation.base, LABEL_REVOCATION, national[0], national[1]);
    records_add(&case_records, RECORD_REVOCATION, bytes_blob(object));
    sign_key_free(national[0]);
    sign_key_free(national[1]);
}

/* at_ms of the manifest is the word of the revoked device itself. */
static void exporter_revoked_after_its_own_time_is_a_remark(void **unused)
{
    (void)unused;
    const struct cert *cert = bundle_device(case_world, XAA, 0);

    bundle_case_add_sent();
    revoke_at(cert, XAA, BUNDLE_EXPORT_MS);
    expect_and_unsay("exporting device is revoked");
    revoke_at(cert, XAA, BUNDLE_EXPORT_MS + 1);
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    assert_int_equal(verdict->result, VERDICT_VALID_WITH_REMARKS);
    assert_string_equal(verdict->detail,
                        "exporting device is revoked; when it exported is its own word");
    assert_int_equal(bundle_case_claim(verdict, "sent", "XAA.TEC")->result, VERDICT_VALID);
    verdict_free(verdict);
    records_drop(&case_records, case_records.count - 1);
    revoke_at(bundle_device(case_world, XAA, 1), XAA, BUNDLE_EXPORT_MS + 1);
    expect_and_unsay(NULL);
}

static void receipt_of_a_revoked_key_needs_custody_of_its_own(void **unused)
{
    (void)unused;
    AUTO(blob) receipt = NULL;

    bundle_case_add_sent();
    receipt = bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED, NULL);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(receipt));
    revoke(bundle_device(case_world, XBB, 0), NULL, XBB, WORLD_NOW_MS + 1000000);
    bundle_case_expect_invalid("receipt: signed with a revoked key");
    bundle_add_carrier(case_world, &case_records, XBB, receipt, 3, WORLD_NOW_MS + 61000);
    bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID);
}

static void revocation_that_nobody_entitled_signed_is_invalid(void **unused)
{
    (void)unused;
    const struct cert *cert = bundle_device(case_world, XAA, 1);

    bundle_case_add_sent();
    revoke(cert, NULL, XBB, WORLD_NOW_MS + 1800000); /* another State */
    expect_and_unsay("revocation is not signed");
    revoke(cert, case_world->small->devices[XAA][0], -1, WORLD_NOW_MS + 1800000); /* a sister */
    expect_and_unsay("revocation is not signed");
    revoke(cert, case_world->small->devices[XAA][1], -1, WORLD_NOW_MS); /* itself, reaching back */
    expect_and_unsay("own revocation reaches back");
    revoke(cert, NULL, XAA, WORLD_NOW_MS + 1800001);
    expect_and_unsay("revocation begins after it was made");
}

/* As beside a roster: the key's own signature counts among others that are too few, and 8 signatures are the most. */
static void key_revokes_itself_also_beside_one_of_its_states_keys(void **unused)
{
    (void)unused;
    Hotline__V1__Revocation revocation =
        bundle_case_revocation(bundle_device(case_world, XAA, 1), WORLD_NOW_MS + 1800000);
    struct sign_key *national = national_key(XAA, 0);

    bundle_case_add_sent();
    revocation.at_ms = revocation.invalid_since_ms;
    AUTO(blob)
    object = bundle_case_sign(&revocation.base, LABEL_REVOCATION, national,
                              case_world->small->devices[XAA][1]);
    records_add(&case_records, RECORD_REVOCATION, bytes_blob(object));
    bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID);
    revocation.invalid_since_ms--;
    AUTO(blob)
    back = bundle_case_sign(&revocation.base, LABEL_REVOCATION, national,
                            case_world->small->devices[XAA][1]);
    records_add(&case_records, RECORD_REVOCATION, bytes_blob(back));
    bundle_case_expect_invalid("own revocation reaches back");
    sign_key_free(national);
}

static struct blob *sign_by_many(const Hotline__V1__Revocation *revocation, size_t count)
{
    struct sign_key *keys[9] = {national_key(XAA, 0), national_key(XAA, 1)};
    uint8_t seed[32] = {0};
    struct blob *object = NULL;
    AUTO(blob) body = NULL;

    for (size_t i = 2; i < count; i++) {
        seed[0] = (uint8_t)i;
        assert_int_equal(sign_key_new(case_world->suite, seed, &keys[i]), HL_OK);
    }
    assert_int_equal(strict_pack(&revocation->base, &body), HL_OK);
    assert_int_equal(sign_object(case_world->suite, label_fixed(LABEL_REVOCATION), bytes_blob(body),
                                 (const struct sign_key *const *)keys, count, &object),
                     HL_OK);
    for (size_t i = 0; i < count; i++)
        sign_key_free(keys[i]);
    return object;
}

static void revocation_of_nine_signatures_is_invalid(void **unused)
{
    (void)unused;
    Hotline__V1__Revocation revocation =
        bundle_case_revocation(bundle_device(case_world, XAA, 1), WORLD_NOW_MS + 1800000);

    bundle_case_add_sent();
    revocation.at_ms = revocation.invalid_since_ms;
    AUTO(blob) eight = sign_by_many(&revocation, 8);
    AUTO(blob) nine = sign_by_many(&revocation, 9);
    records_add(&case_records, RECORD_REVOCATION, bytes_blob(eight));
    bundle_case_expect_basis("2 OPERATORS", VERDICT_VALID);
    records_add(&case_records, RECORD_REVOCATION, bytes_blob(nine));
    bundle_case_expect_invalid("more than 8 signatures");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bundle_case_up, bundle_case_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reject_on_file_is_a_remark_and_a_forged_one_is_invalid),
        TEST(key_revoked_before_the_custody_of_two_operators_is_invalid),
        TEST(one_relays_word_does_not_save_a_revoked_key),
        TEST(sender_revoked_without_file_key_is_invalid),
        TEST(revoked_exporter_is_invalid),
        TEST(exporter_revoked_after_its_own_time_is_a_remark),
        TEST(receipt_of_a_revoked_key_needs_custody_of_its_own),
        TEST(revocation_that_nobody_entitled_signed_is_invalid),
        TEST(key_revokes_itself_also_beside_one_of_its_states_keys),
        TEST(revocation_of_nine_signatures_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
