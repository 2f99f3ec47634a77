#include "proto/evidence.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/vectors.h"

#define NOW_MS 1795000100000LL

static json_t *vector;
static struct blob *bundle;

static int load(void **unused)
{
    (void)unused;
    vector = vectors_load("hotline/bundle.json");
    if (vector)
        bundle = vectors_hex(vector, "bundle");
    return 0;
}

static int unload(void **unused)
{
    (void)unused;
    json_decref(vector);
    blob_free(bundle);
    return 0;
}

static enum verdict_result result_of(struct bytes octets)
{
    struct verdict *verdict = NULL;

    assert_int_equal(evidence_verify(suite_real(), octets, NULL, NOW_MS, &verdict), HL_OK);
    enum verdict_result result = verdict->result;
    if (result == VERDICT_INVALID) {
        assert_true(verdict->step[0] != '\0');
        assert_int_equal(verdict->claim_count, 0);
    }
    verdict_free(verdict);
    return result;
}

static void bundle_of_another_implementation_gives_its_verdict(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    struct verdict *verdict = NULL;
    uint8_t root[32];
    const json_t *claims = json_object_get(json_object_get(vector, "verdict"), "claims");

    vectors_hex_into(vector, "root_v1_hash", root, 32);
    assert_int_equal(evidence_verify(suite_real(), bytes_blob(bundle), root, NOW_MS, &verdict),
                     HL_OK);

    assert_string_equal(verdict->step, "");
    assert_int_equal(verdict->result, VERDICT_VALID_WITH_REMARKS);
    assert_int_equal(verdict->plane, 1);
    assert_int_equal(verdict->claim_count, json_array_size(claims));
    for (size_t i = 0; i < verdict->claim_count; i++) {
        assert_string_equal(verdict->claims[i].claim,
                            vectors_text(json_array_get(claims, i), "claim"));
        assert_int_equal(verdict->claims[i].result,
                         i == 4 ? VERDICT_VALID_WITH_REMARKS : VERDICT_VALID);
        if (json_object_get(json_array_get(claims, i), "at"))
            assert_int_equal(verdict->claims[i].at_ms,
                             vectors_number(json_array_get(claims, i), "at"));
    }
    const json_t *remarks = json_object_get(json_object_get(vector, "verdict"), "remarks");
    char remark[160];

    assert_int_equal(json_array_size(remarks), 1);
    (void)snprintf(remark, sizeof(remark), "%s: %s", verdict->claims[4].claim,
                   verdict->claims[4].detail);
    assert_string_equal(remark, json_string_value(json_array_get(remarks, 0)));
    for (size_t i = 0; i < 4; i++)
        assert_null(verdict->claims[i].detail);
    assert_memory_equal(verdict->root_hash, root, 32);
    assert_string_equal(verdict->claims[0].basis, "1 RELAY");
    assert_int_equal(verdict->claims[1].persons, 2);
    assert_int_equal(verdict->claims[4].disposition, 1);
    verdict_free(verdict);
}

static void another_root_is_refused(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    const uint8_t other[32] = {7};
    struct verdict *verdict = NULL;

    assert_int_equal(evidence_verify(suite_real(), bytes_blob(bundle), other, NOW_MS, &verdict),
                     HL_OK);
    assert_int_equal(verdict->result, VERDICT_INVALID);
    verdict_free(verdict);
}

/* The manifest names every record, so no flipped octet leaves a bundle that verifies. */
static void flipped_octet_anywhere_is_invalid(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    for (size_t i = 0; i < bundle->len; i++) {
        bundle->data[i] ^= (uint8_t)(1U << i % 8);
        enum verdict_result result = result_of(bytes_blob(bundle));
        bundle->data[i] ^= (uint8_t)(1U << i % 8);
        if (result != VERDICT_INVALID)
            print_error("octet %zu\n", i);
        assert_int_equal(result, VERDICT_INVALID);
    }
}

static void truncated_bundle_is_invalid(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    for (size_t len = 0; len < bundle->len; len++)
        assert_int_equal(result_of(BYTES(bundle->data, len)), VERDICT_INVALID);
}

static void record_behind_the_manifest_is_invalid(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    AUTO(blob) longer = NULL;
    const uint8_t extra[] = {0, 0, 0, 20, 0, 0, 0, 0};

    assert_int_equal(blob_new(bundle->len + sizeof(extra), &longer), HL_OK);
    memcpy(longer->data, bundle->data, bundle->len);
    memcpy(longer->data + bundle->len, extra, sizeof(extra));
    assert_int_equal(result_of(bytes_blob(longer)), VERDICT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_of_another_implementation_gives_its_verdict),
        cmocka_unit_test(another_root_is_refused),
        cmocka_unit_test(flipped_octet_anywhere_is_invalid),
        cmocka_unit_test(truncated_bundle_is_invalid),
        cmocka_unit_test(record_behind_the_manifest_is_invalid),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
