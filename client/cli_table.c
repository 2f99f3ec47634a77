/* cli_table — the commands: name, function, sentence, usage. Help is printed from here. */
#include <stdio.h>
#include <string.h>

#include "client/cli.h"
#include "client/json.h"

/* Options of draft, send and reply alike; of those that send. */
#define CONTENT                                                                                    \
    "[-p PRECEDENCE] [-s SUBJECT] [--tlp L] [--lang L] [--info ADDR]… [--ack-by T] [--reply-by " \
    "T] "                                                                                          \
    "[--set KEY=VALUE]…"
#define WAITING                                                                                    \
    "[--single-person REASON] [--confirm \"XBB FLASH\"] [-n] [--wait "                             \
    "custody|delivered|opened|acknowledged|answered] "                                             \
    "[-W SECONDS] [FORM|-]"

static const struct cli_command commands[] = {
    {"draft", cmd_draft, "make a draft from a form and sign it as its author; prints its id",
     "draft [TO…] [-t INC|UPD|RSP] " CONTENT "\n"
     "     [--reply-to ID] [--exercise NAME] [--single-person REASON] [-n] [FORM|-]\n"
     "draft -e ID [the same options]      a changed copy of a draft; the old one is withdrawn, its "
     "signatures are void"},
    {"show-form", cmd_show_form, "an empty form of a type, every field commented",
     "show-form INC|UPD|RSP"},
    {"release", cmd_release, "second officer: sign the release and send",
     "release ID [--single-person REASON] [--send-from DEVICE] [--confirm \"XBB FLASH\"] [-W "
     "SECONDS]"},
    {"return", cmd_return, "give a draft back to its author; all its signatures are void",
     "return ID -m WHY"},
    {"send", cmd_send, "draft and release in one step, where policy lets one person do it",
     "send TO… -t TYPE " CONTENT "\n"
     "     [--reply-to ID] [--exercise NAME] " WAITING},
    {"list", cmd_list, "notices and drafts of this desk",
     "list [--in|--out|--drafts] [--needs-action|--unacked|--overdue] [--from ADDR] [--plane "
     "LIVE|EXERCISE|TEST] [--since T] [--offline]"},
    {"read", cmd_read, "open a notice: show it, say OPENED once, print its check word",
     "read ID [--peek] [--offline]"},
    {"ack", cmd_ack, "acknowledge receipt; nothing more is said by it",
     "ack ID [--disposition understood|needs-translation|forwarded|wrong-desk|query] [--check-word "
     "W] [--reply-expected T] [-m TEXT]"},
    {"refuse", cmd_refuse, "refuse a notice, with a reason", "refuse ID --reason REASON [-m TEXT]"},
    {"reply", cmd_reply, "answer a notice with a response",
     "reply ID [-t RSP] [TO…] " CONTENT "\n"
     "     [--exercise NAME] " WAITING},
    {"watch", cmd_watch, "stay connected; one line an event",
     "watch [--event NAME,…] [-C COUNT] [-W SECONDS] [--exec CMD]"},
    {"status", cmd_status, "relays, keys, directory; or one notice, layer by layer",
     "status [ID] [--offline]"},
    {"evidence", cmd_evidence, "export a bundle, or verify one with no network and no desk",
     "evidence export ID… -o FILE\n"
     "evidence verify FILE [--root HASH]"},
    {"config", cmd_config, "check the configuration", "config check"},
    {"version", cmd_version, "version of program and libraries", "version"},
    {"help", cmd_help, "this list, or one command's options", "help [COMMAND]"},
};

const struct cli_command *cli_commands(size_t *ret_count)
{
    *ret_count = sizeof(commands) / sizeof(commands[0]);
    return commands;
}

static const struct cli_command *find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static void print_usage(FILE *to, const struct cli_command *command)
{
    const char *line = command->usage;

    while (line) {
        const char *stop = strchr(line, '\n');
        int len = stop ? (int)(stop - line) : (int)strlen(line);

        (void)fprintf(to, "%s%s%.*s\n", line == command->usage ? "usage: " : "       ",
                      line[0] == ' ' ? "        " : "hotline ", len, line);
        line = stop ? stop + 1 : NULL;
    }
}

static void print_list(FILE *to)
{
    (void)fputs("usage: hotline [-c FILE] [--json|--plain] [-q|-v] [--no-input] COMMAND …\n\n", to);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        (void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].sentence);
    (void)fputs("\nConfiguration: -c FILE, else $HOTLINE_CONFIG, else "
                "~/.config/hotline/hotline.conf. Exit codes: docs/EXIT-CODES.md.\n",
                to);
}

int cli_usage(const char *command)
{
    const struct cli_command *found = command ? find(command) : NULL;

    if (found)
        print_usage(stderr, found);
    else
        print_list(stderr);
    return EXIT_USAGE;
}

static void add_command(struct json *json, const struct cli_command *command)
{
    json_text(json, "command", command->name);
    json_text(json, "sentence", command->sentence);
    json_text(json, "usage", command->usage);
}

/* One object: a command, or the list of them. */
static int print_object(struct cli *cli, const struct cli_command *found)
{
    AUTO_BUF text;
    struct json json;

    buf_init(&text, 65536);
    json_begin(&json, &text);
    json_text(&json, "type", "help");
    if (found)
        add_command(&json, found);
    else
        json_open(&json, "commands", '[');
    for (size_t i = 0; !found && i < sizeof(commands) / sizeof(commands[0]); i++) {
        json_open(&json, NULL, '{');
        add_command(&json, &commands[i]);
        json_close(&json, '}');
    }
    if (!found)
        json_close(&json, ']');
    json_end(&json);
    return cli_print_buf(cli, &text);
}

int cmd_help(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *found = argc > 1 ? find(argv[1]) : NULL;

    if (argc > 1 && !found)
        return cli_fail(cli, EXIT_USAGE, "usage", "no such command; `hotline help` lists them");
    if (cli->as_json)
        return print_object(cli, found);
    if (!found) {
        print_list(stdout);
        return EXIT_DONE;
    }
    (void)printf("%s — %s\n", found->name, found->sentence);
    print_usage(stdout, found);
    return EXIT_DONE;
}
