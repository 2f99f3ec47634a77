/* cmd_show — the clear part of a key file: kind, lock, namespace. Nothing is unlocked. */
#include <getopt.h>
#include <stdio.h>

#include "keys/command.h"

#define KEYFILE_MAX ((size_t)64 << 10)

static const char usage[] = "usage: hotline-keys show [--json] FILE.hlk\n";

static const char *const kinds[] = {"",          "device", "officer", "national",
                                    "custodian", "relay",  "witness", "prekeys"};
static const char *const locks[] = {"", "secret file", "pass-phrase", "desk key"};

static void print_head(const struct keyfile_head *head, bool as_json)
{
    char ns[2 * NS_BYTES + 1];

    hex_encode(BYTES_OF(head->ns), ns);
    if (as_json) {
        (void)printf(
            "{\"v\":1,\"type\":\"key_file\",\"kind\":\"%s\",\"unlocked_by\":\"%s\",\"sandbox\":%s,"
            "\"ns\":\"%s\"}\n",
            kinds[head->kind], locks[head->kdf], head->is_sandbox ? "true" : "false", ns);
        return;
    }
    (void)printf("%s%s key, unlocked by its %s\nnamespace %s\n", head->is_sandbox ? "SANDBOX " : "",
                 kinds[head->kind], locks[head->kdf], ns);
}

static int show(const char *path, bool as_json)
{
    AUTO(blob) file = NULL;
    struct keyfile_head head;

    int err = file_read(path, KEYFILE_MAX, &file);
    if (err == HL_OK)
        err = keyfile_peek(bytes_blob(file), &head);
    if (err != HL_OK)
        return command_fail(command_code(err), "%s: %s; nothing was shown, name a key file (.hlk)",
                            path, err_text(err));
    print_head(&head, as_json);
    return EXIT_DONE;
}

int cmd_show(int argc, char **argv)
{
    static const struct option list[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool as_json = false;
    int option = 0;

    while ((option = getopt_long(argc, argv, "h", list, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(usage, stdout);
            return EXIT_DONE;
        }
        if (option != 'j') {
            (void)fputs(usage, stderr);
            return EXIT_USAGE;
        }
        as_json = true;
    }
    if (optind + 1 != argc) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return show(argv[optind], as_json);
}
