/* event — rows that a change leaves for `watch` and the board, written in the transaction that makes the change. */
#ifndef HOTLINE_CLIENT_EVENT_H
#define HOTLINE_CLIENT_EVENT_H

#include "client/desk.h"
#include "proto/notice.h"

enum event_kind {
    EVENT_RELEASED,
    EVENT_CUSTODY,
    EVENT_DELIVERED,
    EVENT_OPENED,
    EVENT_ACKNOWLEDGED,
    EVENT_REFUSED,
    EVENT_UNDELIVERABLE,
    EVENT_REPLY,
    EVENT_OVERDUE,
    EVENT_RAISED,
    EVENT_GAP,
    EVENT_HEALED,
    EVENT_FORK,
    EVENT_RECEIVED,
    EVENT_CANCELLED,
    EVENT_DUPLICATE,
    EVENT_QUARANTINED,
    EVENT_REJECTED_DEPOSIT,
    EVENT_NOT_SEALED_HERE,
    EVENT_STATE_ROLLBACK,
    EVENT_PREKEY_FORK,
    EVENT_RELAY_CLOCK,
    EVENT_RELAY_CONVICTED,
    EVENT_RELAY_UP,
    EVENT_RELAY_DOWN,
    EVENT_DRAFT,
    EVENT_COUNT
};
/* The word of interface.md: "custody", "relay_up" …; static. */
const char *event_name(enum event_kind kind);
/* HL_ENOTFOUND for another word. */
HL_MUST_CHECK int event_parse(const char *name, enum event_kind *ret_kind);

/* One row; what does not apply is "" or 0. */
struct event {
    uint64_t number; /* ascending, never reused */
    enum event_kind kind;
    int64_t at_ms;
    bool has_hash;
    uint8_t hash[HASH_BYTES]; /* notice, or deposit of what was quarantined or rejected */
    char id[NOTICE_ID_SIZE];
    char relay[33];
    char address[9];  /* desk the event is about */
    char from[9];     /* received: sender */
    char layer[16];   /* overdue: custody delivered opened acknowledged reply */
    char detail[160]; /* static text of the program, no outside text */
    unsigned plane, precedence;
    int64_t due_ms, late_ms, ack_by_ms;
};
/* Rows after `after`, at most `count`; *ret_count may be 0. Events stay 100,000 rows. Errors: HL_EIO, HL_EBUSY. */
HL_MUST_CHECK int event_read(struct desk *desk, uint64_t after, struct event *ret_events,
                             size_t count, size_t *ret_count);
/* Number of the newest row, 0 for none: where a `watch` begins. */
HL_MUST_CHECK int event_last(struct desk *desk, uint64_t *ret_number);
/* The event that --exec was told last; before the first time the newest there is. What happens while no watch runs is told
 * by the next one: monitoring must know of every missing acknowledgement. */
HL_MUST_CHECK int event_told(struct desk *desk, uint64_t *ret_number);
HL_MUST_CHECK int event_set_told(struct desk *desk, uint64_t number);
/* Write one (number and at_ms are set here). Inside the caller's transaction, or one of its own. */
HL_MUST_CHECK int event_put(struct desk *desk, const struct event *event);

#endif
