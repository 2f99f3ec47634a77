/* cmd_send — send and reply: draft and release in one step, where policy lets one person do it. */
#include <stdio.h>
#include <string.h>

#include "client/compose.h"
#include "client/confirm.h"
#include "client/dispatch_notice.h"
#include "client/draft_print.h"
#include "client/form.h"
#include "client/preview.h"
#include "client/query.h"

/* One person may release up to the roster's limit; above it the draft is kept for a second officer. */
static int check_persons(struct cli *cli, const struct compose *compose,
                         const Hotline__V1__Notice *notice)
{
    const struct entity *state = trust_entity(cli->trust, cli->identity->desk.entity);
    unsigned least = state && state->roster && notice->precedence >= 1 && notice->precedence <= 4
                         ? state->roster->release_min[notice->precedence]
                         : 2;

    if (least < 2 || compose->single_person)
        return EXIT_DONE;
    return cli_fail(cli, EXIT_PERMISSION, "two_persons",
                    "%s needs %u persons; nothing was signed or sent: use `hotline draft`, then "
                    "another officer's `hotline release ID`; alone only with --single-person "
                    "REASON, and the receiver is told",
                    form_word(&hotline__v1__precedence__descriptor, (uint32_t)notice->precedence),
                    least);
}

/* On a terminal it is shown as its readers will see it, and confirmed. */
static int look(struct cli *cli, const struct compose *compose, Hotline__V1__Notice *notice)
{
    const struct draft_view draft = {.id = "not signed", .state = DRAFT_UNSIGNED, .notice = notice};
    AUTO_BUF review;

    buf_init(&review, (size_t)2 << 20);
    draft_print_whole(&review, cli->trust, &draft);
    return confirm_notice(cli, &review, notice, compose->confirm);
}

/* A draft whose release failed stands among the drafts: the officer must not write it a second time. */
static int tell_kept(struct cli *cli, const char *id, int code)
{
    AUTO(draft_view) view = NULL;

    if (draft_get(cli->desk, id, &view) != HL_OK || view->state != DRAFT_FOR_RELEASE)
        return code; /* it is on its way, and that was told */
    return cli_fail(cli, (enum exit_code)code, "draft_kept",
                    "%s: signed and kept as a draft, not sent; `hotline release %s` sends it, "
                    "`hotline return %s -m WHY` takes it back",
                    id, id, id);
}

static int send_notice(struct cli *cli, const struct compose *compose, Hotline__V1__Notice *notice)
{
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    enum online_layer layer = LAYER_CUSTODY;

    if (compose->wait && online_layer_parse(compose->wait, &layer) != HL_OK)
        return cli_fail(
            cli, EXIT_USAGE, "usage",
            "--wait takes custody, delivered, opened, acknowledged or answered; nothing was sent");
    int code = check_persons(cli, compose, notice);
    if (code == EXIT_DONE && compose->is_dry_run)
        return preview_notice(cli, notice, "sent");
    if (code == EXIT_DONE)
        code = look(cli, compose, notice);
    if (code == EXIT_DONE)
        code = cli_unlock(cli, ROLE_BIT_COMPOSE);
    if (code == EXIT_DONE && identity_check_officer(cli->identity, ROLE_BIT_RELEASE) != HL_OK)
        code = cli_fail(cli, EXIT_PERMISSION, "role",
                        "this officer may not release; nothing was sent, use `hotline draft`");
    if (code != EXIT_DONE)
        return code;
    notice->persons = 1;
    int err = draft_sign(cli->desk, notice, id, hash);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "notice");
    const struct release_options options = {.reason = compose->single_person, .seen = hash};
    code = dispatch_notice(cli, id, &options, layer, compose->wait_s * 1000);
    return code == EXIT_DONE ? code : tell_kept(cli, id, code);
}

static int run(struct cli *cli, const struct compose *compose)
{
    Hotline__V1__Notice *notice = NULL;

    int code = compose_notice(cli, compose, NULL, &notice);
    if (code != EXIT_DONE)
        return code;
    code = send_notice(cli, compose, notice);
    hotline__v1__notice__free_unpacked(notice, NULL);
    return code;
}

static int check_options(struct cli *cli, const struct compose *compose)
{
    if (compose->edit)
        return cli_fail(cli, EXIT_USAGE, "usage",
                        "-e changes a draft and is an option of `hotline draft`; nothing was sent");
    return compose_check(cli, compose);
}

int cmd_send(struct cli *cli, int argc, char **argv)
{
    struct compose compose;

    if (compose_options("send", argc, argv, &compose) != HL_OK)
        return EXIT_USAGE;
    int code = check_options(cli, &compose);
    if (code == EXIT_DONE)
        code = cli_open(cli);
    if (code == EXIT_DONE && cli->identity->is_headless)
        code = cli_unlock(cli, ROLE_BIT_COMPOSE); /* says why not */
    return code == EXIT_DONE ? run(cli, &compose) : code;
}

/* What a reply takes from the notice it answers: its sender as addressee, its matter, its plane, at least PRIORITY as asked. */
static int inherit(struct cli *cli, const char *id, struct compose *compose, char *to,
                   size_t to_size)
{
    AUTO(notice_view) view = NULL;
    uint8_t hash[HASH_BYTES];

    int code = cli_notice(cli, id, hash, &view);
    if (code != EXIT_DONE)
        return code;
    if (view->direction != NOTICE_IN)
        return cli_fail(cli, EXIT_USAGE, "own_notice", "%s is our own notice; nothing was sent",
                        id);
    if (!view->notice)
        return cli_fail(cli, EXIT_PERMISSION, "no_text",
                        "%s: this terminal holds no text of it; nothing was sent, reply at another "
                        "terminal of the desk",
                        id);
    (void)snprintf(to, to_size, "%s", view->from_text);
    if (compose->to_count == 0)
        compose->to[compose->to_count++] = to;
    if (!compose->type)
        compose->type = "RSP";
    if (!compose->precedence)
        compose->precedence = view->precedence > 2 ? "PRIORITY"
                                                   : form_word(&hotline__v1__precedence__descriptor,
                                                               view->precedence);
    if (view->notice->plane == HOTLINE__V1__PLANE__EXERCISE && !compose->exercise) {
        compose->exercise = strdup(view->notice->exercise_name); /* lives until the program ends */
        if (!compose->exercise)
            return cli_fail_err(cli, HL_ENOMEM, id); /* without a name it would go out live */
    }
    compose->reply_to = id;
    return EXIT_DONE;
}

int cmd_reply(struct cli *cli, int argc, char **argv)
{
    struct compose compose;
    char to[9];

    if (argc < 2 || argv[1][0] == '-')
        return cli_usage("reply");
    const char *id = argv[1];
    if (compose_options("reply", argc - 1, argv + 1, &compose) != HL_OK)
        return EXIT_USAGE;
    int code = check_options(cli, &compose);
    if (code == EXIT_DONE)
        code = cli_open(cli);
    if (code == EXIT_DONE && cli->identity->is_headless)
        code = cli_unlock(cli, ROLE_BIT_COMPOSE);
    if (code == EXIT_DONE)
        code = inherit(cli, id, &compose, to, sizeof(to));
    return code == EXIT_DONE ? run(cli, &compose) : code;
}
