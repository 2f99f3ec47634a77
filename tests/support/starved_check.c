/* starved_check — what must hold of a relay and its store after an allocation failed. */
#include <stdlib.h>
#include <string.h>

#include "daemon/relay_state.h"
#include "keys/merkle.h"
#include "proto/schema.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/starved.h"

#define ROWS_MAX 64

/* What the store's rows say. */
struct rows {
    uint8_t hashes[ROWS_MAX][HASH_BYTES], leaves[ROWS_MAX][HASH_BYTES];
    bool has_envelope[ROWS_MAX];
    size_t count;
};

static int on_row(void *context, const struct store_deposit *deposit, bool has_envelope)
{
    struct rows *rows = context;

    assert_true(rows->count < ROWS_MAX);
    assert_int_equal(deposit->index, rows->count);
    for (size_t i = 0; i < rows->count; i++)
        assert_false(bytes_equal(BYTES_OF(rows->hashes[i]), BYTES_OF(deposit->hash)));
    memcpy(rows->hashes[rows->count], deposit->hash, HASH_BYTES);
    memcpy(rows->leaves[rows->count], deposit->leaf, HASH_BYTES);
    rows->has_envelope[rows->count++] = has_envelope;
    return HL_OK;
}

static int on_taken_row(void *context, const struct store_taken *taken)
{
    (void)context;
    (void)taken;
    return HL_OK;
}

static int on_prekey_row(void *context, const struct store_prekey *prekey)
{
    (void)context;
    (void)prekey;
    return HL_OK;
}

static void read_rows(struct starved *starved, struct rows *ret_rows)
{
    struct store_visitor visitor = {.on_deposit = on_row,
                                    .on_taken = on_taken_row,
                                    .on_prekey = on_prekey_row,
                                    .context = ret_rows};

    ret_rows->count = 0;
    assert_int_equal(store_load(starved->rig->store, &visitor), HL_OK);
}

size_t starved_check_store(struct starved *starved)
{
    const struct tree *tree = &starved->rig->relay->tree;
    uint8_t root[32], expected[32];
    struct rows rows;

    read_rows(starved, &rows);
    assert_int_equal(tree->size, rows.count);
    if (rows.count == 0)
        return 0;
    assert_int_equal(merkle_root((const uint8_t(*)[32])rows.leaves, rows.count, expected), HL_OK);
    tree_root(tree, tree->size, root);
    assert_memory_equal(root, expected, 32);
    return rows.count;
}

size_t starved_count(struct starved *starved, size_t no)
{
    struct rows rows;
    size_t count = 0;

    read_rows(starved, &rows);
    for (size_t i = 0; i < rows.count; i++)
        count += bytes_equal(BYTES_OF(rows.hashes[i]), BYTES_OF(starved->hashes[no]));
    return count;
}

/* --- two relays are alike ---------------------------------------------------------------------------------------------- */

/* Numbers of devices are each relay's own. */
static void compare_slots(const struct relay *left, const struct relay *right, size_t no)
{
    const struct deposit *one = &left->ledger.items[no], *other = &right->ledger.items[no];

    assert_int_equal(one->slot_count, other->slot_count);
    assert_int_equal(one->open_count, other->open_count);
    for (size_t i = 0; i < one->slot_count; i++) {
        uint32_t a = one->slots[i] & ~SLOT_TAKEN, b = other->slots[i] & ~SLOT_TAKEN;

        assert_int_equal(one->slots[i] & SLOT_TAKEN, other->slots[i] & SLOT_TAKEN);
        assert_int_equal(a == SLOT_UNKNOWN, b == SLOT_UNKNOWN);
        if (a != SLOT_UNKNOWN)
            assert_memory_equal(&left->devices.items[a]->id, &right->devices.items[b]->id,
                                sizeof(struct device_id));
    }
}

static void compare_deposits(const struct relay *left, const struct relay *right)
{
    assert_int_equal(left->ledger.count, right->ledger.count);
    for (size_t i = 0; i < left->ledger.count; i++) {
        const struct deposit *one = &left->ledger.items[i], *other = &right->ledger.items[i];

        assert_memory_equal(one->hash, other->hash, HASH_BYTES);
        assert_int_equal(one->expires_ms, other->expires_ms);
        assert_int_equal(one->received_ms, other->received_ms);
        assert_int_equal(one->tree_size, other->tree_size);
        assert_int_equal(one->form == DEPOSIT_FULL, other->form == DEPOSIT_FULL);
        assert_int_equal(ledger_find(&left->ledger, one->hash), i);
        compare_slots(left, right, i);
    }
}

static void compare_lanes(const struct relay *left, const struct relay *right)
{
    for (size_t i = 0; i < left->lanes.count; i++) {
        const struct lane *one = &left->lanes.items[i];
        struct lane_key key = {.from = one->from, .to = one->to, .plane = one->plane};
        const struct lane *other = lanes_find(&right->lanes, &key);

        assert_int_equal(one->staged_seq, 0);
        assert_int_equal(one->seq, other ? other->seq : 0);
        if (other)
            assert_memory_equal(one->head, other->head, HASH_BYTES);
    }
}

static void compare_mailboxes(const struct relay *left, const struct relay *right)
{
    for (size_t i = 0; i < left->mailboxes.count; i++) {
        const struct mailbox *one = left->mailboxes.items[i];
        const struct mailbox *other = mailboxes_find(&right->mailboxes, &one->desk);

        assert_int_equal(one->staged, 0);
        assert_int_equal(one->count, other ? other->count : 0);
        for (size_t k = 0; k < one->count; k++) {
            assert_int_equal(one->entries[k].number, other->entries[k].number);
            assert_int_equal(one->entries[k].lane, other->entries[k].lane);
        }
        for (size_t rank = 0; other && rank < RANK_COUNT; rank++)
            assert_int_equal(one->ranks[rank].count, other->ranks[rank].count);
    }
}

static void compare_prekeys(const struct device *one, const struct device *other)
{
    for (size_t place = 0; place < DEVICE_PREKEYS; place++) {
        const struct held_prekey *held = &one->prekeys[place];

        assert_int_equal(held->created_ms, other ? other->prekeys[place].created_ms : 0);
        if (other && held->created_ms) {
            assert_memory_equal(held->hash, other->prekeys[place].hash, HASH_BYTES);
            assert_true(bytes_equal(bytes_blob(held->signed_prekey),
                                    bytes_blob(other->prekeys[place].signed_prekey)));
        }
    }
}

static void compare_devices(const struct relay *left, const struct relay *right)
{
    for (size_t i = 0; i < left->devices.count; i++) {
        const struct device *one = left->devices.items[i];
        const struct device *other = devices_find(&right->devices, &one->id);

        assert_false(one->is_prekey_pending);
        assert_int_equal(one->taken.upto, other ? other->taken.upto : 0);
        assert_int_equal(one->taken.count, other ? other->taken.count : 0);
        assert_int_equal(one->last_own, other ? other->last_own : INDEX_NONE);
        compare_prekeys(one, other);
    }
}

void starved_compare(struct starved *starved)
{
    struct relay *live = starved->rig->relay, *loaded;

    rig_start(starved->rig);
    loaded = starved->rig->relay;
    compare_deposits(live, loaded);
    compare_lanes(live, loaded);
    compare_lanes(loaded, live);
    compare_mailboxes(live, loaded);
    compare_mailboxes(loaded, live);
    compare_devices(live, loaded);
    compare_devices(loaded, live);
    assert_int_equal(live->received_ms, loaded->received_ms);
    relay_free(loaded);
    starved->rig->relay = live;
}

/* --- what lines got ------------------------------------------------------------------------------------------------------ */

static void check_result(const struct got *got)
{
    Hotline__V1__SubmitResult *result =
        hotline__v1__submit_result__unpack(NULL, got->body->len, got->body->data);

    assert_non_null(result);
    if (result->receipt)
        assert_true(result->receipt->index < got->durable);
    hotline__v1__submit_result__free_unpacked(result, NULL);
}

void starved_check_receipts(const struct starved *starved)
{
    for (size_t no = 0; no < STARVED_LINES; no++) {
        const struct line *line = &starved->lines[no];

        for (size_t i = 0; i < line->count; i++) {
            if (line->got[i].type == RECORD_SUBMIT_RESULT)
                check_result(&line->got[i]);
        }
    }
}

size_t line_count_envelopes(const struct line *line)
{
    size_t count = 0;

    for (size_t i = 0; i < line->count; i++) {
        const struct blob *body = line->got[i].body;
        Hotline__V1__Deliver *deliver;

        if (line->got[i].type != RECORD_DELIVER)
            continue;
        deliver = hotline__v1__deliver__unpack(NULL, body->len, body->data);
        assert_non_null(deliver);
        count += deliver->delivered.len > 0;
        hotline__v1__deliver__free_unpacked(deliver, NULL);
    }
    return count;
}
