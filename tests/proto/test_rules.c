/* test_rules — the minimal set of the domain page, row by row: a complete notice has no fault, and each field taken away is
 * the one fault named. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/rules.h"
#include "tests/support/cmocka_all.h"

/* A notice with everything in it that a type may ask for. */
struct full {
    Hotline__V1__Notice notice;
    Hotline__V1__Incident incident;
    Hotline__V1__Response response;
    Hotline__V1__Stamp stamp;
    Hotline__V1__Text texts[2], *text[2];
    Hotline__V1__Desk desks[2];
    Hotline__V1__Address addresses[2], *to[2];
    Hotline__V1__Sector sector[1];
    Hotline__V1__RequestedAction action[1];
    uint8_t id[32], entities[2][16];
    char en[3], fr[3];
    char *body;
};

static void fill_incident(struct full *full)
{
    hotline__v1__incident__init(&full->incident);
    full->incident.incident_id = (ProtobufCBinaryData){16, full->id};
    full->incident.category = HOTLINE__V1__CATEGORY__RANSOMWARE;
    full->sector[0] = HOTLINE__V1__SECTOR__HEALTH;
    full->incident.n_sector = 1;
    full->incident.sector = full->sector;
    full->incident.status = HOTLINE__V1__INC_STATUS__ONGOING;
    full->incident.detected = &full->stamp;
    full->incident.severity = HOTLINE__V1__LVL__HIGH;
    full->incident.confidence = HOTLINE__V1__LVL__LOW;
    full->incident.suspected_malicious = HOTLINE__V1__TRI__UNKNOWN;
    full->incident.cross_border = HOTLINE__V1__TRI__UNKNOWN;
    full->incident.critical_infrastructure = HOTLINE__V1__TRI__UNKNOWN;
    full->incident.why_you = HOTLINE__V1__WHY_YOU__YOUR_ASSETS_AFFECTED;
    full->incident.attribution = HOTLINE__V1__ATTRIBUTION__ATTR_NONE_MADE;
    full->incident.next_update_by = &full->stamp;
    full->notice.incident = &full->incident;
}

static void fill_addresses(struct full *full)
{
    for (size_t i = 0; i < 2; i++) {
        hotline__v1__desk__init(&full->desks[i]);
        hotline__v1__address__init(&full->addresses[i]);
        memset(full->entities[i], (int)i + 1, 16);
        full->desks[i].entity = (ProtobufCBinaryData){16, full->entities[i]};
        full->desks[i].kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
        full->addresses[i].desk = &full->desks[i];
        full->addresses[i].precedence = HOTLINE__V1__PRECEDENCE__ROUTINE;
        full->to[i] = &full->addresses[i];
    }
    full->addresses[0].action = 1;
    full->notice.to = full->to;
    full->notice.n_to = 2;
}

static struct full *full_new(Hotline__V1__NoticeType type)
{
    struct full *full = calloc(1, sizeof(*full));

    hotline__v1__notice__init(&full->notice);
    full->notice.type = type;
    full->notice.precedence = HOTLINE__V1__PRECEDENCE__ROUTINE;
    full->notice.tlp = HOTLINE__V1__TLP__TLP_AMBER;
    hotline__v1__stamp__init(&full->stamp);
    full->stamp.unix_ms = 1795000000000;
    memcpy(full->en, "en", 3);
    memcpy(full->fr, "fr", 3);
    full->body = strdup("One text.");
    for (size_t i = 0; i < 2; i++) {
        hotline__v1__text__init(&full->texts[i]);
        full->texts[i].lang = i ? full->fr : full->en;
        full->texts[i].body = full->body;
        full->text[i] = &full->texts[i];
    }
    full->texts[0].authoritative = 1;
    full->notice.text = full->text;
    full->notice.n_text = 2;
    full->action[0] = HOTLINE__V1__REQUESTED_ACTION__ACK_ONLY;
    full->notice.n_requested_action = 1;
    full->notice.requested_action = full->action;
    full->notice.in_reply_to = (ProtobufCBinaryData){32, full->id};
    fill_incident(full);
    fill_addresses(full);
    hotline__v1__response__init(&full->response);
    full->response.kind = HOTLINE__V1__RESPONSE_KIND__SUBSTANTIVE;
    if (type == HOTLINE__V1__NOTICE_TYPE__RSP) {
        full->notice.body_case = HOTLINE__V1__NOTICE__BODY_RESPONSE;
        full->notice.response = &full->response;
    }
    return full;
}

static void full_free(struct full *full)
{
    free(full->body);
    free(full);
}

/* The one fault, by key; "" for none. */
static void expect(struct full *full, const char *key)
{
    struct rules_fault faults[RULES_FAULTS_MAX];
    size_t count = 99;
    int err = rules_check(&full->notice, faults, &count);

    assert_int_equal(err, key[0] ? HL_EFORMAT : HL_OK);
    if (count != (key[0] ? 1 : 0))
        fail_msg("%zu faults, the first '%s', instead of '%s'", count, faults[0].key, key);
    if (key[0])
        assert_string_equal(faults[0].key, key);
    full_free(full);
}

/* What each type must have, from the domain page's table: I INC, U UPD, R RSP. */
enum { I = 1, U = 2, R = 4, ALL = 7 };

static void no_addressee(struct full *full)
{
    full->addresses[0].action = 0;
}
static void no_precedence(struct full *full)
{
    full->notice.precedence = 0;
    full->addresses[0].precedence = full->addresses[1].precedence = 0;
}
static void no_tlp(struct full *full)
{
    full->notice.tlp = 0;
}
static void no_reply(struct full *full)
{
    full->notice.in_reply_to.len = 0;
}
static void no_matter(struct full *full)
{
    full->incident.incident_id.len = 0;
}
static void no_category(struct full *full)
{
    full->incident.category = 0;
}
static void no_status(struct full *full)
{
    full->incident.status = 0;
}
static void no_time(struct full *full)
{
    full->incident.detected = NULL;
}
static void no_sector(struct full *full)
{
    full->incident.n_sector = 0;
}
static void no_critical(struct full *full)
{
    full->incident.critical_infrastructure = 0;
}
static void no_malicious(struct full *full)
{
    full->incident.suspected_malicious = 0;
}
static void no_cross_border(struct full *full)
{
    full->incident.cross_border = 0;
}
static void no_severity(struct full *full)
{
    full->incident.severity = 0;
}
static void no_confidence(struct full *full)
{
    full->incident.confidence = 0;
}
static void no_why_you(struct full *full)
{
    full->incident.why_you = 0;
}
static void no_attribution(struct full *full)
{
    full->incident.attribution = 0;
}
static void no_next_update(struct full *full)
{
    full->incident.next_update_by = NULL;
}
static void no_action(struct full *full)
{
    full->notice.n_requested_action = 0;
}
static void no_kind(struct full *full)
{
    full->response.kind = 0;
}
static void declined(struct full *full)
{
    full->response.kind = HOTLINE__V1__RESPONSE_KIND__DECLINED;
}
static void interim(struct full *full)
{
    full->response.kind = HOTLINE__V1__RESPONSE_KIND__INTERIM_PENDING;
}
static void no_text(struct full *full)
{
    full->notice.n_text = 0;
}
static void no_authoritative(struct full *full)
{
    full->texts[0].authoritative = 0;
}
static void two_authoritative(struct full *full)
{
    full->texts[1].authoritative = 1;
}

static const struct {
    unsigned types;
    const char *key;
    void (*take)(struct full *full);
} table[] = {
    {ALL, "to", no_addressee},
    {ALL, "precedence", no_precedence},
    {ALL, "tlp", no_tlp},
    {R, "in_reply_to", no_reply},
    {ALL, "incident.incident_id", no_matter},
    {I, "incident.category", no_category},
    {I, "incident.status", no_status},
    {I, "incident.detected", no_time},
    {I, "incident.sector", no_sector},
    {I, "incident.critical_infrastructure", no_critical},
    {I, "incident.suspected_malicious", no_malicious},
    {I, "incident.cross_border", no_cross_border},
    {I | U, "incident.severity", no_severity},
    {I | U, "incident.confidence", no_confidence},
    {I, "incident.why_you", no_why_you},
    {I | U, "incident.attribution", no_attribution},
    {I | U, "incident.next_update_by", no_next_update},
    {I, "requested_action", no_action},
    {R, "response.kind", no_kind},
    {R, "response.reason", declined},
    {R, "response.next_reply_by", interim},
    {ALL, "text", no_text},
    {ALL, "text", no_authoritative},
    {ALL, "text", two_authoritative},
};
static const Hotline__V1__NoticeType types[] = {
    HOTLINE__V1__NOTICE_TYPE__INC, HOTLINE__V1__NOTICE_TYPE__UPD, HOTLINE__V1__NOTICE_TYPE__RSP};

static void complete_notice_of_each_type_has_no_fault(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 3; i++)
        expect(full_new(types[i]), "");
}

static void each_mandatory_field_taken_away_is_the_one_fault(void **unused)
{
    (void)unused;
    for (size_t type = 0; type < 3; type++) {
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            struct full *full = full_new(types[type]);

            table[i].take(full);
            expect(full, table[i].types & 1U << type ? table[i].key : "");
        }
    }
}

static void either_of_two_fields_will_do(void **unused)
{
    struct full *full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);

    (void)unused;
    full->incident.incident_id.len = 0;
    full->notice.thread_id = (ProtobufCBinaryData){16, full->id};
    full->incident.detected = NULL;
    full->incident.started = &full->stamp;
    expect(full, "");
    full = full_new(HOTLINE__V1__NOTICE_TYPE__RSP);
    declined(full);
    full->response.reason = HOTLINE__V1__REASON__LEGAL_BAR;
    expect(full, "");
    full = full_new(HOTLINE__V1__NOTICE_TYPE__RSP);
    interim(full);
    full->response.next_reply_by = &full->stamp;
    expect(full, "");
}

static struct full *with_words(unsigned precedence, size_t words)
{
    struct full *full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);

    free(full->body);
    full->body = calloc(2 * words + 3, 1);
    for (size_t i = 0; i < words; i++)
        memcpy(full->body + 2 * i, i % 3 == 0 ? "w " : i % 3 == 1 ? "w\n" : "w\t", 2);
    full->texts[0].body = full->body;
    full->notice.n_text = 1;
    full->notice.precedence = precedence;
    full->addresses[0].precedence = precedence;
    return full;
}

static void text_at_the_limit_of_words_is_good_and_one_more_is_not(void **unused)
{
    static const struct {
        unsigned precedence;
        size_t max;
    } limits[] = {{HOTLINE__V1__PRECEDENCE__FLASH, 200},
                  {HOTLINE__V1__PRECEDENCE__IMMEDIATE, 200},
                  {HOTLINE__V1__PRECEDENCE__PRIORITY, 1000}};

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        expect(with_words(limits[i].precedence, limits[i].max), "");
        expect(with_words(limits[i].precedence, limits[i].max + 1), "text");
    }
    expect(with_words(HOTLINE__V1__PRECEDENCE__ROUTINE, 5000), "");
}

static void all_texts_together_have_at_most_65536_octets(void **unused)
{
    (void)unused;
    for (size_t over = 0; over < 2; over++) {
        struct full *full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);

        free(full->body);
        full->body = malloc(65536 + 2);
        memset(full->body, 'a', 65536 + 1);
        full->body[65535 + over] = '\0'; /* the other text has one octet */
        full->texts[0].body = full->body;
        full->texts[1].body = full->en + 1;
        expect(full, over ? "text" : "");
    }
}

static void language_or_desk_twice_is_a_fault(void **unused)
{
    struct full *full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);

    (void)unused;
    full->texts[1].lang = full->en;
    expect(full, "text");
    full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);
    memcpy(full->entities[1], full->entities[0], 16);
    expect(full, "to");
    full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);
    memcpy(full->entities[1], full->entities[0], 16);
    full->desks[1].kind = HOTLINE__V1__DESK_KIND__DIPLOMATIC; /* another desk of one State */
    expect(full, "");
}

static void copy_for_information_is_never_more_urgent_than_the_notice(void **unused)
{
    struct full *full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);

    (void)unused;
    full->addresses[1].precedence = HOTLINE__V1__PRECEDENCE__PRIORITY;
    expect(full, "info");
}

static void body_that_the_type_does_not_take_is_a_fault(void **unused)
{
    struct full *full = full_new(HOTLINE__V1__NOTICE_TYPE__INC);

    (void)unused;
    full->notice.body_case = HOTLINE__V1__NOTICE__BODY_RESPONSE;
    full->notice.response = &full->response;
    expect(full, "type");
}

static void empty_notice_names_every_fault_within_the_array(void **unused)
{
    Hotline__V1__Notice notice;
    struct rules_fault faults[RULES_FAULTS_MAX];
    size_t count = 0;

    (void)unused;
    hotline__v1__notice__init(&notice);
    for (size_t type = 0; type < 3; type++) {
        size_t expected = 0;

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) - 2; i++)
            expected += (table[i].types & 1U << type) && table[i].take != declined &&
                        table[i].take != interim;
        notice.type = types[type];
        assert_int_equal(rules_check(&notice, faults, &count), HL_EFORMAT);
        assert_int_equal(count, expected);
    }
}

static void type_that_is_not_built_has_no_row(void **unused)
{
    Hotline__V1__Notice notice;
    struct rules_fault faults[RULES_FAULTS_MAX];
    size_t count = 0;

    (void)unused;
    hotline__v1__notice__init(&notice);
    for (int type = 0; type < 100; type++) {
        bool is_built = type == 10 || type == 11 || type == 30;

        notice.type = (Hotline__V1__NoticeType)type;
        assert_int_equal(rules_check(&notice, faults, &count) != HL_EINVAL, is_built);
        assert_int_equal(rules_mandatory(notice.type) != NULL, is_built);
    }
}

/* `show-form` leaves open what the program or the text below fills. */
static void mandatory_keys_are_the_open_lines_of_a_form(void **unused)
{
    static const char *const update[] = {"to",
                                         "precedence",
                                         "tlp",
                                         "incident.severity",
                                         "incident.confidence",
                                         "incident.next_update_by"};
    const char *const *keys = rules_mandatory(HOTLINE__V1__NOTICE_TYPE__UPD);

    (void)unused;
    for (size_t i = 0; i < sizeof(update) / sizeof(update[0]); i++)
        assert_string_equal(keys[i], update[i]);
    assert_null(keys[sizeof(update) / sizeof(update[0])]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_notice_of_each_type_has_no_fault),
        cmocka_unit_test(each_mandatory_field_taken_away_is_the_one_fault),
        cmocka_unit_test(either_of_two_fields_will_do),
        cmocka_unit_test(text_at_the_limit_of_words_is_good_and_one_more_is_not),
        cmocka_unit_test(all_texts_together_have_at_most_65536_octets),
        cmocka_unit_test(language_or_desk_twice_is_a_fault),
        cmocka_unit_test(copy_for_information_is_never_more_urgent_than_the_notice),
        cmocka_unit_test(body_that_the_type_does_not_take_is_a_fault),
        cmocka_unit_test(empty_notice_names_every_fault_within_the_array),
        cmocka_unit_test(type_that_is_not_built_has_no_row),
        cmocka_unit_test(mandatory_keys_are_the_open_lines_of_a_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
