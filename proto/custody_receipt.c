/* custody_receipt — bodies, leaves and receipts of custody: built by a relay, judged by desks and arbiters. */
#include "proto/custody_receipt.h"

#include <stdlib.h>
#include <string.h>

#include "proto/schema.h"

#define LANES_MAX 401

void lane_start(const uint8_t ns[static NS_BYTES], const uint8_t relay[static ID_BYTES],
                const struct desk_id *from, const struct desk_id *to, unsigned plane,
                uint8_t ret_head[static HASH_BYTES])
{
    const uint8_t from_kind = (uint8_t)from->kind;
    const uint8_t to_kind = (uint8_t)to->kind;
    const uint8_t plane_octet = (uint8_t)plane;
    const struct bytes parts[] = {
        BYTES(ns, NS_BYTES),  BYTES(relay, ID_BYTES), BYTES_OF(from->entity), BYTES(&from_kind, 1),
        BYTES_OF(to->entity), BYTES(&to_kind, 1),     BYTES(&plane_octet, 1)};

    label_hash(label_fixed(LABEL_LANE_START), parts, 7, ret_head);
}

void lane_next(const uint8_t head[static HASH_BYTES], uint64_t seq,
               const uint8_t deposit_hash[static HASH_BYTES], uint8_t ret_head[static HASH_BYTES])
{
    uint8_t number[8];
    uint8_t before[HASH_BYTES];

    put_u64be(number, seq);
    memcpy(before, head, HASH_BYTES); /* head and ret_head may be one */
    const struct bytes parts[] = {BYTES_OF(before), BYTES_OF(number),
                                  BYTES(deposit_hash, HASH_BYTES)};
    label_hash(label_fixed(LABEL_LANE_CHAIN), parts, 3, ret_head);
}

/* A LaneMark and the Desk inside it. */
struct mark_part {
    Hotline__V1__LaneMark message;
    Hotline__V1__Desk desk;
};

static void fill_mark(const struct lane_mark *lane, struct mark_part *part)
{
    hotline__v1__desk__init(&part->desk);
    hotline__v1__lane_mark__init(&part->message);
    part->desk.entity = strict_octets(lane->to.entity, ID_BYTES);
    part->desk.kind = (Hotline__V1__DeskKind)lane->to.kind;
    part->message.to = &part->desk;
    part->message.seq = lane->seq;
    part->message.head = strict_octets(lane->head, HASH_BYTES);
    part->message.salt = strict_octets(lane->salt, ID_BYTES);
}

static int mark_leaf(const Hotline__V1__LaneMark *mark, uint8_t ret_leaf[static 32])
{
    AUTO(blob) packed = NULL;

    TRY(strict_pack(&mark->base, &packed));
    merkle_leaf(bytes_blob(packed), ret_leaf);
    return HL_OK;
}

int custody_lane_leaf(const struct lane_mark *lane, uint8_t ret_leaf[static 32])
{
    struct mark_part part;

    fill_mark(lane, &part);
    return mark_leaf(&part.message, ret_leaf);
}

static int mark_leaves(const struct lane_mark *lanes, size_t count, uint8_t (*ret_leaves)[32])
{
    for (size_t i = 0; i < count; i++)
        TRY(custody_lane_leaf(&lanes[i], ret_leaves[i]));
    return HL_OK;
}

static int leaf_of_body(struct bytes body, uint8_t ret_leaf[static 32])
{
    AUTO(blob) pae = NULL;

    TRY(label_pae(label_fixed(LABEL_CUSTODY_LEAF), body, &pae));
    merkle_leaf(bytes_blob(pae), ret_leaf);
    return HL_OK;
}

int custody_body(const struct custody *custody, struct blob **ret_body, uint8_t ret_leaf[static 32])
{
    Hotline__V1__Custody message = HOTLINE__V1__CUSTODY__INIT;
    Hotline__V1__Desk from = HOTLINE__V1__DESK__INIT;
    uint8_t leaves[LANES_MAX][32];
    uint8_t lanes_root[32];
    AUTO(blob) body = NULL;

    if (custody->lane_count == 0 || custody->lane_count > LANES_MAX)
        return HL_EINVAL;
    for (size_t i = 1; i < custody->lane_count; i++) {
        if (desk_order(&custody->lanes[i - 1].to, &custody->lanes[i].to) >= 0)
            return HL_EINVAL;
    }
    TRY(mark_leaves(custody->lanes, custody->lane_count, leaves));
    TRY(merkle_root((const uint8_t(*)[32])leaves, custody->lane_count, lanes_root));
    from.entity = strict_octets(custody->from.entity, ID_BYTES);
    from.kind = (Hotline__V1__DeskKind)custody->from.kind;
    message.ns = strict_octets(custody->ns, NS_BYTES);
    message.relay = strict_octets(custody->relay, ID_BYTES);
    message.deposit_hash = strict_octets(custody->deposit_hash, HASH_BYTES);
    message.received_ms = custody->received_ms;
    message.plane = (Hotline__V1__Plane)custody->plane;
    message.lane_count = (uint32_t)custody->lane_count;
    message.lanes_root = strict_octets(lanes_root, 32);
    message.salt = strict_octets(custody->salt, HASH_BYTES);
    message.from = &from;
    TRY(strict_pack(&message.base, &body));
    TRY(leaf_of_body(bytes_blob(body), ret_leaf));
    *ret_body = MOVE(body);
    return HL_OK;
}

static int build(struct bytes body, Hotline__V1__LaneMark **marks, size_t mark_count,
                 const struct custody_proof *proof, Hotline__V1__CustodyReceipt *message,
                 struct blob **ret_receipt)
{
    ProtobufCBinaryData path[32];

    if (proof->path_len > 32)
        return HL_ETOOBIG;
    for (size_t i = 0; i < proof->path_len; i++)
        path[i] = strict_octets(proof->path[i], 32);
    message->body = strict_octets(body.data, body.len);
    message->index = proof->index;
    message->n_proof = proof->path_len;
    message->proof = path;
    message->checkpoint = strict_octets(proof->checkpoint.data, proof->checkpoint.len);
    message->n_lanes = mark_count;
    message->lanes = marks;
    int err = strict_pack(&message->base, ret_receipt);
    message->proof = NULL; /* it stood in this frame */
    return err;
}

int custody_receipt_build_for(struct bytes body, const struct lane_mark *lane,
                              const struct custody_lane_proof *lane_proof,
                              const struct custody_proof *proof, struct blob **ret_receipt)
{
    Hotline__V1__CustodyReceipt message = HOTLINE__V1__CUSTODY_RECEIPT__INIT;
    ProtobufCBinaryData path[MERKLE_PROOF_MAX];
    struct mark_part part;
    Hotline__V1__LaneMark *mark = &part.message;

    if (lane_proof->path_len > MERKLE_PROOF_MAX)
        return HL_ETOOBIG;
    fill_mark(lane, &part);
    for (size_t i = 0; i < lane_proof->path_len; i++)
        path[i] = strict_octets(lane_proof->path[i], 32);
    message.lane_index = (uint32_t)lane_proof->index;
    message.n_lane_proof = lane_proof->path_len;
    message.lane_proof = path;
    return build(body, &mark, 1, proof, &message, ret_receipt);
}

static int build_recipient(struct bytes body, const struct lane_mark *lanes, size_t lane_count,
                           size_t own_lane, const struct custody_proof *proof,
                           struct blob **ret_receipt)
{
    uint8_t leaves[LANES_MAX][32];
    uint8_t path[MERKLE_PROOF_MAX][32];
    struct custody_lane_proof lane_proof = {.index = own_lane, .path = (const uint8_t(*)[32])path};

    TRY(mark_leaves(lanes, lane_count, leaves));
    TRY(merkle_path((const uint8_t(*)[32])leaves, lane_count, own_lane, path,
                    &lane_proof.path_len));
    return custody_receipt_build_for(body, &lanes[own_lane], &lane_proof, proof, ret_receipt);
}

static int build_sender(struct bytes body, const struct lane_mark *lanes, size_t lane_count,
                        const struct custody_proof *proof, struct blob **ret_receipt)
{
    Hotline__V1__CustodyReceipt message = HOTLINE__V1__CUSTODY_RECEIPT__INIT;
    struct mark_part *parts = calloc(lane_count, sizeof(*parts));
    Hotline__V1__LaneMark **marks = calloc(lane_count, sizeof(Hotline__V1__LaneMark *));
    int err = parts && marks ? HL_OK : HL_ENOMEM;

    for (size_t i = 0; err == HL_OK && i < lane_count; i++) {
        fill_mark(&lanes[i], &parts[i]);
        marks[i] = &parts[i].message;
    }
    if (err == HL_OK)
        err = build(body, marks, lane_count, proof, &message, ret_receipt);
    free(parts);
    free(marks);
    return err;
}

int custody_receipt_build(struct bytes body, const struct lane_mark *lanes, size_t lane_count,
                          int own_lane, const struct custody_proof *proof,
                          struct blob **ret_receipt)
{
    if (lane_count == 0 || lane_count > LANES_MAX || own_lane >= (int)lane_count)
        return HL_EINVAL;
    return own_lane >= 0
               ? build_recipient(body, lanes, lane_count, (size_t)own_lane, proof, ret_receipt)
               : build_sender(body, lanes, lane_count, proof, ret_receipt);
}

/* --- judging ------------------------------------------------------------------------------------ */

struct judge {
    const struct suite *suite;
    const struct custody_expectation *expected;
    const Hotline__V1__CustodyReceipt *receipt;
    const Hotline__V1__Custody *body;
    const char *detail;
};

static int no(struct judge *judge, const char *detail)
{
    judge->detail = detail;
    return HL_EVERIFY;
}

static bool same(const ProtobufCBinaryData *data, const uint8_t *octets, size_t len)
{
    return bytes_equal(BYTES(data->data, data->len), BYTES(octets, len));
}

static void desk_of(const Hotline__V1__Desk *message, struct desk_id *ret_desk)
{
    memcpy(ret_desk->entity, message->entity.data, ID_BYTES);
    ret_desk->kind = (uint32_t)message->kind;
}

static int check_body(struct judge *judge)
{
    const struct custody_expectation *expected = judge->expected;
    const Hotline__V1__Custody *body = judge->body;
    struct desk_id from;

    desk_of(body->from, &from);
    if (!same(&body->ns, expected->ns, NS_BYTES))
        return no(judge, "custody: other namespace");
    if (!same(&body->relay, expected->relay->id, ID_BYTES))
        return no(judge, "custody: other relay");
    if (!same(&body->deposit_hash, expected->deposit_hash, HASH_BYTES))
        return no(judge, "custody: other deposit");
    if ((unsigned)body->plane != expected->plane)
        return no(judge, "custody: other plane");
    if (!desk_equal(&from, &expected->from))
        return no(judge, "custody: other sender");
    return HL_OK;
}

static void copy_path(const ProtobufCBinaryData *items, size_t count, uint8_t (*ret_path)[32])
{
    for (size_t i = 0; i < count; i++)
        memcpy(ret_path[i], items[i].data, 32);
}

static int check_inclusion(struct judge *judge, struct custody_facts *facts)
{
    const Hotline__V1__CustodyReceipt *receipt = judge->receipt;
    const struct relay_info *relay = judge->expected->relay;
    uint8_t path[32][32];

    if (checkpoint_check(judge->suite, relay->log_origin, relay->log_pk,
                         BYTES(receipt->checkpoint.data, receipt->checkpoint.len),
                         &facts->tree_size, facts->root) != HL_OK)
        return no(judge, "custody: checkpoint does not verify");
    TRY(leaf_of_body(BYTES(receipt->body.data, receipt->body.len), facts->leaf));
    copy_path(receipt->proof, receipt->n_proof, path);
    facts->index = receipt->index;
    if (receipt->index >= facts->tree_size ||
        merkle_check_path(facts->leaf, receipt->index, facts->tree_size, (const uint8_t(*)[32])path,
                          receipt->n_proof, facts->root) != HL_OK)
        return no(judge, "custody: not included in the checkpoint's tree");
    return HL_OK;
}

static int check_own_lane(struct judge *judge, struct custody_facts *facts)
{
    const struct custody_expectation *expected = judge->expected;
    const Hotline__V1__CustodyReceipt *receipt = judge->receipt;
    const Hotline__V1__LaneMark *mark = receipt->lanes[0];
    struct desk_id to;
    uint8_t leaf[32];
    uint8_t path[9][32];

    if (receipt->n_lanes != 1)
        return no(judge, "custody: not in the recipient's form");
    desk_of(mark->to, &to);
    if (!desk_equal(&to, &expected->own_desk))
        return no(judge, "custody: lane of another desk");
    TRY(mark_leaf(mark, leaf));
    copy_path(receipt->lane_proof, receipt->n_lane_proof, path);
    if (merkle_check_path(leaf, receipt->lane_index, judge->body->lane_count,
                          (const uint8_t(*)[32])path, receipt->n_lane_proof,
                          judge->body->lanes_root.data) != HL_OK)
        return no(judge, "custody: lane path does not fit");
    facts->lane_seq = mark->seq;
    memcpy(facts->lane_head, mark->head.data, HASH_BYTES);
    if (expected->lane_head &&
        (mark->seq != expected->lane_seq || !same(&mark->head, expected->lane_head, HASH_BYTES)))
        return no(judge, "custody: lane differs from the delivery's");
    return HL_OK;
}

static bool is_among(const struct desk_id *desk, const struct desk_id *desks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (desk_equal(desk, &desks[i]))
            return true;
    }
    return false;
}

static int check_marks(struct judge *judge, struct custody_facts *facts, uint8_t (*leaves)[32])
{
    const struct custody_expectation *expected = judge->expected;
    const Hotline__V1__CustodyReceipt *receipt = judge->receipt;
    struct desk_id before = {.kind = 0};

    for (size_t i = 0; i < receipt->n_lanes; i++) {
        const Hotline__V1__LaneMark *mark = receipt->lanes[i];
        struct desk_id to;

        desk_of(mark->to, &to);
        if (i > 0 && desk_order(&before, &to) >= 0)
            return no(judge, "custody: lanes do not ascend");
        if (expected->desks && !is_among(&to, expected->desks, expected->desk_count))
            return no(judge, "custody: lane of a desk without a slot");
        if (desk_equal(&to, &expected->own_desk)) {
            facts->lane_seq = mark->seq;
            memcpy(facts->lane_head, mark->head.data, HASH_BYTES);
        }
        before = to;
        TRY(mark_leaf(mark, leaves[i]));
    }
    return HL_OK;
}

static int check_all_lanes(struct judge *judge, struct custody_facts *facts)
{
    const struct custody_expectation *expected = judge->expected;
    uint8_t leaves[LANES_MAX][32];
    uint8_t root[32];

    if (judge->receipt->n_lanes != judge->body->lane_count || judge->receipt->n_lane_proof > 0 ||
        judge->receipt->lane_index != 0)
        return no(judge, "custody: not in the sender's form");
    if (expected->desks && judge->receipt->n_lanes != expected->desk_count)
        return no(judge, "custody: a desk with a slot has no lane");
    TRY(check_marks(judge, facts, leaves));
    TRY(merkle_root((const uint8_t(*)[32])leaves, judge->receipt->n_lanes, root));
    if (!same(&judge->body->lanes_root, root, 32))
        return no(judge, "custody: lanes do not give their root");
    return HL_OK;
}

static int judge_receipt(struct judge *judge, struct custody_facts *ret_facts)
{
    struct custody_facts facts = {.received_ms = judge->body->received_ms};

    TRY(check_body(judge));
    TRY(check_inclusion(judge, &facts));
    if (judge->expected->is_sender_form)
        TRY(check_all_lanes(judge, &facts));
    else
        TRY(check_own_lane(judge, &facts));
    *ret_facts = facts;
    return HL_OK;
}

int custody_receipt_check(const struct suite *suite, const struct custody_expectation *expected,
                          struct bytes receipt, struct custody_facts *ret_facts,
                          const char **ret_detail)
{
    struct judge judge = {.suite = suite, .expected = expected, .detail = "custody: not canonical"};
    ProtobufCMessage *outer = NULL;
    ProtobufCMessage *body = NULL;

    int err = strict_unpack(&hotline__v1__custody_receipt__descriptor, &schema_receipt, receipt,
                            &outer, NULL);
    if (err == HL_OK) {
        judge.receipt = (Hotline__V1__CustodyReceipt *)outer;
        err = strict_unpack(&hotline__v1__custody__descriptor, &schema_receipt,
                            BYTES(judge.receipt->body.data, judge.receipt->body.len), &body, NULL);
    }
    if (err == HL_OK) {
        judge.body = (Hotline__V1__Custody *)body;
        err = judge_receipt(&judge, ret_facts);
    }
    if (body)
        protobuf_c_message_free_unpacked(body, NULL);
    if (outer)
        protobuf_c_message_free_unpacked(outer, NULL);
    if (err != HL_OK)
        *ret_detail = judge.detail;
    return err;
}
