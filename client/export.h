/* export — the evidence bundle of one or more notices from the desk's own records (docs/PROTOCOL.evidence.md). */
#ifndef HOTLINE_CLIENT_EXPORT_H
#define HOTLINE_CLIENT_EXPORT_H

#include "client/desk.h"

/* All notices of one plane. Records 1 to 5, 10 to 13, 20, 22, 99. The caller owns *ret_bundle. Errors: HL_ENOTFOUND,
 * HL_EINVAL (none, more than 16, or planes differ), HL_ETOOBIG, HL_EIO. */
HL_MUST_CHECK int export_evidence(struct desk *desk, const uint8_t (*notices)[HASH_BYTES],
                                  size_t count, struct blob **ret_bundle);

#endif
