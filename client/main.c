/* hotline — the terminal client: global options, a table of commands, a loop. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/std_fds.h"
#include "client/cli.h"
#include "keys/secret.h"

/* Options without a value, and the member of struct cli that each sets. */
static const struct {
    const char *word;
    size_t member;
} flags[] = {{"--json", offsetof(struct cli, as_json)},
             {"--plain", offsetof(struct cli, is_plain)},
             {"-q", offsetof(struct cli, is_quiet)},
             {"-v", offsetof(struct cli, is_verbose)},
             {"--no-input", offsetof(struct cli, no_input)}};

static bool set_flag(struct cli *cli, const char *word)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i].word, word) == 0) {
            *(bool *)((char *)cli + flags[i].member) = true;
            return true;
        }
    }
    return false;
}

/* Global options stand before the command. Returns the index of the command, 0 for a wrong option. */
static int read_globals(struct cli *cli, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            cli->config = argv[++i];
        else if (strcmp(argv[i], "--color") == 0 && i + 1 < argc)
            i++; /* nothing is coloured yet */
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            exit(cli_finish(cli, cmd_help(cli, 1, argv)));
        else if (strcmp(argv[i], "--version") == 0)
            exit(cli_finish(cli, cmd_version(cli, 1, argv)));
        else if (!set_flag(cli, argv[i]))
            return 0;
    }
    return i;
}

static int run(struct cli *cli, int argc, char **argv)
{
    if (secret_init() != HL_OK)
        return cli_fail(
            cli, EXIT_INTERNAL, "libsodium",
            "libsodium >= 1.0.22 cannot be used here; nothing was done, run tools/install-deps");
    int at = read_globals(cli, argc, argv);
    if (at == 0)
        return cli_fail(
            cli, EXIT_USAGE, "usage",
            "unknown option before the command; nothing was done, `hotline help` lists them");
    if (at == argc)
        return cli_usage(NULL);

    size_t count = 0;
    const struct cli_command *commands = cli_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(argv[at], commands[i].name) != 0)
            continue;
        if (at + 1 < argc && strcmp(argv[at + 1], "--help") == 0)
            return cmd_help(cli, 2, (char *[]){argv[at], argv[at]});
        int code = commands[i].run(cli, argc - at, argv + at);
        cli_close(cli);
        return code;
    }
    return cli_fail(cli, EXIT_USAGE, "usage",
                    "unknown command; nothing was done, `hotline help` lists the commands");
}

int main(int argc, char **argv)
{
    struct cli cli = {0};

    if (std_fds_reserve() != HL_OK)
        return EXIT_INTERNAL;       /* there is nowhere to say it */
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is seen as a failed write */
    return cli_finish(&cli, run(&cli, argc, argv));
}
