/* export_parts — private to export: what is being gathered, and the records of one deposit. */
#ifndef HOTLINE_CLIENT_EXPORT_PARTS_H
#define HOTLINE_CLIENT_EXPORT_PARTS_H

#include "client/desk.h"
#include "proto/evidence.h"

#define EXPORT_CERTS_MAX    8192
#define EXPORT_RECEIPTS_MAX 8192

struct export_notice {
    uint8_t hash[HASH_BYTES], deposit[HASH_BYTES], sender_device[ID_BYTES];
    struct desk_id sender;
    unsigned plane;
    bool
        is_sealed_here; /* we hold the whole Envelope: one record a desk; else the one that we were given */
};
struct export
{
    struct desk *desk;
    struct evidence_writer *writer;
    struct export_notice notices[16];
    size_t notice_count;
    const struct cert *certs[EXPORT_CERTS_MAX];
    size_t cert_count;
};
void export_drop(struct export **export);

/* Records 10, 11 and 13 of the control deposit that a receipt came or went in; `to`: of our own, the desk it went to. */
HL_MUST_CHECK int export_carrier(struct export *export, const uint8_t deposit[static HASH_BYTES],
                                 const struct desk_id *to);
/* Records 10 to 13 of a notice's deposit. */
HL_MUST_CHECK int export_deposit(struct export *export, const struct export_notice *item);

#endif
