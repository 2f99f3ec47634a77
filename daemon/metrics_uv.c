/* metrics_uv — a small answering service for one line of input. */
#include "daemon/metrics_uv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/listen_uv.h"

#define CLIENT_MS 3000

union any_stream {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};
struct client {
    struct metrics_uv *metrics;
    union any_stream stream; /* data points here */
    uv_timer_t timer;        /* data points here */
    uv_write_t write;        /* data points here */
    char line[METRICS_UV_LINE_MAX + 1];
    size_t len;
    struct buf answer;
    unsigned open_handles;
    bool is_closing;
    struct client *next, *prev;
};
struct metrics_uv {
    uv_loop_t *loop;
    const struct metrics_uv_calls *calls;
    void *context;
    union any_stream listener; /* data points here */
    bool is_pipe, is_local, is_closing, is_listener_closed;
    struct client *clients;
    size_t client_count;
    union any_stream spare; /* for callers that there is no memory for; data points here */
    bool is_spare_busy, has_caller;
};

static void free_if_done(struct metrics_uv *metrics)
{
    if (!metrics->is_closing || !metrics->is_listener_closed || metrics->clients ||
        metrics->is_spare_busy)
        return;

    const struct metrics_uv_calls *calls = metrics->calls;
    void *context = metrics->context;

    free(metrics);
    if (calls)
        calls->on_closed(context);
}

/* --- one client --------------------------------------------------------------------------------------------------- */

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    struct metrics_uv *metrics = client->metrics;

    if (--client->open_handles > 0)
        return;
    if (client->prev)
        client->prev->next = client->next;
    else
        metrics->clients = client->next;
    if (client->next)
        client->next->prev = client->prev;
    metrics->client_count--;
    buf_done(&client->answer);
    free(client);
    free_if_done(metrics);
}

static void close_client(struct client *client)
{
    if (client->is_closing)
        return;
    client->is_closing = true;
    uv_close(&client->stream.handle, on_client_closed);
    uv_close((uv_handle_t *)&client->timer, on_client_closed);
}

static void on_late(uv_timer_t *timer)
{
    close_client(timer->data);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    close_client(write->data);
}

static void answer(struct client *client)
{
    struct metrics_uv *metrics = client->metrics;
    uv_buf_t out;

    (void)uv_read_stop(&client->stream.stream);
    metrics->calls->on_line(metrics->context, client->line, &client->answer);
    out = uv_buf_init((char *)client->answer.data, (unsigned)client->answer.len);
    client->write.data = client;
    if (client->answer.err != HL_OK ||
        uv_write(&client->write, &client->stream.stream, &out, 1, on_written) != 0)
        close_client(client);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct client *client = handle->data;

    (void)suggested;
    *ret_buffer =
        uv_buf_init(client->line + client->len, (unsigned)(METRICS_UV_LINE_MAX - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct client *client = stream->data;
    char *end;

    (void)buffer;
    if (got < 0) {
        close_client(client);
        return;
    }
    client->len += (size_t)got;
    client->line[client->len] = '\0';
    end = strpbrk(client->line, "\r\n");
    if (end) {
        *end = '\0';
        answer(client);
    } else if (client->len == METRICS_UV_LINE_MAX) {
        close_client(client);
    }
}

/* A peer of another user has nothing to say here. */
static bool is_allowed(const struct metrics_uv *metrics, const struct client *client)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    uv_os_fd_t fd;

    if (!metrics->is_local)
        return true;
    if (uv_fileno(&client->stream.handle, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

static int init_stream(struct metrics_uv *metrics, union any_stream *stream)
{
    return metrics->is_pipe ? uv_pipe_init(metrics->loop, &stream->pipe, 0)
                            : uv_tcp_init(metrics->loop, &stream->tcp);
}

static void on_connection(uv_stream_t *listener, int status);

static void on_spare_closed(uv_handle_t *handle)
{
    struct metrics_uv *metrics = handle->data;
    bool has_caller = metrics->has_caller && !metrics->is_closing;

    metrics->is_spare_busy = metrics->has_caller = false;
    if (has_caller)
        on_connection(&metrics->listener.stream, 0);
    free_if_done(metrics);
}

/* A connection that is not taken makes the listener deaf for ever: take it and close it, without memory. */
static void turn_away(struct metrics_uv *metrics)
{
    if (metrics->is_spare_busy) {
        metrics->has_caller = true;
        return;
    }
    (void)init_stream(metrics, &metrics->spare); /* makes no socket: always 0 */
    metrics->spare.handle.data = metrics;
    metrics->is_spare_busy = true;
    (void)uv_accept(&metrics->listener.stream, &metrics->spare.stream);
    uv_close(&metrics->spare.handle, on_spare_closed);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct metrics_uv *metrics = listener->data;
    struct client *client = status == 0 ? calloc(1, sizeof(*client)) : NULL;

    if (!client) {
        if (status == 0)
            turn_away(metrics);
        return;
    }
    (void)init_stream(metrics, &client->stream); /* as above */
    client->metrics = metrics;
    client->stream.handle.data = client;
    client->timer.data = client;
    client->open_handles = 2;
    buf_init(&client->answer, METRICS_UV_ANSWER_MAX);
    (void)uv_timer_init(metrics->loop, &client->timer); /* cannot fail */
    client->next = metrics->clients;
    if (client->next)
        client->next->prev = client;
    metrics->clients = client;
    metrics->client_count++;
    if (uv_accept(listener, &client->stream.stream) != 0 || !is_allowed(metrics, client) ||
        metrics->client_count > METRICS_UV_CLIENTS_MAX ||
        uv_read_start(&client->stream.stream, on_alloc, on_read) != 0) {
        close_client(client);
        return;
    }
    (void)uv_timer_start(&client->timer, on_late, CLIENT_MS, 0);
}

/* --- the service ----------------------------------------------------------------------------------------------------- */

static void on_listener_closed(uv_handle_t *handle)
{
    struct metrics_uv *metrics = handle->data;

    metrics->is_listener_closed = true;
    free_if_done(metrics);
}

static int bind_pipe(struct metrics_uv *metrics, const char *path)
{
    struct stat info;
    mode_t mask;
    int code;

    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return UV_ENAMETOOLONG; /* libuv would cut it, and listen elsewhere */
    if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode))
        (void)unlink(path); /* of an earlier run */
    mask = umask(0177);
    code = uv_pipe_bind(&metrics->listener.pipe, path);
    (void)umask(mask);
    return code;
}

/* A code of libuv's: why not. */
static int bind_listener(struct metrics_uv *metrics, const char *address)
{
    struct sockaddr_storage where;

    if (metrics->is_pipe)
        return bind_pipe(metrics, address + 5);
    if (address_parse(address, &where) != HL_OK)
        return UV_EINVAL;
    return uv_tcp_bind(&metrics->listener.tcp, (const struct sockaddr *)&where, 0);
}

int metrics_uv_start(uv_loop_t *loop, const char *address, bool is_local,
                     const struct metrics_uv_calls *calls, void *context,
                     struct metrics_uv **ret_metrics)
{
    struct metrics_uv *metrics = calloc(1, sizeof(*metrics));
    int code;

    if (!metrics)
        return HL_ENOMEM;
    metrics->loop = loop;
    metrics->context = context;
    metrics->is_local = is_local;
    metrics->is_pipe = strncmp(address, "unix:", 5) == 0;
    if (init_stream(metrics, &metrics->listener) != 0) {
        free(metrics);
        return HL_EIO;
    }
    metrics->listener.handle.data = metrics;
    code = bind_listener(metrics, address);
    if (code == 0)
        code = uv_listen(&metrics->listener.stream, 16, on_connection);
    if (code != 0) { /* freed by the loop, without a call */
        log_line(LOG_LEVEL_ERROR, is_local ? "control" : "metrics", "%s: cannot listen there: %s",
                 address, uv_strerror(code));
        metrics_uv_close(metrics);
        return HL_EIO;
    }
    metrics->calls = calls;
    *ret_metrics = metrics;
    return HL_OK;
}

void metrics_uv_close(struct metrics_uv *metrics)
{
    if (metrics->is_closing)
        return;
    metrics->is_closing = true;
    for (struct client *client = metrics->clients; client; client = client->next)
        close_client(client);
    uv_close(&metrics->listener.handle, on_listener_closed);
}

void http_add(struct buf *to, unsigned status, const char *type, struct bytes body)
{
    const char *word = status == 200 ? "OK" : status == 503 ? "Service Unavailable" : "Not Found";

    buf_add_format(to,
                   "HTTP/1.0 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                   "Connection: close\r\n\r\n",
                   status, word, type, body.len);
    buf_add(to, body);
}

const char *http_path(char *line)
{
    char *end;

    if (strncmp(line, "GET /", 5) != 0)
        return NULL;
    end = strchr(line + 4, ' ');
    if (end)
        *end = '\0';
    return line + 4;
}
