/* cmd_ack — acknowledge receipt, or refuse: an officer's own signature. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "client/answer.h"
#include "client/json.h"
#include "client/online.h"
#include "client/query.h"
#include "proto/receipt.h"

#define FETCH_MS 3000
#define FLUSH_MS 8000

static int parse_disposition(const char *word, Hotline__V1__Disposition *ret_disposition)
{
    static const char *const words[] = {"",          "understood", "needs-translation",
                                        "forwarded", "wrong-desk", "query"};

    for (size_t i = 1; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0) {
            *ret_disposition = (Hotline__V1__Disposition)i;
            return HL_OK;
        }
    }
    return HL_ENOTFOUND;
}

static int report(struct cli *cli, const char *id, const struct answer *answer, const char *what)
{
    struct json json;
    char at[TIME_TEXT_SIZE];

    time_format(answer->receipt->at_ms, at);
    if (!cli->as_json) {
        cli_print(cli, "%s: %s%s at %s\n", id, answer->is_repeated ? "was already " : "", what, at);
        return EXIT_DONE;
    }
    AUTO_BUF text;
    buf_init(&text, 8192);
    json_begin(&json, &text);
    json_text(&json, "type", "receipt");
    json_text(&json, "id", id);
    json_text(&json, "kind", what);
    json_hex(&json, "hash", BYTES_OF(answer->hash));
    json_time(&json, "at", answer->receipt->at_ms);
    json_bool(&json, "repeated", answer->is_repeated);
    json_end(&json);
    return cli_print_buf(cli, &text);
}

static int deliver(struct cli *cli, const char *id, const struct answer *answer, const char *what)
{
    bool is_sent = answer->is_repeated || online_flush(cli, FLUSH_MS);

    int code = report(cli, id, answer, what);
    if (code != EXIT_DONE || is_sent)
        return code;
    return cli_fail(cli, EXIT_NO_RELAY, "no_relay",
                    "%s: no relay took the receipt; it is signed and kept in the outbox, and sent "
                    "by the next command that connects",
                    id);
}

static void print_reservation(struct cli *cli)
{
    size_t count = 0;
    const struct reservation_text *texts = reservation_texts(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i].lang, cli->profile->lang) == 0) /* the profile has one of the six */
            cli_print(cli, "%s\n", texts[i].text);
    }
}

/* Outside a sandbox, FLASH and IMMEDIATE of the live plane are acknowledged at a terminal. */
static int check_terminal(struct cli *cli, const struct notice_view *view)
{
    bool is_grave = view->plane == HOTLINE__V1__PLANE__LIVE &&
                    view->precedence >= HOTLINE__V1__PRECEDENCE__IMMEDIATE;

    if (!is_grave || cli->trust->is_sandbox || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
        return EXIT_DONE;
    return cli_fail(
        cli, EXIT_PERMISSION, "terminal",
        "%s: a live FLASH or IMMEDIATE is acknowledged at a terminal only; nothing was sent",
        view->id);
}

static int acknowledge(struct cli *cli, const char *id, const struct ack_options *options)
{
    AUTO(notice_view) view = NULL;
    AUTO(answer) answer = NULL;
    uint8_t hash[HASH_BYTES];

    int code = cli_notice(cli, id, hash, &view);
    if (code != EXIT_DONE)
        return code;
    if (view->flags & NOTICE_QUARANTINED)
        return cli_fail(cli, EXIT_VERIFY, "quarantined",
                        "%s is quarantined; nothing was acknowledged", view->id);
    code = check_terminal(cli, view);
    if (code != EXIT_DONE)
        return code;
    int err = answer_acknowledge(cli->desk, hash, options, &answer);
    if (err == HL_ESTATE)
        return cli_fail(
            cli, EXIT_PERMISSION, "not_opened",
            "%s: not opened at this terminal; nothing was sent, `hotline read %s` first", view->id,
            view->id);
    if (err == HL_EFORMAT && desk_why(cli->desk)[0]) /* remark and time were judged before */
        return cli_fail(cli, EXIT_DATA, "check_word", "%s: %s", view->id, desk_why(cli->desk));
    if (err != HL_OK)
        return cli_fail_err(cli, err, view->id);
    if (!answer->is_repeated && !cli->as_json)
        print_reservation(cli);
    return deliver(cli, view->id, answer, "RECEIPT ACKNOWLEDGED");
}

/* What stands on the command line of ack and refuse. */
struct answer_options {
    const char *disposition, *check_word, *expected, *note, *reason;
    const char *id;
};

static bool read_options(int argc, char **argv, struct answer_options *options)
{
    static const struct option list[] = {{"disposition", required_argument, NULL, 'd'},
                                         {"check-word", required_argument, NULL, 'w'},
                                         {"reply-expected", required_argument, NULL, 'e'},
                                         {"reason", required_argument, NULL, 'r'},
                                         {NULL, 0, NULL, 0}};
    int option = 0;

    optind = 1;
    while ((option = getopt_long(argc, argv, "m:", list, NULL)) != -1) {
        switch (option) {
        case 'd': options->disposition = optarg; break;
        case 'w': options->check_word = optarg; break;
        case 'e': options->expected = optarg; break;
        case 'r': options->reason = optarg; break;
        case 'm': options->note = optarg; break;
        default: return false;
        }
    }
    options->id = optind + 1 == argc ? argv[optind] : NULL;
    return options->id != NULL;
}

static int check_note(struct cli *cli, const char *note)
{
    if (!note || (strlen(note) <= 200 && text_is_utf8(bytes_text(note)) &&
                  !text_has_control(bytes_text(note), true)))
        return EXIT_DONE;
    return cli_fail(cli, EXIT_DATA, "note",
                    "-m takes at most 200 octets of UTF-8 and no control characters; nothing was "
                    "sent");
}

/* +15m or a time; absent: none. */
static int resolve_expected(struct cli *cli, const char *expected, int64_t *ret_ms)
{
    int64_t now_ms = desk_now_ms(cli->desk);
    int64_t at_ms = 0;

    *ret_ms = 0;
    if (!expected)
        return EXIT_DONE;
    if (expected[0] == '+' && duration_parse(expected + 1, &at_ms) == HL_OK)
        at_ms += now_ms;
    else if (time_parse(expected, &at_ms) != HL_OK)
        return cli_fail(
            cli, EXIT_USAGE, "usage",
            "--reply-expected takes a time as 2026-11-24T14:05:00Z or +15m; nothing was sent");
    if (at_ms <= now_ms || at_ms > (int64_t)STRICT_MS_MAX)
        return cli_fail(cli, EXIT_USAGE, "usage", "--reply-expected: %s is %s; nothing was sent",
                        expected, at_ms <= now_ms ? "in the past" : "too far away");
    *ret_ms = at_ms;
    return EXIT_DONE;
}

static int open_for_answer(struct cli *cli)
{
    int code = cli_open(cli);

    if (code == EXIT_DONE)
        code = cli_unlock(cli, ROLE_BIT_ACK);
    if (code == EXIT_DONE)
        online_fetch(cli, FETCH_MS);
    return code;
}

int cmd_ack(struct cli *cli, int argc, char **argv)
{
    struct answer_options options = {.disposition = "understood"};
    struct ack_options ack = {.rung = 0};

    if (!read_options(argc, argv, &options) || options.reason)
        return cli_usage("ack");
    if (parse_disposition(options.disposition, &ack.disposition) != HL_OK)
        return cli_fail(cli, EXIT_USAGE, "usage",
                        "--disposition takes understood, needs-translation, forwarded, wrong-desk "
                        "or query; nothing was sent");
    int code = check_note(cli, options.note);
    if (code == EXIT_DONE)
        code = open_for_answer(cli);
    if (code == EXIT_DONE)
        code = resolve_expected(cli, options.expected, &ack.reply_expected_ms);
    if (code != EXIT_DONE)
        return code;
    ack.check_word = options.check_word;
    ack.note = options.note;
    return acknowledge(cli, options.id, &ack);
}

static int parse_reason(struct cli *cli, const char *word, uint32_t *ret_reason)
{
    AUTO_BUF words;
    buf_init(&words, 4096);

    if (form_word_parse(&hotline__v1__reason__descriptor, word, ret_reason) == HL_OK)
        return EXIT_DONE;
    form_words_list(&hotline__v1__reason__descriptor, &words);
    buf_add_u8(&words, 0);
    return cli_fail(cli, EXIT_USAGE, "usage", "--reason takes one of: %s; nothing was sent",
                    words.err == HL_OK ? (const char *)words.data : "");
}

int cmd_refuse(struct cli *cli, int argc, char **argv)
{
    struct answer_options options = {.id = NULL};
    AUTO(answer) answer = NULL;
    uint8_t hash[HASH_BYTES];
    uint32_t reason = 0;

    if (!read_options(argc, argv, &options) || !options.reason)
        return cli_usage("refuse");
    int code = parse_reason(cli, options.reason, &reason);
    if (code == EXIT_DONE)
        code = check_note(cli, options.note);
    if (code == EXIT_DONE)
        code = open_for_answer(cli);
    if (code == EXIT_DONE)
        code = cli_find(cli, options.id, hash);
    if (code != EXIT_DONE)
        return code;
    int err = answer_refuse(cli->desk, hash, (Hotline__V1__Reason)reason, options.note, &answer);
    return err == HL_OK ? deliver(cli, options.id, answer, "REFUSED")
                        : cli_fail_err(cli, err, options.id);
}
