/* sign — signatures over PAE(label, body) through a suite, and the wire's Signed objects. */
#ifndef HOTLINE_KEYS_SIGN_H
#define HOTLINE_KEYS_SIGN_H

#include "keys/label.h"
#include "keys/suite.h"
#include "trust.pb-c.h"

/* A signing key in secret memory (allocate with sign_key_new). */
struct sign_key {
    uint8_t sk[SIGN_SK_BYTES];
    uint8_t pk[SIGN_PK_BYTES];
    uint8_t id[ID_BYTES]; /* key_id(pk) */
};
/* The caller owns *ret_key, frees with sign_key_free() (erases, NULL allowed). Error: HL_ENOMEM. */
HL_MUST_CHECK int sign_key_new(const struct suite *suite,
                               const uint8_t seed[static SIGN_SEED_BYTES],
                               struct sign_key **ret_key);
void sign_key_free(struct sign_key *key);
static inline void sign_key_drop(struct sign_key **key)
{
    sign_key_free(*key);
}

/* SIG(label, body). Error: HL_ENOMEM. */
HL_MUST_CHECK int sign_body(const struct suite *suite, const struct sign_key *key,
                            const char *label, struct bytes body,
                            uint8_t ret_sig[static SIG_BYTES]);
/* Errors: HL_EVERIFY, HL_ENOMEM. */
HL_MUST_CHECK int sign_verify_body(const struct suite *suite,
                                   const uint8_t pk[static SIGN_PK_BYTES], const char *label,
                                   struct bytes body, struct bytes sig);

/* Canonical Signed{body, sigs by keys in this order}. The caller owns *ret_signed. Errors: HL_ENOMEM, HL_EINVAL (no key). */
HL_MUST_CHECK int sign_object(const struct suite *suite, const char *label, struct bytes body,
                              const struct sign_key *const *keys, size_t key_count,
                              struct blob **ret_signed);

/* Strictly parsed Signed. The caller owns *ret_signed (hotline__v1__signed__free_unpacked). Errors: HL_EFORMAT, HL_ENOMEM. */
HL_MUST_CHECK int sign_parse(struct bytes input, Hotline__V1__Signed **ret_signed);

/* Does every signature name another key? sign_parse() asks; for a Signed inside another message the reader must. */
bool sign_signers_are_distinct(const Hotline__V1__Signed *object);

/* Does sig number `index` carry `key_id` and verify under pk? Errors: HL_EVERIFY, HL_ENOMEM. */
HL_MUST_CHECK int sign_check_at(const struct suite *suite, const Hotline__V1__Signed *object,
                                size_t index, const char *label,
                                const uint8_t pk[static SIGN_PK_BYTES]);

/* Count distinct keys of pks that verify over the object. Error: HL_EVERIFY when fewer than threshold. HL_ENOMEM. */
HL_MUST_CHECK int sign_check_threshold(const struct suite *suite, const Hotline__V1__Signed *object,
                                       const char *label, const ProtobufCBinaryData *pks,
                                       size_t pk_count, uint32_t threshold);

#endif
