/* Links, Marks and the receiver's stream. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/secret.h"
#include "proto/link.h"
#include "tests/support/vector_world.h"

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    return 0;
}

static void assert_member(const json_t *object, const char *key, const uint8_t *value, size_t len)
{
    struct blob *expected = vectors_hex(object, key);

    assert_int_equal(expected->len, len);
    assert_memory_equal(expected->data, value, len);
    blob_free(expected);
}

/* prev: the Link before, NULL for the first. */
static void check_link(const struct vector_world *vectors, const json_t *entry, uint64_t seq,
                       const json_t *before)
{
    struct sign_key *device = vector_key(vector_device(vectors, "XAA/1"));
    struct link link = {.ns = vectors->trust->ns,
                        .plane = (unsigned)vectors_number(entry, "plane"),
                        .recipient = vector_desk(vectors, "XBB"),
                        .seq = seq};
    struct blob *body = NULL;
    uint8_t hash[HASH_BYTES];
    uint8_t sig[SIG_BYTES];

    vectors_hex_into(entry, "notice_hash", link.content_hash, HASH_BYTES);
    memcpy(link.sender_device, device->id, ID_BYTES);
    if (before)
        vectors_hex_into(before, "link_hash", link.prev, HASH_BYTES);
    assert_int_equal(link_body(&link, &body, hash), HL_OK);
    assert_member(entry, "link_body", body->data, body->len);
    assert_member(entry, "link_hash", hash, HASH_BYTES);
    assert_int_equal(link_sign(suite_real(), device, &link, hash, sig), HL_OK);
    assert_member(entry, "link_sig", sig, SIG_BYTES);
    assert_int_equal(link_verify(suite_real(), device->pk, &link, sig, hash), HL_OK);
    for (size_t bit = 0; bit < 8 * SIG_BYTES; bit++) {
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(link_verify(suite_real(), device->pk, &link, sig, hash), HL_EVERIFY);
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    link.plane = link.plane % 3 + 1;
    assert_int_equal(link_verify(suite_real(), device->pk, &link, sig, hash), HL_EVERIFY);
    blob_free(body);
    sign_key_free(device);
}

static void links_of_all_planes_equal_the_vectors(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/planes.json");
    const json_t *notices = json_object_get(object, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++)
        check_link(vectors, json_array_get(notices, i), i % 2 + 1,
                   i % 2 ? json_array_get(notices, i - 1) : NULL);
    json_decref(object);
    vector_world_free(vectors);
}

static void marks_equal_the_vector(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/channel-check.json");
    json_t *seal = vectors_load("hotline/seal-content.json");
    struct sign_key *device = vector_key(vector_device(vectors, "XAA/1"));
    struct marks marks = {.recipient = vector_desk(vectors, "XBB"), .seq = {1, 0, 0}};
    struct blob *body = NULL;
    uint8_t sig[SIG_BYTES];
    memcpy(marks.ns, vectors->trust->ns, NS_BYTES);
    memcpy(marks.sender_device, device->id, ID_BYTES);
    vectors_hex_into(object, "service_hash", marks.service_hash, HASH_BYTES);
    vectors_hex_into(json_array_get(json_object_get(seal, "links"), 0), "link_hash", marks.hash[0],
                     HASH_BYTES);
    assert_int_equal(marks_body(&marks, &body), HL_OK);
    assert_member(object, "marks_body", body->data, body->len);
    assert_int_equal(marks_sign(suite_real(), device, &marks, sig), HL_OK);
    assert_member(object, "marks_sig", sig, SIG_BYTES);
    assert_int_equal(marks_verify(suite_real(), device->pk, &marks, sig), HL_OK);
    marks.seq[1] = 1;
    assert_int_equal(marks_verify(suite_real(), device->pk, &marks, sig), HL_EVERIFY);
    blob_free(body);
    sign_key_free(device);
    json_decref(object);
    json_decref(seal);
    vector_world_free(vectors);
}

static void numbers_outside_the_range_are_not_signed(void **state)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t ns[NS_BYTES] = {2};
    struct sign_key *device = NULL;
    struct link link = {.ns = ns, .plane = 1, .recipient = {.kind = 2}};
    uint8_t hash[HASH_BYTES];
    uint8_t sig[SIG_BYTES] = {0};

    (void)state;
    assert_int_equal(sign_key_new(suite_real(), seed, &device), HL_OK);
    assert_int_equal(link_sign(suite_real(), device, &link, hash, sig), HL_EINVAL);
    assert_int_equal(link_verify(suite_real(), device->pk, &link, sig, hash), HL_EVERIFY);
    struct blob *body = NULL; /* not even a good signature makes 0 a number */
    assert_int_equal(link_body(&link, &body, hash), HL_OK);
    assert_int_equal(
        sign_body(suite_real(), device, label_of(LABEL_LINK, 1), bytes_blob(body), sig), HL_OK);
    assert_int_equal(link_verify(suite_real(), device->pk, &link, sig, hash), HL_EVERIFY);
    blob_free(body);
    link.seq = STRICT_SEQ_MAX + 1;
    assert_int_equal(link_sign(suite_real(), device, &link, hash, sig), HL_EINVAL);
    link.seq = STRICT_SEQ_MAX;
    assert_int_equal(link_sign(suite_real(), device, &link, hash, sig), HL_OK);
    for (unsigned plane = 0; plane <= 4; plane += 4) {
        link.plane = plane;
        assert_int_equal(link_sign(suite_real(), device, &link, hash, sig), HL_EINVAL);
    }
    sign_key_free(device);
}

/* Links in these tests have the hash {seq, ...} and the prev {seq - 1, ...}; branch makes another one of a number. */
static void hash_of(uint64_t seq, uint8_t branch, uint8_t ret_hash[HASH_BYTES])
{
    memset(ret_hash, 0, HASH_BYTES);
    put_u64be(ret_hash, seq);
    ret_hash[31] = seq == 0 ? 0 : branch;
}

static enum stream_verdict arrive(struct stream *stream, uint64_t seq)
{
    uint8_t hash[HASH_BYTES];
    uint8_t prev[HASH_BYTES];

    hash_of(seq, 0, hash);
    hash_of(seq - 1, 0, prev);
    return stream_accept(stream, seq, prev, hash, NULL);
}

static void stream_follows_the_table(void **state)
{
    /* docs/PROTOCOL.md, "Streams", as one life: number, verdict, last afterwards, numbers missing afterwards */
    static const struct {
        uint64_t seq;
        enum stream_verdict verdict;
        uint64_t last;
        size_t missing;
    } rows[] = {
        {1, STREAM_IN_ORDER, 1, 0},
        {2, STREAM_IN_ORDER, 2, 0},
        {2, STREAM_SAME, 2, 0},
        {5, STREAM_GAP, 5, 2},
        {4, STREAM_LATE_FILL, 5, 1},
        {4, STREAM_OUT_OF_ORDER, 5, 1},
        {6, STREAM_IN_ORDER, 6, 1},
        {3, STREAM_LATE_FILL, 6, 0},
        {1, STREAM_OUT_OF_ORDER, 6, 0},
        {1000007, STREAM_IMPLAUSIBLE, 6, 0},
        {1000006, STREAM_GAP, 1000006, 64},
        {7, STREAM_OUT_OF_ORDER, 1000006, 64},
        {1000005, STREAM_LATE_FILL, 1000006, 63},
        {999942, STREAM_LATE_FILL, 1000006, 62},
        {999941, STREAM_OUT_OF_ORDER, 1000006, 62},
        {1000009, STREAM_GAP, 1000009, 64},
        {999943, STREAM_LATE_FILL, 1000009, 63},
        {STRICT_SEQ_MAX, STREAM_IMPLAUSIBLE, 1000009, 63},
        {UINT64_MAX, STREAM_IMPLAUSIBLE, 1000009, 63},
        {0, STREAM_OUT_OF_ORDER, 1000009, 63},
    };
    struct stream stream = {.last_seq = 0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum stream_verdict verdict = arrive(&stream, rows[i].seq);
        if (verdict != rows[i].verdict || stream.last_seq != rows[i].last ||
            stream.missing_count != rows[i].missing)
            fail_msg("row %zu: verdict %d last %llu missing %zu", i, (int)verdict,
                     (unsigned long long)stream.last_seq, stream.missing_count);
        for (size_t j = 1; j < stream.missing_count; j++)
            assert_true(stream.missing[j - 1] < stream.missing[j]);
    }
}

static void only_the_newest_sixty_four_gaps_are_kept(void **state)
{
    (void)state;
    for (uint64_t seq = 64; seq <= 67; seq++) { /* 63 to 66 missing at one stroke */
        struct stream stream = {.last_seq = 0};
        assert_int_equal(arrive(&stream, seq), STREAM_GAP);
        assert_int_equal(stream.missing_count, seq - 1 < 64 ? seq - 1 : 64);
        assert_int_equal(stream.missing[stream.missing_count - 1], seq - 1);
        assert_int_equal(stream.missing[0], seq - stream.missing_count);
    }
}

static void known_number_is_the_same_or_a_fork(void **state)
{
    struct stream stream = {.last_seq = 9};
    uint8_t hash[HASH_BYTES];
    uint8_t other[HASH_BYTES];
    uint8_t prev[HASH_BYTES];

    (void)state;
    hash_of(9, 0, stream.last_hash);
    hash_of(4, 0, hash);
    hash_of(4, 1, other);
    hash_of(3, 0, prev);
    assert_int_equal(stream_accept(&stream, 4, prev, hash, hash), STREAM_SAME);
    assert_int_equal(stream_accept(&stream, 4, prev, hash, other), STREAM_FORK);
    /* the last number needs no look-up */
    hash_of(9, 0, hash);
    hash_of(9, 1, other);
    assert_int_equal(stream_accept(&stream, 9, prev, hash, NULL), STREAM_SAME);
    assert_int_equal(stream_accept(&stream, 9, prev, other, NULL), STREAM_FORK);
    assert_int_equal(stream.last_seq, 9);
    /* a number beyond the last that is known already (it was implausible) does not move the stream */
    assert_int_equal(stream_accept(&stream, 90, prev, hash, hash), STREAM_SAME);
    assert_int_equal(stream.last_seq, 9);
}

static void broken_chain_is_named_and_goes_on(void **state)
{
    struct stream stream = {.last_seq = 0};
    uint8_t hash[HASH_BYTES];
    uint8_t wrong[HASH_BYTES];

    (void)state;
    hash_of(1, 0, hash);
    hash_of(7, 7, wrong);
    assert_int_equal(stream_accept(&stream, 1, wrong, hash, NULL), STREAM_CHAIN_BROKEN);
    assert_int_equal(stream.last_seq, 1);
    assert_memory_equal(stream.last_hash, hash, HASH_BYTES);
    assert_int_equal(arrive(&stream, 2), STREAM_IN_ORDER);
}

static void jump_of_a_million_is_the_last_plausible_one(void **state)
{
    struct stream stream = {.last_seq = 5};

    (void)state;
    assert_int_equal(arrive(&stream, 5 + LIMIT_STREAM_JUMP + 1), STREAM_IMPLAUSIBLE);
    assert_int_equal(stream.last_seq, 5);
    assert_int_equal(arrive(&stream, 5 + LIMIT_STREAM_JUMP), STREAM_GAP);
    struct stream at_the_end = {.last_seq = STRICT_SEQ_MAX - 1};
    assert_int_equal(arrive(&at_the_end, STRICT_SEQ_MAX + 1), STREAM_IMPLAUSIBLE);
    assert_int_equal(arrive(&at_the_end, STRICT_SEQ_MAX),
                     STREAM_CHAIN_BROKEN); /* no last_hash here */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_of_all_planes_equal_the_vectors),
        cmocka_unit_test(marks_equal_the_vector),
        cmocka_unit_test(numbers_outside_the_range_are_not_signed),
        cmocka_unit_test(stream_follows_the_table),
        cmocka_unit_test(only_the_newest_sixty_four_gaps_are_kept),
        cmocka_unit_test(known_number_is_the_same_or_a_fork),
        cmocka_unit_test(broken_chain_is_named_and_goes_on),
        cmocka_unit_test(jump_of_a_million_is_the_last_plausible_one),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
