/* form_value — one value of a form: number, word, time, id, desk or text. Private to client/form_*.c. */
#ifndef HOTLINE_CLIENT_FORM_VALUE_H
#define HOTLINE_CLIENT_FORM_VALUE_H

#include "base/strict.h"
#include "client/form.h"

/* One entry on its way into the notice. */
struct fill {
    const struct form_context *context;
    const struct form_entry *entry;
    struct form_faults *faults;
    const struct strict_field *rule; /* of the field, in the schema; NULL: none is known */
};

/* Is the field written as one value (scalars, Desk, Stamp), and how large is one element of it in an array? */
bool form_value_is_leaf(const ProtobufCFieldDescriptor *field);
size_t form_value_size(const ProtobufCFieldDescriptor *field);

/* Is the text as the rule asks? The fault is noted when not. */
bool form_value_check_text(const struct fill *fill, const struct strict_field *rule,
                           const char *text);
void form_value_fault(const struct fill *fill, const char *message);
/* A new message of that type, initialised; NULL without memory. */
ProtobufCMessage *form_value_new(const ProtobufCMessageDescriptor *type);
/* Read the entry's value into the field's place `at`. Errors: HL_EFORMAT (the fault is noted), HL_ENOMEM. */
HL_MUST_CHECK int form_value_read(const struct fill *fill, const ProtobufCFieldDescriptor *field,
                                  void *at);
/* Desk and Stamp are messages written as one value. */
HL_MUST_CHECK int form_value_read_leaf(const struct fill *fill,
                                       const ProtobufCMessageDescriptor *type,
                                       ProtobufCMessage **slot);

#endif
