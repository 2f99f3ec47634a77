/* contact — when each relay was last heard, by whichever process of this desk. A relay is up while that is not long ago; a change is
 * told once, by one event, whatever processes come and go. */
#ifndef HOTLINE_CLIENT_CONTACT_H
#define HOTLINE_CLIENT_CONTACT_H

#include "client/desk.h"

/* Longer than 45 s of silence, after which a session ends, and than the pause between two savings. */
#define CONTACT_UP_MS   (60LL * 1000)
#define CONTACT_SAVE_MS (20LL * 1000)

struct contact {
    int64_t heard_ms; /* 0: not on this connection */
    int64_t skew_ms, rtt_ms;
};
/* Keep it, and tell relay_up when the relay was not up. Errors: HL_EIO, HL_EBUSY, HL_ENOMEM. */
HL_MUST_CHECK int contact_save(struct desk *desk, const struct relay_info *relay,
                               const struct contact *contact);
HL_MUST_CHECK int contact_is_up(struct desk *desk, const struct relay_info *relay, bool *ret_is_up);
/* Tell relay_down of those not heard of any more; lowers *ret_next_ms to when the next would be due. */
HL_MUST_CHECK int contact_tick(struct desk *desk, int64_t *ret_next_ms);

#endif
