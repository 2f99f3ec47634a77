/* cmd_release — release and return: what the second officer does with a draft. */
#include <getopt.h>
#include <string.h>

#include "client/confirm.h"
#include "client/dispatch_notice.h"
#include "client/draft_print.h"
#include "client/json.h"

/* He signs what he has seen: ret_seen. What is no draft for release is left to draft_release(), which says why. */
static int look(struct cli *cli, const char *id, const char *confirm,
                uint8_t ret_seen[static HASH_BYTES])
{
    AUTO(draft_view) draft = NULL;
    AUTO_BUF review;

    int err = draft_get(cli->desk, id, &draft);
    if (err != HL_OK)
        return cli_fail_err(cli, err, id);
    memcpy(ret_seen, draft->hash, HASH_BYTES);
    if (draft->state != DRAFT_FOR_RELEASE)
        return EXIT_DONE;
    buf_init(&review, (size_t)2 << 20);
    draft_print_whole(&review, cli->trust, draft);
    return confirm_notice(cli, &review, draft->notice, confirm);
}

int cmd_release(struct cli *cli, int argc, char **argv)
{
    static const struct option list[] = {{"single-person", required_argument, NULL, 's'},
                                         {"send-from", required_argument, NULL, 'f'},
                                         {"confirm", required_argument, NULL, 'c'},
                                         {NULL, 0, NULL, 0}};
    uint8_t seen[HASH_BYTES] = {0};
    struct release_options options = {.seen = seen};
    const char *confirm = NULL;
    uint8_t device[ID_BYTES];
    long wait_s = 0;
    int option = 0;

    optind = 1;
    while ((option = getopt_long(argc, argv, "W:", list, NULL)) != -1) {
        if (option == 's')
            options.reason = optarg;
        else if (option == 'c')
            confirm = optarg;
        else if (option == 'f' && hex_decode(optarg, device, ID_BYTES) == HL_OK)
            options.sender_device = device;
        else if (option == 'W' && (wait_s = cli_count(optarg)) > 0)
            continue;
        else
            return cli_usage("release");
    }
    if (optind + 1 != argc)
        return cli_usage("release");
    int code = cli_open(cli);
    if (code == EXIT_DONE && cli->identity->is_headless)
        code = cli_unlock(cli, ROLE_BIT_RELEASE); /* says why not */
    if (code == EXIT_DONE)
        code = look(cli, argv[optind], confirm, seen);
    if (code == EXIT_DONE)
        code = cli_unlock(cli, ROLE_BIT_RELEASE);
    if (code != EXIT_DONE)
        return code;
    return dispatch_notice(cli, argv[optind], &options, LAYER_CUSTODY, wait_s * 1000);
}

int cmd_return(struct cli *cli, int argc, char **argv)
{
    char new_id[NOTICE_ID_SIZE];
    const char *why = NULL;
    int option = 0;

    optind = 1;
    while ((option = getopt(argc, argv, "m:")) != -1) {
        if (option != 'm')
            return cli_usage("return");
        why = optarg;
    }
    if (optind + 1 != argc || !why)
        return cli_usage("return");
    int code = cli_open(cli);
    if (code == EXIT_DONE)
        code = cli_unlock(cli, ROLE_BIT_RELEASE);
    if (code != EXIT_DONE)
        return code;
    int err = draft_return(cli->desk, argv[optind], why, new_id);
    if (err != HL_OK)
        return cli_fail_err(cli, err, argv[optind]);
    if (cli->as_json) {
        AUTO_BUF text;
        struct json json;
        buf_init(&text, 1024);
        json_begin(&json, &text);
        json_text(&json, "type", "returned");
        json_text(&json, "id", argv[optind]);
        json_text(&json, "draft", new_id);
        json_end(&json);
        return cli_print_buf(cli, &text);
    }
    cli_print(cli, "%s returned, all its signatures are void; its form is now the draft %s\n",
              argv[optind], new_id);
    return EXIT_DONE;
}
