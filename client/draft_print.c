/* draft_print — a draft for people and scripts. */
#include "client/draft_print.h"

#include "base/text.h"
#include "client/form.h"
#include "client/json.h"
#include "client/ledger.h"
#include "client/notice_json.h"
#include "client/notice_print.h"

static const char *const states[] = {"UNSIGNED", "FOR RELEASE", "RETURNED", "SENT"};

static void add_visible(struct buf *to, const char *text)
{
    text_add_visible(to, bytes_text(text), false);
}

void draft_print_line(struct buf *to, const struct draft_view *draft)
{
    if (draft->notice->plane == HOTLINE__V1__PLANE__EXERCISE)
        buf_add_text(to, "EXERCISE ");
    buf_add_format(to, "%-12s %-11s %-9s ", draft->id, states[draft->state],
                   precedence_word((unsigned)draft->notice->precedence));
    add_visible(to, draft->notice->subject);
    buf_add_u8(to, '\n');
}

static void print_addressees(struct buf *to, const struct trust *trust,
                             const Hotline__V1__Notice *notice)
{
    for (size_t i = 0; i < notice->n_to; i++) {
        const Hotline__V1__Address *address = notice->to[i];
        char code[9] = "?";
        struct desk_id desk;

        if (ledger_desk_of(address->desk, &desk) == HL_OK)
            desk_format(trust, &desk, code);
        buf_add_format(to, "%-12s %s   %s\n", address->action ? "To" : "Information", code,
                       precedence_word((unsigned)address->precedence));
    }
}

static void print_officer(struct buf *to, const struct trust *trust, const char *label,
                          const uint8_t *entity, ProtobufCBinaryData officer)
{
    const struct cert *cert =
        officer.len == ID_BYTES ? trust_cert(trust, entity, officer.data) : NULL;

    buf_add_format(to, "%-12s ", label);
    add_visible(to, cert ? cert->role_label : "nobody yet");
    buf_add_u8(to, '\n');
}

static void print_persons(struct buf *to, const struct trust *trust, const struct draft_view *draft)
{
    const Hotline__V1__Notice *notice = draft->notice;
    const uint8_t *entity = notice->sender && notice->sender->entity.len == ID_BYTES
                                ? notice->sender->entity.data
                                : NULL;

    if (!entity)
        return; /* nobody has signed it */
    print_officer(to, trust, "Drafted by", entity, notice->author);
    for (size_t i = 0; i < draft->release_count; i++)
        print_officer(to, trust, "Released by", entity, draft->releases[i]->releaser);
    buf_add_format(to, "%-12s %u\n", "Persons", (unsigned)notice->persons);
}

void draft_print_whole(struct buf *to, const struct trust *trust, const struct draft_view *draft)
{
    const Hotline__V1__Notice *notice = draft->notice;

    if (notice->plane == HOTLINE__V1__PLANE__EXERCISE)
        buf_add_text(to, "EXERCISE EXERCISE EXERCISE\n");
    buf_add_format(to, "%-12s %s   %s   %s   %s\n", "Draft", draft->id, states[draft->state],
                   precedence_word((unsigned)notice->precedence),
                   plane_word((unsigned)notice->plane));
    print_addressees(to, trust, notice);
    print_persons(to, trust, draft);
    if (draft->remark) {
        buf_add_format(to, "%-12s ", "Returned");
        add_visible(to, draft->remark);
        buf_add_u8(to, '\n');
    }
    notice_print_content(to, trust, notice);
}

static void add_form(struct json *json, struct buf *to, const struct trust *trust,
                     const Hotline__V1__Notice *notice)
{
    AUTO_BUF form;

    buf_init(&form, (size_t)2 * FORM_BYTES_MAX);
    int err = form_write(trust, notice, &form);
    json_octets(json, "form", buf_bytes(&form));
    if (err != HL_OK && to->err == HL_OK)
        to->err = err; /* what is shown is shown whole */
}

void draft_json(struct buf *to, const struct trust *trust, const struct draft_view *draft,
                bool is_whole)
{
    struct json json;

    json_begin(&json, to);
    json_text(&json, "type", "draft");
    json_text(&json, "id", draft->id);
    json_text(&json, "state", states[draft->state]);
    json_text(&json, "plane", plane_word((unsigned)draft->notice->plane));
    json_text(&json, "precedence", precedence_word((unsigned)draft->notice->precedence));
    json_text(&json, "subject", draft->notice->subject);
    json_number(&json, "persons", draft->notice->persons);
    json_number(&json, "releases", (int64_t)draft->release_count);
    json_text(&json, "remark", draft->remark);
    if (is_whole)
        add_form(&json, to, trust, draft->notice);
    json_end(&json);
}
