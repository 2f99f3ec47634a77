/* test_query_memory — the n-th allocation fails while the desk is opened, read or exported: what is shown is whole or an error, and
 * nothing changes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/answer.h"
#include "client/event.h"
#include "client/export.h"
#include "client/query.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_sweep.h"
#include "tests/support/desk_world.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/temp_dir.h"

struct bench {
    struct desk_world *world;
    struct terminal *sender, *peer;
    struct terminal *all[2];
    struct desk *desk; /* the one that is read */
    struct temp_dir temp;
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    size_t bundle_len;
    uint64_t event_last;
};

static int bench_up(void **state)
{
    if (!nth_alloc_is_supported())
        return 0;
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new_made();
    temp_dir_make(&bench->temp, "desk.db");
    bench->all[0] = bench->peer = terminal_new(bench->world, XBB, 0, NULL);
    bench->all[1] = bench->sender = terminal_new(bench->world, XAA, 0, NULL);
    desks_meet(bench->world, bench->all, 2, 1);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    if (bench == NULL)
        return 0;
    desks_free(bench->world, bench->all, 2);
    int err = temp_dir_remove(&bench->temp);
    free(bench);
    return err;
}

/* One notice to the peer, acknowledged there, and all of it known at both ends. */
static void prepare_story(struct bench *bench)
{
    AUTO(notice_view) view = NULL;
    AUTO(answer) opened = NULL;
    AUTO(answer) acked = NULL;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    struct desk *desk = bench->peer->desk;
    terminal_unlock(bench->peer, 1);
    assert_int_equal(query_notice(desk, bench->hash, &view), HL_OK);
    (void)snprintf(bench->id, sizeof(bench->id), "%s", view->id);
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                        .check_word = view->notice->check_word};
    assert_int_equal(answer_open(desk, bench->hash, &opened), HL_OK);
    assert_int_equal(answer_acknowledge(desk, bench->hash, &options, &acked), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(event_last(bench->sender->desk, &bench->event_last), HL_OK);
}

/* Reading changes nothing: desk_sweep compares the tables itself. */
static void sweep(struct bench *bench, struct desk *desk, int (*run)(void *context))
{
    bench->desk = desk;
    const struct desk_sweep sweep = {.desk = desk, .context = bench};
    desk_sweep_once(&sweep, run);
}

/* --- reading --- */

static int read_notice(void *context)
{
    const struct bench *bench = context;
    uint8_t hash[HASH_BYTES];
    AUTO(notice_view) view = NULL;
    TRY(query_find(bench->desk, bench->id, hash));
    TRY(query_notice(bench->desk, hash, &view));
    assert_string_equal(view->id, bench->id); /* an empty text would be a copy that failed */
    assert_string_equal(view->notice->subject, "SECRETSUBJECT grid");
    assert_int_equal(view->addressee_count, 1);
    assert_int_equal(view->addressees[0].state, RCPT_ACKED);
    assert_int_equal(view->custody_count, 1);
    assert_string_equal(view->t0_basis, "1 RELAY");
    return HL_OK;
}

static void a_notice_is_shown_whole(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_story(bench);
    sweep(bench, bench->sender->desk, read_notice);
    sweep(bench, bench->peer->desk, read_notice);
}

static int read_list(void *context)
{
    const struct bench *bench = context;
    const struct notice_filter filter = {.with_unread = true};
    AUTO(notice_list) list = NULL;
    TRY(query_list(bench->desk, &filter, &list));
    assert_int_equal(list->count, 2);
    assert_non_null(list->items[0]->notice);
    assert_int_equal(list->items[1]->flags, NOTICE_QUARANTINED);
    return HL_OK;
}

static void a_list_leaves_nothing_out(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_story(bench);
    assert_int_equal(
        sql_run(bench->peer->desk,
                "INSERT INTO quarantine SELECT zeroblob(32), zeroblob(16), 1, 7, 'x', zeroblob(9),"
                " 1, 4, sender_entity, sender_kind, sender_device, 1, 1 FROM notice",
                SQL_NO_ARGS),
        HL_OK);
    sweep(bench, bench->peer->desk, read_list);
}

static int read_state(void *context)
{
    const struct bench *bench = context;
    struct relay_view relays[LIMIT_RELAYS];
    struct desk_summary summary;
    size_t count = 0;
    TRY(query_relays(bench->desk, relays, &count));
    assert_int_equal(count, 2);
    TRY(query_summary(bench->desk, &summary));
    assert_false(summary.is_rolled_back); /* a reading that fails is no STATE ROLLBACK */
    assert_int_equal(summary.peers_known, 1);
    return HL_OK;
}

static void the_state_is_read_whole(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_story(bench);
    sweep(bench, bench->sender->desk, read_state);
}

static int read_events(void *context)
{
    const struct bench *bench = context;
    static struct event events[64];
    size_t count = 0;
    TRY(event_read(bench->desk, 0, events, 64, &count));
    assert_int_equal(count, bench->event_last);
    for (size_t i = 0; i < count; i++) {
        if (events[i].has_hash && events[i].kind != EVENT_DRAFT)
            assert_string_equal(events[i].id, bench->id);
    }
    return HL_OK;
}

static void events_are_read_with_all_their_words(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_story(bench);
    sweep(bench, bench->sender->desk, read_events);
}

/* --- evidence --- */

static int export(void *context)
{
    struct bench *bench = context;
    AUTO(blob) bundle = NULL;
    TRY(export_evidence(bench->desk, (const uint8_t(*)[HASH_BYTES])bench->hash, 1, &bundle));
    if (bench->bundle_len == 0)
        bench->bundle_len = bundle->len;
    assert_int_equal(bundle->len, bench->bundle_len); /* no record left out */
    return HL_OK;
}

static void evidence_is_exported_whole(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_story(bench);
    sweep(bench, bench->sender->desk, export);
    bench->bundle_len = 0;
    sweep(bench, bench->peer->desk, export);
}

/* --- opening --- */

static int open_desk(void *context)
{
    const struct bench *bench = context;
    const struct desk_options options = {.path = bench->temp.path,
                                         .identity = bench->sender->identity,
                                         .clock = &bench->world->clock};
    AUTO(desk) desk = NULL;
    TRY(desk_open(&options, &desk));
    uint64_t rows = 0;
    return desk_journal_verify(desk, &rows);
}

/* Without statements prepared, the one that fails is always another: stepped through with a prime. */
static void open_with(struct bench *bench, void (*arm)(unsigned long n), bool is_there)
{
    unsigned long stride = desk_sweep_stride(7);
    bool failed = true;
    for (unsigned long n = 1; failed; n += stride) {
        if (!is_there)
            (void)unlink(bench->temp.path);
        long live = nth_alloc_live();
        arm(n);
        int err = open_desk(bench);
        failed = nth_alloc_disarm();
        if (err != HL_OK && err != HL_ENOMEM)
            fail_msg("allocation %lu failed: error %d", n, err);
        assert_true(err == HL_OK || failed);
        if (nth_alloc_live() != live)
            fail_msg("allocation %lu failed: %ld are left over", n, nth_alloc_live() - live);
        assert_int_equal(open_desk(bench), HL_OK); /* half made, it would be no desk */
    }
}

static void a_desk_is_made_whole_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    assert_int_equal(open_desk(bench), HL_OK);
    open_with(bench, nth_alloc_arm, false);
    open_with(bench, nth_alloc_arm_all, false);
}

static void a_desk_is_opened_or_left_alone(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    assert_int_equal(open_desk(bench), HL_OK);
    open_with(bench, nth_alloc_arm, true);
    open_with(bench, nth_alloc_arm_all, true);
}

/* --- transactions --- */

/* SQLite gave the transaction up, and an error on the way was not passed on: what follows must not be committed one by one. */
static void what_follows_a_lost_transaction_is_refused(void **state)
{
    struct bench *bench = *state;
    struct desk *desk = NULL;
    nth_alloc_require();
    desk = bench->sender->desk;
    {
        AUTO_TRANSACTION transaction = {0};
        assert_int_equal(sql_begin(desk, &transaction), HL_OK);
        assert_int_equal(meta_set_number(desk, "before", 1), HL_OK);
        assert_int_equal(sqlite3_exec(desk->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(meta_set_number(desk, "after", 1), HL_EIO);
        assert_int_equal(sql_commit(&transaction), HL_EIO);
    }
    assert_int_equal(
        desks_count(desk, "SELECT count(*) FROM meta WHERE key IN ('before', 'after')"), 0);
    assert_int_equal(meta_set_number(desk, "after", 1), HL_OK);
}

/* SQLite copies a text for its NUL, and fills zeros in, when it is asked for the value. */
static int read_values(void *context)
{
    const struct bench *bench = context;
    uint8_t zeros[8];
    bool has_row = false;
    AUTO_ROWS rows = {0};
    TRY(sql_query(bench->desk, &rows, "SELECT ?, zeroblob(8)", SQL_ARGS(SQL_TEXT("custody"))));
    TRY(sql_next(&rows, &has_row));
    assert_string_equal(sql_get_text(&rows, 0), "custody");
    assert_int_equal(sql_get_fixed(&rows, 1, zeros, sizeof(zeros)), HL_OK);
    return HL_OK;
}

static void a_text_is_not_empty_for_lack_of_memory(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    sweep(bench, bench->sender->desk, read_values);
}

/* --- identity --- */

static int make_identity(void *context)
{
    const struct bench *bench = context;
    const struct identity *like = bench->sender->identity;
    struct identity_parts parts = {.suite = like->suite,
                                   .rng = like->rng,
                                   .trust = like->trust,
                                   .desk = like->desk,
                                   .store = like->store};
    TRY(key_secrets_new(&parts.secrets));
    *parts.secrets = *like->secrets;
    AUTO(identity) identity = NULL;
    return identity_new(&parts, &identity);
}

static void an_identity_is_made_whole_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    assert_true(nth_alloc_sweep(make_identity, bench) > 3);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_notice_is_shown_whole),
        BENCH_TEST(a_list_leaves_nothing_out),
        BENCH_TEST(the_state_is_read_whole),
        BENCH_TEST(events_are_read_with_all_their_words),
        BENCH_TEST(evidence_is_exported_whole),
        BENCH_TEST(a_desk_is_made_whole_or_not_at_all),
        BENCH_TEST(a_desk_is_opened_or_left_alone),
        BENCH_TEST(what_follows_a_lost_transaction_is_refused),
        BENCH_TEST(a_text_is_not_empty_for_lack_of_memory),
        BENCH_TEST(an_identity_is_made_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
