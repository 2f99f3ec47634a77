/* Opening: the vectors' cases, foreign and forwarded envelopes, the arbiter. Bits and lengths: test_open_bits.c. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/secret.h"
#include "proto/limits.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"
#include "tests/support/vector_world.h"

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

static const char *result_name(enum open_result result)
{
    static const char *const names[] = {
        [OPEN_OK] = "opened", [OPEN_REJECTED] = "R", [OPEN_QUARANTINED] = "Q"};

    return names[result];
}

static const char *reason_name(const struct opened *opened)
{
    static const ProtobufCEnumDescriptor *reasons = &hotline__v1__reason__descriptor;

    if (opened->is_unreadable)
        return "UNREADABLE";
    return protobuf_c_enum_descriptor_get_value(reasons, (int)opened->reason)->name;
}

/* Marks that the vectors know; the vectors' judge has no exercise windows. */
static uint32_t expected_marks(const json_t *expect)
{
    const json_t *marks = json_object_get(expect, "marks");
    uint32_t set = 0;

    for (size_t i = 0; i < json_array_size(marks); i++) {
        const char *mark = json_string_value(json_array_get(marks, i));
        if (bytes_equal(bytes_text(mark), bytes_text("NOT RELEASED BY A SECOND PERSON")))
            set |= MARK_NOT_RELEASED_BY_SECOND_PERSON;
        else if (bytes_equal(bytes_text(mark), bytes_text("RELEASE EXPIRED")))
            set |= MARK_RELEASE_EXPIRED;
        else
            fail_msg("unknown mark %s", mark);
    }
    return set;
}

static void check_case(const struct open_context *context, const json_t *entry)
{
    const json_t *expect = json_object_get(entry, "expect");
    const char *result = vectors_text(expect, "result");
    struct blob *delivered = vectors_hex(entry, "delivered");
    uint8_t deposit_hash[HASH_BYTES];
    struct opened *opened = NULL;

    print_message("  %s\n", vectors_text(entry, "name"));
    vectors_hex_into(entry, "deposit_hash", deposit_hash, HASH_BYTES);
    assert_int_equal(open_delivered(context, deposit_hash, bytes_blob(delivered), &opened), HL_OK);
    assert_string_equal(result_name(opened->result), result);
    if (opened->result != OPEN_OK)
        assert_int_equal(opened->step, vectors_number(expect, "step"));
    if (opened->result == OPEN_QUARANTINED)
        assert_string_equal(reason_name(opened), vectors_text(expect, "reason"));
    if (opened->result == OPEN_OK)
        assert_int_equal(opened->marks | open_marks_time(opened, 0, false, context->now_ms),
                         expected_marks(expect));
    opened_free(opened);
    blob_free(delivered);
}

static void all_negative_vectors_end_where_they_must(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/open-negative.json");
    struct open_context context = vector_context(vectors, "XBB/1", 1795000000100);
    const json_t *cases = json_object_get(object, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(&context, json_array_get(cases, i));
    assert_int_equal(json_array_size(cases), 61);
    json_decref(object);
    vector_world_free(vectors);
}

static void check_plane(const struct open_context *context, const json_t *entry, size_t index)
{
    struct blob *delivered = vectors_hex(entry, "delivered");
    struct blob *link_hash = vectors_hex(entry, "link_hash");
    struct blob *hash = vectors_hex(entry, "notice_hash");
    uint8_t deposit_hash[HASH_BYTES];
    struct opened *opened = NULL;
    char id[NOTICE_ID_SIZE];

    vectors_hex_into(entry, "deposit_hash", deposit_hash, HASH_BYTES);
    assert_int_equal(open_delivered(context, deposit_hash, bytes_blob(delivered), &opened), HL_OK);
    assert_int_equal(opened->result, OPEN_OK);
    assert_int_equal(opened->marks & ~(uint32_t)MARK_EXERCISE_NO_WINDOW, 0);
    assert_int_equal(opened->seq, index % 2 + 1);
    assert_memory_equal(opened->content_hash, hash->data, HASH_BYTES);
    assert_memory_equal(opened->link_hash, link_hash->data, HASH_BYTES);
    notice_id_format((unsigned)vectors_number(entry, "plane"), opened->content_hash, id);
    assert_string_equal(id, vectors_text(entry, "display_id"));
    opened_free(opened);
    blob_free(delivered);
    blob_free(link_hash);
    blob_free(hash);
}

static void notices_of_each_plane_open(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/planes.json");
    struct open_context context = vector_context(vectors, "XBB/1", 1795000000100);
    const json_t *notices = json_object_get(object, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++)
        check_plane(&context, json_array_get(notices, i), i);
    assert_int_equal(json_array_size(notices), 6);
    json_decref(object);
    vector_world_free(vectors);
}

/* DeliveredEnvelope of slot `index` of a whole envelope in the vectors. */
static struct opened *open_vector(const struct vector_world *vectors, const json_t *object,
                                  const char *receiver, size_t index)
{
    struct open_context context = vector_context(vectors, receiver, 1795000005000);
    struct blob *whole = vectors_hex(object, "envelope");
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    struct blob *delivered = NULL;
    struct opened *opened = NULL;

    assert_int_equal(envelope_inspect(vectors->trust->ns, bytes_blob(whole), &envelope, &facts),
                     HL_OK);
    assert_int_equal(envelope_deliver(envelope, &facts, index, &delivered), HL_OK);
    assert_int_equal(open_delivered(&context, facts.deposit_hash, bytes_blob(delivered), &opened),
                     HL_OK);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    blob_free(delivered);
    blob_free(whole);
    return opened;
}

static void channel_check_of_the_vectors_opens_with_its_marks(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/channel-check.json");
    struct opened *peer = open_vector(vectors, object, "XBB/1", 0);
    assert_int_equal(peer->result, OPEN_OK);
    assert_int_equal(peer->kind, CONTENT_SERVICE);
    assert_true(peer->has_marks);
    assert_int_equal(peer->link_marks.seq[0], 1);
    assert_int_equal(peer->link_marks.seq[1], 0);
    opened_free(peer);
    struct opened *own_copy = open_vector(vectors, object, "XAA/2", 2);
    assert_int_equal(own_copy->result, OPEN_OK);
    assert_false(own_copy->has_marks);
    opened_free(own_copy);
    json_decref(object);
    vector_world_free(vectors);
}

static void receipts_of_the_vectors_open(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/receipts.json");
    for (size_t i = 0; i < 3; i++) {
        const json_t *entry = json_array_get(json_object_get(object, "receipts"), i);
        struct blob *hash = vectors_hex(entry, "body_hash");
        struct opened *opened =
            open_vector(vectors, json_object_get(entry, "envelope"), "XAA/1", 0);
        assert_int_equal(opened->result, OPEN_OK);
        assert_int_equal(opened->receipt->kind, 2 + i);
        assert_memory_equal(opened->content_hash, hash->data, HASH_BYTES);
        opened_free(opened);
        blob_free(hash);
    }
    json_decref(object);
    vector_world_free(vectors);
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

static void third_state_cannot_open_what_it_is_given(void **state)
{
    struct open_context context = world_context(world, XCC, 0);
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter_seal(&letter);
    struct blob *delivered = letter_deliver(&letter, XBB, 0);
    assert_int_equal(open_result_of(&context, letter.sealed->deposit_hash, bytes_blob(delivered)),
                     OPEN_REJECTED);
    /* Even a device that claims to be XBB's lacks the prekey. */
    context.own_desk = world_desk(world, XBB);
    memcpy(context.own_device, world->devices[XBB][0]->id, ID_BYTES);
    assert_int_equal(open_result_of(&context, letter.sealed->deposit_hash, bytes_blob(delivered)),
                     OPEN_QUARANTINED);
    blob_free(delivered);
    letter_done(&letter);
}

/* XBB holds XAA's signed notice and seals it anew to XCC. */
static struct opened *forward(const struct letter *letter, int claimed_entity, unsigned plane)
{
    static const uint8_t hedge_key[32] = {1};
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(world, XCC, 0);
    struct open_context context = world_context(world, XCC, 0);
    struct sealed *sealed = NULL;
    struct opened *opened = NULL;
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[claimed_entity].id,
                                         .device = world->devices[XBB][0],
                                         .hedge_key = hedge_key,
                                         .plane = plane,
                                         .precedence = 4,
                                         .kind = CONTENT_NOTICE,
                                         .content = bytes_blob(letter->signed_notice),
                                         .content_hash = letter->notice_hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .slots = &slot,
                                         .slot_count = 1};

    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    struct blob *delivered = sealed_deliver(world, sealed, XCC, 0);
    assert_int_equal(open_delivered(&context, sealed->deposit_hash, bytes_blob(delivered), &opened),
                     HL_OK);
    blob_free(delivered);
    sealed_free(sealed);
    return opened;
}

static void recipient_cannot_forward_a_notice_as_if_from_its_sender(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    letter_seal(&letter);
    struct opened *as_xaa = forward(&letter, XAA, 1);
    assert_int_equal(as_xaa->result, OPEN_QUARANTINED);
    assert_int_equal(as_xaa->step, 3); /* that device is not XAA's */
    assert_false(as_xaa->is_authentic);
    opened_free(as_xaa);
    struct opened *as_itself = forward(&letter, XBB, 1);
    assert_int_equal(as_itself->result, OPEN_QUARANTINED);
    assert_int_equal(as_itself->step, 11); /* the author is not XBB's */
    opened_free(as_itself);
    letter_done(&letter);
}

static void arbiter_opens_with_the_file_key_alone(void **state)
{
    struct open_context context = world_context(world, XBB, 0);
    struct letter letter = letter_to_xbb(world);
    struct opened *opened = NULL;

    (void)state;
    letter_seal(&letter);
    struct blob *delivered = letter_deliver(&letter, XBB, 1);
    context.prekeys = NULL;
    context.file_key = letter.sealed->file_key;
    memset(context.own_device, 0, ID_BYTES);
    assert_int_equal(
        open_delivered(&context, letter.sealed->deposit_hash, bytes_blob(delivered), &opened),
        HL_OK);
    assert_int_equal(opened->result, OPEN_OK);
    assert_memory_equal(opened->content_hash, letter.notice_hash, HASH_BYTES);
    opened_free(opened);
    letter.sealed->file_key[0] ^= 1;
    assert_int_equal(
        open_delivered(&context, letter.sealed->deposit_hash, bytes_blob(delivered), &opened),
        HL_OK);
    assert_int_equal(opened->step, 8);
    opened_free(opened);
    blob_free(delivered);
    letter_done(&letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_negative_vectors_end_where_they_must),
        cmocka_unit_test(notices_of_each_plane_open),
        cmocka_unit_test(channel_check_of_the_vectors_opens_with_its_marks),
        cmocka_unit_test(receipts_of_the_vectors_open),
        cmocka_unit_test(third_state_cannot_open_what_it_is_given),
        cmocka_unit_test(recipient_cannot_forward_a_notice_as_if_from_its_sender),
        cmocka_unit_test(arbiter_opens_with_the_file_key_alone),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
