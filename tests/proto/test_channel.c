/* test_channel — the session's opening: vectors, silence towards what is not ours, splits of the stream. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "keys/secret.h"
#include "tests/support/session_pair.h"
#include "tests/support/vectors.h"

#define PROLOGUE_TAIL 48 /* ns | relay id end the prologue */

/* --- the independent implementation's session, octet for octet ------------------------------------------- */

struct vector {
    json_t *file;
    uint8_t init_sk[32], resp_sk[32], tail[PROLOGUE_TAIL];
    uint8_t init_random[96], resp_random[64];
    struct fixed_rng init_rng, resp_rng;
    struct channel_key init_key, resp_key;
    struct blob *hello;
    struct channel *client, *server;
};

static void vector_open(struct vector *vector)
{
    AUTO(blob) prologue = vectors_hex(vector->file, "prologue");

    vectors_hex_into(vector->file, "init_static_sk", vector->init_sk, 32);
    vectors_hex_into(vector->file, "resp_static_sk", vector->resp_sk, 32);
    vectors_hex_into(vector->file, "init_e_sk", vector->init_random, 32);
    vectors_hex_into(vector->file, "init_kem_seed", vector->init_random + 32, 64);
    vectors_hex_into(vector->file, "resp_e_sk", vector->resp_random, 32);
    vectors_hex_into(vector->file, "resp_kem_coins", vector->resp_random + 32, 32);
    memcpy(vector->tail, prologue->data + prologue->len - PROLOGUE_TAIL, PROLOGUE_TAIL);
    fixed_rng_init(&vector->init_rng, BYTES_OF(vector->init_random));
    fixed_rng_init(&vector->resp_rng, BYTES_OF(vector->resp_random));
    channel_key_init(vector->init_sk, &vector->init_key);
    channel_key_init(vector->resp_sk, &vector->resp_key);
    vector->hello = vectors_hex(vector->file, "client_hello");

    const struct channel_client_params client = {.ns = vector->tail,
                                                 .relay_id = vector->tail + 32,
                                                 .relay_static = vector->resp_key.pk,
                                                 .key = &vector->init_key,
                                                 .rng = &vector->init_rng.rng,
                                                 .hello = bytes_blob(vector->hello)};
    const struct channel_server_params server = {.ns = vector->tail,
                                                 .relay_id = vector->tail + 32,
                                                 .keys = &vector->resp_key,
                                                 .key_count = 1,
                                                 .rng = &vector->resp_rng.rng};
    assert_int_equal(channel_new_client(&client, &vector->client), HL_OK);
    assert_int_equal(channel_new_server(&server, &vector->server), HL_OK);
}

static void vector_close(struct vector *vector)
{
    channel_free(vector->client);
    channel_free(vector->server);
    blob_free(vector->hello);
    json_decref(vector->file);
}

/* All that `from` writes is `expected`; `to` takes it. */
static struct channel_event pass(struct channel *from, struct channel *to, int64_t mono_ms,
                                 const struct blob *expected)
{
    AUTO(blob) wire = session_output(from, mono_ms);
    struct bytes left = bytes_blob(wire);

    assert_int_equal(wire->len, expected->len);
    assert_memory_equal(wire->data, expected->data, expected->len);
    return session_input(to, &left);
}

static struct channel_event pass_member(struct vector *vector, struct channel *from,
                                        struct channel *to, const char *key)
{
    AUTO(blob) expected = vectors_hex(vector->file, key);

    return pass(from, to, 0, expected);
}

static void send_plain(struct channel *channel, const json_t *frame)
{
    AUTO(blob) plain = vectors_hex(frame, "plain");
    struct bytes rest = bytes_blob(plain);
    struct record record;

    assert_int_equal(frame_check(rest), HL_OK);
    while (frame_next(&rest, &record))
        assert_int_equal(channel_send(channel, record.type, record.body), HL_OK);
}

static struct channel_event pass_frame(struct channel *from, struct channel *to, int64_t mono_ms,
                                       const json_t *frame)
{
    AUTO(blob) expected = vectors_hex(frame, "wire");

    return pass(from, to, mono_ms, expected);
}

static void session_equals_the_independent_one(void **state)
{
    struct vector vector = {.file = vectors_load("hotline/noise-xkhfs.json")};

    (void)state;
    if (!vector.file)
        skip();
    vector_open(&vector);
    const json_t *frames = json_object_get(vector.file, "frames");

    struct channel_event event = pass_member(&vector, vector.client, vector.server, "wire1");
    assert_int_equal(event.kind, CHANNEL_NOTHING);
    event = pass_member(&vector, vector.server, vector.client, "wire2");
    assert_int_equal(event.kind, CHANNEL_READY);
    event = pass_member(&vector, vector.client, vector.server, "wire3");
    assert_int_equal(event.kind, CHANNEL_HELLO);
    assert_int_equal(event.body.len, vector.hello->len);
    assert_memory_equal(event.body.data, vector.hello->data, vector.hello->len);
    assert_memory_equal(event.peer_static, vector.init_key.pk, 32);

    send_plain(vector.server, json_array_get(frames, 0));
    event = pass_frame(vector.server, vector.client, 0, json_array_get(frames, 0));
    assert_int_equal(event.type, RECORD_WELCOME);
    send_plain(vector.client, json_array_get(frames, 1));
    event = pass_frame(vector.client, vector.server, 0, json_array_get(frames, 1));
    assert_int_equal(event.type, RECORD_SUBSCRIBE);
    struct bytes none = BYTES(NULL, 0);
    assert_int_equal(session_input(vector.server, &none).type, RECORD_PING); /* same frame */
    assert_int_equal(session_input(vector.server, &none).kind, CHANNEL_NOTHING);
    event = pass_frame(vector.client, vector.server, FRAME_PERIOD_MS, json_array_get(frames, 2));
    assert_int_equal(event.kind, CHANNEL_NOTHING);
    send_plain(vector.client, json_array_get(frames, 3));
    event = pass_frame(vector.client, vector.server, FRAME_PERIOD_MS, json_array_get(frames, 3));
    assert_int_equal(event.type, RECORD_PING);
    vector_close(&vector);
}

static bool is_answered(const struct vector *vector, struct bytes wire)
{
    struct counter_rng rng;
    AUTO(channel) server = NULL;

    counter_rng_init(&rng, 9);
    const struct channel_server_params params = {.ns = vector->tail,
                                                 .relay_id = vector->tail + 32,
                                                 .keys = &vector->resp_key,
                                                 .key_count = 1,
                                                 .rng = &rng.rng};
    assert_int_equal(channel_new_server(&params, &server), HL_OK);
    struct channel_event event = session_input(server, &wire);
    AUTO(blob) answer = session_output(server, 0);
    if (answer->len == 1152)
        return event.kind == CHANNEL_NOTHING;
    assert_int_equal(answer->len, 0);
    assert_int_equal(event.kind, CHANNEL_CLOSED);
    assert_int_equal(event.end, CHANNEL_END_HANDSHAKE);
    return false;
}

static void bad_first_messages_are_closed_silently(void **state)
{
    struct vector vector = {.file = vectors_load("hotline/noise-xkhfs.json")};
    json_t *negative = vectors_load("hotline/noise-first-negative.json");
    const json_t *cases = json_object_get(negative, "cases");

    (void)state;
    if (!vector.file || !negative)
        skip();
    vector_open(&vector);
    assert_int_equal(json_array_size(cases), 16);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        AUTO(blob) wire = vectors_hex(one, "wire1");

        assert_int_equal(is_answered(&vector, bytes_blob(wire)), vectors_bool(one, "answered"));
    }
    vector_close(&vector);
    json_decref(negative);
}

/* --- silence ------------------------------------------------------------------------------------------------ */

static void every_flipped_bit_of_message_1_is_closed_silently(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    AUTO(blob) wire = session_output(pair.client, 0);
    const struct channel_server_params params = {.ns = pair.ns,
                                                 .relay_id = pair.relay_id,
                                                 .keys = &pair.server_key,
                                                 .key_count = 1,
                                                 .rng = &pair.rng.rng};
    for (size_t bit = 0; bit < 8 * wire->len; bit++) {
        AUTO(channel) server = NULL;
        struct bytes left = bytes_blob(wire);

        assert_int_equal(channel_new_server(&params, &server), HL_OK);
        wire->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct channel_event event = session_input(server, &left);
        assert_int_equal(event.kind, CHANNEL_CLOSED);
        assert_int_equal(event.end, CHANNEL_END_HANDSHAKE);
        assert_false(channel_has_output(server));
        wire->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    session_pair_done(&pair);
}

/* Message 2 with one bit flipped, to a client that waits for it. */
static void flip_second(size_t bit)
{
    struct session_pair pair;

    session_pair_init(&pair);
    assert_int_equal(session_carry(pair.client, pair.server).kind, CHANNEL_NOTHING);
    AUTO(blob) wire = session_output(pair.server, 0);
    struct bytes left = bytes_blob(wire);
    assert_int_equal(wire->len, 1152);
    wire->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    struct channel_event event = session_input(pair.client, &left);
    assert_int_equal(event.kind, CHANNEL_CLOSED);
    assert_int_equal(event.end, CHANNEL_END_HANDSHAKE);
    assert_false(channel_has_output(pair.client));
    session_pair_done(&pair);
}

static void a_flipped_bit_in_each_octet_of_message_2_is_closed_silently(void **state)
{
    (void)state;
    for (size_t at = 0; at < 1152; at++)
        flip_second(8 * at + at % 8);
    for (size_t bit = 0; bit < 8 * 32; bit++)
        flip_second(bit); /* e */
    for (size_t bit = 8 * (1152 - 16); bit < (size_t)8 * 1152; bit++)
        flip_second(bit); /* tag of the payload */
}

static void every_flipped_bit_of_message_3_is_closed_silently(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * (2 + 64 + strlen(SESSION_PAIR_HELLO)); bit++) {
        struct session_pair pair;

        session_pair_init(&pair);
        assert_int_equal(session_carry(pair.client, pair.server).kind, CHANNEL_NOTHING);
        assert_int_equal(session_carry(pair.server, pair.client).kind, CHANNEL_READY);
        AUTO(blob) wire = session_output(pair.client, 0);
        struct bytes left = bytes_blob(wire);
        wire->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        bool is_longer = get_u16be(wire->data) > wire->len - 2 && get_u16be(wire->data) <= 512;
        struct channel_event event = session_input(pair.server, &left);
        assert_int_equal(event.kind, is_longer ? CHANNEL_NOTHING : CHANNEL_CLOSED);
        assert_false(channel_has_output(pair.server));
        session_pair_done(&pair);
    }
}

static void message_3_is_64_to_512_octets(void **state)
{
    static const struct {
        uint16_t len;
        bool is_awaited;
    } rows[] = {{0, false}, {63, false}, {64, true}, {512, true}, {513, false}, {65535, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct session_pair pair;
        uint8_t length[2];
        struct bytes wire = BYTES_OF(length);

        session_pair_init(&pair);
        assert_int_equal(session_carry(pair.client, pair.server).kind, CHANNEL_NOTHING);
        assert_int_equal(session_carry(pair.server, pair.client).kind, CHANNEL_READY);
        put_u16be(length, rows[i].len);
        struct channel_event event = session_input(pair.server, &wire);
        assert_int_equal(event.kind, rows[i].is_awaited ? CHANNEL_NOTHING : CHANNEL_CLOSED);
        session_pair_done(&pair);
    }
}

static void cut_first_message_is_awaited_without_an_answer(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    AUTO(blob) wire = session_output(pair.client, 0);
    assert_int_equal(wire->len, CHANNEL_FIRST_WIRE);
    for (size_t at = 0; at + 1 < wire->len; at++) {
        struct bytes one = BYTES(wire->data + at, 1);

        assert_int_equal(session_input(pair.server, &one).kind, CHANNEL_NOTHING);
        assert_false(channel_has_output(pair.server));
        assert_int_equal(channel_stage(pair.server), CHANNEL_BLANK);
    }
    struct bytes last = BYTES(wire->data + wire->len - 1, 1);
    assert_int_equal(session_input(pair.server, &last).kind, CHANNEL_NOTHING);
    assert_int_equal(channel_stage(pair.server), CHANNEL_HALF_OPEN);
    assert_true(channel_has_output(pair.server));
    session_pair_done(&pair);
}

/* --- several keys, replay ------------------------------------------------------------------------------------ */

struct seen {
    size_t asked;
    bool answer;
};

static bool seen_before(void *context, const uint8_t e[static 32])
{
    struct seen *seen = context;

    (void)e;
    seen->asked++;
    return seen->answer;
}

static struct channel_event first_to(const struct session_pair *pair, struct seen *seen,
                                     struct bytes wire)
{
    AUTO(channel) server = NULL;
    const struct channel_server_params params = {.ns = pair->ns,
                                                 .relay_id = pair->relay_id,
                                                 .keys = &pair->server_key,
                                                 .key_count = 1,
                                                 .rng = &pair->rng.rng,
                                                 .seen_before = seen_before,
                                                 .context = seen};

    assert_int_equal(channel_new_server(&params, &server), HL_OK);
    return session_input(server, &wire);
}

static void ephemeral_seen_before_is_closed_silently(void **state)
{
    struct session_pair pair;
    struct seen seen = {.answer = false};

    (void)state;
    session_pair_init(&pair);
    AUTO(blob) wire = session_output(pair.client, 0);
    assert_int_equal(first_to(&pair, &seen, bytes_blob(wire)).kind, CHANNEL_NOTHING);
    seen.answer = true;
    assert_int_equal(first_to(&pair, &seen, bytes_blob(wire)).end, CHANNEL_END_HANDSHAKE);
    assert_int_equal(seen.asked, 2);
    session_pair_done(&pair);
}

static void bad_mac1_never_reaches_the_replay_cache(void **state)
{
    struct session_pair pair;
    struct seen seen = {.answer = false};

    (void)state;
    session_pair_init(&pair);
    AUTO(blob) wire = session_output(pair.client, 0);
    wire->data[wire->len - 1] ^= 1;
    assert_int_equal(first_to(&pair, &seen, bytes_blob(wire)).end, CHANNEL_END_HANDSHAKE);
    assert_int_equal(seen.asked, 0);
    session_pair_done(&pair);
}

static void any_of_the_relays_keys_is_answered(void **state)
{
    struct session_pair pair;
    struct channel_key keys[CHANNEL_KEYS_MAX];
    uint8_t other_sk[CHANNEL_KEYS_MAX][32];

    (void)state;
    for (size_t own = 0; own < CHANNEL_KEYS_MAX; own++) {
        session_pair_init(&pair);
        for (size_t i = 0; i < CHANNEL_KEYS_MAX; i++) {
            memset(other_sk[i], (int)i + 1, 32);
            channel_key_init(i == own ? pair.server_sk : other_sk[i], &keys[i]);
        }
        const struct channel_server_params params = {.ns = pair.ns,
                                                     .relay_id = pair.relay_id,
                                                     .keys = keys,
                                                     .key_count = CHANNEL_KEYS_MAX,
                                                     .rng = &pair.rng.rng};
        channel_free(pair.server);
        assert_int_equal(channel_new_server(&params, &pair.server), HL_OK);
        session_pair_open(&pair);
        session_pair_done(&pair);
    }
}

static void hello_over_its_limit_is_refused(void **state)
{
    static const uint8_t hello[CHANNEL_HELLO_MAX + 1];
    struct session_pair pair;
    struct channel *client = NULL;

    (void)state;
    session_pair_init(&pair);
    struct channel_client_params params = {.ns = pair.ns,
                                           .relay_id = pair.relay_id,
                                           .relay_static = pair.server_key.pk,
                                           .key = &pair.client_key,
                                           .rng = &pair.rng.rng,
                                           .hello = BYTES_OF(hello)};
    assert_int_equal(channel_new_client(&params, &client), HL_ETOOBIG);
    assert_null(client);
    params.hello.len--;
    channel_free(pair.client);
    assert_int_equal(channel_new_client(&params, &pair.client), HL_OK);
    session_pair_open(&pair);
    session_pair_done(&pair);
}

static void unusable_relay_key_is_refused(void **state)
{
    static const uint8_t zero[32];
    struct session_pair pair;
    struct channel *client = NULL;

    (void)state;
    session_pair_init(&pair);
    const struct channel_client_params params = {.ns = pair.ns,
                                                 .relay_id = pair.relay_id,
                                                 .relay_static = zero,
                                                 .key = &pair.client_key,
                                                 .rng = &pair.rng.rng};
    assert_int_equal(channel_new_client(&params, &client), HL_EVERIFY);
    assert_null(client);
    session_pair_done(&pair);
}

/* --- splits ---------------------------------------------------------------------------------------------------- */

/* What a server says and does over a whole session, as text of numbers. */
static void feed_in_steps(struct channel *server, struct bytes wire, size_t step, struct buf *trace)
{
    while (wire.len > 0) {
        struct bytes part = BYTES(wire.data, step < wire.len ? step : wire.len);
        struct channel_event event = {.kind = CHANNEL_RECORD};

        wire = BYTES(wire.data + part.len, wire.len - part.len);
        while (event.kind != CHANNEL_NOTHING) {
            event = session_input(server, &part);
            if (event.kind != CHANNEL_NOTHING)
                buf_add_format(trace, "%d %u %zu %d;", (int)event.kind, event.type, event.body.len,
                               (int)event.end);
            buf_add(trace, event.body);
            if (event.kind == CHANNEL_HELLO)
                assert_int_equal(channel_send(server, RECORD_WELCOME, bytes_text("welcome")),
                                 HL_OK);
        }
    }
}

static void run_in_steps(size_t step, struct buf *trace)
{
    static const uint8_t large[200000] = {1, 2, 3};
    struct session_pair pair;
    AUTO_BUF wire;

    session_pair_init(&pair);
    buf_init(&wire, 1 << 20);
    AUTO(blob) first = session_output(pair.client, 0);
    feed_in_steps(pair.server, bytes_blob(first), step, trace);
    assert_int_equal(session_carry(pair.server, pair.client).kind, CHANNEL_READY);
    AUTO(blob) third = session_output(pair.client, 0);
    feed_in_steps(pair.server, bytes_blob(third), step, trace);
    assert_int_equal(session_carry(pair.server, pair.client).type, RECORD_WELCOME);
    assert_int_equal(channel_send(pair.client, RECORD_SUBSCRIBE, bytes_text("s")), HL_OK);
    assert_int_equal(channel_send(pair.client, RECORD_SUBMIT, BYTES_OF(large)), HL_OK);
    assert_int_equal(channel_send(pair.client, RECORD_PING, bytes_text("p")), HL_OK);
    AUTO(blob) rest = session_output(pair.client, 0);
    feed_in_steps(pair.server, bytes_blob(rest), step, trace);
    rest->data[0] ^= 1;
    feed_in_steps(pair.server, bytes_blob(rest), step, trace);
    AUTO(blob) answer = session_output(pair.server, 0);
    buf_add(trace, bytes_blob(answer));
    session_pair_done(&pair);
}

static void octets_one_by_one_give_the_same_session(void **state)
{
    static const size_t steps[] = {1, 2, 3, 255, 257, 1271, 65536};
    AUTO_BUF at_once;

    (void)state;
    buf_init(&at_once, 1 << 20);
    run_in_steps((size_t)1 << 20, &at_once);
    assert_int_equal(at_once.err, HL_OK);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        AUTO_BUF in_steps;

        buf_init(&in_steps, 1 << 20);
        run_in_steps(steps[i], &in_steps);
        assert_int_equal(in_steps.len, at_once.len);
        assert_memory_equal(in_steps.data, at_once.data, at_once.len);
    }
}

static int set_up(void **state)
{
    (void)state;
    return secret_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_equals_the_independent_one),
        cmocka_unit_test(bad_first_messages_are_closed_silently),
        cmocka_unit_test(every_flipped_bit_of_message_1_is_closed_silently),
        cmocka_unit_test(a_flipped_bit_in_each_octet_of_message_2_is_closed_silently),
        cmocka_unit_test(every_flipped_bit_of_message_3_is_closed_silently),
        cmocka_unit_test(message_3_is_64_to_512_octets),
        cmocka_unit_test(cut_first_message_is_awaited_without_an_answer),
        cmocka_unit_test(ephemeral_seen_before_is_closed_silently),
        cmocka_unit_test(bad_mac1_never_reaches_the_replay_cache),
        cmocka_unit_test(any_of_the_relays_keys_is_answered),
        cmocka_unit_test(hello_over_its_limit_is_refused),
        cmocka_unit_test(unusable_relay_key_is_refused),
        cmocka_unit_test(octets_one_by_one_give_the_same_session),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
