/* form — what officers and scripts write: `key: value` lines, an empty line, then the authoritative text (UTF-8).
 * form_read() splits it, form_fill() makes a Notice of it. The syntax is in docs/FORMS.md. Pure. */
#ifndef HOTLINE_CLIENT_FORM_H
#define HOTLINE_CLIENT_FORM_H

#include "base/buf.h"
#include "keys/trust.h"
#include "notice.pb-c.h"

#define FORM_ENTRIES_MAX 512
#define FORM_BYTES_MAX   131072
#define FORM_FAULTS_MAX  32

struct form_entry {
    char *key, *value; /* owned by the form */
    unsigned line;     /* from 1; 0: from the command line */
};
struct form {
    size_t count;
    struct form_entry entries[FORM_ENTRIES_MAX];
    char *text;         /* below the empty line; NULL when there is none */
    unsigned text_line; /* where it begins; 0: from the command line */
};
struct form_fault {
    unsigned line; /* 0: no line (a missing field, or --set) */
    char key[80];
    char message[400]; /* what is wrong, with the allowed values; outside text made visible */
};
struct form_faults {
    size_t count;
    struct form_fault items[FORM_FAULTS_MAX];
};

/* The caller owns *ret_form. Errors: HL_EFORMAT (with faults), HL_ETOOBIG, HL_ENOMEM. */
HL_MUST_CHECK int form_read(struct bytes text, struct form **ret_form, struct form_faults *faults);
/* Replace all lines of `key` by one. Errors: HL_ENOMEM (the form is as before), HL_ETOOBIG. */
HL_MUST_CHECK int form_set(struct form *form, const char *key, const char *value);
/* Add one more line of `key` (repeated keys: to, info, lang …). */
HL_MUST_CHECK int form_append(struct form *form, const char *key, const char *value, unsigned line);
/* First value of a key, or NULL. */
const char *form_get(const struct form *form, const char *key);
void form_free(struct form *form);
static inline void form_drop(struct form **form)
{
    form_free(*form);
}

/* What values are looked up in. */
struct form_context {
    const struct trust *trust;
    const struct rng *rng; /* for ids given as `new` */
    int64_t now_ms;        /* base of +15m */
    /* Notice hash of an id or prefix; errors as of the look-up (HL_ENOTFOUND, HL_EAMBIGUOUS). */
    int (*find_notice)(void *owner, const char *id, uint8_t ret_hash[HASH_BYTES]);
    void *owner;
};
/* Every entry into a field of *notice, which the caller initialised and owns (free with
 * hotline__v1__notice__free_unpacked). All faults are collected. Errors: HL_EFORMAT (see faults); HL_ENOMEM, and HL_EIO, HL_EBUSY of
 * find_notice(): say nothing about the form. */
HL_MUST_CHECK int form_fill(const struct form *form, const struct form_context *context,
                            Hotline__V1__Notice *notice, struct form_faults *faults);

void form_fault_add(struct form_faults *faults, unsigned line, const char *key, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

/* Enum words: the schema's words without the prefix shared by all words of that enum. `words` lists what is allowed. */
HL_MUST_CHECK int form_word_parse(const ProtobufCEnumDescriptor *type, const char *word,
                                  uint32_t *ret_value);
/* The word of a value, or NULL when the schema does not name it. Static. */
const char *form_word(const ProtobufCEnumDescriptor *type, uint32_t value);
void form_words_list(const ProtobufCEnumDescriptor *type, struct buf *to);

/* The words of the field that a key names, "incident.category"; false when it has none. */
bool form_key_words(const char *key, struct buf *to);

/* An empty form of a type, every field commented, mandatory ones open. Errors: HL_EINVAL (type without rules). */
HL_MUST_CHECK int form_show(Hotline__V1__NoticeType type, struct buf *to);
/* A notice as a form again, so that a draft can be edited. */
HL_MUST_CHECK int form_write(const struct trust *trust, const Hotline__V1__Notice *notice,
                             struct buf *to);

#endif
