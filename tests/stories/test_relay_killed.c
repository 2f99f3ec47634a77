/* kill -9 of a relay at every step of its work: what it promised is there, what it did not promise is sent again. */
#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

#define STEPS_MAX 400

static const struct note flash = {.to = {"XBB.TEC"}};

static bool has_custody(struct world *world, void *context)
{
    return note_custody_count(sim_node(world, 0, 0), context) > 0;
}

static void assert_received_once(struct world *world, const uint8_t *hash)
{
    struct node *xbb = sim_node(world, 1, 0);
    assert_true(note_is_shown(xbb, hash));
    assert_int_equal(node_event_count(xbb, EVENT_RECEIVED), 1);
    assert_int_equal(node_count(xbb, "SELECT count(*) FROM notice", NULL), 1);
    assert_int_equal(node_event_count(xbb, EVENT_QUARANTINED), 0);
    assert_int_equal(node_event_count(xbb, EVENT_REJECTED_DEPOSIT), 0);
    if (world->faults > 0)
        fail_msg("%s", world->fault);
}

/* The sender never comes back: the relay alone must keep its word. */
static void what_a_relay_gave_custody_for_survives_its_death_and_is_delivered_once(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 31, 2, 1);
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    uint8_t hash[HASH_BYTES];
    line_cut(sim_line(world, xbb, 0), true);
    note_send(xaa, &flash, hash);
    assert_true(sim_run_until(world, has_custody, hash, 10000));
    relay_kill(&world->relays[0], SIM_NEVER);
    line_cut(sim_line(world, xaa, 0), true);
    line_cut(sim_line(world, xbb, 0), false);
    sim_run(world, 5000);
    assert_false(note_is_shown(xbb, hash));
    relay_revive(&world->relays[0]);
    sim_run(world, 60000);
    assert_received_once(world, hash);
    sim_free(world);
}

static void without_custody_the_outbox_sends_again(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 32, 2, 1);
    struct node *xaa = sim_node(world, 0, 0);
    struct relay_node *relay = &world->relays[0];
    uint8_t hash[HASH_BYTES];
    size_t before = store_memory_count(relay->store);
    relay->kill_at = relay->steps + 1; /* before the batch is written */
    note_send(xaa, &flash, hash);
    sim_run(world, 1000);
    assert_int_equal(relay->crashes, 1);
    assert_int_equal(store_memory_count(relay->store), before);
    assert_int_equal(note_custody_count(xaa, hash), 0);
    assert_int_equal(note_state(xaa, hash, "XBB.TEC"), RCPT_RELEASED);
    assert_true(note_wait(xaa, hash, "XBB.TEC", RCPT_DELIVERED, 60000));
    assert_int_equal(note_custody_count(xaa, hash), 1);
    assert_received_once(world, hash);
    sim_free(world);
}

/* Is what the sender holds custody for in the store, whatever else was lost? */
static void assert_promises_kept(struct world *world, const uint8_t *hash)
{
    if (note_custody_count(sim_node(world, 0, 0), hash) > 0)
        assert_true(store_memory_count(world->relays[0].store) > 0);
}

/* False: the relay did its whole work before step n. */
static bool killed_at(unsigned n, bool keeps_written, bool keeps_sent)
{
    struct world *world = sim_story(suite_fake(), 33, 2, 1);
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    struct relay_node *relay = &world->relays[0];
    uint8_t hash[HASH_BYTES];
    relay->keeps_written = keeps_written;
    relay->keeps_sent = keeps_sent;
    relay->kill_at = relay->steps + n;
    note_send(xaa, &flash, hash);
    bool is_delivered = note_wait(xaa, hash, "XBB.TEC", RCPT_DELIVERED, 60000);
    assert_promises_kept(world, hash);
    if (!is_delivered)
        fail_msg("killed at step %u: not delivered", n);
    assert_true(note_acknowledge(xbb, hash));
    if (!note_wait(xaa, hash, "XBB.TEC", RCPT_ACKED, 120000))
        fail_msg("killed at step %u: not acknowledged", n);
    assert_received_once(world, hash);
    bool was_killed = relay->crashes > 0;
    sim_free(world);
    return was_killed;
}

static void every_step(bool keeps_written, bool keeps_sent)
{
    unsigned n = 1;
    while (n < STEPS_MAX && killed_at(n, keeps_written, keeps_sent))
        n++;
    print_message("killed at each of %u steps\n", n - 1);
    assert_in_range(n, 12, STEPS_MAX - 1);
}

static void killed_at_every_step_losing_everything_unsynced(void **state)
{
    (void)state;
    every_step(false, false);
}

static void killed_at_every_step_where_the_last_write_and_records_under_way_survive(void **state)
{
    (void)state;
    every_step(true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_relay_gave_custody_for_survives_its_death_and_is_delivered_once),
        cmocka_unit_test(without_custody_the_outbox_sends_again),
        cmocka_unit_test(killed_at_every_step_losing_everything_unsynced),
        cmocka_unit_test(killed_at_every_step_where_the_last_write_and_records_under_way_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
