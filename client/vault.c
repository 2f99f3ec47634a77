/* vault — what lies in the database sealed: octets wrapped under desk_wrap, and contents read back through a wrapped file key. */
#include "client/vault.h"

#include <string.h>

#include "client/desk_sql.h"
#include "keys/kdf.h"
#include "keys/secret.h"
#include "proto/schema.h"

#define NONCE_BYTES 24

int vault_wrap(const struct identity *identity, const uint8_t aad[static HASH_BYTES],
               struct bytes octets, struct blob **ret_wrapped)
{
    AUTO(blob) wrapped = NULL;
    TRY(blob_new(NONCE_BYTES + octets.len + AEAD_TAG_BYTES, &wrapped));
    rng_fill(identity->rng, wrapped->data, NONCE_BYTES);
    xaead_seal(identity->secrets->desk_wrap, wrapped->data, BYTES(aad, HASH_BYTES), octets,
               wrapped->data + NONCE_BYTES);
    *ret_wrapped = MOVE(wrapped);
    return HL_OK;
}

int vault_unwrap(const struct identity *identity, const uint8_t aad[static HASH_BYTES],
                 struct bytes wrapped, struct blob **ret_octets)
{
    if (wrapped.len < NONCE_BYTES + AEAD_TAG_BYTES)
        return HL_EVERIFY;
    AUTO(blob) octets = NULL;
    TRY(blob_new(wrapped.len - NONCE_BYTES - AEAD_TAG_BYTES, &octets));
    TRY(xaead_open(identity->secrets->desk_wrap, wrapped.data, BYTES(aad, HASH_BYTES),
                   BYTES(wrapped.data + NONCE_BYTES, wrapped.len - NONCE_BYTES), octets->data));
    *ret_octets = MOVE(octets);
    return HL_OK;
}

int vault_put_deposit(struct desk *desk, const struct deposit *deposit, bool *ret_is_new)
{
    AUTO(blob) wrapped = NULL;
    TRY(vault_wrap(desk->identity, deposit->hash, BYTES(deposit->file_key, 32), &wrapped));
    TRY(sql_run(
        desk,
        "INSERT OR IGNORE INTO deposit(hash, content_hash, kind, plane, precedence, is_own,"
        " form, octets, wrapped_key, sender_entity, sender_device, expires_ms, not_after_ms,"
        " first_ms) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        SQL_ARGS(SQL_HASH(deposit->hash), SQL_HASH(deposit->content_hash), SQL_N(deposit->kind),
                 SQL_N(deposit->plane), SQL_N(deposit->precedence), SQL_N(deposit->is_own),
                 SQL_N(deposit->form), SQL_BYTES(deposit->octets), SQL_BYTES(bytes_blob(wrapped)),
                 SQL_ID(deposit->sender_entity), SQL_ID(deposit->sender_device),
                 SQL_N(deposit->expires_ms), SQL_N(deposit->not_after_ms),
                 SQL_N(desk_now_ms(desk)))));
    *ret_is_new = sql_changes(desk) == 1;
    return HL_OK;
}

int vault_has_deposit(struct desk *desk, const uint8_t hash[static HASH_BYTES], bool *ret_is_known)
{
    int64_t count = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM deposit WHERE hash = ?", SQL_ARGS(SQL_HASH(hash)),
                      &count));
    *ret_is_known = count > 0;
    return HL_OK;
}

int vault_file_key(struct desk *desk, const uint8_t hash[static HASH_BYTES], uint8_t **ret_file_key)
{
    AUTO(blob) wrapped = NULL;
    TRY(sql_blob_of(desk, "SELECT wrapped_key FROM deposit WHERE hash = ?",
                    SQL_ARGS(SQL_HASH(hash)), &wrapped));
    AUTO(blob) key = NULL;
    TRY(vault_unwrap(desk->identity, hash, bytes_blob(wrapped), &key));
    if (key->len != 32)
        return HL_EVERIFY;
    void *secret = NULL;
    TRY(secret_new(32, &secret));
    memcpy(secret, key->data, 32);
    *ret_file_key = secret;
    return HL_OK;
}

/* --- contents --- */

/* What is stored was canonical when it came: if it is not now, the database is damaged. */
static int unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes octets,
                  ProtobufCMessage **ret_message)
{
    int err = strict_unpack(descriptor, NULL, octets, ret_message, NULL);
    return err == HL_EFORMAT ? HL_EVERIFY : err;
}

/* Header and ct of an Envelope or DeliveredEnvelope: in both, field 1 and field 2. Borrowed from the message. */
static int split(int form, struct bytes octets, ProtobufCMessage **ret_message,
                 struct bytes *ret_header, struct bytes *ret_ct)
{
    const ProtobufCMessageDescriptor *descriptor =
        form == DEPOSIT_ENVELOPE ? &hotline__v1__envelope__descriptor
                                 : &hotline__v1__delivered_envelope__descriptor;
    ProtobufCMessage *message = NULL;
    TRY(unpack(descriptor, octets, &message));
    const ProtobufCBinaryData *header = NULL;
    const ProtobufCBinaryData *ct = NULL;
    if (form == DEPOSIT_ENVELOPE) {
        header = &((Hotline__V1__Envelope *)message)->header;
        ct = &((Hotline__V1__Envelope *)message)->ct;
    } else {
        header = &((Hotline__V1__DeliveredEnvelope *)message)->header;
        ct = &((Hotline__V1__DeliveredEnvelope *)message)->ct;
    }
    *ret_message = message;
    *ret_header = BYTES(header->data, header->len);
    *ret_ct = BYTES(ct->data, ct->len);
    return HL_OK;
}

static int decrypt(const uint8_t *file_key, struct bytes header_octets, struct bytes ct,
                   struct blob **ret_content)
{
    if (ct.len <= AEAD_TAG_BYTES)
        return HL_EVERIFY;
    ProtobufCMessage *message = NULL;
    TRY(unpack(&hotline__v1__envelope_header__descriptor, header_octets, &message));
    Hotline__V1__EnvelopeHeader *header = (Hotline__V1__EnvelopeHeader *)message;
    uint8_t key[32];
    uint8_t commit[32];
    envelope_keys(BYTES(header->salt.data, header->salt.len), file_key, key, commit);
    hotline__v1__envelope_header__free_unpacked(header, NULL);
    uint8_t header_hash[HASH_BYTES];
    label_hash1(label_fixed(LABEL_HEADER_HASH), header_octets, header_hash);
    const uint8_t nonce[AEAD_NONCE_BYTES] = {0};
    AUTO(blob) padded = NULL;
    int err = blob_new(ct.len - AEAD_TAG_BYTES, &padded);
    if (err == HL_OK)
        err = aead_open(key, nonce, BYTES_OF(header_hash), ct, padded->data);
    secret_erase(key, sizeof(key));
    TRY(err);
    size_t len = 0;
    TRY(pad_strip(padded->data, padded->len, &len));
    return len < 1 ? HL_EVERIFY : blob_copy(BYTES(padded->data + 1, len - 1), ret_content);
}

int vault_read_content(struct desk *desk, const uint8_t hash[static HASH_BYTES],
                       struct blob **ret_content)
{
    uint8_t *file_key = NULL;
    TRY(vault_file_key(desk, hash, &file_key));
    AUTO_ROWS rows = {0};
    int err = sql_query(desk, &rows, "SELECT form, octets FROM deposit WHERE hash = ?",
                        SQL_ARGS(SQL_HASH(hash)));
    bool has_row = false;
    if (err == HL_OK)
        err = sql_next(&rows, &has_row);
    if (err == HL_OK && !has_row)
        err = HL_ENOTFOUND;
    ProtobufCMessage *message = NULL;
    struct bytes header = {0};
    struct bytes ct = {0};
    if (err == HL_OK)
        err =
            split((int)sql_get_number(&rows, 0), sql_get_octets(&rows, 1), &message, &header, &ct);
    if (err == HL_OK)
        err = decrypt(file_key, header, ct, ret_content);
    protobuf_c_message_free_unpacked(message, NULL);
    secret_free(file_key);
    return err;
}
