/* form_fill — a form's entries become fields of a Notice, found by name in the schema's descriptors. */
#include "client/form.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/form_value.h"
#include "proto/schema.h"

#define REPEATED_MAX 400

/* Fields that the program sets; a form may not name them. */
static const char *const not_keys[] = {
    "version",    "plane",       "sender",        "author",      "draft_device", "notice_id",
    "check_word", "dir_version", "dir_hash",      "drafted_ms",  "persons",      "ns",
    "text",       "exercise_id", "exercise_name", "template_id", "attachment"};

static void *member(ProtobufCMessage *message, unsigned offset)
{
    return (uint8_t *)message + offset;
}

/* Grow a repeated field's array by one zero element of `size`. Errors: HL_EFORMAT with a fault (full), HL_ENOMEM. */
static int grow(const struct fill *fill, ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *field, size_t size, void **ret_element)
{
    size_t *count = member(message, field->quantifier_offset);
    void **array = member(message, field->offset);

    if (*count >=
        (fill->rule && fill->rule->items_max > 0 ? fill->rule->items_max : REPEATED_MAX)) {
        form_value_fault(fill, "the field is given too often");
        return HL_EFORMAT;
    }
    void *larger = realloc(*array, (*count + 1) * size);
    if (!larger)
        return HL_ENOMEM;
    *array = larger;
    *ret_element = (uint8_t *)larger + *count * size;
    memset(*ret_element, 0, size);
    (*count)++;
    return HL_OK;
}

/* The same by a new message: the array never holds a hole. */
static int grow_message(const struct fill *fill, ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field, ProtobufCMessage **ret_new)
{
    void *element = NULL;
    ProtobufCMessage *made = form_value_new(field->descriptor);
    int err = made ? grow(fill, message, field, sizeof(void *), &element) : HL_ENOMEM;

    if (err != HL_OK) {
        free(made);
        return err;
    }
    *ret_new = *(ProtobufCMessage **)element = made;
    return HL_OK;
}

/* A oneof member may be entered when no other is set. */
static bool claim_oneof(const struct fill *fill, ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field)
{
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return true;
    uint32_t *chosen = member(message, field->quantifier_offset);
    if (*chosen != 0 && *chosen != field->id) {
        form_value_fault(fill, "the form already has another body; a notice has one");
        return false;
    }
    *chosen = field->id;
    return true;
}

static int enter_once(const struct fill *fill, ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field, ProtobufCMessage **ret_inner)
{
    ProtobufCMessage **slot = member(message, field->offset);

    if (!claim_oneof(fill, message, field))
        return HL_EFORMAT;
    if (!*slot)
        *slot = form_value_new(field->descriptor);
    *ret_inner = *slot;
    return *slot ? HL_OK : HL_ENOMEM;
}

/* Step into a sub-message; for a repeated one *rest begins with its number from 1. Errors: HL_EFORMAT with a fault, HL_ENOMEM. */
static int enter(const struct fill *fill, ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field, const char **rest,
                 ProtobufCMessage **ret_inner)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return enter_once(fill, message, field, ret_inner);
    char *after = NULL;
    unsigned long number = strtoul(*rest, &after, 10);
    size_t *count = member(message, field->quantifier_offset);
    if (after == *rest || *after != '.' || number == 0 || number > *count + 1 ||
        number > REPEATED_MAX) {
        form_value_fault(
            fill, "expected the number of the entry, from 1 and without gaps, as measure.1.kind");
        return HL_EFORMAT;
    }
    *rest = after + 1;
    if (number == *count + 1)
        return grow_message(fill, message, field, ret_inner);
    *ret_inner = (*(ProtobufCMessage ***)member(message, field->offset))[number - 1];
    return HL_OK;
}

/* An element whose value is bad is taken back, so that the array never holds a hole. */
static int fill_repeated(const struct fill *fill, ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *field)
{
    void *element = NULL;

    TRY(grow(fill, message, field, form_value_size(field), &element));
    int err = form_value_read(fill, field, element);
    if (err != HL_OK)
        (*(size_t *)member(message, field->quantifier_offset))--;
    return err;
}

/* Numbers and words of the schema are never 0 when they are given. */
static bool is_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *at = member(message, field->offset);

    if (field->type == PROTOBUF_C_TYPE_STRING)
        return *(char *const *)at && **(char *const *)at;
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)at)->len > 0;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(ProtobufCMessage *const *)at != NULL;
    if (field->type == PROTOBUF_C_TYPE_BOOL)
        return *(const protobuf_c_boolean *)at != 0;
    if (form_value_size(field) == sizeof(uint64_t))
        return *(const uint64_t *)at != 0;
    return *(const uint32_t *)at != 0;
}

static int fill_once(const struct fill *fill, ProtobufCMessage *message,
                     const ProtobufCFieldDescriptor *field)
{
    if (is_set(message, field)) {
        form_value_fault(fill, "the field is given twice");
        return HL_EFORMAT;
    }
    return form_value_read(fill, field, member(message, field->offset));
}

/* The field that `rest` begins with; *ret_rest is what stands behind its name. NULL with a fault for an unknown one. */
static const ProtobufCFieldDescriptor *find_field(const struct fill *fill,
                                                  const ProtobufCMessage *message, const char *rest,
                                                  const char **ret_rest)
{
    char name[80];
    size_t len = strcspn(rest, ".");

    (void)snprintf(name, sizeof(name), "%.*s", (int)len, rest); /* keys are shorter than 80 */
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (!field)
        form_value_fault(fill, "unknown key; `hotline show-form TYPE` lists the keys");
    *ret_rest = rest + len;
    return field;
}

static int fill_field(const struct fill *fill, ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field)
{
    struct fill ruled = *fill;

    ruled.rule = strict_rule(&schema_notice, message->descriptor, field->id);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return fill_repeated(&ruled, message, field);
    return fill_once(&ruled, message, field);
}

/* Walk "incident.category" down the descriptors and set the value at its end. */
static int fill_path(const struct fill *fill, ProtobufCMessage *message)
{
    const char *rest = fill->entry->key;

    for (;;) {
        const ProtobufCFieldDescriptor *field = find_field(fill, message, rest, &rest);

        if (!field)
            return HL_EFORMAT;
        if (form_value_is_leaf(field) && *rest == '\0')
            return fill_field(fill, message, field);
        if (form_value_is_leaf(field) || *rest == '\0') {
            form_value_fault(fill, form_value_is_leaf(field)
                                       ? "the key goes on after a plain field"
                                       : "the key names a group; add a field of it");
            return HL_EFORMAT;
        }
        rest++;
        TRY(enter(fill, message, field, &rest, &message));
    }
}

/* to: XBB.TEC — info: XCC.TEC ROUTINE */
static int fill_address(const struct fill *fill, Hotline__V1__Notice *notice, bool is_action)
{
    char address[16] = "";
    char word[16] = "";
    int read = sscanf(fill->entry->value, "%15s %15s", address, word);
    struct desk_id desk;
    uint32_t precedence = 0;

    if (read < 1 || desk_parse(fill->context->trust, address, &desk) != HL_OK) {
        form_value_fault(fill, "no such desk in the directory; expected an address as XBB.TEC");
        return HL_EFORMAT;
    }
    if (read == 2 && (is_action || form_word_parse(&hotline__v1__precedence__descriptor, word,
                                                   &precedence) != HL_OK)) {
        form_value_fault(
            fill, is_action
                      ? "an action address takes the notice's precedence; nothing may follow it"
                      : "expected ROUTINE, PRIORITY, IMMEDIATE or FLASH after the address");
        return HL_EFORMAT;
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&hotline__v1__notice__descriptor, "to");
    ProtobufCMessage *made = NULL;
    TRY(grow_message(fill, &notice->base, field, &made));
    Hotline__V1__Address *to = (Hotline__V1__Address *)made;
    to->action = is_action;
    to->precedence = (Hotline__V1__Precedence)
        precedence; /* 0: that of the notice, set when all lines are read */
    struct form_entry plain = {fill->entry->key, address, fill->entry->line};
    struct fill desk_fill = {fill->context, &plain, fill->faults, NULL};
    return form_value_read_leaf(&desk_fill, &hotline__v1__desk__descriptor,
                                (ProtobufCMessage **)&to->desk);
}

/* The text and its language as the schema asks, with the line of what is wrong. */
static bool check_text(const struct fill *fill, const char *lang, const char *body)
{
    const ProtobufCMessageDescriptor *text = &hotline__v1__text__descriptor;

    return form_value_check_text(fill, strict_rule(&schema_notice, text, 1), lang) &&
           form_value_check_text(fill, strict_rule(&schema_notice, text, 2), body);
}

static int add_text(const struct fill *fill, Hotline__V1__Notice *notice, const char *lang,
                    const char *body, bool is_authoritative)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&hotline__v1__notice__descriptor, "text");
    ProtobufCMessage *made = NULL;

    if (!check_text(fill, lang, body))
        return HL_EFORMAT;
    TRY(grow_message(fill, &notice->base, field, &made));
    Hotline__V1__Text *text = (Hotline__V1__Text *)made;
    text->authoritative = is_authoritative;
    text->lang = strdup(lang);
    text->body = strdup(body);
    if (!text->lang || !text->body)
        return HL_ENOMEM;
    text->status = is_authoritative ? 0 : 1;
    return HL_OK;
}

static bool is_program_key(const char *key)
{
    size_t len = strcspn(key, ".");

    for (size_t i = 0; i < sizeof(not_keys) / sizeof(not_keys[0]); i++) {
        if (strlen(not_keys[i]) == len && strncmp(not_keys[i], key, len) == 0)
            return true;
    }
    return false;
}

static int fill_entry(const struct fill *fill, Hotline__V1__Notice *notice)
{
    const char *key = fill->entry->key;

    if (strcmp(key, "lang") == 0)
        return HL_OK; /* language of the text below the form */
    if (strcmp(key, "to") == 0 || strcmp(key, "info") == 0)
        return fill_address(fill, notice, key[0] == 't');
    if (strncmp(key, "text.", 5) == 0 && strchr(key + 5, '.') == NULL)
        return add_text(fill, notice, key + 5, fill->entry->value, false);
    if (is_program_key(key)) {
        form_value_fault(fill, "the program sets this field; leave it out");
        return HL_EFORMAT;
    }
    return fill_path(fill, &notice->base);
}

int form_fill(const struct form *form, const struct form_context *context,
              Hotline__V1__Notice *notice, struct form_faults *faults)
{
    assert(notice->base.descriptor == &hotline__v1__notice__descriptor);
    if (form->text) {
        const char *lang = form_get(form, "lang");
        struct form_entry entry = {.key = (char[]){"text"}, .line = form->text_line};
        const struct fill fill = {context, &entry, faults, NULL};
        int err = add_text(&fill, notice, lang ? lang : "en", form->text, true);

        if (err != HL_OK && err != HL_EFORMAT)
            return err;
    }
    for (size_t i = 0; i < form->count; i++) {
        struct fill fill = {context, &form->entries[i], faults, NULL};
        int err = fill_entry(&fill, notice);

        if (err != HL_OK && err != HL_EFORMAT)
            return err;
    }
    for (size_t i = 0; i < notice->n_to; i++) {
        if (notice->to[i]->precedence == 0)
            notice->to[i]->precedence = notice->precedence;
    }
    return faults->count > 0 ? HL_EFORMAT : HL_OK;
}
