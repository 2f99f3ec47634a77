/* metrics — a relay's figures as text. */
#include "daemon/metrics.h"

#include "base/text.h"

struct figure {
    const char *name, *type, *help;
    uint64_t value;
};
#define FIGURES 19

static void list(const struct metrics *metrics, struct figure ret_figures[static FIGURES])
{
    const struct relay_status *relay = &metrics->relay;
    const struct figure figures[FIGURES] = {
        {"ready", "gauge", "1 when custody may be taken", metrics_is_ready(metrics)},
        {"tree_size", "gauge", "leaves of the custody tree", relay->tree_size},
        {"deposits_taken_total", "counter", "deposits in custody", relay->deposits_taken},
        {"duplicates_total", "counter", "deposits that were known", relay->duplicates},
        {"refused_total", "counter", "submissions refused", relay->refused},
        {"delivered_total", "counter", "entries sent to devices", relay->delivered},
        {"taken_total", "counter", "entries taken by devices", relay->taken},
        {"rejects_total", "counter", "deposits that devices rejected", relay->rejects},
        {"commits_total", "counter", "batches made durable", relay->commits},
        {"sessions", "gauge", "sessions now", relay->sessions},
        {"waiting", "gauge", "deposits not yet durable", relay->waiting},
        {"draining", "gauge", "1 while the relay is leaving", relay->is_draining},
        {"connections_total", "counter", "connections accepted", metrics->accepted},
        {"turned_away_total", "counter", "connections turned away", metrics->turned_away},
        {"thrown_out_total", "counter", "half-open connections thrown out", metrics->thrown_out},
        {"failed_handshakes_total", "counter", "handshakes that failed",
         metrics->failed_handshakes},
        {"uptime_seconds", "gauge", "since the start", (uint64_t)metrics->uptime_s},
        {"documents_stale_hours", "gauge", "since the earliest document expired",
         (uint64_t)metrics->stale_hours},
        {"directory_version", "gauge", "directory in force", metrics->directory_version},
    };

    for (size_t i = 0; i < FIGURES; i++)
        ret_figures[i] = figures[i];
}

bool metrics_is_ready(const struct metrics *metrics)
{
    return !metrics->relay.is_broken && !metrics->relay.is_draining && metrics->relay.has_space;
}

void metrics_add_prometheus(const struct metrics *metrics, struct buf *to)
{
    struct figure figures[FIGURES];

    list(metrics, figures);
    for (size_t i = 0; i < FIGURES; i++)
        buf_add_format(
            to, "# HELP hotline_relay_%s %s\n# TYPE hotline_relay_%s %s\nhotline_relay_%s %llu\n",
            figures[i].name, figures[i].help, figures[i].name, figures[i].type, figures[i].name,
            (unsigned long long)figures[i].value);
    if (metrics->disk_free != UINT64_MAX)
        buf_add_format(to,
                       "# HELP hotline_relay_disk_free_bytes free where the store lies\n"
                       "# TYPE hotline_relay_disk_free_bytes gauge\n"
                       "hotline_relay_disk_free_bytes %llu\n",
                       (unsigned long long)metrics->disk_free);
}

void metrics_add_json(const struct metrics *metrics, struct buf *to)
{
    struct figure figures[FIGURES];

    list(metrics, figures);
    buf_add_text(to, "{\"v\":1,\"type\":\"relay_status\",\"name\":");
    text_add_json(to, bytes_text(metrics->name));
    buf_add_format(to, ",\"sandbox\":%s", metrics->is_sandbox ? "true" : "false");
    for (size_t i = 0; i < FIGURES; i++)
        buf_add_format(to, ",\"%s\":%llu", figures[i].name, (unsigned long long)figures[i].value);
    if (metrics->disk_free != UINT64_MAX)
        buf_add_format(to, ",\"disk_free_bytes\":%llu", (unsigned long long)metrics->disk_free);
    buf_add_text(to, "}\n");
}
