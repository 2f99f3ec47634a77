/* export_deposit — records 10 to 13: the envelope as one desk gets it, its file key, the Link to that desk, custody cut to its lane. */
#include <string.h>

#include "base/strict.h"
#include "client/desk_sql.h"
#include "client/export_parts.h"
#include "client/post.h"
#include "client/vault.h"
#include "keys/secret.h"
#include "proto/custody_receipt.h"
#include "proto/link.h"

/* --- 12: the Link --- */

struct addressee {
    struct desk_id desk;
    struct link link;
    uint8_t sig[SIG_BYTES];
    bool has_link;
};

static int addressee_at(struct export *export, const struct export_notice *item, int64_t skip,
                        bool *ret_is_there, struct addressee *ret_to)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(export->desk, &rows,
                  "SELECT entity, kind, seq, prev, link_sig FROM addressee WHERE notice = ?"
                  " ORDER BY position LIMIT 1 OFFSET ?",
                  SQL_ARGS(SQL_HASH(item->hash), SQL_N(skip))));
    TRY(sql_next(&rows, ret_is_there));
    if (!*ret_is_there)
        return HL_OK;
    struct addressee to = {.link = {.ns = export->desk->identity->trust->ns, .plane = item->plane}};
    TRY(sql_get_desk(&rows, 0, &to.desk));
    to.link.recipient = to.desk;
    to.link.seq = (uint64_t)sql_get_number(&rows, 2);
    memcpy(to.link.content_hash, item->hash, HASH_BYTES);
    memcpy(to.link.sender_device, item->sender_device, ID_BYTES);
    to.has_link = to.link.seq != 0 && sql_get_fixed(&rows, 3, to.link.prev, HASH_BYTES) == HL_OK &&
                  sql_get_fixed(&rows, 4, to.sig, SIG_BYTES) == HL_OK;
    *ret_to = to;
    return HL_OK;
}

static int write_link(struct export *export, struct addressee *to)
{
    AUTO(blob) body = NULL;
    uint8_t hash[HASH_BYTES];
    TRY(link_body(&to->link, &body, hash));
    Hotline__V1__Signed object;
    Hotline__V1__Sig sig;
    Hotline__V1__Sig *sigs[] = {&sig};
    hotline__v1__signed__init(&object);
    hotline__v1__sig__init(&sig);
    object.body = (ProtobufCBinaryData){.len = body->len, .data = body->data};
    sig.key_id = (ProtobufCBinaryData){.len = ID_BYTES, .data = to->link.sender_device};
    sig.sig = (ProtobufCBinaryData){.len = SIG_BYTES, .data = to->sig};
    object.n_sigs = 1;
    object.sigs = sigs;
    AUTO(blob) packed = NULL;
    TRY(strict_pack(&object.base, &packed));
    return evidence_add(export->writer, RECORD_LINK, bytes_blob(packed));
}

/* --- 13: custody, cut to the lane of one desk --- */

static int take_lanes(const Hotline__V1__CustodyReceipt *receipt, const struct desk_id *own,
                      struct lane_mark *lanes, int *ret_own)
{
    *ret_own = -1;
    for (size_t i = 0; i < receipt->n_lanes; i++) {
        const Hotline__V1__LaneMark *mark = receipt->lanes[i];
        if (mark->to == NULL || mark->to->entity.len != ID_BYTES || mark->head.len != HASH_BYTES ||
            mark->salt.len != ID_BYTES)
            return HL_EFORMAT;
        lanes[i].to.kind = (uint32_t)mark->to->kind;
        memcpy(lanes[i].to.entity, mark->to->entity.data, ID_BYTES);
        lanes[i].seq = mark->seq;
        memcpy(lanes[i].head, mark->head.data, HASH_BYTES);
        memcpy(lanes[i].salt, mark->salt.data, ID_BYTES);
        if (desk_equal(&lanes[i].to, own))
            *ret_own = (int)i;
    }
    return HL_OK;
}

static int cut(const Hotline__V1__CustodyReceipt *receipt, const struct desk_id *own,
               struct blob **ret_cut)
{
    struct lane_mark lanes[LIMIT_RECIPIENTS + 1];
    uint8_t path[LIMIT_CUSTODY_PROOF][32];
    if (receipt->n_lanes > LIMIT_RECIPIENTS + 1 || receipt->n_proof > LIMIT_CUSTODY_PROOF)
        return HL_EFORMAT;
    int own_lane = -1;
    TRY(take_lanes(receipt, own, lanes, &own_lane));
    if (own_lane < 0)
        return HL_ENOTFOUND;
    for (size_t i = 0; i < receipt->n_proof; i++)
        memcpy(path[i], receipt->proof[i].data, 32);
    const struct custody_proof proof = {
        .index = receipt->index,
        .path = (const uint8_t(*)[32])path,
        .path_len = receipt->n_proof,
        .checkpoint = BYTES(receipt->checkpoint.data, receipt->checkpoint.len)};
    return custody_receipt_build(BYTES(receipt->body.data, receipt->body.len), lanes,
                                 receipt->n_lanes, own_lane, &proof, ret_cut);
}

/* Ours come with all lanes; what was delivered to us is cut already. */
static int write_custody(struct export *export, bool must_cut, const struct desk_id *to,
                         struct bytes octets)
{
    if (!must_cut)
        return evidence_add(export->writer, RECORD_CUSTODY, octets);
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(&hotline__v1__custody_receipt__descriptor, NULL, octets, &message, NULL));
    AUTO(blob) made = NULL;
    int err = cut((const Hotline__V1__CustodyReceipt *)message, to, &made);
    protobuf_c_message_free_unpacked(message, NULL);
    TRY(err);
    return evidence_add(export->writer, RECORD_CUSTODY, bytes_blob(made));
}

static int write_custodies(struct export *export, const struct export_notice *item,
                           const struct desk_id *to)
{
    for (int64_t i = 0; i < LIMIT_RELAYS; i++) {
        AUTO(blob) octets = NULL;
        int err = sql_blob_of(export->desk,
                              "SELECT receipt FROM custody WHERE deposit = ? ORDER BY relay LIMIT 1"
                              " OFFSET ?",
                              SQL_ARGS(SQL_HASH(item->deposit), SQL_N(i)), &octets);
        if (err == HL_ENOTFOUND)
            return HL_OK;
        TRY(err);
        TRY(write_custody(export, item->is_sealed_here, to, bytes_blob(octets)));
    }
    return HL_OK;
}

/* --- 10 and 11: the envelope and its key --- */

static int slot_for(const Hotline__V1__Envelope *envelope, const struct desk_id *to,
                    size_t *ret_index)
{
    for (size_t i = 0; i < envelope->n_slots; i++) {
        ProtobufCMessage *message = NULL;
        TRY(strict_unpack(&hotline__v1__slot__descriptor, NULL,
                          BYTES(envelope->slots[i].data, envelope->slots[i].len), &message, NULL));
        const Hotline__V1__Slot *slot = (const Hotline__V1__Slot *)message;
        bool is_theirs =
            (uint32_t)slot->kind == to->kind &&
            bytes_equal(BYTES(slot->entity.data, slot->entity.len), BYTES_OF(to->entity));
        protobuf_c_message_free_unpacked(message, NULL);
        if (is_theirs) {
            *ret_index = i;
            return HL_OK;
        }
    }
    return HL_ENOTFOUND;
}

static int deliver_to(const struct export *export, const struct blob *octets,
                      const struct desk_id *to, struct blob **ret_delivered)
{
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts;
    TRY(envelope_inspect(export->desk->identity->trust->ns, bytes_blob(octets), &envelope, &facts));
    size_t index = 0;
    int err = slot_for(envelope, to, &index);
    if (err == HL_OK)
        err = envelope_deliver(envelope, &facts, index, ret_delivered);
    envelope_facts_done(&facts);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    return err;
}

static int write_key(struct export *export, const struct export_notice *item)
{
    uint8_t *key = NULL;
    TRY(vault_file_key(export->desk, item->deposit, &key));
    int err = evidence_add(export->writer, RECORD_FILE_KEY, BYTES(key, 32));
    secret_free(key);
    return err;
}

static int write_one(struct export *export, const struct export_notice *item,
                     const struct blob *octets, struct addressee *to)
{
    AUTO(blob) delivered = NULL;
    if (item->is_sealed_here)
        TRY(deliver_to(export, octets, &to->desk, &delivered));
    TRY(evidence_add(export->writer, RECORD_ENVELOPE,
                     bytes_blob(item->is_sealed_here ? delivered : octets)));
    TRY(write_key(export, item));
    if (to->has_link)
        TRY(write_link(export, to));
    return write_custodies(export, item, &to->desk);
}

int export_carrier(struct export *export, const uint8_t deposit[static HASH_BYTES],
                   const struct desk_id *to)
{
    struct export_notice item = {.plane = export->notices[0].plane};
    struct addressee addressee = {.desk = *to};
    AUTO(blob) octets = NULL;
    int64_t form = 0;
    TRY(sql_number_of(export->desk, "SELECT form FROM deposit WHERE hash = ?",
                      SQL_ARGS(SQL_HASH(deposit)), &form));
    TRY(sql_blob_of(export->desk, "SELECT octets FROM deposit WHERE hash = ?",
                    SQL_ARGS(SQL_HASH(deposit)), &octets));
    memcpy(item.deposit, deposit, HASH_BYTES);
    item.is_sealed_here = form == DEPOSIT_ENVELOPE;
    return write_one(export, &item, octets, &addressee);
}

int export_deposit(struct export *export, const struct export_notice *item)
{
    AUTO(blob) octets = NULL;
    TRY(sql_blob_of(export->desk, "SELECT octets FROM deposit WHERE hash = ?",
                    SQL_ARGS(SQL_HASH(item->deposit)), &octets));
    for (int64_t i = 0; i < LIMIT_RECIPIENTS; i++) {
        struct addressee to;
        bool is_there = false;
        TRY(addressee_at(export, item, i, &is_there, &to));
        if (!is_there)
            break;
        TRY(write_one(export, item, octets, &to));
        if (!item->is_sealed_here)
            break; /* the one copy that we were given */
    }
    return HL_OK;
}
