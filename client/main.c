/* hotline — the terminal client: global options, a table of commands, a loop. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli.h"
#include "keys/secret.h"

/* Global options stand before the command. Returns the index of the command, 0 for a wrong option. */
static int read_globals(struct cli *cli, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            cli->config = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            cli->as_json = true;
        else if (strcmp(argv[i], "--plain") == 0)
            cli->is_plain = true;
        else if (strcmp(argv[i], "--color") == 0 && i + 1 < argc)
            i++; /* nothing is coloured yet */
        else if (strcmp(argv[i], "-q") == 0)
            cli->is_quiet = true;
        else if (strcmp(argv[i], "-v") == 0)
            cli->is_verbose = true;
        else if (strcmp(argv[i], "--no-input") == 0)
            cli->no_input = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            exit(cmd_help(cli, 1, argv));
        else
            return 0;
    }
    return i;
}

int main(int argc, char **argv)
{
    struct cli cli = {0};

    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is seen as a failed write */
    if (secret_init() != HL_OK)
        return cli_fail(
            &cli, EXIT_INTERNAL, "libsodium",
            "libsodium >= 1.0.22 cannot be used here; nothing was done, run tools/install-deps");
    int at = read_globals(&cli, argc, argv);
    if (at == 0)
        return cli_fail(
            &cli, EXIT_USAGE, "usage",
            "unknown option before the command; nothing was done, `hotline help` lists them");
    if (at == argc)
        return cli_usage(NULL);

    size_t count = 0;
    const struct cli_command *commands = cli_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(argv[at], commands[i].name) != 0)
            continue;
        int code = commands[i].run(&cli, argc - at, argv + at);
        cli_close(&cli);
        return code;
    }
    return cli_fail(&cli, EXIT_USAGE, "usage",
                    "unknown command; nothing was done, `hotline help` lists the commands");
}
