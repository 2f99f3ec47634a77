/* batch — what waits to become durable, and the one batch that is in flight. */
#include "daemon/batch.h"

#include <assert.h>
#include <stdlib.h>

int pending_new(struct pending **ret_pending)
{
    struct pending *pending = calloc(1, sizeof(*pending));

    if (!pending)
        return HL_ENOMEM;
    *ret_pending = pending;
    return HL_OK;
}

void pending_free(struct pending *pending)
{
    if (!pending)
        return;
    while (pending->waiters) {
        struct waiter *waiter = pending->waiters;

        pending->waiters = waiter->next;
        free(waiter);
    }
    shelf_item_free(pending->item);
    blob_free(pending->envelope);
    free(pending);
}

int pending_add_waiter(struct pending *pending, struct session *session, uint64_t req,
                       bool is_duplicate)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    if (!waiter)
        return HL_ENOMEM;
    *waiter = (struct waiter){
        .session = session, .req = req, .is_duplicate = is_duplicate, .next = pending->waiters};
    pending->waiters = waiter;
    session->refs++;
    return HL_OK;
}

void pending_prekeys_free(struct pending_prekeys *prekeys)
{
    if (!prekeys)
        return;
    for (size_t place = 0; place < DEVICE_PREKEYS; place++) {
        if (prekeys->is_new[place])
            blob_free(prekeys->places[place].signed_prekey);
    }
    free(prekeys);
}

void batch_init(struct batch *batch, uint64_t seed)
{
    *batch = (struct batch){.seed = seed};
    batch->last = &batch->first;
    batch->prekeys_last = &batch->prekeys_first;
}

static void free_pendings(struct pending *pending)
{
    while (pending) {
        struct pending *next = pending->next;

        pending_free(pending);
        pending = next;
    }
}

static void free_prekeys(struct pending_prekeys *prekeys)
{
    while (prekeys) {
        struct pending_prekeys *next = prekeys->next;

        pending_prekeys_free(prekeys);
        prekeys = next;
    }
}

void batch_done(struct batch *batch)
{
    free_pendings(batch->first);
    free_pendings(batch->flying);
    free_prekeys(batch->prekeys_first);
    free_prekeys(batch->flying_prekeys);
    batch->flying = NULL;
    batch->flying_prekeys = NULL;
    batch_land(batch);
    batch_init(batch, batch->seed);
}

static struct pending **bucket_of(struct batch *batch, const uint8_t hash[static HASH_BYTES])
{
    return &batch->buckets[index_hash(batch->seed, BYTES(hash, HASH_BYTES)) % BATCH_BUCKETS];
}

void batch_add(struct batch *batch, struct pending *pending)
{
    *batch->last = pending;
    batch->last = &pending->next;
    batch->waiting_count++;
    batch->waiting_bytes += pending->envelope->len;

    struct pending **bucket = bucket_of(batch, pending->deposit.hash);

    pending->next_of_bucket = *bucket;
    *bucket = pending;
}

void batch_add_prekeys(struct batch *batch, struct pending_prekeys *prekeys)
{
    *batch->prekeys_last = prekeys;
    batch->prekeys_last = &prekeys->next;
    batch->prekeys_count++;
}

struct pending *batch_find(struct batch *batch, const uint8_t hash[static HASH_BYTES])
{
    struct pending *pending = *bucket_of(batch, hash);

    while (pending && !bytes_equal(BYTES_OF(pending->deposit.hash), BYTES(hash, HASH_BYTES)))
        pending = pending->next_of_bucket;
    return pending;
}

void batch_forget_flying(struct batch *batch)
{
    for (struct pending *pending = batch->flying; pending; pending = pending->next) {
        struct pending **at = bucket_of(batch, pending->deposit.hash);

        while (*at != pending)
            at = &(*at)->next_of_bucket;
        *at = pending->next_of_bucket;
    }
}

/* Cut the list of waiting deposits behind those that fit into one batch. */
static void take_deposits(struct batch *batch)
{
    struct pending **cut = &batch->first;
    size_t bytes = 0;

    while (*cut && batch->flying_count < BATCH_DEPOSITS_MAX &&
           (bytes == 0 || bytes + (*cut)->envelope->len <= BATCH_BYTES_MAX)) {
        bytes += (*cut)->envelope->len;
        batch->flying_count++;
        cut = &(*cut)->next;
    }

    struct pending *rest = *cut;

    *cut = NULL;
    batch->flying = batch->first;
    batch->first = rest;
    if (!rest)
        batch->last = &batch->first;
    batch->waiting_count -= batch->flying_count;
    batch->waiting_bytes -= bytes;
}

void batch_take_off(struct batch *batch)
{
    assert(!batch->is_flying && !batch->flying && !batch->flying_prekeys);
    batch->is_flying = true;
    take_deposits(batch);
    batch->flying_prekeys = batch->prekeys_first;
    batch->prekeys_first = NULL;
    batch->prekeys_last = &batch->prekeys_first;
    batch->prekeys_count = 0;
}

static void pack_puts(struct batch *batch)
{
    for (struct pending *pending = batch->flying; pending; pending = pending->next)
        batch->puts[batch->store.put_count++] =
            (struct store_put){.deposit = pending->deposit,
                               .custody = bytes_blob(pending->item->custody),
                               .envelope = bytes_blob(pending->envelope)};
}

static void pack_prekeys(struct batch *batch)
{
    for (struct pending_prekeys *item = batch->flying_prekeys; item; item = item->next) {
        for (size_t place = 0; place < DEVICE_PREKEYS; place++) {
            if (item->is_new[place])
                batch->prekeys[batch->store.prekey_count++] = (struct store_prekey){
                    .device = item->device->id,
                    .place = (uint32_t)place,
                    .signed_prekey = bytes_blob(item->places[place].signed_prekey)};
        }
    }
}

static size_t count_prekeys(const struct batch *batch)
{
    size_t count = 0;

    for (struct pending_prekeys *item = batch->flying_prekeys; item; item = item->next)
        count += DEVICE_PREKEYS;
    return count;
}

/* The relay goes on taking entries while the batch flies: the numbers are copied. */
static int pack_takens(struct batch *batch)
{
    for (size_t i = 0; i < batch->taker_count; i++) {
        const struct device *device = batch->takers[i];
        uint64_t *also = calloc(device->taken.count + 1, sizeof(*also));

        if (!also)
            return HL_ENOMEM;
        for (size_t k = 0; k < device->taken.count; k++)
            also[k] = device->taken.also[k];
        batch->alsos[i] = also;
        batch->takens[batch->store.taken_count++] =
            (struct store_taken){.device = device->id,
                                 .kind = device->taken_kind,
                                 .upto = device->taken.upto,
                                 .also = also,
                                 .also_count = device->taken.count};
    }
    return HL_OK;
}

int batch_pack(struct batch *batch)
{
    batch->store = (struct store_batch){.put_count = 0};
    batch->puts = calloc(batch->flying_count + 1, sizeof(*batch->puts));
    batch->takens = calloc(batch->taker_count + 1, sizeof(*batch->takens));
    batch->alsos = calloc(batch->taker_count + 1, sizeof(uint64_t *));
    batch->prekeys = calloc(count_prekeys(batch) + 1, sizeof(*batch->prekeys));
    batch->erases = calloc(batch->erasure_count + 1, sizeof(*batch->erases));
    if (!batch->puts || !batch->takens || !batch->alsos || !batch->prekeys || !batch->erases)
        return HL_ENOMEM;
    pack_puts(batch);
    pack_prekeys(batch);
    TRY(pack_takens(batch));
    for (size_t i = 0; i < batch->erasure_count; i++)
        batch->erases[batch->store.erase_count++] = (struct store_erase){
            .index = batch->erasures[i].number, .stub = bytes_blob(batch->erasures[i].stub)};
    batch->store.puts = batch->puts;
    batch->store.takens = batch->takens;
    batch->store.prekeys = batch->prekeys;
    batch->store.erases = batch->erases;
    return HL_OK;
}

void batch_land(struct batch *batch)
{
    assert(!batch->flying && !batch->flying_prekeys);
    for (size_t i = 0; i < batch->store.taken_count; i++)
        free(batch->alsos[i]);
    for (size_t i = 0; i < batch->erasure_count; i++)
        blob_free(batch->erasures[i].stub);
    free(batch->puts);
    free(batch->takens);
    free(batch->alsos);
    free(batch->prekeys);
    free(batch->erases);
    batch->puts = NULL;
    batch->takens = NULL;
    batch->alsos = NULL;
    batch->prekeys = NULL;
    batch->erases = NULL;
    batch->store = (struct store_batch){.put_count = 0};
    batch->flying_count = batch->erasure_count = batch->taker_count = 0;
    batch->is_flying = false;
}
