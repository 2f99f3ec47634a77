/* test_channel_memory — a session with every allocation failing, from the first octet to the last: it goes on, or it is dead for
 * want of memory and says so; the peer never sees half of anything. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "keys/secret.h"
#include "proto/bye.h"
#include "proto/handshake.h"
#include "proto/heartbeat.h"
#include "proto/outbox.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/session_pair.h"
#include "wire.pb-c.h"

#define LARGE_BYTES 200000 /* four Fragments */

static uint8_t large[LARGE_BYTES];

/* --- a whole session ------------------------------------------------------------------------------------ */

struct flow {
    struct session_pair keys; /* its channels are not used */
    size_t step;              /* octets that come in at a time */
    struct channel *client, *server;
    struct channel *dead; /* whose memory ended */
    size_t hellos, readies, smalls, larges, heartbeats;
};

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (uint8_t)(i * 7 + i / 251);
    return secret_init() == HL_OK ? 0 : 1;
}

static int open_both(struct flow *flow)
{
    counter_rng_init(&flow->keys.rng, 1);
    const struct channel_client_params client = {.ns = flow->keys.ns,
                                                 .relay_id = flow->keys.relay_id,
                                                 .relay_static = flow->keys.server_key.pk,
                                                 .key = &flow->keys.client_key,
                                                 .rng = &flow->keys.rng.rng,
                                                 .hello = bytes_text("hello")};
    const struct channel_server_params server = {.ns = flow->keys.ns,
                                                 .relay_id = flow->keys.relay_id,
                                                 .keys = &flow->keys.server_key,
                                                 .key_count = 1,
                                                 .rng = &flow->keys.rng.rng};

    TRY(channel_new_client(&client, &flow->client));
    return channel_new_server(&server, &flow->server);
}

static int note(struct flow *flow, struct channel *at, const struct channel_event *event)
{
    if (event->kind == CHANNEL_CLOSED) {
        assert_int_equal(event->end, CHANNEL_END_MEMORY);
        flow->dead = at;
        return HL_ENOMEM;
    }
    flow->hellos += event->kind == CHANNEL_HELLO;
    flow->readies += event->kind == CHANNEL_READY;
    if (event->kind != CHANNEL_RECORD)
        return HL_OK;
    flow->smalls += event->type == RECORD_SUBSCRIBE;
    flow->heartbeats += event->type == RECORD_PING;
    if (event->type != RECORD_SUBMIT)
        return HL_OK;
    assert_true(bytes_equal(event->body, BYTES_OF(large)));
    flow->larges++;
    return HL_OK;
}

static int take(struct flow *flow, struct channel *to, struct bytes wire)
{
    struct channel_event event = {.kind = CHANNEL_RECORD};

    while (event.kind != CHANNEL_NOTHING) {
        channel_input(to, &wire, 0, &event);
        TRY(note(flow, to, &event));
    }
    return HL_OK;
}

/* All that `from` has to say, to the other one. */
static int carry(struct flow *flow, struct channel *from, struct channel *to)
{
    for (;;) {
        AUTO(blob) chunk = NULL;

        int err = channel_output(from, 0, &chunk);
        if (err != HL_OK) {
            assert_null(chunk);
            flow->dead = from;
            return err;
        }
        if (!chunk)
            return HL_OK;
        for (size_t at = 0; at < chunk->len; at += flow->step) {
            size_t len = chunk->len - at < flow->step ? chunk->len - at : flow->step;
            TRY(take(flow, to, BYTES(chunk->data + at, len)));
        }
    }
}

/* A message that finds no memory is not queued, and may be sent again. */
static int send_again(struct channel *channel, unsigned type, struct bytes body, int *err)
{
    int result = channel_send(channel, type, body);

    if (result != HL_ENOMEM)
        return result;
    (void)nth_alloc_disarm();
    *err = HL_ENOMEM;
    return channel_send(channel, type, body);
}

static int run(struct flow *flow)
{
    int err = HL_OK; /* of sending, which is no end */

    TRY(open_both(flow));
    TRY(carry(flow, flow->client, flow->server));
    TRY(carry(flow, flow->server, flow->client));
    TRY(carry(flow, flow->client, flow->server));
    TRY(send_again(flow->server, RECORD_WELCOME, bytes_text("welcome"), &err));
    TRY(carry(flow, flow->server, flow->client));
    TRY(send_again(flow->client, RECORD_SUBSCRIBE, bytes_text("small"), &err));
    TRY(send_again(flow->client, RECORD_SUBMIT, BYTES_OF(large), &err));
    for (int i = 0; i < 20; i++) /* over the first size of their buffer */
        TRY(send_again(flow->client, RECORD_PING, bytes_text("0123456789"), &err));
    TRY(carry(flow, flow->client, flow->server));
    return err;
}

/* Nothing more comes of it, and nothing goes in. */
static void assert_dead(struct channel *channel)
{
    AUTO(blob) chunk = NULL;
    struct bytes wire = bytes_text("what may still come");
    struct channel_event event;

    assert_int_equal(channel_stage(channel), CHANNEL_ENDED);
    assert_false(channel_has_output(channel));
    assert_int_equal(channel_queued(channel), 0);
    assert_int_equal(channel_output(channel, 0, &chunk), HL_OK);
    assert_null(chunk);
    assert_int_equal(channel_send(channel, RECORD_PING, bytes_text("x")), HL_ESTATE);
    channel_input(channel, &wire, 0, &event);
    assert_int_equal(event.kind, CHANNEL_NOTHING);
    assert_int_equal(wire.len, 0);
}

static int attempt(void *context)
{
    struct flow *flow = context;

    flow->client = flow->server = flow->dead = NULL;
    flow->hellos = flow->readies = flow->smalls = flow->larges = flow->heartbeats = 0;
    int err = run(flow);
    bool has_failed = nth_alloc_disarm();

    if (flow->dead)
        assert_dead(flow->dead);
    else if (flow->server) { /* a message at the most was sent twice, and came once */
        assert_int_equal(flow->hellos, 1);
        assert_int_equal(flow->readies, 1);
        assert_int_equal(flow->smalls, 1);
        assert_int_equal(flow->larges, 1);
        assert_int_equal(flow->heartbeats, 20);
    }
    assert_true(err == HL_OK || has_failed);
    channel_free(flow->client);
    channel_free(flow->server);
    return err;
}

static void a_session_goes_on_or_is_dead_for_want_of_memory(void **state)
{
    static const size_t steps[] = {SIZE_MAX / 2, 1000, 1};
    struct flow flow = {.step = 0};

    (void)state;
    nth_alloc_require();
    session_pair_init(&flow.keys);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        flow.step = steps[i];
        assert_true(nth_alloc_sweep(attempt, &flow) > 40);
    }
    session_pair_done(&flow.keys);
}

/* --- the end -------------------------------------------------------------------------------------------- */

/* Bye is left out where there is no memory for it; what waits before it goes all the same. */
static int say_bye(void *context)
{
    struct session_pair *pair = context;

    channel_bye(pair->client, HOTLINE__V1__BYE_REASON__BYE_NORMAL, "that is all");
    (void)nth_alloc_disarm();
    assert_int_equal(channel_stage(pair->client), CHANNEL_ENDED);
    struct blob *all = session_output(pair->client, 0);
    struct bytes wire = bytes_blob(all);
    assert_int_equal(session_input(pair->server, &wire).type, RECORD_SUBSCRIBE);
    struct channel_event event = session_input(pair->server, &wire);
    assert_true(event.kind == CHANNEL_NOTHING || event.end == CHANNEL_END_PEER_BYE);
    blob_free(all);
    session_pair_done(pair); /* the next one has said as much */
    session_pair_init(pair);
    session_pair_open(pair);
    assert_int_equal(channel_send(pair->client, RECORD_SUBSCRIBE, bytes_text("small")), HL_OK);
    return HL_OK;
}

static void bye_is_said_or_left_out(void **state)
{
    struct session_pair pair;

    (void)state;
    nth_alloc_require();
    session_pair_init(&pair);
    session_pair_open(&pair);
    assert_int_equal(channel_send(pair.client, RECORD_SUBSCRIBE, bytes_text("small")), HL_OK);
    assert_true(nth_alloc_sweep(say_bye, &pair) > 2);
    session_pair_done(&pair);
}

/* --- parts ---------------------------------------------------------------------------------------------- */

static int pack_and_parse(void *context)
{
    AUTO(blob) bye = NULL;
    AUTO(blob) ping = NULL;
    AUTO(blob) pong = NULL;
    unsigned reason = 77;

    (void)context;
    TRY(bye_pack(1, "detail", &bye));
    int err = bye_parse(bytes_blob(bye), &reason);
    assert_int_equal(reason, err == HL_OK ? 1 : 77);
    TRY(err);
    TRY(ping_pack(5, &ping));
    err = pong_answer(bytes_blob(ping), 1795000000000, &pong);
    assert_true((err == HL_OK) == (pong != NULL));
    return err;
}

/* A frame that finds no memory may be sealed, or opened, with the same key again. */
static int seal_and_unseal(void *context)
{
    struct frame_key key = {.nonce = 9};
    uint8_t plain[FRAME_UNIT] = {RECORD_PING};
    AUTO(blob) wire = NULL;
    AUTO(blob) opened = NULL;

    (void)context;
    int err = frame_seal(&key, BYTES_OF(plain), &wire);
    assert_int_equal(key.nonce, err == HL_OK ? 10 : 9);
    assert_int_equal(key.in_period, err == HL_OK);
    TRY(err);
    key.nonce = 9;
    err = frame_unseal(&key, BYTES(wire->data + 2, wire->len - 2), &opened);
    assert_int_equal(key.nonce, err == HL_OK ? 10 : 9);
    return err;
}

static int join_fragments(void *context)
{
    const struct record whole = {.type = RECORD_SUBMIT, .body = BYTES_OF(large)};
    struct assembly assembly;
    bool is_whole = false;
    int err = HL_OK;

    (void)context;
    assembly_init(&assembly);
    for (uint32_t at = 0; err == HL_OK && at < LARGE_BYTES;
         at += fragment_part_len(LARGE_BYTES, at)) {
        AUTO(blob) fragment = NULL;

        err = fragment_cut(1, &whole, at, &fragment);
        if (err == HL_OK)
            err = assembly_add(&assembly, RECORD_TO_RELAY, bytes_blob(fragment), &is_whole);
    }
    assert_int_equal(is_whole, err == HL_OK);
    assembly_done(&assembly);
    return err;
}

static void parts_of_a_session_fail_for_want_of_memory_alone(void **state)
{
    (void)state;
    assert_true(nth_alloc_sweep(pack_and_parse, NULL) > 8);
    assert_int_equal(nth_alloc_sweep(seal_and_unseal, NULL), 3);
    assert_true(nth_alloc_sweep(join_fragments, NULL) > 8);
}

/* 18 heartbeats of 14 octets leave 4 of the first 256: the header fits, the body needs more. */
static int add_heartbeat(void *context)
{
    struct outbox outbox;
    AUTO_BUF plain;

    (void)context;
    outbox_init(&outbox);
    int err = HL_OK;
    size_t count = 0;
    for (; err == HL_OK && count < 19; count++)
        err = outbox_add_urgent(&outbox, RECORD_PING, bytes_text("0123456789"));
    (void)nth_alloc_disarm();
    count -= err != HL_OK;
    assert_int_equal(outbox.urgent.len, count * 14);
    for (; count < 19; count++) /* the memory is back */
        assert_int_equal(outbox_add_urgent(&outbox, RECORD_PING, bytes_text("0123456789")), HL_OK);
    buf_init(&plain, FRAME_PLAIN_MAX);
    assert_int_equal(outbox_fill(&outbox, 0, &plain), HL_OK);
    frame_pad(&plain);
    assert_int_equal(frame_check(buf_bytes(&plain)), HL_OK);
    outbox_done(&outbox);
    return err;
}

static void a_heartbeat_is_queued_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(nth_alloc_sweep(add_heartbeat, NULL), 3);
}

/* --- the bare handshake --------------------------------------------------------------------------------- */

static int make(struct session_pair *keys, bool is_initiator, struct handshake **ret_handshake)
{
    const struct channel_key *own = is_initiator ? &keys->client_key : &keys->server_key;
    const struct handshake_params params = {.is_initiator = is_initiator,
                                            .has_hfs = true,
                                            .prologue = bytes_text("prologue"),
                                            .static_sk = own->sk,
                                            .static_pk = own->pk,
                                            .remote_static =
                                                is_initiator ? keys->server_key.pk : NULL,
                                            .rng = &keys->rng.rng};

    return handshake_new(&params, ret_handshake);
}

/* One message; a side that could not write it never speaks again. */
static int pass(struct handshake *from, struct handshake *to)
{
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
    size_t len = 0;
    AUTO_BUF wire;

    buf_init(&wire, 2048);
    int err = handshake_write(from, BYTES(NULL, 0), &wire);
    if (err != HL_OK) {
        (void)nth_alloc_disarm();
        buf_done(&wire);
        assert_int_equal(handshake_write(from, BYTES(NULL, 0), &wire), HL_ESTATE);
        assert_int_equal(handshake_read(from, buf_bytes(&wire), payload, &len), HL_ESTATE);
        return err;
    }
    return handshake_read(to, buf_bytes(&wire), payload, &len);
}

static int shake_hands(void *context)
{
    AUTO(handshake) initiator = NULL;
    AUTO(handshake) responder = NULL;
    uint8_t keys[4][32];

    TRY(make(context, true, &initiator));
    TRY(make(context, false, &responder));
    TRY(pass(initiator, responder));
    TRY(pass(responder, initiator));
    TRY(pass(initiator, responder));
    TRY(handshake_split(initiator, keys[0], keys[1]));
    TRY(handshake_split(responder, keys[2], keys[3]));
    assert_memory_equal(keys[0], keys[3], 32);
    assert_memory_equal(keys[1], keys[2], 32);
    return HL_OK;
}

static void a_handshake_without_memory_is_dead(void **state)
{
    struct session_pair keys;

    (void)state;
    nth_alloc_require();
    session_pair_init(&keys);
    assert_true(nth_alloc_sweep(shake_hands, &keys) > 5);
    session_pair_done(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_goes_on_or_is_dead_for_want_of_memory),
        cmocka_unit_test(bye_is_said_or_left_out),
        cmocka_unit_test(parts_of_a_session_fail_for_want_of_memory_alone),
        cmocka_unit_test(a_heartbeat_is_queued_whole_or_not_at_all),
        cmocka_unit_test(a_handshake_without_memory_is_dead),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
