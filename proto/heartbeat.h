/* heartbeat — Ping and Pong, packed and parsed. docs/PROTOCOL.md, "Frames". */
#ifndef HOTLINE_PROTO_HEARTBEAT_H
#define HOTLINE_PROTO_HEARTBEAT_H

#include "base/bytes.h"

/* The caller owns *ret_ping. Error: HL_ENOMEM. */
HL_MUST_CHECK int ping_pack(uint64_t token, struct blob **ret_ping);
/* The Pong that answers a Ping; relay_ms 0 = absent. The caller owns *ret_pong. Errors: HL_EFORMAT, HL_ENOMEM. */
HL_MUST_CHECK int pong_answer(struct bytes ping, int64_t relay_ms, struct blob **ret_pong);

#endif
