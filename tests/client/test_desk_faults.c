/* test_desk_faults — the n-th write, sync or deletion fails, or the power goes there: nothing is lost, nothing is half done. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/inbox.h"
#include "client/peer.h"
#include "proto/record.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/temp_dir.h"

#define TRIES_MAX 400

struct bench {
    struct desk_world *world;
    struct terminal *sender, *peer;
    struct terminal *all[2];
    struct temp_dir temp;
    char journal[80], copy[64];
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    struct blob *deliver; /* record for the peer */
};

static void copy_file(const char *from, const char *to)
{
    static uint8_t octets[8 * 1024 * 1024];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    size_t len = fread(octets, 1, sizeof(octets), in);
    assert_int_equal(fwrite(octets, 1, len, out), len);
    (void)fclose(in);
    (void)fclose(out);
}

static int bench_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    temp_dir_make(&bench->temp, "desk.db");
    (void)snprintf(bench->copy, sizeof(bench->copy), "%s/copy.db", bench->temp.folder);
    (void)snprintf(bench->journal, sizeof(bench->journal), "%s-journal", bench->temp.path);
    fault_vfs_register();
    fault_vfs_arm(FAULT_NONE, 0, 0);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    desks_free(bench->world, bench->all, 2);
    blob_free(bench->deliver);
    (void)unlink(bench->copy);
    int err = temp_dir_remove(&bench->temp);
    free(bench);
    return err;
}

/* Both know each other's keys; one of the two databases lies at bench->temp.path. */
static void meet(struct bench *bench, bool is_sender_on_disk)
{
    bench->all[0] = bench->sender =
        terminal_new(bench->world, XAA, 0, is_sender_on_disk ? bench->temp.path : NULL);
    bench->all[1] = bench->peer =
        terminal_new(bench->world, XBB, 0, is_sender_on_disk ? NULL : bench->temp.path);
    desks_meet(bench->world, bench->all, 2, 1);
}

/* The saved database again, as it lies on the disk, with the machine's own VFS or the failing one. */
static void restore(struct bench *bench, struct terminal *terminal)
{
    fault_vfs_arm(FAULT_NONE, 0, 0);
    assert_int_equal(terminal_reopen(terminal, ":memory:", NULL), HL_OK);
    (void)unlink(bench->journal);
    copy_file(bench->copy, bench->temp.path);
    assert_int_equal(terminal_reopen(terminal, bench->temp.path, FAULT_VFS), HL_OK);
}

static void look(struct bench *bench, struct terminal *terminal)
{
    fault_vfs_arm(FAULT_NONE, 0, 0);
    uint64_t rows = 0;
    assert_int_equal(terminal_reopen(terminal, bench->temp.path, NULL), HL_OK);
    assert_int_equal(desk_journal_verify(terminal->desk, &rows), HL_OK);
}

/* --- own prekeys --- */

/* Where the ring is saved and the commit fails, the key is in the ring and nobody was told. If each further try made a new one,
 * they would push out those that peers seal to. */
static void a_failing_disk_leaves_one_untold_prekey_and_it_is_told_next(void **state)
{
    struct bench *bench = *state;
    AUTO(blob) told = NULL;
    int64_t created_ms = 0;
    size_t tries_after_saving = 0;
    meet(bench, true);
    const struct prekey_ring *saved = &bench->sender->box.copy;
    size_t before = saved->count;
    bench->world->now_ms += 25 * 3600 * 1000LL;
    assert_int_equal(terminal_reopen(bench->sender, bench->temp.path, FAULT_VFS), HL_OK);
    for (unsigned n = 1; told == NULL; n++) {
        fault_vfs_arm(FAULT_IOERR, n, 0);
        int err = peer_own_prekey(bench->sender->desk, &told, &created_ms);
        assert_true(err == HL_OK || fault_vfs_has_fired());
        tries_after_saving += err != HL_OK && saved->count > before;
    }
    fault_vfs_arm(FAULT_NONE, 0, 0);
    assert_true(tries_after_saving > 1);
    assert_int_equal(saved->count, before + 1);
    assert_int_equal(saved->keys[before].created_ms, created_ms);
}

/* --- sending --- */

static int release(struct bench *bench)
{
    const struct release_options options = {0};
    struct release_result *result = calloc(1, sizeof(*result));
    int err = draft_release(bench->sender->desk, bench->id, &options, result);
    free(result);
    return err;
}

static void expect_all_or_nothing(struct bench *bench, bool must_be_there)
{
    struct desk *desk = bench->sender->desk;
    int64_t notices = desks_count(desk, "SELECT count(*) FROM notice");
    if (must_be_there)
        assert_int_equal(notices, 1);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM draft WHERE state = 3"), notices);
    assert_int_equal(desks_count(desk, "SELECT coalesce(max(seq), 0) FROM stream_out"), notices);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM addressee"), notices);
    assert_int_equal(desks_count(desk, "SELECT count(*) FROM outbox"), 3 * notices);
    if (notices == 0)
        assert_int_equal(release(bench), HL_OK);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(desk, bench->hash, &view), HL_OK);
    assert_string_equal(view->addressees[0].serial, "XAA.TEC-XBB.TEC/L/0001");
}

static void release_with(struct bench *bench, enum fault_kind kind)
{
    bool has_fired = true;
    unsigned n = 1;
    for (; has_fired && n < TRIES_MAX; n++) {
        restore(bench, bench->sender);
        fault_vfs_arm(kind, n, n);
        int err = release(bench);
        has_fired = fault_vfs_has_fired();
        look(bench, bench->sender);
        expect_all_or_nothing(bench, err == HL_OK);
    }
    assert_false(has_fired); /* the last run met no fault: every operation was tried */
    assert_true(n > 5);
}

static void prepare_release(struct bench *bench)
{
    meet(bench, true);
    Hotline__V1__Notice *notice = desks_notice(bench->world, XBB, -1, 4);
    terminal_unlock(bench->sender, 0);
    assert_int_equal(draft_sign(bench->sender->desk, notice, bench->id, bench->hash), HL_OK);
    hotline__v1__notice__free_unpacked(notice, NULL);
    terminal_unlock(bench->sender, 1);
    assert_int_equal(terminal_reopen(bench->sender, ":memory:", NULL), HL_OK);
    copy_file(bench->temp.path, bench->copy);
}

static void a_release_survives_any_failing_operation(void **state)
{
    struct bench *bench = *state;
    prepare_release(bench);
    release_with(bench, FAULT_IOERR);
    release_with(bench, FAULT_FULL);
}

static void a_release_survives_power_loss_at_any_operation(void **state)
{
    struct bench *bench = *state;
    prepare_release(bench);
    release_with(bench, FAULT_POWER);
    release_with(bench, FAULT_TORN);
}

/* --- receiving --- */

/* The sender's notice as the relay delivers it, not yet shown to the peer. */
static void prepare_arrival(struct bench *bench)
{
    meet(bench, false);
    struct terminal *const senders[] = {bench->sender};
    terminal_disconnect(bench->peer, 0);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, senders, 1);
    struct paper_session *session = paper_session_new(
        bench->world->relays[0], bench->peer->identity->device_cert, bench->world->now_ms);
    Hotline__V1__Subscribe subscribe;
    hotline__v1__subscribe__init(&subscribe);
    subscribe.window = 1;
    subscribe.window_bytes = 65536;
    AUTO(blob) body = NULL;
    assert_int_equal(strict_pack(&subscribe.base, &body), HL_OK);
    paper_session_input(session, RECORD_SUBSCRIBE, bytes_blob(body), bench->world->now_ms);
    unsigned type = 0;
    struct blob *record = NULL;
    while (paper_session_output(session, &type, &record)) {
        if (type == RECORD_DELIVER && bench->deliver == NULL)
            bench->deliver = record;
        else
            blob_free(record);
    }
    paper_session_free(session);
    assert_non_null(bench->deliver);
    assert_int_equal(terminal_reopen(bench->peer, ":memory:", NULL), HL_OK);
    copy_file(bench->temp.path, bench->copy);
}

static int deliver(struct bench *bench)
{
    Hotline__V1__Deliver *message =
        hotline__v1__deliver__unpack(NULL, bench->deliver->len, bench->deliver->data);
    struct inbox_result result = {0};
    int err = inbox_deliver(bench->peer->desk, &bench->world->infos[0], message, &result);
    if (err == HL_OK) {
        assert_true(result.is_taken);
        blob_free(result.reject);
    }
    hotline__v1__deliver__free_unpacked(message, NULL);
    return err;
}

static void deliver_with(struct bench *bench, enum fault_kind kind)
{
    bool has_fired = true;
    unsigned n = 1;
    for (; has_fired && n < TRIES_MAX; n++) {
        restore(bench, bench->peer);
        fault_vfs_arm(kind, n, n);
        int err = deliver(bench);
        has_fired = fault_vfs_has_fired();
        look(bench, bench->peer);
        struct desk *desk = bench->peer->desk;
        int64_t notices = desks_count(desk, "SELECT count(*) FROM notice");
        if (err == HL_OK) /* the relay was told Taken: it must be here */
            assert_int_equal(notices, 1);
        assert_int_equal(desks_count(desk, "SELECT count(*) FROM receipt"), notices);
        assert_int_equal(desks_count(desk, "SELECT cursor FROM relay ORDER BY cursor DESC LIMIT 1"),
                         notices);
        assert_int_equal(deliver(bench), HL_OK); /* delivered again: once is enough */
        assert_int_equal(desks_count(desk, "SELECT count(*) FROM notice"), 1);
        assert_int_equal(desks_count(desk, "SELECT count(*) FROM receipt"), 1);
        assert_int_equal(desks_count(desk, "SELECT count(*) FROM deposit WHERE kind = 2"), 1);
    }
    assert_false(has_fired);
    assert_true(n > 5);
}

static void an_arrival_survives_any_failing_operation(void **state)
{
    struct bench *bench = *state;
    prepare_arrival(bench);
    deliver_with(bench, FAULT_IOERR);
    deliver_with(bench, FAULT_FULL);
}

static void an_arrival_survives_power_loss_at_any_operation(void **state)
{
    struct bench *bench = *state;
    prepare_arrival(bench);
    deliver_with(bench, FAULT_POWER);
    deliver_with(bench, FAULT_TORN);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_failing_disk_leaves_one_untold_prekey_and_it_is_told_next),
        BENCH_TEST(a_release_survives_any_failing_operation),
        BENCH_TEST(a_release_survives_power_loss_at_any_operation),
        BENCH_TEST(an_arrival_survives_any_failing_operation),
        BENCH_TEST(an_arrival_survives_power_loss_at_any_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
