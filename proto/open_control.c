/* open_control — steps 11 to 14 by kind of content, and those of receipts and service statements. */
#include <stdlib.h>
#include <string.h>

#include "proto/open_steps.h"
#include "proto/service.h"

#define CLOCK_SKEW_MS (10LL * 60 * 1000)

struct kind_steps {
    int (*signatures)(struct opening *opening);
    int (*body)(struct opening *opening);
    int (*link)(struct opening *opening);
    int (*policy)(struct opening *opening);
};

static int nothing_more(struct opening *opening)
{
    (void)opening;
    return STEP_NEXT;
}

static enum label_object label_object_of(enum content_kind kind)
{
    return kind == CONTENT_RECEIPT ? LABEL_RECEIPT : LABEL_SERVICE;
}

/* sigs[0] is that of the very device that sent the envelope. */
static int control_signatures(struct opening *opening)
{
    struct opened *out = opening->out;
    const char *label = label_of(label_object_of(out->kind), (unsigned)out->facts.header->plane);
    int result = sign_check_at(opening->context->suite, out->signed_object, 0, label,
                               out->sender_device->sign_pk);

    if (result == HL_EVERIFY)
        return opening_quarantine(opening, HOTLINE__V1__REASON__SIGNATURE_INVALID,
                                  "device signature");
    TRY(result);
    label_hash1(label, view(out->signed_object->body), out->content_hash);
    return STEP_NEXT;
}

static const char *receipt_fault(const struct opening *opening)
{
    const struct opened *out = opening->out;
    const Hotline__V1__Receipt *receipt = out->receipt;

    if (!bytes_equal(view(receipt->ns), BYTES_OF(opening->context->trust->ns)))
        return "receipt ns";
    if (receipt->plane != out->facts.header->plane)
        return "receipt plane";
    if (!bytes_equal(view(receipt->by_device), BYTES_OF(out->sender_device->id)))
        return "by_device is not the sending device";
    if (!bytes_equal(view(receipt->by_entity), BYTES_OF(out->sender.entity)) ||
        (uint32_t)receipt->by_kind != out->sender.kind)
        return "by desk is not that of the device";
    return NULL;
}

static int receipt_body(struct opening *opening)
{
    struct opened *out = opening->out;
    int result = opening_parse(&hotline__v1__receipt__descriptor, view(out->signed_object->body),
                               &out->receipt);

    if (result != HL_OK && result != HL_EFORMAT)
        return result;
    const char *fault = result == HL_OK ? receipt_fault(opening) : "receipt";
    if (fault)
        return opening_quarantine(opening, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT, fault);
    return STEP_NEXT;
}

static int service_body(struct opening *opening)
{
    struct opened *out = opening->out;
    const struct open_context *context = opening->context;
    const char *detail = NULL;
    /* A copy for the sender's own other devices names somebody else as recipient. */
    const struct service_expectation expected = {
        .ns = context->trust->ns,
        .plane = (unsigned)out->facts.header->plane,
        .device = out->sender_device,
        .recipient = opening_is_own_copy(opening) ? NULL : &context->own_desk};
    int result = service_check(context->suite, &expected, bytes_blob(out->content), &out->service,
                               out->content_hash, &detail);

    if (result == HL_EFORMAT || result == HL_EVERIFY)
        return opening_quarantine(opening, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT, detail);
    return result;
}

static void read_marks(struct opening *opening)
{
    struct opened *out = opening->out;
    struct marks *marks = &out->link_marks;

    memcpy(marks->ns, opening->context->trust->ns, NS_BYTES);
    memcpy(marks->service_hash, out->content_hash, HASH_BYTES);
    memcpy(marks->sender_device, out->sender_device->id, ID_BYTES);
    marks->recipient = opening->context->own_desk;
    for (size_t i = 0; i < 3; i++) {
        marks->seq[i] = get_u64be(opening->slot_plain + 36 + 40 * i);
        memcpy(marks->hash[i], opening->slot_plain + 44 + 40 * i, HASH_BYTES);
    }
}

/* Marks stand in a slot only when a CHANNEL_CHECK goes to a peer, and then they must verify. */
static int control_marks(struct opening *opening)
{
    struct opened *out = opening->out;
    const uint8_t *plain = opening->slot_plain;

    if (!plain) /* an arbiter has no slot key: evidence carries Marks as a record of its own */
        return STEP_NEXT;
    bool has_marks = out->kind == CONTENT_SERVICE && !opening_is_own_copy(opening) &&
                     out->service->service->kind == HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK;
    if (!has_marks)
        return bytes_all_zero(BYTES(plain + 36, 184))
                   ? STEP_NEXT
                   : opening_quarantine(opening, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT,
                                        "marks where none belong");
    read_marks(opening);
    int result = marks_verify(opening->context->suite, out->sender_device->sign_pk,
                              &out->link_marks, plain + 156);
    if (result == HL_EVERIFY)
        return opening_quarantine(opening, HOTLINE__V1__REASON__SIGNATURE_INVALID,
                                  "marks signature");
    TRY(result);
    out->has_marks = true;
    return STEP_NEXT;
}

static const struct kind_steps by_kind[] = {
    [CONTENT_NOTICE] = {notice_signatures, notice_body, notice_link, notice_policy},
    [CONTENT_RECEIPT] = {control_signatures, receipt_body, control_marks, nothing_more},
    [CONTENT_SERVICE] = {control_signatures, service_body, control_marks, nothing_more},
    [CONTENT_DRAFT] = {notice_signatures, draft_body, notice_link, nothing_more},
};

int step_signatures(struct opening *opening)
{
    return by_kind[opening->out->kind].signatures(opening);
}

int step_body(struct opening *opening)
{
    return by_kind[opening->out->kind].body(opening);
}

int step_link(struct opening *opening)
{
    return by_kind[opening->out->kind].link(opening);
}

int step_policy(struct opening *opening)
{
    const struct open_context *context = opening->context;
    struct opened *out = opening->out;
    int64_t skew_ms = context->now_ms - out->facts.header->created_ms;

    if (opening->is_cert_expired)
        out->marks |= MARK_CERT_EXPIRED;
    if (trust_stale_hours(context->trust, context->now_ms) > 0)
        out->marks |= MARK_STALE;
    if (skew_ms > CLOCK_SKEW_MS || skew_ms < -CLOCK_SKEW_MS)
        out->marks |= MARK_CLOCK_SKEW;
    return by_kind[out->kind].policy(opening);
}
