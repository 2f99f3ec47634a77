/* Opening: no bit, no length and no plane of a sealed notice can be changed, by a relay or by the sender. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/secret.h"
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

/* What the announced deposit_hash of these octets is, when they can be parsed at all. */
static void recompute_deposit(struct bytes delivered, uint8_t deposit_hash[HASH_BYTES])
{
    Hotline__V1__DeliveredEnvelope *envelope =
        hotline__v1__delivered_envelope__unpack(NULL, delivered.len, delivered.data);
    Hotline__V1__EnvelopeHeader *header =
        envelope ? hotline__v1__envelope_header__unpack(NULL, envelope->header.len,
                                                        envelope->header.data)
                 : NULL;
    uint8_t header_hash[HASH_BYTES];
    uint8_t ct_hash[HASH_BYTES];
    uint8_t ehash[HASH_BYTES];

    if (header && envelope->slots_root.len == HASH_BYTES) {
        label_hash1(label_fixed(LABEL_HEADER_HASH),
                    BYTES(envelope->header.data, envelope->header.len), header_hash);
        hash_plain(BYTES(envelope->ct.data, envelope->ct.len), ct_hash);
        envelope_hashes(header_hash, ct_hash, envelope->slots_root.data, header->slot_count,
                        BYTES(envelope->sig.data, envelope->sig.len), ehash, deposit_hash);
    }
    hotline__v1__delivered_envelope__free_unpacked(envelope, NULL);
    hotline__v1__envelope_header__free_unpacked(header, NULL);
}

/* Signed anew by XAA/1 over whatever the parts say now; false when they do not parse. */
static bool sign_again(struct bytes delivered, struct blob **ret_delivered,
                       uint8_t deposit_hash[HASH_BYTES])
{
    Hotline__V1__DeliveredEnvelope *envelope =
        hotline__v1__delivered_envelope__unpack(NULL, delivered.len, delivered.data);
    Hotline__V1__EnvelopeHeader *header =
        envelope ? hotline__v1__envelope_header__unpack(NULL, envelope->header.len,
                                                        envelope->header.data)
                 : NULL;
    const char *label = header ? label_of(LABEL_ENVELOPE, (unsigned)header->plane) : NULL;
    uint8_t header_hash[HASH_BYTES];
    uint8_t ct_hash[HASH_BYTES];
    uint8_t ehash[HASH_BYTES];
    bool is_whole =
        label && envelope->slots_root.len == HASH_BYTES && envelope->sig.len == SIG_BYTES;

    if (is_whole) {
        label_hash1(label_fixed(LABEL_HEADER_HASH),
                    BYTES(envelope->header.data, envelope->header.len), header_hash);
        hash_plain(BYTES(envelope->ct.data, envelope->ct.len), ct_hash);
        envelope_hashes(header_hash, ct_hash, envelope->slots_root.data, header->slot_count,
                        BYTES(envelope->sig.data, SIG_BYTES), ehash, deposit_hash);
        assert_int_equal(sign_body(world->suite, world->devices[XAA][0], label, BYTES_OF(ehash),
                                   envelope->sig.data),
                         HL_OK);
        envelope_hashes(header_hash, ct_hash, envelope->slots_root.data, header->slot_count,
                        BYTES(envelope->sig.data, SIG_BYTES), ehash, deposit_hash);
        assert_int_equal(strict_pack(&envelope->base, ret_delivered), HL_OK);
    }
    hotline__v1__delivered_envelope__free_unpacked(envelope, NULL);
    hotline__v1__envelope_header__free_unpacked(header, NULL);
    return is_whole;
}

static enum open_result open_result_of(const struct open_context *context,
                                       const uint8_t *deposit_hash, struct bytes delivered)
{
    struct opened *opened = NULL;

    assert_int_equal(open_delivered(context, deposit_hash, delivered, &opened), HL_OK);
    enum open_result result = opened->result;
    opened_free(opened);
    return result;
}

static void no_single_bit_can_be_changed(void **state)
{
    struct open_context context = world_context(world, XBB, 0);
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter_seal(&letter);
    struct blob *delivered = letter_deliver(&letter, XBB, 0);
    assert_int_equal(open_result_of(&context, letter.sealed->deposit_hash, bytes_blob(delivered)),
                     OPEN_OK);
    for (size_t bit = 0; bit < delivered->len * 8; bit++) {
        uint8_t deposit_hash[HASH_BYTES] = {0};
        delivered->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        recompute_deposit(bytes_blob(delivered), deposit_hash);
        assert_int_not_equal(open_result_of(&context, deposit_hash, bytes_blob(delivered)),
                             OPEN_OK);
        delivered->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(open_result_of(&context, letter.sealed->deposit_hash, bytes_blob(delivered)),
                     OPEN_OK);
    blob_free(delivered);
    letter_done(&letter);
}

/* The sending device itself turns bits after sealing and signs again: inner bindings must hold. */
static void no_bit_can_be_changed_by_the_sender_after_sealing(void **state)
{
    struct open_context context = world_context(world, XBB, 0);
    struct letter letter = letter_to_xbb(world);
    size_t seen[15] = {0};

    (void)state;
    letter_seal(&letter);
    struct blob *delivered = letter_deliver(&letter, XBB, 0);
    for (size_t bit = 0; bit < delivered->len * 8;
         bit += 5) { /* 5 is prime to 8: all places in time */
        struct blob *again = NULL;
        struct opened *opened = NULL;
        uint8_t deposit_hash[HASH_BYTES] = {0};
        delivered->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        bool is_signature = bit / 8 + SIG_BYTES >= delivered->len;
        if (!is_signature && sign_again(bytes_blob(delivered), &again, deposit_hash)) {
            assert_int_equal(open_delivered(&context, deposit_hash, bytes_blob(again), &opened),
                             HL_OK);
            assert_int_not_equal(opened->result, OPEN_OK);
            seen[opened->step]++;
            opened_free(opened);
        }
        blob_free(again);
        delivered->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(seen[1] > 0 && seen[5] > 0 && seen[7] > 0 && seen[9] > 0);
    blob_free(delivered);
    letter_done(&letter);
}

static void no_truncation_opens(void **state)
{
    struct open_context context = world_context(world, XBB, 0);
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter_seal(&letter);
    struct blob *delivered = letter_deliver(&letter, XBB, 0);
    for (size_t len = 0; len < delivered->len; len++)
        assert_int_equal(
            open_result_of(&context, letter.sealed->deposit_hash, BYTES(delivered->data, len)),
            OPEN_REJECTED);
    blob_free(delivered);
    letter_done(&letter);
}

/* Every octet that names a plane: in the header, the notice, the release; and each label. */
static void exercise_never_opens_as_live(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 16; bits++) {
        struct letter letter = letter_to_xbb(world);
        letter.header_plane = bits & 1 ? 2 : 1;
        letter.signing_plane = bits & 2 ? 2 : 1;
        letter.release_plane = bits & 4 ? 2 : 1;
        letter.link_plane = bits & 8 ? 2 : 1;
        letter_seal(&letter);
        struct opened *opened = letter_open(&letter, XBB, 0);
        bool is_whole = bits == 0 || bits == 15;
        assert_int_equal(opened->result == OPEN_OK, is_whole);
        if (is_whole)
            assert_int_equal(opened->notice->plane, letter.header_plane);
        opened_free(opened);
        letter_done(&letter);
    }
}

static void flipped_plane_octets_never_open(void **state)
{
    struct open_context context = world_context(world, XBB, 0);
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter.header_plane = letter.signing_plane = letter.release_plane = letter.link_plane = 2;
    letter_seal(&letter);
    struct blob *delivered = letter_deliver(&letter, XBB, 0);
    for (size_t at = 0; at < 200; at++) { /* the header and beyond */
        uint8_t deposit_hash[HASH_BYTES] = {0};
        if (delivered->data[at] != 2)
            continue;
        delivered->data[at] = 1;
        recompute_deposit(bytes_blob(delivered), deposit_hash);
        assert_int_not_equal(open_result_of(&context, deposit_hash, bytes_blob(delivered)),
                             OPEN_OK);
        delivered->data[at] = 2;
    }
    blob_free(delivered);
    letter_done(&letter);
}

static void stub_of_an_authentic_envelope_is_recognised(void **state)
{
    struct open_context context = world_context(world, XCC, 0);
    struct letter letter = letter_to_xbb(world);
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    struct opened *opened = NULL;
    struct blob *stub = NULL;

    (void)state;
    letter_seal(&letter);
    assert_int_equal(
        envelope_inspect(world->trust.ns, bytes_blob(letter.sealed->envelope), &envelope, &facts),
        HL_OK);
    assert_int_equal(envelope_stub(envelope, &facts, &stub), HL_OK);
    assert_int_equal(open_stub(&context, facts.deposit_hash, bytes_blob(stub), &opened), HL_OK);
    assert_int_equal(opened->result, OPEN_OK);
    assert_int_equal(opened->step, 4);
    assert_true(opened->is_authentic);
    opened_free(opened);
    for (size_t bit = 0; bit < stub->len * 8; bit++) {
        stub->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(open_stub(&context, facts.deposit_hash, bytes_blob(stub), &opened), HL_OK);
        assert_int_not_equal(opened->result, OPEN_OK);
        opened_free(opened);
        stub->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    blob_free(stub);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    letter_done(&letter);
}

/* A whole, well signed notice under a kind octet or class that is not its own: the sender knows the file key. */
static void kind_must_fit_the_class(void **state)
{
    static const uint8_t nonce[AEAD_NONCE_BYTES] = {0};
    static const uint8_t hedge_key[32] = {1};
    struct open_context context = world_context(world, XBB, 0);
    struct letter letter = letter_to_xbb(world);
    struct seal_slot slot = world_slot(world, XBB, 0);
    uint64_t counter = 0;
    struct rng rng = counting_rng(&counter);
    struct sealed *sealed = NULL;
    uint8_t plain[1024];
    uint8_t key[32];
    uint8_t commit[32];
    uint8_t deposit_hash[HASH_BYTES];
    struct envelope_facts facts = {.header = NULL};
    Hotline__V1__Envelope *envelope = NULL;
    struct opened *opened = NULL;
    struct blob *delivered = NULL;
    struct blob *again = NULL;

    (void)state;
    letter_seal(&letter);
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[XAA].id,
                                         .device = world->devices[XAA][0],
                                         .hedge_key = hedge_key,
                                         .plane = 1,
                                         .kind = CONTENT_RECEIPT,
                                         .content = bytes_blob(letter.signed_notice),
                                         .content_hash = letter.notice_hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .slots = &slot,
                                         .slot_count = 1};
    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    assert_int_equal(
        envelope_inspect(world->trust.ns, bytes_blob(sealed->envelope), &envelope, &facts), HL_OK);
    envelope_keys(BYTES(facts.header->salt.data, 32), sealed->file_key, key, commit);
    assert_int_equal(aead_open(key, nonce, BYTES_OF(facts.header_hash),
                               BYTES(envelope->ct.data, envelope->ct.len), plain),
                     HL_OK);
    plain[0] = CONTENT_NOTICE;
    aead_seal(key, nonce, BYTES_OF(facts.header_hash), BYTES_OF(plain), envelope->ct.data);
    assert_int_equal(envelope_deliver(envelope, &facts, 0, &delivered), HL_OK);
    assert_true(sign_again(bytes_blob(delivered), &again, deposit_hash));
    assert_int_equal(open_delivered(&context, deposit_hash, bytes_blob(again), &opened), HL_OK);
    assert_int_equal(opened->result, OPEN_QUARANTINED);
    assert_int_equal(opened->step, 10);
    assert_string_equal(opened->detail, "kind");
    opened_free(opened);
    blob_free(delivered);
    blob_free(again);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    sealed_free(sealed);
    letter_done(&letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_single_bit_can_be_changed),
        cmocka_unit_test(no_bit_can_be_changed_by_the_sender_after_sealing),
        cmocka_unit_test(kind_must_fit_the_class),
        cmocka_unit_test(no_truncation_opens),
        cmocka_unit_test(exercise_never_opens_as_live),
        cmocka_unit_test(flipped_plane_octets_never_open),
        cmocka_unit_test(stub_of_an_authentic_envelope_is_recognised),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
