/* cmd_watch — stay connected to all relays; one line an event; optionally a command an event. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/courier.h"
#include "client/event.h"
#include "client/json.h"
#include "client/notice_json.h"
#include "client/online.h"

#define EVENTS_AT_ONCE 64
#define COURIER_MS     500

struct watch {
    struct cli *cli;
    uint64_t after; /* number of the event shown last */
    bool wanted[EVENT_COUNT];
    long count_left;     /* 0: no limit */
    const char *command; /* --exec; NULL: none */
    int64_t courier_ms;  /* when courier_tick() is due */
    bool is_done;
    int err;
    int code; /* of what could not be printed */
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

/* The command gets the event as one JSON line on its standard input; its end is waited for, its exit code is not judged. */
static void run_command(const struct watch *watch, const struct event *event)
{
    char shell[] = "sh";
    char option[] = "-c";
    char *command = strdup(watch->command);
    char *argv[] = {shell, option, command, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t child = 0;
    AUTO_BUF line;

    buf_init(&line, 8192);
    event_json(&line, event);
    if (!command || line.err != HL_OK || pipe2(ends, O_CLOEXEC) != 0) {
        cli_note(watch->cli, "--exec: the command could not be started");
        free(command);
        return;
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    int failed = posix_spawn(&child, "/bin/sh", &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[0]);
    (void)!write(ends[1], line.data, line.len); /* one line fits a pipe */
    (void)close(ends[1]);
    if (failed == 0)
        (void)waitpid(child, NULL, 0);
    else
        cli_note(watch->cli, "--exec: the command could not be started");
    free(command);
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

static bool on_turn(void *context)
{
    struct watch *watch = context;
    struct event events[EVENTS_AT_ONCE];
    size_t count = 0;
    int64_t now_ms = clock_mono_ms(desk_clock(watch->cli->desk));
    int64_t next_ms = 0;

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
    struct agents *agents = NULL;

    int err = event_last(cli->desk, &watch->after);
    if (err == HL_OK)
        err = agents_new(cli->desk, cli->profile, &agents);
    if (err != HL_OK)
        return cli_fail_err(cli, err, "watch");
    if (cli->trust->is_sandbox && !cli->as_json)
        cli_print(cli, "watching %s; one line an event, interrupt to end\n", cli->profile->desk);
    bool was_done = agents_run(agents, wait_s * 1000, on_turn, watch);
    int signal = agents_signal(agents);
    agents_free(agents);
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
