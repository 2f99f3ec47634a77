/* test_open_terms — checks of opening that have several terms, each term wrong alone; and what stands at its boundary. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "keys/kdf.h"
#include "keys/secret.h"
#include "proto/envelope_parts.h"
#include "proto/limits.h"
#include "proto/open_steps.h"
#include "tests/support/fake_suite.h"
#include "tests/support/ping.h"

static struct small_world *world;
static struct letter letter;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    world = small_world_new(suite_fake());
    letter = letter_to_xbb(world);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

/* Sealed, opened at device `no` of `state`; detail NULL: it opens. */
static void expect_at(int state, int no, int step, const char *detail)
{
    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, state, no);
    const char *said = opened->detail ? opened->detail : "";

    if (!detail && opened->result != OPEN_OK)
        fail_msg("step %d: %s", opened->step, said);
    if (detail && (opened->result != OPEN_QUARANTINED || opened->step != step ||
                   strstr(said, detail) == NULL))
        fail_msg("result %d, step %d: '%s' instead of '%s'", (int)opened->result, opened->step,
                 said, detail);
    opened_free(opened);
    letter_done(&letter);
}

/* --- the check word --- */

static char check_word[8];

static void write_check_word(struct letter *unused, Hotline__V1__Notice *notice)
{
    (void)unused;
    notice->check_word = check_word;
}

static void notice_whose_check_word_nobody_could_repeat_does_not_open(void **state)
{
    static const char *const good[] = {"0000", "ZZZZ", "V432", "AHJK", "MNPQ", "RSTV", "WXYZ"};
    static const char *const bad[] = {"v432", "VI32", "VL32",       "VO32", "VU32",
                                      "V 32", "V-32", "\xc3\xa9V4", "????"};

    (void)state;
    letter.edit_notice = write_check_word;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memcpy(check_word, good[i], 5);
        expect_at(XBB, 0, 0, NULL);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(check_word, bad[i], 5);
        expect_at(XBB, 0, 12, "contradict");
    }
}

/* --- the sender's desk --- */

static void each_signer_and_the_sending_device_must_be_of_the_senders_desk(void **state)
{
    struct cert *author = world_officer_cert(world, XAA, 0);
    struct cert *releaser = world_officer_cert(world, XAA, 1);
    struct cert *first = world_device_cert(world, XAA, 0);
    struct cert *second = world_device_cert(world, XAA, 1);
    const struct sign_key *const *devices =
        (const struct sign_key *const[]){world->devices[XAA][0], world->devices[XAA][1]};
    const struct {
        int draft, sender, releaser; /* devices */
        struct cert *cert;           /* of another desk */
    } rows[] = {
        {0, 0, 0, author}, {0, 0, 0, releaser}, {1, 0, 0, second},
        {0, 1, 0, second}, {0, 0, 1, second},   {1, 0, 1, first},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t desks = rows[i].cert->desks;

        letter.draft_device = devices[rows[i].draft];
        letter.sender_device = devices[rows[i].sender];
        letter.releaser_devices[0] = devices[rows[i].releaser];
        expect_at(XBB, 0, 0, NULL);
        rows[i].cert->desks = 1U << HOTLINE__V1__DESK_KIND__POLITICAL;
        expect_at(XBB, 0, 12, "sender kind");
        rows[i].cert->desks = desks;
    }
}

static void draft_that_a_device_of_another_desk_sends_does_not_open(void **state)
{
    struct cert *second = world_device_cert(world, XAA, 1);

    (void)state;
    letter.kind = CONTENT_DRAFT;
    letter.sender_device = world->devices[XAA][1];
    letter.releaser_devices[0] = world->devices[XAA][0];
    expect_at(XAA, 1, 0, NULL);
    second->desks = 1U << HOTLINE__V1__DESK_KIND__POLITICAL;
    expect_at(XAA, 1, 12, "sender kind");
}

/* --- terminals --- */

static void two_releasers_at_one_terminal_count_as_one(void **state)
{
    struct letter three = letter;

    (void)state;
    world_officer_cert(world, XAA, 2)->roles |= ROLE_BIT_RELEASE;
    world->rosters[XAA].release_devices_min = 3;
    three.persons = 3;
    three.release_count = 2;
    three.releasers[1] = world->officers[XAA][2];
    letter_seal(&three);
    struct opened *opened = letter_open(&three, XBB, 0);

    assert_int_equal(opened->result, OPEN_OK);
    assert_int_equal(opened->marks, MARK_RELEASED_ON_ONE_TERMINAL);
    opened_free(opened);
    letter_done(&three);
}

/* --- slots --- */

static void write_seq(struct letter *own)
{
    own->slots[2].seq = 1;
}

static void write_prev(struct letter *own)
{
    own->slots[2].prev[HASH_BYTES - 1] = 1;
}

static void write_link_sig(struct letter *own)
{
    own->slots[2].link_sig[SIG_BYTES - 1] = 1;
}

static void own_desk_slot_holds_no_part_of_a_link(void **state)
{
    void (*const edits[])(struct letter *) = {write_seq, write_prev, write_link_sig};

    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        letter = letter_to_xbb(world); /* the edits stay in its slots */
        letter.edit_slots = edits[i];
        expect_at(XAA, 1, 13, "own-desk slot");
        expect_at(XBB, 0, 0, NULL);
    }
}

/* Step 7 of a slot for XBB/1 in which a hostile sender writes `octet` at `at`. */
static int open_slot_with(bool is_control, size_t at, uint8_t octet)
{
    static uint8_t kem_ct[KEM_CT_BYTES];
    uint8_t sealed[LIMIT_SLOT_CONTROL + AEAD_TAG_BYTES];
    uint8_t plain[LIMIT_SLOT_CONTROL] = {0};
    uint8_t info[SLOT_INFO_MAX];
    uint8_t aad[SLOT_AAD_BYTES];
    const struct open_context context = world_context(world, XBB, 0);
    struct seal_slot to = world_slot(world, XBB, 0);
    size_t info_len = slot_info(world->trust.ns, &to.desk, to.device, to.prekey_id, info);
    struct opened out = {.result = OPEN_REJECTED};
    Hotline__V1__Slot slot = HOTLINE__V1__SLOT__INIT;
    struct opening opening = {
        .context = &context, .slot = &slot, .is_control = is_control, .out = &out};

    plain[at] = octet;
    slot_aad(out.facts.header_hash, &to.desk, to.device, to.prekey_id, aad);
    assert_int_equal(hpke_seal(world->suite, to.kem_pk, (const uint8_t[64]){1},
                               BYTES(info, info_len), BYTES_OF(aad),
                               BYTES(plain, slot_plain_len(is_control)), kem_ct, sealed),
                     HL_OK);
    slot.device = (ProtobufCBinaryData){ID_BYTES, to.device};
    slot.prekey_id = (ProtobufCBinaryData){ID_BYTES, to.prekey_id};
    slot.kem_ct = (ProtobufCBinaryData){KEM_CT_BYTES, kem_ct};
    slot.sealed = (ProtobufCBinaryData){slot_plain_len(is_control) + AEAD_TAG_BYTES, sealed};
    int result = step_slot(&opening);

    secret_free(opening.slot_plain);
    if (result == STEP_ENDS)
        assert_string_equal(out.detail, "zero octets");
    return result;
}

/* Flags are four octets, big-endian: only the last two bits mean something. */
static void slot_with_an_unknown_flag_does_not_open(void **state)
{
    (void)state;
    for (int is_control = 0; is_control <= 1; is_control++) {
        size_t at = is_control ? 32 : 136;

        assert_int_equal(open_slot_with(is_control, at + 3, SLOT_STANDBY | SLOT_RESEAL), STEP_NEXT);
        for (unsigned bit = 2; bit < 32; bit++)
            assert_int_equal(open_slot_with(is_control, at + 3 - bit / 8, (uint8_t)(1U << bit % 8)),
                             STEP_ENDS);
    }
}

static void slot_with_an_octet_where_zeros_stand_does_not_open(void **state)
{
    (void)state;
    for (size_t at = 140; at < 148; at++)
        assert_int_equal(open_slot_with(false, at, 1), STEP_ENDS);
    for (size_t at = 220; at < 224; at++)
        assert_int_equal(open_slot_with(true, at, 1), STEP_ENDS);
    assert_int_equal(open_slot_with(true, 219, 1), STEP_NEXT); /* of Marks' signature */
}

/* --- the boundary of a certificate's life --- */

static uint32_t marks_now(void)
{
    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, XBB, 0);
    uint32_t marks = opened->marks;

    assert_int_equal(opened->result, OPEN_OK);
    opened_free(opened);
    letter_done(&letter);
    return marks;
}

static void certificate_is_in_force_from_its_first_to_its_last_millisecond(void **state)
{
    struct cert *author = world_officer_cert(world, XAA, 0);
    int64_t now_ms = world_context(world, XBB, 0).now_ms;
    const struct cert held = *author;

    (void)state;
    author->not_after_ms = now_ms;
    assert_int_equal(marks_now(), 0);
    author->not_after_ms = now_ms - 1;
    assert_int_equal(marks_now(), MARK_CERT_EXPIRED);
    *author = held;
    author->not_before_ms = now_ms;
    assert_int_equal(marks_now(), 0);
    author->not_before_ms = now_ms + 1;
    assert_int_equal(marks_now(), MARK_CERT_EXPIRED);
}

/* --- class control --- */

static void own_copy_of_a_statement_to_another_desk_opens_and_a_third_desks_does_not(void **state)
{
    const struct seal_slot slots[] = {world_slot(world, XBB, 0), world_slot(world, XAA, 1),
                                      world_slot(world, XCC, 0)};
    static const int places[][2] = {{XBB, 0}, {XAA, 1}, {XCC, 0}};
    struct ping ping;

    (void)state;
    ping_seal(world, slots, 3, &ping);
    for (size_t i = 0; i < 3; i++) {
        struct open_context context = world_context(world, places[i][0], places[i][1]);
        AUTO(blob) delivered = sealed_deliver(world, ping.sealed, places[i][0], places[i][1]);
        struct opened *opened = NULL;

        assert_int_equal(
            open_delivered(&context, ping.sealed->deposit_hash, bytes_blob(delivered), &opened),
            HL_OK);
        assert_int_equal(opened->result, places[i][0] == XCC ? OPEN_QUARANTINED : OPEN_OK);
        opened_free(opened);
    }
    sealed_free(ping.sealed);
}

static void header_of_class_control_names_no_attachments(void **state)
{
    Hotline__V1__EnvelopeHeader header = HOTLINE__V1__ENVELOPE_HEADER__INIT;

    (void)state;
    header.class_ = HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTROL;
    header.ct_len = LIMIT_CONTROL_BUCKET + AEAD_TAG_BYTES;
    assert_null(header_fault(&header));
    header.n_attachments = 1;
    assert_string_equal(header_fault(&header), "attachments against class");
    header.class_ = HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTENT;
    header.precedence = HOTLINE__V1__PRECEDENCE__FLASH;
    assert_null(header_fault(&header));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(notice_whose_check_word_nobody_could_repeat_does_not_open),
        TEST(each_signer_and_the_sending_device_must_be_of_the_senders_desk),
        TEST(draft_that_a_device_of_another_desk_sends_does_not_open),
        TEST(two_releasers_at_one_terminal_count_as_one),
        TEST(own_desk_slot_holds_no_part_of_a_link),
        TEST(slot_with_an_unknown_flag_does_not_open),
        TEST(slot_with_an_octet_where_zeros_stand_does_not_open),
        TEST(certificate_is_in_force_from_its_first_to_its_last_millisecond),
        TEST(own_copy_of_a_statement_to_another_desk_opens_and_a_third_desks_does_not),
        TEST(header_of_class_control_names_no_attachments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
