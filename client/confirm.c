/* confirm — the last look before something leaves. */
#include "client/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/ledger.h"
#include "client/notice_json.h"

#define STATES_NAMED 5

/* The State of an address; NULL: unknown, or named by an address before. */
static const struct entity *new_state(const struct trust *trust, const Hotline__V1__Notice *notice,
                                      size_t at)
{
    struct desk_id desk;
    struct desk_id before;

    if (ledger_desk_of(notice->to[at]->desk, &desk) != HL_OK)
        return NULL;
    for (size_t i = 0; i < at; i++) {
        if (ledger_desk_of(notice->to[i]->desk, &before) == HL_OK &&
            bytes_equal(BYTES_OF(before.entity), BYTES_OF(desk.entity)))
            return NULL;
    }
    return trust_entity(trust, desk.entity);
}

void confirm_phrase(const struct trust *trust, const Hotline__V1__Notice *notice,
                    char ret_phrase[static CONFIRM_SIZE])
{
    const char *precedence = precedence_word((unsigned)notice->precedence);
    char names[4 * STATES_NAMED + 1] = "";
    size_t count = 0;

    for (size_t i = 0; i < notice->n_to; i++) {
        const struct entity *state = new_state(trust, notice, i);

        if (state && count++ < STATES_NAMED)
            (void)snprintf(names + 4 * (count - 1), 5, "%.3s ", state->code);
    }
    if (count <= STATES_NAMED)
        (void)snprintf(ret_phrase, CONFIRM_SIZE, "%s%s", names, precedence);
    else
        (void)snprintf(ret_phrase, CONFIRM_SIZE, "%zu STATES %s", count, precedence);
}

/* A line that is too long for a phrase is none. */
static bool ask(const struct trust *trust, const char *phrase, const struct buf *review)
{
    char line[CONFIRM_SIZE + 2] = "";

    (void)fprintf(stderr, "%s%.*s\nTo let it leave, type %s; anything else leaves it here: ",
                  trust->is_sandbox ? "SANDBOX " : "", (int)review->len, (const char *)review->data,
                  phrase);
    (void)fflush(stderr);
    if (!fgets(line, sizeof(line), stdin))
        return false;
    line[strcspn(line, "\n")] = 0;
    return strcmp(line, phrase) == 0;
}

int confirm_notice(struct cli *cli, const struct buf *review, const Hotline__V1__Notice *notice,
                   const char *given)
{
    char phrase[CONFIRM_SIZE];

    if (review->err != HL_OK)
        return cli_fail_err(cli, review->err, "the notice cannot be shown whole; it");
    confirm_phrase(cli->trust, notice, phrase);
    if (given && strcmp(given, phrase) == 0)
        return EXIT_DONE;
    if (given)
        return cli_fail(
            cli, EXIT_REFUSED, "not_confirmed",
            "--confirm does not fit this notice, which needs \"%s\"; nothing was signed "
            "or sent",
            phrase);
    if (!cli->no_input && isatty(STDIN_FILENO))
        return ask(cli->trust, phrase, review)
                   ? EXIT_DONE
                   : cli_fail(cli, EXIT_REFUSED, "not_confirmed",
                              "not confirmed; nothing was signed or sent, the draft stays");
    if (cli->trust->is_sandbox)
        return EXIT_DONE;
    return cli_fail(cli, EXIT_PERMISSION, "not_confirmed",
                    "there is no terminal to ask at; nothing was signed or sent, confirm with "
                    "--confirm \"%s\"",
                    phrase);
}
