/* test_open_memory — opening with every allocation failing, on each path: good input is opened or there is no memory, bad input
 * keeps its own verdict; never one for the other. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/buf.h"
#include "base/strict.h"
#include "proto/receipt.h"
#include "proto/service.h"
#include "tests/support/fake_suite.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/small_world.h"

static struct small_world *world;

/* One input, and what it deserves. */
struct delivery {
    struct open_context context;
    uint8_t deposit_hash[HASH_BYTES];
    struct blob *octets;
    bool is_stub;
    enum open_result result;
    int step;
    Hotline__V1__Reason reason;
};

static int attempt(void *context)
{
    const struct delivery *delivery = context;
    struct bytes octets = bytes_blob(delivery->octets);
    struct opened *opened = NULL;

    int err = delivery->is_stub
                  ? open_stub(&delivery->context, delivery->deposit_hash, octets, &opened)
                  : open_delivered(&delivery->context, delivery->deposit_hash, octets, &opened);
    if (err != HL_OK) {
        assert_null(opened);
        return err;
    }
    (void)nth_alloc_disarm();
    if (opened->result != delivery->result || opened->step != delivery->step ||
        opened->reason != delivery->reason)
        fail_msg("result %d at step %d: %s", (int)opened->result, opened->step, opened->detail);
    opened_free(opened);
    return HL_OK;
}

/* Sweeps, and frees the input. Skips where it cannot: so the input is made after the test has asked. */
static void sweep(struct delivery *delivery, enum open_result result, int step,
                  Hotline__V1__Reason reason)
{
    delivery->result = result;
    delivery->step = step;
    delivery->reason = reason;
    (void)nth_alloc_sweep(attempt, delivery);
    blob_free(delivery->octets);
}

static int set_up(void **state)
{
    (void)state;
    world = small_world_new(suite_fake());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

static struct delivery delivery_of(const struct sealed *sealed, int state, int no)
{
    struct delivery delivery = {.context = world_context(world, state, no),
                                .octets = sealed_deliver(world, sealed, state, no)};

    memcpy(delivery.deposit_hash, sealed->deposit_hash, HASH_BYTES);
    return delivery;
}

static struct delivery letter_for(struct letter *letter, int state, int no)
{
    letter_seal(letter);
    struct delivery delivery = delivery_of(letter->sealed, state, no);
    letter_done(letter);
    return delivery;
}

static void a_good_notice_is_opened_or_there_is_no_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct letter letter = letter_to_xbb(world);
    struct delivery delivery = letter_for(&letter, XBB, 0);
    sweep(&delivery, OPEN_OK, 14, 0);
    delivery = letter_for(&letter, XAA, 1); /* the copy for the own desk */
    sweep(&delivery, OPEN_OK, 14, 0);
}

static void a_draft_is_opened_or_there_is_no_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct letter letter = letter_to_xbb(world);
    letter.kind = CONTENT_DRAFT;
    struct delivery delivery = letter_for(&letter, XAA, 1);
    sweep(&delivery, OPEN_OK, 14, 0);
}

static void an_arbiter_opens_with_the_file_key_or_there_is_no_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct letter letter = letter_to_xbb(world);
    letter_seal(&letter);
    struct delivery delivery = delivery_of(letter.sealed, XBB, 0);
    delivery.context.prekeys = NULL;
    delivery.context.file_key = letter.sealed->file_key;
    sweep(&delivery, OPEN_OK, 14, 0);
    letter_done(&letter);
}

static void a_stub_is_authentic_or_there_is_no_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct letter letter = letter_to_xbb(world);
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts;
    struct delivery delivery = {.context = world_context(world, XBB, 0), .is_stub = true};

    letter_seal(&letter);
    memcpy(delivery.deposit_hash, letter.sealed->deposit_hash, HASH_BYTES);
    assert_int_equal(
        envelope_inspect(world->trust.ns, bytes_blob(letter.sealed->envelope), &envelope, &facts),
        HL_OK);
    assert_int_equal(envelope_stub(envelope, &facts, &delivery.octets), HL_OK);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    letter_done(&letter);
    sweep(&delivery, OPEN_OK, 4, 0);
}

/* --- receipts and service statements ----------------------------------------------------------------- */

static uint8_t zeros[HASH_BYTES];

static ProtobufCBinaryData octets(uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, data};
}

/* A control envelope of XAA/1 to XBB/1. */
static struct delivery control_delivery(enum content_kind kind, const struct blob *content,
                                        const uint8_t *content_hash, const struct seal_slot *slot)
{
    static const uint8_t hedge_key[32] = {1};
    struct rng rng = constant_rng();
    struct sealed *sealed = NULL;
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[XAA].id,
                                         .device = world->devices[XAA][0],
                                         .hedge_key = hedge_key,
                                         .plane = 1,
                                         .kind = kind,
                                         .content = bytes_blob(content),
                                         .content_hash = content_hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .slots = slot,
                                         .slot_count = 1};

    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    struct delivery delivery = delivery_of(sealed, XBB, 0);
    sealed_free(sealed);
    return delivery;
}

static void a_receipt_is_opened_or_there_is_no_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct seal_slot slot = world_slot(world, XBB, 0);
    Hotline__V1__Receipt receipt;
    AUTO(blob) content = NULL;
    uint8_t hash[HASH_BYTES];

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
    assert_int_equal(
        receipt_sign(world->suite, &receipt, world->devices[XAA][0], NULL, &content, hash), HL_OK);
    struct delivery delivery = control_delivery(CONTENT_RECEIPT, content, hash, &slot);
    sweep(&delivery, OPEN_OK, 14, 0);
}

static void sign_channel_check(struct blob **ret_content, uint8_t ret_hash[static HASH_BYTES])
{
    Hotline__V1__ServiceStatement statement = HOTLINE__V1__SERVICE_STATEMENT__INIT;
    Hotline__V1__Service service = HOTLINE__V1__SERVICE__INIT;
    Hotline__V1__PrekeyFloor floor = HOTLINE__V1__PREKEY_FLOOR__INIT;
    Hotline__V1__PrekeyFloor *floors[] = {&floor};

    service.kind = HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK;
    floor.prekey_id = octets(world->rings[XAA][0]->keys[0].id, ID_BYTES);
    floor.kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    floor.created_ms = WORLD_NOW_MS;
    statement.ns = octets(world->trust.ns, NS_BYTES);
    statement.plane = HOTLINE__V1__PLANE__LIVE;
    statement.sender_entity = octets(world->entities[XAA].id, ID_BYTES);
    statement.sender_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    statement.sender_device = octets(world->devices[XAA][0]->id, ID_BYTES);
    statement.at_ms = WORLD_NOW_MS;
    statement.service = &service;
    statement.journal_head = octets(zeros, HASH_BYTES);
    statement.dir_version = 1;
    statement.roster_version = 1;
    statement.n_prekeys = 1;
    statement.prekeys = floors;
    assert_int_equal(
        service_sign(world->suite, &statement, world->devices[XAA][0], ret_content, ret_hash),
        HL_OK);
}

static void a_channel_check_is_opened_or_there_is_no_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct seal_slot slot = world_slot(world, XBB, 0);
    struct marks marks = {.seq = {7, 0, 0}, .recipient = world_desk(world, XBB)};
    AUTO(blob) content = NULL;
    uint8_t hash[HASH_BYTES];

    sign_channel_check(&content, hash);
    memcpy(marks.ns, world->trust.ns, NS_BYTES);
    memcpy(marks.service_hash, hash, HASH_BYTES);
    memcpy(marks.sender_device, world->devices[XAA][0]->id, ID_BYTES);
    slot.marks_seq[0] = 7;
    assert_int_equal(marks_sign(world->suite, world->devices[XAA][0], &marks, slot.marks_sig),
                     HL_OK);
    struct delivery delivery = control_delivery(CONTENT_SERVICE, content, hash, &slot);
    sweep(&delivery, OPEN_OK, 14, 0);
    slot.marks_sig[0] ^= 1; /* and a bad one is bad, whatever the memory */
    delivery = control_delivery(CONTENT_SERVICE, content, hash, &slot);
    sweep(&delivery, OPEN_QUARANTINED, 13, HOTLINE__V1__REASON__SIGNATURE_INVALID);
}

/* --- what we do not understand, and what is wrong ------------------------------------------------------ */

/* The delivery with the header of a later version: one more field in it, hashed and signed anew by the sender. */
static void make_newer(struct delivery *delivery)
{
    static const uint8_t field_100[] = {0xa0, 0x06, 0x01};
    struct blob *old = delivery->octets;
    uint8_t header_hash[HASH_BYTES];
    uint8_t ct_hash[HASH_BYTES];
    uint8_t ehash[HASH_BYTES];
    uint8_t sig[SIG_BYTES];
    AUTO_BUF header;
    Hotline__V1__DeliveredEnvelope *outer =
        hotline__v1__delivered_envelope__unpack(NULL, old->len, old->data);
    Hotline__V1__EnvelopeHeader *parsed =
        hotline__v1__envelope_header__unpack(NULL, outer->header.len, outer->header.data);
    ProtobufCBinaryData header_before = outer->header;
    ProtobufCBinaryData sig_before = outer->sig;
    AUTO(blob) packed = NULL;
    uint32_t slot_count = parsed->slot_count;

    parsed->version = 2;
    assert_int_equal(strict_pack(&parsed->base, &packed), HL_OK);
    hotline__v1__envelope_header__free_unpacked(parsed, NULL);
    buf_init(&header, 2048);
    buf_add(&header, bytes_blob(packed));
    buf_add(&header, BYTES_OF(field_100));
    label_hash1(label_fixed(LABEL_HEADER_HASH), buf_bytes(&header), header_hash);
    hash_plain(BYTES(outer->ct.data, outer->ct.len), ct_hash);
    envelope_hashes(header_hash, ct_hash, outer->slots_root.data, slot_count, BYTES_OF(sig), ehash,
                    delivery->deposit_hash);
    assert_int_equal(sign_body(world->suite, world->devices[XAA][0], label_of(LABEL_ENVELOPE, 1),
                               BYTES_OF(ehash), sig),
                     HL_OK);
    envelope_hashes(header_hash, ct_hash, outer->slots_root.data, slot_count, BYTES_OF(sig), ehash,
                    delivery->deposit_hash);
    outer->header = octets(header.data, header.len);
    outer->sig = octets(sig, SIG_BYTES);
    assert_int_equal(strict_pack(&outer->base, &delivery->octets), HL_OK);
    outer->header = header_before;
    outer->sig = sig_before;
    hotline__v1__delivered_envelope__free_unpacked(outer, NULL);
    blob_free(old);
}

static void a_later_version_is_never_rejected_for_want_of_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct letter letter = letter_to_xbb(world);
    struct delivery delivery = letter_for(&letter, XBB, 0);
    make_newer(&delivery);
    sweep(&delivery, OPEN_QUARANTINED, 4, HOTLINE__V1__REASON__UNRECOGNISED_FORMAT);
}

static void bad_input_keeps_its_own_verdict(void **state)
{
    (void)state;
    nth_alloc_require();
    struct letter letter = letter_to_xbb(world);
    struct delivery delivery = letter_for(&letter, XBB, 0);
    delivery.octets->data[delivery.octets->len - 1] ^= 1; /* the last octet of the signature */
    sweep(&delivery, OPEN_REJECTED, 2, 0);

    delivery = letter_for(&letter, XBB, 0);
    delivery.context.prekeys = world->rings[XCC][0];
    sweep(&delivery, OPEN_QUARANTINED, 6, HOTLINE__V1__REASON__CANNOT_DECRYPT);

    letter.releasers[0] = world->officers[XAA][2]; /* has ACK alone */
    delivery = letter_for(&letter, XBB, 0);
    sweep(&delivery, OPEN_QUARANTINED, 11, HOTLINE__V1__REASON__SIGNATURE_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_notice_is_opened_or_there_is_no_memory),
        cmocka_unit_test(a_draft_is_opened_or_there_is_no_memory),
        cmocka_unit_test(an_arbiter_opens_with_the_file_key_or_there_is_no_memory),
        cmocka_unit_test(a_stub_is_authentic_or_there_is_no_memory),
        cmocka_unit_test(a_receipt_is_opened_or_there_is_no_memory),
        cmocka_unit_test(a_channel_check_is_opened_or_there_is_no_memory),
        cmocka_unit_test(a_later_version_is_never_rejected_for_want_of_memory),
        cmocka_unit_test(bad_input_keeps_its_own_verdict),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
