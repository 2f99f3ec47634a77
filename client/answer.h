/* answer — what this desk says back about a notice: OPENED, ACKNOWLEDGED, REFUSED; signed, stored, put in the outbox in one
 * transaction. Given once, an answer is repeated from its stored bytes. docs/PROTOCOL.md, "Receipts and service statements". */
#ifndef HOTLINE_CLIENT_ANSWER_H
#define HOTLINE_CLIENT_ANSWER_H

#include "client/desk.h"
#include "receipt.pb-c.h"

struct answer {
    Hotline__V1__Receipt *receipt; /* owned */
    struct blob *signed_receipt;   /* owned */
    uint8_t hash[HASH_BYTES];
    bool is_repeated; /* it was given before: nothing new is sent */
};
void answer_free(struct answer *answer);
static inline void answer_drop(struct answer **answer)
{
    answer_free(*answer);
}

/* This device has displayed the text. A headless profile or MONITOR device may not say so. Own-desk copies and our own notices
 * are never receipted: HL_EINVAL. Errors: HL_EPERM (exit 77), HL_ENOTFOUND, HL_EVERIFY (quarantined: exit 10), HL_EIO, HL_EBUSY. */
HL_MUST_CHECK int answer_open(struct desk *desk, const uint8_t notice_hash[static HASH_BYTES],
                              struct answer **ret_answer);

struct ack_options {
    Hotline__V1__Disposition disposition;
    const char *check_word;    /* NULL: none given */
    int64_t reply_expected_ms; /* 0: none */
    const char *note;          /* NULL, or at most 200 octets */
    uint32_t rung;             /* 0, or 1..8 */
};
/* Errors: HL_ESTATE (this device has not opened it: exit 77), HL_EFORMAT (wrong or missing check word, note too long: exit 65, nothing
 * sent), HL_EPERM (no ACK officer: exit 77), HL_ENOTFOUND, HL_EVERIFY (quarantined), HL_EIO, HL_EBUSY. */
HL_MUST_CHECK int answer_acknowledge(struct desk *desk,
                                     const uint8_t notice_hash[static HASH_BYTES],
                                     const struct ack_options *options, struct answer **ret_answer);
HL_MUST_CHECK int answer_refuse(struct desk *desk, const uint8_t notice_hash[static HASH_BYTES],
                                Hotline__V1__Reason reason, const char *note,
                                struct answer **ret_answer);

#endif
