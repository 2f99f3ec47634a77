/* cmd_draft — draft and show-form: a form becomes a notice signed by its author. */
#include <string.h>

#include "client/compose.h"
#include "client/draft.h"
#include "client/form.h"
#include "client/json.h"
#include "client/preview.h"

static int print_form_object(struct cli *cli, const char *type, const struct buf *form)
{
    AUTO_BUF text;
    struct json json;

    buf_init(&text, (size_t)8 * FORM_BYTES_MAX);
    json_begin(&json, &text);
    json_text(&json, "type", "form");
    json_text(&json, "notice_type", type);
    json_octets(&json, "form", buf_bytes(form));
    json_end(&json);
    return cli_print_buf(cli, &text);
}

int cmd_show_form(struct cli *cli, int argc, char **argv)
{
    uint32_t type = 0;
    AUTO_BUF form;

    buf_init(&form, FORM_BYTES_MAX);
    if (argc != 2)
        return cli_usage("show-form");
    if (form_word_parse(&hotline__v1__notice_type__descriptor, argv[1], &type) != HL_OK ||
        form_show((Hotline__V1__NoticeType)type, &form) == HL_EINVAL)
        return cli_fail(cli, EXIT_USAGE, "type",
                        "%s is not a type that this version writes; allowed: INC UPD RSP", argv[1]);
    if (cli->as_json && form.err == HL_OK)
        return print_form_object(cli, argv[1], &form);
    return cli_print_buf(cli, &form);
}

static int report(struct cli *cli, const Hotline__V1__Notice *notice, const char *id,
                  const uint8_t *hash)
{
    struct json json;

    if (!cli->as_json) {
        cli_print(cli, "%s drafted and signed by its author; ", id);
        if (notice->persons > 1)
            cli_print(cli, "another officer must release it: hotline release %s\n", id);
        else
            cli_print(cli, "release it: hotline release %s\n", id);
        return EXIT_DONE;
    }
    AUTO_BUF text;
    buf_init(&text, 4096);
    json_begin(&json, &text);
    json_text(&json, "type", "draft");
    json_text(&json, "id", id);
    json_hex(&json, "hash", BYTES(hash, HASH_BYTES));
    json_number(&json, "persons", notice->persons);
    json_end(&json);
    return cli_print_buf(cli, &text);
}

/* Takes the place of the draft that -e names. */
static int sign(struct cli *cli, const struct compose *compose, Hotline__V1__Notice *notice)
{
    const char *replaced = compose->edit;
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];

    if (compose->is_dry_run)
        return preview_notice(cli, notice, "drafted");
    int code = cli_unlock(cli, ROLE_BIT_COMPOSE);
    if (code != EXIT_DONE)
        return code;
    int err = replaced ? draft_replace(cli->desk, replaced, notice, id, hash)
                       : draft_sign(cli->desk, notice, id, hash);
    return err == HL_OK ? report(cli, notice, id, hash)
                        : cli_fail_err(cli, err, replaced ? replaced : "draft");
}

/* draft -e: the same notice with changes; the old draft is withdrawn, so its signatures are void. */
static int edit(struct cli *cli, const struct compose *compose)
{
    AUTO(draft_view) old = NULL;
    Hotline__V1__Notice *notice = NULL;

    int err = draft_get(cli->desk, compose->edit, &old);
    if (err != HL_OK)
        return cli_fail_err(cli, err, compose->edit);
    int code = compose_notice(cli, compose, old->notice, &notice);
    if (code != EXIT_DONE)
        return code;
    code = sign(cli, compose, notice);
    hotline__v1__notice__free_unpacked(notice, NULL);
    return code;
}

int cmd_draft(struct cli *cli, int argc, char **argv)
{
    struct compose compose;
    Hotline__V1__Notice *notice = NULL;

    if (compose_options("draft", argc, argv, &compose) != HL_OK)
        return EXIT_USAGE;
    if (compose.wait || compose.wait_s > 0)
        return cli_usage("draft"); /* nothing is sent that could be waited for */
    int code = compose_check(cli, &compose);
    if (code == EXIT_DONE)
        code = cli_open(cli);
    if (code != EXIT_DONE)
        return code;
    if (cli->identity->is_headless)
        return cli_unlock(cli, ROLE_BIT_COMPOSE); /* says why not */
    if (compose.edit)
        return edit(cli, &compose);
    if (!compose.form && compose.set_count == 0)
        return cli_usage("draft");
    code = compose_notice(cli, &compose, NULL, &notice);
    if (code != EXIT_DONE)
        return code;
    code = sign(cli, &compose, notice);
    hotline__v1__notice__free_unpacked(notice, NULL);
    return code;
}
