/* test_relay_hostile — certified devices that mean harm, and stores that do not add up. */
#include <stdlib.h>
#include <string.h>

#include "daemon/store_memory.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/relay_rig.h"

#define CODE(name)   HOTLINE__V1__SUBMIT_CODE__SUBMIT_##name
#define QUEUED_BOUND ((size_t)18 * 1024 * 1024)

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

/* --- asking without reading ------------------------------------------------------------------------------------------- */

static size_t octets_of(const struct peer *peer)
{
    size_t octets = 0;

    for (const struct message *message = peer->first; message; message = message->next)
        octets += message->body->len;
    return octets;
}

static void store_prekeys(struct rig *rig, struct peer *owner)
{
    const uint8_t hedge_key[32] = {1}, prev[HASH_BYTES] = {0};
    Hotline__V1__PrekeyPut put = HOTLINE__V1__PREKEY_PUT__INIT;
    Hotline__V1__Signed *item = NULL;
    struct prekey_ring *ring = NULL;
    AUTO(blob) octets = NULL;

    assert_int_equal(prekey_ring_new(&ring), HL_OK);
    assert_int_equal(prekey_make(&PREKEY_SOURCE(rig->world->suite,
                                                rig->world->devices[owner->state][owner->device],
                                                rig->world->trust.ns,
                                                rig->world->entities[owner->state].id, prev),
                                 &rig->rng, hedge_key, rig->utc_ms, ring, &octets),
                     HL_OK);
    prekey_ring_free(ring);
    assert_int_equal(sign_parse(bytes_blob(octets), &item), HL_OK);
    put.req = 1;
    put.n_prekey = 1;
    put.prekey = &item;
    peer_send(owner, RECORD_PREKEY_PUT, &put.base);
    hotline__v1__signed__free_unpacked(item, NULL);
}

static void peer_that_asks_and_does_not_read_is_closed_before_it_eats_the_memory(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0), *greedy = rig_connect(rig, XCC, 0);
    Hotline__V1__PrekeyGet get = HOTLINE__V1__PREKEY_GET__INIT;
    Hotline__V1__Desk desk = HOTLINE__V1__DESK__INIT, *desks[] = {&desk};

    store_prekeys(rig, owner);
    rig->holds_drains = true;
    desk.entity = (ProtobufCBinaryData){ID_BYTES, rig->world->entities[XBB].id};
    desk.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    get.n_desks = 1;
    get.desks = desks;
    for (get.req = 1; get.req < 40000 && greedy->session; get.req++)
        peer_send(greedy, RECORD_PREKEY_GET, &get.base);

    assert_true(greedy->is_closed);
    assert_true(octets_of(greedy) > 1 << 20); /* it did get something */
    assert_true(octets_of(greedy) < QUEUED_BOUND);
    assert_false(owner->is_closed);
}

static void desk_asked_for_four_hundred_times_is_answered_once(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0), *greedy = rig_connect(rig, XCC, 0);
    Hotline__V1__PrekeyGet get = HOTLINE__V1__PREKEY_GET__INIT;
    Hotline__V1__Desk desk = HOTLINE__V1__DESK__INIT, *desks[400];
    Hotline__V1__PrekeyResult *result;

    store_prekeys(rig, owner);
    desk.entity = (ProtobufCBinaryData){ID_BYTES, rig->world->entities[XBB].id};
    desk.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    for (size_t i = 0; i < 400; i++)
        desks[i] = &desk;
    get.req = 1;
    get.n_desks = 400;
    get.desks = desks;
    peer_send(greedy, RECORD_PREKEY_GET, &get.base);

    result = (Hotline__V1__PrekeyResult *)(void *)peer_take(
        greedy, RECORD_PREKEY_RESULT, &hotline__v1__prekey_result__descriptor);
    assert_non_null(result);
    assert_true(result->last);
    assert_int_equal(result->n_prekey, 1);
    hotline__v1__prekey_result__free_unpacked(result, NULL);
}

/* --- filling what waits ----------------------------------------------------------------------------------------------------- */

#define BIG_BYTES 262000

static struct blob *big_letter(struct rig *rig, unsigned precedence)
{
    static uint8_t text[BIG_BYTES];
    struct seal_slot slot = world_slot(rig->world, XBB, 0);

    return rig_seal_slots(rig, 10 * XAA, precedence, BYTES_OF(text), &slot, 1);
}

/* The disk is slow, and somebody sends all that he may: FLASH still finds a place. */
static void flash_has_a_place_where_others_filled_what_waits(void **state)
{
    struct rig *rig = *state;
    struct peer *sender;
    Hotline__V1__SubmitCode code = CODE(TAKEN);

    rig->limits.max_in_flight = 1024;
    rig->limits.bytes_per_hour = 1U << 30;
    relay_set_limits(rig->relay, &rig->limits);
    sender = rig_connect(rig, XAA, 0);
    rig->holds_commits = true;
    for (size_t i = 0; i < 300 && code != CODE(BUSY); i++) {
        AUTO(blob) letter = big_letter(rig, 1);

        peer_submit(sender, letter);
        if (peer_count(sender, RECORD_SUBMIT_RESULT) > 0)
            code = peer_result(sender, NULL, NULL);
    }
    assert_int_equal(code, CODE(BUSY));

    AUTO(blob) flash = big_letter(rig, 4);

    peer_submit(sender, flash);
    assert_int_equal(peer_count(sender, RECORD_SUBMIT_RESULT), 0); /* it waits for its commit */
}

/* --- strangers --------------------------------------------------------------------------------------------------------- */

static void stranger_is_known_as_refused(void **state)
{
    struct rig *rig = *state;
    const uint8_t nobody[32] = {9};
    struct peer peer = {.rig = rig};
    struct peer *known = rig_connect(rig, XAA, 0);
    struct relay_action action;

    assert_false(relay_session_is_refused(known->session));
    assert_int_equal(
        relay_session_open(rig->relay, nobody, bytes_text("hello"), &peer, &peer.session), HL_OK);
    assert_true(relay_session_is_refused(peer.session));
    assert_true(relay_take_action(rig->relay, &action));
    assert_int_equal(action.kind, RELAY_CLOSE);
    relay_session_closed(rig->relay, peer.session);
}

/* --- a device that moves to another desk of its State -------------------------------------------------------------------- */

static void move(struct rig *rig, int state, int device, uint32_t kind)
{
    world_device_cert(rig->world, state, device)->desks = 1U << kind;
    rig->world->rosters[state].desk_kinds |= 1U << kind;
    assert_int_equal(relay_set_trust(rig->relay, &rig->world->trust), HL_OK);
    rig_run(rig);
}

static struct blob *letter_to(struct rig *rig, uint32_t kind)
{
    struct seal_slot slot = world_slot(rig->world, XBB, 0);

    slot.desk.kind = kind;
    return rig_seal_slots(rig, 10 * XAA, 1, bytes_text("x"), &slot, 1);
}

static void gets_whole(struct rig *rig, uint64_t seq)
{
    struct peer *reader = rig_connect(rig, XBB, 0);
    Hotline__V1__Deliver *deliver;

    peer_subscribe(reader, 0, 16);
    deliver = peer_deliver(reader);
    assert_non_null(deliver);
    assert_int_equal(deliver->seq, seq);
    assert_true(deliver->delivered.len > 0);
    hotline__v1__deliver__free_unpacked(deliver, NULL);
    peer_hang_up(reader);
}

/* What came to the desk until now has earned its control entries then. */
static void submit_control(struct rig *rig, struct peer *peer)
{
    AUTO(blob) letter = rig_letter(rig, XBB, XAA, 0);

    peer_submit_gets(peer, letter, CODE(TAKEN));
}

/* Two letters at TEC, both taken there; then the device is at POL, and a letter for it comes. */
static void move_after_two(struct rig *rig)
{
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);

    for (size_t i = 0; i < 2; i++) {
        AUTO(blob) letter = letter_to(rig, 2);

        peer_submit_gets(sender, letter, CODE(TAKEN));
    }
    submit_control(rig, reader);
    peer_subscribe(reader, 0, 16);
    peer_takes(reader, 2, NULL, 0);
    rig_wait(rig, 2000);
    move(rig, XBB, 0, 3);
    assert_true(reader->is_closed);

    AUTO(blob) letter = letter_to(rig, 3);

    peer_submit_gets(sender, letter, CODE(TAKEN));
}

static void what_a_device_took_at_another_desk_is_not_taken_here(void **state)
{
    struct rig *rig = *state;

    move_after_two(rig);
    gets_whole(rig, 1);
    rig_restart(rig);
    gets_whole(rig, 1);
}

static void what_a_device_took_at_another_desk_is_not_taken_here_after_a_restart(void **state)
{
    struct rig *rig = *state;

    move_after_two(rig);
    rig_restart(rig);
    rig_wait(rig, 5000); /* what all took would be erased */
    gets_whole(rig, 1);
    move(rig, XBB, 0, 2);
    rig_restart(rig);

    struct peer *back = rig_connect(rig, XBB, 0);

    peer_subscribe(back, 0, 16);
    assert_int_equal(peer_deliver_seq(back), 3); /* it knows what it took: not 1, not 2 */
}

static void moving_to_another_desk_earns_no_quota(void **state)
{
    struct rig *rig = *state;
    struct peer *peer;
    Hotline__V1__Welcome *welcome;

    move_after_two(rig);
    peer = rig_connect(rig, XBB, 0);
    submit_control(rig, peer);
    peer_hang_up(peer);
    peer = rig_connect_raw(rig, XBB, 0);
    welcome = (Hotline__V1__Welcome *)(void *)peer_take(peer, RECORD_WELCOME,
                                                        &hotline__v1__welcome__descriptor);
    assert_non_null(welcome);
    assert_in_range(welcome->quota_control, 500, 700);
    hotline__v1__welcome__free_unpacked(welcome, NULL);
}

/* --- the clock ------------------------------------------------------------------------------------------------------------ */

#define DAY_MS 86400000LL

static bool is_whole(struct rig *rig)
{
    struct store_body body = {.row = NULL};
    bool is_there;

    assert_int_equal(store_read(rig->store, 0, &body), HL_OK);
    is_there = body.envelope != NULL;
    store_body_done(&body);
    return is_there;
}

static void clock_that_jumps_ahead_erases_nothing_for_a_day(void **state)
{
    struct rig *rig = *state;
    AUTO(blob) letter = rig_letter(rig, XAA, XBB, 1);

    peer_submit_gets(rig_connect(rig, XAA, 0), letter, CODE(TAKEN));
    rig_wait(rig, 1000);
    rig->utc_ms += 40 * DAY_MS; /* the clock alone */
    rig_wait(rig, 1000);
    rig_wait(rig, 1000);
    assert_true(is_whole(rig));
    gets_whole(rig, 1);
    rig_wait(rig, DAY_MS / 2);
    rig->utc_ms -= 40 * DAY_MS; /* somebody saw it */
    rig_wait(rig, DAY_MS);
    rig_wait(rig, 1000);
    assert_true(is_whole(rig));
    rig->utc_ms += 40 * DAY_MS; /* nobody minds: then it is the time */
    rig_wait(rig, 1000);
    rig_wait(rig, DAY_MS + 1000);
    rig_wait(rig, 1000);
    assert_false(is_whole(rig));
}

static void clock_that_is_ahead_from_the_start_erases_nothing_for_a_day(void **state)
{
    struct rig *rig = *state;
    AUTO(blob) letter = rig_letter(rig, XAA, XBB, 1);

    peer_submit_gets(rig_connect(rig, XAA, 0), letter, CODE(TAKEN));
    rig->utc_ms += 40 * DAY_MS;
    rig_restart(rig);
    rig_wait(rig, 1000);
    rig_wait(rig, DAY_MS - 2000);
    assert_true(is_whole(rig));
    gets_whole(rig, 1);
    rig_wait(rig, 2000); /* nobody minds: then it is the time */
    rig_wait(rig, 1000);
    assert_false(is_whole(rig));
}

static void relay_that_was_off_for_less_than_a_day_expires_at_once(void **state)
{
    struct rig *rig = *state;
    AUTO(blob) letter = rig_letter(rig, XAA, XBB, 1);
    AUTO(blob) later = NULL;

    peer_submit_gets(rig_connect(rig, XAA, 0), letter, CODE(TAKEN));
    rig_wait(rig, 30 * DAY_MS - DAY_MS / 2);
    later = rig_letter(rig, XAA, XCC, 1);
    peer_submit_gets(rig_connect(rig, XAA, 0), later, CODE(TAKEN));
    assert_true(is_whole(rig));
    rig->utc_ms += DAY_MS - 1000; /* it expires meanwhile */
    rig_restart(rig);
    rig_wait(rig, 1000);
    rig_wait(rig, 1000);
    assert_false(is_whole(rig));
}

/* --- the store ------------------------------------------------------------------------------------------------------------ */

static void commit_without_memory_is_answered_busy_and_the_relay_goes_on(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) letter = rig_letter(rig, XAA, XBB, 1);
    struct relay_status status;

    peer_subscribe(reader, 0, 16);
    store_memory_fail(rig->store, 1, HL_ENOMEM);
    peer_submit_gets(sender, letter, CODE(BUSY));
    relay_status_get(rig->relay, &status);
    assert_false(status.is_broken);
    peer_submit_gets(sender, letter, CODE(TAKEN));
    assert_int_equal(peer_deliver_seq(reader), 1);
    rig_restart(rig); /* the rows add up */
}

static int start_again(struct rig *rig)
{
    int err;

    rig_stop(rig);
    err = rig_make_relay(rig, &rig->relay);
    if (err != HL_OK) /* the rig wants one at its end */
        rig->relay = NULL;
    return err;
}

/* A row whose batch is not whole would have the relay sign a checkpoint over leaves that it does not have. */
static void rows_whose_batch_is_not_whole_are_refused_at_the_start(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0);
    AUTO(blob) first = rig_letter(rig, XAA, XBB, 1);
    AUTO(blob) second = rig_letter(rig, XAA, XBB, 1);
    struct store_batch batch;
    struct store_put put;

    peer_submit_gets(sender, first, CODE(TAKEN));
    rig->holds_commits = true;
    peer_submit(sender, second);
    put = rig->held->puts[0];
    batch = (struct store_batch){.puts = &put, .put_count = 1};
    put.deposit.tree_size = 3; /* it is 2 */
    assert_int_equal(store_commit(rig->store, &batch), HL_OK);
    assert_int_equal(start_again(rig), HL_EVERIFY);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(peer_that_asks_and_does_not_read_is_closed_before_it_eats_the_memory),
        T(desk_asked_for_four_hundred_times_is_answered_once),
        T(flash_has_a_place_where_others_filled_what_waits),
        T(stranger_is_known_as_refused),
        T(clock_that_jumps_ahead_erases_nothing_for_a_day),
        T(clock_that_is_ahead_from_the_start_erases_nothing_for_a_day),
        T(relay_that_was_off_for_less_than_a_day_expires_at_once),
        T(what_a_device_took_at_another_desk_is_not_taken_here),
        T(what_a_device_took_at_another_desk_is_not_taken_here_after_a_restart),
        T(moving_to_another_desk_earns_no_quota),
        T(commit_without_memory_is_answered_busy_and_the_relay_goes_on),
        T(rows_whose_batch_is_not_whole_are_refused_at_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
