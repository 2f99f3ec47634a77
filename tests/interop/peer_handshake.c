/* peer_handshake — our handshake and session with keys and coins that the input fixes, for comparison octet by octet. */
#include <string.h>

#include "proto/channel.h"
#include "proto/handshake.h"
#include "tests/interop/peer.h"
#include "tests/support/session_pair.h"
#include "tests/support/vectors.h"

/* One case: keys and coins fixed by the input, two channels, and two bare handshakes that show their state. */
struct meeting {
    const json_t *input;
    json_t *output;
    uint8_t ns[NS_BYTES], relay_id[ID_BYTES];
    uint8_t client_sk[32], server_sk[32], client_random[96], server_random[64];
    struct channel_key client_key, server_key;
    struct blob *hello;
    struct fixed_rng client_rng, server_rng;
};

static void meeting_init(struct meeting *meeting, const json_t *input)
{
    *meeting = (struct meeting){.input = input, .output = json_object()};
    vectors_hex_into(input, "ns", meeting->ns, NS_BYTES);
    vectors_hex_into(input, "relay_id", meeting->relay_id, ID_BYTES);
    vectors_hex_into(input, "init_static_sk", meeting->client_sk, 32);
    vectors_hex_into(input, "resp_static_sk", meeting->server_sk, 32);
    vectors_hex_into(input, "init_e_sk", meeting->client_random, 32);
    vectors_hex_into(input, "init_kem_seed", meeting->client_random + 32, 64);
    vectors_hex_into(input, "resp_e_sk", meeting->server_random, 32);
    vectors_hex_into(input, "resp_kem_coins", meeting->server_random + 32, 32);
    meeting->hello = vectors_hex(input, "client_hello");
    channel_key_init(meeting->client_sk, &meeting->client_key);
    channel_key_init(meeting->server_sk, &meeting->server_key);
}

/* Both sides draw the same octets again for each run. */
static void meeting_rewind(struct meeting *meeting)
{
    fixed_rng_init(&meeting->client_rng, BYTES_OF(meeting->client_random));
    fixed_rng_init(&meeting->server_rng, BYTES_OF(meeting->server_random));
}

static void add_token(void *context, const char *token, const uint8_t h[64], const uint8_t ck[64],
                      const uint8_t k[32])
{
    json_t *row = json_object();

    (void)json_object_set_new(row, "after", json_string(token));
    put_hex(row, "h", BYTES(h, 64));
    put_hex(row, "ck", BYTES(ck, 64));
    put_hex(row, "k", BYTES(k, 32));
    (void)json_array_append_new(context, row);
}

static void exchange(struct handshake *from, struct handshake *to, struct bytes payload,
                     json_t *output, const char *key)
{
    uint8_t got[HANDSHAKE_PAYLOAD_MAX];
    size_t len = 0;
    AUTO_BUF wire;

    buf_init(&wire, 4096);
    must(handshake_write(from, payload, &wire), key);
    must(handshake_read(to, buf_bytes(&wire), got, &len), key);
    put_hex(output, key, buf_bytes(&wire));
}

static void show_handshake(struct meeting *meeting, struct handshake *client,
                           struct handshake *server)
{
    uint8_t forth[32];
    uint8_t back[32];

    exchange(client, server, BYTES(NULL, 0), meeting->output, "msg1");
    exchange(server, client, BYTES(NULL, 0), meeting->output, "msg2");
    exchange(client, server, bytes_blob(meeting->hello), meeting->output, "msg3");
    must(handshake_split(client, forth, back), "split");
    put_hex(meeting->output, "handshake_hash", BYTES(handshake_hash(client), 64));
    put_hex(meeting->output, "k_initiator_to_responder", BYTES_OF(forth));
    put_hex(meeting->output, "k_responder_to_initiator", BYTES_OF(back));
}

static void run_handshake(struct meeting *meeting)
{
    AUTO(blob) prologue = vectors_hex(meeting->input, "prologue");
    json_t *traces[2] = {json_array(), json_array()};
    struct handshake_params params = {.is_initiator = true,
                                      .has_hfs = true,
                                      .prologue = bytes_blob(prologue),
                                      .static_sk = meeting->client_sk,
                                      .static_pk = meeting->client_key.pk,
                                      .remote_static = meeting->server_key.pk,
                                      .rng = &meeting->client_rng.rng,
                                      .on_token = add_token,
                                      .context = traces[0]};
    AUTO(handshake) client = NULL;
    AUTO(handshake) server = NULL;

    meeting_rewind(meeting);
    must(handshake_new(&params, &client), "initiator");
    params.is_initiator = false;
    params.static_sk = meeting->server_sk;
    params.static_pk = meeting->server_key.pk;
    params.remote_static = NULL;
    params.rng = &meeting->server_rng.rng;
    params.context = traces[1];
    must(handshake_new(&params, &server), "responder");
    show_handshake(meeting, client, server);
    (void)json_object_set_new(meeting->output, "trace", traces[0]);
    (void)json_object_set_new(meeting->output, "responder_trace", traces[1]);
}

/* The next octets that one side writes, taken by the other. */
static void carry(struct channel *from, struct channel *to, int64_t mono_ms, json_t *ret_wires)
{
    AUTO(blob) wire = session_output(from, mono_ms);
    struct bytes left = bytes_blob(wire);
    struct channel_event event;
    json_t *holder = json_object();

    put_hex(holder, "wire", left);
    (void)json_array_append(ret_wires, json_object_get(holder, "wire"));
    json_decref(holder);
    for (bool is_done = false; !is_done;) {
        channel_input(to, &left, mono_ms, &event);
        is_done = event.kind == CHANNEL_NOTHING || event.kind == CHANNEL_CLOSED;
    }
    if (event.kind == CHANNEL_CLOSED)
        must(HL_EVERIFY, "the other side closed");
}

static void carry_frame(const json_t *frame, struct channel *client, struct channel *server,
                        json_t *ret_wires)
{
    bool is_ours = vectors_bool(frame, "from_client");
    const json_t *records = json_object_get(frame, "records");
    struct channel *from = is_ours ? client : server;

    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        AUTO(blob) body = vectors_hex(record, "body");
        must(channel_send(from, (unsigned)vectors_number(record, "type"), bytes_blob(body)),
             "record");
    }
    carry(from, is_ours ? server : client, vectors_number(frame, "mono_ms"), ret_wires);
}

static void run_session(struct meeting *meeting)
{
    const json_t *frames = json_object_get(meeting->input, "frames");
    json_t *wires = json_array();
    AUTO(channel) client = NULL;
    AUTO(channel) server = NULL;
    const struct channel_client_params client_params = {.ns = meeting->ns,
                                                        .relay_id = meeting->relay_id,
                                                        .relay_static = meeting->server_key.pk,
                                                        .key = &meeting->client_key,
                                                        .rng = &meeting->client_rng.rng,
                                                        .hello = bytes_blob(meeting->hello)};
    const struct channel_server_params server_params = {.ns = meeting->ns,
                                                        .relay_id = meeting->relay_id,
                                                        .keys = &meeting->server_key,
                                                        .key_count = 1,
                                                        .rng = &meeting->server_rng.rng};

    meeting_rewind(meeting);
    must(channel_new_client(&client_params, &client), "client");
    must(channel_new_server(&server_params, &server), "server");
    carry(client, server, 0, wires);
    carry(server, client, 0, wires);
    carry(client, server, 0, wires);
    for (size_t i = 0; i < json_array_size(frames); i++)
        carry_frame(json_array_get(frames, i), client, server, wires);
    (void)json_object_set_new(meeting->output, "wires", wires);
}

json_t *command_handshake(const json_t *input)
{
    json_t *output = json_array();

    for (size_t i = 0; i < json_array_size(input); i++) {
        struct meeting meeting;

        meeting_init(&meeting, json_array_get(input, i));
        run_handshake(&meeting);
        run_session(&meeting);
        blob_free(meeting.hello);
        (void)json_array_append_new(output, meeting.output);
    }
    return output;
}
