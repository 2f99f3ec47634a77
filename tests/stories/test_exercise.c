/* A drill is never shown as real, and what is real stays so: the plane is under every signature. */
#include <string.h>

#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

static const struct note drill = {.to = {"XBB.TEC"}, .plane = HOTLINE__V1__PLANE__EXERCISE};
static const struct note real = {.to = {"XBB.TEC"}};

static size_t count_in_plane(struct node *node, Hotline__V1__Plane plane)
{
    AUTO(notice_list) list = NULL;
    const struct notice_filter filter = {.plane = (unsigned)plane};
    assert_int_equal(query_list(node->desk, &filter, &list), HL_OK);
    for (size_t i = 0; i < list->count; i++)
        assert_int_equal(list->items[i]->plane, plane);
    return list->count;
}

static void drill_is_a_drill_at_both_ends(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 61, 2, 2);
    struct node *nodes[2] = {sim_node(world, 0, 0), sim_node(world, 1, 0)};
    uint8_t hash[HASH_BYTES];
    note_send(nodes[0], &drill, hash);
    assert_true(note_wait(nodes[0], hash, "XBB.TEC", RCPT_DELIVERED, 20000));
    assert_true(note_acknowledge(nodes[1], hash));
    assert_true(note_wait(nodes[0], hash, "XBB.TEC", RCPT_ACKED, 20000));
    for (size_t i = 0; i < 2; i++) {
        AUTO(notice_view) view = NULL;
        assert_int_equal(query_notice(nodes[i]->desk, hash, &view), HL_OK);
        assert_int_equal(view->plane, HOTLINE__V1__PLANE__EXERCISE);
        assert_int_equal(view->notice->plane, HOTLINE__V1__PLANE__EXERCISE);
        assert_string_equal(view->notice->exercise_name, "BLUE RIVER");
        assert_int_equal(view->id[0], 'E');
        assert_int_equal(count_in_plane(nodes[i], HOTLINE__V1__PLANE__LIVE), 0);
        assert_int_equal(count_in_plane(nodes[i], HOTLINE__V1__PLANE__EXERCISE), 1);
        assert_int_equal(node_count(nodes[i], "SELECT count(*) FROM event WHERE plane = 1", NULL),
                         0);
    }
    assert_int_equal(world->faults, 0);
    sim_free(world);
}

static void relabel(struct node *by, struct node *to, const uint8_t *hash, unsigned plane)
{
    AUTO(blob) content = note_content(by, hash);
    const struct forgery forgery = {.plane = plane,
                                    .precedence = HOTLINE__V1__PRECEDENCE__FLASH,
                                    .content = bytes_blob(content),
                                    .hash = hash,
                                    .to = to};
    forge_submit(by, 0, &forgery);
    sim_run(by->world, 10000);
}

/* The sender's own terminal, with real keys, puts the drill into a LIVE envelope; and the other way round. */
static void relabelled(uint64_t seed, const struct note *note, Hotline__V1__Plane false_plane)
{
    struct world *world = sim_story(suite_fake(), seed, 2, 2);
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    uint8_t hash[HASH_BYTES];
    for (size_t r = 0; r < 2; r++)
        line_cut(sim_line(world, xbb, r), true); /* it shall see the false one first */
    note_send(xaa, note, hash);
    relabel(xaa, xbb, hash, (unsigned)false_plane);
    for (size_t r = 0; r < 2; r++)
        line_cut(sim_line(world, xbb, r), false);
    sim_run(world, 90000);
    assert_int_equal(node_event_count(xbb, EVENT_QUARANTINED), 1);
    assert_int_equal(node_count(xbb, "SELECT step FROM quarantine", NULL), 11);
    assert_int_equal(count_in_plane(xbb, false_plane), 0);
    assert_int_equal(node_event_count(xbb, EVENT_RECEIVED), 1); /* the true one */
    assert_int_equal(note_state(xaa, hash, "XBB.TEC"), RCPT_DELIVERED);
    if (world->faults > 0)
        fail_msg("%s", world->fault);
    sim_free(world);
}

static void drill_in_a_live_envelope_is_quarantined_not_shown(void **state)
{
    (void)state;
    relabelled(62, &drill, HOTLINE__V1__PLANE__LIVE);
}

static void real_notice_in_a_drill_envelope_is_quarantined_not_shown(void **state)
{
    (void)state;
    relabelled(63, &real, HOTLINE__V1__PLANE__EXERCISE);
}

/* Numbers and lanes of the two never touch. */
static void drills_take_no_numbers_of_real_notices(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 64, 2, 2);
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    uint8_t hash[HASH_BYTES];
    note_send(xaa, &drill, hash);
    note_send(xaa, &real, hash);
    note_send(xaa, &drill, hash);
    sim_run(world, 10000);
    assert_int_equal(node_count(xbb, "SELECT seq FROM stream_in WHERE plane = 1", NULL), 1);
    assert_int_equal(node_count(xbb, "SELECT seq FROM stream_in WHERE plane = 2", NULL), 2);
    assert_int_equal(node_event_count(xbb, EVENT_GAP), 0);
    assert_int_equal(count_in_plane(xbb, HOTLINE__V1__PLANE__LIVE), 1);
    sim_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drill_is_a_drill_at_both_ends),
        cmocka_unit_test(drill_in_a_live_envelope_is_quarantined_not_shown),
        cmocka_unit_test(real_notice_in_a_drill_envelope_is_quarantined_not_shown),
        cmocka_unit_test(drills_take_no_numbers_of_real_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
