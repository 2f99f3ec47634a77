/* test_door — who may knock, and which handshakes are remembered. */
#include "daemon/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/replay.h"
#include "tests/support/cmocka_all.h"

static struct prefix of4(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
    return prefix_of((const struct sockaddr *)&address);
}

static struct prefix of6(const char *text)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};

    assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return prefix_of((const struct sockaddr *)&address);
}

static bool is_same(struct prefix left, struct prefix right)
{
    return bytes_equal(BYTES_OF(left.octets), BYTES_OF(right.octets));
}

static void prefixes_are_of_24_and_48_bits(void **state)
{
    (void)state;
    assert_true(is_same(of4("10.1.2.3"), of4("10.1.2.250")));
    assert_false(is_same(of4("10.1.2.3"), of4("10.1.3.3")));
    assert_true(is_same(of6("2001:db8:1:2::1"), of6("2001:db8:1:99::7")));
    assert_false(is_same(of6("2001:db8:1::1"), of6("2001:db8:2::1")));
}

static void callers_by_ipv4_are_told_apart_on_a_listener_of_both(void **state)
{
    (void)state;
    assert_true(is_same(of6("::ffff:10.1.2.3"), of4("10.1.2.250")));
    assert_false(is_same(of6("::ffff:10.1.2.3"), of6("::ffff:10.1.3.3")));
    assert_true(is_same(of6("::ffff:127.0.0.1"), of6("::1")));
    assert_false(is_same(of6("::1:10.1.2.3"), of4("10.1.2.3")));
}

static void knocks_beyond_the_burst_are_refused_until_time_passes(void **state)
{
    struct door *door = calloc(1, sizeof(*door));
    struct prefix one = of4("10.1.2.3"), other = of4("10.9.9.9"), local = of4("127.0.0.1");

    (void)state;
    assert_non_null(door);
    door_init(door, 1);
    for (int i = 0; i < DOOR_BURST; i++)
        assert_true(door_knock(door, one, 1000));
    assert_false(door_knock(door, one, 1000));
    assert_true(door_knock(door, other, 1000));
    for (int i = 0; i < 10 * DOOR_BURST; i++)
        assert_true(door_knock(door, local, 1000));
    assert_true(door_knock(door, one, 1000 + 1000 / DOOR_PER_SECOND));
    assert_false(door_knock(door, one, 1000 + 1000 / DOOR_PER_SECOND));
    free(door);
}

static void callers_by_ipv6_are_bounded_too(void **state)
{
    struct door *door = calloc(1, sizeof(*door));
    struct prefix one = of6("2001:db8:1::1");

    (void)state;
    assert_non_null(door);
    door_init(door, 1);
    assert_false(door_is_known(door, one, 1000));
    for (int i = 0; i < DOOR_BURST; i++)
        assert_true(door_knock(door, one, 1000));
    assert_false(door_knock(door, one, 1000));
    assert_true(door_knock(door, of6("2001:db8:2::1"), 1000));
    free(door);
}

static void known_prefix_is_known_for_thirty_days_and_outlives_a_flood(void **state)
{
    struct door *door = calloc(1, sizeof(*door));
    struct prefix one = of4("10.1.2.3");

    (void)state;
    assert_non_null(door);
    door_init(door, 1);
    assert_false(door_is_known(door, one, 5));
    door_note_known(door, one, 5);
    for (uint32_t i = 0; i < 20000; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(0x14000000U + (i << 8))};

        (void)door_knock(door, prefix_of((const struct sockaddr *)&address), 100 + i);
    }
    assert_true(door_is_known(door, one, 20200));
    assert_false(door_is_known(door, one, 5 + DOOR_KNOWN_MS));
    free(door);
}

static void repeated_key_is_seen_until_65536_others_came(void **state)
{
    struct replay replay;
    uint8_t key[32] = {0};

    (void)state;
    assert_int_equal(replay_init(&replay, 9), HL_OK);
    for (uint32_t i = 0; i < REPLAY_KEYS; i++) {
        put_u32be(key, i);
        assert_false(replay_seen(&replay, key));
    }
    put_u32be(key, 0);
    assert_true(replay_seen(&replay, key));
    put_u32be(key, REPLAY_KEYS);
    assert_false(replay_seen(&replay, key)); /* pushes out number 0 */
    put_u32be(key, 1);
    assert_true(replay_seen(&replay, key));
    put_u32be(key, 0);
    assert_false(replay_seen(&replay, key));
    replay_done(&replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_are_of_24_and_48_bits),
        cmocka_unit_test(callers_by_ipv4_are_told_apart_on_a_listener_of_both),
        cmocka_unit_test(knocks_beyond_the_burst_are_refused_until_time_passes),
        cmocka_unit_test(callers_by_ipv6_are_bounded_too),
        cmocka_unit_test(known_prefix_is_known_for_thirty_days_and_outlives_a_flood),
        cmocka_unit_test(repeated_key_is_seen_until_65536_others_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
