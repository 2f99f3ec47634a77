/* agent — what a desk says to one relay, sans-IO. Messages to the relay are made here; those from it are in agent_input.c. */
#include "client/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "client/agent_state.h"
#include "client/contact.h"
#include "client/desk_sql.h"
#include "client/mailbox.h"
#include "client/peer.h"
#include "proto/record.h"

#define PING_MS       (15LL * 1000)
#define SILENCE_MS    (45LL * 1000)
#define KEYS_EVERY_MS (12LL * 3600 * 1000)
/* A receipt that waits for a key must not wait long (FLASH wants DELIVERED in 30 s); a desk that has none is asked for ever less
 * often. */
#define KEYS_WANTED_MIN_MS 1000
#define KEYS_WANTED_MAX_MS (60LL * 1000)
#define DESKS_PER_GET      400
#define WINDOW             64
#define WINDOW_BYTES       (4U * 1024 * 1024)

int agent_new(struct desk *desk, const struct relay_info *relay, struct agent **ret_agent)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    if (agent == NULL)
        return HL_ENOMEM;
    agent->desk = desk;
    agent->relay = relay;
    agent->heard_mono_ms = clock_mono_ms(desk->clock);
    agent->rtt_ms = -1;
    *ret_agent = agent;
    return HL_OK;
}

static void free_outputs(struct agent *agent)
{
    while (agent->first != NULL) {
        struct output *next = agent->first->next;
        blob_free(agent->first->body);
        free(agent->first);
        agent->first = next;
    }
    agent->last = NULL;
}

void agent_free(struct agent *agent)
{
    if (agent == NULL)
        return;
    free_outputs(agent);
    free(agent);
}

/* --- out --- */

int agent_send(struct agent *agent, unsigned type, const ProtobufCMessage *message)
{
    AUTO(blob) body = NULL;
    TRY(strict_pack(message, &body));
    struct output *output = malloc(sizeof(*output));
    if (output == NULL)
        return HL_ENOMEM;
    *output = (struct output){.type = type, .body = MOVE(body)};
    if (agent->last != NULL)
        agent->last->next = output;
    else
        agent->first = output;
    agent->last = output;
    return HL_OK;
}

bool agent_next_output(struct agent *agent, unsigned *ret_type, struct blob **ret_body)
{
    struct output *output = agent->first;
    if (output == NULL)
        return false;
    agent->first = output->next;
    if (agent->first == NULL)
        agent->last = NULL;
    *ret_type = output->type;
    *ret_body = output->body;
    free(output);
    return true;
}

int agent_hello(struct agent *agent, struct blob **ret_hello)
{
    const struct identity *identity = agent->desk->identity;
    Hotline__V1__ClientHello hello;
    hotline__v1__client_hello__init(&hello);
    hello.entity = strict_octets(identity->desk.entity, ID_BYTES);
    hello.device = strict_octets(identity->device->id, ID_BYTES);
    hello.cert_hash = strict_octets(identity->device_cert->hash, HASH_BYTES);
    hello.root_version = identity->trust->root_version;
    hello.directory_version = identity->trust->directory_version;
    hello.timestamp_version = identity->trust->timestamp_version;
    hello.roster_version = trust_entity(identity->trust, identity->desk.entity)->roster->version;
    return strict_pack(&hello.base, ret_hello);
}

/* --- mailbox --- */

int agent_subscribe(struct agent *agent)
{
    uint64_t cursor = 0;
    uint64_t taken = 0;
    TRY(mailbox_cursor(agent->desk, agent->relay, &cursor, &taken));
    Hotline__V1__Subscribe subscribe;
    hotline__v1__subscribe__init(&subscribe);
    subscribe.after_seq = cursor;
    subscribe.window = WINDOW;
    subscribe.window_bytes = WINDOW_BYTES;
    return agent_send(agent, RECORD_SUBSCRIBE, &subscribe.base);
}

/* --- prekeys --- */

int agent_publish_prekey(struct agent *agent)
{
    struct desk *desk = agent->desk;
    AUTO(blob) prekey = NULL;
    int64_t created_ms = 0;
    int64_t held_ms = 0;
    TRY(peer_own_prekey(desk, &prekey, &created_ms));
    TRY(sql_number_of(desk, "SELECT prekey_ms FROM relay WHERE id = ?",
                      SQL_ARGS(SQL_ID(agent->relay->id)), &held_ms));
    agent->prekey_due_ms = created_ms + PREKEY_EVERY_MS;
    if (held_ms >= created_ms || agent->put_req != 0)
        return HL_OK;
    Hotline__V1__Signed *object = NULL;
    TRY(sign_parse(bytes_blob(prekey), &object));
    Hotline__V1__PrekeyPut put;
    hotline__v1__prekey_put__init(&put);
    put.req = ++agent->req_last;
    put.n_prekey = 1;
    put.prekey = &object;
    int err = agent_send(agent, RECORD_PREKEY_PUT, &put.base);
    hotline__v1__signed__free_unpacked(object, NULL);
    TRY(err);
    agent->put_req = put.req;
    agent->put_created_ms = created_ms;
    return HL_OK;
}

/* Messages built here borrow the desks. */
struct get_request {
    Hotline__V1__Desk desks[DESKS_PER_GET];
    Hotline__V1__Desk *pointers[DESKS_PER_GET];
    size_t count;
};

static int send_get(struct agent *agent, struct get_request *request)
{
    Hotline__V1__PrekeyGet get;
    hotline__v1__prekey_get__init(&get);
    get.req = ++agent->req_last;
    get.n_desks = request->count;
    get.desks = request->pointers;
    TRY(agent_send(agent, RECORD_PREKEY_GET, &get.base));
    request->count = 0;
    agent->gets_open++;
    return HL_OK;
}

static int add_desk(struct agent *agent, struct get_request *request, const uint8_t *entity,
                    uint32_t kind)
{
    Hotline__V1__Desk *desk = &request->desks[request->count];
    hotline__v1__desk__init(desk);
    desk->entity = strict_octets(entity, ID_BYTES);
    desk->kind = (Hotline__V1__DeskKind)kind;
    request->pointers[request->count++] = desk;
    return request->count == DESKS_PER_GET ? send_get(agent, request) : HL_OK;
}

static int add_desks_of(struct agent *agent, struct get_request *request,
                        const struct entity *entity)
{
    for (uint32_t kind = 1; kind <= 4; kind++) {
        if ((entity->roster->desk_kinds & UINT32_C(1) << kind) != 0)
            TRY(add_desk(agent, request, entity->id, kind));
    }
    return HL_OK;
}

static int add_all_desks(struct agent *agent, struct get_request *request)
{
    const struct trust *trust = agent->desk->identity->trust;
    for (size_t i = 0; i < trust->entity_count; i++) {
        if (trust->entities[i].roster != NULL)
            TRY(add_desks_of(agent, request, &trust->entities[i]));
    }
    return HL_OK;
}

int agent_want_prekeys(struct agent *agent, const struct desk_id *desks, size_t count)
{
    if (agent->phase != AGENT_READY) {
        agent->wants_keys = true;
        return HL_OK; /* asked for all at Welcome */
    }
    struct get_request *request = calloc(1, sizeof(*request));
    if (request == NULL)
        return HL_ENOMEM;
    int err = count == 0 ? add_all_desks(agent, request) : HL_OK;
    for (size_t i = 0; i < count && err == HL_OK; i++)
        err = add_desk(agent, request, desks[i].entity, desks[i].kind);
    if (err == HL_OK && request->count > 0)
        err = send_get(agent, request);
    free(request);
    if (err == HL_OK) {
        agent->wants_keys = false;
        agent->keys_asked_ms = desk_now_ms(agent->desk);
    }
    return err;
}

bool agent_has_prekeys(const struct agent *agent)
{
    return agent->phase == AGENT_READY && agent->gets_open == 0 && !agent->wants_keys;
}

/* Something waits for keys that we do not have, or the ones we have grow old. */
static int want_due_keys(struct agent *agent)
{
    int64_t age_ms = desk_now_ms(agent->desk) - agent->keys_asked_ms;
    if (agent->gets_open > 0)
        return HL_OK;
    if (age_ms >= KEYS_EVERY_MS)
        return agent_want_prekeys(agent, NULL, 0);
    struct desk_id wanted[16];
    size_t count = 0;
    TRY(post_wanted_keys(agent->desk, wanted, 16, &count));
    if (count != agent->wanted_count)
        agent->keys_wait_ms = KEYS_WANTED_MIN_MS;
    agent->wanted_count = count;
    if (count == 0 || age_ms < agent->keys_wait_ms)
        return HL_OK;
    agent->keys_wait_ms =
        agent->keys_wait_ms < KEYS_WANTED_MAX_MS / 2 ? agent->keys_wait_ms * 2 : KEYS_WANTED_MAX_MS;
    return agent_want_prekeys(agent, wanted, count);
}

/* --- outbox --- */

static bool is_in_flight(const struct agent *agent, const uint8_t *deposit)
{
    for (size_t i = 0; i < agent->flight_count; i++) {
        if (bytes_equal(BYTES(deposit, HASH_BYTES), BYTES_OF(agent->flight[i].deposit)))
            return true;
    }
    return false;
}

static int submit(struct agent *agent, const uint8_t *deposit)
{
    AUTO(blob) envelope = NULL;
    TRY(post_envelope(agent->desk, deposit, &envelope));
    Hotline__V1__Submit message;
    hotline__v1__submit__init(&message);
    message.req = ++agent->req_last;
    message.envelope = strict_octets(envelope->data, envelope->len);
    TRY(agent_send(agent, RECORD_SUBMIT, &message.base));
    struct flight *flight = &agent->flight[agent->flight_count++];
    flight->req = message.req;
    memcpy(flight->deposit, deposit, HASH_BYTES);
    return HL_OK;
}

int agent_push(struct agent *agent)
{
    if (agent->phase != AGENT_READY)
        return HL_OK;
    bool is_rolled_back = true;
    TRY(desk_rollback(agent->desk, &is_rolled_back));
    if (is_rolled_back)
        return HL_OK;
    size_t room = agent->max_in_flight - agent->flight_count;
    if (room == 0)
        return HL_OK;
    uint8_t deposits[2 * FLIGHT_MAX][HASH_BYTES];
    size_t count = 0;
    TRY(post_waiting(agent->desk, agent->relay->id, deposits, agent->flight_count + room, &count));
    for (size_t i = 0; i < count && room > 0; i++) {
        if (is_in_flight(agent, deposits[i]))
            continue;
        TRY(submit(agent, deposits[i]));
        room--;
    }
    return HL_OK;
}

/* --- time --- */

int agent_save_contact(struct agent *agent)
{
    const struct contact contact = {
        .heard_ms = agent->contact_ms, .skew_ms = agent->skew_ms, .rtt_ms = agent->rtt_ms};
    TRY(contact_save(agent->desk, agent->relay, &contact));
    agent->saved_mono_ms = clock_mono_ms(agent->desk->clock);
    return HL_OK;
}

static int ping(struct agent *agent, int64_t now_mono_ms)
{
    if (now_mono_ms - agent->pinged_mono_ms < PING_MS)
        return HL_OK;
    Hotline__V1__Ping message;
    hotline__v1__ping__init(&message);
    message.token = ++agent->ping_token;
    agent->pinged_mono_ms = now_mono_ms;
    return agent_send(agent, RECORD_PING, &message.base);
}

int agent_tick(struct agent *agent)
{
    int64_t now_mono_ms = clock_mono_ms(agent->desk->clock);
    if (agent->phase == AGENT_CLOSED || now_mono_ms - agent->heard_mono_ms >= SILENCE_MS)
        return HL_ECLOSED;
    if (agent->phase != AGENT_READY)
        return HL_OK;
    TRY(ping(agent, now_mono_ms));
    if (now_mono_ms - agent->saved_mono_ms >= CONTACT_SAVE_MS)
        TRY(agent_save_contact(agent));
    if (desk_now_ms(agent->desk) >= agent->prekey_due_ms)
        TRY(agent_publish_prekey(agent));
    TRY(want_due_keys(agent));
    return agent_push(agent);
}

void agent_closed(struct agent *agent)
{
    bool was_ready = agent->phase == AGENT_READY;
    agent->phase = AGENT_CLOSED;
    free_outputs(agent);
    agent->flight_count = 0;
    if (!was_ready)
        return;
    int err = agent_save_contact(agent);
    (void)err; /* a busy database: then the last one saved counts */
}

/* --- looking at it --- */

enum agent_phase agent_phase(const struct agent *agent)
{
    return agent->phase;
}

unsigned agent_bye_reason(const struct agent *agent)
{
    return agent->bye_reason;
}

const struct relay_info *agent_relay(const struct agent *agent)
{
    return agent->relay;
}

bool agent_is_idle(const struct agent *agent)
{
    if (agent->phase != AGENT_READY || agent->first != NULL || agent->flight_count > 0 ||
        agent->gets_open > 0 || agent->put_req != 0)
        return false;
    uint64_t cursor = 0;
    uint64_t taken = 0;
    uint8_t waiting[1][HASH_BYTES];
    size_t count = 0;
    if (mailbox_cursor(agent->desk, agent->relay, &cursor, &taken) != HL_OK ||
        post_waiting(agent->desk, agent->relay->id, waiting, 1, &count) != HL_OK)
        return false;
    return count == 0 && cursor >= agent->newest_seq;
}
