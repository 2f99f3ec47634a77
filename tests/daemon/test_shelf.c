/* test_shelf — what is handed out from the trees that the shelf keeps is what is handed out without them, octet by octet. */
#include "daemon/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store_memory.h"
#include "proto/open.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/relay_rig.h"

#define SLOTS 37 /* not a power of two */
#define LANES 12 /* three States, four desks each */

/* A broadcast: XBB's first terminal, then devices that nobody knows, at all desks. */
static struct blob *seal_broadcast(struct rig *rig, size_t count)
{
    struct seal_slot slots[SLOTS];

    for (size_t i = 0; i < count; i++) {
        slots[i] = world_slot(rig->world, (int)(i + 1) % WORLD_STATES, 0);
        slots[i].desk.kind = 1 + (uint32_t)(i + 1) % 4;
        if (i > 0)
            put_u64be(slots[i].device, i);
    }
    slots[0].desk = world_desk(rig->world, XBB);
    return rig_seal_slots(rig, 10 * XAA, 1, bytes_text("a text that no relay reads"), slots, count);
}

/* The deposit as the shelf has it. */
static struct shelf_item *deposit(struct rig *rig, const struct blob *envelope)
{
    struct peer *sender = rig_connect(rig, XAA, 0);
    struct store_body body = {.row = NULL};
    struct shelf_item *item = NULL;

    peer_submit_gets(sender, envelope, HOTLINE__V1__SUBMIT_CODE__SUBMIT_TAKEN);
    assert_int_equal(store_read(rig->store, 0, &body), HL_OK);
    assert_int_equal(shelf_item_from(rig->world->trust.ns, 0, &body, &item), HL_OK);
    store_body_done(&body);
    return item;
}

static void every_slot_is_delivered_alike_with_and_without_the_tree(void **state)
{
    struct rig *rig = rig_new(NULL);
    AUTO(blob) envelope = seal_broadcast(rig, SLOTS);
    AUTO(shelf_item) item = deposit(rig, envelope);
    const struct shelf_trees *trees = NULL;
    uint8_t path[MERKLE_PROOF_MAX][HASH_BYTES];

    (void)state;
    assert_int_equal(shelf_item_trees(item, &trees), HL_OK);
    assert_int_equal(trees->slots.size, SLOTS);
    for (size_t slot = 0; slot < SLOTS; slot++) {
        AUTO(blob) with = NULL;
        AUTO(blob) without = NULL;
        size_t len = 0;

        assert_int_equal(tree_path(&trees->slots, slot, SLOTS, path, &len), HL_OK);
        assert_int_equal(envelope_deliver_at(item->envelope, &item->facts, slot,
                                             (const uint8_t(*)[HASH_BYTES])path, len, &with),
                         HL_OK);
        assert_int_equal(envelope_deliver(item->envelope, &item->facts, slot, &without), HL_OK);
        assert_true(bytes_equal(bytes_blob(with), bytes_blob(without)));
    }
    assert_int_equal(envelope_deliver_at(item->envelope, &item->facts, SLOTS,
                                         (const uint8_t(*)[HASH_BYTES])path, 1, &envelope),
                     HL_EINVAL);
    rig_free(rig);
}

static void every_lane_has_the_same_receipt_with_and_without_the_tree(void **state)
{
    struct rig *rig = rig_new(NULL);
    AUTO(blob) envelope = seal_broadcast(rig, SLOTS);
    AUTO(shelf_item) item = deposit(rig, envelope);
    const struct shelf_trees *trees = NULL;
    uint8_t path[MERKLE_PROOF_MAX][HASH_BYTES];
    struct custody_proof proof = {.checkpoint = bytes_text("checkpoint")};

    (void)state;
    assert_int_equal(item->lane_count, LANES);
    assert_int_equal(shelf_item_trees(item, &trees), HL_OK);
    for (size_t lane = 0; lane < LANES; lane++) {
        struct custody_lane_proof lane_proof = {.index = lane,
                                                .path = (const uint8_t(*)[HASH_BYTES])path};
        AUTO(blob) with = NULL;
        AUTO(blob) without = NULL;

        assert_int_equal(tree_path(&trees->lanes, lane, LANES, path, &lane_proof.path_len), HL_OK);
        assert_int_equal(custody_receipt_build_for(bytes_blob(item->custody),
                                                   &item->parts.lanes[lane], &lane_proof, &proof,
                                                   &with),
                         HL_OK);
        assert_int_equal(custody_receipt_build(bytes_blob(item->custody), item->parts.lanes, LANES,
                                               (int)lane, &proof, &without),
                         HL_OK);
        assert_true(bytes_equal(bytes_blob(with), bytes_blob(without)));
    }
    rig_free(rig);
}

static void check_delivered(struct rig *rig, const Hotline__V1__Deliver *deliver)
{
    struct custody_expectation expected = {.ns = rig->world->trust.ns,
                                           .relay = &rig->info,
                                           .deposit_hash = deliver->deposit_hash.data,
                                           .plane = HOTLINE__V1__PLANE__LIVE,
                                           .from = world_desk(rig->world, XAA),
                                           .own_desk = world_desk(rig->world, XBB),
                                           .lane_seq = deliver->lane_seq,
                                           .lane_head = deliver->lane_head.data};
    Hotline__V1__DeliveredEnvelope *delivered = hotline__v1__delivered_envelope__unpack(
        NULL, deliver->delivered.len, deliver->delivered.data);
    uint8_t path[MERKLE_PROOF_MAX][HASH_BYTES], leaf[HASH_BYTES];
    AUTO(blob) receipt = NULL;
    struct custody_facts facts;
    const char *detail = "";

    assert_non_null(delivered);
    merkle_leaf(BYTES(delivered->slot.data, delivered->slot.len), leaf);
    for (size_t i = 0; i < delivered->n_proof; i++)
        memcpy(path[i], delivered->proof[i].data, HASH_BYTES);
    assert_int_equal(merkle_check_path(leaf, delivered->slot_index, SLOTS,
                                       (const uint8_t(*)[HASH_BYTES])path, delivered->n_proof,
                                       delivered->slots_root.data),
                     HL_OK);
    assert_int_equal(strict_pack(&deliver->custody->base, &receipt), HL_OK);
    assert_int_equal(
        custody_receipt_check(rig->world->suite, &expected, bytes_blob(receipt), &facts, &detail),
        HL_OK);
    hotline__v1__delivered_envelope__free_unpacked(delivered, NULL);
}

static void broadcast_is_delivered_with_proofs_that_hold_also_from_the_store(void **state)
{
    struct rig *rig = rig_new(NULL);
    AUTO(blob) envelope = seal_broadcast(rig, SLOTS);

    (void)state;
    peer_submit_gets(rig_connect(rig, XAA, 0), envelope, HOTLINE__V1__SUBMIT_CODE__SUBMIT_TAKEN);
    for (int round = 0; round < 2; round++) {
        struct peer *reader = rig_connect(rig, XBB, 0);
        Hotline__V1__Deliver *deliver;

        peer_subscribe(reader, 0, 4);
        deliver = peer_deliver(reader);
        assert_non_null(deliver);
        check_delivered(rig, deliver);
        hotline__v1__deliver__free_unpacked(deliver, NULL);
        rig_restart(rig);
    }
    rig_free(rig);
}

static struct shelf_item *starved_item;

static int try_trees(void *context)
{
    const struct shelf_trees *trees = NULL;
    struct shelf_item item = *starved_item;
    int err = shelf_item_trees(&item, &trees);

    (void)context;
    assert_int_equal(err == HL_OK, item.trees != NULL);
    if (item.trees) {
        tree_done(&item.trees->slots);
        tree_done(&item.trees->lanes);
        free(item.trees);
    }
    return err;
}

static void trees_without_memory_are_made_at_the_next_call(void **state)
{
    struct rig *rig;

    (void)state;
    nth_alloc_require();
    rig = rig_new(NULL);
    AUTO(blob) envelope = seal_broadcast(rig, SLOTS);
    starved_item = deposit(rig, envelope);
    assert_true(nth_alloc_sweep(try_trees, NULL) > LANES);
    shelf_item_free(starved_item);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_slot_is_delivered_alike_with_and_without_the_tree),
        cmocka_unit_test(every_lane_has_the_same_receipt_with_and_without_the_tree),
        cmocka_unit_test(broadcast_is_delivered_with_proofs_that_hold_also_from_the_store),
        cmocka_unit_test(trees_without_memory_are_made_at_the_next_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
