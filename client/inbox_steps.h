/* inbox_steps — private to inbox: what is done with each kind of content, in the transaction of inbox_deliver(). */
#ifndef HOTLINE_CLIENT_INBOX_STEPS_H
#define HOTLINE_CLIENT_INBOX_STEPS_H

#include "client/inbox.h"
#include "client/post.h"
#include "proto/open.h"

struct arrival {
    struct desk *desk;
    const struct relay_info *relay;
    relay_set relay_bit;
    struct bytes octets; /* DeliveredEnvelope or Stub */
    const struct opened *opened;
    bool is_own_copy; /* sent by another terminal of our desk */
};
/* Store the deposit; *ret_is_new false when another process has just done so. */
HL_MUST_CHECK int inbox_keep(const struct arrival *arrival, bool *ret_is_new);
HL_MUST_CHECK int inbox_notice(const struct arrival *arrival);
HL_MUST_CHECK int inbox_draft(const struct arrival *arrival);
HL_MUST_CHECK int inbox_receipt(const struct arrival *arrival);
HL_MUST_CHECK int inbox_service(const struct arrival *arrival);
/* DELIVERED about what arrived, to its sender, over the relay it came by. */
HL_MUST_CHECK int inbox_say_delivered(const struct arrival *arrival, bool is_about_service,
                                      int64_t due_ms);

#endif
