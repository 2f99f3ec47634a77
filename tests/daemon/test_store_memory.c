/* test_store_memory — rows, and what a crash leaves of a store in memory. */
#include "daemon/store_memory.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka_all.h"

static struct lane_mark lanes[2] = {{.to = {.kind = 1}, .seq = 5}, {.to = {.kind = 2}, .seq = 6}};
static const uint64_t seqs[2] = {11, 12};
static struct store_slot slots[3] = {{.lane = 0}, {.lane = 1}, {.lane = 1}};

static struct store_deposit sample(uint64_t index)
{
    struct store_deposit deposit = {.index = index,
                                    .tree_size = index + 1,
                                    .created_ms = 1795000000001,
                                    .expires_ms = 1795000000002,
                                    .received_ms = 1795000000003,
                                    .from = {.kind = 2},
                                    .plane = 1,
                                    .precedence = 4,
                                    .lanes = lanes,
                                    .mailbox_seqs = seqs,
                                    .lane_count = 2,
                                    .slots = slots,
                                    .slot_count = 3};

    memset(deposit.hash, 0xaa, HASH_BYTES);
    memset(deposit.leaf, 0xbb, HASH_BYTES);
    memset(deposit.from_device, 0xcc, ID_BYTES);
    memset(slots[2].device.id, 0xdd, ID_BYTES);
    memset(lanes[1].head, 0xee, HASH_BYTES);
    return deposit;
}

static void row_comes_back_as_it_went_in(void **state)
{
    struct store_deposit deposit = sample(7), again;
    struct store_parts parts;
    AUTO(blob) row = NULL;
    AUTO(blob) second = NULL;

    (void)state;
    assert_int_equal(store_row_encode(&deposit, &row), HL_OK);
    assert_int_equal(store_row_decode(bytes_blob(row), &again, &parts), HL_OK);
    assert_int_equal(again.index, 7);
    assert_int_equal(again.precedence, 4);
    assert_int_equal(again.mailbox_seqs[1], 12);
    assert_int_equal(store_row_encode(&again, &second), HL_OK);
    assert_true(bytes_equal(bytes_blob(row), bytes_blob(second)));
    store_parts_done(&parts);
}

static void truncated_or_longer_row_is_refused(void **state)
{
    struct store_deposit deposit = sample(7), again;
    struct store_parts parts;
    AUTO(blob) row = NULL;
    AUTO(blob) longer = NULL;

    (void)state;
    assert_int_equal(store_row_encode(&deposit, &row), HL_OK);
    for (size_t len = 0; len < row->len; len++)
        assert_int_equal(store_row_decode(BYTES(row->data, len), &again, &parts), HL_EFORMAT);
    assert_int_equal(blob_new(row->len + 1, &longer), HL_OK);
    memcpy(longer->data, row->data, row->len);
    assert_int_equal(store_row_decode(bytes_blob(longer), &again, &parts), HL_EFORMAT);
}

static void flipped_bit_is_refused_or_decodes_within_bounds(void **state)
{
    struct store_deposit deposit = sample(7), again;
    AUTO(blob) row = NULL;

    (void)state;
    assert_int_equal(store_row_encode(&deposit, &row), HL_OK);
    for (size_t bit = 0; bit < 8 * row->len; bit++) {
        struct store_parts parts;

        row->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (store_row_decode(bytes_blob(row), &again, &parts) == HL_OK) {
            for (size_t i = 0; i < again.slot_count; i++)
                assert_true(again.slots[i].lane < again.lane_count);
            store_parts_done(&parts);
        }
        row->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void unsynced_batch_is_lost_or_kept_whole(void **state)
{
    struct store *store = NULL;
    struct store_put puts[2] = {{.deposit = sample(0)}, {.deposit = sample(1)}};
    struct store_batch batch = {.puts = puts, .put_count = 2};

    (void)state;
    assert_int_equal(store_memory_new(&store), HL_OK);
    assert_int_equal(store_memory_write(store, &batch), HL_OK);
    store_memory_crash(store, false);
    assert_int_equal(store_memory_count(store), 0);
    assert_int_equal(store_memory_write(store, &batch), HL_OK);
    store_memory_crash(store, true);
    assert_int_equal(store_memory_count(store), 2);
    store_close(store);
}

static void failing_commit_changes_nothing(void **state)
{
    struct store *store = NULL;
    struct store_put put = {.deposit = sample(0)};
    struct store_batch batch = {.puts = &put, .put_count = 1};
    struct store_body body;

    (void)state;
    assert_int_equal(store_memory_new(&store), HL_OK);
    store_memory_fail(store, 2, HL_ENOSPACE);
    assert_int_equal(store_commit(store, &batch), HL_ENOSPACE);
    assert_int_equal(store_commit(store, &batch), HL_ENOSPACE);
    assert_int_equal(store_read(store, 0, &body), HL_ENOTFOUND);
    assert_int_equal(store_commit(store, &batch), HL_OK);
    assert_int_equal(store_read(store, 0, &body), HL_OK);
    store_body_done(&body);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_comes_back_as_it_went_in),
        cmocka_unit_test(truncated_or_longer_row_is_refused),
        cmocka_unit_test(flipped_bit_is_refused_or_decodes_within_bounds),
        cmocka_unit_test(unsynced_batch_is_lost_or_kept_whole),
        cmocka_unit_test(failing_commit_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
