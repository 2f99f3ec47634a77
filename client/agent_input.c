/* agent_input — records from the relay: one handler a type, each durable before it answers. */
#include <string.h>

#include "client/agent_state.h"
#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/inbox.h"
#include "client/mailbox.h"
#include "client/peer.h"
#include "client/promise.h"
#include "client/vault.h"
#include "proto/envelope.h"
#include "proto/open.h"
#include "proto/record.h"
#include "proto/schema.h"

#define PUT_AGAIN_MS (60LL * 1000)

/* --- Welcome --- */

static int hash_stub(const Hotline__V1__Stub *stub, uint8_t ret_deposit[static HASH_BYTES])
{
    struct bytes octets = BYTES(stub->header.data, stub->header.len);
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(&hotline__v1__envelope_header__descriptor, &schema_envelope, octets, &message,
                      NULL));
    uint8_t header_hash[HASH_BYTES];
    uint8_t ehash[HASH_BYTES];
    label_hash1(label_fixed(LABEL_HEADER_HASH), octets, header_hash);
    envelope_hashes(header_hash, stub->ct_hash.data, stub->slots_root.data,
                    ((const Hotline__V1__EnvelopeHeader *)message)->slot_count,
                    BYTES(stub->sig.data, stub->sig.len), ehash, ret_deposit);
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}

/* Errors: HL_EFORMAT, HL_ENOMEM. */
static int deposit_of_stub(struct bytes octets, uint8_t ret_deposit[static HASH_BYTES])
{
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(&hotline__v1__stub__descriptor, &schema_envelope, octets, &message, NULL));
    int err = hash_stub((const Hotline__V1__Stub *)message, ret_deposit);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

/* The relay shows the newest deposit that this very device made there, signed by it. One that we do not know means that our
 * database is older than what we have sent: the numbers in it must not be used again. */
static int check_last_own(struct agent *agent, const ProtobufCBinaryData *stub_octets)
{
    if (stub_octets->len == 0)
        return HL_OK;
    const struct identity *identity = agent->desk->identity;
    uint8_t deposit[HASH_BYTES];
    int err = deposit_of_stub(BYTES(stub_octets->data, stub_octets->len), deposit);
    if (err == HL_EFORMAT)
        return HL_OK; /* signed by nobody */
    TRY(err);
    const struct open_context context = {.suite = identity->suite,
                                         .trust = identity->trust,
                                         .own_desk = identity->desk,
                                         .now_ms = desk_now_ms(agent->desk)};
    AUTO(opened) opened = NULL;
    TRY(open_stub(&context, deposit, BYTES(stub_octets->data, stub_octets->len), &opened));
    bool is_ours = opened->is_authentic && opened->sender_device == identity->device_cert;
    bool is_known = true;
    if (is_ours)
        TRY(vault_has_deposit(agent->desk, deposit, &is_known));
    return is_known ? HL_OK
                    : peer_mark_rollback(agent->desk,
                                         "a relay holds a deposit of this device that is not here");
}

static int say_taken(struct agent *agent, uint64_t seq)
{
    uint64_t cursor = 0;
    uint64_t taken_seq = 0;
    TRY(mailbox_cursor(agent->desk, agent->relay, &cursor, &taken_seq));
    Hotline__V1__Taken taken;
    hotline__v1__taken__init(&taken);
    taken.upto_seq = taken_seq;
    if (seq > taken_seq) {
        taken.n_also = 1;
        taken.also = &seq;
    }
    return agent_send(agent, RECORD_TAKEN, &taken.base);
}

/* A Taken that was lost with the last connection: nothing else would tell the relay, for what it delivers begins at our
 * cursor. One that lost its mailbox is told nothing: more than it has would be a fault of ours. */
static int repeat_taken(struct agent *agent, uint64_t told_seq)
{
    uint64_t cursor = 0;
    uint64_t taken_seq = 0;
    TRY(mailbox_cursor(agent->desk, agent->relay, &cursor, &taken_seq));
    bool is_lost = taken_seq > told_seq && taken_seq <= agent->newest_seq;
    return is_lost ? say_taken(agent, 0) : HL_OK;
}

static int on_welcome(struct agent *agent, const void *message)
{
    const Hotline__V1__Welcome *welcome = message;
    if (agent->phase != AGENT_START)
        return HL_EFORMAT;
    TRY(check_last_own(agent, &welcome->last_own));
    TRY(mailbox_begin(agent->desk, agent->relay, welcome->taken_seq));
    agent->phase = AGENT_READY;
    agent->max_in_flight =
        welcome->max_in_flight < FLIGHT_MAX ? welcome->max_in_flight : FLIGHT_MAX;
    agent->newest_seq = welcome->newest_seq;
    agent->skew_ms = welcome->relay_ms - desk_now_ms(agent->desk);
    TRY(agent_save_contact(agent));
    TRY(agent_publish_prekey(agent));
    TRY(agent_want_prekeys(agent, NULL, 0));
    TRY(agent_subscribe(agent));
    TRY(repeat_taken(agent, welcome->taken_seq));
    return agent_push(agent);
}

static int on_bye(struct agent *agent, const void *message)
{
    agent->bye_reason = (unsigned)((const Hotline__V1__Bye *)message)->reason;
    agent_closed(agent);
    return HL_ECLOSED;
}

/* --- heartbeat --- */

static int on_ping(struct agent *agent, const void *message)
{
    Hotline__V1__Pong pong;
    hotline__v1__pong__init(&pong);
    pong.token = ((const Hotline__V1__Ping *)message)->token;
    return agent_send(agent, RECORD_PONG, &pong.base);
}

static int on_pong(struct agent *agent, const void *message)
{
    const Hotline__V1__Pong *pong = message;
    if (pong->token != agent->ping_token)
        return HL_OK;
    agent->rtt_ms = clock_mono_ms(agent->desk->clock) - agent->pinged_mono_ms;
    if (pong->relay_ms != 0)
        agent->skew_ms = pong->relay_ms + agent->rtt_ms / 2 - desk_now_ms(agent->desk);
    return HL_OK;
}

/* --- our deposits --- */

static bool take_flight(struct agent *agent, uint64_t req, uint8_t ret_deposit[static HASH_BYTES])
{
    for (size_t i = 0; i < agent->flight_count; i++) {
        if (agent->flight[i].req != req)
            continue;
        memcpy(ret_deposit, agent->flight[i].deposit, HASH_BYTES);
        agent->flight[i] = agent->flight[--agent->flight_count];
        return true;
    }
    return false;
}

static bool is_for_later(Hotline__V1__SubmitCode code)
{
    return code == HOTLINE__V1__SUBMIT_CODE__SUBMIT_QUOTA ||
           code == HOTLINE__V1__SUBMIT_CODE__SUBMIT_BUSY ||
           code == HOTLINE__V1__SUBMIT_CODE__SUBMIT_NO_SPACE ||
           code == HOTLINE__V1__SUBMIT_CODE__SUBMIT_DRAINING;
}

static int on_submit_result(struct agent *agent, const void *message)
{
    const Hotline__V1__SubmitResult *result = message;
    uint8_t deposit[HASH_BYTES];
    if (!take_flight(agent, result->req, deposit))
        return HL_EFORMAT;
    bool is_taken = false;
    if (result->code == HOTLINE__V1__SUBMIT_CODE__SUBMIT_TAKEN ||
        result->code == HOTLINE__V1__SUBMIT_CODE__SUBMIT_DUPLICATE)
        TRY(promise_sent(agent->desk, agent->relay, deposit, result->receipt, &is_taken));
    else
        TRY(post_refused(agent->desk, agent->relay, deposit, (unsigned)result->code,
                         is_for_later(result->code) ? (result->retry_s > 0 ? result->retry_s : 1)
                                                    : 0));
    return agent_push(agent);
}

/* --- mailbox --- */

static int send_reject(struct agent *agent, const struct blob *reject)
{
    Hotline__V1__RejectPut *put = hotline__v1__reject_put__unpack(NULL, reject->len, reject->data);
    if (put == NULL)
        return HL_ENOMEM;
    int err = agent_send(agent, RECORD_REJECT_PUT, &put->base);
    hotline__v1__reject_put__free_unpacked(put, NULL);
    return err;
}

static int on_deliver(struct agent *agent, const void *message)
{
    const Hotline__V1__Deliver *deliver = message;
    if (deliver->seq > agent->newest_seq)
        agent->newest_seq = deliver->seq;
    struct inbox_result result;
    TRY(inbox_deliver(agent->desk, agent->relay, deliver, &result));
    AUTO(blob) reject = result.reject;
    if (reject != NULL)
        TRY(send_reject(agent, reject));
    if (result.is_taken)
        TRY(say_taken(agent, deliver->seq));
    if (result.has_draft)
        TRY(draft_send_due(agent->desk));
    return agent_push(agent); /* the receipt that it earned */
}

/* --- prekeys --- */

static int on_put_result(struct agent *agent, const void *message)
{
    const Hotline__V1__PutResult *result = message;
    if (result->req != agent->put_req)
        return HL_OK;
    agent->put_req = 0;
    if (result->code >
        1) { /* busy and the like: tried again in a while; fork and older are told by its own copy */
        agent->prekey_due_ms = desk_now_ms(agent->desk) + PUT_AGAIN_MS;
        return HL_OK;
    }
    return sql_run(agent->desk, "UPDATE relay SET prekey_ms = ? WHERE id = ?",
                   SQL_ARGS(SQL_N(agent->put_created_ms), SQL_ID(agent->relay->id)));
}

static int take_prekeys(struct agent *agent, const Hotline__V1__PrekeyResult *result)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(agent->desk, &transaction));
    for (size_t i = 0; i < result->n_prekey; i++) {
        AUTO(blob) octets = NULL;
        TRY(strict_pack(&result->prekey[i]->base, &octets));
        TRY(peer_take_prekey(agent->desk, bytes_blob(octets)));
    }
    TRY(post_flush(agent->desk));
    return sql_commit(&transaction);
}

static int on_prekey_result(struct agent *agent, const void *message)
{
    const Hotline__V1__PrekeyResult *result = message;
    TRY(take_prekeys(agent, result));
    if (result->last && agent->gets_open > 0)
        agent->gets_open--;
    return agent_push(agent);
}

/* Documents come as files in this version; news of them is not an error. */
static int on_news(struct agent *agent, const void *message)
{
    (void)agent;
    (void)message;
    return HL_OK;
}

/* --- the table --- */

struct handler {
    unsigned type;
    const ProtobufCMessageDescriptor *descriptor;
    int (*take)(struct agent *agent, const void *message);
};
static const struct handler handlers[] = {
    {RECORD_WELCOME, &hotline__v1__welcome__descriptor, on_welcome},
    {RECORD_BYE, &hotline__v1__bye__descriptor, on_bye},
    {RECORD_PING, &hotline__v1__ping__descriptor, on_ping},
    {RECORD_PONG, &hotline__v1__pong__descriptor, on_pong},
    {RECORD_SUBMIT_RESULT, &hotline__v1__submit_result__descriptor, on_submit_result},
    {RECORD_DELIVER, &hotline__v1__deliver__descriptor, on_deliver},
    {RECORD_PUT_RESULT, &hotline__v1__put_result__descriptor, on_put_result},
    {RECORD_PREKEY_RESULT, &hotline__v1__prekey_result__descriptor, on_prekey_result},
    {RECORD_DOC_NEWS, &hotline__v1__doc_news__descriptor, on_news},
};

int agent_input(struct agent *agent, unsigned type, struct bytes body)
{
    if (agent->phase == AGENT_CLOSED)
        return HL_ECLOSED;
    const struct handler *handler = NULL;
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].type == type)
            handler = &handlers[i];
    }
    bool may_come = agent->phase == AGENT_READY || type == RECORD_WELCOME || type == RECORD_BYE;
    if (handler == NULL || !may_come ||
        record_check(type, body.len, RECORD_TO_CLIENT, agent->phase == AGENT_READY) != HL_OK)
        return HL_EFORMAT;
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(handler->descriptor, &schema_wire, body, &message, NULL));
    agent->heard_mono_ms = clock_mono_ms(agent->desk->clock);
    agent->contact_ms = desk_now_ms(agent->desk);
    int err = handler->take(agent, message);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}
