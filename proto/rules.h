/* rules — which fields a notice type needs (docs/PROTOCOL.md, "Mandatory fields"): a table, one row a type. Pure.
 * Types built now: INC, UPD, RSP; a type without a row is refused with HL_EINVAL. */
#ifndef HOTLINE_PROTO_RULES_H
#define HOTLINE_PROTO_RULES_H

#include "notice.pb-c.h"

#include "base/err.h"

#define RULES_FAULTS_MAX 32
/* Form key of the field ("incident.category", "text", "reply_by") and what is wrong with it; both static text. */
struct rules_fault {
    const char *key;
    const char *what;
};
/* All faults of a notice before signing: mandatory fields of its type, one authoritative text, text length in words for
 * FLASH and IMMEDIATE (200), PRIORITY (1000), the body that the type asks for, addressees. Returns HL_OK with *ret_count 0
 * when there is none, HL_EFORMAT with the faults otherwise, HL_EINVAL when the type has no row. */
HL_MUST_CHECK int rules_check(const Hotline__V1__Notice *notice,
                              struct rules_fault ret_faults[static RULES_FAULTS_MAX],
                              size_t *ret_count);
/* Form keys that are mandatory for a type, NULL-terminated, for `show-form`; NULL for a type without a row. */
const char *const *rules_mandatory(Hotline__V1__NoticeType type);

#endif
