/* The primitives of the Noise channel: X25519, ML-KEM-768, SHA-512, HKDF, ChaChaPoly, rekey, mac1. */
#include "keys/noise_dh.h"

#include <string.h>

#include <sodium.h>

#include "keys/kdf.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/vectors.h"

static bool has_flag(const json_t *test, const char *flag)
{
    const json_t *flags = json_object_get(test, "flags");

    for (size_t i = 0; i < json_array_size(flags); i++) {
        if (strcmp(json_string_value(json_array_get(flags, i)), flag) == 0)
            return true;
    }
    return false;
}

/* Everything "valid" and "acceptable" gives the listed secret, but an all-zero one is refused. */
static void x25519_equals_wycheproof(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("wycheproof-x25519.json");
    if (!root)
        skip();
    const json_t *tests =
        json_object_get(json_array_get(json_object_get(root, "testGroups"), 0), "tests");
    size_t zeros = 0;

    assert_int_equal(json_array_size(tests), vectors_number(root, "numberOfTests"));
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);
        uint8_t pk[32];
        uint8_t sk[32];
        uint8_t expected[32];
        uint8_t ss[32];

        vectors_hex_into(test, "public", pk, 32);
        vectors_hex_into(test, "private", sk, 32);
        vectors_hex_into(test, "shared", expected, 32);
        bool is_zero = bytes_all_zero(BYTES_OF(expected));
        assert_int_equal(is_zero, has_flag(test, "ZeroSharedSecret"));
        if (dh_shared(sk, pk, ss) != (is_zero ? HL_EVERIFY : HL_OK))
            fail_msg("tcId %d", (int)vectors_number(test, "tcId"));
        if (!is_zero)
            assert_memory_equal(ss, expected, 32);
        zeros += is_zero;
    }
    assert_true(zeros > 0);
    json_decref(root);
}

static void public_keys_equal_the_federations(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/federation.json");
    if (!root)
        skip();
    const json_t *states = json_object_get(root, "states");
    size_t seen = 0;

    for (size_t i = 0; i < json_array_size(states); i++) {
        const json_t *devices = json_object_get(json_array_get(states, i), "devices");

        for (size_t j = 0; j < json_array_size(devices); j++, seen++) {
            const json_t *device = json_array_get(devices, j);
            uint8_t sk[32];
            uint8_t expected[32];
            uint8_t pk[32];

            vectors_hex_into(device, "noise_sk", sk, 32);
            vectors_hex_into(device, "noise_pk", expected, 32);
            dh_public(sk, pk);
            assert_memory_equal(pk, expected, 32);
        }
    }
    assert_int_equal(seen, 6);
    json_decref(root);
}

static void mlkem_agrees_and_rejects_implicitly(void **unused)
{
    (void)unused;
    const uint8_t seed[MLKEM_SEED_BYTES] = {1};
    const uint8_t coins[MLKEM_COINS_BYTES] = {2};
    uint8_t pk[MLKEM_PK_BYTES];
    uint8_t sk[MLKEM_SK_BYTES];
    uint8_t ct[MLKEM_CT_BYTES];
    uint8_t ss[3][MLKEM_SS_BYTES];

    mlkem_keypair(seed, pk, sk);
    assert_int_equal(mlkem_encaps(pk, coins, ct, ss[0]), HL_OK);
    assert_int_equal(mlkem_decaps(sk, ct, ss[1]), HL_OK);
    assert_memory_equal(ss[0], ss[1], MLKEM_SS_BYTES);
    ct[0] ^= 1;
    assert_int_equal(mlkem_decaps(sk, ct, ss[2]), HL_OK);
    assert_memory_not_equal(ss[0], ss[2], MLKEM_SS_BYTES);
}

/* FIPS 203 §7.2: encapsulation checks that every coefficient is below q. */
static void mlkem_key_with_a_coefficient_of_q_is_refused(void **unused)
{
    (void)unused;
    const uint8_t seed[MLKEM_SEED_BYTES] = {1};
    const uint8_t coins[MLKEM_COINS_BYTES] = {2};
    uint8_t pk[MLKEM_PK_BYTES];
    uint8_t sk[MLKEM_SK_BYTES];
    uint8_t ct[MLKEM_CT_BYTES];
    uint8_t ss[MLKEM_SS_BYTES];

    mlkem_keypair(seed, pk, sk);
    pk[0] = 0x01; /* the first coefficient is 0xd01 = 3329 = q */
    pk[1] = (uint8_t)((pk[1] & 0xf0) | 0x0d);
    assert_int_equal(mlkem_encaps(pk, coins, ct, ss), HL_EVERIFY);
    pk[0] = 0x00; /* q - 1 */
    assert_int_equal(mlkem_encaps(pk, coins, ct, ss), HL_OK);
}

static void hash_is_sha_512_of_the_joined_parts(void **unused)
{
    (void)unused;
    const struct bytes parts[] = {bytes_text("a"), BYTES(NULL, 0), bytes_text("bc")};
    uint8_t expected[64];
    uint8_t hash[64];

    /* FIPS 180-4's example "abc" */
    assert_int_equal(hex_decode("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
                                expected, 64),
                     HL_OK);
    noise_hash(parts, 3, hash);
    assert_memory_equal(hash, expected, 64);
}

/* Computed with Python's hmac from Noise rev 34 §4.3. */
static void hkdf2_equals_another_implementation(void **unused)
{
    (void)unused;
    uint8_t ck[64];
    uint8_t expected[2][64];
    uint8_t first[64];
    uint8_t second[64];

    for (size_t i = 0; i < sizeof(ck); i++)
        ck[i] = (uint8_t)i;
    assert_int_equal(hex_decode("b128cdaa3a2fac51534cf67fc62c58de6565f12d822e58f60c8b452ca72849e2"
                                "929559516eb0b5e209b661115fca8f699ffcd9f761a5662158e44a384a25d19a",
                                expected[0], 64),
                     HL_OK);
    assert_int_equal(hex_decode("ce497cbd2b66eafe5822b1d8c2778c06a267d2eca885c0e12a66907077bbb5fe"
                                "129569d751cfb561fee75020268b637e7f9dc31fd6cb23ed1a9bc5cf9bbd424c",
                                expected[1], 64),
                     HL_OK);
    noise_hkdf2(ck, bytes_text("ikm"), first, second);
    assert_memory_equal(first, expected[0], 64);
    assert_memory_equal(second, expected[1], 64);
}

/* The first HMAC of HKDF is Wycheproof's; its first output is the HMAC of 0x01 under that tag. */
static void hkdf2_begins_with_wycheproofs_hmac(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("wycheproof-hmac_sha512.json");
    if (!root)
        skip();
    const json_t *groups = json_object_get(root, "testGroups");
    size_t seen = 0;

    for (size_t g = 0; g < json_array_size(groups); g++) {
        const json_t *group = json_array_get(groups, g);
        const json_t *tests = json_object_get(group, "tests");

        if (vectors_number(group, "keySize") != 512 || vectors_number(group, "tagSize") != 512)
            continue;
        for (size_t i = 0; i < json_array_size(tests); i++, seen++) {
            const json_t *test = json_array_get(tests, i);
            AUTO(blob) key = vectors_hex(test, "key");
            AUTO(blob) message = vectors_hex(test, "msg");
            AUTO(blob) tag = vectors_hex(test, "tag");
            crypto_auth_hmacsha512_state state;
            uint8_t expected[64];
            uint8_t first[64];
            uint8_t second[64];

            (void)crypto_auth_hmacsha512_init(&state, tag->data, tag->len);
            (void)crypto_auth_hmacsha512_update(&state, (const uint8_t *)"\x01", 1);
            (void)crypto_auth_hmacsha512_final(&state, expected);
            noise_hkdf2(key->data, bytes_blob(message), first, second);
            assert_int_equal(bytes_equal(BYTES_OF(first), BYTES_OF(expected)),
                             strcmp(vectors_text(test, "result"), "valid") == 0);
        }
    }
    assert_true(seen > 0);
    json_decref(root);
}

static void nonce_is_32_zero_bits_and_a_little_endian_counter(void **unused)
{
    (void)unused;
    const uint8_t key[32] = {1};
    const uint8_t nonce[12] = {0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1};
    uint8_t expected[5 + 16];
    uint8_t ct[5 + 16];

    aead_seal(key, nonce, bytes_text("aad"), bytes_text("hello"), expected);
    noise_encrypt(key, 0x0102030405060708, bytes_text("aad"), bytes_text("hello"), ct);
    assert_memory_equal(ct, expected, sizeof(ct));
}

static void decryption_refuses_other_number_aad_length_and_every_flipped_bit(void **unused)
{
    (void)unused;
    const uint8_t key[32] = {1};
    uint8_t ct[5 + 16];
    uint8_t plain[5];

    noise_encrypt(key, 7, bytes_text("aad"), bytes_text("hello"), ct);
    assert_int_equal(noise_decrypt(key, 7, bytes_text("aad"), BYTES_OF(ct), plain), HL_OK);
    assert_memory_equal(plain, "hello", 5);
    assert_int_equal(noise_decrypt(key, 8, bytes_text("aad"), BYTES_OF(ct), plain), HL_EVERIFY);
    assert_int_equal(noise_decrypt(key, 7, bytes_text("aae"), BYTES_OF(ct), plain), HL_EVERIFY);
    for (size_t len = 0; len < sizeof(ct); len++)
        assert_int_equal(noise_decrypt(key, 7, bytes_text("aad"), BYTES(ct, len), plain),
                         HL_EVERIFY);
    for (size_t bit = 0; bit < 8 * sizeof(ct); bit++) {
        ct[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(noise_decrypt(key, 7, bytes_text("aad"), BYTES_OF(ct), plain), HL_EVERIFY);
        ct[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* Noise rev 34 §4.2: REKEY(k) = the first 32 octets of ENCRYPT(k, 2^64 - 1, "", zeros[32]) */
static void rekey_is_the_first_half_of_an_encryption(void **unused)
{
    (void)unused;
    const uint8_t zeros[32] = {0};
    const uint8_t nonce[12] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
    uint8_t key[32] = {1};
    uint8_t sealed[48];

    aead_seal(key, nonce, BYTES(NULL, 0), BYTES_OF(zeros), sealed);
    noise_rekey(key);
    assert_memory_equal(key, sealed, 32);
}

/* Computed with Python's hashlib.blake2b(key=…, digest_size=16). */
static void mac1_equals_another_implementation(void **unused)
{
    (void)unused;
    const struct bytes parts[] = {bytes_text("hello "), bytes_text("world")};
    uint8_t key[32];
    uint8_t expected[16];
    uint8_t mac[16];

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    assert_int_equal(hex_decode("8e20365350d5eba5297ff2f8b694950b", expected, 16), HL_OK);
    mac1_make(key, parts, 2, mac);
    assert_memory_equal(mac, expected, 16);
    key[31] ^= 1;
    mac1_make(key, parts, 2, mac);
    assert_memory_not_equal(mac, expected, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519_equals_wycheproof),
        cmocka_unit_test(public_keys_equal_the_federations),
        cmocka_unit_test(mlkem_agrees_and_rejects_implicitly),
        cmocka_unit_test(mlkem_key_with_a_coefficient_of_q_is_refused),
        cmocka_unit_test(hash_is_sha_512_of_the_joined_parts),
        cmocka_unit_test(hkdf2_equals_another_implementation),
        cmocka_unit_test(hkdf2_begins_with_wycheproofs_hmac),
        cmocka_unit_test(nonce_is_32_zero_bits_and_a_little_endian_counter),
        cmocka_unit_test(decryption_refuses_other_number_aad_length_and_every_flipped_bit),
        cmocka_unit_test(rekey_is_the_first_half_of_an_encryption),
        cmocka_unit_test(mac1_equals_another_implementation),
    };

    return cmocka_run_group_tests_name("noise_dh", tests, NULL, NULL);
}
