/* The .hlk format against keyfile.json in both directions; caps, kinds, and every damage refused. */
#include "keys/keyfile.h"

#include <string.h>

#include "keys/kdf.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/sealed_keyfile.h"
#include "tests/support/vectors.h"

/* Offsets of docs/PROTOCOL.md, "Key file", counted by hand. */
enum {
    AT_KDF = 7,
    AT_KIND = 8,
    AT_SANDBOX = 9,
    AT_OPSLIMIT = 42,
    AT_MEMLIMIT = 46,
    AT_SALT = 54,
    AT_NONCE = 70,
    AT_COMMIT = 94,
    AT_CT_LEN = 126,
    AT_CT = 130
};
#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

static const uint8_t raw_secret[32] = {0x77};
static const uint8_t salt[16] = {0x55};
static const uint8_t nonce[24] = {0x66};

static struct key_lock raw_lock(void)
{
    return (struct key_lock){.kdf = KDF_RAW, .secret = BYTES_OF(raw_secret)};
}

static struct key_lock cheap_lock(const char *passphrase)
{
    return (struct key_lock){.kdf = KDF_PASSPHRASE,
                             .secret = bytes_text(passphrase),
                             .opslimit = 1,
                             .memlimit = 8 * KIB};
}

/* Sandbox secrets of a kind, every octet of every secret different from its neighbour's. */
static struct key_secrets *sample(enum key_kind kind)
{
    struct key_secrets *secrets = NULL;

    assert_int_equal(key_secrets_new(&secrets), HL_OK);
    secrets->kind = kind;
    secrets->is_sandbox = true;
    memset(secrets->ns, 0x11, NS_BYTES);
    if (kind <= KEY_NATIONAL)
        memset(secrets->entity, 0x22, ID_BYTES);
    memset(secrets->seed, 1, 32);
    if (kind == KEY_DEVICE || kind == KEY_RELAY)
        memset(secrets->noise_sk, 2, 32);
    if (kind == KEY_DEVICE) {
        memset(secrets->desk_wrap, 3, 32);
        memset(secrets->hedge_key, 4, 32);
    }
    if (kind == KEY_RELAY)
        memset(secrets->log_seed, 5, 32);
    return secrets;
}

static struct blob *encoded(enum key_kind kind, const struct key_lock *lock)
{
    AUTO(key_secrets) secrets = sample(kind);
    struct blob *file = NULL;

    assert_int_equal(keyfile_encode(secrets, lock, salt, nonce, &file), HL_OK);
    return file;
}

static int decode(const struct blob *file, const struct key_lock *lock)
{
    struct key_secrets *secrets = NULL;
    int err = keyfile_decode(bytes_blob(file), lock, &secrets);

    assert_int_equal(err == HL_OK, secrets != NULL);
    key_secrets_free(secrets);
    return err;
}

static void assert_reencodes(const struct key_secrets *secrets, const struct key_lock *lock,
                             const struct blob *file)
{
    AUTO(blob) ours = NULL;

    assert_int_equal(
        keyfile_encode(secrets, lock, file->data + AT_SALT, file->data + AT_NONCE, &ours), HL_OK);
    assert_int_equal(ours->len, file->len);
    assert_memory_equal(ours->data, file->data, file->len);
}

static void device_file_equals_the_vector_both_ways(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/keyfile.json");
    if (!root)
        skip();
    const json_t *one = json_object_get(root, "device_raw");
    AUTO(blob) file = vectors_hex(one, "file");
    AUTO(blob) plain = vectors_hex(one, "plain");
    AUTO(blob) secret = vectors_hex(one, "secret");
    AUTO(key_secrets) secrets = NULL;
    const struct key_lock lock = {.kdf = KDF_RAW, .secret = bytes_blob(secret)};

    assert_int_equal(keyfile_decode(bytes_blob(file), &lock, &secrets), HL_OK);
    assert_int_equal(secrets->kind, KEY_DEVICE);
    assert_true(secrets->is_sandbox);
    assert_memory_equal(secrets->ns, file->data + 10, NS_BYTES);
    assert_int_equal(plain->len, 16 + 4 * 32);
    assert_memory_equal(secrets->entity, plain->data, 16);
    assert_memory_equal(secrets->seed, plain->data + 16, 32);
    assert_memory_equal(secrets->noise_sk, plain->data + 48, 32);
    assert_memory_equal(secrets->desk_wrap, plain->data + 80, 32);
    assert_memory_equal(secrets->hedge_key, plain->data + 112, 32);
    assert_reencodes(secrets, &lock, file);
    json_decref(root);
}

static void officer_file_equals_the_vector_both_ways(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/keyfile.json");
    if (!root)
        skip();
    const json_t *one = json_object_get(root, "officer_argon2");
    AUTO(blob) file = vectors_hex(one, "file");
    AUTO(key_secrets) secrets = NULL;
    const struct key_lock lock = cheap_lock(vectors_text(one, "passphrase_utf8"));

    assert_int_equal(keyfile_decode(bytes_blob(file), &lock, &secrets), HL_OK);
    assert_int_equal(secrets->kind, KEY_OFFICER);
    assert_reencodes(secrets, &lock, file);
    json_decref(root);
}

static void every_kind_comes_back_with_its_secrets(void **unused)
{
    (void)unused;
    static const size_t secret_counts[] = {0, 4, 1, 1, 1, 3, 1};

    for (enum key_kind kind = KEY_DEVICE; kind <= KEY_WITNESS; kind++) {
        const struct key_lock lock = cheap_lock("pass");
        AUTO(key_secrets) before = sample(kind);
        AUTO(key_secrets) after = NULL;
        AUTO(blob) file = encoded(kind, &lock);

        assert_int_equal(file->len, AT_CT + 16 + 32 * secret_counts[kind] + AEAD_TAG_BYTES);
        assert_int_equal(keyfile_decode(bytes_blob(file), &lock, &after), HL_OK);
        assert_memory_equal(after, before, sizeof(*after));
    }
}

/* Rows: kinds 1..7, columns: raw, pass-phrase, desk_wrap; 7 goes through the ring's functions only. */
static void protection_must_fit_the_kind(void **unused)
{
    (void)unused;
    static const bool allowed[8][4] = {[1] = {0, 1, 1, 0}, [2] = {0, 0, 1, 0}, [3] = {0, 0, 1, 0},
                                       [4] = {0, 0, 1, 0}, [5] = {0, 1, 1, 0}, [6] = {0, 0, 1, 0}};
    static const bool readable[8][4] = {
        [1] = {0, 1, 1, 0}, [2] = {0, 0, 1, 0}, [3] = {0, 0, 1, 0}, [4] = {0, 0, 1, 0},
        [5] = {0, 1, 1, 0}, [6] = {0, 0, 1, 0}, [7] = {0, 0, 0, 1}};
    const struct key_lock raw = raw_lock();
    AUTO(blob) file = encoded(KEY_DEVICE, &raw);

    for (unsigned kind = 0; kind < 8; kind++) {
        for (unsigned kdf = 0; kdf < 4; kdf++) {
            struct key_lock lock = kdf == KDF_PASSPHRASE ? cheap_lock("pass") : raw;
            AUTO(key_secrets) secrets = sample(KEY_WITNESS);
            AUTO(blob) made = NULL;
            struct keyfile_head head;

            lock.kdf = (enum key_kdf)kdf;
            secrets->kind = (enum key_kind)kind;
            assert_int_equal(keyfile_encode(secrets, &lock, salt, nonce, &made),
                             allowed[kind][kdf] ? HL_OK : HL_EINVAL);
            file->data[AT_KIND] = (uint8_t)kind;
            file->data[AT_KDF] = (uint8_t)kdf;
            assert_int_equal(keyfile_peek(bytes_blob(file), &head),
                             readable[kind][kdf] ? HL_OK : HL_EFORMAT);
        }
    }
}

static void head_is_read_without_unlocking(void **unused)
{
    (void)unused;
    const struct key_lock lock = raw_lock();
    AUTO(blob) file = encoded(KEY_RELAY, &lock);
    struct keyfile_head head;
    uint8_t ns[NS_BYTES];

    memset(ns, 0x11, sizeof(ns));
    assert_int_equal(keyfile_peek(bytes_blob(file), &head), HL_OK);
    assert_int_equal(head.kind, KEY_RELAY);
    assert_int_equal(head.kdf, KDF_RAW);
    assert_true(head.is_sandbox);
    assert_memory_equal(head.ns, ns, sizeof(ns));
    for (unsigned octet = 0; octet < 256; octet++) { /* one spelling of yes, one of no */
        file->data[AT_SANDBOX] = (uint8_t)octet;
        assert_int_equal(keyfile_peek(bytes_blob(file), &head), octet > 1 ? HL_EFORMAT : HL_OK);
    }
}

static void wrong_secret_does_not_verify(void **unused)
{
    (void)unused;
    uint8_t other[32] = {0x78};
    const struct key_lock raw = raw_lock();
    const struct key_lock wrong = {.kdf = KDF_RAW, .secret = BYTES_OF(other)};
    const struct key_lock pass = cheap_lock("pass");
    AUTO(blob) device = encoded(KEY_DEVICE, &raw);
    AUTO(blob) officer = encoded(KEY_OFFICER, &pass);
    static const char *const passphrases[] = {"", "pas", "pass ", "Pass"};

    assert_int_equal(decode(device, &wrong), HL_EVERIFY);
    for (size_t i = 0; i < 4; i++) {
        const struct key_lock lock = cheap_lock(passphrases[i]);

        assert_int_equal(decode(officer, &lock), HL_EVERIFY);
    }
    assert_int_equal(decode(officer, &pass), HL_OK);
}

static void lock_of_another_kdf_or_length_is_invalid(void **unused)
{
    (void)unused;
    struct key_lock lock = raw_lock();
    const struct key_lock pass = cheap_lock("pass");
    AUTO(blob) file = encoded(KEY_DEVICE, &lock);
    AUTO(key_secrets) secrets = sample(KEY_DEVICE);
    struct blob *made = NULL;

    assert_int_equal(decode(file, &pass), HL_EINVAL);
    lock.secret.len = 31;
    assert_int_equal(decode(file, &lock), HL_EINVAL);
    assert_int_equal(keyfile_encode(secrets, &lock, salt, nonce, &made), HL_EINVAL);
    assert_null(made);
}

static void rings_and_keys_are_not_confused(void **unused)
{
    (void)unused;
    const struct key_lock raw = raw_lock();
    const struct key_lock wrap = {.kdf = KDF_DESK_WRAP, .secret = BYTES_OF(raw_secret)};
    AUTO(blob) device = encoded(KEY_DEVICE, &raw);
    AUTO(blob) file = NULL;
    struct prekey_ring empty = {.is_sandbox = true};
    struct prekey_ring *ring = NULL;

    assert_int_equal(keyfile_encode_ring(&empty, raw_secret, nonce, &file), HL_OK);
    assert_int_equal(decode(file, &wrap), HL_EINVAL);
    assert_int_equal(keyfile_decode_ring(bytes_blob(device), raw_secret, &ring), HL_EINVAL);
    assert_null(ring);
}

/* Flips in the costs above 64 MiB are left out: they are refused too, after a long computation. */
static bool is_expensive_flip(const struct blob *file, size_t bit)
{
    return file->data[AT_KDF] == KDF_PASSPHRASE && bit >= 8 * AT_MEMLIMIT + 27 &&
           bit <= 8 * AT_MEMLIMIT + 31;
}

static void refuse_all_flips(struct blob *file, const struct key_lock *lock)
{
    for (size_t bit = 0; bit < 8 * file->len; bit++) {
        if (is_expensive_flip(file, bit))
            continue;
        file->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (decode(file, lock) == HL_OK)
            fail_msg("bit %zu", bit);
        file->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(decode(file, lock), HL_OK);
}

static void every_flipped_bit_is_refused(void **unused)
{
    (void)unused;
    const struct key_lock raw = raw_lock();
    const struct key_lock pass = cheap_lock("pass");
    AUTO(blob) device = encoded(KEY_DEVICE, &raw);
    AUTO(blob) witness = encoded(KEY_WITNESS, &pass);

    refuse_all_flips(device, &raw);
    refuse_all_flips(witness, &pass);
}

static void truncated_or_longer_file_is_not_a_key_file(void **unused)
{
    (void)unused;
    const struct key_lock lock = raw_lock();
    AUTO(blob) file = encoded(KEY_DEVICE, &lock);
    AUTO(blob) longer = NULL;
    struct key_secrets *secrets = NULL;

    assert_int_equal(blob_new(file->len + 1, &longer), HL_OK);
    memcpy(longer->data, file->data, file->len);
    for (size_t len = 0; len <= file->len + 1; len++) {
        if (len == file->len)
            continue;
        assert_int_equal(keyfile_decode(BYTES(longer->data, len), &lock, &secrets), HL_EFORMAT);
    }
    /* also with a ct_len that agrees */
    for (size_t len = AT_CT; len < AT_CT + AEAD_TAG_BYTES; len++) {
        put_u32le(longer->data + AT_CT_LEN, (uint32_t)(len - AT_CT));
        assert_int_equal(keyfile_decode(BYTES(longer->data, len), &lock, &secrets), HL_EFORMAT);
    }
    assert_null(secrets);
}

static int decode_with_costs(enum key_kind kind, bool is_sandbox, uint32_t opslimit,
                             uint64_t memlimit)
{
    const struct key_lock lock = cheap_lock("pass");
    AUTO(blob) file = encoded(kind, &lock);

    file->data[AT_SANDBOX] = is_sandbox;
    put_u32le(file->data + AT_OPSLIMIT, opslimit);
    put_u64le(file->data + AT_MEMLIMIT, memlimit);
    return decode(file, &lock);
}

/* HL_EFORMAT is the cap, before anything is allocated; HL_EVERIFY means that Argon2id ran with the changed costs. */
static void costs_above_the_caps_are_refused_before_they_are_paid(void **unused)
{
    (void)unused;
    assert_int_equal(decode_with_costs(KEY_WITNESS, true, 16, 8 * KIB), HL_EVERIFY);
    assert_int_equal(decode_with_costs(KEY_WITNESS, true, 17, 8 * KIB), HL_EFORMAT);
    assert_int_equal(decode_with_costs(KEY_WITNESS, true, UINT32_MAX, 8 * KIB), HL_EFORMAT);
    assert_int_equal(decode_with_costs(KEY_WITNESS, true, 0, 8 * KIB), HL_EFORMAT);
    assert_int_equal(decode_with_costs(KEY_WITNESS, true, 1, 2048 * MIB + 1), HL_EFORMAT);
    assert_int_equal(decode_with_costs(KEY_WITNESS, true, 1, UINT64_MAX), HL_EFORMAT);
    assert_int_equal(decode_with_costs(KEY_WITNESS, true, 1, 8 * KIB - 1), HL_EFORMAT);
}

static void cheap_pass_phrases_are_refused_outside_a_sandbox(void **unused)
{
    (void)unused;
    for (enum key_kind kind = KEY_DEVICE; kind <= KEY_WITNESS; kind++) {
        bool needs_cost = kind >= KEY_OFFICER && kind <= KEY_CUSTODIAN;

        assert_int_equal(decode_with_costs(kind, false, 1, 8 * KIB),
                         needs_cost ? HL_EFORMAT : HL_EVERIFY);
        assert_int_equal(decode_with_costs(kind, true, 1, 9 * KIB), HL_EVERIFY);
    }
    assert_int_equal(decode_with_costs(KEY_OFFICER, false, 2, 256 * MIB), HL_EFORMAT);
    assert_int_equal(decode_with_costs(KEY_OFFICER, false, 3, 256 * MIB - 1), HL_EFORMAT);
    assert_int_equal(decode_with_costs(KEY_OFFICER, false, 3, 256 * MIB), HL_EVERIFY);
}

static void cheap_real_key_is_not_written(void **unused)
{
    (void)unused;
    struct key_lock lock = cheap_lock("pass");
    AUTO(key_secrets) secrets = sample(KEY_OFFICER);
    struct blob *file = NULL;

    secrets->is_sandbox = false;
    assert_int_equal(keyfile_encode(secrets, &lock, salt, nonce, &file), HL_EINVAL);
    secrets->is_sandbox = true;
    lock.opslimit = 17;
    assert_int_equal(keyfile_encode(secrets, &lock, salt, nonce, &file), HL_EINVAL);
    assert_null(file);
}

static void costs_and_salt_are_zero_without_a_pass_phrase(void **unused)
{
    (void)unused;
    const struct key_lock lock = raw_lock();
    AUTO(blob) file = encoded(KEY_DEVICE, &lock);

    for (size_t at = AT_OPSLIMIT; at < AT_NONCE; at++) {
        assert_int_equal(file->data[at], 0);
        file->data[at] = 1;
        assert_int_equal(decode(file, &lock), HL_EFORMAT);
        file->data[at] = 0;
    }
}

static void custodian_relay_and_witness_have_no_entity(void **unused)
{
    (void)unused;
    for (enum key_kind kind = KEY_DEVICE; kind <= KEY_WITNESS; kind++) {
        const struct key_lock lock = cheap_lock("pass");
        AUTO(key_secrets) secrets = sample(kind);
        AUTO(blob) file = NULL;

        secrets->entity[15] = 1;
        assert_int_equal(keyfile_encode(secrets, &lock, salt, nonce, &file),
                         kind <= KEY_NATIONAL ? HL_OK : HL_EINVAL);
    }
}

static void plaintext_of_another_length_or_entity_is_refused(void **unused)
{
    (void)unused;
    const struct key_lock lock = raw_lock();
    uint8_t plain[16 + 5 * 32] = {0};

    for (size_t len = 0; len <= sizeof(plain); len++) {
        AUTO(blob) device = sealed_keyfile(KEY_DEVICE, KDF_RAW, raw_secret, BYTES(plain, len));
        AUTO(blob) relay = sealed_keyfile(KEY_RELAY, KDF_RAW, raw_secret, BYTES(plain, len));

        assert_int_equal(decode(device, &lock), len == 16 + 4 * 32 ? HL_OK : HL_EFORMAT);
        assert_int_equal(decode(relay, &lock), len == 16 + 3 * 32 ? HL_OK : HL_EFORMAT);
    }
    plain[0] = 1;
    AUTO(blob) relay = sealed_keyfile(KEY_RELAY, KDF_RAW, raw_secret, BYTES(plain, 16 + 3 * 32));
    assert_int_equal(decode(relay, &lock), HL_EFORMAT);
}

/* The AEAD alone does not commit to its key; the commitment does, if all of it is compared. */
static void every_octet_of_the_commitment_counts(void **unused)
{
    (void)unused;
    const struct key_lock lock = raw_lock();
    const uint8_t plain[16 + 4 * 32] = {0};

    for (size_t at = 0; at < 32; at++) {
        AUTO(blob) file = sealed_keyfile_miscommitted(KEY_DEVICE, raw_secret, BYTES_OF(plain), at);

        assert_int_equal(decode(file, &lock), HL_EVERIFY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_file_equals_the_vector_both_ways),
        cmocka_unit_test(officer_file_equals_the_vector_both_ways),
        cmocka_unit_test(every_kind_comes_back_with_its_secrets),
        cmocka_unit_test(protection_must_fit_the_kind),
        cmocka_unit_test(head_is_read_without_unlocking),
        cmocka_unit_test(wrong_secret_does_not_verify),
        cmocka_unit_test(lock_of_another_kdf_or_length_is_invalid),
        cmocka_unit_test(rings_and_keys_are_not_confused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(truncated_or_longer_file_is_not_a_key_file),
        cmocka_unit_test(costs_above_the_caps_are_refused_before_they_are_paid),
        cmocka_unit_test(cheap_pass_phrases_are_refused_outside_a_sandbox),
        cmocka_unit_test(cheap_real_key_is_not_written),
        cmocka_unit_test(costs_and_salt_are_zero_without_a_pass_phrase),
        cmocka_unit_test(custodian_relay_and_witness_have_no_entity),
        cmocka_unit_test(plaintext_of_another_length_or_entity_is_refused),
        cmocka_unit_test(every_octet_of_the_commitment_counts),
    };

    return cmocka_run_group_tests_name("keyfile", tests, NULL, NULL);
}
