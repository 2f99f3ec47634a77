/* trust — the admitted federation: root, directory, timestamp, national roots and rosters, each checked once against its
 * threshold (docs/PROTOCOL.directory.md). Loaded from files; updates are a later matter. Immutable after trust_load(). */
#ifndef HOTLINE_KEYS_TRUST_H
#define HOTLINE_KEYS_TRUST_H

#include "keys/sign.h"

enum {
    ROLE_BIT_COMPOSE = 1,
    ROLE_BIT_RELEASE = 2,
    ROLE_BIT_ACK = 4,
    ROLE_BIT_ADMIN = 8,
    ROLE_BIT_AUTO = 16,
    ROLE_BIT_MONITOR = 32,
    ROLE_BIT_DESK = 64
};

struct cert {
    Hotline__V1__CertKind kind;
    uint8_t entity[ID_BYTES], id[ID_BYTES]; /* id = key_id(sign_pk) */
    uint8_t sign_pk[32], noise_static[32];
    uint8_t hash[HASH_BYTES]; /* H(cert, bytes) */
    uint8_t person[ID_BYTES];
    uint32_t roles;
    uint32_t desks; /* bit k set: desk kind k */
    uint32_t device_no;
    char role_label[41];
    int64_t not_before_ms, not_after_ms;
    uint64_t serial;
    uint32_t index;                 /* leaf in the roster's tree */
    struct bytes octets;            /* the cert as signed; lives as long as the trust */
    int64_t revoked_since_ms;       /* 0: not revoked */
    struct bytes signed_revocation; /* Signed, by which it is; for evidence */
};
struct desk_id {
    uint8_t entity[ID_BYTES];
    uint32_t kind; /* DeskKind 1..4 */
};
struct roster {
    uint64_t version;
    int64_t issued_ms, expires_ms;
    struct cert *certs;
    size_t cert_count;
    uint32_t desk_kinds;        /* bit set of desks in the roster */
    uint32_t release_min[5];    /* by precedence 1..4 */
    uint32_t single_person_max; /* precedence */
    uint32_t release_devices_min;
    uint32_t revocation_count;
    bool revocations_missing;   /* fewer came than the roster or the timestamp says: fetch, alarm */
    struct bytes signed_roster; /* Signed, for evidence */
};
struct entity {
    uint8_t id[ID_BYTES];
    char code[4];
    Hotline__V1__EntityStatus status;
    uint64_t national_root_version;
    uint8_t national_root_hash[HASH_BYTES];
    struct roster *roster; /* NULL: none known */
    struct bytes signed_national_root;
    uint32_t national_threshold;
    size_t national_key_count;
    uint8_t national_keys[16][32];
};
struct relay_info {
    uint8_t id[ID_BYTES];
    char name[33], host[254], log_origin[81], operator_name[33];
    uint16_t port;
    uint8_t noise_static[32], sign_pk[32], log_pk[32];
};
struct precedence_rule {
    uint32_t custody_s, delivered_s, opened_s, ack_s, interim_s, answer_s, nondelivery_s, words;
};

/* What is admitted and must be told all the same, one line each: documents left out, REVOCATIONS MISSING, a key seen twice. */
#define TRUST_NOTES_MAX 16
#define TRUST_NOTE_SIZE 160

struct trust {
    uint8_t ns[NS_BYTES];
    uint8_t root_hash[HASH_BYTES]; /* of version 1, pinned */
    bool is_sandbox;
    uint64_t root_version, directory_version, timestamp_version;
    uint8_t directory_hash[HASH_BYTES];
    int64_t root_expires_ms, directory_expires_ms, timestamp_expires_ms;
    struct entity *entities;
    size_t entity_count;
    struct relay_info *relays;
    size_t relay_count;
    struct precedence_rule rules[5]; /* default profile, by precedence 1..4 */
    struct bytes signed_root, signed_directory, signed_timestamp;
    size_t left_out_count; /* documents, and revocations, of States that were refused alone */
    char notes[TRUST_NOTES_MAX][TRUST_NOTE_SIZE]; /* read by trust_note() */
    size_t note_count;                            /* may be more than there is room for */
    struct blob **owned;                          /* what the views above point into (private) */
    size_t owned_count;
};

/* The documents as bytes, and what the caller pins. */
struct trust_documents {
    struct bytes root;                 /* Signed, version 1 (one step only in this version) */
    struct bytes directory, timestamp; /* Signed */
    const struct bytes *national_roots;
    size_t national_root_count; /* Signed */
    const struct bytes *rosters;
    size_t roster_count;             /* RosterDoc */
    const struct bytes *cert_proofs; /* evidence: CertProof, instead of rosters */
    size_t cert_proof_count;
    /* A State's national root, roster or revocation that is refused is left out, alone, and noted: one State's documents
     * silence no other. Else all are admitted or none. Root, directory and timestamp are never left out. */
    bool leaves_out;
    const char *const *national_root_names; /* for the notes; NULL: none have names */
    const char *const *roster_names;
};
/* Admit the documents. pinned_ns, pinned_root may be NULL (no pin: tests and `verify` of an unknown root).
 * ret_reason gets one line naming the document and the check, no outside text; it is empty on success. Errors: HL_ENOTFOUND
 * (a document is empty), HL_EFORMAT, HL_EVERIFY, HL_ENOMEM (never a document's fault), HL_ETOOBIG. Expiry is not an error
 * (stale = visible). The caller owns *ret_trust. */
HL_MUST_CHECK int trust_admit(const struct suite *suite, const struct trust_documents *documents,
                              const uint8_t *pinned_ns, const uint8_t *pinned_root,
                              struct trust **ret_trust, char ret_reason[static 160]);
/* The files root-1.bin, directory.bin, timestamp.bin, national-<CODE>-<n>.bin, roster-<CODE>.bin of a folder; those of a
 * State are left out alone. A root of version 2 or later is refused. More error: HL_EIO. */
HL_MUST_CHECK int trust_load(const struct suite *suite, const char *folder,
                             const uint8_t *pinned_ns, const uint8_t *pinned_root,
                             struct trust **ret_trust, char ret_reason[static 160]);
void trust_free(struct trust *trust);
static inline void trust_drop(struct trust **trust)
{
    trust_free(*trust);
}

/* The i-th thing to tell as an ALARM; NULL: no more. */
const char *trust_note(const struct trust *trust, size_t index);
/* A State whose roster is known in `before` and was left out of `after`; NULL: there is none. */
const struct entity *trust_lost_roster(const struct trust *before, const struct trust *after);

/* Look-ups; NULL when there is none. Borrowed from the trust. */
const struct entity *trust_entity(const struct trust *trust, const uint8_t id[static ID_BYTES]);
const struct entity *trust_entity_by_code(const struct trust *trust, const char *code);
const struct cert *trust_cert(const struct trust *trust, const uint8_t entity[static ID_BYTES],
                              const uint8_t id[static ID_BYTES]);
const struct cert *trust_device_no(const struct trust *trust, const struct desk_id *desk,
                                   uint32_t device_no);
const struct relay_info *trust_relay(const struct trust *trust, const uint8_t id[static ID_BYTES]);
const struct relay_info *trust_relay_by_name(const struct trust *trust, const char *name);

/* Desk addresses: "XBB.TEC" (kinds DIP TEC POL DIR), upper case. ret_text holds 8. Errors: HL_EFORMAT, HL_ENOTFOUND. */
HL_MUST_CHECK int desk_parse(const struct trust *trust, const char *text, struct desk_id *ret_desk);
void desk_format(const struct trust *trust, const struct desk_id *desk, char ret_text[static 9]);
bool desk_equal(const struct desk_id *left, const struct desk_id *right);
int desk_order(const struct desk_id *left, const struct desk_id *right); /* (entity, kind) */

/* Stale documents at `now_ms`: hours since the earliest expiry, 0 when all are in force. */
int64_t trust_stale_hours(const struct trust *trust, int64_t now_ms);

#endif
