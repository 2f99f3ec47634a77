/* test_listen_uv — the rim: real sockets on loopback, the writer thread, one client or a rude one. */
#include "daemon/listen_uv.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store_memory.h"
#include "daemon/store_uv.h"
#include "keys/noise_dh.h"
#include "proto/link_uv.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/relay_rig.h"

#define PATIENCE_MS 10000

/* A relay on its loop, as server_uv puts it together. */
struct house {
    struct rig *rig;
    uv_loop_t loop;
    uv_check_t check;
    uv_timer_t timer;
    struct store_uv *writer;
    struct listen_uv *listen;
    struct channel_key key;
    uint8_t relay_sk[32], client_sk[32];
    char address[32];
    uint16_t port;
    bool is_late;
};
struct caller {
    struct house *house;
    struct channel_key key;
    struct link_uv *link;
    bool is_ready, is_closed;
    enum link_uv_end end;
    unsigned bye_reason, last_type;
    size_t records, delivers;
    Hotline__V1__SubmitCode code;
};

static void on_check(uv_check_t *check)
{
    struct house *house = check->data;
    struct relay_action action;

    while (house->rig->relay && relay_take_action(house->rig->relay, &action)) {
        switch (action.kind) {
        case RELAY_SEND:
        case RELAY_CLOSE: listen_uv_act(house->listen, &action); break;
        case RELAY_COMMIT: store_uv_commit(house->writer, action.batch); break;
        case RELAY_READ: store_uv_read(house->writer, action.index); break;
        }
    }
}

static void on_commit(void *context, const struct store_batch *batch, int err)
{
    relay_commit_done(((struct house *)context)->rig->relay, batch, err);
}

static void on_read(void *context, uint64_t index, int err, struct store_body *body)
{
    relay_read_done(((struct house *)context)->rig->relay, index, err, body);
}

static void on_writer_closed(void *context)
{
    ((struct house *)context)->writer = NULL;
}

static void on_listen_closed(void *context)
{
    ((struct house *)context)->listen = NULL;
}

static void on_input(void *context)
{
    (void)context;
}

static void on_late(uv_timer_t *timer)
{
    ((struct house *)timer->data)->is_late = true;
}

static const struct store_uv_calls writer_calls = {
    .on_commit = on_commit, .on_read = on_read, .on_closed = on_writer_closed};

/* A port that was free a moment ago. */
static uint16_t free_port(void)
{
    struct sockaddr_storage address;
    struct sockaddr_in *in4 = (struct sockaddr_in *)(void *)&address;
    uv_loop_t loop;
    uv_tcp_t tcp;
    int len = sizeof(address);

    assert_int_equal(address_parse("127.0.0.1:0", &address), HL_OK);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_tcp_init(&loop, &tcp), 0);
    assert_int_equal(uv_tcp_bind(&tcp, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_tcp_getsockname(&tcp, (struct sockaddr *)&address, &len), 0);
    uv_close((uv_handle_t *)&tcp, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return (uint16_t)((in4->sin_port >> 8 | in4->sin_port << 8) & 0xffff);
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof(*house));
    struct listen_uv_setup listen_setup;
    struct rig *rig = rig_new(NULL);

    assert_non_null(house);
    house->rig = rig;
    memset(house->relay_sk, 3, 32);
    memset(house->client_sk, 4, 32);
    channel_key_init(house->relay_sk, &house->key);
    dh_public(house->client_sk, world_device_cert(rig->world, XAA, 0)->noise_static);
    assert_int_equal(uv_loop_init(&house->loop), 0);
    assert_int_equal(uv_check_init(&house->loop, &house->check), 0);
    assert_int_equal(uv_check_start(&house->check, on_check), 0);
    assert_int_equal(uv_timer_init(&house->loop, &house->timer), 0);
    house->check.data = house->timer.data = house;
    assert_int_equal(store_uv_start(&house->loop, rig->store, &writer_calls, house, &house->writer),
                     HL_OK);
    listen_setup = (struct listen_uv_setup){.loop = &house->loop,
                                            .relay = rig->relay,
                                            .clock = &rig->clock,
                                            .rng = rng_system(),
                                            .ns = rig->world->trust.ns,
                                            .relay_id = rig->info.id,
                                            .key = &house->key,
                                            .handshake_ms = 5000,
                                            .half_open_max = 4,
                                            .on_input = on_input,
                                            .on_closed = on_listen_closed,
                                            .context = house};
    assert_int_equal(listen_uv_new(&listen_setup, &house->listen), HL_OK);
    house->port = free_port();
    (void)snprintf(house->address, sizeof(house->address), "127.0.0.1:%u", house->port);
    assert_int_equal(listen_uv_add(house->listen, house->address), HL_OK);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;

    listen_uv_close(house->listen);
    store_uv_close(house->writer);
    uv_close((uv_handle_t *)&house->check, NULL);
    uv_close((uv_handle_t *)&house->timer, NULL);
    (void)uv_run(&house->loop, UV_RUN_DEFAULT);
    assert_null(house->listen);
    assert_null(house->writer);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    rig_free(house->rig);
    free(house);
    return 0;
}

/* Turn the loop until the claim holds. */
static void run_until(struct house *house, const bool *claim, const size_t *count, size_t wanted)
{
    house->is_late = false;
    (void)uv_timer_start(&house->timer, on_late, PATIENCE_MS, 0);
    while (!house->is_late && !(claim ? *claim : *count >= wanted))
        (void)uv_run(&house->loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&house->timer);
    assert_false(house->is_late);
}

/* --- a caller ---------------------------------------------------------------------------------------------------------- */

static void on_record(void *context, struct link_uv *link, unsigned type, struct bytes body)
{
    struct caller *caller = context;

    (void)link;
    caller->records++;
    caller->last_type = type;
    caller->delivers += type == RECORD_DELIVER;
    if (type == RECORD_SUBMIT_RESULT) {
        Hotline__V1__SubmitResult *result =
            hotline__v1__submit_result__unpack(NULL, body.len, body.data);

        assert_non_null(result);
        caller->code = result->code;
        hotline__v1__submit_result__free_unpacked(result, NULL);
    }
}

static void on_closed(void *context, struct link_uv *link, enum link_uv_end end,
                      unsigned bye_reason)
{
    struct caller *caller = context;

    (void)link;
    caller->is_closed = true;
    caller->end = end;
    caller->bye_reason = bye_reason;
}

static const struct link_uv_calls caller_calls = {.on_record = on_record, .on_closed = on_closed};

static void dial(struct house *house, struct caller *caller, const uint8_t *sk)
{
    const struct cert *cert = world_device_cert(house->rig->world, XAA, 0);
    Hotline__V1__ClientHello hello = HOTLINE__V1__CLIENT_HELLO__INIT;
    struct link_uv_setup setup = {.loop = &house->loop, .calls = &caller_calls, .context = caller};
    struct sockaddr_storage address;
    AUTO(blob) octets = NULL;

    *caller = (struct caller){.house = house};
    channel_key_init(sk, &caller->key);
    hello.entity = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)cert->entity};
    hello.device = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)cert->id};
    hello.cert_hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)(uintptr_t)cert->hash};
    assert_int_equal(strict_pack(&hello.base, &octets), HL_OK);
    assert_int_equal(address_parse(house->address, &address), HL_OK);

    struct channel_client_params params = {.ns = house->rig->world->trust.ns,
                                           .relay_id = house->rig->info.id,
                                           .relay_static = house->key.pk,
                                           .key = &caller->key,
                                           .rng = rng_system(),
                                           .hello = bytes_blob(octets)};

    assert_int_equal(
        link_uv_connect(&setup, (const struct sockaddr *)&address, &params, &caller->link), HL_OK);
}

static void say(struct caller *caller, unsigned type, const ProtobufCMessage *message)
{
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(message, &body), HL_OK);
    assert_int_equal(link_uv_send(caller->link, type, bytes_blob(body)), HL_OK);
}

static void hang_up(struct caller *caller)
{
    link_uv_close(caller->link);
    run_until(caller->house, &caller->is_closed, NULL, 0);
}

static void notice_goes_in_and_comes_out_over_real_sockets(void **state)
{
    struct house *house = *state;
    Hotline__V1__Submit submit = HOTLINE__V1__SUBMIT__INIT;
    Hotline__V1__Subscribe subscribe = HOTLINE__V1__SUBSCRIBE__INIT;
    const int own[] = {10 * XAA + 1};
    AUTO(blob) envelope = rig_seal(house->rig, XAA, 0, 1, own, 1);
    struct caller caller;

    dial(house, &caller, house->client_sk);
    run_until(house, NULL, &caller.records, 1);
    assert_int_equal(caller.last_type, RECORD_WELCOME);
    submit.req = 1;
    submit.envelope = (ProtobufCBinaryData){envelope->len, envelope->data};
    say(&caller, RECORD_SUBMIT, &submit.base);
    run_until(house, NULL, &caller.records, 2);
    assert_int_equal(caller.last_type, RECORD_SUBMIT_RESULT);
    assert_int_equal(caller.code, HOTLINE__V1__SUBMIT_CODE__SUBMIT_TAKEN);
    assert_int_equal(store_memory_count(house->rig->store), 1);
    subscribe.window = 10;
    subscribe.window_bytes = 65536;
    say(&caller, RECORD_SUBSCRIBE, &subscribe.base);
    run_until(house, NULL, &caller.delivers, 1);
    hang_up(&caller);
}

static void stranger_is_told_that_he_is_not_certified(void **state)
{
    struct house *house = *state;
    uint8_t other_sk[32] = {9};
    struct caller caller;

    dial(house, &caller, other_sk);
    run_until(house, &caller.is_closed, NULL, 0);
    assert_int_equal(caller.end, LINK_UV_BYE);
    assert_int_equal(caller.bye_reason, HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED);
}

static void peer_that_breaks_the_rules_is_told_so(void **state)
{
    struct house *house = *state;
    Hotline__V1__Taken taken = HOTLINE__V1__TAKEN__INIT;
    struct caller caller;

    dial(house, &caller, house->client_sk);
    run_until(house, NULL, &caller.records, 1);
    taken.upto_seq = 77;
    say(&caller, RECORD_TAKEN, &taken.base);
    run_until(house, &caller.is_closed, NULL, 0);
    assert_int_equal(caller.bye_reason, HOTLINE__V1__BYE_REASON__BYE_PROTOCOL);
}

static void draining_relay_says_goodbye(void **state)
{
    struct house *house = *state;
    struct caller caller;

    dial(house, &caller, house->client_sk);
    run_until(house, NULL, &caller.records, 1);
    listen_uv_stop(house->listen);
    relay_drain(house->rig->relay);
    run_until(house, &caller.is_closed, NULL, 0);
    assert_int_equal(caller.bye_reason, HOTLINE__V1__BYE_REASON__BYE_DRAINING);
}

/* --- rude callers ---------------------------------------------------------------------------------------------------------- */

struct rude {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    bool is_closed;
};

static void on_rude_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    static char memory[65536];

    (void)handle;
    (void)suggested;
    *ret_buffer = uv_buf_init(memory, sizeof(memory));
}

static void on_rude_closed(uv_handle_t *handle)
{
    ((struct rude *)handle->data)->is_closed = true;
}

static void on_rude_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    assert_true(got <= 0); /* a relay says nothing to him */
    if (got < 0)
        uv_close((uv_handle_t *)stream, on_rude_closed);
}

static void on_rude_connected(uv_connect_t *connect, int status)
{
    static char noise[CHANNEL_FIRST_WIRE];
    struct rude *rude = connect->data;
    uv_buf_t out = uv_buf_init(noise, sizeof(noise));

    assert_int_equal(status, 0);
    (void)uv_read_start((uv_stream_t *)&rude->tcp, on_rude_alloc, on_rude_read);
    (void)uv_write(&rude->write, (uv_stream_t *)&rude->tcp, &out, 1, NULL);
}

static void noise_is_closed_silently(void **state)
{
    struct house *house = *state;
    struct rude rude = {.is_closed = false};
    struct sockaddr_storage address;
    struct listen_uv_counts counts;

    assert_int_equal(address_parse(house->address, &address), HL_OK);
    assert_int_equal(uv_tcp_init(&house->loop, &rude.tcp), 0);
    rude.tcp.data = rude.connect.data = &rude;
    assert_int_equal(uv_tcp_connect(&rude.connect, &rude.tcp, (const struct sockaddr *)&address,
                                    on_rude_connected),
                     0);
    run_until(house, &rude.is_closed, NULL, 0);
    listen_uv_count(house->listen, &counts);
    assert_int_equal(counts.accepted, 1);
    assert_int_equal(counts.guests, 0);
}

static void addresses_are_read_strictly(void **state)
{
    static const char *const bad[] = {"",        "127.0.0.1",    "127.0.0.1:", "127.0.0.1:65536",
                                      "host:1",  "127.0.0.1:1x", "[::1:5",     "::1]:5",
                                      "1.2.3:5", "127.0.0.1:-1", ":80"};
    struct sockaddr_storage address;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(address_parse(bad[i], &address), HL_EINVAL);
    assert_int_equal(address_parse("[::1]:7401", &address), HL_OK);
    assert_int_equal(address.ss_family, AF_INET6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(notice_goes_in_and_comes_out_over_real_sockets),
        T(stranger_is_told_that_he_is_not_certified),
        T(peer_that_breaks_the_rules_is_told_so),
        T(draining_relay_says_goodbye),
        T(noise_is_closed_silently),
        cmocka_unit_test(addresses_are_read_strictly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
