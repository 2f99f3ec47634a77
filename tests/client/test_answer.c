/* test_answer — OPENED, ACKNOWLEDGED, REFUSED: what is refused, what is repeated, what is chained. */
#include <string.h>

#include "client/answer.h"
#include "client/desk_sql.h"
#include "client/event.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_pair.h"

static char check_word[CHECK_WORD_SIZE]; /* of the notice sent last */

static void send(struct desk_pair *bench, unsigned precedence)
{
    desks_send(bench->sender, XBB, precedence, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->peer->desk, bench->hash, &view), HL_OK);
    memcpy(check_word, view->notice->check_word, CHECK_WORD_SIZE);
    terminal_unlock(bench->peer, 2); /* ACK only */
}

static int bench_up(void **state)
{
    struct desk_pair *bench = desk_pair_new(2);
    send(bench, 4);
    *state = bench;
    return 0;
}

static int open_it(struct desk_pair *bench)
{
    AUTO(answer) answer = NULL;
    return answer_open(bench->peer->desk, bench->hash, &answer);
}

static int ack(struct desk_pair *bench, const char *word)
{
    const struct ack_options options = {
        .disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD, .check_word = word};
    AUTO(answer) answer = NULL;
    return answer_acknowledge(bench->peer->desk, bench->hash, &options, &answer);
}

static void acknowledging_before_opening_is_refused(void **state)
{
    struct desk_pair *bench = *state;
    assert_int_equal(ack(bench, check_word), HL_ESTATE);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM receipt"), 1);
    assert_int_equal(open_it(bench), HL_OK);
    assert_int_equal(ack(bench, check_word), HL_OK);
}

static void a_wrong_or_missing_check_word_sends_nothing(void **state)
{
    struct desk_pair *bench = *state;
    assert_int_equal(open_it(bench), HL_OK);
    char wrong[CHECK_WORD_SIZE];
    memcpy(wrong, check_word, sizeof(wrong));
    wrong[0] = wrong[0] == '2' ? '3' : '2';
    assert_int_equal(ack(bench, wrong), HL_EFORMAT);
    assert_int_equal(ack(bench, NULL), HL_EFORMAT);
    assert_int_equal(ack(bench, ""), HL_EFORMAT);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM receipt"), 2);
    char lower[CHECK_WORD_SIZE];
    for (size_t i = 0; i < sizeof(lower); i++)
        lower[i] = check_word[i] >= 'A' ? (char)(check_word[i] + 32) : check_word[i];
    assert_int_equal(ack(bench, lower), HL_OK);
}

static void routine_needs_no_check_word_but_a_given_one_must_match(void **state)
{
    struct desk_pair *bench = *state;
    send(bench, 1);
    assert_int_equal(open_it(bench), HL_OK);
    assert_int_equal(ack(bench, "22222"), HL_EFORMAT);
    assert_int_equal(ack(bench, NULL), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    assert_string_equal(desks_addressee(bench->sender, bench->hash, 0).word,
                        "RECEIPT ACKNOWLEDGED");
}

static void what_was_said_is_repeated_from_stored_bytes(void **state)
{
    struct desk_pair *bench = *state;
    const struct ack_options options = {.disposition = HOTLINE__V1__DISPOSITION__RECEIVED_QUERY,
                                        .check_word = check_word};
    assert_int_equal(open_it(bench), HL_OK);
    AUTO(answer) first = NULL;
    AUTO(answer) again = NULL;
    AUTO(answer) opened = NULL;
    assert_int_equal(answer_acknowledge(bench->peer->desk, bench->hash, &options, &first), HL_OK);
    bench->world->now_ms += 60000;
    assert_int_equal(answer_acknowledge(bench->peer->desk, bench->hash, &options, &again), HL_OK);
    assert_false(first->is_repeated);
    assert_true(again->is_repeated);
    assert_int_equal(first->signed_receipt->len, again->signed_receipt->len);
    assert_memory_equal(first->signed_receipt->data, again->signed_receipt->data,
                        first->signed_receipt->len);
    assert_int_equal(answer_open(bench->peer->desk, bench->hash, &opened), HL_OK);
    assert_true(opened->is_repeated);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM receipt"), 3);
}

static uint32_t mark_at_sender(const struct desk_pair *bench)
{
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(bench->sender->desk, bench->hash, &view), HL_OK);
    assert_int_equal(view->addressees[0].state, RCPT_ACKED);
    return view->flags & NOTICE_ACK_WITHOUT_OPENED;
}

static void an_acknowledgement_without_a_seen_opened_counts_and_is_marked(void **state)
{
    struct desk_pair *bench = *state;
    assert_int_equal(open_it(bench), HL_OK);
    assert_int_equal(
        sql_run(bench->peer->desk, "UPDATE outbox SET state = 9 WHERE state = 0", SQL_NO_ARGS),
        HL_OK); /* it stays behind */
    assert_int_equal(ack(bench, check_word), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(mark_at_sender(bench), NOTICE_ACK_WITHOUT_OPENED);
    assert_int_equal(
        sql_run(bench->peer->desk, "UPDATE outbox SET state = 0 WHERE state = 9", SQL_NO_ARGS),
        HL_OK);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(mark_at_sender(bench), 0);
}

static void receipts_of_a_device_are_chained(void **state)
{
    struct desk_pair *bench = *state;
    AUTO(answer) opened = NULL;
    assert_int_equal(answer_open(bench->peer->desk, bench->hash, &opened), HL_OK);
    AUTO(blob) delivered = NULL;
    assert_int_equal(sql_blob_of(bench->peer->desk, "SELECT hash FROM receipt WHERE kind = 2",
                                 SQL_NO_ARGS, &delivered),
                     HL_OK);
    assert_memory_equal(opened->receipt->prev_receipt.data, delivered->data, HASH_BYTES);
}

static void without_the_role_nobody_acknowledges(void **state)
{
    struct desk_pair *bench = *state;
    assert_int_equal(open_it(bench), HL_OK);
    world_officer_cert(bench->world->small, XBB, 2)->roles = ROLE_BIT_COMPOSE;
    assert_int_equal(ack(bench, check_word), HL_EPERM);
    identity_lock_officer(bench->peer->identity);
    assert_int_equal(ack(bench, check_word), HL_EPERM);
}

static void a_headless_profile_opens_nothing(void **state)
{
    struct desk_pair *bench = *state;
    bench->peer->identity->is_headless = true;
    assert_int_equal(open_it(bench), HL_EPERM);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM receipt"), 1);
}

static void an_unknown_notice_is_not_answered(void **state)
{
    struct desk_pair *bench = *state;
    bench->hash[0] ^= 1;
    assert_int_equal(open_it(bench), HL_ENOTFOUND);
}

static void our_own_notice_is_not_answered(void **state)
{
    struct desk_pair *bench = *state;
    AUTO(answer) answer = NULL;
    assert_int_equal(answer_open(bench->sender->desk, bench->hash, &answer), HL_EINVAL);
}

static void a_refusal_reaches_the_sender_with_its_reason(void **state)
{
    struct desk_pair *bench = *state;
    AUTO(answer) answer = NULL;
    assert_int_equal(answer_refuse(bench->peer->desk, bench->hash,
                                   HOTLINE__V1__REASON__NOT_COMPETENT, "ask XBB.DIP", &answer),
                     HL_OK);
    desks_flush(bench->world, bench->all, 2);
    struct addressee_view to = desks_addressee(bench->sender, bench->hash, 0);
    assert_string_equal(to.word, "REFUSED");
    assert_int_equal(to.refused_reason, HOTLINE__V1__REASON__NOT_COMPETENT);
    assert_int_equal(desks_events(bench->sender, EVENT_REFUSED), 1);
}

static void a_remark_over_200_octets_is_refused(void **state)
{
    struct desk_pair *bench = *state;
    char note[202];
    memset(note, 'x', 201);
    note[201] = '\0';
    struct ack_options options = {.disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                  .check_word = check_word,
                                  .note = note};
    AUTO(answer) answer = NULL;
    assert_int_equal(open_it(bench), HL_OK);
    assert_int_equal(answer_acknowledge(bench->peer->desk, bench->hash, &options, &answer),
                     HL_EFORMAT);
    note[200] = '\0';
    assert_int_equal(answer_acknowledge(bench->peer->desk, bench->hash, &options, &answer), HL_OK);
}

static void opened_on_one_terminal_does_not_let_another_acknowledge(void **state)
{
    struct desk_pair *bench = *state;
    struct terminal *second = terminal_new(bench->world, XBB, 1, NULL);
    struct terminal *const all[] = {second, bench->peer, bench->sender};
    desks_meet(bench->world, all, 3, 1);
    send(bench, 4);
    desks_flush(bench->world, all, 3);
    assert_int_equal(open_it(bench), HL_OK);
    desks_flush(bench->world, all, 3);
    assert_string_equal(desks_addressee(second, bench->hash, 0).word, "OPENED");
    terminal_unlock(second, 2);
    const struct ack_options options = {
        .disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD, .check_word = check_word};
    AUTO(answer) answer = NULL;
    assert_int_equal(answer_acknowledge(second->desk, bench->hash, &options, &answer), HL_ESTATE);
    assert_int_equal(desks_addressee(bench->sender, bench->hash, 0).terminals_delivered, 2);
    terminal_free(second);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, desk_pair_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(acknowledging_before_opening_is_refused),
        BENCH_TEST(a_wrong_or_missing_check_word_sends_nothing),
        BENCH_TEST(routine_needs_no_check_word_but_a_given_one_must_match),
        BENCH_TEST(what_was_said_is_repeated_from_stored_bytes),
        BENCH_TEST(an_acknowledgement_without_a_seen_opened_counts_and_is_marked),
        BENCH_TEST(receipts_of_a_device_are_chained),
        BENCH_TEST(without_the_role_nobody_acknowledges),
        BENCH_TEST(a_headless_profile_opens_nothing),
        BENCH_TEST(an_unknown_notice_is_not_answered),
        BENCH_TEST(our_own_notice_is_not_answered),
        BENCH_TEST(a_refusal_reaches_the_sender_with_its_reason),
        BENCH_TEST(a_remark_over_200_octets_is_refused),
        BENCH_TEST(opened_on_one_terminal_does_not_let_another_acknowledge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
