/* cmd_version — versions of the program and of the libraries that carry its promises. */
#include <protobuf-c/protobuf-c.h>

#include "client/cli.h"
#include "client/json.h"
#include "client/version.h"
#include "keys/secret.h"

int cmd_version(struct cli *cli, int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return cli_usage("version");
    if (!cli->as_json) {
        cli_print(cli, "hotline %s, protocol 1, suite 1; libsodium %s, protobuf-c %s\n",
                  HOTLINE_VERSION, secret_library_version(), protobuf_c_version());
        return EXIT_DONE;
    }
    AUTO_BUF text;
    struct json json;
    buf_init(&text, 1024);
    json_begin(&json, &text);
    json_text(&json, "type", "version");
    json_text(&json, "hotline", HOTLINE_VERSION);
    json_number(&json, "protocol", 1);
    json_number(&json, "suite", 1);
    json_text(&json, "libsodium", secret_library_version());
    json_text(&json, "protobuf_c", protobuf_c_version());
    json_end(&json);
    return cli_print_buf(cli, &text);
}
