/* receipt_book — receipts kept: made here, chained per (device, content), or come from peers; stored wrapped, moved into the rows of
 * the notice they answer. */
#ifndef HOTLINE_CLIENT_RECEIPT_BOOK_H
#define HOTLINE_CLIENT_RECEIPT_BOOK_H

#include "client/desk.h"
#include "client/post.h"
#include "receipt.pb-c.h"

struct receipt_order {
    Hotline__V1__ReceiptKind kind;
    Hotline__V1__ReceiptAbout about;
    unsigned plane;
    const uint8_t *content_hash; /* NULL: not known (UNREADABLE, early NONDELIVERED) */
    const uint8_t *deposit_hash;
    struct desk_id to;
    const uint8_t *to_device; /* ID_BYTES */
    uint32_t disposition, reason, rung;
    const char *check_word, *note; /* NULL: absent */
    int64_t reply_expected_ms;
    relay_set relays; /* 0: those the deposit came by, else picked */
    int64_t due_ms;
};
/* In the caller's transaction: sign (device, and the unlocked officer for ACKNOWLEDGED and REFUSED), keep, put in the outbox.
 * The caller owns *ret_signed. */
HL_MUST_CHECK int receipt_book_make(struct desk *desk, const struct receipt_order *order,
                                    struct blob **ret_signed, uint8_t ret_hash[static HASH_BYTES]);
/* What this device said already. Error: HL_ENOTFOUND. The caller owns *ret_signed. */
HL_MUST_CHECK int receipt_book_find_own(struct desk *desk,
                                        const uint8_t content_hash[static HASH_BYTES],
                                        Hotline__V1__ReceiptKind kind, struct blob **ret_signed,
                                        uint8_t ret_hash[static HASH_BYTES]);
/* Offer the receipts this device gave for a deposit to one more relay. */
HL_MUST_CHECK int receipt_book_repeat(struct desk *desk, const uint8_t deposit[static HASH_BYTES],
                                      relay_set relays);

/* Keep one that came. `content_hash` is ours also where the receipt has none. *ret_is_new: not seen before; a second one with the
 * same predecessor is a FORK event, both stay. */
struct receipt_arrival {
    const Hotline__V1__Receipt *receipt;
    struct bytes octets; /* Signed */
    const uint8_t *hash, *content_hash, *carrier;
    bool counts; /* false: wrong check word */
};
HL_MUST_CHECK int receipt_book_put(struct desk *desk, const struct receipt_arrival *arrival,
                                   bool *ret_is_new);
/* Move the addressee's row, write the event. A receipt from a desk that is not addressed changes nothing. */
HL_MUST_CHECK int receipt_book_apply(struct desk *desk, const uint8_t notice[static HASH_BYTES],
                                     const Hotline__V1__Receipt *receipt,
                                     const uint8_t hash[static HASH_BYTES]);

#endif
