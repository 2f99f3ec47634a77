/* test_link_uv — client and relay on loopback in one loop; times are short, and every wait has an end. */
#include "tests/support/cmocka_all.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keys/secret.h"
#include "proto/link_uv.h"
#include "proto/loop_uv.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/session_pair.h"
#include "wire.pb-c.h"

#define LARGE_BYTES 1572928

static uint8_t large[LARGE_BYTES];

/* What happened to one end. */
struct ending {
    struct link_uv *link;
    size_t hellos, readies, records, octets, pongs, drains;
    unsigned last_type;
    bool is_equal; /* every large message equalled `large` */
    bool is_closed;
    enum link_uv_end end;
    unsigned bye_reason;
};
struct world {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t watchdog;
    struct sockaddr_in address;
    struct session_pair keys; /* its channels are not used */
    struct link_uv_times times;
    struct ending client, server;
    bool greets; /* the relay says Welcome at HELLO */
};

static void on_hello(void *context, struct link_uv *link, const uint8_t peer_static[static 32],
                     struct bytes hello)
{
    struct world *world = context;

    assert_memory_equal(peer_static, world->keys.client_key.pk, 32);
    assert_int_equal(hello.len, strlen(SESSION_PAIR_HELLO));
    world->server.hellos++;
    if (!world->greets)
        return;
    int err = link_uv_send(link, RECORD_WELCOME, bytes_text("welcome"));
    if (err == HL_ENOMEM && nth_alloc_disarm()) /* as it was: say it again */
        err = link_uv_send(link, RECORD_WELCOME, bytes_text("welcome"));
    assert_int_equal(err, HL_OK);
}

static void on_ready(void *context, struct link_uv *link)
{
    struct world *world = context;

    (void)link;
    world->client.readies++;
}

static void note(struct ending *ending, unsigned type, struct bytes body)
{
    ending->records++;
    ending->pongs += type == RECORD_PONG;
    ending->octets += body.len;
    ending->last_type = type;
    if (body.len == LARGE_BYTES || body.len == 327680)
        ending->is_equal = bytes_equal(body, BYTES(large, body.len));
}

static void on_client_record(void *context, struct link_uv *link, unsigned type, struct bytes body)
{
    (void)link;
    note(&((struct world *)context)->client, type, body);
}

static void on_server_record(void *context, struct link_uv *link, unsigned type, struct bytes body)
{
    (void)link;
    note(&((struct world *)context)->server, type, body);
}

static void on_drained(void *context, struct link_uv *link)
{
    struct world *world = context;

    (void)link;
    world->client.drains++;
}

static void note_closed(struct ending *ending, enum link_uv_end end, unsigned bye_reason)
{
    assert_false(ending->is_closed);
    ending->is_closed = true;
    ending->end = end;
    ending->bye_reason = bye_reason;
    ending->link = NULL;
}

static void on_client_closed(void *context, struct link_uv *link, enum link_uv_end end,
                             unsigned bye_reason)
{
    (void)link;
    note_closed(&((struct world *)context)->client, end, bye_reason);
}

static void on_server_closed(void *context, struct link_uv *link, enum link_uv_end end,
                             unsigned bye_reason)
{
    (void)link;
    note_closed(&((struct world *)context)->server, end, bye_reason);
}

static const struct link_uv_calls client_calls = {.on_ready = on_ready,
                                                  .on_record = on_client_record,
                                                  .on_drained = on_drained,
                                                  .on_closed = on_client_closed};
static const struct link_uv_calls server_calls = {
    .on_hello = on_hello, .on_record = on_server_record, .on_closed = on_server_closed};

static void on_connection(uv_stream_t *listener, int status)
{
    struct world *world = listener->data;
    const struct link_uv_setup setup = {.loop = &world->loop,
                                        .calls = &server_calls,
                                        .context = world,
                                        .times = &world->times,
                                        .clock = clock_system()};
    const struct channel_server_params params = {.ns = world->keys.ns,
                                                 .relay_id = world->keys.relay_id,
                                                 .keys = &world->keys.server_key,
                                                 .key_count = 1,
                                                 .rng = &world->keys.rng.rng};

    assert_int_equal(status, 0);
    int err = link_uv_accept(&setup, listener, &params, &world->server.link);
    if (err == HL_ENOMEM && nth_alloc_disarm()) /* it still waits in the listener */
        err = link_uv_accept(&setup, listener, &params, &world->server.link);
    assert_int_equal(err, HL_OK);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the loop did not come to what was awaited");
}

static int world_open(void **state)
{
    static struct world world;
    int len = sizeof(world.address);

    memset(&world, 0, sizeof(world));
    session_pair_init(&world.keys);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (uint8_t)(i * 2654435761U >> 24);
    world.greets = true;
    world.times = link_uv_times_default;
    assert_int_equal(loop_uv_init(&world.loop, 1024), HL_OK);
    (void)uv_tcp_init(&world.loop, &world.listener);
    (void)uv_timer_init(&world.loop, &world.watchdog);
    (void)uv_timer_start(&world.watchdog, on_watchdog, 10000, 0);
    world.listener.data = &world;
    (void)uv_ip4_addr("127.0.0.1", 0, &world.address);
    (void)uv_tcp_bind(&world.listener, (const struct sockaddr *)&world.address, 0);
    if (uv_listen((uv_stream_t *)&world.listener, 8, on_connection) != 0)
        return -1;
    (void)uv_tcp_getsockname(&world.listener, (struct sockaddr *)&world.address, &len);
    *state = &world;
    return 0;
}

static int world_close(void **state)
{
    struct world *world = *state;

    if (world->client.link)
        link_uv_close(world->client.link);
    if (world->server.link)
        link_uv_close(world->server.link);
    uv_close((uv_handle_t *)&world->listener, NULL);
    uv_close((uv_handle_t *)&world->watchdog, NULL);
    (void)uv_run(&world->loop, UV_RUN_DEFAULT);
    session_pair_done(&world->keys);
    return uv_loop_close(&world->loop);
}

static int try_to_connect(struct world *world)
{
    const struct link_uv_setup setup = {
        .loop = &world->loop, .calls = &client_calls, .context = world, .times = &world->times};
    const struct channel_client_params params = {.ns = world->keys.ns,
                                                 .relay_id = world->keys.relay_id,
                                                 .relay_static = world->keys.server_key.pk,
                                                 .key = &world->keys.client_key,
                                                 .rng = &world->keys.rng.rng,
                                                 .hello = bytes_text(SESSION_PAIR_HELLO)};

    return link_uv_connect(&setup, (const struct sockaddr *)&world->address, &params,
                           &world->client.link);
}

static void connect_client(struct world *world)
{
    assert_int_equal(try_to_connect(world), HL_OK);
}

#define RUN_UNTIL(world, condition)                                                                \
    do {                                                                                           \
        while (!(condition))                                                                       \
            (void)uv_run(&(world)->loop, UV_RUN_ONCE);                                             \
    } while (0)

static void open_session(struct world *world)
{
    connect_client(world);
    RUN_UNTIL(world, world->client.records == 1);
    assert_int_equal(world->client.readies, 1);
    assert_int_equal(world->server.hellos, 1);
    assert_int_equal(world->client.last_type, RECORD_WELCOME);
}

static void large_messages_go_both_ways_at_once(void **state)
{
    struct world *world = *state;

    open_session(world);
    assert_int_equal(link_uv_send(world->client.link, RECORD_SUBMIT, BYTES_OF(large)), HL_OK);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(link_uv_send(world->server.link, RECORD_DELIVER, BYTES(large, 327680)),
                         HL_OK);
    RUN_UNTIL(world, world->server.records == 1 && world->client.records == 6);
    assert_true(world->server.is_equal);
    assert_true(world->client.is_equal);
    RUN_UNTIL(world, world->client.drains > 0);
    assert_int_equal(link_uv_queued(world->client.link), 0);
}

static void heartbeats_are_answered_and_keep_the_link(void **state)
{
    struct world *world = *state;

    world->times.ping_ms = 10;
    world->times.offline_ms = 1000;
    open_session(world);
    RUN_UNTIL(world, world->client.pongs >= 3 && world->server.pongs >= 3);
    assert_false(world->client.is_closed);
}

static void orderly_end_says_bye_after_what_waits(void **state)
{
    struct world *world = *state;

    open_session(world);
    assert_int_equal(link_uv_send(world->client.link, RECORD_SUBMIT, BYTES_OF(large)), HL_OK);
    link_uv_bye(world->client.link, HOTLINE__V1__BYE_REASON__BYE_NORMAL, NULL);
    RUN_UNTIL(world, world->client.is_closed && world->server.is_closed);
    assert_true(world->server.is_equal);
    assert_int_equal(world->server.end, LINK_UV_BYE);
    assert_int_equal(world->server.bye_reason, HOTLINE__V1__BYE_REASON__BYE_NORMAL);
    assert_int_equal(world->client.end, LINK_UV_CLOSED);
}

static void peer_that_vanishes_without_bye_is_lost(void **state)
{
    struct world *world = *state;

    open_session(world);
    link_uv_close(world->server.link);
    link_uv_close(world->server.link); /* idempotent */
    RUN_UNTIL(world, world->client.is_closed && world->server.is_closed);
    assert_int_equal(world->client.end, LINK_UV_LOST);
    assert_int_equal(world->server.end, LINK_UV_CLOSED);
}

static void peer_that_falls_silent_is_off_line(void **state)
{
    struct world *world = *state;

    world->times.ping_ms = 20;
    world->times.offline_ms = 100;
    open_session(world);
    link_uv_pause(world->server.link, true); /* reads nothing, so answers nothing */
    RUN_UNTIL(world, world->server.is_closed);
    assert_int_equal(world->server.end, LINK_UV_OFF_LINE);
    RUN_UNTIL(world, world->client.is_closed);
}

static void relay_that_never_answers_is_given_up(void **state)
{
    struct world *world = *state;
    socklen_t len = sizeof(world->address);
    int mute = socket(AF_INET, SOCK_STREAM, 0); /* the kernel accepts, nobody reads */

    world->times.handshake_ms = 50;
    (void)uv_ip4_addr("127.0.0.1", 0, &world->address);
    assert_int_equal(bind(mute, (const struct sockaddr *)&world->address, len), 0);
    assert_int_equal(listen(mute, 1), 0);
    assert_int_equal(getsockname(mute, (struct sockaddr *)&world->address, &len), 0);
    connect_client(world);
    RUN_UNTIL(world, world->client.is_closed);
    assert_int_equal(world->client.end, LINK_UV_HANDSHAKE);
    (void)close(mute);
}

static void on_stranger(uv_connect_t *request, int status)
{
    (void)request;
    assert_int_equal(status, 0);
}

static void stranger_who_says_nothing_is_cut_after_first_ms(void **state)
{
    struct world *world = *state;
    static uv_tcp_t stranger; /* outlives the test: it closes in the teardown's loop */
    static uv_connect_t connect;

    world->times.first_ms = 30;
    (void)uv_tcp_init(&world->loop, &stranger);
    (void)uv_tcp_connect(&connect, &stranger, (const struct sockaddr *)&world->address,
                         on_stranger);
    RUN_UNTIL(world, world->server.is_closed);
    assert_int_equal(world->server.end, LINK_UV_HANDSHAKE);
    assert_int_equal(world->server.hellos, 0);
    uv_close((uv_handle_t *)&stranger, NULL);
}

static void client_with_another_relays_key_is_cut_silently(void **state)
{
    struct world *world = *state;

    world->keys.server_key.pk[0] ^= 1; /* the client's idea of the relay; the relay's sk stays */
    connect_client(world);
    channel_key_init(world->keys.server_sk, &world->keys.server_key);
    RUN_UNTIL(world, world->client.is_closed && world->server.is_closed);
    assert_int_equal(world->server.end, LINK_UV_HANDSHAKE);
    assert_int_equal(world->client.end, LINK_UV_HANDSHAKE);
}

static void closed_port_is_refused(void **state)
{
    struct world *world = *state;

    uv_close((uv_handle_t *)&world->listener, NULL);
    (void)uv_run(&world->loop, UV_RUN_NOWAIT);
    (void)uv_tcp_init(&world->loop, &world->listener);
    connect_client(world);
    RUN_UNTIL(world, world->client.is_closed);
    assert_int_equal(world->client.end, LINK_UV_REFUSED);
}

static void session_ends_with_bye_at_its_age(void **state)
{
    struct world *world = *state;

    world->times.ping_ms = 10;
    world->times.session_ms = 60;
    connect_client(world);
    world->times.session_ms = 100000; /* the relay is patient: else both may say Bye at once */
    RUN_UNTIL(world, world->client.is_closed && world->server.is_closed);
    assert_int_equal(world->client.end, LINK_UV_CLOSED);
    assert_int_equal(world->server.end, LINK_UV_BYE);
    assert_int_equal(world->server.bye_reason, HOTLINE__V1__BYE_REASON__BYE_REKEY_DUE);
}

static void bye_instead_of_welcome_reaches_the_client(void **state)
{
    struct world *world = *state;

    world->greets = false;
    connect_client(world);
    RUN_UNTIL(world, world->server.hellos == 1);
    link_uv_bye(world->server.link, HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED, "not listed");
    RUN_UNTIL(world, world->client.is_closed && world->server.is_closed);
    assert_int_equal(world->client.end, LINK_UV_BYE);
    assert_int_equal(world->client.bye_reason, HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED);
}

/* A session of its own, with a message of several Fragments, up to its end or to the first side that has no memory. */
static void live_and_die(struct world *world)
{
    struct ending *client = &world->client;
    struct ending *server = &world->server;

    if (try_to_connect(world) == HL_ENOMEM) {
        assert_true(nth_alloc_disarm());
        assert_null(client->link);
        return;
    }
    RUN_UNTIL(world, client->records == 1 || client->is_closed || server->is_closed);
    bool is_sent = server->link && client->records == 1 &&
                   link_uv_send(server->link, RECORD_DELIVER, BYTES(large, 327680)) == HL_OK;
    RUN_UNTIL(world, !is_sent || client->records == 2 || client->is_closed || server->is_closed);
    bool has_failed = nth_alloc_disarm();
    assert_true(is_sent || has_failed);
    if (client->is_closed || server->is_closed) {
        RUN_UNTIL(world, client->is_closed && (server->is_closed || !server->link));
        assert_true(has_failed);
        assert_true((client->end == LINK_UV_MEMORY) != (server->end == LINK_UV_MEMORY));
        return;
    }
    assert_int_equal(client->is_equal, is_sent);
    link_uv_close(client->link);
    link_uv_close(server->link);
    RUN_UNTIL(world, client->is_closed && server->is_closed);
}

static void side_without_memory_says_so_and_is_not_taken_for_the_peers_fault(void **state)
{
    struct world *world = *state;
    bool has_failed = true;
    unsigned long n = 0;

    nth_alloc_require();
    while (has_failed) {
        long before = nth_alloc_live();

        world->client = world->server = (struct ending){.link = NULL};
        nth_alloc_arm(++n);
        live_and_die(world);
        has_failed = nth_alloc_disarm();
        if (nth_alloc_live() != before)
            fail_msg("allocation %lu failed: %ld left over", n, nth_alloc_live() - before);
    }
    assert_true(n > 40);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(large_messages_go_both_ways_at_once),
        CASE(heartbeats_are_answered_and_keep_the_link),
        CASE(orderly_end_says_bye_after_what_waits),
        CASE(peer_that_vanishes_without_bye_is_lost),
        CASE(peer_that_falls_silent_is_off_line),
        CASE(relay_that_never_answers_is_given_up),
        CASE(stranger_who_says_nothing_is_cut_after_first_ms),
        CASE(client_with_another_relays_key_is_cut_silently),
        CASE(closed_port_is_refused),
        CASE(session_ends_with_bye_at_its_age),
        CASE(bye_instead_of_welcome_reaches_the_client),
        CASE(side_without_memory_says_so_and_is_not_taken_for_the_peers_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
