/* revocation — who may take a key out of force: its State's national threshold, or the key itself from now on. One judge for what
 * stands beside a roster and for what comes in a bundle. */
#ifndef HOTLINE_KEYS_REVOCATION_H
#define HOTLINE_KEYS_REVOCATION_H

#include "keys/trust.h"

#define REVOCATION_SIGNERS_MAX 8

/* Judge a revocation of `entity` (the caller has compared ns and entity), and bring its certificate's revoked_since_ms forward.
 * *ret_cert: the certificate for which this one now counts; NULL: none, or an earlier one does. *ret_why: static text, on error.
 * Errors: HL_EFORMAT, HL_EVERIFY; HL_ENOTFOUND: signed by no threshold, and the key is not in this roster, so nobody can say
 * whether it signed itself; HL_ENOMEM. */
HL_MUST_CHECK int revocation_apply(const struct suite *suite, const struct entity *entity,
                                   const Hotline__V1__Signed *object,
                                   const Hotline__V1__Revocation *revocation,
                                   struct cert **ret_cert, const char **ret_why);
/* Does the national threshold of the State sign? Errors: HL_EVERIFY, HL_ENOMEM. */
HL_MUST_CHECK int entity_check_threshold(const struct suite *suite, const struct entity *entity,
                                         const Hotline__V1__Signed *object, enum label_fixed label);

#endif
