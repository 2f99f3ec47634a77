/* prekey — a device's published X-Wing keys: made hedged, signed by the device, judged by senders and relays. */
#ifndef HOTLINE_KEYS_PREKEY_H
#define HOTLINE_KEYS_PREKEY_H

#include "keys/keyfile.h"
#include "keys/trust.h"

#define PREKEY_LIFE_MS  (72LL * 3600 * 1000)
#define PREKEY_EVERY_MS (24LL * 3600 * 1000)
/* How far ahead of the judge's clock a key may have been created. */
#define PREKEY_FUTURE_MS (10LL * 60 * 1000)

struct prekey {
    uint8_t entity[ID_BYTES], device[ID_BYTES], id[ID_BYTES];
    uint8_t pk[KEM_PK_BYTES];
    uint32_t kind;
    int64_t created_ms, not_after_ms;
    uint8_t prev_hash[HASH_BYTES], hash[HASH_BYTES]; /* hash = H(prekey, body) */
};
/* Who publishes; all borrowed. */
struct prekey_source {
    const struct suite *suite;
    const struct sign_key *device;
    const uint8_t *ns, *entity, *prev_hash; /* NS_BYTES, ID_BYTES, HASH_BYTES */
};
#define PREKEY_SOURCE(suite, device, ns, entity, prev_hash)                                        \
    ((const struct prekey_source){(suite), (device), (ns), (entity), (prev_hash)})
/* New rotating prekey: seed hedged as docs/PROTOCOL.md says, appended to the ring (the oldest expired ones leave it).
 * created = max(now, last + 1); keys of a clock that was ahead by more than 10 min, which nobody accepted, do not count. The caller
 * owns *ret_signed (Signed{Prekey}); the ring must be durable before it is published. */
HL_MUST_CHECK int prekey_make(const struct prekey_source *source, const struct rng *rng,
                              const uint8_t hedge_key[static 32], int64_t now_ms,
                              struct prekey_ring *ring, struct blob **ret_signed);
/* The newest rotating key of the ring that is younger than a day and than the one told last, at told_ms: saved, but its publication
 * was not (a full disk). NULL: none. A key of a clock that was ahead does not count. */
const struct prekey_secret *prekey_untold(const struct prekey_ring *ring, int64_t told_ms,
                                          int64_t now_ms);
/* Signed{Prekey} of a key that is in the ring. The caller owns *ret_signed. */
HL_MUST_CHECK int prekey_tell(const struct prekey_source *source, const struct prekey_secret *key,
                              struct blob **ret_signed);
/* Parse and verify Signed{Prekey} against the trust. Errors: HL_EFORMAT, HL_EVERIFY, HL_ENOTFOUND (device unknown), HL_EINVAL
 * (created in the future beyond 10 min, life too long). */
HL_MUST_CHECK int prekey_check(const struct suite *suite, const struct trust *trust,
                               struct bytes signed_prekey, int64_t now_ms,
                               struct prekey *ret_prekey);
/* Private part by id; NULL when it is not there. */
const struct prekey_secret *prekey_find(const struct prekey_ring *ring,
                                        const uint8_t id[static ID_BYTES]);

#endif
