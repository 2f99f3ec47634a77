/* test_inbox — what a relay delivers: recorded, answered, rejected, quarantined; lanes, gaps, duplicates. */
#include "client/desk_sql.h"
#include "client/event.h"
#include "client/inbox.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_pair.h"

static int bench_up(void **state)
{
    *state = desk_pair_new(2);
    return 0;
}

static void send(struct desk_pair *bench, unsigned precedence)
{
    desks_send(bench->sender, XBB, precedence, bench->hash);
    desks_flush(bench->world, bench->all, 2);
}

static void what_arrives_is_answered_once_and_durable_before_taken(void **state)
{
    struct desk_pair *bench = *state;
    send(bench, 1);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 1);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM receipt WHERE kind = 2"),
                     1);
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM receipt WHERE kind = 2"), 1);
    assert_true(paper_session_taken(bench->peer->sessions[0]) > 0);
    uint64_t rows = 0;
    assert_int_equal(desk_journal_verify(bench->peer->desk, &rows), HL_OK);
    assert_true(rows > 2);
}

static void receipts_go_the_way_the_notice_came(void **state)
{
    struct desk_pair *bench = *state;
    terminal_disconnect(bench->peer, 1);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM outbox"), 1);
    terminal_connect(bench->peer, 1); /* it comes by the other relay too: so goes the receipt */
    desks_run(bench->world, bench->all, 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM outbox"), 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM receipt"), 1);
}

static void one_flipped_bit_is_rejected_and_the_other_relay_serves(void **state)
{
    struct desk_pair *bench = *state;
    paper_relay_faults(bench->world->relays[0])->breaks_delivered = true;
    terminal_disconnect(bench->peer, 1);
    send(bench, 4);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 0);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM reject"), 1);
    assert_int_equal(desks_events(bench->peer, EVENT_REJECTED_DEPOSIT), 1);
    assert_int_equal(paper_session_rejects(bench->peer->sessions[0]), 1);
    size_t taken = paper_session_taken(bench->peer->sessions[0]);
    terminal_connect(bench->peer, 1);
    desks_run(bench->world, bench->all, 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 1);
    assert_int_equal(paper_session_taken(bench->peer->sessions[0]), taken);
}

static void what_cannot_be_decrypted_is_quarantined_and_said(void **state)
{
    struct desk_pair *bench = *state;
    desks_send(bench->sender, XBB, 4, bench->hash);
    /* The private parts are gone, as after a lost prekey file. */
    bench->peer->box.copy.count = 0;
    bench->peer->identity->ring->count = 0;
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM quarantine"), 1);
    assert_int_equal(
        desks_count(bench->peer->desk, "SELECT count(*) FROM deposit WHERE is_own = 0"), 0);
    assert_int_equal(desks_events(bench->peer, EVENT_QUARANTINED), 1);
    desks_wait(bench->world, bench->all, 2, 3000);
    struct addressee_view to = desks_addressee(bench->sender, bench->hash, 0);
    assert_string_equal(to.word, "UNDELIVERABLE");
    assert_int_equal(to.nondelivered, HOTLINE__V1__REASON__CANNOT_DECRYPT);
    assert_int_equal(desks_events(bench->sender, EVENT_UNDELIVERABLE), 1);
}

static void a_quarantined_deposit_is_opened_when_its_key_is_found(void **state)
{
    struct desk_pair *bench = *state;
    desks_send(bench->sender, XBB, 4, bench->hash);
    struct prekey_ring *ring = bench->peer->identity->ring;
    size_t keys = bench->peer->box.copy.count;
    bench->peer->box.copy.count = 0;
    ring->count = 0;
    terminal_disconnect(bench->peer, 1);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM quarantine"), 1);
    bench->peer->box.copy.count = keys; /* the ring is read again when a key is not in it */
    terminal_connect(bench->peer, 1);
    desks_run(bench->world, bench->all, 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM quarantine"), 0);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 1);
}

static void a_quarantined_notice_is_not_answered(void **state)
{
    struct desk_pair *bench = *state;
    struct cert *cert = world_device_cert(bench->world->small, XAA, 0);
    desks_send(bench->sender, XBB, 4, bench->hash);
    cert->revoked_since_ms = bench->world->now_ms - 1;
    desks_flush(bench->world, bench->all, 2);
    AUTO(blob) deposit = NULL;
    assert_int_equal(
        sql_blob_of(bench->peer->desk, "SELECT deposit FROM quarantine", SQL_NO_ARGS, &deposit),
        HL_OK);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->peer->desk, deposit->data, &view), HL_OK);
    assert_int_equal(view->flags, NOTICE_QUARANTINED);
    assert_int_equal(view->quarantine_reason, HOTLINE__V1__REASON__REVOKED_KEY);
    assert_null(view->notice);
}

static void a_custody_that_covers_something_else_is_an_alarm_and_no_custody(void **state)
{
    struct desk_pair *bench = *state;
    paper_relay_faults(bench->world->relays[0])->breaks_custody = true;
    send(bench, 4);
    assert_int_equal(desks_count(bench->sender->desk,
                                 "SELECT count(*) FROM custody c JOIN deposit d ON"
                                 " d.hash = c.deposit WHERE d.is_own = 1"),
                     1); /* of the other relay */
    assert_int_equal(desks_events(bench->sender, EVENT_REJECTED_DEPOSIT) > 0, 1);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"),
                     1); /* opened all the same */
    assert_int_equal(desks_events(bench->peer, EVENT_REJECTED_DEPOSIT) > 0, 1);
}

static void a_skipped_lane_number_is_an_alarm_against_the_relay(void **state)
{
    struct desk_pair *bench = *state;
    send(bench, 1);
    assert_int_equal(desks_events(bench->peer, EVENT_GAP), 0);
    paper_relay_faults(bench->world->relays[0])->skips_lane = true;
    send(bench, 1);
    assert_int_equal(desks_events(bench->peer, EVENT_GAP), 1);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM lane_step"), 0);
}

/* The first notice stays behind at r1 and r2, which withhold; the second comes over r3. */
static void leave_one_behind(struct desk_pair *bench, unsigned precedence, uint8_t *ret_lost)
{
    terminal_connect(bench->peer, 2);
    terminal_connect(bench->sender, 2);
    for (int relay = 0; relay < 2; relay++)
        paper_relay_faults(bench->world->relays[relay])->withholds = true;
    desks_send(bench->sender, XBB, 1, ret_lost); /* to r1 and r2 alone */
    desks_flush(bench->world, bench->all, 2);
    desks_send(bench->sender, XBB, precedence, bench->hash); /* to all */
    desks_flush(bench->world, bench->all, 2);
}

static uint32_t flags_of(const struct terminal *terminal, const uint8_t *hash)
{
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(terminal->desk, hash, &view), HL_OK);
    return view->flags & (NOTICE_GAP | NOTICE_CHAIN_BROKEN);
}

/* What r1 and r2 held back comes after all. */
static void let_go(struct desk_pair *bench)
{
    for (int relay = 0; relay < 2; relay++)
        paper_relay_faults(bench->world->relays[relay])->withholds = false;
    desks_run(bench->world, bench->all, 2);
    desks_wait(bench->world, bench->all, 2, 1000);
}

/* Two notices stay behind, two more come over r3: the third is marked. */
static void leave_two_behind(struct desk_pair *bench, uint8_t *ret_after)
{
    uint8_t lost[HASH_BYTES];
    terminal_connect(bench->peer, 2);
    terminal_connect(bench->sender, 2);
    for (int relay = 0; relay < 2; relay++)
        paper_relay_faults(bench->world->relays[relay])->withholds = true;
    desks_send(bench->sender, XBB, 1, lost);
    desks_send(bench->sender, XBB, 1, lost);
    desks_flush(bench->world, bench->all, 2);
    desks_send(bench->sender, XBB, 3, bench->hash);
    desks_send(bench->sender, XBB, 3, ret_after);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(flags_of(bench->peer, bench->hash), NOTICE_GAP);
    assert_int_equal(flags_of(bench->peer, ret_after), 0);
}

static void the_mark_of_a_gap_goes_when_all_that_were_missing_have_come(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t after[HASH_BYTES];
    leave_two_behind(bench, after);
    let_go(bench);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 4);
    assert_int_equal(flags_of(bench->peer, bench->hash), 0);
    assert_int_equal(flags_of(bench->peer, after), 0);
}

static void the_mark_of_a_gap_stays_as_long_as_one_is_missing(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t after[HASH_BYTES];
    leave_two_behind(bench, after);
    assert_int_equal(
        sql_run(bench->peer->desk, "UPDATE link_in SET since = 0 WHERE seq = 3", SQL_NO_ARGS),
        HL_OK); /* as if there were one more */
    let_go(bench);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 4);
    assert_int_equal(flags_of(bench->peer, bench->hash), NOTICE_GAP);
}

/* A sender that was set back, or lies, fills a gap with another notice than the one that the next follows. */
static void send_what_does_not_follow(struct desk_pair *bench, uint8_t *ret_lost)
{
    terminal_connect(bench->peer, 2);
    terminal_connect(bench->sender, 2);
    for (int relay = 0; relay < 2; relay++)
        paper_relay_faults(bench->world->relays[relay])->withholds = true;
    desks_send(bench->sender, XBB, 1, ret_lost);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(
        sql_run(bench->sender->desk, "UPDATE stream_out SET hash = zeroblob(32)", SQL_NO_ARGS),
        HL_OK);
    desks_send(bench->sender, XBB, 3, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(flags_of(bench->peer, bench->hash), NOTICE_GAP);
    assert_int_equal(desks_events(bench->peer, EVENT_FORK), 0);
}

static void a_late_notice_that_the_next_does_not_follow_breaks_the_chain(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t lost[HASH_BYTES];
    send_what_does_not_follow(bench, lost);
    let_go(bench);
    assert_int_equal(flags_of(bench->peer, bench->hash), NOTICE_CHAIN_BROKEN);
    assert_int_equal(flags_of(bench->peer, lost), 0);
    assert_int_equal(desks_events(bench->peer, EVENT_FORK), 1);
}

/* More may be missing than a stream remembers. */
static void so_does_one_that_nobody_remembers_to_be_missing(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t lost[HASH_BYTES];
    send_what_does_not_follow(bench, lost);
    assert_int_equal(sql_run(bench->peer->desk, "UPDATE stream_in SET missing = x''", SQL_NO_ARGS),
                     HL_OK);
    let_go(bench);
    assert_int_equal(flags_of(bench->peer, bench->hash), NOTICE_CHAIN_BROKEN);
    assert_int_equal(desks_events(bench->peer, EVENT_FORK), 1);
}

static void a_late_notice_that_does_not_follow_its_own_forerunner_breaks_the_chain(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t first[HASH_BYTES], lost[HASH_BYTES];
    desks_send(bench->sender, XBB, 3, first);
    desks_flush(bench->world, bench->all, 2);
    terminal_connect(bench->peer, 2);
    terminal_connect(bench->sender, 2);
    for (int relay = 0; relay < 2; relay++)
        paper_relay_faults(bench->world->relays[relay])->withholds = true;
    assert_int_equal(
        sql_run(bench->sender->desk, "UPDATE stream_out SET hash = zeroblob(32)", SQL_NO_ARGS),
        HL_OK);
    desks_send(bench->sender, XBB, 1, lost);
    desks_flush(bench->world, bench->all, 2);
    desks_send(bench->sender, XBB, 3, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    let_go(bench);
    assert_int_equal(flags_of(bench->peer, lost), NOTICE_CHAIN_BROKEN);
    assert_int_equal(flags_of(bench->peer, bench->hash), 0);
    assert_int_equal(desks_events(bench->peer, EVENT_FORK), 1);
}

static void after_flash_a_missing_number_is_asked_for_within_five_seconds(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t lost[HASH_BYTES];
    leave_one_behind(bench, 4, lost);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 1);
    assert_int_equal(desks_events(bench->peer, EVENT_GAP), 1);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->peer->desk, bench->hash, &view), HL_OK);
    assert_true((view->flags & NOTICE_GAP) != 0);

    desks_wait(bench->world, bench->all, 2, 5000);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM service WHERE kind = 2"), 1);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"),
                     2); /* over r3 */
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM gap"), 0);
    assert_int_equal(desks_events(bench->peer, EVENT_HEALED), 1);
}

static void a_notice_that_is_only_late_is_not_asked_for(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t lost[HASH_BYTES];
    leave_one_behind(bench, 3, lost);
    assert_int_equal(desks_events(bench->peer, EVENT_GAP), 1);
    desks_wait(bench->world, bench->all, 2, 20000);
    paper_relay_faults(bench->world->relays[1])->withholds = false;
    desks_run(bench->world, bench->all, 2);
    desks_wait(bench->world, bench->all, 2, 60000);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM notice"), 2);
    assert_int_equal(desks_events(bench->peer, EVENT_HEALED), 1);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM service"), 0);
}

static void a_stub_says_not_sealed_to_this_terminal(void **state)
{
    struct desk_pair *bench = *state;
    struct terminal *second = terminal_new(bench->world, XBB, 1, NULL);
    struct terminal *const all[] = {bench->peer, bench->sender, second};
    terminal_connect(second, 0);
    desks_run(bench->world, all, 3);
    bench->world->now_ms += 25 * 3600 * 1000LL; /* a day in the roster with a published key */
    for (int relay = 0; relay < 2; relay++) {
        terminal_connect(bench->peer, relay);
        terminal_connect(bench->sender, relay);
    }
    terminal_disconnect(second, 0);
    desks_run(bench->world, bench->all, 2);
    assert_int_equal(sql_run(bench->sender->desk, "DELETE FROM prekey WHERE device = ?",
                             SQL_ARGS(SQL_ID(second->identity->device->id))),
                     HL_OK);
    desks_send(bench->sender, XBB, 1, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    terminal_connect(second, 0);
    desks_run(bench->world, all, 3);
    assert_int_equal(desks_events(second, EVENT_NOT_SEALED_HERE), 1);
    assert_int_equal(desks_events(bench->sender, EVENT_NOT_SEALED_HERE), 0);
    terminal_free(second);
}

static void a_monitor_sees_headers_and_receipts_but_no_text(void **state)
{
    struct desk_pair *bench = *state;
    struct terminal *monitor = terminal_new(bench->world, XBB, 2, NULL);
    struct terminal *const all[] = {monitor, bench->peer, bench->sender};
    terminal_connect(monitor, 0);
    desks_run(bench->world, all, 3);
    send(bench, 4);
    desks_flush(bench->world, all, 3);
    const struct notice_filter filter = {.with_unread = true};
    AUTO(notice_list) list = NULL;
    assert_int_equal(query_list(monitor->desk, &filter, &list), HL_OK);
    assert_int_equal(list->count, 1);
    assert_null(list->items[0]->notice);
    assert_int_equal(list->items[0]->precedence, 4);
    assert_string_equal(list->items[0]->from_text, "XAA.TEC");
    assert_int_equal(desks_events(monitor, EVENT_NOT_SEALED_HERE), 0);
    terminal_free(monitor);
}

static void the_same_entry_again_changes_nothing(void **state)
{
    struct desk_pair *bench = *state;
    send(bench, 4);
    uint64_t before = 0;
    uint64_t after = 0;
    assert_int_equal(desk_journal_verify(bench->peer->desk, &before), HL_OK);
    assert_int_equal(
        sql_run(bench->peer->desk, "UPDATE relay SET cursor = 0, taken = 0", SQL_NO_ARGS), HL_OK);
    for (int relay = 0; relay < 2; relay++)
        terminal_connect(bench->peer, relay);
    desks_run(bench->world, bench->all, 2);
    assert_int_equal(desk_journal_verify(bench->peer->desk, &after), HL_OK);
    assert_int_equal(after, before);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM receipt"), 1);
    assert_int_equal(desks_events(bench->peer, EVENT_GAP), 0);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, desk_pair_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(what_arrives_is_answered_once_and_durable_before_taken),
        BENCH_TEST(receipts_go_the_way_the_notice_came),
        BENCH_TEST(one_flipped_bit_is_rejected_and_the_other_relay_serves),
        BENCH_TEST(what_cannot_be_decrypted_is_quarantined_and_said),
        BENCH_TEST(a_quarantined_deposit_is_opened_when_its_key_is_found),
        BENCH_TEST(a_quarantined_notice_is_not_answered),
        BENCH_TEST(a_custody_that_covers_something_else_is_an_alarm_and_no_custody),
        BENCH_TEST(a_skipped_lane_number_is_an_alarm_against_the_relay),
        BENCH_TEST(the_mark_of_a_gap_goes_when_all_that_were_missing_have_come),
        BENCH_TEST(the_mark_of_a_gap_stays_as_long_as_one_is_missing),
        BENCH_TEST(a_late_notice_that_the_next_does_not_follow_breaks_the_chain),
        BENCH_TEST(so_does_one_that_nobody_remembers_to_be_missing),
        BENCH_TEST(a_late_notice_that_does_not_follow_its_own_forerunner_breaks_the_chain),
        BENCH_TEST(after_flash_a_missing_number_is_asked_for_within_five_seconds),
        BENCH_TEST(a_notice_that_is_only_late_is_not_asked_for),
        BENCH_TEST(a_stub_says_not_sealed_to_this_terminal),
        BENCH_TEST(a_monitor_sees_headers_and_receipts_but_no_text),
        BENCH_TEST(the_same_entry_again_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
