/* test_channel_records — the open session: stages, faults by an authenticated peer, large messages, rekey, Bye. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "keys/secret.h"
#include "proto/bye.h"
#include "proto/greet.h"
#include "tests/support/session_pair.h"
#include "wire.pb-c.h"

#define BYE_PROTOCOL HOTLINE__V1__BYE_REASON__BYE_PROTOCOL
#define BYE_NORMAL   HOTLINE__V1__BYE_REASON__BYE_NORMAL
#define BYE_REVOKED  HOTLINE__V1__BYE_REASON__BYE_REVOKED

static uint8_t large[1572928];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t)(i * 2654435761U >> 24);
    return secret_init();
}

/* --- a certified client that breaks the rules: it seals what it likes ---------------------------------------- */

struct rogue {
    struct session_pair pair; /* its server is the one attacked */
    struct frame_key send, receive;
};

static void rogue_open(struct rogue *rogue, bool is_welcomed)
{
    struct session_pair *pair = &rogue->pair;
    struct handshake *handshake = NULL;
    AUTO_BUF out;

    *rogue = (struct rogue){0};
    session_pair_init(pair);
    const struct channel_client_params params = {.ns = pair->ns,
                                                 .relay_id = pair->relay_id,
                                                 .relay_static = pair->server_key.pk,
                                                 .key = &pair->client_key,
                                                 .rng = &pair->rng.rng};
    buf_init(&out, 4096);
    assert_int_equal(greet_first(&params, &out, &handshake), HL_OK);
    struct bytes wire = buf_bytes(&out);
    assert_int_equal(session_input(pair->server, &wire).kind, CHANNEL_NOTHING);
    AUTO(blob) second = session_output(pair->server, 0);
    buf_done(&out);
    assert_int_equal(greet_third(handshake, bytes_blob(second), bytes_text("hello"), &out), HL_OK);
    wire = buf_bytes(&out);
    assert_int_equal(session_input(pair->server, &wire).kind, CHANNEL_HELLO);
    assert_int_equal(handshake_split(handshake, rogue->send.key, rogue->receive.key), HL_OK);
    handshake_free(handshake);
    if (!is_welcomed)
        return;
    assert_int_equal(channel_send(pair->server, RECORD_WELCOME, bytes_text("w")), HL_OK);
    AUTO(blob) welcome = session_output(pair->server, 0);
    AUTO(blob) plain = NULL;
    assert_int_equal(
        frame_unseal(&rogue->receive, BYTES(welcome->data + 2, welcome->len - 2), &plain), HL_OK);
}

static void rogue_close(struct rogue *rogue)
{
    session_pair_done(&rogue->pair);
}

/* Any plaintext, well formed or not, as a frame. */
static struct channel_event rogue_say(struct rogue *rogue, struct bytes plain)
{
    static uint8_t wire[2 + 65535];
    struct bytes left = BYTES(wire, 2 + plain.len + FRAME_TAG_BYTES);

    put_u16be(wire, (uint16_t)(plain.len + FRAME_TAG_BYTES));
    noise_encrypt(rogue->send.key, rogue->send.nonce++, BYTES(NULL, 0), plain, wire + 2);
    return session_input(rogue->pair.server, &left);
}

static struct channel_event rogue_record(struct rogue *rogue, unsigned type, struct bytes body)
{
    AUTO_BUF plain;

    buf_init(&plain, FRAME_PLAIN_MAX);
    frame_add(&plain, type, body);
    frame_pad(&plain);
    return rogue_say(rogue, buf_bytes(&plain));
}

/* The server answered with Bye(PROTOCOL) alone. */
static void assert_bye_protocol(struct rogue *rogue)
{
    AUTO(blob) wire = session_output(rogue->pair.server, 0);
    AUTO(blob) plain = NULL;
    struct record record;
    unsigned reason = 0;

    assert_int_equal(frame_unseal(&rogue->receive, BYTES(wire->data + 2, wire->len - 2), &plain),
                     HL_OK);
    struct bytes rest = bytes_blob(plain);
    assert_int_equal(frame_check(rest), HL_OK);
    assert_true(frame_next(&rest, &record));
    assert_int_equal(record.type, RECORD_BYE);
    assert_int_equal(bye_parse(record.body, &reason), HL_OK);
    assert_int_equal(reason, BYE_PROTOCOL);
    assert_false(frame_next(&rest, &record));
    assert_int_equal(channel_stage(rogue->pair.server), CHANNEL_ENDED);
}

static void refuse_plain(struct bytes plain)
{
    struct rogue rogue;

    rogue_open(&rogue, true);
    struct channel_event event = rogue_say(&rogue, plain);
    assert_int_equal(event.kind, CHANNEL_CLOSED);
    assert_int_equal(event.end, CHANNEL_END_PROTOCOL);
    assert_bye_protocol(&rogue);
    rogue_close(&rogue);
}

static void malformed_frames_get_bye_protocol(void **state)
{
    static uint8_t plain[65519] = {RECORD_PING};

    (void)state;
    refuse_plain(BYTES(plain, 0));
    refuse_plain(BYTES(plain, 255));
    refuse_plain(BYTES(plain, 257));
    refuse_plain(BYTES(plain, FRAME_PLAIN_MAX + 1));
    refuse_plain(BYTES(plain, 65519)); /* the longest frame there is */
    plain[3] = 253;                    /* cut body */
    refuse_plain(BYTES(plain, 256));
    plain[3] = 0;
    plain[255] = 1; /* padding not zero */
    refuse_plain(BYTES(plain, 256));
    plain[255] = 0;
    plain[0] = 0; /* no record */
    refuse_plain(BYTES(plain, 256));
    plain[0] = RECORD_PING;
}

static void refuse_record(bool is_welcomed, unsigned type, struct bytes body)
{
    struct rogue rogue;

    rogue_open(&rogue, is_welcomed);
    struct channel_event event = rogue_record(&rogue, type, body);
    assert_int_equal(event.kind, CHANNEL_CLOSED);
    assert_int_equal(event.end, CHANNEL_END_PROTOCOL);
    assert_bye_protocol(&rogue);
    rogue_close(&rogue);
}

static void forbidden_records_get_bye_protocol(void **state)
{
    (void)state;
    refuse_record(true, 99, bytes_text("unknown type"));
    refuse_record(true, RECORD_WELCOME, bytes_text("wrong direction"));
    refuse_record(true, RECORD_DELIVER, bytes_text("wrong direction"));
    refuse_record(true, RECORD_SUBSCRIBE, BYTES(large, 65));
    refuse_record(true, RECORD_REKEY, BYTES(large, 1));
    refuse_record(true, RECORD_FRAGMENT, bytes_text("no Fragment"));
    refuse_record(true, RECORD_BYE, bytes_text("no Bye"));
}

static void client_that_speaks_before_welcome_gets_bye_protocol(void **state)
{
    (void)state;
    refuse_record(false, RECORD_PING, BYTES(NULL, 0));
    refuse_record(false, RECORD_SUBSCRIBE, bytes_text("early"));
    refuse_record(false, RECORD_REKEY, BYTES(NULL, 0));
}

static void record_after_rekey_in_one_frame_is_refused(void **state)
{
    static uint8_t plain[256] = {RECORD_REKEY, 0, 0, 0, RECORD_PING};

    (void)state;
    refuse_plain(BYTES_OF(plain));
}

static void frame_that_does_not_decrypt_ends_without_a_word(void **state)
{
    static uint8_t wire[2 + 272];
    struct rogue rogue;
    struct bytes left = BYTES_OF(wire);

    (void)state;
    rogue_open(&rogue, true);
    put_u16be(wire, 272);
    struct channel_event event = session_input(rogue.pair.server, &left);
    assert_int_equal(event.end, CHANNEL_END_TAG);
    assert_false(channel_has_output(rogue.pair.server));
    rogue_close(&rogue);
}

static void frame_too_short_for_a_tag_ends_without_a_word(void **state)
{
    for (uint16_t len = 0; len < FRAME_TAG_BYTES; len++) {
        uint8_t wire[2];
        struct bytes left = BYTES_OF(wire);
        struct rogue rogue;

        (void)state;
        rogue_open(&rogue, true);
        put_u16be(wire, len);
        assert_int_equal(session_input(rogue.pair.server, &left).end, CHANNEL_END_TAG);
        rogue_close(&rogue);
    }
}

static void frame_131072_without_rekey_is_the_last(void **state)
{
    static const uint8_t plain[256] = {RECORD_PING};
    struct rogue rogue;

    (void)state;
    rogue_open(&rogue, true);
    for (uint32_t i = 1; i < FRAME_PERIOD_MAX; i++)
        assert_int_equal(rogue_say(&rogue, BYTES_OF(plain)).type, RECORD_PING);
    assert_int_equal(rogue_say(&rogue, BYTES_OF(plain)).type, RECORD_PING);
    struct bytes none = BYTES(NULL, 0);
    assert_int_equal(session_input(rogue.pair.server, &none).end, CHANNEL_END_NO_REKEY);
    assert_false(channel_has_output(rogue.pair.server));
    rogue_close(&rogue);
}

/* --- two channels that keep the rules -------------------------------------------------------------------------- */

static void second_welcome_cannot_be_sent(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    assert_int_equal(channel_send(pair.server, RECORD_WELCOME, bytes_text("w")), HL_ESTATE);
    session_pair_done(&pair);
}

static void send_refuses_what_the_table_refuses(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    assert_int_equal(channel_send(pair.client, RECORD_PING, BYTES(NULL, 0)), HL_ESTATE);
    session_pair_open(&pair);
    assert_int_equal(channel_send(pair.client, RECORD_DELIVER, BYTES(NULL, 0)), HL_EINVAL);
    assert_int_equal(channel_send(pair.client, 5, BYTES(NULL, 0)), HL_EINVAL);
    assert_int_equal(channel_send(pair.client, RECORD_BYE, BYTES(NULL, 0)), HL_EINVAL);
    assert_int_equal(channel_send(pair.client, RECORD_FRAGMENT, BYTES(NULL, 0)), HL_EINVAL);
    assert_int_equal(channel_send(pair.client, RECORD_REKEY, BYTES(NULL, 0)), HL_EINVAL);
    assert_int_equal(channel_send(pair.client, RECORD_SUBSCRIBE, BYTES(large, 65)), HL_ETOOBIG);
    assert_int_equal(channel_send(pair.client, RECORD_SUBSCRIBE, BYTES(large, 64)), HL_OK);
    session_pair_done(&pair);
}

static void full_queue_is_busy_until_it_drains(void **state)
{
    struct session_pair pair;
    size_t queued = 0;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    while (channel_send(pair.client, RECORD_SUBMIT, BYTES_OF(large)) == HL_OK)
        queued++;
    assert_int_equal(queued, 3);
    assert_int_equal(channel_queued(pair.client), 3 * sizeof(large));
    assert_int_equal(channel_send(pair.client, RECORD_SUBSCRIBE, BYTES(NULL, 0)), HL_EBUSY);
    assert_int_equal(channel_send(pair.client, RECORD_PING, BYTES(NULL, 0)), HL_OK);
    AUTO(blob) wire = session_output(pair.client, 0);
    assert_non_null(wire);
    assert_int_equal(channel_queued(pair.client), 0);
    assert_int_equal(channel_send(pair.client, RECORD_SUBSCRIBE, BYTES(NULL, 0)), HL_OK);
    session_pair_done(&pair);
}

static void large_messages_arrive_whole_and_a_ping_between_their_parts(void **state)
{
    struct session_pair pair;
    struct channel_event event;
    struct blob *chunk = NULL;
    AUTO_BUF wire;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    buf_init(&wire, (size_t)8 << 20);
    assert_int_equal(channel_send(pair.client, RECORD_SUBMIT, BYTES_OF(large)), HL_OK);
    assert_int_equal(channel_send(pair.client, RECORD_SUBMIT, BYTES(large, 100001)), HL_OK);
    assert_int_equal(channel_send(pair.client, RECORD_TAKEN, BYTES(large, 100)), HL_OK);
    assert_int_equal(channel_output(pair.client, 0, &chunk), HL_OK);
    buf_add(&wire, bytes_blob(chunk));
    blob_free(chunk);
    assert_int_equal(channel_send(pair.client, RECORD_PING, bytes_text("p")), HL_OK);
    AUTO(blob) rest = session_output(pair.client, 0);
    buf_add(&wire, bytes_blob(rest));

    struct bytes left = buf_bytes(&wire);
    assert_int_equal(session_input(pair.server, &left).type, RECORD_PING);
    event = session_input(pair.server, &left);
    assert_int_equal(event.type, RECORD_SUBMIT);
    assert_int_equal(event.body.len, sizeof(large));
    assert_memory_equal(event.body.data, large, sizeof(large));
    event = session_input(pair.server, &left);
    assert_int_equal(event.type, RECORD_SUBMIT);
    assert_int_equal(event.body.len, 100001);
    assert_memory_equal(event.body.data, large, 100001);
    event = session_input(pair.server, &left);
    assert_int_equal(event.type, RECORD_TAKEN);
    assert_int_equal(session_input(pair.server, &left).kind, CHANNEL_NOTHING);
    session_pair_done(&pair);
}

static void sizes_about_the_fragment_border_arrive(void **state)
{
    static const size_t sizes[] = {0, 1, 59999, 60000, 60001, 119800, 119801};
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(channel_send(pair.server, RECORD_DELIVER, BYTES(large, sizes[i])), HL_OK);
        struct channel_event event = session_carry(pair.server, pair.client);
        assert_int_equal(event.type, RECORD_DELIVER);
        assert_int_equal(event.body.len, sizes[i]);
        assert_memory_equal(event.body.data, large, sizes[i]);
    }
    session_pair_done(&pair);
}

static void every_frame_is_a_multiple_of_256_in_clear(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    for (size_t len = 0; len < 2000; len += 7) {
        struct blob *chunk = NULL;

        assert_int_equal(channel_send(pair.server, RECORD_DELIVER, BYTES(large, len)), HL_OK);
        assert_int_equal(channel_output(pair.server, 0, &chunk), HL_OK);
        assert_int_equal((chunk->len - 2 - FRAME_TAG_BYTES) % FRAME_UNIT, 0);
        blob_free(chunk);
    }
    session_pair_done(&pair);
}

static void session_lives_through_rekeys_by_count(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    for (uint32_t i = 0; i < 2 * FRAME_PERIOD + 10; i++) {
        assert_int_equal(channel_send(pair.client, RECORD_PING, BYTES(NULL, 0)), HL_OK);
        assert_int_equal(session_carry(pair.client, pair.server).type, RECORD_PING);
    }
    session_pair_done(&pair);
}

static void frame_65536_of_a_period_carries_the_rekey(void **state)
{
    struct session_pair pair;
    struct rogue rogue;

    (void)state;
    rogue_open(&rogue, true); /* reads what the server seals; one frame, the Welcome, is gone */
    pair = rogue.pair;
    for (uint32_t i = 1; i < FRAME_PERIOD; i++) {
        struct record record;
        AUTO(blob) plain = NULL;

        assert_int_equal(channel_send(pair.server, RECORD_PING, BYTES(NULL, 0)), HL_OK);
        AUTO(blob) wire = session_output(pair.server, 0);
        assert_int_equal(frame_unseal(&rogue.receive, BYTES(wire->data + 2, wire->len - 2), &plain),
                         HL_OK);
        struct bytes rest = bytes_blob(plain);
        assert_true(frame_next(&rest, &record));
        bool has_rekey = frame_next(&rest, &record) && record.type == RECORD_REKEY;
        assert_int_equal(has_rekey, i == FRAME_PERIOD - 1);
    }
    rogue_close(&rogue);
}

static void rekey_is_due_after_60_minutes_even_alone(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    AUTO(blob) early = session_output(pair.client, FRAME_PERIOD_MS - 1);
    assert_int_equal(early->len, 0);
    AUTO(blob) due = session_output(pair.client, FRAME_PERIOD_MS);
    assert_int_equal(due->len, 2 + FRAME_UNIT + FRAME_TAG_BYTES);
    struct bytes wire = bytes_blob(due);
    assert_int_equal(session_input(pair.server, &wire).kind, CHANNEL_NOTHING);
    assert_int_equal(channel_send(pair.client, RECORD_PING, BYTES(NULL, 0)), HL_OK);
    assert_int_equal(session_carry(pair.client, pair.server).type, RECORD_PING);
    session_pair_done(&pair);
}

static void bye_normal_lets_the_queue_go_first(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    assert_int_equal(channel_send(pair.client, RECORD_SUBMIT, BYTES(large, 70000)), HL_OK);
    channel_bye(pair.client, BYE_NORMAL, "that is all");
    assert_int_equal(channel_send(pair.client, RECORD_PING, BYTES(NULL, 0)), HL_ESTATE);
    AUTO(blob) wire = session_output(pair.client, 0);
    struct bytes left = bytes_blob(wire);
    assert_int_equal(session_input(pair.server, &left).type, RECORD_SUBMIT);
    struct channel_event event = session_input(pair.server, &left);
    assert_int_equal(event.end, CHANNEL_END_PEER_BYE);
    assert_int_equal(event.bye_reason, BYE_NORMAL);
    session_pair_done(&pair);
}

static void bye_revoked_drops_the_queue(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    session_pair_open(&pair);
    assert_int_equal(channel_send(pair.server, RECORD_DELIVER, BYTES(large, 70000)), HL_OK);
    channel_bye(pair.server, BYE_REVOKED, NULL);
    struct channel_event event = session_carry(pair.server, pair.client);
    assert_int_equal(event.end, CHANNEL_END_PEER_BYE);
    assert_int_equal(event.bye_reason, BYE_REVOKED);
    session_pair_done(&pair);
}

static void bye_instead_of_welcome_reaches_the_client(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    assert_int_equal(session_carry(pair.client, pair.server).kind, CHANNEL_NOTHING);
    assert_int_equal(session_carry(pair.server, pair.client).kind, CHANNEL_READY);
    assert_int_equal(session_carry(pair.client, pair.server).kind, CHANNEL_HELLO);
    channel_bye(pair.server, HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED, NULL);
    struct channel_event event = session_carry(pair.server, pair.client);
    assert_int_equal(event.end, CHANNEL_END_PEER_BYE);
    assert_int_equal(event.bye_reason, HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED);
    session_pair_done(&pair);
}

static void client_may_say_bye_right_after_message_3(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    assert_int_equal(session_carry(pair.client, pair.server).kind, CHANNEL_NOTHING);
    assert_int_equal(session_carry(pair.server, pair.client).kind, CHANNEL_READY);
    channel_bye(pair.client, BYE_NORMAL, NULL);
    AUTO(blob) wire = session_output(pair.client, 0);
    struct bytes left = bytes_blob(wire);
    assert_int_equal(session_input(pair.server, &left).kind, CHANNEL_HELLO);
    assert_int_equal(session_input(pair.server, &left).end, CHANNEL_END_PEER_BYE);
    session_pair_done(&pair);
}

static void bye_before_the_opening_is_silent(void **state)
{
    struct session_pair pair;

    (void)state;
    session_pair_init(&pair);
    assert_int_equal(session_carry(pair.client, pair.server).kind, CHANNEL_NOTHING);
    channel_bye(pair.server, BYE_NORMAL, NULL);
    assert_false(channel_has_output(pair.server));
    session_pair_done(&pair);
}

static void detail_of_bye_is_cut_at_120(void **state)
{
    AUTO(blob) body = NULL;
    char detail[200];
    unsigned reason = 0;

    (void)state;
    memset(detail, 'x', sizeof(detail) - 1);
    detail[sizeof(detail) - 1] = 0;
    assert_int_equal(bye_pack(BYE_NORMAL, detail, &body), HL_OK);
    assert_int_equal(bye_parse(bytes_blob(body), &reason), HL_OK);
    assert_int_equal(reason, BYE_NORMAL);
    assert_int_equal(body->len, 2 + 2 + BYE_DETAIL_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_frames_get_bye_protocol),
        cmocka_unit_test(forbidden_records_get_bye_protocol),
        cmocka_unit_test(client_that_speaks_before_welcome_gets_bye_protocol),
        cmocka_unit_test(record_after_rekey_in_one_frame_is_refused),
        cmocka_unit_test(frame_that_does_not_decrypt_ends_without_a_word),
        cmocka_unit_test(frame_too_short_for_a_tag_ends_without_a_word),
        cmocka_unit_test(frame_131072_without_rekey_is_the_last),
        cmocka_unit_test(second_welcome_cannot_be_sent),
        cmocka_unit_test(send_refuses_what_the_table_refuses),
        cmocka_unit_test(full_queue_is_busy_until_it_drains),
        cmocka_unit_test(large_messages_arrive_whole_and_a_ping_between_their_parts),
        cmocka_unit_test(sizes_about_the_fragment_border_arrive),
        cmocka_unit_test(every_frame_is_a_multiple_of_256_in_clear),
        cmocka_unit_test(session_lives_through_rekeys_by_count),
        cmocka_unit_test(frame_65536_of_a_period_carries_the_rekey),
        cmocka_unit_test(rekey_is_due_after_60_minutes_even_alone),
        cmocka_unit_test(bye_normal_lets_the_queue_go_first),
        cmocka_unit_test(bye_revoked_drops_the_queue),
        cmocka_unit_test(bye_instead_of_welcome_reaches_the_client),
        cmocka_unit_test(client_may_say_bye_right_after_message_3),
        cmocka_unit_test(bye_before_the_opening_is_silent),
        cmocka_unit_test(detail_of_bye_is_cut_at_120),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
