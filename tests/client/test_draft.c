/* test_draft — from form to release: who may sign, what is refused with which words, what leaves in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "client/courier.h"
#include "client/desk_sql.h"
#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"

#define REASON "second officer cannot be reached"

struct bench {
    struct desk_world *world;
    struct terminal *sender, *peer, *second; /* XAA/1, XBB/1, XAA/2 */
    struct terminal *all[3];
    struct release_result result;
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
};

static int bench_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    bench->all[0] = bench->peer = terminal_new(bench->world, XBB, 0, NULL);
    bench->all[1] = bench->second = terminal_new(bench->world, XAA, 1, NULL);
    bench->all[2] = bench->sender = terminal_new(bench->world, XAA, 0, NULL);
    desks_meet(bench->world, bench->all, 3, 1);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    desks_free(bench->world, bench->all, 3);
    free(bench);
    return 0;
}

/* Drafted by officer 0 of the sender. */
static int sign(struct bench *bench, unsigned precedence, uint32_t persons)
{
    Hotline__V1__Notice *notice = desks_notice(bench->world, XBB, -1, precedence);
    notice->persons = persons;
    terminal_unlock(bench->sender, 0);
    int err = draft_sign(bench->sender->desk, notice, bench->id, bench->hash);
    hotline__v1__notice__free_unpacked(notice, NULL);
    return err;
}

static int release_as(struct bench *bench, int officer, const char *reason)
{
    terminal_unlock(bench->sender, officer);
    const struct release_options options = {.reason = reason};
    return draft_release(bench->sender->desk, bench->id, &options, &bench->result);
}

static void two_persons_release_and_it_is_sealed(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(bench->id[0], 'L');
    assert_int_equal(release_as(bench, 1, NULL), HL_OK);
    assert_true(bench->result.is_sent);
    assert_int_equal(bench->result.persons_missing, 0);
    assert_memory_equal(bench->result.hash, bench->hash, HASH_BYTES);
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM deposit WHERE kind = 1"), 1);
    assert_int_equal(desks_count(bench->sender->desk,
                                 "SELECT count(*) FROM outbox o JOIN deposit d ON d.hash ="
                                 " o.deposit WHERE d.kind = 1"),
                     3); /* FLASH: all relays */
}

static void routine_goes_to_two_operators(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 1, 0), HL_OK);
    assert_int_equal(release_as(bench, 0, NULL), HL_OK);
    assert_int_equal(desks_count(bench->sender->desk,
                                 "SELECT count(*) FROM outbox o JOIN deposit d ON d.hash ="
                                 " o.deposit WHERE d.kind = 1"),
                     2);
    assert_int_equal(
        desks_count(bench->sender->desk,
                    "SELECT count(*) FROM outbox o JOIN deposit d ON d.hash = o.deposit"
                    " WHERE d.kind = 1 AND o.relay IN (SELECT id FROM relay)"),
        2);
}

/* While he types his pass-phrase the author may put another draft in its place, and a prefix then fits that one. */
static void what_the_officer_did_not_see_is_not_released(void **state)
{
    struct bench *bench = *state;
    uint8_t seen[HASH_BYTES];
    const struct release_options options = {.seen = seen};
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    memcpy(seen, bench->hash, HASH_BYTES);
    assert_int_equal(draft_withdraw(bench->sender->desk, bench->id), HL_OK);
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    terminal_unlock(bench->sender, 1);
    assert_int_equal(draft_release(bench->sender->desk, bench->id, &options, &bench->result),
                     HL_ESTATE);
    assert_non_null(strstr(desk_why(bench->sender->desk), "another draft"));
    memcpy(seen, bench->hash, HASH_BYTES);
    assert_int_equal(draft_release(bench->sender->desk, bench->id, &options, &bench->result),
                     HL_OK);
    assert_true(bench->result.is_sent);
}

static void the_drafter_may_not_be_the_second_person(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(release_as(bench, 0, NULL), HL_EPERM);
    assert_non_null(strstr(desk_why(bench->sender->desk), "another person"));
    assert_int_equal(
        desks_count(bench->sender->desk, "SELECT count(*) FROM outbox"),
        desks_count(
            bench->sender->desk,
            "SELECT count(*) FROM outbox o JOIN deposit d ON d.hash = o.deposit WHERE d.kind = 4"));
}

static void two_keys_of_one_person_are_one_person(void **state)
{
    struct bench *bench = *state;
    struct small_world *small = bench->world->small;
    memcpy(world_officer_cert(small, XAA, 1)->person, world_officer_cert(small, XAA, 0)->person,
           ID_BYTES);
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_EPERM);
}

static void flash_by_one_person_needs_a_reason(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 1), HL_OK);
    assert_int_equal(release_as(bench, 0, NULL), HL_EPERM);
    assert_non_null(strstr(desk_why(bench->sender->desk), "--single-person"));
    assert_int_equal(release_as(bench, 0, "too short"), HL_EINVAL);
    assert_int_equal(release_as(bench, 0, REASON), HL_OK);
    assert_true(bench->result.is_sent);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->sender->desk, bench->hash, &view), HL_OK);
    assert_true((view->flags & NOTICE_NOT_SECOND_PERSON) != 0);
    assert_string_equal(view->releases[0]->reason, REASON);
    assert_true(view->releases[0]->single_person);
}

static void a_reason_of_the_drafter_makes_a_notice_of_one_person(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 2), HL_OK);
    assert_int_equal(release_as(bench, 0, REASON), HL_OK);
    assert_true(bench->result.is_sent);
    assert_memory_not_equal(bench->result.hash, bench->hash, HASH_BYTES);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->sender->desk, bench->result.hash, &view), HL_OK);
    assert_int_equal(view->notice->persons, 1);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM draft WHERE state = 1"),
                     0);
}

static void routine_by_one_person_needs_no_reason(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 1, 0), HL_OK);
    assert_int_equal(release_as(bench, 0, NULL), HL_OK);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->sender->desk, bench->hash, &view), HL_OK);
    assert_int_equal(view->flags & NOTICE_NOT_SECOND_PERSON, 0);
}

static void a_stale_directory_and_one_person_need_a_reason(void **state)
{
    struct bench *bench = *state;
    bench->world->small->trust.directory_expires_ms = bench->world->now_ms - 3600000;
    assert_int_equal(sign(bench, 1, 0), HL_OK);
    assert_int_equal(release_as(bench, 0, NULL), HL_EPERM);
    assert_non_null(strstr(desk_why(bench->sender->desk), "stale"));
    assert_int_equal(release_as(bench, 0, REASON), HL_OK);
}

static void an_officer_without_the_role_may_neither_draft_nor_release(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(release_as(bench, 2, NULL), HL_EPERM); /* ACK only */
    Hotline__V1__Notice *notice = desks_notice(bench->world, XBB, -1, 1);
    assert_int_equal(draft_sign(bench->sender->desk, notice, bench->id, bench->hash), HL_EPERM);
    identity_lock_officer(bench->sender->identity);
    assert_int_equal(draft_sign(bench->sender->desk, notice, bench->id, bench->hash), HL_EPERM);
    hotline__v1__notice__free_unpacked(notice, NULL);
}

static void a_returned_draft_has_a_new_id_and_no_signature(void **state)
{
    struct bench *bench = *state;
    char fresh[NOTICE_ID_SIZE];
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    terminal_unlock(bench->sender, 1);
    assert_int_equal(draft_return(bench->sender->desk, bench->id, "say what you ask", fresh),
                     HL_OK);
    assert_int_equal(fresh[0], 'D');
    AUTO(draft_view) view = NULL;
    assert_int_equal(draft_get(bench->sender->desk, fresh, &view), HL_OK);
    assert_int_equal(view->state, DRAFT_UNSIGNED);
    assert_null(view->signed_notice);
    assert_string_equal(view->notice->subject, "SECRETSUBJECT grid");
    assert_string_equal(view->remark, "say what you ask");
    assert_int_equal(release_as(bench, 1, NULL), HL_ESTATE);

    terminal_unlock(bench->sender, 0); /* signing it again makes another notice */
    char again[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    assert_int_equal(draft_sign(bench->sender->desk, view->notice, again, hash), HL_OK);
    assert_memory_not_equal(hash, bench->hash, HASH_BYTES);
    AUTO(draft_view) gone = NULL;
    assert_int_equal(draft_get(bench->sender->desk, fresh, &gone), HL_ENOTFOUND);
}

static void without_keys_nothing_is_signed_and_the_desks_are_named(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(sql_run(bench->sender->desk, "DELETE FROM prekey WHERE entity = ?",
                             SQL_ARGS(SQL_ID(bench->world->small->entities[XBB].id))),
                     HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_ENOTFOUND);
    assert_int_equal(bench->result.missing_count, 1);
    assert_memory_equal(bench->result.missing[0].entity, bench->world->small->entities[XBB].id,
                        ID_BYTES);
    struct draft_review *review = NULL;
    assert_int_equal(draft_review(bench->sender->desk, bench->id, &review), HL_OK);
    assert_int_equal(review->missing_count, 1);
    assert_int_equal(review->releases, 0);
    free(review);
}

static void an_old_key_is_named_before_release(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(sql_run(bench->sender->desk, "UPDATE prekey SET not_after_ms = ?",
                             SQL_ARGS(SQL_N(bench->world->now_ms - 1000))),
                     HL_OK);
    struct draft_review *review = NULL;
    assert_int_equal(draft_review(bench->sender->desk, bench->id, &review), HL_OK);
    assert_int_equal(review->weaker_count, 1);
    assert_int_equal(review->missing_count, 0);
    free(review);
    assert_int_equal(sql_run(bench->sender->desk, "UPDATE prekey SET not_after_ms = ?",
                             SQL_ARGS(SQL_N(bench->world->now_ms - 24 * 3600 * 1000LL))),
                     HL_OK);
    assert_int_equal(draft_review(bench->sender->desk, bench->id, &review), HL_OK);
    assert_int_equal(review->missing_count, 1);
    free(review);
}

static void a_failed_release_takes_no_number(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(sql_run(bench->sender->desk,
                             "UPDATE prekey SET pk = zeroblob(1216) WHERE entity = ?",
                             SQL_ARGS(SQL_ID(bench->world->small->entities[XBB].id))),
                     HL_OK);
    int64_t rows = desks_count(bench->sender->desk, "SELECT count(*) FROM journal");
    assert_int_equal(release_as(bench, 1, NULL), HL_EVERIFY);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM stream_out"), 0);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM notice"), 0);
    assert_int_equal(desks_count(bench->sender->desk, "SELECT count(*) FROM journal"), rows);
}

static void a_draft_is_sent_once(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_ESTATE);
    assert_int_equal(draft_withdraw(bench->sender->desk, bench->id), HL_ESTATE);
}

static void a_wrong_clock_refuses_release(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(sql_run(bench->sender->desk, "UPDATE relay SET contact_ms = ?, skew_ms = ?",
                             SQL_ARGS(SQL_N(bench->world->now_ms), SQL_N(-300001))),
                     HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_ESTATE);
    assert_int_equal(sql_run(bench->sender->desk, "UPDATE relay SET skew_ms = 300000", SQL_NO_ARGS),
                     HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_OK);
}

static void a_rolled_back_terminal_sends_nothing(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    assert_int_equal(meta_set_number(bench->sender->desk, "rollback", 1), HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_EREVOKED);
}

static void a_notice_against_the_rules_is_not_signed(void **state)
{
    struct bench *bench = *state;
    Hotline__V1__Notice *notice = desks_notice(bench->world, XBB, -1, 1);
    notice->incident->category = HOTLINE__V1__CATEGORY__CAT_UNSPECIFIED;
    terminal_unlock(bench->sender, 0);
    assert_int_equal(draft_sign(bench->sender->desk, notice, bench->id, bench->hash), HL_EFORMAT);
    assert_non_null(strstr(desk_why(bench->sender->desk), "incident.category"));
    hotline__v1__notice__free_unpacked(notice, NULL);
}

static void own_desk_is_no_addressee(void **state)
{
    struct bench *bench = *state;
    Hotline__V1__Notice *notice = desks_notice(bench->world, XAA, -1, 1);
    terminal_unlock(bench->sender, 0);
    assert_int_equal(draft_sign(bench->sender->desk, notice, bench->id, bench->hash), HL_EFORMAT);
    hotline__v1__notice__free_unpacked(notice, NULL);
}

static void a_prefix_finds_a_draft_and_two_are_ambiguous(void **state)
{
    struct bench *bench = *state;
    char first[NOTICE_ID_SIZE];
    assert_int_equal(sign(bench, 1, 0), HL_OK);
    memcpy(first, bench->id, sizeof(first));
    assert_int_equal(sign(bench, 1, 0), HL_OK);
    AUTO(draft_view) view = NULL;
    first[7] = '\0';
    assert_int_equal(draft_get(bench->sender->desk, first, &view), HL_OK);
    AUTO(draft_view) none = NULL;
    assert_int_equal(
        sql_run(bench->sender->desk, "UPDATE draft SET id = 'L-ABC' || rowid", SQL_NO_ARGS), HL_OK);
    assert_int_equal(draft_get(bench->sender->desk, "l-abc", &none), HL_EAMBIGUOUS);
    assert_int_equal(draft_get(bench->sender->desk, "L-ZZZ", &none), HL_ENOTFOUND);
    assert_int_equal(draft_get(bench->sender->desk, "nothing", &none), HL_EINVAL);
}

static void a_draft_travels_and_is_released_on_the_other_terminal(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    desks_flush(bench->world, bench->all, 3);
    AUTO(draft_list) list = NULL;
    assert_int_equal(draft_list(bench->second->desk, &list), HL_OK);
    assert_int_equal(list->count, 1);
    assert_memory_equal(list->items[0]->hash, bench->hash, HASH_BYTES);

    terminal_unlock(bench->second, 1);
    const struct release_options options = {0};
    assert_int_equal(draft_release(bench->second->desk, bench->id, &options, &bench->result),
                     HL_OK);
    assert_true(bench->result.is_sent);
    desks_flush(bench->world, bench->all, 3);
    AUTO(notice_view) there = NULL;
    assert_int_equal(query_notice(bench->peer->desk, bench->hash, &there), HL_OK);
    assert_int_equal(there->flags, 0); /* two persons on two terminals */
    assert_string_equal(there->addressees[0].serial, "XAA.TEC/2-XBB.TEC/L/0001");
    AUTO(notice_view) copy = NULL; /* the drafting terminal sees what was sent */
    assert_int_equal(query_notice(bench->sender->desk, bench->hash, &copy), HL_OK);
    assert_true(copy->is_own_copy);
    assert_string_equal(copy->addressees[0].word, "AT THEIR DESK");
    assert_int_equal(release_as(bench, 1, NULL), HL_ESTATE);
}

static void the_sending_terminal_can_be_named(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    terminal_unlock(bench->sender, 1);
    const struct release_options options = {.sender_device = bench->second->identity->device->id};
    assert_int_equal(draft_release(bench->sender->desk, bench->id, &options, &bench->result),
                     HL_OK);
    assert_false(bench->result.is_sent);
    assert_int_equal(bench->result.persons_missing, 0);
    desks_flush(bench->world, bench->all, 3);
    desks_flush(bench->world, bench->all, 3);
    AUTO(notice_view) there = NULL;
    assert_int_equal(query_notice(bench->peer->desk, bench->hash, &there), HL_OK);
    assert_memory_equal(there->sender_device, bench->second->identity->device->id, ID_BYTES);
}

/* Released here, to be sent by the second terminal, which cannot. */
static void a_draft_that_cannot_be_sent_is_told_once_and_holds_up_nothing(void **state)
{
    struct bench *bench = *state;
    struct desk *second = bench->second->desk;
    assert_int_equal(sql_run(second, "UPDATE prekey SET pk = zeroblob(1216) WHERE entity = ?",
                             SQL_ARGS(SQL_ID(bench->world->small->entities[XBB].id))),
                     HL_OK);
    assert_int_equal(sign(bench, 4, 0), HL_OK);
    terminal_unlock(bench->sender, 1);
    const struct release_options options = {.sender_device = bench->second->identity->device->id};
    assert_int_equal(draft_release(bench->sender->desk, bench->id, &options, &bench->result),
                     HL_OK);
    desks_flush(bench->world, bench->all, 3);
    int64_t next_ms = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(courier_tick(second, &next_ms), HL_OK);
    assert_int_equal(
        desks_count(second, "SELECT count(*) FROM event WHERE detail LIKE '%not sent%'"), 1);
    AUTO(draft_list) list = NULL;
    assert_int_equal(draft_list(second, &list), HL_OK);
    assert_int_equal(list->count, 1);
    assert_int_equal(list->items[0]->state, DRAFT_FOR_RELEASE);
    assert_int_equal(list->items[0]->release_count, 1);
    bench->world->now_ms += 16 * 60 * 1000LL; /* the release of a FLASH is over */
    for (int i = 0; i < 2; i++)
        assert_int_equal(courier_tick(second, &next_ms), HL_OK);
    assert_int_equal(
        desks_count(second, "SELECT count(*) FROM event WHERE detail LIKE '%release expired'"), 1);
}

static void three_persons_need_two_releases(void **state)
{
    struct bench *bench = *state;
    world_officer_cert(bench->world->small, XAA, 2)->roles |= ROLE_BIT_RELEASE;
    assert_int_equal(sign(bench, 4, 3), HL_OK);
    assert_int_equal(release_as(bench, 1, NULL), HL_OK);
    assert_false(bench->result.is_sent);
    assert_int_equal(bench->result.persons_missing, 1);
    assert_int_equal(release_as(bench, 1, NULL), HL_EPERM);
    assert_int_equal(release_as(bench, 2, NULL), HL_OK);
    assert_true(bench->result.is_sent);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(two_persons_release_and_it_is_sealed),
        BENCH_TEST(routine_goes_to_two_operators),
        BENCH_TEST(what_the_officer_did_not_see_is_not_released),
        BENCH_TEST(the_drafter_may_not_be_the_second_person),
        BENCH_TEST(two_keys_of_one_person_are_one_person),
        BENCH_TEST(flash_by_one_person_needs_a_reason),
        BENCH_TEST(a_reason_of_the_drafter_makes_a_notice_of_one_person),
        BENCH_TEST(routine_by_one_person_needs_no_reason),
        BENCH_TEST(a_stale_directory_and_one_person_need_a_reason),
        BENCH_TEST(an_officer_without_the_role_may_neither_draft_nor_release),
        BENCH_TEST(a_returned_draft_has_a_new_id_and_no_signature),
        BENCH_TEST(without_keys_nothing_is_signed_and_the_desks_are_named),
        BENCH_TEST(an_old_key_is_named_before_release),
        BENCH_TEST(a_failed_release_takes_no_number),
        BENCH_TEST(a_draft_is_sent_once),
        BENCH_TEST(a_wrong_clock_refuses_release),
        BENCH_TEST(a_rolled_back_terminal_sends_nothing),
        BENCH_TEST(a_notice_against_the_rules_is_not_signed),
        BENCH_TEST(own_desk_is_no_addressee),
        BENCH_TEST(a_prefix_finds_a_draft_and_two_are_ambiguous),
        BENCH_TEST(a_draft_travels_and_is_released_on_the_other_terminal),
        BENCH_TEST(the_sending_terminal_can_be_named),
        BENCH_TEST(a_draft_that_cannot_be_sent_is_told_once_and_holds_up_nothing),
        BENCH_TEST(three_persons_need_two_releases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
