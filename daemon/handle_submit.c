/* handle_submit — one envelope: structure, sender, duplicate, quota; then it waits for its batch.
 * docs/PROTOCOL.md, "What a relay does before custody". No end-to-end signature is verified here, and no claimed hash is trusted. */
#include <stdlib.h>
#include <string.h>

#include "daemon/dispatch.h"
#include "daemon/relay_state.h"
#include "proto/limits.h"

#define RETRY_BUSY_S     2
#define RETRY_SPACE_S    15 /* room comes back by an operator's hand: FLASH is not kept waiting */
#define RETRY_DRAINING_S 30

typedef Hotline__V1__SubmitCode submit_code;
#define CODE(name) HOTLINE__V1__SUBMIT_CODE__SUBMIT_##name

/* One Submit on its way through the checks. */
struct submission {
    struct session *session;
    uint64_t req;
    struct bytes envelope;
    struct pending *pending;
    uint32_t retry_s;
};

/* --- results ------------------------------------------------------------------------------------------------- */

static uint32_t retry_of(submit_code code)
{
    if (code == CODE(BUSY))
        return RETRY_BUSY_S;
    if (code == CODE(NO_SPACE))
        return RETRY_SPACE_S;
    return code == CODE(DRAINING) ? RETRY_DRAINING_S : 0;
}

static void send_result(struct relay *relay, struct session *session,
                        Hotline__V1__SubmitResult *result)
{
    relay_send_message(relay, session, RECORD_SUBMIT_RESULT, &result->base);
}

static void refuse(struct relay *relay, const struct submission *submission, submit_code code)
{
    Hotline__V1__SubmitResult result = HOTLINE__V1__SUBMIT_RESULT__INIT;

    relay->counts.refused++;
    result.req = submission->req;
    result.code = code;
    result.retry_s = submission->retry_s ? submission->retry_s : retry_of(code);
    send_result(relay, submission->session, &result);
}

void relay_count_short(struct relay *relay, Hotline__V1__SubmitCode code)
{
    if (code == CODE(NO_SPACE))
        relay->counts.refused_space++;
    else
        relay->counts.refused_busy++;
}

void submit_result(struct relay *relay, struct session *session, uint64_t req,
                   Hotline__V1__SubmitCode code, struct blob *receipt)
{
    Hotline__V1__SubmitResult result = HOTLINE__V1__SUBMIT_RESULT__INIT;

    session->in_flight--;
    result.req = req;
    result.code = code;
    result.retry_s = retry_of(code);
    if (receipt) {
        result.receipt = hotline__v1__custody_receipt__unpack(NULL, receipt->len, receipt->data);
        if (!result.receipt) {
            relay_fail(relay, session, HL_ENOMEM);
            return;
        }
    }
    send_result(relay, session, &result);
    if (result.receipt)
        hotline__v1__custody_receipt__free_unpacked(result.receipt, NULL);
}

void submit_taken(struct relay *relay, const struct waiter *waiter, struct shelf_item *item)
{
    const struct deposit *deposit = &relay->ledger.items[item->number];
    AUTO(blob) receipt = NULL;
    int err = custodian_receipt(&relay->custodian, &relay->tree, deposit, item, -1, &receipt);

    if (err != HL_OK) {
        waiter->session->in_flight--;
        relay_fail(relay, waiter->session, err);
        return;
    }
    submit_result(relay, waiter->session, waiter->req,
                  waiter->is_duplicate ? CODE(DUPLICATE) : CODE(TAKEN), receipt);
}

void submit_duplicate(struct relay *relay, struct session *session, uint64_t req, uint32_t number)
{
    struct waiter waiter = {.session = session, .req = req, .is_duplicate = true};
    struct shelf_item *item = relay_shelf(relay, number);

    if (item)
        submit_taken(relay, &waiter, item);
    else if (relay_wait_read(relay, number, session, req) != HL_OK)
        relay_fail(relay, session, HL_ENOMEM);
}

/* --- the envelope's slots ---------------------------------------------------------------------------------------- */

static int lane_order(const void *left, const void *right)
{
    return desk_order(&((const struct lane_mark *)left)->to,
                      &((const struct lane_mark *)right)->to);
}

/* Sort the lanes and keep each desk once. */
static size_t distinct_lanes(struct lane_mark *lanes, size_t count)
{
    size_t kept = 1;

    qsort(lanes, count, sizeof(*lanes), lane_order);
    for (size_t i = 1; i < count; i++) {
        if (!desk_equal(&lanes[i].to, &lanes[kept - 1].to))
            lanes[kept++] = lanes[i];
    }
    return kept;
}

static uint16_t lane_of(const struct lane_mark *lanes, size_t count, const struct desk_id *desk)
{
    size_t low = 0;
    size_t high = count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (desk_order(&lanes[middle].to, desk) <= 0)
            low = middle;
        else
            high = middle;
    }
    return (uint16_t)low;
}

static int read_slot(ProtobufCBinaryData octets, struct store_slot *ret_slot,
                     struct desk_id *ret_desk)
{
    Hotline__V1__Slot *slot = hotline__v1__slot__unpack(NULL, octets.len, octets.data);

    if (!slot)
        return HL_ENOMEM; /* its form was checked */
    memcpy(ret_slot->device.entity, slot->entity.data, ID_BYTES);
    memcpy(ret_slot->device.id, slot->device.data, ID_BYTES);
    memcpy(ret_desk->entity, slot->entity.data, ID_BYTES);
    ret_desk->kind = (uint32_t)slot->kind;
    hotline__v1__slot__free_unpacked(slot, NULL);
    return HL_OK;
}

/* Slots and lanes of the deposit from the envelope. desks: one a slot. */
static int read_slots(struct pending *pending, struct desk_id *desks)
{
    struct shelf_item *item = pending->item;
    struct store_parts *parts = &item->parts;

    for (size_t i = 0; i < item->slot_count; i++) {
        TRY(read_slot(item->envelope->slots[i], &parts->slots[i], &desks[i]));
        parts->lanes[i].to = desks[i];
    }
    item->lane_count = distinct_lanes(parts->lanes, item->slot_count);
    for (size_t i = 0; i < item->slot_count; i++)
        parts->slots[i].lane = lane_of(parts->lanes, item->lane_count, &desks[i]);
    return HL_OK;
}

static int fill_lanes(struct pending *pending)
{
    struct shelf_item *item = pending->item;
    struct desk_id *desks = NULL;
    int err;

    item->slot_count = item->envelope->n_slots;
    TRY(store_parts_new(item->slot_count, item->slot_count, &item->parts));
    desks = calloc(item->slot_count, sizeof(*desks));
    if (!desks)
        return HL_ENOMEM;
    err = read_slots(pending, desks);
    free(desks);
    return err;
}

static void fill_deposit(struct pending *pending, const struct session *session)
{
    const struct shelf_item *item = pending->item;
    const Hotline__V1__EnvelopeHeader *header = item->facts.header;
    struct store_deposit *deposit = &pending->deposit;

    memcpy(deposit->hash, item->facts.deposit_hash, HASH_BYTES);
    deposit->created_ms = header->created_ms;
    deposit->expires_ms = header->expires_ms;
    deposit->from = session->desk;
    memcpy(deposit->from_device, session->device->id.id, ID_BYTES);
    deposit->plane = (uint32_t)header->plane;
    deposit->precedence = (uint32_t)header->precedence;
    deposit->lanes = item->parts.lanes;
    deposit->mailbox_seqs = item->parts.mailbox_seqs;
    deposit->lane_count = item->lane_count;
    deposit->slots = item->parts.slots;
    deposit->slot_count = item->slot_count;
    pending->device = session->device;
}

/* --- checks, in this order; each says TAKEN or the code of the refusal --------------------------------------------- */

static submit_code check_structure(struct relay *relay, struct submission *submission)
{
    struct pending *pending = submission->pending;
    int err = envelope_inspect(relay->trust->ns, submission->envelope, &pending->item->envelope,
                               &pending->item->facts);

    if (err == HL_OK)
        err = fill_lanes(pending);
    if (err == HL_OK)
        return pending->item->lane_count <= STORE_LANES_MAX ? CODE(TAKEN) : CODE(TOO_LARGE);
    if (err == HL_EINVAL)
        return CODE(OTHER_NS);
    if (err == HL_ETOOBIG)
        return CODE(TOO_LARGE);
    return err == HL_ENOMEM ? CODE(BUSY) : CODE(MALFORMED);
}

static submit_code check_sender(struct relay *relay, struct submission *submission)
{
    const struct session *session = submission->session;
    const Hotline__V1__EnvelopeHeader *header = submission->pending->item->facts.header;

    if (!bytes_equal(view(header->sender_entity), BYTES_OF(session->device->id.entity)) ||
        !bytes_equal(view(header->sender_device), BYTES_OF(session->device->id.id)))
        return CODE(NOT_YOUR_DEVICE);
    if (!relay_device_cert(relay, &session->device->id))
        return CODE(REVOKED);
    return CODE(TAKEN);
}

static submit_code check_content(struct relay *relay, struct submission *submission)
{
    const struct shelf_item *item = submission->pending->item;

    if (item->facts.header->expires_ms <= clock_utc_ms(relay->clock))
        return CODE(EXPIRED);
    for (size_t lane = 0; lane < item->lane_count; lane++) {
        if (!trust_entity(relay->trust, item->parts.lanes[lane].to.entity))
            return CODE(UNKNOWN_DESK);
    }
    return item->facts.header->n_attachments == 0 ? CODE(TAKEN) : CODE(NO_ATTACHMENT);
}

/* FLASH may use what is reserved for it. */
static bool has_space(const struct relay *relay, unsigned precedence, size_t len)
{
    uint64_t min = relay->limits.disk_min;

    if (relay->disk_free == UINT64_MAX)
        return true;
    if (precedence == HOTLINE__V1__PRECEDENCE__FLASH)
        min -= relay->limits.flash_reserve < min ? relay->limits.flash_reserve : min;
    return relay->disk_free >= min + len;
}

/* Nor can others fill with their ROUTINE what waits for the disk. */
static bool has_waiting_room(const struct relay *relay, unsigned precedence, size_t len)
{
    size_t max = BATCH_WAITING_MAX;

    if (precedence != HOTLINE__V1__PRECEDENCE__FLASH)
        max -= BATCH_WAITING_FLASH;
    return relay->batch.waiting_bytes + len <= max;
}

static submit_code refuse_for_own_sake(struct relay *relay, submit_code code)
{
    relay_count_short(relay, code);
    return code;
}

static submit_code check_room(struct relay *relay, struct submission *submission)
{
    struct session *session = submission->session;
    const Hotline__V1__EnvelopeHeader *header = submission->pending->item->facts.header;
    struct quota_rates rates = relay_rates(relay);
    struct device *device = session->device;

    if (relay->is_draining)
        return CODE(DRAINING);
    if (!has_waiting_room(relay, (unsigned)header->precedence, submission->envelope.len))
        return refuse_for_own_sake(relay, CODE(BUSY));
    if (!has_space(relay, (unsigned)header->precedence, submission->envelope.len))
        return refuse_for_own_sake(relay, CODE(NO_SPACE));
    quota_earn(&device->quota, session->mailbox->content_count - device->content_seen);
    device->content_seen = session->mailbox->content_count;
    return quota_take(&device->quota, &rates, header->precedence == 0, submission->envelope.len,
                      clock_mono_ms(relay->clock), &submission->retry_s)
               ? CODE(TAKEN)
               : CODE(QUOTA);
}

/* The same deposit again: it gets the receipt that it has, or will have. true: answered, or will be. */
static bool is_answered_before(struct relay *relay, struct submission *submission)
{
    const uint8_t *hash = submission->pending->item->facts.deposit_hash;
    struct session *session = submission->session;
    uint32_t number = ledger_find(&relay->ledger, hash);
    struct pending *pending = batch_find(&relay->batch, hash);

    if (number == INDEX_NONE && !pending)
        return false;
    relay->counts.duplicates++;
    session->in_flight++;
    if (number != INDEX_NONE)
        submit_duplicate(relay, session, submission->req, number);
    else if (pending_add_waiter(pending, session, submission->req, true) != HL_OK)
        relay_fail(relay, session, HL_ENOMEM);
    return true;
}

static int accept(struct relay *relay, struct submission *submission)
{
    struct pending *pending = submission->pending;

    fill_deposit(pending, submission->session);
    TRY(blob_copy(submission->envelope, &pending->envelope));
    TRY(pending_add_waiter(pending, submission->session, submission->req, false));
    submission->session->in_flight++;
    batch_add(&relay->batch, pending);
    submission->pending = NULL;
    return HL_OK;
}

/* One that is taken gets it back; so does one that comes while the relay itself cannot. */
static submit_code check_patience(struct relay *relay, struct submission *submission)
{
    return bucket_take(&submission->session->device->quota.fruitless_submits,
                       QUOTA_FRUITLESS_SUBMIT_PER_HOUR, 1, clock_mono_ms(relay->clock),
                       &submission->retry_s)
               ? CODE(TAKEN)
               : CODE(QUOTA);
}

static void keep_patience(struct submission *submission)
{
    bucket_give_back(&submission->session->device->quota.fruitless_submits,
                     QUOTA_FRUITLESS_SUBMIT_PER_HOUR, 1);
}

static int judge(struct relay *relay, struct submission *submission)
{
    submit_code code = check_patience(relay, submission);

    if (code == CODE(TAKEN))
        code = check_structure(relay, submission);

    if (code == CODE(TAKEN))
        code = check_sender(relay, submission);
    if (code == CODE(TAKEN) && is_answered_before(relay, submission))
        return HL_OK;
    if (code == CODE(TAKEN))
        code = check_content(relay, submission);
    if (code == CODE(TAKEN))
        code = check_room(relay, submission);
    if (code == CODE(TAKEN) || retry_of(code) > 0)
        keep_patience(submission);
    if (code == CODE(TAKEN))
        return accept(relay, submission);
    refuse(relay, submission, code);
    return HL_OK;
}

static int judge_new(struct relay *relay, struct submission *submission)
{
    AUTO(pending) pending = NULL;
    int err;

    TRY(pending_new(&pending));
    TRY(shelf_item_new(&pending->item));
    submission->pending = pending;
    err = judge(relay, submission);
    if (!submission->pending)
        (void)MOVE(pending); /* the batch has it */
    return err;
}

int handle_submit(struct relay *relay, struct session *session, struct bytes body)
{
    Hotline__V1__Submit *submit = NULL;
    struct submission submission = {.session = session};
    int err = HL_OK;

    TRY(relay_parse(&hotline__v1__submit__descriptor, body, &submit));
    submission.req = submit->req;
    submission.envelope = view(submit->envelope);
    if (session->in_flight >= relay->limits.max_in_flight)
        refuse(relay, &submission, CODE(BUSY));
    else
        err = judge_new(relay, &submission);
    hotline__v1__submit__free_unpacked(submit, NULL);
    return err;
}
