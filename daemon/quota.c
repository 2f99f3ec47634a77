/* quota — what one device may submit in an hour. */
#include "daemon/quota.h"

#include <assert.h>

#define HOUR_MS    3600000ULL
#define EARNED_MAX 1000000ULL

static void fill(struct bucket *bucket, uint64_t per_hour, int64_t now_ms)
{
    uint64_t full = per_hour * HOUR_MS;

    assert(per_hour <= UINT64_MAX / HOUR_MS / 2);
    if (!bucket->is_begun) {
        *bucket = (struct bucket){.level = full, .at_ms = now_ms, .is_begun = true};
        return;
    }

    uint64_t passed_ms = now_ms > bucket->at_ms ? (uint64_t)(now_ms - bucket->at_ms) : 0;

    if (passed_ms > HOUR_MS)
        passed_ms = HOUR_MS;
    bucket->level += passed_ms * per_hour;
    if (bucket->level > full)
        bucket->level = full;
    bucket->at_ms = now_ms;
}

uint64_t bucket_left(struct bucket *bucket, uint64_t per_hour, int64_t now_ms)
{
    fill(bucket, per_hour, now_ms);
    return bucket->level / HOUR_MS;
}

bool bucket_take(struct bucket *bucket, uint64_t per_hour, uint64_t amount, int64_t now_ms,
                 uint32_t *ret_retry_s)
{
    fill(bucket, per_hour, now_ms);

    uint64_t wanted = amount <= per_hour ? amount * HOUR_MS : UINT64_MAX;

    if (wanted <= bucket->level) {
        bucket->level -= wanted;
        return true;
    }
    *ret_retry_s = 3600;
    if (wanted != UINT64_MAX) {
        uint64_t seconds = (wanted - bucket->level) / per_hour / 1000 + 1;

        *ret_retry_s = seconds < 3600 ? (uint32_t)seconds : 3600;
    }
    return false;
}

void bucket_give_back(struct bucket *bucket, uint64_t per_hour, uint64_t amount)
{
    uint64_t full = per_hour * HOUR_MS;

    bucket->level += amount * HOUR_MS;
    if (bucket->level > full)
        bucket->level = full;
}

bool quota_take(struct quota *quota, const struct quota_rates *rates, bool is_control, size_t len,
                int64_t now_ms, uint32_t *ret_retry_s)
{
    struct bucket *count = is_control ? &quota->control : &quota->content;
    uint64_t per_hour = is_control ? rates->control : rates->content;
    struct bucket before = quota->bytes;

    if (!bucket_take(&quota->bytes, rates->bytes, len, now_ms, ret_retry_s))
        return false;
    if (bucket_take(count, per_hour, 1, now_ms, ret_retry_s))
        return true;
    if (is_control && quota->earned > 0) {
        quota->earned--;
        return true;
    }
    quota->bytes = before;
    return false;
}

void quota_earn(struct quota *quota, uint64_t content_entries)
{
    if (content_entries > EARNED_MAX)
        content_entries = EARNED_MAX;
    quota->earned += content_entries * QUOTA_CONTROL_PER_CONTENT;
    if (quota->earned > EARNED_MAX)
        quota->earned = EARNED_MAX;
}

static uint32_t clamp(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

void quota_left(struct quota *quota, const struct quota_rates *rates, int64_t now_ms,
                uint32_t *ret_content, uint32_t *ret_control)
{
    *ret_content = clamp(bucket_left(&quota->content, rates->content, now_ms));
    *ret_control = clamp(bucket_left(&quota->control, rates->control, now_ms) + quota->earned);
}
