/* metrics — a relay's figures as text: for Prometheus and for `ctl status`. No State, desk or device is named. */
#ifndef HOTLINE_DAEMON_METRICS_H
#define HOTLINE_DAEMON_METRICS_H

#include "base/buf.h"
#include "daemon/relay.h"

struct metrics {
    struct relay_status relay;
    const char *name; /* of the relay */
    uint64_t accepted, turned_away, thrown_out, failed_handshakes;
    uint32_t guests;
    int64_t uptime_s, stale_hours; /* hours since the earliest document expired; 0: none has */
    uint64_t disk_free;            /* UINT64_MAX: unknown */
    uint64_t directory_version;
    bool is_sandbox;
};
/* Custody may be taken: the store writes, the disk has room, the relay is not leaving. */
bool metrics_is_ready(const struct metrics *metrics);
void metrics_add_prometheus(const struct metrics *metrics, struct buf *to);
/* One object, one line. */
void metrics_add_json(const struct metrics *metrics, struct buf *to);

#endif
