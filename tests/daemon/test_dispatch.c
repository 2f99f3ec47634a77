/* test_dispatch — who may connect, and what a session may say. */
#include <string.h>

#include "keys/sign.h"
#include "proto/envelope.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/relay_rig.h"

#define BYE(name)  HOTLINE__V1__BYE_REASON__BYE_##name
#define CODE(name) HOTLINE__V1__SUBMIT_CODE__SUBMIT_##name

static int setup(void **state)
{
    *state = rig_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static void assert_bye(const struct peer *peer, unsigned reason)
{
    assert_true(peer->is_closed);
    assert_int_equal(peer->bye_reason, reason);
}

static void types_that_are_not_for_a_relay_end_the_session(void **state)
{
    struct rig *rig = *state;
    static const unsigned allowed[] = {2, 3, 4, 10, 20, 22, 23, 30, 31};

    for (unsigned type = 0; type < 256; type++) {
        bool is_allowed = false;

        for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
            is_allowed = is_allowed || allowed[i] == type;
        if (is_allowed)
            continue;

        struct peer *peer = rig_connect(rig, XAA, 0);

        peer_send_octets(peer, type, BYTES(NULL, 0));
        assert_bye(peer, BYE(PROTOCOL));
    }
}

static void garbage_in_any_type_ends_the_session(void **state)
{
    struct rig *rig = *state;
    static const unsigned types[] = {3, 4, 10, 20, 22, 23, 30, 31};
    const uint8_t garbage[] = {0xff, 0xff, 0xff};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct peer *peer = rig_connect(rig, XAA, 0);

        peer_send_octets(peer, types[i], BYTES_OF(garbage));
        assert_bye(peer, BYE(PROTOCOL));
    }
}

static void message_over_its_limit_ends_the_session(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    uint8_t octets[65] = {0};

    peer_send_octets(peer, RECORD_PING, BYTES_OF(octets));
    assert_bye(peer, BYE(PROTOCOL));
}

static void ping_is_answered_with_its_token_and_the_relay_s_time(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);
    Hotline__V1__Ping ping = HOTLINE__V1__PING__INIT;
    Hotline__V1__Pong *pong;

    ping.token = 77;
    peer_send(peer, RECORD_PING, &ping.base);
    pong =
        (Hotline__V1__Pong *)(void *)peer_take(peer, RECORD_PONG, &hotline__v1__pong__descriptor);
    assert_non_null(pong);
    assert_int_equal(pong->token, 77);
    assert_int_equal(pong->relay_ms, rig->utc_ms);
    hotline__v1__pong__free_unpacked(pong, NULL);
}

static void unknown_device_wrong_certificate_and_foreign_key_are_uncertified(void **state)
{
    struct rig *rig = *state;
    struct cert *cert = world_device_cert(rig->world, XAA, 0), saved = *cert;
    struct session *session = NULL;

    for (int what = 0; what < 3; what++) {
        struct peer *peer;
        uint8_t wrong[32];
        struct cert *shown = cert;

        *cert = saved;
        memcpy(wrong, cert->noise_static, 32);
        wrong[3] ^= 1;
        /* The peer shows what the certificate says; the roster then says something else. */
        if (what == 0)
            shown->kind = HOTLINE__V1__CERT_KIND__CERT_OFFICER;
        if (what == 1)
            shown->revoked_since_ms = 5;
        if (what == 2) {
            Hotline__V1__ClientHello hello = HOTLINE__V1__CLIENT_HELLO__INIT;
            AUTO(blob) octets = NULL;
            struct peer stranger = {.rig = rig};

            stranger.last = &stranger.first;
            hello.entity = (ProtobufCBinaryData){ID_BYTES, cert->entity};
            hello.device = (ProtobufCBinaryData){ID_BYTES, cert->id};
            hello.cert_hash = (ProtobufCBinaryData){HASH_BYTES, cert->hash};
            assert_int_equal(strict_pack(&hello.base, &octets), HL_OK);
            assert_int_equal(
                relay_session_open(rig->relay, wrong, bytes_blob(octets), &stranger, &session),
                HL_OK);
            stranger.session = session;
            rig_run(rig);
            assert_bye(&stranger, BYE(UNCERTIFIED));
            continue;
        }
        peer = rig_connect_raw(rig, XAA, 0);
        assert_bye(peer, what == 1 ? BYE(REVOKED) : BYE(UNCERTIFIED));
        assert_null(peer->first);
    }
    *cert = saved;
}

static void bad_hello_is_a_breach_of_protocol(void **state)
{
    struct rig *rig = *state;
    const uint8_t key[32] = {1}, hello[] = {0x0a, 0x01, 0x00};
    struct peer peer = {.rig = rig};

    peer.last = &peer.first;
    assert_int_equal(relay_session_open(rig->relay, key, BYTES_OF(hello), &peer, &peer.session),
                     HL_OK);
    rig_run(rig);
    assert_bye(&peer, BYE(PROTOCOL));
}

static void expired_certificate_is_welcome(void **state)
{
    struct rig *rig = *state;

    world_device_cert(rig->world, XAA, 0)->not_after_ms = rig->utc_ms - 1;
    (void)rig_connect(rig, XAA, 0);
}

static void revocation_ends_the_session(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0), *other = rig_connect(rig, XBB, 0);

    world_device_cert(rig->world, XAA, 0)->revoked_since_ms = rig->utc_ms;
    assert_int_equal(relay_set_trust(rig->relay, &rig->world->trust), HL_OK);
    rig_run(rig);
    assert_bye(peer, BYE(REVOKED));
    assert_false(other->is_closed);
}

static void ninth_session_of_a_device_replaces_the_longest_idle(void **state)
{
    struct rig *rig = *state;
    struct peer *peers[9];

    for (size_t i = 0; i < 9; i++) {
        if (i == 8) {
            Hotline__V1__Ping ping = HOTLINE__V1__PING__INIT;

            rig->mono_ms++;
            peer_send(peers[0], RECORD_PING, &ping.base);
        }
        rig->mono_ms++;
        peers[i] = rig_connect(rig, XAA, 0);
    }
    assert_bye(peers[1], BYE(REPLACED));
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(peers[i]->is_closed, i == 1);
}

static void taking_what_never_came_is_a_breach_of_protocol(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XAA, 0);

    peer_takes(peer, 1, NULL, 0);
    assert_bye(peer, BYE(PROTOCOL));
    peer = rig_connect(rig, XAA, 0);
    peer_takes(peer, 0, (const uint64_t[]){1}, 1);
    assert_bye(peer, BYE(PROTOCOL));
}

/* --- RejectPut ------------------------------------------------------------------------------------------------------ */

static void put_reject(struct rig *rig, struct peer *peer, ProtobufCBinaryData deposit_hash,
                       const struct sign_key *signer)
{
    const struct cert *cert = world_device_cert(rig->world, peer->state, peer->device);
    Hotline__V1__Reject reject = HOTLINE__V1__REJECT__INIT;
    Hotline__V1__RejectPut put = HOTLINE__V1__REJECT_PUT__INIT;
    AUTO(blob) body = NULL;
    AUTO(blob) octets = NULL;

    reject.ns = (ProtobufCBinaryData){NS_BYTES, rig->world->trust.ns};
    reject.relay = (ProtobufCBinaryData){ID_BYTES, rig->info.id};
    reject.deposit_hash = deposit_hash;
    reject.step = 4;
    reject.by_entity = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)cert->entity};
    reject.by_device = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)cert->id};
    reject.at_ms = rig->utc_ms;
    assert_int_equal(strict_pack(&reject.base, &body), HL_OK);
    assert_int_equal(sign_object(rig->world->suite, label_fixed(LABEL_REJECT), bytes_blob(body),
                                 &signer, 1, &octets),
                     HL_OK);
    assert_int_equal(sign_parse(bytes_blob(octets), &put.reject), HL_OK);
    peer_send(peer, RECORD_REJECT_PUT, &put.base);
    hotline__v1__signed__free_unpacked(put.reject, NULL);
}

static void rejected_entry_frees_its_place_and_is_not_taken(void **state)
{
    struct rig *rig = *state;
    struct peer *sender = rig_connect(rig, XAA, 0), *reader = rig_connect(rig, XBB, 0);
    AUTO(blob) first = rig_letter(rig, XAA, XBB, 1);
    AUTO(blob) second = rig_letter(rig, XAA, XBB, 1);
    Hotline__V1__Deliver *deliver;

    peer_subscribe(reader, 0, 1);
    peer_submit_gets(sender, first, CODE(TAKEN));
    peer_submit_gets(sender, second, CODE(TAKEN));
    deliver = peer_deliver(reader);
    assert_non_null(deliver);
    assert_int_equal(peer_deliver_seq(reader), 0);
    put_reject(rig, reader, deliver->deposit_hash, rig->world->devices[XBB][0]);
    hotline__v1__deliver__free_unpacked(deliver, NULL);
    assert_int_equal(peer_deliver_seq(reader), 2);
    peer_hang_up(reader);
    reader = rig_connect(rig, XBB, 0);
    peer_subscribe(reader, 0, 1);
    assert_int_equal(peer_deliver_seq(reader), 1);
}

static void reject_signed_by_another_ends_the_session(void **state)
{
    struct rig *rig = *state;
    struct peer *peer = rig_connect(rig, XBB, 0);
    uint8_t hash[HASH_BYTES] = {1};

    put_reject(rig, peer, (ProtobufCBinaryData){HASH_BYTES, hash}, rig->world->devices[XBB][1]);
    assert_bye(peer, BYE(PROTOCOL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(types_that_are_not_for_a_relay_end_the_session),
        T(garbage_in_any_type_ends_the_session),
        T(message_over_its_limit_ends_the_session),
        T(ping_is_answered_with_its_token_and_the_relay_s_time),
        T(unknown_device_wrong_certificate_and_foreign_key_are_uncertified),
        T(bad_hello_is_a_breach_of_protocol),
        T(expired_certificate_is_welcome),
        T(revocation_ends_the_session),
        T(ninth_session_of_a_device_replaces_the_longest_idle),
        T(taking_what_never_came_is_a_breach_of_protocol),
        T(rejected_entry_frees_its_place_and_is_not_taken),
        T(reject_signed_by_another_ends_the_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
