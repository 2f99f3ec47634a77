/* channel — one session between a client and a relay, without a socket. */
#include "proto/channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/bye.h"
#include "proto/greet.h"
#include "proto/outbox.h"
#include "wire.pb-c.h"

#define IN_MAX      (FRAME_LENGTH_BYTES + UINT16_MAX)
#define IN_KEPT_MAX 4096 /* a larger input buffer is given back after its frame */

enum state { STATE_FIRST, STATE_SECOND, STATE_THIRD, STATE_OPEN, STATE_ENDED };

struct channel_keys {
    struct frame_key send, receive;
};
struct channel {
    enum state state;
    bool is_client, is_welcomed;
    struct channel_server_params server;
    struct blob *hello; /* the client's, to be sent or just received */
    uint8_t peer_static[32];
    struct handshake *handshake; /* until OPEN */
    struct channel_keys *keys;   /* from OPEN on; secret memory */
    int64_t period_start_ms;     /* of the sending key */
    int64_t last_frame_ms;
    struct buf in;       /* the message or frame that is coming in */
    struct buf out;      /* handshake octets to be written */
    struct blob *plain;  /* the frame whose records are being read */
    struct bytes unread; /* its rest */
    struct assembly assembly;
    bool has_whole; /* the assembly holds what the last event showed */
    struct outbox outbox;
};

/* --- life ------------------------------------------------------------------------------------------ */

void channel_key_init(const uint8_t sk[static 32], struct channel_key *ret_key)
{
    ret_key->sk = sk;
    dh_public(sk, ret_key->pk);
    label_hash1(label_fixed(LABEL_MAC1), BYTES_OF(ret_key->pk), ret_key->mac1_key);
}

static int channel_new(enum state state, struct channel **ret_channel)
{
    struct channel *channel = calloc(1, sizeof(*channel));

    if (!channel)
        return HL_ENOMEM;
    channel->state = state;
    channel->is_client = state == STATE_SECOND;
    buf_init(&channel->in, IN_MAX);
    buf_init(&channel->out, CHANNEL_FIRST_WIRE);
    assembly_init(&channel->assembly);
    outbox_init(&channel->outbox);
    *ret_channel = channel;
    return HL_OK;
}

void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    handshake_free(channel->handshake);
    secret_free(channel->keys);
    blob_free(channel->hello);
    blob_free(channel->plain);
    buf_done(&channel->in);
    buf_done(&channel->out);
    assembly_done(&channel->assembly);
    outbox_done(&channel->outbox);
    free(channel);
}

int channel_new_client(const struct channel_client_params *params, struct channel **ret_channel)
{
    AUTO(channel) channel = NULL;

    if (params->hello.len > CHANNEL_HELLO_MAX)
        return HL_ETOOBIG;
    TRY(channel_new(STATE_SECOND, &channel));
    TRY(blob_copy(params->hello, &channel->hello));
    TRY(greet_first(params, &channel->out, &channel->handshake));
    *ret_channel = MOVE(channel);
    return HL_OK;
}

int channel_new_server(const struct channel_server_params *params, struct channel **ret_channel)
{
    assert(params->key_count >= 1 && params->key_count <= CHANNEL_KEYS_MAX);
    TRY(channel_new(STATE_FIRST, ret_channel));
    (*ret_channel)->server = *params;
    return HL_OK;
}

/* --- the end ---------------------------------------------------------------------------------------- */

static void end(struct channel *channel, enum channel_end why, struct channel_event *ret_event)
{
    channel->state = STATE_ENDED;
    *ret_event = (struct channel_event){.kind = CHANNEL_CLOSED, .end = why};
}

/* End with nothing more to write. */
static void end_silently(struct channel *channel, enum channel_end why,
                         struct channel_event *ret_event)
{
    buf_done(&channel->out);
    outbox_clear(&channel->outbox);
    end(channel, why, ret_event);
}

static int queue_bye(struct channel *channel, unsigned reason, const char *detail)
{
    AUTO(blob) body = NULL;

    TRY(bye_pack(reason, detail, &body));
    return outbox_add(&channel->outbox, RECORD_BYE, bytes_blob(body));
}

void channel_bye(struct channel *channel, unsigned reason, const char *detail)
{
    if (channel->state == STATE_ENDED)
        return;
    if (channel->state != STATE_OPEN)
        buf_done(&channel->out); /* but message 3 goes before Bye */
    if (!bye_lets_queue_go(reason))
        outbox_clear(&channel->outbox);
    outbox_clear_urgent(&channel->outbox); /* Bye is the last record */
    if (channel->state == STATE_OPEN)
        (void)queue_bye(channel, reason, detail); /* no memory: the peer sees the end without it */
    channel->state = STATE_ENDED;
}

static void end_protocol(struct channel *channel, struct channel_event *ret_event)
{
    channel_bye(channel, HOTLINE__V1__BYE_REASON__BYE_PROTOCOL, NULL);
    end(channel, CHANNEL_END_PROTOCOL, ret_event);
}

/* An error of what was read after the opening. */
static void end_by(struct channel *channel, int err, struct channel_event *ret_event)
{
    if (err == HL_ENOMEM)
        end_silently(channel, CHANNEL_END_MEMORY, ret_event);
    else if (err == HL_EVERIFY)
        end_silently(channel, CHANNEL_END_TAG, ret_event);
    else
        end_protocol(channel, ret_event);
}

/* --- handshake ------------------------------------------------------------------------------------- */

static int open_keys(struct channel *channel, int64_t mono_ms)
{
    void *memory = NULL;

    TRY(secret_new(sizeof(struct channel_keys), &memory));
    channel->keys = memory;
    TRY(handshake_split(channel->handshake, channel->keys->send.key, channel->keys->receive.key));
    memcpy(channel->peer_static, handshake_remote_static(channel->handshake), 32);
    handshake_free(channel->handshake);
    channel->handshake = NULL;
    channel->period_start_ms = mono_ms;
    channel->last_frame_ms = mono_ms;
    channel->state = STATE_OPEN;
    return HL_OK;
}

static int on_first(struct channel *channel)
{
    TRY(greet_second(&channel->server, channel->in.data, &channel->out, &channel->handshake));
    channel->state = STATE_THIRD;
    return HL_OK;
}

static int on_second(struct channel *channel, int64_t mono_ms, struct channel_event *ret_event)
{
    TRY(greet_third(channel->handshake, buf_bytes(&channel->in), bytes_blob(channel->hello),
                    &channel->out));
    TRY(open_keys(channel, mono_ms));
    *ret_event = (struct channel_event){.kind = CHANNEL_READY};
    return HL_OK;
}

static int on_third(struct channel *channel, int64_t mono_ms, struct channel_event *ret_event)
{
    struct bytes third =
        BYTES(channel->in.data + FRAME_LENGTH_BYTES, channel->in.len - FRAME_LENGTH_BYTES);

    TRY(greet_finish(channel->handshake, third, &channel->hello));
    TRY(open_keys(channel, mono_ms));
    *ret_event = (struct channel_event){.kind = CHANNEL_HELLO,
                                        .body = bytes_blob(channel->hello),
                                        .peer_static = channel->peer_static};
    return HL_OK;
}

/* --- records --------------------------------------------------------------------------------------- */

static int on_bye(struct channel *channel, struct bytes body, struct channel_event *ret_event)
{
    unsigned reason = 0;

    TRY(bye_parse(body, &reason));
    end_silently(channel, CHANNEL_END_PEER_BYE, ret_event);
    ret_event->bye_reason = reason;
    return HL_OK;
}

static enum record_direction incoming(const struct channel *channel)
{
    return channel->is_client ? RECORD_TO_CLIENT : RECORD_TO_RELAY;
}

static int on_fragment(struct channel *channel, struct bytes body, struct channel_event *ret_event)
{
    struct assembly *assembly = &channel->assembly;
    bool is_whole = false;

    TRY(assembly_add(assembly, incoming(channel), body, &is_whole));
    if (!is_whole)
        return HL_OK;
    channel->has_whole = true;
    *ret_event = (struct channel_event){
        .kind = CHANNEL_RECORD, .type = assembly->type, .body = buf_bytes(&assembly->data)};
    return HL_OK;
}

/* Record 91 stands last in its frame. */
static int on_rekey(struct channel *channel)
{
    struct bytes rest = channel->unread;
    struct record record;

    if (frame_next(&rest, &record))
        return HL_EFORMAT;
    frame_rekey(&channel->keys->receive);
    return HL_OK;
}

static int on_record(struct channel *channel, const struct record *record,
                     struct channel_event *ret_event)
{
    TRY(record_check(record->type, record->body.len, incoming(channel), channel->is_welcomed));
    if (record->type == RECORD_FRAGMENT)
        return on_fragment(channel, record->body, ret_event);
    if (record->type == RECORD_REKEY)
        return on_rekey(channel);
    if (record->type == RECORD_BYE)
        return on_bye(channel, record->body, ret_event);
    if (record->type == RECORD_WELCOME)
        channel->is_welcomed = true;
    *ret_event =
        (struct channel_event){.kind = CHANNEL_RECORD, .type = record->type, .body = record->body};
    return HL_OK;
}

static int on_frame(struct channel *channel, int64_t mono_ms)
{
    struct bytes ct =
        BYTES(channel->in.data + FRAME_LENGTH_BYTES, channel->in.len - FRAME_LENGTH_BYTES);

    TRY(frame_unseal(&channel->keys->receive, ct, &channel->plain));
    TRY(frame_check(bytes_blob(channel->plain)));
    channel->unread = bytes_blob(channel->plain);
    channel->last_frame_ms = mono_ms;
    return HL_OK;
}

/* --- input ------------------------------------------------------------------------------------------ */

/* How many octets channel->in holds when its next part is complete: a message, or first a length. */
static size_t wanted(const struct channel *channel)
{
    if (channel->state == STATE_FIRST)
        return CHANNEL_FIRST_WIRE;
    if (channel->state == STATE_SECOND)
        return HANDSHAKE_MSG2_BYTES;
    if (channel->in.len < FRAME_LENGTH_BYTES)
        return FRAME_LENGTH_BYTES;
    return FRAME_LENGTH_BYTES + (size_t)get_u16be(channel->in.data);
}

/* Move octets from *wire; true when the part is complete, or cannot be taken. */
static bool gather(struct channel *channel, struct bytes *wire)
{
    size_t missing = wanted(channel) - channel->in.len;
    size_t len = wire->len < missing ? wire->len : missing;

    if (len == 0)
        return missing == 0;
    buf_add(&channel->in, BYTES(wire->data, len));
    *wire = BYTES(wire->data + len, wire->len - len);
    return len == missing || channel->in.err != HL_OK;
}

static int check_length(const struct channel *channel)
{
    size_t len = get_u16be(channel->in.data);

    if (channel->state == STATE_OPEN)
        return len >= FRAME_TAG_BYTES ? HL_OK : HL_EVERIFY;
    return len >= HANDSHAKE_MSG3_MIN && len <= HANDSHAKE_MSG3_MAX ? HL_OK : HL_EVERIFY;
}

static int on_part(struct channel *channel, int64_t mono_ms, struct channel_event *ret_event)
{
    switch (channel->state) {
    case STATE_FIRST: return on_first(channel);
    case STATE_SECOND: return on_second(channel, mono_ms, ret_event);
    case STATE_THIRD: return on_third(channel, mono_ms, ret_event);
    case STATE_OPEN: return on_frame(channel, mono_ms);
    case STATE_ENDED: break;
    }
    return HL_ESTATE;
}

static void take_part(struct channel *channel, int64_t mono_ms, struct channel_event *ret_event)
{
    bool has_length = channel->state == STATE_THIRD || channel->state == STATE_OPEN;
    bool was_open = channel->state == STATE_OPEN;
    int err = channel->in.err;

    if (err == HL_OK && has_length && channel->in.len == FRAME_LENGTH_BYTES) {
        err = check_length(channel);
        if (err == HL_OK)
            return; /* the length alone; its message follows */
    }
    if (err == HL_OK)
        err = on_part(channel, mono_ms, ret_event);
    if (channel->in.size > IN_KEPT_MAX)
        buf_done(&channel->in);
    channel->in.len = 0;
    if (err != HL_OK && (was_open || err == HL_ENOMEM))
        end_by(channel, err, ret_event);
    else if (err != HL_OK)
        end_silently(channel, CHANNEL_END_HANDSHAKE, ret_event);
}

/* Free what the last event showed out of Fragments. */
static void forget_event(struct channel *channel)
{
    if (channel->has_whole)
        assembly_reset(&channel->assembly);
    channel->has_whole = false;
}

/* The next record of the frame in hand; at its end the frame goes. */
static void take_record(struct channel *channel, struct channel_event *ret_event)
{
    struct record record;

    if (frame_next(&channel->unread, &record)) {
        int err = on_record(channel, &record, ret_event);
        if (err != HL_OK)
            end_by(channel, err, ret_event);
        return;
    }
    channel->unread = BYTES(NULL, 0);
    blob_free(channel->plain);
    channel->plain = NULL;
    if (channel->keys->receive.in_period >= FRAME_PERIOD_MAX)
        end_silently(channel, CHANNEL_END_NO_REKEY, ret_event);
}

void channel_input(struct channel *channel, struct bytes *wire, int64_t mono_ms,
                   struct channel_event *ret_event)
{
    *ret_event = (struct channel_event){.kind = CHANNEL_NOTHING};
    forget_event(channel);
    while (channel->state != STATE_ENDED && ret_event->kind == CHANNEL_NOTHING) {
        if (channel->plain)
            take_record(channel, ret_event);
        else if (gather(channel, wire))
            take_part(channel, mono_ms, ret_event);
        else
            return;
    }
    if (channel->state == STATE_ENDED)
        *wire = BYTES(NULL, 0);
}

/* --- output ----------------------------------------------------------------------------------------- */

static int seal_frame(struct channel *channel, int64_t mono_ms, struct blob **ret_chunk)
{
    struct frame_key *key = &channel->keys->send;
    bool is_late = channel->state == STATE_OPEN && channel->is_welcomed &&
                   mono_ms - channel->period_start_ms >= FRAME_PERIOD_MS;
    bool has_rekey = is_late || key->in_period >= FRAME_PERIOD - 1;
    AUTO_BUF plain;

    buf_init(&plain, FRAME_PLAIN_MAX);
    if (outbox_is_empty(&channel->outbox) && !is_late)
        return HL_OK;
    TRY(outbox_fill(&channel->outbox, FRAME_RECORD_HEADER, &plain));
    if (has_rekey)
        frame_add(&plain, RECORD_REKEY, BYTES(NULL, 0));
    frame_pad(&plain);
    TRY(plain.err);
    TRY(frame_seal(key, buf_bytes(&plain), ret_chunk));
    if (!has_rekey)
        return HL_OK;
    frame_rekey(key);
    channel->period_start_ms = mono_ms;
    return HL_OK;
}

int channel_output(struct channel *channel, int64_t mono_ms, struct blob **ret_chunk)
{
    struct blob *chunk = NULL;
    int err = HL_OK;

    if (channel->out.len > 0) {
        err = buf_to_blob(&channel->out, &chunk);
        buf_done(&channel->out);
    } else if (channel->keys) {
        err = seal_frame(channel, mono_ms, &chunk);
    }
    if (err != HL_OK) {
        outbox_clear(&channel->outbox); /* a part of it may be lost: the rest must not follow */
        channel->state = STATE_ENDED;
        return err;
    }
    *ret_chunk = chunk;
    return HL_OK;
}

int channel_send(struct channel *channel, unsigned type, struct bytes body)
{
    enum record_direction direction = channel->is_client ? RECORD_TO_RELAY : RECORD_TO_CLIENT;

    if (channel->state != STATE_OPEN)
        return HL_ESTATE;
    if (type == RECORD_BYE || type == RECORD_FRAGMENT || type == RECORD_REKEY)
        return HL_EINVAL; /* the channel's own */
    TRY(record_check(type, body.len, direction, channel->is_welcomed));
    if (type == RECORD_PING || type == RECORD_PONG)
        return outbox_add_urgent(&channel->outbox, type, body);
    if (channel->outbox.len >= CHANNEL_QUEUE_MAX)
        return HL_EBUSY;
    TRY(outbox_add(&channel->outbox, type, body));
    if (type == RECORD_WELCOME)
        channel->is_welcomed = true;
    return HL_OK;
}

enum channel_stage channel_stage(const struct channel *channel)
{
    switch (channel->state) {
    case STATE_FIRST: return CHANNEL_BLANK;
    case STATE_SECOND:
    case STATE_THIRD: return CHANNEL_HALF_OPEN;
    case STATE_OPEN: return CHANNEL_OPEN;
    case STATE_ENDED: break;
    }
    return CHANNEL_ENDED;
}

bool channel_is_welcomed(const struct channel *channel)
{
    return channel->is_welcomed;
}

bool channel_has_output(const struct channel *channel)
{
    return channel->out.len > 0 || (channel->keys && !outbox_is_empty(&channel->outbox));
}

size_t channel_queued(const struct channel *channel)
{
    return channel->outbox.len;
}

int64_t channel_last_frame_ms(const struct channel *channel)
{
    return channel->last_frame_ms;
}
