#include "proto/custody_receipt.h"

#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/federation.h"

static struct federation federation;
static json_t *custody;
static uint8_t deposit_hash[HASH_BYTES];

static int load(void **unused)
{
    (void)unused;
    if (federation_load(&federation)) {
        custody = vectors_load("hotline/custody.json");
        json_t *seal = vectors_load("hotline/seal-content.json");
        vectors_hex_into(seal, "deposit_hash", deposit_hash, HASH_BYTES);
        json_decref(seal);
    }
    return 0;
}

static int unload(void **unused)
{
    (void)unused;
    if (custody) {
        json_decref(custody);
        federation_done(&federation);
    }
    return 0;
}

static struct desk_id desk_at(const json_t *object, const char *key)
{
    const json_t *desk = json_object_get(object, key);
    struct desk_id id = {.kind = (uint32_t)vectors_number(desk, "kind")};

    vectors_hex_into(desk, "entity", id.entity, ID_BYTES);
    return id;
}

static struct custody_expectation expectation(bool is_sender)
{
    const json_t *lane = json_object_get(custody, "lane");
    struct custody_expectation expected = {
        .ns = federation.trust->ns,
        .relay = trust_relay_by_name(federation.trust, "r1"),
        .deposit_hash = deposit_hash,
        .plane = 1,
        .from = desk_at(lane, "from"),
        .is_sender_form = is_sender,
        .own_desk = desk_at(lane, is_sender ? "from" : "to"),
    };

    return expected;
}

static void receipts_of_another_implementation_verify_in_both_forms(void **unused)
{
    (void)unused;
    if (!custody)
        skip();
    AUTO(blob) sender = vectors_hex(custody, "receipt_sender");
    AUTO(blob) recipient = vectors_hex(custody, "receipt_recipient");
    struct custody_expectation as_sender = expectation(true);
    struct custody_expectation as_recipient = expectation(false);
    struct custody_facts facts;
    const char *detail = "";

    assert_int_equal(
        custody_receipt_check(suite_real(), &as_sender, bytes_blob(sender), &facts, &detail),
        HL_OK);
    assert_int_equal(facts.index, 5);
    assert_int_equal(
        custody_receipt_check(suite_real(), &as_recipient, bytes_blob(recipient), &facts, &detail),
        HL_OK);
    assert_int_equal(facts.lane_seq, 6);
    assert_int_equal(
        custody_receipt_check(suite_real(), &as_recipient, bytes_blob(sender), &facts, &detail),
        HL_EVERIFY);
    assert_int_equal(
        custody_receipt_check(suite_real(), &as_sender, bytes_blob(recipient), &facts, &detail),
        HL_EVERIFY);
}

static void every_negative_case_gives_its_result(void **unused)
{
    (void)unused;
    if (!custody)
        skip();
    json_t *root = vectors_load("hotline/custody-negative.json");
    const json_t *cases = json_object_get(root, "cases");
    const json_t *fields = json_object_get(root, "expect_fields");
    struct custody_expectation expected = expectation(false);
    uint8_t head[HASH_BYTES];

    vectors_hex_into(fields, "lane_head", head, HASH_BYTES);
    expected.lane_head = head;
    expected.lane_seq = (uint64_t)vectors_number(fields, "lane_seq");
    assert_int_equal(json_array_size(cases), 29);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        AUTO(blob) receipt = vectors_hex(one, "receipt");
        struct custody_facts facts;
        const char *detail = "";

        int err =
            custody_receipt_check(suite_real(), &expected, bytes_blob(receipt), &facts, &detail);
        if ((err == HL_OK) != vectors_bool(one, "ok"))
            print_error("%s: %d %s\n", vectors_text(one, "name"), err, detail);
        assert_int_equal(err == HL_OK, vectors_bool(one, "ok"));
    }
    json_decref(root);
}

static void flipped_bit_in_a_receipt_is_refused(void **unused)
{
    (void)unused;
    if (!custody)
        skip();
    AUTO(blob) receipt = vectors_hex(custody, "receipt_recipient");
    struct custody_expectation expected = expectation(false);
    struct custody_facts facts;
    const char *detail = "";

    for (size_t bit = 0; bit < receipt->len * 8; bit++) {
        receipt->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(
            custody_receipt_check(suite_real(), &expected, bytes_blob(receipt), &facts, &detail),
            HL_OK);
        receipt->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void lane_heads_are_those_of_another_implementation(void **unused)
{
    (void)unused;
    if (!custody)
        skip();
    const json_t *lane = json_object_get(custody, "lane");
    const json_t *heads = json_object_get(lane, "heads");
    const json_t *deposits = json_object_get(lane, "deposits");
    struct desk_id from = desk_at(lane, "from");
    struct desk_id to = desk_at(lane, "to");
    uint8_t head[HASH_BYTES];
    uint8_t first[HASH_BYTES];

    lane_start(federation.trust->ns, trust_relay_by_name(federation.trust, "r1")->id, &from, &to, 1,
               head);
    vectors_hex_into(lane, "head_0", first, HASH_BYTES);
    assert_memory_equal(head, first, HASH_BYTES);
    for (size_t i = 0; i < json_array_size(heads); i++) {
        AUTO(blob) deposit = vectors_hex_value(json_array_get(deposits, i));
        AUTO(blob) expected = vectors_hex_value(json_array_get(heads, i));

        lane_next(head, i + 1, deposit->data, head);
        assert_memory_equal(head, expected->data, HASH_BYTES);
    }
}

static void checkpoint_is_written_as_another_implementation_writes_it(void **unused)
{
    (void)unused;
    if (!custody)
        skip();
    const json_t *relay = json_array_get(json_object_get(federation.json, "relays"), 0);
    uint8_t seed[32];
    uint8_t root[32];
    struct sign_key *key = NULL;
    char text[CHECKPOINT_MAX];
    size_t len = 0;

    vectors_hex_into(json_object_get(relay, "log"), "seed", seed, 32);
    vectors_hex_into(custody, "root", root, 32);
    assert_int_equal(sign_key_new(suite_real(), seed, &key), HL_OK);
    assert_int_equal(
        checkpoint_sign(suite_real(), key, vectors_text(relay, "log_origin"), 6, root, text, &len),
        HL_OK);
    assert_string_equal(text, vectors_text(custody, "checkpoint_utf8"));
    sign_key_free(key);
}

static void receipt_we_build_is_the_one_we_accept(void **unused)
{
    (void)unused;
    if (!custody)
        skip();
    AUTO(blob) body = vectors_hex(custody, "body");
    AUTO(blob) checkpoint = vectors_hex(custody, "checkpoint");
    AUTO(blob) expected = vectors_hex(custody, "receipt_recipient");
    const json_t *leaf_list = json_object_get(custody, "leaves");
    uint8_t leaves[6][32];
    uint8_t path[MERKLE_PROOF_MAX][32];
    size_t path_len = 0;

    for (size_t i = 0; i < 6; i++) {
        AUTO(blob) leaf = vectors_hex_value(json_array_get(leaf_list, i));
        memcpy(leaves[i], leaf->data, 32);
    }
    assert_int_equal(merkle_path((const uint8_t(*)[32])leaves, 6, 5, path, &path_len), HL_OK);
    ProtobufCMessage *sent = NULL;
    AUTO(blob) sender = vectors_hex(custody, "receipt_sender");
    sent = protobuf_c_message_unpack(&hotline__v1__custody_receipt__descriptor, NULL, sender->len,
                                     sender->data);
    const Hotline__V1__CustodyReceipt *receipt = (Hotline__V1__CustodyReceipt *)sent;
    struct lane_mark lanes[2];
    int own = -1;
    for (size_t i = 0; i < 2; i++) {
        memcpy(lanes[i].to.entity, receipt->lanes[i]->to->entity.data, ID_BYTES);
        lanes[i].to.kind = (uint32_t)receipt->lanes[i]->to->kind;
        lanes[i].seq = receipt->lanes[i]->seq;
        memcpy(lanes[i].head, receipt->lanes[i]->head.data, HASH_BYTES);
        memcpy(lanes[i].salt, receipt->lanes[i]->salt.data, ID_BYTES);
        struct desk_id to = desk_at(json_object_get(custody, "lane"), "to");
        if (desk_equal(&lanes[i].to, &to))
            own = (int)i;
    }
    const struct custody_proof proof = {5, (const uint8_t(*)[32])path, path_len,
                                        bytes_blob(checkpoint)};
    AUTO(blob) built = NULL;
    AUTO(blob) built_sender = NULL;
    assert_int_equal(custody_receipt_build(bytes_blob(body), lanes, 2, own, &proof, &built), HL_OK);
    assert_int_equal(custody_receipt_build(bytes_blob(body), lanes, 2, -1, &proof, &built_sender),
                     HL_OK);

    assert_true(bytes_equal(bytes_blob(built), bytes_blob(expected)));
    assert_true(bytes_equal(bytes_blob(built_sender), bytes_blob(sender)));
    protobuf_c_message_free_unpacked(sent, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receipts_of_another_implementation_verify_in_both_forms),
        cmocka_unit_test(every_negative_case_gives_its_result),
        cmocka_unit_test(flipped_bit_in_a_receipt_is_refused),
        cmocka_unit_test(lane_heads_are_those_of_another_implementation),
        cmocka_unit_test(checkpoint_is_written_as_another_implementation_writes_it),
        cmocka_unit_test(receipt_we_build_is_the_one_we_accept),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
