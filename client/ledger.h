/* ledger — the rows of notices, in and out, and of the desks they are for. No text stands in them. */
#ifndef HOTLINE_CLIENT_LEDGER_H
#define HOTLINE_CLIENT_LEDGER_H

#include "client/desk.h"
#include "notice.pb-c.h"
#include "proto/receipt.h"

struct ledger_notice {
    const uint8_t *hash;
    const Hotline__V1__Notice *notice;
    bool is_out, is_own_copy;
    struct desk_id sender;
    const uint8_t *sender_device, *deposit;
    uint32_t flags; /* enum notice_flag */
    bool is_weaker;
    int64_t released_ms, not_after_ms; /* of the last release */
};
/* In the caller's transaction. *ret_is_new false: another process, or another deposit, brought it before. */
HL_MUST_CHECK int ledger_put_notice(struct desk *desk, const struct ledger_notice *entry,
                                    bool *ret_is_new);

struct ledger_addressee {
    const uint8_t *notice;
    struct desk_id desk;
    size_t position;
    bool is_action;
    unsigned precedence;
    size_t sealed;                              /* devices with a slot */
    uint64_t seq;                               /* of the Link; 0: none known */
    const uint8_t *prev, *link_hash, *link_sig; /* NULL without a Link */
    enum receipt_state state;
};
HL_MUST_CHECK int ledger_put_addressee(struct desk *desk, const struct ledger_addressee *entry);

/* A desk of a message, with its lengths checked. Error: HL_EFORMAT. */
/* Does the notice name another one of this desk (in_reply_to, supersedes, the target of a cancellation) that is on another plane? A
 * drill must not be answered in earnest, nor the reverse. */
HL_MUST_CHECK int ledger_crosses_planes(struct desk *desk, const Hotline__V1__Notice *notice,
                                        bool *ret_crosses);
HL_MUST_CHECK int ledger_desk_of(const Hotline__V1__Desk *from, struct desk_id *ret_desk);

#endif
