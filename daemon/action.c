/* action — the queue of things that the rim has to do. */
#include "daemon/action.h"

#include <stdlib.h>

void actions_init(struct actions *actions)
{
    *actions = (struct actions){.count = 0};
}

void actions_done(struct actions *actions)
{
    struct relay_action action;

    while (actions_take(actions, &action))
        blob_free(action.body);
    free(actions->items);
    actions_init(actions);
}

static int grow(struct actions *actions)
{
    size_t size = actions->size ? actions->size * 2 : 64;
    struct relay_action *items = calloc(size, sizeof(*items));

    if (!items)
        return HL_ENOMEM;
    for (size_t i = 0; i < actions->count; i++)
        items[i] = actions->items[(actions->first + i) % actions->size];
    free(actions->items);
    actions->items = items;
    actions->first = 0;
    actions->size = size;
    return HL_OK;
}

int actions_add(struct actions *actions, const struct relay_action *action)
{
    if (actions->count == actions->size) {
        int err = grow(actions);

        if (err != HL_OK) {
            blob_free(action->body);
            return err;
        }
    }
    actions->items[(actions->first + actions->count++) % actions->size] = *action;
    return HL_OK;
}

bool actions_take(struct actions *actions, struct relay_action *ret_action)
{
    if (actions->count == 0)
        return false;
    *ret_action = actions->items[actions->first];
    actions->first = (actions->first + 1) % actions->size;
    actions->count--;
    return true;
}
