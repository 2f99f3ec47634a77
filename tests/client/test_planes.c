/* test_planes — a drill is not answered in earnest, nor the reverse: refused where it is signed, marked where it arrives. */
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_pair.h"

enum naming { IN_REPLY_TO, SUPERSEDES };

static int bench_up(void **state)
{
    struct desk_pair *bench = desk_pair_new(2);
    desks_send(bench->sender, XBB, 1, bench->hash);
    desks_flush(bench->world, bench->all, 2);
    *state = bench;
    return 0;
}

/* At one desk the notice counts as one of an exercise. */
static void make_exercise(const struct terminal *terminal)
{
    assert_int_equal(sql_run(terminal->desk, "UPDATE notice SET plane = 2", SQL_NO_ARGS), HL_OK);
}

static void name(Hotline__V1__Notice *notice, enum naming naming, const uint8_t *hash)
{
    ProtobufCBinaryData *field = naming == IN_REPLY_TO ? &notice->in_reply_to : &notice->supersedes;
    field->data = malloc(HASH_BYTES);
    field->len = HASH_BYTES;
    memcpy(field->data, hash, HASH_BYTES);
}

/* The peer answers it LIVE; what draft_sign() returns. */
static int answer(struct desk_pair *bench, enum naming naming, char ret_id[static NOTICE_ID_SIZE],
                  uint8_t ret_hash[static HASH_BYTES])
{
    Hotline__V1__Notice *notice = desks_notice(bench->world, XAA, -1, 1);
    notice->persons = 1;
    name(notice, naming, bench->hash);
    terminal_unlock(bench->peer, 0);
    int err = draft_sign(bench->peer->desk, notice, ret_id, ret_hash);
    hotline__v1__notice__free_unpacked(notice, NULL);
    return err;
}

static void answer_on_another_plane_is_not_signed(void **state)
{
    struct desk_pair *bench = *state;
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    make_exercise(bench->peer);
    assert_int_equal(answer(bench, IN_REPLY_TO, id, hash), HL_EFORMAT);
    assert_non_null(strstr(desk_why(bench->peer->desk), "EXERCISE"));
    assert_int_equal(answer(bench, SUPERSEDES, id, hash), HL_EFORMAT);
    assert_int_equal(desks_count(bench->peer->desk, "SELECT count(*) FROM draft"), 0);
}

static uint32_t mark_of_answer(struct desk_pair *bench)
{
    struct release_result result;
    const struct release_options options = {.reason = NULL};
    char id[NOTICE_ID_SIZE];
    uint8_t hash[HASH_BYTES];
    AUTO(notice_view) view = NULL;
    assert_int_equal(answer(bench, IN_REPLY_TO, id, hash), HL_OK);
    assert_int_equal(draft_release(bench->peer->desk, id, &options, &result), HL_OK);
    desks_flush(bench->world, bench->all, 2);
    assert_int_equal(query_notice(bench->sender->desk, hash, &view), HL_OK);
    return view->flags & NOTICE_OTHER_PLANE;
}

static void answer_on_the_same_plane_has_no_mark(void **state)
{
    assert_int_equal(mark_of_answer(*state), 0);
}

static void answer_that_arrives_on_another_plane_is_marked(void **state)
{
    struct desk_pair *bench = *state;
    make_exercise(bench->sender);
    assert_int_equal(mark_of_answer(bench), NOTICE_OTHER_PLANE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_up, desk_pair_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(answer_on_another_plane_is_not_signed),
        CASE(answer_on_the_same_plane_has_no_mark),
        CASE(answer_that_arrives_on_another_plane_is_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
