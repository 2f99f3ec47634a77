/* world_make — private to the files of the simulated world. */
#ifndef HOTLINE_TESTS_SUPPORT_WORLD_MAKE_H
#define HOTLINE_TESTS_SUPPORT_WORLD_MAKE_H

#include "tests/support/world.h"

enum { SIM_HELLO = 0x100, SIM_END = 0x101 }; /* packets that are no records */

#define SIM_FORGED_REQ (UINT64_C(1) << 40)

void node_make(struct node *node, size_t state, size_t terminal);
void node_done(struct node *node);
void relay_node_make(struct relay_node *relay, size_t number);
void relay_node_done(struct relay_node *relay);
void relay_node_tick(struct relay_node *relay);
void relay_node_commit(struct relay_node *relay);
void relay_node_pump(struct relay_node *relay);

void line_connect(struct line *line);
void line_tick(struct line *line);
void wire_send(struct wire *wire, enum heading heading, unsigned type, struct blob *body);
void wire_flush(struct wire *wire);
void wire_take(struct packet *packet);
/* One end is gone. The other one hears of it after the records under way, if they are kept. */
void wire_leave_desk(struct wire *wire, bool keeps_sent);
void wire_leave_relay(struct wire *wire, bool keeps_sent);
void sim_fault(struct world *world, const char *what, const char *where, int code);

#endif
