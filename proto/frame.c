/* frame — records in encrypted frames. */
#include "proto/frame.h"

#include <assert.h>

#include "keys/noise_dh.h"

void frame_add(struct buf *plain, unsigned type, struct bytes body)
{
    uint8_t header[FRAME_RECORD_HEADER] = {(uint8_t)type};

    assert(type > 0 && type <= UINT8_MAX && body.len <= FRAME_RECORD_MAX);
    put_u24be(header + 1, (uint32_t)body.len);
    buf_add(plain, BYTES_OF(header));
    buf_add(plain, body);
}

bool frame_fits(const struct buf *plain, size_t body_len, size_t spare)
{
    return plain->len + FRAME_RECORD_HEADER + body_len + spare <= FRAME_PLAIN_MAX;
}

void frame_pad(struct buf *plain)
{
    static const uint8_t zeros[FRAME_UNIT];
    size_t over = plain->len % FRAME_UNIT;

    if (over > 0)
        buf_add(plain, BYTES(zeros, FRAME_UNIT - over));
}

int frame_seal(struct frame_key *key, struct bytes plain, struct blob **ret_wire)
{
    struct blob *wire = NULL;
    size_t ct_len = plain.len + FRAME_TAG_BYTES;

    assert(frame_check(plain) == HL_OK);
    TRY(blob_new(FRAME_LENGTH_BYTES + ct_len, &wire));
    put_u16be(wire->data, (uint16_t)ct_len);
    noise_encrypt(key->key, key->nonce, BYTES(NULL, 0), plain, wire->data + FRAME_LENGTH_BYTES);
    key->nonce++;
    key->in_period++;
    *ret_wire = wire;
    return HL_OK;
}

int frame_unseal(struct frame_key *key, struct bytes ct, struct blob **ret_plain)
{
    AUTO(blob) plain = NULL;

    if (ct.len < FRAME_TAG_BYTES)
        return HL_EVERIFY;
    TRY(blob_new(ct.len - FRAME_TAG_BYTES, &plain));
    TRY(noise_decrypt(key->key, key->nonce, BYTES(NULL, 0), ct, plain->data));
    key->nonce++;
    key->in_period++;
    *ret_plain = MOVE(plain);
    return HL_OK;
}

void frame_rekey(struct frame_key *key)
{
    noise_rekey(key->key);
    key->in_period = 0;
}

/* Shorten *plain by its first record. Error: HL_EFORMAT (header or body cut, body too long). */
static int take_record(struct bytes *plain, struct record *ret_record)
{
    if (plain->len < FRAME_RECORD_HEADER)
        return HL_EFORMAT;

    size_t body_len = get_u24be(plain->data + 1);
    size_t left = plain->len - FRAME_RECORD_HEADER;
    if (body_len > FRAME_RECORD_MAX || body_len > left)
        return HL_EFORMAT;

    const uint8_t *body = plain->data + FRAME_RECORD_HEADER;
    *ret_record = (struct record){.type = plain->data[0], .body = BYTES(body, body_len)};
    *plain = BYTES(body + body_len, left - body_len);
    return HL_OK;
}

static bool at_record(struct bytes plain)
{
    return plain.len > 0 && plain.data[0] != 0;
}

int frame_check(struct bytes plain)
{
    struct record record;

    if (plain.len == 0 || plain.len > FRAME_PLAIN_MAX || plain.len % FRAME_UNIT != 0)
        return HL_EFORMAT;
    if (!at_record(plain))
        return HL_EFORMAT;
    while (at_record(plain))
        TRY(take_record(&plain, &record));
    return bytes_all_zero(plain) ? HL_OK : HL_EFORMAT;
}

bool frame_next(struct bytes *plain, struct record *ret_record)
{
    return at_record(*plain) && take_record(plain, ret_record) == HL_OK;
}
