/* vault — what lies in the database sealed: octets wrapped under desk_wrap, and contents read back through a wrapped file key. */
#ifndef HOTLINE_CLIENT_VAULT_H
#define HOTLINE_CLIENT_VAULT_H

#include "client/desk.h"
#include "proto/open.h"

/* nonce[24] | XChaCha20-Poly1305(desk_wrap, aad, octets). The caller owns *ret_wrapped. Error: HL_ENOMEM. */
HL_MUST_CHECK int vault_wrap(const struct identity *identity, const uint8_t aad[static HASH_BYTES],
                             struct bytes octets, struct blob **ret_wrapped);
/* Errors: HL_EVERIFY (damaged, or moved to another row), HL_ENOMEM. */
HL_MUST_CHECK int vault_unwrap(const struct identity *identity,
                               const uint8_t aad[static HASH_BYTES], struct bytes wrapped,
                               struct blob **ret_octets);

/* A deposit as the desk keeps it. */
enum deposit_form { DEPOSIT_ENVELOPE = 1, DEPOSIT_DELIVERED = 2 };
struct deposit {
    uint8_t hash[HASH_BYTES];
    uint8_t content_hash[HASH_BYTES];
    enum content_kind kind;
    unsigned plane, precedence; /* precedence 0: control */
    bool is_own;                /* sealed by this device */
    enum deposit_form form;
    struct bytes octets;
    const uint8_t *file_key; /* 32 octets */
    const uint8_t *sender_entity, *sender_device;
    int64_t expires_ms, not_after_ms; /* not_after 0: none */
};
/* Store inside the caller's transaction; *ret_is_new: false when it is there already. */
HL_MUST_CHECK int vault_put_deposit(struct desk *desk, const struct deposit *deposit,
                                    bool *ret_is_new);
HL_MUST_CHECK int vault_has_deposit(struct desk *desk, const uint8_t hash[static HASH_BYTES],
                                    bool *ret_is_known);
/* The content behind the kind octet, decrypted with the wrapped file key. What was verified when it came is not verified again.
 * The caller owns *ret_content. Errors: HL_ENOTFOUND, HL_EVERIFY (database damaged), HL_ENOMEM. */
HL_MUST_CHECK int vault_read_content(struct desk *desk, const uint8_t hash[static HASH_BYTES],
                                     struct blob **ret_content);
/* The file key of a deposit, in secret memory (secret_free). */
HL_MUST_CHECK int vault_file_key(struct desk *desk, const uint8_t hash[static HASH_BYTES],
                                 uint8_t **ret_file_key);

#endif
