/* test_custody_form — custody receipts of any size up to the limits, and each thing that "verifies and covers" asks for, wrong
 * once. Needs no vectors but for the last tests. */
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "keys/merkle.h"
#include "proto/custody_receipt.h"
#include "receipt.pb-c.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/vectors.h"

#define LANES_MAX 401
#define ORIGIN    "hotline/0011223344556677/r9"

/* One relay, one deposit. */
struct bench {
    uint8_t ns[NS_BYTES], deposit[HASH_BYTES];
    struct relay_info relay;
    struct sign_key *log_key;
    struct lane_mark lanes[LANES_MAX + 1];
    struct custody custody;
    uint8_t leaf[32];
    struct blob *body;
};
static struct bench bench;

static int setup(void **unused)
{
    static const uint8_t seed[32] = {5};

    (void)unused;
    memset(&bench, 0, sizeof(bench));
    memset(bench.ns, 1, NS_BYTES);
    memset(bench.deposit, 2, HASH_BYTES);
    memset(bench.relay.id, 3, ID_BYTES);
    memcpy(bench.relay.log_origin, ORIGIN, sizeof(ORIGIN));
    assert_int_equal(sign_key_new(suite_fake(), seed, &bench.log_key), HL_OK);
    memcpy(bench.relay.log_pk, bench.log_key->pk, 32);
    for (size_t i = 0; i <= LANES_MAX; i++) {
        put_u32be(bench.lanes[i].to.entity, (uint32_t)i / 4 + 1);
        bench.lanes[i].to.kind = (uint32_t)(i % 4) + 1;
        bench.lanes[i].seq = i + 1;
        put_u32be(bench.lanes[i].head, (uint32_t)i);
        put_u32be(bench.lanes[i].salt, (uint32_t)i);
    }
    bench.custody = (struct custody){.ns = bench.ns,
                                     .relay = bench.relay.id,
                                     .received_ms = 1795000000000,
                                     .plane = 1,
                                     .from = bench.lanes[0].to,
                                     .lanes = bench.lanes};
    memcpy(bench.custody.deposit_hash, bench.deposit, HASH_BYTES);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    sign_key_free(bench.log_key);
    blob_free(bench.body);
    return 0;
}

/* The body alone in its tree. */
static struct blob *build(size_t lane_count, int own_lane)
{
    char text[CHECKPOINT_MAX];
    size_t len = 0;
    struct blob *receipt = NULL;

    blob_free(bench.body);
    bench.body = NULL;
    bench.custody.lane_count = lane_count;
    assert_int_equal(custody_body(&bench.custody, &bench.body, bench.leaf), HL_OK);
    assert_int_equal(
        checkpoint_sign(suite_fake(), bench.log_key, ORIGIN, 1, bench.leaf, text, &len), HL_OK);
    const struct custody_proof proof = {0, NULL, 0, BYTES(text, len)};
    assert_int_equal(custody_receipt_build(bytes_blob(bench.body), bench.lanes, lane_count,
                                           own_lane, &proof, &receipt),
                     HL_OK);
    return receipt;
}

static struct custody_expectation expectation(int own_lane)
{
    return (struct custody_expectation){.ns = bench.ns,
                                        .relay = &bench.relay,
                                        .deposit_hash = bench.deposit,
                                        .plane = 1,
                                        .from = bench.custody.from,
                                        .is_sender_form = own_lane < 0,
                                        .own_desk = bench.lanes[own_lane < 0 ? 0 : own_lane].to};
}

static int check(const struct custody_expectation *expected, struct bytes receipt)
{
    struct custody_facts facts;
    const char *detail = "";
    int err = custody_receipt_check(suite_fake(), expected, receipt, &facts, &detail);

    assert_int_equal(err == HL_OK, detail[0] == '\0');
    return err;
}

static void both_forms_verify_for_every_number_of_lanes(void **unused)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 100, 255, 256, 257, 400, 401};

    (void)unused;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        AUTO(blob) sender = build(counts[i], -1);
        struct custody_expectation expected = expectation(-1);

        assert_int_equal(check(&expected, bytes_blob(sender)), HL_OK);
        for (int own = 0; own < (int)counts[i]; own += own < 9 ? 1 : 49) {
            AUTO(blob) recipient = build(counts[i], own);

            expected = expectation(own);
            assert_int_equal(check(&expected, bytes_blob(recipient)), HL_OK);
            expected.own_desk.kind = 9;
            assert_int_equal(check(&expected, bytes_blob(recipient)), HL_EVERIFY);
        }
    }
}

static void limits_of_building_are_kept(void **unused)
{
    uint8_t path[33][32] = {{0}};
    struct custody_proof proof = {0, (const uint8_t(*)[32])path, 33, bytes_text("x")};
    struct blob *blob = NULL;

    (void)unused;
    bench.custody.lane_count = 0;
    assert_int_equal(custody_body(&bench.custody, &blob, bench.leaf), HL_EINVAL);
    bench.custody.lane_count = LANES_MAX + 1;
    assert_int_equal(custody_body(&bench.custody, &blob, bench.leaf), HL_EINVAL);
    assert_int_equal(custody_receipt_build(bytes_text("x"), bench.lanes, 0, -1, &proof, &blob),
                     HL_EINVAL);
    assert_int_equal(
        custody_receipt_build(bytes_text("x"), bench.lanes, LANES_MAX + 1, -1, &proof, &blob),
        HL_EINVAL);
    assert_int_equal(custody_receipt_build(bytes_text("x"), bench.lanes, 2, 2, &proof, &blob),
                     HL_EINVAL);
    assert_int_equal(custody_receipt_build(bytes_text("x"), bench.lanes, 2, 1, &proof, &blob),
                     HL_ETOOBIG);
    assert_null(blob);
}

static void lanes_that_do_not_ascend_make_no_body(void **unused)
{
    struct blob *blob = NULL;

    (void)unused;
    bench.custody.lane_count = 3;
    bench.lanes[2].to = bench.lanes[1].to;
    assert_int_equal(custody_body(&bench.custody, &blob, bench.leaf), HL_EINVAL);
    bench.lanes[2].to = bench.lanes[0].to;
    assert_int_equal(custody_body(&bench.custody, &blob, bench.leaf), HL_EINVAL);
    assert_null(blob);
}

static void each_equality_broken_once_is_refused(void **unused)
{
    (void)unused;
    for (int own = -1; own <= 1; own += 2) {
        AUTO(blob) receipt = build(3, own);
        uint8_t other[HASH_BYTES] = {9};
        struct relay_info relay = bench.relay;

        for (int i = 0; i < 8; i++) {
            struct custody_expectation expected = expectation(own);

            relay = bench.relay;
            expected.relay = &relay;
            if (i == 1)
                expected.ns = other;
            if (i == 2)
                relay.id[0] ^= 1;
            if (i == 3)
                expected.deposit_hash = other;
            if (i == 4)
                expected.plane = 2;
            if (i == 5)
                expected.from.kind++;
            if (i == 6)
                relay.log_pk[0] ^= 1;
            if (i == 7)
                relay.log_origin[0] ^= 1;
            if ((check(&expected, bytes_blob(receipt)) == HL_OK) != (i == 0))
                fail_msg("form %d, equality %d", own, i);
        }
    }
}

/* A sender's receipt whose body commits to `lanes` as they stand, which custody_body() would not make. */
static struct blob *build_unordered(const struct lane_mark *lanes, size_t count)
{
    uint8_t leaves[LANES_MAX][32];
    uint8_t root[32];
    char text[CHECKPOINT_MAX];
    size_t len = 0;
    struct blob *receipt = NULL;
    AUTO(blob) pae = NULL;
    AUTO(blob) body = NULL;
    Hotline__V1__Custody *message;

    blob_free(build(count, -1)); /* leaves the body that it signed in the bench */
    message = hotline__v1__custody__unpack(NULL, bench.body->len, bench.body->data);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(custody_lane_leaf(&lanes[i], leaves[i]), HL_OK);
    assert_int_equal(merkle_root((const uint8_t(*)[32])leaves, count, root), HL_OK);
    memcpy(message->lanes_root.data, root, 32);
    assert_int_equal(strict_pack(&message->base, &body), HL_OK);
    hotline__v1__custody__free_unpacked(message, NULL);
    assert_int_equal(label_pae(label_fixed(LABEL_CUSTODY_LEAF), bytes_blob(body), &pae), HL_OK);
    merkle_leaf(bytes_blob(pae), bench.leaf);
    assert_int_equal(
        checkpoint_sign(suite_fake(), bench.log_key, ORIGIN, 1, bench.leaf, text, &len), HL_OK);
    const struct custody_proof proof = {0, NULL, 0, BYTES(text, len)};
    assert_int_equal(custody_receipt_build(bytes_blob(body), lanes, count, -1, &proof, &receipt),
                     HL_OK);
    return receipt;
}

static void lanes_of_a_sender_ascend(void **unused)
{
    const struct lane_mark straight[] = {bench.lanes[0], bench.lanes[1], bench.lanes[2]};
    const struct lane_mark swapped[] = {bench.lanes[0], bench.lanes[2], bench.lanes[1]};
    const struct lane_mark twice[] = {bench.lanes[0], bench.lanes[1], bench.lanes[1]};
    const struct custody_expectation expected = expectation(-1);
    AUTO(blob) good = build_unordered(straight, 3);
    AUTO(blob) bad = build_unordered(swapped, 3);
    AUTO(blob) double_lane = build_unordered(twice, 3);

    (void)unused;
    assert_int_equal(check(&expected, bytes_blob(good)), HL_OK);
    assert_int_equal(check(&expected, bytes_blob(bad)), HL_EVERIFY);
    assert_int_equal(check(&expected, bytes_blob(double_lane)), HL_EVERIFY);
}

static void senders_form_has_no_lane_path(void **unused)
{
    static uint8_t hash[32] = {1};
    ProtobufCBinaryData path = {32, hash};
    const struct custody_expectation expected = expectation(-1);
    AUTO(blob) receipt = build(3, -1);
    Hotline__V1__CustodyReceipt *message =
        hotline__v1__custody_receipt__unpack(NULL, receipt->len, receipt->data);

    (void)unused;
    for (int i = 0; i < 3; i++) {
        AUTO(blob) bent = NULL;

        message->n_lane_proof = i == 1;
        message->lane_proof = i == 1 ? &path : NULL;
        message->lane_index = i == 2;
        assert_int_equal(strict_pack(&message->base, &bent), HL_OK);
        assert_int_equal(check(&expected, bytes_blob(bent)), i == 0 ? HL_OK : HL_EVERIFY);
    }
    message->n_lane_proof = 0;
    message->lane_proof = NULL;
    hotline__v1__custody_receipt__free_unpacked(message, NULL);
}

static void lane_of_the_delivery_must_be_the_promised_one(void **unused)
{
    AUTO(blob) receipt = build(3, 1);
    struct custody_expectation expected = expectation(1);
    uint8_t head[HASH_BYTES];

    (void)unused;
    memcpy(head, bench.lanes[1].head, HASH_BYTES);
    expected.lane_head = head;
    expected.lane_seq = bench.lanes[1].seq;
    assert_int_equal(check(&expected, bytes_blob(receipt)), HL_OK);
    expected.lane_seq++;
    assert_int_equal(check(&expected, bytes_blob(receipt)), HL_EVERIFY);
    expected.lane_seq--;
    head[31] ^= 1;
    assert_int_equal(check(&expected, bytes_blob(receipt)), HL_EVERIFY);
}

static void sender_has_one_lane_for_each_desk_with_a_slot(void **unused)
{
    AUTO(blob) receipt = build(3, -1);
    struct custody_expectation expected = expectation(-1);
    struct desk_id desks[4] = {bench.lanes[2].to, bench.lanes[0].to, bench.lanes[1].to,
                               bench.lanes[3].to};

    (void)unused;
    expected.desks = desks;
    expected.desk_count = 3;
    assert_int_equal(check(&expected, bytes_blob(receipt)), HL_OK);
    expected.desk_count = 2; /* a lane too many */
    assert_int_equal(check(&expected, bytes_blob(receipt)), HL_EVERIFY);
    expected.desk_count = 4; /* a desk that got none */
    assert_int_equal(check(&expected, bytes_blob(receipt)), HL_EVERIFY);
    desks[2] = bench.lanes[3].to; /* another desk than the one with a lane */
    expected.desk_count = 3;
    assert_int_equal(check(&expected, bytes_blob(receipt)), HL_EVERIFY);
}

static void flipped_bit_or_cut_in_either_form_is_refused(void **unused)
{
    (void)unused;
    for (int own = -1; own <= 1; own += 2) {
        AUTO(blob) receipt = build(5, own);
        struct custody_expectation expected = expectation(own);

        for (size_t len = 0; len < receipt->len; len++)
            assert_int_not_equal(check(&expected, BYTES(receipt->data, len)), HL_OK);
        for (size_t bit = 0; bit < receipt->len * 8; bit++) {
            receipt->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            if (check(&expected, bytes_blob(receipt)) == HL_OK)
                fail_msg("form %d, bit %zu", own, bit);
            receipt->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static void planes_and_desks_never_share_a_lane(void **unused)
{
    uint8_t heads[6][HASH_BYTES];
    struct desk_id a = bench.lanes[0].to;
    struct desk_id b = bench.lanes[1].to;
    uint8_t other[NS_BYTES] = {8};

    (void)unused;
    lane_start(bench.ns, bench.relay.id, &a, &b, 1, heads[0]);
    lane_start(bench.ns, bench.relay.id, &a, &b, 2, heads[1]);
    lane_start(bench.ns, bench.relay.id, &b, &a, 1, heads[2]);
    lane_start(bench.ns, other, &a, &b, 1, heads[3]);
    lane_start(other, bench.relay.id, &a, &b, 1, heads[4]);
    lane_start(bench.ns, bench.relay.id, &a, &a, 1, heads[5]);
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(heads[i], heads[k], HASH_BYTES);
    }
}

/* A form as `own_lane` says. */
struct form {
    int own_lane;
    struct blob *receipt;
    struct custody_expectation expected;
};

static int make_body(void *context)
{
    AUTO(blob) body = NULL;
    uint8_t leaf[32] = {0};

    (void)context;
    int err = custody_body(&bench.custody, &body, leaf);
    assert_true((err == HL_OK) == (body != NULL));
    return err;
}

static int make_receipt(void *context)
{
    const struct form *form = context;
    const struct custody_proof proof = {0, NULL, 0, bytes_text("x")};
    AUTO(blob) receipt = NULL;

    int err = custody_receipt_build(bytes_blob(bench.body), bench.lanes, 5, form->own_lane, &proof,
                                    &receipt);
    assert_true((err == HL_OK) == (receipt != NULL));
    return err;
}

static int judge_receipt(void *context)
{
    const struct form *form = context;
    struct custody_facts facts = {.index = 7};
    const char *detail = "";

    int err = custody_receipt_check(suite_fake(), &form->expected, bytes_blob(form->receipt),
                                    &facts, &detail);
    assert_int_equal(facts.index, err == HL_OK ? 0 : 7);
    return err;
}

static void lack_of_memory_is_said_to_be_that(void **unused)
{
    (void)unused;
    nth_alloc_require();
    for (int own_lane = -1; own_lane < 3; own_lane += 3) {
        struct form form = {.own_lane = own_lane, .receipt = build(5, own_lane)};

        form.expected = expectation(own_lane);
        assert_true(nth_alloc_sweep(make_body, NULL) > 5);
        assert_true(nth_alloc_sweep(make_receipt, &form) > 3);
        assert_true(nth_alloc_sweep(judge_receipt, &form) > 10);
        blob_free(form.receipt);
    }
}

static void body_and_leaf_are_those_of_another_implementation(void **unused)
{
    (void)unused;
    json_t *vector = vectors_load("hotline/custody.json");
    if (!vector)
        skip();
    AUTO(blob) octets = vectors_hex(vector, "body");
    AUTO(blob) made = NULL;
    struct lane_mark lanes[2];
    uint8_t leaf[32];
    uint8_t expected_leaf[32];
    Hotline__V1__Custody *body = hotline__v1__custody__unpack(NULL, octets->len, octets->data);
    const json_t *marks = json_object_get(vector, "lane_marks");

    for (size_t i = 0; i < 2; i++) {
        AUTO(blob) mark_octets = vectors_hex_value(json_array_get(marks, i));
        Hotline__V1__LaneMark *mark =
            hotline__v1__lane_mark__unpack(NULL, mark_octets->len, mark_octets->data);
        memcpy(lanes[i].to.entity, mark->to->entity.data, ID_BYTES);
        lanes[i].to.kind = (uint32_t)mark->to->kind;
        lanes[i].seq = mark->seq;
        memcpy(lanes[i].head, mark->head.data, HASH_BYTES);
        memcpy(lanes[i].salt, mark->salt.data, ID_BYTES);
        hotline__v1__lane_mark__free_unpacked(mark, NULL);
    }
    struct custody custody = {.ns = body->ns.data,
                              .relay = body->relay.data,
                              .received_ms = body->received_ms,
                              .plane = (unsigned)body->plane,
                              .from = {.kind = (uint32_t)body->from->kind},
                              .lanes = lanes,
                              .lane_count = 2};
    memcpy(custody.deposit_hash, body->deposit_hash.data, HASH_BYTES);
    memcpy(custody.salt, body->salt.data, HASH_BYTES);
    memcpy(custody.from.entity, body->from->entity.data, ID_BYTES);
    assert_int_equal(custody_body(&custody, &made, leaf), HL_OK);
    assert_true(bytes_equal(bytes_blob(made), bytes_blob(octets)));
    vectors_hex_into(vector, "leaf_hash", expected_leaf, 32);
    assert_memory_equal(leaf, expected_leaf, 32);
    hotline__v1__custody__free_unpacked(body, NULL);
    json_decref(vector);
}

static void tree_extends_the_earlier_one_as_another_implementation_proves(void **unused)
{
    (void)unused;
    json_t *vector = vectors_load("hotline/custody.json");
    if (!vector)
        skip();
    const json_t *consistency = json_object_get(vector, "consistency");
    const json_t *items = json_object_get(consistency, "proof");
    uint64_t first = (uint64_t)vectors_number(consistency, "m");
    uint64_t second = (uint64_t)vectors_number(consistency, "n");
    uint8_t proof[MERKLE_PROOF_MAX][32];
    uint8_t before[32];
    uint8_t after[32];

    for (size_t i = 0; i < json_array_size(items); i++) {
        AUTO(blob) node = vectors_hex_value(json_array_get(items, i));
        memcpy(proof[i], node->data, 32);
    }
    vectors_hex_into(consistency, "root_m", before, 32);
    vectors_hex_into(vector, "root", after, 32);
    for (int bent = 0; bent < 3; bent++) {
        before[0] ^= bent == 1;
        after[0] ^= bent == 2;
        assert_int_equal(merkle_check_consistency(first, before, second, after,
                                                  (const uint8_t(*)[32])proof,
                                                  json_array_size(items)) == HL_OK,
                         bent == 0);
        before[0] ^= bent == 1;
        after[0] ^= bent == 2;
    }
    json_decref(vector);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_forms_verify_for_every_number_of_lanes),
        TEST(limits_of_building_are_kept),
        TEST(lanes_that_do_not_ascend_make_no_body),
        TEST(each_equality_broken_once_is_refused),
        TEST(lanes_of_a_sender_ascend),
        TEST(senders_form_has_no_lane_path),
        TEST(lane_of_the_delivery_must_be_the_promised_one),
        TEST(sender_has_one_lane_for_each_desk_with_a_slot),
        TEST(flipped_bit_or_cut_in_either_form_is_refused),
        TEST(planes_and_desks_never_share_a_lane),
        TEST(lack_of_memory_is_said_to_be_that),
        TEST(body_and_leaf_are_those_of_another_implementation),
        TEST(tree_extends_the_earlier_one_as_another_implementation_proves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
