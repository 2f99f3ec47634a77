/* prekey — make, check and find X-Wing prekeys. */
#include "keys/prekey.h"

#include <string.h>

#include "keys/kdf.h"
#include "keys/schema.h"
#include "keys/secret.h"

#define LAST_RESORT_MS (90LL * 24 * 3600 * 1000)
#define KEEP_MS        (24LL * 3600 * 1000)

const struct prekey_secret *prekey_find(const struct prekey_ring *ring,
                                        const uint8_t id[static ID_BYTES])
{
    for (size_t i = 0; i < ring->count; i++) {
        if (bytes_equal(BYTES_OF(ring->keys[i].id), BYTES(id, ID_BYTES)))
            return &ring->keys[i];
    }
    return NULL;
}

static void remove_key(struct prekey_ring *ring, size_t index)
{
    memmove(&ring->keys[index], &ring->keys[index + 1],
            (ring->count - index - 1) * sizeof(ring->keys[0]));
    ring->count--;
    secret_erase(&ring->keys[ring->count], sizeof(ring->keys[0]));
}

/* Private parts go at not_after + 24 h, and the oldest when the ring is full. */
static void make_room(struct prekey_ring *ring, int64_t now_ms)
{
    for (size_t i = ring->count; i > 0; i--) {
        if (ring->keys[i - 1].not_after_ms + KEEP_MS < now_ms)
            remove_key(ring, i - 1);
    }
    if (ring->count == PREKEYS_MAX)
        remove_key(ring, 0);
}

static bool is_rotating(const struct prekey_secret *key, int64_t now_ms)
{
    return key->kind == HOTLINE__V1__PREKEY_KIND__PK_ROTATING &&
           key->created_ms < now_ms + PREKEY_FUTURE_MS; /* so that one later is good still */
}

static int64_t next_created(const struct prekey_ring *ring, int64_t now_ms)
{
    int64_t created_ms = now_ms;

    for (size_t i = 0; i < ring->count; i++) {
        if (is_rotating(&ring->keys[i], now_ms) && ring->keys[i].created_ms >= created_ms)
            created_ms = ring->keys[i].created_ms + 1;
    }
    return created_ms;
}

const struct prekey_secret *prekey_untold(const struct prekey_ring *ring, int64_t told_ms,
                                          int64_t now_ms)
{
    const struct prekey_secret *newest = NULL;

    if (told_ms < now_ms - PREKEY_EVERY_MS)
        told_ms = now_ms - PREKEY_EVERY_MS;
    for (size_t i = 0; i < ring->count; i++) {
        if (is_rotating(&ring->keys[i], now_ms) && ring->keys[i].created_ms > told_ms) {
            newest = &ring->keys[i];
            told_ms = newest->created_ms;
        }
    }
    return newest;
}

/* seed = Expand(Extract(hedge_key, 64 random | u64be created_ms | u8 kind), seal-prekey, 32) */
static void make_seed(const struct rng *rng, const uint8_t *hedge_key, struct prekey_secret *key)
{
    uint8_t ikm[64 + 8 + 1];
    uint8_t prk[32];

    rng_fill(rng, ikm, 64);
    put_u64be(ikm + 64, (uint64_t)key->created_ms);
    ikm[72] = key->kind;
    const struct bytes part = BYTES_OF(ikm);
    kdf_extract(BYTES(hedge_key, 32), &part, 1, prk);
    kdf_expand(prk, label_fixed(LABEL_SEAL_PREKEY), BYTES(NULL, 0), key->seed, 32);
    secret_erase(ikm, sizeof(ikm));
    secret_erase(prk, sizeof(prk));
}

int prekey_tell(const struct prekey_source *source, const struct prekey_secret *key,
                struct blob **ret_signed)
{
    Hotline__V1__Prekey message = HOTLINE__V1__PREKEY__INIT;
    uint8_t pk[KEM_PK_BYTES];
    AUTO(blob) body = NULL;

    TRY(source->suite->kem_keypair(key->seed, pk));
    message.ns = strict_octets(source->ns, NS_BYTES);
    message.entity = strict_octets(source->entity, ID_BYTES);
    message.device = strict_octets(source->device->id, ID_BYTES);
    message.prev_hash = strict_octets(source->prev_hash, HASH_BYTES);
    message.pk = strict_octets(pk, KEM_PK_BYTES);
    message.kind = (Hotline__V1__PrekeyKind)key->kind;
    message.created_ms = key->created_ms;
    message.not_after_ms = key->not_after_ms;
    TRY(strict_pack(&message.base, &body));
    return sign_object(source->suite, label_fixed(LABEL_PREKEY), bytes_blob(body), &source->device,
                       1, ret_signed);
}

static int draw_key(const struct suite *suite, const struct rng *rng, const uint8_t *hedge_key,
                    struct prekey_secret *key)
{
    uint8_t pk[KEM_PK_BYTES];

    make_seed(rng, hedge_key, key);
    TRY(suite->kem_keypair(key->seed, pk));
    prekey_id_of(pk, key->id);
    return HL_OK;
}

int prekey_make(const struct prekey_source *source, const struct rng *rng,
                const uint8_t hedge_key[static 32], int64_t now_ms, struct prekey_ring *ring,
                struct blob **ret_signed)
{
    void *memory = NULL;

    TRY(secret_new(sizeof(struct prekey_secret), &memory));
    struct prekey_secret *key = memory;
    key->kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    key->created_ms = next_created(ring, now_ms);
    key->not_after_ms = key->created_ms + PREKEY_LIFE_MS;
    int err = draw_key(source->suite, rng, hedge_key, key);
    if (err == HL_OK)
        err = prekey_tell(source, key, ret_signed);
    if (err == HL_OK) {
        make_room(ring, now_ms);
        memcpy(&ring->keys[ring->count++], key, sizeof(*key));
    }
    secret_free(memory);
    return err;
}

static int check_life(const Hotline__V1__Prekey *message, int64_t now_ms)
{
    int64_t life =
        message->kind == HOTLINE__V1__PREKEY_KIND__PK_ROTATING ? PREKEY_LIFE_MS : LAST_RESORT_MS;

    if (message->created_ms > now_ms + PREKEY_FUTURE_MS ||
        message->not_after_ms <= message->created_ms ||
        message->not_after_ms > message->created_ms + life)
        return HL_EINVAL;
    return HL_OK;
}

static int check_message(const struct suite *suite, const struct trust *trust,
                         const Hotline__V1__Signed *object, const Hotline__V1__Prekey *message,
                         int64_t now_ms)
{
    if (!bytes_equal(BYTES(message->ns.data, NS_BYTES), BYTES_OF(trust->ns)))
        return HL_EVERIFY;
    const struct cert *cert = trust_cert(trust, message->entity.data, message->device.data);
    if (!cert || cert->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE)
        return HL_ENOTFOUND;
    if (object->n_sigs != 1)
        return HL_EVERIFY;
    TRY(sign_check_at(suite, object, 0, label_fixed(LABEL_PREKEY), cert->sign_pk));
    return check_life(message, now_ms);
}

static void copy_out(const Hotline__V1__Prekey *message, struct bytes body,
                     struct prekey *ret_prekey)
{
    memcpy(ret_prekey->entity, message->entity.data, ID_BYTES);
    memcpy(ret_prekey->device, message->device.data, ID_BYTES);
    memcpy(ret_prekey->pk, message->pk.data, KEM_PK_BYTES);
    memcpy(ret_prekey->prev_hash, message->prev_hash.data, HASH_BYTES);
    prekey_id_of(ret_prekey->pk, ret_prekey->id);
    label_hash1(label_fixed(LABEL_PREKEY), body, ret_prekey->hash);
    ret_prekey->kind = (uint32_t)message->kind;
    ret_prekey->created_ms = message->created_ms;
    ret_prekey->not_after_ms = message->not_after_ms;
}

int prekey_check(const struct suite *suite, const struct trust *trust, struct bytes signed_prekey,
                 int64_t now_ms, struct prekey *ret_prekey)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *message = NULL;

    TRY(sign_parse(signed_prekey, &object));
    struct bytes body = BYTES(object->body.data, object->body.len);
    int err = strict_unpack(&hotline__v1__prekey__descriptor, &schema_trust, body, &message, NULL);
    if (err == HL_OK)
        err = check_message(suite, trust, object, (Hotline__V1__Prekey *)message, now_ms);
    if (err == HL_OK)
        copy_out((Hotline__V1__Prekey *)message, body, ret_prekey);
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}
