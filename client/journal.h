/* journal — what this terminal did, each row chained to the one before: H(journal, prev | row). A row's number is taken before
 * anything is sealed with it. docs/PROTOCOL.md, "Sealing". */
#ifndef HOTLINE_CLIENT_JOURNAL_H
#define HOTLINE_CLIENT_JOURNAL_H

#include "client/desk.h"

enum journal_kind {
    JOURNAL_OPENED_DATABASE = 1,
    JOURNAL_DRAFT,
    JOURNAL_RELEASE,
    JOURNAL_SEALED,
    JOURNAL_ARRIVED,
    JOURNAL_REJECTED,
    JOURNAL_QUARANTINED,
    JOURNAL_RECEIPT_MADE,
    JOURNAL_RECEIPT_SEEN,
    JOURNAL_SERVICE,
    JOURNAL_PREKEY,
    JOURNAL_OVERDUE,
    JOURNAL_ROLLBACK
};
/* Append inside the caller's transaction. `octets`: hashes and ids only. ret_row may be NULL. */
HL_MUST_CHECK int journal_append(struct desk *desk, enum journal_kind kind, struct bytes octets,
                                 uint64_t *ret_row);

#endif
