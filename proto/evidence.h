/* evidence — the bundle `HLB1`: records, written by an exporter, judged by an arbiter with no network and no desk.
 * docs/PROTOCOL.evidence.md. */
#ifndef HOTLINE_PROTO_EVIDENCE_H
#define HOTLINE_PROTO_EVIDENCE_H

#include "keys/sign.h"
#include "keys/trust.h"
#include "proto/limits.h"

enum bundle_record {
    RECORD_ROOT = 1,
    RECORD_DIRECTORY,
    RECORD_TIMESTAMP,
    RECORD_NATIONAL_ROOT,
    RECORD_CERT_PROOF,
    RECORD_REVOCATION,
    RECORD_ENVELOPE = 10,
    RECORD_FILE_KEY,
    RECORD_LINK,
    RECORD_CUSTODY,
    RECORD_HEAD_PROOF,
    RECORD_LANE_STEPS,
    RECORD_CHECKPOINT,
    RECORD_CONSISTENCY,
    RECORD_MARKS,
    RECORD_REJECT,
    RECORD_RESERVATION,
    RECORD_ATTACHMENT_KEY,
    RECORD_RECEIPT,
    RECORD_SERVICE,
    RECORD_MANIFEST = 99
};
/* Writer: add records in order, then finish with the manifest. The first failure sticks: then there is no bundle. */
struct evidence_writer;
HL_MUST_CHECK int evidence_new(struct evidence_writer **ret_writer);
void evidence_free(struct evidence_writer *writer);
HL_MUST_CHECK int evidence_add(struct evidence_writer *writer, enum bundle_record type,
                               struct bytes octets);
/* Documents of the trust and the CertProofs of the named certs (records 1..5). */
HL_MUST_CHECK int evidence_add_trust(struct evidence_writer *writer, const struct trust *trust,
                                     const struct cert *const *certs, size_t count);
struct evidence_manifest {
    const uint8_t *ns;
    const struct cert *device;
    const struct sign_key *device_key;
    int64_t at_ms;
    unsigned plane;
    const char *software;
    const uint8_t (*notices)[HASH_BYTES];
    size_t notice_count;
};
HL_MUST_CHECK int evidence_finish(struct evidence_writer *writer, const struct suite *suite,
                                  const struct evidence_manifest *manifest,
                                  struct blob **ret_bundle);

enum verdict_result { VERDICT_VALID, VERDICT_VALID_WITH_REMARKS, VERDICT_INVALID };
#define VERDICT_CLAIMS_MAX 4096
struct verdict_claim {
    const char *claim; /* sent released delivered opened acknowledged refused; static */
    uint8_t notice_hash[HASH_BYTES];
    unsigned plane;
    struct desk_id by; /* zero entity for sent/released: the sender's desk */
    char by_text[9];   /* "XBB.TEC" */
    enum verdict_result result;
    int64_t at_ms;
    const char *basis; /* "WITNESSED" "2 OPERATORS" "1 RELAY" "NONE" */
    unsigned persons, devices, reseals;
    uint32_t disposition; /* acknowledged only */
    const char *detail;   /* static text of a remark, or NULL */
};
struct verdict {
    enum verdict_result result;
    bool is_sandbox;    /* its root is of a training federation, or says so when INVALID */
    char step[64];      /* failing step, "record 12: manifest", when INVALID */
    const char *detail; /* static text of a remark on the whole bundle, or NULL */
    unsigned plane;
    uint8_t root_hash[HASH_BYTES];
    struct verdict_claim claims[VERDICT_CLAIMS_MAX];
    size_t claim_count;
    char from_text[9];
    size_t notice_count;
    char *texts
        [16]; /* subject and authoritative text of each notice, "subject\n\ntext"; heap, raw (not made visible) */
};
/* pinned_root NULL: the root in the bundle is used, and the caller must show its hash. Errors are only ours (HL_ENOMEM);
 * a bad bundle is a verdict INVALID with its step. The caller owns *ret_verdict (verdict_free). */
HL_MUST_CHECK int evidence_verify(const struct suite *suite, struct bytes bundle,
                                  const uint8_t *pinned_root, int64_t now_ms,
                                  struct verdict **ret_verdict);
void verdict_free(struct verdict *verdict);

#endif
