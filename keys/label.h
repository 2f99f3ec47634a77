/* label — domain separation: the one list of labels, PAE (DSSE 1.0.2), H and key ids. docs/PROTOCOL.md, "Labels". */
#ifndef HOTLINE_KEYS_LABEL_H
#define HOTLINE_KEYS_LABEL_H

#include "base/bytes.h"

#define HASH_BYTES 32
#define ID_BYTES   16
#define NS_BYTES   32

/* Objects whose label depends on the plane: hotline/v1/<plane>/<object>. */
enum label_object {
    LABEL_NOTICE,
    LABEL_RELEASE,
    LABEL_RECEIPT,
    LABEL_LINK,
    LABEL_SERVICE,
    LABEL_ENVELOPE
};

/* The label of an object in plane 1 LIVE, 2 EXERCISE, 3 TEST; NULL for any other plane. Static. */
const char *label_of(enum label_object object, unsigned plane);

/* All other labels. */
enum label_fixed {
    LABEL_ROOT_METADATA,
    LABEL_DIRECTORY,
    LABEL_TIMESTAMP,
    LABEL_NATIONAL_ROOT,
    LABEL_NATIONAL_VETO,
    LABEL_NATIONAL_ROSTER,
    LABEL_REVOCATION,
    LABEL_PREKEY,
    LABEL_MARKS,
    LABEL_MAILBOX_HEAD,
    LABEL_REJECT,
    LABEL_DESK_RECORD,
    LABEL_BUNDLE,
    LABEL_POSSESSION,
    LABEL_NAMESPACE,
    LABEL_CERT,
    LABEL_KEY_ID,
    LABEL_PREKEY_ID,
    LABEL_FINGERPRINT,
    LABEL_FINGERPRINT_DIGITS,
    LABEL_ENVELOPE_HASH,
    LABEL_HEADER_HASH,
    LABEL_DEPOSIT,
    LABEL_LANE_START,
    LABEL_LANE_CHAIN,
    LABEL_CUSTODY_LEAF,
    LABEL_HEAD_NONCE,
    LABEL_RESERVATION,
    LABEL_JOURNAL,
    LABEL_MAC1,
    LABEL_TRANSPORT_PROLOGUE,
    LABEL_SLOT,
    LABEL_CONTENT,
    LABEL_COMMIT,
    LABEL_ATTACHMENT,
    LABEL_SEAL_FILE_KEY,
    LABEL_SEAL_SALT,
    LABEL_SEAL_ENVELOPE_ID,
    LABEL_SEAL_KEM,
    LABEL_SEAL_PREKEY,
    LABEL_FIXED_COUNT
};
const char *label_fixed(enum label_fixed label);

/* PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. The caller owns *ret_pae. Error: HL_ENOMEM. */
HL_MUST_CHECK int label_pae(const char *label, struct bytes body, struct blob **ret_pae);

/* H(label, parts joined) = BLAKE2b-256(PAE). Cannot fail. */
void label_hash(const char *label, const struct bytes *parts, size_t part_count,
                uint8_t ret_hash[static HASH_BYTES]);
void label_hash1(const char *label, struct bytes body, uint8_t ret_hash[static HASH_BYTES]);

/* B(x) = BLAKE2b-256 of raw octets. */
void hash_plain(struct bytes octets, uint8_t ret_hash[static HASH_BYTES]);
/* B(x joined). */
void hash_parts(const struct bytes *parts, size_t part_count, uint8_t ret_hash[static HASH_BYTES]);

/* key_id(pk) = H(key-id, pk)[0..15], for every Ed25519 key. */
void key_id_of(const uint8_t sign_pk[static 32], uint8_t ret_id[static ID_BYTES]);
/* prekey_id = H(prekey-id, pk)[0..15], pk of 1216 octets. */
void prekey_id_of(const uint8_t kem_pk[static 1216], uint8_t ret_id[static ID_BYTES]);

#endif
