/* Step 11 to 14 of opening: each signature, role and equality broken once by a sender who signs what he likes; marks. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/secret.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"

static struct small_world *world;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    world = small_world_new(suite_fake());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

enum {
    SIG = HOTLINE__V1__REASON__SIGNATURE_INVALID,
    UNKNOWN = HOTLINE__V1__REASON__UNKNOWN_SENDER
};
enum { FORMAT = HOTLINE__V1__REASON__UNRECOGNISED_FORMAT };

static const struct sign_key *officer(int state, int no)
{
    return world->officers[state][no];
}

static const struct sign_key *device(int state, int no)
{
    return world->devices[state][no];
}

/* A letter bent in one place, and the verdict; detail is a part of ours, so that no other check hides the one meant. */
struct bend {
    const char *name;
    void (*bend)(struct letter *letter);
    void (*edit_notice)(struct letter *letter, Hotline__V1__Notice *notice);
    void (*edit_release)(struct letter *letter, size_t index, Hotline__V1__Release *release);
    int step;
    int reason;
    const char *detail;
};

static void check_bend(const struct bend *row)
{
    struct letter letter = letter_to_xbb(world);

    letter.edit_notice = row->edit_notice;
    letter.edit_release = row->edit_release;
    if (row->bend)
        row->bend(&letter);
    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, XBB, 0);
    if (opened->result != OPEN_QUARANTINED || opened->step != row->step ||
        opened->reason != (Hotline__V1__Reason)row->reason || !strstr(opened->detail, row->detail))
        fail_msg("%s: result %d step %d reason %d %s", row->name, (int)opened->result, opened->step,
                 (int)opened->reason, opened->detail ? opened->detail : "");
    assert_true(opened->is_authentic);
    opened_free(opened);
    letter_done(&letter);
}

#define BEND(name, statement)                                                                      \
    static void name(struct letter *letter)                                                        \
    {                                                                                              \
        statement;                                                                                 \
    }
#define NOTICE(name, statement)                                                                    \
    static void name(struct letter *letter, Hotline__V1__Notice *notice)                           \
    {                                                                                              \
        (void)letter;                                                                              \
        statement;                                                                                 \
    }
#define RELEASE(name, statement)                                                                   \
    static void name(struct letter *letter, size_t index, Hotline__V1__Release *release)           \
    {                                                                                              \
        (void)letter;                                                                              \
        (void)index;                                                                               \
        statement;                                                                                 \
    }

/* 11: who signed */
BEND(author_of_peer, letter->author = officer(XBB, 0))
BEND(author_ack_only, letter->author = officer(XAA, 2))
BEND(author_is_device, letter->author = device(XAA, 1))
BEND(draft_on_monitor, letter->draft_device = device(XAA, MONITOR_NO))
BEND(draft_by_officer, letter->draft_device = officer(XAA, 1))
BEND(draft_of_peer, letter->draft_device = device(XBB, 0))
BEND(releaser_of_peer, letter->releasers[0] = officer(XBB, 0))
BEND(releaser_ack_only, letter->releasers[0] = officer(XAA, 2))
BEND(releaser_on_monitor, letter->releaser_devices[0] = device(XAA, MONITOR_NO))
BEND(releaser_on_peer, letter->releaser_devices[0] = device(XBB, 0))
BEND(three_signers, letter->third_signer = officer(XAA, 1))
BEND(notice_plane_label, letter->signing_plane = 3)
BEND(release_plane_label, letter->release_plane = 3)

static const struct bend signature_rows[] = {
    {"author of a peer", author_of_peer, NULL, NULL, 11, UNKNOWN, "roster"},
    {"author with ACK only", author_ack_only, NULL, NULL, 11, SIG, "author role"},
    {"author is a device", author_is_device, NULL, NULL, 11, SIG, "author role"},
    {"drafted on a monitoring host", draft_on_monitor, NULL, NULL, 11, SIG, "draft device role"},
    {"draft device is an officer", draft_by_officer, NULL, NULL, 11, SIG, "draft device role"},
    {"draft device of a peer", draft_of_peer, NULL, NULL, 11, UNKNOWN, "roster"},
    {"releaser of a peer", releaser_of_peer, NULL, NULL, 11, UNKNOWN, "roster"},
    {"releaser with ACK only", releaser_ack_only, NULL, NULL, 11, SIG, "releaser role"},
    {"released on a monitoring host", releaser_on_monitor, NULL, NULL, 11, SIG,
     "releaser device role"},
    {"released on a peer's device", releaser_on_peer, NULL, NULL, 11, UNKNOWN, "roster"},
    {"three signatures", three_signers, NULL, NULL, 11, SIG, "two signatures"},
    {"notice under another plane", notice_plane_label, NULL, NULL, 11, SIG, "author signature"},
    {"release under another plane", release_plane_label, NULL, NULL, 11, SIG, "releaser signature"},
};

/* 12: what the bodies say */
static uint8_t other[HASH_BYTES] = {0xee, 0xee};

NOTICE(n_ns, notice->ns.data = other)
NOTICE(n_plane, notice->plane = HOTLINE__V1__PLANE__TEST)
NOTICE(n_author, notice->author.data = other)
NOTICE(n_draft_device, notice->draft_device.data = other)
NOTICE(n_entity, notice->sender->entity.data = other)
NOTICE(n_kind, notice->sender->kind = HOTLINE__V1__DESK_KIND__DIPLOMATIC)
NOTICE(n_precedence,
       notice->to[0]->precedence = notice->precedence = HOTLINE__V1__PRECEDENCE__ROUTINE)
NOTICE(n_addressee, notice->to[0]->desk->entity.data = world->entities[XCC].id)
NOTICE(n_addressee_kind, notice->to[0]->desk->kind = HOTLINE__V1__DESK_KIND__POLITICAL)
NOTICE(n_exercise_name, notice->exercise_name = notice->subject = notice->text[0]->lang)
NOTICE(n_exercise_id, notice->exercise_id = notice->notice_id)
NOTICE(n_version, notice->version = 2)
NOTICE(n_three_persons, notice->persons = 3)
NOTICE(n_one_person, notice->persons = 1)
NOTICE(n_four_persons, notice->persons = 4)
NOTICE(n_address_above, notice->to[0]->precedence = HOTLINE__V1__PRECEDENCE__FLASH)
NOTICE(n_address_below, notice->to[0]->precedence = HOTLINE__V1__PRECEDENCE__ROUTINE)
RELEASE(r_ns, release->ns.data = other)
RELEASE(r_plane, release->plane = HOTLINE__V1__PLANE__EXERCISE)
RELEASE(r_hash, release->notice_hash.data = other)
RELEASE(r_releaser, release->releaser.data = other)
RELEASE(r_device, release->releaser_device.data = other)
RELEASE(r_sender, release->sender_device.data = other)
RELEASE(r_too_long, release->not_after_ms = release->released_ms + 24LL * 3600000 + 1)
RELEASE(r_backwards, release->not_after_ms = release->released_ms - 1)
RELEASE(r_single, release->single_person = 1)
RELEASE(r_not_single, release->single_person = 0)
BEND(by_author, letter->releasers[0] = letter->author)
BEND(two_releases, letter->release_count = 2)
BEND(no_release, letter->release_count = 0)
BEND(same_person_twice, letter->release_count = 2; letter->persons = 3)
BEND(single_by_other, letter->persons = 1)
BEND(single_by_author, letter->persons = 1; letter->releasers[0] = letter->author)
BEND(low_header, letter->header_precedence = 1)

static void address_the_own_desk(struct letter *letter, Hotline__V1__Notice *notice)
{
    static Hotline__V1__Desk desk;
    static Hotline__V1__Address address;
    static Hotline__V1__Address *list[2];

    (void)letter;
    desk = *notice->sender;
    address = *notice->to[0];
    address.desk = &desk;
    list[0] = notice->to[0];
    list[1] = &address;
    notice->to = list;
    notice->n_to = 2;
}

static void address_a_desk_twice(struct letter *letter, Hotline__V1__Notice *notice)
{
    static Hotline__V1__Address *list[2];

    (void)letter;
    list[0] = list[1] = notice->to[0];
    notice->to = list;
    notice->n_to = 2;
}

static void name_an_attachment(struct letter *letter, Hotline__V1__Notice *notice)
{
    static char name[] = "a.txt";
    static char type[] = "text/plain";
    static Hotline__V1__Attachment attachment;
    static Hotline__V1__Attachment *list[] = {&attachment};

    (void)letter;
    hotline__v1__attachment__init(&attachment);
    attachment.name = name;
    attachment.media_type = type;
    attachment.size = 1;
    attachment.pt_hash = (ProtobufCBinaryData){HASH_BYTES, other};
    notice->attachment = list;
    notice->n_attachment = 1;
}

static const struct bend body_rows[] = {
    {"ns", NULL, n_ns, NULL, 12, FORMAT, "notice ns"},
    {"plane", NULL, n_plane, NULL, 12, FORMAT, "notice plane"},
    {"author", NULL, n_author, NULL, 12, FORMAT, "author"},
    {"draft device", NULL, n_draft_device, NULL, 12, FORMAT, "draft device"},
    {"sender entity", NULL, n_entity, NULL, 12, FORMAT, "sender entity"},
    {"sender kind", NULL, n_kind, NULL, 12, FORMAT, "sender kind"},
    {"precedence", NULL, n_precedence, NULL, 12, FORMAT, "precedence"},
    {"attachment without reference", NULL, name_an_attachment, NULL, 12, FORMAT, "attachments"},
    {"addressed elsewhere", NULL, n_addressee, NULL, 12, FORMAT, "not addressed"},
    {"addressed to another desk", NULL, n_addressee_kind, NULL, 12, FORMAT, "not addressed"},
    {"own desk addressed", NULL, address_the_own_desk, NULL, 12, FORMAT, "contradict"},
    {"desk addressed twice", NULL, address_a_desk_twice, NULL, 12, FORMAT, "contradict"},
    {"address above the notice", low_header, n_address_above, NULL, 12, FORMAT, "contradict"},
    {"action address below", NULL, n_address_below, NULL, 12, FORMAT, "contradict"},
    {"exercise name in LIVE", NULL, n_exercise_name, NULL, 12, FORMAT, "contradict"},
    {"exercise id in LIVE", NULL, n_exercise_id, NULL, 12, FORMAT, "contradict"},
    {"version 2", NULL, n_version, NULL, 12, FORMAT, "notice or release"},
    {"three persons, one release", NULL, n_three_persons, NULL, 12, FORMAT, "number"},
    {"one person, single absent", NULL, n_one_person, NULL, 12, FORMAT, "single person"},
    {"four persons", NULL, n_four_persons, NULL, 12, FORMAT, "notice or release"},
    {"two persons, two releases", two_releases, NULL, NULL, 12, FORMAT, "number"},
    {"no release", no_release, NULL, NULL, 12, FORMAT, "number"},
    {"released by the author", by_author, NULL, NULL, 12, FORMAT, "distinct"},
    {"one releaser twice", same_person_twice, NULL, NULL, 12, FORMAT, "distinct"},
    {"single, by another", single_by_other, NULL, NULL, 12, FORMAT, "single"},
    {"single absent", single_by_author, NULL, r_not_single, 12, FORMAT, "single"},
    {"single set with two", NULL, NULL, r_single, 12, FORMAT, "single"},
    {"release ns", NULL, NULL, r_ns, 12, FORMAT, "release ns"},
    {"release plane", NULL, NULL, r_plane, 12, FORMAT, "release ns or plane"},
    {"release notice_hash", NULL, NULL, r_hash, 12, FORMAT, "release notice_hash"},
    {"releaser", NULL, NULL, r_releaser, 12, FORMAT, "releaser"},
    {"releaser device", NULL, NULL, r_device, 12, FORMAT, "releaser"},
    {"sender device", NULL, NULL, r_sender, 12, FORMAT, "release sender_device"},
    {"25 hours", NULL, NULL, r_too_long, 12, FORMAT, "not_after"},
    {"expires before it begins", NULL, NULL, r_backwards, 12, FORMAT, "not_after"},
};

/* 13: the Link */
static void spoil_sig(struct letter *letter)
{
    letter->slots[0].link_sig[5] ^= 1;
}
static void spoil_seq(struct letter *letter)
{
    letter->slots[0].seq = 2;
}
static void zero_seq(struct letter *letter)
{
    letter->slots[0].seq = 0;
}
static void spoil_prev(struct letter *letter)
{
    letter->slots[0].prev[31] ^= 1;
}
BEND(bad_link_sig, letter->edit_slots = spoil_sig)
BEND(bad_link_seq, letter->edit_slots = spoil_seq)
BEND(no_link_seq, letter->edit_slots = zero_seq)
BEND(bad_link_prev, letter->edit_slots = spoil_prev)
BEND(bad_link_plane, letter->link_plane = 2)
static const struct bend link_rows[] = {
    {"signature", bad_link_sig, NULL, NULL, 13, SIG, "link"},
    {"seq", bad_link_seq, NULL, NULL, 13, SIG, "link"},
    {"seq 0", no_link_seq, NULL, NULL, 13, SIG, "link"},
    {"prev", bad_link_prev, NULL, NULL, 13, SIG, "link"},
    {"plane", bad_link_plane, NULL, NULL, 13, SIG, "link"},
};

#define CHECK_ROWS(rows)                                                                           \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                                    \
    check_bend(&rows[i])

static void each_signer_and_role_is_checked(void **state)
{
    (void)state;
    CHECK_ROWS(signature_rows);
}

static void each_equality_is_checked(void **state)
{
    (void)state;
    CHECK_ROWS(body_rows);
}

static void each_part_of_the_link_is_checked(void **state)
{
    (void)state;
    CHECK_ROWS(link_rows);
}

static struct opened *open_ok(struct letter *letter)
{
    letter_seal(letter);
    struct opened *opened = letter_open(letter, XBB, 0);
    assert_int_equal(opened->result, OPEN_OK);
    letter_done(letter);
    return opened;
}

static uint32_t marks_of(struct letter letter)
{
    struct opened *opened = open_ok(&letter);
    uint32_t marks = opened->marks;

    opened_free(opened);
    return marks;
}

RELEASE(r_early, release->released_ms = WORLD_NOW_MS - 300001)
RELEASE(r_early_enough, release->released_ms = WORLD_NOW_MS - 300000)
RELEASE(r_late, release->released_ms = WORLD_NOW_MS + 7LL * 24 * 3600000 + 1;
        release->not_after_ms = release->released_ms + 1000)
RELEASE(r_late_enough, release->released_ms = WORLD_NOW_MS + 7LL * 24 * 3600000;
        release->not_after_ms = release->released_ms + 1000)
static char reason[] = "alone at the desk";
RELEASE(r_reason, release->reason = reason)

static void two_persons_on_two_terminals_leave_no_mark(void **state)
{
    (void)state;
    assert_int_equal(marks_of(letter_to_xbb(world)), 0);
}

static void release_times_are_marked_outside_their_window(void **state)
{
    static const uint32_t misfit =
        MARK_RELEASE_TIME_DOES_NOT_FIT | MARK_NOT_RELEASED_BY_SECOND_PERSON;
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.edit_release = r_early;
    assert_int_equal(marks_of(letter), misfit);
    letter.edit_release = r_early_enough;
    assert_int_equal(marks_of(letter), 0);
    letter.edit_release = r_late;
    assert_int_equal(marks_of(letter), misfit);
    letter.edit_release = r_late_enough;
    assert_int_equal(marks_of(letter), 0);
}

static void one_person_is_marked_by_the_senders_roster(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.persons = 1;
    letter.releasers[0] = letter.author;
    assert_int_equal(marks_of(letter), MARK_NOT_RELEASED_BY_SECOND_PERSON | MARK_MISSING_REASON);
    letter.edit_release = r_reason;
    assert_int_equal(marks_of(letter), MARK_NOT_RELEASED_BY_SECOND_PERSON);
    letter.header_precedence = 2;
    assert_int_equal(marks_of(letter), 0);
    world->rosters[XAA].release_min[2] = 2;
    assert_int_equal(marks_of(letter), MARK_NOT_RELEASED_BY_SECOND_PERSON);
    world->rosters[XAA].release_min[2] = 1;
    world->rosters[XAA].single_person_max = 1;
    assert_int_equal(marks_of(letter), MARK_NOT_RELEASED_BY_SECOND_PERSON);
    world->rosters[XAA].single_person_max = 2;
}

static void one_terminal_is_marked_from_immediate_up(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.releaser_devices[0] = letter.draft_device;
    assert_int_equal(marks_of(letter), MARK_RELEASED_ON_ONE_TERMINAL);
    letter.header_precedence = 3;
    assert_int_equal(marks_of(letter), MARK_RELEASED_ON_ONE_TERMINAL);
    letter.header_precedence = 2;
    assert_int_equal(marks_of(letter), 0);
    letter.header_precedence = 4;
    world->rosters[XAA].release_devices_min = 1;
    assert_int_equal(marks_of(letter), 0);
    world->rosters[XAA].release_devices_min = 2;
}

static void expired_release_is_marked_by_t0(void **state)
{
    static const int64_t not_after_ms = WORLD_NOW_MS + 901000;
    static const int64_t hour_ms = 3600000;
    struct letter letter = letter_to_xbb(world);

    (void)state;
    struct opened *opened = open_ok(&letter);
    assert_int_equal(open_marks_time(opened, not_after_ms, false, not_after_ms), 0);
    assert_int_equal(open_marks_time(opened, not_after_ms + 1, false, not_after_ms),
                     MARK_RELEASE_EXPIRED);
    /* one relay's word is believed for an hour */
    assert_int_equal(open_marks_time(opened, 1, true, not_after_ms + hour_ms), 0);
    assert_int_equal(open_marks_time(opened, 1, true, not_after_ms + hour_ms + 1),
                     MARK_RELEASE_EXPIRED);
    assert_int_equal(open_marks_time(opened, 1, false, not_after_ms + hour_ms + 1), 0);
    /* no custody: own first sight */
    assert_int_equal(open_marks_time(opened, 0, false, not_after_ms + 1), MARK_RELEASE_EXPIRED);
    opened_free(opened);
}

static void expired_certificates_and_documents_are_marked_not_refused(void **state)
{
    struct cert *author = world_officer_cert(world, XAA, 0);
    struct cert *sender = world_device_cert(world, XAA, 0);
    struct cert held = *author;
    struct cert held_sender = *sender;

    (void)state;
    author->not_after_ms = WORLD_NOW_MS;
    assert_int_equal(marks_of(letter_to_xbb(world)), MARK_CERT_EXPIRED);
    *author = held;
    sender->not_before_ms = WORLD_NOW_MS + 1000000;
    assert_int_equal(marks_of(letter_to_xbb(world)), MARK_CERT_EXPIRED);
    *sender = held_sender;
    int64_t expires_ms = world->trust.timestamp_expires_ms;
    world->trust.timestamp_expires_ms = WORLD_NOW_MS - 7200000;
    assert_int_equal(marks_of(letter_to_xbb(world)), MARK_STALE);
    world->trust.timestamp_expires_ms = expires_ms;
}

static void revoked_keys_end_in_quarantine_with_the_text(void **state)
{
    struct cert *certs[] = {world_officer_cert(world, XAA, 0), world_officer_cert(world, XAA, 1),
                            world_device_cert(world, XAA, 0), world_device_cert(world, XAA, 1)};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct letter letter = letter_to_xbb(world);
        certs[i]->revoked_since_ms = WORLD_NOW_MS;
        letter_seal(&letter);
        struct opened *opened = letter_open(&letter, XBB, 0);
        assert_int_equal(opened->result, OPEN_QUARANTINED);
        assert_int_equal(opened->reason, HOTLINE__V1__REASON__REVOKED_KEY);
        assert_non_null(opened->notice);
        opened_free(opened);
        certs[i]->revoked_since_ms = WORLD_NOW_MS + 100000; /* only later: the signature stands */
        opened = letter_open(&letter, XBB, 0);
        assert_int_equal(opened->result, OPEN_OK);
        opened_free(opened);
        certs[i]->revoked_since_ms = 0;
        letter_done(&letter);
    }
}

static void clock_skew_is_marked(void **state)
{
    struct letter letter = letter_to_xbb(world);
    struct open_context context = world_context(world, XBB, 0);
    struct opened *opened = NULL;

    (void)state;
    letter_seal(&letter);
    struct blob *delivered = letter_deliver(&letter, XBB, 0);
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int64_t over = 0; over <= 1; over++) {
            context.now_ms = WORLD_NOW_MS + 1500 + sign * (600000 + over);
            assert_int_equal(open_delivered(&context, letter.sealed->deposit_hash,
                                            bytes_blob(delivered), &opened),
                             HL_OK);
            assert_int_equal(opened->marks, over ? MARK_CLOCK_SKEW : 0);
            opened_free(opened);
        }
    }
    blob_free(delivered);
    letter_done(&letter);
}

static void exercise_is_marked_while_windows_are_not_known(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.header_plane = letter.signing_plane = letter.release_plane = letter.link_plane = 2;
    assert_int_equal(marks_of(letter), MARK_EXERCISE_NO_WINDOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signer_and_role_is_checked),
        cmocka_unit_test(each_equality_is_checked),
        cmocka_unit_test(each_part_of_the_link_is_checked),
        cmocka_unit_test(two_persons_on_two_terminals_leave_no_mark),
        cmocka_unit_test(release_times_are_marked_outside_their_window),
        cmocka_unit_test(one_person_is_marked_by_the_senders_roster),
        cmocka_unit_test(one_terminal_is_marked_from_immediate_up),
        cmocka_unit_test(expired_release_is_marked_by_t0),
        cmocka_unit_test(expired_certificates_and_documents_are_marked_not_refused),
        cmocka_unit_test(revoked_keys_end_in_quarantine_with_the_text),
        cmocka_unit_test(clock_skew_is_marked),
        cmocka_unit_test(exercise_is_marked_while_windows_are_not_known),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
