/* service — machine statements (CHANNEL_CHECK, MISSING): built, signed, verified. Their schedule is not decided here. */
#ifndef HOTLINE_PROTO_SERVICE_H
#define HOTLINE_PROTO_SERVICE_H

#include "keys/sign.h"
#include "keys/trust.h"
#include "receipt.pb-c.h"

/* Sign by the device; checked against the schema and the fields its kind allows (recipient absent only for CHANNEL_CHECK …).
 * The caller owns *ret_signed; ret_hash = service_hash. */
HL_MUST_CHECK int service_sign(const struct suite *suite,
                               const Hotline__V1__ServiceStatement *statement,
                               const struct sign_key *device, struct blob **ret_signed,
                               uint8_t ret_hash[static HASH_BYTES]);
/* What a statement must say to be taken from an envelope. */
struct service_expectation {
    const uint8_t *ns;               /* NS_BYTES */
    unsigned plane;                  /* of the envelope */
    const struct cert *device;       /* that sent the envelope; sender_* must name it */
    const struct desk_id *recipient; /* own desk; NULL: not judged (own copies, evidence) */
};
/* The signature first, then the fields. Errors: HL_EVERIFY (signature, or the device has no role AUTO), HL_EFORMAT (all else),
 * HL_ENOMEM. *ret_detail is static text, set on failure. The caller owns *ret_statement; ret_hash = service_hash. */
HL_MUST_CHECK int service_check(const struct suite *suite,
                                const struct service_expectation *expected,
                                struct bytes signed_statement,
                                Hotline__V1__ServiceStatement **ret_statement,
                                uint8_t ret_hash[static HASH_BYTES], const char **ret_detail);

#endif
