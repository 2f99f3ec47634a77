/* revocation — a key revoked by its State's threshold, or by itself. */
#include "keys/revocation.h"

#include <string.h>

int entity_check_threshold(const struct suite *suite, const struct entity *entity,
                           const Hotline__V1__Signed *object, enum label_fixed label)
{
    ProtobufCBinaryData keys[16];
    uint8_t copies[16][32]; /* protobuf-c's bytes are not const */

    memcpy(copies, entity->national_keys, sizeof(copies));
    for (size_t i = 0; i < entity->national_key_count; i++)
        keys[i] = (ProtobufCBinaryData){32, copies[i]};
    return sign_check_threshold(suite, object, label_fixed(label), keys, entity->national_key_count,
                                entity->national_threshold);
}

/* Certificates are looked up by (entity, id) and serial: a revocation acts in its own State only. */
static struct cert *find_cert(const struct entity *entity,
                              const Hotline__V1__Revocation *revocation)
{
    for (size_t i = 0; entity->roster && i < entity->roster->cert_count; i++) {
        struct cert *cert = &entity->roster->certs[i];

        if (cert->serial == revocation->cert_serial &&
            bytes_equal(BYTES_OF(cert->id), BYTES(revocation->key_id.data, ID_BYTES)))
            return cert;
    }
    return NULL;
}

static int check_form(const Hotline__V1__Signed *object, const Hotline__V1__Revocation *revocation,
                      const char **ret_why)
{
    if (object->n_sigs > REVOCATION_SIGNERS_MAX || !sign_signers_are_distinct(object)) {
        *ret_why = "a revocation has more than 8 signatures, or two of one key";
        return HL_EFORMAT;
    }
    if (revocation->invalid_since_ms > revocation->at_ms) {
        *ret_why = "a revocation begins after it was made";
        return HL_EFORMAT;
    }
    return HL_OK;
}

/* The key itself, one signature among others: it cannot reach back. */
static int check_self(const struct suite *suite, const struct cert *cert,
                      const Hotline__V1__Signed *object, const Hotline__V1__Revocation *revocation,
                      const char **ret_why)
{
    uint8_t pk[32];
    const ProtobufCBinaryData key = {sizeof(pk), pk};

    *ret_why = "a revocation is not signed";
    if (!cert)
        return HL_ENOTFOUND;
    memcpy(pk, cert->sign_pk, sizeof(pk));
    TRY(sign_check_threshold(suite, object, label_fixed(LABEL_REVOCATION), &key, 1, 1));
    *ret_why = "a key's own revocation reaches back";
    return revocation->invalid_since_ms == revocation->at_ms ? HL_OK : HL_EVERIFY;
}

int revocation_apply(const struct suite *suite, const struct entity *entity,
                     const Hotline__V1__Signed *object, const Hotline__V1__Revocation *revocation,
                     struct cert **ret_cert, const char **ret_why)
{
    struct cert *cert = find_cert(entity, revocation);

    TRY(check_form(object, revocation, ret_why));
    int err = entity_check_threshold(suite, entity, object, LABEL_REVOCATION);
    if (err != HL_OK && err != HL_ENOMEM)
        err = check_self(suite, cert, object, revocation, ret_why);
    TRY(err);
    bool counts = cert && (cert->revoked_since_ms == 0 ||
                           revocation->invalid_since_ms < cert->revoked_since_ms);
    if (counts)
        cert->revoked_since_ms = revocation->invalid_since_ms;
    *ret_cert = counts ? cert : NULL;
    return HL_OK;
}
