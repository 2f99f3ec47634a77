/* cmd_config — check the configuration, the documents and the keys it names. */
#include <string.h>

#include "client/cli.h"
#include "client/json.h"

static int fail_line(struct cli *cli, unsigned line, const char *key, const char *what)
{
    return cli_fail(cli, EXIT_CONFIG, "configuration", "%s:%u: `%s` %s; correct the line",
                    cli->profile->path, line, key, what);
}

/* Only this command looks at the officer's key before it is needed; how it is locked is judged when it is unlocked. */
static int check_officer_key(struct cli *cli)
{
    AUTO(blob) file = NULL;
    struct keyfile_head head;
    const struct profile *profile = cli->profile;

    if (!profile->officer_key)
        return EXIT_DONE;
    int err = keyfile_read(profile->officer_key, &file);
    if (err == HL_ENOMEM)
        return cli_fail_err(cli, err, profile->officer_key);
    if (err != HL_OK)
        return fail_line(cli, profile->officer_key_line, "officer_key",
                         err == HL_ENOTFOUND ? "names no file"
                         : err == HL_EPERM   ? "names a file that others may read"
                                             : "names a file that cannot be read");
    if (keyfile_peek(bytes_blob(file), &head) != HL_OK || head.kind != KEY_OFFICER)
        return fail_line(cli, profile->officer_key_line, "officer_key",
                         "names no key file of an officer");
    if (!bytes_equal(BYTES_OF(head.ns), BYTES_OF(profile->ns)))
        return fail_line(cli, profile->officer_key_line, "officer_key",
                         "names a key of another namespace");
    return EXIT_DONE;
}

int cmd_config(struct cli *cli, int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "check") != 0)
        return cli_usage("config");
    int code = cli_open(cli);
    if (code == EXIT_DONE)
        code = check_officer_key(cli);
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
