/* Sealing: the vectors' envelopes octet for octet, hedging, what a relay checks. */
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

/* A file of the vectors that holds one seal, and who sealed what for whom. */
struct vector_seal {
    const char *sender;
    const char *receivers[3];
    unsigned precedence;
    enum content_kind kind;
    int64_t created_ms;
};

static void read_slots(const struct vector_world *vectors, const struct vector_seal *seal,
                       const json_t *object, struct seal_slot slots[3])
{
    for (size_t i = 0; i < 3; i++) {
        const json_t *entry = json_array_get(json_object_get(object, "slots"), i);
        struct blob *plain = vectors_hex(entry, "plain");
        slots[i] = vector_slot(vectors, seal->receivers[i]);
        if (plain->len == LIMIT_SLOT_CONTENT) {
            slots[i].seq = get_u64be(plain->data + 32);
            memcpy(slots[i].prev, plain->data + 40, 32);
            memcpy(slots[i].link_sig, plain->data + 72, 64);
        }
        for (size_t plane = 0; plain->len == LIMIT_SLOT_CONTROL && plane < 3; plane++) {
            slots[i].marks_seq[plane] = get_u64be(plain->data + 36 + 40 * plane);
            memcpy(slots[i].marks_hash[plane], plain->data + 44 + 40 * plane, 32);
            memcpy(slots[i].marks_sig, plain->data + 156, 64);
        }
        blob_free(plain);
    }
}

static void assert_member(const json_t *object, const char *key, const uint8_t *value, size_t len)
{
    struct blob *expected = vectors_hex(object, key);

    assert_int_equal(expected->len, len);
    assert_memory_equal(expected->data, value, len);
    blob_free(expected);
}

static void assert_intermediates(const json_t *object, const struct sealed *sealed)
{
    struct blob *envelope = vectors_hex(object, "envelope");

    assert_int_equal(sealed->skipped_count, 0);
    assert_member(object, "file_key", sealed->file_key, 32);
    assert_member(object, "envelope_id", sealed->envelope_id, ID_BYTES);
    assert_member(object, "ehash", sealed->ehash, HASH_BYTES);
    assert_member(object, "deposit_hash", sealed->deposit_hash, HASH_BYTES);
    assert_int_equal(sealed->envelope->len, envelope->len);
    assert_memory_equal(sealed->envelope->data, envelope->data, envelope->len);
    blob_free(envelope);
}

/* What can be read back from the envelope: header, ct, slots, hashes. */
static void assert_inspection(const struct vector_world *vectors, const json_t *object,
                              const struct sealed *sealed)
{
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};

    assert_int_equal(
        envelope_inspect(vectors->trust->ns, bytes_blob(sealed->envelope), &envelope, &facts),
        HL_OK);
    assert_member(object, "header", envelope->header.data, envelope->header.len);
    assert_member(object, "ct", envelope->ct.data, envelope->ct.len);
    assert_member(object, "hh", facts.header_hash, HASH_BYTES);
    assert_member(object, "ct_hash", facts.ct_hash, HASH_BYTES);
    assert_member(object, "slots_root", facts.slots_root, HASH_BYTES);
    assert_member(object, "ehash", facts.ehash, HASH_BYTES);
    assert_member(object, "deposit_hash", facts.deposit_hash, HASH_BYTES);
    for (size_t i = 0; i < 3; i++)
        assert_member(json_array_get(json_object_get(object, "slots"), i), "slot",
                      envelope->slots[i].data, envelope->slots[i].len);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
}

static void assert_key_schedule(const struct vector_world *vectors, const json_t *object,
                                const struct vector_seal *seal, const struct sealed *sealed)
{
    struct blob *salt = vectors_hex(object, "salt");
    uint8_t key[32];
    uint8_t commit[32];
    uint8_t hh[32];

    envelope_keys(bytes_blob(salt), sealed->file_key, key, commit);
    assert_member(object, "K_c", key, 32);
    assert_member(object, "key_commit", commit, 32);
    blob_free(salt);
    vectors_hex_into(object, "hh", hh, 32);
    for (size_t i = 0; i < 3; i++) {
        const json_t *entry = json_array_get(json_object_get(object, "slots"), i);
        struct seal_slot slot = vector_slot(vectors, seal->receivers[i]);
        uint8_t info[SLOT_INFO_MAX];
        uint8_t aad[SLOT_AAD_BYTES];
        size_t len = slot_info(vectors->trust->ns, &slot.desk, slot.device, slot.prekey_id, info);

        slot_aad(hh, &slot.desk, slot.device, slot.prekey_id, aad);
        assert_member(entry, "info", info, len);
        assert_member(entry, "aad", aad, sizeof(aad));
    }
}

/* The files say journal_row 1 throughout; the row that entered is the end of their ikm. */
static uint64_t row_of(const json_t *object)
{
    struct blob *ikm = vectors_hex(object, "ikm");
    uint64_t row = get_u64be(ikm->data + ikm->len - 8);

    blob_free(ikm);
    return row;
}

static void check_seal(const struct vector_world *vectors, const struct vector_seal *seal,
                       const json_t *object, struct bytes content, const uint8_t *content_hash)
{
    const json_t *device = vector_device(vectors, seal->sender);
    struct sign_key *key = vector_key(device);
    struct seal_slot slots[3];
    struct vector_rng state;
    struct rng rng = vector_rng(object, &state);
    struct desk_id desk = vector_desk(vectors, seal->sender);
    struct blob *hedge_key = vectors_hex(device, "hedge_key");
    struct sealed *sealed = NULL;

    read_slots(vectors, seal, object, slots);
    const struct seal_request request = {.suite = suite_real(),
                                         .rng = &rng,
                                         .ns = vectors->trust->ns,
                                         .sender_entity = desk.entity,
                                         .device = key,
                                         .hedge_key = hedge_key->data,
                                         .plane = 1,
                                         .precedence = seal->precedence,
                                         .kind = seal->kind,
                                         .content = content,
                                         .content_hash = content_hash,
                                         .dir_version = 1,
                                         .created_ms = seal->created_ms,
                                         .journal_row = row_of(object),
                                         .slots = slots,
                                         .slot_count = 3};
    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    assert_intermediates(object, sealed);
    assert_inspection(vectors, object, sealed);
    assert_key_schedule(vectors, object, seal, sealed);
    sealed_free(sealed);
    sign_key_free(key);
    blob_free(hedge_key);
}

static void sealed_notice_equals_the_vector(void **state)
{
    struct vector_world *vectors = vector_world_new();
    static const struct vector_seal seal = {
        "XAA/1", {"XBB/1", "XBB/2", "XAA/2"}, 4, CONTENT_NOTICE, 1795000001500};

    (void)state;
    if (!vectors)
        skip();
    json_t *notice = vectors_load("hotline/notice.json");
    json_t *object = vectors_load("hotline/seal-content.json");
    struct blob *content = vectors_hex(notice, "signed_notice");
    struct blob *hash = vectors_hex(notice, "notice_hash");
    check_seal(vectors, &seal, object, bytes_blob(content), hash->data);
    blob_free(content);
    blob_free(hash);
    json_decref(notice);
    json_decref(object);
    vector_world_free(vectors);
}

static void sealed_receipts_equal_the_vectors(void **state)
{
    struct vector_world *vectors = vector_world_new();
    static const struct vector_seal seal = {
        "XBB/1", {"XAA/1", "XAA/2", "XBB/2"}, 0, CONTENT_RECEIPT, 1795000004000};

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/receipts.json");
    for (size_t i = 0; i < 3; i++) {
        const json_t *entry = json_array_get(json_object_get(object, "receipts"), i);
        struct blob *content = vectors_hex(entry, "signed");
        struct blob *hash = vectors_hex(entry, "body_hash");
        check_seal(vectors, &seal, json_object_get(entry, "envelope"), bytes_blob(content),
                   hash->data);
        blob_free(content);
        blob_free(hash);
    }
    json_decref(object);
    vector_world_free(vectors);
}

static void sealed_channel_check_equals_the_vector(void **state)
{
    struct vector_world *vectors = vector_world_new();
    static const struct vector_seal seal = {
        "XAA/1", {"XBB/1", "XBB/2", "XAA/2"}, 0, CONTENT_SERVICE, 1795000005000};

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/channel-check.json");
    struct blob *padded = vectors_hex(object, "padded_plaintext");
    struct blob *hash = vectors_hex(object, "service_hash");
    size_t len = 0;
    assert_int_equal(pad_strip(padded->data, padded->len, &len), HL_OK);
    check_seal(vectors, &seal, object, BYTES(padded->data + 1, len - 1), hash->data);
    blob_free(padded);
    blob_free(hash);
    json_decref(object);
    vector_world_free(vectors);
}

/* hedging.json fixes keys and encapsulations; its contents are known by their hash only. */
static void check_hedged(const struct vector_world *vectors, const json_t *object,
                         const json_t *entry)
{
    static const char *const receivers[] = {"XBB/1", "XBB/2", "XAA/2"};
    struct sign_key *key = vector_key(vector_device(vectors, "XAA/1"));
    struct blob *hedge_key = vectors_hex(object, "hedge_key");
    struct blob *hash = vectors_hex(entry, "content_hash");
    struct seal_slot slots[3];
    struct vector_rng state;
    struct rng rng = vector_rng(entry, &state);
    struct desk_id desk = vector_desk(vectors, "XAA");
    struct sealed *sealed = NULL;
    struct envelope_facts facts = {.header = NULL};
    Hotline__V1__Envelope *envelope = NULL;

    for (size_t i = 0; i < 3; i++)
        slots[i] = vector_slot(vectors, receivers[i]);
    const struct seal_request request = {.suite = suite_real(),
                                         .rng = &rng,
                                         .ns = vectors->trust->ns,
                                         .sender_entity = desk.entity,
                                         .device = key,
                                         .hedge_key = hedge_key->data,
                                         .plane = 1,
                                         .precedence = 1,
                                         .kind = CONTENT_NOTICE,
                                         .content = bytes_text("any"),
                                         .content_hash = hash->data,
                                         .dir_version = 1,
                                         .created_ms = vectors_number(object, "created_ms"),
                                         .journal_row = (uint64_t)vectors_number(entry, "row"),
                                         .slots = slots,
                                         .slot_count = 3};
    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    assert_member(entry, "file_key", sealed->file_key, 32);
    assert_member(entry, "envelope_id", sealed->envelope_id, ID_BYTES);
    assert_int_equal(
        envelope_inspect(vectors->trust->ns, bytes_blob(sealed->envelope), &envelope, &facts),
        HL_OK);
    assert_member(entry, "salt", facts.header->salt.data, 32);
    uint8_t content_key[32];
    uint8_t commit[32];
    envelope_keys(BYTES(facts.header->salt.data, 32), sealed->file_key, content_key, commit);
    assert_member(entry, "K_c", content_key, 32);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    sealed_free(sealed);
    blob_free(hedge_key);
    blob_free(hash);
    sign_key_free(key);
}

static void hedged_keys_equal_the_vectors(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/hedging.json");
    const json_t *seals = json_object_get(object, "seals");
    for (size_t i = 0; i < json_array_size(seals); i++)
        check_hedged(vectors, object, json_array_get(seals, i));
    assert_int_equal(json_array_size(seals), 3);
    json_decref(object);
    vector_world_free(vectors);
}

static void buckets_equal_the_vectors(void **state)
{
    json_t *object = vectors_load("hotline/conventions.json");

    (void)state;
    if (!object)
        skip();
    const json_t *rows = json_object_get(object, "padding");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        assert_int_equal(envelope_bucket(false, (size_t)vectors_number(row, "len_with_kind_octet")),
                         vectors_number(row, "bucket"));
    }
    json_decref(object);
}

static void buckets_end_at_their_limits(void **state)
{
    (void)state;
    assert_int_equal(envelope_bucket(true, 1), 1024);
    assert_int_equal(envelope_bucket(true, 1023), 1024);
    assert_int_equal(envelope_bucket(true, 1024), 0);
    assert_int_equal(envelope_bucket(false, 262143), 262144);
    assert_int_equal(envelope_bucket(false, 262144), 0);
    assert_int_equal(envelope_bucket(false, SIZE_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_notice_equals_the_vector),
        cmocka_unit_test(sealed_receipts_equal_the_vectors),
        cmocka_unit_test(sealed_channel_check_equals_the_vector),
        cmocka_unit_test(hedged_keys_equal_the_vectors),
        cmocka_unit_test(buckets_equal_the_vectors),
        cmocka_unit_test(buckets_end_at_their_limits),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
