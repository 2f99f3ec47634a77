/* relay_read — the shelf, and what has to come from the store first. */
#include <assert.h>
#include <stdlib.h>

#include "daemon/relay_state.h"

static bool is_reading(const struct relay *relay, uint32_t number)
{
    for (size_t i = 0; i < relay->read_count; i++) {
        if (relay->reads[i] == number)
            return true;
    }
    return false;
}

static void ask(struct relay *relay, uint32_t number)
{
    if (is_reading(relay, number) || relay->read_count == RELAY_READS_MAX)
        return;

    struct relay_action action = {.kind = RELAY_READ, .index = number};

    if (actions_add(&relay->actions, &action) != HL_OK)
        relay_break(relay);
    else
        relay->reads[relay->read_count++] = number;
}

struct shelf_item *relay_shelf(struct relay *relay, uint32_t number)
{
    struct shelf_item *item = shelf_get(&relay->shelf, &relay->ledger, number);

    if (!item && !relay->is_broken)
        ask(relay, number);
    return item;
}

int relay_wait_read(struct relay *relay, uint32_t number, struct session *session, uint64_t req)
{
    struct read_waiter *waiter = calloc(1, sizeof(*waiter));

    if (!waiter)
        return HL_ENOMEM;
    *waiter = (struct read_waiter){
        .number = number, .session = session, .req = req, .next = relay->read_waiters};
    relay->read_waiters = waiter;
    session->refs++;
    return HL_OK;
}

static void forget_read(struct relay *relay, uint32_t number)
{
    for (size_t i = 0; i < relay->read_count; i++) {
        if (relay->reads[i] == number) {
            relay->reads[i] = relay->reads[--relay->read_count];
            return;
        }
    }
}

static void answer(struct relay *relay, struct read_waiter *waiter)
{
    struct session *session = waiter->session;

    session->refs--;
    if (waiter->req == 0)
        relay_welcome(relay, session);
    else
        submit_duplicate(relay, session, waiter->req, waiter->number);
    relay_unref(session);
    free(waiter);
}

/* Answer those that waited for this deposit; ask again for those that found the table of reads full. */
static void answer_waiters(struct relay *relay, uint32_t number)
{
    struct read_waiter *rest = relay->read_waiters;

    relay->read_waiters = NULL;
    while (rest) {
        struct read_waiter *waiter = rest;

        rest = waiter->next;
        if (waiter->number == number) {
            answer(relay, waiter);
            continue;
        }
        ask(relay, waiter->number);
        waiter->next = relay->read_waiters;
        relay->read_waiters = waiter;
    }
}

void relay_read_done(struct relay *relay, uint64_t index, int err, struct store_body *body)
{
    struct shelf_item *item = NULL;
    uint32_t number = (uint32_t)index;

    assert(index < relay->ledger.count);
    forget_read(relay, number);
    if (err == HL_OK) {
        err = shelf_item_from(relay->trust->ns, number, body, &item);
        store_body_done(body);
    }
    if (err != HL_OK || relay->is_broken) {
        relay_break(relay); /* a disk that does not give back what it was given */
        shelf_item_free(item);
        return;
    }
    shelf_put(&relay->shelf, &relay->ledger, item);
    answer_waiters(relay, number);
    deliver_after_read(relay);
}
