/* mailbox_head — signed lane heads, their proofs, and the contradiction that convicts a relay. */
#include "proto/mailbox_head.h"

#include <string.h>

#include "proto/schema.h"

#define HEAD_PROOF_MAX 11 /* of the schema */

static bool same(const ProtobufCBinaryData *data, const uint8_t *octets, size_t len)
{
    return bytes_equal(BYTES(data->data, data->len), BYTES(octets, len));
}

static void desk_of(const Hotline__V1__Desk *message, struct desk_id *ret_desk)
{
    memcpy(ret_desk->entity, message->entity.data, ID_BYTES);
    ret_desk->kind = (uint32_t)message->kind;
}

void head_nonce(const uint8_t random[static 16], const uint8_t *custody_leaf,
                uint8_t ret_nonce[static HEAD_NONCE_BYTES])
{
    static const uint8_t zeros[32];
    const struct bytes parts[] = {BYTES(random, 16),
                                  BYTES(custody_leaf ? custody_leaf : zeros, 32)};
    uint8_t hash[HASH_BYTES];

    label_hash(label_fixed(LABEL_HEAD_NONCE), parts, 2, hash);
    memcpy(ret_nonce, hash, HEAD_NONCE_BYTES);
}

static int read_head(const uint8_t *ns, const struct relay_info *relay, const uint8_t *nonce,
                     const Hotline__V1__MailboxHead *head, struct mailbox_head_facts *ret_facts)
{
    if (!same(&head->ns, ns, NS_BYTES) || !same(&head->relay, relay->id, ID_BYTES) ||
        (nonce && !same(&head->nonce, nonce, HEAD_NONCE_BYTES)))
        return HL_EVERIFY;
    desk_of(head->desk, &ret_facts->desk);
    memcpy(ret_facts->nonce, head->nonce.data, HEAD_NONCE_BYTES);
    ret_facts->at_ms = head->at_ms;
    ret_facts->lane_count = head->lane_count;
    memcpy(ret_facts->lanes_root, head->lanes_root.data, 32);
    return HL_OK;
}

/* signed_head was parsed strictly. */
static int check_head(const struct suite *suite, const uint8_t *ns, const struct relay_info *relay,
                      const Hotline__V1__Signed *object, const uint8_t *nonce,
                      struct mailbox_head_facts *ret_facts)
{
    struct mailbox_head_facts facts = {.lane_count = 0};
    ProtobufCMessage *body = NULL;

    if (object->n_sigs != 1)
        return HL_EVERIFY;
    TRY(sign_check_at(suite, object, 0, label_fixed(LABEL_MAILBOX_HEAD), relay->sign_pk));
    TRY(strict_unpack(&hotline__v1__mailbox_head__descriptor, &schema_receipt,
                      BYTES(object->body.data, object->body.len), &body, NULL));
    int err = read_head(ns, relay, nonce, (Hotline__V1__MailboxHead *)body, &facts);
    protobuf_c_message_free_unpacked(body, NULL);
    if (err == HL_OK)
        *ret_facts = facts;
    return err;
}

int mailbox_head_check(const struct suite *suite, const uint8_t ns[static NS_BYTES],
                       const struct relay_info *relay, struct bytes signed_head,
                       const uint8_t *nonce, struct mailbox_head_facts *ret_facts)
{
    Hotline__V1__Signed *object = NULL;

    TRY(sign_parse(signed_head, &object));
    int err = check_head(suite, ns, relay, object, nonce, ret_facts);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

struct lane_key {
    struct desk_id from;
    uint32_t plane;
};

static int read_lane(struct bytes octets, struct lane_key *ret_key)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__lane_head__descriptor, &schema_receipt, octets, &message,
                      NULL));
    const Hotline__V1__LaneHead *lane = (Hotline__V1__LaneHead *)message;
    desk_of(lane->from, &ret_key->from);
    ret_key->plane = (uint32_t)lane->plane;
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}

static bool lanes_ascend(const struct lane_key *before, const struct lane_key *key)
{
    int order = desk_order(&before->from, &key->from);

    return order < 0 || (order == 0 && before->plane < key->plane);
}

int mailbox_head_check_lanes(const struct mailbox_head_facts *head, const struct bytes *lanes,
                             size_t count)
{
    uint8_t leaves[HEAD_LANES_MAX][32];
    uint8_t root[32];
    struct lane_key before = {.plane = 0};

    if (count > HEAD_LANES_MAX || count != head->lane_count)
        return HL_EVERIFY;
    for (size_t i = 0; i < count; i++) {
        struct lane_key key = {.plane = 0};

        TRY(read_lane(lanes[i], &key));
        if (i > 0 && !lanes_ascend(&before, &key))
            return HL_EFORMAT;
        before = key;
        merkle_leaf(lanes[i], leaves[i]);
    }
    TRY(merkle_root((const uint8_t(*)[32])leaves, count, root));
    return bytes_equal(BYTES_OF(root), BYTES_OF(head->lanes_root)) ? HL_OK : HL_EVERIFY;
}

static int check_lane(const Hotline__V1__HeadProof *proof, struct head_proof_facts *facts)
{
    uint8_t path[HEAD_PROOF_MAX][32];
    uint8_t leaf[32];
    AUTO(blob) lane = NULL;

    TRY(strict_pack(&proof->lane->base, &lane)); /* it is canonical: the same octets */
    merkle_leaf(bytes_blob(lane), leaf);
    for (size_t i = 0; i < proof->n_proof && i < HEAD_PROOF_MAX; i++)
        memcpy(path[i], proof->proof[i].data, 32);
    if (proof->n_proof > HEAD_PROOF_MAX)
        return HL_EVERIFY;
    TRY(merkle_check_path(leaf, proof->index, facts->head.lane_count, (const uint8_t(*)[32])path,
                          proof->n_proof, facts->head.lanes_root));
    desk_of(proof->lane->from, &facts->from);
    facts->plane = (unsigned)proof->lane->plane;
    facts->seq = proof->lane->seq;
    memcpy(facts->lane_head, proof->lane->head.data, HASH_BYTES);
    return HL_OK;
}

static int check_nonce(const Hotline__V1__HeadProof *proof, struct head_proof_facts *facts)
{
    uint8_t nonce[HEAD_NONCE_BYTES];
    AUTO(blob) pae = NULL;

    facts->is_committed = proof->custody.len > 0;
    if (facts->is_committed) {
        TRY(label_pae(label_fixed(LABEL_CUSTODY_LEAF),
                      BYTES(proof->custody.data, proof->custody.len), &pae));
        merkle_leaf(bytes_blob(pae), facts->custody_leaf);
    }
    head_nonce(proof->nonce_random.data, facts->is_committed ? facts->custody_leaf : NULL, nonce);
    return bytes_equal(BYTES_OF(nonce), BYTES_OF(facts->head.nonce)) ? HL_OK : HL_EVERIFY;
}

int head_proof_check(const struct suite *suite, const uint8_t ns[static NS_BYTES],
                     const struct relay_info *relay, struct bytes head_proof,
                     struct head_proof_facts *ret_facts)
{
    struct head_proof_facts facts = {.seq = 0};
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__head_proof__descriptor, &schema_receipt, head_proof, &message,
                      NULL));
    const Hotline__V1__HeadProof *proof = (Hotline__V1__HeadProof *)message;
    int err = check_head(suite, ns, relay, proof->head, NULL, &facts.head);
    if (err == HL_OK)
        err = check_lane(proof, &facts);
    if (err == HL_OK)
        err = check_nonce(proof, &facts);
    protobuf_c_message_free_unpacked(message, NULL);
    if (err == HL_OK)
        *ret_facts = facts;
    return err;
}

/* The lane's hash at the custody's number, as the steps have it; they must end in the head. */
static int walk(const Hotline__V1__LaneSteps *steps, const struct custody_facts *custody,
                const struct head_proof_facts *proof, uint8_t ret_head[static HASH_BYTES])
{
    uint8_t head[HASH_BYTES];
    uint64_t seq = steps->first_seq - 1;
    bool is_met = seq == custody->lane_seq;

    memcpy(head, steps->head_before.data, HASH_BYTES);
    memcpy(ret_head, head, HASH_BYTES);
    for (size_t i = 0; i < steps->n_deposit_hash; i++) {
        lane_next(head, ++seq, steps->deposit_hash[i].data, head);
        if (seq == custody->lane_seq) {
            memcpy(ret_head, head, HASH_BYTES);
            is_met = true;
        }
    }
    bool is_there = seq == proof->seq && bytes_equal(BYTES_OF(head), BYTES_OF(proof->lane_head));
    return is_met && is_there ? HL_OK : HL_EVERIFY;
}

static int judge_steps(const struct head_charge *charge, const struct head_proof_facts *proof,
                       struct bytes octets, bool *ret_differs)
{
    uint8_t head[HASH_BYTES];
    ProtobufCMessage *message = NULL;
    struct desk_id from;
    struct desk_id to;

    TRY(strict_unpack(&hotline__v1__lane_steps__descriptor, &schema_receipt, octets, &message,
                      NULL));
    const Hotline__V1__LaneSteps *steps = (Hotline__V1__LaneSteps *)message;
    desk_of(steps->from, &from);
    desk_of(steps->to, &to);
    int err = same(&steps->relay, charge->relay->id, ID_BYTES) &&
                      desk_equal(&from, &charge->from) && desk_equal(&to, &charge->to) &&
                      (unsigned)steps->plane == charge->plane
                  ? walk(steps, charge->custody, proof, head)
                  : HL_EVERIFY;
    protobuf_c_message_free_unpacked(message, NULL);
    TRY(err);
    *ret_differs = !bytes_equal(BYTES_OF(head), BYTES_OF(charge->custody->lane_head));
    return HL_OK;
}

int head_convicts(const struct head_charge *charge, const struct head_proof_facts *proof,
                  struct bytes steps, bool *ret_convicts)
{
    const struct custody_facts *custody = charge->custody;
    bool is_later =
        proof->is_committed && bytes_equal(BYTES_OF(proof->custody_leaf), BYTES_OF(custody->leaf));
    bool is_same_lane = desk_equal(&proof->from, &charge->from) &&
                        desk_equal(&proof->head.desk, &charge->to) && proof->plane == charge->plane;
    bool convicts = false;

    if (is_later && is_same_lane && proof->seq <= custody->lane_seq)
        convicts = proof->seq < custody->lane_seq ||
                   !bytes_equal(BYTES_OF(proof->lane_head), BYTES_OF(custody->lane_head));
    else if (is_later && is_same_lane && steps.len > 0)
        TRY(judge_steps(charge, proof, steps, &convicts));
    *ret_convicts = convicts;
    return HL_OK;
}
