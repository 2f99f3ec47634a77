/* A notice is for whom its author named: another desk can neither open it nor be made to believe it. */
#include <string.h>

#include "client/event.h"
#include "proto/open.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"
#include "wire.pb-c.h"

enum { XAA, XBB, XCC };

static const struct note flash = {.to = {"XBB.TEC"}};

/* The first content that a relay hands to XBB. */
struct caught {
    struct node *of;
    Hotline__V1__Deliver *deliver;
    struct blob *body;
};

static bool catch_delivery(struct world *world, struct wire *wire, enum heading heading,
                           unsigned type, struct blob **body)
{
    struct caught *caught = world->context;
    if (heading != TO_DESK || type != RECORD_DELIVER || wire->line->node != caught->of ||
        caught->deliver != NULL)
        return true;
    caught->deliver = hotline__v1__deliver__unpack(NULL, (*body)->len, (*body)->data);
    sim_must(blob_copy(bytes_blob(*body), &caught->body), "memory");
    return true;
}

static struct world *with_caught(uint64_t seed, struct caught *caught,
                                 uint8_t ret_hash[static HASH_BYTES])
{
    struct world *world = sim_story(suite_fake(), seed, 3, 2);
    *caught = (struct caught){.of = sim_node(world, XBB, 0)};
    world->context = caught;
    world->on_record = catch_delivery;
    note_send(sim_node(world, XAA, 0), &flash, ret_hash);
    assert_true(note_wait(sim_node(world, XAA, 0), ret_hash, "XBB.TEC", RCPT_DELIVERED, 20000));
    assert_non_null(caught->deliver);
    assert_true(caught->deliver->delivered.len > 0);
    return world;
}

static void caught_done(struct caught *caught)
{
    hotline__v1__deliver__free_unpacked(caught->deliver, NULL);
    blob_free(caught->body);
}

static void assert_nothing_shown(struct node *node, const uint8_t *hash)
{
    assert_false(note_is_shown(node, hash));
    assert_int_equal(node_count(node, "SELECT count(*) FROM notice", NULL), 0);
    assert_int_equal(node_event_count(node, EVENT_RECEIVED), 0);
}

static struct opened *open_as(const struct node *node, const Hotline__V1__Deliver *deliver)
{
    struct open_context context = {.suite = node->identity->suite,
                                   .trust = node->world->trust,
                                   .own_desk = node->identity->desk,
                                   .prekeys = node->identity->ring,
                                   .now_ms = desk_now_ms(node->desk)};
    memcpy(context.own_device, node->identity->device->id, ID_BYTES);
    struct opened *opened = NULL;
    sim_must(open_delivered(&context, deliver->deposit_hash.data,
                            BYTES(deliver->delivered.data, deliver->delivered.len), &opened),
             "open");
    return opened;
}

static void what_is_sealed_to_one_desk_another_one_cannot_open(void **state)
{
    (void)state;
    uint8_t hash[HASH_BYTES];
    struct caught caught;
    struct world *world = with_caught(51, &caught, hash);
    AUTO(opened) right = open_as(sim_node(world, XBB, 0), caught.deliver);
    assert_int_equal(right->result, OPEN_OK);
    AUTO(opened) wrong = open_as(sim_node(world, XCC, 0), caught.deliver);
    assert_int_equal(wrong->result, OPEN_REJECTED);
    assert_int_equal(wrong->step, 5);
    assert_null(wrong->content);
    assert_null(wrong->file_key);
    caught_done(&caught);
    sim_free(world);
}

/* Even when XCC says of itself that it is the other terminal: it lacks the private prekey. */
static void naming_oneself_the_other_terminal_opens_nothing(void **state)
{
    (void)state;
    uint8_t hash[HASH_BYTES];
    struct caught caught;
    struct world *world = with_caught(52, &caught, hash);
    struct node *xbb = sim_node(world, XBB, 0);
    struct open_context context = {.suite = suite_fake(),
                                   .trust = world->trust,
                                   .own_desk = xbb->identity->desk,
                                   .prekeys = sim_node(world, XCC, 0)->identity->ring,
                                   .now_ms = desk_now_ms(xbb->desk)};
    memcpy(context.own_device, xbb->identity->device->id, ID_BYTES);
    AUTO(opened) opened = NULL;
    assert_int_equal(
        open_delivered(&context, caught.deliver->deposit_hash.data,
                       BYTES(caught.deliver->delivered.data, caught.deliver->delivered.len),
                       &opened),
        HL_OK);
    assert_int_equal(opened->result, OPEN_QUARANTINED);
    assert_true(opened->is_unreadable);
    assert_null(opened->content);
    caught_done(&caught);
    sim_free(world);
}

static void relay_that_hands_it_to_another_desk_is_told_so(void **state)
{
    (void)state;
    uint8_t hash[HASH_BYTES];
    struct caught caught;
    struct world *world = with_caught(53, &caught, hash);
    struct node *xcc = sim_node(world, XCC, 0);
    struct wire *wire = sim_line(world, xcc, 0)->wire;
    assert_non_null(wire);
    assert_int_equal(agent_input(wire->agent, RECORD_DELIVER, bytes_blob(caught.body)), HL_OK);
    assert_nothing_shown(xcc, hash);
    assert_int_equal(node_count(xcc, "SELECT count(*) FROM reject WHERE step = 5", NULL), 1);
    assert_true(node_event_count(xcc, EVENT_REJECTED_DEPOSIT) > 0);
    caught_done(&caught);
    sim_free(world);
}

static void forge_and_run(struct world *world, struct node *by, const uint8_t *hash)
{
    AUTO(blob) content = note_content(by, hash);
    const struct forgery forgery = {.plane = HOTLINE__V1__PLANE__LIVE,
                                    .precedence = HOTLINE__V1__PRECEDENCE__FLASH,
                                    .content = bytes_blob(content),
                                    .hash = hash,
                                    .to = sim_node(world, XCC, 0)};
    forge_submit(by, 0, &forgery);
    sim_run(world, 10000);
}

static void what_the_addressee_seals_on_to_a_third_desk_is_quarantined_there(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 54, 3, 2);
    struct node *xcc = sim_node(world, XCC, 0);
    uint8_t hash[HASH_BYTES];
    note_send(sim_node(world, XAA, 0), &flash, hash);
    sim_run(world, 5000);
    forge_and_run(world, sim_node(world, XBB, 0), hash);
    assert_nothing_shown(xcc, hash);
    assert_int_equal(node_event_count(xcc, EVENT_QUARANTINED), 1);
    assert_int_equal(node_count(xcc, "SELECT step FROM quarantine", NULL), 11);
    if (world->faults > 0)
        fail_msg("%s", world->fault);
    sim_free(world);
}

/* The author's own terminal may not either: the third desk stands in no line that was signed. */
static void desk_that_is_not_in_the_signed_list_quarantines_even_the_authors_copy(void **state)
{
    (void)state;
    struct world *world = sim_story(suite_fake(), 55, 3, 2);
    struct node *xcc = sim_node(world, XCC, 0);
    uint8_t hash[HASH_BYTES];
    note_send(sim_node(world, XAA, 0), &flash, hash);
    sim_run(world, 5000);
    forge_and_run(world, sim_node(world, XAA, 0), hash);
    assert_nothing_shown(xcc, hash);
    assert_int_equal(node_event_count(xcc, EVENT_QUARANTINED), 1);
    assert_int_equal(node_count(xcc, "SELECT step FROM quarantine", NULL), 12);
    /* The sender is told, once, and the notice to XBB stands as it stood. */
    assert_int_equal(note_state(sim_node(world, XAA, 0), hash, "XBB.TEC"), RCPT_DELIVERED);
    if (world->faults > 0)
        fail_msg("%s", world->fault);
    sim_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_to_one_desk_another_one_cannot_open),
        cmocka_unit_test(naming_oneself_the_other_terminal_opens_nothing),
        cmocka_unit_test(relay_that_hands_it_to_another_desk_is_told_so),
        cmocka_unit_test(what_the_addressee_seals_on_to_a_third_desk_is_quarantined_there),
        cmocka_unit_test(desk_that_is_not_in_the_signed_list_quarantines_even_the_authors_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
