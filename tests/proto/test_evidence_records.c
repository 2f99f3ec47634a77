/* test_evidence_records — bundles bent record by record. With the manifest as it was, nothing passes; with a manifest signed anew
 * by a certified exporter, every record must still stand for itself. */
#include <string.h>

#include "base/buf.h"
#include "proto/evidence.h"
#include "tests/support/bundle_case.h"
#include "tests/support/cmocka_all.h"

static struct blob *bundle;

static int setup(void **unused)
{
    (void)unused;
    (void)bundle_case_up(NULL);
    bundle_case_add_sent();
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__DELIVERED);
    bundle_add_receipt(case_world, &case_records, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    bundle = bundle_finish(case_world, &case_records);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    blob_free(bundle);
    return bundle_case_down(NULL);
}

/* The verdict's result, and in `step` where it failed. */
static enum verdict_result result_of(struct bytes octets, char step[64])
{
    struct verdict *verdict = NULL;

    assert_int_equal(evidence_verify(case_world->suite, octets, NULL, WORLD_NOW_MS, &verdict),
                     HL_OK);
    enum verdict_result result = verdict->result;
    memcpy(step, verdict->step, 64);
    if (result == VERDICT_INVALID) {
        assert_true(step[0] != '\0');
        assert_int_equal(verdict->claim_count + verdict->notice_count, 0);
    }
    verdict_free(verdict);
    return result;
}

static enum verdict_result result_signed_anew(char step[64])
{
    AUTO(blob) again = bundle_finish(case_world, &case_records);

    return result_of(bytes_blob(again), step);
}

static bool is_optional(uint32_t type)
{
    return type == RECORD_RESERVATION || type == RECORD_RECEIPT || type == RECORD_CUSTODY ||
           type == RECORD_LINK || type == RECORD_FILE_KEY;
}

static void bundle_as_made_is_valid_but_for_marks(void **unused)
{
    (void)unused;
    char step[64];

    assert_int_equal(result_of(bytes_blob(bundle), step), VERDICT_VALID_WITH_REMARKS);
    assert_string_equal(step, "");
}

static void every_octet_flipped_once_is_invalid(void **unused)
{
    (void)unused;
    char step[64];

    for (size_t i = 0; i < bundle->len; i++) {
        bundle->data[i] ^= (uint8_t)(1U << i % 8);
        if (result_of(bytes_blob(bundle), step) != VERDICT_INVALID)
            fail_msg("octet %zu", i);
        bundle->data[i] ^= (uint8_t)(1U << i % 8);
    }
}

static void every_truncation_is_invalid(void **unused)
{
    (void)unused;
    char step[64];

    for (size_t len = 0; len < bundle->len; len++) {
        if (result_of(BYTES(bundle->data, len), step) != VERDICT_INVALID)
            fail_msg("length %zu", len);
    }
}

/* One octet of every record at many places, and the manifest signed over the damage. Only a certificate of somebody who does
 * not appear may be harmed without being noticed: it is refused as well. */
static void damaged_record_is_invalid_though_the_manifest_covers_it(void **unused)
{
    (void)unused;
    char step[64];

    for (size_t i = 0; i < case_records.count; i++) {
        struct blob *octets = case_records.items[i].octets;

        for (size_t k = 0; k<octets->len; k += octets->len> 64 ? 7 : 1) {
            octets->data[k] ^= (uint8_t)(1U << k % 8);
            if (result_signed_anew(step) != VERDICT_INVALID)
                fail_msg("record %zu of type %u, octet %zu", i, case_records.items[i].type, k);
            octets->data[k] ^= (uint8_t)(1U << k % 8);
        }
    }
}

static void cut_record_is_invalid_though_the_manifest_covers_it(void **unused)
{
    (void)unused;
    char step[64];

    for (size_t i = 0; i < case_records.count; i++) {
        struct blob *octets = case_records.items[i].octets;
        size_t whole = octets->len;

        for (size_t len = 0; len<whole; len += whole> 64 ? 13 : 1) {
            octets->len = len;
            if (result_signed_anew(step) != VERDICT_INVALID)
                fail_msg("record %zu of type %u, length %zu", i, case_records.items[i].type, len);
        }
        octets->len = whole;
    }
}

/* What is left out is the exporter's choice where the protocol says so; else it is missed. */
static void left_out_record_is_missed_or_may_be_left_out(void **unused)
{
    (void)unused;
    char step[64];

    for (size_t i = 0; i < case_records.count; i++) {
        uint32_t type = case_records.items[i].type;
        struct records less = case_records;

        if (type == RECORD_ROOT || type == RECORD_CERT_PROOF)
            continue; /* below */
        less.count--;
        memmove(&less.items[i], &less.items[i + 1], (less.count - i) * sizeof(less.items[0]));
        AUTO(blob) again = bundle_finish(case_world, &less);
        bool is_invalid = result_of(bytes_blob(again), step) == VERDICT_INVALID;
        if (is_invalid == is_optional(type))
            fail_msg("record %zu of type %u: %s", i, type, step);
    }
}

static bool is_used(const struct cert *cert)
{
    const struct cert *used[] = {
        bundle_device(case_world, XAA, 0),  bundle_device(case_world, XAA, 1),
        bundle_officer(case_world, XAA, 0), bundle_officer(case_world, XAA, 1),
        bundle_device(case_world, XBB, 0),  bundle_officer(case_world, XBB, 0)};

    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        if (used[i] == cert)
            return true;
    }
    return false;
}

static void missing_certificate_of_whoever_signed_is_invalid(void **unused)
{
    (void)unused;
    size_t index = records_find(&case_records, RECORD_CERT_PROOF, 0);
    char step[64];

    for (int state = 0; state < WORLD_STATES; state++) {
        for (int no = 0; no < 4; no++, index++) {
            struct records less = case_records;
            const struct cert *cert = no < 2 ? bundle_device(case_world, state, no)
                                             : bundle_officer(case_world, state, no - 2);

            assert_int_equal(less.items[index].type, RECORD_CERT_PROOF);
            less.count--;
            memmove(&less.items[index], &less.items[index + 1],
                    (less.count - index) * sizeof(less.items[0]));
            AUTO(blob) again = bundle_finish(case_world, &less);
            bool is_invalid = result_of(bytes_blob(again), step) == VERDICT_INVALID;
            if (is_invalid != is_used(cert))
                fail_msg("certificate %d of state %d: %s", no, state, step);
        }
    }
}

static void swap(size_t left, size_t right)
{
    uint32_t type = case_records.items[left].type;
    struct blob *octets = case_records.items[left].octets;

    case_records.items[left] = case_records.items[right];
    case_records.items[right].type = type;
    case_records.items[right].octets = octets;
}

static void records_out_of_order_are_invalid(void **unused)
{
    (void)unused;
    size_t envelope = records_find(&case_records, RECORD_ENVELOPE, 0);
    size_t count = case_records.count;
    char step[64];

    swap(envelope, envelope + 1); /* a key before any envelope */
    assert_int_equal(result_signed_anew(step), VERDICT_INVALID);
    assert_non_null(strstr(step, "belongs to no envelope"));
    swap(envelope, envelope + 1);
    swap(envelope + 1, envelope + 2); /* Link, then key */
    assert_int_equal(result_signed_anew(step), VERDICT_INVALID);
    assert_non_null(strstr(step, "file key is not that of the record before"));
    swap(envelope + 1, envelope + 2);
    records_add(&case_records, RECORD_LINK, bytes_blob(case_records.items[envelope + 2].octets));
    assert_int_equal(result_signed_anew(step), VERDICT_INVALID);
    assert_non_null(strstr(step, "a second Link of one envelope"));
    records_drop(&case_records, count);
    assert_int_equal(result_signed_anew(step), VERDICT_VALID_WITH_REMARKS);
    /* with the manifest as it was, any order but one is wrong */
    AUTO(blob) manifest = NULL;
    size_t tail = bundle->len;
    for (size_t at = 4; at < bundle->len; at += 8 + get_u32be(bundle->data + at + 4))
        tail = at;
    assert_int_equal(blob_copy(BYTES(bundle->data + tail, bundle->len - tail), &manifest), HL_OK);
    for (size_t i = 0; i + 1 < case_records.count; i++) {
        swap(i, i + 1);
        AUTO(blob) again = bundle_finish(case_world, &case_records);
        /* the manifest is of one length, whatever it says */
        assert_int_equal(again->len, bundle->len);
        memcpy(again->data + tail, manifest->data, manifest->len);
        assert_int_equal(result_of(bytes_blob(again), step), VERDICT_INVALID);
        swap(i, i + 1);
    }
}

static void unknown_record_type_is_invalid(void **unused)
{
    (void)unused;
    static const uint32_t types[] = {0, 7, 8, 9, 24, 98, 100, 0x01000001, UINT32_MAX};
    char step[64];

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        records_add(&case_records, (enum bundle_record)types[i], bytes_text("x"));
        assert_int_equal(result_signed_anew(step), VERDICT_INVALID);
        assert_non_null(strstr(step, "unknown type"));
        records_drop(&case_records, case_records.count - 1);
    }
}

static void second_manifest_is_invalid(void **unused)
{
    (void)unused;
    char step[64];

    records_add(&case_records, RECORD_MANIFEST, bytes_text("x"));
    assert_int_equal(result_signed_anew(step), VERDICT_INVALID);
    assert_non_null(strstr(step, "stands behind the manifest"));
}

static void exporter_without_certificate_and_wrong_signer_are_invalid(void **unused)
{
    (void)unused;
    char step[64];
    AUTO(blob)
    wrong = records_finish(&case_records, case_world->suite, bundle_device(case_world, XAA, 0),
                           case_world->small->devices[XAA][1], case_world->letter.notice_hash);
    AUTO(blob)
    officer = records_finish(&case_records, case_world->suite, bundle_officer(case_world, XAA, 0),
                             case_world->small->officers[XAA][0], case_world->letter.notice_hash);
    AUTO(blob)
    recipient = records_finish(&case_records, case_world->suite, bundle_device(case_world, XBB, 0),
                               case_world->small->devices[XBB][0], case_world->letter.notice_hash);

    assert_int_equal(result_of(bytes_blob(wrong), step), VERDICT_INVALID);
    assert_non_null(strstr(step, "manifest's signature"));
    assert_int_equal(result_of(bytes_blob(officer), step), VERDICT_INVALID);
    assert_non_null(strstr(step, "exporting device is not certified"));
    assert_int_equal(result_of(bytes_blob(recipient), step), VERDICT_VALID_WITH_REMARKS);
}

/* A notice to all States is one deposit, once for each desk. */
static void four_hundred_copies_of_one_envelope_are_sent_once(void **unused)
{
    (void)unused;
    size_t envelope = records_find(&case_records, RECORD_ENVELOPE, 0);
    struct verdict *verdict = NULL;

    for (size_t i = 1; i < 400; i++) {
        records_add(&case_records, RECORD_ENVELOPE,
                    bytes_blob(case_records.items[envelope].octets));
        records_add(&case_records, RECORD_FILE_KEY,
                    bytes_blob(case_records.items[envelope + 1].octets));
    }
    AUTO(blob) again = bundle_finish(case_world, &case_records);
    assert_int_equal(
        evidence_verify(case_world->suite, bytes_blob(again), NULL, WORLD_NOW_MS, &verdict), HL_OK);
    assert_string_equal(verdict->step, "");
    assert_int_equal(verdict->claim_count, 4); /* sent, released, delivered, acknowledged */
    assert_int_equal(verdict->notice_count, 1);
    verdict_free(verdict);
}

#define RECORDS_MAX 65536

/* So many records of a type that is read past, and a manifest; all empty. */
static void step_of_empty_records(size_t count, char *ret_step)
{
    AUTO_BUF octets;
    buf_init(&octets, LIMIT_BUNDLE);

    buf_add_text(&octets, "HLB1");
    for (size_t i = 0; i < count; i++) {
        buf_add_u32be(&octets, RECORD_HEAD_PROOF);
        buf_add_u32be(&octets, 0);
    }
    buf_add_u32be(&octets, RECORD_MANIFEST);
    buf_add_u32be(&octets, 0);
    assert_int_equal(octets.err, HL_OK);
    assert_int_equal(result_of(buf_bytes(&octets), ret_step), VERDICT_INVALID);
}

static void records_beyond_what_a_manifest_lists_are_not_read(void **unused)
{
    (void)unused;
    char step[64];
    struct evidence_writer *writer = NULL;

    step_of_empty_records(RECORDS_MAX, step);
    assert_null(strstr(step, "too many records")); /* the empty manifest is what is wrong */
    step_of_empty_records(RECORDS_MAX + 1, step);
    assert_non_null(strstr(step, "too many records"));
    assert_int_equal(evidence_new(&writer), HL_OK);
    for (size_t i = 0; i < RECORDS_MAX; i++)
        assert_int_equal(evidence_add(writer, RECORD_HEAD_PROOF, bytes_text("")), HL_OK);
    assert_int_equal(evidence_add(writer, RECORD_HEAD_PROOF, bytes_text("")), HL_ETOOBIG);
    evidence_free(writer);
}

/* Each record costs the manifest 34 octets, all else that is in it 116: a body of 1 MiB lists 30837. */
static void manifest_that_nobody_could_parse_is_not_written(void **unused)
{
    (void)unused;
    for (size_t count = 30837; count <= 30838; count++) {
        const struct evidence_manifest manifest = {
            .ns = case_world->trust->ns,
            .device = bundle_device(case_world, XAA, 0),
            .device_key = case_world->small->devices[XAA][0],
            .at_ms = WORLD_NOW_MS,
            .plane = 1,
            .software = "x",
            .notices = (const uint8_t(*)[HASH_BYTES])case_world->letter.notice_hash,
            .notice_count = 1};
        struct evidence_writer *writer = NULL;
        AUTO(blob) written = NULL;
        char step[64];

        assert_int_equal(evidence_new(&writer), HL_OK);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(evidence_add(writer, RECORD_HEAD_PROOF, bytes_text("")), HL_OK);
        assert_int_equal(evidence_finish(writer, case_world->suite, &manifest, &written),
                         count == 30837 ? HL_OK : HL_ETOOBIG);
        evidence_free(writer);
        if (!written)
            continue;
        assert_int_equal(result_of(bytes_blob(written), step), VERDICT_INVALID);
        assert_string_equal(step, "root: missing"); /* the manifest was read */
    }
}

static void more_claims_than_a_verdict_holds_is_invalid_and_no_lack_of_memory(void **unused)
{
    (void)unused;
    size_t receipt = records_find(&case_records, RECORD_RECEIPT, 0);
    char step[64];

    for (size_t i = 4; i < VERDICT_CLAIMS_MAX; i++) /* sent, released and two receipts are there */
        records_add(&case_records, RECORD_RECEIPT, bytes_blob(case_records.items[receipt].octets));
    assert_int_equal(result_signed_anew(step), VERDICT_VALID_WITH_REMARKS);
    records_add(&case_records, RECORD_RECEIPT, bytes_blob(case_records.items[receipt].octets));
    assert_int_equal(result_signed_anew(step), VERDICT_INVALID);
    assert_non_null(strstr(step, "more claims than a verdict holds"));
}

static void more_proofs_than_a_roster_has_certificates_is_invalid_and_no_lack_of_memory(
    void **unused)
{
    (void)unused;
    size_t proof = records_find(&case_records, RECORD_CERT_PROOF, 0);
    char step[64];

    for (int i = 0; i < 257; i++) /* each the same, and each good */
        records_add(&case_records, RECORD_CERT_PROOF, bytes_blob(case_records.items[proof].octets));
    assert_int_equal(result_signed_anew(step), VERDICT_INVALID);
    assert_non_null(strstr(step, "more than 256"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bundle_as_made_is_valid_but_for_marks),
        TEST(every_octet_flipped_once_is_invalid),
        TEST(every_truncation_is_invalid),
        TEST(damaged_record_is_invalid_though_the_manifest_covers_it),
        TEST(cut_record_is_invalid_though_the_manifest_covers_it),
        TEST(left_out_record_is_missed_or_may_be_left_out),
        TEST(missing_certificate_of_whoever_signed_is_invalid),
        TEST(records_out_of_order_are_invalid),
        TEST(unknown_record_type_is_invalid),
        TEST(second_manifest_is_invalid),
        TEST(exporter_without_certificate_and_wrong_signer_are_invalid),
        TEST(four_hundred_copies_of_one_envelope_are_sent_once),
        TEST(records_beyond_what_a_manifest_lists_are_not_read),
        TEST(manifest_that_nobody_could_parse_is_not_written),
        TEST(more_proofs_than_a_roster_has_certificates_is_invalid_and_no_lack_of_memory),
        TEST(more_claims_than_a_verdict_holds_is_invalid_and_no_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
