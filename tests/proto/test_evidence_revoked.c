/* test_evidence_revoked — what is on file against a bundle: keys that were revoked, deposits that were rejected. Judged by the
 * later of two operators' stamps; created_ms and one relay's word save no key. */
#include <string.h>

#include "proto/evidence.h"
#include "proto/receipt.h"
#include "tests/support/bundle_world.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"

static uint8_t other_hash[HASH_BYTES];

#define CUSTODY_MS (WORLD_NOW_MS + 2000)

static struct bundle_world *world;
static struct records records;

static int setup(void **unused)
{
    (void)unused;
    world = bundle_world_new(suite_fake());
    letter_seal(&world->letter);
    bundle_add_trust(world, &records);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    records_done(&records);
    bundle_world_free(world);
    return 0;
}

static struct verdict *judge(void)
{
    AUTO(blob) bundle = bundle_finish(world, &records);
    struct verdict *verdict = NULL;

    assert_int_equal(evidence_verify(world->suite, bytes_blob(bundle), world->trust->root_hash,
                                     WORLD_NOW_MS, &verdict),
                     HL_OK);
    return verdict;
}

static void expect_invalid(const char *step)
{
    struct verdict *verdict = judge();

    assert_int_equal(verdict->result, VERDICT_INVALID);
    assert_int_equal(verdict->claim_count, 0);
    assert_int_equal(verdict->notice_count, 0);
    if (!strstr(verdict->step, step))
        fail_msg("'%s' instead of '%s'", verdict->step, step);
    verdict_free(verdict);
}

static const struct verdict_claim *claim_of(const struct verdict *verdict, const char *claim,
                                            const char *by)
{
    const struct verdict_claim *found = NULL;

    for (size_t i = 0; i < verdict->claim_count; i++) {
        if (strcmp(verdict->claims[i].claim, claim) == 0 &&
            strcmp(verdict->claims[i].by_text, by) == 0)
            found = &verdict->claims[i];
    }
    if (!found)
        fail_msg("no claim %s by %s: %s", claim, by, verdict->step);
    return found;
}

static void expect_basis(const char *basis, enum verdict_result result)
{
    struct verdict *verdict = judge();

    assert_string_equal(verdict->step, "");
    assert_string_equal(claim_of(verdict, "sent", "XAA.TEC")->basis, basis);
    assert_int_equal(claim_of(verdict, "sent", "XAA.TEC")->result, result);
    assert_int_equal(verdict->result, result);
    verdict_free(verdict);
}

static void add_sent(void)
{
    bundle_add_letter(world, &records, XBB);
    bundle_add_custody(world, &records, 0, XBB, CUSTODY_MS);
    bundle_add_custody(world, &records, 1, XBB, CUSTODY_MS + 100);
}

static struct blob *sign_message(const ProtobufCMessage *message, enum label_fixed label,
                                 const struct sign_key *first, const struct sign_key *second)
{
    const struct sign_key *const keys[] = {first, second};
    struct blob *object = NULL;
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(message, &body), HL_OK);
    assert_int_equal(sign_object(world->suite, label_fixed(label), bytes_blob(body), keys,
                                 second ? 2 : 1, &object),
                     HL_OK);
    return object;
}

static void reject_on_file_is_a_remark_and_a_forged_one_is_invalid(void **unused)
{
    (void)unused;
    uint8_t relay[ID_BYTES] = {1};
    Hotline__V1__Reject reject = HOTLINE__V1__REJECT__INIT;
    struct small_world *small = world->small;

    add_sent();
    reject.ns = (ProtobufCBinaryData){NS_BYTES, world->trust->ns};
    reject.relay = (ProtobufCBinaryData){ID_BYTES, relay};
    reject.deposit_hash = (ProtobufCBinaryData){HASH_BYTES, world->letter.sealed->deposit_hash};
    reject.step = 4;
    reject.by_entity = (ProtobufCBinaryData){ID_BYTES, small->entities[XBB].id};
    reject.by_device = (ProtobufCBinaryData){ID_BYTES, small->devices[XBB][0]->id};
    reject.at_ms = WORLD_NOW_MS + 9000;
    AUTO(blob) honest = sign_message(&reject.base, LABEL_REJECT, small->devices[XBB][0], NULL);
    AUTO(blob) forged = sign_message(&reject.base, LABEL_REJECT, small->devices[XCC][0], NULL);

    records_add(&records, RECORD_REJECT, bytes_blob(honest));
    expect_basis("2 OPERATORS", VERDICT_VALID_WITH_REMARKS);
    records_drop(&records, records.count - 1);
    records_add(&records, RECORD_REJECT, bytes_blob(forged));
    expect_invalid("Reject's signature");
    records_drop(&records, records.count - 1);
    reject.deposit_hash.data = other_hash; /* about something else */
    AUTO(blob) other = sign_message(&reject.base, LABEL_REJECT, small->devices[XBB][0], NULL);
    records_add(&records, RECORD_REJECT, bytes_blob(other));
    expect_basis("2 OPERATORS", VERDICT_VALID);
}

/* by: state whose national keys 0 and 1 sign; -1: the key itself. */
static void revoke(const struct cert *cert, const struct sign_key *self, int by, int64_t since_ms)
{
    static const char *const codes[] = {"XAA", "XBB", "XCC"};
    Hotline__V1__Revocation revocation = HOTLINE__V1__REVOCATION__INIT;
    struct sign_key *national[2] = {NULL, NULL};
    uint8_t entity[ID_BYTES];
    uint8_t id[ID_BYTES];

    memcpy(entity, cert->entity, ID_BYTES);
    memcpy(id, cert->id, ID_BYTES);
    revocation.ns = (ProtobufCBinaryData){NS_BYTES, world->trust->ns};
    revocation.entity = (ProtobufCBinaryData){ID_BYTES, entity};
    revocation.key_id = (ProtobufCBinaryData){ID_BYTES, id};
    revocation.cert_serial = cert->serial;
    revocation.invalid_since_ms = since_ms;
    revocation.reason = HOTLINE__V1__REV_REASON__REV_LOST;
    revocation.at_ms = WORLD_NOW_MS + 1800000;
    for (int i = 0; by >= 0 && i < 2; i++) {
        const struct made_state *made = world->made->states;
        while (strcmp(made->code, codes[by]) != 0)
            made++;
        assert_int_equal(sign_key_new(world->suite, made->national_seed[i], &national[i]), HL_OK);
    }
    AUTO(blob)
    object = sign_message(&revocation.base, LABEL_REVOCATION, by >= 0 ? national[0] : self,
                          by >= 0 ? national[1] : NULL);
    records_add(&records, RECORD_REVOCATION, bytes_blob(object));
    sign_key_free(national[0]);
    sign_key_free(national[1]);
}

static void expect_and_unsay(const char *step)
{
    if (step)
        expect_invalid(step);
    else
        expect_basis("2 OPERATORS", VERDICT_VALID);
    records_drop(&records, records.count - 1);
}

/* The exporter is XAA/1, which here is also the sender: XAA/2, a releaser's device, is the one revoked. */
static void key_revoked_before_the_custody_of_two_operators_is_invalid(void **unused)
{
    (void)unused;
    const struct cert *cert = bundle_device(world, XAA, 1);
    int64_t last_ms = CUSTODY_MS + 100; /* the later of the two stamps counts */

    add_sent();
    revoke(cert, NULL, XAA, last_ms);
    expect_and_unsay("signed with a revoked key");
    revoke(cert, NULL, XAA, last_ms + 1);
    expect_and_unsay(NULL);
    revoke(cert, world->small->devices[XAA][1], -1, WORLD_NOW_MS + 1800000);
    expect_and_unsay(NULL);
}

static void one_relays_word_does_not_save_a_revoked_key(void **unused)
{
    (void)unused;
    bundle_add_letter(world, &records, XBB);
    bundle_add_custody(world, &records, 0, XBB, CUSTODY_MS);
    revoke(bundle_device(world, XAA, 1), NULL, XAA, WORLD_NOW_MS + 1000000);
    expect_invalid("signed with a revoked key");
    records_drop(&records, records_find(&records, RECORD_FILE_KEY, 0));
    expect_basis("1 RELAY", VERDICT_VALID_WITH_REMARKS); /* that signature is not looked at */
}

static void sender_revoked_without_file_key_is_invalid(void **unused)
{
    (void)unused;
    bundle_add_letter(world, &records, XBB);
    bundle_add_custody(world, &records, 0, XBB, CUSTODY_MS);
    records_drop(&records, records_find(&records, RECORD_FILE_KEY, 0));
    revoke(bundle_device(world, XAA, 0), NULL, XAA, WORLD_NOW_MS + 1800000);
    AUTO(blob)
    bundle = records_finish(&records, world->suite, bundle_device(world, XBB, 0),
                            world->small->devices[XBB][0], world->letter.notice_hash);
    struct verdict *verdict = NULL;

    assert_int_equal(
        evidence_verify(world->suite, bytes_blob(bundle), NULL, WORLD_NOW_MS, &verdict), HL_OK);
    assert_int_equal(verdict->result, VERDICT_INVALID);
    assert_non_null(strstr(verdict->step, "signed with a revoked key"));
    verdict_free(verdict);
}

static void revoked_exporter_is_invalid(void **unused)
{
    (void)unused;
    add_sent();
    revoke(bundle_device(world, XAA, 0), NULL, XAA, WORLD_NOW_MS + 1800000);
    expect_invalid("exporting device is revoked");
}

static void receipt_of_a_revoked_key_needs_custody_of_its_own(void **unused)
{
    (void)unused;
    AUTO(blob) receipt = NULL;

    add_sent();
    receipt = bundle_receipt(world, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED, NULL);
    records_add(&records, RECORD_RECEIPT, bytes_blob(receipt));
    revoke(bundle_device(world, XBB, 0), NULL, XBB, WORLD_NOW_MS + 1000000);
    expect_invalid("receipt: signed with a revoked key");
    bundle_add_carrier(world, &records, XBB, receipt, 3, WORLD_NOW_MS + 61000);
    expect_basis("2 OPERATORS", VERDICT_VALID);
}

static void revocation_that_nobody_entitled_signed_is_invalid(void **unused)
{
    (void)unused;
    const struct cert *cert = bundle_device(world, XAA, 1);

    add_sent();
    revoke(cert, NULL, XBB, WORLD_NOW_MS + 1800000); /* another State */
    expect_and_unsay("revocation is not signed");
    revoke(cert, world->small->devices[XAA][0], -1, WORLD_NOW_MS + 1800000); /* a sister */
    expect_and_unsay("revocation is not signed");
    revoke(cert, world->small->devices[XAA][1], -1, WORLD_NOW_MS); /* itself, reaching back */
    expect_and_unsay("revocation is not signed");
    revoke(cert, NULL, XAA, WORLD_NOW_MS + 1800001);
    expect_and_unsay("revocation begins after it was made");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reject_on_file_is_a_remark_and_a_forged_one_is_invalid),
        TEST(key_revoked_before_the_custody_of_two_operators_is_invalid),
        TEST(one_relays_word_does_not_save_a_revoked_key),
        TEST(sender_revoked_without_file_key_is_invalid),
        TEST(revoked_exporter_is_invalid),
        TEST(receipt_of_a_revoked_key_needs_custody_of_its_own),
        TEST(revocation_that_nobody_entitled_signed_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
