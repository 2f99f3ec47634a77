/* listen_uv — the relay's front door: listens, admits connections within bounds, hands sessions to the core.
 *
 *   knock ──door, tables──> guest before Message 1 ──mac1──> half open ──Message 3──> session ──> gone
 *   a full table throws out one of its own, at random, strangers first. docs/PROTOCOL.md, "Callers who are nobody yet" */
#ifndef HOTLINE_DAEMON_LISTEN_UV_H
#define HOTLINE_DAEMON_LISTEN_UV_H

#include <uv.h>

#include "daemon/relay.h"
#include "proto/channel.h"

#define LISTEN_BLANK_MAX    8192 /* connections before Message 1 */
#define LISTEN_SESSIONS_MAX 16384
#define LISTEN_FILES_OWN    ((size_t)64) /* store, logs, documents while they are read, listeners */
#define LISTEN_FILES_MAX    (LISTEN_SESSIONS_MAX + LISTEN_FILES_OWN)

struct listen_uv;
struct listen_uv_setup {
    uv_loop_t *
        loop; /* of loop_uv_init(…, LISTEN_FILES_MAX): a caller must not be able to end the program */
    struct relay *relay;
    const struct clock *clock;
    const struct rng *rng;
    const uint8_t *ns, *relay_id;
    const struct channel_key *key; /* until on_closed */
    int64_t handshake_ms;
    uint32_t half_open_max;
    /* Something came in: take the relay's actions soon (once a turn of the loop). */
    void (*on_input)(void *context);
    void (*on_closed)(void *context);
    void *context;
};
/* What the setup points to is borrowed until on_closed. The object frees itself. Errors: HL_ENOMEM. */
HL_MUST_CHECK int listen_uv_new(const struct listen_uv_setup *setup, struct listen_uv **ret_listen);
/* "host:port", host a number. Errors: HL_EINVAL, HL_EIO (address in use, not permitted). */
HL_MUST_CHECK int listen_uv_add(struct listen_uv *listen, const char *address);
/* Carry out a SEND or CLOSE of the relay. */
void listen_uv_act(struct listen_uv *listen, struct relay_action *action);
void listen_uv_stop(struct listen_uv *listen);  /* accept no more; those inside stay */
void listen_uv_close(struct listen_uv *listen); /* all of it, then on_closed */

struct listen_uv_counts {
    uint64_t accepted, turned_away, thrown_out, failed; /* failed handshakes */
    uint32_t guests;                                    /* not yet sessions, now */
};
void listen_uv_count(const struct listen_uv *listen, struct listen_uv_counts *ret_counts);
/* "1.2.3.4:5" or "[::1]:5" of digits; Error: HL_EINVAL. */
HL_MUST_CHECK int address_parse(const char *text, struct sockaddr_storage *ret_address);

#endif
