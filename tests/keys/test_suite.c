/* Suite 1 against Wycheproof, CCTV, the X-Wing draft and our own crafted signatures; and the fake against the same claims. */
#include "keys/suite.h"

#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"
#include "tests/support/vectors.h"

static void wycheproof_signatures_are_judged_as_listed(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("wycheproof-ed25519.json");
    if (!root)
        skip();
    const json_t *groups = json_object_get(root, "testGroups");
    size_t seen = 0;

    for (size_t g = 0; g < json_array_size(groups); g++) {
        const json_t *group = json_array_get(groups, g);
        const json_t *tests = json_object_get(group, "tests");
        uint8_t pk[SIGN_PK_BYTES];

        vectors_hex_into(json_object_get(group, "publicKey"), "pk", pk, sizeof(pk));
        for (size_t i = 0; i < json_array_size(tests); i++, seen++) {
            const json_t *test = json_array_get(tests, i);
            AUTO(blob) message = vectors_hex(test, "msg");
            AUTO(blob) sig = vectors_hex(test, "sig");
            bool is_valid = strcmp(vectors_text(test, "result"), "valid") == 0;

            if (suite_real()->verify(pk, bytes_blob(message), bytes_blob(sig)) !=
                (is_valid ? HL_OK : HL_EVERIFY))
                fail_msg("tcId %d", (int)vectors_number(test, "tcId"));
        }
    }
    assert_int_equal(seen, vectors_number(root, "numberOfTests"));
    json_decref(root);
}

static void exactly_one_of_cctvs_edge_cases_is_accepted(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("cctv-ed25519.json");
    if (!root)
        skip();
    size_t accepted = 0;

    assert_int_equal(json_array_size(root), 914);
    for (size_t i = 0; i < json_array_size(root); i++) {
        const json_t *test = json_array_get(root, i);
        AUTO(blob) sig = vectors_hex(test, "sig");
        uint8_t pk[SIGN_PK_BYTES];

        vectors_hex_into(test, "key", pk, sizeof(pk));
        if (suite_real()->verify(pk, bytes_text(vectors_text(test, "msg")), bytes_blob(sig)) !=
            HL_OK)
            continue;
        accepted++;
        assert_int_equal(json_array_size(json_object_get(test, "flags")), 0);
    }
    assert_int_equal(accepted, 1);
    json_decref(root);
}

static void crafted_signatures_are_refused(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/strict-ed25519.json");
    if (!root)
        skip();
    const json_t *cases = json_object_get(root, "cases");
    AUTO(blob) message = vectors_hex(root, "msg");

    assert_int_equal(json_array_size(cases), 11);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        AUTO(blob) sig = vectors_hex(one, "sig");
        uint8_t pk[SIGN_PK_BYTES];

        vectors_hex_into(one, "pk", pk, sizeof(pk));
        if (suite_real()->verify(pk, bytes_blob(message), bytes_blob(sig)) !=
            (vectors_bool(one, "ok") ? HL_OK : HL_EVERIFY))
            fail_msg("%s", vectors_text(one, "name"));
    }
    json_decref(root);
}

/* A key with torsion, of low order or not canonical must not enter a document. */
static void weak_public_keys_are_no_keys(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/strict-ed25519.json");
    if (!root)
        skip();
    const json_t *cases = json_object_get(root, "cases");
    size_t weak = 0;

    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const char *name = vectors_text(one, "name");
        bool is_weak =
            name[0] == 'A' || strncmp(name, "identity", 8) == 0 || strncmp(name, "pk y", 4) == 0;
        uint8_t pk[SIGN_PK_BYTES];

        vectors_hex_into(one, "pk", pk, sizeof(pk));
        assert_int_equal(suite_real()->check_pk(pk), is_weak ? HL_EVERIFY : HL_OK);
        weak += is_weak;
    }
    assert_int_equal(weak, 5);
    json_decref(root);
}

static void signing_equals_the_vector(void **unused)
{
    (void)unused;
    json_t *ours = vectors_load("hotline/strict-ed25519.json");
    json_t *conventions = vectors_load("hotline/conventions.json");
    if (!ours || !conventions)
        skip();
    const json_t *good = json_array_get(json_object_get(ours, "cases"), 0);
    AUTO(blob) message = vectors_hex(ours, "msg");
    uint8_t seed[SIGN_SEED_BYTES];
    uint8_t pk[SIGN_PK_BYTES];
    uint8_t sk[SIGN_SK_BYTES];
    uint8_t expected[SIG_BYTES];
    uint8_t sig[SIG_BYTES];

    vectors_hex_into(json_object_get(conventions, "sign"), "seed", seed, sizeof(seed));
    suite_real()->sign_keypair(seed, pk, sk);
    vectors_hex_into(good, "pk", expected, sizeof(pk));
    assert_memory_equal(pk, expected, sizeof(pk));
    suite_real()->sign(sk, bytes_blob(message), sig);
    vectors_hex_into(good, "sig", expected, sizeof(expected));
    assert_memory_equal(sig, expected, sizeof(sig));
    json_decref(ours);
    json_decref(conventions);
}

static void xwing_equals_the_draft(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("xwing-draft.json");
    if (!root)
        skip();

    assert_int_equal(json_array_size(root), 3);
    for (size_t i = 0; i < json_array_size(root); i++) {
        const json_t *test = json_array_get(root, i);
        uint8_t seed[KEM_SEED_BYTES];
        uint8_t coins[KEM_COINS_BYTES];
        uint8_t expected[KEM_PK_BYTES];
        uint8_t pk[KEM_PK_BYTES];
        uint8_t ct[KEM_CT_BYTES];
        uint8_t ss[KEM_SS_BYTES];

        vectors_hex_into(test, "seed", seed, sizeof(seed));
        vectors_hex_into(test, "eseed", coins, sizeof(coins));
        assert_int_equal(suite_real()->kem_keypair(seed, pk), HL_OK);
        vectors_hex_into(test, "pk", expected, sizeof(pk));
        assert_memory_equal(pk, expected, sizeof(pk));
        assert_int_equal(suite_real()->kem_encaps(pk, coins, ct, ss), HL_OK);
        vectors_hex_into(test, "ct", expected, sizeof(ct));
        assert_memory_equal(ct, expected, sizeof(ct));
        vectors_hex_into(test, "ss", expected, sizeof(ss));
        assert_memory_equal(ss, expected, sizeof(ss));
        memset(ss, 0, sizeof(ss));
        assert_int_equal(suite_real()->kem_decaps(seed, ct, ss), HL_OK);
        assert_memory_equal(ss, expected, sizeof(ss));
    }
    json_decref(root);
}

/* One bad prekey is left out of a broadcast with an alarm, so encapsulation reports it instead of using it. */
static void bad_kem_keys_and_ciphertexts_are_refused(void **unused)
{
    (void)unused;
    const uint8_t seed[KEM_SEED_BYTES] = {1};
    const uint8_t coins[KEM_COINS_BYTES] = {2};
    uint8_t pk[KEM_PK_BYTES];
    uint8_t ct[KEM_CT_BYTES];
    uint8_t ss[KEM_SS_BYTES];

    assert_int_equal(suite_real()->kem_keypair(seed, pk), HL_OK);
    memset(pk + KEM_PK_BYTES - 32, 0, 32); /* X25519 part */
    assert_int_equal(suite_real()->kem_encaps(pk, coins, ct, ss), HL_EVERIFY);
    assert_int_equal(suite_real()->kem_keypair(seed, pk), HL_OK);
    memset(pk, 0xff, 3); /* two ML-KEM coefficients of 4095 >= q */
    assert_int_equal(suite_real()->kem_encaps(pk, coins, ct, ss), HL_EVERIFY);
    assert_int_equal(suite_real()->kem_keypair(seed, pk), HL_OK);
    assert_int_equal(suite_real()->kem_encaps(pk, coins, ct, ss), HL_OK);
    memset(ct + KEM_CT_BYTES - 32, 0, 32);
    assert_int_equal(suite_real()->kem_decaps(seed, ct, ss), HL_EVERIFY);
}

static void check_signing_claims(const struct suite *suite)
{
    const uint8_t seed[2][SIGN_SEED_BYTES] = {{1}, {2}};
    uint8_t pk[2][SIGN_PK_BYTES];
    uint8_t sk[2][SIGN_SK_BYTES];
    uint8_t sig[SIG_BYTES];

    for (size_t i = 0; i < 2; i++) {
        suite->sign_keypair(seed[i], pk[i], sk[i]);
        assert_int_equal(suite->check_pk(pk[i]), HL_OK);
    }
    suite->sign(sk[0], bytes_text("hello"), sig);
    assert_int_equal(suite->verify(pk[0], bytes_text("hello"), BYTES_OF(sig)), HL_OK);
    assert_int_equal(suite->verify(pk[1], bytes_text("hello"), BYTES_OF(sig)), HL_EVERIFY);
    assert_int_equal(suite->verify(pk[0], bytes_text("hellp"), BYTES_OF(sig)), HL_EVERIFY);
    for (size_t len = 0; len < SIG_BYTES; len++)
        assert_int_equal(suite->verify(pk[0], bytes_text("hello"), BYTES(sig, len)), HL_EVERIFY);
    for (size_t bit = 0; bit < 8 * SIG_BYTES; bit++) {
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(suite->verify(pk[0], bytes_text("hello"), BYTES_OF(sig)), HL_EVERIFY);
        sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    suite->sign(sk[0], BYTES(NULL, 0), sig);
    assert_int_equal(suite->verify(pk[0], BYTES(NULL, 0), BYTES_OF(sig)), HL_OK);
}

static void check_kem_claims(const struct suite *suite)
{
    const uint8_t seed[2][KEM_SEED_BYTES] = {{1}, {2}};
    const uint8_t coins[2][KEM_COINS_BYTES] = {{3}, {4}};
    uint8_t pk[KEM_PK_BYTES];
    uint8_t ct[KEM_CT_BYTES];
    uint8_t ss[4][KEM_SS_BYTES];

    assert_int_equal(suite->kem_keypair(seed[0], pk), HL_OK);
    assert_int_equal(suite->kem_encaps(pk, coins[0], ct, ss[0]), HL_OK);
    assert_int_equal(suite->kem_decaps(seed[0], ct, ss[1]), HL_OK);
    assert_memory_equal(ss[0], ss[1], KEM_SS_BYTES);
    assert_int_equal(suite->kem_decaps(seed[1], ct, ss[2]), HL_OK);
    assert_memory_not_equal(ss[0], ss[2], KEM_SS_BYTES);
    assert_int_equal(suite->kem_encaps(pk, coins[1], ct, ss[3]), HL_OK);
    assert_memory_not_equal(ss[0], ss[3], KEM_SS_BYTES);
}

static void real_suite_signs_and_encapsulates(void **unused)
{
    (void)unused;
    check_signing_claims(suite_real());
    check_kem_claims(suite_real());
}

static void fake_suite_keeps_the_same_claims(void **unused)
{
    (void)unused;
    check_signing_claims(suite_fake());
    check_kem_claims(suite_fake());
}

static void machine_randomness_does_not_repeat(void **unused)
{
    (void)unused;
    uint8_t first[32] = {0};
    uint8_t second[32] = {0};

    rng_fill(rng_system(), first, sizeof(first));
    rng_fill(rng_system(), second, sizeof(second));
    assert_false(bytes_all_zero(BYTES_OF(first)));
    assert_memory_not_equal(first, second, sizeof(first));
}

static void seeded_randomness_repeats_for_one_seed_only(void **unused)
{
    (void)unused;
    struct seeded_rng states[3];
    uint8_t octets[3][32];

    for (size_t i = 0; i < 3; i++) {
        seeded_rng_init(&states[i], i == 2);
        const struct rng rng = seeded_rng(&states[i]);
        rng_fill(&rng, octets[i], 32);
    }
    assert_memory_equal(octets[0], octets[1], 32);
    assert_memory_not_equal(octets[0], octets[2], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_signatures_are_judged_as_listed),
        cmocka_unit_test(exactly_one_of_cctvs_edge_cases_is_accepted),
        cmocka_unit_test(crafted_signatures_are_refused),
        cmocka_unit_test(weak_public_keys_are_no_keys),
        cmocka_unit_test(signing_equals_the_vector),
        cmocka_unit_test(xwing_equals_the_draft),
        cmocka_unit_test(bad_kem_keys_and_ciphertexts_are_refused),
        cmocka_unit_test(real_suite_signs_and_encapsulates),
        cmocka_unit_test(fake_suite_keeps_the_same_claims),
        cmocka_unit_test(machine_randomness_does_not_repeat),
        cmocka_unit_test(seeded_randomness_repeats_for_one_seed_only),
    };

    return cmocka_run_group_tests_name("suite", tests, NULL, NULL);
}
