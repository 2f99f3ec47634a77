/* A deposit whose envelope signature was damaged on its way to a relay: custody of those octets and of no others. */
#include <string.h>

#include "client/event.h"
#include "envelope.pb-c.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"
#include "wire.pb-c.h"

static const struct note flash = {.to = {"XBB.TEC"}};

/* The next `left` Submits of this terminal to this relay get one bit of their signature turned. */
struct damage {
    const struct node *by;
    const struct relay_node *relay;
    unsigned left;
    uint64_t req; /* of the last one */
};

static void turn_a_bit(struct blob **body, uint64_t *ret_req)
{
    Hotline__V1__Submit *submit = hotline__v1__submit__unpack(NULL, (*body)->len, (*body)->data);
    sim_must(submit == NULL ? HL_ENOMEM : HL_OK, "submit");
    Hotline__V1__Envelope *envelope =
        hotline__v1__envelope__unpack(NULL, submit->envelope.len, submit->envelope.data);
    sim_must(envelope == NULL ? HL_ENOMEM : HL_OK, "envelope");
    envelope->sig.data[40] ^= 1;
    sim_must(envelope->sig.len == 64 ? HL_OK : HL_EFORMAT, "signature");
    (void)hotline__v1__envelope__pack(envelope, submit->envelope.data);
    *ret_req = submit->req;
    struct blob *changed = NULL;
    sim_must(strict_pack(&submit->base, &changed), "memory");
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    hotline__v1__submit__free_unpacked(submit, NULL);
    blob_free(*body);
    *body = changed;
}

static bool damage_submit(struct world *world, struct wire *wire, enum heading heading,
                          unsigned type, struct blob **body)
{
    struct damage *damage = world->context;
    if (heading != TO_RELAY || type != RECORD_SUBMIT || damage->left == 0 ||
        wire->line->node != damage->by || wire->line->relay != damage->relay)
        return true;
    damage->left--;
    turn_a_bit(body, &damage->req);
    return true;
}

static void damaged(const struct suite *suite, uint64_t seed, size_t relays)
{
    struct world *world = sim_story(suite, seed, 2, relays);
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    struct damage damage = {.by = xaa, .relay = &world->relays[0], .left = 1};
    uint8_t hash[HASH_BYTES];
    world->context = &damage;
    world->on_record = damage_submit;
    note_send(xaa, &flash, hash);
    sim_run(world, 3000);
    /* The relay holds what it got; that is not what we gave, and its receipt is no custody of ours. */
    assert_int_equal(damage.left, 0);
    assert_true(store_memory_count(world->relays[0].store) >= 1);
    assert_int_equal(note_custody_count(xaa, hash), relays - 1);
    assert_true(node_event_count(xaa, EVENT_REJECTED_DEPOSIT) >= 1);
    /* The recipient rejects that one at step 4, and says so to the relay. */
    assert_int_equal(node_count(xbb, "SELECT count(*) FROM reject WHERE step = 4", NULL), 1);
    assert_int_equal(node_count(xbb, "SELECT count(*) FROM quarantine", NULL), 0);
    /* The right one comes, over the other relay at once or over this one again. */
    sim_run(world, 300000);
    assert_int_equal(note_custody_count(xaa, hash), relays);
    assert_true(note_is_shown(xbb, hash));
    assert_int_equal(node_event_count(xbb, EVENT_RECEIVED), 1);
    assert_true(note_acknowledge(xbb, hash));
    assert_true(note_wait(xaa, hash, "XBB.TEC", RCPT_ACKED, 30000));
    assert_int_equal(node_count(xbb, "SELECT count(*) FROM reject", NULL), 1);
    if (world->faults > 0)
        fail_msg("%s", world->fault);
    sim_free(world);
}

static void damaged_signature_is_rejected_and_the_other_relay_has_the_right_one(void **state)
{
    (void)state;
    damaged(suite_fake(), 71, 2);
}

static void damaged_signature_at_the_only_relay_delays_and_does_not_lose(void **state)
{
    (void)state;
    damaged(suite_fake(), 72, 1);
}

static void the_same_with_strict_signatures(void **state)
{
    (void)state;
    damaged(suite_real(), 73, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_signature_is_rejected_and_the_other_relay_has_the_right_one),
        cmocka_unit_test(damaged_signature_at_the_only_relay_delays_and_does_not_lose),
        cmocka_unit_test(the_same_with_strict_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
