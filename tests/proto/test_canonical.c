/* test_canonical — the independent implementation's cases of the canonical form, and its objects against our tables. */
#include "tests/support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/schema.h"
#include "tests/support/vectors.h"

#define CASE_COUNT 35

static const ProtobufCMessageDescriptor *descriptor_of(const char *name)
{
    for (const struct strict_schema *schema = &schema_wire; schema; schema = schema->below) {
        for (size_t i = 0; i < schema->message_count; i++) {
            if (strcmp(schema->messages[i].descriptor->short_name, name) == 0)
                return schema->messages[i].descriptor;
        }
    }
    fail_msg("no message %s", name);
    return NULL;
}

static void encoding_rule_agrees_in_all_cases(void **state)
{
    json_t *root = vectors_load("hotline/canonical.json");
    size_t accepted = 0;
    json_t *one = NULL;
    size_t i = 0;

    (void)state;
    if (!root)
        skip();
    const json_t *cases = json_object_get(root, "cases");
    assert_int_equal(json_array_size(cases), CASE_COUNT);
    json_array_foreach(cases, i, one)
    {
        AUTO(blob) input = vectors_hex(one, "bytes");
        int err = strict_check_encoding(descriptor_of(vectors_text(one, "message")), &schema_wire,
                                        bytes_blob(input), NULL);

        if (err != (vectors_bool(one, "ok") ? HL_OK : HL_EFORMAT))
            fail_msg("%s: %s", vectors_text(one, "message"), vectors_text(one, "name"));
        accepted += err == HL_OK;
    }
    assert_int_equal(accepted, 9); /* counted in the file */
    json_decref(root);
}

/* protobufjs writes explicit zeros and protobuf-c reads unpacked lists: both get a text of their own, as there. */
static void typical_faults_of_other_writers_are_named(void **state)
{
    static const char *const same[] = {"explicit default", "not packed", "out of order",
                                       "repeated"};
    json_t *root = vectors_load("hotline/canonical.json");
    size_t compared = 0;
    json_t *one = NULL;
    size_t i = 0;

    (void)state;
    if (!root)
        skip();
    json_array_foreach(json_object_get(root, "cases"), i, one)
    {
        const char *theirs = json_string_value(json_object_get(one, "error_here"));
        const char *text = theirs ? strstr(theirs, ": ") : NULL;

        for (size_t j = 0; text && j < 4; j++) {
            AUTO(blob) input = vectors_hex(one, "bytes");
            struct strict_fault fault;
            char ours[160];

            if (strcmp(text + 2, same[j]) != 0)
                continue;
            assert_int_equal(strict_check_encoding(descriptor_of(vectors_text(one, "message")),
                                                   &schema_wire, bytes_blob(input), &fault),
                             HL_EFORMAT);
            (void)snprintf(ours, sizeof(ours), "%s: %s", fault.where, fault.what);
            assert_string_equal(ours, theirs);
            compared++;
        }
    }
    assert_int_equal(compared, 7);
    json_decref(root);
}

static const struct {
    const char *file, *path, *message;
} objects[] = {
    {"notice", "body", "Notice"},
    {"notice", "release_body", "Release"},
    {"notice", "signed_notice", "SignedNotice"},
    {"seal-content", "header", "EnvelopeHeader"},
    {"seal-content", "links.0.body", "Link"},
    {"seal-content", "slots.0.slot", "Slot"},
    {"seal-content", "envelope", "Envelope"},
    {"custody", "body", "Custody"},
    {"custody", "lane_marks.0", "LaneMark"},
    {"custody", "receipt_sender", "CustodyReceipt"},
    {"custody", "receipt_recipient", "CustodyReceipt"},
    {"custody", "delivered_to_XBB_1", "DeliveredEnvelope"},
    {"custody", "deliver_message", "Deliver"},
    {"custody", "stub", "Stub"},
    {"receipts", "receipts.0.body", "Receipt"},
    {"receipts", "receipts.1.body", "Receipt"},
    {"receipts", "receipts.2.body", "Receipt"},
    {"receipts", "receipts.2.signed", "Signed"},
    {"receipts", "receipts.0.envelope.envelope", "Envelope"},
    {"receipts", "receipts.0.envelope.slots.0.slot", "Slot"},
    {"channel-check", "service_body", "ServiceStatement"},
    {"channel-check", "marks_body", "Marks"},
    {"channel-check", "header", "EnvelopeHeader"},
    {"prekeys", "prekeys.0.body", "Prekey"},
    {"prekeys", "prekeys.0.doc", "Signed"},
    {"heads", "head", "Signed"},
    {"heads", "lanes.0", "LaneHead"},
    {"heads", "head_proof", "HeadProof"},
    {"federation", "states.0.devices.0.cert", "Cert"},
    {"federation", "states.0.officers.0.cert", "Cert"},
    {"federation", "documents.root", "Signed"},
    {"federation", "documents.directory", "Signed"},
    {"federation", "documents.timestamp", "Signed"},
    {"federation", "documents.national_roots.0", "Signed"},
    {"federation", "documents.rosters.0", "RosterDoc"},
    {"planes", "notices.5.link_body", "Link"},
};
#define OBJECT_COUNT (sizeof(objects) / sizeof(objects[0]))

/* The octets at a path like `slots.0.slot`; NULL when the vectors are not there. The caller owns the blob. */
static struct blob *object_octets(size_t index)
{
    char file[64];
    char path[64];
    char *left = path;

    (void)snprintf(file, sizeof(file), "hotline/%s.json", objects[index].file);
    (void)snprintf(path, sizeof(path), "%s", objects[index].path);
    json_t *root = vectors_load(file);
    const json_t *at = root;
    for (char *part = strsep(&left, "."); root && part; part = strsep(&left, "."))
        at = json_is_array(at) ? json_array_get(at, strtoul(part, NULL, 10))
                               : json_object_get(at, part);
    struct blob *octets = root ? vectors_hex_value(at) : NULL;
    json_decref(root);
    return octets;
}

static bool accepts(size_t index, struct bytes input, struct strict_fault *fault)
{
    ProtobufCMessage *message = NULL;
    AUTO(blob) packed = NULL;
    int err =
        strict_unpack(descriptor_of(objects[index].message), &schema_wire, input, &message, fault);

    if (err != HL_OK) {
        assert_int_equal(err, HL_EFORMAT);
        return false;
    }
    assert_int_equal(strict_pack(message, &packed), HL_OK);
    assert_true(bytes_equal(bytes_blob(packed), input));
    protobuf_c_message_free_unpacked(message, NULL);
    return true;
}

static void objects_of_the_other_implementation_fit_our_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        AUTO(blob) octets = object_octets(i);
        struct strict_fault fault = {.what = ""};

        if (!octets)
            skip();
        if (!accepts(i, bytes_blob(octets), &fault))
            fail_msg("%s %s: %s %s", objects[i].file, objects[i].path, fault.where, fault.what);
    }
}

/* All of these end with a field that must be there, or with a list whose items are whole. */
static void a_cut_object_is_refused_or_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        AUTO(blob) octets = object_octets(i);
        struct strict_fault fault;
        size_t accepted = 0;

        if (!octets)
            skip();
        for (size_t cut = 0; cut < octets->len; cut++)
            accepted += accepts(i, BYTES(octets->data, cut), &fault);
        assert_true(accepted <= 12); /* at most between the items of one list */
    }
}

static void a_flipped_bit_is_refused_or_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        AUTO(blob) octets = object_octets(i);
        struct strict_fault fault;

        if (!octets)
            skip();
        for (size_t bit = 0; octets->len < 1500 && bit < 8 * octets->len; bit++) {
            octets->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            (void)accepts(i, bytes_blob(octets), &fault); /* asserts inside */
            octets->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_rule_agrees_in_all_cases),
        cmocka_unit_test(typical_faults_of_other_writers_are_named),
        cmocka_unit_test(objects_of_the_other_implementation_fit_our_tables),
        cmocka_unit_test(a_cut_object_is_refused_or_canonical),
        cmocka_unit_test(a_flipped_bit_is_refused_or_canonical),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
