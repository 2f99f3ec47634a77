/* cmd_read — open a notice: its text, OPENED once, then the check word. */
#include <getopt.h>
#include <string.h>

#include "client/answer.h"
#include "client/draft_print.h"
#include "client/notice_json.h"
#include "client/notice_print.h"
#include "client/online.h"

#define FETCH_MS 4000
#define FLUSH_MS 5000

static int show(struct cli *cli, const struct notice_view *view, bool is_peek)
{
    AUTO_BUF text;

    buf_init(&text, (size_t)8 << 20);
    bool shows_word = !is_peek && view->direction == NOTICE_IN;
    if (cli->as_json) {
        notice_json(&text, cli->trust, view, shows_word);
    } else {
        notice_print_whole(&text, cli->trust, view);
        if (is_peek)
            buf_add_text(&text,
                         view->is_opened_here
                             ? "\nOPENED before at this terminal; nothing was sent now, the "
                               "check word is not shown.\n"
                             : "\nNOT OPENED: nothing was sent, the check word is not shown.\n");
        else if (shows_word && view->notice)
            buf_add_format(
                &text, "\nCheck word: %s   acknowledge receipt: hotline ack %s --check-word %s\n",
                view->notice->check_word, view->id, view->notice->check_word);
    }
    return cli_print_buf(cli, &text);
}

/* OPENED is signed and durable before the text is on the screen, so that the screen never knows more than the record. */
static int say_opened(struct cli *cli, const struct notice_view *view, const uint8_t *hash)
{
    AUTO(answer) answer = NULL;

    if (view->direction != NOTICE_IN || view->is_own_copy)
        return EXIT_DONE;
    if (cli->identity->is_headless)
        return cli_fail(cli, EXIT_PERMISSION, "headless",
                        "this desk profile holds no officer key; nothing was opened, --peek shows "
                        "the notice without saying so");
    int err = answer_open(cli->desk, hash, &answer);
    return err == HL_OK ? EXIT_DONE : cli_fail_err(cli, err, view->id);
}

struct read_options {
    bool is_peek, is_offline;
    const char *id;
};

static bool read_options(int argc, char **argv, struct read_options *options)
{
    static const struct option list[] = {
        {"peek", no_argument, NULL, 'p'}, {"offline", no_argument, NULL, 'x'}, {NULL, 0, NULL, 0}};
    int option = 0;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == '?')
            return false;
        options->is_peek = options->is_peek || option == 'p';
        options->is_offline = options->is_offline || option == 'x';
    }
    options->id = optind + 1 == argc ? argv[optind] : NULL;
    return options->id != NULL;
}

/* May its text be shown here at all? */
static int check_readable(struct cli *cli, const struct notice_view *view)
{
    if (view->flags & NOTICE_QUARANTINED)
        return cli_fail(cli, EXIT_VERIFY, "quarantined",
                        "%s is quarantined: it did not verify; its text is not shown, it is on the "
                        "security list",
                        view->id);
    if (!view->notice)
        return cli_fail(
            cli, EXIT_PERMISSION, "no_text",
            "%s: this terminal holds no text of it; open it at another terminal of the desk",
            view->id);
    return EXIT_DONE;
}

/* What is shown is the notice as it stands after OPENED. */
static int open_and_show(struct cli *cli, const struct read_options *options, const uint8_t *hash)
{
    AUTO(notice_view) view = NULL;

    int err = query_notice(cli->desk, hash, &view);
    return err == HL_OK ? show(cli, view, options->is_peek) : cli_fail_err(cli, err, options->id);
}

static int read_notice(struct cli *cli, const struct read_options *options, const uint8_t *hash)
{
    AUTO(notice_view) view = NULL;

    int err = query_notice(cli->desk, hash, &view);
    if (err != HL_OK)
        return cli_fail_err(cli, err, options->id);
    int code = check_readable(cli, view);
    if (code == EXIT_DONE && !options->is_peek)
        code = say_opened(cli, view, hash);
    if (code == EXIT_DONE)
        code = open_and_show(cli, options, hash);
    if (code == EXIT_DONE && !options->is_peek && !options->is_offline)
        (void)online_flush(cli, FLUSH_MS); /* else the next command that connects sends it */
    return code;
}

static int show_draft(struct cli *cli, const struct draft_view *draft)
{
    AUTO_BUF text;

    buf_init(&text, (size_t)8 << 20);
    if (cli->as_json)
        draft_json(&text, cli->trust, draft, true);
    else
        draft_print_whole(&text, cli->trust, draft);
    return cli_print_buf(cli, &text);
}

/* What has become a notice is read as one. */
static int read_any(struct cli *cli, const struct read_options *options)
{
    AUTO(draft_view) draft = NULL;
    uint8_t hash[HASH_BYTES];

    if (query_find(cli->desk, options->id, hash) == HL_ENOTFOUND &&
        draft_get(cli->desk, options->id, &draft) == HL_OK)
        return show_draft(cli, draft);
    int code = cli_find(cli, options->id, hash);
    return code == EXIT_DONE ? read_notice(cli, options, hash) : code;
}

int cmd_read(struct cli *cli, int argc, char **argv)
{
    struct read_options options = {.is_peek = false};

    if (!read_options(argc, argv, &options))
        return cli_usage("read");
    int code = cli_open(cli);
    if (code == EXIT_DONE && !options.is_offline)
        online_fetch(cli, FETCH_MS);
    return code == EXIT_DONE ? read_any(cli, &options) : code;
}
