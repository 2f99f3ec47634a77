/* evidence_claims — what a verified bundle shows of its notices: sent, released; and the way of a whole judgement. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/evidence_parts.h"
#include "proto/schema.h"

#define REMARK_CUSTODY "no custody covers this deposit"
#define REMARK_REJECT  "a device rejected this deposit: it did not verify there"
#define REMARK_EXPIRED "the release had expired at the first custody"

struct verdict_claim *arbiter_claim(struct arbiter *arbiter, const char *claim,
                                    const struct deposit *deposit, const struct desk_id *by)
{
    struct verdict *verdict = arbiter->verdict;

    if (verdict->claim_count == VERDICT_CLAIMS_MAX) {
        (void)arbiter_fail(arbiter, deposit->item, "more claims than a verdict holds");
        return NULL;
    }
    struct verdict_claim *to = &verdict->claims[verdict->claim_count++];
    *to = (struct verdict_claim){.claim = claim,
                                 .plane = (unsigned)arbiter->manifest->plane,
                                 .by = *by,
                                 .basis = deposit->basis};
    memcpy(to->notice_hash, deposit->content_hash, HASH_BYTES);
    desk_format(arbiter->trust, by, to->by_text);
    return to;
}

void arbiter_remark(struct arbiter *arbiter, struct verdict_claim *claim, const char *detail)
{
    if (!claim->detail)
        claim->detail = detail;
    claim->result = VERDICT_VALID_WITH_REMARKS;
    if (arbiter->verdict->result == VERDICT_VALID)
        arbiter->verdict->result = VERDICT_VALID_WITH_REMARKS;
}

static unsigned count_devices(const struct opened *opened)
{
    const ProtobufCBinaryData *seen[LIMIT_RELEASES + 1] = {&opened->notice->draft_device};
    unsigned count = 1;

    for (size_t i = 0; i < opened->release_count; i++) {
        bool is_new = true;

        for (unsigned k = 0; k < count; k++)
            is_new = is_new && !bytes_equal(BYTES(seen[k]->data, seen[k]->len),
                                            BYTES(opened->releases[i]->releaser_device.data,
                                                  opened->releases[i]->releaser_device.len));
        if (is_new)
            seen[count++] = &opened->releases[i]->releaser_device;
    }
    return count;
}

static void claim_sent(struct arbiter *arbiter, const struct deposit *deposit,
                       struct verdict_claim *claim)
{
    const char *detail = !deposit->has_custody  ? REMARK_CUSTODY
                         : deposit->is_rejected ? REMARK_REJECT
                         : !deposit->opened     ? REMARK_TEXT
                                                : NULL;

    claim->at_ms = deposit->last_ms;
    if (detail)
        arbiter_remark(arbiter, claim, detail);
}

/* Without a text the class alone makes no notice: a draft to the own desk has it too, but no Link. */
static bool shows_notice(const struct deposit *deposit)
{
    return deposit->opened ? deposit->opened->kind == CONTENT_NOTICE
                           : deposit->is_content && deposit->has_content_hash;
}

/* Further deposits of the same notice. */
static unsigned count_reseals(const struct arbiter *arbiter, const struct deposit *deposit)
{
    unsigned count = 0;

    for (size_t i = 0; i < arbiter->deposit_count; i++) {
        const struct deposit *other = &arbiter->deposits[i];

        count += shows_notice(other) && !other->is_repeated &&
                 bytes_equal(BYTES_OF(other->content_hash), BYTES_OF(deposit->content_hash));
    }
    return count - 1; /* itself */
}

/* What is to be said about the release; NULL: nothing. */
static const char *release_remark(const struct deposit *deposit)
{
    const struct opened *opened = deposit->opened;

    if (opened->marks & (MARK_NOT_RELEASED_BY_SECOND_PERSON | MARK_MISSING_REASON))
        return "not released by a second person";
    if (opened->marks & MARK_RELEASE_TIME_DOES_NOT_FIT)
        return "release time does not fit: not released by a second person";
    /* Missed only if missed by the earliest stamp too. */
    if (deposit->has_custody &&
        (open_marks_time(opened, deposit->first_ms, false, deposit->first_ms) &
         MARK_RELEASE_EXPIRED))
        return REMARK_EXPIRED;
    return opened->marks & MARK_RELEASED_ON_ONE_TERMINAL ? "released on one terminal" : NULL;
}

static void claim_released(struct arbiter *arbiter, const struct deposit *deposit,
                           struct verdict_claim *claim)
{
    const struct opened *opened = deposit->opened;
    const char *detail = release_remark(deposit);

    claim->persons = opened->notice->persons;
    claim->devices = count_devices(opened);
    claim->reseals = count_reseals(arbiter, deposit);
    for (size_t i = 0; i < opened->release_count; i++) {
        if (opened->releases[i]->released_ms > claim->at_ms)
            claim->at_ms = opened->releases[i]->released_ms;
    }
    if (detail)
        arbiter_remark(arbiter, claim, detail);
}

/* The subject, and every authoritative text: with its language where there are several, for they need not say the same. */
static void write_text(struct buf *to, const Hotline__V1__Notice *notice)
{
    size_t count = 0;

    for (size_t i = 0; i < notice->n_text; i++)
        count += notice->text[i]->authoritative != 0;
    buf_add_text(to, notice->subject);
    buf_add_text(to, count == 0 ? "\n\n" : "");
    for (size_t i = 0; i < notice->n_text; i++) {
        const Hotline__V1__Text *text = notice->text[i];

        if (!text->authoritative)
            continue;
        buf_add_text(to, "\n\n");
        if (count > 1)
            buf_add_format(to, "[%s] ", text->lang);
        buf_add_text(to, text->body);
    }
    buf_add_u8(to, '\0');
}

/* Raw: whoever prints makes it visible. */
static int keep_text(struct arbiter *arbiter, const Hotline__V1__Notice *notice)
{
    struct verdict *verdict = arbiter->verdict;
    AUTO_BUF text;

    buf_init(&text, 2 * (size_t)LIMIT_PLAINTEXT);
    if (verdict->notice_count == sizeof(verdict->texts) / sizeof(verdict->texts[0]))
        return HL_OK;
    write_text(&text, notice);
    TRY(text.err);
    verdict->texts[verdict->notice_count] = strdup((const char *)text.data);
    return verdict->texts[verdict->notice_count++] ? HL_OK : HL_ENOMEM;
}

static bool is_known_already(const struct arbiter *arbiter, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct deposit *before = &arbiter->deposits[i];

        if (before->opened && before->opened->kind == CONTENT_NOTICE &&
            bytes_equal(BYTES_OF(before->content_hash),
                        BYTES_OF(arbiter->deposits[index].content_hash)))
            return true;
    }
    return false;
}

static int claim_notice(struct arbiter *arbiter, size_t index)
{
    const struct deposit *deposit = &arbiter->deposits[index];
    const struct opened *opened = deposit->opened;

    if (!shows_notice(deposit) || deposit->is_repeated)
        return HL_OK;
    struct verdict_claim *sent = arbiter_claim(arbiter, "sent", deposit, &deposit->sender);
    if (!sent)
        return HL_EVERIFY;
    claim_sent(arbiter, deposit, sent);
    desk_format(arbiter->trust, &deposit->sender, arbiter->verdict->from_text);
    if (!opened || is_known_already(arbiter, index))
        return HL_OK;
    struct verdict_claim *released = arbiter_claim(arbiter, "released", deposit, &deposit->sender);
    if (!released)
        return HL_EVERIFY;
    claim_released(arbiter, deposit, released);
    return keep_text(arbiter, opened->notice);
}

/* A notice to many desks is one deposit, and stands in the bundle once for each: it was sent once. Marked once for all: asked
 * again for every notice, it would make the work cubic. */
static void mark_repeated(struct arbiter *arbiter)
{
    for (size_t i = 1; i < arbiter->deposit_count; i++) {
        struct deposit *deposit = &arbiter->deposits[i];

        for (size_t k = 0; k < i && !deposit->is_repeated; k++)
            deposit->is_repeated = bytes_equal(BYTES_OF(arbiter->deposits[k].deposit_hash),
                                               BYTES_OF(deposit->deposit_hash)) &&
                                   shows_notice(&arbiter->deposits[k]);
    }
}

int arbiter_claims(struct arbiter *arbiter)
{
    mark_repeated(arbiter);
    for (size_t i = 0; i < arbiter->deposit_count; i++)
        TRY(claim_notice(arbiter, i));
    return HL_OK;
}

static void arbiter_done(struct arbiter *arbiter)
{
    for (size_t i = 0; i < arbiter->deposit_count; i++)
        opened_free(arbiter->deposits[i].opened);
    if (arbiter->manifest)
        hotline__v1__bundle_manifest__free_unpacked(arbiter->manifest, NULL);
    if (arbiter->manifest_object)
        hotline__v1__signed__free_unpacked(arbiter->manifest_object, NULL);
    trust_free(arbiter->trust);
    free(arbiter->deposits);
    free(arbiter->items);
}

static int judge(struct arbiter *arbiter, struct bytes bundle)
{
    TRY(arbiter_read(arbiter, bundle));
    TRY(arbiter_trust(arbiter));
    TRY(arbiter_deposits(arbiter));
    TRY(arbiter_rejects(arbiter));
    TRY(arbiter_claims(arbiter));
    return arbiter_receipts(arbiter);
}

int evidence_verify(const struct suite *suite, struct bytes bundle, const uint8_t *pinned_root,
                    int64_t now_ms, struct verdict **ret_verdict)
{
    struct verdict *verdict = calloc(1, sizeof(*verdict));
    struct arbiter *arbiter = calloc(1, sizeof(*arbiter));
    int err = verdict && arbiter ? HL_OK : HL_ENOMEM;

    if (err == HL_OK) {
        *arbiter = (struct arbiter){
            .suite = suite, .pinned_root = pinned_root, .now_ms = now_ms, .verdict = verdict};
        arbiter->items = calloc(BUNDLE_RECORDS_MAX + 1, sizeof(arbiter->items[0]));
        err = arbiter->items ? judge(arbiter, bundle) : HL_ENOMEM;
        if (err != HL_ENOMEM && arbiter_mark(arbiter) == HL_ENOMEM)
            err = HL_ENOMEM;
        arbiter_done(arbiter);
    }
    free(arbiter);
    if (err == HL_ENOMEM) {
        verdict_free(verdict);
        return err;
    }
    if (err != HL_OK) {
        verdict->result = VERDICT_INVALID;
        verdict->claim_count = 0; /* nothing half shown */
        verdict->notice_count = 0;
    }
    *ret_verdict = verdict;
    return HL_OK;
}

void verdict_free(struct verdict *verdict)
{
    if (!verdict)
        return;
    for (size_t i = 0; i < sizeof(verdict->texts) / sizeof(verdict->texts[0]); i++)
        free(verdict->texts[i]);
    free(verdict);
}
