/* test_agent — desks and relays speak: from release to acknowledgement over real records. */
#include <stdlib.h>

#include "client/answer.h"
#include "client/desk_sql.h"
#include "client/event.h"
#include "client/post.h"
#include "proto/record.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"
#include "wire.pb-c.h"

struct pair {
    struct desk_world *world;
    struct terminal *all[2]; /* XAA/1, XBB/1 */
};

static int pair_up(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    pair->world = desk_world_new();
    pair->all[0] = terminal_new(pair->world, XAA, 0, NULL);
    pair->all[1] = terminal_new(pair->world, XBB, 0, NULL);
    for (int relay = 0; relay < 2; relay++) {
        terminal_connect(pair->all[0], relay);
        terminal_connect(pair->all[1], relay);
    }
    desks_run(pair->world, pair->all, 2);
    *state = pair;
    return 0;
}

static int pair_down(void **state)
{
    struct pair *pair = *state;
    desks_free(pair->world, pair->all, 2);
    free(pair);
    return 0;
}

/* Keys reach those who came first when they ask again. */
static void exchange_keys(struct pair *pair)
{
    for (int i = 0; i < 2; i++)
        assert_int_equal(agent_want_prekeys(pair->all[i]->agents[0], NULL, 0), HL_OK);
    desks_run(pair->world, pair->all, 2);
}

static void a_notice_goes_from_release_to_acknowledgement(void **state)
{
    struct pair *pair = *state;
    uint8_t hash[HASH_BYTES];
    exchange_keys(pair);
    desks_send(pair->all[0], XBB, 4, hash);
    assert_string_equal(desks_addressee(pair->all[0], hash, 0).word, "NOT SENT");

    desks_flush(pair->world, pair->all, 2);
    struct addressee_view to = desks_addressee(pair->all[0], hash, 0);
    assert_string_equal(to.word, "AT THEIR DESK");
    assert_string_equal(to.serial, "XAA.TEC-XBB.TEC/L/0001");
    assert_int_equal(to.terminals_sealed, 1);
    assert_int_equal(to.terminals_delivered, 1);
    assert_int_equal(desks_events(pair->all[1], EVENT_RECEIVED), 1);

    terminal_unlock(pair->all[1], 2);
    AUTO(answer) opened = NULL;
    assert_int_equal(answer_open(pair->all[1]->desk, hash, &opened), HL_OK);
    desks_flush(pair->world, pair->all, 2);
    assert_string_equal(desks_addressee(pair->all[0], hash, 0).word, "OPENED");

    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(pair->all[1]->desk, hash, &view), HL_OK);
    assert_true(view->is_verified);
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                        .check_word = view->notice->check_word};
    AUTO(answer) ack = NULL;
    assert_int_equal(answer_acknowledge(pair->all[1]->desk, hash, &options, &ack), HL_OK);
    desks_flush(pair->world, pair->all, 2);
    to = desks_addressee(pair->all[0], hash, 0);
    assert_string_equal(to.word, "RECEIPT ACKNOWLEDGED");
    assert_int_equal(to.disposition, HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD);
    assert_int_equal(desks_events(pair->all[0], EVENT_ACKNOWLEDGED), 1);
    assert_true(agent_is_idle(pair->all[0]->agents[0]));
}

static void nothing_is_sent_before_welcome(void **state)
{
    struct pair *pair = *state;
    AUTO(agent) agent = NULL;
    unsigned type = 0;
    struct blob *body = NULL;
    assert_int_equal(agent_new(pair->all[0]->desk, &pair->world->infos[2], &agent), HL_OK);
    assert_int_equal(agent_want_prekeys(agent, NULL, 0), HL_OK);
    assert_int_equal(agent_tick(agent), HL_OK);
    assert_false(agent_next_output(agent, &type, &body));
    assert_int_equal(agent_phase(agent), AGENT_START);
}

static void records_before_welcome_break_the_protocol(void **state)
{
    struct pair *pair = *state;
    AUTO(agent) agent = NULL;
    const uint8_t pong[] = {0x08, 0x01};
    assert_int_equal(agent_new(pair->all[0]->desk, &pair->world->infos[2], &agent), HL_OK);
    assert_int_equal(agent_input(agent, RECORD_PONG, BYTES_OF(pong)), HL_EFORMAT);
    assert_int_equal(agent_input(agent, 99, BYTES(NULL, 0)), HL_EFORMAT);
    assert_int_equal(agent_input(agent, RECORD_SUBMIT, BYTES_OF(pong)), HL_EFORMAT);
}

static void a_result_nobody_asked_for_breaks_the_protocol(void **state)
{
    struct pair *pair = *state;
    const uint8_t result[] = {0x08, 0x63}; /* req 99 */
    assert_int_equal(agent_input(pair->all[0]->agents[0], RECORD_SUBMIT_RESULT, BYTES_OF(result)),
                     HL_EFORMAT);
}

static void forty_five_silent_seconds_are_off_line(void **state)
{
    struct pair *pair = *state;
    pair->world->now_ms += 44999;
    assert_int_equal(agent_tick(pair->all[0]->agents[0]), HL_OK);
    pair->world->now_ms += 1;
    assert_int_equal(agent_tick(pair->all[0]->agents[0]), HL_ECLOSED);
}

static void expect_refusals(const struct pair *pair, const uint8_t *hash, size_t count,
                            const char *why, int64_t again_ms)
{
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(pair->all[0]->desk, hash, &view), HL_OK);
    assert_int_equal(view->refusal_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(view->refusals[i].why, why);
        assert_int_equal(view->refusals[i].again_ms, again_ms);
    }
}

static void a_busy_relay_is_asked_again(void **state)
{
    struct pair *pair = *state;
    uint8_t hash[HASH_BYTES];
    exchange_keys(pair);
    paper_relay_faults(pair->world->relays[0])->refuses_submits = true;
    paper_relay_faults(pair->world->relays[1])->refuses_submits = true;
    desks_send(pair->all[0], XBB, 1, hash);
    desks_flush(pair->world, pair->all, 2);
    assert_string_equal(desks_addressee(pair->all[0], hash, 0).word, "NOT SENT");
    expect_refusals(pair, hash, 2, "it is busy", pair->world->now_ms + 1000);
    paper_relay_faults(pair->world->relays[0])->refuses_submits = false;
    desks_wait(pair->world, pair->all, 2, 2000);
    assert_string_equal(desks_addressee(pair->all[0], hash, 0).word, "AT THEIR DESK");
    expect_refusals(pair, hash, 1, "it is busy", pair->world->now_ms + 1000);
}

static void a_refusal_for_good_is_told_as_such(void **state)
{
    struct pair *pair = *state;
    uint8_t hash[HASH_BYTES];
    exchange_keys(pair);
    paper_relay_faults(pair->world->relays[0])->rejects_submits = true;
    paper_relay_faults(pair->world->relays[1])->rejects_submits = true;
    desks_send(pair->all[0], XBB, 1, hash);
    desks_flush(pair->world, pair->all, 2);
    expect_refusals(pair, hash, 2, "it does not know an addressed desk", 0);
}

static void a_deposit_that_came_twice_is_one_notice(void **state)
{
    struct pair *pair = *state;
    uint8_t hash[HASH_BYTES];
    exchange_keys(pair);
    desks_send(pair->all[0], XBB, 4, hash);
    desks_flush(pair->world, pair->all, 2); /* over both relays */
    struct notice_filter filter = {.only_in = true};
    AUTO(notice_list) list = NULL;
    assert_int_equal(query_list(pair->all[1]->desk, &filter, &list), HL_OK);
    assert_int_equal(list->count, 1);
    assert_int_equal(list->items[0]->custody_count, 2);
    assert_string_equal(list->items[0]->t0_basis, "2 OPERATORS");
    assert_int_equal(desks_events(pair->all[1], EVENT_RECEIVED), 1);
    assert_int_equal(desks_events(pair->all[0], EVENT_DELIVERED), 1);
    assert_int_equal(desks_events(pair->all[0], EVENT_CUSTODY), 2);
}

static void reconnecting_repeats_nothing(void **state)
{
    struct pair *pair = *state;
    uint8_t hash[HASH_BYTES];
    exchange_keys(pair);
    desks_send(pair->all[0], XBB, 4, hash);
    desks_flush(pair->world, pair->all, 2);
    size_t before = paper_relay_deposits(pair->world->relays[0]);
    for (int relay = 0; relay < 2; relay++) {
        terminal_connect(pair->all[0], relay);
        terminal_connect(pair->all[1], relay);
    }
    desks_run(pair->world, pair->all, 2);
    desks_wait(pair->world, pair->all, 2, 20000);
    assert_int_equal(paper_relay_deposits(pair->world->relays[0]), before);
    assert_int_equal(desks_events(pair->all[1], EVENT_RECEIVED), 1);
    assert_int_equal(desks_events(pair->all[0], EVENT_STATE_ROLLBACK), 0);
}

static void a_device_that_lost_its_database_may_not_send(void **state)
{
    struct pair *pair = *state;
    uint8_t hash[HASH_BYTES];
    exchange_keys(pair);
    desks_send(pair->all[0], XBB, 1, hash);
    desks_flush(pair->world, pair->all, 2);
    assert_int_equal(terminal_reopen(pair->all[0], ":memory:", NULL), HL_OK);
    terminal_connect(pair->all[0], 0);
    desks_run(pair->world, pair->all, 2);
    assert_true(desk_is_rolled_back(pair->all[0]->desk));
    assert_int_equal(desks_events(pair->all[0], EVENT_STATE_ROLLBACK), 1);
}

static void own_prekey_is_published_once_a_day(void **state)
{
    struct pair *pair = *state;
    struct relay_view relays[LIMIT_RELAYS];
    size_t count = 0;
    assert_int_equal(query_relays(pair->all[0]->desk, relays, &count), HL_OK);
    int64_t first_ms = relays[0].prekey_ms;
    assert_true(first_ms > 0);
    assert_true(relays[0].is_up);
    pair->world->now_ms += 24 * 3600 * 1000LL;
    for (int relay = 0; relay < 2; relay++)
        terminal_connect(pair->all[0], relay);
    desks_run(pair->world, pair->all, 1);
    assert_int_equal(query_relays(pair->all[0]->desk, relays, &count), HL_OK);
    assert_true(relays[0].prekey_ms > first_ms);
    assert_true(relays[1].prekey_ms == relays[0].prekey_ms);
}

/* One second: what the agent says to the relay, and the relay's answer that it has no keys. Counts questions for keys. */
static size_t gets_in_a_second(struct pair *pair)
{
    struct agent *agent = pair->all[0]->agents[0];
    unsigned type = 0;
    struct blob *body = NULL;
    size_t count = 0;

    pair->world->now_ms += 1000;
    assert_int_equal(agent_tick(agent), HL_OK);
    while (agent_next_output(agent, &type, &body)) {
        if (type == RECORD_PREKEY_GET) {
            Hotline__V1__PrekeyGet *get =
                hotline__v1__prekey_get__unpack(NULL, body->len, body->data);
            Hotline__V1__PrekeyResult result;
            AUTO(blob) answer = NULL;
            hotline__v1__prekey_result__init(&result);
            result.req = get->req;
            result.last = 1;
            assert_int_equal(strict_pack(&result.base, &answer), HL_OK);
            assert_int_equal(agent_input(agent, RECORD_PREKEY_RESULT, bytes_blob(answer)), HL_OK);
            hotline__v1__prekey_get__free_unpacked(get, NULL);
            count++;
        } else if (type == RECORD_PING) {
            Hotline__V1__Pong pong;
            AUTO(blob) answer = NULL;
            hotline__v1__pong__init(&pong);
            assert_int_equal(strict_pack(&pong.base, &answer), HL_OK);
            assert_int_equal(agent_input(agent, RECORD_PONG, bytes_blob(answer)), HL_OK);
        }
        blob_free(body);
    }
    return count;
}

static void a_desk_without_a_key_is_asked_for_ever_less_often(void **state)
{
    struct pair *pair = *state;
    static const uint8_t hash[HASH_BYTES] = {1};
    struct control control = {.kind = CONTENT_RECEIPT,
                              .plane = 1,
                              .octets = BYTES("octets", 6),
                              .hash = hash,
                              .to = world_desk(pair->world->small, XCC)};
    size_t first = 0;
    size_t later = 0;

    assert_int_equal(post_control(pair->all[0]->desk, &control), HL_OK);
    for (int second = 0; second < 30; second++)
        first += gets_in_a_second(pair);
    assert_in_range(first, 3, 6); /* after 1, 2, 4, 8 s … */
    for (int second = 0; second < 600; second++)
        later += gets_in_a_second(pair);
    assert_in_range(later, 9, 12); /* once a minute */
    static const uint8_t other[HASH_BYTES] = {2};
    control.hash = other;
    control.to.kind = control.to.kind % 4 + 1; /* another desk: asked for soon */
    assert_int_equal(post_control(pair->all[0]->desk, &control), HL_OK);
    assert_true(gets_in_a_second(pair) + gets_in_a_second(pair) > 0);
}

static void two_roots_for_one_size_convict_a_relay(void **state)
{
    struct pair *pair = *state;
    uint8_t hash[HASH_BYTES];
    uint8_t other_root[HASH_BYTES] = {1};
    exchange_keys(pair);
    assert_int_equal(
        sql_run(pair->all[0]->desk,
                "INSERT INTO checkpoint(relay, size, root, deposit) VALUES(?,1,?,x'00')",
                SQL_ARGS(SQL_ID(pair->world->infos[0].id), SQL_HASH(other_root))),
        HL_OK);
    desks_send(pair->all[0], XBB, 4, hash);
    desks_flush(pair->world, pair->all, 2);
    assert_int_equal(desks_events(pair->all[0], EVENT_RELAY_CONVICTED), 1);
    assert_int_equal(desks_events(pair->all[1], EVENT_RELAY_CONVICTED), 0);
}

int main(void)
{
#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pair_up, pair_down)
    const struct CMUnitTest tests[] = {
        PAIR_TEST(a_notice_goes_from_release_to_acknowledgement),
        PAIR_TEST(a_desk_without_a_key_is_asked_for_ever_less_often),
        PAIR_TEST(nothing_is_sent_before_welcome),
        PAIR_TEST(records_before_welcome_break_the_protocol),
        PAIR_TEST(a_result_nobody_asked_for_breaks_the_protocol),
        PAIR_TEST(forty_five_silent_seconds_are_off_line),
        PAIR_TEST(a_busy_relay_is_asked_again),
        PAIR_TEST(a_refusal_for_good_is_told_as_such),
        PAIR_TEST(a_deposit_that_came_twice_is_one_notice),
        PAIR_TEST(reconnecting_repeats_nothing),
        PAIR_TEST(a_device_that_lost_its_database_may_not_send),
        PAIR_TEST(own_prekey_is_published_once_a_day),
        PAIR_TEST(two_roots_for_one_size_convict_a_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
