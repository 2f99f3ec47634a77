/* Opening drafts, own copies, receipts, service statements and envelopes that a hostile sender signs himself. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/secret.h"
#include "proto/service.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"

static struct small_world *world;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    world = small_world_new(suite_real());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

static void assert_end(const struct opened *opened, int step, const char *detail)
{
    assert_int_equal(opened->result, OPEN_QUARANTINED);
    assert_int_equal(opened->step, step);
    if (!strstr(opened->detail, detail))
        fail_msg("%s instead of %s", opened->detail, detail);
}

static void own_copy_opens_without_a_link(void **state)
{
    struct letter letter = letter_to_xbb(world);
    struct desk_id own_desk = world_desk(world, XAA);

    (void)state;
    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, XAA, 1);
    assert_int_equal(opened->result, OPEN_OK);
    assert_int_equal(opened->seq, 0);
    assert_true(desk_equal(&opened->sender, &own_desk));
    opened_free(opened);
    letter_done(&letter);
}

static void number_the_own_slot(struct letter *letter)
{
    letter->slots[2].seq = 1;
}

static void own_copy_with_a_link_is_quarantined(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.edit_slots = number_the_own_slot;
    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, XAA, 1);
    assert_end(opened, 13, "own-desk slot");
    opened_free(opened);
    letter_done(&letter);
}

static void draft_opens_at_its_own_desk_only(void **state)
{
    for (size_t releases = 0; releases <= 1; releases++) {
        struct letter letter = letter_to_xbb(world);

        (void)state;
        letter.kind = CONTENT_DRAFT;
        letter.release_count = releases;
        letter_seal(&letter);
        struct opened *own = letter_open(&letter, XAA, 1);
        assert_int_equal(own->result, OPEN_OK);
        assert_int_equal(own->kind, CONTENT_DRAFT);
        assert_int_equal(own->release_count, releases);
        assert_non_null(own->notice);
        opened_free(own);
        struct opened *peer = letter_open(&letter, XBB, 0);
        assert_end(peer, 12, "draft from another desk");
        opened_free(peer);
        letter_done(&letter);
    }
}

static void draft_with_more_releases_than_persons_is_quarantined(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.kind = CONTENT_DRAFT;
    letter.release_count = 2;
    letter_seal(&letter);
    struct opened *own = letter_open(&letter, XAA, 1);
    assert_end(own, 12, "number of releases");
    opened_free(own);
    letter_done(&letter);
}

static void name_two_senders(struct letter *letter, size_t index, Hotline__V1__Release *release)
{
    release->sender_device.data = letter->world->devices[XAA][index]->id;
}

static void draft_whose_releasers_name_two_senders_is_quarantined(void **state)
{
    struct letter letter = letter_to_xbb(world);
    struct cert *third = world_officer_cert(world, XAA, 2);
    uint32_t roles = third->roles;

    (void)state;
    third->roles |= ROLE_BIT_RELEASE;
    letter.kind = CONTENT_DRAFT;
    letter.persons = 3;
    letter.release_count = 2;
    letter.releasers[1] = world->officers[XAA][2];
    letter.edit_release = name_two_senders;
    letter_seal(&letter);
    struct opened *own = letter_open(&letter, XAA, 1);
    assert_end(own, 12, "release sender_device");
    opened_free(own);
    letter_done(&letter);
    third->roles = roles;
}

static void draft_that_the_device_did_not_sign_is_quarantined(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.kind = CONTENT_DRAFT;
    letter.release_count = 0;
    letter.draft_device = world->officers[XAA][1]; /* two officers at one keyboard */
    letter_seal(&letter);
    struct opened *own = letter_open(&letter, XAA, 1);
    assert_end(own, 11, "draft device role");
    opened_free(own);
    letter_done(&letter);
}

static void notice_sent_by_a_monitoring_host_is_quarantined(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.sender_device = world->devices[XAA][MONITOR_NO];
    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, XBB, 0);
    assert_end(opened, 10, "kind");
    opened_free(opened);
    letter_done(&letter);
}

static void device_that_no_releaser_named_cannot_send(void **state)
{
    struct letter letter = letter_to_xbb(world);
    struct letter stolen = letter_to_xbb(world);

    (void)state;
    letter_seal(&letter);
    /* The same signed bytes, sealed by the sister device with a Link of its own. */
    stolen.sender_device = world->devices[XAA][1];
    struct opened *opened = NULL;
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(world, XBB, 0);
    struct open_context context = world_context(world, XBB, 0);
    static const uint8_t hedge_key[32] = {1};
    struct sealed *sealed = NULL;
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[XAA].id,
                                         .device = stolen.sender_device,
                                         .hedge_key = hedge_key,
                                         .plane = 1,
                                         .precedence = 4,
                                         .kind = CONTENT_NOTICE,
                                         .content = bytes_blob(letter.signed_notice),
                                         .content_hash = letter.notice_hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .slots = &slot,
                                         .slot_count = 1};
    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    struct blob *delivered = sealed_deliver(world, sealed, XBB, 0);
    assert_int_equal(open_delivered(&context, sealed->deposit_hash, bytes_blob(delivered), &opened),
                     HL_OK);
    assert_end(opened, 12, "release sender_device");
    opened_free(opened);
    blob_free(delivered);
    sealed_free(sealed);
    letter_done(&letter);
}

static uint8_t zeros[HASH_BYTES];

/* One statement or receipt on its way from XAA/1 to XBB/1 and XAA/2; tests bend it. */
struct control {
    enum content_kind kind;
    const struct sign_key *signer;
    struct blob *content;
    uint8_t hash[HASH_BYTES];
    unsigned plane;
    struct seal_slot slots[2];
    struct sealed *sealed;
};

static ProtobufCBinaryData octets(uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, data};
}

static void fill_check(Hotline__V1__ServiceStatement *statement, Hotline__V1__Service *service,
                       Hotline__V1__PrekeyFloor *floor)
{
    static Hotline__V1__PrekeyFloor *floors[1];

    hotline__v1__service_statement__init(statement);
    hotline__v1__service__init(service);
    hotline__v1__prekey_floor__init(floor);
    service->kind = HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK;
    floor->prekey_id = octets(world->rings[XAA][0]->keys[0].id, ID_BYTES);
    floor->kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    floor->created_ms = WORLD_NOW_MS;
    floors[0] = floor;
    statement->ns = octets(world->trust.ns, NS_BYTES);
    statement->plane = HOTLINE__V1__PLANE__LIVE;
    statement->sender_entity = octets(world->entities[XAA].id, ID_BYTES);
    statement->sender_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    statement->sender_device = octets(world->devices[XAA][0]->id, ID_BYTES);
    statement->at_ms = WORLD_NOW_MS;
    statement->service = service;
    statement->journal_head = octets(zeros, HASH_BYTES);
    statement->dir_version = 1;
    statement->roster_version = 1;
    statement->n_prekeys = 1;
    statement->prekeys = floors;
}

static struct control channel_check(void)
{
    struct control control = {.kind = CONTENT_SERVICE,
                              .signer = world->devices[XAA][0],
                              .plane = 1,
                              .slots = {world_slot(world, XBB, 0), world_slot(world, XAA, 1)}};
    Hotline__V1__ServiceStatement statement;
    Hotline__V1__Service service;
    Hotline__V1__PrekeyFloor floor;
    struct marks marks = {.seq = {7, 0, 0}, .recipient = world_desk(world, XBB)};

    fill_check(&statement, &service, &floor);
    assert_int_equal(
        service_sign(world->suite, &statement, control.signer, &control.content, control.hash),
        HL_OK);
    memcpy(marks.ns, world->trust.ns, NS_BYTES);
    memcpy(marks.service_hash, control.hash, HASH_BYTES);
    memcpy(marks.sender_device, control.signer->id, ID_BYTES);
    memset(marks.hash[0], 0x77, HASH_BYTES);
    control.slots[0].marks_seq[0] = 7;
    memset(control.slots[0].marks_hash[0], 0x77, HASH_BYTES);
    assert_int_equal(marks_sign(world->suite, control.signer, &marks, control.slots[0].marks_sig),
                     HL_OK);
    return control;
}

static Hotline__V1__Receipt receipt_fields(void)
{
    Hotline__V1__Receipt receipt;

    hotline__v1__receipt__init(&receipt);
    receipt.ns = octets(world->trust.ns, NS_BYTES);
    receipt.kind = HOTLINE__V1__RECEIPT_KIND__DELIVERED;
    receipt.plane = HOTLINE__V1__PLANE__LIVE;
    receipt.about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE;
    receipt.content_hash = octets(zeros, HASH_BYTES);
    receipt.deposit_hash = octets(zeros, HASH_BYTES);
    receipt.to_entity = octets(world->entities[XBB].id, ID_BYTES);
    receipt.to_device = octets(world->devices[XBB][0]->id, ID_BYTES);
    receipt.by_entity = octets(world->entities[XAA].id, ID_BYTES);
    receipt.by_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    receipt.by_device = octets(world->devices[XAA][0]->id, ID_BYTES);
    receipt.at_ms = WORLD_NOW_MS;
    receipt.prev_receipt = octets(zeros, HASH_BYTES);
    receipt.dir_version = 1;
    return receipt;
}

static struct control signed_receipt(const Hotline__V1__Receipt *receipt,
                                     const struct sign_key *signer, unsigned label_plane)
{
    struct control control = {.kind = CONTENT_RECEIPT,
                              .signer = world->devices[XAA][0],
                              .plane = 1,
                              .slots = {world_slot(world, XBB, 0), world_slot(world, XAA, 1)}};
    struct blob *body = NULL;

    assert_int_equal(strict_pack(&receipt->base, &body), HL_OK);
    assert_int_equal(sign_object(world->suite, label_of(LABEL_RECEIPT, label_plane),
                                 bytes_blob(body), &signer, 1, &control.content),
                     HL_OK);
    label_hash1(label_of(LABEL_RECEIPT, label_plane), bytes_blob(body), control.hash);
    blob_free(body);
    return control;
}

static void control_seal(struct control *control)
{
    static const uint8_t hedge_key[32] = {1};
    struct rng rng = constant_rng();
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[XAA].id,
                                         .device = control->signer,
                                         .hedge_key = hedge_key,
                                         .plane = control->plane,
                                         .kind = control->kind,
                                         .content = bytes_blob(control->content),
                                         .content_hash = control->hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .slots = control->slots,
                                         .slot_count = 2};

    assert_int_equal(envelope_seal(&request, &control->sealed), HL_OK);
}

static struct opened *control_open(struct control *control, int state, int no)
{
    struct open_context context = world_context(world, state, no);
    struct opened *opened = NULL;

    control_seal(control);
    struct blob *delivered = sealed_deliver(world, control->sealed, state, no);
    assert_int_equal(
        open_delivered(&context, control->sealed->deposit_hash, bytes_blob(delivered), &opened),
        HL_OK);
    blob_free(delivered);
    sealed_free(control->sealed);
    blob_free(control->content);
    return opened;
}

static void channel_check_opens_with_marks_at_a_peer(void **state)
{
    struct control check = channel_check();
    struct opened *opened = control_open(&check, XBB, 0);

    (void)state;
    assert_int_equal(opened->result, OPEN_OK);
    assert_true(opened->has_marks);
    assert_int_equal(opened->link_marks.seq[0], 7);
    assert_memory_equal(opened->content_hash, check.hash, HASH_BYTES);
    opened_free(opened);
}

static void channel_check_with_other_marks_is_quarantined(void **state)
{
    struct control check = channel_check();

    (void)state;
    check.slots[0].marks_seq[0] = 8;
    struct opened *opened = control_open(&check, XBB, 0);
    assert_end(opened, 13, "marks signature");
    opened_free(opened);
    check = channel_check();
    memset(check.slots[0].marks_sig, 0, SIG_BYTES);
    opened = control_open(&check, XBB, 0);
    assert_end(opened, 13, "marks signature");
    opened_free(opened);
}

static void marks_in_an_own_slot_or_a_receipt_are_quarantined(void **state)
{
    struct control check = channel_check();
    const Hotline__V1__Receipt fields = receipt_fields();
    struct control receipt = signed_receipt(&fields, world->devices[XAA][0], 1);

    (void)state;
    check.slots[1].marks_seq[0] = 1;
    struct opened *own = control_open(&check, XAA, 1);
    assert_end(own, 13, "none belong");
    opened_free(own);
    receipt.slots[0].marks_sig[63] = 1;
    struct opened *peer = control_open(&receipt, XBB, 0);
    assert_end(peer, 13, "none belong");
    opened_free(peer);
}

static void channel_check_in_another_plane_is_quarantined(void **state)
{
    struct control check = channel_check();

    (void)state;
    check.plane = 2; /* an envelope of EXERCISE around a LIVE statement */
    struct opened *opened = control_open(&check, XBB, 0);
    assert_end(opened, 11, "device signature");
    opened_free(opened);
}

static void receipt_of_the_sending_device_opens(void **state)
{
    const Hotline__V1__Receipt fields = receipt_fields();
    struct control receipt = signed_receipt(&fields, world->devices[XAA][0], 1);
    struct opened *opened = control_open(&receipt, XBB, 0);

    (void)state;
    assert_int_equal(opened->result, OPEN_OK);
    assert_non_null(opened->receipt);
    assert_non_null(opened->signed_object);
    opened_free(opened);
}

static void receipt_of_another_signer_or_plane_is_quarantined(void **state)
{
    const Hotline__V1__Receipt fields = receipt_fields();
    struct control by_sister = signed_receipt(&fields, world->devices[XAA][1], 1);
    struct control by_officer = signed_receipt(&fields, world->officers[XAA][0], 1);
    struct control exercise = signed_receipt(&fields, world->devices[XAA][0], 2);
    struct control *all[] = {&by_sister, &by_officer, &exercise};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct opened *opened = control_open(all[i], XBB, 0);
        assert_end(opened, 11, "device signature");
        opened_free(opened);
    }
}

static void receipt_that_names_somebody_else_is_quarantined(void **state)
{
    uint8_t other[HASH_BYTES] = {0xee};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        Hotline__V1__Receipt fields = receipt_fields();
        if (i == 0)
            fields.ns.data = other;
        if (i == 1)
            fields.plane = HOTLINE__V1__PLANE__TEST;
        if (i == 2)
            fields.by_device.data = other;
        if (i == 3)
            fields.by_entity.data = other;
        if (i == 4)
            fields.by_kind = HOTLINE__V1__DESK_KIND__POLITICAL;
        if (i == 5)
            fields.to_device.len = 15;
        struct control receipt = signed_receipt(&fields, world->devices[XAA][0], 1);
        struct opened *opened = control_open(&receipt, XBB, 0);
        assert_end(opened, 12, "");
        opened_free(opened);
    }
}

static void monitoring_host_may_send_control(void **state)
{
    Hotline__V1__Receipt fields = receipt_fields();

    (void)state;
    fields.by_device = octets(world->devices[XAA][MONITOR_NO]->id, ID_BYTES);
    struct control receipt = signed_receipt(&fields, world->devices[XAA][MONITOR_NO], 1);
    receipt.signer = world->devices[XAA][MONITOR_NO];
    struct opened *opened = control_open(&receipt, XBB, 0);
    assert_int_equal(opened->result, OPEN_OK);
    opened_free(opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_copy_opens_without_a_link),
        cmocka_unit_test(own_copy_with_a_link_is_quarantined),
        cmocka_unit_test(draft_opens_at_its_own_desk_only),
        cmocka_unit_test(draft_with_more_releases_than_persons_is_quarantined),
        cmocka_unit_test(draft_whose_releasers_name_two_senders_is_quarantined),
        cmocka_unit_test(draft_that_the_device_did_not_sign_is_quarantined),
        cmocka_unit_test(notice_sent_by_a_monitoring_host_is_quarantined),
        cmocka_unit_test(device_that_no_releaser_named_cannot_send),
        cmocka_unit_test(channel_check_opens_with_marks_at_a_peer),
        cmocka_unit_test(channel_check_with_other_marks_is_quarantined),
        cmocka_unit_test(marks_in_an_own_slot_or_a_receipt_are_quarantined),
        cmocka_unit_test(channel_check_in_another_plane_is_quarantined),
        cmocka_unit_test(receipt_of_the_sending_device_opens),
        cmocka_unit_test(receipt_of_another_signer_or_plane_is_quarantined),
        cmocka_unit_test(receipt_that_names_somebody_else_is_quarantined),
        cmocka_unit_test(monitoring_host_may_send_control),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
