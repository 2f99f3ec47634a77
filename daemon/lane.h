/* lane — gapless numbers and a hash chain for each (sender desk, recipient desk, plane). docs/PROTOCOL.md, "Lanes".
 *
 * A batch stages the next marks; they count only when its commit is done:
 *   settled ──lanes_stage()──> staged ──lanes_settle(true)──> settled, further on
 *                                └─────lanes_settle(false)─> settled, as before */
#ifndef HOTLINE_DAEMON_LANE_H
#define HOTLINE_DAEMON_LANE_H

#include "daemon/index.h"
#include "proto/custody_receipt.h"

struct lane {
    struct desk_id from, to;
    uint32_t plane;
    uint64_t seq; /* 0: nothing yet, head is head_0 */
    uint8_t head[HASH_BYTES];
    uint64_t staged_seq; /* 0: not staged */
    uint8_t staged_head[HASH_BYTES];
};
struct lanes {
    uint8_t ns[NS_BYTES], relay[ID_BYTES];
    uint64_t seed;
    struct lane *items;
    size_t count, size;
    struct index index;
    uint32_t *staged; /* places of staged lanes */
    size_t staged_count, staged_size;
};
struct lane_key {
    struct desk_id from, to;
    uint32_t plane;
};

void lanes_init(struct lanes *lanes, const uint8_t ns[static NS_BYTES],
                const uint8_t relay[static ID_BYTES], uint64_t seed);
void lanes_done(struct lanes *lanes);
/* The next mark of a lane: to, seq and head are set, the salt is the caller's. Error: HL_ENOMEM. */
HL_MUST_CHECK int lanes_stage(struct lanes *lanes, const struct lane_key *key,
                              const uint8_t deposit_hash[static HASH_BYTES],
                              struct lane_mark *ret_mark);
void lanes_settle(struct lanes *lanes, bool is_durable);
/* While loading: the mark must be the next one. Errors: HL_EVERIFY, HL_ENOMEM. */
HL_MUST_CHECK int lanes_restore(struct lanes *lanes, const struct lane_key *key,
                                const uint8_t deposit_hash[static HASH_BYTES],
                                const struct lane_mark *mark);
/* The settled lane; NULL when nothing was ever sent along it. */
const struct lane *lanes_find(const struct lanes *lanes, const struct lane_key *key);

#endif
