/* acked — one notice outstanding through a real relay: from release to the verified ACKNOWLEDGED, and fdatasync beside it.
 * usage: acked SANDBOX COUNT. The recipient's officer answers at once in a child process. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/agent_uv.h"
#include "client/answer.h"
#include "client/draft.h"
#include "client/event.h"
#include "client/form.h"
#include "client/query.h"
#include "keys/secret.h"

#define COUNT_MAX 500

struct terminal {
    struct profile *profile;
    struct trust *trust;
    struct identity *identity;
    struct desk *desk;
    struct agents *agents;
};

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int order(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static void must(int err, const char *what)
{
    if (err == HL_OK)
        return;
    (void)fprintf(stderr, "acked: %s: %s\n", what, err_text(err));
    exit(1);
}

static void terminal_open(struct terminal *terminal, const char *folder, const char *state)
{
    char path[1024];
    char message[SETTINGS_MESSAGE_SIZE] = "";
    char reason[160] = "";
    struct desk_id desk;
    struct blob *secret = NULL;
    struct blob *passphrase = NULL;

    (void)snprintf(path, sizeof(path), "%s/states/%s/officer1/hotline.conf", folder, state);
    must(profile_load(path, &terminal->profile, message), message);
    must(trust_load(suite_real(), terminal->profile->federation, NULL, NULL, &terminal->trust,
                    reason),
         reason);
    must(desk_parse(terminal->trust, terminal->profile->desk, &desk), "desk");
    must(keyfile_read(terminal->profile->device_secret, &secret), "secret");
    const struct identity_files files = {terminal->profile->device_key,
                                         terminal->profile->prekeys,
                                         {.kdf = KDF_RAW, .secret = bytes_blob(secret)}};
    must(identity_load(suite_real(), rng_system(), terminal->trust, &desk, &files,
                       &terminal->identity),
         "identity");
    (void)snprintf(path, sizeof(path), "%s/passphrase", folder);
    must(keyfile_read(path, &passphrase), "passphrase");
    const struct key_lock lock = {.kdf = KDF_PASSPHRASE,
                                  .secret = BYTES(passphrase->data, passphrase->len - 1)};
    must(identity_unlock_officer(terminal->identity, terminal->profile->officer_key, &lock),
         "officer");
    const struct desk_options options = {.path = terminal->profile->database,
                                         .identity = terminal->identity,
                                         .clock = clock_system()};
    must(desk_open(&options, &terminal->desk), "desk");
    must(agents_new(terminal->desk, terminal->profile, &terminal->agents), "agents");
    blob_free(secret);
    blob_free(passphrase);
}

/* --- the recipient: opens and acknowledges whatever comes ------------------------------------------- */

static bool answer_all(void *context)
{
    struct terminal *terminal = context;
    const struct notice_filter filter = {.needs_action = true, .only_in = true, .max = 4};
    AUTO(notice_list) list = NULL;

    if (query_list(terminal->desk, &filter, &list) != HL_OK)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        struct answer *opened = NULL;
        struct answer *acked = NULL;
        const struct ack_options options = {.disposition =
                                                HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                            .check_word = list->items[i]->notice->check_word};

        must(answer_open(terminal->desk, list->items[i]->hash, &opened), "open");
        must(answer_acknowledge(terminal->desk, list->items[i]->hash, &options, &acked),
             "acknowledge");
        answer_free(opened);
        answer_free(acked);
    }
    return false;
}

/* --- the sender -------------------------------------------------------------------------------------- */

static Hotline__V1__Notice *make_notice(const struct trust *trust)
{
    Hotline__V1__Notice *notice = malloc(sizeof(*notice));
    struct form *form = NULL;
    struct form_faults *faults = calloc(1, sizeof(*faults));
    static const char text[] =
        "type: UPD\nto: XBB.TEC\nprecedence: ROUTINE\nsubject: bench\ntlp: "
        "GREEN\nincident.incident_id: new\n"
        "incident.severity: LOW\nincident.confidence: LOW\nincident.attribution: "
        "NONE_MADE\nincident.next_update_by: +1h\n\n";
    char body[1200];
    char whole[2048];

    memset(body, 'x', sizeof(body));
    body[1023] = '\0';
    (void)snprintf(whole, sizeof(whole), "%s%s\n", text, body);
    const struct form_context context = {
        .trust = trust, .rng = rng_system(), .now_ms = clock_utc_ms(clock_system())};
    if (!notice || !faults)
        exit(1);
    hotline__v1__notice__init(notice);
    must(form_read(bytes_text(whole), &form, faults), "form");
    must(form_fill(form, &context, notice, faults), "form");
    notice->plane = HOTLINE__V1__PLANE__LIVE;
    notice->persons = 1;
    form_free(form);
    free(faults);
    return notice;
}

struct waiting {
    struct desk *desk;
    uint64_t after;
};

static bool was_acknowledged(void *context)
{
    struct waiting *waiting = context;
    struct event events[16];
    size_t count = 0;

    if (event_read(waiting->desk, waiting->after, events, 16, &count) != HL_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        waiting->after = events[i].number;
        if (events[i].kind == EVENT_ACKNOWLEDGED)
            return true;
    }
    return false;
}

static double send_one(struct terminal *sender)
{
    Hotline__V1__Notice *notice = make_notice(sender->trust);
    struct waiting waiting = {.desk = sender->desk};
    struct release_result result;
    const struct release_options options = {.reason = NULL};
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];

    must(draft_sign(sender->desk, notice, id, hash), "draft");
    must(event_last(sender->desk, &waiting.after), "events");
    double begin = now_ms();
    must(draft_release(sender->desk, id, &options, &result), desk_why(sender->desk));
    if (!agents_run(sender->agents, 20000, was_acknowledged, &waiting))
        must(HL_EEXPIRED, "acknowledgement within 20 s");
    double took = now_ms() - begin;
    hotline__v1__notice__free_unpacked(notice, NULL);
    return took;
}

static double sync_once(int fd)
{
    static const uint8_t block[4096];
    double begin = now_ms();

    if (pwrite(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
        must(HL_EIO, "fdatasync");
    return now_ms() - begin;
}

static bool is_idle(void *context)
{
    return agents_are_idle(context);
}

int main(int argc, char **argv)
{
    static double acked[COUNT_MAX];
    static double syncs[COUNT_MAX];
    struct terminal terminal = {0};
    char path[1024];

    if (argc != 3 || secret_init() != HL_OK)
        return 64;
    size_t count = strtoul(argv[2], NULL, 10);
    count = count == 0 || count > COUNT_MAX ? COUNT_MAX : count;
    pid_t child = fork();
    terminal_open(&terminal, argv[1], child == 0 ? "XBB" : "XAA");
    if (child == 0) {
        (void)agents_run(terminal.agents, 0, answer_all, &terminal);
        agents_free(terminal.agents);
        return 0;
    }
    (void)agents_run(terminal.agents, 1500, NULL,
                     NULL); /* both terminals publish and fetch prekeys */
    agents_free(terminal.agents);
    must(agents_new(terminal.desk, terminal.profile, &terminal.agents), "agents");
    if (!agents_run(terminal.agents, 5000, is_idle, terminal.agents))
        must(HL_EEXPIRED, "relays within 5 s");
    (void)snprintf(path, sizeof(path), "%s/sync.tmp", argv[1]);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    for (size_t i = 0; i < count; i++) {
        acked[i] = send_one(&terminal);
        syncs[i] = sync_once(fd);
    }
    (void)close(fd);
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
    agents_free(terminal.agents);
    qsort(acked, count, sizeof(acked[0]), order);
    qsort(syncs, count, sizeof(syncs[0]), order);
    (void)printf("acknowledged, 1 outstanding, 2 relays          p50 %7.2f ms   p99 %7.2f ms   "
                 "(%zu notices of 1 KiB)\n",
                 acked[count / 2], acked[count * 99 / 100], count);
    (void)printf("fdatasync of 4 KiB, between them               p50 %7.2f ms   p99 %7.2f ms\n",
                 syncs[count / 2], syncs[count * 99 / 100]);
    return 0;
}
