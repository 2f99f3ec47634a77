/* desk_world — desks in memory or on disk, paper relays between them, a clock that tests move. */
#ifndef HOTLINE_TESTS_SUPPORT_DESK_WORLD_H
#define HOTLINE_TESTS_SUPPORT_DESK_WORLD_H

#include "client/agent.h"
#include "client/draft.h"
#include "client/query.h"
#include "keys/federation_make.h"
#include "tests/support/fake_suite.h"
#include "tests/support/paper_relay.h"
#include "tests/support/small_world.h"

#define WORLD_RELAYS 3

struct ring_box { /* a stable place for prekeys */
    bool is_written;
    struct prekey_ring copy;
};
struct terminal {
    struct desk_world *world;
    struct ring_box box;
    struct identity *identity;
    struct desk *desk;
    struct agent *agents[WORLD_RELAYS];
    struct paper_session *sessions[WORLD_RELAYS];
};
struct desk_world {
    struct small_world *small;
    struct relay_info infos[WORLD_RELAYS];
    struct made_federation *made; /* NULL: the small world's unsigned one */
    struct trust *admitted;
    struct paper_relay
        *relays[WORLD_RELAYS]; /* "r1" "r2" "r3" of operators "alpha" "beta" "alpha" */
    struct seeded_rng seed;
    struct rng rng;
    int64_t now_ms;
    struct clock clock;
};
struct desk_world *desk_world_new(void); /* fake suite */
struct desk_world *desk_world_new_with(const struct suite *suite);
/* With signed documents (federation_make): XAA, XBB, XCC, two terminals and officers each, two relays. */
struct desk_world *desk_world_new_made(void);
void desk_world_free(struct desk_world *world);

/* Terminal `no` (0, 1; 2 is the MONITOR) of a State's desk TEC. path NULL: in memory. Ends the program on failure. */
struct terminal *terminal_new(struct desk_world *world, int state, int no, const char *path);
/* The database closed and opened again, as after a crash; connections end. `vfs` NULL: the machine's. */
int terminal_reopen(struct terminal *terminal, const char *path, const char *vfs);
void terminal_free(struct terminal *terminal);
static inline void terminal_drop(struct terminal **terminal)
{
    terminal_free(*terminal);
}
void terminal_unlock(struct terminal *terminal, int officer); /* 0, 1; 2 has ACK only */
void terminal_connect(struct terminal *terminal, int relay);
void terminal_disconnect(struct terminal *terminal, int relay);

/* Frees what a test made; a terminal may be NULL. */
void desks_free(struct desk_world *world, struct terminal *const *terminals, size_t count);

/* Move records between these terminals and their relays until all is still. */
void desks_run(struct desk_world *world, struct terminal *const *terminals, size_t count);
/* One after another connects to the first `relays` relays: those who come later find the keys of those before them. */
void desks_connect(struct desk_world *world, struct terminal *const *terminals, size_t count,
                   int relays);
/* Twice, so that each has the keys of all. */
void desks_meet(struct desk_world *world, struct terminal *const *terminals, size_t count,
                int relays);
/* Move the clock, tick couriers and agents, run. */
void desks_wait(struct desk_world *world, struct terminal *const *terminals, size_t count,
                int64_t ms);
/* Tick the agents and run: changes made on a desk go out. */
void desks_flush(struct desk_world *world, struct terminal *const *terminals, size_t count);

/* An INC notice to one or two States (-1: none). The caller frees with hotline__v1__notice__free_unpacked. */
Hotline__V1__Notice *desks_notice(const struct desk_world *world, int to, int also,
                                  unsigned precedence);
/* Drafted by officer 0, released by officer 1 of the terminal; both are on this terminal. Asserts success. */
void desks_send(struct terminal *terminal, int to, unsigned precedence,
                uint8_t ret_hash[static HASH_BYTES]);
/* The one number of a query. Ends the program on failure. */
int64_t desks_count(struct desk *desk, const char *sql);
/* How many events of a kind the desk has. */
size_t desks_events(struct terminal *terminal, int kind);
struct addressee_view desks_addressee(struct terminal *terminal,
                                      const uint8_t hash[static HASH_BYTES], size_t index);

#endif
