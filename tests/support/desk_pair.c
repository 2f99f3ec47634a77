/* desk_pair — a sender and a peer who have met: what many tests of a desk begin with. */
#include "tests/support/desk_pair.h"

#include <stdlib.h>

struct desk_pair *desk_pair_new(int relays)
{
    struct desk_pair *pair = calloc(1, sizeof(*pair));
    if (pair == NULL)
        abort();
    pair->world = desk_world_new();
    pair->all[0] = pair->peer = terminal_new(pair->world, XBB, 0, NULL);
    pair->all[1] = pair->sender = terminal_new(pair->world, XAA, 0, NULL);
    desks_meet(pair->world, pair->all, 2, relays);
    return pair;
}

int desk_pair_down(void **state)
{
    struct desk_pair *pair = *state;
    desks_free(pair->world, pair->all, 2);
    free(pair);
    return 0;
}
