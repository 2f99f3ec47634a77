/* open — the table of steps, and the outer ones: parse, deposit hash, sender, envelope signature, slot proof. */
#include "proto/open.h"

#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "keys/merkle.h"
#include "keys/secret.h"
#include "proto/envelope_parts.h"
#include "proto/limits.h"
#include "proto/open_steps.h"
#include "proto/schema.h"

struct step {
    int number; /* row of docs/PROTOCOL.md, "Opening" */
    int (*run)(struct opening *opening);
};

/* Custody (step 2), journal and receipt (15, 16) are the desk's. */
static const struct step delivered_steps[] = {
    {1, step_outer},        /* sizes, canonical form, version, ns, class, lengths       R */
    {2, step_deposit},      /* deposit_hash recomputed = announced                      R */
    {3, step_sender},       /* certificate of the sending device             Q UNKNOWN_SENDER */
    {4, step_envelope_sig}, /* signature over <plane>/envelope                          R */
    {5, step_slot_proof},   /* audit path; the slot is ours                             R */
    {6, step_prekey},       /* private part of the prekey                    Q UNREADABLE */
    {7, step_slot},         /* HPKE open, zero octets                        Q UNREADABLE */
    {8, step_commit},       /* key commitment                               Q, security event */
    {9, step_content},      /* AEAD open                                    Q, security event */
    {10, step_object},      /* unpad, bucket, kind, outer object      Q UNRECOGNISED_FORMAT */
    {11, step_signatures},  /* persons and devices         Q SIGNATURE_INVALID, UNKNOWN_SENDER */
    {12, step_body},        /* bodies, equalities                     Q UNRECOGNISED_FORMAT */
    {13, step_link},        /* Link or Marks                             Q SIGNATURE_INVALID */
    {14, step_policy},      /* marks */
    {14, step_revocation},  /* revoked keys were carried along until here      Q REVOKED_KEY */
};
#define STUB_MAX 2048 /* a header of LIMIT_HEADER, two hashes, a signature */
static const struct step stub_steps[] = {
    {1, step_stub},
    {2, step_deposit},
    {3, step_sender},
    {4, step_envelope_sig},
};

int opening_reject(struct opening *opening, const char *detail)
{
    opening->out->result = OPEN_REJECTED;
    opening->out->detail = detail;
    return STEP_ENDS;
}

int opening_quarantine(struct opening *opening, Hotline__V1__Reason reason, const char *detail)
{
    opening->out->result = OPEN_QUARANTINED;
    opening->out->reason = reason;
    opening->out->detail = detail;
    return STEP_ENDS;
}

int opening_parse(const ProtobufCMessageDescriptor *descriptor, struct bytes input,
                  void *ret_message)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(descriptor, &schema_envelope, input, &message, NULL));
    memcpy(ret_message, &message, sizeof(void *));
    return HL_OK;
}

const struct cert *opening_cert(struct opening *opening, ProtobufCBinaryData id)
{
    const struct open_context *context = opening->context;
    const Hotline__V1__EnvelopeHeader *header = opening->out->facts.header;

    if (id.len != ID_BYTES)
        return NULL;
    const struct cert *cert = trust_cert(context->trust, header->sender_entity.data, id.data);
    if (!cert)
        return NULL;
    if (cert->revoked_since_ms != 0 && cert->revoked_since_ms <= context->now_ms)
        opening->is_revoked = true;
    if (context->now_ms < cert->not_before_ms || context->now_ms > cert->not_after_ms)
        opening->is_cert_expired = true;
    return cert;
}

bool opening_is_own_copy(const struct opening *opening)
{
    return desk_equal(&opening->out->sender, &opening->context->own_desk);
}

/* protobuf-c says only that it failed; whether for want of memory, its allocator knows. */
static void *alloc_noting(void *context, size_t size)
{
    bool *is_refused = context;
    void *memory = malloc(size);

    *is_refused = *is_refused || !memory;
    return memory;
}

static void free_noted(void *context, void *memory)
{
    (void)context;
    free(memory);
}

/* A later version may have fields that we do not know; its ns, sender, plane and slot count keep their meaning, so that
 * the sender can be made out and the deposit kept. At most LIMIT_HEADER octets, so the plain parser is bounded. */
static int parse_newer_header(struct opening *opening)
{
    bool is_refused = false;
    ProtobufCAllocator allocator = {alloc_noting, free_noted, &is_refused};
    Hotline__V1__EnvelopeHeader *header =
        hotline__v1__envelope_header__unpack(&allocator, opening->header.len, opening->header.data);

    if (!header)
        return is_refused ? HL_ENOMEM : HL_EFORMAT;
    bool is_newer = header->version > 1 && header->ns.len == NS_BYTES &&
                    header->sender_entity.len == ID_BYTES &&
                    header->sender_device.len == ID_BYTES &&
                    label_of(LABEL_ENVELOPE, (unsigned)header->plane) != NULL &&
                    header->slot_count >= 1 && header->slot_count <= LIMIT_SLOTS;
    if (!is_newer) {
        hotline__v1__envelope_header__free_unpacked(header, NULL);
        return HL_EFORMAT;
    }
    opening->out->facts.header = header;
    opening->is_newer = true;
    return HL_OK;
}

static int parse_header(struct opening *opening)
{
    struct envelope_facts *facts = &opening->out->facts;

    if (opening->header.len > LIMIT_HEADER)
        return opening_reject(opening, "header too long");
    int result =
        opening_parse(&hotline__v1__envelope_header__descriptor, opening->header, &facts->header);
    if (result == HL_EFORMAT)
        result = parse_newer_header(opening);
    if (result == HL_EFORMAT)
        return opening_reject(opening, "header");
    TRY(result);
    if (!bytes_equal(view(facts->header->ns), BYTES_OF(opening->context->trust->ns)))
        return opening_reject(opening, "ns");
    opening->is_control = facts->header->class_ == HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTROL;
    if (opening->is_newer)
        return STEP_NEXT;
    const char *fault = header_fault(facts->header);
    return fault ? opening_reject(opening, fault) : STEP_NEXT;
}

static int parse_slot(struct opening *opening)
{
    struct bytes octets = view(opening->delivered->slot);

    if (octets.len != slot_bytes_len(opening->is_control))
        return opening_reject(opening, "slot length");
    int result = opening_parse(&hotline__v1__slot__descriptor, octets, &opening->slot);
    if (result == HL_EFORMAT)
        return opening_reject(opening, "slot");
    TRY(result);
    if (opening->slot->sealed.len != slot_plain_len(opening->is_control) + AEAD_TAG_BYTES)
        return opening_reject(opening, "slot length");
    return STEP_NEXT;
}

int step_outer(struct opening *opening)
{
    if (opening->input.len > LIMIT_ENVELOPE)
        return opening_reject(opening, "too long");
    int result = opening_parse(&hotline__v1__delivered_envelope__descriptor, opening->input,
                               &opening->delivered);
    if (result == HL_EFORMAT)
        return opening_reject(opening, "envelope");
    TRY(result);
    opening->header = view(opening->delivered->header);
    opening->slots_root = view(opening->delivered->slots_root);
    opening->sig = view(opening->delivered->sig);
    TRY(parse_header(opening));
    if (opening->is_newer)
        return STEP_NEXT;
    if (opening->delivered->ct.len != opening->out->facts.header->ct_len)
        return opening_reject(opening, "ct_len");
    return parse_slot(opening);
}

int step_stub(struct opening *opening)
{
    if (opening->input.len > STUB_MAX)
        return opening_reject(opening, "too long");
    int result = opening_parse(&hotline__v1__stub__descriptor, opening->input, &opening->stub);
    if (result == HL_EFORMAT)
        return opening_reject(opening, "stub");
    TRY(result);
    opening->header = view(opening->stub->header);
    opening->slots_root = view(opening->stub->slots_root);
    opening->sig = view(opening->stub->sig);
    return parse_header(opening);
}

int step_deposit(struct opening *opening)
{
    struct envelope_facts *facts = &opening->out->facts;

    label_hash1(label_fixed(LABEL_HEADER_HASH), opening->header, facts->header_hash);
    if (opening->delivered)
        hash_plain(view(opening->delivered->ct), facts->ct_hash);
    else
        memcpy(facts->ct_hash, opening->stub->ct_hash.data, HASH_BYTES);
    memcpy(facts->slots_root, opening->slots_root.data, HASH_BYTES);
    envelope_hashes(facts->header_hash, facts->ct_hash, facts->slots_root,
                    facts->header->slot_count, opening->sig, facts->ehash, facts->deposit_hash);
    if (!bytes_equal(BYTES_OF(facts->deposit_hash), BYTES(opening->deposit_hash, HASH_BYTES)))
        return opening_reject(opening, "deposit_hash");
    return STEP_NEXT;
}

static uint32_t only_desk(const struct cert *cert)
{
    for (uint32_t kind = 1; kind <= 4; kind++) {
        if (cert->desks == 1U << kind)
            return kind;
    }
    return 0;
}

int step_sender(struct opening *opening)
{
    const Hotline__V1__EnvelopeHeader *header = opening->out->facts.header;
    const struct cert *cert = opening_cert(opening, header->sender_device);

    if (!cert || cert->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE || only_desk(cert) == 0)
        return opening_quarantine(opening, HOTLINE__V1__REASON__UNKNOWN_SENDER, "sender device");
    opening->out->sender_device = cert;
    opening->out->sender.kind = only_desk(cert);
    memcpy(opening->out->sender.entity, cert->entity, ID_BYTES);
    return STEP_NEXT;
}

int step_envelope_sig(struct opening *opening)
{
    struct opened *out = opening->out;
    const char *label = label_of(LABEL_ENVELOPE, (unsigned)out->facts.header->plane);
    int result = sign_verify_body(opening->context->suite, out->sender_device->sign_pk, label,
                                  BYTES_OF(out->facts.ehash), opening->sig);

    if (result == HL_EVERIFY)
        return opening_reject(opening, "envelope signature");
    TRY(result);
    out->is_authentic = true;
    if (opening->is_newer)
        return opening_quarantine(opening, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT,
                                  "newer version");
    return STEP_NEXT;
}

#define SLOT_PROOF_MAX 10

/* An arbiter looks at the sender's copy: any slot of the desk that it judges will do. */
static bool slot_is_ours(const struct opening *opening)
{
    const struct open_context *context = opening->context;
    const Hotline__V1__Slot *slot = opening->slot;

    return (uint32_t)slot->kind == context->own_desk.kind &&
           bytes_equal(view(slot->entity), BYTES_OF(context->own_desk.entity)) &&
           (context->file_key || bytes_equal(view(slot->device), BYTES_OF(context->own_device)));
}

int step_slot_proof(struct opening *opening)
{
    const Hotline__V1__DeliveredEnvelope *delivered = opening->delivered;
    uint8_t proof[SLOT_PROOF_MAX][HASH_BYTES];
    uint8_t leaf[HASH_BYTES];

    for (size_t i = 0; i < delivered->n_proof && i < SLOT_PROOF_MAX; i++)
        memcpy(proof[i], delivered->proof[i].data, HASH_BYTES);
    merkle_leaf(view(delivered->slot), leaf);
    if (delivered->n_proof > SLOT_PROOF_MAX ||
        merkle_check_path(leaf, delivered->slot_index, opening->out->facts.header->slot_count,
                          (const uint8_t(*)[HASH_BYTES])proof, delivered->n_proof,
                          opening->slots_root.data) != HL_OK)
        return opening_reject(opening, "slot proof");
    if (!slot_is_ours(opening))
        return opening_reject(opening, "slot is not ours");
    return STEP_NEXT;
}

int step_revocation(struct opening *opening)
{
    if (opening->is_revoked)
        return opening_quarantine(opening, HOTLINE__V1__REASON__REVOKED_KEY,
                                  "signed with a revoked key");
    return STEP_NEXT;
}

static int run_steps(struct opening *opening, const struct step *steps, size_t count)
{
    struct opened *out = opening->out;

    for (size_t i = 0; i < count; i++) {
        out->step = steps[i].number;
        int result = steps[i].run(opening);
        if (result == STEP_ENDS)
            return HL_OK;
        TRY(result);
    }
    out->result = OPEN_OK;
    return HL_OK;
}

static void opening_done(struct opening *opening)
{
    if (opening->delivered)
        hotline__v1__delivered_envelope__free_unpacked(opening->delivered, NULL);
    if (opening->stub)
        hotline__v1__stub__free_unpacked(opening->stub, NULL);
    if (opening->slot)
        hotline__v1__slot__free_unpacked(opening->slot, NULL);
    secret_free(opening->slot_plain);
    blob_free(opening->padded);
    opened_free(opening->out);
}

static int open_input(struct opening *opening, const struct step *steps, size_t count,
                      struct opened **ret_opened)
{
    opening->out = calloc(1, sizeof(*opening->out));
    int result = HL_ENOMEM;

    if (opening->out) {
        opening->out->result = OPEN_REJECTED; /* until every step has passed */
        result = run_steps(opening, steps, count);
    }
    if (result == HL_OK)
        *ret_opened = MOVE(opening->out);
    opening_done(opening);
    return result;
}

int open_delivered(const struct open_context *context,
                   const uint8_t deposit_hash[static HASH_BYTES], struct bytes delivered,
                   struct opened **ret_opened)
{
    struct opening opening = {.context = context, .deposit_hash = deposit_hash, .input = delivered};

    return open_input(&opening, delivered_steps,
                      sizeof(delivered_steps) / sizeof(delivered_steps[0]), ret_opened);
}

int open_stub(const struct open_context *context, const uint8_t deposit_hash[static HASH_BYTES],
              struct bytes stub, struct opened **ret_opened)
{
    struct opening opening = {.context = context, .deposit_hash = deposit_hash, .input = stub};

    return open_input(&opening, stub_steps, sizeof(stub_steps) / sizeof(stub_steps[0]), ret_opened);
}

static void free_message(void *message)
{
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
}

void opened_free(struct opened *opened)
{
    if (!opened)
        return;
    envelope_facts_done(&opened->facts);
    blob_free(opened->content);
    secret_free(opened->file_key);
    free_message(opened->notice);
    free_message(opened->signed_notice);
    for (size_t i = 0; i < LIMIT_RELEASES; i++)
        free_message(opened->releases[i]);
    free_message(opened->receipt);
    free_message(opened->service);
    free_message(opened->signed_object);
    free(opened);
}
