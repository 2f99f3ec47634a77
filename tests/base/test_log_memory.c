/* test_log_memory — texts and log lines with every allocation failing: whole, or said to be lost. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"

#include "base/log.h"
#include "base/text.h"
#include "tests/support/nth_alloc.h"

/* What one call writes to stderr. */
static void catch_line(const char *message, char ret_line[static 4096])
{
    int ends[2];
    int before = dup(STDERR_FILENO);

    assert_true(before >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    log_line(LOG_LEVEL_ERROR, "area", "%s", message);
    (void)nth_alloc_disarm();
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(ends[1]), 0);
    ssize_t len = read(ends[0], ret_line, 4095);
    assert_true(len >= 0);
    ret_line[len] = '\0';
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(before), 0);
}

/* More than the first 256 octets of a buffer. */
static int log_or_say(void *context)
{
    const char *is_lost = context;
    char message[600];
    char line[4096];

    memset(message, 'm', sizeof(message));
    message[599] = '\0';
    catch_line(message, line);
    bool is_whole = strstr(line, message) != NULL;
    if (!is_whole)
        assert_string_equal(line, is_lost);
    return is_whole ? HL_OK : HL_ENOMEM;
}

static void a_log_line_is_written_whole_or_said_to_be_lost(void **unused)
{
    static char plain[] = "error log: a line is lost: no memory\n";
    static char json[] =
        "{\"level\":\"error\",\"area\":\"log\",\"message\":\"a line is lost: no memory\"}\n";

    (void)unused;
    assert_true(nth_alloc_sweep(log_or_say, plain) > 2);
    log_set_json(1);
    assert_true(nth_alloc_sweep(log_or_say, json) > 2);
    log_set_json(0);
}

static void text_from_outside_is_visible_in_json_too(void **unused)
{
    static const char outside[] = "a\u202Eb\xc2\x9b"
                                  "c\n\x1b[2J\"\xff";
    static const char wanted[] =
        "\"message\":\"a<U+202E>b<U+009B>c<U+000A><U+001B>[2J\\\"<0xFF>\"}";
    char line[4096];

    (void)unused;
    log_set_json(1);
    catch_line(outside, line);
    log_set_json(0);
    if (!strstr(line, wanted))
        fail_msg("%s", line);
}

static int make_texts(void *context)
{
    AUTO_BUF text;
    AUTO(blob) blob = NULL;
    char long_text[400];

    (void)context;
    memset(long_text, '\x01', sizeof(long_text));
    buf_init(&text, 10000);
    text_add_visible(&text, BYTES_OF(long_text), false);
    text_add_json(&text, BYTES_OF(long_text));
    int err = buf_to_blob(&text, &blob);
    assert_true((err == HL_OK) == (blob != NULL));
    if (blob)
        assert_int_equal(blob->len, 400 * strlen("<U+0001>") + 400 * strlen("\\u0001") + 2);
    return err;
}

static void a_text_is_whole_or_there_is_no_memory(void **unused)
{
    (void)unused;
    assert_true(nth_alloc_sweep(make_texts, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_line_is_written_whole_or_said_to_be_lost),
        cmocka_unit_test(text_from_outside_is_visible_in_json_too),
        cmocka_unit_test(a_text_is_whole_or_there_is_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
