/* test_post — the outbox: which relays, in which order, what waits for keys or for a time, who is asked again. */
#include <string.h>

#include "client/desk_sql.h"
#include "client/event.h"
#include "client/peer.h"
#include "client/post.h"
#include "client/receipt_book.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_pair.h"

/* The peer came first: it has no key of the sender yet. */
static int bench_up(void **state)
{
    struct desk_pair *bench = desk_pair_new(0);
    desks_connect(bench->world, bench->all, 2, 1);
    *state = bench;
    return 0;
}

static void set_up(struct desk_pair *bench, int relay, bool is_up)
{
    assert_int_equal(sql_run(bench->sender->desk, "UPDATE relay SET contact_ms = ? WHERE id = ?",
                             SQL_ARGS(SQL_N(is_up ? bench->world->now_ms : 0),
                                      SQL_ID(bench->world->infos[relay].id))),
                     HL_OK);
}

static relay_set picked(struct desk_pair *bench, unsigned precedence)
{
    relay_set relays = 0;
    assert_int_equal(post_pick_relays(bench->sender->desk, precedence, &relays), HL_OK);
    return relays;
}

static void flash_and_immediate_go_everywhere_the_rest_to_two_operators(void **state)
{
    struct desk_pair *bench = *state;
    for (int relay = 0; relay < WORLD_RELAYS; relay++)
        set_up(bench, relay, true);
    assert_int_equal(picked(bench, 4), 7);
    assert_int_equal(picked(bench, 3), 7);
    assert_int_equal(picked(bench, 2), 3); /* r1 alpha, r2 beta */
    assert_int_equal(picked(bench, 0), 3);
}

static void relays_that_are_up_go_before_others_of_their_operator(void **state)
{
    struct desk_pair *bench = *state;
    set_up(bench, 0, false);
    set_up(bench, 1, true);
    set_up(bench, 2, true);
    assert_int_equal(picked(bench, 1), 6); /* r2 beta, r3 alpha */
    set_up(bench, 2, false);
    assert_int_equal(picked(bench, 1), 3); /* another operator counts more than being up */
}

static void flash_leaves_before_control_and_control_before_routine(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t routine[HASH_BYTES];
    desks_send(bench->sender, XBB, 1, routine);
    const struct receipt_order order = {.kind = HOTLINE__V1__RECEIPT_KIND__OPENED,
                                        .about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE,
                                        .plane = 1,
                                        .content_hash = routine,
                                        .deposit_hash = routine,
                                        .to = world_desk(bench->world->small, XBB),
                                        .to_device = bench->peer->identity->device->id};
    AUTO(blob) made = NULL;
    uint8_t receipt[HASH_BYTES];
    assert_int_equal(receipt_book_make(bench->sender->desk, &order, &made, receipt), HL_OK);
    desks_send(bench->sender, XBB, 4, bench->hash);
    uint8_t deposits[8][HASH_BYTES];
    size_t waiting = 0;
    assert_int_equal(
        post_waiting(bench->sender->desk, bench->world->infos[0].id, deposits, 8, &waiting), HL_OK);
    assert_int_equal(waiting, 3);
    static const int kinds[] = {CONTENT_NOTICE, CONTENT_RECEIPT, CONTENT_NOTICE};
    static const int precedences[] = {4, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        int64_t kind = 0;
        int64_t precedence = -1;
        assert_int_equal(sql_number_of(bench->sender->desk,
                                       "SELECT kind FROM deposit WHERE hash = ?",
                                       SQL_ARGS(SQL_HASH(deposits[i])), &kind),
                         HL_OK);
        assert_int_equal(sql_number_of(bench->sender->desk,
                                       "SELECT precedence FROM deposit WHERE hash = ?",
                                       SQL_ARGS(SQL_HASH(deposits[i])), &precedence),
                         HL_OK);
        assert_int_equal(kind, kinds[i]);
        assert_int_equal(precedence, precedences[i]);
    }
}

static void a_receipt_waits_for_the_senders_keys(void **state)
{
    struct desk_pair *bench = *state;
    assert_int_equal(
        desks_count(bench->peer->desk, "SELECT count(*) FROM prekey WHERE entity <> x'00'"), 0);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM unsealed"), 1);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word, "HELD BY RELAY");
    struct desk_id wanted[4];
    size_t wanted_count = 0;
    assert_int_equal(post_wanted_keys(bench->peer->desk, wanted, 4, &wanted_count), HL_OK);
    assert_int_equal(wanted_count, 1);
    desks_wait(bench->world, bench->all, 2, 40000); /* the agent asks for them */
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM unsealed"), 0);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word, "AT THEIR DESK");
}

/* A receipt to `to`, put down at the sender's desk. */
static void put_control(struct desk_pair *bench, int to, const uint8_t *hash)
{
    const struct control control = {.kind = CONTENT_RECEIPT,
                                    .plane = 1,
                                    .octets = BYTES("octets", 6),
                                    .hash = hash,
                                    .to = world_desk(bench->world->small, to)};
    assert_int_equal(post_control(bench->sender->desk, &control), HL_OK);
}

static void one_desk_whose_key_cannot_be_used_holds_up_nobody(void **state)
{
    struct desk_pair *bench = *state;
    struct desk *desk = bench->sender->desk;
    static const uint8_t first[HASH_BYTES] = {1};
    static const uint8_t second[HASH_BYTES] = {2};
    AUTO(terminal) other = terminal_new(bench->world, XCC, 0, NULL);
    struct terminal *all[] = {other, bench->peer, bench->sender};
    terminal_connect(other, 0);
    desks_run(bench->world, all, 3);
    assert_int_equal(sql_run(desk, "DELETE FROM prekey", SQL_NO_ARGS), HL_OK);
    put_control(bench, XCC, first);
    put_control(bench, XBB, second);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM unsealed"), 2);

    desks_wait(bench->world, all, 3, 2000); /* both keys come, and both receipts leave */
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM unsealed"), 0);
    assert_int_equal(sql_run(desk, "UPDATE prekey SET pk = zeroblob(1216) WHERE entity = ?",
                             SQL_ARGS(SQL_ID(bench->world->small->entities[XCC].id))),
                     HL_OK);
    static const uint8_t third[HASH_BYTES] = {3};
    static const uint8_t fourth[HASH_BYTES] = {4};
    put_control(bench, XCC, third);
    assert_int_equal(sql_run(desk,
                             "UPDATE prekey SET not_after_ms = -not_after_ms WHERE entity = ?",
                             SQL_ARGS(SQL_ID(bench->world->small->entities[XBB].id))),
                     HL_OK);
    put_control(bench, XBB, fourth);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM unsealed"), 2);
    assert_int_equal(sql_run(desk,
                             "UPDATE prekey SET not_after_ms = -not_after_ms WHERE entity = ?",
                             SQL_ARGS(SQL_ID(bench->world->small->entities[XBB].id))),
                     HL_OK);
    assert_int_equal(post_flush(desk), HL_OK);
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM unsealed WHERE hash >= x'04'"), 0);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM unsealed"), 1);
}

static int no_keypair(const uint8_t seed[KEM_SEED_BYTES], uint8_t ret_pk[KEM_PK_BYTES])
{
    (void)seed;
    memset(ret_pk, 0, KEM_PK_BYTES);
    return HL_OK;
}

static void a_signed_prekey_that_is_no_key_counts_as_none_and_is_told_once(void **state)
{
    struct desk_pair *bench = *state;
    struct suite hostile = *suite_fake();
    hostile.kem_keypair = no_keypair;
    const struct identity *peer = bench->peer->identity;
    uint8_t prev[HASH_BYTES] = {0};
    AUTO(blob) made = NULL;
    bench->world->now_ms += 60000; /* newer than the good one */
    assert_int_equal(prekey_make(&PREKEY_SOURCE(&hostile, peer->device, peer->trust->ns,
                                                peer->desk.entity, prev),
                                 &bench->world->rng, peer->secrets->hedge_key, bench->world->now_ms,
                                 peer->ring, &made),
                     HL_OK);
    size_t told = desks_events(bench->sender, EVENT_QUARANTINED);
    for (int i = 0; i < 2; i++)
        assert_int_equal(peer_take_prekey(bench->sender->desk, bytes_blob(made)), HL_OK);
    assert_int_equal(desks_events(bench->sender, EVENT_QUARANTINED), told + 1);
    AUTO(slot_plan) plan = NULL;
    assert_int_equal(slots_plan(bench->sender->desk, false, &peer->desk, 1, &plan), HL_OK);
    assert_int_equal(plan->missing_count, 1);
}

static void nothing_leaves_before_its_time(void **state)
{
    struct desk_pair *bench = *state;
    uint8_t deposits[4][HASH_BYTES];
    size_t waiting = 0;
    desks_send(bench->sender, XBB, 1, bench->hash);
    assert_int_equal(sql_run(bench->sender->desk, "UPDATE outbox SET due_ms = ?",
                             SQL_ARGS(SQL_N(bench->world->now_ms + 2000))),
                     HL_OK);
    assert_int_equal(
        post_waiting(bench->sender->desk, bench->world->infos[0].id, deposits, 4, &waiting), HL_OK);
    assert_int_equal(waiting, 0);
    bench->world->now_ms += 2000;
    assert_int_equal(
        post_waiting(bench->sender->desk, bench->world->infos[0].id, deposits, 4, &waiting), HL_OK);
    assert_int_equal(waiting, 1);
}

static void an_answer_stands_when_a_deposit_is_offered_again(void **state)
{
    struct desk_pair *bench = *state;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    AUTO(blob) deposit = NULL;
    assert_int_equal(
        sql_blob_of(bench->sender->desk, "SELECT deposit FROM notice", SQL_NO_ARGS, &deposit),
        HL_OK);
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM outbox WHERE state = 1"), 1);
    assert_int_equal(post_offer(bench->sender->desk, deposit->data, 7, 0), HL_OK);
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM outbox WHERE state = 1"), 1);
    assert_int_equal(
        post_refused(bench->sender->desk, &bench->world->infos[0], deposit->data, 10, 0),
        HL_OK); /* a late refusal does not undo custody */
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM outbox WHERE state = 1"), 1);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, desk_pair_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(flash_and_immediate_go_everywhere_the_rest_to_two_operators),
        BENCH_TEST(relays_that_are_up_go_before_others_of_their_operator),
        BENCH_TEST(flash_leaves_before_control_and_control_before_routine),
        BENCH_TEST(a_receipt_waits_for_the_senders_keys),
        BENCH_TEST(one_desk_whose_key_cannot_be_used_holds_up_nobody),
        BENCH_TEST(a_signed_prekey_that_is_no_key_counts_as_none_and_is_told_once),
        BENCH_TEST(nothing_leaves_before_its_time),
        BENCH_TEST(an_answer_stands_when_a_deposit_is_offered_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
