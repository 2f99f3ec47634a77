/* open — what a recipient device does with a delivered envelope, in exactly the order of docs/PROTOCOL.md, "Opening".
 * Nothing is parsed or shown before its step. The result is opened, rejected (R) or quarantined (Q), with the step. */
#ifndef HOTLINE_PROTO_OPEN_H
#define HOTLINE_PROTO_OPEN_H

#include "notice.pb-c.h"
#include "proto/envelope.h"
#include "receipt.pb-c.h"

enum open_result { OPEN_OK, OPEN_REJECTED, OPEN_QUARANTINED };
/* Marks on what was opened; bit set. */
enum open_mark {
    MARK_NOT_RELEASED_BY_SECOND_PERSON = 1 << 0,
    MARK_RELEASED_ON_ONE_TERMINAL = 1 << 1,
    MARK_RELEASE_EXPIRED = 1 << 2,
    MARK_RELEASE_TIME_DOES_NOT_FIT = 1 << 3,
    MARK_CERT_EXPIRED = 1 << 4,
    MARK_STALE = 1 << 5,
    MARK_CLOCK_SKEW = 1 << 6,
    MARK_MISSING_REASON = 1 << 7,
    MARK_EXERCISE_NO_WINDOW = 1 << 8
};
struct open_context {
    const struct suite *suite;
    const struct trust *trust;
    struct desk_id own_desk;
    uint8_t own_device[ID_BYTES];
    const struct prekey_ring *prekeys; /* NULL for an arbiter, who gives file_key instead */
    const uint8_t *file_key; /* NULL, or 32 octets: steps 6 and 7 are skipped (evidence) */
    int64_t now_ms;          /* max(local clock, time floor) */
};
struct opened {
    enum open_result result;
    int step;                   /* 1..14 where it ended */
    Hotline__V1__Reason reason; /* of Q */
    const char *detail;         /* static text for the log */
    uint32_t marks;
    bool is_authentic;                /* step 4 passed */
    bool is_unreadable;               /* Q at 6 or 7 */
    struct envelope_facts facts;      /* valid from step 2 on */
    const struct cert *sender_device; /* from step 3 on; borrowed from the trust */
    struct desk_id sender;            /* desk of sender_device */
    enum content_kind kind;
    struct blob
        *content; /* after step 10: the bytes behind the kind octet (SignedNotice, Signed, Draft) */
    uint8_t *file_key; /* secret memory, 32 octets, from step 8 on */
    uint8_t content_hash
        [HASH_BYTES]; /* notice_hash, H(<plane>/receipt, body), service_hash; from step 11 on */
    Hotline__V1__Notice *notice; /* kinds 1, 4 after step 12 */
    Hotline__V1__SignedNotice *signed_notice;
    Hotline__V1__Release *releases[LIMIT_RELEASES];
    size_t release_count;
    Hotline__V1__Receipt
        *receipt; /* kind 2: parsed and device-signed; receipt_check() judges the rest */
    Hotline__V1__ServiceStatement *service; /* kind 3 */
    Hotline__V1__Signed *signed_object;     /* kinds 2, 3 */
    uint64_t seq; /* kind 1 to a peer desk: the Link, verified; 0 for own-desk copies */
    uint8_t prev[HASH_BYTES], link_hash[HASH_BYTES], link_sig[SIG_BYTES];
    bool has_marks; /* kind 3 CHANNEL_CHECK to this desk */
    struct marks link_marks;
};
/* Errors are only ours (HL_ENOMEM); what the input deserves is in *ret_opened, which the caller owns (opened_free). */
HL_MUST_CHECK int open_delivered(const struct open_context *context,
                                 const uint8_t deposit_hash[static HASH_BYTES],
                                 struct bytes delivered, struct opened **ret_opened);
/* Marks that need the custody's facts, judged by the desk once it knows them: RELEASE_EXPIRED when T0 is after not_after_ms of
 * any release, or when T0 stands on one operator's word and first_seen_ms is more than 1 h after it. t0_ms 0: no custody,
 * own first sight counts. */
uint32_t open_marks_time(const struct opened *opened, int64_t t0_ms, bool one_operator,
                         int64_t first_seen_ms);
/* Stub: steps 1 to 4 only. */
HL_MUST_CHECK int open_stub(const struct open_context *context,
                            const uint8_t deposit_hash[static HASH_BYTES], struct bytes stub,
                            struct opened **ret_opened);
void opened_free(struct opened *opened); /* erases what was secret; NULL is allowed */
static inline void opened_drop(struct opened **opened)
{
    opened_free(*opened);
}

#endif
