#include "keys/trust.h"

#include <stdio.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/federation.h"

static struct federation federation;
static bool has_vectors;

static int load(void **unused)
{
    (void)unused;
    has_vectors = federation_load(&federation);
    return 0;
}

static int unload(void **unused)
{
    (void)unused;
    if (has_vectors)
        federation_done(&federation);
    return 0;
}

static void federation_of_another_implementation_is_admitted(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    uint8_t ns[32];
    vectors_hex_into(federation.json, "ns", ns, 32);

    assert_memory_equal(federation.trust->ns, ns, 32);
    assert_int_equal(federation.trust->entity_count, 3);
    assert_int_equal(federation.trust->relay_count, 2);
    assert_true(federation.trust->is_sandbox);
    assert_int_equal(federation.trust->rules[4].ack_s, 600);
}

static void every_negative_document_is_refused_with_a_reason(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    json_t *root = vectors_load("hotline/documents-negative.json");
    const json_t *cases = json_object_get(root, "cases");

    assert_int_equal(json_array_size(cases), 11);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        AUTO(blob) document = vectors_hex(one, "bytes");
        AUTO(trust) trust = NULL;
        char reason[160];

        int err = federation_admit(&federation, vectors_text(one, "replaced"), bytes_blob(document),
                                   &trust, reason);
        if (err == HL_OK)
            print_error("admitted: %s\n", vectors_text(one, "name"));
        assert_int_not_equal(err, HL_OK);
        assert_true(reason[0] != '\0');
    }
    json_decref(root);
}

static void flip_each_octet(const char *name, const struct blob *document)
{
    AUTO(blob) copy = NULL;

    assert_int_equal(blob_copy(bytes_blob(document), &copy), HL_OK);
    for (size_t i = 0; i < copy->len; i++) {
        struct trust *trust = NULL;
        char reason[160];

        copy->data[i] ^= (uint8_t)(1U << (i % 8));
        int err = federation_admit(&federation, name, bytes_blob(copy), &trust, reason);
        copy->data[i] = document->data[i];
        /* A flipped bit in one signature above the threshold leaves enough good ones. */
        if (err == HL_OK)
            assert_memory_equal(trust->directory_hash, federation.trust->directory_hash,
                                HASH_BYTES);
        else
            assert_true(reason[0] != '\0');
        trust_free(trust);
    }
}

static void flipped_bit_in_a_document_never_changes_what_is_trusted(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    flip_each_octet("directory", federation.directory);
    flip_each_octet("timestamp", federation.timestamp);
}

static void truncated_document_is_refused_at_every_length(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    for (size_t len = 0; len < federation.roster[0]->len; len++) {
        struct trust *trust = NULL;
        char reason[160];

        assert_int_not_equal(federation_admit(&federation, "rosters",
                                              BYTES(federation.roster[0]->data, len), &trust,
                                              reason),
                             HL_OK);
    }
}

static void wrong_pin_is_refused(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    const uint8_t other[32] = {1};
    struct trust_documents documents = {.root = bytes_blob(federation.root),
                                        .directory = bytes_blob(federation.directory),
                                        .timestamp = bytes_blob(federation.timestamp),
                                        .national_roots = NULL,
                                        .national_root_count = 0,
                                        .rosters = NULL,
                                        .roster_count = 0};
    struct trust *trust = NULL;
    char reason[160];

    assert_int_equal(trust_admit(suite_real(), &documents, NULL, other, &trust, reason),
                     HL_EVERIFY);
    assert_int_equal(trust_admit(suite_real(), &documents, other, NULL, &trust, reason),
                     HL_EVERIFY);
}

static void desk_addresses_are_looked_up_in_the_directory(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct desk_id desk;
    char text[9];

    assert_int_equal(desk_parse(federation.trust, "XBB.TEC", &desk), HL_OK);
    desk_format(federation.trust, &desk, text);
    assert_string_equal(text, "XBB.TEC");
    assert_int_equal(desk_parse(federation.trust, "XBB.DIP", &desk), HL_ENOTFOUND);
    assert_int_equal(desk_parse(federation.trust, "XQQ.TEC", &desk), HL_ENOTFOUND);
    assert_int_equal(desk_parse(federation.trust, "XBBTEC", &desk), HL_EFORMAT);
    assert_int_equal(desk_parse(federation.trust, "XBB.ABC", &desk), HL_EFORMAT);
}

static void staleness_is_told_in_hours_after_the_earliest_expiry(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    assert_int_equal(trust_stale_hours(federation.trust, federation.trust->timestamp_expires_ms),
                     0);
    assert_int_equal(
        trust_stale_hours(federation.trust, federation.trust->timestamp_expires_ms + 1), 1);
    assert_int_equal(
        trust_stale_hours(federation.trust, federation.trust->timestamp_expires_ms + 3600001), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(federation_of_another_implementation_is_admitted),
        cmocka_unit_test(every_negative_document_is_refused_with_a_reason),
        cmocka_unit_test(flipped_bit_in_a_document_never_changes_what_is_trusted),
        cmocka_unit_test(truncated_document_is_refused_at_every_length),
        cmocka_unit_test(wrong_pin_is_refused),
        cmocka_unit_test(desk_addresses_are_looked_up_in_the_directory),
        cmocka_unit_test(staleness_is_told_in_hours_after_the_earliest_expiry),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
