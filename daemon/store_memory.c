/* store_memory — a store in memory, for tests. The durable image and the batch that is only written are kept apart. */
#include "daemon/store_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    struct device_id device;
    uint32_t place;     /* of a prekey; of taken the desk's kind */
    struct blob *value; /* prekey, or taken: u64be upto, then also */
};
struct kept_list {
    struct kept *items;
    size_t count, size;
};
struct image {
    struct store_body *bodies; /* by index */
    size_t count, size;
    struct kept_list takens, prekeys;
};
struct change {
    bool is_there;
    uint64_t first; /* index of the first new body */
    struct store_body *bodies;
    size_t body_count;
    struct store_erase *erases; /* stubs are owned copies */
    struct blob **stubs;
    size_t erase_count;
    struct kept_list takens, prekeys;
};
struct store_memory {
    struct store store;
    struct image durable;
    struct change written; /* lost in a crash */
    unsigned fail_count;
    int fail_err;
};

static struct store_memory *memory_of(struct store *store)
{
    return (struct store_memory *)(void *)store;
}

/* --- lists of (device, place) -> value ----------------------------------------------------------------- */

/* Room for `more`. */
static int list_reserve(struct kept_list *list, size_t more)
{
    size_t size = 2 * (list->count + more);
    struct kept *items;

    if (list->count + more <= list->size)
        return HL_OK;
    items = realloc(list->items, size * sizeof(*items));
    if (!items)
        return HL_ENOMEM;
    list->items = items;
    list->size = size;
    return HL_OK;
}

static int list_add(struct kept_list *list, const struct kept *kept)
{
    TRY(list_reserve(list, 1));
    list->items[list->count++] = *kept;
    return HL_OK;
}

static void list_done(struct kept_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        blob_free(list->items[i].value);
    free(list->items);
    *list = (struct kept_list){.count = 0};
}

static bool is_device(const struct device_id *left, const struct device_id *right)
{
    return bytes_equal(BYTES_OF(left->entity), BYTES_OF(right->entity)) &&
           bytes_equal(BYTES_OF(left->id), BYTES_OF(right->id));
}

static struct kept *list_find(struct kept_list *list, const struct kept *like)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].place == like->place && is_device(&list->items[i].device, &like->device))
            return &list->items[i];
    }
    return NULL;
}

/* Move `kept` into the list, over an older value of the same device and place; there is room. */
static void list_put(struct kept_list *list, struct kept *kept)
{
    struct kept *old = list_find(list, kept);

    if (old) {
        blob_free(old->value);
        old->value = kept->value;
    } else {
        assert(list->count < list->size);
        list->items[list->count++] = *kept;
    }
    kept->value = NULL;
}

/* --- writing ---------------------------------------------------------------------------------------------- */

static void change_done(struct change *change)
{
    for (size_t i = 0; i < change->body_count; i++)
        store_body_done(&change->bodies[i]);
    for (size_t i = 0; i < change->erase_count; i++)
        blob_free(change->stubs[i]);
    free(change->bodies);
    free(change->erases);
    free(change->stubs);
    list_done(&change->takens);
    list_done(&change->prekeys);
    *change = (struct change){.is_there = false};
}

static int copy_put(const struct store_put *put, struct store_body *ret_body)
{
    struct store_body body = {.row = NULL};
    int err = store_row_encode(&put->deposit, &body.row);

    if (err == HL_OK)
        err = blob_copy(put->custody, &body.custody);
    if (err == HL_OK)
        err = blob_copy(put->envelope, &body.envelope);
    if (err != HL_OK)
        store_body_done(&body);
    else
        *ret_body = body;
    return err;
}

static int copy_taken(const struct store_taken *taken, struct kept_list *list)
{
    struct kept kept = {.device = taken->device, .place = taken->kind};

    TRY(blob_new(8 * (1 + taken->also_count), &kept.value));
    put_u64be(kept.value->data, taken->upto);
    for (size_t i = 0; i < taken->also_count; i++)
        put_u64be(kept.value->data + 8 * (i + 1), taken->also[i]);

    int err = list_add(list, &kept);

    if (err != HL_OK)
        blob_free(kept.value);
    return err;
}

static int copy_prekey(const struct store_prekey *prekey, struct kept_list *list)
{
    struct kept kept = {.device = prekey->device, .place = prekey->place};

    TRY(blob_copy(prekey->signed_prekey, &kept.value));

    int err = list_add(list, &kept);

    if (err != HL_OK)
        blob_free(kept.value);
    return err;
}

static int copy_erases(const struct store_batch *batch, struct change *change)
{
    for (size_t i = 0; i < batch->erase_count; i++) {
        change->erases[i] = batch->erases[i];
        TRY(blob_copy(batch->erases[i].stub, &change->stubs[i]));
        change->erase_count++;
    }
    return HL_OK;
}

static int copy_batch(const struct store_batch *batch, struct change *change)
{
    change->bodies = calloc(batch->put_count + 1, sizeof(*change->bodies));
    change->erases = calloc(batch->erase_count + 1, sizeof(*change->erases));
    change->stubs = calloc(batch->erase_count + 1, sizeof(struct blob *));
    if (!change->bodies || !change->erases || !change->stubs)
        return HL_ENOMEM;
    for (size_t i = 0; i < batch->put_count; i++) {
        TRY(copy_put(&batch->puts[i], &change->bodies[i]));
        change->body_count++;
    }
    for (size_t i = 0; i < batch->taken_count; i++)
        TRY(copy_taken(&batch->takens[i], &change->takens));
    for (size_t i = 0; i < batch->prekey_count; i++)
        TRY(copy_prekey(&batch->prekeys[i], &change->prekeys));
    return copy_erases(batch, change);
}

/* Room for the whole change, for what is written must not fail when it is synced. */
static int reserve(struct image *image, const struct change *change)
{
    size_t count = image->count + change->body_count;

    TRY(list_reserve(&image->takens, change->takens.count));
    TRY(list_reserve(&image->prekeys, change->prekeys.count));
    if (count <= image->size)
        return HL_OK;

    struct store_body *bodies = realloc(image->bodies, 2 * count * sizeof(*bodies));

    if (!bodies)
        return HL_ENOMEM;
    image->bodies = bodies;
    image->size = 2 * count;
    return HL_OK;
}

int store_memory_write(struct store *store, const struct store_batch *batch)
{
    struct store_memory *memory = memory_of(store);
    struct change change = {.is_there = true, .first = memory->durable.count};

    assert(!memory->written.is_there);
    for (size_t i = 0; i < batch->put_count; i++)
        assert(batch->puts[i].deposit.index == memory->durable.count + i);

    int err = copy_batch(batch, &change);

    if (err == HL_OK)
        err = reserve(&memory->durable, &change);
    if (err != HL_OK)
        change_done(&change);
    else
        memory->written = change;
    return err;
}

static void add_bodies(struct image *image, struct change *change)
{
    assert(image->count + change->body_count <= image->size);
    for (size_t i = 0; i < change->body_count; i++) {
        image->bodies[image->count++] = change->bodies[i];
        change->bodies[i] = (struct store_body){.row = NULL};
    }
}

static void erase(struct image *image, const struct store_erase *item, struct blob *stub)
{
    struct store_body *body = &image->bodies[item->index];

    assert(item->index < image->count);
    blob_free(body->envelope);
    blob_free(body->stub);
    body->envelope = NULL;
    body->stub = stub;
    if (stub && stub->len == 0) {
        blob_free(stub);
        body->stub = NULL;
    }
}

void store_memory_sync(struct store *store)
{
    struct store_memory *memory = memory_of(store);
    struct change *change = &memory->written;

    if (!change->is_there)
        return;
    add_bodies(&memory->durable, change);
    for (size_t i = 0; i < change->takens.count; i++)
        list_put(&memory->durable.takens, &change->takens.items[i]);
    for (size_t i = 0; i < change->prekeys.count; i++)
        list_put(&memory->durable.prekeys, &change->prekeys.items[i]);
    for (size_t i = 0; i < change->erase_count; i++)
        erase(&memory->durable, &change->erases[i], MOVE(change->stubs[i]));
    change_done(change);
}

void store_memory_crash(struct store *store, bool is_written_kept)
{
    if (is_written_kept)
        store_memory_sync(store);
    change_done(&memory_of(store)->written);
}

void store_memory_fail(struct store *store, unsigned count, int err)
{
    memory_of(store)->fail_count = count;
    memory_of(store)->fail_err = err;
}

size_t store_memory_count(const struct store *store)
{
    return ((const struct store_memory *)(const void *)store)->durable.count;
}

static int memory_commit(struct store *store, const struct store_batch *batch)
{
    struct store_memory *memory = memory_of(store);

    if (memory->fail_count > 0) {
        memory->fail_count--;
        return memory->fail_err;
    }
    TRY(store_memory_write(store, batch));
    store_memory_sync(store);
    return HL_OK;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

static int visit_deposit(const struct store_body *body, const struct store_visitor *visitor)
{
    struct store_deposit deposit;
    struct store_parts parts;

    TRY(store_row_decode(bytes_blob(body->row), &deposit, &parts));

    int err = visitor->on_deposit(visitor->context, &deposit, body->envelope != NULL);

    store_parts_done(&parts);
    return err;
}

static int visit_taken(const struct kept *kept, const struct store_visitor *visitor)
{
    size_t count = kept->value->len / 8 - 1;
    uint64_t *also = calloc(count + 1, sizeof(*also));

    if (!also)
        return HL_ENOMEM;
    for (size_t i = 0; i < count; i++)
        also[i] = get_u64be(kept->value->data + 8 * (i + 1));

    struct store_taken taken = {.device = kept->device,
                                .kind = kept->place,
                                .upto = get_u64be(kept->value->data),
                                .also = also,
                                .also_count = count};
    int err = visitor->on_taken(visitor->context, &taken);

    free(also);
    return err;
}

static int memory_load(struct store *store, const struct store_visitor *visitor)
{
    struct image *image = &memory_of(store)->durable;

    for (size_t i = 0; i < image->count; i++)
        TRY(visit_deposit(&image->bodies[i], visitor));
    for (size_t i = 0; i < image->takens.count; i++)
        TRY(visit_taken(&image->takens.items[i], visitor));
    for (size_t i = 0; i < image->prekeys.count; i++) {
        const struct kept *kept = &image->prekeys.items[i];
        struct store_prekey prekey = {
            .device = kept->device, .place = kept->place, .signed_prekey = bytes_blob(kept->value)};

        TRY(visitor->on_prekey(visitor->context, &prekey));
    }
    return HL_OK;
}

static int copy_if_there(const struct blob *from, struct blob **ret_blob)
{
    return from ? blob_copy(bytes_blob(from), ret_blob) : HL_OK;
}

static int memory_read(struct store *store, uint64_t index, struct store_body *ret_body)
{
    struct image *image = &memory_of(store)->durable;
    struct store_body body = {.row = NULL};

    if (index >= image->count)
        return HL_ENOTFOUND;

    int err = copy_if_there(image->bodies[index].row, &body.row);

    if (err == HL_OK)
        err = copy_if_there(image->bodies[index].custody, &body.custody);
    if (err == HL_OK)
        err = copy_if_there(image->bodies[index].envelope, &body.envelope);
    if (err == HL_OK)
        err = copy_if_there(image->bodies[index].stub, &body.stub);
    if (err != HL_OK)
        store_body_done(&body);
    else
        *ret_body = body;
    return err;
}

static int memory_tidy(struct store *store, bool is_idle)
{
    (void)store;
    (void)is_idle;
    return HL_OK;
}

static void memory_close(struct store *store)
{
    struct store_memory *memory = memory_of(store);

    change_done(&memory->written);
    for (size_t i = 0; i < memory->durable.count; i++)
        store_body_done(&memory->durable.bodies[i]);
    free(memory->durable.bodies);
    list_done(&memory->durable.takens);
    list_done(&memory->durable.prekeys);
    free(memory);
}

static const struct store_ops memory_ops = {.load = memory_load,
                                            .commit = memory_commit,
                                            .read = memory_read,
                                            .tidy = memory_tidy,
                                            .close = memory_close};

int store_memory_new(struct store **ret_store)
{
    struct store_memory *memory = calloc(1, sizeof(*memory));

    if (!memory)
        return HL_ENOMEM;
    memory->store.ops = &memory_ops;
    *ret_store = &memory->store;
    return HL_OK;
}
