/* test_notice_print — whatever another State writes, its screen octets arrive as text: nothing moves the cursor, hides or reorders. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "client/answer.h"
#include "client/form.h"
#include "client/notice_json.h"
#include "client/notice_print.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_pair.h"

/* Clear the screen, the window's title, override of direction, zero width, a carriage return, a C1 control. */
#define HOSTILE "\x1b[2J\x1b]0;x\x07\xe2\x80\xae\xe2\x80\x8b\r\xc2\x9b"

static int bench_up(void **state)
{
    struct desk_pair *bench = desk_pair_new(1);
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    *state = bench;
    return 0;
}

/* Each role of both rosters is hostile: the other State's, and then its own signer's shown back. */
static void make_roles_hostile(struct desk_pair *bench)
{
    for (int state = XAA; state <= XBB; state++) {
        for (int officer = 0; officer < 3; officer++) {
            struct cert *cert = world_officer_cert(bench->world->small, state, officer);
            memcpy(cert->role_label, HOSTILE, sizeof(HOSTILE));
        }
    }
}

static void make_text_hostile(char **text)
{
    if (*text != (const char *)protobuf_c_empty_string)
        free(*text);
    *text = strdup(HOSTILE "end");
}

/* What a form would refuse, as if a State's own program had signed it. */
static void make_notice_hostile(struct notice_view *view)
{
    Hotline__V1__Notice *notice = view->notice;
    make_text_hostile(&notice->subject);
    make_text_hostile(&notice->exercise_name);
    for (size_t i = 0; i < notice->n_text; i++) {
        make_text_hostile(&notice->text[i]->body);
        make_text_hostile(&notice->text[i]->lang);
    }
    for (size_t i = 0; i < view->release_count; i++)
        make_text_hostile(&view->releases[i]->reason);
    view->flags |= NOTICE_NOT_SECOND_PERSON;
}

static void assert_harmless(const struct buf *text)
{
    assert_int_equal(text->err, HL_OK);
    assert_true(text_is_utf8(buf_bytes(text)));
    for (size_t i = 0; i < text->len; i++) {
        const uint8_t *at = text->data + i;
        bool is_c1 = at[0] == 0xc2 && text->len - i > 1 && at[1] < 0xa0;
        struct bytes three = BYTES(at, text->len - i < 3 ? text->len - i : 3);
        bool is_format = bytes_equal(three, bytes_text("\xe2\x80\xae")) ||
                         bytes_equal(three, bytes_text("\xe2\x80\x8b"));
        if ((at[0] < 0x20 && at[0] != '\n') || at[0] == 0x7f || is_c1 || is_format)
            fail_msg("octet %zu is %02x: %.*s", i, at[0], (int)i, (const char *)text->data);
    }
}

static void expect_harmless(struct desk_pair *bench, struct terminal *at)
{
    const struct trust *trust = at->identity->trust;
    AUTO(notice_view) view = NULL;
    AUTO_BUF text;
    buf_init(&text, 1 << 20);
    assert_int_equal(query_notice(at->desk, bench->hash, &view), HL_OK);
    make_notice_hostile(view);
    notice_print_line(&text, view);
    notice_print_whole(&text, trust, view);
    notice_print_status(&text, view);
    assert_true(text.len > 500);
    assert_non_null(memmem(text.data, text.len, "<U+202E>", 8));
    assert_harmless(&text);
}

static void nothing_from_outside_acts_on_the_terminal(void **state)
{
    struct desk_pair *bench = *state;
    AUTO(notice_view) view = NULL;
    AUTO(answer) opened = NULL;
    AUTO(answer) acked = NULL;
    assert_int_equal(query_notice(bench->peer->desk, bench->hash, &view), HL_OK);
    terminal_unlock(bench->peer, 1);
    assert_int_equal(answer_open(bench->peer->desk, bench->hash, &opened), HL_OK);
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                        .check_word = view->notice->check_word};
    assert_int_equal(answer_acknowledge(bench->peer->desk, bench->hash, &options, &acked), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    make_roles_hostile(bench);
    assert_true(desks_addressee(bench->sender, bench->hash, 0).acknowledged_ms != 0);
    expect_harmless(bench, bench->sender);
    expect_harmless(bench, bench->peer);
}

static void nothing_from_outside_breaks_a_json_line(void **state)
{
    struct desk_pair *bench = *state;
    AUTO(notice_view) view = NULL;
    AUTO_BUF text;
    buf_init(&text, 1 << 20);
    make_roles_hostile(bench);
    assert_int_equal(query_notice(bench->peer->desk, bench->hash, &view), HL_OK);
    make_notice_hostile(view);
    notice_json(&text, bench->peer->identity->trust, view, true);
    assert_int_equal(text.err, HL_OK);
    for (size_t i = 0; i + 1 < text.len; i++)
        assert_true(text.data[i] >= 0x20);
    assert_int_equal(text.data[text.len - 1], '\n');
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, desk_pair_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(nothing_from_outside_acts_on_the_terminal),
        BENCH_TEST(nothing_from_outside_breaks_a_json_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
