/* evidence_parts — what proto/evidence*.c share: the record format and the arbiter's state. Private to them. */
#ifndef HOTLINE_PROTO_EVIDENCE_PARTS_H
#define HOTLINE_PROTO_EVIDENCE_PARTS_H

#include "proto/custody_receipt.h"
#include "proto/evidence.h"
#include "proto/open.h"

#define BUNDLE_MAGIC       "HLB1"
#define BUNDLE_RECORDS_MAX 65536 /* before the manifest, which lists them */

/* B(u32be type | octets), as the manifest lists it. */
void bundle_record_hash(uint32_t type, struct bytes octets, uint8_t ret_hash[static HASH_BYTES]);

struct bundle_item {
    uint32_t type;
    struct bytes octets; /* view of the bundle */
};
/* One deposit: record 10 and what belongs to it. */
struct deposit {
    struct bytes delivered;
    struct bytes file_key, link; /* empty: absent */
    size_t item;                 /* index of record 10 */
    size_t items_end;            /* of the first record that is not its own */
    uint8_t deposit_hash[HASH_BYTES], content_hash[HASH_BYTES];
    bool has_content_hash; /* opened, or a Link says it */
    bool is_content;       /* class of the header */
    bool is_rejected;      /* a Reject about it is on file */
    bool is_repeated;      /* as a notice it stands in the bundle before, for another desk */
    const struct cert *sender_device; /* borrowed from the trust */
    struct desk_id sender, recipient; /* of the sending device; of the slot */
    struct opened *opened;            /* owned; NULL without file key */
    int64_t first_ms, last_ms;        /* custody stamps */
    const char *basis;
    bool has_custody, has_two_operators;
};
/* Judging time of the signatures in a deposit: the latest stamp, when two operators gave one. Without that there is no such
 * time, and a key that was ever revoked counts as revoked: neither created_ms nor one relay is believed. */
int64_t deposit_time(const struct deposit *deposit);
/* The arbiter at work. */
struct arbiter {
    const struct suite *suite;
    const uint8_t *pinned_root;
    int64_t now_ms;
    struct bundle_item *items; /* owned; BUNDLE_RECORDS_MAX and the manifest */
    size_t count;
    struct trust *trust;
    Hotline__V1__Signed *manifest_object;
    Hotline__V1__BundleManifest *manifest;
    struct deposit *deposits; /* owned; as many as there are envelopes */
    size_t deposit_count;
    struct verdict *verdict; /* being filled */
};

/* Note where it fails; returns HL_EVERIFY. item is an index of items. */
int arbiter_fail(struct arbiter *arbiter, size_t item, const char *what);
/* HL_OK and HL_ENOMEM, which says nothing about the bundle, pass; any other error is a failure of the item. */
HL_MUST_CHECK int arbiter_check(struct arbiter *arbiter, size_t item, int err, const char *what);
/* The State's keys that a bundle says are revoked (record 6); before anything is judged by a certificate. */
HL_MUST_CHECK int arbiter_revocations(struct arbiter *arbiter); /* evidence_revocation.c */
HL_MUST_CHECK int arbiter_rejects(struct arbiter *arbiter);     /* evidence_reject.c */
HL_MUST_CHECK int arbiter_read(struct arbiter *arbiter, struct bytes bundle); /* evidence_read.c */
HL_MUST_CHECK int arbiter_trust(struct arbiter *arbiter);                     /* evidence_read.c */
/* Mark a training federation's bundle, one that does not verify as well. Error: HL_ENOMEM. */
HL_MUST_CHECK int arbiter_mark(struct arbiter *arbiter);     /* evidence_read.c */
HL_MUST_CHECK int arbiter_deposits(struct arbiter *arbiter); /* evidence_deposit.c */
HL_MUST_CHECK int arbiter_claims(struct arbiter *arbiter);   /* evidence_claims.c */
HL_MUST_CHECK int arbiter_receipts(struct arbiter *arbiter); /* evidence_answers.c */

#define REMARK_TEXT "text and releases are not in the bundle"
/* A claim by that desk about the deposit; NULL when a verdict holds no more, which fails the bundle. */
struct verdict_claim *arbiter_claim(struct arbiter *arbiter, const char *claim,
                                    const struct deposit *deposit, const struct desk_id *by);
/* The claim's first remark is the one that is shown; detail is static text. */
void arbiter_remark(struct arbiter *arbiter, struct verdict_claim *claim, const char *detail);

#endif
