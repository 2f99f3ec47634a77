/* admit — the checks of each kind of document, used by trust_admit() only. One reason, first failure wins. */
#ifndef HOTLINE_KEYS_ADMIT_H
#define HOTLINE_KEYS_ADMIT_H

#include "keys/trust.h"

#define REASON_SIZE 160
struct admit {
    const struct suite *suite;
    struct trust *trust;
    char *reason;                         /* REASON_SIZE */
    ProtobufCBinaryData role_keys[5][32]; /* by RootRole; views into the root's body */
    size_t role_key_count[5];
    uint32_t role_threshold[5];
    Hotline__V1__RootMetadata *root;
    Hotline__V1__Directory *directory;
    Hotline__V1__Timestamp *timestamp;
};

/* Note the reason, return `err`. document and check are static text. */
int admit_refuse(struct admit *admit, int err, const char *document, const char *check);
/* A copy of `input` that lives as long as the trust, and its view. */
HL_MUST_CHECK int admit_keep(struct admit *admit, struct bytes input, struct bytes *ret_view);
/* Parse Signed and its body as `type`. The caller owns both. */
HL_MUST_CHECK int admit_parse(struct admit *admit, struct bytes input,
                              const ProtobufCMessageDescriptor *type, const char *document,
                              Hotline__V1__Signed **ret_signed, ProtobufCMessage **ret_body);

HL_MUST_CHECK int admit_root(struct admit *admit, struct bytes input, const uint8_t *pinned_ns,
                             const uint8_t *pinned_root);
HL_MUST_CHECK int admit_directory(struct admit *admit, struct bytes input);
HL_MUST_CHECK int admit_timestamp(struct admit *admit, struct bytes input);
HL_MUST_CHECK int admit_national_root(struct admit *admit, struct bytes input);
HL_MUST_CHECK int admit_roster(struct admit *admit, struct bytes input);
/* Evidence: one certificate with its path in its State's roster; the roster of a State grows by one. */
HL_MUST_CHECK int admit_cert_proof(struct admit *admit, struct bytes input);

#endif
