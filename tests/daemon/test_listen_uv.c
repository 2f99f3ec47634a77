/* test_listen_uv — the rim: real sockets on loopback, the writer thread, one client or a rude one. */
#include "tests/support/relay_house.h"

#include "daemon/store_memory.h"
#include "tests/support/cmocka_all.h"

static void notice_goes_in_and_comes_out_over_real_sockets(void **state)
{
    struct house *house = *state;
    Hotline__V1__Submit submit = HOTLINE__V1__SUBMIT__INIT;
    Hotline__V1__Subscribe subscribe = HOTLINE__V1__SUBSCRIBE__INIT;
    const int own[] = {10 * XAA + 1};
    AUTO(blob) envelope = rig_seal(house->rig, XAA, 0, 1, own, 1);
    struct caller caller;

    house_dial(house, &caller, house->client_sk);
    house_run_until(house, NULL, &caller.records, 1);
    assert_int_equal(caller.last_type, RECORD_WELCOME);
    submit.req = 1;
    submit.envelope = (ProtobufCBinaryData){envelope->len, envelope->data};
    caller_say(&caller, RECORD_SUBMIT, &submit.base);
    house_run_until(house, NULL, &caller.records, 2);
    assert_int_equal(caller.last_type, RECORD_SUBMIT_RESULT);
    assert_int_equal(caller.code, HOTLINE__V1__SUBMIT_CODE__SUBMIT_TAKEN);
    assert_int_equal(store_memory_count(house->rig->store), 1);
    subscribe.window = 10;
    subscribe.window_bytes = 65536;
    caller_say(&caller, RECORD_SUBSCRIBE, &subscribe.base);
    house_run_until(house, NULL, &caller.delivers, 1);
    caller_hang_up(&caller);
}

static void stranger_is_told_that_he_is_not_certified(void **state)
{
    struct house *house = *state;
    uint8_t other_sk[32] = {9};
    struct caller caller;

    house_dial(house, &caller, other_sk);
    house_run_until(house, &caller.is_closed, NULL, 0);
    assert_int_equal(caller.end, LINK_UV_BYE);
    assert_int_equal(caller.bye_reason, HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED);
}

static void peer_that_breaks_the_rules_is_told_so(void **state)
{
    struct house *house = *state;
    Hotline__V1__Taken taken = HOTLINE__V1__TAKEN__INIT;
    struct caller caller;

    house_dial(house, &caller, house->client_sk);
    house_run_until(house, NULL, &caller.records, 1);
    taken.upto_seq = 77;
    caller_say(&caller, RECORD_TAKEN, &taken.base);
    house_run_until(house, &caller.is_closed, NULL, 0);
    assert_int_equal(caller.bye_reason, HOTLINE__V1__BYE_REASON__BYE_PROTOCOL);
}

static void draining_relay_says_goodbye(void **state)
{
    struct house *house = *state;
    struct caller caller;

    house_dial(house, &caller, house->client_sk);
    house_run_until(house, NULL, &caller.records, 1);
    listen_uv_stop(house->listen);
    relay_drain(house->rig->relay);
    house_run_until(house, &caller.is_closed, NULL, 0);
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
    house_run_until(house, &rude.is_closed, NULL, 0);
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
#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
        T(notice_goes_in_and_comes_out_over_real_sockets),
        T(stranger_is_told_that_he_is_not_certified),
        T(peer_that_breaks_the_rules_is_told_so),
        T(draining_relay_says_goodbye),
        T(noise_is_closed_silently),
        cmocka_unit_test(addresses_are_read_strictly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
