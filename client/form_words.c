/* form_words — enum words of forms: the schema's words without the prefix that all words of that enum share. */
#include "client/form.h"

#include <stdio.h>
#include <string.h>

/* Length of the common prefix "XXX_" of all names but the zero value's (TLP_AMBER, TLP_RED …: 4). */
static size_t shared_prefix(const ProtobufCEnumDescriptor *type)
{
    const char *first = NULL;
    size_t shared = 0;

    for (unsigned i = 0; i < type->n_values; i++) {
        const char *name = type->values[i].name;

        if (type->values[i].value == 0)
            continue;
        if (!first) {
            first = name;
            shared = strlen(name);
            continue;
        }
        size_t common = 0;
        while (common < shared && name[common] == first[common])
            common++;
        shared = common;
    }
    while (shared > 0 && first[shared - 1] != '_')
        shared--;
    return shared;
}

int form_word_parse(const ProtobufCEnumDescriptor *type, const char *word, uint32_t *ret_value)
{
    size_t prefix = shared_prefix(type);

    for (unsigned i = 0; i < type->n_values; i++) {
        if (type->values[i].value != 0 && strcmp(type->values[i].name + prefix, word) == 0) {
            *ret_value = (uint32_t)type->values[i].value;
            return HL_OK;
        }
    }
    return HL_ENOTFOUND;
}

const char *form_word(const ProtobufCEnumDescriptor *type, uint32_t value)
{
    for (unsigned i = 0; i < type->n_values; i++) {
        if (value != 0 && (uint32_t)type->values[i].value == value)
            return type->values[i].name + shared_prefix(type);
    }
    return NULL;
}

void form_words_list(const ProtobufCEnumDescriptor *type, struct buf *to)
{
    size_t prefix = shared_prefix(type);
    bool is_first = true;

    for (unsigned i = 0; i < type->n_values; i++) {
        if (type->values[i].value == 0)
            continue;
        buf_add_format(to, "%s%s", is_first ? "" : " ", type->values[i].name + prefix);
        is_first = false;
    }
}

bool form_key_words(const char *key, struct buf *to)
{
    const ProtobufCMessageDescriptor *type = &hotline__v1__notice__descriptor;
    const ProtobufCFieldDescriptor *field = NULL;
    char name[80];

    for (; type; key += strcspn(key, ".") + (strchr(key, '.') != NULL)) {
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(key, "."), key);
        field = protobuf_c_message_descriptor_get_field_by_name(type, name);
        if (!field)
            return false;
        type =
            field->type == PROTOBUF_C_TYPE_MESSAGE && strchr(key, '.') ? field->descriptor : NULL;
    }
    if (field->type != PROTOBUF_C_TYPE_ENUM)
        return false;
    form_words_list(field->descriptor, to);
    return true;
}
