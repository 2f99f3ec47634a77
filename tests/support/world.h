/* world — N terminals and M relays, the real cores, in one process and in virtual time. All chance comes from one seed: the same
 * seed gives the same trace. Records pass straight between agent and relay session, over wires that delay, break and stall; relays
 * can be killed between any two steps and lose what was not synced. Not for use beside small_world.h (names). */
#ifndef HOTLINE_TESTS_SUPPORT_WORLD_H
#define HOTLINE_TESTS_SUPPORT_WORLD_H

#include <sodium.h>

#include "client/agent.h"
#include "client/draft.h"
#include "client/query.h"
#include "daemon/relay.h"
#include "daemon/store_memory.h"
#include "keys/federation_make.h"
#include "proto/record.h"
#include "tests/support/fake_suite.h"

#define SIM_NOW_MS     1795000000000LL
#define SIM_STATES_MAX 4
#define SIM_NODES_MAX  8
#define SIM_RELAYS_MAX 3
#define SIM_NEVER      INT64_MAX

struct world;
struct wire;
enum heading { TO_RELAY, TO_DESK };

struct world_plan {
    const struct suite *suite;
    uint64_t seed;
    size_t states, terminals, relays; /* terminals of each State */
    int64_t delay_max_ms;             /* of a record: 1..delay_max_ms */
    bool has_constant_rng;            /* the terminals' generators give one octet for ever */
};

/* One terminal. */
struct node {
    struct world *world;
    char address[9];
    size_t state; /* index in the federation */
    size_t number, terminal;
    struct seeded_rng rng_state;
    struct rng rng;
    struct prekey_ring *ring; /* the durable copy */
    struct identity *identity;
    struct desk *desk;
    char path[64];
    void *keeper; /* sqlite3: the file outlives the terminal's own connection */
    struct {
        const char *sql; /* found by address: literals only */
        void *statement;
    } looks[16];
    int64_t courier_ms;
    unsigned restarts;
};
struct relay_node {
    struct world *world;
    size_t number;
    const struct relay_info *info;
    struct seeded_rng rng_state;
    struct rng rng;
    struct sign_key *log_key;
    struct store *store;
    struct relay *relay;             /* NULL: down */
    const struct store_batch *batch; /* written, not yet synced */
    int64_t commit_due_ms, restart_ms;
    unsigned steps, kill_at; /* kill -9 when steps reaches kill_at; 0: never */
    bool keeps_written,
        keeps_sent; /* in a crash: the batch that was written; the records under way */
    unsigned crashes;
};
/* A place where a terminal may be connected to a relay; `wire` is the connection there is now. */
struct line {
    struct world *world;
    struct node *node;
    struct relay_node *relay;
    struct wire *wire;
    int64_t retry_ms;
    bool is_cut; /* nothing passes, nobody is told */
};
/* One connection. Both ends know it by themselves. */
struct wire {
    struct line *line;
    struct agent *agent;     /* NULL: the terminal has left */
    struct session *session; /* NULL: not yet there, or the relay has left */
    bool is_relay_gone, is_stalled;
    int64_t stalled_ms, last_due_ms[2];
    size_t on_way; /* to the desk */
    struct wire *next;
};
struct packet {
    int64_t due_ms;
    uint64_t number;
    struct wire *wire;
    enum heading heading;
    unsigned type;
    struct blob *body;
    struct packet *next;
};
struct world {
    struct world_plan plan;
    const struct made_federation *made; /* of the suite; shared, never freed */
    const struct trust *trust;
    struct clock clock;
    int64_t now_ms; /* since the beginning */
    struct seeded_rng rng_state;
    struct node nodes[SIM_NODES_MAX];
    size_t node_count;
    struct relay_node relays[SIM_RELAYS_MAX];
    size_t relay_count;
    struct line lines[SIM_NODES_MAX][SIM_RELAYS_MAX];
    struct wire *wires; /* all there were */
    struct packet *packets;
    uint64_t packet_number;
    int64_t tick_ms;
    crypto_generichash_state trace;
    bool has_forgeries; /* results of forged Submits are nobody's */
    unsigned faults;    /* protocol broken by one of our own programs: always a bug */
    char fault[200];
    /* A record is about to leave. May change *body; false: it is lost without a word. */
    bool (*on_record)(struct world *world, struct wire *wire, enum heading heading, unsigned type,
                      struct blob **body);
    void (*on_event)(struct world *world); /* after everything that happens */
    void *context;                         /* of the two */
};

/* All connected, prekeys published and fetched. Ends the program on failure, as all of this file does. */
struct world *sim_new(const struct world_plan *plan);
struct world *sim_new_idle(const struct world_plan *plan); /* nothing has happened yet */
void sim_settle(struct world *world);
void sim_free(struct world *world);
void sim_must(int result, const char *what);
uint64_t sim_random(struct world *world, uint64_t below);
void sim_note(struct world *world, const char *what, uint64_t a, uint64_t b, struct bytes octets);
void sim_trace(const struct world *world, uint8_t ret_hash[static HASH_BYTES]);

/* A small world for a story: record delays up to 40 ms, one terminal a State. */
struct world *sim_story(const struct suite *suite, uint64_t seed, size_t states, size_t relays);

/* Let time pass. */
void sim_run(struct world *world, int64_t ms);
bool sim_run_until(struct world *world, bool (*is_done)(struct world *world, void *context),
                   void *context, int64_t max_ms);

/* Terminal `terminal` (from 0) of State number `state` (0 is XAA). */
struct node *sim_node(struct world *world, size_t state, size_t terminal);
struct line *sim_line(struct world *world, const struct node *node, size_t relay);
/* Unlock officer `number` (from 0) there. */
void node_officer(struct node *node, size_t number);
/* What was changed at the desk goes out. */
void node_poke(struct node *node);
/* kill -9 of the terminal's program, and its start. What was committed is there again. */
void node_restart(struct node *node);
void node_fetch_prekeys(struct node *node);

/* kill -9 of a relay; it starts again after down_ms (SIM_NEVER: not by itself). */
void relay_kill(struct relay_node *relay, int64_t down_ms);
void relay_revive(struct relay_node *relay);
/* The connection breaks; records under way still arrive or not. */
void line_break(struct line *line, bool keeps_sent);
void line_cut(struct line *line, bool is_cut);
/* A record that the terminal's program did not write itself. */
void line_send_raw(struct line *line, unsigned type, struct bytes body);

/* --- notices --- */
struct note {
    const char *type;       /* NULL: INC */
    const char *precedence; /* NULL: FLASH */
    const char *to[4];      /* addresses; all for action */
    const char *text;
    Hotline__V1__Plane plane; /* 0: LIVE */
    const char *reply_to;     /* displayed id, for RSP */
};
/* The caller frees with hotline__v1__notice__free_unpacked. */
Hotline__V1__Notice *note_make(struct node *node, const struct note *note);
/* Officer 0 signs; returns the displayed id. */
void note_draft(struct node *node, const struct note *note, char ret_id[static NOTICE_ID_SIZE],
                uint8_t ret_hash[static HASH_BYTES]);
/* Drafted by officer 0, released by whom the rules ask for, sent. */
void note_send(struct node *node, const struct note *note, uint8_t ret_hash[static HASH_BYTES]);
/* Officer 0 of the desk opens and acknowledges with the right check word. False: the notice is not there. */
bool note_open(struct node *node, const uint8_t hash[static HASH_BYTES]);
bool note_acknowledge(struct node *node, const uint8_t hash[static HASH_BYTES]);

/* --- what a dishonest desk can do --- */
/* Seal `content` (SignedNotice) of the notice `hash` to the desk of `to` with the keys of `by`, and hand it to a relay. */
struct forgery {
    unsigned plane, precedence;
    struct bytes content;
    const uint8_t *hash;
    struct node *to;
};
void forge_submit(struct node *by, size_t relay, const struct forgery *forgery);
/* The SignedNotice of a notice as this terminal holds it. The caller frees. */
struct blob *note_content(struct node *node, const uint8_t hash[static HASH_BYTES]);

/* --- looking, past all interfaces --- */
/* `sql` is a literal: statements are kept by its address. */
int64_t node_count(struct node *node, const char *sql, const uint8_t *hash);
/* Where the notice stands at addressee `address` as the sender knows. */
enum receipt_state note_state(struct node *sender, const uint8_t hash[static HASH_BYTES],
                              const char *address);
/* Time passes until it stands there or higher; false: max_ms are over. */
bool note_wait(struct node *sender, const uint8_t hash[static HASH_BYTES], const char *address,
               enum receipt_state state, int64_t max_ms);
/* Relays that gave custody of any deposit of the notice, as the terminal holds it. */
int64_t note_custody_count(struct node *node, const uint8_t hash[static HASH_BYTES]);
bool note_is_shown(struct node *node, const uint8_t hash[static HASH_BYTES]);
/* First column of all rows, hashes; returns how many. */
size_t node_hashes(struct node *node, const char *sql, const uint8_t *id,
                   uint8_t (*ret_hashes)[HASH_BYTES], size_t max);
int64_t node_event_count(struct node *node, unsigned kind);

#endif
