/* open_notice — steps 11, 13 and 14 of notices and drafts: who signed, the Link, what the screen must say. */
#include <string.h>

#include "proto/open_steps.h"

#define RELEASE_BEFORE_MS (300LL * 1000)
#define RELEASE_AFTER_MS  (7LL * 24 * 3600 * 1000)
#define EXPIRED_GRACE_MS  (3600LL * 1000)

/* Two signatures over one body: an officer with a role, then the desk device he works at. */
struct pair {
    const Hotline__V1__Signed *object;
    const char *label;
    uint32_t role;
    const char *officer_role, *officer_sig, *device_role, *device_sig; /* details for the log */
};

static int invalid(struct opening *opening, const char *detail)
{
    return opening_quarantine(opening, HOTLINE__V1__REASON__SIGNATURE_INVALID, detail);
}

static bool is_officer(const struct cert *cert, uint32_t role)
{
    return cert->kind == HOTLINE__V1__CERT_KIND__CERT_OFFICER && (cert->roles & role) != 0;
}

static bool is_desk_device(const struct cert *cert)
{
    return cert->kind == HOTLINE__V1__CERT_KIND__CERT_DEVICE && (cert->roles & ROLE_BIT_DESK) != 0;
}

static int check_sig(struct opening *opening, const struct pair *pair, size_t index,
                     const struct cert *cert, const char *detail)
{
    int result =
        sign_check_at(opening->context->suite, pair->object, index, pair->label, cert->sign_pk);

    return result == HL_EVERIFY ? invalid(opening, detail) : result;
}

static int check_pair(struct opening *opening, const struct pair *pair,
                      const struct cert **ret_officer, const struct cert **ret_device)
{
    if (pair->object->n_sigs != 2)
        return invalid(opening, "two signatures");
    const struct cert *officer = opening_cert(opening, pair->object->sigs[0]->key_id);
    const struct cert *device = opening_cert(opening, pair->object->sigs[1]->key_id);
    if (!officer || !device)
        return opening_quarantine(opening, HOTLINE__V1__REASON__UNKNOWN_SENDER,
                                  "signer not in the roster");
    if (!is_officer(officer, pair->role))
        return invalid(opening, pair->officer_role);
    if (!is_desk_device(device))
        return invalid(opening, pair->device_role);
    TRY(check_sig(opening, pair, 0, officer, pair->officer_sig));
    TRY(check_sig(opening, pair, 1, device, pair->device_sig));
    *ret_officer = officer;
    *ret_device = device;
    return STEP_NEXT;
}

int notice_signatures(struct opening *opening)
{
    struct opened *out = opening->out;
    const Hotline__V1__SignedNotice *object = out->signed_notice;
    unsigned plane = (unsigned)out->facts.header->plane;
    const struct pair notice = {
        object->notice,     label_of(LABEL_NOTICE, plane), ROLE_BIT_COMPOSE,        "author role",
        "author signature", "draft device role",           "draft device signature"};

    TRY(check_pair(opening, &notice, &opening->author, &opening->draft_device));
    for (size_t i = 0; i < object->n_releases && i < LIMIT_RELEASES; i++) {
        const struct pair release = {object->releases[i],        label_of(LABEL_RELEASE, plane),
                                     ROLE_BIT_RELEASE,           "releaser role",
                                     "releaser signature",       "releaser device role",
                                     "releaser device signature"};
        TRY(check_pair(opening, &release, &opening->signers[i].releaser,
                       &opening->signers[i].device));
    }
    label_hash1(notice.label, view(object->notice->body), out->content_hash);
    return STEP_NEXT;
}

static int verify_link(struct opening *opening)
{
    struct opened *out = opening->out;
    struct link link = {.ns = opening->context->trust->ns,
                        .plane = (unsigned)out->facts.header->plane,
                        .recipient = opening->context->own_desk,
                        .seq = get_u64be(opening->slot_plain + 32)};

    memcpy(link.content_hash, out->content_hash, HASH_BYTES);
    memcpy(link.sender_device, out->sender_device->id, ID_BYTES);
    memcpy(link.prev, opening->slot_plain + 40, HASH_BYTES);
    int result = link_verify(opening->context->suite, out->sender_device->sign_pk, &link,
                             opening->slot_plain + 72, out->link_hash);
    if (result == HL_EVERIFY)
        return invalid(opening, "link signature");
    TRY(result);
    out->seq = link.seq;
    memcpy(out->prev, link.prev, HASH_BYTES);
    memcpy(out->link_sig, opening->slot_plain + 72, SIG_BYTES);
    return STEP_NEXT;
}

/* The order of the numbers is the desk's to judge (struct stream): no verified notice is dropped for its number. */
int notice_link(struct opening *opening)
{
    if (!opening
             ->slot_plain) /* an arbiter has no slot key: evidence carries the Link as a record of its own */
        return STEP_NEXT;
    if (!opening_is_own_copy(opening))
        return verify_link(opening);
    if (!bytes_all_zero(BYTES(opening->slot_plain + 32, 104)))
        return opening_quarantine(opening, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT,
                                  "link in an own-desk slot");
    return STEP_NEXT;
}

/* Person rules come from the sender's roster. */
static uint32_t person_marks(const struct opened *out, const struct roster *roster)
{
    const Hotline__V1__Notice *notice = out->notice;
    bool is_above_max =
        notice->persons == 1 && (uint32_t)notice->precedence > roster->single_person_max;
    uint32_t marks = 0;

    if (notice->persons < roster->release_min[notice->precedence] || is_above_max)
        marks |= MARK_NOT_RELEASED_BY_SECOND_PERSON;
    if (is_above_max && out->releases[0]->reason[0] == '\0')
        marks |= MARK_MISSING_REASON;
    return marks;
}

/* Distinct among draft device and releaser devices. */
static size_t count_devices(const struct opening *opening)
{
    size_t count = 1;

    for (size_t i = 0; i < opening->out->release_count; i++) {
        const struct cert *device = opening->signers[i].device;
        bool is_new = device != opening->draft_device;
        for (size_t j = 0; j < i; j++)
            is_new = is_new && device != opening->signers[j].device;
        count += is_new ? 1 : 0;
    }
    return count;
}

static uint32_t time_marks(const struct opened *out)
{
    int64_t drafted_ms = out->notice->drafted_ms;

    for (size_t i = 0; i < out->release_count; i++) {
        int64_t released_ms = out->releases[i]->released_ms;
        if (released_ms < drafted_ms - RELEASE_BEFORE_MS ||
            released_ms > drafted_ms + RELEASE_AFTER_MS)
            return MARK_RELEASE_TIME_DOES_NOT_FIT | MARK_NOT_RELEASED_BY_SECOND_PERSON;
    }
    return 0;
}

int notice_policy(struct opening *opening)
{
    struct opened *out = opening->out;
    const struct entity *sender = trust_entity(opening->context->trust, out->sender.entity);
    const struct roster *roster = sender ? sender->roster : NULL;

    out->marks |= time_marks(out);
    if (out->notice->plane == HOTLINE__V1__PLANE__EXERCISE)
        out->marks |= MARK_EXERCISE_NO_WINDOW; /* windows are of a later version */
    if (!roster) /* cannot be: the sender's certificate came from it */
        return STEP_NEXT;
    out->marks |= person_marks(out, roster);
    if (out->notice->precedence >= HOTLINE__V1__PRECEDENCE__IMMEDIATE &&
        count_devices(opening) < roster->release_devices_min)
        out->marks |= MARK_RELEASED_ON_ONE_TERMINAL;
    return STEP_NEXT;
}

uint32_t open_marks_time(const struct opened *opened, int64_t t0_ms, bool one_operator,
                         int64_t first_seen_ms)
{
    int64_t start_ms = t0_ms != 0 ? t0_ms : first_seen_ms;

    for (size_t i = 0; i < opened->release_count; i++) {
        int64_t not_after_ms = opened->releases[i]->not_after_ms;
        if (start_ms > not_after_ms)
            return MARK_RELEASE_EXPIRED;
        /* A thief with one relay could backdate. */
        if (one_operator && first_seen_ms > not_after_ms + EXPIRED_GRACE_MS)
            return MARK_RELEASE_EXPIRED;
    }
    return 0;
}
