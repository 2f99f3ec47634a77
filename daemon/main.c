/* hotlined — the relay: options, then the server; or init, or ctl. */
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/output.h"
#include "base/std_fds.h"
#include "daemon/ctl.h"
#include "daemon/init.h"
#include "daemon/server_store.h"
#include "daemon/server_uv.h"
#include "keys/secret.h"

#define VERSION      "0.1.0"
#define CONFIG_USUAL "/etc/hotline/hotlined.conf"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_VERIFY = 10,
    EXIT_USAGE = 64,
    EXIT_INTERNAL = 70,
    EXIT_CREATE = 73,
    EXIT_IO = 74,
    EXIT_BUSY = 75,
    EXIT_PERMISSION = 77,
    EXIT_CONFIGURATION = 78
};

static const char usage[] =
    "usage: hotlined [-c FILE] [--check] [--print-config] [--store sqlite:PATH|memory:]\n"
    "                [--listen ADDR]... [--metrics ADDR|unix:PATH] [--log-level L]\n"
    "                [--log-format text|json|journal] [--version]\n"
    "       hotlined init DIR --ns HEX --root HEX --federation DIR [--name r1]\n"
    "                [--listen ADDR] [--sandbox]        keys, configuration, empty store\n"
    "       hotlined [-c FILE] ctl status|drain          ask a running relay\n";

/* The command line; it stands over the file, again after each reload. */
struct options {
    const char *path;
    bool is_check, is_print;
    struct {
        const char *name, *value;
    } overrides[16];
    size_t override_count;
    struct init_request init;
};

enum { OPT_CHECK = 256, OPT_PRINT, OPT_VERSION, OPT_HELP, OPT_INIT, OPT_SANDBOX };

static const struct option long_options[] = {
    {"check", no_argument, NULL, OPT_CHECK},
    {"print-config", no_argument, NULL, OPT_PRINT},
    {"store", required_argument, NULL, 0},
    {"listen", required_argument, NULL, 0},
    {"metrics", required_argument, NULL, 0},
    {"log-level", required_argument, NULL, 0},
    {"log-format", required_argument, NULL, 0},
    {"ns", required_argument, NULL, OPT_INIT},
    {"root", required_argument, NULL, OPT_INIT},
    {"federation", required_argument, NULL, OPT_INIT},
    {"name", required_argument, NULL, OPT_INIT},
    {"sandbox", no_argument, NULL, OPT_SANDBOX},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int fail(enum exit_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(enum exit_code code, const char *format, ...)
{
    va_list args;

    (void)fprintf(stderr, "hotlined: ");
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\n");
    return (int)code;
}

static enum exit_code code_of(int err)
{
    switch (err) {
    case HL_OK: return EXIT_DONE;
    case HL_EVERIFY:
    case HL_EFORMAT: return EXIT_VERIFY;
    case HL_EPERM: return EXIT_PERMISSION;
    case HL_EBUSY: return EXIT_BUSY;
    case HL_EIO:
    case HL_ENOSPACE: return EXIT_IO;
    case HL_ENOMEM: return EXIT_INTERNAL;
    case HL_EEXIST: return EXIT_CREATE;
    default: return EXIT_CONFIGURATION;
    }
}

static void set_init(struct init_request *init, const char *name, const char *value)
{
    if (strcmp(name, "ns") == 0)
        init->ns = value;
    else if (strcmp(name, "root") == 0)
        init->root = value;
    else if (strcmp(name, "federation") == 0)
        init->federation = value;
    else
        init->name = value;
}

static bool add_override(struct options *options, const char *name, const char *value)
{
    size_t max = sizeof(options->overrides) / sizeof(options->overrides[0]);

    if (options->override_count == max)
        return false;
    options->overrides[options->override_count].name = name;
    options->overrides[options->override_count++].value = value;
    if (strcmp(name, "listen") == 0)
        options->init.listen = value;
    return true;
}

/* -1: go on with what the options say; else the program's exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
    int place = 0;
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread yet */
    while ((option = getopt_long(argc, argv, "c:h", long_options, &place)) != -1) {
        switch (option) {
        case 'c': options->path = optarg; break;
        case OPT_CHECK: options->is_check = true; break;
        case OPT_PRINT: options->is_print = true; break;
        case OPT_SANDBOX: options->init.is_sandbox = 1; break;
        case OPT_INIT: set_init(&options->init, long_options[place].name, optarg); break;
        case OPT_VERSION: (void)printf("hotlined %s\n", VERSION); return EXIT_DONE;
        case 'h':
        case OPT_HELP: (void)fputs(usage, stdout); return EXIT_DONE;
        case 0:
            if (add_override(options, long_options[place].name, optarg))
                break;
            return fail(EXIT_USAGE, "too many options");
        default: (void)fputs(usage, stderr); return EXIT_USAGE;
        }
    }
    return -1;
}

/* What each option over the file may be. */
static const char *allowed_for(const char *name)
{
    static const struct {
        const char *name, *allowed;
    } table[] = {
        {"store", "sqlite:PATH or memory:"},
        {"listen", "an address in digits as 127.0.0.1:7401 or [::1]:7401, at most 8 of them"},
        {"metrics", "an address in digits as 127.0.0.1:7411, or unix:PATH"},
        {"log-level", "error, warn, info or debug"},
        {"log-format", "text, json or journal"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].name, name) == 0)
            return table[i].allowed;
    }
    return "something else";
}

static int apply_overrides(const struct options *options, struct config *config)
{
    bool is_first_listen = true;

    for (size_t i = 0; i < options->override_count; i++) {
        const char *name = options->overrides[i].name;
        const char *value = options->overrides[i].value;
        int err = config_override(config, name, value, is_first_listen);

        if (err != HL_OK)
            return fail(EXIT_USAGE, "--%s %s: must be %s; nothing was started", name, value,
                        allowed_for(name));
        if (strcmp(name, "listen") == 0)
            is_first_listen = false;
    }
    return EXIT_DONE;
}

/* Read file and command line; complaints go to stderr. An exit code. */
static int read_config(const struct options *options, struct config *ret_config)
{
    char message[SETTINGS_MESSAGE_SIZE];
    int err = config_load(options->path, ret_config, message);

    if (err != HL_OK)
        return fail(err == HL_EPERM ? EXIT_PERMISSION : EXIT_CONFIGURATION, "%s",
                    message[0] ? message : err_text(err));
    return apply_overrides(options, ret_config);
}

/* For HUP: the file again, the command line over it. */
static int reload(const void *context, struct config *ret_config)
{
    return read_config(context, ret_config) == EXIT_DONE ? HL_OK : HL_ECONFIG;
}

static int print_config(const struct config *config)
{
    AUTO(blob) text = NULL;

    if (config_print(config, &text) != HL_OK)
        return fail(EXIT_INTERNAL, "no memory");
    (void)fwrite(text->data, 1, text->len, stdout);
    return EXIT_DONE;
}

static int run_ctl(const struct options *options, const struct config *config, char **words,
                   int count)
{
    int err;

    (void)options;
    if (count != 1 || (strcmp(words[0], "status") != 0 && strcmp(words[0], "drain") != 0))
        return fail(EXIT_USAGE, "ctl takes one command: status or drain");
    err = ctl_run(config->state_dir, words[0]);
    if (err == HL_ENOTFOUND)
        return fail(EXIT_IO,
                    "no relay answers at %s/control.sock; nothing was asked, start it first",
                    config->state_dir);
    if (err != HL_OK)
        return fail(code_of(err), "ctl: %s", err_text(err));
    return EXIT_DONE;
}

static int run_init(const struct options *options, char **words, int count)
{
    struct init_request request = options->init;
    int err;

    if (count != 1 || !request.ns || !request.root || !request.federation)
        return fail(EXIT_USAGE, "init needs DIR, --ns, --root and --federation");
    request.folder = words[0];
    if (!request.name)
        request.name = "r1";
    if (!request.listen)
        request.listen = "127.0.0.1:7401";
    err = init_run(&request);
    if (err != HL_OK)
        return fail(err == HL_EINVAL ? EXIT_USAGE : EXIT_CREATE, "init: %s", err_text(err));
    return EXIT_DONE;
}

/* Each connection is a file; the usual soft limit of 1024 is for programs that use select(). */
static void raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* with fewer, fewer are admitted */
}

/* --check: all that a start reads, and nothing started. */
static int check(const struct config *config, struct server_parts *parts)
{
    char message[SERVER_MESSAGE_SIZE];
    int err = server_store_check(config, parts, message);

    if (err == HL_OK)
        (void)printf("%s%s: good. Relay %s, directory v%llu, %zu States.\n",
                     parts->trust->is_sandbox ? "SANDBOX " : "", config->path, config->name,
                     (unsigned long long)parts->trust->directory_version,
                     parts->trust->entity_count);
    server_parts_done(parts);
    return err == HL_OK ? EXIT_DONE : fail(code_of(err), "%s", message);
}

static int run_server(const struct options *options, const struct config *config)
{
    char message[SERVER_MESSAGE_SIZE];
    struct server_parts parts;
    int err = server_parts_load(config, &parts, message);

    if (err != HL_OK)
        return fail(err == HL_ENOTFOUND ? EXIT_CONFIGURATION : code_of(err), "%s", message);
    if (options->is_check)
        return check(config, &parts);
    raise_file_limit();
    log_set_level(config->log_level);
    log_set_json(config->log_format == FORMAT_JSON);
    if (secret_lock_warning())
        log_line(LOG_LEVEL_WARN, "keys", "%s", secret_lock_warning());
    err = server_run(config, &parts, reload, options);
    if (err != HL_OK)
        return fail(code_of(err), "ended: %s", err_text(err));
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    struct options options = {.path = CONFIG_USUAL};
    struct config config;
    int code;

    if (secret_init() != HL_OK)
        return fail(EXIT_INTERNAL,
                    "libsodium >= 1.0.22 cannot be used here; run tools/install-deps");
    code = read_options(argc, argv, &options);
    if (code >= 0)
        return code;
    if (optind < argc && strcmp(argv[optind], "init") == 0)
        return run_init(&options, argv + optind + 1, argc - optind - 1);
    code = read_config(&options, &config);
    if (code != EXIT_DONE)
        return code;
    if (optind < argc && strcmp(argv[optind], "ctl") == 0)
        return run_ctl(&options, &config, argv + optind + 1, argc - optind - 1);
    if (optind < argc)
        return fail(EXIT_USAGE,
                    "unknown command: %s; nothing was started, `hotlined --help` lists them",
                    argv[optind]);
    return options.is_print ? print_config(&config) : run_server(&options, &config);
}

int main(int argc, char **argv)
{
    if (std_fds_reserve() != HL_OK)
        return EXIT_INTERNAL;       /* there is nowhere to say it */
    (void)signal(SIGPIPE, SIG_IGN); /* a closed connection is seen as a failed write */
    int code = run(argc, argv);
    if (output_finish() == HL_OK || code == EXIT_IO)
        return code;
    int failed = fail(EXIT_IO, "standard output cannot be written; what was told is not whole");
    return code == EXIT_DONE ? failed : code;
}
