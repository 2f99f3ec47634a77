/* preview — the form of a notice that nobody has signed, safe to look at. */
#include "client/preview.h"

#include "base/text.h"
#include "client/draft.h"
#include "client/json.h"
#include "client/notice_json.h"

static void add_json(struct buf *to, const Hotline__V1__Notice *notice, struct bytes form)
{
    struct json json;

    json_begin(&json, to);
    json_text(&json, "type", "preview");
    json_text(&json, "plane", plane_word((unsigned)notice->plane));
    json_text(&json, "exercise", notice->exercise_name[0] ? notice->exercise_name : NULL);
    json_number(&json, "persons", notice->persons);
    json_octets(&json, "form", form);
    json_end(&json);
}

static void add_text(struct buf *to, const Hotline__V1__Notice *notice, const char *deed,
                     struct bytes form)
{
    buf_add_format(to, "would be %s (nothing was signed), %s", deed,
                   plane_word((unsigned)notice->plane));
    if (notice->exercise_name[0]) {
        buf_add_u8(to, ' ');
        text_add_visible(to, bytes_text(notice->exercise_name), false);
    }
    buf_add_text(to, ":\n");
    text_add_visible(to, form, true);
}

int preview_notice(struct cli *cli, Hotline__V1__Notice *notice, const char *deed)
{
    AUTO_BUF form;
    AUTO_BUF text;

    buf_init(&form, (size_t)2 * FORM_BYTES_MAX);
    buf_init(&text, (size_t)16 * FORM_BYTES_MAX);
    int err = draft_check(cli->desk, notice);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "notice");
    err = form_write(cli->trust, notice, &form);
    if (err == HL_ENOMEM)
        return cli_fail_err(cli, err, "notice");
    if (err != HL_OK)
        return cli_fail(cli, EXIT_INTERNAL, "internal",
                        "the notice cannot be shown; nothing was signed or sent");
    if (cli->as_json)
        add_json(&text, notice, buf_bytes(&form));
    else
        add_text(&text, notice, deed, buf_bytes(&form));
    return cli_print_buf(cli, &text);
}
