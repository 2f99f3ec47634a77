/* draft_row — private to draft: rows of the table, and drafts travelling to the desk's other terminals. */
#ifndef HOTLINE_CLIENT_DRAFT_ROW_H
#define HOTLINE_CLIENT_DRAFT_ROW_H

#include "client/draft.h"
#include "envelope.pb-c.h"

struct draft_row {
    uint8_t notice_id[ID_BYTES];
    char id[NOTICE_ID_SIZE];
    enum draft_state state;
    bool has_hash;
    uint8_t hash[HASH_BYTES];
    struct blob *content; /* Notice (unsigned) or SignedNotice */
    struct blob *remark;  /* NULL: none */
    int64_t changed_ms;
};
void draft_row_free(struct draft_row *row);
static inline void draft_row_drop(struct draft_row **row)
{
    draft_row_free(*row);
}
/* Errors: HL_EINVAL (not an id), HL_ENOTFOUND, HL_EAMBIGUOUS; words in desk_why(). */
HL_MUST_CHECK int draft_row_find(struct desk *desk, const char *id, struct draft_row **ret_row);
/* The `skip`-th newest row in one of the states up to `last`; HL_ENOTFOUND behind the end. */
HL_MUST_CHECK int draft_row_at(struct desk *desk, enum draft_state last, size_t skip,
                               struct draft_row **ret_row);
/* Write or replace, in the caller's transaction; changed_ms is set here. */
HL_MUST_CHECK int draft_row_put(struct desk *desk, const struct draft_row *row);
HL_MUST_CHECK int draft_row_state(struct desk *desk, const uint8_t notice_id[static ID_BYTES],
                                  enum draft_state state);
HL_MUST_CHECK int draft_row_delete(struct desk *desk, const uint8_t notice_id[static ID_BYTES]);

/* Seal a signed draft to our other terminals, in the caller's transaction; nothing when there are none. */
HL_MUST_CHECK int draft_forward(struct desk *desk, const struct draft_row *row,
                                Hotline__V1__DraftAction action, const char *remark);

/* A signed draft taken apart. */
struct draft_parts {
    Hotline__V1__SignedNotice *signed_notice;
    Hotline__V1__Notice *notice;
    Hotline__V1__Release *releases[LIMIT_RELEASES];
    size_t release_count;
};
HL_MUST_CHECK int draft_parts_of(struct bytes content, struct draft_parts **ret_parts);
void draft_parts_free(struct draft_parts *parts);
static inline void draft_parts_drop(struct draft_parts **parts)
{
    draft_parts_free(*parts);
}
/* Number, seal and queue a draft whose releases are complete and name this device; in the caller's transaction.
 * Errors: as draft_release(). */
struct slot_plan;
HL_MUST_CHECK int draft_send(struct desk *desk, const struct draft_row *row,
                             const struct draft_parts *parts, struct slot_plan *plan,
                             size_t *ret_skipped);
/* Send every draft that other terminals completed and that names this device as the sending one: each in a transaction of its
 * own, outside of any other, so that one that cannot be sent (told once, as an event) holds up nothing else. */
HL_MUST_CHECK int draft_send_due(struct desk *desk);
/* Slots for a notice's addressees. The caller owns *ret_plan. */
HL_MUST_CHECK int draft_plan(struct desk *desk, const Hotline__V1__Notice *notice,
                             struct slot_plan **ret_plan);

#endif
