/* test_schema — the tables against the descriptors, the .proto files and the limits in their comments. The limits at
 * work: test_schema_limits. */
#include "tests/support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/schema.h"
#include "tests/support/samples.h"

static struct samples *samples;

static int make_samples(void **state)
{
    (void)state;
    samples = samples_new(&schema_wire);
    return 0;
}

static int drop_samples(void **state)
{
    (void)state;
    samples_free(samples);
    return 0;
}

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static bool is_number(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT32 ||
           field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_ENUM ||
           field->type == PROTOBUF_C_TYPE_BOOL;
}

static bool is_octets(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_STRING;
}

/* --- the tables and the descriptors ------------------------------------------------------------- */

static char *read_proto(const char *name)
{
    char path[64];
    char *text = calloc(1, 1 << 16);

    assert_non_null(text);
    (void)snprintf(path, sizeof(path), "proto/%s.proto", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file); /* tests run in the top folder */
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static bool is_known(const char *name, size_t len)
{
    for (size_t i = 0; i < samples_count(samples); i++) {
        const char *known = samples_message(samples, i)->descriptor->short_name;

        if (strlen(known) == len && strncmp(known, name, len) == 0)
            return true;
    }
    return false;
}

static size_t count_messages(char *text)
{
    size_t found = 0;

    for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text)) {
        char *comment = strstr(line, "//");
        if (comment)
            *comment = '\0';
        const char *at = strstr(line, "message ");
        if (!at)
            continue;
        size_t len = strcspn(at + 8, " {");
        if (!is_known(at + 8, len))
            fail_msg("no table for message %.*s", (int)len, at + 8);
        found++;
    }
    return found;
}

static void every_message_of_the_files_has_a_table(void **state)
{
    static const char *const files[] = {"trust", "notice", "receipt", "envelope", "wire"};
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char *text = read_proto(files[i]);

        found += count_messages(text);
        free(text);
    }
    assert_int_equal(found, samples_count(samples));
}

static void every_field_has_one_row_in_ascending_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        assert_int_equal(message->field_count, message->descriptor->n_fields);
        for (size_t j = 0; j < message->field_count; j++) {
            if (message->fields[j].tag != message->descriptor->fields[j].id)
                fail_msg("%s: row %zu", message->descriptor->short_name, j);
            assert_true(j == 0 || message->fields[j].tag > message->fields[j - 1].tag);
        }
    }
}

static void each_schema_holds_only_its_own_file(void **state)
{
    (void)state;
    assert_ptr_equal(schema_wire.below, &schema_envelope);
    assert_ptr_equal(schema_envelope.below, &schema_receipt);
    assert_ptr_equal(schema_receipt.below, &schema_notice);
    assert_ptr_equal(schema_notice.below, &schema_trust);
    assert_null(schema_trust.below);
    assert_int_equal(schema_trust.message_count, 23);
    assert_int_equal(schema_notice.message_count, 20);
    assert_int_equal(schema_receipt.message_count, 15);
    assert_int_equal(schema_envelope.message_count, 13);
    assert_int_equal(schema_wire.message_count, 28);
}

static void check_row(const struct strict_message *message, size_t j)
{
    const struct strict_field *rule = &message->fields[j];
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[j];

    /* The walk of base/strict knows these types and labels only. */
    assert_true(is_number(field) || is_octets(field) || field->type == PROTOBUF_C_TYPE_MESSAGE);
    assert_true(field->label == PROTOBUF_C_LABEL_NONE || is_repeated(field) ||
                field->type == PROTOBUF_C_TYPE_MESSAGE);
    assert_true(rule->min <= rule->max);
    assert_true(is_repeated(field) ? rule->items_max > 0 && rule->items_min <= rule->items_max
                                   : rule->items_max == 0);
    assert_true(!rule->is_open || field->type == PROTOBUF_C_TYPE_ENUM);
    assert_true(!rule->allows_newlines || field->type == PROTOBUF_C_TYPE_STRING);
    /* What must be there cannot be zero or empty, for that is how absence is written. */
    assert_true(rule->need == STRICT_MAY || field->type == PROTOBUF_C_TYPE_MESSAGE ||
                rule->min > 0 || is_repeated(field));
    assert_true(field->type != PROTOBUF_C_TYPE_UINT32 || rule->max <= UINT32_MAX);
    assert_true(field->type != PROTOBUF_C_TYPE_BOOL || rule->need == STRICT_MAY);
}

static void rows_do_not_contradict_themselves(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        for (size_t j = 0; j < message->field_count; j++)
            check_row(message, j);
    }
}

/* A number that a later change of the schema adds must not be refused for ever by a table that was forgotten. */
static void rows_of_enums_end_where_the_enums_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        for (size_t j = 0; j < message->field_count; j++) {
            const ProtobufCFieldDescriptor *field = &message->descriptor->fields[j];
            const ProtobufCEnumDescriptor *numbers = field->descriptor;

            if (field->type != PROTOBUF_C_TYPE_ENUM || message->fields[j].is_open)
                continue;
            if ((int)message->fields[j].max != numbers->values[numbers->n_values - 1].value)
                fail_msg("%s.%s", message->descriptor->short_name, field->name);
        }
    }
}

static void no_message_can_nest_deeper_than_the_limit(void **state)
{
    unsigned deepest = 0;

    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++)
        deepest = samples_depth(samples, i) > deepest ? samples_depth(samples, i) : deepest;
    assert_true(deepest <= STRICT_NESTING_MAX);
}

/* --- the comments ------------------------------------------------------------------------------- */

/* trust.proto's head: names mean the same everywhere. A name with a leading star is an ending. */
struct convention {
    const char *name;
    int type; /* of protobuf-c, or -1: any */
    uint64_t min, max;
};
#define B16(name)                                                                                  \
    {                                                                                              \
        name, PROTOBUF_C_TYPE_BYTES, 16, 16                                                        \
    }
#define B32(name)                                                                                  \
    {                                                                                              \
        name, PROTOBUF_C_TYPE_BYTES, 32, 32                                                        \
    }
#define SEQ(name)                                                                                  \
    {                                                                                              \
        name, PROTOBUF_C_TYPE_UINT64, 1, 0x7fffffffffffffff                                        \
    }
static const struct convention conventions[] = {
    B32("ns"),
    B16("entity"),
    B16("*_entity"),
    B16("device"),
    B16("*_device"),
    B16("relay"),
    B16("officer"),
    B16("officers"),
    B16("author"),
    B16("releaser"),
    B16("key_id"),
    B16("prekey_id"),
    B16("envelope_id"),
    B32("hash"),
    B32("*_hash"),
    B32("head"),
    B32("head_before"),
    B32("prev"),
    B32("*_root"),
    B32("root"),
    B32("journal_head"),
    B32("proof"),
    B32("lane_proof"),
    {"sig", PROTOBUF_C_TYPE_BYTES, 64, 64},
    {"*_sig", PROTOBUF_C_TYPE_BYTES, 64, 64},
    {"pk", PROTOBUF_C_TYPE_BYTES, 1216, 1216},
    SEQ("version"),
    SEQ("*_version"),
    SEQ("tree_size"),
    SEQ("lane_seq"),
    {"req", PROTOBUF_C_TYPE_UINT64, 1, UINT64_MAX},
    {"plane", PROTOBUF_C_TYPE_ENUM, 1, 3},
    {"*_ms", PROTOBUF_C_TYPE_INT64, 1600000000000, 4102444800000},
};

static bool fits(const struct convention *convention, const ProtobufCFieldDescriptor *field)
{
    size_t len = strlen(field->name);
    size_t ending = strlen(convention->name) - 1;

    if (convention->type != (int)field->type)
        return false;
    if (convention->name[0] != '*')
        return strcmp(convention->name, field->name) == 0;
    return len > ending && strcmp(field->name + len - ending, convention->name + 1) == 0;
}

static void names_mean_the_same_everywhere(void **state)
{
    size_t seen[sizeof(conventions) / sizeof(conventions[0])] = {0};

    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        for (size_t j = 0; j < message->field_count * (sizeof(seen) / sizeof(seen[0])); j++) {
            const struct convention *convention = &conventions[j / message->field_count];
            const ProtobufCFieldDescriptor *field =
                &message->descriptor->fields[j % message->field_count];
            const struct strict_field *rule = &message->fields[j % message->field_count];

            if (!fits(convention, field))
                continue;
            seen[j / message->field_count]++;
            if (rule->min != convention->min || rule->max != convention->max)
                fail_msg("%s.%s is not as its name says", message->descriptor->short_name,
                         field->name);
        }
    }
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
        assert_true(seen[i] > 0);
}

/* Drawn by hand from the comments and from protocol.md 4.8: min and max of the value or length, or, with COUNT, of the
 * number of items. */
enum what { VALUE, COUNT };
static const struct {
    const char *message, *field;
    enum what what;
    uint64_t min, max;
} limits[] = {
    {"Desk", "kind", VALUE, 1, 4},
    {"Signed", "body", VALUE, 1, 1048576},
    {"Signed", "sigs", COUNT, 1, 32},
    {"RoleKeys", "keys", COUNT, 0, 32},
    {"RootMetadata", "roles", COUNT, 4, 4},
    {"Entity", "code", VALUE, 3, 3},
    {"RelayDescriptor", "host", VALUE, 1, 253},
    {"RelayDescriptor", "port", VALUE, 1, 65535},
    {"RelayDescriptor", "log_origin", VALUE, 1, 80},
    {"PrecedenceRule", "custody_s", VALUE, 1, 7776000},
    {"PrecedenceRule", "nondelivery_s", VALUE, 1, 7776000},
    {"PrecedenceRule", "rungs_s", COUNT, 0, 8},
    {"PrecedenceRule", "rungs_s", VALUE, 1, 7776000},
    {"Directory", "entities", COUNT, 1, 400},
    {"Directory", "relays", COUNT, 1, 16},
    {"Directory", "profiles", COUNT, 1, 8},
    {"Timestamp", "rosters", COUNT, 0, 400},
    {"NationalRoot", "threshold", VALUE, 1, 8},
    {"NationalRoot", "keys", COUNT, 1, 16},
    {"Cert", "device_no", VALUE, 1, 99},
    {"Cert", "role_label", VALUE, 1, 40},
    {"Cert", "serial", VALUE, 1, UINT64_MAX},
    {"Cert", "pop", VALUE, 64, 64},
    {"DeskInfo", "languages", COUNT, 1, 8},
    {"DeskInfo", "phones", COUNT, 0, 8},
    {"DeskInfo", "phones", VALUE, 3, 32},
    {"DeskInfo", "stands_in_for", COUNT, 0, 3},
    {"ReleaseRule", "persons_min", VALUE, 1, 3},
    {"NationalRoster", "cert_count", VALUE, 1, 256},
    {"NationalRoster", "release_devices_min", VALUE, 1, 2},
    {"RosterDoc", "certs", COUNT, 1, 256},
    {"RosterDoc", "certs", VALUE, 1, 400},
    {"RosterDoc", "revocations", COUNT, 0, 256},
    {"Revocation", "reason", VALUE, 1, 5},
    {"Text", "lang", VALUE, 2, 35},
    {"Text", "body", VALUE, 1, 65536},
    {"OtherMeans", "means", VALUE, 1, 5},
    {"Attachment", "name", VALUE, 1, 128},
    {"Attachment", "size", VALUE, 1, 67108864},
    {"Notice", "exercise_name", VALUE, 1, 60},
    {"Notice", "to", COUNT, 1, 400},
    {"Notice", "exempted", COUNT, 0, 400},
    {"Notice", "other_means", COUNT, 0, 16},
    {"Notice", "precedence", VALUE, 1, 4},
    {"Notice", "handling", COUNT, 0, 8},
    {"Notice", "references", COUNT, 0, 16},
    {"Notice", "requested_action", COUNT, 0, 8},
    {"Notice", "text", COUNT, 0, 12},
    {"Notice", "subject", VALUE, 0, 160},
    {"Notice", "attachment", COUNT, 0, 16},
    {"Notice", "check_word", VALUE, 4, 4},
    {"Notice", "notice_id", VALUE, 16, 16},
    {"Notice", "persons", VALUE, 1, 3},
    {"Incident", "sector", COUNT, 0, 8},
    {"Incident", "affected_states", COUNT, 0, 32},
    {"Incident", "affected_states", VALUE, 3, 3},
    {"Incident", "measures_taken", COUNT, 0, 16},
    {"Incident", "measures_taken", VALUE, 1, 300},
    {"Request", "what", VALUE, 0, 2000},
    {"Request", "indicators_hint", COUNT, 0, 32},
    {"Response", "findings", VALUE, 0, 4000},
    {"Deescalation", "measure", COUNT, 1, 16},
    {"Consultation", "level", VALUE, 1, 4},
    {"Consultation", "slots", COUNT, 1, 8},
    {"Correction", "fix", COUNT, 1, 32},
    {"Correction", "target", VALUE, 32, 32},
    {"Cancellation", "replacement", VALUE, 32, 32},
    {"Service", "remark", VALUE, 0, 80},
    {"ExerciseControl", "participant", COUNT, 0, 400},
    {"Receipt", "kind", VALUE, 2, 8},
    {"Receipt", "about", VALUE, 1, 2},
    {"Receipt", "escalation_rung", VALUE, 1, 8},
    {"Receipt", "prev_receipt", VALUE, 32, 32},
    {"Receipt", "note", VALUE, 0, 200},
    {"Receipt", "views", COUNT, 0, 6},
    {"ServiceStatement", "prekeys", COUNT, 0, 2},
    {"ServiceStatement", "checkpoints", COUNT, 0, 4},
    {"ServiceStatement", "custody", VALUE, 0, 260},
    {"LaneMark", "salt", VALUE, 16, 16},
    {"Custody", "salt", VALUE, 32, 32},
    {"Custody", "lane_count", VALUE, 1, 401},
    {"CustodyReceipt", "proof", COUNT, 0, 32},
    {"CustodyReceipt", "checkpoint", VALUE, 1, 400},
    {"CustodyReceipt", "lane_proof", COUNT, 0, 9},
    {"MailboxHead", "lane_count", VALUE, 0, 1203},
    {"HeadProof", "proof", COUNT, 0, 11},
    {"LaneSteps", "deposit_hash", COUNT, 1, 100000},
    {"BundleManifest", "notices", COUNT, 1, 256},
    {"BundleManifest", "records", COUNT, 1, 65536},
    {"AttachmentRef", "ct_len", VALUE, 1, 67200000},
    {"EnvelopeHeader", "suite", VALUE, 1, 1},
    {"EnvelopeHeader", "ct_len", VALUE, 1040, 262160},
    {"EnvelopeHeader", "slot_count", VALUE, 1, 800},
    {"EnvelopeHeader", "attachments", COUNT, 0, 16},
    {"Slot", "kem_ct", VALUE, 1120, 1120},
    {"Slot", "sealed", VALUE, 164, 240},
    {"Envelope", "header", VALUE, 1, 1024},
    {"Envelope", "slots", COUNT, 1, 800},
    {"Envelope", "slots", VALUE, 1346, 1422},
    {"DeliveredEnvelope", "proof", COUNT, 0, 10},
    {"SignedNotice", "releases", COUNT, 0, 3},
    {"Release", "reason", VALUE, 10, 200},
    {"Reseal", "custody", COUNT, 1, 4},
    {"Reseal", "custody", VALUE, 1, 2048},
    {"Draft", "remark", VALUE, 0, 500},
    {"DeskRecord", "officers", COUNT, 1, 2},
    {"DeskRecord", "notices", COUNT, 0, 256},
    {"DeskRecord", "text", VALUE, 0, 8000},
    {"Welcome", "max_in_flight", VALUE, 1, 1024},
    {"Bye", "detail", VALUE, 0, 120},
    {"Submit", "envelope", VALUE, 1, 1572864},
    {"SubmitResult", "retry_s", VALUE, 1, 3600},
    {"Subscribe", "window", VALUE, 1, 4096},
    {"Subscribe", "window_bytes", VALUE, 65536, 67108864},
    {"Taken", "also", COUNT, 0, 256},
    {"PrekeyPut", "prekey", COUNT, 1, 4},
    {"PutResult", "code", VALUE, 0, 5},
    {"PrekeyGet", "desks", COUNT, 0, 400},
    {"PrekeyGet", "devices", COUNT, 0, 64},
    {"PrekeyResult", "prekey", COUNT, 0, 4800},
    {"DocResult", "doc", VALUE, 0, 1048576},
    {"DocNews", "doc", VALUE, 0, 32768},
    {"HeadGet", "nonce", VALUE, 16, 16},
    {"HeadResult", "lanes", COUNT, 0, 1203},
    {"LogResult", "checkpoint", VALUE, 0, 4096},
    {"LogResult", "proof", COUNT, 0, 64},
    {"AttachPut", "part", VALUE, 1, 49152},
    {"Fragment", "part", VALUE, 1, 59900},
};

static const struct strict_field *row_of(const char *message_name, const char *field_name)
{
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        if (strcmp(message->descriptor->short_name, message_name) != 0)
            continue;
        for (size_t j = 0; j < message->field_count; j++) {
            if (strcmp(message->descriptor->fields[j].name, field_name) == 0)
                return &message->fields[j];
        }
    }
    fail_msg("no field %s.%s", message_name, field_name);
    return NULL;
}

static void limits_are_those_of_the_comments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        const struct strict_field *rule = row_of(limits[i].message, limits[i].field);
        uint64_t min = limits[i].what == VALUE ? rule->min : rule->items_min;
        uint64_t max = limits[i].what == VALUE ? rule->max : rule->items_max;

        if (min != limits[i].min || max != limits[i].max)
            fail_msg("%s.%s", limits[i].message, limits[i].field);
    }
}

/* protocol.md 2.4: unknown numbers are for the content of notices, and for Reason and Disposition everywhere; a field with
 * its range in the comment (1..3, 1..4) has no other. */
static bool is_open_by_rule(bool is_notice, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;

    if (strcmp(type->short_name, "Reason") == 0 || strcmp(type->short_name, "Disposition") == 0)
        return true;
    return is_notice && strcmp(type->short_name, "Plane") != 0 && field->id != 10;
}

static void unknown_enum_numbers_are_for_notices_only(void **state)
{
    size_t open = 0;

    (void)state;
    for (const struct strict_schema *schema = &schema_wire; schema; schema = schema->below) {
        for (size_t i = 0; i < schema->message_count; i++) {
            const struct strict_message *message = &schema->messages[i];
            bool is_notice = schema == &schema_notice;

            for (size_t j = 0; j < message->field_count; j++) {
                const ProtobufCFieldDescriptor *field = &message->descriptor->fields[j];

                if (field->type != PROTOBUF_C_TYPE_ENUM || (is_notice && field->id == 10 && i != 5))
                    continue;
                open += message->fields[j].is_open;
                if (message->fields[j].is_open != is_open_by_rule(is_notice, field))
                    fail_msg("%s.%s", message->descriptor->short_name, field->name);
            }
        }
    }
    assert_true(open > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_of_the_files_has_a_table),
        cmocka_unit_test(every_field_has_one_row_in_ascending_order),
        cmocka_unit_test(each_schema_holds_only_its_own_file),
        cmocka_unit_test(rows_do_not_contradict_themselves),
        cmocka_unit_test(rows_of_enums_end_where_the_enums_end),
        cmocka_unit_test(no_message_can_nest_deeper_than_the_limit),
        cmocka_unit_test(names_mean_the_same_everywhere),
        cmocka_unit_test(limits_are_those_of_the_comments),
        cmocka_unit_test(unknown_enum_numbers_are_for_notices_only),
    };

    return cmocka_run_group_tests(tests, make_samples, drop_samples);
}
