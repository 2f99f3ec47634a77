/* peer — whose prekeys we hold: the newest of each device and kind, never an older one; and our own, made and published.
 * docs/PROTOCOL.md, "Prekeys". */
#ifndef HOTLINE_CLIENT_PEER_H
#define HOTLINE_CLIENT_PEER_H

#include "client/desk.h"

/* Judge and keep one Signed{Prekey} that a relay served. A bad one is skipped (HL_OK): one hostile key must not mute the rest.
 * Our own device's newer than our state locks sending: STATE ROLLBACK. */
HL_MUST_CHECK int peer_take_prekey(struct desk *desk, struct bytes signed_prekey);

enum peer_key { PEER_NONE, PEER_NORMAL, PEER_WEAKER };
/* The key to seal to now: newest rotating in force, else last resort, else one expired at most 24 h ago (the last two: WEAKER).
 * ret_id and ret_pk are set unless PEER_NONE. */
HL_MUST_CHECK int peer_pick_key(struct desk *desk, const struct cert *device,
                                enum peer_key *ret_quality, uint8_t ret_id[static ID_BYTES],
                                uint8_t ret_pk[static KEM_PK_BYTES]);

/* Make our own prekey if the newest is 24 h old: ring durable first, then the signed one stored. *ret_signed: the newest, made now or
 * before; the caller owns it. Serialised between processes by the database. */
HL_MUST_CHECK int peer_own_prekey(struct desk *desk, struct blob **ret_signed,
                                  int64_t *ret_created_ms);
/* Lock sending and say so once. */
HL_MUST_CHECK int peer_mark_rollback(struct desk *desk, const char *detail);

#endif
