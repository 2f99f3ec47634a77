/* starved — a relay that can be driven while an allocation fails: making, driving, lines. */
#include "tests/support/starved.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/store_memory.h"
#include "proto/schema.h"
#include "tests/support/cmocka_all.h"

static struct blob *hello_of(const struct rig *rig, int state, int device)
{
    const struct cert *cert = world_device_cert(rig->world, state, device);
    Hotline__V1__ClientHello hello = HOTLINE__V1__CLIENT_HELLO__INIT;
    struct blob *octets = NULL;

    hello.entity = strict_octets(cert->entity, ID_BYTES);
    hello.device = strict_octets(cert->id, ID_BYTES);
    hello.cert_hash = strict_octets(cert->hash, HASH_BYTES);
    assert_int_equal(strict_pack(&hello.base, &octets), HL_OK);
    return octets;
}

/* Letters from the first terminal of XAA to both of XBB and the other one of XAA. */
static void write_letter(struct starved *starved, size_t no)
{
    struct rig *rig = starved->rig;
    Hotline__V1__Submit submit = HOTLINE__V1__SUBMIT__INIT;
    Hotline__V1__Envelope *parsed = NULL;
    struct envelope_facts facts;

    starved->letters[no] = rig_letter(rig, XAA, XBB, 1);
    assert_int_equal(
        envelope_inspect(rig->world->trust.ns, bytes_blob(starved->letters[no]), &parsed, &facts),
        HL_OK);
    memcpy(starved->hashes[no], facts.deposit_hash, HASH_BYTES);
    envelope_facts_done(&facts);
    hotline__v1__envelope__free_unpacked(parsed, NULL);
    submit.req = no + 1;
    submit.envelope = strict_octets(starved->letters[no]->data, starved->letters[no]->len);
    assert_int_equal(strict_pack(&submit.base, &starved->submits[no]), HL_OK);
}

struct starved *starved_new(struct store *(*open_store)(bool is_new))
{
    struct starved *starved = calloc(1, sizeof(*starved));

    assert_non_null(starved);
    starved->open_store = open_store;
    starved->rig = rig_new(NULL);
    for (int state = 0; state < WORLD_STATES; state++) {
        for (int device = 0; device < WORLD_DEVICES; device++)
            starved->hellos[state][device] = hello_of(starved->rig, state, device);
    }
    for (size_t no = 0; no < STARVED_LETTERS; no++)
        write_letter(starved, no);
    for (size_t no = 0; no < STARVED_LINES; no++)
        starved->lines[no].starved = starved;
    rig_stop(starved->rig);
    store_close(starved->rig->store);
    starved->rig->store = NULL;
    return starved;
}

void starved_free(struct starved *starved)
{
    for (size_t no = 0; no < STARVED_LETTERS; no++) {
        blob_free(starved->letters[no]);
        blob_free(starved->submits[no]);
    }
    for (int state = 0; state < WORLD_STATES; state++) {
        for (int device = 0; device < WORLD_DEVICES; device++)
            blob_free(starved->hellos[state][device]);
    }
    rig_free(starved->rig);
    free(starved);
}

static void empty_line(struct line *line)
{
    for (size_t i = 0; i < line->count; i++)
        blob_free(line->got[i].body);
    line->count = 0;
    line->is_closed = false;
    line->bye_reason = 0;
}

static void stop(struct starved *starved)
{
    for (size_t no = 0; no < STARVED_LINES; no++) {
        line_hang_up(&starved->lines[no]);
        empty_line(&starved->lines[no]);
    }
    relay_free(starved->rig->relay);
    starved->rig->relay = NULL;
}

void starved_begin(struct starved *starved)
{
    starved->durable = 0;
    starved->commit_err = HL_OK;
    if (starved->open_store)
        starved->rig->store = starved->open_store(true);
    else
        assert_int_equal(store_memory_new(&starved->rig->store), HL_OK);
    rig_start(starved->rig);
}

void starved_end(struct starved *starved)
{
    stop(starved);
    store_close(starved->rig->store);
    starved->rig->store = NULL;
}

void starved_restart(struct starved *starved)
{
    stop(starved);
    if (starved->open_store) {
        store_close(starved->rig->store);
        starved->rig->store = starved->open_store(false);
    }
    rig_start(starved->rig);
    starved->durable = starved_check_store(starved);
}

/* --- driving: no allocation of ours --------------------------------------------------------------------------------- */

static void receive(struct starved *starved, const struct relay_action *action)
{
    struct line *line = action->context;

    assert_non_null(line->session);
    assert_true(line->count < LINE_MAX_GOT);
    assert_int_equal(record_check(action->type, action->body->len, RECORD_TO_CLIENT,
                                  action->type != RECORD_WELCOME),
                     HL_OK);
    line->got[line->count++] =
        (struct got){.type = action->type, .body = action->body, .durable = starved->durable};
    relay_session_drained(starved->rig->relay, line->session);
}

static void commit(struct starved *starved, const struct store_batch *batch)
{
    size_t puts = batch->put_count;
    int err = store_commit(starved->rig->store, batch);

    if (err == HL_OK)
        starved->durable += puts;
    else
        starved->commit_err = err;
    relay_commit_done(starved->rig->relay, batch, err);
}

static void close_line(struct line *line, unsigned bye_reason)
{
    line_hang_up(line);
    line->is_closed = true;
    line->bye_reason = bye_reason;
}

void starved_drive(struct starved *starved)
{
    struct relay *relay = starved->rig->relay;
    struct store_body body = {.row = NULL};
    struct relay_action action;
    int err;

    while (relay_take_action(relay, &action)) {
        switch (action.kind) {
        case RELAY_SEND: receive(starved, &action); break;
        case RELAY_CLOSE: close_line(action.context, action.bye_reason); break;
        case RELAY_COMMIT: commit(starved, action.batch); break;
        case RELAY_READ:
            err = store_read(starved->rig->store, action.index, &body);
            relay_read_done(relay, action.index, err, &body);
            body = (struct store_body){.row = NULL};
            break;
        }
    }
}

void starved_wait(struct starved *starved, int64_t ms)
{
    starved->rig->utc_ms += ms;
    starved->rig->mono_ms += ms;
    relay_tick(starved->rig->relay);
    starved_drive(starved);
}

int line_dial(struct starved *starved, size_t no, int state, int device)
{
    struct line *line = &starved->lines[no];
    const struct cert *cert = world_device_cert(starved->rig->world, state, device);
    struct blob *hello = starved->hellos[state][device];
    int err;

    line->state = state;
    line->device = device;
    err = relay_session_open(starved->rig->relay, cert->noise_static, bytes_blob(hello), line,
                             &line->session);
    starved_drive(starved);
    return err;
}

void line_say(struct line *line, unsigned type, struct bytes body)
{
    if (!line->session)
        return;
    relay_session_input(line->starved->rig->relay, line->session, type, body);
    starved_drive(line->starved);
}

void line_hang_up(struct line *line)
{
    if (line->session)
        relay_session_closed(line->starved->rig->relay, line->session);
    line->session = NULL;
}

/* --- lines, with memory ------------------------------------------------------------------------------------------------ */

void line_must_dial(struct starved *starved, size_t no, int state, int device)
{
    struct line *line = &starved->lines[no];
    ProtobufCMessage *welcome;

    empty_line(line);
    assert_int_equal(line_dial(starved, no, state, device), HL_OK);
    welcome = line_get(line, RECORD_WELCOME, &hotline__v1__welcome__descriptor);
    assert_non_null(welcome);
    protobuf_c_message_free_unpacked(welcome, NULL);
}

void line_say_message(struct line *line, unsigned type, const ProtobufCMessage *message)
{
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(message, &body), HL_OK);
    line_say(line, type, bytes_blob(body));
}

void line_subscribe(struct line *line, uint32_t window)
{
    Hotline__V1__Subscribe subscribe = HOTLINE__V1__SUBSCRIBE__INIT;

    subscribe.window = window;
    subscribe.window_bytes = 1 << 20;
    line_say_message(line, RECORD_SUBSCRIBE, &subscribe.base);
}

void line_take(struct line *line, uint64_t upto)
{
    Hotline__V1__Taken taken = HOTLINE__V1__TAKEN__INIT;

    taken.upto_seq = upto;
    line_say_message(line, RECORD_TAKEN, &taken.base);
}

ProtobufCMessage *line_get(struct line *line, unsigned type,
                           const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = NULL;
    size_t at = 0;

    while (at < line->count && line->got[at].type != type)
        at++;
    if (at == line->count)
        return NULL;
    assert_int_equal(
        strict_unpack(descriptor, &schema_wire, bytes_blob(line->got[at].body), &message, NULL),
        HL_OK);
    blob_free(line->got[at].body);
    line->count--;
    for (; at < line->count; at++)
        line->got[at] = line->got[at + 1];
    return message;
}

Hotline__V1__SubmitCode line_submit(struct line *line, size_t no)
{
    Hotline__V1__SubmitResult *result;
    Hotline__V1__SubmitCode code;

    line_say(line, RECORD_SUBMIT, bytes_blob(line->starved->submits[no]));
    result = (Hotline__V1__SubmitResult *)(void *)line_get(line, RECORD_SUBMIT_RESULT,
                                                           &hotline__v1__submit_result__descriptor);
    assert_non_null(result);
    code = result->code;
    hotline__v1__submit_result__free_unpacked(result, NULL);
    return code;
}
