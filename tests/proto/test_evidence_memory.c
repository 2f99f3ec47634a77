/* test_evidence_memory — bundles written and judged with every allocation failing: a bundle is whole or none, a verdict is the
 * right one or none. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "proto/evidence.h"
#include "tests/support/bundle_world.h"
#include "tests/support/fake_suite.h"
#include "tests/support/nth_alloc.h"

static struct bundle_world *world;
static struct records records;

static int setup(void **unused)
{
    (void)unused;
    world = bundle_world_new(suite_fake());
    letter_seal(&world->letter);
    bundle_add_trust(world, &records);
    bundle_add_letter(world, &records, XBB);
    bundle_add_custody(world, &records, 0, XBB, WORLD_NOW_MS + 2000);
    bundle_add_custody(world, &records, 1, XBB, WORLD_NOW_MS + 2100);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    records_done(&records);
    bundle_world_free(world);
    return 0;
}

/* --- judging ------------------------------------------------------------------------------------------ */

struct judged {
    struct blob *bundle;
    enum verdict_result result;
    const char *step;
    size_t claim_count;
};

static int judge(void *context)
{
    const struct judged *judged = context;
    struct verdict *verdict = NULL;

    int err = evidence_verify(world->suite, bytes_blob(judged->bundle), world->trust->root_hash,
                              WORLD_NOW_MS, &verdict);
    if (err != HL_OK) {
        assert_null(verdict);
        return err;
    }
    (void)nth_alloc_disarm();
    if (verdict->result != judged->result || strcmp(verdict->step, judged->step) != 0 ||
        verdict->claim_count != judged->claim_count)
        fail_msg("verdict %d at '%s', %zu claims", (int)verdict->result, verdict->step,
                 verdict->claim_count);
    verdict_free(verdict);
    return HL_OK;
}

static void sweep(enum verdict_result result, const char *step, size_t claim_count)
{
    struct judged judged = {.bundle = bundle_finish(world, &records),
                            .result = result,
                            .step = step,
                            .claim_count = claim_count};

    assert_true(nth_alloc_sweep(judge, &judged) > 100);
    blob_free(judged.bundle);
}

static void a_good_bundle_is_valid_or_there_is_no_verdict(void **unused)
{
    (void)unused;
    nth_alloc_require();
    struct blob *receipt =
        bundle_receipt(world, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, NULL);
    bundle_add_receipt(world, &records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    records_add(&records, RECORD_RECEIPT, bytes_blob(receipt));
    bundle_add_carrier(world, &records, XBB, receipt, 3, WORLD_NOW_MS + 70000);
    blob_free(receipt);
    sweep(VERDICT_VALID_WITH_REMARKS, "", 4);
}

/* A signed object of one key: what is on file against a bundle. */
static void add_signed(enum bundle_record type, const ProtobufCMessage *message,
                       enum label_fixed label, const struct sign_key *key)
{
    AUTO(blob) body = NULL;
    AUTO(blob) object = NULL;

    assert_int_equal(strict_pack(message, &body), HL_OK);
    assert_int_equal(
        sign_object(world->suite, label_fixed(label), bytes_blob(body), &key, 1, &object), HL_OK);
    records_add(&records, type, bytes_blob(object));
}

static void add_reject(void)
{
    struct small_world *small = world->small;
    uint8_t relay[ID_BYTES] = {1};
    Hotline__V1__Reject reject = HOTLINE__V1__REJECT__INIT;

    reject.ns = (ProtobufCBinaryData){NS_BYTES, world->trust->ns};
    reject.relay = (ProtobufCBinaryData){ID_BYTES, relay};
    reject.deposit_hash = (ProtobufCBinaryData){HASH_BYTES, world->letter.sealed->deposit_hash};
    reject.step = 4;
    reject.by_entity = (ProtobufCBinaryData){ID_BYTES, small->entities[XBB].id};
    reject.by_device = (ProtobufCBinaryData){ID_BYTES, small->devices[XBB][0]->id};
    reject.at_ms = WORLD_NOW_MS + 9000;
    add_signed(RECORD_REJECT, &reject.base, LABEL_REJECT, small->devices[XBB][0]);
}

/* The sending device revokes itself as of `at_ms`. */
static void add_revocation(int64_t at_ms)
{
    const struct cert *cert = bundle_device(world, XAA, 0);
    uint8_t entity[ID_BYTES];
    uint8_t id[ID_BYTES];
    Hotline__V1__Revocation revocation = HOTLINE__V1__REVOCATION__INIT;

    memcpy(entity, cert->entity, ID_BYTES);
    memcpy(id, cert->id, ID_BYTES);
    revocation.ns = (ProtobufCBinaryData){NS_BYTES, world->trust->ns};
    revocation.entity = (ProtobufCBinaryData){ID_BYTES, entity};
    revocation.key_id = (ProtobufCBinaryData){ID_BYTES, id};
    revocation.cert_serial = cert->serial;
    revocation.invalid_since_ms = at_ms;
    revocation.reason = HOTLINE__V1__REV_REASON__REV_LOST;
    revocation.at_ms = at_ms;
    add_signed(RECORD_REVOCATION, &revocation.base, LABEL_REVOCATION,
               world->small->devices[XAA][0]);
}

static void what_is_on_file_against_a_bundle_is_never_overlooked(void **unused)
{
    (void)unused;
    nth_alloc_require();
    add_reject();
    add_revocation(WORLD_NOW_MS + 8000000); /* later than all that is in it */
    sweep(VERDICT_VALID_WITH_REMARKS, "", 2);
    add_revocation(WORLD_NOW_MS + 1);
    sweep(VERDICT_INVALID, "record 28: exporting device is revoked", 0);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static int finish(struct evidence_writer *writer, struct blob **ret_bundle)
{
    static const uint8_t notices[1][HASH_BYTES] = {{1}};
    const struct evidence_manifest manifest = {.ns = world->trust->ns,
                                               .device = bundle_device(world, XAA, 0),
                                               .device_key = world->small->devices[XAA][0],
                                               .at_ms = WORLD_NOW_MS,
                                               .plane = 1,
                                               .software = "test",
                                               .notices = notices,
                                               .notice_count = 1};

    return evidence_finish(writer, world->suite, &manifest, ret_bundle);
}

static int write_documents(struct evidence_writer *writer)
{
    const struct cert *const certs[] = {bundle_device(world, XAA, 0),
                                        bundle_officer(world, XBB, 0)};

    return evidence_add_trust(writer, world->trust, certs, 2);
}

/* Every step once; where one fails, no later one makes a bundle of the rest. */
static int write_bundle(void *context)
{
    struct evidence_writer *writer = NULL;
    struct blob *bundle = NULL;

    (void)context;
    TRY(evidence_new(&writer));
    int err = write_documents(writer);
    if (err == HL_OK)
        err = evidence_add(writer, RECORD_RESERVATION, bytes_text("texts"));
    if (err == HL_OK)
        err = finish(writer, &bundle);
    (void)nth_alloc_disarm();
    assert_true((err == HL_OK) == (bundle != NULL));
    if (err != HL_OK) {
        assert_int_equal(evidence_add(writer, RECORD_RESERVATION, bytes_text("texts")), err);
        assert_int_equal(finish(writer, &bundle), err);
        assert_null(bundle);
    }
    blob_free(bundle);
    evidence_free(writer);
    return err;
}

static void a_bundle_is_written_whole_or_not_at_all(void **unused)
{
    (void)unused;
    assert_true(nth_alloc_sweep(write_bundle, NULL) > 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_bundle_is_valid_or_there_is_no_verdict),
        TEST(what_is_on_file_against_a_bundle_is_never_overlooked),
        TEST(a_bundle_is_written_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
