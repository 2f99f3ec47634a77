/* cmd_evidence — export a bundle from this desk; verify one with no network, no desk and no configuration. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "client/cli.h"
#include "client/export.h"
#include "client/json.h"
#include "client/notice_json.h"
#include "proto/evidence.h"

#define NOTICES_MAX 16
#define NOTE        "shows what the exporter chose; later cancellation, correction or refusal may exist"

static const char *result_word(enum verdict_result result)
{
    static const char *const words[] = {"VALID", "VALID-WITH-REMARKS", "INVALID"};

    return words[result];
}

static int report_export(struct cli *cli, const char *output, size_t octets, size_t count)
{
    AUTO_BUF text;
    struct json json;

    buf_init(&text, 16384);
    if (!cli->as_json) {
        cli_print(cli,
                  "%s: %zu octets about %zu notice%s; it shows their text to whoever holds it\n",
                  output, octets, count, count == 1 ? "" : "s");
        return EXIT_DONE;
    }
    json_begin(&json, &text);
    json_text(&json, "type", "bundle");
    json_text(&json, "file", output);
    json_number(&json, "octets", (int64_t)octets);
    json_number(&json, "notices", (int64_t)count);
    json_end(&json);
    return cli_print_buf(cli, &text);
}

static int export_bundle(struct cli *cli, int argc, char **argv)
{
    uint8_t hashes[NOTICES_MAX][HASH_BYTES];
    AUTO(blob) bundle = NULL;
    const char *output = NULL;
    size_t count = 0;
    int option = 0;

    optind = 1;
    while ((option = getopt(argc, argv, "o:")) != -1) {
        if (option != 'o')
            return cli_usage("evidence");
        output = optarg;
    }
    if (!output || optind == argc || argc - optind > NOTICES_MAX)
        return cli_usage("evidence");
    int code = cli_open(cli);
    for (; code == EXIT_DONE && optind < argc; optind++)
        code = cli_find(cli, argv[optind], hashes[count++]);
    if (code != EXIT_DONE)
        return code;
    if (faccessat(AT_FDCWD, output, F_OK, AT_SYMLINK_NOFOLLOW) ==
        0) /* a key, a database, a device */
        return cli_fail(cli, EXIT_CREATE, "create",
                        "%s: it is there already; no bundle was written, name a new file", output);
    int err = export_evidence(cli->desk, (const uint8_t(*)[HASH_BYTES])hashes, count, &bundle);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "evidence");
    err = keyfile_write(output, bytes_blob(bundle), false);
    if (err != HL_OK)
        return cli_fail(cli, EXIT_CREATE, "create", "%s: %s; no bundle was written", output,
                        err_text(err));
    return report_export(cli, output, bundle->len, count);
}

static void claim_json(struct buf *to, const struct verdict_claim *claim)
{
    struct json json;

    json_begin(&json, to);
    json_text(&json, "type", "verdict");
    json_text(&json, "plane", plane_word(claim->plane));
    json_text(&json, "claim", claim->claim);
    json_hex(&json, "notice", BYTES_OF(claim->notice_hash));
    json_text(&json, "by", claim->by_text);
    json_text(&json, "result", result_word(claim->result));
    json_time(&json, "at", claim->at_ms);
    json_text(&json, "basis", claim->basis);
    json_number(&json, "persons", claim->persons);
    json_number(&json, "devices", claim->devices);
    json_text(&json, "disposition", disposition_name(claim->disposition));
    json_number(&json, "reseals", claim->reseals);
    json_null(&json, "step");
    json_text(&json, "detail", claim->detail);
    json_end(&json);
}

static void claim_text(struct buf *to, const struct verdict_claim *claim)
{
    char at[TIME_TEXT_SIZE];

    time_format(claim->at_ms, at);
    buf_add_format(to, "  %-13s by %-8s %-18s %s  basis %s", claim->claim, claim->by_text,
                   result_word(claim->result), at, claim->basis);
    if (claim->disposition) {
        const char *word = form_word(&hotline__v1__disposition__descriptor, claim->disposition);
        buf_add_format(to, "  %s", word ? word : "(a disposition this program does not know)");
    }
    if (claim->detail)
        buf_add_format(to, "\n                %s", claim->detail);
    buf_add_u8(to, '\n');
}

static void summary_json(struct buf *to, const struct verdict *verdict)
{
    struct json json;

    json_begin(&json, to);
    json_text(&json, "type", "summary");
    json_text(&json, "result", result_word(verdict->result));
    json_bool(&json, "sandbox", verdict->is_sandbox);
    json_text(&json, "plane", verdict->plane ? plane_word(verdict->plane) : NULL);
    json_text(&json, "step", verdict->step[0] ? verdict->step : NULL);
    json_text(&json, "detail", verdict->detail);
    json_hex(&json, "root", BYTES_OF(verdict->root_hash));
    json_text(&json, "note", NOTE);
    json_end(&json);
}

/* Nothing of a bundle that does not verify is shown but where it failed. */
static int print_verdict(struct cli *cli, const struct verdict *verdict, bool is_pinned)
{
    AUTO_BUF text;
    char root[2 * HASH_BYTES + 1];
    const char *sandbox = verdict->is_sandbox ? "SANDBOX " : "";

    buf_init(&text, (size_t)16 << 20);
    hex_encode(BYTES_OF(verdict->root_hash), root);
    if (cli->as_json) {
        for (size_t i = 0; verdict->result != VERDICT_INVALID && i < verdict->claim_count; i++)
            claim_json(&text, &verdict->claims[i]);
        summary_json(&text, verdict);
        return cli_print_buf(cli, &text);
    }
    if (verdict->result == VERDICT_INVALID) {
        buf_add_format(&text, "%sINVALID at %s; nothing of it is shown\n", sandbox, verdict->step);
        return cli_print_buf(cli, &text);
    }
    buf_add_format(&text, "%s%s: %s, %zu notice%s from %s\n", sandbox, plane_word(verdict->plane),
                   result_word(verdict->result), verdict->notice_count,
                   verdict->notice_count == 1 ? "" : "s", verdict->from_text);
    if (verdict->detail)
        buf_add_format(&text, "  %s\n", verdict->detail);
    for (size_t i = 0; i < verdict->claim_count; i++)
        claim_text(&text, &verdict->claims[i]);
    for (size_t i = 0; i < verdict->notice_count && verdict->texts[i]; i++) {
        buf_add_text(&text, "\n");
        text_add_visible(&text, bytes_text(verdict->texts[i]), true);
        buf_add_text(&text, "\n");
    }
    buf_add_format(&text, "\nIt " NOTE ".\n");
    buf_add_format(
        &text,
        is_pinned ? "Trust begins at the root that you named, %s.\n"
                  : "Trust begins at root %s: compare it with the one you know, or give --root.\n",
        root);
    return cli_print_buf(cli, &text);
}

static int verify(struct cli *cli, int argc, char **argv)
{
    static const struct option list[] = {{"root", required_argument, NULL, 'r'},
                                         {NULL, 0, NULL, 0}};
    AUTO(blob) bundle = NULL;
    struct verdict *verdict = NULL;
    uint8_t root[HASH_BYTES];
    bool is_pinned = false;
    int option = 0;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option != 'r')
            return cli_usage("evidence");
        is_pinned = true;
        if (hex_decode(optarg, root, HASH_BYTES) != HL_OK)
            return cli_fail(cli, EXIT_USAGE, "usage",
                            "--root takes 64 hex digits; nothing was verified");
    }
    if (optind + 1 != argc)
        return cli_usage("evidence");
    int err = file_read(argv[optind], LIMIT_BUNDLE, &bundle);
    if (err != HL_OK)
        return cli_fail(cli, EXIT_NO_INPUT, "no_input", "%s: %s; nothing was verified",
                        argv[optind], err_text(err));
    err = evidence_verify(suite_real(), bytes_blob(bundle), is_pinned ? root : NULL,
                          clock_utc_ms(clock_system()), &verdict);
    if (err != HL_OK)
        return cli_fail_err(cli, err, argv[optind]);
    int code = print_verdict(cli, verdict, is_pinned);
    if (verdict->result == VERDICT_INVALID)
        code = cli_fail(cli, EXIT_VERIFY, "verification",
                        "%s: does not verify (%s); nothing of it may be relied upon", argv[optind],
                        verdict->step);
    verdict_free(verdict);
    return code;
}

int cmd_evidence(struct cli *cli, int argc, char **argv)
{
    if (argc < 2)
        return cli_usage("evidence");
    if (strcmp(argv[1], "export") == 0)
        return export_bundle(cli, argc - 1, argv + 1);
    if (strcmp(argv[1], "verify") == 0)
        return verify(cli, argc - 1, argv + 1);
    return cli_usage("evidence");
}
