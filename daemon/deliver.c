/* deliver — mailbox entries to a session, as its window allows: the envelope to a device with a slot, a Stub to others, at
 * last the place in the chain alone. docs/PROTOCOL.md, "What a relay does before custody". */
#include <string.h>

#include "daemon/relay_state.h"
#include "proto/limits.h"

/* Octets around ct in a Deliver: header, slot, proofs, receipt. */
#define DELIVER_AROUND 8192

struct parcel {
    struct session *session;
    uint64_t seq;
    const struct mailbox_entry *entry;
    const struct deposit *deposit;
    struct shelf_item *item;
};

/* Position of the device's slot, or -1. A MONITOR device sees content as Stubs only. */
static int slot_of(const struct parcel *parcel)
{
    const struct session *session = parcel->session;
    const struct store_slot *slots = parcel->item->parts.slots;

    if (session->is_monitor && parcel->deposit->precedence != 0)
        return -1;
    for (size_t i = 0; i < parcel->item->slot_count; i++) {
        if (slots[i].lane == parcel->entry->lane &&
            bytes_equal(BYTES_OF(slots[i].device.id), BYTES_OF(session->device->id.id)))
            return (int)i;
    }
    return -1;
}

/* The DeliveredEnvelope of one slot. */
static int deliver_slot(struct shelf_item *item, size_t slot, struct blob **ret_delivered)
{
    const struct shelf_trees *trees = NULL;
    uint8_t path[MERKLE_PROOF_MAX][HASH_BYTES];
    size_t path_len = 0;

    if (item->slot_count < SHELF_TREES_MIN)
        return envelope_deliver(item->envelope, &item->facts, slot, ret_delivered);
    TRY(shelf_item_trees(item, &trees));
    TRY(tree_path(&trees->slots, slot, trees->slots.size, path, &path_len));
    return envelope_deliver_at(item->envelope, &item->facts, slot,
                               (const uint8_t(*)[HASH_BYTES])path, path_len, ret_delivered);
}

/* One of *ret_delivered and *ret_stub is set, or none: chain only. */
static int wrap(const struct parcel *parcel, int64_t now_ms, struct blob **ret_delivered,
                struct blob **ret_stub)
{
    struct shelf_item *item = parcel->item;
    int slot = slot_of(parcel);
    int err;

    if (item->envelope && slot >= 0 && parcel->deposit->expires_ms > now_ms)
        return deliver_slot(item, (size_t)slot, ret_delivered);
    err = shelf_item_stub(item, ret_stub);
    return err == HL_ENOTFOUND ? HL_OK : err;
}

static int fill_custody(struct relay *relay, const struct parcel *parcel,
                        Hotline__V1__CustodyReceipt **ret_custody)
{
    bool is_own = desk_equal(&parcel->deposit->from, &parcel->session->desk);
    AUTO(blob) receipt = NULL;

    TRY(custodian_receipt(&relay->custodian, &relay->tree, parcel->deposit, parcel->item,
                          is_own ? -1 : (int)parcel->entry->lane, &receipt));
    *ret_custody = hotline__v1__custody_receipt__unpack(NULL, receipt->len, receipt->data);
    return *ret_custody ? HL_OK : HL_ENOMEM;
}

static int pack(const struct parcel *parcel, Hotline__V1__CustodyReceipt *custody,
                const struct blob *delivered, const struct blob *stub, struct blob **ret_body)
{
    const struct lane_mark *mark = &parcel->item->parts.lanes[parcel->entry->lane];
    Hotline__V1__Desk from = HOTLINE__V1__DESK__INIT;
    Hotline__V1__Deliver deliver = HOTLINE__V1__DELIVER__INIT;

    from.entity = wire_data(BYTES_OF(parcel->deposit->from.entity));
    from.kind = (Hotline__V1__DeskKind)parcel->deposit->from.kind;
    deliver.seq = parcel->seq;
    deliver.from = &from;
    deliver.plane = (Hotline__V1__Plane)parcel->deposit->plane;
    deliver.lane_seq = mark->seq;
    deliver.lane_head = wire_data(BYTES_OF(mark->head));
    deliver.deposit_hash = wire_data(BYTES_OF(parcel->deposit->hash));
    deliver.custody = custody;
    deliver.delivered = wire_data(bytes_blob(delivered));
    deliver.stub = wire_data(bytes_blob(stub));
    return strict_pack(&deliver.base, ret_body);
}

static int send_parcel(struct relay *relay, const struct parcel *parcel)
{
    Hotline__V1__CustodyReceipt *custody = NULL;
    AUTO(blob) delivered = NULL;
    AUTO(blob) stub = NULL;
    AUTO(blob) body = NULL;

    TRY(wrap(parcel, relay_steady_ms(relay), &delivered, &stub));
    TRY(fill_custody(relay, parcel, &custody));

    int err = pack(parcel, custody, delivered, stub, &body);

    hotline__v1__custody_receipt__free_unpacked(custody, NULL);
    TRY(err);
    TRY(session_fly(parcel->session, parcel->seq, parcel->entry->number, body->len));
    relay->counts.delivered++;
    relay_send(relay, parcel->session, RECORD_DELIVER, MOVE(body));
    return HL_OK;
}

static size_t size_of(const struct shelf_item *item)
{
    return DELIVER_AROUND + (item->envelope ? item->envelope->ct.len : 0);
}

/* Is the session's next entry ready to go now? If not, what brings it back is on its way. */
static bool next_parcel(struct relay *relay, struct session *session, struct parcel *ret_parcel)
{
    struct parcel parcel = {.session = session};

    session->waits_for_read = false;
    if (session->state != SESSION_SUBSCRIBED || session->unsent > RELAY_UNSENT_MAX ||
        !session_next_entry(session, &parcel.seq))
        return false;
    parcel.entry = mailbox_entry_of(session->mailbox, parcel.seq);
    parcel.deposit = &relay->ledger.items[parcel.entry->number];
    if (session->flight_count > 0 && session->flight_count >= session->window)
        return false;
    parcel.item = relay_shelf(relay, parcel.entry->number);
    if (!parcel.item) {
        session->waits_for_read = true;
        return false;
    }
    if (!session_has_room(session, size_of(parcel.item)))
        return false;
    *ret_parcel = parcel;
    return true;
}

void deliver_to(struct relay *relay, struct session *session)
{
    struct parcel parcel;

    while (!relay->is_broken && next_parcel(relay, session, &parcel)) {
        int err = send_parcel(relay, &parcel);

        if (err != HL_OK)
            relay_fail(relay, session, err);
    }
}

void deliver_touched(struct relay *relay)
{
    while (relay->touched) {
        struct mailbox *mailbox = relay->touched;

        relay->touched = mailbox->next_touched;
        mailbox->is_touched = false;
        for (struct session *session = mailbox->subscribed; session;
             session = session->next_of_mailbox)
            deliver_to(relay, session);
    }
}

void deliver_after_read(struct relay *relay)
{
    for (struct session *session = relay->sessions; session; session = session->next) {
        if (session->waits_for_read)
            deliver_to(relay, session);
    }
}
