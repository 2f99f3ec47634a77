/* form_value — one value of a form: number, word, time, id, desk or text. */
#include "client/form_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

void form_value_fault(const struct fill *fill, const char *message)
{
    form_fault_add(fill->faults, fill->entry->line, fill->entry->key, "%s", message);
}

ProtobufCMessage *form_value_new(const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = calloc(1, type->sizeof_message);

    if (message)
        protobuf_c_message_init(type, message);
    return message;
}

static int read_integer(const struct fill *fill, uint64_t *ret_value)
{
    char *after = NULL;

    errno = 0;
    *ret_value = strtoull(fill->entry->value, &after, 10);
    bool is_over = errno == ERANGE;
    if (*after != '\0' || fill->entry->value[0] == '-') {
        form_value_fault(fill, "expected a whole number");
        return HL_EFORMAT;
    }
    if (is_over || (fill->rule && (*ret_value < fill->rule->min || *ret_value > fill->rule->max))) {
        if (fill->rule)
            form_fault_add(fill->faults, fill->entry->line, fill->entry->key,
                           "expected a number from %" PRIu64 " to %" PRIu64, fill->rule->min,
                           fill->rule->max);
        else
            form_value_fault(fill, "the number is too large");
        return HL_EFORMAT;
    }
    return HL_OK;
}

static int read_word(const struct fill *fill, const ProtobufCEnumDescriptor *type,
                     uint32_t *ret_value)
{
    if (form_word_parse(type, fill->entry->value, ret_value) == HL_OK)
        return HL_OK;

    AUTO_BUF words;
    buf_init(&words, 4096);
    form_words_list(type, &words);
    buf_add_u8(&words, 0);
    form_fault_add(fill->faults, fill->entry->line, fill->entry->key, "`%.60s` is not one of: %s",
                   fill->entry->value, words.err == HL_OK ? (const char *)words.data : "");
    return HL_EFORMAT;
}

static int read_stamp(const struct fill *fill, int64_t *ret_ms)
{
    const char *value = fill->entry->value;
    int64_t relative = 0;

    if (value[0] == '+' && duration_parse(value + 1, &relative) == HL_OK) {
        *ret_ms = fill->context->now_ms + relative;
    } else if (time_parse(value, ret_ms) != HL_OK) {
        form_value_fault(fill, "expected a time as 2026-11-24T14:05:00Z or +15m");
        return HL_EFORMAT;
    }
    if (*ret_ms >= (int64_t)STRICT_MS_MIN && *ret_ms <= (int64_t)STRICT_MS_MAX)
        return HL_OK;
    form_value_fault(fill, "expected a time between 2020-09-14 and 2099-12-31");
    return HL_EFORMAT;
}

/* Does the field take that many octets? */
static bool takes(const struct fill *fill, size_t len)
{
    return !fill->rule || (len >= fill->rule->min && len <= fill->rule->max);
}

static void octets_fault(const struct fill *fill, int err)
{
    if (err == HL_EAMBIGUOUS)
        form_value_fault(fill, "the notice id fits more than one notice");
    else
        form_value_fault(fill, takes(fill, ID_BYTES)
                                   ? "expected 32 hex digits, or `new`"
                                   : "expected the id of a notice at this desk, or 64 hex digits");
}

/* A notice id or 64 hex digits (32-octet fields), 32 hex digits, or `new` (16-octet fields). */
static int read_octets(const struct fill *fill, ProtobufCBinaryData *ret_data)
{
    const char *value = fill->entry->value;
    uint8_t octets[HASH_BYTES];
    size_t len = ID_BYTES;
    int err = HL_EFORMAT;

    if (strcmp(value, "new") == 0) {
        rng_fill(fill->context->rng, octets, ID_BYTES);
        err = HL_OK;
    } else if (strlen(value) == (size_t)2 * ID_BYTES) {
        err = hex_decode(value, octets, ID_BYTES);
    } else if (strlen(value) == (size_t)2 * HASH_BYTES) {
        len = HASH_BYTES;
        err = hex_decode(value, octets, HASH_BYTES);
    } else if (fill->context->find_notice) {
        len = HASH_BYTES;
        err = fill->context->find_notice(fill->context->owner, value, octets);
    }
    if (err == HL_ENOMEM || err == HL_EIO || err == HL_EBUSY)
        return err; /* the look-up's, not the form's */
    if (err != HL_OK || !takes(fill, len)) {
        octets_fault(fill, err);
        return HL_EFORMAT;
    }
    uint8_t *data = malloc(len);
    if (!data)
        return HL_ENOMEM;
    memcpy(data, octets, len);
    *ret_data = (ProtobufCBinaryData){len, data};
    return HL_OK;
}

static int read_bool(const struct fill *fill, protobuf_c_boolean *ret_value)
{
    bool is_yes = strcmp(fill->entry->value, "yes") == 0 || strcmp(fill->entry->value, "true") == 0;
    bool is_no = strcmp(fill->entry->value, "no") == 0 || strcmp(fill->entry->value, "false") == 0;

    if (!is_yes && !is_no) {
        form_value_fault(fill, "expected yes or no");
        return HL_EFORMAT;
    }
    *ret_value = is_yes;
    return HL_OK;
}

bool form_value_check_text(const struct fill *fill, const struct strict_field *rule,
                           const char *text)
{
    size_t len = strlen(text);

    if (!rule)
        return true;
    if (len != rule->max && rule->min == rule->max)
        form_fault_add(fill->faults, fill->entry->line, fill->entry->key,
                       "expected %" PRIu64 " octets, not %zu", rule->max, len);
    else if (len < rule->min || len > rule->max)
        form_fault_add(fill->faults, fill->entry->line, fill->entry->key,
                       "expected %" PRIu64 " to %" PRIu64 " octets, not %zu", rule->min, rule->max,
                       len);
    else if (text_has_control(bytes_text(text), rule->allows_newlines))
        form_value_fault(fill, rule->allows_newlines
                                   ? "a control character stands in it"
                                   : "a control character or a second line stands in it");
    else
        return true;
    return false;
}

static int read_string(const struct fill *fill, char **ret_text)
{
    if (!form_value_check_text(fill, fill->rule, fill->entry->value))
        return HL_EFORMAT;
    char *text = strdup(fill->entry->value);

    if (!text)
        return HL_ENOMEM;
    *ret_text = text;
    return HL_OK;
}

/* Desk and Stamp are messages written as one value. */
int form_value_read_leaf(const struct fill *fill, const ProtobufCMessageDescriptor *type,
                         ProtobufCMessage **slot)
{
    struct desk_id desk;
    int64_t stamp_ms = 0;
    bool is_desk = type == &hotline__v1__desk__descriptor;

    if (is_desk && desk_parse(fill->context->trust, fill->entry->value, &desk) != HL_OK) {
        form_value_fault(fill, "no such desk in the directory; expected an address as XBB.TEC");
        return HL_EFORMAT;
    }
    if (!is_desk)
        TRY(read_stamp(fill, &stamp_ms));
    if (!*slot)
        *slot = form_value_new(type);
    if (!*slot)
        return HL_ENOMEM;
    if (!is_desk) {
        ((Hotline__V1__Stamp *)*slot)->unix_ms = stamp_ms;
        return HL_OK;
    }
    Hotline__V1__Desk *message = (Hotline__V1__Desk *)*slot;
    free(message->entity.data);
    message->entity = (ProtobufCBinaryData){ID_BYTES, malloc(ID_BYTES)};
    if (!message->entity.data)
        return HL_ENOMEM;
    memcpy(message->entity.data, desk.entity, ID_BYTES);
    message->kind = (Hotline__V1__DeskKind)desk.kind;
    return HL_OK;
}

/* lint: long, because it is one table of the schema's scalar types. */
int form_value_read(const struct fill *fill, const ProtobufCFieldDescriptor *field, void *at)
{
    uint64_t integer = 0;
    uint32_t word = 0;
    protobuf_c_boolean truth = 0;
    char *text = NULL;
    ProtobufCBinaryData octets;

    switch (field->type) {
    case PROTOBUF_C_TYPE_ENUM:
        TRY(read_word(fill, field->descriptor, &word));
        *(uint32_t *)at = word;
        return HL_OK;
    case PROTOBUF_C_TYPE_UINT32:
        TRY(read_integer(fill, &integer));
        if (integer > UINT32_MAX) {
            form_value_fault(fill, "the number is too large");
            return HL_EFORMAT;
        }
        *(uint32_t *)at = (uint32_t)integer;
        return HL_OK;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        TRY(read_integer(fill, &integer));
        *(uint64_t *)at = integer;
        return HL_OK;
    case PROTOBUF_C_TYPE_BOOL:
        TRY(read_bool(fill, &truth));
        *(protobuf_c_boolean *)at = truth;
        return HL_OK;
    case PROTOBUF_C_TYPE_STRING:
        TRY(read_string(fill, &text));
        *(char **)at = text;
        return HL_OK;
    case PROTOBUF_C_TYPE_BYTES:
        TRY(read_octets(fill, &octets));
        *(ProtobufCBinaryData *)at = octets;
        return HL_OK;
    case PROTOBUF_C_TYPE_MESSAGE: return form_value_read_leaf(fill, field->descriptor, at);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE: break; /* the schema has none of these */
    }
    form_value_fault(fill, "a field of this kind cannot be written in a form");
    return HL_EFORMAT;
}

bool form_value_is_leaf(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_MESSAGE ||
           field->descriptor == &hotline__v1__desk__descriptor ||
           field->descriptor == &hotline__v1__stamp__descriptor;
}

size_t form_value_size(const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return sizeof(char *);
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return sizeof(ProtobufCBinaryData);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return sizeof(ProtobufCMessage *);
    if (field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_INT64)
        return sizeof(uint64_t);
    return sizeof(uint32_t);
}
