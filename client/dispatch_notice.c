/* dispatch_notice — release and wait. */
#include "client/dispatch_notice.h"

#include <string.h>

#include "client/json.h"
#include "client/notice_json.h"
#include "client/notice_print.h"

#define PREKEYS_MS 8000
#define CUSTODY_MS 10000
#define LAYER_MS   (10LL * 60 * 1000)

/* Desks without a prekey here: their newest are fetched once, then the release is tried again. */
static int release(struct cli *cli, const char *id, const struct release_options *options,
                   struct release_result *result)
{
    int err = draft_release(cli->desk, id, options, result);

    if (err != HL_ENOTFOUND || result->missing_count == 0)
        return err;
    if (!online_prekeys(cli, PREKEYS_MS))
        cli_note(cli, "no relay could be reached for the prekeys of the addressees");
    return draft_release(cli->desk, id, options, result);
}

static int fail_release(struct cli *cli, int err, const char *id,
                        const struct release_result *result)
{
    if (err == HL_ENOTFOUND && result->missing_count > 0) {
        char desk[9];

        desk_format(cli->trust, &result->missing[0], desk);
        return cli_fail(cli, EXIT_NO_RELAY, "no_prekey",
                        "%s: no key of %s is at hand to seal it%s; nothing was signed or sent, try "
                        "again when a relay can be reached, or call",
                        id, desk, result->missing_count > 1 ? " (nor of others)" : "");
    }
    if (err == HL_EVERIFY)
        return cli_fail(
            cli, EXIT_VERIFY, "draft_changed",
            "%s: the draft is not what its author signed; nothing was released, draft it again",
            id);
    if (err == HL_ESTATE)
        return cli_fail(cli, EXIT_NO, "state", "%s: %s", id,
                        desk_why(cli->desk)[0]
                            ? desk_why(cli->desk)
                            : "it cannot be released now; `hotline list --drafts` shows what can");
    return cli_fail_err(cli, err, id);
}

static int report_waiting(struct cli *cli, const struct release_result *result)
{
    cli_print(cli, "%s: release signed; %u more officer%s must sign before it is sent\n",
              result->id, result->persons_missing, result->persons_missing == 1 ? "" : "s");
    return EXIT_DONE;
}

/* Returns an exit code: it is released whatever comes of this. */
static int report_notice(struct cli *cli, const uint8_t *hash)
{
    AUTO(notice_view) view = NULL;
    AUTO_BUF text;

    buf_init(&text, (size_t)1 << 20);
    int err = query_notice(cli->desk, hash, &view);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "the notice is released and kept, its status");
    if (cli->as_json)
        notice_json(&text, cli->trust, view, false);
    else
        notice_print_status(&text, view);
    return cli_print_buf(cli, &text);
}

int dispatch_notice(struct cli *cli, const char *id, const struct release_options *options,
                    enum online_layer layer, int64_t wait_ms)
{
    struct release_result result = {.missing_count = 0};

    int err = release(cli, id, options, &result);
    if (err != HL_OK)
        return fail_release(cli, err, id, &result);
    for (size_t i = 0; i < result.skipped_count; i++)
        cli_note(
            cli,
            "ALARM: a terminal of an addressee has a key that cannot be used and was left out");
    if (!result.is_sent)
        return report_waiting(cli, &result);
    if (wait_ms == 0)
        wait_ms = layer == LAYER_CUSTODY ? CUSTODY_MS : LAYER_MS;
    int code = online_wait(cli, result.hash, layer, wait_ms);
    int shown = report_notice(cli, result.hash);
    if (code == EXIT_NO_RELAY)
        return cli_fail(
            cli, EXIT_NO_RELAY, "no_relay",
            "%s: no relay took custody; it is kept in the outbox, and a running `hotline watch` "
            "or the next command that connects sends it when a relay takes it; if it is "
            "urgent, call",
            result.id);
    if (code == EXIT_DEADLINE)
        return cli_fail(cli, EXIT_DEADLINE, "deadline",
                        "%s: what was waited for did not come in time; the notice is in custody",
                        result.id);
    return code == EXIT_DONE ? shown : code;
}
