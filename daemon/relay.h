/* relay — the pure core of a relay: lanes, the one tree, mailboxes, sessions. Given clock, randomness, trust and a store;
 * it returns things to do. docs/PROTOCOL.md, "What a relay does before custody".
 *
 *   Submit ──checked──> queue ──batch closes──> RELAY_COMMIT ──relay_commit_done(HL_OK)──> receipt, checkpoint, Deliver
 *
 * Nothing that depends on a deposit is sent before its commit is done. At most one batch is in flight.
 *
 * The rim after every call: take actions until there is none. */
#ifndef HOTLINE_DAEMON_RELAY_H
#define HOTLINE_DAEMON_RELAY_H

#include "base/clock.h"
#include "base/rng.h"
#include "daemon/store.h"

struct relay;
struct session;

struct relay_limits {
    uint32_t content_per_hour, control_per_hour; /* a device; control is raised to 4 x desks */
    uint64_t bytes_per_hour;                     /* a device */
    uint64_t disk_min, flash_reserve;            /* octets free */
    uint32_t max_in_flight;                      /* Submits of a session without result, 1..1024 */
    uint64_t shelf_bytes;                        /* envelopes kept in memory */
};
extern const struct relay_limits relay_limits_default;

/* All borrowed until relay_free(); trust until relay_set_trust(). */
struct relay_params {
    const struct suite *suite;
    const struct clock *clock;
    const struct rng *rng;
    const struct trust *trust;
    const uint8_t *relay_id; /* ID_BYTES; the trust has this relay with log_key's public half */
    const struct sign_key *log_key;    /* signs checkpoints */
    const struct sign_key *sign_key;   /* heads, later; may be NULL */
    const struct relay_limits *limits; /* NULL: the default */
    struct store *store;
};
/* Loads all from the store. The caller owns *ret_relay. Errors: HL_ECONFIG (relay not in the trust, or another key),
 * HL_EVERIFY (the rows do not add up), the store's, HL_ENOMEM. */
HL_MUST_CHECK int relay_new(const struct relay_params *params, struct relay **ret_relay);
void relay_free(struct relay *relay);
static inline void relay_drop(struct relay **relay)
{
    relay_free(*relay);
}

/* The peer proved `client_static` and sent `hello`: Welcome or Bye follows as an action. Each session that was opened ends
 * with exactly one relay_session_closed(), also after RELAY_CLOSE. Error: HL_ENOMEM (no session). */
HL_MUST_CHECK int relay_session_open(struct relay *relay, const uint8_t client_static[static 32],
                                     struct bytes hello, void *context,
                                     struct session **ret_session);
/* It is of no device of ours, and is being closed. */
bool relay_session_is_refused(const struct session *session);
/* A whole message, joined from its Fragments. */
void relay_session_input(struct relay *relay, struct session *session, unsigned type,
                         struct bytes body);
/* All that was sent to the session has left: more may be delivered. Without this call deliveries stop at 2 MiB. */
void relay_session_drained(struct relay *relay, struct session *session);
void relay_session_closed(struct relay *relay, struct session *session);

enum relay_action_kind {
    RELAY_SEND,   /* message `type` with `body` to `session`; the taker owns body */
    RELAY_CLOSE,  /* say Bye(bye_reason, detail) and close; 0: close without */
    RELAY_COMMIT, /* store_commit(batch), then relay_commit_done(); batch is valid until then */
    RELAY_READ    /* store_read(index), then relay_read_done() */
};
struct relay_action {
    enum relay_action_kind kind;
    struct session *session;
    void *context; /* of the session */
    unsigned type;
    struct blob *body;
    unsigned bye_reason;
    const char *detail; /* static */
    const struct store_batch *batch;
    uint64_t index;
};
/* The next thing to do; false: nothing. No SEND to a session follows its CLOSE. */
bool relay_take_action(struct relay *relay, struct relay_action *ret_action);

/* The batch is durable (HL_OK), was not written (HL_ENOSPACE, HL_ENOMEM), or nobody knows (others: the relay is broken,
 * sessions are closed, a new one must be made from the store opened anew). */
void relay_commit_done(struct relay *relay, const struct store_batch *batch, int err);
/* `body` is moved from; ignored when err is not HL_OK. */
void relay_read_done(struct relay *relay, uint64_t index, int err, struct store_body *body);

/* Time passes: call at least each second. */
void relay_tick(struct relay *relay);

/* New documents: sessions of devices that are revoked or gone end. `trust` is borrowed from now on. */
HL_MUST_CHECK int relay_set_trust(struct relay *relay, const struct trust *trust);
void relay_set_limits(struct relay *relay, const struct relay_limits *limits);
void relay_set_disk(struct relay *relay, uint64_t free_octets); /* UINT64_MAX: unknown */
/* Take no more deposits (DRAINING); sessions get Bye(DRAINING) once what is queued is durable and answered. */
void relay_drain(struct relay *relay);

struct relay_status {
    uint64_t tree_size, deposits_taken, duplicates, refused, delivered, taken, commits, rejects;
    uint64_t refused_space,
        refused_busy; /* for the relay's own sake: no room on the disk, or too much waits */
    uint64_t sessions, waiting; /* now: sessions; deposits not yet durable */
    uint64_t pending;           /* envelopes stored and not yet taken by all */
    bool is_draining, is_broken, is_idle, has_space;
};
void relay_status_get(const struct relay *relay, struct relay_status *ret_status);

#endif
