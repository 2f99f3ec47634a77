/* test_form_memory — the n-th allocation fails while a form is read, filled in, written or shown, and while a configuration is read:
 * no fault is found in what is good, and nothing is left out of what is shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/form.h"
#include "client/notice_json.h"
#include "client/notice_print.h"
#include "client/profile.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/temp_dir.h"

static const char good_form[] = "# a comment\n"
                                "type: INC\nprecedence: FLASH\ntlp: AMBER\n"
                                "to: XBB.TEC\ninfo: XCC.TEC ROUTINE\n"
                                "incident.incident_id: new\nincident.category: ROUTING_BGP\n"
                                "incident.status: ONGOING\nincident.detected: +0s\n"
                                "incident.sector: TELECOM\nincident.sector: ENERGY\n"
                                "incident.critical_infrastructure: YES\n"
                                "incident.suspected_malicious: UNKNOWN\n"
                                "incident.cross_border: YES\nincident.severity: HIGH\n"
                                "incident.confidence: MEDIUM\n"
                                "incident.why_you: TRANSIT_IN_YOUR_TERRITORY\n"
                                "incident.attribution: NONE_MADE\nincident.next_update_by: +2h\n"
                                "in_reply_to: L-7KQ2M0419Z\nrequested_action: INVESTIGATE\n"
                                "subject: routes\n  and prefixes\n"
                                "text.fr: <<END\nUne fuite.\nEND\n\nA route leak began.\n";
/* An unknown key, a wrong word, a wrong desk, and one that is good. */
static const char bad_form[] = "type: INC\nto: XBB.TEC\ncolour: red\nincident.category: FIRE\n"
                               "to: XQQ.TEC\nreferences: L-7KQ2\n\ntext\n";
/* A line that is none, a block that is not closed. */
static const char no_form[] = "type: INC\nto XBB.TEC\ntext.fr: <<END\nUne fuite.\n";

struct bench {
    struct small_world *world;
    struct rng rng;
    struct seeded_rng seed;
    Hotline__V1__Notice *notice;
    struct notice_view view;
    struct addressee_view addressee;
    struct temp_dir temp;
};

static int bench_up(void **state)
{
    if (!nth_alloc_is_supported())
        return 0;
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = small_world_new(suite_fake());
    seeded_rng_init(&bench->seed, 3);
    bench->rng = seeded_rng(&bench->seed);
    temp_dir_make(&bench->temp, "hotline.conf");
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    if (bench == NULL)
        return 0;
    hotline__v1__notice__free_unpacked(bench->notice, NULL);
    small_world_free(bench->world);
    int err = temp_dir_remove(&bench->temp);
    free(bench);
    return err;
}

/* --- forms --- */

static int find_one(void *owner, const char *id, uint8_t ret_hash[HASH_BYTES])
{
    (void)owner;
    (void)id;
    uint8_t *copy = malloc(HASH_BYTES); /* a look-up needs memory too */
    if (copy == NULL)
        return HL_ENOMEM;
    memset(copy, 7, HASH_BYTES);
    memcpy(ret_hash, copy, HASH_BYTES);
    free(copy);
    return HL_OK;
}

static int fill(struct bench *bench, const char *text, struct form_faults *faults,
                Hotline__V1__Notice *notice)
{
    const struct form_context context = {.trust = &bench->world->trust,
                                         .rng = &bench->rng,
                                         .now_ms = WORLD_NOW_MS,
                                         .find_notice = find_one};
    AUTO(form) form = NULL;
    TRY(form_read(bytes_text(text), &form, faults));
    TRY(form_set(form, "subject", "routes"));
    return form_fill(form, &context, notice, faults);
}

static int read_good(void *context)
{
    struct bench *bench = context;
    static struct form_faults faults;
    Hotline__V1__Notice *notice = malloc(sizeof(*notice));
    if (notice == NULL)
        return HL_ENOMEM;
    hotline__v1__notice__init(notice);
    faults.count = 0;
    int err = fill(bench, good_form, &faults, notice);
    assert_int_equal(faults.count, 0); /* no line of it is wrong */
    if (err == HL_OK) {
        assert_int_equal(notice->n_to, 2);
        assert_int_equal(notice->n_text, 2);
        assert_int_equal(notice->incident->n_sector, 2);
        assert_int_equal(notice->in_reply_to.len, HASH_BYTES);
    }
    hotline__v1__notice__free_unpacked(notice, NULL);
    return err;
}

static void a_good_form_has_no_fault_for_lack_of_memory(void **state)
{
    nth_alloc_require();
    assert_true(nth_alloc_sweep(read_good, *state) > 50);
}

/* A bad form is bad, whatever memory there is. */
static int read_bad(void *context)
{
    struct bench *bench = context;
    static struct form_faults faults;
    Hotline__V1__Notice *notice = malloc(sizeof(*notice));
    if (notice == NULL)
        return HL_ENOMEM;
    hotline__v1__notice__init(notice);
    faults.count = 0;
    int err = fill(bench, bad_form, &faults, notice);
    if (err == HL_EFORMAT)
        assert_int_equal(faults.count, 3);
    hotline__v1__notice__free_unpacked(notice, NULL);
    return err == HL_EFORMAT ? HL_OK : err;
}

static int read_no_form(void *context)
{
    static struct form_faults faults;
    AUTO(form) form = NULL;
    (void)context;
    faults.count = 0;
    int err = form_read(bytes_text(no_form), &form, &faults);
    if (err == HL_EFORMAT)
        assert_int_equal(faults.count, 2);
    return err == HL_EFORMAT ? HL_OK : err;
}

static void a_bad_form_keeps_its_faults(void **state)
{
    nth_alloc_require();
    assert_true(nth_alloc_sweep(read_bad, *state) > 30);
    assert_true(nth_alloc_sweep(read_no_form, *state) > 3);
}

/* --- what is written is whole --- */

static void make_notice(struct bench *bench)
{
    static struct form_faults faults;
    bench->notice = malloc(sizeof(*bench->notice));
    assert_non_null(bench->notice);
    hotline__v1__notice__init(bench->notice);
    faults.count = 0;
    assert_int_equal(fill(bench, good_form, &faults, bench->notice), HL_OK);
    struct desk_id sender = world_desk(bench->world, XAA);
    bench->notice->plane = HOTLINE__V1__PLANE__LIVE;
    bench->notice->author = (ProtobufCBinaryData){ID_BYTES, calloc(1, ID_BYTES)};
    assert_non_null(bench->notice->author.data);
    bench->view = (struct notice_view){.id = "L-7KQ2M0419Z",
                                       .direction = NOTICE_IN,
                                       .from = sender,
                                       .from_text = "XAA.TEC",
                                       .plane = 1,
                                       .precedence = 4,
                                       .notice = bench->notice,
                                       .is_verified = true,
                                       .flags = NOTICE_GAP | NOTICE_LATE,
                                       .t0_basis = "NONE",
                                       .addressee_count = 1,
                                       .addressees = &bench->addressee};
    (void)snprintf(bench->addressee.address, sizeof(bench->addressee.address), "XBB.TEC");
    (void)snprintf(bench->addressee.status, sizeof(bench->addressee.status), "RECEIVED");
}

/* Writes one of them; how many octets it is whole. */
struct writing {
    struct bench *bench;
    void (*write)(struct bench *bench, struct buf *to);
    size_t whole;
};

static int write_it(void *context)
{
    struct writing *writing = context;
    AUTO_BUF text;
    buf_init(&text, (size_t)1 << 20);
    writing->write(writing->bench, &text);
    if (text.err != HL_OK)
        return text.err;
    if (writing->whole == 0)
        writing->whole = text.len;
    assert_int_equal(text.len, writing->whole);
    return HL_OK;
}

static void as_empty_form(struct bench *bench, struct buf *to)
{
    (void)bench;
    int err = form_show(HOTLINE__V1__NOTICE_TYPE__INC, to);
    assert_int_equal(err, to->err);
}

static void as_form(struct bench *bench, struct buf *to)
{
    int err = form_write(&bench->world->trust, bench->notice, to);
    assert_int_equal(err, to->err);
}

static void as_json(struct bench *bench, struct buf *to)
{
    notice_json(to, &bench->world->trust, &bench->view, true);
}

static void as_text(struct bench *bench, struct buf *to)
{
    notice_print_whole(to, &bench->world->trust, &bench->view);
}

static void as_status(struct bench *bench, struct buf *to)
{
    notice_print_status(to, &bench->view);
}

static void what_is_written_is_whole_or_an_error(void **state)
{
    void (*const ways[])(struct bench * bench, struct buf * to) = {as_empty_form, as_form, as_json,
                                                                   as_text, as_status};
    nth_alloc_require();
    make_notice(*state);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct writing writing = {.bench = *state, .write = ways[i]};
        assert_true(nth_alloc_sweep(write_it, &writing) > 1);
        assert_true(writing.whole > 100);
    }
}

/* --- configurations --- */

static void write_conf(struct bench *bench, const char *more)
{
    char hex[65];
    memset(hex, 'a', 64);
    hex[64] = '\0';
    FILE *file = fopen(bench->temp.path, "w");
    assert_non_null(file);
    (void)fprintf(file,
                  "federation = \"fed\"\nns = \"%s\"\nroot = \"%s\"\ndesk = \"XAA.TEC\"\n"
                  "database = \"desk.db\"\ndevice_key = \"d.hlk\"\nprekeys = \"p.hlk\"\n"
                  "device_secret = \"d.secret\"\nofficer_key = \"o.hlk\"\n"
                  "relay \"r1\" { address = \"127.0.0.1:7401\" }\n"
                  "alarm \"FLASH\" { hook = \"siren\" }\n%s",
                  hex, hex, more);
    assert_int_equal(fclose(file), 0);
}

static int load_good(const struct bench *bench)
{
    char message[SETTINGS_MESSAGE_SIZE] = "";
    AUTO(profile) profile = NULL;
    TRY(profile_load(bench->temp.path, &profile, message));
    assert_int_equal(profile->relay_count, 1);
    assert_non_null(profile->alarm_hooks[4]);
    return HL_OK;
}

/* A bad file's right answer is that it is bad. */
static int load_bad(const struct bench *bench)
{
    char message[SETTINGS_MESSAGE_SIZE] = "";
    AUTO(profile) profile = NULL;
    int err = profile_load(bench->temp.path, &profile, message);
    assert_null(profile);
    if (err == HL_ECONFIG)
        assert_true(message[0] != '\0');
    return err == HL_ECONFIG ? HL_OK : err;
}

/* How a child that loads with its n-th allocation failing ends; libconfuse ends it itself, by 2 or SIGABRT. */
enum ending { ENDING_DONE = 40, ENDING_NO_MEMORY, ENDING_LEAKS, ENDING_WRONG, ENDING_LIBCONFUSE };

static enum ending load_in_child(const struct bench *bench, int (*load)(const struct bench *bench),
                                 unsigned long n)
{
    int status = 0;
    (void)fflush(NULL); /* else the child says it again */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        long before = nth_alloc_live();
        (void)close(STDERR_FILENO); /* what libconfuse dies of is no news */
        nth_alloc_arm(n);
        int err = load(bench);
        bool failed = nth_alloc_disarm();
        bool is_right = err == HL_OK || (err == HL_ENOMEM && failed);
        bool leaks = nth_alloc_live() != before;
        _exit(!is_right ? ENDING_WRONG
              : leaks   ? ENDING_LEAKS
              : failed  ? ENDING_NO_MEMORY
                        : ENDING_DONE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) >= ENDING_DONE
               ? (enum ending)WEXITSTATUS(status)
               : ENDING_LIBCONFUSE;
}

/* The last allocations are the profile's own: of those none leaks, and none ends the program. */
static void load_all(const struct bench *bench, int (*load)(const struct bench *bench),
                     unsigned long own)
{
    enum ending endings[512] = {ENDING_DONE};
    unsigned long n = 0;
    assert_int_equal(load(bench), HL_OK); /* what libraries keep is made */
    do {
        n++;
        assert_true(n < 512);
        endings[n] = load_in_child(bench, load, n);
        if (endings[n] == ENDING_WRONG)
            fail_msg("allocation %lu failed: neither read nor out of memory", n);
    } while (endings[n] != ENDING_DONE);
    for (unsigned long i = n - own; i < n; i++)
        assert_int_equal(endings[i], ENDING_NO_MEMORY);
}

static void a_good_configuration_is_not_called_wrong(void **state)
{
    nth_alloc_require();
    write_conf(*state, "");
    load_all(*state, load_good, 9);
}

static void a_bad_configuration_is_refused(void **state)
{
    nth_alloc_require();
    write_conf(*state, "unlock_idle = \"soon\"\n");
    load_all(*state, load_bad, 8);
    write_conf(*state, "colour = \"red\"\n");
    load_all(*state, load_bad, 1);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_good_form_has_no_fault_for_lack_of_memory),
        BENCH_TEST(a_bad_form_keeps_its_faults),
        BENCH_TEST(what_is_written_is_whole_or_an_error),
        BENCH_TEST(a_good_configuration_is_not_called_wrong),
        BENCH_TEST(a_bad_configuration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
