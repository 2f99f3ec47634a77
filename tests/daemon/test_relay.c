/* test_relay — the duties of a relay: custody only when durable, order, windows, restarts. */
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

static struct custody_expectation expectation(struct rig *rig, const struct blob *envelope,
                                              uint8_t ret_hash[HASH_BYTES])
{
    Hotline__V1__Envelope *parsed = NULL;
    struct envelope_facts facts;

    assert_int_equal(envelope_inspect(rig->world->trust.ns, bytes_blob(envelope), &parsed, &facts),
                     HL_OK);
    memcpy(ret_hash, facts.deposit_hash, HASH_BYTES);
    envelope_facts_done(&facts);
    hotline__v1__envelope__free_unpacked(parsed, NULL);
    return (struct custody_expectation){.ns = rig->world->trust.ns,
                                        .relay = &rig->info,
                                        .deposit_hash = ret_hash,
                                        .plane = HOTLINE__V1__PLANE__LIVE,
                                        .from = world_desk(rig->world, XAA),
                                        .is_sender_form = true};
}

static void submit_is_answered_with_a_receipt_that_verifies(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) receipt = NULL;
    uint8_t hash[HASH_BYTES];
    struct custody_expectation expected = expectation(rig, envelope, hash);
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

static void flash_goes_first_then_control_then_the_rest(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader;
    const unsigned precedences[] = {ROUTINE, CONTROL, 3, FLASH, CONTROL, FLASH};
    const uint64_t order[] = {4, 6, 2, 5, 1, 3};

    for (size_t i = 0; i < 6; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, precedences[i]);

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    reader = rig_connect(rig, XBB, 0);
    peer_subscribe(reader, 0, 4096);

    for (size_t i = 0; i < 6; i++)
        assert_int_equal(peer_deliver_seq(reader), order[i]);
    assert_int_equal(peer_deliver_seq(reader), 0);
}

static void window_holds_back_and_taken_lets_go(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);

    peer_subscribe(reader, 0, 2);
    for (size_t i = 0; i < 5; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    assert_int_equal(peer_count(reader, RECORD_DELIVER), 2);
    peer_takes(reader, 0, (const uint64_t[]){2}, 1);
    assert_int_equal(peer_count(reader, RECORD_DELIVER), 3);
    peer_takes(reader, 3, NULL, 0);
    assert_int_equal(peer_count(reader, RECORD_DELIVER), 5);
}

static void one_entry_is_allowed_however_small_the_window(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    Hotline__V1__Subscribe subscribe = HOTLINE__V1__SUBSCRIBE__INIT;

    for (size_t i = 0; i < 40; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    subscribe.window = 4096;
    subscribe.window_bytes = 65536;
    peer_send(reader, RECORD_SUBSCRIBE, &subscribe.base);

    assert_in_range(peer_count(reader, RECORD_DELIVER), 2, 39);
}

static void sessions_of_a_device_share_taken(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0);
    struct peer *board = rig_connect(rig, XBB, 0), *command = rig_connect(rig, XBB, 0);
    AUTO(blob) first = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) second = rig_letter(rig, XAA, XBB, ROUTINE);

    peer_subscribe(board, 0, 1);
    peer_submit_gets(sender, first, CODE(TAKEN));
    peer_submit_gets(sender, second, CODE(TAKEN));
    assert_int_equal(peer_deliver_seq(board), 1);
    peer_takes(command, 1, NULL, 0);

    assert_int_equal(peer_deliver_seq(board), 2);
}

static void each_device_of_the_desk_gets_its_own_slot_or_a_stub(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0);
    const int only_second[] = {10 * XBB + 1};
    AUTO(blob) envelope = rig_seal(rig, XAA, 0, ROUTINE, only_second, 1);
    bool has_slot[] = {false, true, false}; /* desk, desk, monitor */

    peer_submit_gets(sender, envelope, CODE(TAKEN));

    for (int device = 0; device < WORLD_DEVICES; device++) {
        struct peer *reader = rig_connect(rig, XBB, device);
        Hotline__V1__Deliver *deliver;

        peer_subscribe(reader, 0, 1);
        deliver = peer_deliver(reader);
        assert_non_null(deliver);
        assert_int_equal(deliver->delivered.len > 0, has_slot[device]);
        assert_int_equal(deliver->stub.len > 0, !has_slot[device]);
        hotline__v1__deliver__free_unpacked(deliver, NULL);
    }
}

static void delivered_envelope_carries_a_receipt_for_its_own_lane(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, FLASH);
    uint8_t hash[HASH_BYTES];
    struct custody_expectation expected = expectation(rig, envelope, hash);
    struct custody_facts facts;
    const char *detail = "";
    AUTO(blob) receipt = NULL;
    Hotline__V1__Deliver *deliver;

    peer_subscribe(reader, 0, 1);
    peer_submit_gets(sender, envelope, CODE(TAKEN));
    deliver = peer_deliver(reader);
    assert_non_null(deliver);
    expected.is_sender_form = false;
    expected.own_desk = world_desk(rig->world, XBB);
    expected.lane_seq = deliver->lane_seq;
    expected.lane_head = deliver->lane_head.data;
    assert_int_equal(strict_pack(&deliver->custody->base, &receipt), HL_OK);

    assert_int_equal(
        custody_receipt_check(rig->world->suite, &expected, bytes_blob(receipt), &facts, &detail),
        HL_OK);
    assert_true(
        bytes_equal(BYTES(deliver->deposit_hash.data, deliver->deposit_hash.len), BYTES_OF(hash)));
    hotline__v1__deliver__free_unpacked(deliver, NULL);
}

static void own_desk_gets_the_sender_form(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *second = rig_connect(rig, XAA, 1);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
    Hotline__V1__Deliver *deliver;

    peer_subscribe(second, 0, 4);
    peer_submit_gets(sender, envelope, CODE(TAKEN));
    deliver = peer_deliver(second);
    assert_non_null(deliver);
    assert_int_equal(deliver->custody->n_lanes, 2);
    hotline__v1__deliver__free_unpacked(deliver, NULL);
}

static void entry_is_erased_when_every_slot_device_took_it_and_a_stub_stays(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0);
    struct peer *first = rig_connect(rig, XBB, 0), *second = rig_connect(rig, XBB, 1);
    const int both[] = {10 * XBB, 10 * XBB + 1};
    AUTO(blob) envelope = rig_seal(rig, XAA, 0, ROUTINE, both, 2);
    struct store_body body = {.row = NULL};
    struct peer *late;
    Hotline__V1__Deliver *deliver;

    peer_subscribe(first, 0, 4);
    peer_submit_gets(sender, envelope, CODE(TAKEN));
    peer_takes(first, 1, NULL, 0);
    rig_wait(rig, 5000);
    assert_int_equal(store_read(rig->store, 0, &body), HL_OK);
    assert_non_null(body.envelope);
    store_body_done(&body);
    peer_takes(second, 1, NULL, 0);
    rig_wait(rig, 5000);
    rig_wait(rig, 5000);

    assert_int_equal(store_read(rig->store, 0, &body), HL_OK);
    assert_null(body.envelope);
    assert_non_null(body.stub);
    store_body_done(&body);
    late = rig_connect(rig, XBB, MONITOR_NO);
    peer_subscribe(late, 0, 4);
    deliver = peer_deliver(late);
    assert_non_null(deliver);
    assert_true(deliver->stub.len > 0);
    hotline__v1__deliver__free_unpacked(deliver, NULL);
}

static void entry_becomes_a_stub_at_its_expiry_and_a_place_in_the_chain_after_91_days(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);
    Hotline__V1__Deliver *deliver;

    peer_submit_gets(sender, envelope, CODE(TAKEN));
    rig_wait(rig, 31LL * 86400000);
    rig_wait(rig, 1000);
    peer_subscribe(reader, 0, 4);
    deliver = peer_deliver(reader);
    assert_true(deliver && deliver->stub.len > 0 && deliver->delivered.len == 0);
    hotline__v1__deliver__free_unpacked(deliver, NULL);
    peer_hang_up(reader);
    rig_wait(rig, 61LL * 86400000);
    rig_wait(rig, 1000);
    reader = rig_connect(rig, XBB, 0);
    peer_subscribe(reader, 0, 4);
    deliver = peer_deliver(reader);

    assert_true(deliver && deliver->stub.len == 0 && deliver->delivered.len == 0);
    hotline__v1__deliver__free_unpacked(deliver, NULL);
}

static void taken_survives_a_restart(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);

    peer_subscribe(reader, 0, 16);
    for (size_t i = 0; i < 5; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    peer_takes(reader, 2, (const uint64_t[]){4}, 1);
    rig_wait(rig, 2000);
    rig_restart(rig);
    reader = rig_connect(rig, XBB, 0);
    peer_subscribe(reader, 0, 16);

    assert_int_equal(peer_deliver_seq(reader), 3);
    assert_int_equal(peer_deliver_seq(reader), 5);
    assert_int_equal(peer_deliver_seq(reader), 0);
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

static void another_device_s_envelope_is_refused(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XBB, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    peer_submit_gets(peer, envelope, CODE(NOT_YOUR_DEVICE));
}

static void every_flipped_bit_of_the_first_octets_is_malformed_or_another_deposit(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->limits.content_per_hour = 100000;
    relay_set_limits(rig->relay, &rig->limits);
    peer_submit_gets(peer, envelope, CODE(TAKEN));
    for (size_t bit = 0; bit < 8 * 200; bit++) {
        envelope->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        peer_submit(peer, envelope);
        assert_int_not_equal(peer_result(peer, NULL, NULL), CODE(DUPLICATE));
        envelope->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void foreign_namespace_unknown_desk_and_expired_are_told_apart(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->world->trust.ns[0] ^= 1;
    peer_submit_gets(peer, envelope, CODE(OTHER_NS));
    rig->world->trust.ns[0] ^= 1;
    rig->world->entities[XBB].id[0] ^= 1;
    peer_submit_gets(peer, envelope, CODE(UNKNOWN_DESK));
    rig->world->entities[XBB].id[0] ^= 1;
    rig->utc_ms += 31LL * 86400000;
    peer_submit_gets(peer, envelope, CODE(EXPIRED));
    rig->utc_ms -= 31LL * 86400000;
    peer_submit_gets(peer, envelope, CODE(TAKEN));
}

static void quota_is_refused_with_a_time_to_retry_and_comes_back(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);

    rig->limits.content_per_hour = 3;
    relay_set_limits(rig->relay, &rig->limits);
    for (size_t i = 0; i < 4; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit_gets(peer, envelope, i < 3 ? CODE(TAKEN) : CODE(QUOTA));
    }
    rig_wait(rig, 20 * 60 * 1000);

    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    peer_submit_gets(peer, envelope, CODE(TAKEN));
}

static void content_that_arrived_earns_eight_control_entries(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) letter = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->limits.control_per_hour = 0; /* 4 x 3 desks all the same */
    relay_set_limits(rig->relay, &rig->limits);
    peer_submit_gets(sender, letter, CODE(TAKEN));
    for (size_t i = 0; i < 12 + 8 + 1; i++) {
        AUTO(blob) receipt = rig_letter(rig, XBB, XAA, CONTROL);

        peer_submit_gets(reader, receipt, i < 20 ? CODE(TAKEN) : CODE(QUOTA));
    }
}

static void low_disk_refuses_all_but_flash(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) routine = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) flash = rig_letter(rig, XAA, XBB, FLASH);

    relay_set_disk(rig->relay, rig->limits.disk_min - 1);
    peer_submit_gets(peer, routine, CODE(NO_SPACE));
    peer_submit_gets(peer, flash, CODE(TAKEN));
    relay_set_disk(rig->relay, rig->limits.disk_min - rig->limits.flash_reserve - 1);

    AUTO(blob) late = rig_letter(rig, XAA, XBB, FLASH);

    peer_submit_gets(peer, late, CODE(NO_SPACE));
}

static void draining_refuses_what_is_new_and_says_goodbye_when_all_is_answered(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) first = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) second = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->holds_commits = true;
    peer_submit(peer, first);
    relay_drain(rig->relay);
    peer_submit_gets(peer, second, CODE(DRAINING));
    assert_false(peer->is_closed);
    rig_commit(rig, HL_OK);

    assert_int_equal(peer_result(peer, NULL, NULL), CODE(TAKEN));
    assert_true(peer->is_closed);
    assert_int_equal(peer->bye_reason, HOTLINE__V1__BYE_REASON__BYE_DRAINING);
}

static void too_many_without_result_are_told_to_wait(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);

    rig->limits.max_in_flight = 2;
    relay_set_limits(rig->relay, &rig->limits);
    rig->holds_commits = true;
    for (size_t i = 0; i < 3; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit(peer, envelope);
    }
    assert_int_equal(peer_result(peer, NULL, NULL), CODE(BUSY));
    rig_commit(rig, HL_OK);
    rig_commit(rig, HL_OK);
    assert_int_equal(peer_count(peer, RECORD_SUBMIT_RESULT), 2);
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
        struct custody_expectation expected = expectation(rig, envelope, hash);
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

static void slow_reader_is_not_sent_more_than_two_mebibytes(void **state)
{
    struct rig *rig = *state;
    struct peer *sender, *reader;
    Hotline__V1__Subscribe subscribe = HOTLINE__V1__SUBSCRIBE__INIT;
    size_t before;

    rig->limits.content_per_hour = 10000;
    relay_set_limits(rig->relay, &rig->limits);
    sender = rig_connect(rig, XAA, 0);
    reader = rig_connect(rig, XBB, 0);
    for (size_t i = 0; i < 1000; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit_gets(sender, envelope, CODE(TAKEN));
    }
    rig->holds_drains = true;
    subscribe.window = 4096;
    subscribe.window_bytes = 64 << 20;
    peer_send(reader, RECORD_SUBSCRIBE, &subscribe.base);
    before = peer_count(reader, RECORD_DELIVER);
    assert_in_range(before, 100, 999);
    rig->holds_drains = false;
    relay_session_drained(rig->relay, reader->session);
    rig_run(rig);

    assert_int_equal(peer_count(reader, RECORD_DELIVER), 1000);
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
        T(flash_goes_first_then_control_then_the_rest),
        T(window_holds_back_and_taken_lets_go),
        T(one_entry_is_allowed_however_small_the_window),
        T(sessions_of_a_device_share_taken),
        T(each_device_of_the_desk_gets_its_own_slot_or_a_stub),
        T(delivered_envelope_carries_a_receipt_for_its_own_lane),
        T(own_desk_gets_the_sender_form),
        T(entry_is_erased_when_every_slot_device_took_it_and_a_stub_stays),
        T(entry_becomes_a_stub_at_its_expiry_and_a_place_in_the_chain_after_91_days),
        T(taken_survives_a_restart),
        T(welcome_tells_cursors_and_the_newest_own_deposit),
        T(another_device_s_envelope_is_refused),
        T(every_flipped_bit_of_the_first_octets_is_malformed_or_another_deposit),
        T(foreign_namespace_unknown_desk_and_expired_are_told_apart),
        T(quota_is_refused_with_a_time_to_retry_and_comes_back),
        T(content_that_arrived_earns_eight_control_entries),
        T(low_disk_refuses_all_but_flash),
        T(draining_refuses_what_is_new_and_says_goodbye_when_all_is_answered),
        T(too_many_without_result_are_told_to_wait),
        T(received_ms_never_decreases),
        T(slow_reader_is_not_sent_more_than_two_mebibytes),
        T(all_comes_again_from_the_store_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
