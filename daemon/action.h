/* action — the queue of things that the rim has to do. First come, first taken. */
#ifndef HOTLINE_DAEMON_ACTION_H
#define HOTLINE_DAEMON_ACTION_H

#include "daemon/relay.h"

struct actions {
    struct relay_action *items; /* a ring */
    size_t first, count, size;
};
void actions_init(struct actions *actions);
void actions_done(struct actions *actions);
/* `body` of the action is owned by the queue from now on. Error: HL_ENOMEM (the body is freed). */
HL_MUST_CHECK int actions_add(struct actions *actions, const struct relay_action *action);
bool actions_take(struct actions *actions, struct relay_action *ret_action);

#endif
