/* test_session — the table of moves, drawn again by hand, and windows. */
#include "daemon/session.h"

#include <stdlib.h>

#include "tests/support/cmocka_all.h"

static void only_the_drawn_moves_are_allowed(void **state)
{
    /* WELCOME SUBSCRIBE LEAVE CLOSED, by state; -1: not allowed */
    static const int expected[SESSION_STATES][SESSION_EVENTS] = {
        {SESSION_WELCOMED, -1, SESSION_LEAVING, SESSION_GONE},
        {-1, SESSION_SUBSCRIBED, SESSION_LEAVING, SESSION_GONE},
        {-1, SESSION_SUBSCRIBED, SESSION_LEAVING, SESSION_GONE},
        {-1, -1, -1, SESSION_GONE},
        {-1, -1, -1, -1},
    };

    (void)state;
    for (int from = 0; from < SESSION_STATES; from++) {
        for (int event = 0; event < SESSION_EVENTS; event++) {
            struct session session = {.state = (enum session_state)from};
            bool is_moved = session_step(&session, (enum session_event)event);

            assert_int_equal(is_moved, expected[from][event] >= 0);
            assert_int_equal(session.state, is_moved ? expected[from][event] : from);
        }
    }
}

struct desk_with_session {
    struct mailboxes mailboxes;
    struct device device;
    struct session session;
};

static void make(struct desk_with_session *desk, const unsigned *precedences, size_t count)
{
    struct desk_id id = {.kind = 2};

    *desk = (struct desk_with_session){.session = {.state = SESSION_WELCOMED}};
    mailboxes_init(&desk->mailboxes, 1);
    taken_init(&desk->device.taken);
    assert_int_equal(mailboxes_get(&desk->mailboxes, &id, &desk->session.mailbox), HL_OK);
    desk->session.device = &desk->device;
    for (size_t i = 0; i < count; i++) {
        struct mailbox_entry entry = {.number = (uint32_t)i};

        assert_int_equal(mailbox_append(desk->session.mailbox, &entry, precedences[i]), HL_OK);
    }
}

static void done(struct desk_with_session *desk)
{
    free(desk->session.flights);
    taken_done(&desk->device.taken);
    mailboxes_done(&desk->mailboxes);
}

static const unsigned mixed[] = {1, 0, 4, 2, 4, 0};

static void entries_come_by_rank_and_the_taken_ones_not(void **state)
{
    const uint64_t expected[] = {5, 2, 1, 4};
    struct desk_with_session desk;
    uint64_t seq = 0;

    (void)state;
    make(&desk, mixed, 6);
    assert_int_equal(taken_add(&desk.device.taken, 3), HL_OK);
    assert_int_equal(taken_add(&desk.device.taken, 6), HL_OK);
    session_subscribe(&desk.session, 0, 10, 1 << 20);
    for (size_t i = 0; i < 4; i++) {
        assert_true(session_next_entry(&desk.session, &seq));
        assert_int_equal(seq, expected[i]);
        assert_int_equal(session_fly(&desk.session, seq, 0, 100), HL_OK);
    }
    assert_false(session_next_entry(&desk.session, &seq));
    done(&desk);
}

static void subscribing_after_a_cursor_skips_what_is_before(void **state)
{
    struct desk_with_session desk;
    uint64_t seq = 0;

    (void)state;
    make(&desk, mixed, 6);
    session_subscribe(&desk.session, 4, 10, 1 << 20);
    assert_true(session_next_entry(&desk.session, &seq));
    assert_int_equal(seq, 5);
    session_subscribe(&desk.session, 0, 20, 1 << 20); /* a new window only */
    assert_int_equal(session_fly(&desk.session, 5, 0, 1), HL_OK);
    assert_true(session_next_entry(&desk.session, &seq));
    assert_int_equal(seq, 6);
    assert_int_equal(desk.session.window, 20);
    done(&desk);
}

static void room_counts_entries_and_octets_but_always_allows_one(void **state)
{
    struct desk_with_session desk;

    (void)state;
    make(&desk, mixed, 6);
    session_subscribe(&desk.session, 0, 2, 65536);
    assert_true(session_has_room(&desk.session, 1 << 20));
    assert_int_equal(session_fly(&desk.session, 3, 10, 60000), HL_OK);
    assert_true(session_has_room(&desk.session, 5536));
    assert_false(session_has_room(&desk.session, 5537));
    assert_int_equal(session_fly(&desk.session, 5, 11, 100), HL_OK);
    assert_false(session_has_room(&desk.session, 1));
    assert_false(session_land_rejected(&desk.session, 12));
    assert_true(session_land_rejected(&desk.session, 10));
    assert_true(session_has_room(&desk.session, 1));
    taken_raise(&desk.device.taken, 5);
    session_land_taken(&desk.session);
    assert_int_equal(desk.session.flight_count, 0);
    assert_int_equal(desk.session.flight_bytes, 0);
    done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_drawn_moves_are_allowed),
        cmocka_unit_test(entries_come_by_rank_and_the_taken_ones_not),
        cmocka_unit_test(subscribing_after_a_cursor_skips_what_is_before),
        cmocka_unit_test(room_counts_entries_and_octets_but_always_allows_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
