/* admit — the checks of each kind of document, used by trust_admit() only. One reason, first failure wins. */
#ifndef HOTLINE_KEYS_ADMIT_H
#define HOTLINE_KEYS_ADMIT_H

#include "keys/trust.h"

#define REASON_SIZE TRUST_NOTE_SIZE
#define ADMIT_DAY   (24LL * 3600 * 1000)
struct admit {
    const struct suite *suite;
    struct trust *trust;
    char *reason;                         /* REASON_SIZE; why something was refused */
    bool leaves_out;                      /* what is refused of a State, alone */
    size_t owned_size;                    /* room in trust->owned */
    ProtobufCBinaryData role_keys[5][32]; /* by RootRole; views into the root's body */
    size_t role_key_count[5];
    uint32_t role_threshold[5];
    Hotline__V1__RootMetadata *root;
    Hotline__V1__Directory *directory;
    Hotline__V1__Timestamp *timestamp;
};

/* Note the reason, return `err`. document and check are static text. */
int admit_refuse(struct admit *admit, int err, const char *document, const char *check);
/* What is admitted and yet must be told. */
void admit_note(struct admit *admit, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `err`, or HL_OK where it is a document's own fault and such are left out: then `name` is noted with the reason, and the
 * reason is empty again. HL_ENOMEM is nobody's fault. */
HL_MUST_CHECK int admit_leave_out(struct admit *admit, int err, const char *name);
/* A copy of `input` that lives as long as the trust, and its view. */
HL_MUST_CHECK int admit_keep(struct admit *admit, struct bytes input, struct bytes *ret_view);
/* Parse Signed and its body as `type`. The caller owns both. */
HL_MUST_CHECK int admit_parse(struct admit *admit, struct bytes input,
                              const ProtobufCMessageDescriptor *type, const char *document,
                              Hotline__V1__Signed **ret_signed, ProtobufCMessage **ret_body);
/* Parse canonical octets as `type`. The caller owns *ret_body. */
HL_MUST_CHECK int admit_parse_body(struct admit *admit, struct bytes octets,
                                   const ProtobufCMessageDescriptor *type, const char *document,
                                   ProtobufCMessage **ret_body);
/* Do enough keys of a root role (number of RootRole) sign? */
HL_MUST_CHECK int admit_check_role(struct admit *admit, const Hotline__V1__Signed *object,
                                   enum label_fixed label, size_t role, const char *document);
bool admit_has_ns(const struct admit *admit, const ProtobufCBinaryData *ns);
bool admit_ascends(const ProtobufCBinaryData *left, const ProtobufCBinaryData *right);
/* The State with this id, to be filled; NULL when the directory has none. */
struct entity *admit_entity(struct admit *admit, const ProtobufCBinaryData *id);

HL_MUST_CHECK int admit_root(struct admit *admit, struct bytes input, const uint8_t *pinned_ns,
                             const uint8_t *pinned_root);
HL_MUST_CHECK int admit_directory(struct admit *admit, struct bytes input);
HL_MUST_CHECK int admit_timestamp(struct admit *admit, struct bytes input);
HL_MUST_CHECK int admit_national_root(struct admit *admit, struct bytes input);
HL_MUST_CHECK int admit_roster(struct admit *admit, struct bytes input);
/* The signed part of a roster, without its certificates; entity->roster is new afterwards. */
HL_MUST_CHECK int admit_roster_head(struct admit *admit, const Hotline__V1__Signed *object,
                                    const Hotline__V1__NationalRoster *from, struct entity *entity);
/* One certificate on its own, and all of a roster with what they owe each other. */
HL_MUST_CHECK int admit_cert(struct admit *admit, const struct entity *entity, struct bytes octets,
                             struct cert *ret_cert);
HL_MUST_CHECK int admit_certs(struct admit *admit, struct entity *entity,
                              const Hotline__V1__RosterDoc *document);
/* Revocations beside a roster; fewer than `floor` good ones is noted, not refused. */
HL_MUST_CHECK int admit_revocations(struct admit *admit, struct entity *entity,
                                    const Hotline__V1__RosterDoc *document, uint32_t floor);
/* Evidence: one certificate with its path in its State's roster; the roster of a State grows by one. */
HL_MUST_CHECK int admit_cert_proof(struct admit *admit, struct bytes input);

#endif
