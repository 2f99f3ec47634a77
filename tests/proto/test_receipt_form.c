/* test_receipt_form — which fields a kind of receipt has, must have and must not have; who may sign it; and the automaton's flags,
 * each table written down here once more. Needs no vectors. */
#include <string.h>

#include "proto/receipt.h"
#include "tests/support/bundle_world.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"

static struct bundle_world *world;
static struct receipt_expectation expected;

static int setup(void **unused)
{
    (void)unused;
    world = bundle_world_new(suite_fake());
    letter_seal(&world->letter);
    expected = (struct receipt_expectation){.ns = world->trust->ns,
                                            .plane = 1,
                                            .content_hash = world->letter.notice_hash,
                                            .deposit_hash = world->letter.sealed->deposit_hash,
                                            .to_entity = world->small->entities[XAA].id,
                                            .to_device = world->small->devices[XAA][0]->id,
                                            .by_desk = world_desk(world->small, XBB),
                                            .envelope_device = world->small->devices[XBB][0]->id,
                                            .check_word = "V432",
                                            .needs_check_word = true,
                                            .now_ms = WORLD_NOW_MS};
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    bundle_world_free(world);
    return 0;
}

/* A whole receipt that is signed as it is, past receipt_sign(): for what that would refuse to make. */
static struct blob *sign_by(const Hotline__V1__Receipt *receipt, size_t count)
{
    const struct sign_key *const keys[] = {world->small->devices[XBB][0],
                                           world->small->officers[XBB][0],
                                           world->small->officers[XBB][1]};
    struct blob *object = NULL;
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(&receipt->base, &body), HL_OK);
    assert_int_equal(sign_object(world->suite, label_of(LABEL_RECEIPT, 1), bytes_blob(body), keys,
                                 count, &object),
                     HL_OK);
    return object;
}

static uint8_t filler[64];
static char word[] = "V432";
static char note[] = "a note";

/* Fields that depend on the kind. */
enum field { OFFICER, DISPOSITION, REASON, RESERVATION, CHECK_WORD, REPLY, NOTE, VIEWS, FIELDS };

static void put(Hotline__V1__Receipt *receipt, enum field field)
{
    static Hotline__V1__PairView view;
    static Hotline__V1__PairView *views[] = {&view};

    hotline__v1__pair_view__init(&view);
    view.relay = (ProtobufCBinaryData){16, filler};
    view.seq = 1;
    view.head = (ProtobufCBinaryData){32, filler};
    if (field == OFFICER)
        receipt->officer = (ProtobufCBinaryData){ID_BYTES, world->small->officers[XBB][0]->id};
    if (field == DISPOSITION)
        receipt->disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD;
    if (field == REASON)
        receipt->reason = HOTLINE__V1__REASON__NO_CAPACITY;
    if (field == RESERVATION) {
        memcpy(filler + 32, reservation_hash(), HASH_BYTES);
        receipt->reservation_id = RESERVATION_ID;
        receipt->reservation_hash = (ProtobufCBinaryData){HASH_BYTES, filler + 32};
    }
    if (field == CHECK_WORD)
        receipt->check_word = word;
    if (field == REPLY)
        receipt->reply_expected_ms = WORLD_NOW_MS;
    if (field == NOTE)
        receipt->note = note;
    if (field == VIEWS) {
        receipt->n_views = 1;
        receipt->views = views;
    }
}

static Hotline__V1__Receipt bare(Hotline__V1__ReceiptKind kind)
{
    struct small_world *small = world->small;
    Hotline__V1__Receipt receipt;

    hotline__v1__receipt__init(&receipt);
    receipt.ns = (ProtobufCBinaryData){NS_BYTES, world->trust->ns};
    receipt.kind = kind;
    receipt.plane = HOTLINE__V1__PLANE__LIVE;
    receipt.about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE;
    receipt.content_hash = (ProtobufCBinaryData){HASH_BYTES, world->letter.notice_hash};
    receipt.deposit_hash = (ProtobufCBinaryData){HASH_BYTES, world->letter.sealed->deposit_hash};
    receipt.to_entity = (ProtobufCBinaryData){ID_BYTES, small->entities[XAA].id};
    receipt.to_device = (ProtobufCBinaryData){ID_BYTES, small->devices[XAA][0]->id};
    receipt.by_entity = (ProtobufCBinaryData){ID_BYTES, small->entities[XBB].id};
    receipt.by_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    receipt.by_device = (ProtobufCBinaryData){ID_BYTES, small->devices[XBB][0]->id};
    receipt.at_ms = WORLD_NOW_MS;
    receipt.prev_receipt = (ProtobufCBinaryData){HASH_BYTES, filler};
    receipt.dir_version = 1;
    return receipt;
}

static int judge_signed_by(const Hotline__V1__Receipt *receipt, size_t count,
                           const char **ret_detail)
{
    AUTO(blob) object = sign_by(receipt, count);
    Hotline__V1__Receipt *parsed = NULL;
    int err = receipt_check(world->suite, world->trust, &expected, bytes_blob(object), &parsed,
                            ret_detail);

    if (parsed)
        hotline__v1__receipt__free_unpacked(parsed, NULL);
    else
        assert_true((*ret_detail)[0] != '\0');
    return err;
}

static int judge(const Hotline__V1__Receipt *receipt, bool has_officer, const char **ret_detail)
{
    return judge_signed_by(receipt, has_officer ? 2 : 1, ret_detail);
}

/* receipt.proto: M must, o may, - must not; columns as `enum field`. */
static const struct {
    Hotline__V1__ReceiptKind kind;
    const char *fields;
    bool may_lack_content, may_be_about_service;
} kinds[] = {
    {HOTLINE__V1__RECEIPT_KIND__DELIVERED, "-------o", false, true},
    {HOTLINE__V1__RECEIPT_KIND__OPENED, "--------", false, false},
    {HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, "MM-MMoo-", false, false}, /* word: FLASH */
    {HOTLINE__V1__RECEIPT_KIND__REFUSED, "M-M---o-", false, false},
    {HOTLINE__V1__RECEIPT_KIND__NONDELIVERED, "--M-----", true, false},
    {HOTLINE__V1__RECEIPT_KIND__CANCEL_SEEN, "--------", false, false},
    {HOTLINE__V1__RECEIPT_KIND__UNREADABLE, "--------", true, false},
};

/* The receipt with its must-fields, `turned` the other way round. */
static Hotline__V1__Receipt with(size_t row, enum field turned)
{
    Hotline__V1__Receipt receipt = bare(kinds[row].kind);

    for (int field = 0; field < FIELDS; field++) {
        bool is_there = kinds[row].fields[field] == 'M';

        if (is_there != (field == (int)turned))
            put(&receipt, (enum field)field);
    }
    return receipt;
}

static void each_kind_has_exactly_its_fields(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < sizeof(kinds) / sizeof(kinds[0]); row++) {
        for (int field = 0; field <= FIELDS; field++) {
            Hotline__V1__Receipt receipt = with(row, (enum field)field);
            bool is_good = field == FIELDS || kinds[row].fields[field] == 'o';
            const char *detail = "";
            int err = judge(&receipt, kinds[row].fields[OFFICER] == 'M', &detail);

            if ((err == HL_OK) != is_good)
                fail_msg("kind %d, field %d: %d %s", (int)kinds[row].kind, field, err, detail);
        }
    }
}

static void content_hash_may_lack_only_where_nothing_was_opened(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < sizeof(kinds) / sizeof(kinds[0]); row++) {
        Hotline__V1__Receipt receipt = with(row, FIELDS);
        const char *detail = "";

        receipt.content_hash.len = 0;
        assert_int_equal(judge(&receipt, kinds[row].fields[OFFICER] == 'M', &detail) == HL_OK,
                         kinds[row].may_lack_content);
    }
}

/* A service statement is answered by DELIVERED alone, and never counts for a notice. */
static void only_delivered_answers_a_service_statement(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < sizeof(kinds) / sizeof(kinds[0]); row++) {
        Hotline__V1__Receipt receipt = with(row, FIELDS);
        bool has_officer = kinds[row].fields[OFFICER] == 'M';
        const char *detail = "";

        receipt.about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_SERVICE;
        assert_int_not_equal(judge(&receipt, has_officer, &detail), HL_OK);
        expected.check_word = NULL; /* a service statement has none */
        assert_int_equal(judge(&receipt, has_officer, &detail) == HL_OK,
                         kinds[row].may_be_about_service);
        expected.check_word = "V432";
    }
}

static void each_kind_has_exactly_its_signatures(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < sizeof(kinds) / sizeof(kinds[0]); row++) {
        Hotline__V1__Receipt receipt = with(row, FIELDS);
        size_t wanted = kinds[row].fields[OFFICER] == 'M' ? 2 : 1;

        for (size_t count = 1; count <= 3; count++) {
            const char *detail = "";
            int err = judge_signed_by(&receipt, count, &detail);

            assert_int_equal(err, count == wanted ? HL_OK : HL_EVERIFY);
        }
    }
}

static void views_are_of_relays_that_ascend(void **unused)
{
    static uint8_t relays[3][ID_BYTES] = {{1}, {2}, {2}};
    static const size_t pairs[][2] = {{0, 1}, {1, 0}, {1, 2}};
    Hotline__V1__PairView views[2];
    Hotline__V1__PairView *list[2] = {&views[0], &views[1]};
    Hotline__V1__Receipt receipt = with(0, VIEWS);

    (void)unused;
    receipt.n_views = 2;
    receipt.views = list;
    for (size_t i = 0; i < 3; i++) {
        const char *detail = "";
        AUTO(blob) object = NULL;
        uint8_t hash[HASH_BYTES];

        for (size_t k = 0; k < 2; k++) {
            views[k] = *with(0, VIEWS).views[0];
            views[k].relay = (ProtobufCBinaryData){ID_BYTES, relays[pairs[i][k]]};
        }
        assert_int_equal(judge(&receipt, false, &detail), i == 0 ? HL_OK : HL_EFORMAT);
        assert_int_equal(receipt_sign(world->suite, &receipt, world->small->devices[XBB][0], NULL,
                                      &object, hash),
                         i == 0 ? HL_OK : HL_EINVAL);
    }
}

static void receipt_sign_makes_only_what_receipt_check_takes(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < sizeof(kinds) / sizeof(kinds[0]); row++) {
        bool has_officer = kinds[row].fields[OFFICER] == 'M';

        for (int field = 0; field <= FIELDS; field++) {
            Hotline__V1__Receipt receipt = with(row, (enum field)field);
            bool is_good = field == FIELDS || kinds[row].fields[field] == 'o' ||
                           (field == CHECK_WORD && has_officer &&
                            kinds[row].fields[field] == 'M'); /* below IMMEDIATE it may lack */
            AUTO(blob) object = NULL;
            uint8_t hash[HASH_BYTES];
            int err =
                receipt_sign(world->suite, &receipt, world->small->devices[XBB][0],
                             has_officer ? world->small->officers[XBB][0] : NULL, &object, hash);

            assert_int_equal(err == HL_OK, is_good);
            assert_int_equal(object != NULL, is_good);
        }
        Hotline__V1__Receipt receipt = with(row, FIELDS);
        AUTO(blob) object = NULL;
        uint8_t hash[HASH_BYTES];
        assert_int_equal(receipt_sign(world->suite, &receipt, world->small->devices[XBB][0],
                                      has_officer ? NULL : world->small->officers[XBB][0], &object,
                                      hash),
                         HL_EINVAL);
    }
}

static void check_word_is_asked_for_only_where_it_must_be(void **unused)
{
    static const struct {
        char given[5];
        bool is_needed;
        int err;
    } cases[] = {{"V432", true, HL_OK},    {"v432", true, HL_OK}, {"V433", true, HL_EPERM},
                 {"", true, HL_EPERM},     {"", false, HL_OK},    {"V432", false, HL_OK},
                 {"V433", false, HL_EPERM}};

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Hotline__V1__Receipt receipt = with(2, cases[i].given[0] ? FIELDS : CHECK_WORD);
        char given[5];
        const char *detail = "";

        memcpy(given, cases[i].given, 5);
        if (given[0])
            receipt.check_word = given;
        expected.needs_check_word = cases[i].is_needed;
        if (judge(&receipt, true, &detail) != cases[i].err)
            fail_msg("case %zu: %s", i, detail);
    }
}

static void revoked_key_counts_from_its_first_millisecond(void **unused)
{
    Hotline__V1__Receipt receipt = with(2, FIELDS);
    const struct cert *certs[] = {bundle_device(world, XBB, 0), bundle_officer(world, XBB, 0)};
    const char *detail = "";

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct entity *entity = NULL;
        for (size_t k = 0; k < world->trust->entity_count; k++) {
            if (strcmp(world->trust->entities[k].code, "XBB") == 0)
                entity = &world->trust->entities[k];
        }
        struct cert *cert = &entity->roster->certs[certs[i] - entity->roster->certs];

        cert->revoked_since_ms = expected.now_ms;
        assert_int_equal(judge(&receipt, true, &detail), HL_EREVOKED);
        cert->revoked_since_ms = expected.now_ms + 1;
        assert_int_equal(judge(&receipt, true, &detail), HL_OK);
        cert->revoked_since_ms = 0;
    }
}

static void device_and_officer_need_their_roles_and_desk(void **unused)
{
    Hotline__V1__Receipt receipt = with(2, FIELDS);
    Hotline__V1__Receipt delivered = with(0, FIELDS);
    struct entity *entity = NULL;
    const char *detail = "";

    (void)unused;
    for (size_t k = 0; k < world->trust->entity_count; k++) {
        if (strcmp(world->trust->entities[k].code, "XBB") == 0)
            entity = &world->trust->entities[k];
    }
    struct cert *device =
        &entity->roster->certs[bundle_device(world, XBB, 0) - entity->roster->certs];
    struct cert *officer =
        &entity->roster->certs[bundle_officer(world, XBB, 0) - entity->roster->certs];
    const struct cert good_device = *device;
    const struct cert good_officer = *officer;

    device->roles = ROLE_BIT_AUTO | ROLE_BIT_MONITOR; /* may deliver, not acknowledge */
    assert_int_equal(judge(&receipt, true, &detail), HL_EVERIFY);
    assert_int_equal(judge(&delivered, false, &detail), HL_OK);
    device->roles = ROLE_BIT_DESK;
    assert_int_equal(judge(&delivered, false, &detail), HL_EVERIFY);
    *device = good_device;
    device->desks <<= 1;
    assert_int_equal(judge(&delivered, false, &detail), HL_EVERIFY);
    *device = good_device;
    officer->roles &= ~(uint32_t)ROLE_BIT_ACK;
    assert_int_equal(judge(&receipt, true, &detail), HL_EVERIFY);
    *officer = good_officer;
    officer->desks <<= 1;
    assert_int_equal(judge(&receipt, true, &detail), HL_EVERIFY);
    *officer = good_officer;
    assert_int_equal(judge(&receipt, true, &detail), HL_OK);
}

static void cut_or_flipped_receipt_is_refused(void **unused)
{
    Hotline__V1__Receipt receipt = with(2, FIELDS);
    AUTO(blob) object = sign_by(&receipt, 2);
    Hotline__V1__Receipt *parsed = NULL;
    const char *detail = "";

    (void)unused;
    for (size_t len = 0; len < object->len; len++)
        assert_int_not_equal(receipt_check(world->suite, world->trust, &expected,
                                           BYTES(object->data, len), &parsed, &detail),
                             HL_OK);
    for (size_t bit = 0; bit < object->len * 8; bit++) {
        object->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(receipt_check(world->suite, world->trust, &expected,
                                           bytes_blob(object), &parsed, &detail),
                             HL_OK);
        object->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* --- the automaton --- */

/* Protocol page, table of the automaton: the flag a deadline or a contradiction adds in each state; all other cells add none.
 * Columns: deadline of delivery, of opening, of acknowledgement, ACK, REFUSED. */
static const uint32_t flags[RCPT_STATES][5] = {
    [RCPT_RELEASED] = {FLAG_NO_RELAY, FLAG_OVERDUE_OPEN, FLAG_OVERDUE_ACK, 0, 0},
    [RCPT_HELD] = {FLAG_OVERDUE_DELIVERY, FLAG_OVERDUE_OPEN, FLAG_OVERDUE_ACK, 0, 0},
    [RCPT_DELIVERED] = {0, FLAG_OVERDUE_OPEN, FLAG_OVERDUE_ACK, 0, 0},
    [RCPT_OPENED] = {0, 0, FLAG_OVERDUE_ACK, 0, 0},
    [RCPT_ACKED] = {0, 0, 0, 0, FLAG_DISPUTED},
    [RCPT_REFUSED] = {0, 0, 0, FLAG_DISPUTED, 0},
    [RCPT_UNDELIVERABLE] = {0, 0, 0, 0, 0},
};

static uint32_t expected_flags(enum receipt_state state, enum receipt_event event)
{
    if (event == EV_DEADLINE_DELIVERY)
        return flags[state][0];
    if (event == EV_DEADLINE_OPEN)
        return flags[state][1];
    if (event == EV_DEADLINE_ACK)
        return flags[state][2];
    if (event == EV_ACK)
        return flags[state][3];
    return event == EV_REFUSED ? flags[state][4] : 0;
}

static void every_event_in_every_state_adds_only_its_flag(void **unused)
{
    (void)unused;
    for (int state = 0; state < RCPT_STATES; state++) {
        for (int event = 0; event < EV_COUNT; event++) {
            uint32_t wanted = expected_flags((enum receipt_state)state, (enum receipt_event)event);
            struct receipt_track clean = {(enum receipt_state)state, 0};
            struct receipt_track full = {(enum receipt_state)state, 255};

            bool moved = receipt_step(&clean, (enum receipt_event)event);
            (void)receipt_step(&full, (enum receipt_event)event);
            if (clean.flags != wanted)
                fail_msg("state %d, event %d: flags %u", state, event, clean.flags);
            assert_int_equal(full.flags, 255); /* never cleared */
            assert_int_equal(moved, clean.state != (enum receipt_state)state);
        }
    }
}

/* How far a state is; REFUSED and UNDELIVERABLE are no steps of the way. */
static int rank(enum receipt_state state)
{
    return state <= RCPT_ACKED ? (int)state : -1;
}

/* All sequences of five events from every state. */
static void state_never_moves_backwards(void **unused)
{
    (void)unused;
    for (int start = 0; start < RCPT_STATES; start++) {
        for (uint32_t n = 0; n < 11U * 11 * 11 * 11 * 11; n++) {
            struct receipt_track track = {(enum receipt_state)start, 0};
            int highest = rank(track.state);
            bool was_acked = track.state == RCPT_ACKED;

            for (uint32_t rest = n, i = 0; i < 5; i++, rest /= 11) {
                (void)receipt_step(&track, (enum receipt_event)(rest % 11));
                if (rank(track.state) >= 0)
                    assert_true(rank(track.state) >= highest);
                highest = rank(track.state) > highest ? rank(track.state) : highest;
                was_acked = was_acked || track.state == RCPT_ACKED;
                assert_true(!was_acked || track.state == RCPT_ACKED);
            }
        }
    }
}

static void every_state_has_its_name(void **unused)
{
    static const char *const names[RCPT_STATES] = {
        "released", "held", "delivered", "opened", "acknowledged", "refused", "undeliverable"};

    (void)unused;
    for (int state = 0; state < RCPT_STATES; state++)
        assert_string_equal(receipt_state_name((enum receipt_state)state), names[state]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_kind_has_exactly_its_fields),
        TEST(content_hash_may_lack_only_where_nothing_was_opened),
        TEST(only_delivered_answers_a_service_statement),
        TEST(each_kind_has_exactly_its_signatures),
        TEST(views_are_of_relays_that_ascend),
        TEST(receipt_sign_makes_only_what_receipt_check_takes),
        TEST(check_word_is_asked_for_only_where_it_must_be),
        TEST(revoked_key_counts_from_its_first_millisecond),
        TEST(device_and_officer_need_their_roles_and_desk),
        TEST(cut_or_flipped_receipt_is_refused),
        cmocka_unit_test(every_event_in_every_state_adds_only_its_flag),
        cmocka_unit_test(state_never_moves_backwards),
        cmocka_unit_test(every_state_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
