/* notice_print — a notice for people. */
#include "client/notice_print.h"

#include <string.h>

#include "base/text.h"
#include "client/form.h"
#include "client/notice_json.h"

static void add_visible(struct buf *to, const char *text)
{
    text_add_visible(to, bytes_text(text), false);
}

/* The most telling status of a line: the addressee that is furthest behind. */
static const char *line_status(const struct notice_view *view)
{
    const struct addressee_view *behind = NULL;

    for (size_t i = 0; i < view->addressee_count; i++) {
        if (!behind || view->addressees[i].state < behind->state)
            behind = &view->addressees[i];
    }
    return behind ? behind->status : "";
}

void notice_print_line(struct buf *to, const struct notice_view *view)
{
    const Hotline__V1__Notice *notice = view->notice;
    const char *type =
        notice ? form_word(&hotline__v1__notice_type__descriptor, (uint32_t)notice->type) : NULL;
    const char *peer = view->direction == NOTICE_IN || view->addressee_count == 0
                           ? view->from_text
                           : view->addressees[0].address;

    if (view->plane == HOTLINE__V1__PLANE__EXERCISE)
        buf_add_text(to, "EXERCISE ");
    buf_add_format(to, "%-12s %-3s %-9s %-4s %s%s  ", view->id,
                   view->direction == NOTICE_IN ? "in" : "out", precedence_word(view->precedence),
                   type ? type : "?", peer,
                   view->addressee_count > 1 && view->direction == NOTICE_OUT ? "+" : " ");
    add_visible(to, notice ? notice->subject : "(no text on this terminal)");
    const char *status = line_status(view);
    if (status[0]) {
        buf_add_text(to, "  [");
        add_visible(to, status); /* the role in it stands in another State's roster */
        buf_add_text(to, "]");
    }
    for (unsigned bit = 0; bit < NOTICE_FLAG_COUNT; bit++) {
        if (view->flags & 1U << bit)
            buf_add_format(to, " %s", notice_flag_name(bit));
    }
    buf_add_u8(to, '\n');
}

static void print_single_person(struct buf *to, const struct notice_view *view)
{
    buf_add_text(to, "NOT RELEASED BY A SECOND PERSON \xe2\x80\x93 CONFIRM BY VOICE");
    for (size_t i = 0; i < view->release_count; i++) {
        if (view->releases[i]->reason[0])
            buf_add_text(to, ": ");
        add_visible(to, view->releases[i]->reason);
    }
    buf_add_u8(to, '\n');
}

/* What must stand in the first line, above everything else. */
static void print_warnings(struct buf *to, const struct notice_view *view)
{
    if (view->flags & NOTICE_NOT_SECOND_PERSON)
        print_single_person(to, view);
    for (unsigned bit = 0; bit < NOTICE_FLAG_COUNT; bit++) {
        if ((view->flags & 1U << bit) && (1U << bit) != NOTICE_NOT_SECOND_PERSON)
            buf_add_format(to, "! %s\n", notice_flag_name(bit));
    }
}

static void print_word(struct buf *to, const char *label, const ProtobufCEnumDescriptor *type,
                       uint32_t value)
{
    const char *word = form_word(type, value);

    if (value == 0)
        return;
    if (word)
        buf_add_format(to, "%-12s %s\n", label, word);
    else
        buf_add_format(to, "%-12s %u (a number this program does not know)\n", label, value);
}

static void print_persons(struct buf *to, const struct trust *trust, const struct notice_view *view)
{
    const Hotline__V1__Notice *notice = view->notice;
    const struct cert *author = trust_cert(trust, view->from.entity, notice->author.data);

    buf_add_format(to, "%-12s ", "Drafted by");
    add_visible(to, author ? author->role_label : "unknown officer");
    buf_add_format(to, " of %s\n", view->from_text);
    for (size_t i = 0; i < view->release_count; i++) {
        const struct cert *releaser =
            trust_cert(trust, view->from.entity, view->releases[i]->releaser.data);
        char at[TIME_TEXT_SIZE];

        time_format(view->releases[i]->released_ms, at);
        buf_add_format(to, "%-12s ", "Released by");
        add_visible(to, releaser ? releaser->role_label : "unknown officer");
        buf_add_format(to, " of %s at %s\n", view->from_text, at);
    }
}

static void print_fields(struct buf *to, const struct trust *trust,
                         const Hotline__V1__Notice *notice)
{
    AUTO_BUF form;

    buf_init(&form, (size_t)2 * FORM_BYTES_MAX);
    int err = form_write(trust, notice, &form);
    if (err == HL_ENOMEM && to->err == HL_OK)
        to->err = err; /* what is shown is shown whole */
    if (err != HL_OK)
        return;
    const uint8_t *stop = form.len ? memmem(form.data, form.len, "\n\n", 2) : NULL;
    size_t len = stop ? (size_t)(stop - form.data) + 1 : form.len;
    buf_add_u8(to, '\n');
    text_add_visible(to, BYTES(form.data, len), true);
}

static void print_texts(struct buf *to, const Hotline__V1__Notice *notice)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < notice->n_text; i++) {
            const Hotline__V1__Text *text = notice->text[i];

            if ((text->authoritative != 0) != (pass == 0))
                continue;
            buf_add_format(to, "\n%s, language ",
                           text->authoritative ? "Authoritative text" : "Other text");
            add_visible(to, text->lang);
            buf_add_text(to, ":\n");
            text_add_visible(to, bytes_text(text->body), true);
            buf_add_u8(to, '\n');
        }
    }
}

void notice_print_content(struct buf *to, const struct trust *trust,
                          const Hotline__V1__Notice *notice)
{
    print_word(to, "Type", &hotline__v1__notice_type__descriptor, (uint32_t)notice->type);
    print_word(to, "TLP", &hotline__v1__tlp__descriptor, (uint32_t)notice->tlp);
    buf_add_format(to, "%-12s ", "Subject");
    add_visible(to, notice->subject);
    buf_add_u8(to, '\n');
    print_fields(to, trust, notice);
    print_texts(to, notice);
}

void notice_print_whole(struct buf *to, const struct trust *trust, const struct notice_view *view)
{
    const Hotline__V1__Notice *notice = view->notice;
    char at[TIME_TEXT_SIZE];

    print_warnings(to, view);
    if (view->plane == HOTLINE__V1__PLANE__EXERCISE)
        buf_add_text(to, "EXERCISE EXERCISE EXERCISE\n");
    time_format(view->first_seen_ms, at);
    buf_add_format(to, "%-12s %s   %s   %s\n", "Notice", view->id,
                   precedence_word(view->precedence), plane_word(view->plane));
    buf_add_format(to, "%-12s %s\n", "From", view->from_text);
    for (size_t i = 0; i < view->addressee_count; i++) {
        const struct addressee_view *addressee = &view->addressees[i];

        buf_add_format(to, "%-12s %s%s%s\n", addressee->is_action ? "To" : "Information",
                       addressee->address, addressee->serial[0] ? "   serial " : "",
                       addressee->serial);
    }
    buf_add_format(to, "%-12s %s\n", view->direction == NOTICE_IN ? "Arrived" : "Stored", at);
    buf_add_format(to, "%-12s %s\n", "Verified",
                   view->is_verified ? "all signatures, seals and equalities" : "NO");
    if (!notice) {
        buf_add_text(to, "This terminal holds no text of it.\n");
        return;
    }
    print_persons(to, trust, view);
    notice_print_content(to, trust, notice);
}

static void print_time(struct buf *to, const char *label, int64_t at_ms)
{
    char at[TIME_TEXT_SIZE];

    time_format(at_ms, at);
    buf_add_format(to, "    %-14s %s\n", label, at_ms ? at : "not yet");
}

/* A word about an addressee, where there is one. */
static void print_answer(struct buf *to, const char *label, const ProtobufCEnumDescriptor *type,
                         uint32_t value)
{
    const char *word = form_word(type, value);

    if (value != 0)
        buf_add_format(to, "    %-14s %s\n", label,
                       word ? word : "(a number this program does not know)");
}

static void print_addressee(struct buf *to, const struct addressee_view *addressee)
{
    buf_add_format(to, "  %s  ", addressee->address);
    add_visible(to, addressee->status);
    buf_add_format(to, "  %s\n", addressee->serial);
    print_time(to, "delivered", addressee->delivered_ms);
    print_time(to, "opened", addressee->opened_ms);
    print_time(to, "acknowledged", addressee->acknowledged_ms);
    print_answer(to, "disposition", &hotline__v1__disposition__descriptor, addressee->disposition);
    if (addressee->refused_ms != 0)
        print_time(to, "refused", addressee->refused_ms);
    print_answer(to, "reason", &hotline__v1__reason__descriptor, addressee->refused_reason);
    print_answer(to, "not delivered", &hotline__v1__reason__descriptor, addressee->nondelivered);
}

static void print_refusals(struct buf *to, const struct notice_view *view)
{
    for (size_t i = 0; i < view->refusal_count; i++) {
        char at[TIME_TEXT_SIZE];

        time_format(view->refusals[i].again_ms, at);
        buf_add_format(to, "  not taken by relay %s: %s; %s%s\n", view->refusals[i].relay,
                       view->refusals[i].why,
                       view->refusals[i].again_ms ? "tried again from " : "it is not tried again",
                       view->refusals[i].again_ms ? at : "");
    }
}

void notice_print_status(struct buf *to, const struct notice_view *view)
{
    char at[TIME_TEXT_SIZE];

    notice_print_line(to, view);
    for (size_t i = 0; i < view->custody_count; i++) {
        time_format(view->custody[i].received_ms, at);
        buf_add_format(to, "  held by relay %s since %s%s\n", view->custody[i].relay, at,
                       view->custody[i].is_clock_off ? " (its clock is off)" : "");
    }
    if (view->custody_count == 0)
        buf_add_text(to, "  no relay holds it\n");
    print_refusals(to, view);
    for (size_t i = 0; i < view->addressee_count; i++)
        print_addressee(to, &view->addressees[i]);
    time_format(view->t0_ms, at);
    buf_add_format(to, "  clocks run from %s (%s)\n", at, view->t0_basis ? view->t0_basis : "NONE");
}
