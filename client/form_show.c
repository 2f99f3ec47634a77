/* form_show — an empty form of a type with every field commented, and a notice written as a form again. */
#include "client/form.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "client/form_value.h"
#include "proto/rules.h"
#include "proto/schema.h"

/* Bodies (members of the oneof) belong to a type; the incident stands beside any of them. */
static bool belongs_to(Hotline__V1__NoticeType type, const ProtobufCFieldDescriptor *field)
{
    static const struct {
        Hotline__V1__NoticeType type;
        const char *group;
    } bodies[] = {
        {HOTLINE__V1__NOTICE_TYPE__RSP, "response"},
        {HOTLINE__V1__NOTICE_TYPE__INC, "incident"},
        {HOTLINE__V1__NOTICE_TYPE__UPD, "incident"},
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        if (bodies[i].type == type && strcmp(bodies[i].group, field->name) == 0)
            return true;
    }
    return false;
}

static bool is_mandatory(Hotline__V1__NoticeType type, const char *key)
{
    for (const char *const *must = rules_mandatory(type); must && *must; must++) {
        if (strcmp(*must, key) == 0)
            return true;
    }
    return false;
}

static void show_octets(const ProtobufCMessageDescriptor *owner,
                        const ProtobufCFieldDescriptor *field, struct buf *to)
{
    const struct strict_field *rule = strict_rule(&schema_notice, owner, field->id);

    buf_add_text(to, rule && rule->max == HASH_BYTES ? "notice id, or 64 hex digits"
                                                     : "32 hex digits, or new");
}

static void show_text(const ProtobufCMessageDescriptor *owner,
                      const ProtobufCFieldDescriptor *field, struct buf *to)
{
    const struct strict_field *rule = strict_rule(&schema_notice, owner, field->id);

    buf_add_text(to, "text");
    if (rule && rule->min == rule->max)
        buf_add_format(to, " of %u octets", (unsigned)rule->max);
    else if (rule)
        buf_add_format(to, ", at most %u octets", (unsigned)rule->max);
}

static void show_kind(const ProtobufCMessageDescriptor *owner,
                      const ProtobufCFieldDescriptor *field, struct buf *to)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        form_words_list(field->descriptor, to);
    else if (field->type == PROTOBUF_C_TYPE_BOOL)
        buf_add_text(to, "yes or no");
    else if (field->descriptor == &hotline__v1__stamp__descriptor)
        buf_add_text(to, "time: 2026-11-24T14:05:00Z or +15m");
    else if (field->descriptor == &hotline__v1__desk__descriptor)
        buf_add_text(to, "desk: XBB.TEC");
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        show_octets(owner, field, to);
    else if (field->type == PROTOBUF_C_TYPE_STRING)
        show_text(owner, field, to);
    else
        buf_add_text(to, "number");
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        buf_add_text(to, "; may repeat");
}

/* A mandatory field is an open line to fill in, any other one a comment to take the # from. */
static void show_field(Hotline__V1__NoticeType type, const char *key,
                       const ProtobufCMessageDescriptor *owner,
                       const ProtobufCFieldDescriptor *field, struct buf *to)
{
    bool must = is_mandatory(type, key);

    buf_add_format(to, "# %s", must ? "MUST: " : "");
    show_kind(owner, field, to);
    buf_add_format(to, "\n%s%s:\n", must ? "" : "#", key);
}

static void show_group(Hotline__V1__NoticeType type, const ProtobufCFieldDescriptor *group,
                       struct buf *to)
{
    const ProtobufCMessageDescriptor *body = group->descriptor;

    for (unsigned i = 0; i < body->n_fields; i++) {
        char key[80];

        if (!form_value_is_leaf(&body->fields[i]))
            continue;
        (void)snprintf(key, sizeof(key), "%s.%s", group->name,
                       body->fields[i].name); /* names of the schema are short */
        show_field(type, key, body, &body->fields[i], to);
    }
}

int form_show(Hotline__V1__NoticeType type, struct buf *to)
{
    static const char *const plain[] = {
        "precedence", "subject",          "tlp",         "pap",
        "handling",   "thread_id",        "in_reply_to", "references",
        "supersedes", "originator_ref",   "voluntary",   "reply_by",
        "ack_by",     "requested_action", "valid_from",  "valid_until"};
    const ProtobufCMessageDescriptor *notice = &hotline__v1__notice__descriptor;
    const char *word = form_word(&hotline__v1__notice_type__descriptor, (uint32_t)type);

    if (!word || !rules_mandatory(type))
        return HL_EINVAL;
    buf_add_format(to,
                   "# %s: fill in the open lines, take the # from others you need; the text stands "
                   "below the empty line.\n",
                   word);
    buf_add_format(to,
                   "type: %s\n# MUST: desk that must act; may repeat\nto:\n# desk for information, "
                   "with a lower precedence if wanted: XCC.TEC ROUTINE\n#info:\n",
                   word);
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        show_field(type, plain[i], notice,
                   protobuf_c_message_descriptor_get_field_by_name(notice, plain[i]), to);
    for (unsigned i = 0; i < notice->n_fields; i++) {
        if (belongs_to(type, &notice->fields[i]))
            show_group(type, &notice->fields[i], to);
    }
    buf_add_text(to, "# language of the text below\nlang: en\n\n");
    return to->err;
}

static const void *member(const ProtobufCMessage *message, unsigned offset)
{
    return (const uint8_t *)message + offset;
}

static void write_octets(struct bytes octets, struct buf *to)
{
    char hex[2 * HASH_BYTES + 1];

    if (octets.len > HASH_BYTES)
        return;
    hex_encode(octets, hex);
    buf_add_text(to, hex);
}

/* One value as a form writes it; false when the value is the default and the line is left out. */
static bool write_value(const struct trust *trust, const ProtobufCFieldDescriptor *field,
                        const void *at, struct buf *to)
{
    char text[TIME_TEXT_SIZE];

    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *value = *(const char *const *)at;

        if (value && *value)
            buf_add_text(to, value);
        return value && *value;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *data = at;

        write_octets(BYTES(data->data, data->len), to);
        return data->len > 0;
    }
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        buf_add_text(to, "yes");
        return *(const protobuf_c_boolean *)at;
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const char *word = form_word(field->descriptor, *(const uint32_t *)at);

        if (word)
            buf_add_text(to, word);
        return word != NULL;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE &&
        field->descriptor == &hotline__v1__stamp__descriptor) {
        time_format((*(const Hotline__V1__Stamp *const *)at)->unix_ms, text);
        buf_add_text(to, text);
        return true;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const Hotline__V1__Desk *message = *(const Hotline__V1__Desk *const *)at;
        struct desk_id desk = {.kind = (uint32_t)message->kind};

        memcpy(desk.entity, message->entity.data, ID_BYTES);
        desk_format(trust, &desk, text);
        buf_add_text(to, text);
        return true;
    }
    bool is_wide = field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_INT64;
    uint64_t number = is_wide ? *(const uint64_t *)at : *(const uint32_t *)at;
    buf_add_format(to, "%llu", (unsigned long long)number);
    return number != 0;
}

static bool has_line(struct bytes text, struct bytes line)
{
    size_t begin = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '\n')
            continue;
        if (bytes_equal(BYTES(text.data + begin, i - begin), line))
            return true;
        begin = i + 1;
    }
    return false;
}

/* `key: <<END` … `END`, with a marker that is no line of the text. */
static void write_block(const char *prefix, const char *name, struct bytes text, struct buf *to)
{
    char marker[16] = "END";

    for (unsigned i = 1; has_line(text, bytes_text(marker)); i++)
        (void)snprintf(marker, sizeof(marker), "END%u", i);
    buf_add_format(to, "%s%s: <<%s\n", prefix, name, marker);
    buf_add(to, text);
    buf_add_format(to, "\n%s\n", marker);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A plain line loses blanks at its ends, and has no second line. */
static bool needs_block(struct bytes value)
{
    return value.len > 0 && (is_blank(value.data[0]) || is_blank(value.data[value.len - 1]) ||
                             value.data[0] == '<' || memchr(value.data, '\n', value.len) != NULL);
}

static void write_line(const char *prefix, const char *name, struct bytes value, struct buf *to)
{
    if (needs_block(value)) {
        write_block(prefix, name, value, to);
        return;
    }
    buf_add_format(to, "%s%s: ", prefix, name);
    buf_add(to, value);
    buf_add_u8(to, '\n');
}

static void write_field(const struct trust *trust, const char *prefix,
                        const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        struct buf *to)
{
    bool is_many = field->label == PROTOBUF_C_LABEL_REPEATED;
    const uint8_t *at = member(message, field->offset);
    size_t count = is_many ? *(const size_t *)member(message, field->quantifier_offset) : 1;

    if (is_many)
        at = *(const uint8_t *const *)(const void *)at;
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE && !*(const void *const *)(const void *)at)
        return;
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF value;
        buf_init(&value, FORM_BYTES_MAX);
        bool is_given = write_value(trust, field, at + i * form_value_size(field), &value);
        if (value.err != HL_OK && to->err == HL_OK)
            to->err =
                value.err; /* a line that is cut would be signed so when the form is read back */
        if (is_given)
            write_line(prefix, field->name, buf_bytes(&value), to);
    }
}

static void write_addresses(const struct trust *trust, const Hotline__V1__Notice *notice,
                            struct buf *to)
{
    for (size_t i = 0; i < notice->n_to; i++) {
        const Hotline__V1__Address *address = notice->to[i];
        struct desk_id desk = {.kind = (uint32_t)address->desk->kind};
        char text[9];

        memcpy(desk.entity, address->desk->entity.data, ID_BYTES);
        desk_format(trust, &desk, text);
        buf_add_format(to, "%s: %s", address->action ? "to" : "info", text);
        if (address->precedence != notice->precedence)
            buf_add_format(
                to, " %s",
                form_word(&hotline__v1__precedence__descriptor, (uint32_t)address->precedence));
        buf_add_u8(to, '\n');
    }
}

static void write_texts(const Hotline__V1__Notice *notice, struct buf *to)
{
    const Hotline__V1__Text *main_text = NULL;

    for (size_t i = 0; i < notice->n_text; i++) {
        if (notice->text[i]->authoritative)
            main_text = notice->text[i];
        else
            write_block("text.", notice->text[i]->lang, bytes_text(notice->text[i]->body), to);
    }
    if (main_text)
        buf_add_format(to, "lang: %s\n\n%s\n", main_text->lang, main_text->body);
}

/* All plain fields of a group, "incident.category: …". */
static void write_group(const struct trust *trust, const char *prefix,
                        const ProtobufCMessage *group, struct buf *to)
{
    for (unsigned i = 0; i < group->descriptor->n_fields; i++) {
        if (form_value_is_leaf(&group->descriptor->fields[i]))
            write_field(trust, prefix, group, &group->descriptor->fields[i], to);
    }
}

/* "incident.", or of a repeated one "other_means.1.", "other_means.2." … */
static void write_groups(const struct trust *trust, const ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *field, struct buf *to)
{
    const void *at = member(message, field->offset);
    char prefix[80];

    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        const ProtobufCMessage *group = *(ProtobufCMessage *const *)at;

        (void)snprintf(prefix, sizeof(prefix), "%s.", field->name); /* names are short */
        if (group)
            write_group(trust, prefix, group, to);
        return;
    }
    ProtobufCMessage *const *groups = *(ProtobufCMessage *const *const *)at;
    size_t count = *(const size_t *)member(message, field->quantifier_offset);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(prefix, sizeof(prefix), "%s.%zu.", field->name, i + 1);
        write_group(trust, prefix, groups[i], to);
    }
}

/* Fields that the program sets, or that have lines of their own, and members of the oneof that are not the notice's body. */
static bool is_skipped(const Hotline__V1__Notice *notice, const ProtobufCFieldDescriptor *field)
{
    static const char *const skipped[] = {
        "version",   "plane",      "sender",      "to",           "author",     "draft_device",
        "notice_id", "check_word", "dir_version", "dir_hash",     "drafted_ms", "persons",
        "ns",        "text",       "exercise_id", "exercise_name"};

    for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++) {
        if (strcmp(skipped[i], field->name) == 0)
            return true;
    }
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && (uint32_t)notice->body_case != field->id;
}

int form_write(const struct trust *trust, const Hotline__V1__Notice *notice, struct buf *to)
{
    const ProtobufCMessageDescriptor *type = notice->base.descriptor;

    write_addresses(trust, notice, to);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];

        if (is_skipped(notice, field))
            continue;
        if (form_value_is_leaf(field))
            write_field(trust, "", &notice->base, field, to);
        else
            write_groups(trust, &notice->base, field, to);
    }
    write_texts(notice, to);
    return to->err;
}
