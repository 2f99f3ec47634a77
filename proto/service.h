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
/* sender_* must be the envelope's. Errors: HL_EFORMAT, HL_EVERIFY, HL_ENOMEM. The caller owns *ret_statement. */
HL_MUST_CHECK int service_check(const struct suite *suite, const struct trust *trust,
                                const uint8_t ns[static NS_BYTES], unsigned plane,
                                const struct cert *envelope_device, const struct desk_id *own_desk,
                                struct bytes signed_statement,
                                Hotline__V1__ServiceStatement **ret_statement,
                                uint8_t ret_hash[static HASH_BYTES], const char **ret_detail);

#endif
