/* test_relay_delivery — what a relay hands out: order, windows, slots and Stubs, what was taken, what expired. */
#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/relay_rig.h"

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
    struct custody_expectation expected = rig_expectation(rig, envelope, hash);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
        T(slow_reader_is_not_sent_more_than_two_mebibytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
