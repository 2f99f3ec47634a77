/* test_schema_limits — each limit of each table at its ends and one beyond, and the memory bound at every length of a list,
 * by encodings that tests/support/samples writes. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "proto/schema.h"
#include "tests/support/samples.h"
#include "trust.pb-c.h"

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

static bool accepts(size_t index, struct bytes input, struct strict_fault *ret_fault)
{
    const ProtobufCMessageDescriptor *type = samples_message(samples, index)->descriptor;
    ProtobufCMessage *message = NULL;
    AUTO(blob) packed = NULL;
    int err = strict_unpack(type, &schema_wire, input, &message, ret_fault);

    if (err != HL_OK) {
        assert_int_equal(err, HL_EFORMAT);
        assert_null(message);
        return false;
    }
    assert_int_equal(strict_pack(message, &packed), HL_OK);
    assert_true(bytes_equal(bytes_blob(packed), input));
    assert_int_equal(strict_check_encoding(type, &schema_wire, input, NULL), HL_OK);
    protobuf_c_message_free_unpacked(message, NULL);
    return true;
}

static void expect(bool is_accepted, size_t index, const struct sample_change *change)
{
    const struct strict_message *message = samples_message(samples, index);
    struct strict_fault fault = {.what = "-"};
    AUTO_BUF input;

    buf_init(&input, SAMPLES_MAX);
    samples_write(samples, index, change, &input);
    assert_int_equal(input.err, HL_OK);
    if (accepts(index, buf_bytes(&input), &fault) != is_accepted)
        fail_msg("%s field %u, %u times %llu: %s (%s)", message->descriptor->short_name,
                 change ? change->tag : 0, change ? change->items : 0,
                 change ? (unsigned long long)change->value : 0,
                 is_accepted ? "refused" : "accepted", fault.what);
}

static void the_shortest_encoding_of_each_message_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++)
        expect(true, i, NULL);
}

static void a_missing_field_is_refused(void **state)
{
    size_t tried = 0;

    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        for (size_t j = 0; j < message->field_count; j++) {
            const struct strict_field *rule = &message->fields[j];
            bool is_needed = is_repeated(&message->descriptor->fields[j])
                                 ? rule->items_min > 0
                                 : rule->need == STRICT_MUST;

            expect(!is_needed, i, &(struct sample_change){.tag = rule->tag});
            tried += is_needed;
        }
    }
    assert_true(tried > 250);
}

/* At both ends and one beyond each; where min is 0 the field is left out, which is tried elsewhere. */
static void try_value(size_t index, const struct strict_field *rule,
                      const ProtobufCFieldDescriptor *field)
{
    uint32_t items = rule->items_min > 0 ? rule->items_min : 1;
    bool is_bool = field->type == PROTOBUF_C_TYPE_BOOL;
    uint64_t min = is_bool || rule->min == 0 ? 1 : rule->min;
    uint64_t max = is_bool ? 1 : rule->max;

    expect(true, index, &(struct sample_change){rule->tag, items, min});
    expect(true, index, &(struct sample_change){rule->tag, items, max});
    expect(false, index, &(struct sample_change){rule->tag, items, min - 1});
    if (max < UINT64_MAX)
        expect(false, index, &(struct sample_change){rule->tag, items, max + 1});
    if (is_number(field) && max < UINT64_MAX)
        expect(false, index, &(struct sample_change){rule->tag, items, UINT64_MAX});
}

static void each_value_and_length_holds_at_its_limits_and_not_beyond(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        for (size_t j = 0; j < message->field_count; j++) {
            const ProtobufCFieldDescriptor *field = &message->descriptor->fields[j];

            if (field->type != PROTOBUF_C_TYPE_MESSAGE)
                try_value(i, &message->fields[j], field);
        }
    }
}

/* RosterDoc.certs are whole certificates: 256 of one octet, which no one can make, would not fit the memory bound. */
static uint64_t item_value(const struct strict_message *message, size_t j)
{
    const struct strict_field *rule = &message->fields[j];

    if (strcmp(message->descriptor->fields[j].name, "certs") == 0)
        return 150;
    return rule->min > 0 ? rule->min : 1;
}

static void each_count_holds_at_its_limits_and_not_beyond(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        for (size_t j = 0; j < message->field_count; j++) {
            const struct strict_field *rule = &message->fields[j];
            uint64_t value = item_value(message, j);
            bool is_list = is_repeated(&message->descriptor->fields[j]);
            uint32_t max = is_list ? rule->items_max : 1;

            expect(true, i, &(struct sample_change){rule->tag, max, value});
            expect(false, i, &(struct sample_change){rule->tag, max + 1, value});
            if (is_list && rule->items_min > 0)
                expect(false, i, &(struct sample_change){rule->tag, rule->items_min - 1, value});
        }
    }
}

static void expect_full(size_t index, uint32_t items, bool is_longest)
{
    struct strict_fault fault = {.what = "-"};
    AUTO_BUF input;

    buf_init(&input, SAMPLES_MAX);
    samples_write_full(samples, index, items, is_longest, &input);
    assert_int_equal(input.err, HL_OK);
    if (!accepts(index, buf_bytes(&input), &fault))
        fail_msg("%s with %u items: %s", samples_message(samples, index)->descriptor->short_name,
                 items, fault.what);
}

/* protobuf-c doubles its scratch memory at 16, 48, 112, ... fields: one more than that costs most. */
static void the_memory_bound_refuses_no_message_that_the_table_allows(void **state)
{
    static const uint32_t steps[] = {0,    1,    2,    4,    8,    16,    17,    32,    33,
                                     49,   100,  113,  200,  241,  300,   400,   497,   800,
                                     1009, 1203, 2033, 4081, 8177, 16369, 32753, 65521, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            if (samples_message(samples, i)->descriptor != &hotline__v1__roster_doc__descriptor)
                expect_full(i, steps[j], false); /* see item_value() */
            expect_full(i, steps[j], true);
        }
    }
}

static void lists_of_every_length_fit_the_memory_bound(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        const struct strict_message *message = samples_message(samples, i);

        for (size_t j = 0; j < message->field_count; j++) {
            const struct strict_field *rule = &message->fields[j];
            uint32_t max = rule->items_max > 600 ? 600 : rule->items_max;

            for (uint32_t items = rule->items_min; items <= max && max > 0; items++)
                expect(true, i, &(struct sample_change){rule->tag, items, item_value(message, j)});
        }
    }
}

static void no_truncation_is_accepted_where_the_last_field_must_be_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count(samples); i++) {
        struct bytes least = samples_least(samples, i);
        size_t needed = 0;

        for (size_t cut = 0; cut < least.len && least.len < 4096; cut++)
            needed += accepts(i, BYTES(least.data, cut), NULL);
        assert_int_equal(needed, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest_encoding_of_each_message_is_accepted),
        cmocka_unit_test(a_missing_field_is_refused),
        cmocka_unit_test(each_value_and_length_holds_at_its_limits_and_not_beyond),
        cmocka_unit_test(each_count_holds_at_its_limits_and_not_beyond),
        cmocka_unit_test(the_memory_bound_refuses_no_message_that_the_table_allows),
        cmocka_unit_test(lists_of_every_length_fit_the_memory_bound),
        cmocka_unit_test(no_truncation_is_accepted_where_the_last_field_must_be_there),
    };

    return cmocka_run_group_tests(tests, make_samples, drop_samples);
}
