/* HKDF, the AEADs, HPKE and padding against Wycheproof, hpkewg's vectors and our own. */
#include "keys/kdf.h"

#include <string.h>

#include "keys/label.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/vectors.h"

#define HKDF_MAX ((size_t)255 * 32)

/* Run `check` on every test of a Wycheproof file; returns false when the file is absent. */
static bool for_each_test(const char *file, void (*check)(const json_t *group, const json_t *test))
{
    json_t *root = vectors_load(file);
    if (!root)
        return false;
    const json_t *groups = json_object_get(root, "testGroups");
    size_t seen = 0;

    for (size_t g = 0; g < json_array_size(groups); g++) {
        const json_t *group = json_array_get(groups, g);
        const json_t *tests = json_object_get(group, "tests");

        for (size_t i = 0; i < json_array_size(tests); i++, seen++)
            check(group, json_array_get(tests, i));
    }
    assert_int_equal(seen, vectors_number(root, "numberOfTests"));
    json_decref(root);
    return true;
}

static bool is_valid(const json_t *test)
{
    return strcmp(vectors_text(test, "result"), "valid") == 0;
}

static void check_hkdf(const json_t *group, const json_t *test)
{
    (void)group;
    AUTO(blob) ikm = vectors_hex(test, "ikm");
    AUTO(blob) salt = vectors_hex(test, "salt");
    AUTO(blob) info = vectors_hex(test, "info");
    AUTO(blob) expected = vectors_hex(test, "okm");
    const struct bytes part = bytes_blob(ikm);
    uint8_t prk[32];
    uint8_t okm[HKDF_MAX];

    if (!is_valid(test)) { /* more than 255 blocks: an assert, never reached by input */
        assert_true((size_t)vectors_number(test, "size") > HKDF_MAX);
        return;
    }
    kdf_extract(bytes_blob(salt), &part, 1, prk);
    kdf_expand(prk, "", bytes_blob(info), okm, expected->len);
    assert_memory_equal(okm, expected->data, expected->len);
}

static void hkdf_equals_wycheproof(void **unused)
{
    (void)unused;
    if (!for_each_test("wycheproof-hkdf_sha256.json", check_hkdf))
        skip();
}

/* HKDF-Extract(salt, ikm) is HMAC-SHA256(salt, ikm). */
static void check_hmac(const json_t *group, const json_t *test)
{
    AUTO(blob) key = vectors_hex(test, "key");
    AUTO(blob) message = vectors_hex(test, "msg");
    AUTO(blob) tag = vectors_hex(test, "tag");
    const struct bytes part = bytes_blob(message);
    uint8_t prk[32];

    assert_int_equal(tag->len, vectors_number(group, "tagSize") / 8);
    kdf_extract(bytes_blob(key), &part, 1, prk);
    assert_int_equal(bytes_equal(BYTES(prk, tag->len), bytes_blob(tag)), is_valid(test));
}

static void extract_equals_wycheproofs_hmac(void **unused)
{
    (void)unused;
    if (!for_each_test("wycheproof-hmac_sha256.json", check_hmac))
        skip();
}

static void extract_of_parts_equals_extract_of_the_whole(void **unused)
{
    (void)unused;
    const struct bytes whole = bytes_text("hello");
    const struct bytes parts[] = {bytes_text("h"), BYTES(NULL, 0), bytes_text("ello")};
    uint8_t one[32];
    uint8_t two[32];

    kdf_extract(bytes_text("salt"), &whole, 1, one);
    kdf_extract(bytes_text("salt"), parts, 3, two);
    assert_memory_equal(one, two, 32);
}

static void check_aead(const json_t *group, const json_t *test)
{
    AUTO(blob) key = vectors_hex(test, "key");
    AUTO(blob) nonce = vectors_hex(test, "iv");
    AUTO(blob) aad = vectors_hex(test, "aad");
    AUTO(blob) plain = vectors_hex(test, "msg");
    AUTO(blob) ct = vectors_hex(test, "ct");
    AUTO(blob) tag = vectors_hex(test, "tag");
    AUTO(blob) sealed = NULL;
    AUTO(blob) ours = NULL;

    if (vectors_number(group, "ivSize") != 96)
        return; /* other nonce sizes cannot be written down with our types */
    assert_int_equal(blob_new(ct->len + tag->len, &sealed), HL_OK);
    assert_int_equal(blob_new(plain->len + AEAD_TAG_BYTES, &ours), HL_OK);
    memcpy(sealed->data, ct->data, ct->len);
    memcpy(sealed->data + ct->len, tag->data, tag->len);
    memset(ours->data, 0x5a, ours->len);
    int err = aead_open(key->data, nonce->data, bytes_blob(aad), bytes_blob(sealed), ours->data);
    if (!is_valid(test)) {
        assert_int_equal(err, HL_EVERIFY);
        return;
    }
    assert_int_equal(err, HL_OK);
    assert_memory_equal(ours->data, plain->data, plain->len);
    aead_seal(key->data, nonce->data, bytes_blob(aad), bytes_blob(plain), ours->data);
    assert_memory_equal(ours->data, sealed->data, sealed->len);
}

static void aead_equals_wycheproof(void **unused)
{
    (void)unused;
    if (!for_each_test("wycheproof-chacha20_poly1305.json", check_aead))
        skip();
}

/* draft-irtf-cfrg-xchacha-03, A.3.1 */
static void xaead_equals_the_drafts_example(void **unused)
{
    (void)unused;
    static const char text[] =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        "future, sunscreen would be it.";
    uint8_t key[32];
    uint8_t nonce[24];
    uint8_t aad[12];
    uint8_t expected[sizeof(text) - 1 + AEAD_TAG_BYTES];
    uint8_t sealed[sizeof(expected)];
    uint8_t opened[sizeof(text)];

    for (size_t i = 0; i < 32; i++)
        key[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < 24; i++)
        nonce[i] = (uint8_t)(0x40 + i);
    assert_int_equal(hex_decode("50515253c0c1c2c3c4c5c6c7", aad, sizeof(aad)), HL_OK);
    assert_int_equal(
        hex_decode(
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa644"
            "0bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e"
            "3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
            "c0875924c1c7987947deafd8780acf49",
            expected, sizeof(expected)),
        HL_OK);
    xaead_seal(key, nonce, BYTES_OF(aad), BYTES(text, sizeof(text) - 1), sealed);
    assert_memory_equal(sealed, expected, sizeof(sealed));
    assert_int_equal(xaead_open(key, nonce, BYTES_OF(aad), BYTES_OF(sealed), opened), HL_OK);
    assert_memory_equal(opened, text, sizeof(text) - 1);
    sealed[0] ^= 1;
    assert_int_equal(xaead_open(key, nonce, BYTES_OF(aad), BYTES_OF(sealed), opened), HL_EVERIFY);
}

static void failed_opening_gives_no_plaintext(void **unused)
{
    (void)unused;
    const uint8_t key[32] = {1};
    const uint8_t nonce[24] = {2};
    uint8_t sealed[5 + AEAD_TAG_BYTES];
    uint8_t plain[5];

    aead_seal(key, nonce, BYTES(NULL, 0), bytes_text("hello"), sealed);
    for (size_t len = 0; len < sizeof(sealed); len++) {
        memset(plain, 7, sizeof(plain));
        assert_int_equal(aead_open(key, nonce, BYTES(NULL, 0), BYTES(sealed, len), plain),
                         HL_EVERIFY);
        if (len >= AEAD_TAG_BYTES)
            assert_true(bytes_all_zero(BYTES(plain, len - AEAD_TAG_BYTES)));
    }
    assert_int_equal(aead_open(key, nonce, bytes_text("x"), BYTES_OF(sealed), plain), HL_EVERIFY);
    assert_true(bytes_all_zero(BYTES_OF(plain)));
    xaead_seal(key, nonce, BYTES(NULL, 0), bytes_text("hello"), sealed);
    for (size_t len = 0; len < sizeof(sealed); len++)
        assert_int_equal(xaead_open(key, nonce, BYTES(NULL, 0), BYTES(sealed, len), plain),
                         HL_EVERIFY);
    assert_int_equal(xaead_open(key, nonce, bytes_text("x"), BYTES_OF(sealed), plain), HL_EVERIFY);
    assert_true(bytes_all_zero(BYTES_OF(plain)));
}

static void check_encryptions(const json_t *test, const uint8_t *key, const uint8_t *base_nonce)
{
    const json_t *encryptions = json_object_get(test, "encryptions");

    assert_int_equal(json_array_size(encryptions), 10);
    for (size_t i = 0; i < json_array_size(encryptions); i++) {
        const json_t *one = json_array_get(encryptions, i);
        AUTO(blob) aad = vectors_hex(one, "aad");
        AUTO(blob) plain = vectors_hex(one, "pt");
        AUTO(blob) expected = vectors_hex(one, "ct");
        AUTO(blob) ct = NULL;
        uint8_t nonce[12];

        vectors_hex_into(one, "nonce", nonce, sizeof(nonce));
        assert_true(i > 0 || bytes_equal(BYTES_OF(nonce), BYTES(base_nonce, 12)));
        assert_int_equal(blob_new(plain->len + AEAD_TAG_BYTES, &ct), HL_OK);
        aead_seal(key, nonce, bytes_blob(aad), bytes_blob(plain), ct->data);
        assert_int_equal(ct->len, expected->len);
        assert_memory_equal(ct->data, expected->data, ct->len);
    }
}

/* The whole one-shot path of hpke_seal() and hpke_open() is encryption 0 of the vector. */
static void check_one_shot(const json_t *test, const uint8_t *pk, const uint8_t *seed,
                           struct bytes info)
{
    const json_t *first = json_array_get(json_object_get(test, "encryptions"), 0);
    AUTO(blob) aad = vectors_hex(first, "aad");
    AUTO(blob) plain = vectors_hex(first, "pt");
    AUTO(blob) expected = vectors_hex(first, "ct");
    AUTO(blob) expected_enc = vectors_hex(test, "enc");
    AUTO(blob) ct = NULL;
    uint8_t coins[KEM_COINS_BYTES];
    uint8_t enc[KEM_CT_BYTES];

    vectors_hex_into(test, "ikmE", coins, sizeof(coins));
    assert_int_equal(blob_new(expected->len, &ct), HL_OK);
    assert_int_equal(
        hpke_seal(suite_real(), pk, coins, info, bytes_blob(aad), bytes_blob(plain), enc, ct->data),
        HL_OK);
    assert_memory_equal(enc, expected_enc->data, sizeof(enc));
    assert_memory_equal(ct->data, expected->data, ct->len);
    AUTO(blob) opened = NULL;
    assert_int_equal(blob_new(plain->len, &opened), HL_OK);
    assert_int_equal(
        hpke_open(suite_real(), seed, enc, info, bytes_blob(aad), bytes_blob(ct), opened->data),
        HL_OK);
    assert_memory_equal(opened->data, plain->data, plain->len);
}

static void hpke_equals_the_working_groups_vectors(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hpke-pq-xwing.json");
    if (!root)
        skip();
    size_t seen = 0;

    for (size_t i = 0; i < json_array_size(root); i++) {
        const json_t *test = json_array_get(root, i);

        if (vectors_number(test, "kdf_id") != 1)
            continue;
        AUTO(blob) info = vectors_hex(test, "info");
        AUTO(blob) pk = vectors_hex(test, "pkRm");
        uint8_t seed[KEM_SEED_BYTES];
        uint8_t ours[KEM_PK_BYTES];
        uint8_t ss[32];
        uint8_t expected[32];
        uint8_t key[32];
        uint8_t nonce[12];

        seen++;
        vectors_hex_into(test, "skRm", seed, sizeof(seed));
        assert_int_equal(suite_real()->kem_keypair(seed, ours), HL_OK);
        assert_memory_equal(ours, pk->data, sizeof(ours));
        vectors_hex_into(test, "shared_secret", ss, sizeof(ss));
        hpke_schedule(ss, bytes_blob(info), key, nonce);
        vectors_hex_into(test, "key", expected, 32);
        assert_memory_equal(key, expected, 32);
        vectors_hex_into(test, "base_nonce", expected, 12);
        assert_memory_equal(nonce, expected, 12);
        check_encryptions(test, key, nonce);
        check_one_shot(test, pk->data, seed, bytes_blob(info));
    }
    assert_int_equal(seen, 1);
    json_decref(root);
}

struct sealed {
    uint8_t seed[KEM_SEED_BYTES], enc[KEM_CT_BYTES], ct[5 + AEAD_TAG_BYTES], plain[5];
};

static void seal_hello(struct sealed *sealed)
{
    const uint8_t coins[KEM_COINS_BYTES] = {2};
    uint8_t pk[KEM_PK_BYTES];

    *sealed = (struct sealed){.seed = {1}};
    assert_int_equal(suite_real()->kem_keypair(sealed->seed, pk), HL_OK);
    assert_int_equal(hpke_seal(suite_real(), pk, coins, bytes_text("info"), bytes_text("aad"),
                               bytes_text("hello"), sealed->enc, sealed->ct),
                     HL_OK);
}

static int open_hello(struct sealed *sealed, const char *info, const char *aad)
{
    return hpke_open(suite_real(), sealed->seed, sealed->enc, bytes_text(info), bytes_text(aad),
                     BYTES_OF(sealed->ct), sealed->plain);
}

static void hpke_refuses_other_info_aad_key_and_every_flipped_bit(void **unused)
{
    (void)unused;
    struct sealed sealed;
    const uint8_t zeros[5] = {0};

    seal_hello(&sealed);
    assert_int_equal(open_hello(&sealed, "inf0", "aad"), HL_EVERIFY);
    assert_int_equal(open_hello(&sealed, "info", "aae"), HL_EVERIFY);
    assert_int_equal(open_hello(&sealed, "infoa", "ad"), HL_EVERIFY);
    sealed.seed[31] ^= 1;
    assert_int_equal(open_hello(&sealed, "info", "aad"), HL_EVERIFY);
    sealed.seed[31] ^= 1;
    for (size_t bit = 0; bit < 8 * sizeof(sealed.ct); bit++) {
        sealed.ct[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(open_hello(&sealed, "info", "aad"), HL_EVERIFY);
        sealed.ct[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(sealed.enc); bit++) {
        sealed.enc[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(open_hello(&sealed, "info", "aad"), HL_EVERIFY);
        sealed.enc[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_memory_equal(sealed.plain, zeros, sizeof(zeros));
    assert_int_equal(open_hello(&sealed, "info", "aad"), HL_OK);
    assert_memory_equal(sealed.plain, "hello", 5);
}

static void hpke_seal_to_an_unusable_key_is_refused(void **unused)
{
    (void)unused;
    const uint8_t zeros[KEM_PK_BYTES] = {0};
    const uint8_t coins[KEM_COINS_BYTES] = {2};
    struct sealed sealed;

    assert_int_equal(hpke_seal(suite_real(), zeros, coins, bytes_text(""), bytes_text(""),
                               bytes_text("hello"), sealed.enc, sealed.ct),
                     HL_EVERIFY);
}

/* "seal-kem" | u32be i and the others: the labels as HKDF's info. */
static void check_hedged(const json_t *seal, const uint8_t *hedge_key, uint64_t created_ms)
{
    static const enum label_fixed labels[] = {LABEL_SEAL_FILE_KEY, LABEL_SEAL_SALT,
                                              LABEL_SEAL_ENVELOPE_ID};
    static const char *const members[] = {"file_key", "salt", "envelope_id"};
    static const size_t lens[] = {32, 32, 16};
    AUTO(blob) random = vectors_hex(seal, "rnd64");
    AUTO(blob) content = vectors_hex(seal, "content_hash");
    const json_t *coins = json_object_get(seal, "coins");
    uint8_t times[16];
    uint8_t prk[32];
    uint8_t ours[64];
    uint8_t expected[64];

    put_u64be(times, created_ms);
    put_u64be(times + 8, (uint64_t)vectors_number(seal, "row"));
    const struct bytes parts[] = {bytes_blob(random), bytes_blob(content), BYTES_OF(times)};
    kdf_extract(BYTES(hedge_key, 32), parts, 3, prk);
    for (size_t i = 0; i < 3; i++) {
        kdf_expand(prk, label_fixed(labels[i]), BYTES(NULL, 0), ours, lens[i]);
        vectors_hex_into(seal, members[i], expected, lens[i]);
        assert_memory_equal(ours, expected, lens[i]);
    }
    for (size_t i = 0; i < json_array_size(coins); i++) {
        AUTO(blob) coin = vectors_hex_value(json_array_get(coins, i));
        uint8_t index[4];

        put_u32be(index, (uint32_t)i);
        kdf_expand(prk, label_fixed(LABEL_SEAL_KEM), BYTES_OF(index), ours, 64);
        assert_int_equal(coin->len, 64);
        assert_memory_equal(ours, coin->data, 64);
    }
}

static void hedging_labels_give_the_vectors_keys(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/hedging.json");
    if (!root)
        skip();
    const json_t *seals = json_object_get(root, "seals");
    uint8_t hedge_key[32];

    vectors_hex_into(root, "hedge_key", hedge_key, sizeof(hedge_key));
    assert_int_equal(json_array_size(seals), 3);
    for (size_t i = 0; i < json_array_size(seals); i++) {
        const json_t *seal = json_array_get(seals, i);
        uint8_t file_key[32];
        uint8_t salt[32];
        uint8_t expected[32];
        uint8_t prk[32];
        uint8_t content_key[32];

        check_hedged(seal, hedge_key, (uint64_t)vectors_number(root, "created_ms"));
        vectors_hex_into(seal, "file_key", file_key, 32);
        vectors_hex_into(seal, "salt", salt, 32);
        const struct bytes part = BYTES_OF(file_key);
        kdf_extract(BYTES_OF(salt), &part, 1, prk);
        kdf_expand(prk, label_fixed(LABEL_CONTENT), BYTES(NULL, 0), content_key, 32);
        vectors_hex_into(seal, "K_c", expected, 32);
        assert_memory_equal(content_key, expected, 32);
    }
    json_decref(root);
}

static void padding_equals_the_vector_and_comes_off(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/conventions.json");
    if (!root)
        skip();
    const json_t *example = json_object_get(root, "pad_example");
    AUTO(blob) in = vectors_hex(example, "in");
    AUTO(blob) out = vectors_hex(example, "out");
    const size_t bucket = (size_t)vectors_number(example, "bucket");
    uint8_t padded[64] = {0};
    size_t len = 0;

    memcpy(padded, in->data, in->len);
    pad_to(padded, in->len, bucket);
    assert_int_equal(out->len, bucket);
    assert_memory_equal(padded, out->data, bucket);
    assert_int_equal(pad_strip(padded, bucket, &len), HL_OK);
    assert_int_equal(len, in->len);
    json_decref(root);
}

static void every_length_below_the_bucket_survives_padding(void **unused)
{
    (void)unused;
    uint8_t padded[64];

    for (size_t len = 0; len < sizeof(padded); len++) {
        size_t stripped = SIZE_MAX;

        memset(padded, 0x80, sizeof(padded)); /* contents that look like padding */
        pad_to(padded, len, sizeof(padded));
        assert_int_equal(pad_strip(padded, sizeof(padded), &stripped), HL_OK);
        assert_int_equal(stripped, len);
    }
}

static void damaged_padding_is_refused_and_leaves_the_length(void **unused)
{
    (void)unused;
    uint8_t padded[16] = {0};
    size_t len = 77;

    assert_int_equal(pad_strip(padded, 16, &len), HL_EFORMAT); /* zeros only */
    padded[0] = 0x81;
    assert_int_equal(pad_strip(padded, 16, &len), HL_EFORMAT);
    memset(padded, 0, sizeof(padded));
    padded[3] = 0x80;
    padded[9] = 0x01; /* behind the mark */
    assert_int_equal(pad_strip(padded, 16, &len), HL_EFORMAT);
    assert_int_equal(pad_strip(padded, 0, &len), HL_EFORMAT);
    assert_int_equal(len, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hkdf_equals_wycheproof),
        cmocka_unit_test(extract_equals_wycheproofs_hmac),
        cmocka_unit_test(extract_of_parts_equals_extract_of_the_whole),
        cmocka_unit_test(aead_equals_wycheproof),
        cmocka_unit_test(xaead_equals_the_drafts_example),
        cmocka_unit_test(failed_opening_gives_no_plaintext),
        cmocka_unit_test(hpke_equals_the_working_groups_vectors),
        cmocka_unit_test(hpke_refuses_other_info_aad_key_and_every_flipped_bit),
        cmocka_unit_test(hpke_seal_to_an_unusable_key_is_refused),
        cmocka_unit_test(hedging_labels_give_the_vectors_keys),
        cmocka_unit_test(padding_equals_the_vector_and_comes_off),
        cmocka_unit_test(every_length_below_the_bucket_survives_padding),
        cmocka_unit_test(damaged_padding_is_refused_and_leaves_the_length),
    };

    return cmocka_run_group_tests_name("kdf", tests, NULL, NULL);
}
