/* keyfile — the .hlk file (docs/PROTOCOL.md, "Key file"): Argon2id or raw unlock, key commitment, 0600, atomic replace. */
#ifndef HOTLINE_KEYS_KEYFILE_H
#define HOTLINE_KEYS_KEYFILE_H

#include "base/rng.h"
#include "keys/label.h"

enum key_kind {
    KEY_DEVICE = 1,
    KEY_OFFICER,
    KEY_NATIONAL,
    KEY_CUSTODIAN,
    KEY_RELAY,
    KEY_WITNESS,
    KEY_PREKEYS
};
enum key_kdf { KDF_RAW = 1, KDF_PASSPHRASE = 2, KDF_DESK_WRAP = 3 };

/* What protects a file: the raw 32 octets (kinds 1, 5), the pass-phrase (UTF-8 without newline), or desk_wrap (kind 7). */
struct key_lock {
    enum key_kdf kdf;
    struct bytes secret;
    uint32_t opslimit; /* KDF_PASSPHRASE, when writing */
    uint64_t memlimit; /* octets */
};

/* One decrypted key, in secret memory; only the members of its kind are set. */
struct key_secrets {
    enum key_kind kind;
    bool is_sandbox;
    uint8_t ns[NS_BYTES];
    uint8_t entity[ID_BYTES]; /* zero for kinds 4..6 */
    uint8_t seed[32];         /* sign_seed (1, 5) or seed (2..4, 6) */
    uint8_t noise_sk[32];     /* 1, 5 */
    uint8_t desk_wrap[32];    /* 1 */
    uint8_t hedge_key[32];    /* 1 */
    uint8_t log_seed[32];     /* 5 */
};
HL_MUST_CHECK int key_secrets_new(struct key_secrets **ret_secrets);
void key_secrets_free(struct key_secrets *secrets);
static inline void key_secrets_drop(struct key_secrets **secrets)
{
    key_secrets_free(*secrets);
}

#define PREKEYS_MAX 12
struct prekey_secret {
    uint8_t kind; /* PrekeyKind */
    int64_t created_ms, not_after_ms;
    uint8_t id[ID_BYTES];
    uint8_t seed[32];
};
/* The content of a kind 7 file, in secret memory. */
struct prekey_ring {
    bool is_sandbox;
    uint8_t ns[NS_BYTES];
    uint8_t entity[ID_BYTES];
    size_t count;
    struct prekey_secret keys[PREKEYS_MAX];
};
HL_MUST_CHECK int prekey_ring_new(struct prekey_ring **ret_ring);
void prekey_ring_free(struct prekey_ring *ring);

/* Salt 16 (zeros in the file unless KDF_PASSPHRASE) and nonce 24 are the caller's. The caller owns *ret_file.
 * Errors: HL_EINVAL (kdf or entity does not fit the kind, costs outside their caps, raw secret not of 32 octets), HL_ENOMEM. */
HL_MUST_CHECK int keyfile_encode(const struct key_secrets *secrets, const struct key_lock *lock,
                                 const uint8_t salt[static 16], const uint8_t nonce[static 24],
                                 struct blob **ret_file);
/* Errors: HL_EFORMAT (not a key file, caps exceeded), HL_EVERIFY (wrong pass-phrase or damaged), HL_EINVAL (kdf not allowed
 * for the kind, or lock of another kdf), HL_ENOMEM. */
HL_MUST_CHECK int keyfile_decode(struct bytes file, const struct key_lock *lock,
                                 struct key_secrets **ret_secrets);
HL_MUST_CHECK int keyfile_encode_ring(const struct prekey_ring *ring,
                                      const uint8_t desk_wrap[static 32],
                                      const uint8_t nonce[static 24], struct blob **ret_file);
HL_MUST_CHECK int keyfile_decode_ring(struct bytes file, const uint8_t desk_wrap[static 32],
                                      struct prekey_ring **ret_ring);

/* Read the clear part without unlocking: kind, kdf, sandbox byte, ns. Error: HL_EFORMAT. */
struct keyfile_head {
    enum key_kind kind;
    enum key_kdf kdf;
    bool is_sandbox;
    uint8_t ns[NS_BYTES];
};
HL_MUST_CHECK int keyfile_peek(struct bytes file, struct keyfile_head *ret_head);

/* Files. Reading refuses a file that group or others may use (HL_EPERM) or of more than 4096 octets (HL_ETOOBIG); a missing
 * one is HL_ENOTFOUND, others HL_EIO. One that another process replaces meanwhile is read again (HL_EBUSY: eight times).
 * Writing: temp file 0600 in the same folder, fsync, rename, fsync(dir); erases_old also overwrites the old content once the
 * new one has its name. A symbolic link stays and what it names is replaced; what is no ordinary file is not (HL_EEXIST). */
HL_MUST_CHECK int keyfile_read(const char *path, struct blob **ret_file);
HL_MUST_CHECK int keyfile_write(const char *path, struct bytes file, bool erases_old);
/* Any file of at most `max` octets, no mode check. Errors: HL_ENOTFOUND, HL_EIO, HL_ETOOBIG. */
HL_MUST_CHECK int file_read(const char *path, size_t max, struct blob **ret_file);

#endif
