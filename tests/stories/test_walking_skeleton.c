/* The walking skeleton: one notice through the whole system, in virtual time. */
#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

static void wait_for(struct node *sender, const uint8_t *hash, enum receipt_state state)
{
    if (!note_wait(sender, hash, "XBB.TEC", state, 30000))
        fail_msg("state %d, wanted %d", note_state(sender, hash, "XBB.TEC"), state);
}

static const struct note flash = {.to = {"XBB.TEC"}, .text = "Routes of three carriers leak."};

static void walk(struct world *world)
{
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    uint8_t hash[HASH_BYTES];
    note_send(xaa, &flash, hash);
    assert_int_equal(note_state(xaa, hash, "XBB.TEC"), RCPT_RELEASED);
    wait_for(xaa, hash, RCPT_HELD);
    wait_for(xaa, hash, RCPT_DELIVERED);
    assert_true(note_is_shown(xbb, hash));
    assert_true(note_open(xbb, hash));
    wait_for(xaa, hash, RCPT_OPENED);
    assert_true(note_acknowledge(xbb, hash));
    wait_for(xaa, hash, RCPT_ACKED);
    sim_run(world, 5000);
    assert_int_equal(note_custody_count(xaa, hash), 2);
    assert_int_equal(node_event_count(xbb, EVENT_RECEIVED), 1);
    assert_int_equal(node_event_count(xbb, EVENT_QUARANTINED), 0);
    assert_int_equal(node_event_count(xbb, EVENT_REJECTED_DEPOSIT), 0);
    if (world->faults > 0)
        fail_msg("%s", world->fault);
}

static void notice_is_held_by_two_relays_delivered_opened_and_acknowledged(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 1, 2, 2);
    walk(world);
    sim_free(world);
}

static void the_same_with_the_real_suite(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_real(), 2, 2, 2);
    walk(world);
    sim_free(world);
}

static void trace_of(uint64_t seed, uint8_t ret_hash[static HASH_BYTES])
{
    struct world *world = sim_story(suite_fake(), seed, 2, 2);
    walk(world);
    sim_trace(world, ret_hash);
    sim_free(world);
}

static void the_same_seed_twice_gives_the_same_trace(void **state)
{
    (void)state;
    uint8_t first[HASH_BYTES];
    uint8_t second[HASH_BYTES];
    uint8_t other[HASH_BYTES];
    trace_of(7, first);
    trace_of(7, second);
    trace_of(8, other);
    assert_memory_equal(first, second, HASH_BYTES);
    assert_memory_not_equal(first, other, HASH_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notice_is_held_by_two_relays_delivered_opened_and_acknowledged),
        cmocka_unit_test(the_same_with_the_real_suite),
        cmocka_unit_test(the_same_seed_twice_gives_the_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
