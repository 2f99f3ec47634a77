/* promise — relays' custody receipts, as the desk holds them: judged, kept for T0 and evidence, their checkpoints compared.
 * Two roots for one size convict a relay. docs/PROTOCOL.md, "Tree". */
#ifndef HOTLINE_CLIENT_PROMISE_H
#define HOTLINE_CLIENT_PROMISE_H

#include "client/desk.h"
#include "wire.pb-c.h"

/* Custody of a deposit of ours, from SubmitResult. *ret_is_taken: it verifies and covers, the outbox row is done and the addressees
 * are HELD; false: alarm, offered again later. In one transaction. */
HL_MUST_CHECK int promise_sent(struct desk *desk, const struct relay_info *relay,
                               const uint8_t deposit[static HASH_BYTES],
                               const Hotline__V1__CustodyReceipt *receipt, bool *ret_is_taken);
/* Custody that came with a Deliver, in the caller's transaction; lane_* of the Deliver. *ret_is_good: it verifies and covers. */
HL_MUST_CHECK int promise_delivered(struct desk *desk, const struct relay_info *relay,
                                    const Hotline__V1__Deliver *deliver, bool *ret_is_good);

#endif
