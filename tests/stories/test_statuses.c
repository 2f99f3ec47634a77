/* Statuses only move forward, an answer is given once, and a wrong check word is no answer. */
#include <string.h>

#include "client/answer.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

#define SEEDS 40

static const struct note flash = {.to = {"XBB.TEC"}};

struct watched {
    struct node *sender, *recipient;
    uint8_t hash[HASH_BYTES];
    int64_t best, best_at_recipient;
    bool is_sent, went_back;
};

static void watch(struct world *world)
{
    static const char sql[] = "SELECT state FROM addressee WHERE notice = ?";
    struct watched *watched = world->context;
    if (!watched->is_sent)
        return;
    int64_t now = node_count(watched->sender, sql, watched->hash);
    int64_t there = node_count(watched->recipient, sql, watched->hash);
    if (now < watched->best || there < watched->best_at_recipient)
        watched->went_back = true;
    watched->best = now;
    watched->best_at_recipient = there;
}

static bool is_shown(struct world *world, void *context)
{
    const struct watched *watched = context;
    (void)world;
    return note_is_shown(watched->recipient, watched->hash);
}

/* Receipts that came after one of a later kind. */
static int64_t count_reordered(struct node *sender)
{
    return node_count(sender,
                      "SELECT count(*) FROM receipt early JOIN receipt late ON late.content_hash ="
                      " early.content_hash AND late.by_device = early.by_device AND late.kind >"
                      " early.kind AND late.first_ms < early.first_ms",
                      NULL);
}

/* Two relays, one record may take 5 s over one of them while the next one overtakes it over the other. */
static int64_t run_reordered(uint64_t seed)
{
    const struct world_plan plan = {.suite = suite_fake(),
                                    .seed = seed,
                                    .states = 2,
                                    .terminals = 1,
                                    .relays = 3,
                                    .delay_max_ms = 5000};
    struct world *world = sim_new(&plan);
    sim_settle(world);
    sim_run(world, 30000);
    struct watched watched = {.sender = sim_node(world, 0, 0),
                              .recipient = sim_node(world, 1, 0),
                              .best_at_recipient = -1};
    world->context = &watched;
    world->on_event = watch;
    note_send(watched.sender, &flash, watched.hash);
    watched.is_sent = true;
    assert_true(sim_run_until(world, is_shown, &watched, 60000));
    sim_run(world, (int64_t)sim_random(world, 800));
    assert_true(note_open(watched.recipient, watched.hash));
    sim_run(world, (int64_t)sim_random(world, 800));
    assert_true(note_acknowledge(watched.recipient, watched.hash));
    sim_run(world, 90000);
    if (watched.went_back)
        fail_msg("seed %llu: a status went back", (unsigned long long)seed);
    assert_int_equal(watched.best, RCPT_ACKED);
    assert_int_equal(watched.best_at_recipient, RCPT_ACKED);
    assert_int_equal(world->faults, 0);
    int64_t reordered = count_reordered(watched.sender);
    sim_free(world);
    return reordered;
}

static void statuses_only_move_forward_however_receipts_overtake_each_other(void **state)
{
    (void)state;
    int64_t reordered = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        reordered += run_reordered(900 + seed);
    print_message("%lld receipts came after a later one\n", (long long)reordered);
    assert_true(reordered > 0); /* else this story proves nothing */
}

static struct world *with_opened(uint64_t seed, uint8_t ret_hash[static HASH_BYTES])
{
    struct world *world = sim_story(suite_fake(), seed, 2, 2);
    note_send(sim_node(world, 0, 0), &flash, ret_hash);
    sim_run(world, 5000);
    assert_true(note_open(sim_node(world, 1, 0), ret_hash));
    sim_run(world, 5000);
    node_officer(sim_node(world, 1, 0), 0);
    return world;
}

static const char deposits[] = "SELECT count(*) FROM deposit";
static const char outbox[] = "SELECT count(*) FROM outbox";

static void acknowledging_twice_sends_once(void **state)
{
    (void)state;
    uint8_t hash[HASH_BYTES];
    struct world *world = with_opened(91, hash);
    struct node *xbb = sim_node(world, 1, 0);
    assert_true(note_acknowledge(xbb, hash));
    sim_run(world, 5000);
    int64_t made = node_count(xbb, deposits, NULL);
    int64_t queued = node_count(xbb, outbox, NULL);
    int64_t receipts = node_count(sim_node(world, 0, 0), "SELECT count(*) FROM receipt", NULL);
    const struct ack_options other = {.disposition = HOTLINE__V1__DISPOSITION__RECEIVED_WRONG_DESK};
    AUTO(answer) first = NULL;
    AUTO(answer) again = NULL;
    assert_int_equal(answer_acknowledge(xbb->desk, hash, &other, &first), HL_OK);
    assert_int_equal(answer_acknowledge(xbb->desk, hash, &other, &again), HL_OK);
    assert_true(first->is_repeated && again->is_repeated);
    assert_int_equal(again->receipt->disposition, HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD);
    assert_memory_equal(first->hash, again->hash, HASH_BYTES);
    assert_true(bytes_equal(bytes_blob(first->signed_receipt), bytes_blob(again->signed_receipt)));
    node_poke(xbb);
    sim_run(world, 20000);
    assert_int_equal(node_count(xbb, deposits, NULL), made);
    assert_int_equal(node_count(xbb, outbox, NULL), queued);
    assert_int_equal(node_count(sim_node(world, 0, 0), "SELECT count(*) FROM receipt", NULL),
                     receipts);
    sim_free(world);
}

static void wrong_or_missing_check_word_sends_nothing(void **state)
{
    (void)state;
    uint8_t hash[HASH_BYTES];
    struct world *world = with_opened(92, hash);
    struct node *xaa = sim_node(world, 0, 0);
    struct node *xbb = sim_node(world, 1, 0);
    int64_t made = node_count(xbb, deposits, NULL);
    int64_t journal = node_count(xbb, "SELECT count(*) FROM journal", NULL);
    char right[CHECK_WORD_SIZE];
    {
        AUTO(notice_view) view = NULL;
        assert_int_equal(query_notice(xbb->desk, hash, &view), HL_OK);
        memcpy(right, view->notice->check_word, CHECK_WORD_SIZE);
    }
    char wrong[CHECK_WORD_SIZE];
    memcpy(wrong, right, CHECK_WORD_SIZE);
    wrong[3] = wrong[3] == '7' ? '8' : '7';
    const char *const words[] = {wrong, NULL, "", "7", "77777", "????"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct ack_options options = {
            .disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD, .check_word = words[i]};
        AUTO(answer) answer = NULL;
        assert_int_equal(answer_acknowledge(xbb->desk, hash, &options, &answer), HL_EFORMAT);
        assert_null(answer);
        assert_non_null(strstr(desk_why(xbb->desk), "check word"));
    }
    node_poke(xbb);
    sim_run(world, 20000);
    assert_int_equal(node_count(xbb, deposits, NULL), made);
    assert_int_equal(node_count(xbb, "SELECT count(*) FROM journal", NULL), journal);
    assert_int_equal(note_state(xaa, hash, "XBB.TEC"), RCPT_OPENED);
    /* and the right one, as people type it, still counts */
    for (char *at = right; *at != '\0'; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    const struct ack_options options = {
        .disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD, .check_word = right};
    AUTO(answer) answer = NULL;
    assert_int_equal(answer_acknowledge(xbb->desk, hash, &options, &answer), HL_OK);
    node_poke(xbb);
    assert_true(note_wait(xaa, hash, "XBB.TEC", RCPT_ACKED, 20000));
    sim_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_only_move_forward_however_receipts_overtake_each_other),
        cmocka_unit_test(acknowledging_twice_sends_once),
        cmocka_unit_test(wrong_or_missing_check_word_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
