/* open_steps — the steps of opening, one function a row of docs/PROTOCOL.md, "Opening", and the state they share.
 * Private to proto/open*.c.
 *
 * A step returns STEP_NEXT, STEP_ENDS (a verdict is in opening.out), or an error of our own (HL_ENOMEM). */
#ifndef HOTLINE_PROTO_OPEN_STEPS_H
#define HOTLINE_PROTO_OPEN_STEPS_H

#include "proto/open.h"

enum { STEP_NEXT = 0, STEP_ENDS = 1 };

struct release_signers {
    const struct cert *releaser, *device;
};
struct opening {
    const struct open_context *context;
    const uint8_t *deposit_hash; /* as announced */
    struct bytes input;
    Hotline__V1__DeliveredEnvelope *delivered; /* this or */
    Hotline__V1__Stub *stub;                   /* that */
    struct bytes header, slots_root, sig;      /* of either */
    Hotline__V1__Slot *slot;
    bool is_newer;   /* header of a later version: only its fixed fields are known */
    bool is_control; /* class */
    bool is_revoked; /* one of the signing keys */
    bool is_cert_expired;
    uint8_t *slot_plain; /* secret memory, LIMIT_SLOT_CONTROL octets; NULL in evidence mode */
    struct blob *padded;
    const struct cert *author, *draft_device;
    struct release_signers signers[LIMIT_RELEASES];
    struct opened *out;
};

int opening_reject(struct opening *opening, const char *detail);
int opening_quarantine(struct opening *opening, Hotline__V1__Reason reason, const char *detail);

/* Certificate of `id` in the sender's State, of the kind and with all the roles asked for; NULL otherwise. Notes whether
 * it is revoked or out of its time: both are visible, neither stops the opening here. */
const struct cert *opening_cert(struct opening *opening, ProtobufCBinaryData id);
/* Strict parse. *ret_message is owned by the caller. Errors: HL_EFORMAT, HL_ENOMEM. */
int opening_parse(const ProtobufCMessageDescriptor *descriptor, struct bytes input,
                  void *ret_message);
bool opening_is_own_copy(const struct opening *opening); /* sent by our own desk */

static inline struct bytes view(ProtobufCBinaryData data)
{
    return BYTES(data.data, data.len);
}

/* 1 to 5: open.c */
int step_outer(struct opening *opening);
int step_stub(struct opening *opening);
int step_deposit(struct opening *opening);
int step_sender(struct opening *opening);
int step_envelope_sig(struct opening *opening);
int step_slot_proof(struct opening *opening);
/* 6 to 10: open_slot.c */
int step_prekey(struct opening *opening);
int step_slot(struct opening *opening);
int step_commit(struct opening *opening);
int step_content(struct opening *opening);
int step_object(struct opening *opening);
/* 11 to 14, by kind: open_control.c */
int step_signatures(struct opening *opening);
int step_body(struct opening *opening);
int step_link(struct opening *opening);
int step_policy(struct opening *opening);
int step_revocation(struct opening *opening); /* open.c */
/* of notices and drafts: open_notice.c; bodies: open_body.c */
int notice_signatures(struct opening *opening);
int notice_body(struct opening *opening);
int draft_body(struct opening *opening);
int notice_link(struct opening *opening);
int notice_policy(struct opening *opening);

#endif
