/* draft — a notice before it is sent: kept, signed by its author, given back, released. Pressing release on the last needed
 * signature picks slots, takes Link numbers, seals and writes the outbox in one transaction.
 *
 *   UNSIGNED ─sign→ FOR_RELEASE ─release (persons complete)→ SENT        FOR_RELEASE ─return→ RETURNED, and a new UNSIGNED
 * docs/PROTOCOL.md, "Release". */
#ifndef HOTLINE_CLIENT_DRAFT_H
#define HOTLINE_CLIENT_DRAFT_H

#include "client/desk.h"
#include "proto/limits.h"
#include "proto/notice.h"

enum draft_state { DRAFT_UNSIGNED, DRAFT_FOR_RELEASE, DRAFT_RETURNED, DRAFT_SENT };

/* Keep a notice that nobody has signed. Gets its random notice_id here; ret_id is "D-" and its first 50 bits. Works headless.
 * Errors: HL_EIO, HL_EBUSY, HL_ENOMEM. */
HL_MUST_CHECK int draft_keep(struct desk *desk, const Hotline__V1__Notice *notice,
                             char ret_id[static NOTICE_ID_SIZE]);
/* Fill in what the program sets (ns, version, sender, author, draft_device, notice_id, check_word, dir_*, drafted_ms; plane and
 * persons are the caller's, persons 0: the roster's minimum), judge rules and schema, sign by the unlocked officer and the device,
 * store for release, send to the desk's other terminals. *notice is changed. Errors: HL_EPERM (no COMPOSE officer: exit 77),
 * HL_EFORMAT (rules, schema, another plane than that of a notice it names: *desk_why()), HL_ENOTFOUND (addressee not in the directory), HL_EIO, HL_EBUSY. */
HL_MUST_CHECK int draft_sign(struct desk *desk, Hotline__V1__Notice *notice,
                             char ret_id[static NOTICE_ID_SIZE],
                             uint8_t ret_hash[static HASH_BYTES]);
/* What draft_sign() does to the notice before it signs, with no officer unlocked: fill in, judge addressees, rules and schema. The
 * same errors but HL_EPERM. */
HL_MUST_CHECK int draft_check(struct desk *desk, Hotline__V1__Notice *notice);
/* draft_withdraw() of `old` and draft_sign() of what takes its place, both or none. Errors: of both. */
HL_MUST_CHECK int draft_replace(struct desk *desk, const char *old, Hotline__V1__Notice *notice,
                                char ret_id[static NOTICE_ID_SIZE],
                                uint8_t ret_hash[static HASH_BYTES]);
/* The second officer gives it back: all signatures void, the form is kept as a new UNSIGNED draft. Errors: HL_ENOTFOUND,
 * HL_EAMBIGUOUS, HL_EPERM, HL_ESTATE (already sent). */
HL_MUST_CHECK int draft_return(struct desk *desk, const char *id, const char *why,
                               char ret_new_id[static NOTICE_ID_SIZE]);
/* Forget an unsigned draft, withdraw a signed one. Same errors. */
HL_MUST_CHECK int draft_withdraw(struct desk *desk, const char *id);

/* What the review page must say before release. */
struct draft_review {
    unsigned persons, persons_min, releases; /* in the notice; of the roster; so far */
    unsigned precedence, plane;
    int64_t stale_hours;  /* of the directory; 0: in force */
    bool needs_reason;    /* one person: a reason is needed (policy or staleness) */
    bool is_own_draft;    /* the unlocked officer drafted it and may not be its second person */
    size_t missing_count; /* addressed desks without one usable prekey: fetch, or call */
    struct desk_id missing[LIMIT_RECIPIENTS];
    size_t weaker_count; /* WEAKER SECRECY: reached only with an old key */
    struct desk_id weaker[LIMIT_RECIPIENTS];
    size_t slot_count;
};
/* The caller owns *ret_review (free()). Errors: HL_ENOTFOUND, HL_EAMBIGUOUS, HL_ESTATE (unsigned or sent). */
HL_MUST_CHECK int draft_review(struct desk *desk, const char *id, struct draft_review **ret_review);

#define DRAFT_REASON_MIN 10 /* octets */
#define DRAFT_REASON_MAX 200
struct release_options {
    const char *reason; /* --single-person; NULL: none */
    const uint8_t *
        seen; /* hash of what the officer looked at, or wrote; NULL: any. The id may be a prefix that fits another draft
                          * by the time he has typed his pass-phrase */
    const uint8_t
        *sender_device; /* --send-from; NULL: this device, or the one that earlier releases name */
    int64_t not_after_ms; /* 0: + 15 min FLASH, + 2 h else */
};
struct release_result {
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    bool
        is_sent; /* sealed and in the outbox; false: signatures or the sending device are still missing */
    unsigned persons_missing;
    size_t missing_count; /* with HL_ENOTFOUND: desks whose prekeys must be fetched first */
    struct desk_id missing[LIMIT_RECIPIENTS];
    size_t skipped_count; /* devices left out because their key cannot be used (alarm) */
};
/* Errors: HL_EPERM (two-person rule, role, headless, stale directory without reason, reason missing: exit 77; words in
 * desk_why()), HL_ENOTFOUND (no such draft; or prekeys missing: missing_count > 0), HL_EAMBIGUOUS, HL_ESTATE (unsigned, sent, or own
 * clock off by more than 300 s against two relays), HL_EVERIFY (the draft changed since it was signed: its signature is void),
 * HL_EREVOKED (STATE ROLLBACK: exit 11), HL_EIO, HL_EBUSY. On any error nothing is sent or stored. */
HL_MUST_CHECK int draft_release(struct desk *desk, const char *id,
                                const struct release_options *options,
                                struct release_result *ret_result);

/* One draft for listing, editing, printing. notice is owned. */
struct draft_view {
    char id[NOTICE_ID_SIZE];
    enum draft_state state;
    bool has_hash;
    uint8_t hash[HASH_BYTES];
    Hotline__V1__Notice *notice;
    Hotline__V1__SignedNotice *signed_notice; /* NULL while unsigned */
    Hotline__V1__Release *releases[LIMIT_RELEASES];
    size_t release_count;
    char *remark; /* of the return; NULL */
    int64_t changed_ms;
};
HL_MUST_CHECK int draft_get(struct desk *desk, const char *id, struct draft_view **ret_view);
void draft_view_free(struct draft_view *view);
static inline void draft_view_drop(struct draft_view **view)
{
    draft_view_free(*view);
}
/* All drafts not yet sent, newest first. The caller owns the array and its items (draft_list_free). */
struct draft_list {
    size_t count;
    struct draft_view **items;
};
HL_MUST_CHECK int draft_list(struct desk *desk, struct draft_list **ret_list);
void draft_list_free(struct draft_list *list);
static inline void draft_list_drop(struct draft_list **list)
{
    draft_list_free(*list);
}

#endif
