/* greet — the handshake's three messages as they stand on the wire: preamble, mac1, length. docs/PROTOCOL.md, "Transport".
 * Every error means: close silently. */
#ifndef HOTLINE_PROTO_GREET_H
#define HOTLINE_PROTO_GREET_H

#include "proto/channel.h"
#include "proto/handshake.h"

/* Client: preamble | message 1 | mac1 to `out`. The caller owns *ret_handshake. */
HL_MUST_CHECK int greet_first(const struct channel_client_params *params, struct buf *out,
                              struct handshake **ret_handshake);
/* Server: judge CHANNEL_FIRST_WIRE octets, answer with message 2. The caller owns *ret_handshake.
 * Errors: HL_EVERIFY (preamble, mac1, replay, message), HL_ENOMEM. */
HL_MUST_CHECK int greet_second(const struct channel_server_params *params,
                               const uint8_t first[static CHANNEL_FIRST_WIRE], struct buf *out,
                               struct handshake **ret_handshake);
/* Client: take message 2, answer with u16be length | message 3. */
HL_MUST_CHECK int greet_third(struct handshake *handshake, struct bytes second, struct bytes hello,
                              struct buf *out);
/* Server: take message 3 without its length. The caller owns *ret_hello. */
HL_MUST_CHECK int greet_finish(struct handshake *handshake, struct bytes third,
                               struct blob **ret_hello);

#endif
