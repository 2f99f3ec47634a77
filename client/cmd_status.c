/* cmd_status — relays, keys and directory of this desk; or one notice, layer by layer. */
#include <string.h>

#include "client/json.h"
#include "client/notice_json.h"
#include "client/notice_print.h"
#include "client/online.h"

#define FETCH_MS 4000

static void relay_json(struct json *json, const struct relay_view *relay)
{
    json_open(json, NULL, '{');
    json_text(json, "name", relay->name);
    json_text(json, "operator", relay->operator_name);
    json_bool(json, "up", relay->is_up);
    json_time(json, "last_contact", relay->last_contact_ms);
    json_number(json, "skew_ms", relay->skew_ms);
    json_number(json, "waiting", (int64_t)relay->waiting);
    json_time(json, "prekey", relay->prekey_ms);
    json_close(json, '}');
}

static int desk_json(struct cli *cli, const struct relay_view *relays, size_t count,
                     const struct desk_summary *summary)
{
    AUTO_BUF text;
    struct json json;

    buf_init(&text, 65536);
    json_begin(&json, &text);
    json_text(&json, "type", "status");
    json_text(&json, "desk", cli->profile->desk);
    json_open(&json, "relays", '[');
    for (size_t i = 0; i < count; i++)
        relay_json(&json, &relays[i]);
    json_close(&json, ']');
    json_number(&json, "directory_version", (int64_t)cli->trust->directory_version);
    json_number(&json, "stale_hours", summary->stale_hours);
    json_time(&json, "prekey", summary->prekey_ms);
    json_time(&json, "prekey_not_after", summary->prekey_not_after_ms);
    json_number(&json, "peers_known", (int64_t)summary->peers_known);
    json_number(&json, "peers_total", (int64_t)summary->peers_total);
    json_number(&json, "outbox", (int64_t)summary->outbox_waiting);
    json_number(&json, "drafts", (int64_t)summary->drafts);
    json_number(&json, "unacked", (int64_t)summary->unacked_in);
    json_number(&json, "overdue", (int64_t)summary->overdue);
    json_number(&json, "quarantined", (int64_t)summary->quarantined);
    json_number(&json, "journal_rows", (int64_t)summary->journal_rows);
    json_bool(&json, "rolled_back", summary->is_rolled_back);
    json_end(&json);
    return cli_print_buf(cli, &text);
}

static void desk_text(struct cli *cli, const struct relay_view *relays, size_t count,
                      const struct desk_summary *summary)
{
    char at[TIME_TEXT_SIZE];

    cli_print(cli, "%s, terminal %u\n", cli->profile->desk, cli->identity->device_cert->device_no);
    for (size_t i = 0; i < count; i++) {
        time_format(relays[i].last_contact_ms, at);
        cli_print(cli, "relay %-10s %-8s %-4s last contact %s  clock %+lld ms  %zu waiting\n",
                  relays[i].name, relays[i].operator_name, relays[i].is_up ? "UP" : "DOWN",
                  relays[i].last_contact_ms ? at : "never", (long long)relays[i].skew_ms,
                  relays[i].waiting);
    }
    cli_print(cli, "directory v%llu%s\n", (unsigned long long)cli->trust->directory_version,
              summary->stale_hours > 0 ? "" : ", in force");
    if (summary->stale_hours > 0)
        cli_print(cli, "DIRECTORY STALE %lld h\n", (long long)summary->stale_hours);
    time_format(summary->prekey_not_after_ms, at);
    cli_print(cli, "own prekey valid until %s; prekeys of %zu of %zu desks at hand\n",
              summary->prekey_ms ? at : "(none yet)", summary->peers_known, summary->peers_total);
    cli_print(cli,
              "%zu in the outbox, %zu drafts, %zu to acknowledge, %zu overdue, %zu quarantined\n",
              summary->outbox_waiting, summary->drafts, summary->unacked_in, summary->overdue,
              summary->quarantined);
    if (summary->is_rolled_back)
        cli_print(cli, "STATE ROLLBACK: this terminal's memory is older than what it has sent; "
                       "sending is locked, certify a new device key\n");
}

static int show_desk(struct cli *cli)
{
    struct relay_view relays[LIMIT_RELAYS];
    struct desk_summary summary;
    size_t count = 0;

    int err = query_relays(cli->desk, relays, &count);
    if (err == HL_OK)
        err = query_summary(cli->desk, &summary);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "status");
    if (cli->as_json)
        return desk_json(cli, relays, count, &summary);
    desk_text(cli, relays, count, &summary);
    return EXIT_DONE;
}

static int show_notice(struct cli *cli, const char *id)
{
    AUTO(notice_view) view = NULL;
    AUTO_BUF text;
    uint8_t hash[HASH_BYTES];

    buf_init(&text, (size_t)8 << 20);
    int code = cli_notice(cli, id, hash, &view);
    if (code != EXIT_DONE)
        return code;
    if (cli->as_json)
        notice_json(&text, cli->trust, view, false);
    else
        notice_print_status(&text, view);
    return cli_print_buf(cli, &text);
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
    bool is_offline = false;
    const char *id = NULL;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--offline") == 0)
            is_offline = true;
        else if (argv[i][0] != '-' && !id)
            id = argv[i];
        else
            return cli_usage("status");
    }
    int code = cli_open(cli);
    if (code != EXIT_DONE)
        return code;
    if (!is_offline)
        online_fetch(cli, FETCH_MS);
    return id ? show_notice(cli, id) : show_desk(cli);
}
