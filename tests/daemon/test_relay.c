/* test_relay — the duties of a relay: custody only when durable, the same after a restart. */
#include "tests/support/relay_rig.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store_memory.h"
#include "tests/support/cmocka_all.h"

#define CODE(name) HOTLINE__V1__SUBMIT_CODE__SUBMIT_##name
#define FLASH      4
#define ROUTINE    1
#define CONTROL    0

static int setup(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static void submit_is_answered_with_a_receipt_that_verifies(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) receipt = NULL;
    uint8_t hash[HASH_BYTES];
    struct custody_expectation expected = rig_expectation(rig, envelope, hash);
    struct custody_facts facts;
    const char *detail = "";

    peer_submit(peer, envelope);

    assert_int_equal(peer_result(peer, NULL, &receipt), CODE(TAKEN));
    assert_int_equal(
        custody_receipt_check(rig->world->suite, &expected, bytes_blob(receipt), &facts, &detail),
        HL_OK);
    assert_int_equal(facts.index, 0);
    assert_int_equal(facts.received_ms, rig->utc_ms);
}

static void nothing_of_a_deposit_is_sent_before_its_commit(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->holds_commits = true;
    peer_subscribe(reader, 0, 16);
    peer_submit(sender, envelope);

    assert_non_null(rig->held);
    assert_null(sender->first);
    assert_null(reader->first);
    rig_commit(rig, HL_OK);
    assert_int_equal(peer_result(sender, NULL, NULL), CODE(TAKEN));
    assert_int_equal(peer_deliver_seq(reader), 1);
}

static void what_comes_during_a_commit_waits_for_the_next_batch(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);

    rig->holds_commits = true;
    for (size_t i = 0; i < 4; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit(peer, envelope);
    }

    assert_int_equal(rig->held->put_count, 1);
    rig_commit(rig, HL_OK);
    assert_int_equal(peer_count(peer, RECORD_SUBMIT_RESULT), 1);
    assert_int_equal(rig->held->put_count, 3);
    rig_commit(rig, HL_OK);
    assert_int_equal(peer_count(peer, RECORD_SUBMIT_RESULT), 4);
    assert_null(rig->held);
}

static void duplicate_gets_the_same_octets_even_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) other = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) first = NULL;
    AUTO(blob) second = NULL;
    AUTO(blob) third = NULL;

    peer_submit(peer, envelope);
    assert_int_equal(peer_result(peer, NULL, &first), CODE(TAKEN));
    peer_submit_gets(peer, other, CODE(TAKEN)); /* the tree has grown since */
    peer_submit(peer, envelope);
    assert_int_equal(peer_result(peer, NULL, &second), CODE(DUPLICATE));
    rig_restart(rig);
    peer = rig_connect(rig, XAA, 0);
    peer_submit(peer, envelope);
    assert_int_equal(peer_result(peer, NULL, &third), CODE(DUPLICATE));

    assert_true(bytes_equal(bytes_blob(first), bytes_blob(second)));
    assert_true(bytes_equal(bytes_blob(first), bytes_blob(third)));
    assert_int_equal(store_memory_count(rig->store), 2);
}

static void duplicate_of_a_flying_deposit_waits_for_the_same_commit(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0), *again = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->holds_commits = true;
    peer_submit(peer, envelope);
    peer_submit(again, envelope);
    assert_null(again->first);
    rig_commit(rig, HL_OK);

    assert_int_equal(peer_result(peer, NULL, NULL), CODE(TAKEN));
    assert_int_equal(peer_result(again, NULL, NULL), CODE(DUPLICATE));
    assert_int_equal(store_memory_count(rig->store), 1);
}

static void sender_that_hangs_up_before_the_commit_is_no_trouble(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->holds_commits = true;
    peer_submit(peer, envelope);
    peer_hang_up(peer);
    rig_commit(rig, HL_OK);
    rig->holds_commits = false;

    peer = rig_connect(rig, XAA, 0);
    peer_submit_gets(peer, envelope, CODE(DUPLICATE));
}

static void full_disk_refuses_and_the_next_one_gets_the_same_numbers(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
    Hotline__V1__Deliver *deliver;

    peer_subscribe(reader, 0, 16);
    store_memory_fail(rig->store, 1, HL_ENOSPACE);
    peer_submit_gets(sender, envelope, CODE(NO_SPACE));
    peer_submit_gets(sender, envelope, CODE(TAKEN));

    deliver = peer_deliver(reader);
    assert_non_null(deliver);
    assert_int_equal(deliver->seq, 1);
    assert_int_equal(deliver->lane_seq, 1);
    hotline__v1__deliver__free_unpacked(deliver, NULL);
    rig_restart(rig); /* the rows add up */
}

static void doubtful_commit_ends_all_sessions_without_a_result(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
    struct relay_status status;

    store_memory_fail(rig->store, 1, HL_EIO);
    peer_submit(sender, envelope);

    assert_true(sender->is_closed && reader->is_closed);
    assert_null(sender->first);
    relay_status_get(rig->relay, &status);
    assert_true(status.is_broken);
}

static void crash_before_the_sync_forgets_the_deposit_and_after_it_keeps_it(void **state)
{
    struct rig *rig = *state;

    for (int is_kept = 0; is_kept < 2; is_kept++) {
        struct peer *peer = rig_connect(rig, XAA, 0);
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        rig->holds_commits = true;
        peer_submit(peer, envelope);
        assert_int_equal(store_memory_write(rig->store, rig->held), HL_OK);
        store_memory_crash(rig->store, is_kept);
        rig->holds_commits = false;
        rig_restart(rig);

        assert_int_equal(store_memory_count(rig->store), (size_t)is_kept);
        peer = rig_connect(rig, XAA, 0);
        peer_submit_gets(peer, envelope, is_kept ? CODE(DUPLICATE) : CODE(TAKEN));
        if (!is_kept) { /* start the second round from nothing */
            rig_stop(rig);
            store_close(rig->store);
            assert_int_equal(store_memory_new(&rig->store), HL_OK);
            rig_start(rig);
        }
    }
}

static void welcome_tells_cursors_and_the_newest_own_deposit(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0);
    Hotline__V1__Welcome *welcome;

    rig->limits.shelf_bytes = 0; /* the Stub has to be read first */
    {
        const int own[] = {10 * XAA + 1};
        AUTO(blob) draft = rig_seal(rig, XAA, 0, ROUTINE, own, 1);

        peer_submit_gets(sender, draft, CODE(TAKEN));
    }
    rig_restart(rig);
    sender = rig_connect_raw(rig, XAA, 0);
    welcome = (Hotline__V1__Welcome *)(void *)peer_take(sender, RECORD_WELCOME,
                                                        &hotline__v1__welcome__descriptor);

    assert_non_null(welcome);
    assert_int_equal(welcome->newest_seq, 1);
    assert_int_equal(welcome->taken_seq, 0);
    assert_true(welcome->last_own.len > 300);
    assert_int_equal(welcome->quota_content, 600);
    hotline__v1__welcome__free_unpacked(welcome, NULL);
}

static void received_ms_never_decreases(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    int64_t last_ms = 0;

    for (size_t i = 0; i < 3; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
        AUTO(blob) receipt = NULL;
        uint8_t hash[HASH_BYTES];
        struct custody_expectation expected = rig_expectation(rig, envelope, hash);
        struct custody_facts facts;
        const char *detail = "";

        rig->utc_ms += i == 1 ? -5000 : 10; /* the clock is set back once */
        peer_submit(peer, envelope);
        assert_int_equal(peer_result(peer, NULL, &receipt), CODE(TAKEN));
        assert_int_equal(custody_receipt_check(rig->world->suite, &expected, bytes_blob(receipt),
                                               &facts, &detail),
                         HL_OK);
        assert_true(facts.received_ms >= last_ms);
        last_ms = facts.received_ms;
    }
}

static void all_comes_again_from_the_store_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader;
    struct relay_status before, after;

    rig->limits.shelf_bytes = 20000; /* most of it leaves the memory */
    rig_restart(rig);
    sender = rig_connect(rig, XAA, 0);
    for (size_t i = 0; i < 100; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, i % 2 ? XBB : XCC, (unsigned)(i % 5));

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    relay_status_get(rig->relay, &before);
    rig_restart(rig);
    relay_status_get(rig->relay, &after);
    assert_int_equal(before.tree_size, after.tree_size);
    reader = rig_connect(rig, XBB, 1);
    peer_subscribe(reader, 0, 4096);

    assert_int_equal(peer_count(reader, RECORD_DELIVER), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(submit_is_answered_with_a_receipt_that_verifies),
        T(nothing_of_a_deposit_is_sent_before_its_commit),
        T(what_comes_during_a_commit_waits_for_the_next_batch),
        T(duplicate_gets_the_same_octets_even_after_a_restart),
        T(duplicate_of_a_flying_deposit_waits_for_the_same_commit),
        T(sender_that_hangs_up_before_the_commit_is_no_trouble),
        T(full_disk_refuses_and_the_next_one_gets_the_same_numbers),
        T(doubtful_commit_ends_all_sessions_without_a_result),
        T(crash_before_the_sync_forgets_the_deposit_and_after_it_keeps_it),
        T(welcome_tells_cursors_and_the_newest_own_deposit),
        T(received_ms_never_decreases),
        T(all_comes_again_from_the_store_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
