/* test_lane — gapless numbers, a chain, and nothing counts before the commit. */
#include "daemon/lane.h"

#include <string.h>

#include "tests/support/cmocka_all.h"

static const uint8_t ns[NS_BYTES] = {1}, relay[ID_BYTES] = {2};

static struct lane_key key_of(uint8_t from, uint8_t to, uint32_t plane)
{
    struct lane_key key = {.from = {.kind = 2}, .to = {.kind = 2}, .plane = plane};

    key.from.entity[0] = from;
    key.to.entity[0] = to;
    return key;
}

static void hash_of(uint8_t number, uint8_t ret_hash[HASH_BYTES])
{
    hash_plain(BYTES(&number, 1), ret_hash);
}

static void stage(struct lanes *lanes, const struct lane_key *key, uint8_t number,
                  struct lane_mark *ret_mark)
{
    uint8_t hash[HASH_BYTES];

    hash_of(number, hash);
    assert_int_equal(lanes_stage(lanes, key, hash, ret_mark), HL_OK);
}

static void heads_follow_the_formula(void **state)
{
    struct lane_key key = key_of(1, 2, 1);
    uint8_t head[HASH_BYTES], hash[HASH_BYTES];
    struct lane_mark mark = {.seq = 0};
    struct lanes lanes;

    (void)state;
    lanes_init(&lanes, ns, relay, 7);
    lane_start(ns, relay, &key.from, &key.to, 1, head);
    for (uint8_t n = 1; n <= 5; n++) {
        uint8_t next[HASH_BYTES];

        stage(&lanes, &key, n, &mark);
        lanes_settle(&lanes, n % 2); /* an undone one is staged again below */
        if (n % 2 == 0)
            stage(&lanes, &key, n, &mark);
        lanes_settle(&lanes, true);
        hash_of(n, hash);
        lane_next(head, n, hash, next);
        memcpy(head, next, HASH_BYTES);
        assert_int_equal(mark.seq, n);
        assert_memory_equal(mark.head, head, HASH_BYTES);
    }
    lanes_done(&lanes);
}

static void what_is_staged_does_not_count_until_it_is_settled(void **state)
{
    struct lane_key key = key_of(1, 2, 1);
    struct lane_mark first = {.seq = 0}, second = {.seq = 0};
    struct lanes lanes;

    (void)state;
    lanes_init(&lanes, ns, relay, 7);
    stage(&lanes, &key, 1, &first);
    assert_null(lanes_find(&lanes, &key));
    lanes_settle(&lanes, false);
    assert_null(lanes_find(&lanes, &key));
    stage(&lanes, &key, 9, &second);
    stage(&lanes, &key, 10, &second);
    assert_int_equal(second.seq, 2);
    lanes_settle(&lanes, true);
    assert_int_equal(lanes_find(&lanes, &key)->seq, 2);
    lanes_done(&lanes);
}

static void planes_and_desks_never_share_a_lane(void **state)
{
    struct lane_mark mark = {.seq = 0};
    struct lanes lanes;

    (void)state;
    lanes_init(&lanes, ns, relay, 7);
    for (uint8_t from = 0; from < 8; from++) {
        for (uint8_t to = 0; to < 8; to++) {
            for (uint32_t plane = 1; plane <= 3; plane++) {
                struct lane_key key = key_of(from, to, plane);

                stage(&lanes, &key, 1, &mark);
                assert_int_equal(mark.seq, 1);
                key.to.kind = 1;
                stage(&lanes, &key, 1, &mark);
                assert_int_equal(mark.seq, 1);
            }
        }
    }
    lanes_settle(&lanes, true);
    assert_int_equal(lanes.count, 8 * 8 * 3 * 2);
    lanes_done(&lanes);
}

static void restoring_takes_only_the_next_mark(void **state)
{
    struct lane_key key = key_of(1, 2, 1);
    struct lane_mark marks[3] = {{.seq = 0}};
    struct lanes lanes, again;
    uint8_t hash[HASH_BYTES];

    (void)state;
    lanes_init(&lanes, ns, relay, 7);
    lanes_init(&again, ns, relay, 8);
    for (uint8_t n = 0; n < 3; n++)
        stage(&lanes, &key, n, &marks[n]);
    hash_of(0, hash);
    assert_int_equal(lanes_restore(&again, &key, hash, &marks[1]), HL_EVERIFY);
    assert_int_equal(lanes_restore(&again, &key, hash, &marks[0]), HL_OK);
    assert_int_equal(lanes_restore(&again, &key, hash, &marks[0]), HL_EVERIFY);
    assert_int_equal(lanes_restore(&again, &key, hash, &marks[1]), HL_EVERIFY); /* another hash */
    hash_of(1, hash);
    assert_int_equal(lanes_restore(&again, &key, hash, &marks[1]), HL_OK);
    assert_memory_equal(lanes_find(&again, &key)->head, marks[1].head, HASH_BYTES);
    lanes_done(&lanes);
    lanes_done(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_follow_the_formula),
        cmocka_unit_test(what_is_staged_does_not_count_until_it_is_settled),
        cmocka_unit_test(planes_and_desks_never_share_a_lane),
        cmocka_unit_test(restoring_takes_only_the_next_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
