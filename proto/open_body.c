/* open_body — step 12 of notices and drafts: canonical bodies, then every equality, as one table. */
#include <string.h>

#include "proto/limits.h"
#include "proto/notice.h"
#include "proto/open_steps.h"

enum { FOR_NOTICE = 1, FOR_DRAFT = 2, FOR_BOTH = 3 };

struct equality {
    unsigned kinds;
    bool (*holds)(const struct opening *opening);
    const char *detail;
};

static bool is_id(ProtobufCBinaryData id, const uint8_t *expected)
{
    return bytes_equal(view(id), BYTES(expected, ID_BYTES));
}

static bool is_desk(const Hotline__V1__Desk *desk, const struct desk_id *expected)
{
    return (uint32_t)desk->kind == expected->kind && is_id(desk->entity, expected->entity);
}

static bool has_desk(const struct cert *cert, Hotline__V1__DeskKind kind)
{
    return (cert->desks & (1U << (unsigned)kind)) != 0;
}

static bool form_fits(const struct opening *opening)
{
    return notice_check_form(opening->out->notice, NULL) == HL_OK;
}

static bool ns_fits(const struct opening *opening)
{
    return bytes_equal(view(opening->out->notice->ns), BYTES_OF(opening->context->trust->ns));
}

static bool plane_fits(const struct opening *opening)
{
    return opening->out->notice->plane == opening->out->facts.header->plane;
}

static bool author_fits(const struct opening *opening)
{
    return is_id(opening->out->notice->author, opening->author->id) &&
           is_id(opening->out->notice->draft_device, opening->draft_device->id);
}

static bool sender_entity_fits(const struct opening *opening)
{
    return is_id(opening->out->notice->sender->entity, opening->out->sender.entity);
}

static bool sender_kind_fits(const struct opening *opening)
{
    Hotline__V1__DeskKind kind = opening->out->notice->sender->kind;
    bool fits = has_desk(opening->author, kind) && has_desk(opening->draft_device, kind) &&
                has_desk(opening->out->sender_device, kind);

    for (size_t i = 0; i < opening->out->release_count; i++)
        fits = fits && has_desk(opening->signers[i].releaser, kind) &&
               has_desk(opening->signers[i].device, kind);
    return fits;
}

static bool precedence_fits(const struct opening *opening)
{
    return opening->out->notice->precedence == opening->out->facts.header->precedence;
}

static bool attachments_fit(const struct opening *opening)
{
    return opening->out->notice->n_attachment == opening->out->facts.header->n_attachments;
}

static bool we_are_addressed(const struct opening *opening)
{
    const Hotline__V1__Notice *notice = opening->out->notice;
    const struct desk_id *own_desk = &opening->context->own_desk;

    if (is_desk(notice->sender, own_desk))
        return true;
    for (size_t i = 0; i < notice->n_to; i++) {
        if (is_desk(notice->to[i]->desk, own_desk))
            return true;
    }
    return false;
}

/* A draft never leaves its desk. That it names it as the sender, the rows before have asked: its entity is that of the sending
 * device, its kind the only one that this device has. */
static bool draft_is_ours(const struct opening *opening)
{
    return opening_is_own_copy(opening);
}

static size_t releases_wanted(const struct opened *out)
{
    return out->notice->persons > 1 ? out->notice->persons - 1 : 1;
}

static bool release_count_fits(const struct opening *opening)
{
    return opening->out->release_count == releases_wanted(opening->out);
}

static bool draft_release_count_fits(const struct opening *opening)
{
    return opening->out->release_count <= releases_wanted(opening->out);
}

static bool single_person_fits(const struct opening *opening)
{
    const struct opened *out = opening->out;
    bool is_single = out->notice->persons == 1;

    for (size_t i = 0; i < out->release_count; i++) {
        if ((out->releases[i]->single_person != 0) != is_single)
            return false;
        if (is_single && opening->signers[i].releaser != opening->author)
            return false;
    }
    return true;
}

static bool is_same_person(const struct cert *left, const struct cert *right)
{
    return bytes_equal(BYTES_OF(left->person), BYTES_OF(right->person));
}

static bool persons_are_distinct(const struct opening *opening)
{
    const struct opened *out = opening->out;

    if (out->notice->persons == 1)
        return true;
    for (size_t i = 0; i < out->release_count; i++) {
        if (is_same_person(opening->signers[i].releaser, opening->author))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (is_same_person(opening->signers[i].releaser, opening->signers[j].releaser))
                return false;
        }
    }
    return true;
}

static bool release_places_fit(const struct opening *opening)
{
    const struct opened *out = opening->out;

    for (size_t i = 0; i < out->release_count; i++) {
        if (out->releases[i]->plane != out->facts.header->plane ||
            !bytes_equal(view(out->releases[i]->ns), BYTES_OF(opening->context->trust->ns)))
            return false;
    }
    return true;
}

static bool release_hashes_fit(const struct opening *opening)
{
    const struct opened *out = opening->out;

    for (size_t i = 0; i < out->release_count; i++) {
        if (!bytes_equal(view(out->releases[i]->notice_hash), BYTES_OF(out->content_hash)))
            return false;
    }
    return true;
}

static bool release_names_fit(const struct opening *opening)
{
    const struct opened *out = opening->out;

    for (size_t i = 0; i < out->release_count; i++) {
        if (!is_id(out->releases[i]->releaser, opening->signers[i].releaser->id) ||
            !is_id(out->releases[i]->releaser_device, opening->signers[i].device->id))
            return false;
    }
    return true;
}

/* Only the device that every releaser named may send: else a held release could be fired from elsewhere. */
static bool release_sender_fits(const struct opening *opening)
{
    const struct opened *out = opening->out;

    for (size_t i = 0; i < out->release_count; i++) {
        if (!is_id(out->releases[i]->sender_device, out->sender_device->id))
            return false;
    }
    return true;
}

static bool release_senders_agree(const struct opening *opening)
{
    const struct opened *out = opening->out;

    for (size_t i = 1; i < out->release_count; i++) {
        if (!bytes_equal(view(out->releases[i]->sender_device),
                         view(out->releases[0]->sender_device)))
            return false;
    }
    return true;
}

static bool release_life_fits(const struct opening *opening)
{
    const struct opened *out = opening->out;

    for (size_t i = 0; i < out->release_count; i++) {
        int64_t life_ms = out->releases[i]->not_after_ms - out->releases[i]->released_ms;
        if (life_ms < 0 || life_ms > LIMIT_RELEASE_LIFE_MS)
            return false;
    }
    return true;
}

static const struct equality equalities[] = {
    {FOR_BOTH, ns_fits, "notice ns"},
    {FOR_BOTH, plane_fits, "notice plane"},
    {FOR_BOTH, author_fits, "author or draft device is not the signer"},
    {FOR_BOTH, sender_entity_fits, "sender entity"},
    {FOR_BOTH, sender_kind_fits, "sender kind"},
    {FOR_BOTH, precedence_fits, "precedence"},
    {FOR_BOTH, attachments_fit, "attachments"},
    {FOR_BOTH, form_fits, "fields of the notice contradict one another"},
    {FOR_NOTICE, we_are_addressed, "not addressed to us"},
    {FOR_DRAFT, draft_is_ours, "draft from another desk"},
    {FOR_NOTICE, release_count_fits, "number of releases"},
    {FOR_DRAFT, draft_release_count_fits, "number of releases"},
    {FOR_BOTH, release_places_fit, "release ns or plane"},
    {FOR_BOTH, release_hashes_fit, "release notice_hash"},
    {FOR_BOTH, release_names_fit, "releaser or his device is not the signer"},
    {FOR_NOTICE, release_sender_fits, "release sender_device"},
    {FOR_DRAFT, release_senders_agree, "release sender_device"},
    {FOR_BOTH, release_life_fits, "release not_after"},
    {FOR_BOTH, single_person_fits, "single person"},
    {FOR_BOTH, persons_are_distinct, "distinct persons"},
};

static int unrecognised(struct opening *opening, const char *detail)
{
    return opening_quarantine(opening, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT, detail);
}

static int parse_bodies(struct opening *opening)
{
    struct opened *out = opening->out;
    const Hotline__V1__SignedNotice *object = out->signed_notice;

    TRY(opening_parse(&hotline__v1__notice__descriptor, view(object->notice->body), &out->notice));
    for (size_t i = 0; i < object->n_releases && i < LIMIT_RELEASES; i++) {
        TRY(opening_parse(&hotline__v1__release__descriptor, view(object->releases[i]->body),
                          &out->releases[i]));
        out->release_count++;
    }
    return HL_OK;
}

static int check_body(struct opening *opening, unsigned kind)
{
    int result = parse_bodies(opening);

    if (result == HL_EFORMAT)
        return unrecognised(opening, "notice or release");
    TRY(result);
    for (size_t i = 0; i < sizeof(equalities) / sizeof(equalities[0]); i++) {
        const struct equality *equality = &equalities[i];
        if ((equality->kinds & kind) != 0 && !equality->holds(opening))
            return unrecognised(opening, equality->detail);
    }
    return STEP_NEXT;
}

int notice_body(struct opening *opening)
{
    return check_body(opening, FOR_NOTICE);
}

int draft_body(struct opening *opening)
{
    return check_body(opening, FOR_DRAFT);
}
