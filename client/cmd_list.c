/* cmd_list — notices and drafts of this desk, newest first. */
#include <getopt.h>
#include <string.h>

#include "base/text.h"
#include "client/draft_print.h"
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
            draft_json(&text, cli->trust, list->items[i], false);
        else
            draft_print_line(&text, list->items[i]);
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
