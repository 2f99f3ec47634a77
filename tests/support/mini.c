/* mini — a descriptor by hand, and its table. */
#include "tests/support/mini.h"

#include "base/strict_table.h"

#define FIELD(tag, name, type, more)                                                               \
    {                                                                                              \
#name, tag, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_##type, 0, offsetof(struct mini, name), \
            more, NULL, 0, 0, NULL, NULL                                                           \
    }
#define TEXT(tag, name)                                                                            \
    {                                                                                              \
#name, tag, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_STRING, 0, offsetof(struct mini, name), \
            NULL, &protobuf_c_empty_string, 0, 0, NULL, NULL                                       \
    }
#define REPEATED(tag, name, type, more, flag)                                                      \
    {                                                                                              \
#name, tag, PROTOBUF_C_LABEL_REPEATED, PROTOBUF_C_TYPE_##type,                             \
            offsetof(struct mini, n_##name), offsetof(struct mini, name), more, NULL, flag, 0,     \
            NULL, NULL                                                                             \
    }
#define MEMBER(tag, name, type, more)                                                              \
    {                                                                                              \
#name, tag, PROTOBUF_C_LABEL_NONE, PROTOBUF_C_TYPE_##type,                                 \
            offsetof(struct mini, choice_case), offsetof(struct mini, name), more, NULL,           \
            PROTOBUF_C_FIELD_FLAG_ONEOF, 0, NULL, NULL                                             \
    }

static const ProtobufCEnumValue kind_values[] = {{"KIND_UNSPECIFIED", "KIND_UNSPECIFIED", 0},
                                                 {"FIRST", "FIRST", 1},
                                                 {"SECOND", "SECOND", 2},
                                                 {"FOURTH", "FOURTH", 4}};
static const ProtobufCEnumValueIndex kind_names[] = {
    {"FIRST", 1}, {"FOURTH", 3}, {"KIND_UNSPECIFIED", 0}, {"SECOND", 2}};
static const ProtobufCIntRange kind_ranges[] = {{0, 0}, {4, 3}, {0, 4}};
static const ProtobufCEnumDescriptor kind = {.magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,
                                             .name = "tests.Kind",
                                             .short_name = "Kind",
                                             .c_name = "Kind",
                                             .package_name = "tests",
                                             .n_values = 4,
                                             .values = kind_values,
                                             .n_value_names = 4,
                                             .values_by_name = kind_names,
                                             .n_value_ranges = 2,
                                             .value_ranges = kind_ranges};

static const ProtobufCFieldDescriptor fields[] = {
    FIELD(1, number, UINT32, NULL),
    FIELD(2, at_ms, INT64, NULL),
    FIELD(3, big, UINT64, NULL),
    FIELD(4, flag, BOOL, NULL),
    FIELD(5, kind, ENUM, &kind),
    TEXT(6, name),
    FIELD(7, octets, BYTES, NULL),
    FIELD(8, inner, MESSAGE, &mini_descriptor),
    REPEATED(9, numbers, UINT64, NULL, PROTOBUF_C_FIELD_FLAG_PACKED),
    REPEATED(10, hashes, BYTES, NULL, 0),
    REPEATED(11, minis, MESSAGE, &mini_descriptor, 0),
    MEMBER(12, left, MESSAGE, &mini_descriptor),
    MEMBER(13, right, UINT32, NULL),
    FIELD(14, open, ENUM, &kind),
    TEXT(15, lines),
    REPEATED(16, names, STRING, NULL, 0),
    REPEATED(18, kinds, ENUM, &kind, PROTOBUF_C_FIELD_FLAG_PACKED),
};
static const unsigned names[] = {1, 2, 3, 9, 7, 4, 16, 11, 14, 10, 5, 15, 0, 8, 6, 13, 12};
static const ProtobufCIntRange ranges[] = {{1, 0}, {18, 16}, {0, 17}};
const ProtobufCMessageDescriptor mini_descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "tests.Mini",
    .short_name = "Mini",
    .c_name = "mini",
    .package_name = "tests",
    .sizeof_message = sizeof(struct mini),
    .n_fields = 17,
    .fields = fields,
    .fields_sorted_by_name = names,
    .n_field_ranges = 2,
    .field_ranges = ranges,
};

static const struct strict_field rows[] = {
    ROW_NUMBER(1, MUST, 10, 20),
    ROW_MS(2, MAY),
    ROW_NUMBER(3, MAY, 0, STRICT_SEQ_MAX),
    ROW_BOOL(4),
    ROW_ENUM(5, MAY, 1, 4),
    ROW_TEXT(6, MAY, 2, 8),
    ROW_EXACT(7, MAY, 4),
    ROW_MESSAGE(8, MAY),
    ROW_ITEMS(9, 5, 300, 0, 3),
    ROW_ITEMS(10, 4, 4, 0, 2),
    ROW_MESSAGES(11, 0, 2),
    ROW_MESSAGE(12, MAY),
    ROW_NUMBER(13, MAY, 0, 100),
    ROW_OPEN(14, MAY),
    ROW_LINES(15, MAY, 0, 8),
    ROW_ITEMS(16, 1, 4, 0, 2),
    ROW_ITEMS(18, 1, 4, 0, 3),
};
static const struct strict_message messages[] = {{&mini_descriptor, rows, 17}};
const struct strict_schema mini_schema = {messages, 1, NULL};
