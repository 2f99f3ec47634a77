/* relay_rig — a relay core with a store, a clock that a test moves, and peers. */
#include "tests/support/relay_rig.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store_memory.h"
#include "proto/schema.h"
#include "tests/support/cmocka_all.h"

static int64_t rig_utc(void *context)
{
    return ((struct rig *)context)->utc_ms;
}

static int64_t rig_mono(void *context)
{
    return ((struct rig *)context)->mono_ms;
}

/* Certificates of the small world get what the handshake looks at. */
static void complete_certs(struct small_world *world)
{
    for (int state = 0; state < WORLD_STATES; state++) {
        world->rosters[state].version = 1;
        world->rosters[state].desk_kinds = 1U << 2;
        for (int device = 0; device < WORLD_DEVICES; device++) {
            struct cert *cert = world_device_cert(world, state, device);

            hash_plain(BYTES_OF(cert->id), cert->hash);
            hash_plain(BYTES_OF(cert->hash), cert->noise_static);
        }
    }
    world->trust.root_version = world->trust.directory_version = world->trust.timestamp_version = 1;
}

static void make_relay_info(struct rig *rig)
{
    uint8_t seed[32] = {7};

    assert_int_equal(sign_key_new(rig->world->suite, seed, &rig->log_key), HL_OK);
    memset(rig->info.id, 0x52, ID_BYTES);
    memcpy(rig->info.log_pk, rig->log_key->pk, 32);
    memcpy(rig->info.log_origin, "hotline.test/r1", 16);
    rig->world->trust.relays = &rig->info;
    rig->world->trust.relay_count = 1;
}

int rig_make_relay(struct rig *rig, struct relay **ret_relay)
{
    struct relay_params params = {.suite = rig->world->suite,
                                  .clock = &rig->clock,
                                  .rng = &rig->rng,
                                  .trust = &rig->world->trust,
                                  .relay_id = rig->info.id,
                                  .log_key = rig->log_key,
                                  .limits = &rig->limits,
                                  .store = rig->store};

    return relay_new(&params, ret_relay);
}

void rig_start(struct rig *rig)
{
    assert_int_equal(rig_make_relay(rig, &rig->relay), HL_OK);
}

struct rig *rig_new(struct store *store)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    rig->world = small_world_new(suite_fake());
    complete_certs(rig->world);
    make_relay_info(rig);
    seeded_rng_init(&rig->rng_state, 1);
    rig->rng = seeded_rng(&rig->rng_state);
    rig->utc_ms = WORLD_NOW_MS;
    rig->mono_ms = 1000000;
    rig->clock = (struct clock){.utc_ms = rig_utc, .mono_ms = rig_mono, .context = rig};
    rig->limits = relay_limits_default;
    rig->store = store;
    if (!store)
        assert_int_equal(store_memory_new(&rig->store), HL_OK);
    rig_start(rig);
    return rig;
}

static void forget_messages(struct peer *peer)
{
    while (peer->first) {
        struct message *message = peer->first;

        peer->first = message->next;
        blob_free(message->body);
        free(message);
    }
    peer->last = &peer->first;
}

void rig_stop(struct rig *rig)
{
    for (struct peer *peer = rig->peers; peer; peer = peer->next) {
        if (peer->session)
            relay_session_closed(rig->relay, peer->session);
        peer->session = NULL;
        peer->is_closed = true;
    }
    relay_free(rig->relay);
    rig->relay = NULL;
    rig->held = NULL;
}

void rig_restart(struct rig *rig)
{
    rig_stop(rig);
    rig_start(rig);
}

void rig_free(struct rig *rig)
{
    if (rig->relay)
        rig_stop(rig);
    while (rig->peers) {
        struct peer *peer = rig->peers;

        rig->peers = peer->next;
        forget_messages(peer);
        free(peer);
    }
    store_close(rig->store);
    sign_key_free(rig->log_key);
    rig->world->trust.relays = NULL;
    rig->world->trust.relay_count = 0;
    small_world_free(rig->world);
    free(rig);
}

/* --- actions --------------------------------------------------------------------------------------------------- */

static void receive(struct rig *rig, const struct relay_action *action)
{
    struct peer *peer = action->context;
    struct message *message = calloc(1, sizeof(*message));

    assert_non_null(message);
    assert_non_null(peer->session);
    assert_int_equal(record_check(action->type, action->body->len, RECORD_TO_CLIENT,
                                  action->type != RECORD_WELCOME),
                     HL_OK);
    message->type = action->type;
    message->body = action->body;
    *peer->last = message;
    peer->last = &message->next;
    if (!rig->holds_drains)
        relay_session_drained(rig->relay, peer->session);
}

static void close_peer(struct rig *rig, const struct relay_action *action)
{
    struct peer *peer = action->context;

    peer->is_closed = true;
    peer->bye_reason = action->bye_reason;
    relay_session_closed(rig->relay, peer->session);
    peer->session = NULL;
}

static void commit(struct rig *rig, const struct store_batch *batch)
{
    int err = store_commit(rig->store, batch);

    if (err != HL_OK)
        rig->commit_err = err;
    relay_commit_done(rig->relay, batch, err);
}

static void read_entry(struct rig *rig, uint64_t index)
{
    struct store_body body = {.row = NULL};
    int err = store_read(rig->store, index, &body);

    relay_read_done(rig->relay, index, err, &body);
}

void rig_run(struct rig *rig)
{
    struct relay_action action;

    while (relay_take_action(rig->relay, &action)) {
        switch (action.kind) {
        case RELAY_SEND: receive(rig, &action); break;
        case RELAY_CLOSE: close_peer(rig, &action); break;
        case RELAY_COMMIT:
            assert_null(rig->held);
            if (rig->holds_commits)
                rig->held = action.batch;
            else
                commit(rig, action.batch);
            break;
        case RELAY_READ: read_entry(rig, action.index); break;
        }
    }
}

void rig_commit(struct rig *rig, int err)
{
    const struct store_batch *batch = rig->held;

    assert_non_null(batch);
    rig->held = NULL;
    if (err == HL_OK)
        commit(rig, batch);
    else
        relay_commit_done(rig->relay, batch, err);
    rig_run(rig);
}

void rig_wait(struct rig *rig, int64_t ms)
{
    rig->utc_ms += ms;
    rig->mono_ms += ms;
    relay_tick(rig->relay);
    rig_run(rig);
}

struct custody_expectation rig_expectation(struct rig *rig, const struct blob *envelope,
                                           uint8_t ret_hash[HASH_BYTES])
{
    Hotline__V1__Envelope *parsed = NULL;
    struct envelope_facts facts;

    assert_int_equal(envelope_inspect(rig->world->trust.ns, bytes_blob(envelope), &parsed, &facts),
                     HL_OK);
    memcpy(ret_hash, facts.deposit_hash, HASH_BYTES);
    envelope_facts_done(&facts);
    hotline__v1__envelope__free_unpacked(parsed, NULL);
    return (struct custody_expectation){.ns = rig->world->trust.ns,
                                        .relay = &rig->info,
                                        .deposit_hash = ret_hash,
                                        .plane = HOTLINE__V1__PLANE__LIVE,
                                        .from = world_desk(rig->world, XAA),
                                        .is_sender_form = true};
}

/* --- peers ------------------------------------------------------------------------------------------------------- */

struct peer *rig_connect_raw(struct rig *rig, int state, int device)
{
    const struct cert *cert = world_device_cert(rig->world, state, device);
    Hotline__V1__ClientHello hello = HOTLINE__V1__CLIENT_HELLO__INIT;
    struct peer *peer = calloc(1, sizeof(*peer));
    AUTO(blob) octets = NULL;

    assert_non_null(peer);
    *peer = (struct peer){.rig = rig, .state = state, .device = device, .next = rig->peers};
    peer->last = &peer->first;
    rig->peers = peer;
    hello.entity = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)cert->entity};
    hello.device = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)cert->id};
    hello.cert_hash = (ProtobufCBinaryData){HASH_BYTES, (uint8_t *)(uintptr_t)cert->hash};
    assert_int_equal(strict_pack(&hello.base, &octets), HL_OK);
    assert_int_equal(relay_session_open(rig->relay, cert->noise_static, bytes_blob(octets), peer,
                                        &peer->session),
                     HL_OK);
    rig_run(rig);
    return peer;
}

struct peer *rig_connect(struct rig *rig, int state, int device)
{
    struct peer *peer = rig_connect_raw(rig, state, device);
    ProtobufCMessage *welcome = peer_take(peer, RECORD_WELCOME, &hotline__v1__welcome__descriptor);

    assert_non_null(welcome);
    protobuf_c_message_free_unpacked(welcome, NULL);
    return peer;
}

void peer_hang_up(struct peer *peer)
{
    assert_non_null(peer->session);
    relay_session_closed(peer->rig->relay, peer->session);
    peer->session = NULL;
    peer->is_closed = true;
    rig_run(peer->rig);
}

void peer_send_octets(struct peer *peer, unsigned type, struct bytes body)
{
    assert_non_null(peer->session);
    relay_session_input(peer->rig->relay, peer->session, type, body);
    rig_run(peer->rig);
}

void peer_send(struct peer *peer, unsigned type, const ProtobufCMessage *message)
{
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(message, &body), HL_OK);
    peer_send_octets(peer, type, bytes_blob(body));
}

ProtobufCMessage *peer_take(struct peer *peer, unsigned type,
                            const ProtobufCMessageDescriptor *descriptor)
{
    struct message **at = &peer->first;
    ProtobufCMessage *parsed = NULL;
    struct strict_fault fault = {.what = ""};

    while (*at && (*at)->type != type)
        at = &(*at)->next;
    if (!*at)
        return NULL;

    struct message *message = *at;

    *at = message->next;
    if (!*at)
        peer->last = at;
    if (strict_unpack(descriptor, &schema_wire, bytes_blob(message->body), &parsed, &fault) !=
        HL_OK)
        fail_msg("relay sent %s: %s", fault.where, fault.what);
    blob_free(message->body);
    free(message);
    return parsed;
}

size_t peer_count(const struct peer *peer, unsigned type)
{
    size_t count = 0;

    for (const struct message *message = peer->first; message; message = message->next)
        count += message->type == type;
    return count;
}

/* --- envelopes ------------------------------------------------------------------------------------------------------ */

struct blob *rig_seal_slots(struct rig *rig, int from, unsigned precedence, struct bytes content,
                            const struct seal_slot *slots, size_t count)
{
    uint8_t hedge_key[32] = {1}, content_hash[HASH_BYTES] = {2};
    struct seal_request request = {.suite = rig->world->suite,
                                   .rng = &rig->rng,
                                   .ns = rig->world->trust.ns,
                                   .sender_entity = rig->world->entities[from / 10].id,
                                   .device = rig->world->devices[from / 10][from % 10],
                                   .hedge_key = hedge_key,
                                   .plane = HOTLINE__V1__PLANE__LIVE,
                                   .precedence = precedence,
                                   .kind = precedence ? CONTENT_NOTICE : CONTENT_RECEIPT,
                                   .content = content,
                                   .content_hash = content_hash,
                                   .dir_version = 1,
                                   .created_ms = rig->utc_ms,
                                   .journal_row = ++rig->row,
                                   .slots = slots,
                                   .slot_count = count};
    AUTO(sealed) sealed = NULL;

    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    return MOVE(sealed->envelope);
}

struct blob *rig_seal(struct rig *rig, int state, int device, unsigned precedence, const int *to,
                      size_t to_count)
{
    struct seal_slot *slots = calloc(to_count, sizeof(*slots));
    struct blob *envelope = NULL;

    assert_non_null(slots);
    for (size_t i = 0; i < to_count; i++)
        slots[i] = world_slot(rig->world, to[i] / 10, to[i] % 10);
    envelope = rig_seal_slots(rig, 10 * state + device, precedence,
                              bytes_text("a text that no relay reads"), slots, to_count);
    free(slots);
    return envelope;
}

struct blob *rig_letter(struct rig *rig, int from, int to, unsigned precedence)
{
    const int slots[] = {10 * to + 1, 10 * to, 10 * from + 1};

    return rig_seal(rig, from, 0, precedence, slots, 3);
}

/* --- conversations ---------------------------------------------------------------------------------------------------- */

uint64_t peer_submit(struct peer *peer, const struct blob *envelope)
{
    Hotline__V1__Submit submit = HOTLINE__V1__SUBMIT__INIT;

    submit.req = ++peer->req;
    submit.envelope = (ProtobufCBinaryData){envelope->len, (uint8_t *)(uintptr_t)envelope->data};
    peer_send(peer, RECORD_SUBMIT, &submit.base);
    return peer->req;
}

Hotline__V1__SubmitCode peer_result(struct peer *peer, uint64_t *ret_req, struct blob **ret_receipt)
{
    Hotline__V1__SubmitResult *result = (Hotline__V1__SubmitResult *)(void *)peer_take(
        peer, RECORD_SUBMIT_RESULT, &hotline__v1__submit_result__descriptor);
    Hotline__V1__SubmitCode code;

    assert_non_null(result);
    code = result->code;
    assert_int_equal(result->receipt != NULL, code <= HOTLINE__V1__SUBMIT_CODE__SUBMIT_DUPLICATE);
    if (ret_req)
        *ret_req = result->req;
    if (ret_receipt && result->receipt)
        assert_int_equal(strict_pack(&result->receipt->base, ret_receipt), HL_OK);
    hotline__v1__submit_result__free_unpacked(result, NULL);
    return code;
}

void peer_submit_gets(struct peer *peer, const struct blob *envelope, Hotline__V1__SubmitCode code)
{
    uint64_t sent = peer_submit(peer, envelope), req = 0;

    assert_int_equal(peer_result(peer, &req, NULL), code);
    assert_int_equal(req, sent);
}

void peer_subscribe(struct peer *peer, uint64_t after, uint32_t window)
{
    Hotline__V1__Subscribe subscribe = HOTLINE__V1__SUBSCRIBE__INIT;

    subscribe.after_seq = after;
    subscribe.window = window;
    subscribe.window_bytes = 1 << 20;
    peer_send(peer, RECORD_SUBSCRIBE, &subscribe.base);
}

void peer_takes(struct peer *peer, uint64_t upto, const uint64_t *also, size_t also_count)
{
    Hotline__V1__Taken taken = HOTLINE__V1__TAKEN__INIT;

    taken.upto_seq = upto;
    taken.n_also = also_count;
    taken.also = (uint64_t *)(uintptr_t)also;
    peer_send(peer, RECORD_TAKEN, &taken.base);
}

Hotline__V1__Deliver *peer_deliver(struct peer *peer)
{
    return (Hotline__V1__Deliver *)(void *)peer_take(peer, RECORD_DELIVER,
                                                     &hotline__v1__deliver__descriptor);
}

uint64_t peer_deliver_seq(struct peer *peer)
{
    Hotline__V1__Deliver *deliver = peer_deliver(peer);
    uint64_t seq = deliver ? deliver->seq : 0;

    if (deliver)
        hotline__v1__deliver__free_unpacked(deliver, NULL);
    return seq;
}
