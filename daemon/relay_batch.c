/* relay_batch — closing a batch, and what follows when it is durable, was not written, or is in doubt. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/relay_state.h"

#define ERASURES_A_BATCH 128

/* --- erasures ---------------------------------------------------------------------------------------------- */

static int queue_push(struct erase_queue *queue, uint32_t number)
{
    if (queue->count == queue->size) {
        size_t size = queue->size ? queue->size * 2 : 64;
        uint32_t *numbers = calloc(size, sizeof(*numbers));

        if (!numbers)
            return HL_ENOMEM;
        for (size_t i = 0; i < queue->count; i++)
            numbers[i] = queue->numbers[(queue->first + i) % queue->size];
        free(queue->numbers);
        *queue = (struct erase_queue){.numbers = numbers, .count = queue->count, .size = size};
    }
    queue->numbers[(queue->first + queue->count++) % queue->size] = number;
    return HL_OK;
}

static uint32_t queue_pop(struct erase_queue *queue)
{
    uint32_t number = queue->numbers[queue->first];

    queue->first = (queue->first + 1) % queue->size;
    queue->count--;
    return number;
}

void relay_want_erase(struct relay *relay, uint32_t number)
{
    struct deposit *deposit = &relay->ledger.items[number];

    if (deposit->is_erasing || deposit->form == DEPOSIT_CHAIN)
        return;
    if (queue_push(&relay->erasable, number) != HL_OK)
        return; /* the expiry finds it again */
    deposit->is_erasing = true;
}

/* What replaces the envelope; false: it has to be read first, and is queued again. */
static bool prepare_erasure(struct relay *relay, uint32_t number, struct erasure *ret_erasure)
{
    struct deposit *deposit = &relay->ledger.items[number];
    struct shelf_item *item = NULL;

    *ret_erasure = (struct erasure){.number = number};
    if (deposit->form == DEPOSIT_STUB)
        return true; /* from the Stub to the chain alone */
    item = relay_shelf(relay, number);
    if (item && shelf_item_stub(item, &ret_erasure->stub) == HL_OK)
        return true;
    deposit->is_erasing = false;
    relay_want_erase(relay, number);
    return false;
}

static void collect_erasures(struct relay *relay)
{
    struct batch *batch = &relay->batch;
    size_t tries = relay->erasable.count;

    if (tries > ERASURES_A_BATCH)
        tries = ERASURES_A_BATCH;
    for (size_t i = 0; i < tries; i++) {
        uint32_t number = queue_pop(&relay->erasable);

        if (prepare_erasure(relay, number, &batch->erasures[batch->erasure_count]))
            batch->erasure_count++;
    }
}

/* --- closing ------------------------------------------------------------------------------------------------ */

static void collect_takers(struct relay *relay)
{
    struct batch *batch = &relay->batch;

    for (size_t i = 0; relay->dirty_takers > 0 && i < relay->devices.count; i++) {
        struct device *device = relay->devices.items[i];

        if (!device->is_taken_dirty || batch->taker_count == BATCH_EXTRAS_MAX)
            continue;
        device->is_taken_dirty = false;
        relay->dirty_takers--;
        batch->takers[batch->taker_count++] = device;
    }
}

static int place_lane(struct relay *relay, struct pending *pending, size_t lane)
{
    struct store_parts *parts = &pending->item->parts;
    struct lane_mark *mark = &parts->lanes[lane];
    struct lane_key key = {
        .from = pending->deposit.from, .to = mark->to, .plane = pending->deposit.plane};
    struct mailbox *mailbox = NULL;

    TRY(mailboxes_get(&relay->mailboxes, &mark->to, &mailbox));
    TRY(lanes_stage(&relay->lanes, &key, pending->deposit.hash, mark));
    rng_fill(relay->rng, mark->salt, ID_BYTES);
    parts->mailbox_seqs[lane] = mailbox->count + ++mailbox->staged;
    return HL_OK;
}

/* Number, stamp and places are final now; the leaf covers them. */
static int place(struct relay *relay, struct pending *pending, uint64_t index, int64_t received_ms)
{
    struct store_deposit *deposit = &pending->deposit;
    struct custody custody = {.ns = relay->trust->ns,
                              .relay = relay->id,
                              .received_ms = received_ms,
                              .plane = deposit->plane,
                              .from = deposit->from,
                              .lanes = deposit->lanes,
                              .lane_count = deposit->lane_count};

    deposit->index = index;
    deposit->tree_size = relay->tree.size + relay->batch.flying_count;
    deposit->received_ms = received_ms;
    for (size_t lane = 0; lane < deposit->lane_count; lane++)
        TRY(place_lane(relay, pending, lane));
    memcpy(custody.deposit_hash, deposit->hash, HASH_BYTES);
    rng_fill(relay->rng, custody.salt, HASH_BYTES);
    return custody_body(&custody, &pending->item->custody, deposit->leaf);
}

static int place_all(struct relay *relay)
{
    int64_t received_ms = clock_utc_ms(relay->clock);
    uint64_t index = relay->tree.size;

    if (received_ms < relay->received_ms)
        received_ms = relay->received_ms; /* never decreasing over the tree */
    for (struct pending *pending = relay->batch.flying; pending; pending = pending->next)
        TRY(place(relay, pending, index++, received_ms));
    return HL_OK;
}

void relay_close_batch(struct relay *relay)
{
    struct batch *batch = &relay->batch;
    struct relay_action action = {.kind = RELAY_COMMIT, .batch = &batch->store};

    if (relay->is_broken || batch->is_flying ||
        (!batch->first && !batch->prekeys_first && !relay->is_tick_due))
        return;
    batch_take_off(batch);
    collect_takers(relay);
    if (relay->is_tick_due)
        collect_erasures(relay);
    relay->is_tick_due = false;
    if (!batch->flying && !batch->flying_prekeys &&
        batch->taker_count + batch->erasure_count == 0) {
        batch_land(batch);
        return;
    }
    if (place_all(relay) != HL_OK || batch_pack(batch) != HL_OK ||
        actions_add(&relay->actions, &action) != HL_OK)
        relay_break(relay);
}

/* --- after the commit ------------------------------------------------------------------------------------------ */

static void touch(struct relay *relay, struct mailbox *mailbox)
{
    if (mailbox->is_touched)
        return;
    mailbox->is_touched = true;
    mailbox->next_touched = relay->touched;
    relay->touched = mailbox;
}

static int file_entry(struct relay *relay, const struct store_deposit *deposit, size_t lane)
{
    struct mailbox_entry entry = {.number = (uint32_t)deposit->index, .lane = (uint16_t)lane};
    struct mailbox *mailbox = NULL;

    TRY(mailboxes_get(&relay->mailboxes, &deposit->lanes[lane].to, &mailbox));
    mailbox->staged = 0;
    TRY(mailbox_append(mailbox, &entry, deposit->precedence));
    assert(mailbox->count == deposit->mailbox_seqs[lane]);
    touch(relay, mailbox);
    return HL_OK;
}

/* A durable deposit enters the relay's memory. */
static int file_deposit(struct relay *relay, struct pending *pending)
{
    const struct store_deposit *deposit = &pending->deposit;

    TRY(ledger_append(&relay->ledger, deposit));
    TRY(relay_name_slots(relay, &relay->ledger.items[deposit->index], deposit->slots,
                         deposit->lanes));
    TRY(tree_append(&relay->tree, deposit->leaf));
    for (size_t lane = 0; lane < deposit->lane_count; lane++)
        TRY(file_entry(relay, deposit, lane));
    pending->device->last_own = (uint32_t)deposit->index;
    pending->item->number = (uint32_t)deposit->index;
    relay->received_ms = deposit->received_ms;
    relay->counts.deposits_taken++;
    return HL_OK;
}

static int file_all(struct relay *relay)
{
    for (struct pending *pending = relay->batch.flying; pending; pending = pending->next)
        TRY(file_deposit(relay, pending));
    lanes_settle(&relay->lanes, true);
    return HL_OK;
}

static void answer_all(struct relay *relay, struct pending *pending)
{
    while (pending) {
        struct pending *next = pending->next;

        for (struct waiter *waiter = pending->waiters; waiter; waiter = waiter->next) {
            waiter->session->refs--;
            submit_taken(relay, waiter, pending->item);
            relay_unref(waiter->session);
        }
        shelf_put(&relay->shelf, &relay->ledger, MOVE(pending->item));
        pending_free(pending);
        pending = next;
    }
}

static void refuse_all(struct relay *relay, struct pending *pending, Hotline__V1__SubmitCode code)
{
    while (pending) {
        struct pending *next = pending->next;

        for (struct waiter *waiter = pending->waiters; waiter; waiter = waiter->next) {
            waiter->session->refs--;
            relay_count_short(relay, code);
            submit_result(relay, waiter->session, waiter->req, code, NULL);
            relay_unref(waiter->session);
        }
        for (size_t lane = 0; lane < pending->deposit.lane_count; lane++) {
            struct mailbox *mailbox =
                mailboxes_find(&relay->mailboxes, &pending->deposit.lanes[lane].to);

            mailbox->staged = 0;
        }
        pending_free(pending);
        pending = next;
    }
}

static void answer_prekeys(struct relay *relay, struct pending_prekeys *prekeys, int err)
{
    while (prekeys) {
        struct pending_prekeys *next = prekeys->next;

        prekey_result(relay, prekeys, err);
        prekeys = next;
    }
}

static void finish_erasures(struct relay *relay, bool is_durable)
{
    struct batch *batch = &relay->batch;

    for (size_t i = 0; i < batch->erasure_count; i++) {
        struct deposit *deposit = &relay->ledger.items[batch->erasures[i].number];

        deposit->is_erasing = false;
        if (!is_durable) {
            relay_want_erase(relay, batch->erasures[i].number);
            continue;
        }
        deposit->form = batch->erasures[i].stub ? DEPOSIT_STUB : DEPOSIT_CHAIN;
        shelf_drop(&relay->shelf, &relay->ledger, batch->erasures[i].number);
    }
}

static void retake(struct relay *relay)
{
    struct batch *batch = &relay->batch;

    for (size_t i = 0; i < batch->taker_count; i++) {
        if (batch->takers[i]->is_taken_dirty)
            continue;
        batch->takers[i]->is_taken_dirty = true;
        relay->dirty_takers++;
    }
    relay->dirty_since_ms = clock_mono_ms(relay->clock);
}

static void not_written(struct relay *relay, int err)
{
    struct batch *batch = &relay->batch;

    lanes_settle(&relay->lanes, false);
    batch_forget_flying(batch);
    refuse_all(relay, MOVE(batch->flying),
               err == HL_ENOSPACE ? HOTLINE__V1__SUBMIT_CODE__SUBMIT_NO_SPACE
                                  : HOTLINE__V1__SUBMIT_CODE__SUBMIT_BUSY);
    answer_prekeys(relay, MOVE(batch->flying_prekeys), err);
    finish_erasures(relay, false);
    retake(relay);
    batch_land(batch);
}

void relay_commit_done(struct relay *relay, const struct store_batch *store_batch, int err)
{
    struct batch *batch = &relay->batch;

    assert(batch->is_flying && store_batch == &batch->store);
    if (relay->is_broken)
        return; /* what flies is freed with the relay */
    if (err == HL_ENOSPACE || err == HL_ENOMEM) {
        not_written(relay, err);
        return;
    }
    if (err != HL_OK || file_all(relay) != HL_OK) {
        relay_break(relay);
        return;
    }
    relay->counts.commits++;
    batch_forget_flying(batch);
    answer_all(relay, MOVE(batch->flying));
    answer_prekeys(relay, MOVE(batch->flying_prekeys), HL_OK);
    finish_erasures(relay, true);
    batch_land(batch);
    deliver_touched(relay);
}
