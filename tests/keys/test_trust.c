#include "keys/trust.h"

#include <stdio.h>
#include <string.h>

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
        /* "rosters" replaces a roster: the reason names the kind of document first */
        size_t kind_len = strcspn(reason, ":");
        assert_int_equal(strncmp(vectors_text(one, "replaced"), reason, kind_len), 0);
        assert_true(kind_len >= strlen("roster") && strlen(reason) > kind_len + 2);
    }
    json_decref(root);
}

/* The vectors' documents carry no signature above the threshold, so every octet counts. Each bit of every document is
 * flipped in test_federation_make, with a fast suite; here the real one need not see them all. */
static void flip_octets(const char *name, const struct blob *document, size_t step)
{
    AUTO(blob) copy = NULL;

    assert_int_equal(blob_copy(bytes_blob(document), &copy), HL_OK);
    for (size_t i = 0; i < copy->len; i += step) {
        struct trust *trust = NULL;
        char reason[160];

        copy->data[i] ^= (uint8_t)(1U << (i % 8));
        int err = federation_admit(&federation, name, bytes_blob(copy), &trust, reason);
        copy->data[i] = document->data[i];
        if (err == HL_OK || !reason[0])
            fail_msg("%s: octet %zu flipped was admitted, or has no reason", name, i);
    }
}

static void document_with_a_flipped_bit_is_refused(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    flip_octets("root", federation.root, 1);
    flip_octets("directory", federation.directory, 1);
    flip_octets("timestamp", federation.timestamp, 1);
    flip_octets("national_roots", federation.national[0], 3);
    flip_octets("rosters", federation.roster[0], 7);
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
        cmocka_unit_test(document_with_a_flipped_bit_is_refused),
        cmocka_unit_test(wrong_pin_is_refused),
        cmocka_unit_test(desk_addresses_are_looked_up_in_the_directory),
        cmocka_unit_test(staleness_is_told_in_hours_after_the_earliest_expiry),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
