/* relay — the pure core of a relay: making, things to do, time. */
#include "daemon/relay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/relay_state.h"
#include "proto/schema.h"

const struct relay_limits relay_limits_default = {.content_per_hour = 600,
                                                  .control_per_hour = 600,
                                                  .bytes_per_hour = 64U << 20,
                                                  .disk_min = 256U << 20,
                                                  .flash_reserve = 16U << 20,
                                                  .max_in_flight = 256,
                                                  .shelf_bytes = 64U << 20};

static void init_parts(struct relay *relay, const struct relay_params *params,
                       const struct relay_info *info)
{
    uint64_t seed;

    rng_fill(params->rng, (uint8_t *)&seed, sizeof(seed));
    ledger_init(&relay->ledger, seed);
    tree_init(&relay->tree);
    lanes_init(&relay->lanes, params->trust->ns, params->relay_id, seed);
    mailboxes_init(&relay->mailboxes, seed);
    devices_init(&relay->devices, seed);
    shelf_init(&relay->shelf, relay->limits.shelf_bytes);
    custodian_init(&relay->custodian, params->suite, params->log_key, info->log_origin);
    batch_init(&relay->batch, seed);
    actions_init(&relay->actions);
}

/* A clock that is wrong from the start jumped while nobody ran: the newest stamp stands for the clock of then. */
static void doubt_clock(struct relay *relay)
{
    if (relay->received_ms != 0 && relay->steady_ms - relay->received_ms > RELAY_START_JUMP_MS)
        relay->steady_ms = relay->received_ms;
}

int relay_new(const struct relay_params *params, struct relay **ret_relay)
{
    const struct relay_info *info = trust_relay(params->trust, params->relay_id);
    AUTO(relay) relay = NULL;

    if (!info || !bytes_equal(BYTES_OF(info->log_pk), BYTES_OF(params->log_key->pk)))
        return HL_ECONFIG;
    relay = calloc(1, sizeof(*relay));
    if (!relay)
        return HL_ENOMEM;
    relay->suite = params->suite;
    relay->clock = params->clock;
    relay->rng = params->rng;
    relay->trust = params->trust;
    relay->limits = params->limits ? *params->limits : relay_limits_default;
    relay->disk_free = UINT64_MAX;
    relay->steady_ms = clock_utc_ms(params->clock);
    relay->steady_mono_ms = clock_mono_ms(params->clock);
    memcpy(relay->id, params->relay_id, ID_BYTES);
    init_parts(relay, params, info);
    TRY(relay_load(relay, params->store));
    doubt_clock(relay);
    *ret_relay = MOVE(relay);
    return HL_OK;
}

static void free_sessions(struct relay *relay)
{
    while (relay->sessions) {
        struct session *session = relay->sessions;

        relay->sessions = session->next;
        free(session->flights);
        free(session);
    }
}

static void release(struct session *session)
{
    session->refs--;
    relay_unref(session);
}

static void release_pendings(struct pending *pending)
{
    for (; pending; pending = pending->next) {
        for (struct waiter *waiter = pending->waiters; waiter; waiter = waiter->next)
            release(waiter->session);
    }
}

static void release_prekeys(struct pending_prekeys *prekeys)
{
    for (; prekeys; prekeys = prekeys->next)
        release(prekeys->session);
}

/* Sessions that are gone live on in what waits for them. */
static void release_all(struct relay *relay)
{
    struct relay_action action;

    while (actions_take(&relay->actions, &action)) {
        blob_free(action.body);
        if (action.session)
            release(action.session);
    }
    release_pendings(relay->batch.first);
    release_pendings(relay->batch.flying);
    release_prekeys(relay->batch.prekeys_first);
    release_prekeys(relay->batch.flying_prekeys);
    while (relay->read_waiters) {
        struct read_waiter *waiter = relay->read_waiters;

        relay->read_waiters = waiter->next;
        release(waiter->session);
        free(waiter);
    }
}

void relay_free(struct relay *relay)
{
    if (!relay)
        return;
    release_all(relay);
    actions_done(&relay->actions);
    batch_done(&relay->batch);
    shelf_done(&relay->shelf, &relay->ledger);
    devices_done(&relay->devices);
    mailboxes_done(&relay->mailboxes);
    lanes_done(&relay->lanes);
    tree_done(&relay->tree);
    ledger_done(&relay->ledger);
    free(relay->erasable.numbers);
    free_sessions(relay);
    free(relay);
}

/* --- things to do ----------------------------------------------------------------------------------------- */

void relay_break(struct relay *relay)
{
    relay->is_broken = true;
}

/* false: no memory, the relay is broken. */
static bool add_action(struct relay *relay, const struct relay_action *action)
{
    if (actions_add(&relay->actions, action) != HL_OK) {
        relay_break(relay);
        return false;
    }
    action->session->refs++;
    return true;
}

void relay_send(struct relay *relay, struct session *session, unsigned type, struct blob *body)
{
    if (session->state >= SESSION_LEAVING) {
        blob_free(body);
        return;
    }
    session->unsent += body->len;
    if (session->unsent > RELAY_UNSENT_CLOSE) { /* a peer that asks and does not read */
        blob_free(body);
        relay_close(relay, session, 0, NULL);
        return;
    }
    (void)add_action(relay, &(struct relay_action){.kind = RELAY_SEND,
                                                   .session = session,
                                                   .context = session->context,
                                                   .type = type,
                                                   .body = body});
}

void relay_send_message(struct relay *relay, struct session *session, unsigned type,
                        const ProtobufCMessage *message)
{
    struct blob *body = NULL;

    int err = strict_pack(message, &body);

    if (err == HL_OK)
        relay_send(relay, session, type, body);
    else
        relay_fail(relay, session, err);
}

void relay_fail(struct relay *relay, struct session *session, int err)
{
    if (err == HL_ENOMEM)
        relay_close(relay, session, 0, NULL);
    else
        relay_break(relay);
}

void relay_close(struct relay *relay, struct session *session, unsigned bye_reason,
                 const char *detail)
{
    struct relay_action action = {.kind = RELAY_CLOSE,
                                  .session = session,
                                  .context = session->context,
                                  .bye_reason = bye_reason,
                                  .detail = detail};

    /* Only what is told is leaving: the end of a broken relay closes those that are not. */
    if (session->state < SESSION_LEAVING && add_action(relay, &action))
        (void)session_step(session, SESSION_LEAVE);
}

/* The end of a broken relay: its sessions are closed without a word, clients repeat what has no receipt. */
static bool take_breaking(struct relay *relay, struct relay_action *ret_action)
{
    if (!relay->is_broken)
        return false;
    for (struct session *session = relay->sessions; session; session = session->next) {
        if (!session_step(session, SESSION_LEAVE))
            continue;
        *ret_action = (struct relay_action){
            .kind = RELAY_CLOSE, .session = session, .context = session->context};
        return true;
    }
    return false;
}

/* Draining ends when nothing waits to become durable. */
static void end_draining(struct relay *relay)
{
    const struct batch *batch = &relay->batch;

    if (!relay->is_draining || batch->first || batch->prekeys_first || batch->is_flying)
        return;
    for (struct session *session = relay->sessions; session; session = session->next)
        relay_close(relay, session, HOTLINE__V1__BYE_REASON__BYE_DRAINING, NULL);
}

bool relay_take_action(struct relay *relay, struct relay_action *ret_action)
{
    for (;;) {
        if (relay->actions.count == 0)
            relay_close_batch(relay);
        if (relay->actions.count == 0)
            end_draining(relay);
        if (!actions_take(&relay->actions, ret_action))
            return take_breaking(relay, ret_action);

        struct session *session = ret_action->session;

        if (!session)
            return true;
        session->refs--;
        if (session->state != SESSION_GONE)
            return true;
        blob_free(ret_action->body);
        relay_unref(session);
    }
}

int relay_parse(const ProtobufCMessageDescriptor *descriptor, struct bytes body, void *ret_message)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(descriptor, &schema_wire, body, &message, NULL));
    memcpy(ret_message, &message, sizeof(ProtobufCMessage *));
    return HL_OK;
}

void relay_unref(struct session *session)
{
    if (session->refs > 0 || session->state != SESSION_GONE)
        return;
    free(session->flights);
    free(session);
}

/* --- rosters -------------------------------------------------------------------------------------------------- */

const struct cert *relay_device_cert(const struct relay *relay, const struct device_id *id)
{
    const struct cert *cert = trust_cert(relay->trust, id->entity, id->id);

    if (!cert || cert->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE || cert->revoked_since_ms != 0)
        return NULL;
    return cert;
}

void cert_desk(const struct cert *cert, struct desk_id *ret_desk)
{
    memcpy(ret_desk->entity, cert->entity, ID_BYTES);
    ret_desk->kind = 0;
    for (uint32_t kind = 1; kind <= 4; kind++) {
        if (cert->desks >> kind & 1)
            ret_desk->kind = kind;
    }
}

static unsigned reason_to_end(const struct relay *relay, const struct session *session)
{
    const struct cert *cert =
        trust_cert(relay->trust, session->device->id.entity, session->device->id.id);
    struct desk_id desk;

    if (!cert)
        return HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED;
    if (cert->revoked_since_ms != 0)
        return HOTLINE__V1__BYE_REASON__BYE_REVOKED;
    cert_desk(cert, &desk);
    return desk_equal(&desk, &session->desk) ? 0 : HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED;
}

int relay_set_trust(struct relay *relay, const struct trust *trust)
{
    const struct relay_info *info = trust_relay(trust, relay->id);

    if (!info || !bytes_equal(BYTES_OF(trust->ns), BYTES_OF(relay->trust->ns)) ||
        !bytes_equal(BYTES_OF(info->log_pk), BYTES_OF(relay->custodian.log_key->pk)))
        return HL_ECONFIG;
    relay->trust = trust;
    for (struct session *session = relay->sessions; session; session = session->next) {
        if (!session->device)
            continue;

        unsigned reason = reason_to_end(relay, session);

        if (reason != 0)
            relay_close(relay, session, reason, NULL);
        session->cert = relay_device_cert(relay, &session->device->id);
        session->is_monitor = session->cert && session->cert->roles & ROLE_BIT_MONITOR;
    }
    return HL_OK;
}

void relay_set_limits(struct relay *relay, const struct relay_limits *limits)
{
    relay->limits = *limits;
    relay->shelf.size_max = limits->shelf_bytes;
}

/* docs/PROTOCOL.md, "What a device may do in an hour": control max(600, 4 x desks in the directory). */
struct quota_rates relay_rates(const struct relay *relay)
{
    uint64_t desks = 0;
    uint64_t control = relay->limits.control_per_hour;

    for (size_t i = 0; i < relay->trust->entity_count; i++) {
        const struct roster *roster = relay->trust->entities[i].roster;

        desks += roster ? (uint64_t)__builtin_popcount(roster->desk_kinds) : 0;
    }
    return (struct quota_rates){.content = relay->limits.content_per_hour,
                                .control = control > 4 * desks ? control : 4 * desks,
                                .bytes = relay->limits.bytes_per_hour};
}

void relay_set_disk(struct relay *relay, uint64_t free_octets)
{
    relay->disk_free = free_octets;
}

void relay_drain(struct relay *relay)
{
    relay->is_draining = true;
    relay->is_tick_due = true; /* what was taken goes with the last batch */
}

/* --- time --------------------------------------------------------------------------------------------------- */

#define EXPIRY_STEPS 4096 /* deposits looked at in a tick */

int64_t relay_steady_ms(const struct relay *relay)
{
    return relay->steady_ms;
}

/* Follow the clock, but not a jump ahead: what it makes expire would be erased for good, before anybody sees that the clock
 * is wrong. A jump back is followed, it erases nothing. */
static void follow_clock(struct relay *relay, int64_t utc_ms, int64_t mono_ms)
{
    int64_t expected_ms = relay->steady_ms + (mono_ms - relay->steady_mono_ms);
    bool is_ahead = utc_ms - expected_ms > RELAY_JUMP_MS;

    if (is_ahead && relay->jumped_at_mono_ms == 0)
        relay->jumped_at_mono_ms = mono_ms;
    if (is_ahead && mono_ms - relay->jumped_at_mono_ms < RELAY_JUMP_BELIEVED_MS)
        utc_ms = expected_ms;
    else
        relay->jumped_at_mono_ms = 0;
    relay->steady_ms = utc_ms;
    relay->steady_mono_ms = mono_ms;
}

static void expire(struct relay *relay, uint32_t number, int64_t now_ms)
{
    const struct deposit *deposit = &relay->ledger.items[number];
    int64_t stub_until_ms = deposit->received_ms + RELAY_STUB_LIFE_MS;

    if (stub_until_ms < deposit->expires_ms)
        stub_until_ms = deposit->expires_ms;
    if ((deposit->form == DEPOSIT_FULL && deposit->expires_ms <= now_ms) ||
        (deposit->form == DEPOSIT_STUB && stub_until_ms <= now_ms))
        relay_want_erase(relay, number);
}

void relay_tick(struct relay *relay)
{
    int64_t mono_ms = clock_mono_ms(relay->clock);
    size_t steps = relay->ledger.count < EXPIRY_STEPS ? relay->ledger.count : EXPIRY_STEPS;

    if (relay->is_broken)
        return;
    follow_clock(relay, clock_utc_ms(relay->clock), mono_ms);
    for (size_t i = 0; i < steps; i++) {
        relay->expiry_cursor = (uint32_t)((relay->expiry_cursor + 1) % relay->ledger.count);
        expire(relay, relay->expiry_cursor, relay->steady_ms);
    }
    if (relay->dirty_takers > 0 && mono_ms - relay->dirty_since_ms >= RELAY_TAKEN_DELAY_MS)
        relay->is_tick_due = true;
    if (relay->erasable.count > 0)
        relay->is_tick_due = true;
    deliver_after_read(relay);
}

void relay_status_get(const struct relay *relay, struct relay_status *ret_status)
{
    const struct batch *batch = &relay->batch;

    *ret_status = relay->counts;
    ret_status->tree_size = relay->tree.size;
    ret_status->sessions = 0;
    for (const struct session *session = relay->sessions; session; session = session->next)
        ret_status->sessions++;
    ret_status->waiting = batch->waiting_count + batch->flying_count;
    ret_status->is_draining = relay->is_draining;
    ret_status->is_broken = relay->is_broken;
    ret_status->is_idle = !batch->first && !batch->prekeys_first && !batch->is_flying &&
                          relay->actions.count == 0 && relay->dirty_takers == 0;
    ret_status->has_space = relay->disk_free >= relay->limits.disk_min;
}
