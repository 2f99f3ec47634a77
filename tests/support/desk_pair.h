/* desk_pair — a sender and a peer who have met: what many tests of a desk begin with. */
#ifndef HOTLINE_TESTS_SUPPORT_DESK_PAIR_H
#define HOTLINE_TESTS_SUPPORT_DESK_PAIR_H

#include "tests/support/desk_world.h"

struct desk_pair {
    struct desk_world *world;
    struct terminal *sender, *peer; /* XAA/1, XBB/1, both in memory */
    struct terminal *all[2];        /* the peer came first */
    uint8_t hash[HASH_BYTES];       /* of the notice that it is about */
};
/* They have met at the first `relays` relays; 0: they have not. Ends the program on failure. */
struct desk_pair *desk_pair_new(int relays);
/* A test's teardown. */
int desk_pair_down(void **state);

#endif
