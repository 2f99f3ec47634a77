/* test_form_again — a draft that is edited is written as a form and read back: no field may be lost or bent on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "client/form.h"
#include "client/form_value.h"
#include "proto/rules.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"

static struct desk_world *world;

static int setup(void **unused)
{
    (void)unused;
    world = desk_world_new();
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    desk_world_free(world);
    return 0;
}

static int find_notice(void *owner, const char *id, uint8_t ret_hash[HASH_BYTES])
{
    (void)owner;
    memset(ret_hash, id[0], HASH_BYTES);
    return HL_OK;
}

/* The form's text as a notice; what the program sets is left out. */
static Hotline__V1__Notice *filled(struct bytes text)
{
    const struct form_context context = {.trust = &world->small->trust,
                                         .rng = &world->rng,
                                         .now_ms = world->now_ms,
                                         .find_notice = find_notice};
    struct form_faults *faults = calloc(1, sizeof(*faults));
    Hotline__V1__Notice *notice = malloc(sizeof(*notice));
    AUTO(form) form = NULL;

    hotline__v1__notice__init(notice);
    int err = form_read(text, &form, faults);
    if (err == HL_OK)
        err = form_fill(form, &context, notice, faults);
    if (err != HL_OK)
        fail_msg("%s: %s\n%.*s", faults->items[0].key, faults->items[0].message, (int)text.len,
                 (const char *)text.data);
    free(faults);
    return notice;
}

static void expect_same_again(const Hotline__V1__Notice *notice)
{
    AUTO(blob) before = NULL;
    AUTO(blob) after = NULL;
    AUTO_BUF form;

    buf_init(&form, FORM_BYTES_MAX);
    assert_int_equal(form_write(&world->small->trust, notice, &form), HL_OK);
    Hotline__V1__Notice *again = filled(buf_bytes(&form));
    assert_int_equal(strict_pack(&notice->base, &before), HL_OK);
    assert_int_equal(strict_pack(&again->base, &after), HL_OK);
    hotline__v1__notice__free_unpacked(again, NULL);
    if (!bytes_equal(bytes_blob(before), bytes_blob(after)))
        fail_msg("not the same again:\n%.*s", (int)form.len, (const char *)form.data);
}

/* --- every key that a form shows --- */

/* A value that fits what the comment above a key asks for. */
static const char *value_for(const char *hint, char *ret_word, size_t size)
{
    static const struct {
        const char *hint, *value;
    } values[] = {{"yes or no", "yes"}, {"time:", "2026-11-24T14:05:00Z"},
                  {"desk", "XBB.TEC"},  {"notice id", "L-7KQ2M0419Z"},
                  {"text of 3", "XBB"}, {"text", "words: <<of #"},
                  {"number", "3"},      {"32 hex digits", "00112233445566778899aabbccddeeff"}};

    if (strncmp(hint, "MUST: ", 6) == 0)
        hint += 6;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strncmp(hint, values[i].hint, strlen(values[i].hint)) == 0)
            return values[i].value;
    }
    (void)snprintf(ret_word, size, "%.*s", (int)strcspn(hint, " ;"), hint); /* the first word */
    return ret_word;
}

/* The empty form of a type with each of its keys given a value. */
static void fill_all_keys(Hotline__V1__NoticeType type, struct buf *to)
{
    AUTO_BUF empty;
    char hint[600] = "";
    char word[80];

    buf_init(&empty, FORM_BYTES_MAX);
    assert_int_equal(form_show(type, &empty), HL_OK);
    buf_add_u8(&empty, 0);
    char *rest = NULL;
    for (char *line = strtok_r((char *)empty.data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '#' && line[1] == ' ') {
            (void)snprintf(hint, sizeof(hint), "%s", line + 2);
            continue;
        }
        const char *key = line + (line[0] == '#');
        if (strchr(key, ':')[1] != '\0') /* type, lang */
            buf_add_format(to, "%s\n", key);
        else if (strcmp(key, "thread_id:") == 0 || strstr(key, "incident_id") != NULL)
            buf_add_format(to, "%s 00112233445566778899aabbccddeeff\n", key);
        else
            buf_add_format(to, "%s %s\n", key, value_for(hint, word, sizeof(word)));
    }
    buf_add_text(to, "\nThe text.\n");
}

static void every_key_of_a_form_survives_an_edit(void **unused)
{
    static const Hotline__V1__NoticeType types[] = {HOTLINE__V1__NOTICE_TYPE__INC,
                                                    HOTLINE__V1__NOTICE_TYPE__UPD,
                                                    HOTLINE__V1__NOTICE_TYPE__RSP};

    (void)unused;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        AUTO_BUF form;
        buf_init(&form, FORM_BYTES_MAX);
        fill_all_keys(types[i], &form);
        Hotline__V1__Notice *notice = filled(buf_bytes(&form));
        expect_same_again(notice);
        hotline__v1__notice__free_unpacked(notice, NULL);
    }
}

/* --- what a plain line cannot hold --- */

static void texts_survive_an_edit_whatever_stands_in_them(void **unused)
{
    static const char *const bodies[] = {"first\nEND\nlast",     "END",
                                         "a\nEND\nEND1\nb",      " blank\n",
                                         "\n\ntwo lines before", "key: value\n\n# no comment"};

    (void)unused;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        Hotline__V1__Notice *notice = filled(bytes_text(
            "type: INC\nother_means.1.who: XBB.TEC\nother_means.1.means: 1\n"
            "other_means.1.remark: x\ntext.fr: <<X\nbody\nX\ntext.es: y\nlang: en\n\nz"));
        assert_int_equal(notice->n_text, 3);
        for (size_t k = 0; k < 3; k++) {
            if (notice->text[k]->authoritative)
                continue;
            free(notice->text[k]->body);
            notice->text[k]->body = strdup(bodies[i]);
        }
        free(notice->other_means[0]->remark);
        notice->other_means[0]->remark = strdup(bodies[i]);
        expect_same_again(notice);
        hotline__v1__notice__free_unpacked(notice, NULL);
    }
}

static void repeated_groups_and_lists_survive_an_edit(void **unused)
{
    (void)unused;
    Hotline__V1__Notice *notice =
        filled(bytes_text("type: INC\nto: XBB.TEC\ninfo: XCC.TEC ROUTINE\nprecedence: FLASH\n"
                          "other_means.1.who: XBB.TEC\nother_means.1.means: 1\n"
                          "other_means.1.at: 2026-11-24T14:05:00.123Z\nother_means.1.remark: rang\n"
                          "other_means.2.who: XCC.TEC\nother_means.2.means: 2\n"
                          "references: L-A\nreferences: L-B\nin_reply_to: L-C\n"
                          "incident.affected_states: XAA\nincident.affected_states: XBB\n"
                          "lang: en\n\ntext\n"));
    assert_int_equal(notice->n_other_means, 2);
    assert_int_equal(notice->n_references, 2);
    expect_same_again(notice);
    hotline__v1__notice__free_unpacked(notice, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_a_form_survives_an_edit),
        cmocka_unit_test(texts_survive_an_edit_whatever_stands_in_them),
        cmocka_unit_test(repeated_groups_and_lists_survive_an_edit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
