#include "proto/mailbox_head.h"

#include <string.h>

#include "proto/schema.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/federation.h"
#include "tests/support/nth_alloc.h"

static struct federation federation;
static json_t *vector;
static json_t *custody;
static const struct relay_info *relay;
static struct custody_facts facts; /* of the custody that the vector's heads commit to */
static struct head_charge charge;

static struct desk_id desk_at(const json_t *object, const char *key)
{
    const json_t *desk = json_object_get(object, key);
    struct desk_id id = {.kind = (uint32_t)vectors_number(desk, "kind")};

    vectors_hex_into(desk, "entity", id.entity, ID_BYTES);
    return id;
}

static void judge_custody(void)
{
    const json_t *lane = json_object_get(custody, "lane");
    AUTO(blob) receipt = vectors_hex(custody, "receipt_recipient");
    uint8_t deposit[HASH_BYTES];
    json_t *seal = vectors_load("hotline/seal-content.json");
    const char *detail = "";

    vectors_hex_into(seal, "deposit_hash", deposit, HASH_BYTES);
    json_decref(seal);
    charge = (struct head_charge){.relay = relay,
                                  .from = desk_at(lane, "from"),
                                  .to = desk_at(lane, "to"),
                                  .plane = 1,
                                  .custody = &facts};
    const struct custody_expectation expected = {.ns = federation.trust->ns,
                                                 .relay = relay,
                                                 .deposit_hash = deposit,
                                                 .plane = 1,
                                                 .from = charge.from,
                                                 .own_desk = charge.to};
    assert_int_equal(
        custody_receipt_check(suite_real(), &expected, bytes_blob(receipt), &facts, &detail),
        HL_OK);
}

static int load(void **unused)
{
    (void)unused;
    if (!federation_load(&federation))
        return 0;
    vector = vectors_load("hotline/heads.json");
    custody = vectors_load("hotline/custody.json");
    relay = trust_relay_by_name(federation.trust, "r1");
    judge_custody();
    return 0;
}

static int unload(void **unused)
{
    (void)unused;
    if (!vector)
        return 0;
    json_decref(vector);
    json_decref(custody);
    federation_done(&federation);
    return 0;
}

static int prove(struct bytes proof, struct head_proof_facts *ret_facts)
{
    return head_proof_check(suite_real(), federation.trust->ns, relay, proof, ret_facts);
}

static bool convicts(const json_t *object, struct bytes steps)
{
    AUTO(blob) proof = vectors_hex(object, "head_proof");
    struct head_proof_facts proven;
    bool result = false;

    assert_int_equal(prove(bytes_blob(proof), &proven), HL_OK);
    assert_int_equal(head_convicts(&charge, &proven, steps, &result), HL_OK);
    return result;
}

static void nonces_are_those_of_another_implementation(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    uint8_t random[16];
    uint8_t leaf[32];
    uint8_t expected[HEAD_NONCE_BYTES];
    uint8_t nonce[HEAD_NONCE_BYTES];

    vectors_hex_into(vector, "r", random, 16);
    vectors_hex_into(vector, "c", leaf, 32);
    vectors_hex_into(vector, "nonce_committed", expected, sizeof(expected));
    head_nonce(random, leaf, nonce);
    assert_memory_equal(nonce, expected, sizeof(nonce));
    assert_memory_equal(facts.leaf, leaf, 32);
    vectors_hex_into(vector, "nonce_ordinary", expected, sizeof(expected));
    head_nonce(random, NULL, nonce);
    assert_memory_equal(nonce, expected, sizeof(nonce));
}

static void head_of_another_implementation_verifies_with_its_nonce_and_lanes(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    AUTO(blob) head = vectors_hex(vector, "head");
    AUTO(blob) lane = vectors_hex_value(json_array_get(json_object_get(vector, "lanes"), 0));
    const struct bytes lanes[] = {bytes_blob(lane), bytes_blob(lane)};
    struct mailbox_head_facts found;
    uint8_t nonce[HEAD_NONCE_BYTES];

    vectors_hex_into(vector, "nonce_committed", nonce, sizeof(nonce));
    assert_int_equal(mailbox_head_check(suite_real(), federation.trust->ns, relay, bytes_blob(head),
                                        nonce, &found),
                     HL_OK);
    assert_true(desk_equal(&found.desk, &charge.to));
    assert_int_equal(found.lane_count, 1);
    assert_int_equal(mailbox_head_check_lanes(&found, lanes, 1), HL_OK);
    assert_int_equal(mailbox_head_check_lanes(&found, lanes, 0), HL_EVERIFY);
    found.lane_count = 2;
    assert_int_equal(mailbox_head_check_lanes(&found, lanes, 2), HL_EFORMAT); /* the same twice */
}

static void head_with_another_nonce_or_of_another_relay_is_refused(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    AUTO(blob) head = vectors_hex(vector, "head");
    struct mailbox_head_facts found;
    uint8_t nonce[HEAD_NONCE_BYTES];
    uint8_t ns[NS_BYTES] = {1};

    vectors_hex_into(vector, "nonce_ordinary", nonce, sizeof(nonce));
    assert_int_equal(mailbox_head_check(suite_real(), federation.trust->ns, relay, bytes_blob(head),
                                        nonce, &found),
                     HL_EVERIFY);
    assert_int_equal(mailbox_head_check(suite_real(), federation.trust->ns,
                                        trust_relay_by_name(federation.trust, "r2"),
                                        bytes_blob(head), NULL, &found),
                     HL_EVERIFY);
    assert_int_equal(mailbox_head_check(suite_real(), ns, relay, bytes_blob(head), NULL, &found),
                     HL_EVERIFY);
}

static void only_the_suppressing_head_convicts(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    const json_t *suppressing = json_object_get(vector, "suppressing");

    assert_int_equal(convicts(vector, BYTES(NULL, 0)), vectors_bool(vector, "convicts"));
    assert_int_equal(convicts(suppressing, BYTES(NULL, 0)), vectors_bool(suppressing, "convicts"));
}

/* Each thing the conviction rests on, taken away once. */
static void no_conviction_without_commitment_lane_and_plane(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    AUTO(blob) octets = vectors_hex(json_object_get(vector, "suppressing"), "head_proof");
    struct head_proof_facts proven;
    struct head_proof_facts bent;
    bool result = true;

    assert_int_equal(prove(bytes_blob(octets), &proven), HL_OK);
    for (int i = 0; i < 5; i++) {
        bent = proven;
        bent.is_committed = i != 0;
        bent.custody_leaf[0] ^= i == 1;
        bent.from.kind += i == 2;
        bent.head.desk.kind += i == 3;
        bent.plane += i == 4;
        assert_int_equal(head_convicts(&charge, &bent, BYTES(NULL, 0), &result), HL_OK);
        assert_false(result);
    }
    bent = proven;
    bent.seq = facts.lane_seq; /* as far, but another history */
    assert_int_equal(head_convicts(&charge, &bent, BYTES(NULL, 0), &result), HL_OK);
    assert_true(result);
    memcpy(bent.lane_head, facts.lane_head, HASH_BYTES);
    assert_int_equal(head_convicts(&charge, &bent, BYTES(NULL, 0), &result), HL_OK);
    assert_false(result);
}

static struct blob *steps_of(const uint8_t *before, uint64_t first_seq, uint8_t *deposit)
{
    Hotline__V1__LaneSteps steps = HOTLINE__V1__LANE_STEPS__INIT;
    Hotline__V1__Desk from = HOTLINE__V1__DESK__INIT;
    Hotline__V1__Desk to = HOTLINE__V1__DESK__INIT;
    ProtobufCBinaryData hash = {HASH_BYTES, deposit};
    uint8_t id[ID_BYTES];
    uint8_t head[HASH_BYTES];
    struct blob *packed = NULL;

    memcpy(id, relay->id, ID_BYTES);
    memcpy(head, before, HASH_BYTES);
    from.entity = (ProtobufCBinaryData){ID_BYTES, charge.from.entity};
    from.kind = (Hotline__V1__DeskKind)charge.from.kind;
    to.entity = (ProtobufCBinaryData){ID_BYTES, charge.to.entity};
    to.kind = (Hotline__V1__DeskKind)charge.to.kind;
    steps.from = &from;
    steps.to = &to;
    steps.plane = HOTLINE__V1__PLANE__LIVE;
    steps.relay = (ProtobufCBinaryData){ID_BYTES, id};
    steps.first_seq = first_seq;
    steps.head_before = (ProtobufCBinaryData){HASH_BYTES, head};
    steps.n_deposit_hash = 1;
    steps.deposit_hash = &hash;
    assert_int_equal(strict_pack(&steps.base, &packed), HL_OK);
    return packed;
}

/* The head has gone on to the next number; steps say from which hash. */
static void steps_over_another_hash_convict_and_over_the_same_do_not(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    AUTO(blob) octets = vectors_hex(json_object_get(vector, "suppressing"), "head_proof");
    struct head_proof_facts proven;
    uint8_t deposit[HASH_BYTES] = {9};
    uint8_t other[HASH_BYTES] = {7};
    bool result = true;

    assert_int_equal(prove(bytes_blob(octets), &proven), HL_OK);
    proven.seq = facts.lane_seq + 1;
    AUTO(blob) honest = steps_of(facts.lane_head, proven.seq, deposit);
    AUTO(blob) forked = steps_of(other, proven.seq, deposit);
    AUTO(blob) late = steps_of(other, proven.seq + 1, deposit);

    lane_next(facts.lane_head, proven.seq, deposit, proven.lane_head);
    assert_int_equal(head_convicts(&charge, &proven, bytes_blob(honest), &result), HL_OK);
    assert_false(result);
    assert_int_equal(head_convicts(&charge, &proven, bytes_blob(forked), &result), HL_EVERIFY);
    lane_next(other, proven.seq, deposit, proven.lane_head);
    assert_int_equal(head_convicts(&charge, &proven, bytes_blob(forked), &result), HL_OK);
    assert_true(result);
    assert_int_equal(head_convicts(&charge, &proven, bytes_blob(late), &result), HL_EVERIFY);
}

/* They end in the head, and yet say nothing about the custody: an honest relay would differ from whatever they begin with. */
static void steps_that_begin_behind_the_custody_convict_nobody(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    AUTO(blob) octets = vectors_hex(json_object_get(vector, "suppressing"), "head_proof");
    struct head_proof_facts proven;
    uint8_t deposit[HASH_BYTES] = {9};
    uint8_t between[HASH_BYTES];
    bool result = false;

    assert_int_equal(prove(bytes_blob(octets), &proven), HL_OK);
    proven.seq = facts.lane_seq + 2;
    lane_next(facts.lane_head, facts.lane_seq + 1, deposit, between);
    lane_next(between, proven.seq, deposit, proven.lane_head);
    AUTO(blob) steps = steps_of(between, proven.seq, deposit);

    assert_int_equal(head_convicts(&charge, &proven, bytes_blob(steps), &result), HL_EVERIFY);
    assert_false(result);
}

static void flipped_bit_or_cut_in_a_head_proof_is_refused(void **unused)
{
    (void)unused;
    if (!vector)
        skip();
    AUTO(blob) proof = vectors_hex(vector, "head_proof");
    struct head_proof_facts proven;

    for (size_t bit = 0; bit < proof->len * 8; bit++) {
        proof->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (prove(bytes_blob(proof), &proven) == HL_OK)
            fail_msg("bit %zu", bit);
        proof->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t len = 0; len < proof->len; len++)
        assert_int_not_equal(prove(BYTES(proof->data, len), &proven), HL_OK);
}

struct judged {
    struct blob *head, *lane, *proof, *steps;
    struct mailbox_head_facts found;
    struct head_proof_facts proven;
};

static int judge_head(void *context)
{
    const struct judged *judged = context;
    struct mailbox_head_facts found = {.lane_count = 77};

    int err = mailbox_head_check(suite_real(), federation.trust->ns, relay,
                                 bytes_blob(judged->head), NULL, &found);
    assert_int_equal(found.lane_count, err == HL_OK ? 1 : 77);
    return err;
}

static int judge_lanes(void *context)
{
    const struct judged *judged = context;
    const struct bytes lanes = bytes_blob(judged->lane);

    return mailbox_head_check_lanes(&judged->found, &lanes, 1);
}

static int judge_proof(void *context)
{
    const struct judged *judged = context;
    struct head_proof_facts proven = {.seq = 77};

    int err = prove(bytes_blob(judged->proof), &proven);
    assert_true((err == HL_OK) != (proven.seq == 77));
    return err;
}

static int judge_charge(void *context)
{
    const struct judged *judged = context;
    bool result = true;

    int err = head_convicts(&charge, &judged->proven, bytes_blob(judged->steps), &result);
    assert_int_equal(result, err != HL_OK);
    return err;
}

/* Neither convicted nor forged for want of memory. */
static void lack_of_memory_is_no_judgement(void **unused)
{
    static uint8_t deposit[HASH_BYTES] = {9};

    (void)unused;
    if (!vector)
        skip();
    nth_alloc_require();
    struct judged judged = {
        .head = vectors_hex(vector, "head"),
        .lane = vectors_hex_value(json_array_get(json_object_get(vector, "lanes"), 0)),
        .proof = vectors_hex(vector, "head_proof")};
    assert_int_equal(mailbox_head_check(suite_real(), federation.trust->ns, relay,
                                        bytes_blob(judged.head), NULL, &judged.found),
                     HL_OK);
    assert_int_equal(prove(bytes_blob(judged.proof), &judged.proven), HL_OK);
    judged.proven.seq = facts.lane_seq + 1;
    judged.steps = steps_of(facts.lane_head, judged.proven.seq, deposit);
    lane_next(facts.lane_head, judged.proven.seq, deposit, judged.proven.lane_head);
    assert_true(nth_alloc_sweep(judge_head, &judged) > 5);
    assert_true(nth_alloc_sweep(judge_lanes, &judged) > 2);
    assert_true(nth_alloc_sweep(judge_proof, &judged) > 5);
    assert_true(nth_alloc_sweep(judge_charge, &judged) > 2);
    blob_free(judged.head);
    blob_free(judged.lane);
    blob_free(judged.proof);
    blob_free(judged.steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_are_those_of_another_implementation),
        cmocka_unit_test(head_of_another_implementation_verifies_with_its_nonce_and_lanes),
        cmocka_unit_test(head_with_another_nonce_or_of_another_relay_is_refused),
        cmocka_unit_test(only_the_suppressing_head_convicts),
        cmocka_unit_test(no_conviction_without_commitment_lane_and_plane),
        cmocka_unit_test(steps_over_another_hash_convict_and_over_the_same_do_not),
        cmocka_unit_test(steps_that_begin_behind_the_custody_convict_nobody),
        cmocka_unit_test(flipped_bit_or_cut_in_a_head_proof_is_refused),
        cmocka_unit_test(lack_of_memory_is_no_judgement),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
