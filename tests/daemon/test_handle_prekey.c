/* test_handle_prekey — prekeys: judged, stored durably, handed out. */
#include <string.h>

#include "daemon/device.h"
#include "daemon/store_memory.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/relay_rig.h"

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

/* A new prekey of the device; prev is moved on. */
static struct blob *make(struct rig *rig, int state, int device, uint8_t prev[HASH_BYTES])
{
    const uint8_t hedge_key[32] = {1};
    struct prekey_ring *ring = NULL;
    struct prekey parsed;
    struct blob *octets = NULL;

    assert_int_equal(prekey_ring_new(&ring), HL_OK);
    assert_int_equal(
        prekey_make(&PREKEY_SOURCE(rig->world->suite, rig->world->devices[state][device],
                                   rig->world->trust.ns, rig->world->entities[state].id, prev),
                    &rig->rng, hedge_key, rig->utc_ms, ring, &octets),
        HL_OK);
    prekey_ring_free(ring);
    assert_int_equal(prekey_check(rig->world->suite, &rig->world->trust, bytes_blob(octets),
                                  rig->utc_ms, &parsed),
                     HL_OK);
    memcpy(prev, parsed.hash, HASH_BYTES);
    return octets;
}

static void put(struct peer *peer, const struct blob *const *octets, size_t count)
{
    Hotline__V1__PrekeyPut message = HOTLINE__V1__PREKEY_PUT__INIT;
    Hotline__V1__Signed *items[4];

    for (size_t i = 0; i < count; i++)
        assert_int_equal(sign_parse(bytes_blob(octets[i]), &items[i]), HL_OK);
    message.req = ++peer->req;
    message.n_prekey = count;
    message.prekey = items;
    peer_send(peer, RECORD_PREKEY_PUT, &message.base);
    for (size_t i = 0; i < count; i++)
        hotline__v1__signed__free_unpacked(items[i], NULL);
}

/* The code of the next PutResult, or 99. */
static unsigned result(struct peer *peer)
{
    Hotline__V1__PutResult *message = (Hotline__V1__PutResult *)(void *)peer_take(
        peer, RECORD_PUT_RESULT, &hotline__v1__put_result__descriptor);
    unsigned code = message ? message->code : 99;

    if (message)
        hotline__v1__put_result__free_unpacked(message, NULL);
    return code;
}

static unsigned put_one(struct peer *peer, const struct blob *octets)
{
    put(peer, &octets, 1);
    return result(peer);
}

/* How many prekeys the relay hands out for the desk of a State. */
static size_t count_of(struct rig *rig, struct peer *peer, int state)
{
    Hotline__V1__PrekeyGet get = HOTLINE__V1__PREKEY_GET__INIT;
    Hotline__V1__Desk desk = HOTLINE__V1__DESK__INIT, *desks[] = {&desk};
    Hotline__V1__PrekeyResult *message;
    size_t count;

    desk.entity = (ProtobufCBinaryData){ID_BYTES, rig->world->entities[state].id};
    desk.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    get.req = ++peer->req;
    get.n_desks = 1;
    get.desks = desks;
    peer_send(peer, RECORD_PREKEY_GET, &get.base);
    message = (Hotline__V1__PrekeyResult *)(void *)peer_take(
        peer, RECORD_PREKEY_RESULT, &hotline__v1__prekey_result__descriptor);
    assert_non_null(message);
    assert_true(message->last);
    count = message->n_prekey;
    hotline__v1__prekey_result__free_unpacked(message, NULL);
    return count;
}

static void stored_prekey_is_answered_when_durable_and_handed_out(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0), *other = rig_connect(rig, XAA, 1);
    uint8_t prev[HASH_BYTES] = {0};
    AUTO(blob) prekey = make(rig, XBB, 0, prev);

    rig->holds_commits = true;
    assert_int_equal(put_one(owner, prekey), 99);
    assert_int_equal(count_of(rig, other, XBB), 0);
    rig_commit(rig, HL_OK);
    rig->holds_commits = false;

    assert_int_equal(result(owner), PREKEY_STORED);
    assert_int_equal(count_of(rig, other, XBB), 1);
    assert_int_equal(put_one(owner, prekey), PREKEY_KNOWN);
}

static void newest_two_are_kept_and_older_ones_refused_also_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0);
    uint8_t prev[HASH_BYTES] = {0};
    struct blob *prekeys[4];

    for (size_t i = 0; i < 4; i++) {
        rig->utc_ms += 1000;
        prekeys[i] = make(rig, XBB, 0, prev);
    }
    assert_int_equal(put_one(owner, prekeys[1]), PREKEY_STORED);
    assert_int_equal(put_one(owner, prekeys[0]), PREKEY_OLDER);
    put(owner, (const struct blob *const *)&prekeys[2], 2);
    assert_int_equal(result(owner), PREKEY_STORED);
    assert_int_equal(count_of(rig, owner, XBB), 2);
    rig_restart(rig);
    owner = rig_connect(rig, XBB, 0);

    assert_int_equal(count_of(rig, owner, XBB), 2);
    assert_int_equal(put_one(owner, prekeys[3]), PREKEY_KNOWN);
    assert_int_equal(put_one(owner, prekeys[2]), PREKEY_KNOWN);
    assert_int_equal(put_one(owner, prekeys[1]), PREKEY_OLDER);
    for (size_t i = 0; i < 4; i++)
        blob_free(prekeys[i]);
}

static void fork_is_told_and_not_stored(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0);
    uint8_t prev[HASH_BYTES] = {0}, prev_again[HASH_BYTES] = {0};
    AUTO(blob) first = make(rig, XBB, 0, prev);
    AUTO(blob) same_time = make(rig, XBB, 0, prev_again);

    rig->utc_ms += 5000;
    memset(prev_again, 0, HASH_BYTES);

    AUTO(blob) same_prev = make(rig, XBB, 0, prev_again);

    assert_int_equal(put_one(owner, first), PREKEY_STORED);
    assert_int_equal(put_one(owner, same_time), PREKEY_FORK);
    assert_int_equal(put_one(owner, same_prev), PREKEY_FORK);
    assert_int_equal(count_of(rig, owner, XBB), 1);
}

static void prekey_of_another_device_or_damaged_or_of_the_future_is_invalid(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0);
    uint8_t prev[HASH_BYTES] = {0}, other_prev[HASH_BYTES] = {0};
    AUTO(blob) other = make(rig, XBB, 1, other_prev);
    AUTO(blob) own = make(rig, XBB, 0, prev);

    assert_int_equal(put_one(owner, other), PREKEY_INVALID);
    own->data[own->len - 1] ^= 1;
    assert_int_equal(put_one(owner, own), PREKEY_INVALID);
    own->data[own->len - 1] ^= 1;
    rig->utc_ms -= 11 * 60 * 1000;
    assert_int_equal(put_one(owner, own), PREKEY_INVALID);
    rig->utc_ms += 2 * 60 * 1000;
    assert_int_equal(put_one(owner, own), PREKEY_STORED);
}

static void worst_of_several_is_told_and_the_good_one_stored(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0);
    uint8_t prev[HASH_BYTES] = {0}, other_prev[HASH_BYTES] = {0};
    AUTO(blob) own = make(rig, XBB, 0, prev);
    AUTO(blob) other = make(rig, XBB, 1, other_prev);

    put(owner, (const struct blob *const[]){own, other}, 2);
    assert_int_equal(result(owner), PREKEY_INVALID);
    assert_int_equal(count_of(rig, owner, XBB), 1);
}

static void thirteenth_in_an_hour_is_told_to_wait(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0);
    uint8_t prev[HASH_BYTES] = {0};

    for (size_t i = 0; i < 13; i++) {
        rig->utc_ms += 1000;

        AUTO(blob) prekey = make(rig, XBB, 0, prev);

        assert_int_equal(put_one(owner, prekey), i < 12 ? PREKEY_STORED : PREKEY_BUSY);
    }
}

/* One that is known costs a verification as much as one that is wrong. */
static void prekeys_that_are_not_new_are_as_many_as_the_bound_then_none_is_verified(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XBB, 0);
    uint8_t prev[HASH_BYTES] = {0};
    AUTO(blob) known = make(rig, XBB, 0, prev);
    AUTO(blob) next = NULL;

    assert_int_equal(put_one(peer, known), PREKEY_STORED);
    for (size_t i = 0; i < QUOTA_FRUITLESS_PREKEY_PER_HOUR; i++)
        assert_int_equal(put_one(peer, known), PREKEY_KNOWN);
    assert_int_equal(put_one(peer, known), PREKEY_BUSY);
    rig->utc_ms += 1000;
    next = make(rig, XBB, 0, prev);
    assert_int_equal(put_one(peer, next), PREKEY_BUSY);
    rig_wait(rig, 3600000 / QUOTA_FRUITLESS_PREKEY_PER_HOUR);
    assert_int_equal(put_one(peer, next), PREKEY_STORED);
}

static void full_disk_says_busy_and_keeps_the_old(void **state)
{
    struct rig *rig = *state;
    struct peer *owner = rig_connect(rig, XBB, 0);
    uint8_t prev[HASH_BYTES] = {0};
    AUTO(blob) prekey = make(rig, XBB, 0, prev);

    store_memory_fail(rig->store, 1, HL_ENOSPACE);
    assert_int_equal(put_one(owner, prekey), PREKEY_BUSY);
    assert_int_equal(count_of(rig, owner, XBB), 0);
    assert_int_equal(put_one(owner, prekey), PREKEY_STORED);
}

static void codes_are_ordered_from_known_to_fork(void **state)
{
    static const enum prekey_code worst_last[] = {PREKEY_KNOWN, PREKEY_STORED,  PREKEY_BUSY,
                                                  PREKEY_OLDER, PREKEY_INVALID, PREKEY_FORK};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 6; k++)
            assert_int_equal(prekey_code_worse(worst_last[i], worst_last[k]),
                             worst_last[i > k ? i : k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(stored_prekey_is_answered_when_durable_and_handed_out),
        T(newest_two_are_kept_and_older_ones_refused_also_after_a_restart),
        T(fork_is_told_and_not_stored),
        T(prekey_of_another_device_or_damaged_or_of_the_future_is_invalid),
        T(worst_of_several_is_told_and_the_good_one_stored),
        T(thirteenth_in_an_hour_is_told_to_wait),
        T(prekeys_that_are_not_new_are_as_many_as_the_bound_then_none_is_verified),
        T(full_disk_says_busy_and_keeps_the_old),
        cmocka_unit_test(codes_are_ordered_from_known_to_fork),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
