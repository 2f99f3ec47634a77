/* strict — one walk over the wire format checks encoding and schema, then protobuf-c unpacks under a budget, and the
 * result must pack to the same octets. */
#include "base/strict.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIELDS_MAX 64 /* largest message: Notice */

/* One open message on the way down. */
struct frame {
    const ProtobufCMessageDescriptor *type;
    const struct strict_message *rules; /* NULL: encoding rules only */
    size_t end;
    unsigned last_index; /* of the field read last, for the order; FIELDS_MAX before the first */
    uint32_t counts[FIELDS_MAX];
};
struct walk {
    struct bytes input;
    size_t at;
    const struct strict_schema *schema;
    bool has_ranges;
    unsigned depth;
    struct frame frames[STRICT_NESTING_MAX];
    struct strict_fault fault;
};

static int refuse(struct walk *walk, const ProtobufCFieldDescriptor *field, const char *what)
{
    const struct frame *frame = &walk->frames[walk->depth - 1];

    (void)snprintf(walk->fault.where, sizeof(walk->fault.where), "%s%s%s", frame->type->short_name,
                   field ? "." : "", field ? field->name : "");
    walk->fault.what = what;
    return HL_EFORMAT;
}

static const struct strict_message *find_rules(const struct strict_schema *schema,
                                               const ProtobufCMessageDescriptor *type)
{
    for (; schema; schema = schema->below) {
        for (size_t i = 0; i < schema->message_count; i++) {
            if (schema->messages[i].descriptor == type)
                return &schema->messages[i];
        }
    }
    return NULL;
}

static const struct strict_field *find_rule(const struct strict_message *rules, uint32_t tag)
{
    for (size_t i = 0; rules && i < rules->field_count; i++) {
        if (rules->fields[i].tag == tag)
            return &rules->fields[i];
    }
    return NULL;
}

static int read_varint(struct walk *walk, size_t end, const ProtobufCFieldDescriptor *field,
                       uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 10; i++) {
        if (walk->at == end)
            return refuse(walk, field, "overrun");
        uint8_t octet = walk->input.data[walk->at++];

        if (i == 9 && octet > 1)
            return refuse(walk, field, "varint over 64 bits");
        value |= (uint64_t)(octet & 0x7f) << (7 * i);
        if (octet & 0x80)
            continue;
        if (octet == 0 && i > 0)
            return refuse(walk, field, "varint not minimal");
        *ret_value = value;
        return HL_OK;
    }
    return refuse(walk, field, "varint over 64 bits");
}

static bool enum_is_named(const ProtobufCEnumDescriptor *type, uint64_t value)
{
    for (unsigned i = 0; i < type->n_values; i++) {
        if (type->values[i].value >= 0 && (uint64_t)type->values[i].value == value)
            return true;
    }
    return false;
}

/* Reserved numbers of an enum are no part of protobuf-c's descriptor; the only one is ReceiptKind 1, in a closed enum. */
static int check_enum(struct walk *walk, const ProtobufCFieldDescriptor *field,
                      const struct strict_field *rule, uint64_t value)
{
    if (value > INT32_MAX)
        return refuse(walk, field, "enum negative or too large");
    if ((!rule || !rule->is_open) && walk->schema && !enum_is_named(field->descriptor, value))
        return refuse(walk, field, "enum number unknown");
    return HL_OK;
}

static int check_number(struct walk *walk, const ProtobufCFieldDescriptor *field,
                        const struct strict_field *rule, uint64_t value)
{
    if (field->type == PROTOBUF_C_TYPE_BOOL && value > 1)
        return refuse(walk, field, "bool not 0 or 1");
    if (field->type == PROTOBUF_C_TYPE_UINT32 && value > UINT32_MAX)
        return refuse(walk, field, "over 32 bits");
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        TRY(check_enum(walk, field, rule, value));
    if (!walk->has_ranges || !rule || field->type == PROTOBUF_C_TYPE_BOOL)
        return HL_OK; /* a field without a rule is refused with its message, by check_counts() */
    bool is_open_word = field->type == PROTOBUF_C_TYPE_ENUM && rule->is_open;
    if (value < rule->min || (!is_open_word && value > rule->max))
        return refuse(walk, field, "out of range");
    return HL_OK;
}

static int check_octets(struct walk *walk, const ProtobufCFieldDescriptor *field,
                        const struct strict_field *rule, struct bytes octets)
{
    bool is_text = field->type == PROTOBUF_C_TYPE_STRING;

    if (is_text && !text_is_utf8(octets))
        return refuse(walk, field, "bad UTF-8 or NUL");
    if (!walk->has_ranges || !rule)
        return HL_OK;
    if (octets.len < rule->min || octets.len > rule->max)
        return refuse(walk, field, "length out of range");
    if (is_text && text_has_control(octets, rule->allows_newlines))
        return refuse(walk, field, "control character");
    return HL_OK;
}

static int push(struct walk *walk, const ProtobufCMessageDescriptor *type, size_t end)
{
    if (walk->depth == STRICT_NESTING_MAX)
        return refuse(walk, NULL, "nested too deep");
    assert(type->n_fields <= FIELDS_MAX);
    walk->frames[walk->depth++] = (struct frame){
        .type = type,
        .rules = walk->schema ? find_rules(walk->schema, type) : NULL,
        .end = end,
        .last_index = FIELDS_MAX,
    };
    if (walk->has_ranges && !walk->frames[walk->depth - 1].rules)
        return refuse(walk, NULL, "message without rules");
    return HL_OK;
}

static int read_packed(struct walk *walk, const ProtobufCFieldDescriptor *field,
                       const struct strict_field *rule, size_t len, uint32_t *count)
{
    size_t end = walk->at + len;

    if (len == 0)
        return refuse(walk, field, "empty packed field");
    while (walk->at < end) {
        uint64_t value = 0;

        TRY(read_varint(walk, end, field, &value));
        TRY(check_number(walk, field, rule, value));
        (*count)++;
    }
    return HL_OK;
}

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static bool has_presence(const ProtobufCFieldDescriptor *field)
{
    return is_repeated(field) || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
           field->type == PROTOBUF_C_TYPE_MESSAGE;
}

static bool is_scalar_number(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_BYTES &&
           field->type != PROTOBUF_C_TYPE_MESSAGE;
}

static int read_length_value(struct walk *walk, struct frame *frame,
                             const ProtobufCFieldDescriptor *field, const struct strict_field *rule,
                             uint32_t *count)
{
    uint64_t len = 0;

    TRY(read_varint(walk, frame->end, field, &len));
    if (len > frame->end - walk->at)
        return refuse(walk, field, "overrun");
    if (is_scalar_number(field))
        return read_packed(walk, field, rule, (size_t)len, count);
    (*count)++;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return push(walk, field->descriptor, walk->at + (size_t)len);
    if (len == 0 && !has_presence(field))
        return refuse(walk, field, "explicit default");
    struct bytes octets = BYTES(walk->input.data + walk->at, (size_t)len);
    walk->at += (size_t)len;
    return check_octets(walk, field, rule, octets);
}

static int read_number_value(struct walk *walk, struct frame *frame,
                             const ProtobufCFieldDescriptor *field, const struct strict_field *rule,
                             uint32_t *count)
{
    uint64_t value = 0;

    TRY(read_varint(walk, frame->end, field, &value));
    (*count)++;
    if (value == 0 && !has_presence(field))
        return refuse(walk, field, "explicit default");
    return check_number(walk, field, rule, value);
}

/* Fields ascend; only a repeated text, octets or message field may follow itself. Members of a oneof exclude each other. */
static int check_order(struct walk *walk, struct frame *frame,
                       const ProtobufCFieldDescriptor *field, unsigned index)
{
    bool is_same = frame->last_index == index;

    if (frame->last_index != FIELDS_MAX && index < frame->last_index)
        return refuse(walk, field, "out of order");
    if (is_same && !(is_repeated(field) && !is_scalar_number(field)))
        return refuse(walk, field, "repeated");
    for (unsigned i = 0; (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && i < index; i++) {
        const ProtobufCFieldDescriptor *other = &frame->type->fields[i];

        if ((other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
            other->quantifier_offset == field->quantifier_offset && frame->counts[i] > 0)
            return refuse(walk, field, "two members of a oneof");
    }
    frame->last_index = index;
    return HL_OK;
}

static int read_field(struct walk *walk)
{
    struct frame *frame = &walk->frames[walk->depth - 1];
    uint64_t key = 0;

    TRY(read_varint(walk, frame->end, NULL, &key));
    uint64_t tag = key >> 3;
    unsigned wire = (unsigned)(key & 7);
    const ProtobufCFieldDescriptor *field =
        tag > 0 && tag <= INT32_MAX
            ? protobuf_c_message_descriptor_get_field(frame->type, (unsigned)tag)
            : NULL;
    if (!field)
        return refuse(walk, NULL, "unknown field");
    unsigned index = (unsigned)(field - frame->type->fields);
    bool wants_length = !is_scalar_number(field) || is_repeated(field);
    if (wire != (wants_length ? 2U : 0U))
        return refuse(walk, field,
                      is_repeated(field) && wire == 0 ? "not packed" : "wrong wire type");
    TRY(check_order(walk, frame, field, index));
    const struct strict_field *rule = find_rule(frame->rules, field->id);
    if (wants_length)
        return read_length_value(walk, frame, field, rule, &frame->counts[index]);
    return read_number_value(walk, frame, field, rule, &frame->counts[index]);
}

/* The message is complete: are all fields there that must be, as often as they may be? */
static int check_counts(struct walk *walk)
{
    const struct frame *frame = &walk->frames[walk->depth - 1];

    for (unsigned i = 0; walk->has_ranges && i < frame->type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &frame->type->fields[i];
        const struct strict_field *rule = find_rule(frame->rules, field->id);

        if (!rule)
            return refuse(walk, field, "field without a rule");
        if (is_repeated(field) &&
            (frame->counts[i] < rule->items_min || frame->counts[i] > rule->items_max))
            return refuse(walk, field, "count out of range");
        if (!is_repeated(field) && rule->need == STRICT_MUST && frame->counts[i] == 0)
            return refuse(walk, field, "missing");
    }
    return HL_OK;
}

/* The next field of the innermost message, or its end. */
static int walk_step(struct walk *walk)
{
    if (walk->at < walk->frames[walk->depth - 1].end)
        return read_field(walk);
    TRY(check_counts(walk));
    walk->depth--;
    return HL_OK;
}

static int walk_all(struct walk *walk, const ProtobufCMessageDescriptor *type)
{
    TRY(push(walk, type, walk->input.len));
    while (walk->depth > 0)
        TRY(walk_step(walk));
    return HL_OK;
}

/* protobuf-c allocates through this: at most `left` octets in all. Why it said no decides whose fault it is. */
struct budget {
    size_t left;
    bool is_overdrawn; /* the peer's: too much memory for the octets sent */
    bool is_refused;   /* ours: the machine has none */
};

static void *budget_alloc(void *context, size_t size)
{
    struct budget *budget = context;

    if (size > budget->left) {
        budget->is_overdrawn = true;
        return NULL;
    }
    budget->left -= size;
    void *memory = malloc(size);
    budget->is_refused |= memory == NULL;
    return memory;
}

static void budget_free(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static int check(const ProtobufCMessageDescriptor *type, const struct strict_schema *schema,
                 bool has_ranges, struct bytes input, struct strict_fault *ret_fault)
{
    struct walk walk = {.input = input, .schema = schema, .has_ranges = has_ranges};
    int err = walk_all(&walk, type);

    if (err != HL_OK && ret_fault)
        *ret_fault = walk.fault;
    return err;
}

int strict_check_encoding(const ProtobufCMessageDescriptor *descriptor,
                          const struct strict_schema *schema, struct bytes input,
                          struct strict_fault *ret_fault)
{
    return check(descriptor, schema, false, input, ret_fault);
}

static int refuse_whole(struct strict_fault *ret_fault, const char *what)
{
    if (ret_fault)
        *ret_fault = (struct strict_fault){.where = "", .what = what};
    return HL_EFORMAT;
}

/* Input that breaks no rule of ours must also be what protobuf-c itself would write. */
static int check_repacked(const ProtobufCMessage *message, struct bytes input,
                          struct strict_fault *ret_fault)
{
    AUTO(blob) packed = NULL;

    TRY(strict_pack(message, &packed));
    if (message->n_unknown_fields > 0 || !bytes_equal(bytes_blob(packed), input))
        return refuse_whole(ret_fault, "does not pack to the same octets");
    return HL_OK;
}

int strict_unpack(const ProtobufCMessageDescriptor *descriptor, const struct strict_schema *schema,
                  struct bytes input, ProtobufCMessage **ret_message,
                  struct strict_fault *ret_fault)
{
    static const uint8_t nothing[1];

    TRY(check(descriptor, schema, schema != NULL, input, ret_fault));
    struct budget budget = {.left = STRICT_MEMORY(input.len)};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, input.len,
                                                          input.len > 0 ? input.data : nothing);

    if (!message && budget.is_refused)
        return HL_ENOMEM;
    if (!message)
        return refuse_whole(ret_fault, budget.is_overdrawn ? "needs too much memory for its length"
                                                           : "protobuf-c refuses it");
    int err = check_repacked(message, input, ret_fault);
    if (err != HL_OK) {
        protobuf_c_message_free_unpacked(message, NULL);
        return err;
    }
    *ret_message = message;
    return HL_OK;
}

int strict_pack(const ProtobufCMessage *message, struct blob **ret_packed)
{
    size_t size = protobuf_c_message_get_packed_size(message);

    TRY(blob_new(size, ret_packed));
    size_t written = protobuf_c_message_pack(message, (*ret_packed)->data);
    assert(written == size);
    (void)written;
    return HL_OK;
}

ProtobufCBinaryData strict_octets(const uint8_t *octets, size_t len)
{
    union {
        const uint8_t *in;
        uint8_t *out;
    } view = {.in = octets}; /* a cast would drop const where nobody sees it */

    return (ProtobufCBinaryData){len, view.out};
}

const struct strict_field *strict_rule(const struct strict_schema *schema,
                                       const ProtobufCMessageDescriptor *type, uint32_t tag)
{
    return find_rule(find_rules(schema, type), tag);
}
