/* test_listen_uv_crowd — the door when there is too much of something: callers, half-open handshakes, files; or no memory. */
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/relay_house.h"

static void caller_without_memory_does_not_make_the_relay_deaf(void **state)
{
    struct house *house;
    bool has_failed = true;

    nth_alloc_require();
    assert_int_equal(house_setup(state), 0);
    house = *state;
    for (unsigned long n = 1; has_failed; n++) {
        int fds[] = {house_knock(house), house_knock(house)}; /* two in one turn of the loop */

        nth_alloc_arm(n);
        (void)uv_run(&house->loop, UV_RUN_NOWAIT);
        (void)uv_run(&house->loop, UV_RUN_NOWAIT);
        has_failed = nth_alloc_disarm();
        (void)close(fds[0]);
        (void)close(fds[1]);
        house_welcomes(house);
    }
    nth_alloc_arm_all(1);
    close(house_knock(house));
    close(house_knock(house));
    (void)uv_run(&house->loop, UV_RUN_NOWAIT);
    (void)nth_alloc_disarm();
    house_welcomes(house);
    assert_int_equal(house_teardown(state), 0);
}

#define FEW_FILES   130
#define FEW_CALLERS (FEW_FILES - 64)

/* Silent strangers must not be able to take all the files there are. */
static void where_files_are_few_a_stranger_gives_his_place(void **state)
{
    struct rlimit before, few;
    struct house *house;
    struct listen_uv_counts counts = {.accepted = 0};
    int fds[FEW_CALLERS];

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = FEW_FILES;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(house_setup(state), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0); /* this end's are not counted */
    house = *state;
    for (size_t i = 0; i < FEW_CALLERS; i++)
        fds[i] = house_knock(house);
    while (counts.accepted < FEW_CALLERS) {
        (void)uv_run(&house->loop, UV_RUN_NOWAIT);
        listen_uv_count(house->listen, &counts);
    }
    assert_int_equal(counts.guests, FEW_CALLERS);
    house_welcomes(house);
    listen_uv_count(house->listen, &counts);
    assert_int_equal(counts.thrown_out, 1);
    assert_int_equal(counts.turned_away, 0);
    for (size_t i = 0; i < FEW_CALLERS; i++)
        (void)close(fds[i]);
    assert_int_equal(house_teardown(state), 0);
}

/* The first message of a handshake that never goes on. */
static void send_first(const struct house *house, int fd)
{
    struct channel_key key;
    struct channel_client_params params = {.ns = house->rig->world->trust.ns,
                                           .relay_id = house->rig->info.id,
                                           .relay_static = house->key.pk,
                                           .key = &key,
                                           .rng = rng_system(),
                                           .hello = bytes_text("hello")};
    AUTO(channel) channel = NULL;
    AUTO(blob) first = NULL;

    channel_key_init(house->client_sk, &key);
    assert_int_equal(channel_new_client(&params, &channel), HL_OK);
    assert_int_equal(channel_output(channel, 0, &first), HL_OK);
    assert_int_equal(write(fd, first->data, first->len), first->len);
}

#define MANY      (2 * HOUSE_HALF_OPEN)
#define TURNS_MAX 2000 /* 10 s */

static void half_open_handshakes_are_never_more_than_their_bound(void **state)
{
    struct house *house = *state;
    struct listen_uv_counts counts = {.accepted = 0};
    int fds[MANY];

    for (size_t i = 0; i < MANY; i++)
        fds[i] = house_knock(house);
    while (counts.accepted < MANY) { /* all are let in before one says a word */
        (void)uv_run(&house->loop, UV_RUN_NOWAIT);
        listen_uv_count(house->listen, &counts);
    }
    for (size_t i = 0; i < MANY; i++)
        send_first(house, fds[i]);
    for (size_t turn = 0; turn < TURNS_MAX && counts.guests > HOUSE_HALF_OPEN; turn++) {
        (void)uv_run(&house->loop, UV_RUN_NOWAIT);
        listen_uv_count(house->listen, &counts);
        (void)usleep(5000); /* what was written on loopback comes when the kernel has time */
    }
    assert_int_equal(counts.guests, HOUSE_HALF_OPEN);
    assert_int_equal(counts.thrown_out, MANY - HOUSE_HALF_OPEN);
    for (size_t i = 0; i < MANY; i++)
        (void)close(fds[i]);
    house_welcomes(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caller_without_memory_does_not_make_the_relay_deaf),
        cmocka_unit_test(where_files_are_few_a_stranger_gives_his_place),
        cmocka_unit_test_setup_teardown(half_open_handshakes_are_never_more_than_their_bound,
                                        house_setup, house_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
