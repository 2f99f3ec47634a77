/* replay — the last 2^16 ephemeral keys of handshakes: one that comes again is closed silently. docs/PROTOCOL.md, "Callers who are nobody yet". */
#ifndef HOTLINE_DAEMON_REPLAY_H
#define HOTLINE_DAEMON_REPLAY_H

#include "daemon/index.h"

#define REPLAY_KEYS 65536U

struct replay {
    uint64_t seed;
    uint8_t (*keys)[32]; /* a ring */
    size_t count, next;
    struct index by_key;
};
HL_MUST_CHECK int replay_init(struct replay *replay, uint64_t seed);
void replay_done(struct replay *replay);
/* Was it seen? Remembers it, over the oldest one. Without memory to remember: true, the peer tries again. */
bool replay_seen(struct replay *replay, const uint8_t key[static 32]);

#endif
