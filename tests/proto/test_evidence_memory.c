/* test_evidence_memory — bundles written and judged with every allocation failing: a bundle is whole or none, a verdict is the
 * right one or none. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "proto/evidence.h"
#include "tests/support/bundle_case.h"
#include "tests/support/nth_alloc.h"

static int setup(void **unused)
{
    (void)unused;
    (void)bundle_case_up(NULL);
    bundle_case_add_sent();
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

    int err = evidence_verify(case_world->suite, bytes_blob(judged->bundle),
                              case_world->trust->root_hash, WORLD_NOW_MS, &verdict);
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
    struct judged judged = {.bundle = bundle_finish(case_world, &case_records),
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
        bundle_receipt(case_world, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, NULL);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(receipt));
    bundle_add_carrier(case_world, &case_records, XBB, receipt, 3, WORLD_NOW_MS + 70000);
    blob_free(receipt);
    sweep(VERDICT_VALID_WITH_REMARKS, "", 4);
}

/* What is on file against a bundle; frees the object. */
static void add_object(enum bundle_record type, struct blob *object)
{
    records_add(&case_records, type, bytes_blob(object));
    blob_free(object);
}

static void add_reject(void)
{
    const Hotline__V1__Reject reject = bundle_case_reject();

    add_object(RECORD_REJECT, bundle_case_sign(&reject.base, LABEL_REJECT,
                                               case_world->small->devices[XBB][0], NULL));
}

/* The sending device revokes itself as of `at_ms`. */
static void add_revocation(int64_t at_ms)
{
    Hotline__V1__Revocation revocation =
        bundle_case_revocation(bundle_device(case_world, XAA, 0), at_ms);

    revocation.at_ms = at_ms;
    add_object(RECORD_REVOCATION, bundle_case_sign(&revocation.base, LABEL_REVOCATION,
                                                   case_world->small->devices[XAA][0], NULL));
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
    const struct evidence_manifest manifest = {.ns = case_world->trust->ns,
                                               .device = bundle_device(case_world, XAA, 0),
                                               .device_key = case_world->small->devices[XAA][0],
                                               .at_ms = WORLD_NOW_MS,
                                               .plane = 1,
                                               .software = "test",
                                               .notices = notices,
                                               .notice_count = 1};

    return evidence_finish(writer, case_world->suite, &manifest, ret_bundle);
}

static int write_documents(struct evidence_writer *writer)
{
    const struct cert *const certs[] = {bundle_device(case_world, XAA, 0),
                                        bundle_officer(case_world, XBB, 0)};

    return evidence_add_trust(writer, case_world->trust, certs, 2);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bundle_case_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_bundle_is_valid_or_there_is_no_verdict),
        TEST(what_is_on_file_against_a_bundle_is_never_overlooked),
        TEST(a_bundle_is_written_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
