/* samples — encodings of every message of a schema, from its tables. */
#include "tests/support/samples.h"

#include <stdio.h>
#include <stdlib.h>

#define MESSAGES_MAX 160

struct samples {
    const struct strict_message *messages[MESSAGES_MAX];
    struct blob *least[MESSAGES_MAX];
    unsigned depth[MESSAGES_MAX];
    size_t count;
};

static _Noreturn void die(const char *what, const char *name)
{
    (void)fprintf(stderr, "samples: %s: %s\n", what, name);
    abort();
}

static size_t find(const struct samples *samples, const void *descriptor)
{
    for (size_t i = 0; i < samples->count; i++) {
        if (samples->messages[i]->descriptor == descriptor)
            return i;
    }
    die("no such message", ((const ProtobufCMessageDescriptor *)descriptor)->name);
}

static void add_varint(struct buf *to, uint64_t value)
{
    for (; value > 127; value >>= 7)
        buf_add_u8(to, (uint8_t)(value | 0x80));
    buf_add_u8(to, (uint8_t)value);
}

static bool is_number(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_BYTES &&
           field->type != PROTOBUF_C_TYPE_MESSAGE;
}

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static void add_packed(struct buf *to, uint32_t items, uint64_t value)
{
    AUTO_BUF packed;

    buf_init(&packed, SAMPLES_MAX);
    for (uint32_t i = 0; i < items; i++)
        add_varint(&packed, value);
    add_varint(to, packed.len);
    buf_add(to, buf_bytes(&packed));
}

static void add_octets(struct buf *to, uint64_t len)
{
    static const char block[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789ab";

    add_varint(to, len);
    for (; len > 64; len -= 64)
        buf_add(to, BYTES(block, 64));
    buf_add(to, BYTES(block, len));
}

static void add_field(const struct samples *samples, const ProtobufCFieldDescriptor *field,
                      uint32_t items, uint64_t value, struct buf *to)
{
    bool is_packed = is_number(field) && is_repeated(field);

    for (uint32_t i = 0; i < (is_packed && items > 0 ? 1 : items); i++) {
        add_varint(to, (uint64_t)field->id << 3 | (is_number(field) && !is_packed ? 0 : 2));
        if (is_packed) {
            add_packed(to, items, value);
        } else if (is_number(field)) {
            add_varint(to, value);
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            const struct blob *inner = samples->least[find(samples, field->descriptor)];

            add_varint(to, inner->len);
            buf_add(to, bytes_blob(inner));
        } else {
            add_octets(to, value);
        }
    }
}

/* The least value that a present field can have: zero and empty are not written. */
static uint64_t least_value(const struct strict_field *rule)
{
    return rule->min > 0 ? rule->min : 1;
}

static uint32_t least_items(const ProtobufCFieldDescriptor *field, const struct strict_field *rule)
{
    if (is_repeated(field))
        return rule->items_min;
    return rule->need == STRICT_MUST ? 1 : 0;
}

void samples_write(const struct samples *samples, size_t index, const struct sample_change *change,
                   struct buf *to)
{
    const struct strict_message *message = samples->messages[index];

    for (size_t i = 0; i < message->field_count; i++) {
        const struct strict_field *rule = &message->fields[i];
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool is_changed = change && change->tag == rule->tag;

        add_field(samples, field, is_changed ? change->items : least_items(field, rule),
                  is_changed ? change->value : least_value(rule), to);
    }
}

static uint64_t full_value(const ProtobufCFieldDescriptor *field, const struct strict_field *rule,
                           bool is_longest)
{
    if (!is_longest || field->type == PROTOBUF_C_TYPE_BOOL)
        return least_value(rule);
    return rule->max;
}

void samples_write_full(const struct samples *samples, size_t index, uint32_t items,
                        bool is_longest, struct buf *to)
{
    const struct strict_message *message = samples->messages[index];
    bool has_member = false; /* no message of ours has two oneofs */

    for (size_t i = 0; i < message->field_count; i++) {
        const struct strict_field *rule = &message->fields[i];
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool is_member = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        uint32_t count = is_repeated(field) ? rule->items_max : 1;

        if (is_member && has_member)
            continue;
        has_member |= is_member;
        if (is_repeated(field) && count > items)
            count = items > rule->items_min ? items : rule->items_min;
        add_field(samples, field, count, full_value(field, rule, is_longest), to);
    }
}

/* The depth when all messages inside are known already, else 0. */
static unsigned depth_now(const struct samples *samples, const struct strict_message *message)
{
    unsigned depth = 1;

    for (size_t i = 0; i < message->field_count; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];

        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        unsigned inner = samples->depth[find(samples, field->descriptor)];
        if (inner == 0)
            return 0;
        depth = inner + 1 > depth ? inner + 1 : depth;
    }
    return depth;
}

static bool learn_one(struct samples *samples, size_t index)
{
    AUTO_BUF least;
    unsigned depth = depth_now(samples, samples->messages[index]);

    buf_init(&least, SAMPLES_MAX);
    if (depth == 0)
        return false;
    samples_write(samples, index, NULL, &least);
    samples->depth[index] = depth;
    if (buf_to_blob(&least, &samples->least[index]) != HL_OK)
        die("no memory", samples->messages[index]->descriptor->name);
    return true;
}

struct samples *samples_new(const struct strict_schema *schema)
{
    struct samples *samples = calloc(1, sizeof(*samples));

    if (!samples)
        die("no memory", "");
    for (; schema; schema = schema->below) {
        for (size_t i = 0; i < schema->message_count; i++) {
            if (samples->count == MESSAGES_MAX)
                die("too many messages", schema->messages[i].descriptor->name);
            if (schema->messages[i].field_count != schema->messages[i].descriptor->n_fields)
                die("not a row for each field", schema->messages[i].descriptor->name);
            samples->messages[samples->count++] = &schema->messages[i];
        }
    }
    size_t known = 0;
    for (size_t round = 0; known < samples->count; round++) {
        if (round > samples->count)
            die("a message contains itself", "");
        for (size_t i = 0; i < samples->count; i++)
            known += !samples->least[i] && learn_one(samples, i);
    }
    return samples;
}

void samples_free(struct samples *samples)
{
    if (!samples)
        return;
    for (size_t i = 0; i < samples->count; i++)
        blob_free(samples->least[i]);
    free(samples);
}

size_t samples_count(const struct samples *samples)
{
    return samples->count;
}

const struct strict_message *samples_message(const struct samples *samples, size_t index)
{
    return samples->messages[index];
}

struct bytes samples_least(const struct samples *samples, size_t index)
{
    return bytes_blob(samples->least[index]);
}

unsigned samples_depth(const struct samples *samples, size_t index)
{
    return samples->depth[index];
}
