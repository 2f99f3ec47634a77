/* Two persons: FLASH needs a second one, the drafter is not that one, and a signature holds for the words it was given for. */
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

static const struct note flash = {.to = {"XBB.TEC"}, .text = "Stop the traffic."};

static int release_by(struct node *node, size_t officer, const char *id, const char *reason)
{
    static struct release_result result;
    const struct release_options options = {.reason = reason};
    node_officer(node, officer);
    return draft_release(node->desk, id, &options, &result);
}

static void assert_words(const struct node *node, const char *words)
{
    if (strstr(desk_why(node->desk), words) == NULL)
        fail_msg("`%s` is not in: %s", words, desk_why(node->desk));
}

static void assert_nothing_left(struct node *node)
{
    node_poke(node);
    sim_run(node->world, 5000);
    assert_int_equal(node_count(node, "SELECT count(*) FROM notice", NULL), 0);
    assert_int_equal(node_count(node, "SELECT count(*) FROM deposit", NULL), 0);
    assert_int_equal(node_count(node, "SELECT count(*) FROM outbox", NULL), 0);
    assert_int_equal(node->world->faults, 0);
}

static void drafter_cannot_release_his_own_flash_and_is_told_what_to_do(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 21, 2, 2);
    struct node *xaa = sim_node(world, 0, 0);
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    note_draft(xaa, &flash, id, hash);
    assert_int_equal(release_by(xaa, 0, id, NULL), HL_EPERM);
    assert_words(xaa, "another person must release it");
    assert_words(xaa, "--single-person REASON");
    assert_nothing_left(xaa);
    assert_int_equal(release_by(xaa, 1, id, NULL), HL_OK);
    sim_free(world);
}

static void flash_drafted_for_one_person_is_refused_without_a_reason(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 22, 2, 2);
    struct node *xaa = sim_node(world, 0, 0);
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    Hotline__V1__Notice *notice = note_make(xaa, &flash);
    notice->persons = 1;
    node_officer(xaa, 0);
    assert_int_equal(draft_sign(xaa->desk, notice, id, hash), HL_OK);
    hotline__v1__notice__free_unpacked(notice, NULL);
    assert_int_equal(release_by(xaa, 0, id, NULL), HL_EPERM);
    assert_words(xaa, "let a second officer release it");
    assert_words(xaa, "--single-person REASON");
    assert_nothing_left(xaa);
    sim_free(world);
}

static void one_person_with_a_reason_is_heard_and_marked(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 23, 2, 2);
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    note_draft(xaa, &flash, id, hash);
    assert_int_equal(release_by(xaa, 0, id, "the second officer is on his way"), HL_OK);
    node_poke(xaa);
    sim_run(world, 5000);
    AUTO(notice_list) list = NULL;
    const struct notice_filter filter = {.only_in = true};
    assert_int_equal(query_list(xbb->desk, &filter, &list), HL_OK);
    assert_int_equal(list->count, 1);
    assert_true(list->items[0]->flags & NOTICE_NOT_SECOND_PERSON);
    sim_free(world);
}

/* The same person at another terminal is still the same person; a second one there may. */
static void second_terminal_is_no_second_person(void **state)
{
    (void)state;
    const struct world_plan plan = {.suite = suite_fake(),
                                    .seed = 24,
                                    .states = 2,
                                    .terminals = 2,
                                    .relays = 2,
                                    .delay_max_ms = 40};
    struct world *world = sim_new(&plan);
    struct node *first = sim_node(world, 0, 0);
    struct node *second = sim_node(world, 0, 1);
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    note_draft(first, &flash, id, hash);
    node_poke(first);
    sim_run(world, 5000);
    assert_int_equal(release_by(second, 0, id, NULL), HL_EPERM);
    assert_words(second, "another person must release it");
    assert_int_equal(release_by(second, 1, id, NULL), HL_OK);
    node_poke(second);
    assert_true(note_wait(second, hash, "XBB.TEC", RCPT_DELIVERED, 20000));
    assert_true(note_is_shown(sim_node(world, 1, 0), hash));
    assert_true(note_is_shown(sim_node(world, 1, 1), hash));
    assert_int_equal(world->faults, 0);
    sim_free(world);
}

static void returned_draft_has_no_signature_any_more(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 25, 2, 2);
    struct node *xaa = sim_node(world, 0, 0);
    char id[NOTICE_ID_SIZE];
    char new_id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    note_draft(xaa, &flash, id, hash);
    node_officer(xaa, 1);
    assert_int_equal(draft_return(xaa->desk, id, "say which routes", new_id), HL_OK);
    assert_int_equal(release_by(xaa, 1, id, NULL), HL_ESTATE);
    assert_int_equal(release_by(xaa, 1, new_id, NULL), HL_ESTATE);
    assert_words(xaa, "is not signed by its author");
    assert_nothing_left(xaa);
    sim_free(world);
}

/* What a program with the desk's own key could write into the database. */
static void change_a_word(struct node *node, const char *id)
{
    AUTO(draft_row) row = NULL;
    assert_int_equal(draft_row_find(node->desk, id, &row), HL_OK);
    bool is_found = false;
    for (size_t i = 0; i + 4 <= row->content->len && !is_found; i++) {
        is_found = strncmp((const char *)row->content->data + i, "Stop", 4) == 0;
        if (is_found)
            row->content->data[i + 2] = 'e';
    }
    assert_true(is_found);
    assert_int_equal(draft_row_put(node->desk, row), HL_OK);
}

static void changed_draft_has_lost_its_signature(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 26, 2, 2);
    struct node *xaa = sim_node(world, 0, 0);
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    note_draft(xaa, &flash, id, hash);
    change_a_word(xaa, id);
    assert_int_equal(release_by(xaa, 1, id, NULL), HL_EVERIFY);
    assert_words(xaa, "signatures are void");
    assert_nothing_left(xaa);
    sim_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drafter_cannot_release_his_own_flash_and_is_told_what_to_do),
        cmocka_unit_test(flash_drafted_for_one_person_is_refused_without_a_reason),
        cmocka_unit_test(one_person_with_a_reason_is_heard_and_marked),
        cmocka_unit_test(second_terminal_is_no_second_person),
        cmocka_unit_test(returned_draft_has_no_signature_any_more),
        cmocka_unit_test(changed_draft_has_lost_its_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
