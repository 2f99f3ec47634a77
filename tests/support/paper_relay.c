/* paper_relay — a relay in memory for tests of the desk. */
#include "tests/support/paper_relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "proto/custody_receipt.h"
#include "proto/envelope.h"
#include "proto/record.h"
#include "wire.pb-c.h"

#define DEPOSITS_MAX 512
#define LANES_MAX    16
#define BOXES_MAX    8
#define PREKEYS_KEPT 64

struct paper_deposit {
    uint8_t hash[HASH_BYTES], ehash[HASH_BYTES];
    Hotline__V1__Envelope *envelope;
    struct envelope_facts facts;
    struct desk_id from;
    struct lane_mark lanes[LANES_MAX];
    size_t lane_count;
    struct blob *body; /* Custody */
    uint64_t index, size;
    uint8_t path[64][32];
    size_t path_len;
    char checkpoint[CHECKPOINT_MAX];
    size_t checkpoint_len;
    uint8_t device[ID_BYTES];
};
struct paper_lane {
    struct desk_id from, to;
    unsigned plane;
    uint64_t seq;
    uint8_t head[HASH_BYTES];
};
struct paper_box {
    struct desk_id desk;
    size_t entries[DEPOSITS_MAX]; /* deposit of entry seq - 1 */
    size_t count;
};
struct paper_relay {
    const struct suite *suite;
    const struct trust *trust;
    const struct relay_info *info;
    struct sign_key *log_key;
    struct paper_faults faults;
    uint8_t leaves[DEPOSITS_MAX][32];
    struct paper_deposit deposits[DEPOSITS_MAX];
    size_t count;
    struct paper_lane lanes[64];
    size_t lane_count;
    struct paper_box boxes[BOXES_MAX];
    size_t box_count;
    struct blob *prekeys[PREKEYS_KEPT];
    struct desk_id prekey_desks[PREKEYS_KEPT];
    size_t prekey_count;
};
struct paper_record {
    unsigned type;
    struct blob *body;
};
struct paper_session {
    struct paper_relay *relay;
    const struct cert *device;
    struct desk_id desk;
    bool is_subscribed;
    uint64_t sent_seq;
    size_t taken, rejects, first, last;
    struct paper_record records[4096];
};

static void must(int err, const char *what)
{
    if (err == HL_OK)
        return;
    (void)fprintf(stderr, "paper_relay: %s: %s\n", what, err_text(err));
    abort();
}

static ProtobufCBinaryData field(const void *octets, size_t len)
{
    ProtobufCBinaryData data = {.len = len};
    memcpy(&data.data, &octets, sizeof(data.data));
    return data;
}

struct paper_relay *paper_relay_new(const struct suite *suite, const struct trust *trust,
                                    struct relay_info *info, const char *name,
                                    const char *operator_name)
{
    struct paper_relay *relay = calloc(1, sizeof(*relay));
    struct sign_key *sign_key = NULL;
    uint8_t seed[32];
    if (relay == NULL)
        abort();
    relay->suite = suite;
    relay->trust = trust;
    relay->info = info;
    hash_plain(bytes_text(name), seed);
    must(sign_key_new(suite, seed, &sign_key), "sign key");
    seed[0] ^= 1;
    must(sign_key_new(suite, seed, &relay->log_key), "log key");
    memset(info, 0, sizeof(*info));
    memcpy(info->id, sign_key->id, ID_BYTES);
    memcpy(info->sign_pk, sign_key->pk, 32);
    memcpy(info->log_pk, relay->log_key->pk, 32);
    (void)snprintf(info->name, sizeof(info->name), "%s", name);
    (void)snprintf(info->operator_name, sizeof(info->operator_name), "%s", operator_name);
    char hex[17];
    hex_encode(BYTES(trust->ns, 8), hex);
    (void)snprintf(info->log_origin, sizeof(info->log_origin), "hotline/%s/%s", hex, name);
    sign_key_free(sign_key);
    return relay;
}

struct paper_relay *paper_relay_new_keyed(const struct suite *suite, const struct trust *trust,
                                          const struct relay_info *info,
                                          const uint8_t log_seed[static 32])
{
    struct paper_relay *relay = calloc(1, sizeof(*relay));
    if (relay == NULL)
        abort();
    relay->suite = suite;
    relay->trust = trust;
    relay->info = info;
    must(sign_key_new(suite, log_seed, &relay->log_key), "log key");
    return relay;
}

void paper_relay_free(struct paper_relay *relay)
{
    if (relay == NULL)
        return;
    for (size_t i = 0; i < relay->count; i++) {
        envelope_facts_done(&relay->deposits[i].facts);
        hotline__v1__envelope__free_unpacked(relay->deposits[i].envelope, NULL);
        blob_free(relay->deposits[i].body);
    }
    for (size_t i = 0; i < relay->prekey_count; i++)
        blob_free(relay->prekeys[i]);
    sign_key_free(relay->log_key);
    free(relay);
}

struct paper_faults *paper_relay_faults(struct paper_relay *relay)
{
    return &relay->faults;
}

size_t paper_relay_deposits(const struct paper_relay *relay)
{
    return relay->count;
}

/* --- out --- */

static void put_record(struct paper_session *session, unsigned type,
                       const ProtobufCMessage *message)
{
    struct paper_record *record = &session->records[session->last++ % 4096];
    record->type = type;
    must(strict_pack(message, &record->body), "pack");
}

bool paper_session_output(struct paper_session *session, unsigned *ret_type, struct blob **ret_body)
{
    if (session->first == session->last)
        return false;
    struct paper_record *record = &session->records[session->first++ % 4096];
    *ret_type = record->type;
    *ret_body = MOVE(record->body);
    return true;
}

/* --- deposits --- */

static struct paper_lane *lane_of(struct paper_relay *relay, const struct desk_id *from,
                                  const struct desk_id *to, unsigned plane)
{
    for (size_t i = 0; i < relay->lane_count; i++) {
        struct paper_lane *lane = &relay->lanes[i];
        if (desk_equal(&lane->from, from) && desk_equal(&lane->to, to) && lane->plane == plane)
            return lane;
    }
    struct paper_lane *lane = &relay->lanes[relay->lane_count++];
    *lane = (struct paper_lane){.from = *from, .to = *to, .plane = plane};
    lane_start(relay->trust->ns, relay->info->id, from, to, plane, lane->head);
    return lane;
}

static struct paper_box *box_of(struct paper_relay *relay, const struct desk_id *desk)
{
    for (size_t i = 0; i < relay->box_count; i++) {
        if (desk_equal(&relay->boxes[i].desk, desk))
            return &relay->boxes[i];
    }
    struct paper_box *box = &relay->boxes[relay->box_count++];
    box->desk = *desk;
    return box;
}

static void add_lanes(struct paper_relay *relay, struct paper_deposit *deposit, unsigned plane)
{
    struct desk_id desks[LANES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < deposit->envelope->n_slots; i++) {
        Hotline__V1__Slot *slot = hotline__v1__slot__unpack(NULL, deposit->envelope->slots[i].len,
                                                            deposit->envelope->slots[i].data);
        struct desk_id of = {.kind = (uint32_t)slot->kind};
        memcpy(of.entity, slot->entity.data, ID_BYTES);
        hotline__v1__slot__free_unpacked(slot, NULL);
        size_t at = 0;
        while (at < count && desk_order(&desks[at], &of) < 0)
            at++;
        if (at < count && desk_equal(&desks[at], &of))
            continue;
        memmove(&desks[at + 1], &desks[at], (count - at) * sizeof(desks[0]));
        desks[at] = of;
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        struct paper_lane *lane = lane_of(relay, &deposit->from, &desks[i], plane);
        lane->seq += relay->faults.skips_lane ? 2 : 1;
        lane_next(lane->head, lane->seq, deposit->hash, lane->head);
        struct lane_mark *mark = &deposit->lanes[deposit->lane_count++];
        mark->to = desks[i];
        mark->seq = lane->seq;
        memcpy(mark->head, lane->head, HASH_BYTES);
        memset(mark->salt, (int)relay->count + 1, ID_BYTES);
        struct paper_box *box = box_of(relay, &desks[i]);
        box->entries[box->count++] = (size_t)(deposit - relay->deposits);
    }
}

static void grow_tree(struct paper_relay *relay, struct paper_deposit *deposit, int64_t now_ms)
{
    struct custody custody = {.ns = relay->trust->ns,
                              .relay = relay->info->id,
                              .received_ms = now_ms + relay->faults.clock_off_ms,
                              .plane = (unsigned)deposit->facts.header->plane,
                              .from = deposit->from,
                              .lanes = deposit->lanes,
                              .lane_count = deposit->lane_count};
    memcpy(custody.deposit_hash, deposit->hash, HASH_BYTES);
    custody.deposit_hash[0] ^= relay->faults.breaks_custody ? 1 : 0;
    memset(custody.salt, (int)relay->count + 1, HASH_BYTES);
    uint8_t leaf[32];
    must(custody_body(&custody, &deposit->body, leaf), "body");
    memcpy(relay->leaves[relay->count], leaf, 32);
    deposit->index = relay->count++;
    deposit->size = relay->count;
    uint8_t root[32];
    must(merkle_root((const uint8_t(*)[32])relay->leaves, relay->count, root), "root");
    must(merkle_path((const uint8_t(*)[32])relay->leaves, relay->count, deposit->index,
                     deposit->path, &deposit->path_len),
         "path");
    must(checkpoint_sign(relay->suite, relay->log_key, relay->info->log_origin, relay->count, root,
                         deposit->checkpoint, &deposit->checkpoint_len),
         "checkpoint");
}

static struct paper_deposit *find_deposit(struct paper_relay *relay, const uint8_t *hash)
{
    for (size_t i = 0; i < relay->count; i++) {
        if (bytes_equal(BYTES_OF(relay->deposits[i].hash), BYTES(hash, HASH_BYTES)))
            return &relay->deposits[i];
    }
    return NULL;
}

static struct paper_deposit *take_deposit(struct paper_session *session, struct bytes envelope,
                                          int64_t now_ms, bool *ret_is_new)
{
    struct paper_relay *relay = session->relay;
    struct paper_deposit *deposit = &relay->deposits[relay->count];
    memset(deposit, 0, sizeof(*deposit));
    must(envelope_inspect(relay->trust->ns, envelope, &deposit->envelope, &deposit->facts),
         "envelope of the desk");
    struct paper_deposit *known = find_deposit(relay, deposit->facts.deposit_hash);
    *ret_is_new = known == NULL;
    if (known != NULL) {
        envelope_facts_done(&deposit->facts);
        hotline__v1__envelope__free_unpacked(deposit->envelope, NULL);
        return known;
    }
    memcpy(deposit->hash, deposit->facts.deposit_hash, HASH_BYTES);
    memcpy(deposit->device, session->device->id, ID_BYTES);
    deposit->from = session->desk;
    add_lanes(relay, deposit, (unsigned)deposit->facts.header->plane);
    grow_tree(relay, deposit, now_ms);
    return deposit;
}

static Hotline__V1__CustodyReceipt *receipt_of(const struct paper_deposit *deposit, int own_lane)
{
    const struct custody_proof proof = {.index = deposit->index,
                                        .path = (const uint8_t(*)[32])deposit->path,
                                        .path_len = deposit->path_len,
                                        .checkpoint =
                                            BYTES(deposit->checkpoint, deposit->checkpoint_len)};
    AUTO(blob) octets = NULL;
    must(custody_receipt_build(bytes_blob(deposit->body), deposit->lanes, deposit->lane_count,
                               own_lane, &proof, &octets),
         "receipt");
    return hotline__v1__custody_receipt__unpack(NULL, octets->len, octets->data);
}

static void on_submit(struct paper_session *session, struct bytes body, int64_t now_ms)
{
    struct paper_relay *relay = session->relay;
    Hotline__V1__Submit *submit = hotline__v1__submit__unpack(NULL, body.len, body.data);
    Hotline__V1__SubmitResult result;
    hotline__v1__submit_result__init(&result);
    result.req = submit->req;
    if (relay->faults.refuses_submits) {
        result.code = HOTLINE__V1__SUBMIT_CODE__SUBMIT_BUSY;
        result.retry_s = 1;
    } else if (relay->faults.rejects_submits) {
        result.code = HOTLINE__V1__SUBMIT_CODE__SUBMIT_UNKNOWN_DESK;
    } else {
        bool is_new = false;
        const struct paper_deposit *deposit = take_deposit(
            session, BYTES(submit->envelope.data, submit->envelope.len), now_ms, &is_new);
        result.code = is_new ? HOTLINE__V1__SUBMIT_CODE__SUBMIT_TAKEN
                             : HOTLINE__V1__SUBMIT_CODE__SUBMIT_DUPLICATE;
        result.receipt = receipt_of(deposit, -1);
    }
    put_record(session, RECORD_SUBMIT_RESULT, &result.base);
    hotline__v1__custody_receipt__free_unpacked(result.receipt, NULL);
    hotline__v1__submit__free_unpacked(submit, NULL);
}

/* --- mailbox --- */

static int slot_of(const struct paper_deposit *deposit, const struct cert *device)
{
    for (size_t i = 0; i < deposit->envelope->n_slots; i++) {
        Hotline__V1__Slot *slot = hotline__v1__slot__unpack(NULL, deposit->envelope->slots[i].len,
                                                            deposit->envelope->slots[i].data);
        bool is_ours = bytes_equal(BYTES(slot->device.data, ID_BYTES), BYTES_OF(device->id));
        hotline__v1__slot__free_unpacked(slot, NULL);
        if (is_ours)
            return (int)i;
    }
    return -1;
}

static void deliver(struct paper_session *session, const struct paper_deposit *deposit,
                    uint64_t seq)
{
    Hotline__V1__Deliver message;
    Hotline__V1__Desk from;
    hotline__v1__deliver__init(&message);
    hotline__v1__desk__init(&from);
    int own_lane = 0;
    while (!desk_equal(&deposit->lanes[own_lane].to, &session->desk))
        own_lane++;
    from.entity = field(deposit->from.entity, ID_BYTES);
    from.kind = (Hotline__V1__DeskKind)deposit->from.kind;
    message.seq = seq;
    message.from = &from;
    message.plane = deposit->facts.header->plane;
    message.lane_seq = deposit->lanes[own_lane].seq;
    message.lane_head = field(deposit->lanes[own_lane].head, HASH_BYTES);
    message.deposit_hash = field(deposit->hash, HASH_BYTES);
    bool is_own = desk_equal(&deposit->from, &session->desk);
    message.custody = receipt_of(deposit, is_own ? -1 : own_lane);
    AUTO(blob) octets = NULL;
    int slot = slot_of(deposit, session->device);
    if (slot >= 0) {
        must(envelope_deliver(deposit->envelope, &deposit->facts, (size_t)slot, &octets),
             "deliver");
        if (session->relay->faults.breaks_delivered)
            octets->data[octets->len - 1] ^= 1; /* in the signature */
        message.delivered = field(octets->data, octets->len);
    } else {
        must(envelope_stub(deposit->envelope, &deposit->facts, &octets), "stub");
        message.stub = field(octets->data, octets->len);
    }
    put_record(session, RECORD_DELIVER, &message.base);
    hotline__v1__custody_receipt__free_unpacked(message.custody, NULL);
}

static void deliver_new(struct paper_session *session)
{
    const struct paper_box *box = box_of(session->relay, &session->desk);
    if (!session->is_subscribed || session->relay->faults.withholds)
        return;
    while (session->sent_seq < box->count) {
        session->sent_seq++;
        deliver(session, &session->relay->deposits[box->entries[session->sent_seq - 1]],
                session->sent_seq);
    }
}

/* --- prekeys --- */

static void on_prekey_put(struct paper_session *session, struct bytes body)
{
    struct paper_relay *relay = session->relay;
    Hotline__V1__PrekeyPut *put = hotline__v1__prekey_put__unpack(NULL, body.len, body.data);
    for (size_t i = 0; i < put->n_prekey; i++) {
        must(strict_pack(&put->prekey[i]->base, &relay->prekeys[relay->prekey_count]), "prekey");
        relay->prekey_desks[relay->prekey_count++] = session->desk;
    }
    Hotline__V1__PutResult result;
    hotline__v1__put_result__init(&result);
    result.req = put->req;
    put_record(session, RECORD_PUT_RESULT, &result.base);
    hotline__v1__prekey_put__free_unpacked(put, NULL);
}

static bool is_wanted(const Hotline__V1__PrekeyGet *get, const struct desk_id *desk)
{
    for (size_t i = 0; i < get->n_desks; i++) {
        struct desk_id wanted = {.kind = (uint32_t)get->desks[i]->kind};
        memcpy(wanted.entity, get->desks[i]->entity.data, ID_BYTES);
        if (desk_equal(&wanted, desk))
            return true;
    }
    return false;
}

static void on_prekey_get(struct paper_session *session, struct bytes body)
{
    struct paper_relay *relay = session->relay;
    Hotline__V1__PrekeyGet *get = hotline__v1__prekey_get__unpack(NULL, body.len, body.data);
    Hotline__V1__Signed *found[PREKEYS_KEPT];
    Hotline__V1__PrekeyResult result;
    hotline__v1__prekey_result__init(&result);
    result.req = get->req;
    result.last = true;
    result.prekey = found;
    for (size_t i = 0; i < relay->prekey_count; i++) {
        if (is_wanted(get, &relay->prekey_desks[i]))
            found[result.n_prekey++] =
                hotline__v1__signed__unpack(NULL, relay->prekeys[i]->len, relay->prekeys[i]->data);
    }
    put_record(session, RECORD_PREKEY_RESULT, &result.base);
    for (size_t i = 0; i < result.n_prekey; i++)
        hotline__v1__signed__free_unpacked(found[i], NULL);
    hotline__v1__prekey_get__free_unpacked(get, NULL);
}

/* --- session --- */

static const struct paper_deposit *last_own(const struct paper_relay *relay,
                                            const struct cert *device)
{
    for (size_t i = relay->count; i > 0; i--) {
        if (bytes_equal(BYTES_OF(relay->deposits[i - 1].device), BYTES_OF(device->id)))
            return &relay->deposits[i - 1];
    }
    return NULL;
}

struct paper_session *paper_session_new(struct paper_relay *relay, const struct cert *device,
                                        int64_t now_ms)
{
    struct paper_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        abort();
    session->relay = relay;
    session->device = device;
    memcpy(session->desk.entity, device->entity, ID_BYTES);
    session->desk.kind = (uint32_t)__builtin_ctz(device->desks);
    Hotline__V1__Welcome welcome;
    hotline__v1__welcome__init(&welcome);
    welcome.version = 1;
    welcome.relay_ms = now_ms + relay->faults.clock_off_ms;
    welcome.root_version = 1;
    welcome.directory_version = 1;
    welcome.roster_version = 1;
    welcome.newest_seq = box_of(relay, &session->desk)->count;
    welcome.max_in_flight = 4;
    AUTO(blob) stub = NULL;
    const struct paper_deposit *own = last_own(relay, device);
    if (own != NULL) {
        must(envelope_stub(own->envelope, &own->facts, &stub), "stub");
        welcome.last_own = field(stub->data, stub->len);
    }
    put_record(session, RECORD_WELCOME, &welcome.base);
    return session;
}

void paper_session_free(struct paper_session *session)
{
    if (session == NULL)
        return;
    unsigned type = 0;
    struct blob *body = NULL;
    while (paper_session_output(session, &type, &body))
        blob_free(body);
    free(session);
}

static void on_ping(struct paper_session *session, struct bytes body, int64_t now_ms)
{
    Hotline__V1__Ping *ping = hotline__v1__ping__unpack(NULL, body.len, body.data);
    Hotline__V1__Pong pong;
    hotline__v1__pong__init(&pong);
    pong.token = ping->token;
    pong.relay_ms = now_ms + session->relay->faults.clock_off_ms;
    put_record(session, RECORD_PONG, &pong.base);
    hotline__v1__ping__free_unpacked(ping, NULL);
}

static void on_subscribe(struct paper_session *session, struct bytes body)
{
    Hotline__V1__Subscribe *subscribe = hotline__v1__subscribe__unpack(NULL, body.len, body.data);
    session->is_subscribed = true;
    session->sent_seq = subscribe->after_seq;
    hotline__v1__subscribe__free_unpacked(subscribe, NULL);
}

void paper_session_input(struct paper_session *session, unsigned type, struct bytes body,
                         int64_t now_ms)
{
    must(record_check(type, body.len, RECORD_TO_RELAY, true), "record of the desk");
    switch (type) {
    case RECORD_SUBMIT: on_submit(session, body, now_ms); break;
    case RECORD_SUBSCRIBE: on_subscribe(session, body); break;
    case RECORD_TAKEN: session->taken++; break;
    case RECORD_REJECT_PUT: session->rejects++; break;
    case RECORD_PREKEY_PUT: on_prekey_put(session, body); break;
    case RECORD_PREKEY_GET: on_prekey_get(session, body); break;
    case RECORD_PING: on_ping(session, body, now_ms); break;
    default: break;
    }
    deliver_new(session);
}

size_t paper_session_taken(const struct paper_session *session)
{
    return session->taken;
}

size_t paper_session_rejects(const struct paper_session *session)
{
    return session->rejects;
}

void paper_session_poll(struct paper_session *session)
{
    deliver_new(session);
}
