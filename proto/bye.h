/* bye — the last record of a session: packed and parsed. docs/PROTOCOL.md, "Transport". */
#ifndef HOTLINE_PROTO_BYE_H
#define HOTLINE_PROTO_BYE_H

#include "base/bytes.h"

#define BYE_DETAIL_MAX 120

/* reason: a Hotline__V1__ByeReason but 0; detail: ASCII, cut at BYE_DETAIL_MAX, or NULL. The caller owns *ret_body.
 * Error: HL_ENOMEM. */
HL_MUST_CHECK int bye_pack(unsigned reason, const char *detail, struct blob **ret_body);
/* Errors: HL_EFORMAT, HL_ENOMEM. */
HL_MUST_CHECK int bye_parse(struct bytes body, unsigned *ret_reason);
/* What the device that was told goodbye may tell its officer: an English phrase, never NULL. */
const char *bye_text(unsigned reason);
/* Does what is queued go out before a Bye of this reason? */
bool bye_lets_queue_go(unsigned reason);

#endif
