/* test_handshake — Noise XK against cacophony, XKhfs against the independent implementation; turns and faults. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "keys/secret.h"
#include "proto/handshake.h"
#include "tests/support/session_pair.h"
#include "tests/support/vectors.h"

/* One side of a vector: its own static key, ephemerals to come, the machine. */
struct side {
    uint8_t sk[32], pk[32];
    struct fixed_rng rng;
    struct handshake *handshake;
};

static void side_start(struct side *side, struct handshake_params params, const struct blob *sk,
                       struct bytes randomness)
{
    memcpy(side->sk, sk->data, 32);
    dh_public(side->sk, side->pk);
    fixed_rng_init(&side->rng, randomness);
    params.static_sk = side->sk;
    params.static_pk = side->pk;
    params.rng = &side->rng.rng;
    assert_int_equal(handshake_new(&params, &side->handshake), HL_OK);
}

static void pass_message(struct side *from, struct side *to, const json_t *message)
{
    AUTO(blob) payload = vectors_hex(message, "payload");
    AUTO(blob) expected = vectors_hex(message, "ciphertext");
    uint8_t got[HANDSHAKE_PAYLOAD_MAX];
    size_t got_len = 0;
    AUTO_BUF wire;

    buf_init(&wire, 4096);
    assert_int_equal(handshake_write(from->handshake, bytes_blob(payload), &wire), HL_OK);
    assert_int_equal(wire.len, expected->len);
    assert_memory_equal(wire.data, expected->data, expected->len);
    assert_int_equal(handshake_read(to->handshake, buf_bytes(&wire), got, &got_len), HL_OK);
    assert_int_equal(got_len, payload->len);
    assert_memory_equal(got, payload->data, got_len);
}

static void pass_transport(const uint8_t key[32], uint64_t n, const json_t *message)
{
    AUTO(blob) payload = vectors_hex(message, "payload");
    AUTO(blob) expected = vectors_hex(message, "ciphertext");
    uint8_t wire[256];

    assert_int_equal(payload->len + 16, expected->len);
    noise_encrypt(key, n, BYTES(NULL, 0), bytes_blob(payload), wire);
    assert_memory_equal(wire, expected->data, expected->len);
}

static void xk_equals_cacophony_byte_for_byte(void **state)
{
    json_t *file = vectors_load("noise-xk-cacophony.json");
    const json_t *vector = json_array_get(json_object_get(file, "vectors"), 0);
    const json_t *messages = json_object_get(vector, "messages");
    struct side init = {0}, resp = {0};
    uint8_t init_send[32], init_receive[32], resp_send[32], resp_receive[32];

    (void)state;
    if (!file)
        skip();
    AUTO(blob) prologue = vectors_hex(vector, "init_prologue");
    AUTO(blob) init_sk = vectors_hex(vector, "init_static");
    AUTO(blob) resp_sk = vectors_hex(vector, "resp_static");
    AUTO(blob) init_e = vectors_hex(vector, "init_ephemeral");
    AUTO(blob) resp_e = vectors_hex(vector, "resp_ephemeral");
    AUTO(blob) remote = vectors_hex(vector, "init_remote_static");
    AUTO(blob) hash = vectors_hex(vector, "handshake_hash");

    side_start(&init,
               (struct handshake_params){.is_initiator = true,
                                         .prologue = bytes_blob(prologue),
                                         .remote_static = remote->data},
               init_sk, bytes_blob(init_e));
    side_start(&resp, (struct handshake_params){.prologue = bytes_blob(prologue)}, resp_sk,
               bytes_blob(resp_e));
    pass_message(&init, &resp, json_array_get(messages, 0));
    pass_message(&resp, &init, json_array_get(messages, 1));
    pass_message(&init, &resp, json_array_get(messages, 2));
    assert_memory_equal(handshake_hash(init.handshake), hash->data, NOISE_HASH_BYTES);
    assert_memory_equal(handshake_hash(resp.handshake), hash->data, NOISE_HASH_BYTES);
    assert_memory_equal(handshake_remote_static(resp.handshake), init.pk, 32);

    assert_int_equal(handshake_split(init.handshake, init_send, init_receive), HL_OK);
    assert_int_equal(handshake_split(resp.handshake, resp_send, resp_receive), HL_OK);
    assert_memory_equal(init_send, resp_receive, 32);
    assert_memory_equal(init_receive, resp_send, 32);
    pass_transport(resp_send, 0, json_array_get(messages, 3));
    pass_transport(init_send, 0, json_array_get(messages, 4));
    pass_transport(resp_send, 1, json_array_get(messages, 5));
    handshake_free(init.handshake);
    handshake_free(resp.handshake);
    json_decref(file);
}

/* --- XKhfs: the trace of the initiator ---------------------------------------------------------------- */

struct trace {
    const json_t *rows;
    size_t next;
};

static void check_token(void *context, const char *token, const uint8_t h[64], const uint8_t ck[64],
                        const uint8_t k[32])
{
    struct trace *trace = context;
    const json_t *row = json_array_get(trace->rows, trace->next);

    if (!row || strcmp(vectors_text(row, "after"), token) != 0)
        return; /* the vector does not show every token */
    AUTO(blob) expected_h = vectors_hex(row, "h");
    AUTO(blob) expected_ck = vectors_hex(row, "ck");
    assert_memory_equal(h, expected_h->data, 64);
    assert_memory_equal(ck, expected_ck->data, 64);
    if (json_object_get(row, "k")) {
        AUTO(blob) expected_k = vectors_hex(row, "k");
        assert_memory_equal(k, expected_k->data, 32);
    }
    trace->next++;
}

static struct blob *join(const json_t *file, const char *first, const char *second)
{
    AUTO(blob) left = vectors_hex(file, first);
    AUTO(blob) right = vectors_hex(file, second);
    struct blob *both = NULL;

    assert_int_equal(blob_new(left->len + right->len, &both), HL_OK);
    memcpy(both->data, left->data, left->len);
    memcpy(both->data + left->len, right->data, right->len);
    return both;
}

static void pass(struct side *from, struct side *to, struct bytes payload, struct bytes expected)
{
    uint8_t got[HANDSHAKE_PAYLOAD_MAX];
    size_t got_len = 0;
    AUTO_BUF wire;

    buf_init(&wire, 4096);
    assert_int_equal(handshake_write(from->handshake, payload, &wire), HL_OK);
    assert_int_equal(wire.len, expected.len);
    assert_memory_equal(wire.data, expected.data, expected.len);
    assert_int_equal(handshake_read(to->handshake, buf_bytes(&wire), got, &got_len), HL_OK);
    assert_int_equal(got_len, payload.len);
}

static void xkhfs_equals_the_independent_trace(void **state)
{
    json_t *file = vectors_load("hotline/noise-xkhfs.json");
    struct side init = {0}, resp = {0};
    uint8_t send[32], receive[32];

    (void)state;
    if (!file)
        skip();
    struct trace trace = {.rows = json_object_get(file, "initiator_trace")};
    struct trace resp_trace = trace;
    AUTO(blob) prologue = vectors_hex(file, "prologue");
    AUTO(blob) init_sk = vectors_hex(file, "init_static_sk");
    AUTO(blob) resp_sk = vectors_hex(file, "resp_static_sk");
    AUTO(blob) resp_pk = vectors_hex(file, "resp_static_pk");
    AUTO(blob) init_random = join(file, "init_e_sk", "init_kem_seed");
    AUTO(blob) resp_random = join(file, "resp_e_sk", "resp_kem_coins");
    AUTO(blob) hello = vectors_hex(file, "client_hello");
    AUTO(blob) msg1 = vectors_hex(file, "msg1");
    AUTO(blob) msg2 = vectors_hex(file, "wire2");
    AUTO(blob) wire3 = vectors_hex(file, "wire3");

    side_start(&init,
               (struct handshake_params){.is_initiator = true,
                                         .has_hfs = true,
                                         .prologue = bytes_blob(prologue),
                                         .remote_static = resp_pk->data,
                                         .on_token = check_token,
                                         .context = &trace},
               init_sk, bytes_blob(init_random));
    side_start(&resp,
               (struct handshake_params){.has_hfs = true,
                                         .prologue = bytes_blob(prologue),
                                         .on_token = check_token,
                                         .context = &resp_trace},
               resp_sk, bytes_blob(resp_random));
    assert_int_equal(msg1->len, HANDSHAKE_MSG1_BYTES);
    assert_int_equal(msg2->len, HANDSHAKE_MSG2_BYTES);
    pass(&init, &resp, BYTES(NULL, 0), bytes_blob(msg1));
    pass(&resp, &init, BYTES(NULL, 0), bytes_blob(msg2));
    pass(&init, &resp, bytes_blob(hello), BYTES(wire3->data + 2, wire3->len - 2));
    assert_int_equal(trace.next, json_array_size(trace.rows));
    assert_int_equal(resp_trace.next, json_array_size(trace.rows));

    AUTO(blob) hash = vectors_hex(file, "handshake_hash");
    AUTO(blob) forth = vectors_hex(file, "k_initiator_to_responder");
    AUTO(blob) back = vectors_hex(file, "k_responder_to_initiator");
    assert_memory_equal(handshake_hash(resp.handshake), hash->data, 64);
    assert_int_equal(handshake_split(init.handshake, send, receive), HL_OK);
    assert_memory_equal(send, forth->data, 32);
    assert_memory_equal(receive, back->data, 32);
    handshake_free(init.handshake);
    handshake_free(resp.handshake);
    json_decref(file);
}

/* --- turns and faults ----------------------------------------------------------------------------------- */

static struct counter_rng counter;
static uint8_t keys[2][2][32]; /* initiator, responder; sk, pk */

static struct handshake *start(bool is_initiator, bool has_hfs)
{
    struct handshake *handshake = NULL;
    size_t own = is_initiator ? 0 : 1;

    const struct handshake_params params = {.is_initiator = is_initiator,
                                            .has_hfs = has_hfs,
                                            .prologue = bytes_text("prologue"),
                                            .static_sk = keys[own][0],
                                            .static_pk = keys[own][1],
                                            .remote_static = is_initiator ? keys[1][1] : NULL,
                                            .rng = &counter.rng};
    assert_int_equal(handshake_new(&params, &handshake), HL_OK);
    return handshake;
}

static int set_up(void **state)
{
    (void)state;
    if (secret_init() != HL_OK)
        return -1;
    counter_rng_init(&counter, 3);
    for (size_t i = 0; i < 2; i++) {
        rng_fill(&counter.rng, keys[i][0], 32);
        dh_public(keys[i][0], keys[i][1]);
    }
    return 0;
}

static void call_out_of_turn_is_refused(void **state)
{
    AUTO(handshake) init = start(true, true);
    AUTO(handshake) resp = start(false, true);
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX], first[32], second[32];
    size_t len = 0;
    AUTO_BUF wire;

    (void)state;
    buf_init(&wire, 4096);
    assert_int_equal(handshake_read(init, BYTES(NULL, 0), payload, &len), HL_ESTATE);
    assert_int_equal(handshake_write(resp, BYTES(NULL, 0), &wire), HL_ESTATE);
    assert_int_equal(handshake_split(init, first, second), HL_ESTATE);
    assert_int_equal(handshake_write(init, BYTES(NULL, 0), &wire), HL_OK);
    assert_int_equal(handshake_write(init, BYTES(NULL, 0), &wire), HL_ESTATE);
}

static void failed_read_ends_the_handshake(void **state)
{
    AUTO(handshake) init = start(true, true);
    AUTO(handshake) resp = start(false, true);
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
    size_t len = 0;
    AUTO_BUF wire;

    (void)state;
    buf_init(&wire, 4096);
    assert_int_equal(handshake_write(init, BYTES(NULL, 0), &wire), HL_OK);
    wire.data[100] ^= 1;
    assert_int_equal(handshake_read(resp, buf_bytes(&wire), payload, &len), HL_EVERIFY);
    wire.data[100] ^= 1;
    assert_int_equal(handshake_read(resp, buf_bytes(&wire), payload, &len), HL_ESTATE);
}

static void first_message_cut_anywhere_is_refused(void **state)
{
    AUTO(handshake) init = start(true, true);
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
    size_t got = 0;
    AUTO_BUF wire;

    (void)state;
    buf_init(&wire, 4096);
    assert_int_equal(handshake_write(init, BYTES(NULL, 0), &wire), HL_OK);
    for (size_t len = 0; len < wire.len; len += len < 64 || len > 1200 ? 1 : 31) {
        AUTO(handshake) resp = start(false, true);

        assert_int_equal(handshake_read(resp, BYTES(wire.data, len), payload, &got), HL_EVERIFY);
    }
}

static void payload_over_its_limit_is_refused(void **state)
{
    static const uint8_t octets[HANDSHAKE_PAYLOAD_MAX + 1];
    AUTO(handshake) init = start(true, false);
    AUTO(handshake) other = start(true, false);
    AUTO_BUF wire;

    (void)state;
    buf_init(&wire, 4096);
    assert_int_equal(handshake_write(init, BYTES_OF(octets), &wire), HL_ETOOBIG);
    assert_int_equal(wire.len, 0);
    assert_int_equal(handshake_write(other, BYTES(octets, HANDSHAKE_PAYLOAD_MAX), &wire), HL_OK);
}

static void pattern_with_and_without_hfs_do_not_mix(void **state)
{
    AUTO(handshake) init = start(true, false);
    AUTO(handshake) resp = start(false, true);
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
    size_t len = 0;
    AUTO_BUF wire;

    (void)state;
    buf_init(&wire, 4096);
    assert_int_equal(handshake_write(init, BYTES(NULL, 0), &wire), HL_OK);
    assert_int_equal(handshake_read(resp, buf_bytes(&wire), payload, &len), HL_EVERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xk_equals_cacophony_byte_for_byte),
        cmocka_unit_test(xkhfs_equals_the_independent_trace),
        cmocka_unit_test(call_out_of_turn_is_refused),
        cmocka_unit_test(failed_read_ends_the_handshake),
        cmocka_unit_test(first_message_cut_anywhere_is_refused),
        cmocka_unit_test(payload_over_its_limit_is_refused),
        cmocka_unit_test(pattern_with_and_without_hfs_do_not_mix),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
