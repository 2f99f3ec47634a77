/* session — one authenticated device on the line.
 *
 *   GREETING ──WELCOME──> WELCOMED ──SUBSCRIBE──> SUBSCRIBED ──SUBSCRIBE──> (new window)
 *       └──────── LEAVE ─────┴──────── LEAVE ─────────┴───────> LEAVING
 *   each of them ──CLOSED──> GONE
 *
 * GREETING: the Welcome waits for the device's newest own deposit to be read. LEAVING: Bye is said, nothing more is sent. */
#ifndef HOTLINE_DAEMON_SESSION_H
#define HOTLINE_DAEMON_SESSION_H

#include "daemon/device.h"
#include "daemon/mailbox.h"

enum session_state {
    SESSION_GREETING,
    SESSION_WELCOMED,
    SESSION_SUBSCRIBED,
    SESSION_LEAVING,
    SESSION_GONE,
    SESSION_STATES
};
enum session_event {
    SESSION_WELCOME,
    SESSION_SUBSCRIBE,
    SESSION_LEAVE,
    SESSION_CLOSED,
    SESSION_EVENTS
};

/* A Deliver that is not yet taken. */
struct flight {
    uint64_t seq;
    uint32_t number; /* of the deposit */
    uint32_t size;
};
struct session {
    enum session_state state;
    void *context;           /* the rim's */
    struct device *device;   /* NULL: refused */
    const struct cert *cert; /* in the present trust */
    struct desk_id desk;
    struct mailbox *mailbox;
    bool is_monitor;
    int64_t last_input_ms; /* mono */
    unsigned refs;         /* waiters that still point here; the memory stays until 0 */
    unsigned in_flight;    /* Submits without result */
    size_t unsent;         /* octets since the rim was last drained */

    uint64_t after_seq;
    uint32_t window, window_bytes;
    size_t cursors[RANK_COUNT]; /* places in the mailbox's lists */
    bool waits_for_read;
    struct flight *flights;
    size_t flight_count, flight_size, flight_bytes;

    struct session *next, *prev;     /* of the relay */
    struct session *next_of_device;  /* of the device */
    struct session *next_of_mailbox; /* subscribed */
};

/* Move as the table says; false: not allowed in this state, nothing changes. */
bool session_step(struct session *session, enum session_event event);
static inline bool session_is_open(const struct session *session)
{
    return session->state == SESSION_WELCOMED || session->state == SESSION_SUBSCRIBED;
}

/* Set the place to begin and the window; a later Subscribe only sets the window. */
void session_subscribe(struct session *session, uint64_t after_seq, uint32_t window,
                       uint32_t window_bytes);
/* The next entry to deliver, without moving on; false: none. */
bool session_next_entry(struct session *session, uint64_t *ret_seq);
/* Is there room for one more of `size` octets? One entry is always allowed. */
bool session_has_room(const struct session *session, size_t size);
/* Entry seq was sent. Error: HL_ENOMEM. */
HL_MUST_CHECK int session_fly(struct session *session, uint64_t seq, uint32_t number, size_t size);
/* Forget flights that the device has taken. */
void session_land_taken(struct session *session);
/* Forget the flight of a deposit that the device rejected; false: there is none. */
bool session_land_rejected(struct session *session, uint32_t number);

#endif
