/* store — rows of deposits: fixed fields, then lanes, then slots. Version 1, integers big-endian. */
#include "daemon/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define ROW_VERSION 1
#define FIXED_BYTES (1 + 5 * 8 + 2 * HASH_BYTES + 17 + ID_BYTES + 2 + 2 + 2)
#define LANE_BYTES  (17 + 8 + HASH_BYTES + ID_BYTES + 8)
#define SLOT_BYTES  (2 * ID_BYTES + 2)
#define ROW_MAX     (FIXED_BYTES + STORE_LANES_MAX * LANE_BYTES + STORE_SLOTS_MAX * SLOT_BYTES)

void store_body_done(struct store_body *body)
{
    blob_free(body->row);
    blob_free(body->custody);
    blob_free(body->envelope);
    blob_free(body->stub);
    *body = (struct store_body){.row = NULL};
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

static void add_u16(struct buf *buf, size_t value)
{
    buf_add_u8(buf, (uint8_t)(value >> 8));
    buf_add_u8(buf, (uint8_t)value);
}

static void add_desk(struct buf *buf, const struct desk_id *desk)
{
    buf_add(buf, BYTES_OF(desk->entity));
    buf_add_u8(buf, (uint8_t)desk->kind);
}

static void add_lane(struct buf *buf, const struct lane_mark *mark, uint64_t mailbox_seq)
{
    add_desk(buf, &mark->to);
    buf_add_u64be(buf, mark->seq);
    buf_add(buf, BYTES_OF(mark->head));
    buf_add(buf, BYTES_OF(mark->salt));
    buf_add_u64be(buf, mailbox_seq);
}

int store_row_encode(const struct store_deposit *deposit, struct blob **ret_row)
{
    AUTO_BUF row;

    buf_init(&row, ROW_MAX);
    buf_add_u8(&row, ROW_VERSION);
    buf_add_u64be(&row, deposit->index);
    buf_add_u64be(&row, deposit->tree_size);
    buf_add_u64be(&row, (uint64_t)deposit->created_ms);
    buf_add_u64be(&row, (uint64_t)deposit->expires_ms);
    buf_add_u64be(&row, (uint64_t)deposit->received_ms);
    buf_add(&row, BYTES_OF(deposit->hash));
    buf_add(&row, BYTES_OF(deposit->leaf));
    add_desk(&row, &deposit->from);
    buf_add(&row, BYTES_OF(deposit->from_device));
    buf_add_u8(&row, (uint8_t)deposit->plane);
    buf_add_u8(&row, (uint8_t)deposit->precedence);
    add_u16(&row, deposit->lane_count);
    add_u16(&row, deposit->slot_count);
    for (size_t i = 0; i < deposit->lane_count; i++)
        add_lane(&row, &deposit->lanes[i], deposit->mailbox_seqs[i]);
    for (size_t i = 0; i < deposit->slot_count; i++) {
        buf_add(&row, BYTES_OF(deposit->slots[i].device.entity));
        buf_add(&row, BYTES_OF(deposit->slots[i].device.id));
        add_u16(&row, deposit->slots[i].lane);
    }
    return buf_to_blob(&row, ret_row);
}

/* Reading: the length is checked before the first take. */
static void take(struct bytes *from, void *ret_octets, size_t len)
{
    memcpy(ret_octets, from->data, len);
    *from = BYTES(from->data + len, from->len - len);
}

static uint64_t take_u64(struct bytes *from)
{
    uint8_t octets[8];

    take(from, octets, sizeof(octets));
    return get_u64be(octets);
}

static uint16_t take_u16(struct bytes *from)
{
    uint8_t octets[2];

    take(from, octets, sizeof(octets));
    return get_u16be(octets);
}

static uint8_t take_u8(struct bytes *from)
{
    uint8_t octet;

    take(from, &octet, 1);
    return octet;
}

static void take_desk(struct bytes *from, struct desk_id *ret_desk)
{
    take(from, ret_desk->entity, ID_BYTES);
    ret_desk->kind = take_u8(from);
}

static void take_fixed(struct bytes *from, struct store_deposit *ret_deposit)
{
    ret_deposit->index = take_u64(from);
    ret_deposit->tree_size = take_u64(from);
    ret_deposit->created_ms = (int64_t)take_u64(from);
    ret_deposit->expires_ms = (int64_t)take_u64(from);
    ret_deposit->received_ms = (int64_t)take_u64(from);
    take(from, ret_deposit->hash, HASH_BYTES);
    take(from, ret_deposit->leaf, HASH_BYTES);
    take_desk(from, &ret_deposit->from);
    take(from, ret_deposit->from_device, ID_BYTES);
    ret_deposit->plane = take_u8(from);
    ret_deposit->precedence = take_u8(from);
    ret_deposit->lane_count = take_u16(from);
    ret_deposit->slot_count = take_u16(from);
}

static void take_lane(struct bytes *from, struct lane_mark *ret_mark, uint64_t *ret_mailbox_seq)
{
    take_desk(from, &ret_mark->to);
    ret_mark->seq = take_u64(from);
    take(from, ret_mark->head, HASH_BYTES);
    take(from, ret_mark->salt, ID_BYTES);
    *ret_mailbox_seq = take_u64(from);
}

static int take_slot(struct bytes *from, size_t lane_count, struct store_slot *ret_slot)
{
    take(from, ret_slot->device.entity, ID_BYTES);
    take(from, ret_slot->device.id, ID_BYTES);
    ret_slot->lane = take_u16(from);
    return ret_slot->lane < lane_count ? HL_OK : HL_EFORMAT;
}

static int take_arrays(struct bytes *from, const struct store_deposit *deposit,
                       struct store_parts *parts)
{
    for (size_t i = 0; i < deposit->lane_count; i++)
        take_lane(from, &parts->lanes[i], &parts->mailbox_seqs[i]);
    for (size_t i = 0; i < deposit->slot_count; i++)
        TRY(take_slot(from, deposit->lane_count, &parts->slots[i]));
    return HL_OK;
}

int store_parts_new(size_t lane_count, size_t slot_count, struct store_parts *ret_parts)
{
    struct store_parts parts = {.lanes = calloc(lane_count, sizeof(*parts.lanes)),
                                .mailbox_seqs = calloc(lane_count, sizeof(*parts.mailbox_seqs)),
                                .slots = calloc(slot_count, sizeof(*parts.slots))};

    if (!parts.lanes || !parts.mailbox_seqs || !parts.slots) {
        store_parts_done(&parts);
        return HL_ENOMEM;
    }
    *ret_parts = parts;
    return HL_OK;
}

void store_parts_done(struct store_parts *parts)
{
    free(parts->lanes);
    free(parts->mailbox_seqs);
    free(parts->slots);
    *parts = (struct store_parts){.lanes = NULL};
}

int store_row_decode(struct bytes row, struct store_deposit *ret_deposit,
                     struct store_parts *ret_parts)
{
    struct store_deposit deposit = {.index = 0};
    struct store_parts parts = {.lanes = NULL};

    if (row.len < FIXED_BYTES || row.data[0] != ROW_VERSION)
        return HL_EFORMAT;
    (void)take_u8(&row);
    take_fixed(&row, &deposit);
    if (deposit.lane_count == 0 || deposit.lane_count > STORE_LANES_MAX ||
        deposit.slot_count == 0 || deposit.slot_count > STORE_SLOTS_MAX ||
        row.len != deposit.lane_count * LANE_BYTES + deposit.slot_count * SLOT_BYTES)
        return HL_EFORMAT;
    TRY(store_parts_new(deposit.lane_count, deposit.slot_count, &parts));

    int err = take_arrays(&row, &deposit, &parts);

    if (err != HL_OK) {
        store_parts_done(&parts);
        return err;
    }
    deposit.lanes = parts.lanes;
    deposit.mailbox_seqs = parts.mailbox_seqs;
    deposit.slots = parts.slots;
    *ret_parts = parts;
    *ret_deposit = deposit;
    return HL_OK;
}
