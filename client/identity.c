/* identity — who this terminal is: the trust, its desk, its device's keys, its prekeys, and an officer while unlocked. */
#include "client/identity.h"

#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"

/* --- the ring as a .hlk file --- */

static int ring_file_load(void *context, struct prekey_ring **ret_ring)
{
    const struct identity *identity = context;
    AUTO(blob) file = NULL;
    TRY(keyfile_read(identity->ring_path, &file));
    return keyfile_decode_ring(bytes_blob(file), identity->secrets->desk_wrap, ret_ring);
}

static int ring_file_save(void *context, const struct prekey_ring *ring)
{
    const struct identity *identity = context;
    uint8_t nonce[24];
    rng_fill(identity->rng, nonce, sizeof(nonce));
    AUTO(blob) file = NULL;
    TRY(keyfile_encode_ring(ring, identity->secrets->desk_wrap, nonce, &file));
    /* An old ring holds seeds that were erased from the new one. */
    return keyfile_write(identity->ring_path, bytes_blob(file), true);
}

/* --- making one --- */

static int ring_first(struct identity *identity)
{
    int err = identity->store.load(identity->store.context, &identity->ring);
    if (err != HL_ENOTFOUND)
        return err;
    TRY(prekey_ring_new(&identity->ring));
    identity->ring->is_sandbox = identity->secrets->is_sandbox;
    memcpy(identity->ring->ns, identity->secrets->ns, NS_BYTES);
    memcpy(identity->ring->entity, identity->secrets->entity, ID_BYTES);
    return HL_OK;
}

static int find_device(struct identity *identity)
{
    const struct key_secrets *secrets = identity->secrets;
    const struct trust *trust = identity->trust;
    if (secrets->kind != KEY_DEVICE || secrets->is_sandbox != trust->is_sandbox ||
        !bytes_equal(BYTES_OF(secrets->ns), BYTES_OF(trust->ns)))
        return HL_EVERIFY;
    TRY(sign_key_new(identity->suite, secrets->seed, &identity->device));
    identity->device_cert = trust_cert(trust, secrets->entity, identity->device->id);
    if (identity->device_cert == NULL ||
        identity->device_cert->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE)
        return HL_ENOTFOUND;
    bool is_ours = bytes_equal(BYTES_OF(secrets->entity), BYTES_OF(identity->desk.entity)) &&
                   identity->device_cert->desks == UINT32_C(1) << identity->desk.kind;
    return is_ours ? HL_OK : HL_EPERM;
}

static int identity_start(struct identity **identity)
{
    TRY(find_device(*identity));
    return ring_first(*identity);
}

static int allocate(const struct identity_parts *parts, struct identity **ret_identity)
{
    struct identity *identity = calloc(1, sizeof(*identity));
    if (identity == NULL)
        return HL_ENOMEM;
    *identity = (struct identity){.suite = parts->suite,
                                  .rng = parts->rng,
                                  .trust = parts->trust,
                                  .desk = parts->desk,
                                  .secrets = parts->secrets,
                                  .store = parts->store};
    *ret_identity = identity;
    return HL_OK;
}

int identity_new(const struct identity_parts *parts, struct identity **ret_identity)
{
    AUTO(identity) identity = NULL;
    int err = allocate(parts, &identity);
    if (err != HL_OK) {
        key_secrets_free(parts->secrets);
        return err;
    }
    TRY(identity_start(&identity));
    *ret_identity = MOVE(identity);
    return HL_OK;
}

int identity_load(const struct suite *suite, const struct rng *rng, const struct trust *trust,
                  const struct desk_id *desk, const struct identity_files *files,
                  struct identity **ret_identity)
{
    AUTO(blob) file = NULL;
    TRY(keyfile_read(files->device_key, &file));
    AUTO(key_secrets) secrets = NULL;
    TRY(keyfile_decode(bytes_blob(file), &files->device_lock, &secrets));
    const struct identity_parts parts = {
        .suite = suite, .rng = rng, .trust = trust, .desk = *desk, .secrets = secrets};
    AUTO(identity) identity = NULL;
    TRY(allocate(&parts, &identity));
    (void)MOVE(secrets); /* now the identity's */
    identity->ring_path = strdup(files->prekeys);
    if (identity->ring_path == NULL)
        return HL_ENOMEM;
    identity->store =
        (struct ring_store){.load = ring_file_load, .save = ring_file_save, .context = identity};
    TRY(identity_start(&identity));
    *ret_identity = MOVE(identity);
    return HL_OK;
}

void identity_free(struct identity *identity)
{
    if (identity == NULL)
        return;
    sign_key_free(identity->officer);
    sign_key_free(identity->device);
    prekey_ring_free(identity->ring);
    key_secrets_free(identity->secrets);
    free(identity->ring_path);
    free(identity);
}

/* --- the officer --- */

int identity_set_officer(struct identity *identity, struct sign_key *officer)
{
    const struct cert *cert = trust_cert(identity->trust, identity->desk.entity, officer->id);
    if (cert == NULL || cert->kind != HOTLINE__V1__CERT_KIND__CERT_OFFICER)
        return HL_ENOTFOUND;
    if (cert->revoked_since_ms != 0)
        return HL_EREVOKED;
    if ((cert->desks & UINT32_C(1) << identity->desk.kind) == 0)
        return HL_EPERM;
    identity_lock_officer(identity);
    identity->officer = officer;
    identity->officer_cert = cert;
    return HL_OK;
}

int identity_unlock_officer(struct identity *identity, const char *path,
                            const struct key_lock *lock)
{
    AUTO(blob) file = NULL;
    TRY(keyfile_read(path, &file));
    AUTO(key_secrets) secrets = NULL;
    TRY(keyfile_decode(bytes_blob(file), lock, &secrets));
    const struct trust *trust = identity->trust;
    if (secrets->kind != KEY_OFFICER || secrets->is_sandbox != trust->is_sandbox ||
        !bytes_equal(BYTES_OF(secrets->ns), BYTES_OF(trust->ns)) ||
        !bytes_equal(BYTES_OF(secrets->entity), BYTES_OF(identity->desk.entity)))
        return HL_EVERIFY;
    AUTO(sign_key) officer = NULL;
    TRY(sign_key_new(identity->suite, secrets->seed, &officer));
    TRY(identity_set_officer(identity, officer));
    (void)MOVE(officer);
    return HL_OK;
}

void identity_lock_officer(struct identity *identity)
{
    sign_key_free(identity->officer);
    identity->officer = NULL;
    identity->officer_cert = NULL;
}

int identity_check_officer(const struct identity *identity, uint32_t role_bit)
{
    if (identity->officer == NULL || identity_is_monitor(identity))
        return HL_EPERM;
    if (identity->officer_cert->revoked_since_ms != 0)
        return HL_EREVOKED;
    return (identity->officer_cert->roles & role_bit) != 0 ? HL_OK : HL_EPERM;
}

bool identity_is_monitor(const struct identity *identity)
{
    return (identity->device_cert->roles & ROLE_BIT_DESK) == 0;
}

int identity_reload_ring(struct identity *identity)
{
    struct prekey_ring *ring = NULL;
    TRY(identity->store.load(identity->store.context, &ring));
    prekey_ring_free(identity->ring);
    identity->ring = ring;
    return HL_OK;
}
