/* test_arrival_memory — the n-th allocation fails while a notice, a receipt, a draft or a bad deposit arrives: nothing is lost,
 * marked or said for it, and the next delivery is taken as the first. */
#include <stdio.h>
#include <stdlib.h>

#include "client/answer.h"
#include "client/courier.h"
#include "client/form.h"
#include "client/inbox.h"
#include "proto/record.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_sweep.h"
#include "tests/support/desk_world.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/temp_dir.h"

struct bench {
    struct desk_world *world;
    struct terminal *sender, *second, *peer; /* XAA/1, XAA/2, XBB/1 */
    struct terminal *all[3];
    struct terminal *at;  /* where it arrives */
    struct blob *deliver; /* record of relay 0 */
    bool is_refused;      /* the relay is to get a Reject */
    bool forgets_ring;    /* another process made the key */
    struct temp_dir temp;
    uint8_t hash[HASH_BYTES];
    struct desk_sweep sweep;
};

static int bench_up(void **state)
{
    if (!nth_alloc_is_supported())
        return 0;
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    temp_dir_make(&bench->temp, "desk.db");
    bench->all[0] = bench->peer = terminal_new(bench->world, XBB, 0, bench->temp.path);
    bench->all[1] = bench->sender = terminal_new(bench->world, XAA, 0, NULL);
    bench->all[2] = bench->second = terminal_new(bench->world, XAA, 1, NULL);
    desks_meet(bench->world, bench->all, 3, 1);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    if (bench == NULL)
        return 0;
    desks_free(bench->world, bench->all, 3);
    blob_free(bench->deliver);
    int err = temp_dir_remove(&bench->temp);
    free(bench);
    return err;
}

/* --- one delivery, again and again --- */

/* What relay 0 delivers next to a terminal that hung up on it; `skip` entries before that stay where they are. */
static void hold_after(struct bench *bench, struct terminal *at, size_t skip)
{
    struct paper_session *session =
        paper_session_new(bench->world->relays[0], at->identity->device_cert, bench->world->now_ms);
    Hotline__V1__Subscribe subscribe;
    hotline__v1__subscribe__init(&subscribe);
    subscribe.window = 1;
    subscribe.window_bytes = 65536;
    subscribe.after_seq = (uint64_t)desks_count(at->desk, "SELECT max(cursor) FROM relay");
    AUTO(blob) body = NULL;
    assert_int_equal(strict_pack(&subscribe.base, &body), HL_OK);
    paper_session_input(session, RECORD_SUBSCRIBE, bytes_blob(body), bench->world->now_ms);
    unsigned type = 0;
    struct blob *record = NULL;
    while (paper_session_output(session, &type, &record)) {
        if (type == RECORD_DELIVER && bench->deliver == NULL && skip-- == 0)
            bench->deliver = record;
        else
            blob_free(record);
    }
    paper_session_free(session);
    assert_non_null(bench->deliver);
    bench->at = at;
    bench->sweep.desk = at->desk;
    bench->sweep.context = bench;
}

static void hold_next(struct bench *bench, struct terminal *at)
{
    hold_after(bench, at, 0);
}

static int deliver(void *context)
{
    struct bench *bench = context;
    struct inbox_result result = {0};
    if (bench->forgets_ring)
        bench->at->identity->ring->count = 0;
    Hotline__V1__Deliver *message =
        hotline__v1__deliver__unpack(NULL, bench->deliver->len, bench->deliver->data);
    if (message == NULL)
        return HL_ENOMEM; /* the test's own */
    int err = inbox_deliver(bench->at->desk, &bench->world->infos[0], message, &result);
    hotline__v1__deliver__free_unpacked(message, NULL);
    if (err == HL_OK) { /* what the relay is told */
        assert_int_equal(result.is_taken, !bench->is_refused);
        assert_int_equal(result.reject != NULL, bench->is_refused);
    } else {
        assert_null(result.reject);
        assert_false(result.is_taken);
    }
    blob_free(result.reject);
    return err;
}

/* --- a notice --- */

/* Sent by the sender to the peer, which is off line. */
static void hold_notice(struct bench *bench)
{
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM notice", 1},
                {"SELECT count(*) FROM receipt WHERE kind = 2", 1},
                {"SELECT count(*) FROM deposit WHERE kind = 2 AND is_own = 1", 1},
                {"SELECT max(cursor) - max(taken) FROM relay", 0},
                {"SELECT count(*) FROM quarantine", 0}, {"SELECT count(*) FROM reject", 0},
                {"SELECT count(*) FROM event WHERE kind = 13", 1},                /* received */
                {"SELECT count(*) FROM event WHERE kind IN (10, 12, 16, 17)", 0}, /* nothing bad */
                {"SELECT max(seq) FROM stream_in", 1}, {"SELECT sum(flags) FROM notice", 0});
    terminal_disconnect(bench->peer, 0);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    hold_next(bench, bench->peer);
}

static void a_notice_is_opened_whole_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    hold_notice(bench);
    desk_sweep_once(&bench->sweep, deliver);
}

static void a_notice_is_opened_when_memory_comes_back(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    hold_notice(bench);
    desk_sweep_for_good(&bench->sweep, deliver);
}

/* Its key lies in the file of prekeys, which there is no memory to read: that is no reason to call it unreadable. */
static void a_notice_is_not_unreadable_for_lack_of_memory(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    hold_notice(bench);
    bench->forgets_ring = true;
    desk_sweep_once(&bench->sweep, deliver);
}

/* The one before it is still on its way: the hole is seen, and told, once. */
static void a_gap_is_seen_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    terminal_disconnect(bench->peer, 0);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    hold_after(bench, bench->peer, 1);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM notice WHERE flags <> 0", 1},
                {"SELECT count(*) FROM gap WHERE seq = 1", 1},
                {"SELECT max(seq) FROM stream_in", 2},
                {"SELECT count(*) FROM event WHERE kind = 10", 1},
                {"SELECT max(cursor) FROM relay", 0}, /* the first entry is not here */
                {"SELECT count(*) FROM quarantine", 0});
    desk_sweep_once(&bench->sweep, deliver);
}

/* The peer answers; the reply stands in the row of what it answers. */
static void send_reply(struct bench *bench)
{
    char text[600];
    char id[NOTICE_ID_SIZE];
    char answered[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    static struct form_faults faults;
    static struct release_result result;
    struct desk *desk = bench->peer->desk;
    notice_id_format(1, bench->hash, answered);
    (void)snprintf(text, sizeof(text),
                   "type: RSP\nprecedence: PRIORITY\ntlp: AMBER\nto: XAA.TEC\nthread_id: new\n"
                   "in_reply_to: %s\nresponse.kind: SUBSTANTIVE\nsubject: answer\n\nWe look.\n",
                   answered);
    const struct form_context context = {.trust = &bench->world->small->trust,
                                         .rng = &bench->world->rng,
                                         .now_ms = bench->world->now_ms,
                                         .find_notice = query_find_notice,
                                         .owner = desk};
    const struct release_options options = {0};
    AUTO(form) form = NULL;
    Hotline__V1__Notice *notice = calloc(1, sizeof(*notice));
    hotline__v1__notice__init(notice);
    assert_int_equal(form_read(bytes_text(text), &form, &faults), HL_OK);
    assert_int_equal(form_fill(form, &context, notice, &faults), HL_OK);
    notice->plane = HOTLINE__V1__PLANE__LIVE;
    terminal_unlock(bench->peer, 0);
    assert_int_equal(draft_sign(desk, notice, id, hash), HL_OK);
    if (notice->persons > 1)
        terminal_unlock(bench->peer, 1);
    hotline__v1__notice__free_unpacked(notice, NULL);
    assert_int_equal(draft_release(desk, id, &options, &result), HL_OK);
}

static void a_reply_answers_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    desks_flush(bench->world, bench->all, 3);
    terminal_disconnect(bench->sender, 0);
    send_reply(bench);
    desks_flush(bench->world, bench->all, 3);
    hold_next(bench, bench->sender);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM notice WHERE direction = 0", 1},
                {"SELECT count(*) FROM addressee WHERE reply = 2", 1},
                {"SELECT count(*) FROM event WHERE kind = 7", 1}, /* reply */
                {"SELECT count(*) FROM event WHERE kind = 13", 1},
                {"SELECT count(*) FROM quarantine", 0});
    desk_sweep_once(&bench->sweep, deliver);
}

/* --- bad ones --- */

static void what_cannot_be_decrypted_is_quarantined_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    hold_notice(bench);
    bench->forgets_ring = true;
    bench->peer->box.copy.count = 0;
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM notice", 0},
                {"SELECT count(*) FROM quarantine", 1},
                {"SELECT count(*) FROM event WHERE kind = 16", 1},
                {"SELECT count(*) FROM receipt WHERE kind = 8", 1}, /* UNREADABLE */
                {"SELECT max(cursor) - max(taken) FROM relay", 0});
    desk_sweep_once(&bench->sweep, deliver);
}

static void what_does_not_verify_is_rejected_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    paper_relay_faults(bench->world->relays[0])->breaks_delivered = true;
    hold_notice(bench);
    bench->is_refused = true;
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM notice", 0},
                {"SELECT count(*) FROM quarantine", 0}, {"SELECT count(*) FROM reject", 1},
                {"SELECT count(*) FROM event WHERE kind = 17", 1},
                {"SELECT max(cursor) - max(taken) FROM relay", 1});
    desk_sweep_once(&bench->sweep, deliver);
}

/* --- receipts --- */

static void acknowledge_at_peer(struct bench *bench)
{
    struct desk *desk = bench->peer->desk;
    AUTO(notice_view) view = NULL;
    AUTO(answer) opened = NULL;
    AUTO(answer) answer = NULL;
    assert_int_equal(query_notice(desk, bench->hash, &view), HL_OK);
    assert_int_equal(answer_open(desk, bench->hash, &opened), HL_OK);
    terminal_unlock(bench->peer, 0);
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                        .check_word = view->notice->check_word};
    assert_int_equal(answer_acknowledge(desk, bench->hash, &options, &answer), HL_OK);
}

static void an_acknowledgement_counts_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    desks_flush(bench->world, bench->all, 3);
    terminal_disconnect(bench->sender, 0);
    /* OPENED goes unseen here: the acknowledgement alone is what comes next. */
    acknowledge_at_peer(bench);
    assert_int_equal(sql_run(bench->peer->desk,
                             "DELETE FROM outbox WHERE deposit IN (SELECT d.hash FROM deposit d"
                             " JOIN receipt r ON r.hash = d.content_hash WHERE r.kind = 3)",
                             SQL_NO_ARGS),
                     HL_OK);
    desks_flush(bench->world, bench->all, 3);
    hold_next(bench, bench->sender);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM receipt WHERE kind = 4 AND counts = 1", 1},
                {"SELECT count(*) FROM addressee WHERE state = 4 AND acked_ms <> 0", 1},
                {"SELECT count(*) FROM addressee WHERE ack_receipt IS NOT NULL", 1},
                {"SELECT count(*) FROM event WHERE kind = 4", 1},
                {"SELECT count(*) FROM quarantine", 0},
                {"SELECT count(*) FROM event WHERE kind IN (12, 16, 17)", 0});
    desk_sweep_once(&bench->sweep, deliver);
}

/* --- between our own terminals, and statements --- */

static void a_draft_of_another_terminal_arrives_once(void **state)
{
    struct bench *bench = *state;
    char id[NOTICE_ID_SIZE];
    nth_alloc_require();
    terminal_disconnect(bench->second, 0);
    terminal_unlock(bench->sender, 0);
    Hotline__V1__Notice *notice = desks_notice(bench->world, XBB, -1, 4);
    assert_int_equal(draft_sign(bench->sender->desk, notice, id, bench->hash), HL_OK);
    hotline__v1__notice__free_unpacked(notice, NULL);
    desks_flush(bench->world, bench->all, 3);
    hold_next(bench, bench->second);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM draft WHERE state = 1", 1},
                {"SELECT count(*) FROM event WHERE kind = 25", 1},
                {"SELECT count(*) FROM quarantine", 0});
    desk_sweep_once(&bench->sweep, deliver);
}

static void a_copy_for_another_terminal_is_kept_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    terminal_disconnect(bench->second, 0);
    desks_send(bench->sender, XBB, 1, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    hold_after(bench, bench->second, 1); /* the draft went before it */
    DESK_EXPECT(&bench->sweep,
                {"SELECT count(*) FROM notice WHERE direction = 1 AND is_own_copy = 1", 1},
                {"SELECT count(*) FROM addressee WHERE seq = 0", 1},
                {"SELECT count(*) FROM receipt", 0}, {"SELECT count(*) FROM quarantine", 0});
    desk_sweep_once(&bench->sweep, deliver);
}

/* The peer says that a number is missing: it is offered to the relay that had it not, once. */
static void a_missing_notice_is_offered_again_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    desks_send(bench->sender, XBB, 1, bench->hash); /* to two of three relays */
    desks_flush(bench->world, bench->all, 3);
    desks_flush(bench->world, bench->all, 3);
    terminal_disconnect(bench->sender, 0);
    assert_int_equal(
        sql_run(bench->peer->desk,
                "INSERT INTO gap SELECT sender_entity, sender_device, 1, 1, 1, 0 FROM notice",
                SQL_NO_ARGS),
        HL_OK);
    int64_t next_ms = 0;
    assert_int_equal(courier_tick(bench->peer->desk, &next_ms), HL_OK);
    desks_flush(bench->world, bench->all, 3);
    hold_next(bench, bench->sender);
    assert_int_equal(
        desks_count(bench->sender->desk,
                    "SELECT count(*) FROM outbox o JOIN notice n ON n.deposit = o.deposit"),
        2);
    DESK_EXPECT(&bench->sweep,
                {"SELECT count(*) FROM outbox o JOIN notice n ON n.deposit = o.deposit", 3},
                {"SELECT count(*) FROM service WHERE kind = 2", 1},
                {"SELECT count(*) FROM receipt WHERE kind = 2 AND carrier IS NULL", 1});
    desk_sweep_once(&bench->sweep, deliver);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_notice_is_opened_whole_or_not_at_all),
        BENCH_TEST(a_notice_is_opened_when_memory_comes_back),
        BENCH_TEST(a_notice_is_not_unreadable_for_lack_of_memory),
        BENCH_TEST(a_gap_is_seen_once),
        BENCH_TEST(a_reply_answers_once),
        BENCH_TEST(what_cannot_be_decrypted_is_quarantined_once),
        BENCH_TEST(what_does_not_verify_is_rejected_once),
        BENCH_TEST(an_acknowledgement_counts_once),
        BENCH_TEST(a_draft_of_another_terminal_arrives_once),
        BENCH_TEST(a_copy_for_another_terminal_is_kept_once),
        BENCH_TEST(a_missing_notice_is_offered_again_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
