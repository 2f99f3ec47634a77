/* query — the desk read for people and scripts: notices, one or a list, layer by layer; relays. Plain structs, all that the JSON
 * of docs/man/hotline.1 needs. Texts come raw from the notice: make them visible before printing. */
#ifndef HOTLINE_CLIENT_QUERY_H
#define HOTLINE_CLIENT_QUERY_H

#include "client/desk.h"
#include "proto/limits.h"
#include "proto/notice.h"
#include "proto/receipt.h"

/* Flags of a notice (JSON "flags"); names by notice_flag_name(). */
enum notice_flag {
    NOTICE_OVERDUE_CUSTODY = 1 << 0,
    NOTICE_OVERDUE_DELIVERY = 1 << 1,
    NOTICE_OVERDUE_OPEN = 1 << 2,
    NOTICE_OVERDUE_ACK = 1 << 3,
    NOTICE_OVERDUE_REPLY = 1 << 4,
    NOTICE_NO_RELAY = 1 << 5,
    NOTICE_DISPUTED = 1 << 6,
    NOTICE_LATE = 1 << 7,
    NOTICE_CANCELLED = 1 << 8,
    NOTICE_SUPERSEDED = 1 << 9,
    NOTICE_NOT_SECOND_PERSON = 1 << 10,
    NOTICE_ONE_TERMINAL = 1 << 11,
    NOTICE_RELEASE_EXPIRED = 1 << 12,
    NOTICE_RELEASE_TIME = 1 << 13,
    NOTICE_STALE = 1 << 14,
    NOTICE_CERT_EXPIRED = 1 << 15,
    NOTICE_CLOCK_SKEW = 1 << 16,
    NOTICE_GAP = 1 << 17,
    NOTICE_OUT_OF_ORDER = 1 << 18,
    NOTICE_FORK = 1 << 19,
    NOTICE_EQUIVOCATION = 1 << 20,
    NOTICE_QUARANTINED = 1 << 21,
    NOTICE_NOT_SEALED_HERE = 1 << 22,
    NOTICE_CLOCK_DISPUTED = 1 << 23,
    NOTICE_CHAIN_BROKEN = 1 << 24,
    NOTICE_MISSING_REASON = 1 << 25,
    NOTICE_RAISED = 1 << 26,
    NOTICE_EXERCISE_NO_WINDOW = 1 << 27,
    NOTICE_ACK_WITHOUT_OPENED = 1 << 28,
    NOTICE_OTHER_PLANE = 1 << 29 /* it answers or replaces a notice of another plane */
};
#define NOTICE_FLAG_COUNT 30
/* "OVERDUE_ACK" … of one bit; static. */
const char *notice_flag_name(unsigned bit);

enum notice_direction { NOTICE_IN, NOTICE_OUT };

#define STATUS_SIZE 96
#define SERIAL_SIZE 48
struct custody_view {
    char relay[33];
    int64_t received_ms;
    bool is_clock_off; /* more than 120 s from our clock: never a bound */
};
/* A relay that answered and did not take it. */
struct refusal_view {
    char relay[33];
    const char *why;  /* an English phrase */
    int64_t again_ms; /* when it is tried again; 0: never, it is no use */
};
struct addressee_view {
    char address[9];
    struct desk_id desk;
    bool is_action;
    enum receipt_state state;
    uint32_t flags; /* enum receipt_flag */
    char word[32];  /* JSON "status": "OPENED", "HELD BY RELAY" */
    char
        status[STATUS_SIZE]; /* the same with its time: "OPENED 10:03:40Z", "HELD BY RELAY (2/3)" */
    char serial[SERIAL_SIZE]; /* "XAA.TEC-XBB.TEC/L/0042"; "" when there is none */
    uint64_t seq;
    unsigned terminals_sealed, terminals_delivered;
    int64_t delivered_ms, opened_ms, acknowledged_ms, refused_ms; /* claimed at, 0: not yet */
    char acknowledged_by[9];
    char acknowledged_role[41]; /* role label of the officer; "" */
    uint32_t reservation;       /* id; 0 */
    uint32_t disposition;       /* Disposition; 0 */
    uint32_t nondelivered;      /* Reason; 0 */
    uint32_t refused_reason;    /* Reason; 0 */
    int64_t late_ms;            /* of the acknowledgement; 0: in time, or none yet */
};
struct notice_view {
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES]; /* notice_hash; of a stub or quarantined deposit: the deposit_hash */
    uint8_t deposit_hash[HASH_BYTES]; /* first deposit */
    enum notice_direction direction;
    bool is_own_copy; /* another terminal of this desk sent it */
    struct desk_id from;
    char from_text[9];
    uint8_t sender_device[ID_BYTES];
    unsigned plane, precedence; /* of the header when notice is NULL */
    size_t size;                /* octets of ciphertext */
    Hotline__V1__Notice
        *notice; /* owned; NULL: MONITOR, not sealed to this terminal, or quarantined unread */
    Hotline__V1__SignedNotice *signed_notice; /* owned; NULL as above */
    Hotline__V1__Release *releases[LIMIT_RELEASES];
    size_t release_count;
    bool is_verified; /* steps 1 to 13 passed */
    bool is_weaker;   /* "secrecy":"weaker" */
    uint32_t flags;   /* enum notice_flag */
    int64_t first_seen_ms, released_ms, t0_ms;
    const char *t0_basis;       /* "2 OPERATORS" "1 RELAY" "DISPUTED" "NONE"; static */
    int64_t ack_due_ms;         /* the notice's ack_by, else by profile; 0: none */
    bool is_opened_here;        /* this device said OPENED */
    uint32_t quarantine_reason; /* Reason; 0 */
    size_t custody_count;
    struct custody_view custody[LIMIT_RELAYS];
    size_t refusal_count;
    struct refusal_view refusals[LIMIT_RELAYS];
    size_t addressee_count; /* out: every desk of `to`; in: our own desk */
    struct addressee_view *addressees;
};
void notice_view_free(struct notice_view *view);
static inline void notice_view_drop(struct notice_view **view)
{
    notice_view_free(*view);
}

/* Notice hash of an id or a prefix of at least 4 characters ("L-7KQ2"), case-folded, O→0, I/L→1 behind the dash.
 * Errors: HL_ENOTFOUND (exit 1), HL_EAMBIGUOUS (exit 64; both in desk_why()), HL_EINVAL (not an id). */
HL_MUST_CHECK int query_find(struct desk *desk, const char *id,
                             uint8_t ret_hash[static HASH_BYTES]);
/* The same for struct form_context; owner is the desk. */
int query_find_notice(void *owner, const char *id, uint8_t ret_hash[HASH_BYTES]);

/* One notice, decrypted. The caller owns *ret_view. Errors: HL_ENOTFOUND, HL_EVERIFY (database damaged), HL_EIO. */
HL_MUST_CHECK int query_notice(struct desk *desk, const uint8_t hash[static HASH_BYTES],
                               struct notice_view **ret_view);

struct notice_filter {
    bool only_in, only_out;
    bool needs_action; /* in, action, not acknowledged */
    bool is_unacked;   /* any addressee not acknowledged */
    bool is_overdue;
    const struct desk_id *from; /* or NULL */
    unsigned plane;             /* 0: all */
    int64_t since_ms;           /* 0: all */
    const uint8_t *thread_id;   /* ID_BYTES or NULL */
    bool with_unread;           /* also quarantine and, at a MONITOR, stubs: notice is NULL there */
    size_t max;                 /* 0: 1000 */
};
struct notice_list {
    size_t count;
    struct notice_view **items; /* newest first */
};
HL_MUST_CHECK int query_list(struct desk *desk, const struct notice_filter *filter,
                             struct notice_list **ret_list);
void notice_list_free(struct notice_list *list);
static inline void notice_list_drop(struct notice_list **list)
{
    notice_list_free(*list);
}

struct relay_view {
    char name[33], operator_name[33];
    bool is_up;
    int64_t last_contact_ms; /* 0: never */
    int64_t skew_ms;         /* relay clock - ours, at the last contact */
    int64_t rtt_ms;          /* -1: unknown */
    uint64_t cursor;         /* mailbox entries taken, contiguous */
    size_t waiting;          /* outbox rows for it */
    int64_t prekey_ms;       /* created_ms of our newest prekey that it holds; 0: none */
};
HL_MUST_CHECK int query_relays(struct desk *desk, struct relay_view ret_relays[static LIMIT_RELAYS],
                               size_t *ret_count);

struct desk_summary {
    uint64_t journal_rows;
    int64_t prekey_ms, prekey_not_after_ms; /* our newest */
    size_t peers_known, peers_total;        /* desks with a usable prekey; of all desks */
    size_t outbox_waiting, drafts, quarantined, unacked_in, overdue;
    int64_t stale_hours;
    bool is_rolled_back;
};
HL_MUST_CHECK int query_summary(struct desk *desk, struct desk_summary *ret_summary);

#endif
