/* link_uv — a channel on a TCP connection. */
#include "proto/link_uv.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/heartbeat.h"
#include "wire.pb-c.h"

#define READ_SIZE  65536
#define WRITE_HIGH ((size_t)256 * 1024) /* octets in libuv's queue before we hold frames back */

const struct link_uv_times link_uv_times_default = {.first_ms = 2000,
                                                    .handshake_ms = 5000,
                                                    .ping_ms = 15000,
                                                    .offline_ms = 45000,
                                                    .session_ms = 24ULL * 3600 * 1000,
                                                    .linger_ms = 5000};

struct link_uv {
    struct link_uv_setup setup;
    struct link_uv_times times;
    uv_tcp_t tcp;     /* data points back here */
    uv_timer_t timer; /* data points back here */
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct channel *channel;
    unsigned open_handles, open_writes;
    bool is_connected, is_paused,
        is_reading; /* is_reading: inside on_read, output waits for its end */
    bool is_ending, is_shut, is_closing;
    enum link_uv_end end;
    unsigned bye_reason;
    int64_t open_ms, last_ping_ms;
    uint64_t ping_token;
};

struct write {
    uv_write_t request; /* data points to the link */
    struct blob *chunk;
};

static const char *const end_texts[] = {
    [LINK_UV_CLOSED] = "closed",
    [LINK_UV_BYE] = "the peer said goodbye",
    [LINK_UV_REFUSED] = "no connection",
    [LINK_UV_HANDSHAKE] = "the handshake failed",
    [LINK_UV_LOST] = "connection lost",
    [LINK_UV_OFF_LINE] = "no sign of life",
    [LINK_UV_PROTOCOL] = "the peer broke the protocol",
    [LINK_UV_MEMORY] = "no memory",
};

const char *link_uv_end_text(enum link_uv_end end)
{
    return (size_t)end < sizeof(end_texts) / sizeof(end_texts[0]) ? end_texts[end] : "unknown";
}

static void pump(struct link_uv *link);

static int64_t now_ms(const struct link_uv *link)
{
    return (int64_t)uv_now(link->setup.loop);
}

/* --- the end ---------------------------------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct link_uv *link = handle->data;

    if (--link->open_handles > 0)
        return;
    if (link->setup.calls) /* NULL: the starting call failed */
        link->setup.calls->on_closed(link->setup.context, link, link->end, link->bye_reason);
    channel_free(link->channel);
    free(link);
}

static void finish(struct link_uv *link, enum link_uv_end end)
{
    if (link->is_closing)
        return;
    link->is_closing = true;
    if (!link->is_ending)
        link->end = end;
    uv_close((uv_handle_t *)&link->timer, on_handle_closed);
    uv_close((uv_handle_t *)&link->tcp, on_handle_closed);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status < 0)
        finish(request->handle->data, LINK_UV_LOST);
    /* else the peer's end of stream, or the linger timer, closes */
}

/* When everything is written: FIN, then wait for the peer's, lest a reset overtakes our Bye. */
static void shut_when_written(struct link_uv *link)
{
    if (link->is_closing || link->is_shut || link->open_writes > 0 ||
        channel_has_output(link->channel))
        return;
    link->is_shut = true;
    if (!link->is_connected || uv_shutdown(&link->shutdown, (uv_stream_t *)&link->tcp, on_shutdown))
        finish(link, LINK_UV_LOST);
}

static void on_linger_over(uv_timer_t *timer)
{
    finish(timer->data, LINK_UV_CLOSED);
}

/* The channel has ended with something left to write. */
static void end_orderly(struct link_uv *link, enum link_uv_end end)
{
    if (link->is_ending || link->is_closing)
        return;
    link->is_ending = true;
    link->end = end;
    link_uv_pause(link, false); /* to see the peer's end */
    (void)uv_timer_start(&link->timer, on_linger_over, link->times.linger_ms, 0);
    if (!link->is_reading)
        pump(link);
}

/* --- writing ---------------------------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct link_uv *link = request->data;

    blob_free(write->chunk);
    free(write);
    link->open_writes--;
    if (link->is_closing)
        return;
    if (status < 0) {
        finish(link, LINK_UV_LOST);
        return;
    }
    pump(link);
    if (link->open_writes == 0 && !link->is_ending && !link->is_closing &&
        link->setup.calls->on_drained)
        link->setup.calls->on_drained(link->setup.context, link);
}

static int write_chunk(struct link_uv *link, struct blob *chunk)
{
    struct write *write = calloc(1, sizeof(*write));

    if (!write) {
        blob_free(chunk);
        return HL_ENOMEM;
    }
    write->request.data = link;
    write->chunk = chunk;
    uv_buf_t octets = uv_buf_init((char *)chunk->data, (unsigned)chunk->len);
    if (uv_write(&write->request, (uv_stream_t *)&link->tcp, &octets, 1, on_written) < 0) {
        blob_free(chunk);
        free(write);
        return HL_EIO;
    }
    link->open_writes++;
    return HL_OK;
}

/* Write one chunk of the channel; *ret_is_dry when there is none. */
static int write_next(struct link_uv *link, bool *ret_is_dry)
{
    struct blob *chunk = NULL;

    TRY(channel_output(link->channel, now_ms(link), &chunk));
    *ret_is_dry = chunk == NULL;
    return chunk ? write_chunk(link, chunk) : HL_OK;
}

/* Frames to the kernel, as far as it takes them. */
static void pump(struct link_uv *link)
{
    bool is_dry = !link->is_connected || link->is_closing;

    while (!is_dry && uv_stream_get_write_queue_size((uv_stream_t *)&link->tcp) < WRITE_HIGH) {
        int err = write_next(link, &is_dry);
        if (err != HL_OK) {
            finish(link, err == HL_ENOMEM ? LINK_UV_MEMORY : LINK_UV_LOST);
            return;
        }
    }
    if (link->is_ending)
        shut_when_written(link);
}

/* --- heartbeat -------------------------------------------------------------------------------------- */

static void on_beat(uv_timer_t *timer);

/* Sleep until the next Ping, the off line limit or the session's end. */
static void schedule_beat(struct link_uv *link)
{
    int64_t ping_ms = link->last_ping_ms + (int64_t)link->times.ping_ms;
    int64_t offline_ms = channel_last_frame_ms(link->channel) + (int64_t)link->times.offline_ms;
    int64_t next_ms = ping_ms < offline_ms ? ping_ms : offline_ms;
    int64_t wait_ms = next_ms - now_ms(link);

    (void)uv_timer_start(&link->timer, on_beat, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

static int send_ping(struct link_uv *link)
{
    AUTO(blob) ping = NULL;

    link->last_ping_ms = now_ms(link);
    TRY(ping_pack(++link->ping_token, &ping));
    return channel_send(link->channel, RECORD_PING, bytes_blob(ping));
}

static int answer_ping(struct link_uv *link, struct bytes ping)
{
    int64_t relay_ms = link->setup.clock ? clock_utc_ms(link->setup.clock) : 0;
    AUTO(blob) pong = NULL;

    TRY(pong_answer(ping, relay_ms, &pong));
    return channel_send(link->channel, RECORD_PONG, bytes_blob(pong));
}

static void on_ping(struct link_uv *link, struct bytes ping)
{
    if (answer_ping(link, ping) != HL_EFORMAT)
        return; /* sent, or one of many that is left out */
    channel_bye(link->channel, HOTLINE__V1__BYE_REASON__BYE_PROTOCOL, NULL);
    end_orderly(link, LINK_UV_PROTOCOL);
}

static void on_beat(uv_timer_t *timer)
{
    struct link_uv *link = timer->data;
    int64_t now = now_ms(link);

    if (now - channel_last_frame_ms(link->channel) >= (int64_t)link->times.offline_ms) {
        finish(link, LINK_UV_OFF_LINE);
        return;
    }
    if (now - link->open_ms >= (int64_t)link->times.session_ms) {
        link_uv_bye(link, HOTLINE__V1__BYE_REASON__BYE_REKEY_DUE, NULL);
        return;
    }
    if (now - link->last_ping_ms >= (int64_t)link->times.ping_ms)
        (void)send_ping(link); /* not welcomed yet, or enough are waiting */
    schedule_beat(link);
    pump(link);
}

/* --- reading ---------------------------------------------------------------------------------------- */

static void on_late(uv_timer_t *timer)
{
    finish(timer->data, LINK_UV_HANDSHAKE);
}

static void begin_beats(struct link_uv *link)
{
    link->open_ms = now_ms(link);
    link->last_ping_ms = link->open_ms;
    schedule_beat(link);
}

static void on_channel_closed(struct link_uv *link, const struct channel_event *event)
{
    static const enum link_uv_end ends[] = {
        [CHANNEL_END_HANDSHAKE] = LINK_UV_HANDSHAKE, [CHANNEL_END_TAG] = LINK_UV_PROTOCOL,
        [CHANNEL_END_PROTOCOL] = LINK_UV_PROTOCOL,   [CHANNEL_END_PEER_BYE] = LINK_UV_BYE,
        [CHANNEL_END_NO_REKEY] = LINK_UV_PROTOCOL,   [CHANNEL_END_MEMORY] = LINK_UV_MEMORY,
    };

    link->bye_reason = event->bye_reason;
    if (event->end == CHANNEL_END_PROTOCOL)
        end_orderly(link, ends[event->end]);
    else
        finish(link, ends[event->end]);
}

static void on_event(struct link_uv *link, const struct channel_event *event)
{
    const struct link_uv_calls *calls = link->setup.calls;

    switch (event->kind) {
    case CHANNEL_HELLO:
        begin_beats(link);
        calls->on_hello(link->setup.context, link, event->peer_static, event->body);
        return;
    case CHANNEL_READY:
        begin_beats(link);
        if (calls->on_ready)
            calls->on_ready(link->setup.context, link);
        return;
    case CHANNEL_RECORD:
        if (event->type == RECORD_PING)
            on_ping(link, event->body);
        else
            calls->on_record(link->setup.context, link, event->type, event->body);
        return;
    case CHANNEL_CLOSED: on_channel_closed(link, event); return;
    case CHANNEL_NOTHING: return;
    }
}

/* All events of these octets, then what there is to write. */
static void feed(struct link_uv *link, struct bytes wire)
{
    struct channel_event event = {.kind = CHANNEL_RECORD};
    bool was_blank = channel_stage(link->channel) == CHANNEL_BLANK;

    link->is_reading = true;
    while (event.kind != CHANNEL_NOTHING && !link->is_closing) {
        channel_input(link->channel, &wire, now_ms(link), &event);
        on_event(link, &event);
    }
    link->is_reading = false;
    if (was_blank && channel_stage(link->channel) == CHANNEL_HALF_OPEN && !link->is_closing)
        (void)uv_timer_start(&link->timer, on_late, link->times.handshake_ms, 0);
    pump(link);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    char *memory = malloc(READ_SIZE);

    (void)handle;
    (void)suggested;
    *ret_buffer = uv_buf_init(memory, memory ? READ_SIZE : 0); /* 0: libuv reports UV_ENOBUFS */
}

static void on_end_of_stream(struct link_uv *link)
{
    bool was_open = channel_stage(link->channel) == CHANNEL_OPEN;

    finish(link, was_open ? LINK_UV_LOST : LINK_UV_HANDSHAKE);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct link_uv *link = stream->data;

    if (count > 0)
        feed(link, BYTES(buffer->base, (size_t)count));
    else if (count == UV_ENOBUFS) /* on_alloc() had no memory: not the peer's end */
        finish(link, LINK_UV_MEMORY);
    else if (count < 0)
        on_end_of_stream(link);
    free(buffer->base);
}

/* --- start ------------------------------------------------------------------------------------------ */

static int start_reading(struct link_uv *link)
{
    link->is_connected = true;
    (void)uv_tcp_nodelay(&link->tcp, 1); /* only slower without */
    return uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read) < 0 ? HL_EIO : HL_OK;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct link_uv *link = request->handle->data;

    if (link->is_closing)
        return;
    if (status < 0 || start_reading(link) != HL_OK) {
        finish(link, LINK_UV_REFUSED);
        return;
    }
    pump(link);
}

/* A link with its two handles; takes the channel. */
static int link_new(const struct link_uv_setup *setup, struct channel *channel,
                    struct link_uv **ret_link)
{
    struct link_uv *link = calloc(1, sizeof(*link));

    if (!link)
        return HL_ENOMEM;
    if (uv_tcp_init(setup->loop, &link->tcp) < 0) {
        free(link);
        return HL_EIO;
    }
    (void)uv_timer_init(setup->loop, &link->timer); /* always 0 */
    link->tcp.data = link;
    link->timer.data = link;
    link->open_handles = 2;
    link->channel = channel;
    link->setup = *setup;
    link->times = setup->times ? *setup->times : link_uv_times_default;
    *ret_link = link;
    return HL_OK;
}

/* The starting call fails: no callback. */
static int give_up(struct link_uv *link)
{
    link->setup.calls = NULL;
    finish(link, LINK_UV_REFUSED);
    return HL_EIO;
}

int link_uv_connect(const struct link_uv_setup *setup, const struct sockaddr *address,
                    const struct channel_client_params *params, struct link_uv **ret_link)
{
    AUTO(channel) channel = NULL;
    struct link_uv *link = NULL;

    TRY(channel_new_client(params, &channel));
    TRY(link_new(setup, channel, &link));
    channel = NULL; /* the link's */
    if (uv_tcp_connect(&link->connect, &link->tcp, address, on_connected) < 0)
        return give_up(link);
    (void)uv_timer_start(&link->timer, on_late, link->times.handshake_ms, 0);
    *ret_link = link;
    return HL_OK;
}

int link_uv_accept(const struct link_uv_setup *setup, uv_stream_t *listener,
                   const struct channel_server_params *params, struct link_uv **ret_link)
{
    AUTO(channel) channel = NULL;
    struct link_uv *link = NULL;

    TRY(channel_new_server(params, &channel));
    TRY(link_new(setup, channel, &link));
    channel = NULL; /* the link's */
    if (uv_accept(listener, (uv_stream_t *)&link->tcp) < 0 || start_reading(link) != HL_OK)
        return give_up(link);
    (void)uv_timer_start(&link->timer, on_late, link->times.first_ms, 0);
    *ret_link = link;
    return HL_OK;
}

/* --- use -------------------------------------------------------------------------------------------- */

int link_uv_send(struct link_uv *link, unsigned type, struct bytes body)
{
    if (link->is_closing)
        return HL_ESTATE;
    TRY(channel_send(link->channel, type, body));
    if (!link->is_reading)
        pump(link);
    return HL_OK;
}

void link_uv_bye(struct link_uv *link, unsigned reason, const char *detail)
{
    if (link->is_closing)
        return;
    channel_bye(link->channel, reason, detail);
    end_orderly(link, LINK_UV_CLOSED);
}

void link_uv_close(struct link_uv *link)
{
    finish(link, LINK_UV_CLOSED);
}

void link_uv_pause(struct link_uv *link, bool is_paused)
{
    if (link->is_closing || !link->is_connected || link->is_paused == is_paused)
        return;
    link->is_paused = is_paused;
    if (is_paused)
        (void)uv_read_stop((uv_stream_t *)&link->tcp);
    else
        (void)uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
}

enum channel_stage link_uv_stage(const struct link_uv *link)
{
    return channel_stage(link->channel);
}

size_t link_uv_queued(const struct link_uv *link)
{
    return channel_queued(link->channel);
}

int link_uv_peer(const struct link_uv *link, struct sockaddr_storage *ret_address)
{
    struct sockaddr_storage address = {0};
    int len = sizeof(address);

    if (uv_tcp_getpeername(&link->tcp, (struct sockaddr *)&address, &len) < 0)
        return HL_ENOTFOUND;
    *ret_address = address;
    return HL_OK;
}
