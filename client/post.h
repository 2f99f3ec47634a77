/* post — outgoing deposits: sealed, kept with their file key, put down for the relays that are to have them; all inside one
 * transaction, before a byte leaves. docs/PROTOCOL.md, "Sealing". */
#ifndef HOTLINE_CLIENT_POST_H
#define HOTLINE_CLIENT_POST_H

#include "client/desk.h"
#include "client/slots.h"

/* Which relays: one bit for each, by index of desk_relay(). */
typedef uint32_t relay_set;

/* FLASH and IMMEDIATE: all; else two of different operators where there are, those that are up first. */
HL_MUST_CHECK int post_pick_relays(struct desk *desk, unsigned precedence, relay_set *ret_relays);
relay_set post_all_relays(const struct desk *desk);
relay_set post_relay_bit(const struct desk *desk, const uint8_t relay[static ID_BYTES]);
/* Relays by which a deposit came, or that took ours. */
HL_MUST_CHECK int post_relays_of(struct desk *desk, const uint8_t deposit[static HASH_BYTES],
                                 relay_set *ret_relays);

struct post_request {
    enum content_kind kind;
    unsigned plane, precedence; /* control: precedence 0 */
    struct bytes content;
    const uint8_t *content_hash;
    struct slot_plan *plan; /* Links filled in; shuffled here */
    relay_set relays;
    int64_t due_ms;       /* not sent before; 0: at once */
    int64_t not_after_ms; /* not sent first after; 0: until the envelope expires */
};
struct post_result {
    uint8_t deposit_hash[HASH_BYTES];
    size_t skipped_count; /* devices whose key cannot be used */
    uint8_t skipped[LIMIT_SLOTS][ID_BYTES];
};
/* In the caller's transaction: journal row taken, sealed, stored, queued. Errors: those of envelope_seal(), HL_EIO. */
HL_MUST_CHECK int post_seal(struct desk *desk, const struct post_request *request,
                            struct post_result *ret_result);

/* A receipt or service statement (Signed) to one desk and our own other devices. Without a usable key of that desk it waits sealed
 * in the database until post_flush(). */
struct control {
    enum content_kind kind;
    unsigned plane;
    struct bytes octets;
    const uint8_t *hash; /* content hash */
    struct desk_id to;
    relay_set relays; /* 0: picked here */
    int64_t due_ms;
};
HL_MUST_CHECK int post_control(struct desk *desk, const struct control *control);
/* Seal what waits for keys, where keys have come. */
HL_MUST_CHECK int post_flush(struct desk *desk);
/* Desks that something waits for: at most `max`. */
HL_MUST_CHECK int post_wanted_keys(struct desk *desk, struct desk_id *ret_desks, size_t max,
                                   size_t *ret_count);

/* Offer a stored deposit to more relays; those that have an answer keep it. */
HL_MUST_CHECK int post_offer(struct desk *desk, const uint8_t deposit[static HASH_BYTES],
                             relay_set relays, int64_t due_ms);

/* Deposits due for a relay, most urgent first. */
#define POST_BATCH 64
HL_MUST_CHECK int post_waiting(struct desk *desk, const uint8_t relay[static ID_BYTES],
                               uint8_t (*ret_deposits)[HASH_BYTES], size_t max, size_t *ret_count);
/* The Envelope. Error: HL_ENOTFOUND. */
HL_MUST_CHECK int post_envelope(struct desk *desk, const uint8_t deposit[static HASH_BYTES],
                                struct blob **ret_envelope);
/* A relay's answer that is not custody: later (retry_s > 0), or never. */
HL_MUST_CHECK int post_refused(struct desk *desk, const struct relay_info *relay,
                               const uint8_t deposit[static HASH_BYTES], unsigned code,
                               uint32_t retry_s);

#endif
