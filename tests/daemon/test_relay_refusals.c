/* test_relay_refusals — what a relay does not take, with which code; and how much of that one device may ask for. */
#include <string.h>

#include "daemon/quota.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/relay_rig.h"

#define CODE(name) HOTLINE__V1__SUBMIT_CODE__SUBMIT_##name
#define FLASH      4
#define ROUTINE    1
#define CONTROL    0
#define HOUR_MS    3600000LL

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
    Hotline__V1__SubmitCode code;

    rig->limits.content_per_hour = 100000;
    relay_set_limits(rig->relay, &rig->limits);
    peer_submit_gets(peer, envelope, CODE(TAKEN));
    for (size_t bit = 0; bit < 8 * 200; bit++) {
        if (bit % 500 == 0)
            rig_wait(rig, HOUR_MS);
        envelope->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        peer_submit(peer, envelope);
        code = peer_result(peer, NULL, NULL);
        assert_int_not_equal(code, CODE(DUPLICATE));
        assert_int_not_equal(code, CODE(QUOTA));
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
    struct relay_status status;

    relay_set_disk(rig->relay, rig->limits.disk_min - 1);
    peer_submit_gets(peer, routine, CODE(NO_SPACE));
    relay_status_get(rig->relay, &status);
    assert_int_equal(status.refused_space, 1);
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

/* --- what costs a relay something and brings nothing ------------------------------------------------------------------ */

/* So many Submits of that envelope, each with that answer. */
static void submit_often(struct peer *peer, const struct blob *envelope,
                         Hotline__V1__SubmitCode code, size_t count)
{
    for (size_t i = 0; i < count; i++)
        peer_submit_gets(peer, envelope, code);
}

static void fruitless_submits_are_as_many_as_the_bound_and_not_one_more(void **state)
{
    struct rig *rig = *state;
    struct peer *noisy = rig_connect(rig, XCC, 0), *quiet = rig_connect(rig, XAA, 0);
    AUTO(blob) foreign = rig_letter(rig, XAA, XBB, ROUTINE);
    AUTO(blob) flash = rig_letter(rig, XAA, XBB, FLASH);
    AUTO(blob) own = rig_letter(rig, XCC, XBB, FLASH);

    submit_often(noisy, foreign, CODE(NOT_YOUR_DEVICE), QUOTA_FRUITLESS_SUBMIT_PER_HOUR);
    peer_submit_gets(noisy, foreign, CODE(QUOTA));
    peer_submit_gets(noisy, own, CODE(QUOTA)); /* it is not looked at any more */
    peer_submit_gets(quiet, flash, CODE(TAKEN));
    rig_wait(rig, HOUR_MS / QUOTA_FRUITLESS_SUBMIT_PER_HOUR);
    peer_submit_gets(noisy, own, CODE(TAKEN));
    peer_submit_gets(noisy, foreign,
                     CODE(NOT_YOUR_DEVICE)); /* the one that was taken gave its place back */
    peer_submit_gets(noisy, foreign, CODE(QUOTA));
}

static void refusal_of_the_fruitless_says_when_to_come_again(void **state)
{
    struct rig *rig = *state;
    struct peer *noisy = rig_connect(rig, XCC, 0);
    AUTO(blob) foreign = rig_letter(rig, XAA, XBB, ROUTINE);
    Hotline__V1__SubmitResult *result;

    submit_often(noisy, foreign, CODE(NOT_YOUR_DEVICE), QUOTA_FRUITLESS_SUBMIT_PER_HOUR);
    peer_submit(noisy, foreign);
    result = (Hotline__V1__SubmitResult *)(void *)peer_take(
        noisy, RECORD_SUBMIT_RESULT, &hotline__v1__submit_result__descriptor);

    assert_non_null(result);
    assert_int_equal(result->code, CODE(QUOTA));
    assert_in_range(result->retry_s, 6, 7);
    hotline__v1__submit_result__free_unpacked(result, NULL);
}

static void duplicates_are_fruitless_and_what_is_taken_is_not(void **state)
{
    struct rig *rig = *state;
    struct peer *peer;
    AUTO(blob) first = rig_letter(rig, XAA, XBB, ROUTINE);

    rig->limits.content_per_hour = 10000;
    relay_set_limits(rig->relay, &rig->limits);
    peer = rig_connect(rig, XAA, 0);
    for (size_t i = 0; i < QUOTA_FRUITLESS_SUBMIT_PER_HOUR + 1; i++) {
        AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

        peer_submit_gets(peer, envelope, CODE(TAKEN));
    }
    peer_submit_gets(peer, first, CODE(TAKEN));
    submit_often(peer, first, CODE(DUPLICATE), QUOTA_FRUITLESS_SUBMIT_PER_HOUR);
    peer_submit_gets(peer, first, CODE(QUOTA));
}

/* An outbox that tries again again and again while the disk is full must not be punished when there is room. */
static void refusal_for_the_relays_own_sake_is_not_counted(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    AUTO(blob) envelope = rig_letter(rig, XAA, XBB, ROUTINE);

    relay_set_disk(rig->relay, rig->limits.disk_min - 1);
    submit_often(peer, envelope, CODE(NO_SPACE), QUOTA_FRUITLESS_SUBMIT_PER_HOUR + 1);
    relay_set_disk(rig->relay, UINT64_MAX);
    peer_submit_gets(peer, envelope, CODE(TAKEN));
}

/* --- sessions ------------------------------------------------------------------------------------------------------------ */

static bool is_welcome(struct rig *rig, int state)
{
    struct peer *peer = rig_connect_raw(rig, state, 0);
    bool is_in = peer_count(peer, RECORD_WELCOME) == 1;

    if (!is_in) {
        assert_true(peer->is_closed);
        assert_int_equal(peer->bye_reason, HOTLINE__V1__BYE_REASON__BYE_TOO_MANY);
    } else {
        peer_hang_up(peer);
    }
    return is_in;
}

static void device_that_comes_too_often_is_told_so_and_others_still_come_in(void **state)
{
    struct rig *rig = *state;
    size_t count = 0;

    while (count < 2 * QUOTA_SESSIONS_PER_HOUR && is_welcome(rig, XCC))
        count++;
    assert_int_equal(count, QUOTA_SESSIONS_PER_HOUR + 1); /* the very first is not counted */
    assert_true(is_welcome(rig, XAA));
    assert_false(is_welcome(rig, XCC));
    rig_wait(rig, HOUR_MS / QUOTA_SESSIONS_PER_HOUR);
    assert_true(is_welcome(rig, XCC));
    assert_false(is_welcome(rig, XCC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(another_device_s_envelope_is_refused),
        T(every_flipped_bit_of_the_first_octets_is_malformed_or_another_deposit),
        T(foreign_namespace_unknown_desk_and_expired_are_told_apart),
        T(quota_is_refused_with_a_time_to_retry_and_comes_back),
        T(content_that_arrived_earns_eight_control_entries),
        T(low_disk_refuses_all_but_flash),
        T(draining_refuses_what_is_new_and_says_goodbye_when_all_is_answered),
        T(too_many_without_result_are_told_to_wait),
        T(fruitless_submits_are_as_many_as_the_bound_and_not_one_more),
        T(refusal_of_the_fruitless_says_when_to_come_again),
        T(duplicates_are_fruitless_and_what_is_taken_is_not),
        T(refusal_for_the_relays_own_sake_is_not_counted),
        T(device_that_comes_too_often_is_told_so_and_others_still_come_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
