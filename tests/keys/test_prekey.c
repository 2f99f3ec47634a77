/* Prekeys: those of the independent implementation are accepted, ours equal its rules, everything else is refused. */
#include "keys/prekey.h"

#include <string.h>

#include "base/strict.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"
#include "tests/support/federation.h"

#define NOW FEDERATION_NOW_MS
#define MIN (60LL * 1000)
#define DAY (24LL * 3600 * 1000)

static struct federation federation;
static struct sign_key *device; /* XAA/1 */
static const struct cert *cert;
static bool has_vectors;

static int load(void **unused)
{
    (void)unused;
    has_vectors = federation_load(&federation);
    if (!has_vectors)
        return 0;
    device = federation_device(&federation, "XAA", 0);
    const struct entity *state = trust_entity_by_code(federation.trust, "XAA");
    cert = trust_cert(federation.trust, state->id, device->id);
    return cert ? 0 : 1;
}

static int unload(void **unused)
{
    (void)unused;
    sign_key_free(device);
    if (has_vectors)
        federation_done(&federation);
    return 0;
}

static int check(const struct blob *document, int64_t now_ms, struct prekey *ret_prekey)
{
    return prekey_check(suite_real(), federation.trust, bytes_blob(document), now_ms, ret_prekey);
}

static void prekeys_of_another_implementation_are_accepted(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/prekeys.json");
    if (!root || !has_vectors)
        skip();
    const json_t *list = json_object_get(root, "prekeys");

    assert_int_equal(json_array_size(list), 4);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        AUTO(blob) document = vectors_hex(one, "doc");
        struct prekey prekey;
        uint8_t expected[HASH_BYTES];
        uint8_t seed[KEM_SEED_BYTES];
        uint8_t pk[KEM_PK_BYTES];

        assert_int_equal(check(document, NOW, &prekey), HL_OK);
        vectors_hex_into(one, "prekey_id", expected, ID_BYTES);
        assert_memory_equal(prekey.id, expected, ID_BYTES);
        vectors_hex_into(one, "device_id", expected, ID_BYTES);
        assert_memory_equal(prekey.device, expected, ID_BYTES);
        vectors_hex_into(one, "body_hash", expected, HASH_BYTES);
        assert_memory_equal(prekey.hash, expected, HASH_BYTES);
        vectors_hex_into(one, "seed", seed, sizeof(seed));
        assert_int_equal(suite_real()->kem_keypair(seed, pk), HL_OK);
        assert_memory_equal(prekey.pk, pk, sizeof(pk));
        assert_int_equal(prekey.kind, HOTLINE__V1__PREKEY_KIND__PK_ROTATING);
    }
    json_decref(root);
}

static void damaged_document_is_refused(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/prekeys.json");
    if (!root || !has_vectors)
        skip();
    AUTO(blob) document = vectors_hex(json_array_get(json_object_get(root, "prekeys"), 0), "doc");
    struct prekey prekey = {.kind = 77};

    for (size_t len = 0; len < document->len; len++)
        assert_int_not_equal(
            prekey_check(suite_real(), federation.trust, BYTES(document->data, len), NOW, &prekey),
            HL_OK);
    for (size_t octet = 0; octet < document->len; octet++) {
        document->data[octet] ^= (uint8_t)(1U << octet % 8);
        assert_int_not_equal(check(document, NOW, &prekey), HL_OK);
        document->data[octet] ^= (uint8_t)(1U << octet % 8);
    }
    assert_int_equal(prekey.kind, 77);
    assert_int_equal(check(document, NOW, &prekey), HL_OK);
    json_decref(root);
}

/* A prekey body with good fields; the tests spoil one each. */
struct sample {
    uint8_t ns[NS_BYTES], entity[ID_BYTES], id[ID_BYTES], prev[HASH_BYTES], pk[KEM_PK_BYTES + 1];
    Hotline__V1__Prekey message;
};

static void sample_init(struct sample *sample)
{
    *sample = (struct sample){.message = HOTLINE__V1__PREKEY__INIT};
    memset(sample->pk, 0x11, sizeof(sample->pk));
    memcpy(sample->ns, federation.trust->ns, NS_BYTES);
    memcpy(sample->entity, cert->entity, ID_BYTES);
    memcpy(sample->id, device->id, ID_BYTES);
    sample->message.ns = (ProtobufCBinaryData){NS_BYTES, sample->ns};
    sample->message.entity = (ProtobufCBinaryData){ID_BYTES, sample->entity};
    sample->message.device = (ProtobufCBinaryData){ID_BYTES, sample->id};
    sample->message.prev_hash = (ProtobufCBinaryData){HASH_BYTES, sample->prev};
    sample->message.pk = (ProtobufCBinaryData){KEM_PK_BYTES, sample->pk};
    sample->message.kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    sample->message.created_ms = NOW;
    sample->message.not_after_ms = NOW + PREKEY_LIFE_MS;
}

static int judge_signed(const struct sample *sample, const char *label,
                        const struct sign_key *const *signers, size_t count)
{
    AUTO(blob) body = NULL;
    AUTO(blob) document = NULL;
    struct prekey prekey;

    assert_int_equal(strict_pack(&sample->message.base, &body), HL_OK);
    assert_int_equal(sign_object(suite_real(), label, bytes_blob(body), signers, count, &document),
                     HL_OK);
    return check(document, NOW, &prekey);
}

static int judge(const struct sample *sample)
{
    const struct sign_key *signer = device;

    return judge_signed(sample, label_fixed(LABEL_PREKEY), &signer, 1);
}

static void future_is_allowed_up_to_ten_minutes(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct sample sample;

    sample_init(&sample);
    assert_int_equal(judge(&sample), HL_OK);
    sample.message.created_ms = NOW + 10 * MIN;
    assert_int_equal(judge(&sample), HL_OK);
    sample.message.created_ms = NOW + 10 * MIN + 1;
    assert_int_equal(judge(&sample), HL_EINVAL);
}

static void life_is_at_most_72_hours_or_90_days(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct sample sample;

    sample_init(&sample);
    sample.message.not_after_ms = NOW + 72 * 60 * MIN + 1;
    assert_int_equal(judge(&sample), HL_EINVAL);
    sample.message.not_after_ms = NOW + 1;
    assert_int_equal(judge(&sample), HL_OK);
    sample.message.not_after_ms = NOW;
    assert_int_equal(judge(&sample), HL_EINVAL);
    sample.message.not_after_ms = NOW - 1;
    assert_int_equal(judge(&sample), HL_EINVAL);
    sample.message.kind = HOTLINE__V1__PREKEY_KIND__PK_LAST_RESORT;
    sample.message.not_after_ms = NOW + 90 * DAY;
    assert_int_equal(judge(&sample), HL_OK);
    sample.message.not_after_ms++;
    assert_int_equal(judge(&sample), HL_EINVAL);
}

static void fields_outside_the_schema_are_refused(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct sample sample;

    for (size_t len = KEM_PK_BYTES - 1; len <= KEM_PK_BYTES + 1; len++) {
        sample_init(&sample);
        sample.message.pk.len = len;
        assert_int_equal(judge(&sample), len == KEM_PK_BYTES ? HL_OK : HL_EFORMAT);
    }
    for (int kind = 0; kind <= 4; kind += kind == 0 ? 3 : 1) {
        sample_init(&sample);
        sample.message.kind = (Hotline__V1__PrekeyKind)kind;
        assert_int_equal(judge(&sample), HL_EFORMAT);
    }
    ProtobufCBinaryData *const fixed[] = {&sample.message.ns, &sample.message.entity,
                                          &sample.message.device, &sample.message.prev_hash};
    for (size_t i = 0; i < 4; i++) {
        sample_init(&sample);
        fixed[i]->len--;
        assert_int_equal(judge(&sample), HL_EFORMAT);
    }
    sample_init(&sample);
    sample.message.created_ms = 0;
    assert_int_equal(judge(&sample), HL_EFORMAT);
}

static void other_namespace_is_refused(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct sample sample;

    sample_init(&sample);
    sample.ns[0] ^= 1;
    assert_int_equal(judge(&sample), HL_EVERIFY);
}

static void unknown_device_or_officer_is_not_found(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    AUTO(sign_key) officer = federation_officer(&federation, "XAA", 0);
    const struct sign_key *signer = officer;
    struct sample sample;

    sample_init(&sample);
    sample.id[0] ^= 1;
    assert_int_equal(judge(&sample), HL_ENOTFOUND);
    sample_init(&sample); /* the device's id under another State */
    memcpy(sample.entity, trust_entity_by_code(federation.trust, "XBB")->id, ID_BYTES);
    assert_int_equal(judge(&sample), HL_ENOTFOUND);
    sample_init(&sample);
    memcpy(sample.id, officer->id, ID_BYTES);
    assert_int_equal(judge_signed(&sample, label_fixed(LABEL_PREKEY), &signer, 1), HL_ENOTFOUND);
}

static void signature_must_be_the_devices_alone(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    AUTO(sign_key) sister = federation_device(&federation, "XAA", 1);
    const struct sign_key *const both[] = {device, sister};
    struct sample sample;

    sample_init(&sample);
    assert_int_equal(judge_signed(&sample, label_fixed(LABEL_PREKEY), both, 2), HL_EVERIFY);
    assert_int_equal(judge_signed(&sample, label_fixed(LABEL_PREKEY), both + 1, 1), HL_EVERIFY);
    assert_int_equal(judge_signed(&sample, label_fixed(LABEL_REVOCATION), both, 1), HL_EVERIFY);
}

static int make(struct prekey_ring *ring, int64_t now_ms, struct blob **ret_signed)
{
    static const uint8_t zeros[HASH_BYTES];
    const struct rng rng = constant_rng();
    uint8_t hedge_key[32];

    for (size_t i = 0; i < 32; i++)
        hedge_key[i] = (uint8_t)i;
    return prekey_make(
        &PREKEY_SOURCE(suite_real(), device, federation.trust->ns, cert->entity, zeros), &rng,
        hedge_key, now_ms, ring, ret_signed);
}

static void made_prekey_is_accepted_and_found(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};
    AUTO(blob) document = NULL;
    struct prekey prekey;
    uint8_t pk[KEM_PK_BYTES];

    assert_int_equal(make(&ring, NOW, &document), HL_OK);
    assert_int_equal(check(document, NOW, &prekey), HL_OK);
    assert_int_equal(prekey.created_ms, NOW);
    assert_int_equal(prekey.not_after_ms, NOW + 72 * 60 * MIN);
    const struct prekey_secret *secret = prekey_find(&ring, prekey.id);
    assert_non_null(secret);
    assert_int_equal(suite_real()->kem_keypair(secret->seed, pk), HL_OK);
    assert_memory_equal(prekey.pk, pk, sizeof(pk));
    prekey.id[15] ^= 1;
    assert_null(prekey_find(&ring, prekey.id));
}

static void key_that_was_saved_and_not_told_is_told_next(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};
    AUTO(blob) first = NULL;
    AUTO(blob) second = NULL;
    AUTO(blob) again = NULL;
    struct prekey prekey;
    static const uint8_t zeros[HASH_BYTES];

    assert_null(prekey_untold(&ring, 0, NOW));
    assert_int_equal(make(&ring, NOW, &first), HL_OK);
    assert_int_equal(make(&ring, NOW + MIN, &second), HL_OK);
    const struct prekey_secret *untold = prekey_untold(&ring, NOW, NOW + 2 * MIN);
    assert_ptr_equal(untold, &ring.keys[1]);
    assert_null(prekey_untold(&ring, NOW + MIN, NOW + 2 * MIN)); /* both are told */
    assert_ptr_equal(prekey_untold(&ring, 0, NOW + MIN + DAY - 1), &ring.keys[1]);
    assert_null(prekey_untold(&ring, 0, NOW + MIN + DAY)); /* too old to begin with */
    assert_int_equal(
        prekey_tell(&PREKEY_SOURCE(suite_real(), device, federation.trust->ns, cert->entity, zeros),
                    untold, &again),
        HL_OK);
    assert_true(bytes_equal(bytes_blob(again), bytes_blob(second)));
    assert_int_equal(check(again, NOW + 2 * MIN, &prekey), HL_OK);
}

static void keys_of_a_clock_that_was_ahead_do_not_count(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};
    AUTO(blob) ahead = NULL;
    AUTO(blob) right = NULL;
    AUTO(blob) next = NULL;
    struct prekey prekey;

    assert_int_equal(make(&ring, NOW + 10 * MIN + 1, &ahead), HL_OK);
    assert_null(prekey_untold(&ring, 0, NOW));
    assert_int_equal(make(&ring, NOW, &right), HL_OK);
    assert_int_equal(check(right, NOW, &prekey), HL_OK);
    assert_int_equal(prekey.created_ms, NOW);
    assert_int_equal(make(&ring, NOW + 2, &next), HL_OK); /* now it is within ten minutes */
    assert_int_equal(check(next, NOW + 2, &prekey), HL_OK);
    assert_int_equal(prekey.created_ms, NOW + 10 * MIN + 2);
}

/* Computed with Python's hmac from docs/PROTOCOL.md, "Sealing": 64 octets 0x42, created, kind 1. */
static void seed_is_hedged_as_the_protocol_says(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};
    AUTO(blob) document = NULL;
    uint8_t expected[32];

    assert_int_equal(hex_decode("f826d1bab5059773aca5c25d3d0d1edd7a26870e7e566ad841d2d4e354f306a7",
                                expected, 32),
                     HL_OK);
    assert_int_equal(make(&ring, NOW, &document), HL_OK);
    assert_memory_equal(ring.keys[0].seed, expected, 32);
}

/* With a clock that stands still and a random generator that repeats. */
static void every_prekey_is_later_and_other_than_the_last(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};

    for (size_t i = 0; i < 5; i++) {
        AUTO(blob) document = NULL;

        assert_int_equal(make(&ring, i == 3 ? NOW - 9 * MIN : NOW, &document), HL_OK);
        assert_int_equal(ring.count, i + 1);
        assert_int_equal(ring.keys[i].created_ms, NOW + (int64_t)i);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(ring.keys[i].seed, ring.keys[j].seed, 32);
    }
}

static void private_part_leaves_24_hours_after_expiry(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};
    AUTO(blob) first = NULL;
    AUTO(blob) second = NULL;
    AUTO(blob) third = NULL;

    assert_int_equal(make(&ring, NOW, &first), HL_OK);
    assert_int_equal(make(&ring, NOW + 4 * DAY, &second), HL_OK);
    assert_int_equal(ring.count, 2); /* expired exactly 24 h ago: may still open */
    assert_int_equal(make(&ring, NOW + 4 * DAY + 1, &third), HL_OK);
    assert_int_equal(ring.count, 2);
    assert_int_equal(ring.keys[0].created_ms, NOW + 4 * DAY);
    assert_int_equal(ring.keys[1].created_ms, NOW + 4 * DAY + 1);
}

/* Where nothing refills its place, nothing of it is left there. */
static void private_part_that_left_is_erased(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};

    for (int64_t i = 0; i < 3; i++) {
        AUTO(blob) document = NULL;

        assert_int_equal(make(&ring, NOW + i, &document), HL_OK);
    }
    AUTO(blob) later = NULL;

    assert_int_equal(make(&ring, NOW + 9 * DAY, &later), HL_OK);
    assert_int_equal(ring.count, 1);
    for (size_t i = 1; i < 3; i++)
        assert_true(bytes_all_zero(BYTES(&ring.keys[i], sizeof(ring.keys[i]))));
}

static void full_ring_loses_its_oldest(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct prekey_ring ring = {.count = 0};

    for (size_t i = 0; i < PREKEYS_MAX + 3; i++) {
        AUTO(blob) document = NULL;

        assert_int_equal(make(&ring, NOW + (int64_t)i, &document), HL_OK);
    }
    assert_int_equal(ring.count, PREKEYS_MAX);
    for (size_t i = 0; i < PREKEYS_MAX; i++)
        assert_int_equal(ring.keys[i].created_ms, NOW + 3 + (int64_t)i);
}

static int failing_keypair(const uint8_t seed[KEM_SEED_BYTES], uint8_t ret_pk[KEM_PK_BYTES])
{
    (void)seed;
    (void)ret_pk;
    return HL_EVERIFY;
}

static void failure_leaves_the_ring_as_it_was(void **unused)
{
    (void)unused;
    if (!has_vectors)
        skip();
    struct suite failing = *suite_real();
    struct prekey_ring ring = {.count = 0};
    struct prekey_ring before;
    const struct rng rng = constant_rng();
    AUTO(blob) first = NULL;
    struct blob *second = NULL;

    failing.kem_keypair = failing_keypair;
    assert_int_equal(make(&ring, NOW, &first), HL_OK);
    memcpy(&before, &ring, sizeof(before));
    assert_int_equal(prekey_make(&PREKEY_SOURCE(&failing, device, federation.trust->ns,
                                                cert->entity, federation.trust->ns),
                                 &rng, ring.keys[0].seed, NOW + 30 * DAY, &ring, &second),
                     HL_EVERIFY);
    assert_null(second);
    assert_memory_equal(&before, &ring, sizeof(before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prekeys_of_another_implementation_are_accepted),
        cmocka_unit_test(damaged_document_is_refused),
        cmocka_unit_test(future_is_allowed_up_to_ten_minutes),
        cmocka_unit_test(life_is_at_most_72_hours_or_90_days),
        cmocka_unit_test(fields_outside_the_schema_are_refused),
        cmocka_unit_test(other_namespace_is_refused),
        cmocka_unit_test(unknown_device_or_officer_is_not_found),
        cmocka_unit_test(signature_must_be_the_devices_alone),
        cmocka_unit_test(key_that_was_saved_and_not_told_is_told_next),
        cmocka_unit_test(keys_of_a_clock_that_was_ahead_do_not_count),
        cmocka_unit_test(made_prekey_is_accepted_and_found),
        cmocka_unit_test(seed_is_hedged_as_the_protocol_says),
        cmocka_unit_test(every_prekey_is_later_and_other_than_the_last),
        cmocka_unit_test(private_part_leaves_24_hours_after_expiry),
        cmocka_unit_test(private_part_that_left_is_erased),
        cmocka_unit_test(full_ring_loses_its_oldest),
        cmocka_unit_test(failure_leaves_the_ring_as_it_was),
    };

    return cmocka_run_group_tests_name("prekey", tests, load, unload);
}
