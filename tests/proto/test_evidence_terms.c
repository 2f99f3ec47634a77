/* test_evidence_terms — each equality that an arbiter asks of envelope, Link, manifest and Reject, wrong alone. */
#include <string.h>

#include "base/strict.h"
#include "proto/evidence.h"
#include "tests/support/bundle_case.h"
#include "tests/support/cmocka_all.h"

/* --- envelopes: without text and custody, whose own checks would hide these --- */

static void add_envelope(void)
{
    AUTO(blob) delivered = letter_deliver(&case_world->letter, XBB, 0);

    records_add(&case_records, RECORD_ENVELOPE, bytes_blob(delivered));
}

static void envelope_is_of_the_manifests_plane(void **unused)
{
    (void)unused;
    struct letter *letter = &case_world->letter;

    letter_done(letter);
    letter->header_plane = letter->signing_plane = 3;
    letter->release_plane = letter->link_plane = 3;
    letter_seal(letter);
    add_envelope();
    bundle_case_expect_invalid("plane is not the manifest's");
}

static void envelope_is_of_the_roots_namespace(void **unused)
{
    (void)unused;
    letter_done(&case_world->letter);
    case_world->small->trust.ns[5] ^= 1;
    letter_seal(&case_world->letter);
    add_envelope();
    case_world->small->trust.ns[5] ^= 1;
    bundle_case_expect_invalid("another namespace");
}

/* --- Links: with the text and without --- */

static Hotline__V1__Link honest_link(void)
{
    static uint8_t zeros[HASH_BYTES];
    struct small_world *small = case_world->small;
    Hotline__V1__Link link = HOTLINE__V1__LINK__INIT;

    link.ns = (ProtobufCBinaryData){NS_BYTES, case_world->trust->ns};
    link.plane = HOTLINE__V1__PLANE__LIVE;
    link.content_hash = (ProtobufCBinaryData){HASH_BYTES, case_world->letter.notice_hash};
    link.sender_device = (ProtobufCBinaryData){ID_BYTES, small->devices[XAA][0]->id};
    link.recipient_entity = (ProtobufCBinaryData){ID_BYTES, small->entities[XBB].id};
    link.recipient_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    link.seq = 1;
    link.prev = (ProtobufCBinaryData){HASH_BYTES, zeros};
    return link;
}

/* In place of the Link that is there, signed by as many keys as are given. */
static void put_link(const Hotline__V1__Link *link, size_t key_count)
{
    const struct sign_key *const keys[] = {case_world->small->devices[XAA][0],
                                           case_world->small->devices[XAA][1]};
    size_t at = records_find(&case_records, RECORD_LINK, 0);
    struct blob *object = NULL;
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(&link->base, &body), HL_OK);
    assert_int_equal(sign_object(case_world->suite, label_of(LABEL_LINK, (unsigned)link->plane),
                                 bytes_blob(body), keys, key_count, &object),
                     HL_OK);
    blob_free(case_records.items[at].octets);
    case_records.items[at].octets = object;
}

static void expect_link(const Hotline__V1__Link *link, size_t key_count, const char *step)
{
    put_link(link, key_count);
    if (step) {
        bundle_case_expect_invalid(step);
        return;
    }
    struct verdict *verdict = bundle_case_judge();
    assert_string_equal(verdict->step, "");
    verdict_free(verdict);
}

static void each_field_of_a_link_is_that_of_its_envelope(void **unused)
{
    (void)unused;
    static uint8_t other[HASH_BYTES] = {7};

    bundle_case_add_sent();
    for (int has_text = 1; has_text >= 0; has_text--) {
        Hotline__V1__Link link = honest_link();

        if (!has_text)
            records_drop(&case_records, records_find(&case_records, RECORD_FILE_KEY, 0));
        expect_link(&link, 1, NULL);
        expect_link(&link, 2, "Link's signature");
        link.ns.data = other;
        expect_link(&link, 1, "Link of another namespace or plane");
        link = honest_link();
        link.plane = HOTLINE__V1__PLANE__TEST;
        expect_link(&link, 1, "Link of another namespace or plane");
        link = honest_link();
        link.recipient_entity.data = case_world->small->entities[XCC].id;
        expect_link(&link, 1, "Link to another desk");
        link = honest_link();
        link.recipient_kind = HOTLINE__V1__DESK_KIND__POLITICAL;
        expect_link(&link, 1, "Link to another desk");
        link = honest_link();
        link.sender_device.data = case_world->small->devices[XAA][1]->id;
        expect_link(&link, 1, "Link about another notice");
        link = honest_link();
        link.content_hash.data = other; /* nobody can tell without the text */
        expect_link(&link, 1, has_text ? "Link about another notice" : NULL);
    }
}

/* --- the manifest --- */

static void expect_finished(struct bytes bundle, const char *step)
{
    struct verdict *verdict = NULL;

    assert_int_equal(evidence_verify(case_world->suite, bundle, NULL, WORLD_NOW_MS, &verdict),
                     HL_OK);
    assert_int_equal(verdict->result == VERDICT_INVALID, step[0] != '\0');
    if (!strstr(verdict->step, step))
        fail_msg("'%s' instead of '%s'", verdict->step, step);
    verdict_free(verdict);
}

static void manifest_is_of_the_roots_namespace(void **unused)
{
    (void)unused;
    bundle_case_add_sent();
    for (int i = 0; i < 2; i++) {
        uint8_t ns[NS_BYTES];
        const struct evidence_manifest manifest = {
            .ns = ns,
            .device = bundle_device(case_world, XAA, 0),
            .device_key = case_world->small->devices[XAA][0],
            .at_ms = BUNDLE_EXPORT_MS,
            .plane = 1,
            .software = "x",
            .notices = (const uint8_t(*)[HASH_BYTES])case_world->letter.notice_hash,
            .notice_count = 1};
        struct evidence_writer *writer = NULL;
        AUTO(blob) bundle = NULL;

        memcpy(ns, case_world->trust->ns, NS_BYTES);
        ns[NS_BYTES - 1] ^= (uint8_t)i;
        assert_int_equal(evidence_new(&writer), HL_OK);
        for (size_t k = 0; k < case_records.count; k++)
            assert_int_equal(evidence_add(writer, (enum bundle_record)case_records.items[k].type,
                                          bytes_blob(case_records.items[k].octets)),
                             HL_OK);
        assert_int_equal(evidence_finish(writer, case_world->suite, &manifest, &bundle), HL_OK);
        evidence_free(writer);
        expect_finished(bytes_blob(bundle), i ? "manifest of another namespace" : "");
    }
}

/* The last record is left out and the manifest stays: its other hashes all fit. */
static void manifest_lists_no_more_records_than_there_are(void **unused)
{
    (void)unused;
    static const char texts[] = "\0\0\0\2en\0another reservation\0";

    bundle_case_add_sent();
    records_add(&case_records, RECORD_RESERVATION, BYTES(texts, sizeof(texts) - 1));
    AUTO(blob) whole = bundle_finish(case_world, &case_records);
    size_t record_len = 8 + sizeof(texts) - 1;
    size_t before = 4;

    for (size_t i = 0; i + 1 < case_records.count; i++)
        before += 8 + case_records.items[i].octets->len;
    expect_finished(bytes_blob(whole), "");
    memmove(whole->data + before, whole->data + before + record_len,
            whole->len - before - record_len);
    expect_finished(BYTES(whole->data, whole->len - record_len), "manifest counts other records");
}

/* --- Rejects --- */

static void reject_has_one_signature(void **unused)
{
    (void)unused;
    const struct small_world *small = case_world->small;
    Hotline__V1__Reject reject = bundle_case_reject();

    bundle_case_add_sent();
    AUTO(blob)
    twice = bundle_case_sign(&reject.base, LABEL_REJECT, small->devices[XBB][0],
                             small->devices[XBB][1]);
    records_add(&case_records, RECORD_REJECT, bytes_blob(twice));
    bundle_case_expect_invalid("rejecting device is not certified");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bundle_case_up, bundle_case_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(envelope_is_of_the_manifests_plane),
        TEST(envelope_is_of_the_roots_namespace),
        TEST(each_field_of_a_link_is_that_of_its_envelope),
        TEST(manifest_is_of_the_roots_namespace),
        TEST(manifest_lists_no_more_records_than_there_are),
        TEST(reject_has_one_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
