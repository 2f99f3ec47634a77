/* compose — options and forms become a Notice. */
#include "client/compose.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "client/draft.h"
#include "client/query.h"
#include "proto/rules.h"

enum {
    OPT_INFO = 256,
    OPT_TLP,
    OPT_LANG,
    OPT_ACK_BY,
    OPT_REPLY_BY,
    OPT_SET,
    OPT_REPLY_TO,
    OPT_EXERCISE,
    OPT_SINGLE,
    OPT_WAIT,
    OPT_CONFIRM
};

static const struct option options[] = {
    {"info", required_argument, NULL, OPT_INFO},
    {"tlp", required_argument, NULL, OPT_TLP},
    {"lang", required_argument, NULL, OPT_LANG},
    {"ack-by", required_argument, NULL, OPT_ACK_BY},
    {"reply-by", required_argument, NULL, OPT_REPLY_BY},
    {"set", required_argument, NULL, OPT_SET},
    {"reply-to", required_argument, NULL, OPT_REPLY_TO},
    {"exercise", required_argument, NULL, OPT_EXERCISE},
    {"single-person", required_argument, NULL, OPT_SINGLE},
    {"wait", required_argument, NULL, OPT_WAIT},
    {"confirm", required_argument, NULL, OPT_CONFIRM},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool take_option(struct compose *compose, int option)
{
    switch (option) {
    case 't': compose->type = optarg; return true;
    case 'p': compose->precedence = optarg; return true;
    case 's': compose->subject = optarg; return true;
    case 'e': compose->edit = optarg; return true;
    case 'n': compose->is_dry_run = true; return true;
    case 'W': return (compose->wait_s = cli_count(optarg)) > 0;
    case OPT_TLP: compose->tlp = optarg; return true;
    case OPT_LANG: compose->lang = optarg; return true;
    case OPT_ACK_BY: compose->ack_by = optarg; return true;
    case OPT_REPLY_BY: compose->reply_by = optarg; return true;
    case OPT_REPLY_TO: compose->reply_to = optarg; return true;
    case OPT_EXERCISE: compose->exercise = optarg; return true;
    case OPT_WAIT: compose->wait = optarg; return true;
    case OPT_CONFIRM: compose->confirm = optarg; return true;
    case OPT_SINGLE:
        compose->single_person = optarg;
        compose->is_single = true;
        return true;
    case OPT_INFO: compose->info[compose->info_count++] = optarg; return compose->info_count < 32;
    case OPT_SET:
        compose->sets[compose->set_count++] = optarg;
        return compose->set_count < COMPOSE_SETS_MAX && strchr(optarg, '=');
    default: return false;
    }
}

/* XBB.TEC; a file of such a name is a form, when its end is no kind of desk. */
static bool is_address(const char *text)
{
    static const char *const kinds[] = {"DIP", "TEC", "POL", "DIR"};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    if (strlen(text) != 7 || strspn(text, letters) != 3 || text[3] != '.' ||
        strspn(text + 4, letters) != 3)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(text + 4, kinds[i]) == 0)
            return true;
    }
    return access(text, F_OK) != 0; /* no file: the directory will say that there is no such desk */
}

int compose_options(const char *command, int argc, char **argv, struct compose *ret_compose)
{
    int option = 0;

    *ret_compose = (struct compose){0};
    optind = 1;
    while ((option = getopt_long(argc, argv, "t:p:s:e:nW:h", options, NULL)) != -1) {
        if (!take_option(ret_compose, option)) {
            (void)cli_usage(command);
            return HL_EINVAL;
        }
    }
    for (; optind < argc; optind++) {
        if (is_address(argv[optind]) && ret_compose->to_count < 32)
            ret_compose->to[ret_compose->to_count++] = argv[optind];
        else if (!ret_compose->form)
            ret_compose->form = argv[optind];
        else {
            (void)cli_usage(command);
            return HL_EINVAL;
        }
    }
    return HL_OK;
}

int compose_check(struct cli *cli, const struct compose *compose)
{
    const char *reason = compose->single_person;

    if (!reason ||
        (strlen(reason) >= DRAFT_REASON_MIN && strlen(reason) <= DRAFT_REASON_MAX &&
         text_is_utf8(bytes_text(reason)) && !text_has_control(bytes_text(reason), false)))
        return EXIT_DONE;
    return cli_fail(
        cli, EXIT_USAGE, "reason",
        "--single-person takes a reason of %d to %d octets of UTF-8 in one line; nothing "
        "was signed or sent",
        DRAFT_REASON_MIN, DRAFT_REASON_MAX);
}

static int read_stdin(struct blob **ret_text)
{
    AUTO_BUF text;
    char chunk[4096];
    size_t got = 0;

    buf_init(&text, FORM_BYTES_MAX + 1);
    while ((got = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
        buf_add(&text, BYTES(chunk, got));
    return ferror(stdin) ? HL_EIO : buf_to_blob(&text, ret_text);
}

static const char *form_name(const struct compose *compose)
{
    return !compose->form || strcmp(compose->form, "-") == 0 ? "form" : compose->form;
}

static int read_form_text(struct cli *cli, const struct compose *compose,
                          const Hotline__V1__Notice *base, struct blob **ret_text)
{
    if (base && !compose->form) {
        AUTO_BUF text;
        buf_init(&text, FORM_BYTES_MAX);
        TRY(form_write(cli->trust, base, &text));
        return buf_to_blob(&text, ret_text);
    }
    if (compose->form && strcmp(compose->form, "-") == 0)
        return read_stdin(ret_text);
    if (compose->form)
        return file_read(compose->form, FORM_BYTES_MAX, ret_text);
    return blob_copy(BYTES(NULL, 0), ret_text);
}

static int apply_sets(const struct compose *compose, struct form *form)
{
    for (size_t i = 0; i < compose->set_count; i++) {
        char key[80];
        size_t len = strcspn(compose->sets[i], "=");

        if (len >= sizeof(key))
            return HL_EFORMAT;
        (void)snprintf(key, sizeof(key), "%.*s", (int)len, compose->sets[i]);
        TRY(form_set(form, key, compose->sets[i] + len + 1));
    }
    return HL_OK;
}

static int apply_options(const struct compose *compose, struct form *form)
{
    const struct {
        const char *key, *value;
    } plain[] = {{"type", compose->type},         {"precedence", compose->precedence},
                 {"subject", compose->subject},   {"tlp", compose->tlp},
                 {"lang", compose->lang},         {"ack_by", compose->ack_by},
                 {"reply_by", compose->reply_by}, {"in_reply_to", compose->reply_to}};

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (plain[i].value)
            TRY(form_set(form, plain[i].key, plain[i].value));
    }
    for (size_t i = 0; i < compose->to_count; i++)
        TRY(i == 0 ? form_set(form, "to", compose->to[i])
                   : form_append(form, "to", compose->to[i], 0));
    for (size_t i = 0; i < compose->info_count; i++)
        TRY(form_append(form, "info", compose->info[i], 0));
    return apply_sets(compose, form);
}

/* What the program fills in where the officer said nothing: a new matter, and no attribution made. */
static int apply_defaults(struct form *form)
{
    const char *type = form_get(form, "type");
    bool is_incident = type && (strcmp(type, "INC") == 0 || strcmp(type, "UPD") == 0);

    if (!form_get(form, "thread_id") && !form_get(form, "incident.incident_id"))
        TRY(form_set(form, is_incident ? "incident.incident_id" : "thread_id", "new"));
    if (is_incident && !form_get(form, "incident.attribution"))
        TRY(form_set(form, "incident.attribution", "NONE_MADE"));
    return HL_OK;
}

static int set_exercise(Hotline__V1__Notice *notice, const char *name, const uint8_t *id)
{
    notice->plane = HOTLINE__V1__PLANE__EXERCISE;
    notice->exercise_name = strdup(name);
    if (!notice->exercise_name)
        return HL_ENOMEM;
    uint8_t *copy = malloc(ID_BYTES);
    if (!copy)
        return HL_ENOMEM;
    memcpy(copy, id, ID_BYTES);
    notice->exercise_id = (ProtobufCBinaryData){ID_BYTES, copy};
    return HL_OK;
}

/* The plane stands in no line of a form. A draft that is edited stays on its own: an exercise must never come to be live. */
static int set_plane(const struct compose *compose, const Hotline__V1__Notice *base,
                     Hotline__V1__Notice *notice)
{
    uint8_t hash[HASH_BYTES];

    notice->plane = base ? base->plane : HOTLINE__V1__PLANE__LIVE;
    notice->persons = compose->is_single ? 1 : 0;
    if (compose->exercise) {
        hash_plain(bytes_text(compose->exercise),
                   hash); /* one name is one exercise, until announcements carry ids */
        return set_exercise(notice, compose->exercise, hash);
    }
    if (!base || base->exercise_id.len != ID_BYTES)
        return HL_OK;
    return set_exercise(notice, base->exercise_name, base->exercise_id.data);
}

/* A field whose line is wrong is not missing as well. */
static bool has_fault(const struct form_faults *faults, const char *key)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (strcmp(faults->items[i].key, key) == 0)
            return true;
    }
    return false;
}

/* What may stand in a field that is missing is told with it. */
static void add_rule_fault(struct form_faults *faults, const struct rules_fault *rule)
{
    AUTO_BUF words;

    buf_init(&words, 4096);
    bool has_words = strcmp(rule->what, "missing") == 0 && form_key_words(rule->key, &words);
    buf_add_u8(&words, 0);
    if (has_words && words.err == HL_OK)
        form_fault_add(faults, 0, rule->key, "missing: one of %s", (const char *)words.data);
    else
        form_fault_add(faults, 0, rule->key, "%s", rule->what);
}

static int fill(struct cli *cli, const struct form *form, Hotline__V1__Notice *notice,
                struct form_faults *faults)
{
    const struct form_context context = {.trust = cli->trust,
                                         .rng = rng_system(),
                                         .now_ms = desk_now_ms(cli->desk),
                                         .find_notice = query_find_notice,
                                         .owner = cli->desk};
    struct rules_fault rules[RULES_FAULTS_MAX];
    size_t count = 0;

    int err = form_fill(form, &context, notice, faults);
    if (err != HL_OK && err != HL_EFORMAT)
        return err;
    err = rules_check(notice, rules,
                      &count); /* all faults at once, those of the lines and those of the whole */
    if (err == HL_EINVAL)
        form_fault_add(faults, 0, "type",
                       "missing, or a type that this version does not write; allowed: INC UPD RSP");
    for (size_t i = 0; i < count; i++) {
        if (!has_fault(faults, rules[i].key))
            add_rule_fault(faults, &rules[i]);
    }
    return faults->count > 0 ? HL_EFORMAT : HL_OK;
}

/* A form as text, and the draft that it changes (NULL: a new notice). */
struct source {
    struct bytes text;
    const Hotline__V1__Notice *base;
};

static int build(struct cli *cli, const struct compose *compose, const struct source *source,
                 Hotline__V1__Notice *notice, struct form_faults *faults)
{
    AUTO(form) form = NULL;

    TRY(form_read(source->text, &form, faults));
    TRY(apply_options(compose, form));
    TRY(apply_defaults(form));
    TRY(set_plane(compose, source->base, notice));
    return fill(cli, form, notice, faults);
}

int compose_notice(struct cli *cli, const struct compose *compose, const Hotline__V1__Notice *base,
                   Hotline__V1__Notice **ret_notice)
{
    AUTO(blob) text = NULL;
    struct form_faults *faults = calloc(1, sizeof(*faults));
    Hotline__V1__Notice *notice = malloc(sizeof(*notice));

    if (!faults || !notice) {
        free(faults);
        free(notice);
        return cli_fail_err(cli, HL_ENOMEM, "form");
    }
    hotline__v1__notice__init(notice);
    int err = read_form_text(cli, compose, base, &text);
    int code = EXIT_DONE;
    if (err == HL_ENOMEM)
        code = cli_fail_err(cli, err, form_name(compose));
    else if (err != HL_OK)
        code = cli_fail(cli, EXIT_NO_INPUT, "no_input",
                        "%s: %s; nothing was signed, name a form file or - for standard input",
                        form_name(compose), err_text(err));
    if (code == EXIT_DONE)
        err = build(cli, compose, &(struct source){bytes_blob(text), base}, notice, faults);
    if (code == EXIT_DONE && faults->count > 0)
        code = cli_fail_form(cli, form_name(compose), faults);
    else if (code == EXIT_DONE && err != HL_OK)
        code = cli_fail_err(cli, err, form_name(compose));
    free(faults);
    if (code != EXIT_DONE) {
        hotline__v1__notice__free_unpacked(notice, NULL);
        return code;
    }
    *ret_notice = notice;
    return EXIT_DONE;
}
