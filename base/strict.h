/* strict — unpack a protobuf message and refuse everything that is not its one canonical encoding, or outside the
 * lengths, ranges and counts of the schema's comments (docs/PROTOCOL.md, "Canonical form").
 *
 * A schema is a table beside the generated code: one strict_message a message, one strict_field a field. Encoding
 * rules need no table; STRICT_ENCODING applies them alone, STRICT_SCHEMA the table as well. Pure. */
#ifndef HOTLINE_BASE_STRICT_H
#define HOTLINE_BASE_STRICT_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"

enum strict_need { STRICT_MUST, STRICT_MAY };

/* What one field may hold. bytes, string: min..max octets (of each item when repeated). integers, enums: min..max value;
 * an enum with is_open accepts numbers the schema does not name (never negative, never reserved). Times (*_ms) use
 * STRICT_MS_MIN..STRICT_MS_MAX. Repeated: items_min..items_max. Sub-messages: need and items only.
 * String rules beyond length: UTF-8, no NUL always; has_no_controls also refuses C0, DEL and C1 (tab and newline too). */
struct strict_field {
    uint32_t tag;
    enum strict_need need;
    uint64_t min, max;
    uint32_t items_min, items_max;
    bool is_open;
    bool allows_newlines; /* strings: LF and TAB are allowed (free texts) */
};
struct strict_message {
    const ProtobufCMessageDescriptor *descriptor;
    const struct strict_field
        *fields; /* ascending by tag, every field of the descriptor has a row */
    size_t field_count;
};
struct strict_schema {
    const struct strict_message *messages;
    size_t message_count;
    const struct strict_schema *below; /* looked up next; NULL ends the chain */
};

#define STRICT_MS_MIN      1600000000000ULL
#define STRICT_MS_MAX      4102444800000ULL
#define STRICT_SEQ_MAX     0x7fffffffffffffffULL /* 2^63 - 1 */
#define STRICT_NESTING_MAX 5
/* What unpacking may allocate. Of a broadcast's Address, 26 octets, protobuf-c makes 113 and up to 64 more while it scans;
 * with 4 x input it would refuse canonical lists of more than some 200 desks. */
#define STRICT_MEMORY(input_len) (8 * (input_len) + 4096)

/* Why a message was refused; `where` is "Message.field", static or NUL-terminated text without outside bytes. */
struct strict_fault {
    char where[96];
    const char *what;
};

/* Unpack `input` as `descriptor`. `schema` NULL = encoding rules only. ret_fault may be NULL.
 * The caller owns *ret_message (protobuf_c_message_free_unpacked(message, NULL)).
 * Errors: HL_EFORMAT (with *ret_fault set; also when STRICT_MEMORY(input.len) is not enough), HL_ENOMEM (the machine has
 * no memory: says nothing about the input). */
HL_MUST_CHECK int strict_unpack(const ProtobufCMessageDescriptor *descriptor,
                                const struct strict_schema *schema, struct bytes input,
                                ProtobufCMessage **ret_message, struct strict_fault *ret_fault);

/* Encoding rules only, with the schema's policy for unknown enum numbers. Errors: HL_EFORMAT. */
HL_MUST_CHECK int strict_check_encoding(const ProtobufCMessageDescriptor *descriptor,
                                        const struct strict_schema *schema, struct bytes input,
                                        struct strict_fault *ret_fault);

/* Pack a message that we built. The caller owns *ret_packed. An assert of the caller's own: unpack it again with the
 * schema before signing. Errors: HL_ENOMEM. */
HL_MUST_CHECK int strict_pack(const ProtobufCMessage *message, struct blob **ret_packed);

/* The row of a field, for who judges a value before there is a message; NULL: none. */
const struct strict_field *strict_rule(const struct strict_schema *schema,
                                       const ProtobufCMessageDescriptor *type, uint32_t tag);

/* A view of octets as a field of a message that will only be packed: protobuf-c's fields are not const. */
ProtobufCBinaryData strict_octets(const uint8_t *octets, size_t len);

#endif
