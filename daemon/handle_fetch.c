/* handle_fetch — Subscribe, Taken, RejectPut: a device fetches its desk's entries. docs/PROTOCOL.md, "Transport". */
#include "daemon/dispatch.h"
#include "daemon/relay_state.h"

int handle_subscribe(struct relay *relay, struct session *session, struct bytes body)
{
    Hotline__V1__Subscribe *subscribe = NULL;

    TRY(relay_parse(&hotline__v1__subscribe__descriptor, body, &subscribe));
    if (session->state == SESSION_WELCOMED) {
        session->next_of_mailbox = session->mailbox->subscribed;
        session->mailbox->subscribed = session;
    }
    session_subscribe(session, subscribe->after_seq, subscribe->window, subscribe->window_bytes);
    hotline__v1__subscribe__free_unpacked(subscribe, NULL);
    deliver_to(relay, session);
    return HL_OK;
}

/* --- Taken ----------------------------------------------------------------------------------------------------- */

/* A device takes what it was sent: never beyond the newest entry; `also` ascending. */
static int check_taken(const struct session *session, const Hotline__V1__Taken *taken)
{
    uint64_t last = 0;

    for (size_t i = 0; i < taken->n_also; i++) {
        if (taken->also[i] <= last)
            return HL_EFORMAT;
        last = taken->also[i];
    }
    if (taken->upto_seq > last)
        last = taken->upto_seq;
    return last <= session->mailbox->count ? HL_OK : HL_EINVAL;
}

static void take_entry(struct relay *relay, struct session *session, uint64_t seq)
{
    relay->counts.taken++;
    relay_close_slot(relay, session->mailbox, seq, session->device);
}

static int take_entries(struct relay *relay, struct session *session,
                        const Hotline__V1__Taken *taken)
{
    struct taken *held = &session->device->taken;

    for (uint64_t seq = held->upto + 1; seq <= taken->upto_seq; seq++) {
        if (!taken_has(held, seq))
            take_entry(relay, session, seq);
    }
    taken_raise(held, taken->upto_seq);
    for (size_t i = 0; i < taken->n_also; i++) {
        if (taken_has(held, taken->also[i]))
            continue;

        int err = taken_add(held, taken->also[i]);

        if (err == HL_EBUSY)
            return HL_OK; /* too scattered: it comes again after the next connect */
        TRY(err);
        take_entry(relay, session, taken->also[i]);
    }
    return HL_OK;
}

static void note_dirty(struct relay *relay, struct device *device)
{
    if (device->is_taken_dirty)
        return;
    device->is_taken_dirty = true;
    if (relay->dirty_takers++ == 0)
        relay->dirty_since_ms = clock_mono_ms(relay->clock);
}

/* Taken is the device's: all its sessions get their window places back. */
static void land_all(struct relay *relay, struct device *device)
{
    for (struct session *session = device->sessions; session; session = session->next_of_device) {
        session_land_taken(session);
        deliver_to(relay, session);
    }
}

int handle_taken(struct relay *relay, struct session *session, struct bytes body)
{
    Hotline__V1__Taken *taken = NULL;
    int err;

    TRY(relay_parse(&hotline__v1__taken__descriptor, body, &taken));
    err = check_taken(session, taken);
    if (err == HL_OK) {
        err = take_entries(relay, session, taken);
        note_dirty(relay, session->device); /* what was taken before an error, too */
    }
    hotline__v1__taken__free_unpacked(taken, NULL);
    TRY(err);
    land_all(relay, session->device);
    return HL_OK;
}

/* --- RejectPut --------------------------------------------------------------------------------------------------- */

static int check_reject(const struct relay *relay, const struct session *session,
                        const Hotline__V1__Signed *object, const Hotline__V1__Reject *reject)
{
    const struct device *device = session->device;
    bool is_ours = bytes_equal(view(reject->ns), BYTES_OF(relay->trust->ns)) &&
                   bytes_equal(view(reject->relay), BYTES_OF(relay->id)) &&
                   bytes_equal(view(reject->by_entity), BYTES_OF(device->id.entity)) &&
                   bytes_equal(view(reject->by_device), BYTES_OF(device->id.id));

    if (!is_ours || !session->cert || object->n_sigs != 1)
        return HL_EVERIFY;
    return sign_check_at(relay->suite, object, 0, label_fixed(LABEL_REJECT),
                         session->cert->sign_pk);
}

/* The entry is not taken, but its place in the window is free again; it comes anew after the next connect. */
static int judge_reject(struct relay *relay, struct session *session,
                        const Hotline__V1__Signed *object)
{
    Hotline__V1__Reject *reject = NULL;
    uint32_t number = INDEX_NONE;
    int err;

    TRY(relay_parse(&hotline__v1__reject__descriptor, view(object->body), &reject));
    err = check_reject(relay, session, object, reject);
    number = ledger_find(&relay->ledger, reject->deposit_hash.data);
    hotline__v1__reject__free_unpacked(reject, NULL);
    TRY(err);
    relay->counts.rejects++;
    if (number != INDEX_NONE && session_land_rejected(session, number))
        deliver_to(relay, session);
    return HL_OK;
}

int handle_reject_put(struct relay *relay, struct session *session, struct bytes body)
{
    Hotline__V1__RejectPut *put = NULL;
    int err;

    TRY(relay_parse(&hotline__v1__reject_put__descriptor, body, &put));
    err = judge_reject(relay, session, put->reject);
    hotline__v1__reject_put__free_unpacked(put, NULL);
    return err;
}
