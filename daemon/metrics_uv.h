/* metrics_uv — a small answering service for one line of input: HTTP (/healthz, /readyz, /metrics) on TCP or a unix socket,
 * or the control socket of `hotlined ctl`. One answer, then the connection closes. */
#ifndef HOTLINE_DAEMON_METRICS_UV_H
#define HOTLINE_DAEMON_METRICS_UV_H

#include <uv.h>

#include "base/buf.h"

#define METRICS_UV_CLIENTS_MAX 32
#define METRICS_UV_LINE_MAX    512
#define METRICS_UV_ANSWER_MAX  65536

struct metrics_uv;
struct metrics_uv_calls {
    /* The first line, without its end. Add the whole answer. */
    void (*on_line)(void *context, const char *line, struct buf *answer);
    void (*on_closed)(
        void *context); /* after metrics_uv_close(); the object is freed after the call */
};
/* address: "host:port" or "unix:PATH"; a socket file is made anew, mode 0600. is_local: peers of other users are refused
 * (SO_PEERCRED; unix only). Errors: HL_EINVAL, HL_EIO, HL_ENOMEM. */
HL_MUST_CHECK int metrics_uv_start(uv_loop_t *loop, const char *address, bool is_local,
                                   const struct metrics_uv_calls *calls, void *context,
                                   struct metrics_uv **ret_metrics);
void metrics_uv_close(struct metrics_uv *metrics);

/* HTTP/1.0 around a body. */
void http_add(struct buf *to, unsigned status, const char *type, struct bytes body);
/* "GET /path HTTP/1.x": the path, or NULL. `line` is cut. */
const char *http_path(char *line);

#endif
