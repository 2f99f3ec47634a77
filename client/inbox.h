/* inbox — one mailbox entry into the desk: custody, lanes, opening, duplicates; notices recorded and answered with DELIVERED, receipts
 * and statements applied; bad ones rejected or quarantined. All in one transaction: durable before the relay hears of it. */
#ifndef HOTLINE_CLIENT_INBOX_H
#define HOTLINE_CLIENT_INBOX_H

#include "client/desk.h"
#include "wire.pb-c.h"

struct inbox_result {
    bool is_taken;       /* tell the relay Taken; false: rejected */
    bool has_draft;      /* of another terminal: draft_send_due() may have work */
    struct blob *reject; /* RejectPut to send, or NULL; owned */
};
/* `deliver` is parsed strictly. Errors are ours (HL_EIO, HL_EBUSY, HL_ENOSPACE, HL_ENOMEM): nothing is recorded, nothing may be said. */
HL_MUST_CHECK int inbox_deliver(struct desk *desk, const struct relay_info *relay,
                                const Hotline__V1__Deliver *deliver,
                                struct inbox_result *ret_result);

#endif
