/* test_strict — each encoding rule of docs/PROTOCOL.md, "Canonical form", broken once, on a message with a field of every
 * kind; memory. Ranges, lengths and counts: test_strict_rules. */
#include "tests/support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/support/mini_case.h"
#include "tests/support/nth_alloc.h"

static void every_kind_of_field_is_read_in_its_one_encoding(void **state)
{
    static const struct mini_case inputs[] = {
        {"", NULL, NULL},
        {"0801", NULL, NULL},
        {"08ffffffff0f", NULL, NULL},           /* uint32 2^32 - 1 */
        {"10ffffffffffffffffff01", NULL, NULL}, /* int64 -1 */
        {"18ffffffffffffffffff01", NULL, NULL}, /* uint64 2^64 - 1 */
        {"2001", NULL, NULL},
        {"2804", NULL, NULL},
        {"320161", NULL, NULL},
        {"3206 61cc81 f09f98", "Mini.name", "bad UTF-8 or NUL"},
        {"3a0100", NULL, NULL},
        {"4200", NULL, NULL}, /* an empty message is there */
        {"4a03 01 8002", NULL, NULL},
        {"4a0100", NULL, NULL},      /* in a list a zero is a value */
        {"5200 520101", NULL, NULL}, /* and empty octets are an item */
        {"5a00 5a020801", NULL, NULL},
        {"6200", NULL, NULL},
        {"6800", NULL, NULL}, /* a oneof knows presence: zero is written */
        {"70e807", NULL, NULL},
        {"7a020a09", NULL, NULL},
        {"8201 00 820101 61", NULL, NULL},
        {"9201 03 000104", NULL, NULL},
        {"0801 10 01 1801 2001 2801 320161 3a0101 4200 4a0101 520101 5a00 6801 7001 7a0161 82010161"
         "92010101",
         NULL, NULL},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void varints_are_minimal_and_fit(void **state)
{
    static const struct mini_case inputs[] = {
        {"088000", "Mini.number", "varint not minimal"},
        {"08818000", "Mini.number", "varint not minimal"},
        {"888000 01", "Mini", "varint not minimal"},       /* the tag */
        {"3a810001", "Mini.octets", "varint not minimal"}, /* the length */
        {"4a028100", "Mini.numbers", "varint not minimal"},
        {"088080808010", "Mini.number", "over 32 bits"},
        {"18ffffffffffffffffff02", "Mini.big", "varint over 64 bits"},
        {"1880808080808080808080 01", "Mini.big", "varint over 64 bits"},
        {"18ffffffffffffffffffff", "Mini.big", "varint over 64 bits"},
        {"08", "Mini.number", "overrun"},
        {"0880", "Mini.number", "overrun"},
        {"80", "Mini", "overrun"},
        {"4a0180 01", "Mini.numbers", "overrun"},
        {"4a0180", "Mini.numbers", "overrun"},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void a_default_value_is_not_written(void **state)
{
    static const struct mini_case inputs[] = {
        {"0800", "Mini.number", "explicit default"},
        {"1000", "Mini.at_ms", "explicit default"},
        {"1800", "Mini.big", "explicit default"},
        {"2000", "Mini.flag", "explicit default"},
        {"2800", "Mini.kind", "explicit default"},
        {"3200", "Mini.name", "explicit default"},
        {"3a00", "Mini.octets", "explicit default"},
        {"4a00", "Mini.numbers", "empty packed field"},
        {"42020800", "Mini.number", "explicit default"},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void fields_ascend_and_stand_once(void **state)
{
    static const struct mini_case inputs[] = {
        {"1001 0801", "Mini.number", "out of order"},
        {"7001 6801", "Mini.right", "out of order"}, /* members of a oneof too */
        {"520101 4a0101", "Mini.numbers", "out of order"},
        {"5a00 520101", "Mini.hashes", "out of order"},
        {"0801 0801", "Mini.number", "repeated"},
        {"320161 320161", "Mini.name", "repeated"},
        {"4200 4200", "Mini.inner", "repeated"},
        {"4a0101 4a0101", "Mini.numbers", "repeated"},
        {"5200 5a00 5200", "Mini.hashes", "out of order"},
        {"6200 6200", "Mini.left", "repeated"},
        {"6200 6800", "Mini.right", "two members of a oneof"},
        {"4206 10010801 6200", "Mini.number", "out of order"},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void repeated_numbers_are_packed_and_nothing_else(void **state)
{
    static const struct mini_case inputs[] = {
        {"4801", "Mini.numbers", "not packed"},
        {"4801 4802", "Mini.numbers",
         "not packed"}, /* as long as its packed form: only octets tell */
        {"9001 01", "Mini.kinds", "not packed"},
        {"0a0101", "Mini.number", "wrong wire type"},
        {"0d01000000", "Mini.number", "wrong wire type"},
        {"090100000000000000", "Mini.number", "wrong wire type"},
        {"0b0c", "Mini.number", "wrong wire type"},
        {"0f", "Mini.number", "wrong wire type"},
        {"3001", "Mini.name", "wrong wire type"},
        {"3801", "Mini.octets", "wrong wire type"},
        {"4001", "Mini.inner", "wrong wire type"},
        {"5001", "Mini.hashes", "not packed"},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void unknown_fields_are_refused_at_every_depth(void **state)
{
    static const struct mini_case inputs[] = {
        {"8801 01", "Mini", "unknown field"}, /* 17, between known ones */
        {"9801 01", "Mini", "unknown field"},
        {"00", "Mini", "unknown field"},
        {"0001", "Mini", "unknown field"},
        {"f8ffffff0f 01", "Mini", "unknown field"}, /* 2^29 - 1 */
        {"f8ffffffffffffffff01 01", "Mini", "unknown field"},
        {"8880808010 01", "Mini", "unknown field"}, /* 2^29 + 1, which is 1 modulo 2^29 */
        {"8880808080808001 01", "Mini", "unknown field"},
        {"4203 880101", "Mini", "unknown field"},
        {"6205 4203 880101", "Mini", "unknown field"},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void lengths_do_not_leave_their_message(void **state)
{
    static const struct mini_case inputs[] = {
        {"3a0201", "Mini.octets", "overrun"},
        {"3affffffff0f01", "Mini.octets", "overrun"},
        {"3affffffffffffffffff01 01", "Mini.octets", "overrun"},
        {"4201 08 01", "Mini.number", "overrun"}, /* the inner message ends inside its field */
        {"4203 3a0201 01", "Mini.octets", "overrun"},
        {"4a0301", "Mini.numbers", "overrun"},
        {"42", "Mini.inner", "overrun"},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void texts_are_utf8_without_nul(void **state)
{
    static const struct mini_case inputs[] = {
        {"3203eda080", "Mini.name", "bad UTF-8 or NUL"},
        {"3202c080", "Mini.name", "bad UTF-8 or NUL"},
        {"32026100", "Mini.name", "bad UTF-8 or NUL"},
        {"3201ff", "Mini.name", "bad UTF-8 or NUL"},
        {"3202c361", "Mini.name", "bad UTF-8 or NUL"},
        {"8201 01 80", "Mini.names", "bad UTF-8 or NUL"},
        {"3204f4908080", "Mini.name", "bad UTF-8 or NUL"},
        {"3204f48fbfbf", NULL, NULL},
        {"320365cc81", NULL, NULL}, /* not in NFC: allowed */
        {"3a0100", NULL, NULL},     /* octets may be anything */
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void bools_and_enums_have_their_values_only(void **state)
{
    static const struct mini_case inputs[] = {
        {"2002", "Mini.flag", "bool not 0 or 1"},
        {"20ffffffffffffffffff01", "Mini.flag", "bool not 0 or 1"},
        {"28ffffffffffffffffff01", "Mini.kind", "enum negative or too large"}, /* -1 */
        {"288080808008", "Mini.kind", "enum negative or too large"},           /* 2^31 */
        {"28ffffffff0f", "Mini.kind", "enum negative or too large"},           /* -1 in 32 bits */
        {"70ffffffffffffffffff01", "Mini.open", "enum negative or too large"},
        {"9201 0b 01ffffffffffffffffff01", "Mini.kinds", "enum negative or too large"},
        {"2803", NULL, NULL}, /* without a table nobody knows which enums are open */
        {"28ffffffff07", NULL, NULL},
    };

    (void)state;
    MINI_EXPECT(NULL, inputs);
}

static void nesting_is_bounded_before_anything_recurses(void **state)
{
    static const struct mini_case inputs[] = {
        {"4206 4204 4202 4200", NULL, NULL},
        {"4208 4206 4204 4202 4200", "Mini", "nested too deep"},
        {"6208 5a06 4204 6202 4200", "Mini", "nested too deep"},
    };
    struct strict_fault fault;
    AUTO_BUF deep;

    (void)state;
    MINI_EXPECT(NULL, inputs);
    buf_init(&deep, 1 << 20);
    for (size_t i = 0; i < 200000;
         i++) /* lengths do not fit, but a recursion would be deep by then */
        buf_add(&deep, BYTES("\x42\x04", 2));
    assert_int_equal(mini_unpack(NULL, buf_bytes(&deep), &fault), HL_EFORMAT);
}

/* A descriptor that lacks the flag `packed`: the walk asks for packed, protobuf-c reads both forms and writes the other. */
static void what_protobuf_c_writes_otherwise_is_refused(void **state)
{
    AUTO(blob) octets = mini_octets("4a020102");
    ProtobufCFieldDescriptor fields[17];
    ProtobufCMessageDescriptor other = mini_descriptor;
    ProtobufCMessage *message = NULL;
    struct strict_fault fault = {.what = ""};

    (void)state;
    memcpy(fields, mini_descriptor.fields, sizeof(fields));
    fields[8].flags = 0;
    other.fields = fields;
    assert_int_equal(strict_unpack(&other, NULL, bytes_blob(octets), &message, &fault), HL_EFORMAT);
    assert_string_equal(fault.what, "does not pack to the same octets");
    assert_null(message);
}

/* Two octets an empty message: protobuf-c would make 200 of each. */
static void memory_out_of_proportion_is_the_input_s_fault(void **state)
{
    struct strict_fault fault;
    AUTO_BUF many;

    (void)state;
    buf_init(&many, 1 << 20);
    for (size_t i = 0; i < 10000; i++)
        buf_add(&many, BYTES("\x5a\x00", 2));
    assert_int_equal(mini_unpack(NULL, buf_bytes(&many), &fault), HL_EFORMAT);
    assert_string_equal(fault.what, "needs too much memory for its length");
    /* each allocation small enough, all of them not */
    assert_int_equal(mini_unpack(NULL, BYTES(many.data, 800), &fault), HL_EFORMAT);
    assert_string_equal(fault.what, "needs too much memory for its length");
    assert_int_equal(mini_unpack(NULL, BYTES(many.data, 20), &fault), HL_OK);
}

static int unpack(void *context)
{
    struct strict_fault fault = {.what = "untouched"};
    ProtobufCMessage *message = NULL;

    int err = strict_unpack(&mini_descriptor, &mini_schema, bytes_blob(context), &message, &fault);
    assert_true((err == HL_OK) == (message != NULL));
    assert_string_equal(fault.what, "untouched");
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

static void each_allocation_may_fail_and_is_never_the_input_s_fault(void **state)
{
    (void)state;
    nth_alloc_require();
    struct blob *octets = mini_octets("080a 32026161 3a0401020304 4a0105 520401020304 5a02080a"
                                      "6202080a 7a0161 82010161 92010101");
    assert_true(nth_alloc_sweep(unpack, octets) > 11);
    blob_free(octets);
}

static void packing_fails_when_memory_does(void **state)
{
    struct mini message = {.base = {.descriptor = &mini_descriptor}, .number = 10};
    struct blob *packed = NULL;

    (void)state;
    message.name = message.lines = (char *)(uintptr_t)protobuf_c_empty_string;
    nth_alloc_require();
    nth_alloc_arm(1);
    int err = strict_pack(&message.base, &packed);
    assert_true(nth_alloc_disarm());
    assert_int_equal(err, HL_ENOMEM);
    assert_null(packed);
    assert_int_equal(strict_pack(&message.base, &packed), HL_OK);
    assert_int_equal(packed->len, 2);
    assert_memory_equal(packed->data, "\x08\x0a", 2);
    blob_free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field_is_read_in_its_one_encoding),
        cmocka_unit_test(varints_are_minimal_and_fit),
        cmocka_unit_test(a_default_value_is_not_written),
        cmocka_unit_test(fields_ascend_and_stand_once),
        cmocka_unit_test(repeated_numbers_are_packed_and_nothing_else),
        cmocka_unit_test(unknown_fields_are_refused_at_every_depth),
        cmocka_unit_test(lengths_do_not_leave_their_message),
        cmocka_unit_test(texts_are_utf8_without_nul),
        cmocka_unit_test(bools_and_enums_have_their_values_only),
        cmocka_unit_test(nesting_is_bounded_before_anything_recurses),
        cmocka_unit_test(what_protobuf_c_writes_otherwise_is_refused),
        cmocka_unit_test(memory_out_of_proportion_is_the_input_s_fault),
        cmocka_unit_test(each_allocation_may_fail_and_is_never_the_input_s_fault),
        cmocka_unit_test(packing_fails_when_memory_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
