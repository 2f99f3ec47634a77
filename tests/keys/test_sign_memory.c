/* test_sign_memory — signatures, trees, fingerprints and prekeys with every allocation failing: nothing good is called forged,
 * and a ring of prekeys stays as it was. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "keys/federation_make.h"
#include "keys/fingerprint.h"
#include "keys/kdf.h"
#include "keys/merkle.h"
#include "keys/prekey.h"
#include "keys/secret.h"
#include "tests/support/fake_suite.h"
#include "tests/support/nth_alloc.h"

#define NOW_MS 1795000000000LL

static const uint8_t seed[32] = {1};
static const uint8_t other_seed[32] = {2};

static struct sign_key *keys[2];

static int set_up(void **unused)
{
    (void)unused;
    return secret_init() == HL_OK && sign_key_new(suite_fake(), seed, &keys[0]) == HL_OK &&
                   sign_key_new(suite_fake(), other_seed, &keys[1]) == HL_OK
               ? 0
               : 1;
}

static int tear_down(void **unused)
{
    (void)unused;
    sign_key_free(keys[0]);
    sign_key_free(keys[1]);
    return 0;
}

/* --- signatures ----------------------------------------------------------------------------------------- */

static int make_key(void *context)
{
    struct sign_key *key = NULL;

    (void)context;
    int err = sign_key_new(suite_fake(), seed, &key);
    assert_true((err == HL_OK) == (key != NULL));
    sign_key_free(key);
    return err;
}

static int sign_and_verify(void *context)
{
    uint8_t sig[SIG_BYTES] = {0};

    (void)context;
    int err = sign_body(suite_fake(), keys[0], "label", bytes_text("body"), sig);
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(sig)));
    TRY(err);
    return sign_verify_body(suite_fake(), keys[0]->pk, "label", bytes_text("body"), BYTES_OF(sig));
}

static int sign_an_object(void *context)
{
    AUTO(blob) object = NULL;

    (void)context;
    int err = sign_object(suite_fake(), "label", bytes_text("body"),
                          (const struct sign_key *const *)keys, 2, &object);
    assert_true((err == HL_OK) == (object != NULL));
    return err;
}

static int parse(void *context)
{
    const struct blob *octets = context;
    Hotline__V1__Signed *object = NULL;

    int err = sign_parse(bytes_blob(octets), &object);
    assert_true((err == HL_OK) == (object != NULL));
    if (object)
        hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

/* Two of three: the key that does not sign comes first, so that a miss is not taken for the end. */
static int count_signatures(void *context)
{
    static uint8_t stranger[SIGN_PK_BYTES] = {9};
    const ProtobufCBinaryData pks[] = {
        {SIGN_PK_BYTES, stranger}, {SIGN_PK_BYTES, keys[1]->pk}, {SIGN_PK_BYTES, keys[0]->pk}};

    return sign_check_threshold(suite_fake(), context, "label", pks, 3, 2);
}

static int check_the_second(void *context)
{
    return sign_check_at(suite_fake(), context, 1, "label", keys[1]->pk);
}

static void a_signature_is_never_called_forged_for_want_of_memory(void **unused)
{
    struct blob *octets = NULL;
    Hotline__V1__Signed *object = NULL;

    (void)unused;
    nth_alloc_require();
    assert_int_equal(sign_object(suite_fake(), "label", bytes_text("body"),
                                 (const struct sign_key *const *)keys, 2, &octets),
                     HL_OK);
    assert_int_equal(sign_parse(bytes_blob(octets), &object), HL_OK);
    assert_int_equal(nth_alloc_sweep(make_key, NULL), 2);
    assert_int_equal(nth_alloc_sweep(sign_and_verify, NULL), 3);
    assert_true(nth_alloc_sweep(sign_an_object, NULL) > 3);
    assert_true(nth_alloc_sweep(parse, octets) > 3);
    assert_true(nth_alloc_sweep(count_signatures, object) > 2);
    assert_int_equal(nth_alloc_sweep(check_the_second, object), 2);
    hotline__v1__signed__free_unpacked(object, NULL);
    blob_free(octets);
}

/* The suite has no error for it, so it must not need any. */
static int use_the_suite(void *context)
{
    const struct suite *suite = context;
    uint8_t pk[KEM_PK_BYTES];
    uint8_t enc[KEM_CT_BYTES];
    uint8_t ct[4 + AEAD_TAG_BYTES];
    uint8_t plain[4];
    uint8_t sig[SIG_BYTES];
    uint8_t sign_pk[SIGN_PK_BYTES];
    uint8_t sk[SIGN_SK_BYTES];
    static const uint8_t coins[KEM_COINS_BYTES] = {3};
    const struct bytes info = bytes_text("info");

    TRY(suite->kem_keypair(seed, pk));
    TRY(hpke_seal(suite, pk, coins, info, info, bytes_text("text"), enc, ct));
    TRY(hpke_open(suite, seed, enc, info, info, BYTES_OF(ct), plain));
    assert_memory_equal(plain, "text", 4);
    suite->sign_keypair(seed, sign_pk, sk);
    suite->sign(sk, bytes_text("message"), sig);
    TRY(suite->check_pk(sign_pk));
    return suite->verify(sign_pk, bytes_text("message"), BYTES_OF(sig));
}

static void the_real_suite_needs_no_memory(void **unused)
{
    struct suite real = *suite_real();

    (void)unused;
    assert_int_equal(nth_alloc_sweep(use_the_suite, &real), 1);
}

/* --- hashes --------------------------------------------------------------------------------------------- */

static const uint8_t leaves[5][32] = {{1}, {2}, {3}, {4}, {5}};

static int make_root(void *context)
{
    uint8_t root[32] = {0};

    (void)context;
    int err = merkle_root(leaves, 5, root);
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(root)));
    return err;
}

static int make_path(void *context)
{
    uint8_t path[MERKLE_PROOF_MAX][32];
    size_t len = 77;

    (void)context;
    int err = merkle_path(leaves, 5, 1, path, &len);
    assert_int_equal(len, err == HL_OK ? 3 : 77);
    return err;
}

static int make_fingerprint(void *context)
{
    struct fingerprint print = {.check = "xx"};

    (void)context;
    int err = fingerprint_make(seed, seed, 2, leaves, 3, &print);
    assert_true((err == HL_OK) != (print.check[0] == 'x'));
    return err;
}

static void roots_paths_and_fingerprints_are_whole_or_there_is_no_memory(void **unused)
{
    (void)unused;
    assert_int_equal(nth_alloc_sweep(make_root, NULL), 2);
    assert_int_equal(nth_alloc_sweep(make_path, NULL), 2);
    assert_int_equal(nth_alloc_sweep(make_fingerprint, NULL), 2);
}

/* --- prekeys -------------------------------------------------------------------------------------------- */

struct prekeys {
    struct trust *trust;
    struct sign_key *device;
    const struct cert *cert;
    struct prekey_ring *ring;
    struct blob *document;
};

static int make_prekey(const struct prekeys *prekeys, struct blob **ret_document)
{
    static const uint8_t zeros[HASH_BYTES];
    struct seeded_rng state;

    seeded_rng_init(&state, 3);
    const struct rng rng = seeded_rng(&state);
    return prekey_make(&PREKEY_SOURCE(suite_fake(), prekeys->device, prekeys->trust->ns,
                                      prekeys->cert->entity, zeros),
                       &rng, seed, NOW_MS, prekeys->ring, ret_document);
}

/* The ring is full, so that a success costs its oldest key. */
static int make_and_look(void *context)
{
    const struct prekeys *prekeys = context;
    struct prekey_ring before = *prekeys->ring;
    AUTO(blob) document = NULL;

    int err = make_prekey(prekeys, &document);
    assert_true((err == HL_OK) == (document != NULL));
    assert_int_equal(prekeys->ring->count, PREKEYS_MAX);
    if (err != HL_OK)
        assert_memory_equal(prekeys->ring, &before, sizeof(before));
    *prekeys->ring = before;
    return err;
}

static int check_prekey(void *context)
{
    const struct prekeys *prekeys = context;
    struct prekey prekey = {.kind = 77};

    int err =
        prekey_check(suite_fake(), prekeys->trust, bytes_blob(prekeys->document), NOW_MS, &prekey);
    assert_true((err == HL_OK) != (prekey.kind == 77));
    return err;
}

static void prekeys_init(struct prekeys *prekeys)
{
    struct seeded_rng state;
    char reason[160];

    seeded_rng_init(&state, 11);
    const struct rng rng = seeded_rng(&state);
    const struct federation_plan plan = {.suite = suite_fake(),
                                         .rng = &rng,
                                         .now_ms = NOW_MS,
                                         .codes = {"XAA"},
                                         .state_count = 1,
                                         .relay_count = 1,
                                         .officer_count = 1,
                                         .device_count = 1,
                                         .port_base = 7401};
    AUTO(made_federation) made = NULL;

    *prekeys = (struct prekeys){.trust = NULL};
    assert_int_equal(federation_make(&plan, &made), HL_OK);
    assert_int_equal(made_federation_admit(suite_fake(), made, &prekeys->trust, reason), HL_OK);
    assert_int_equal(sign_key_new(suite_fake(), made->states[0].devices[0].seed, &prekeys->device),
                     HL_OK);
    prekeys->cert = trust_cert(prekeys->trust, made->states[0].entity, prekeys->device->id);
    assert_non_null(prekeys->cert);
    assert_int_equal(prekey_ring_new(&prekeys->ring), HL_OK);
    assert_int_equal(make_prekey(prekeys, &prekeys->document), HL_OK);
    for (prekeys->ring->count = 0; prekeys->ring->count < PREKEYS_MAX; prekeys->ring->count++) {
        struct prekey_secret *key = &prekeys->ring->keys[prekeys->ring->count];

        memset(key->seed, (int)prekeys->ring->count, sizeof(key->seed));
        key->not_after_ms = NOW_MS;
    }
}

static void a_ring_of_prekeys_gains_a_key_or_stays_as_it_was(void **unused)
{
    struct prekeys prekeys;

    (void)unused;
    nth_alloc_require();
    prekeys_init(&prekeys);
    assert_true(nth_alloc_sweep(make_and_look, &prekeys) > 3);
    assert_true(nth_alloc_sweep(check_prekey, &prekeys) > 5);
    trust_free(prekeys.trust);
    sign_key_free(prekeys.device);
    prekey_ring_free(prekeys.ring);
    blob_free(prekeys.document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_never_called_forged_for_want_of_memory),
        cmocka_unit_test(the_real_suite_needs_no_memory),
        cmocka_unit_test(roots_paths_and_fingerprints_are_whole_or_there_is_no_memory),
        cmocka_unit_test(a_ring_of_prekeys_gains_a_key_or_stays_as_it_was),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
