/* receipt — signed answers to a notice, their validity, and the sender's automaton per notice and addressed desk.
 *
 *   RELEASED ─custody→ HELD ─DELIVERED→ DELIVERED ─OPENED→ OPENED ─ACKNOWLEDGED→ ACKED
 *   any of the first four ─REFUSED→ REFUSED; HELD ─all sealed devices say UNREADABLE/NONDELIVERED→ UNDELIVERABLE
 *   The state is the highest reached; it never moves backwards. docs/PROTOCOL.md, "Receipts and service statements". */
#ifndef HOTLINE_PROTO_RECEIPT_H
#define HOTLINE_PROTO_RECEIPT_H

#include "keys/sign.h"
#include "keys/trust.h"
#include "receipt.pb-c.h"

#define RESERVATION_ID 1

/* reservation_hash of id 1; static. The six texts in the order of the preimage: en fr es ru zh ar. */
const uint8_t *reservation_hash(void);
struct reservation_text {
    const char *lang, *text;
};
const struct reservation_text *reservation_texts(size_t *ret_count);
/* Preimage of reservation_hash (evidence record 20). */
HL_MUST_CHECK int reservation_preimage(struct blob **ret_preimage);

/* Fill in a receipt and sign: device always, officer for ACKNOWLEDGED and REFUSED (else NULL). The message is checked
 * against the schema and the fields its kind allows. The caller owns *ret_signed. content_hash of the receipt =
 * H(<plane>/receipt, body). Errors: HL_EFORMAT, HL_EINVAL, HL_ENOMEM. */
HL_MUST_CHECK int receipt_sign(const struct suite *suite, const Hotline__V1__Receipt *receipt,
                               const struct sign_key *device, const struct sign_key *officer,
                               struct blob **ret_signed, uint8_t ret_hash[static HASH_BYTES]);

/* What the sender knows of the deposit a receipt answers. */
struct receipt_expectation {
    const uint8_t *ns;
    unsigned plane;
    const uint8_t *content_hash, *deposit_hash; /* HASH_BYTES */
    const uint8_t *to_entity, *to_device;       /* ours: sender of that deposit */
    struct desk_id by_desk;                     /* an addressed desk */
    const uint8_t *envelope_device; /* sender_device of the envelope it came in; NULL: not judged */
    const char *check_word;         /* of the notice; NULL for service */
    bool needs_check_word;          /* FLASH, IMMEDIATE */
    int64_t now_ms;
};
/* Verify a Signed receipt. *ret_receipt is owned by the caller. Errors: HL_EFORMAT, HL_EVERIFY (signature, ids, roles, hashes),
 * HL_EPERM (wrong check word: keep, show, do not count), HL_EREVOKED, HL_ENOMEM. ret_detail static text. */
HL_MUST_CHECK int receipt_check(const struct suite *suite, const struct trust *trust,
                                const struct receipt_expectation *expected,
                                struct bytes signed_receipt, Hotline__V1__Receipt **ret_receipt,
                                const char **ret_detail);

enum receipt_state {
    RCPT_RELEASED,
    RCPT_HELD,
    RCPT_DELIVERED,
    RCPT_OPENED,
    RCPT_ACKED,
    RCPT_REFUSED,
    RCPT_UNDELIVERABLE,
    RCPT_STATES
};
enum receipt_event {
    EV_CUSTODY,
    EV_DELIVERED,
    EV_OPENED,
    EV_ACK,
    EV_REFUSED,
    EV_NONDELIVERED,
    EV_UNREADABLE,
    EV_ALL_UNDELIVERED,
    EV_DEADLINE_DELIVERY,
    EV_DEADLINE_OPEN,
    EV_DEADLINE_ACK,
    EV_COUNT
};
enum receipt_flag {
    FLAG_OVERDUE_DELIVERY = 1,
    FLAG_OVERDUE_OPEN = 2,
    FLAG_OVERDUE_ACK = 4,
    FLAG_NO_RELAY = 8,
    FLAG_DISPUTED = 16,
    FLAG_LATE = 32,
    FLAG_CANCELLED = 64,
    FLAG_SUPERSEDED = 128
};
struct receipt_track {
    enum receipt_state state;
    uint32_t flags;
};
/* Table of docs/PROTOCOL.md. Returns true when the state moved. Flags are only ever added. */
bool receipt_step(struct receipt_track *track, enum receipt_event event);
const char *receipt_state_name(enum receipt_state state); /* lower case, for logs */

#endif
