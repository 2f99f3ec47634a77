/* quota — what one device may do in an hour: token buckets, and control entries earned by content that arrived.
 * docs/PROTOCOL.md, "What a device may do in an hour". Time is mono_ms. */
#ifndef HOTLINE_DAEMON_QUOTA_H
#define HOTLINE_DAEMON_QUOTA_H

#include "base/bytes.h"

#define QUOTA_PREKEYS_PER_HOUR    12
#define QUOTA_CONTROL_PER_CONTENT 8
#define QUOTA_SESSIONS_PER_HOUR   3600 /* a command is a session */
#define QUOTA_FRUITLESS_SUBMIT_PER_HOUR                                                            \
    600 /* refused, or there before: they cost a relay hashes all the same */
#define QUOTA_FRUITLESS_PREKEY_PER_HOUR 120 /* and these a verification */

struct bucket {
    uint64_t level; /* units x milliseconds of an hour */
    int64_t at_ms;
    bool is_begun; /* a new bucket is full */
};
/* Take `amount` units, or say after how many seconds there are enough: 1..3600. */
bool bucket_take(struct bucket *bucket, uint64_t per_hour, uint64_t amount, int64_t now_ms,
                 uint32_t *ret_retry_s);
/* What was taken was not needed after all. */
void bucket_give_back(struct bucket *bucket, uint64_t per_hour, uint64_t amount);
uint64_t bucket_left(struct bucket *bucket, uint64_t per_hour, int64_t now_ms);

struct quota_rates {
    uint64_t content, control, bytes; /* per hour */
};
struct quota {
    struct bucket content, control, bytes, prekeys, sessions, fruitless_submits, fruitless_prekeys;
    uint64_t earned; /* control entries beyond the bucket */
};
/* One deposit of `len` octets: true, or false with retry_s and nothing taken. */
bool quota_take(struct quota *quota, const struct quota_rates *rates, bool is_control, size_t len,
                int64_t now_ms, uint32_t *ret_retry_s);
/* Content came to the device's desk: receipts for it are always possible. */
void quota_earn(struct quota *quota, uint64_t content_entries);
/* What is left this hour, for the Welcome. */
void quota_left(struct quota *quota, const struct quota_rates *rates, int64_t now_ms,
                uint32_t *ret_content, uint32_t *ret_control);

#endif
