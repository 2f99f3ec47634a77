/* cmd_config — check the configuration, the documents and the keys it names. */
#include <string.h>

#include "client/cli.h"
#include "client/json.h"

int cmd_config(struct cli *cli, int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "check") != 0)
        return cli_usage("config");
    int code = cli_open(cli);
    if (code != EXIT_DONE)
        return code;
    if (cli->as_json) {
        AUTO_BUF text;
        struct json json;
        buf_init(&text, 8192);
        json_begin(&json, &text);
        json_text(&json, "type", "config");
        json_text(&json, "file", cli->profile->path);
        json_text(&json, "desk", cli->profile->desk);
        json_bool(&json, "headless", cli->identity->is_headless);
        json_number(&json, "directory_version", (int64_t)cli->trust->directory_version);
        json_end(&json);
        return cli_print_buf(cli, &text);
    }
    cli_print(cli, "%s: good. Desk %s, terminal %u, %s; directory v%llu, %zu States, %zu relays.\n",
              cli->profile->path, cli->profile->desk, cli->identity->device_cert->device_no,
              cli->identity->is_headless ? "no officer key" : "with an officer key",
              (unsigned long long)cli->trust->directory_version, cli->trust->entity_count,
              cli->trust->relay_count);
    return EXIT_DONE;
}
