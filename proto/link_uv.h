/* link_uv — a channel on a TCP connection: reads, writes, deadlines, heartbeat, orderly end. docs/PROTOCOL.md, "Frames".
 *
 *   connect ─┐
 *   accept ──┴─> handshake ──HELLO / READY──> open ──Bye to send──> ending ──┐
 *                    └── deadline, fault ──────┴── fault, silence ───────────┴──> closing ──> on_closed, freed
 *
 * Callbacks never come from inside link_uv_connect() and link_uv_accept(); on_closed comes exactly once, last. */
#ifndef HOTLINE_PROTO_LINK_UV_H
#define HOTLINE_PROTO_LINK_UV_H

#include <uv.h>

#include "base/clock.h"
#include "proto/channel.h"

struct link_uv;

enum link_uv_end {
    LINK_UV_CLOSED,    /* by us: link_uv_close() or link_uv_bye() */
    LINK_UV_BYE,       /* the peer's Bye; bye_reason */
    LINK_UV_REFUSED,   /* no connection */
    LINK_UV_HANDSHAKE, /* it failed, or did not end in time */
    LINK_UV_LOST, /* end of stream or a broken connection without Bye: what was sent may not have arrived */
    LINK_UV_OFF_LINE, /* no frame for offline_ms */
    LINK_UV_PROTOCOL, /* the peer broke the rules */
    LINK_UV_MEMORY    /* ours */
};
/* One lower-case English phrase; never NULL. */
const char *link_uv_end_text(enum link_uv_end end);

struct link_uv_calls {
    /* Server: the peer proved `peer_static`; answer with Welcome or link_uv_bye(), now or later. */
    void (*on_hello)(void *context, struct link_uv *link, const uint8_t peer_static[static 32],
                     struct bytes hello);
    /* Client: the handshake is done; Welcome comes as a record. May be NULL. */
    void (*on_ready)(void *context, struct link_uv *link);
    /* A whole message, but for Ping, which the link answers itself. `body` is valid during the call. */
    void (*on_record)(void *context, struct link_uv *link, unsigned type, struct bytes body);
    /* All that was queued has gone to the kernel. May be NULL. */
    void (*on_drained)(void *context, struct link_uv *link);
    /* The link is freed after the call. */
    void (*on_closed)(void *context, struct link_uv *link, enum link_uv_end end,
                      unsigned bye_reason);
};
struct link_uv_times {
    uint64_t first_ms;     /* server: until message 1 is verified */
    uint64_t handshake_ms; /* client: from connect on; server: from message 1 on */
    uint64_t ping_ms, offline_ms;
    uint64_t session_ms; /* then Bye(REKEY_DUE) */
    uint64_t linger_ms;  /* for the last writes and the peer's end */
};
extern const struct link_uv_times link_uv_times_default;

/* Borrowed until on_closed, but for the struct itself. */
struct link_uv_setup {
    uv_loop_t *loop;
    const struct link_uv_calls *calls;
    void *context;
    const struct link_uv_times *times; /* NULL: the default */
    const struct clock *clock;         /* for Pong.relay_ms; NULL on clients */
};

/* The link frees itself. Errors: HL_ENOMEM, HL_EVERIFY, HL_ETOOBIG (params), HL_EIO (no socket). */
HL_MUST_CHECK int link_uv_connect(const struct link_uv_setup *setup, const struct sockaddr *address,
                                  const struct channel_client_params *params,
                                  struct link_uv **ret_link);
/* In a connection callback. Errors: HL_EIO (the connection is gone), HL_ENOMEM (it still waits in the listener, which
 * libuv keeps still until uv_accept(): call again later). */
HL_MUST_CHECK int link_uv_accept(const struct link_uv_setup *setup, uv_stream_t *listener,
                                 const struct channel_server_params *params,
                                 struct link_uv **ret_link);

/* As channel_send(). */
HL_MUST_CHECK int link_uv_send(struct link_uv *link, unsigned type, struct bytes body);
/* As channel_bye(), then close when it is written. */
void link_uv_bye(struct link_uv *link, unsigned reason, const char *detail);
/* Close at once, without Bye. Idempotent. */
void link_uv_close(struct link_uv *link);

/* Stop and restart reading: the peer feels TCP's back pressure. Heartbeats are not read meanwhile. */
void link_uv_pause(struct link_uv *link, bool is_paused);
enum channel_stage link_uv_stage(const struct link_uv *link);
size_t link_uv_queued(const struct link_uv *link); /* octets waiting here, not in the kernel */
/* The peer's address; Error: HL_ENOTFOUND. */
HL_MUST_CHECK int link_uv_peer(const struct link_uv *link, struct sockaddr_storage *ret_address);

#endif
