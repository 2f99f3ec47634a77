/* rules — mandatory fields by notice type, as a table of rows; each row names a form key and the test for it. */
#include "proto/rules.h"

#include <stddef.h>
#include <string.h>

#include "base/bytes.h"

typedef Hotline__V1__Notice notice_message;
typedef Hotline__V1__Incident incident_message;

/* Is the field there? */
typedef bool (*has_field)(const notice_message *notice);

static const incident_message *incident_of(const notice_message *notice)
{
    static const incident_message none; /* nothing said; no text of it is looked at */

    return notice->incident ? notice->incident : &none;
}

static const Hotline__V1__Response *response_of(const notice_message *notice)
{
    static const Hotline__V1__Response none;

    return notice->body_case == HOTLINE__V1__NOTICE__BODY_RESPONSE && notice->response
               ? notice->response
               : &none;
}

static bool has_precedence(const notice_message *notice)
{
    return notice->precedence != 0;
}

static bool has_tlp(const notice_message *notice)
{
    return notice->tlp != 0;
}

static bool has_addressee(const notice_message *notice)
{
    for (size_t i = 0; i < notice->n_to; i++) {
        if (notice->to[i]->action)
            return true;
    }
    return false;
}

static bool has_text(const notice_message *notice)
{
    size_t count = 0;

    for (size_t i = 0; i < notice->n_text; i++)
        count += notice->text[i]->authoritative && notice->text[i]->body[0];
    return count == 1;
}

static bool has_matter(const notice_message *notice)
{
    return incident_of(notice)->incident_id.len > 0 || notice->thread_id.len > 0;
}

static bool has_category(const notice_message *notice)
{
    return incident_of(notice)->category != 0;
}

static bool has_status(const notice_message *notice)
{
    return incident_of(notice)->status != 0;
}

static bool has_time(const notice_message *notice)
{
    return incident_of(notice)->started || incident_of(notice)->detected;
}

static bool has_sector(const notice_message *notice)
{
    return incident_of(notice)->n_sector > 0;
}

static bool has_critical(const notice_message *notice)
{
    return incident_of(notice)->critical_infrastructure != 0;
}

static bool has_malicious(const notice_message *notice)
{
    return incident_of(notice)->suspected_malicious != 0;
}

static bool has_cross_border(const notice_message *notice)
{
    return incident_of(notice)->cross_border != 0;
}

static bool has_severity(const notice_message *notice)
{
    return incident_of(notice)->severity != 0;
}

static bool has_confidence(const notice_message *notice)
{
    return incident_of(notice)->confidence != 0;
}

static bool has_why_you(const notice_message *notice)
{
    return incident_of(notice)->why_you != 0;
}

static bool has_attribution(const notice_message *notice)
{
    return incident_of(notice)->attribution != 0;
}

static bool has_next_update(const notice_message *notice)
{
    return incident_of(notice)->next_update_by != NULL;
}

static bool has_action(const notice_message *notice)
{
    return notice->n_requested_action > 0;
}

static bool has_reply_to(const notice_message *notice)
{
    return notice->in_reply_to.len > 0;
}

static bool has_response_kind(const notice_message *notice)
{
    return response_of(notice)->kind != 0;
}

static bool has_decline_reason(const notice_message *notice)
{
    return response_of(notice)->kind != HOTLINE__V1__RESPONSE_KIND__DECLINED ||
           response_of(notice)->reason != 0;
}

static bool has_next_reply(const notice_message *notice)
{
    return response_of(notice)->kind != HOTLINE__V1__RESPONSE_KIND__INTERIM_PENDING ||
           response_of(notice)->next_reply_by != NULL;
}

enum { IN_INC = 1, IN_UPD = 2, IN_RSP = 4, IN_ALL = 7 };

/* domain: minimal set per type. is_conditional rows are no open line of an empty form. */
static const struct {
    const char *key;
    const char *what;
    has_field has;
    unsigned types;
    bool is_conditional;
} rows[] = {
    {"to", "no desk is addressed for action", has_addressee, IN_ALL, false},
    {"precedence", "missing: ROUTINE PRIORITY IMMEDIATE FLASH", has_precedence, IN_ALL, false},
    {"tlp", "missing: CLEAR GREEN AMBER AMBER_STRICT RED", has_tlp, IN_ALL, false},
    {"in_reply_to", "missing: the id of the notice answered", has_reply_to, IN_RSP, false},
    {"incident.incident_id", "missing: incident_id or thread_id (`new` makes one)", has_matter,
     IN_ALL, true},
    {"incident.category", "missing", has_category, IN_INC, false},
    {"incident.status", "missing", has_status, IN_INC, false},
    {"incident.detected", "missing: incident.started or incident.detected", has_time, IN_INC,
     false},
    {"incident.sector", "missing", has_sector, IN_INC, false},
    {"incident.critical_infrastructure", "missing (UNKNOWN is an answer)", has_critical, IN_INC,
     false},
    {"incident.suspected_malicious", "missing (UNKNOWN is an answer)", has_malicious, IN_INC,
     false},
    {"incident.cross_border", "missing (UNKNOWN is an answer)", has_cross_border, IN_INC, false},
    {"incident.severity", "missing", has_severity, IN_INC | IN_UPD, false},
    {"incident.confidence", "missing", has_confidence, IN_INC | IN_UPD, false},
    {"incident.why_you", "missing", has_why_you, IN_INC, false},
    {"incident.attribution", "missing", has_attribution, IN_INC | IN_UPD, true},
    {"incident.next_update_by", "missing", has_next_update, IN_INC | IN_UPD, false},
    {"requested_action", "missing (ACK_ONLY asks for no more than a receipt)", has_action, IN_INC,
     false},
    {"response.kind", "missing", has_response_kind, IN_RSP, false},
    {"response.reason", "missing: a declined request needs its reason", has_decline_reason, IN_RSP,
     true},
    {"response.next_reply_by", "missing: an interim reply says when the next one comes",
     has_next_reply, IN_RSP, true},
    {"text", "exactly one authoritative text, below the empty line", has_text, IN_ALL, true},
};

static unsigned type_bit(Hotline__V1__NoticeType type)
{
    if (type == HOTLINE__V1__NOTICE_TYPE__INC)
        return IN_INC;
    if (type == HOTLINE__V1__NOTICE_TYPE__UPD)
        return IN_UPD;
    return type == HOTLINE__V1__NOTICE_TYPE__RSP ? IN_RSP : 0;
}

static void add(struct rules_fault *faults, size_t *count, const char *key, const char *what)
{
    if (*count < RULES_FAULTS_MAX)
        faults[(*count)++] = (struct rules_fault){key, what};
}

static size_t count_words(const char *text)
{
    size_t words = 0;
    bool in_word = false;

    for (; *text; text++) {
        bool is_blank = *text == ' ' || *text == '\n' || *text == '\t';

        words += !is_blank && !in_word;
        in_word = !is_blank;
    }
    return words;
}

/* Words a language by precedence; domain: text limit. */
static void check_texts(const notice_message *notice, struct rules_fault *faults, size_t *count)
{
    static const size_t words_max[] = {0, 0, 1000, 200, 200};
    size_t octets = 0;
    size_t limit =
        notice->precedence >= 1 && notice->precedence <= 4 ? words_max[notice->precedence] : 0;

    for (size_t i = 0; i < notice->n_text; i++) {
        octets += strlen(notice->text[i]->body);
        if (limit > 0 && count_words(notice->text[i]->body) > limit)
            add(faults, count, "text",
                limit == 200 ? "longer than 200 words, the limit of FLASH and IMMEDIATE"
                             : "longer than 1000 words, the limit of PRIORITY");
        for (size_t k = 0; k < i; k++) {
            if (strcmp(notice->text[i]->lang, notice->text[k]->lang) == 0)
                add(faults, count, "text", "one language stands twice");
        }
    }
    if (octets > 65536)
        add(faults, count, "text", "all texts together are longer than 65536 octets");
}

static void check_addresses(const notice_message *notice, struct rules_fault *faults, size_t *count)
{
    for (size_t i = 0; i < notice->n_to; i++) {
        const Hotline__V1__Address *address = notice->to[i];

        if (address->precedence > notice->precedence)
            add(faults, count, "info",
                "a copy for information cannot have a higher precedence than the notice");
        for (size_t k = 0; k < i; k++) {
            const Hotline__V1__Desk *other = notice->to[k]->desk;

            if (other->kind == address->desk->kind &&
                bytes_equal(BYTES(other->entity.data, other->entity.len),
                            BYTES(address->desk->entity.data, address->desk->entity.len)))
                add(faults, count, "to", "a desk is addressed twice");
        }
    }
}

static void check_body(const notice_message *notice, struct rules_fault *faults, size_t *count)
{
    bool wants_response = notice->type == HOTLINE__V1__NOTICE_TYPE__RSP;
    bool has_response = notice->body_case == HOTLINE__V1__NOTICE__BODY_RESPONSE;

    if (notice->body_case != HOTLINE__V1__NOTICE__BODY__NOT_SET &&
        !(wants_response && has_response))
        add(faults, count, "type", "the form has a body that this type does not take");
}

int rules_check(const Hotline__V1__Notice *notice,
                struct rules_fault ret_faults[static RULES_FAULTS_MAX], size_t *ret_count)
{
    unsigned bit = type_bit(notice->type);

    *ret_count = 0;
    if (bit == 0)
        return HL_EINVAL;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((rows[i].types & bit) && !rows[i].has(notice))
            add(ret_faults, ret_count, rows[i].key, rows[i].what);
    }
    check_texts(notice, ret_faults, ret_count);
    check_addresses(notice, ret_faults, ret_count);
    check_body(notice, ret_faults, ret_count);
    return *ret_count > 0 ? HL_EFORMAT : HL_OK;
}

const char *const *rules_mandatory(Hotline__V1__NoticeType type)
{
    static const char *keys[3][sizeof(rows) / sizeof(rows[0]) + 1];
    unsigned bit = type_bit(type);
    size_t count = 0;

    if (bit == 0)
        return NULL;
    const char **list = keys[bit == IN_INC ? 0 : bit == IN_UPD ? 1 : 2];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((rows[i].types & bit) && !rows[i].is_conditional)
            list[count++] = rows[i].key;
    }
    list[count] = NULL;
    return list;
}
