/* fuzz_channel — a relay and a client fed with arbitrary octets. The first octet chooses what: 0 a blank relay, 1 a client
 * that waits for message 2, 2 a relay with a good message 1, 3 an open relay that gets frames sealed with the right key,
 * 4 an open client, the same. */
#include <stdlib.h>

#include "keys/noise_dh.h"
#include "keys/secret.h"
#include "proto/greet.h"
#include "tests/support/session_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void feed(struct channel *channel, struct bytes wire)
{
    struct channel_event event = {.kind = CHANNEL_RECORD};

    while (event.kind != CHANNEL_NOTHING) {
        event = session_input(channel, &wire);
        require(event.kind != CHANNEL_RECORD || record_rule_of(event.type) != NULL);
        require(event.kind != CHANNEL_RECORD ||
                event.body.len <= record_rule_of(event.type)->limit);
    }
    require(wire.len == 0);
    AUTO(blob) answer = session_output(channel, 0);
    require(answer->len < 4096);
}

/* The client's part by hand, to hold its keys. */
static void open_by_hand(struct session_pair *pair, struct frame_key *ret_send)
{
    struct handshake *handshake = NULL;
    uint8_t receive[32];
    AUTO_BUF out;

    const struct channel_client_params params = {.ns = pair->ns,
                                                 .relay_id = pair->relay_id,
                                                 .relay_static = pair->server_key.pk,
                                                 .key = &pair->client_key,
                                                 .rng = &pair->rng.rng};
    buf_init(&out, 4096);
    require(greet_first(&params, &out, &handshake) == HL_OK);
    struct bytes wire = buf_bytes(&out);
    require(session_input(pair->server, &wire).kind == CHANNEL_NOTHING);
    AUTO(blob) second = session_output(pair->server, 0);
    buf_done(&out);
    require(greet_third(handshake, bytes_blob(second), bytes_text("hello"), &out) == HL_OK);
    wire = buf_bytes(&out);
    require(session_input(pair->server, &wire).kind == CHANNEL_HELLO);
    require(handshake_split(handshake, ret_send->key, receive) == HL_OK);
    handshake_free(handshake);
    require(channel_send(pair->server, RECORD_WELCOME, bytes_text("w")) == HL_OK);
    AUTO(blob) welcome = session_output(pair->server, 0);
    require(welcome != NULL);
}

/* The server's part by hand. */
static void open_by_hand_for_client(struct session_pair *pair, struct frame_key *ret_send)
{
    struct handshake *handshake = NULL;
    uint8_t receive[32];
    struct blob *hello = NULL;
    AUTO_BUF out;

    const struct channel_server_params params = {.ns = pair->ns,
                                                 .relay_id = pair->relay_id,
                                                 .keys = &pair->server_key,
                                                 .key_count = 1,
                                                 .rng = &pair->rng.rng};
    buf_init(&out, 4096);
    AUTO(blob) first = session_output(pair->client, 0);
    require(greet_second(&params, first->data, &out, &handshake) == HL_OK);
    struct bytes wire = buf_bytes(&out);
    require(session_input(pair->client, &wire).kind == CHANNEL_READY);
    AUTO(blob) third = session_output(pair->client, 0);
    require(greet_finish(handshake, BYTES(third->data + 2, third->len - 2), &hello) == HL_OK);
    blob_free(hello);
    require(handshake_split(handshake, ret_send->key, receive) == HL_OK);
    handshake_free(handshake);
}

/* Plaintexts u16be length | octets, each sealed and fed. */
static void feed_sealed(struct channel *channel, struct frame_key *key, struct bytes input)
{
    while (input.len >= 2) {
        size_t len = get_u16be(input.data);
        uint8_t *wire = malloc(2 + 65535);

        require(wire != NULL);
        input = BYTES(input.data + 2, input.len - 2);
        len = len < input.len ? len : input.len;
        len = len < 65535 - FRAME_TAG_BYTES ? len : 65535 - FRAME_TAG_BYTES;
        put_u16be(wire, (uint16_t)(len + FRAME_TAG_BYTES));
        noise_encrypt(key->key, key->nonce++, BYTES(NULL, 0), BYTES(input.data, len), wire + 2);
        feed(channel, BYTES(wire, 2 + len + FRAME_TAG_BYTES));
        free(wire);
        input = BYTES(input.data + len, input.len - len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_pair pair;
    struct frame_key key = {0};

    if (size == 0)
        return 0;
    const struct bytes input = BYTES(data + 1, size - 1);
    session_pair_init(&pair);
    switch (data[0] % 5) {
    case 0: feed(pair.server, input); break;
    case 1: feed(pair.client, input); break;
    case 2:
        require(session_carry(pair.client, pair.server).kind == CHANNEL_NOTHING);
        feed(pair.server, input);
        break;
    case 3:
        open_by_hand(&pair, &key);
        feed_sealed(pair.server, &key, input);
        break;
    default:
        open_by_hand_for_client(&pair, &key);
        feed_sealed(pair.client, &key, input);
        break;
    }
    session_pair_done(&pair);
    return 0;
}
