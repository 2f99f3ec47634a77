/* test_courier — what time alone brings: overdue layers, further relays, expired releases. */
#include <stdlib.h>
#include <string.h>

#include "client/answer.h"
#include "client/courier.h"
#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_pair.h"

static int bench_up(void **state)
{
    *state = desk_pair_new(WORLD_RELAYS);
    return 0;
}

static void tick(struct desk_pair *bench, int64_t ms)
{
    int64_t next_ms = 0;
    bench->world->now_ms += ms;
    assert_int_equal(courier_tick(bench->sender->desk, &next_ms), HL_OK);
    assert_true(next_ms > bench->world->now_ms);
    assert_true(next_ms <= bench->world->now_ms + 60000);
}

static uint32_t flags(struct desk_pair *bench)
{
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->sender->desk, bench->hash, &view), HL_OK);
    return view->flags;
}

/* Overdue events of one layer. */
static size_t overdue(struct desk_pair *bench, const char *layer)
{
    static struct event events[256];
    size_t count = 0;
    size_t found = 0;
    assert_int_equal(event_read(bench->sender->desk, 0, events, 256, &count), HL_OK);
    for (size_t i = 0; i < count; i++)
        found += events[i].kind == EVENT_OVERDUE && strcmp(events[i].layer, layer) == 0;
    return found;
}

static void each_layer_is_overdue_at_its_time_and_told_once(void **state)
{
    struct desk_pair *bench = *state;
    for (int relay = 0; relay < WORLD_RELAYS; relay++)
        paper_relay_faults(bench->world->relays[relay])->withholds = true;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2); /* held by all three, delivered to nobody */
    tick(bench, 29999);
    assert_int_equal(overdue(bench, "delivered"), 0);
    tick(bench, 1);
    assert_int_equal(overdue(bench, "delivered"), 1);
    tick(bench, 150000 - 1);
    assert_int_equal(overdue(bench, "opened"), 0);
    tick(bench, 1);
    assert_int_equal(overdue(bench, "opened"), 1);
    tick(bench, 420000 - 1);
    assert_int_equal(overdue(bench, "acknowledged"), 0);
    tick(bench, 1);
    tick(bench, 1);
    assert_int_equal(overdue(bench, "acknowledged"), 1);
    assert_int_equal(overdue(bench, "delivered"), 1);
    assert_int_equal(overdue(bench, "custody"), 0);
    assert_int_equal(flags(bench) & (NOTICE_OVERDUE_DELIVERY | NOTICE_OVERDUE_ACK),
                     NOTICE_OVERDUE_DELIVERY | NOTICE_OVERDUE_ACK);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word, "HELD BY RELAY");
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).status,
                        "HELD BY RELAY (3/3)");
}

static void a_late_acknowledgement_counts_and_is_marked(void **state)
{
    struct desk_pair *bench = *state;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    terminal_unlock(bench->peer, 2);
    AUTO(notice_view) view = NULL;
    AUTO(answer) opened = NULL;
    AUTO(answer) acked = NULL;
    assert_int_equal(query_notice(bench->peer->desk, bench->hash, &view), HL_OK);
    assert_int_equal(answer_open(bench->peer->desk, bench->hash, &opened), HL_OK);
    desks_wait(bench->world, bench->all, 2, 610000);
    assert_int_equal(overdue(bench, "acknowledged"), 1);
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                        .check_word = view->notice->check_word};
    assert_int_equal(answer_acknowledge(bench->peer->desk, bench->hash, &options, &acked), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    struct addressee_view to = desks_addressee(bench->sender, bench->hash, 0);
    assert_string_equal(to.word, "RECEIPT ACKNOWLEDGED");
    assert_int_equal(to.late_ms, 10000);
    assert_true((flags(bench) & NOTICE_LATE) != 0);
}

static void acknowledged_in_time_is_never_overdue(void **state)
{
    struct desk_pair *bench = *state;
    desks_send(bench->sender, XBB, 1, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    terminal_unlock(bench->peer, 2);
    AUTO(answer) opened = NULL;
    AUTO(answer) acked = NULL;
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD};
    assert_int_equal(answer_open(bench->peer->desk, bench->hash, &opened), HL_OK);
    assert_int_equal(answer_acknowledge(bench->peer->desk, bench->hash, &options, &acked), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    tick(bench, 100LL * 24 * 3600 * 1000);
    assert_int_equal(desks_events(bench->sender, EVENT_OVERDUE), 0);
    assert_int_equal(desks_addressee(bench->sender, bench->hash, 0).late_ms, 0);
}

static void the_officers_own_deadline_counts(void **state)
{
    struct desk_pair *bench = *state;
    Hotline__V1__Notice *notice = desks_notice(bench->world, XBB, -1, 1);
    char id[NOTICE_ID_SIZE];
    struct release_result *result = calloc(1, sizeof(*result));
    const struct release_options options = {0};
    notice->ack_by = malloc(sizeof(*notice->ack_by));
    hotline__v1__stamp__init(notice->ack_by);
    notice->ack_by->unix_ms = bench->world->now_ms + 5 * 3600 * 1000LL;
    terminal_unlock(bench->sender, 0);
    assert_int_equal(draft_sign(bench->sender->desk, notice, id, bench->hash), HL_OK);
    assert_int_equal(draft_release(bench->sender->desk, id, &options, result), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    tick(bench, 5 * 3600 * 1000LL - 1);
    assert_int_equal(overdue(bench, "acknowledged"), 0);
    tick(bench, 1);
    assert_int_equal(overdue(bench, "acknowledged"), 1);
    hotline__v1__notice__free_unpacked(notice, NULL);
    free(result);
}

static void without_custody_a_further_relay_is_asked(void **state)
{
    struct desk_pair *bench = *state;
    paper_relay_faults(bench->world->relays[0])->refuses_submits = true;
    paper_relay_faults(bench->world->relays[1])->refuses_submits = true;
    desks_send(bench->sender, XBB, 2, bench->hash); /* PRIORITY: custody within 60 s */
    desks_flush(bench->world, bench->all, 2);
    desks_wait(bench->world, bench->all, 2, 50000);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word, "NOT SENT");
    desks_wait(bench->world, bench->all, 2, 20000);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word, "AT THEIR DESK");
    assert_true(overdue(bench, "custody") <= 1);
}

static void a_release_that_no_relay_took_expires_unsent(void **state)
{
    struct desk_pair *bench = *state;
    for (int relay = 0; relay < WORLD_RELAYS; relay++)
        paper_relay_faults(bench->world->relays[relay])->refuses_submits = true;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    tick(bench, 15 * 60 * 1000); /* good until then */
    assert_int_equal(flags(bench) & NOTICE_RELEASE_EXPIRED, 0);
    tick(bench, 1);
    assert_true((flags(bench) & NOTICE_RELEASE_EXPIRED) != 0);
    assert_true((flags(bench) & NOTICE_NO_RELAY) != 0);
    for (int relay = 0; relay < WORLD_RELAYS; relay++)
        paper_relay_faults(bench->world->relays[relay])->refuses_submits = false;
    for (int relay = 0; relay < WORLD_RELAYS; relay++) {
        terminal_connect(bench->sender, relay);
        terminal_connect(bench->peer, relay);
    }
    desks_run(bench->world, bench->all, 2);
    size_t sent = paper_relay_deposits(bench->world->relays[0]);
    desks_wait(bench->world, bench->all, 2, 30000);
    assert_int_equal(paper_relay_deposits(bench->world->relays[0]), sent);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word, "NOT SENT");
}

static void a_refusing_relay_is_not_asked_for_ever(void **state)
{
    struct desk_pair *bench = *state;
    paper_relay_faults(bench->world->relays[0])->rejects_submits = true;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM outbox WHERE state = 0"), 0);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word, "AT THEIR DESK");
}

static void a_clock_that_is_off_bounds_nothing(void **state)
{
    struct desk_pair *bench = *state;
    paper_relay_faults(bench->world->relays[0])->clock_off_ms = -200000;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->sender->desk, bench->hash, &view), HL_OK);
    assert_int_equal(view->t0_ms, bench->world->now_ms);
    assert_int_equal(view->custody_count, 3);
    assert_true(view->custody[0].is_clock_off);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, desk_pair_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(each_layer_is_overdue_at_its_time_and_told_once),
        BENCH_TEST(a_late_acknowledgement_counts_and_is_marked),
        BENCH_TEST(acknowledged_in_time_is_never_overdue),
        BENCH_TEST(the_officers_own_deadline_counts),
        BENCH_TEST(without_custody_a_further_relay_is_asked),
        BENCH_TEST(a_release_that_no_relay_took_expires_unsent),
        BENCH_TEST(a_refusing_relay_is_not_asked_for_ever),
        BENCH_TEST(a_clock_that_is_off_bounds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
