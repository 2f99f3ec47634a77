/* relay_session — sessions come, are welcomed, and go. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/dispatch.h"
#include "daemon/relay_state.h"

/* Why this peer is no client of ours; 0: it is one, *ret_cert says which. docs/PROTOCOL.md, "Transport". */
static unsigned judge_hello(const struct relay *relay, const uint8_t client_static[static 32],
                            const Hotline__V1__ClientHello *hello, const struct cert **ret_cert)
{
    const struct cert *cert = NULL;

    if (hello->entity.len != ID_BYTES)
        return HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED; /* a relay as client: later */
    cert = trust_cert(relay->trust, hello->entity.data, hello->device.data);
    if (!cert || cert->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE ||
        !bytes_equal(view(hello->cert_hash), BYTES_OF(cert->hash)) ||
        !bytes_equal(BYTES(client_static, 32), BYTES_OF(cert->noise_static)))
        return HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED;
    if (cert->revoked_since_ms != 0)
        return HOTLINE__V1__BYE_REASON__BYE_REVOKED;
    *ret_cert = cert;
    return 0;
}

static struct device_id device_id_of(const struct cert *cert)
{
    struct device_id id;

    memcpy(id.entity, cert->entity, ID_BYTES);
    memcpy(id.id, cert->id, ID_BYTES);
    return id;
}

/* A device that was never here is not counted yet. */
static bool is_one_too_many(const struct relay *relay, const struct cert *cert)
{
    struct device_id id = device_id_of(cert);
    struct device *device = devices_find(&relay->devices, &id);
    uint32_t retry_s;

    return device && !bucket_take(&device->quota.sessions, QUOTA_SESSIONS_PER_HOUR, 1,
                                  clock_mono_ms(relay->clock), &retry_s);
}

/* Error: HL_ENOMEM; it says nothing about the peer. */
static int judge(const struct relay *relay, const uint8_t client_static[static 32],
                 struct bytes hello_octets, const struct cert **ret_cert, unsigned *ret_reason)
{
    Hotline__V1__ClientHello *hello = NULL;
    unsigned reason = HOTLINE__V1__BYE_REASON__BYE_PROTOCOL;
    int err = relay_parse(&hotline__v1__client_hello__descriptor, hello_octets, &hello);

    if (err == HL_ENOMEM)
        return err;
    if (err == HL_OK) {
        reason = judge_hello(relay, client_static, hello, ret_cert);
        hotline__v1__client_hello__free_unpacked(hello, NULL);
    }
    if (reason == 0 && relay->is_draining)
        reason = HOTLINE__V1__BYE_REASON__BYE_DRAINING;
    if (reason == 0 && is_one_too_many(relay, *ret_cert))
        reason = HOTLINE__V1__BYE_REASON__BYE_TOO_MANY;
    *ret_reason = reason;
    return HL_OK;
}

/* More than eight of one device: the longest idle goes. */
static void make_place(struct relay *relay, const struct device *device)
{
    struct session *idlest = NULL;
    unsigned count = 0;

    for (struct session *session = device->sessions; session; session = session->next_of_device) {
        if (session->state >= SESSION_LEAVING)
            continue;
        count++;
        if (!idlest || session->last_input_ms <= idlest->last_input_ms)
            idlest = session; /* the list begins with the newest */
    }
    if (count >= RELAY_SESSIONS_A_DEVICE)
        relay_close(relay, idlest, HOTLINE__V1__BYE_REASON__BYE_REPLACED, NULL);
}

static int bind_device(struct relay *relay, const struct cert *cert, struct session *session)
{
    const struct device_id id = device_id_of(cert);

    cert_desk(cert, &session->desk);
    TRY(mailboxes_get(&relay->mailboxes, &session->desk, &session->mailbox));
    TRY(devices_get(&relay->devices, &id, &session->device));
    if (device_settle(session->device, session->desk.kind))
        session->device->content_seen = session->mailbox->content_count;
    session->cert = cert;
    session->is_monitor = cert->roles & ROLE_BIT_MONITOR;
    make_place(relay, session->device);
    session->next_of_device = session->device->sessions;
    session->device->sessions = session;
    return HL_OK;
}

static void link_session(struct relay *relay, struct session *session)
{
    session->next = relay->sessions;
    if (relay->sessions)
        relay->sessions->prev = session;
    relay->sessions = session;
}

int relay_session_open(struct relay *relay, const uint8_t client_static[static 32],
                       struct bytes hello, void *context, struct session **ret_session)
{
    struct session *session = NULL;
    const struct cert *cert = NULL;
    unsigned reason = 0;

    TRY(judge(relay, client_static, hello, &cert, &reason));
    session = calloc(1, sizeof(*session));
    if (!session)
        return HL_ENOMEM;
    session->state = SESSION_GREETING;
    session->context = context;
    session->last_input_ms = clock_mono_ms(relay->clock);
    if (reason == 0) {
        int err = bind_device(relay, cert, session);

        if (err != HL_OK) {
            free(session);
            return err;
        }
    }
    link_session(relay, session);
    *ret_session = session;
    if (reason != 0)
        relay_close(relay, session, reason, NULL);
    else
        relay_welcome(relay, session);
    return HL_OK;
}

bool relay_session_is_refused(const struct session *session)
{
    return !session->device;
}

/* The Stub of the device's newest own deposit. false: it has to be read first, the Welcome waits. */
static bool last_own(struct relay *relay, struct session *session, struct blob **ret_stub)
{
    uint32_t number = session->device->last_own;
    struct shelf_item *item = NULL;

    if (number == INDEX_NONE || relay->ledger.items[number].form == DEPOSIT_CHAIN)
        return true;
    item = relay_shelf(relay, number);
    if (!item) {
        if (relay_wait_read(relay, number, session, 0) != HL_OK)
            relay_fail(relay, session, HL_ENOMEM);
        return false;
    }
    if (shelf_item_stub(item, ret_stub) != HL_OK)
        *ret_stub = NULL; /* none left: the Welcome goes without */
    return true;
}

void relay_welcome(struct relay *relay, struct session *session)
{
    const struct trust *trust = relay->trust;
    struct quota_rates rates = relay_rates(relay);
    Hotline__V1__Welcome welcome = HOTLINE__V1__WELCOME__INIT;
    AUTO(blob) stub = NULL;

    if (session->state != SESSION_GREETING || !last_own(relay, session, &stub))
        return;

    const struct entity *entity = trust_entity(trust, session->desk.entity);

    welcome.version = 1;
    welcome.relay_ms = clock_utc_ms(relay->clock);
    welcome.root_version = trust->root_version;
    welcome.directory_version = trust->directory_version;
    welcome.timestamp_version = trust->timestamp_version;
    welcome.roster_version = entity && entity->roster ? entity->roster->version : 1;
    welcome.newest_seq = session->mailbox->count;
    welcome.taken_seq = session->device->taken.upto;
    welcome.max_in_flight = relay->limits.max_in_flight;
    quota_left(&session->device->quota, &rates, clock_mono_ms(relay->clock), &welcome.quota_content,
               &welcome.quota_control);
    welcome.last_own = wire_data(bytes_blob(stub));
    relay_send_message(relay, session, RECORD_WELCOME, &welcome.base);
    (void)session_step(session, SESSION_WELCOME);
}

void relay_session_input(struct relay *relay, struct session *session, unsigned type,
                         struct bytes body)
{
    session->last_input_ms = clock_mono_ms(relay->clock);
    if (session->state >= SESSION_LEAVING || relay->is_broken)
        return;

    int err = dispatch(relay, session, type, body);

    if (err == HL_ENOMEM)
        relay_close(relay, session, 0, NULL);
    else if (err != HL_OK)
        relay_close(relay, session, HOTLINE__V1__BYE_REASON__BYE_PROTOCOL, NULL);
}

void relay_session_drained(struct relay *relay, struct session *session)
{
    session->unsent = 0;
    deliver_to(relay, session);
}

static void unlink_from_device(struct session *session)
{
    struct session **at = &session->device->sessions;

    while (*at != session)
        at = &(*at)->next_of_device;
    *at = session->next_of_device;
}

static void unlink_from_mailbox(struct session *session)
{
    struct session **at = &session->mailbox->subscribed;

    while (*at && *at != session)
        at = &(*at)->next_of_mailbox;
    if (*at)
        *at = session->next_of_mailbox;
}

void relay_session_closed(struct relay *relay, struct session *session)
{
    bool is_moved = session_step(session, SESSION_CLOSED);

    assert(is_moved);
    if (session->device) {
        unlink_from_device(session);
        unlink_from_mailbox(session);
    }
    if (session->next)
        session->next->prev = session->prev;
    if (session->prev)
        session->prev->next = session->next;
    else
        relay->sessions = session->next;
    session->next = session->prev = NULL;
    relay_unref(session);
}
