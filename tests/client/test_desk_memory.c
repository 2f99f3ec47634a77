/* test_desk_memory — the n-th allocation fails while officers draft and release, while custody comes and while the courier ticks:
 * each is done once, or not at all and can be done again. */
#include <stdlib.h>
#include <string.h>

#include "client/courier.h"
#include "client/peer.h"
#include "client/post.h"
#include "client/promise.h"
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
    struct desk *desk; /* where the operation is done */
    struct temp_dir temp;
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES], notice_id[ID_BYTES];
    Hotline__V1__Notice *notice;
    struct blob *record;
    uint8_t deposit[HASH_BYTES];
    struct desk_sweep sweep;
};

static int bench_up(void **state)
{
    if (!nth_alloc_is_supported())
        return 0;
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    temp_dir_make(&bench->temp, "desk.db");
    bench->all[0] = bench->sender = terminal_new(bench->world, XAA, 0, bench->temp.path);
    bench->all[1] = bench->peer = terminal_new(bench->world, XBB, 0, NULL);
    bench->all[2] = bench->second = terminal_new(bench->world, XAA, 1, NULL);
    desks_meet(bench->world, bench->all, 3, 1);
    bench->desk = bench->sender->desk;
    bench->sweep = (struct desk_sweep){.desk = bench->desk, .context = bench};
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    if (bench == NULL)
        return 0;
    hotline__v1__notice__free_unpacked(bench->notice, NULL);
    desks_free(bench->world, bench->all, 3);
    blob_free(bench->record);
    int err = temp_dir_remove(&bench->temp);
    free(bench);
    return err;
}

/* --- drafts --- */

static int keep(void *context)
{
    struct bench *bench = context;
    char id[NOTICE_ID_SIZE];
    return draft_keep(bench->desk, bench->notice, id);
}

static int sign(void *context)
{
    struct bench *bench = context;
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    return draft_sign(bench->desk, bench->notice, id, hash);
}

/* Signing fills the notice in; what it puts there the first time stays with it. */
static void prepare_notice(struct bench *bench, unsigned precedence)
{
    bench->notice = desks_notice(bench->world, XBB, -1, precedence);
    terminal_unlock(bench->sender, 0);
}

static void a_draft_is_kept_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_notice(bench, 4);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM draft WHERE state = 0", 1});
    desk_sweep_once(&bench->sweep, keep);
}

static void a_draft_is_signed_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_notice(bench, 4);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM draft WHERE state = 1", 1},
                {"SELECT count(*) FROM deposit WHERE kind = 4", 1}, /* to our other terminal */
                {"SELECT count(*) FROM event WHERE kind = 25", 1});
    desk_sweep_once(&bench->sweep, sign);
}

static void prepare_draft(struct bench *bench, unsigned precedence)
{
    prepare_notice(bench, precedence);
    assert_int_equal(draft_sign(bench->desk, bench->notice, bench->id, bench->hash), HL_OK);
    terminal_unlock(bench->sender, 1);
}

static int give_back(void *context)
{
    struct bench *bench = context;
    char id[NOTICE_ID_SIZE];
    return draft_return(bench->desk, bench->id, "not so", id);
}

static int withdraw(void *context)
{
    struct bench *bench = context;
    return draft_withdraw(bench->desk, bench->id);
}

static void a_draft_is_given_back_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 4);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM draft WHERE state = 2", 1},
                {"SELECT count(*) FROM draft WHERE state = 0", 1},
                {"SELECT count(*) FROM deposit WHERE kind = 4", 2});
    desk_sweep_once(&bench->sweep, give_back);
}

static void a_draft_is_withdrawn_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 4);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM draft", 0},
                {"SELECT count(*) FROM deposit WHERE kind = 4", 2});
    desk_sweep_once(&bench->sweep, withdraw);
}

static int show_drafts(void *context)
{
    struct bench *bench = context;
    AUTO(draft_view) view = NULL;
    AUTO(draft_list) list = NULL;
    struct draft_review *review = NULL;
    TRY(draft_get(bench->desk, bench->id, &view));
    TRY(draft_list(bench->desk, &list));
    assert_int_equal(list->count, 2);
    int err = draft_review(bench->desk, bench->id, &review);
    free(review);
    return err;
}

static void drafts_are_shown_whole(void **state)
{
    struct bench *bench = *state;
    char id[NOTICE_ID_SIZE];
    nth_alloc_require();
    prepare_draft(bench, 4);
    assert_int_equal(draft_keep(bench->desk, bench->notice, id), HL_OK);
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM draft", 2});
    desk_sweep_once(&bench->sweep, show_drafts);
}

/* --- release --- */

static int release(void *context)
{
    struct bench *bench = context;
    static struct release_result result;
    const struct release_options options = {0};
    return draft_release(bench->desk, bench->id, &options, &result);
}

static int release_alone(void *context)
{
    struct bench *bench = context;
    static struct release_result result;
    const struct release_options options = {.reason = "nobody else is in the house"};
    return draft_release(bench->desk, bench->id, &options, &result);
}

static void expect_sent(struct bench *bench)
{
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM notice WHERE direction = 1", 1},
                {"SELECT count(*) FROM draft WHERE state = 3", 1},
                {"SELECT count(*) FROM draft WHERE state = 1", 0},
                {"SELECT max(seq) FROM stream_out", 1}, /* no number skipped, none taken twice */
                {"SELECT count(*) FROM addressee WHERE seq = 1", 1},
                {"SELECT count(*) FROM outbox o JOIN notice n ON n.deposit = o.deposit", 3},
                {"SELECT count(*) FROM event WHERE kind = 0", 1},
                {"SELECT count(*) FROM deposit WHERE kind = 1", 1});
}

static void a_release_sends_once_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 4);
    expect_sent(bench);
    desk_sweep_once(&bench->sweep, release);
}

static void a_release_sends_when_memory_comes_back(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 4);
    expect_sent(bench);
    desk_sweep_for_good(&bench->sweep, release);
}

/* The author takes it upon himself: signed anew and released in one. */
static void a_release_by_one_person_sends_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 4);
    terminal_unlock(bench->sender, 0);
    expect_sent(bench);
    desk_sweep_once(&bench->sweep, release_alone);
}

/* --- custody --- */

static int take_custody(void *context)
{
    struct bench *bench = context;
    Hotline__V1__SubmitResult *result =
        hotline__v1__submit_result__unpack(NULL, bench->record->len, bench->record->data);
    if (result == NULL)
        return HL_ENOMEM; /* the test's own */
    bool is_taken = false;
    int err = promise_sent(bench->desk, &bench->world->infos[0], bench->deposit, result->receipt,
                           &is_taken);
    if (err == HL_OK)
        assert_true(is_taken);
    hotline__v1__submit_result__free_unpacked(result, NULL);
    return err;
}

/* The relay's answer to the notice, not yet shown to the desk. */
static void hold_custody(struct bench *bench)
{
    AUTO(blob) hash = NULL;
    AUTO(blob) envelope = NULL;
    assert_int_equal(sql_blob_of(bench->desk, "SELECT deposit FROM notice", SQL_NO_ARGS, &hash),
                     HL_OK);
    memcpy(bench->deposit, hash->data, HASH_BYTES);
    assert_int_equal(post_envelope(bench->desk, hash->data, &envelope), HL_OK);
    struct paper_session *session = paper_session_new(
        bench->world->relays[0], bench->sender->identity->device_cert, bench->world->now_ms);
    Hotline__V1__Submit submit;
    hotline__v1__submit__init(&submit);
    submit.req = 1;
    submit.envelope = strict_octets(envelope->data, envelope->len);
    AUTO(blob) body = NULL;
    assert_int_equal(strict_pack(&submit.base, &body), HL_OK);
    paper_session_input(session, RECORD_SUBMIT, bytes_blob(body), bench->world->now_ms);
    unsigned type = 0;
    struct blob *record = NULL;
    while (paper_session_output(session, &type, &record)) {
        if (type == RECORD_SUBMIT_RESULT)
            bench->record = record;
        else
            blob_free(record);
    }
    paper_session_free(session);
    assert_non_null(bench->record);
}

static void custody_is_taken_once_and_accuses_nobody(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 4);
    assert_int_equal(release(bench), HL_OK);
    hold_custody(bench);
    DESK_EXPECT(
        &bench->sweep, {"SELECT count(*) FROM custody", 1},
        {"SELECT count(*) FROM outbox o JOIN notice n ON n.deposit = o.deposit WHERE state = 1", 1},
        {"SELECT count(*) FROM addressee WHERE state = 1", 1},
        {"SELECT count(*) FROM event WHERE kind = 1", 1},
        {"SELECT count(*) FROM event WHERE kind IN (17, 22)", 0}, /* against the relay */
        {"SELECT max(code) FROM outbox", 0});
    desk_sweep_once(&bench->sweep, take_custody);
}

/* --- the courier --- */

static int tick(void *context)
{
    struct bench *bench = context;
    int64_t next_ms = 0;
    return courier_tick(bench->desk, &next_ms);
}

/* All that a tick can do at once: deadlines told, a further relay asked, a release expired, a number missed. */
static void what_is_overdue_is_told_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 1);
    terminal_unlock(bench->sender, 0); /* its author releases it */
    assert_int_equal(release(bench), HL_OK);
    bench->world->now_ms += 400 * 1000;
    DESK_EXPECT(&bench->sweep,
                {"SELECT count(*) FROM event WHERE kind = 8 AND layer = 'custody'", 1},
                {"SELECT count(*) FROM outbox o JOIN notice n ON n.deposit = o.deposit", 3},
                {"SELECT told FROM addressee", 1});
    desk_sweep_once(&bench->sweep, tick);
}

static void a_release_expires_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    prepare_draft(bench, 4);
    assert_int_equal(release(bench), HL_OK);
    bench->world->now_ms += 3600 * 1000;
    DESK_EXPECT(&bench->sweep,
                {"SELECT count(*) FROM outbox o JOIN notice n ON n.deposit = o.deposit"
                 " WHERE state = 3",
                 3},
                {"SELECT count(*) FROM event WHERE kind = 8 AND detail <> ''", 1});
    desk_sweep_once(&bench->sweep, tick);
}

/* --- our own prekey --- */

static int own_prekey(void *context)
{
    struct bench *bench = context;
    AUTO(blob) prekey = NULL;
    int64_t created_ms = 0;
    return peer_own_prekey(bench->desk, &prekey, &created_ms);
}

/* A key that was saved and not told takes the place of one that others seal to. */
static void a_prekey_that_is_not_told_takes_no_place_in_the_ring(void **state)
{
    struct bench *bench = *state;
    const char *const sql = "SELECT number FROM meta WHERE key = 'prekey_ms'";
    nth_alloc_require();
    bench->world->now_ms += 25LL * 3600 * 1000;
    struct ring_box *box = &bench->sender->box;
    const struct prekey_ring before = box->copy;
    int64_t told_ms = desks_count(bench->desk, sql);
    for (unsigned long n = 1; desks_count(bench->desk, sql) == told_ms; n++) {
        assert_int_equal(box->copy.count, before.count);
        nth_alloc_arm(n);
        int err = own_prekey(bench);
        assert_true(nth_alloc_disarm() || err == HL_OK);
        assert_true(err == HL_OK || err == HL_ENOMEM);
    }
    assert_int_equal(box->copy.count, before.count + 1);
}

static void a_prekey_is_made_once(void **state)
{
    struct bench *bench = *state;
    nth_alloc_require();
    bench->world->now_ms += 25LL * 3600 * 1000;
    DESK_EXPECT(&bench->sweep, {"SELECT count(*) FROM journal WHERE kind = 11", 2},
                {"SELECT count(*) FROM meta WHERE key = 'prekey'", 1});
    desk_sweep_once(&bench->sweep, own_prekey);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_draft_is_kept_once),
        BENCH_TEST(a_draft_is_signed_once),
        BENCH_TEST(a_draft_is_given_back_once),
        BENCH_TEST(a_draft_is_withdrawn_once),
        BENCH_TEST(drafts_are_shown_whole),
        BENCH_TEST(a_release_sends_once_or_not_at_all),
        BENCH_TEST(a_release_sends_when_memory_comes_back),
        BENCH_TEST(a_release_by_one_person_sends_once),
        BENCH_TEST(custody_is_taken_once_and_accuses_nobody),
        BENCH_TEST(what_is_overdue_is_told_once),
        BENCH_TEST(a_release_expires_once),
        BENCH_TEST(a_prekey_that_is_not_told_takes_no_place_in_the_ring),
        BENCH_TEST(a_prekey_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
