/* envelope — seal once, one slot a device: key schedule with hedged coins, header, slots, hashes, signature.
 * docs/PROTOCOL.md, "Sealing". Opening is proto/open.h. */
#ifndef HOTLINE_PROTO_ENVELOPE_H
#define HOTLINE_PROTO_ENVELOPE_H

#include "envelope.pb-c.h"
#include "keys/kdf.h"
#include "keys/prekey.h"
#include "proto/link.h"

enum content_kind {
    CONTENT_NOTICE = 1,
    CONTENT_RECEIPT = 2,
    CONTENT_SERVICE = 3,
    CONTENT_DRAFT = 4,
    CONTENT_RECORD = 5
};
enum { SLOT_STANDBY = 1, SLOT_RESEAL = 2 };

/* One device that can open. Content: seq, prev, link_sig of the Link to its desk (zero for the own desk and for DRAFT).
 * Control: marks only for CHANNEL_CHECK to a peer desk. */
struct seal_slot {
    struct desk_id desk;
    uint8_t device[ID_BYTES], prekey_id[ID_BYTES];
    uint8_t kem_pk[KEM_PK_BYTES];
    uint32_t flags;
    uint64_t seq;
    uint8_t prev[HASH_BYTES], link_sig[SIG_BYTES];
    uint64_t marks_seq[3];
    uint8_t marks_hash[3][HASH_BYTES], marks_sig[SIG_BYTES];
};
struct seal_request {
    const struct suite *suite;
    const struct rng *rng;
    const uint8_t *ns;             /* NS_BYTES */
    const uint8_t *sender_entity;  /* ID_BYTES */
    const struct sign_key *device; /* id = sender_device */
    const uint8_t *hedge_key;      /* 32 octets */
    unsigned plane;
    unsigned precedence; /* content 1..4; control 0 */
    enum content_kind kind;
    struct bytes content;        /* without the kind octet */
    const uint8_t *content_hash; /* HASH_BYTES */
    uint64_t dir_version;
    int64_t created_ms, expires_ms; /* expires 0: default (30 d content, 14 d control) */
    uint64_t journal_row;           /* reserved before, never used twice by this device */
    const struct seal_slot *slots; /* in the order sent; the caller shuffled them (slots_shuffle) */
    size_t slot_count;             /* 1..LIMIT_SLOTS */
};
struct sealed {
    struct blob *envelope; /* Envelope, canonical */
    uint8_t ehash[HASH_BYTES], deposit_hash[HASH_BYTES];
    uint8_t envelope_id[ID_BYTES];
    uint8_t file_key[32]; /* secret: the owner wraps it for evidence and erases this */
    int64_t expires_ms;
    size_t skipped_count;                   /* slots left out because encapsulation failed */
    uint8_t skipped[LIMIT_SLOTS][ID_BYTES]; /* their devices */
};
/* In locked memory; sealed_free() erases. Errors: HL_EINVAL (request breaks a limit), HL_EVERIFY (no slot could be made),
 * HL_ETOOBIG, HL_ENOMEM. */
HL_MUST_CHECK int envelope_seal(const struct seal_request *request, struct sealed **ret_sealed);
void sealed_free(struct sealed *sealed);
static inline void sealed_drop(struct sealed **sealed)
{
    sealed_free(*sealed);
}
/* Fisher-Yates with the given randomness. */
void slots_shuffle(const struct rng *rng, struct seal_slot *slots, size_t count);

/* What anybody can compute from an Envelope or a DeliveredEnvelope: hashes and the parsed header. */
struct envelope_facts {
    Hotline__V1__EnvelopeHeader *header; /* owned */
    uint8_t header_hash[HASH_BYTES], ct_hash[HASH_BYTES], slots_root[HASH_BYTES], ehash[HASH_BYTES],
        deposit_hash[HASH_BYTES];
};
void envelope_facts_done(struct envelope_facts *facts);
/* ehash and deposit_hash from their parts. */
/* NOLINTNEXTLINE(readability-function-size): four hashed parts, two results; a struct would only rename them */
void envelope_hashes(const uint8_t header_hash[static HASH_BYTES],
                     const uint8_t ct_hash[static HASH_BYTES],
                     const uint8_t slots_root[static HASH_BYTES], uint32_t slot_count,
                     struct bytes sig, uint8_t ret_ehash[static HASH_BYTES],
                     uint8_t ret_deposit_hash[static HASH_BYTES]);
/* Structure of a whole Envelope as a relay must check it (docs/PROTOCOL.md, "What a relay does before custody"): canonical, ns, class and
 * precedence, lengths, distinct (entity, device); no signature. The caller owns *ret_envelope and calls
 * envelope_facts_done(). Errors: HL_EFORMAT, HL_ETOOBIG, HL_EINVAL (other ns), HL_ENOMEM. */
HL_MUST_CHECK int envelope_inspect(const uint8_t ns[static NS_BYTES], struct bytes envelope,
                                   Hotline__V1__Envelope **ret_envelope,
                                   struct envelope_facts *ret_facts);
/* The DeliveredEnvelope of slot `index`, and the Stub, of an inspected envelope. The caller owns the blobs. */
HL_MUST_CHECK int envelope_deliver(const Hotline__V1__Envelope *envelope,
                                   const struct envelope_facts *facts, size_t index,
                                   struct blob **ret_delivered);
/* The same for who keeps the tree over the slots (merkle_leaf() of each): `path` is the slot's inclusion proof. */
HL_MUST_CHECK int envelope_deliver_at(const Hotline__V1__Envelope *envelope,
                                      const struct envelope_facts *facts, size_t index,
                                      const uint8_t (*path)[HASH_BYTES], size_t path_len,
                                      struct blob **ret_delivered);
HL_MUST_CHECK int envelope_stub(const Hotline__V1__Envelope *envelope,
                                const struct envelope_facts *facts, struct blob **ret_stub);

/* Size of the content bucket for kind octet + content; control is always LIMIT_CONTROL_BUCKET. 0: too large. */
size_t envelope_bucket(bool is_control, size_t len_with_kind);
/* The info and aad of a slot (docs/PROTOCOL.md, "Sealing"); shared by sealing and opening. */
#define SLOT_INFO_MAX  256
#define SLOT_AAD_BYTES 81
size_t slot_info(const uint8_t ns[static NS_BYTES], const struct desk_id *desk,
                 const uint8_t device[static ID_BYTES], const uint8_t prekey_id[static ID_BYTES],
                 uint8_t ret_info[static SLOT_INFO_MAX]);
void slot_aad(const uint8_t header_hash[static HASH_BYTES], const struct desk_id *desk,
              const uint8_t device[static ID_BYTES], const uint8_t prekey_id[static ID_BYTES],
              uint8_t ret_aad[static SLOT_AAD_BYTES]);
/* PRK of a file key, then content key and commitment. */
void envelope_keys(struct bytes salt, const uint8_t file_key[static 32],
                   uint8_t ret_content_key[static 32], uint8_t ret_commit[static 32]);

#endif
