/* identity — who this terminal is: the trust, its desk, its device's keys, its prekeys, and an officer while unlocked.
 * Secrets stand in locked memory. The trust is borrowed and outlives the identity. */
#ifndef HOTLINE_CLIENT_IDENTITY_H
#define HOTLINE_CLIENT_IDENTITY_H

#include "keys/keyfile.h"
#include "keys/prekey.h"
#include "keys/suite.h"
#include "keys/trust.h"

/* Where the private prekeys lie. Both act on stable storage: after save() the ring survives a power cut. */
struct ring_store {
    int (*load)(void *context, struct prekey_ring **ret_ring); /* HL_ENOTFOUND: none yet */
    int (*save)(void *context, const struct prekey_ring *ring);
    void *context;
};

struct identity {
    const struct suite *suite;
    const struct rng *rng;
    const struct trust *trust;
    struct desk_id desk;
    const struct cert *device_cert; /* borrowed from the trust; roles tell DESK from MONITOR */
    struct sign_key *device;
    struct key_secrets *secrets; /* seed, noise_sk, desk_wrap, hedge_key of the device */
    struct prekey_ring *ring;
    struct ring_store store;
    char *ring_path;          /* of the file store; NULL with another */
    struct sign_key *officer; /* NULL: locked, or headless */
    const struct cert *officer_cert;
    bool
        is_headless; /* the profile holds no officer key: no OPENED; set by whoever reads the profile */
};

/* What an identity is made of. `secrets` (KEY_DEVICE) passes to the identity, also on failure. desk: the profile's, must be
 * the device's. store: copied; its load() is called once here. */
struct identity_parts {
    const struct suite *suite;
    const struct rng *rng;
    const struct trust *trust;
    struct desk_id desk;
    struct key_secrets *secrets;
    struct ring_store store;
};
/* The caller owns *ret_identity. Errors: HL_EVERIFY (key of another ns or sandbox), HL_ENOTFOUND (device not in its State's roster),
 * HL_EPERM (the device is of another desk), what load() gives, HL_ENOMEM. */
HL_MUST_CHECK int identity_new(const struct identity_parts *parts, struct identity **ret_identity);

struct identity_files {
    const char *device_key, *prekeys; /* paths of .hlk files; the prekeys file may be missing */
    struct key_lock device_lock;      /* how the device key is unlocked */
};
/* The same from key files. More errors: those of keyfile_read() and keyfile_decode(). */
HL_MUST_CHECK int identity_load(const struct suite *suite, const struct rng *rng,
                                const struct trust *trust, const struct desk_id *desk,
                                const struct identity_files *files, struct identity **ret_identity);
void identity_free(struct identity *identity); /* erases; NULL is allowed */
static inline void identity_drop(struct identity **identity)
{
    identity_free(*identity);
}

/* Unlock an officer's key file (KEY_OFFICER) until identity_lock_officer(). Errors: HL_EVERIFY (pass-phrase, another ns or kind),
 * HL_ENOTFOUND (no such file, or not in the roster), HL_EPERM (file mode, or an officer of another desk), HL_EREVOKED. */
HL_MUST_CHECK int identity_unlock_officer(struct identity *identity, const char *path,
                                          const struct key_lock *lock);
/* The same with an open key (tests, simulation): `officer` passes to the identity on success. */
HL_MUST_CHECK int identity_set_officer(struct identity *identity, struct sign_key *officer);
void identity_lock_officer(struct identity *identity);

/* Has the unlocked officer this role (ROLE_BIT_COMPOSE …) for this desk? Errors: HL_EPERM (locked, headless, role missing,
 * or a MONITOR device), HL_EREVOKED. */
HL_MUST_CHECK int identity_check_officer(const struct identity *identity, uint32_t role_bit);
bool identity_is_monitor(const struct identity *identity);
/* Read the ring again from its store: another process may have made a newer prekey. */
HL_MUST_CHECK int identity_reload_ring(struct identity *identity);

#endif
