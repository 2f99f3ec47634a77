/* test_cli_memory — the n-th allocation fails while a command composes or prints: a document on standard output is whole, or it is
 * the whole document of an error and the exit code is not 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/compose.h"
#include "client/notice_json.h"
#include "client/notice_print.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_sweep.h"
#include "tests/support/desk_world.h"
#include "tests/support/nth_alloc.h"

#define OUT_MAX 65536

struct bench {
    struct desk_world *world;
    struct terminal *terminal;
    struct cli cli;
    char dir[32], out[64], form[64];
    int stdout_fd, stderr_fd; /* the test's own, while the command has others */
    char text[OUT_MAX];       /* what the command wrote on standard output */
    struct notice_view view;
};

static int bench_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new();
    bench->terminal = terminal_new(bench->world, XAA, 0, NULL);
    bench->cli = (struct cli){.as_json = true,
                              .trust = &bench->world->small->trust,
                              .identity = bench->terminal->identity,
                              .desk = bench->terminal->desk};
    (void)snprintf(bench->dir, sizeof(bench->dir), "/tmp/hotline-cli-XXXXXX");
    if (mkdtemp(bench->dir) == NULL)
        return -1;
    (void)snprintf(bench->out, sizeof(bench->out), "%s/out", bench->dir);
    (void)snprintf(bench->form, sizeof(bench->form), "%s/form", bench->dir);
    bench->view = (struct notice_view){.id = "L-7KQ2M0419Z",
                                       .from_text = "XBB.TEC",
                                       .plane = 1,
                                       .precedence = 4,
                                       .flags = NOTICE_GAP | NOTICE_QUARANTINED,
                                       .t0_basis = "NONE"};
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    terminal_free(bench->terminal);
    desk_world_free(bench->world);
    (void)unlink(bench->out);
    (void)unlink(bench->form);
    (void)rmdir(bench->dir);
    free(bench);
    return 0;
}

/* --- standard output, caught --- */

static void send_to(int fd, const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(dup2(fileno(file), fd), fd);
    (void)fclose(file);
}

static void begin_catch(struct bench *bench, const char *path)
{
    (void)fflush(NULL);
    bench->stdout_fd = dup(STDOUT_FILENO);
    bench->stderr_fd = dup(STDERR_FILENO);
    send_to(STDOUT_FILENO, path);
    send_to(STDERR_FILENO, "/dev/null");
}

static void end_catch(struct bench *bench)
{
    (void)fflush(NULL);
    assert_int_equal(dup2(bench->stdout_fd, STDOUT_FILENO), STDOUT_FILENO);
    assert_int_equal(dup2(bench->stderr_fd, STDERR_FILENO), STDERR_FILENO);
    (void)close(bench->stdout_fd);
    (void)close(bench->stderr_fd);
    clearerr(stdout);
    FILE *file = fopen(bench->out, "r");
    assert_non_null(file);
    size_t len = fread(bench->text, 1, sizeof(bench->text) - 1, file);
    bench->text[len] = '\0';
    (void)fclose(file);
}

/* A whole line that begins so. */
static bool is_document(const char *text, const char *beginning)
{
    size_t len = strlen(text);
    return strncmp(text, beginning, strlen(beginning)) == 0 && len > 2 &&
           strcmp(text + len - 2, "}\n") == 0 && strchr(text, '\n') == text + len - 1;
}

/* --- printing --- */

static int print_notice(struct bench *bench)
{
    AUTO_BUF text;
    buf_init(&text, OUT_MAX);
    if (bench->cli.as_json)
        notice_json(&text, bench->cli.trust, &bench->view, false);
    else
        notice_print_status(&text, &bench->view);
    return cli_print_buf(&bench->cli, &text);
}

static int print_with(struct bench *bench, void (*arm)(unsigned long n), unsigned long n,
                      bool *ret_failed)
{
    begin_catch(bench, bench->out);
    arm(n);
    int code = print_notice(bench);
    *ret_failed = nth_alloc_disarm();
    end_catch(bench);
    return code;
}

#define NOTICE_BEGINS "{\"v\":1,\"type\":\"notice\""
#define ERROR_BEGINS  "{\"v\":1,\"type\":\"error\""

static void expect_whole(struct bench *bench, void (*arm)(unsigned long n))
{
    bool failed = true;
    unsigned long n = 1;
    unsigned without = 0;
    for (; failed; n++) {
        long live = nth_alloc_live();
        int code = print_with(bench, arm, n, &failed);
        assert_int_equal(nth_alloc_live(), live);
        assert_true(code == EXIT_DONE || code == EXIT_INTERNAL);
        assert_true(is_document(bench->text, code == EXIT_DONE ? NOTICE_BEGINS : ERROR_BEGINS));
        without += code == EXIT_INTERNAL;
    }
    assert_true(without > 1);
}

static void a_document_is_whole_or_an_error(void **state)
{
    struct bench *bench = *state;
    bool failed = false;
    nth_alloc_require();
    (void)print_with(bench, nth_alloc_arm, 1000000, &failed); /* stdio has its buffers */
    expect_whole(bench, nth_alloc_arm);
    expect_whole(bench, nth_alloc_arm_all);
}

static void text_that_is_cut_is_not_printed(void **state)
{
    struct bench *bench = *state;
    AUTO_BUF text;
    buf_init(&text, 40);
    bench->cli.as_json = false;
    buf_add_text(&text, "the first half of a notice, and ");
    buf_add_text(&text, "the second half of it");
    begin_catch(bench, bench->out);
    int code = cli_print_buf(&bench->cli, &text);
    end_catch(bench);
    assert_int_equal(code, EXIT_DATA); /* too big */
    assert_string_equal(bench->text, "");
}

static void a_full_disk_is_not_exit_0(void **state)
{
    struct bench *bench = *state;
    begin_catch(bench, "/dev/full");
    int code = print_notice(bench);
    send_to(STDOUT_FILENO, bench->out);
    end_catch(bench);
    assert_int_equal(code, EXIT_IO);
}

/* --- composing --- */

static const char form[] = "type: INC\nprecedence: FLASH\ntlp: AMBER\nto: XBB.TEC\n"
                           "incident.category: ROUTING_BGP\nincident.status: ONGOING\n"
                           "incident.detected: +0s\nincident.sector: TELECOM\n"
                           "incident.critical_infrastructure: YES\n"
                           "incident.suspected_malicious: UNKNOWN\nincident.cross_border: YES\n"
                           "incident.severity: HIGH\nincident.confidence: MEDIUM\n"
                           "incident.why_you: TRANSIT_IN_YOUR_TERRITORY\n"
                           "incident.next_update_by: +2h\nrequested_action: INVESTIGATE\n"
                           "subject: routes\n\nA route leak began.\n";

static int compose_with(struct bench *bench, unsigned long n, bool *ret_failed)
{
    const struct compose compose = {.form = bench->form, .exercise = "BLUE RIVER"};
    Hotline__V1__Notice *notice = NULL;
    begin_catch(bench, bench->out);
    nth_alloc_arm(n);
    int code = compose_notice(&bench->cli, &compose, NULL, &notice);
    *ret_failed = nth_alloc_disarm();
    end_catch(bench);
    assert_int_equal(notice != NULL, code == EXIT_DONE);
    if (notice != NULL) { /* an exercise never goes out live */
        assert_int_equal(notice->plane, HOTLINE__V1__PLANE__EXERCISE);
        assert_string_equal(notice->exercise_name, "BLUE RIVER");
        assert_int_equal(notice->incident->n_sector, 1);
        assert_string_equal(notice->subject, "routes");
    }
    hotline__v1__notice__free_unpacked(notice, NULL);
    return code;
}

static void a_form_is_composed_whole_or_not_at_all(void **state)
{
    struct bench *bench = *state;
    bool failed = true;
    nth_alloc_require();
    FILE *file = fopen(bench->form, "w");
    assert_non_null(file);
    (void)fputs(form, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(compose_with(bench, 1000000, &failed), EXIT_DONE);
    failed = true;
    for (unsigned long n = 1; failed; n++) {
        long live = desk_sweep_live();
        int code = compose_with(bench, n, &failed);
        if (code != EXIT_DONE && code != EXIT_INTERNAL)
            fail_msg("allocation %lu failed: exit %d: %s", n, code, bench->text);
        assert_int_equal(desk_sweep_live(), live);
        if (code != EXIT_DONE)
            assert_true(is_document(bench->text, ERROR_BEGINS));
    }
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_document_is_whole_or_an_error),
        BENCH_TEST(text_that_is_cut_is_not_printed),
        BENCH_TEST(a_full_disk_is_not_exit_0),
        BENCH_TEST(a_form_is_composed_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
