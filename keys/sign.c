/* sign — signatures over PAE(label, body), and the wire's Signed objects. */
#include "keys/sign.h"

#include <stdlib.h>
#include <string.h>

#include "keys/schema.h"
#include "keys/secret.h"

int sign_key_new(const struct suite *suite, const uint8_t seed[static SIGN_SEED_BYTES],
                 struct sign_key **ret_key)
{
    void *memory = NULL;

    TRY(secret_new(sizeof(struct sign_key), &memory));
    struct sign_key *key = memory;
    suite->sign_keypair(seed, key->pk, key->sk);
    key_id_of(key->pk, key->id);
    *ret_key = key;
    return HL_OK;
}

void sign_key_free(struct sign_key *key)
{
    secret_free(key);
}

int sign_body(const struct suite *suite, const struct sign_key *key, const char *label,
              struct bytes body, uint8_t ret_sig[static SIG_BYTES])
{
    AUTO(blob) pae = NULL;

    TRY(label_pae(label, body, &pae));
    suite->sign(key->sk, bytes_blob(pae), ret_sig);
    return HL_OK;
}

int sign_verify_body(const struct suite *suite, const uint8_t pk[static SIGN_PK_BYTES],
                     const char *label, struct bytes body, struct bytes sig)
{
    AUTO(blob) pae = NULL;

    TRY(label_pae(label, body, &pae));
    return suite->verify(pk, bytes_blob(pae), sig);
}

#define SIGNERS_MAX 32

int sign_object(const struct suite *suite, const char *label, struct bytes body,
                const struct sign_key *const *keys, size_t key_count, struct blob **ret_signed)
{
    Hotline__V1__Signed object = HOTLINE__V1__SIGNED__INIT;
    Hotline__V1__Sig sigs[SIGNERS_MAX];
    Hotline__V1__Sig *list[SIGNERS_MAX];
    uint8_t ids[SIGNERS_MAX][ID_BYTES];
    uint8_t octets[SIGNERS_MAX][SIG_BYTES];

    if (key_count == 0 || key_count > SIGNERS_MAX)
        return HL_EINVAL;
    for (size_t i = 0; i < key_count; i++) {
        TRY(sign_body(suite, keys[i], label, body, octets[i]));
        memcpy(ids[i], keys[i]->id, ID_BYTES);
        hotline__v1__sig__init(&sigs[i]);
        sigs[i].key_id = (ProtobufCBinaryData){ID_BYTES, ids[i]};
        sigs[i].sig = (ProtobufCBinaryData){SIG_BYTES, octets[i]};
        list[i] = &sigs[i];
    }
    AUTO(blob) copy = NULL; /* protobuf-c's bytes are not const */
    TRY(blob_copy(body, &copy));
    object.body = (ProtobufCBinaryData){copy->len, copy->data};
    object.n_sigs = key_count;
    object.sigs = list;
    return strict_pack(&object.base, ret_signed);
}

bool sign_signers_are_distinct(const Hotline__V1__Signed *object)
{
    for (size_t i = 0; i < object->n_sigs; i++) {
        for (size_t j = 0; j < i; j++) {
            if (bytes_equal(BYTES(object->sigs[i]->key_id.data, object->sigs[i]->key_id.len),
                            BYTES(object->sigs[j]->key_id.data, object->sigs[j]->key_id.len)))
                return false;
        }
    }
    return true;
}

int sign_parse(struct bytes input, Hotline__V1__Signed **ret_signed)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__signed__descriptor, &schema_trust, input, &message, NULL));
    Hotline__V1__Signed *object = (Hotline__V1__Signed *)message;
    if (!sign_signers_are_distinct(object)) {
        protobuf_c_message_free_unpacked(message, NULL);
        return HL_EFORMAT;
    }
    *ret_signed = object;
    return HL_OK;
}

int sign_check_at(const struct suite *suite, const Hotline__V1__Signed *object, size_t index,
                  const char *label, const uint8_t pk[static SIGN_PK_BYTES])
{
    uint8_t id[ID_BYTES];

    if (index >= object->n_sigs)
        return HL_EVERIFY;
    const Hotline__V1__Sig *sig = object->sigs[index];
    key_id_of(pk, id);
    if (!bytes_equal(BYTES_OF(id), BYTES(sig->key_id.data, sig->key_id.len)))
        return HL_EVERIFY;
    return sign_verify_body(suite, pk, label, BYTES(object->body.data, object->body.len),
                            BYTES(sig->sig.data, sig->sig.len));
}

/* Key ids of an object are distinct, so at most one signature is pk's. */
static int check_signature_of(const struct suite *suite, const Hotline__V1__Signed *object,
                              const char *label, const uint8_t pk[static SIGN_PK_BYTES])
{
    int err = HL_EVERIFY;

    for (size_t i = 0; i < object->n_sigs && err == HL_EVERIFY; i++)
        err = sign_check_at(suite, object, i, label, pk);
    return err;
}

/* A key that is listed twice must not count twice. */
static bool is_listed_before(const ProtobufCBinaryData *pks, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (bytes_equal(BYTES(pks[i].data, pks[i].len), BYTES(pks[index].data, pks[index].len)))
            return true;
    }
    return false;
}

int sign_check_threshold(const struct suite *suite, const Hotline__V1__Signed *object,
                         const char *label, const ProtobufCBinaryData *pks, size_t pk_count,
                         uint32_t threshold)
{
    uint32_t good = 0;

    for (size_t i = 0; i < pk_count; i++) {
        if (pks[i].len != SIGN_PK_BYTES || is_listed_before(pks, i))
            continue;
        int err = check_signature_of(suite, object, label, pks[i].data);
        if (err == HL_ENOMEM)
            return err;
        if (err == HL_OK)
            good++;
    }
    return threshold > 0 && good >= threshold ? HL_OK : HL_EVERIFY;
}
