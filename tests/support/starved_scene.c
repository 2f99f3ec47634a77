/* starved_scene — one duty of a relay, played once for each allocation that fails. */
#include "tests/support/starved_scene.h"

#include <string.h>

#include "daemon/relay_state.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"

#define CODE(name) HOTLINE__V1__SUBMIT_CODE__SUBMIT_##name
#define ROUNDS_MAX 2000

struct scene_words scene_words;

/* --- words -------------------------------------------------------------------------------------------------------------- */

static void make_subscribe(void)
{
    Hotline__V1__Subscribe subscribe = HOTLINE__V1__SUBSCRIBE__INIT;

    subscribe.window = 64;
    subscribe.window_bytes = 1 << 20;
    assert_int_equal(strict_pack(&subscribe.base, &scene_words.subscribe), HL_OK);
}

static void make_taken(void)
{
    Hotline__V1__Taken taken = HOTLINE__V1__TAKEN__INIT;
    uint64_t also[] = {4, 6};

    taken.upto_seq = 2;
    assert_int_equal(strict_pack(&taken.base, &scene_words.taken), HL_OK);
    taken.also = also;
    taken.n_also = 2;
    assert_int_equal(strict_pack(&taken.base, &scene_words.scattered), HL_OK);
}

static void make_put(struct rig *rig)
{
    const uint8_t hedge_key[32] = {1};
    uint8_t prev[HASH_BYTES] = {0};
    Hotline__V1__PrekeyPut put = HOTLINE__V1__PREKEY_PUT__INIT;
    Hotline__V1__Signed *items[2];
    struct prekey_ring *ring = NULL;

    assert_int_equal(prekey_ring_new(&ring), HL_OK);
    for (size_t i = 0; i < 2; i++) {
        AUTO(blob) octets = NULL;
        struct prekey parsed;

        assert_int_equal(
            prekey_make(&PREKEY_SOURCE(rig->world->suite, rig->world->devices[XBB][0],
                                       rig->world->trust.ns, rig->world->entities[XBB].id, prev),
                        &rig->rng, hedge_key, rig->utc_ms - 5000 + (int64_t)i, ring, &octets),
            HL_OK);
        assert_int_equal(prekey_check(rig->world->suite, &rig->world->trust, bytes_blob(octets),
                                      rig->utc_ms, &parsed),
                         HL_OK);
        memcpy(prev, parsed.hash, HASH_BYTES);
        assert_int_equal(sign_parse(bytes_blob(octets), &items[i]), HL_OK);
    }
    put.req = 1;
    put.n_prekey = 2;
    put.prekey = items;
    assert_int_equal(strict_pack(&put.base, &scene_words.prekey_put), HL_OK);
    for (size_t i = 0; i < 2; i++)
        hotline__v1__signed__free_unpacked(items[i], NULL);
    prekey_ring_free(ring);
}

static void make_get(struct rig *rig)
{
    Hotline__V1__PrekeyGet get = HOTLINE__V1__PREKEY_GET__INIT;
    Hotline__V1__Desk desk = HOTLINE__V1__DESK__INIT, *desks[] = {&desk};

    desk.entity = strict_octets(rig->world->entities[XBB].id, ID_BYTES);
    desk.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    get.req = 1;
    get.n_desks = 1;
    get.desks = desks;
    assert_int_equal(strict_pack(&get.base, &scene_words.prekey_get), HL_OK);
}

int scene_setup(void **state)
{
    struct rig *rig = rig_new(NULL);

    (void)state;
    make_subscribe();
    make_taken();
    make_put(rig);
    make_get(rig);
    rig_free(rig);
    return 0;
}

int scene_teardown(void **state)
{
    (void)state;
    blob_free(scene_words.subscribe);
    blob_free(scene_words.taken);
    blob_free(scene_words.scattered);
    blob_free(scene_words.prekey_put);
    blob_free(scene_words.prekey_get);
    return 0;
}

/* --- acts ---------------------------------------------------------------------------------------------------------------- */

void scene_submit(struct starved *starved, size_t line, size_t no)
{
    line_say(&starved->lines[line], RECORD_SUBMIT, bytes_blob(starved->submits[no]));
}

void scene_submit_new(struct starved *starved)
{
    scene_submit(starved, 0, SCENE_NEW);
}

void scene_begin(struct starved *starved)
{
    line_must_dial(starved, 0, XAA, 0);
    line_must_dial(starved, SCENE_READER, XBB, 0);
    line_subscribe(&starved->lines[SCENE_READER], 64);
    assert_int_equal(line_submit(&starved->lines[0], 0), CODE(TAKEN));
    assert_int_equal(line_submit(&starved->lines[0], 1), CODE(TAKEN));
    line_take(&starved->lines[SCENE_READER], 1);
    starved_wait(starved, 2000);
}

void scene_begin_taking(struct starved *starved)
{
    scene_begin(starved);
    line_must_dial(starved, 2, XBB, 1);
    line_take(&starved->lines[2], 2);
    line_must_dial(starved, 3, XAA, 1);
    line_take(&starved->lines[3], 2);
    line_hang_up(&starved->lines[3]);
    for (size_t no = 3; no < STARVED_LETTERS; no++)
        assert_int_equal(line_submit(&starved->lines[0], no), CODE(TAKEN));
    starved_wait(starved, 2000);
}

void scene_take(struct starved *starved)
{
    line_say(&starved->lines[SCENE_READER], RECORD_TAKEN, bytes_blob(scene_words.taken));
    starved_wait(starved, 2000);
    starved_wait(starved, 2000);
}

void scene_take_scattered(struct starved *starved)
{
    line_say(&starved->lines[SCENE_READER], RECORD_TAKEN, bytes_blob(scene_words.scattered));
    starved_wait(starved, 2000);
}

void scene_put_prekeys(struct starved *starved)
{
    line_say(&starved->lines[SCENE_READER], RECORD_PREKEY_PUT, bytes_blob(scene_words.prekey_put));
}

/* --- what must hold afterwards ----------------------------------------------------------------------------------------- */

static void check_lines(struct starved *starved, size_t closed_max)
{
    struct relay_status status;
    size_t closed = 0;

    relay_status_get(starved->rig->relay, &status);
    for (size_t no = 0; no < STARVED_LINES; no++) {
        if (status.is_broken)
            assert_null(starved->lines[no].session);
        else
            closed += starved->lines[no].is_closed;
        assert_int_equal(starved->lines[no].bye_reason, 0); /* it is not the peer's fault */
    }
    assert_true(closed <= closed_max);
    starved_check_receipts(starved);
    if (status.is_broken)
        starved_restart(starved);
}

void scene_check_delivery(struct starved *starved, int state, int device)
{
    const struct relay *relay = starved->rig->relay;
    size_t expected = 0;
    struct line *line = &starved->lines[3];

    line_hang_up(line);
    line_must_dial(starved, 3, state, device);
    for (uint64_t seq = 1; seq <= line->session->mailbox->count; seq++) {
        uint32_t number = mailbox_entry_of(line->session->mailbox, seq)->number;
        const struct deposit *deposit = &relay->ledger.items[number];

        assert_true(deposit->form == DEPOSIT_FULL || deposit->open_count == 0);
        if (taken_has(&line->session->device->taken, seq))
            continue;
        assert_int_equal(deposit->form, DEPOSIT_FULL);
        expected++;
    }
    line_subscribe(line, 64);
    assert_int_equal(line_count_envelopes(line), expected);
    line_hang_up(line);
}

void scene_check_again(struct starved *starved)
{
    size_t had = starved_count(starved, SCENE_NEW);
    struct line *line = &starved->lines[3];

    assert_in_range(had, 0, 1);
    line_hang_up(line);
    line_must_dial(starved, 3, XAA, 0);
    assert_int_equal(line_submit(line, SCENE_NEW), had ? CODE(DUPLICATE) : CODE(TAKEN));
    assert_int_equal(line_submit(line, SCENE_NEW), CODE(DUPLICATE));
    assert_int_equal(starved_count(starved, SCENE_NEW), 1);
}

static void check_all(struct starved *starved, size_t closed_max)
{
    check_lines(starved, closed_max);
    starved_wait(starved, 2000);
    starved_wait(starved, 2000);
    (void)starved_check_store(starved);
    starved_compare(starved);
    scene_check_again(starved);
    scene_check_delivery(starved, XBB, 0);
    scene_check_delivery(starved, XBB, 1);
    scene_check_delivery(starved, XAA, 1);
    (void)starved_check_store(starved);
    starved_compare(starved);
}

/* false: no allocation was left to fail. */
static bool play(struct starved *starved, const struct scene *scene, unsigned long n,
                 void (*arm)(unsigned long n))
{
    long before = nth_alloc_live();
    bool has_failed;

    starved_begin(starved);
    scene->before(starved);
    arm(n); /* 0: nothing fails */
    scene->act(starved);
    has_failed = nth_alloc_disarm();
    check_all(starved, n == 0 ? 0 : arm == nth_alloc_arm ? 1 : STARVED_LINES);
    starved_end(starved);
    if (n > 0 && nth_alloc_live() != before)
        fail_msg("allocation %lu failed: %ld are left over", n, nth_alloc_live() - before);
    return has_failed;
}

void scene_sweep(struct store *(*open_store)(bool is_new), const struct scene *scene)
{
    struct starved *starved;
    unsigned long n;

    nth_alloc_require();
    starved = starved_new(open_store);
    assert_false(play(starved, scene, 0, nth_alloc_arm));
    for (n = 1; play(starved, scene, n, nth_alloc_arm); n++)
        assert_true(n < ROUNDS_MAX);
    assert_true(n > 1);
    for (n = 1; play(starved, scene, n, nth_alloc_arm_all); n++)
        assert_true(n < ROUNDS_MAX);
    starved_free(starved);
}
