/* ping — a service statement PING of XAA's first device to XBB.TEC, sealed to whom a test likes. */
#ifndef HOTLINE_TESTS_SUPPORT_PING_H
#define HOTLINE_TESTS_SUPPORT_PING_H

#include "tests/support/small_world.h"

struct ping {
    uint8_t hash[HASH_BYTES]; /* of the statement */
    struct sealed *sealed;    /* owned */
};
/* Ends the program on failure. */
void ping_seal(const struct small_world *world, const struct seal_slot *slots, size_t count,
               struct ping *ret_ping);

#endif
