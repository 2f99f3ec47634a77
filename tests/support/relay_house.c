/* relay_house — a relay on its loop with real sockets on loopback; and callers. */
#include "tests/support/relay_house.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "keys/noise_dh.h"
#include "proto/loop_uv.h"
#include "tests/support/cmocka_all.h"

#define PATIENCE_MS 10000

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

int house_setup(void **state)
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
    assert_int_equal(loop_uv_init(&house->loop, LISTEN_FILES_MAX), HL_OK);
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
                                            .half_open_max = HOUSE_HALF_OPEN,
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

int house_teardown(void **state)
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

void house_run_until(struct house *house, const bool *claim, const size_t *count, size_t wanted)
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

void house_dial(struct house *house, struct caller *caller, const uint8_t *sk)
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

void caller_say(struct caller *caller, unsigned type, const ProtobufCMessage *message)
{
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(message, &body), HL_OK);
    assert_int_equal(link_uv_send(caller->link, type, bytes_blob(body)), HL_OK);
}

void caller_hang_up(struct caller *caller)
{
    link_uv_close(caller->link);
    house_run_until(caller->house, &caller->is_closed, NULL, 0);
}

int house_knock(const struct house *house)
{
    struct sockaddr_storage address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(address_parse(house->address, &address), HL_OK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(struct sockaddr_in)), 0);
    return fd;
}

void house_welcomes(struct house *house)
{
    struct caller caller;

    house_dial(house, &caller, house->client_sk);
    house_run_until(house, NULL, &caller.records, 1);
    assert_int_equal(caller.last_type, RECORD_WELCOME);
    caller_hang_up(&caller);
}
