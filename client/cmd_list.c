/* cmd_list — notices and drafts of this desk, newest first. */
#include <getopt.h>
#include <string.h>

#include "base/text.h"
#include "client/draft.h"
#include "client/json.h"
#include "client/notice_json.h"
#include "client/notice_print.h"
#include "client/online.h"

#define FETCH_MS 4000

struct list_options {
    struct notice_filter filter;
    struct desk_id from;
    const char *from_text, *plane, *since;
    bool is_drafts, is_offline;
};

static bool read_options(int argc, char **argv, struct list_options *options)
{
    static const struct option list[] = {{"in", no_argument, NULL, 'i'},
                                         {"out", no_argument, NULL, 'o'},
                                         {"drafts", no_argument, NULL, 'd'},
                                         {"needs-action", no_argument, NULL, 'n'},
                                         {"unacked", no_argument, NULL, 'u'},
                                         {"overdue", no_argument, NULL, 'v'},
                                         {"from", required_argument, NULL, 'f'},
                                         {"plane", required_argument, NULL, 'p'},
                                         {"since", required_argument, NULL, 's'},
                                         {"offline", no_argument, NULL, 'x'},
                                         {NULL, 0, NULL, 0}};
    int option = 0;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        switch (option) {
        case 'i': options->filter.only_in = true; break;
        case 'o': options->filter.only_out = true; break;
        case 'd': options->is_drafts = true; break;
        case 'n': options->filter.needs_action = true; break;
        case 'u': options->filter.is_unacked = true; break;
        case 'v': options->filter.is_overdue = true; break;
        case 'f': options->from_text = optarg; break;
        case 'p': options->plane = optarg; break;
        case 's': options->since = optarg; break;
        case 'x': options->is_offline = true; break;
        default: return false;
        }
    }
    return optind == argc;
}

static int resolve(struct cli *cli, struct list_options *options)
{
    uint32_t plane = 0;

    if (options->from_text && desk_parse(cli->trust, options->from_text, &options->from) != HL_OK)
        return cli_fail(cli, EXIT_USAGE, "usage",
                        "--from: no such desk in the directory; expected an address as XBB.TEC");
    if (options->from_text)
        options->filter.from = &options->from;
    if (options->plane &&
        form_word_parse(&hotline__v1__plane__descriptor, options->plane, &plane) != HL_OK)
        return cli_fail(cli, EXIT_USAGE, "usage", "--plane takes LIVE, EXERCISE or TEST");
    options->filter.plane = plane;
    if (options->since && time_parse(options->since, &options->filter.since_ms) != HL_OK)
        return cli_fail(cli, EXIT_USAGE, "usage", "--since takes a time as 2026-11-24T14:05:00Z");
    return EXIT_DONE;
}

static const char *const states[] = {"UNSIGNED", "FOR RELEASE", "RETURNED", "SENT"};

static void draft_line(struct buf *to, const struct draft_view *draft)
{
    if (draft->notice->plane == HOTLINE__V1__PLANE__EXERCISE)
        buf_add_text(to, "EXERCISE ");
    buf_add_format(to, "%-12s %-11s %-9s ", draft->id, states[draft->state],
                   precedence_word((unsigned)draft->notice->precedence));
    text_add_visible(to, bytes_text(draft->notice->subject), false);
    buf_add_u8(to, '\n');
}

static void draft_json(struct buf *to, const struct draft_view *draft)
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
    json_end(&json);
}

/* One at a time: however many there are, each is whole. */
#define ITEM_MAX ((size_t)8 << 20)

static int show_drafts(struct cli *cli)
{
    AUTO(draft_list) list = NULL;

    int err = draft_list(cli->desk, &list);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "drafts");
    int code = list->count > 0 ? EXIT_DONE : EXIT_NO;
    for (size_t i = 0; i < list->count && code == EXIT_DONE; i++) {
        AUTO_BUF text;
        buf_init(&text, ITEM_MAX);
        if (cli->as_json)
            draft_json(&text, list->items[i]);
        else
            draft_line(&text, list->items[i]);
        code = cli_print_buf(cli, &text);
    }
    if (list->count == 0 && !cli->as_json)
        cli_note(cli, "no drafts");
    return code;
}

static int show_notices(struct cli *cli, const struct notice_filter *filter)
{
    AUTO(notice_list) list = NULL;

    int err = query_list(cli->desk, filter, &list);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "list");
    int code = list->count > 0 ? EXIT_DONE : EXIT_NO;
    for (size_t i = 0; i < list->count && code == EXIT_DONE; i++) {
        AUTO_BUF text;
        buf_init(&text, ITEM_MAX);
        if (cli->as_json)
            notice_json(&text, cli->trust, list->items[i], false);
        else
            notice_print_line(&text, list->items[i]);
        code = cli_print_buf(cli, &text);
    }
    if (list->count == 0 && !cli->as_json)
        cli_note(cli, "nothing matches");
    return code;
}

int cmd_list(struct cli *cli, int argc, char **argv)
{
    struct list_options options = {0};

    if (!read_options(argc, argv, &options))
        return cli_usage("list");
    int code = cli_open(cli);
    if (code == EXIT_DONE)
        code = resolve(cli, &options);
    if (code != EXIT_DONE)
        return code;
    if (!options.is_offline)
        online_fetch(cli, FETCH_MS);
    return options.is_drafts ? show_drafts(cli) : show_notices(cli, &options.filter);
}
