/* Two relays: one is down, silent, or holds mail back; the other one delivers, and twice delivered is shown once. */
#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

static const struct note flash = {.to = {"XBB.TEC"}};
static const struct note routine = {.precedence = "ROUTINE", .to = {"XBB.TEC"}};

static void assert_through_once(struct world *world, const struct note *note, int64_t max_ms)
{
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    uint8_t hash[HASH_BYTES];
    note_send(xaa, note, hash);
    if (!note_wait(xaa, hash, "XBB.TEC", RCPT_DELIVERED, max_ms))
        fail_msg("state %d", note_state(xaa, hash, "XBB.TEC"));
    assert_true(note_acknowledge(xbb, hash));
    assert_true(note_wait(xaa, hash, "XBB.TEC", RCPT_ACKED, max_ms));
    sim_run(world, 30000);
    assert_int_equal(node_event_count(xbb, EVENT_RECEIVED), 1);
    if (world->faults > 0)
        fail_msg("%s", world->fault);
}

static void with_one_relay_down_the_other_one_delivers(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++) {
        struct world *world = sim_story(suite_fake(), 41 + r, 2, 2);
        relay_kill(&world->relays[r], SIM_NEVER);
        sim_run(world, 2000);
        assert_through_once(world, &flash, 20000);
        assert_int_equal(world->relays[r].relay == NULL, true);
        sim_free(world);
    }
}

static void routine_too_finds_the_relay_that_is_up(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++) {
        struct world *world = sim_story(suite_fake(), 43 + r, 2, 2);
        relay_kill(&world->relays[r], SIM_NEVER);
        sim_run(world, 2000);
        assert_through_once(world, &routine, 20000);
        sim_free(world);
    }
}

static bool holds_back(struct world *world, struct wire *wire, enum heading heading, unsigned type,
                       struct blob **body)
{
    (void)body;
    return heading != TO_DESK || type != RECORD_DELIVER ||
           wire->line->relay != (struct relay_node *)world->context;
}

static void relay_that_gives_custody_and_delivers_nothing_delays_nothing(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++) {
        struct world *world = sim_story(suite_fake(), 45 + r, 2, 2);
        world->context = &world->relays[r];
        world->on_record = holds_back;
        assert_through_once(world, &flash, 20000);
        sim_free(world);
    }
}

/* No word, no end of the connection: as when a cable is cut. */
static void line_that_dies_silently_is_given_up_and_the_other_relay_serves(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 47, 2, 2);
    line_cut(sim_line(world, sim_node(world, 0, 0), 0), true);
    line_cut(sim_line(world, sim_node(world, 1, 0), 0), true);
    assert_through_once(world, &flash, 20000);
    sim_run(world, 60000);
    assert_int_equal(node_event_count(sim_node(world, 0, 0), EVENT_RELAY_DOWN), 1);
    line_cut(sim_line(world, sim_node(world, 0, 0), 0), false);
    sim_run(world, 10000);
    struct relay_view relays[LIMIT_RELAYS];
    size_t count = 0;
    assert_int_equal(query_relays(sim_node(world, 0, 0)->desk, relays, &count), HL_OK);
    assert_int_equal(count, 2);
    assert_true(relays[0].is_up && relays[1].is_up);
    sim_free(world);
}

static void what_both_relays_deliver_is_shown_once(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 48, 2, 2);
    assert_through_once(world, &flash, 20000);
    struct node *xbb = sim_node(world, 1, 0);
    assert_int_equal(node_count(xbb,
                                "SELECT count(*) FROM custody c JOIN deposit d ON d.hash ="
                                " c.deposit WHERE d.kind = 1",
                                NULL),
                     2);
    assert_int_equal(node_count(xbb, "SELECT count(*) FROM notice", NULL), 1);
    sim_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_one_relay_down_the_other_one_delivers),
        cmocka_unit_test(routine_too_finds_the_relay_that_is_up),
        cmocka_unit_test(relay_that_gives_custody_and_delivers_nothing_delays_nothing),
        cmocka_unit_test(line_that_dies_silently_is_given_up_and_the_other_relay_serves),
        cmocka_unit_test(what_both_relays_deliver_is_shown_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
