/* server_uv — hotlined while it runs.
 *
 *   RUNNING ──TERM, INT, drain──> DRAINING ──all answered, or late──> CLOSING ──> the loop is empty
 *      └────────── the relay broke ───────────────────────────────────┘ */
#include "daemon/server_uv.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include <uv.h>

#include "daemon/listen_uv.h"
#include "daemon/metrics.h"
#include "daemon/metrics_uv.h"
#include "daemon/server_store.h"
#include "daemon/shortage.h"
#include "daemon/store_uv.h"
#include "proto/loop_uv.h"

#define TICK_MS     250
#define DISK_TICKS  8
#define DRAIN_MS    10000 /* then sessions are closed whatever they wait for: TERM ends within 20 s */
#define SIGNALS_MAX 3

enum stage { RUNNING, DRAINING, CLOSING };

struct server {
    uv_loop_t loop;
    struct config config;
    struct server_parts parts;
    int (*reload)(const void *context, struct config *ret_config);
    const void *context;

    uint8_t ns[NS_BYTES], relay_id[ID_BYTES];
    struct sign_key *sign_key, *log_key;
    struct channel_key channel_key;
    struct store *store;
    struct relay *relay;
    struct store_uv *writer;
    struct listen_uv *listen;
    struct metrics_uv *metrics, *control;

    uv_timer_t tick;
    uv_check_t check;
    uv_signal_t signals[SIGNALS_MAX];
    size_t signal_count;
    enum stage stage;
    bool is_due; /* the relay may have things to do */
    int64_t started_ms, drain_since_ms;
    uint64_t ticks, disk_free;
    struct shortages shortages;
    int result;
};

static int64_t mono_ms(void)
{
    return clock_mono_ms(clock_system());
}

static void close_all(struct server *server);

/* --- things to do ------------------------------------------------------------------------------------------------------ */

static void act(struct server *server, struct relay_action *action)
{
    switch (action->kind) {
    case RELAY_SEND:
    case RELAY_CLOSE: listen_uv_act(server->listen, action); break;
    case RELAY_COMMIT: store_uv_commit(server->writer, action->batch); break;
    case RELAY_READ: store_uv_read(server->writer, action->index); break;
    }
}

static void pump(struct server *server)
{
    struct relay_action action;
    struct relay_status status;

    server->is_due = false;
    while (server->stage != CLOSING && relay_take_action(server->relay, &action))
        act(server, &action);
    relay_status_get(server->relay, &status);
    if (!status.is_broken || server->stage == CLOSING)
        return;
    log_line(LOG_LEVEL_ERROR, "store",
             "a commit or a read failed; the relay ends, a restart reads "
             "the store anew; senders repeat what has no receipt");
    server->result = HL_EIO;
    close_all(server);
}

static void on_input(void *context)
{
    ((struct server *)context)->is_due = true;
}

/* Once a turn of the loop, after all that came in: one batch takes them all. */
static void on_check(uv_check_t *check)
{
    struct server *server = check->data;

    if (server->is_due)
        pump(server);
}

static void on_commit(void *context, const struct store_batch *batch, int err)
{
    struct server *server = context;

    if (err != HL_OK)
        log_line(LOG_LEVEL_ERROR, "store", "commit: %s", err_text(err));
    relay_commit_done(server->relay, batch, err);
    server->is_due = true;
}

static void on_read(void *context, uint64_t index, int err, struct store_body *body)
{
    struct server *server = context;

    if (err != HL_OK)
        log_line(LOG_LEVEL_ERROR, "store", "read: %s", err_text(err));
    relay_read_done(server->relay, index, err, body);
    server->is_due = true;
}

static void on_writer_closed(void *context)
{
    ((struct server *)context)->writer = NULL;
}

static const struct store_uv_calls writer_calls = {
    .on_commit = on_commit, .on_read = on_read, .on_closed = on_writer_closed};

/* --- figures ----------------------------------------------------------------------------------------------------------- */

static void measure(struct server *server, struct metrics *ret_metrics)
{
    struct listen_uv_counts counts;
    const struct trust *trust = server->parts.trust;

    *ret_metrics =
        (struct metrics){.name = server->config.name,
                         .uptime_s = (mono_ms() - server->started_ms) / 1000,
                         .stale_hours = trust_stale_hours(trust, clock_utc_ms(clock_system())),
                         .disk_free = server->disk_free,
                         .directory_version = trust->directory_version,
                         .is_sandbox = trust->is_sandbox};
    relay_status_get(server->relay, &ret_metrics->relay);
    listen_uv_count(server->listen, &counts);
    ret_metrics->accepted = counts.accepted;
    ret_metrics->turned_away = counts.turned_away;
    ret_metrics->thrown_out = counts.thrown_out;
    ret_metrics->failed_handshakes = counts.failed;
    ret_metrics->guests = counts.guests;
}

static void on_metrics_line(void *context, const char *line, struct buf *answer)
{
    struct server *server = context;
    char copy[METRICS_UV_LINE_MAX + 1];
    struct metrics metrics;
    const char *path;
    bool is_ready;
    AUTO_BUF text;

    (void)snprintf(copy, sizeof(copy), "%s", line);
    path = http_path(copy);
    buf_init(&text, METRICS_UV_ANSWER_MAX / 2);
    measure(server, &metrics);
    is_ready = metrics_is_ready(&metrics);
    if (path && strcmp(path, "/healthz") == 0) {
        http_add(answer, 200, "text/plain", bytes_text("ok\n"));
    } else if (path && strcmp(path, "/readyz") == 0) {
        http_add(answer, is_ready ? 200 : 503, "text/plain",
                 bytes_text(is_ready ? "ready\n" : "not ready\n"));
    } else if (path && strcmp(path, "/metrics") == 0) {
        metrics_add_prometheus(&metrics, &text);
        http_add(answer, 200, "text/plain; version=0.0.4", buf_bytes(&text));
    } else {
        http_add(answer, 404, "text/plain", bytes_text("not found\n"));
    }
}

static void on_metrics_closed(void *context)
{
    ((struct server *)context)->metrics = NULL;
}

static void on_control_closed(void *context)
{
    ((struct server *)context)->control = NULL;
}

/* --- the end ------------------------------------------------------------------------------------------------------------- */

static void on_listen_closed(void *context)
{
    ((struct server *)context)->listen = NULL;
}

static void close_all(struct server *server)
{
    if (server->stage == CLOSING)
        return;
    server->stage = CLOSING;
    uv_close((uv_handle_t *)&server->tick, NULL);
    uv_close((uv_handle_t *)&server->check, NULL);
    for (size_t i = 0; i < server->signal_count; i++)
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    if (server->metrics)
        metrics_uv_close(server->metrics);
    if (server->control)
        metrics_uv_close(server->control);
    if (server->listen)
        listen_uv_close(server->listen);
    if (server->writer)
        store_uv_close(server->writer);
}

static void begin_draining(struct server *server, const char *why)
{
    if (server->stage != RUNNING)
        return;
    server->stage = DRAINING;
    server->drain_since_ms = mono_ms();
    server->is_due = true;
    log_line(LOG_LEVEL_INFO, "relay", "%s: no new connections, finishing what was begun", why);
    listen_uv_stop(server->listen);
    relay_drain(server->relay);
}

static void on_control_line(void *context, const char *line, struct buf *answer)
{
    struct server *server = context;
    struct metrics metrics;

    if (strcmp(line, "status") == 0) {
        measure(server, &metrics);
        metrics_add_json(&metrics, answer);
    } else if (strcmp(line, "drain") == 0) {
        begin_draining(server, "drain");
        buf_add_text(answer, "{\"v\":1,\"type\":\"draining\"}\n");
    } else {
        buf_add_text(answer, "{\"v\":1,\"type\":\"error\",\"code\":\"usage\",\"exit\":64,"
                             "\"message\":\"unknown command\",\"hint\":\"status, drain\"}\n");
    }
}

static const struct metrics_uv_calls metrics_calls = {.on_line = on_metrics_line,
                                                      .on_closed = on_metrics_closed};
static const struct metrics_uv_calls control_calls = {.on_line = on_control_line,
                                                      .on_closed = on_control_closed};

/* --- time and signals ------------------------------------------------------------------------------------------------------ */

static void measure_disk(struct server *server)
{
    struct statvfs info;

    server->disk_free = UINT64_MAX;
    if (statvfs(server->config.state_dir, &info) == 0)
        server->disk_free = (uint64_t)info.f_bavail * info.f_frsize;
    relay_set_disk(server->relay, server->disk_free);
}

static void tell_shortages(struct server *server)
{
    char line[SHORTAGE_LINE_SIZE];
    struct relay_status status;

    relay_status_get(server->relay, &status);
    while (shortages_step(&server->shortages, &status, &server->config.limits, server->disk_free,
                          mono_ms(), line))
        log_line(LOG_LEVEL_WARN, "relay", "%s", line);
}

static void on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    struct relay_status status;

    if (server->ticks++ % DISK_TICKS == 0)
        measure_disk(server);
    relay_tick(server->relay);
    tell_shortages(server);
    pump(server);
    if (server->stage != DRAINING)
        return;
    relay_status_get(server->relay, &status);
    if ((status.is_idle && status.sessions == 0) || mono_ms() - server->drain_since_ms > DRAIN_MS)
        close_all(server);
}

static bool has_same_keys(const struct server *server, const struct server_parts *parts)
{
    return bytes_equal(BYTES_OF(server->relay_id), BYTES_OF(parts->info->id)) &&
           bytes_equal(BYTES_OF(server->channel_key.pk), BYTES_OF(parts->info->noise_static)) &&
           bytes_equal(BYTES_OF(server->log_key->pk), BYTES_OF(parts->info->log_pk));
}

static void adopt(struct server *server, const struct config *config, struct server_parts *parts)
{
    struct trust *old = server->parts.trust;

    relay_set_limits(server->relay, &config->limits);
    log_set_level(config->log_level);
    log_set_json(config->log_format == FORMAT_JSON);
    server->config.limits = config->limits;
    server->parts.trust = MOVE(parts->trust);
    server->parts.info = parts->info;
    trust_free(old);
    log_line(LOG_LEVEL_INFO, "relay", "configuration and directory v%llu in force",
             (unsigned long long)server->parts.trust->directory_version);
}

/* All new or all old. */
static void reload(struct server *server)
{
    char message[SERVER_MESSAGE_SIZE] = "the configuration is wrong, see above";
    struct server_parts parts = {.trust = NULL};
    struct config config;
    int err = server->reload(server->context, &config);

    if (err == HL_OK)
        err = server_parts_load(&config, &parts, message);
    if (err == HL_OK && !has_same_keys(server, &parts)) {
        (void)snprintf(message, sizeof(message), "keys have changed: that needs a restart");
        err = HL_ECONFIG;
    }
    if (err == HL_OK)
        err = server_parts_keep_rosters(server->parts.trust, &parts, message);
    if (err == HL_OK)
        err = relay_set_trust(server->relay, parts.trust);
    if (err == HL_OK)
        adopt(server, &config, &parts);
    else
        log_line(LOG_LEVEL_ERROR, "relay", "ALARM: reload refused, the old stays: %s", message);
    server_parts_done(&parts);
    server->is_due = true;
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;

    if (number == SIGHUP)
        reload(server);
    else
        begin_draining(server, number == SIGTERM ? "TERM" : "INT");
}

/* --- the beginning --------------------------------------------------------------------------------------------------------- */

static int make_keys(struct server *server)
{
    const struct key_secrets *secrets = server->parts.secrets;

    memcpy(server->ns, server->parts.trust->ns, NS_BYTES);
    memcpy(server->relay_id, server->parts.info->id, ID_BYTES);
    TRY(sign_key_new(suite_real(), secrets->seed, &server->sign_key));
    TRY(sign_key_new(suite_real(), secrets->log_seed, &server->log_key));
    channel_key_init(secrets->noise_sk, &server->channel_key);
    return HL_OK;
}

static int load_store(struct server *server, const struct relay_params *params)
{
    struct relay_params with_store = *params;
    int err = server_store_open(server->config.store, &server->store);

    if (err != HL_OK)
        return server_store_tell(server->config.store, err);
    with_store.store = server->store;
    err = relay_new(&with_store, &server->relay);
    return err == HL_OK ? HL_OK : server_store_tell(server->config.store, err);
}

static int make_core(struct server *server)
{
    struct relay_params params = {.suite = suite_real(),
                                  .clock = clock_system(),
                                  .rng = rng_system(),
                                  .trust = server->parts.trust,
                                  .relay_id = server->relay_id,
                                  .limits = &server->config.limits};

    TRY(make_keys(server));
    params.log_key = server->log_key;
    params.sign_key = server->sign_key;
    TRY(load_store(server, &params));
    measure_disk(server);
    return store_uv_start(&server->loop, server->store, &writer_calls, server, &server->writer);
}

static int open_doors(struct server *server)
{
    struct listen_uv_setup setup = {.loop = &server->loop,
                                    .relay = server->relay,
                                    .clock = clock_system(),
                                    .rng = rng_system(),
                                    .ns = server->ns,
                                    .relay_id = server->relay_id,
                                    .key = &server->channel_key,
                                    .handshake_ms = server->config.handshake_ms,
                                    .half_open_max = server->config.half_open,
                                    .on_input = on_input,
                                    .on_closed = on_listen_closed,
                                    .context = server};
    char control[CONFIG_PATH_SIZE + 32];

    TRY(listen_uv_new(&setup, &server->listen));
    for (size_t i = 0; i < server->config.listen_count; i++)
        TRY(listen_uv_add(server->listen, server->config.listens[i]));
    (void)snprintf(control, sizeof(control), "unix:%s/control.sock", server->config.state_dir);
    TRY(metrics_uv_start(&server->loop, control, true, &control_calls, server, &server->control));
    if (!server->config.metrics[0])
        return HL_OK;
    return metrics_uv_start(&server->loop, server->config.metrics, false, &metrics_calls, server,
                            &server->metrics);
}

/* These need only memory that is there already. */
static void start_handles(struct server *server)
{
    static const int numbers[SIGNALS_MAX] = {SIGTERM, SIGINT, SIGHUP};
    int failed =
        uv_timer_init(&server->loop, &server->tick) || uv_check_init(&server->loop, &server->check);

    server->tick.data = server->check.data = server;
    failed = failed || uv_timer_start(&server->tick, on_tick, 0, TICK_MS) ||
             uv_check_start(&server->check, on_check);
    for (size_t i = 0; i < SIGNALS_MAX; i++) {
        failed = failed || uv_signal_init(&server->loop, &server->signals[i]) ||
                 uv_signal_start(&server->signals[i], on_signal, numbers[i]);
        server->signals[i].data = server;
        server->signal_count++;
    }
    assert(!failed);
}

static void server_free(struct server *server)
{
    relay_free(server->relay);
    store_close(server->store);
    sign_key_free(server->sign_key);
    sign_key_free(server->log_key);
    server_parts_done(&server->parts);
    free(server);
}

int server_run(const struct config *config, struct server_parts *parts,
               int (*reload_config)(const void *context, struct config *ret_config),
               const void *context)
{
    struct server *server = calloc(1, sizeof(*server));
    int err;

    err = server ? loop_uv_init(&server->loop, LISTEN_FILES_MAX) : HL_ENOMEM;
    if (err != HL_OK) {
        server_parts_done(parts);
        free(server);
        return err;
    }
    server->config = *config;
    server->parts = *parts;
    *parts = (struct server_parts){.trust = NULL};
    server->reload = reload_config;
    server->context = context;
    server->started_ms = mono_ms();
    start_handles(server);
    err = make_core(server);
    if (err == HL_OK)
        err = open_doors(server);
    if (err == HL_OK)
        log_line(LOG_LEVEL_INFO, "relay", "%s%s is ready on %s",
                 server->parts.trust->is_sandbox ? "SANDBOX " : "", config->name,
                 config->listens[0]);
    server->result = err;
    if (err != HL_OK)
        close_all(server);
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&server->loop);
    err = server->result;
    server_free(server);
    return err;
}
