/* cmd_watch — stay connected to all relays; one line an event; optionally a command an event. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "client/courier.h"
#include "client/event.h"
#include "client/hook.h"
#include "client/json.h"
#include "client/notice_json.h"
#include "client/online.h"

#define EVENTS_AT_ONCE 64
#define COURIER_MS     500
#define HOOK_MS        30000 /* relays think us off line after 45 s */

struct watch {
    struct cli *cli;
    uint64_t after; /* number of the event shown last */
    bool wanted[EVENT_COUNT];
    long count_left;     /* 0: no limit */
    const char *command; /* --exec; NULL: none */
    int64_t courier_ms;  /* when courier_tick() is due */
    bool is_done;
    int err;
    struct agents *agents;
    int told_err; /* of the agents, said already */
    int code;     /* of what could not be printed */
};

static void event_json(struct buf *to, const struct event *event)
{
    struct json json;

    json_begin(&json, to);
    json_text(&json, "event", event_name(event->kind));
    json_text(&json, "id", event->id[0] ? event->id : NULL);
    json_time(&json, "at", event->at_ms);
    if (event->relay[0])
        json_text(&json, "relay", event->relay);
    if (event->address[0])
        json_text(&json, "address", event->address);
    if (event->from[0])
        json_text(&json, "from", event->from);
    if (event->precedence)
        json_text(&json, "precedence", precedence_word(event->precedence));
    if (event->plane)
        json_text(&json, "plane", plane_word(event->plane));
    if (event->layer[0])
        json_text(&json, "layer", event->layer);
    if (event->due_ms)
        json_time(&json, "due", event->due_ms);
    if (event->kind == EVENT_OVERDUE)
        json_number(&json, "late_ms", event->late_ms);
    if (event->ack_by_ms)
        json_time(&json, "ack_by", event->ack_by_ms);
    if (event->detail[0])
        json_text(&json, "detail", event->detail);
    json_end(&json);
}

static void event_text(struct buf *to, const struct event *event)
{
    char at[TIME_TEXT_SIZE];

    time_format(event->at_ms, at);
    buf_add_format(to, "%s %-16s %s", at, event_name(event->kind), event->id);
    if (event->plane == HOTLINE__V1__PLANE__EXERCISE)
        buf_add_text(to, " EXERCISE");
    if (event->precedence)
        buf_add_format(to, " %s", precedence_word(event->precedence));
    if (event->from[0])
        buf_add_format(to, " from %s", event->from);
    if (event->address[0])
        buf_add_format(to, " %s", event->address);
    if (event->relay[0])
        buf_add_format(to, " relay %s", event->relay);
    if (event->layer[0])
        buf_add_format(to, " %s late by %lld s", event->layer, (long long)(event->late_ms / 1000));
    if (event->detail[0])
        buf_add_format(to, " %s", event->detail);
    buf_add_u8(to, '\n');
}

/* The command gets the event as one JSON line; what went wrong is told, and the watch goes on. */
static void run_command(const struct watch *watch, const struct event *event)
{
    AUTO_BUF line;

    buf_init(&line, HOOK_LINE_MAX);
    event_json(&line, event);

    int err = line.err == HL_OK ? hook_run(watch->command, buf_bytes(&line), HOOK_MS) : line.err;

    if (err == HL_EEXPIRED)
        cli_note(watch->cli,
                 "--exec: the command did not end within %d s of event %s and was killed",
                 HOOK_MS / 1000, event_name(event->kind));
    else if (err != HL_OK)
        cli_note(watch->cli, "--exec: the command was not started for event %s: %s",
                 event_name(event->kind), err_text(err));
}

static void show(struct watch *watch, const struct event *event)
{
    AUTO_BUF text;

    buf_init(&text, 8192);
    if (watch->cli->as_json)
        event_json(&text, event);
    else
        event_text(&text, event);
    watch->code = cli_print_buf(watch->cli, &text);
    if (watch->code != EXIT_DONE) {
        watch->is_done = true;
        return;
    }
    if (watch->command)
        run_command(watch, event);
    if (watch->count_left > 0 && --watch->count_left == 0)
        watch->is_done = true;
}

/* Busy: it is told again, at the next start. */
static void remember(struct watch *watch)
{
    int err = watch->command ? event_set_told(watch->cli->desk, watch->after) : HL_OK;

    if (err != HL_OK && err != HL_EBUSY)
        watch->err = err;
}

/* A desk that cannot store what comes does not take it: nobody else would say so. */
static void tell_desk_error(struct watch *watch)
{
    int err = agents_error(watch->agents);

    if (err == watch->told_err)
        return;
    watch->told_err = err;
    cli_note(watch->cli,
             "ALARM: %s: %s; what the relays hold for this desk was not taken, and waits there",
             watch->cli->profile->database, err_text(err));
}

static bool on_turn(void *context)
{
    struct watch *watch = context;
    struct event events[EVENTS_AT_ONCE];
    size_t count = 0;
    int64_t now_ms = clock_mono_ms(desk_clock(watch->cli->desk));
    int64_t next_ms = 0;

    tell_desk_error(watch);
    if (now_ms >= watch->courier_ms) {
        watch->courier_ms = now_ms + COURIER_MS;
        watch->err = courier_tick(watch->cli->desk, &next_ms);
    }
    if (watch->err == HL_OK)
        watch->err = event_read(watch->cli->desk, watch->after, events, EVENTS_AT_ONCE, &count);
    if (watch->err == HL_EBUSY) /* another process writes; the next turn comes soon */
        watch->err = HL_OK;
    for (size_t i = 0; i < count && !watch->is_done; i++) {
        watch->after = events[i].number;
        if (events[i].kind < EVENT_COUNT && watch->wanted[events[i].kind])
            show(watch, &events[i]);
        remember(watch);
    }
    return watch->is_done || watch->err != HL_OK;
}

/* "custody,overdue" */
static bool choose_events(const char *list, bool *wanted)
{
    memset(wanted, 0, EVENT_COUNT * sizeof(wanted[0]));
    while (*list) {
        char name[32];
        enum event_kind kind;
        size_t len = strcspn(list, ",");

        if (len >= sizeof(name))
            return false;
        (void)snprintf(name, sizeof(name), "%.*s", (int)len, list);
        if (event_parse(name, &kind) != HL_OK)
            return false;
        wanted[kind] = true;
        list += len + (list[len] == ',');
    }
    return true;
}

/* One process a desk runs the hook; the others wait for it. */
static int take_hook_lock(struct cli *cli)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s.hook", cli->profile->database);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    cli_note(cli, "another watch runs this desk's hook; waiting for it to end");
    if (flock(fd, LOCK_EX) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static int run(struct cli *cli, struct watch *watch, long wait_s)
{
    int err = watch->command ? event_told(cli->desk, &watch->after)
                             : event_last(cli->desk, &watch->after);
    if (err == HL_OK && watch->command)
        err = event_set_told(cli->desk, watch->after);
    if (err == HL_OK)
        err = agents_new(cli->desk, cli->profile, &watch->agents);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "watch");
    if (cli->trust->is_sandbox && !cli->as_json)
        cli_print(cli, "watching %s; one line an event, interrupt to end\n", cli->profile->desk);
    bool was_done = agents_run(watch->agents, wait_s * 1000, on_turn, watch);
    int signal = agents_signal(watch->agents);
    agents_free(watch->agents);
    if (signal != 0)
        return 128 + signal;
    if (watch->code != EXIT_DONE)
        return watch->code;
    if (watch->err != HL_OK)
        return cli_fail_err(cli, watch->err, "watch");
    return was_done ? EXIT_DONE : EXIT_DEADLINE;
}

/* Returns an exit code; the message is out. */
static int read_options(struct cli *cli, int argc, char **argv, struct watch *watch,
                        long *ret_wait_s)
{
    static const struct option list[] = {{"event", required_argument, NULL, 'e'},
                                         {"exec", required_argument, NULL, 'x'},
                                         {NULL, 0, NULL, 0}};
    bool is_good = true;
    int option = 0;

    optind = 1;
    while (is_good && (option = getopt_long(argc, argv, "C:W:", list, NULL)) != -1) {
        switch (option) {
        case 'e':
            if (!choose_events(optarg, watch->wanted))
                return cli_fail(cli, EXIT_USAGE, "usage",
                                "--event: unknown name; allowed are custody delivered opened "
                                "acknowledged overdue received gap "
                                "… as `hotline watch --json` prints them");
            break;
        case 'x': watch->command = optarg; break;
        case 'C': is_good = (watch->count_left = cli_count(optarg)) > 0; break;
        case 'W': is_good = (*ret_wait_s = cli_count(optarg)) > 0; break;
        default: is_good = false; break;
        }
    }
    return is_good && optind == argc ? EXIT_DONE : cli_usage("watch");
}

int cmd_watch(struct cli *cli, int argc, char **argv)
{
    struct watch watch = {.cli = cli};
    long wait_s = 0;

    for (size_t i = 0; i < EVENT_COUNT; i++)
        watch.wanted[i] = true;
    int code = read_options(cli, argc, argv, &watch, &wait_s);
    if (code == EXIT_DONE)
        code = cli_open(cli);
    if (code != EXIT_DONE)
        return code;
    int lock = watch.command ? take_hook_lock(cli) : -1;
    if (watch.command && lock < 0)
        return cli_fail(cli, EXIT_IO, "io", "%s.hook cannot be locked; no hook was run",
                        cli->profile->database);
    code = run(cli, &watch, wait_s);
    if (lock >= 0)
        (void)close(lock);
    return code;
}
