/* greet — the handshake's three messages as they stand on the wire. */
#include "proto/greet.h"

#include <assert.h>

#include "keys/secret.h"

#define PREAMBLE_BYTES 8
#define MAC1_BYTES     16

static_assert(CHANNEL_FIRST_WIRE == PREAMBLE_BYTES + HANDSHAKE_MSG1_BYTES + MAC1_BYTES,
              "the first message is 1272 octets");
static_assert(CHANNEL_HELLO_MAX == HANDSHAKE_PAYLOAD_MAX, "message 3 is at most 512 octets");

/* "HLT1" | u16be version 1 | u16be suite 1 */
static const uint8_t preamble[PREAMBLE_BYTES] = {'H', 'L', 'T', '1', 0, 1, 0, 1};

/* PAE(transport-prologue, version | suite | ns | relay id). The caller owns *ret_prologue. */
static int prologue_make(const uint8_t *ns, const uint8_t *relay_id, struct blob **ret_prologue)
{
    AUTO_BUF body;

    buf_init(&body, 4 + NS_BYTES + CHANNEL_RELAY_ID);
    buf_add(&body, BYTES(preamble + 4, 4));
    buf_add(&body, BYTES(ns, NS_BYTES));
    buf_add(&body, BYTES(relay_id, CHANNEL_RELAY_ID));
    TRY(body.err);
    return label_pae(label_fixed(LABEL_TRANSPORT_PROLOGUE), buf_bytes(&body), ret_prologue);
}

int greet_first(const struct channel_client_params *params, struct buf *out,
                struct handshake **ret_handshake)
{
    AUTO(handshake) handshake = NULL;
    AUTO(blob) prologue = NULL;
    uint8_t mac1_key[32];
    uint8_t mac1[MAC1_BYTES];

    TRY(prologue_make(params->ns, params->relay_id, &prologue));
    const struct handshake_params how = {.is_initiator = true,
                                         .has_hfs = true,
                                         .prologue = bytes_blob(prologue),
                                         .static_sk = params->key->sk,
                                         .static_pk = params->key->pk,
                                         .remote_static = params->relay_static,
                                         .rng = params->rng};
    TRY(handshake_new(&how, &handshake));
    buf_add(out, BYTES_OF(preamble));
    TRY(handshake_write(handshake, BYTES(NULL, 0), out));

    const struct bytes signed_part = buf_bytes(out);
    label_hash1(label_fixed(LABEL_MAC1), BYTES(params->relay_static, 32), mac1_key);
    mac1_make(mac1_key, &signed_part, 1, mac1);
    buf_add(out, BYTES_OF(mac1));
    TRY(out->err);
    assert(out->len == CHANNEL_FIRST_WIRE);
    *ret_handshake = MOVE(handshake);
    return HL_OK;
}

/* The key of ours whose mac1 stands at the end of the first message, or NULL. */
static const struct channel_key *find_key(const struct channel_server_params *params,
                                          const uint8_t *first)
{
    const struct bytes signed_part = BYTES(first, CHANNEL_FIRST_WIRE - MAC1_BYTES);
    uint8_t mac1[MAC1_BYTES];

    for (size_t i = 0; i < params->key_count; i++) {
        mac1_make(params->keys[i].mac1_key, &signed_part, 1, mac1);
        if (secret_equal(mac1, first + signed_part.len, MAC1_BYTES))
            return &params->keys[i];
    }
    return NULL;
}

/* Read message 1, write message 2; both without payload. */
static int answer(struct handshake *handshake, struct bytes message, struct buf *out)
{
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
    size_t len = 0;

    TRY(handshake_read(handshake, message, payload, &len));
    if (len != 0)
        return HL_EVERIFY;
    return handshake_write(handshake, BYTES(NULL, 0), out);
}

int greet_second(const struct channel_server_params *params,
                 const uint8_t first[static CHANNEL_FIRST_WIRE], struct buf *out,
                 struct handshake **ret_handshake)
{
    AUTO(handshake) handshake = NULL;
    AUTO(blob) prologue = NULL;
    const uint8_t *message = first + PREAMBLE_BYTES; /* begins with e */

    if (!bytes_equal(BYTES(first, PREAMBLE_BYTES), BYTES_OF(preamble)))
        return HL_EVERIFY;
    const struct channel_key *key = find_key(params, first);
    if (!key || (params->seen_before && params->seen_before(params->context, message)))
        return HL_EVERIFY;

    TRY(prologue_make(params->ns, params->relay_id, &prologue));
    const struct handshake_params how = {.has_hfs = true,
                                         .prologue = bytes_blob(prologue),
                                         .static_sk = key->sk,
                                         .static_pk = key->pk,
                                         .rng = params->rng};
    TRY(handshake_new(&how, &handshake));
    TRY(answer(handshake, BYTES(message, HANDSHAKE_MSG1_BYTES), out));
    *ret_handshake = MOVE(handshake);
    return HL_OK;
}

int greet_third(struct handshake *handshake, struct bytes second, struct bytes hello,
                struct buf *out)
{
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
    uint8_t length[2];
    size_t len = 0;

    TRY(handshake_read(handshake, second, payload, &len));
    if (len != 0)
        return HL_EVERIFY;
    put_u16be(length, (uint16_t)(HANDSHAKE_MSG3_MIN + hello.len));
    buf_add(out, BYTES_OF(length));
    return handshake_write(handshake, hello, out);
}

int greet_finish(struct handshake *handshake, struct bytes third, struct blob **ret_hello)
{
    uint8_t payload[HANDSHAKE_PAYLOAD_MAX];
    size_t len = 0;

    TRY(handshake_read(handshake, third, payload, &len));
    return blob_copy(BYTES(payload, len), ret_hello);
}
