/* test_keyfile_memory — key files with every allocation failing: no key is lost, no pass-phrase is called wrong, and nothing
 * secret is left over, in locked memory or on disk. */
#include "keys/keyfile.h"

#include <string.h>

#include "keys/passphrase.h"
#include "keys/secret.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/temp_dir.h"

static const uint8_t raw_secret[32] = {0x77};
static const uint8_t salt[16] = {0x55};
static const uint8_t nonce[24] = {0x66};
static struct temp_dir temp;

static int make_folder(void **unused)
{
    (void)unused;
    temp_dir_make(&temp, "key.hlk");
    return secret_init() == HL_OK ? 0 : 1;
}

static int remove_folder(void **unused)
{
    (void)unused;
    return temp_dir_remove(&temp);
}

/* A key of a sandbox, for which the cheapest Argon2id will do. */
struct bench {
    enum key_kind kind;
    struct key_lock lock;
    struct key_secrets *secrets;
    struct blob *file;
};

static void bench_init(struct bench *bench, enum key_kind kind, enum key_kdf kdf)
{
    *bench = (struct bench){.kind = kind, .lock = {.kdf = kdf, .secret = BYTES_OF(raw_secret)}};
    if (kdf == KDF_PASSPHRASE) {
        bench->lock.opslimit = 1;
        bench->lock.memlimit = 8192;
    }
    assert_int_equal(key_secrets_new(&bench->secrets), HL_OK);
    bench->secrets->kind = kind;
    bench->secrets->is_sandbox = true;
    memset(bench->secrets->seed, 1, 32);
    assert_int_equal(keyfile_encode(bench->secrets, &bench->lock, salt, nonce, &bench->file),
                     HL_OK);
}

static void bench_done(struct bench *bench)
{
    key_secrets_free(bench->secrets);
    blob_free(bench->file);
}

/* --- formats ------------------------------------------------------------------------------------------ */

static int encode(void *context)
{
    const struct bench *bench = context;
    AUTO(blob) file = NULL;

    int err = keyfile_encode(bench->secrets, &bench->lock, salt, nonce, &file);
    assert_true((err == HL_OK) == (file != NULL));
    return err;
}

static int decode(void *context)
{
    const struct bench *bench = context;
    AUTO(key_secrets) secrets = NULL;

    int err = keyfile_decode(bytes_blob(bench->file), &bench->lock, &secrets);
    assert_true((err == HL_OK) == (secrets != NULL));
    if (secrets)
        assert_memory_equal(secrets->seed, bench->secrets->seed, 32);
    return err;
}

/* A wrong pass-phrase is wrong, or there is no memory to say so. */
static int decode_wrongly(void *context)
{
    const struct bench *bench = context;
    struct key_lock lock = bench->lock;
    struct key_secrets *secrets = NULL;
    uint8_t wrong[32] = {0x78};

    lock.secret = BYTES_OF(wrong);
    int err = keyfile_decode(bytes_blob(bench->file), &lock, &secrets);
    assert_null(secrets);
    assert_int_not_equal(err, HL_OK);
    return err == HL_EVERIFY ? HL_OK : err;
}

static void a_key_file_is_made_and_opened_or_there_is_no_memory(void **unused)
{
    static const struct {
        enum key_kind kind;
        enum key_kdf kdf;
    } files[] = {{KEY_DEVICE, KDF_RAW}, {KEY_RELAY, KDF_RAW}, {KEY_OFFICER, KDF_PASSPHRASE}};

    (void)unused;
    nth_alloc_require();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct bench bench;

        bench_init(&bench, files[i].kind, files[i].kdf);
        assert_true(nth_alloc_sweep(encode, &bench) > 3);
        assert_true(nth_alloc_sweep(decode, &bench) > 3);
        assert_true(nth_alloc_sweep(decode_wrongly, &bench) > 2);
        bench_done(&bench);
    }
}

/* --- rings --------------------------------------------------------------------------------------------- */

static int encode_ring(void *context)
{
    const struct prekey_ring *ring = context;
    AUTO(blob) file = NULL;

    int err = keyfile_encode_ring(ring, raw_secret, nonce, &file);
    assert_true((err == HL_OK) == (file != NULL));
    return err;
}

static int decode_ring(void *context)
{
    const struct blob *file = context;
    struct prekey_ring *ring = NULL;

    int err = keyfile_decode_ring(bytes_blob(file), raw_secret, &ring);
    assert_true((err == HL_OK) == (ring != NULL));
    if (ring)
        assert_int_equal(ring->count, 2);
    prekey_ring_free(ring);
    return err;
}

static void a_ring_is_made_and_opened_or_there_is_no_memory(void **unused)
{
    struct prekey_ring *ring = NULL;
    struct blob *file = NULL;

    (void)unused;
    nth_alloc_require();
    assert_int_equal(prekey_ring_new(&ring), HL_OK);
    ring->count = 2;
    assert_int_equal(keyfile_encode_ring(ring, raw_secret, nonce, &file), HL_OK);
    assert_true(nth_alloc_sweep(encode_ring, ring) > 3);
    assert_true(nth_alloc_sweep(decode_ring, file) > 3);
    prekey_ring_free(ring);
    blob_free(file);
}

/* --- files --------------------------------------------------------------------------------------------- */

/* Load, change, replace: what a desk does with its key. */
static int replace(const struct bench *bench)
{
    AUTO(blob) before = NULL;
    AUTO(blob) after = NULL;
    AUTO(key_secrets) secrets = NULL;

    TRY(keyfile_read(temp.path, &before));
    TRY(keyfile_decode(bytes_blob(before), &bench->lock, &secrets));
    secrets->seed[31]++;
    TRY(keyfile_encode(secrets, &bench->lock, salt, nonce, &after));
    return keyfile_write(temp.path, bytes_blob(after), true);
}

static int replace_and_look(void *context)
{
    struct bench *bench = context;
    AUTO(blob) file = NULL;
    AUTO(key_secrets) secrets = NULL;

    int err = replace(bench);
    (void)nth_alloc_disarm();
    if (err == HL_OK)
        bench->secrets->seed[31]++;
    assert_int_equal(keyfile_read(temp.path, &file), HL_OK);
    assert_int_equal(keyfile_decode(bytes_blob(file), &bench->lock, &secrets), HL_OK);
    assert_memory_equal(secrets->seed, bench->secrets->seed, 32);
    assert_int_equal(temp_dir_count(&temp), 1);
    return err;
}

static void a_key_is_replaced_whole_or_the_old_one_is_still_there(void **unused)
{
    struct bench bench;

    (void)unused;
    nth_alloc_require();
    bench_init(&bench, KEY_OFFICER, KDF_PASSPHRASE);
    assert_int_equal(keyfile_write(temp.path, bytes_blob(bench.file), false), HL_OK);
    assert_true(nth_alloc_sweep(replace_and_look, &bench) > 8);
    bench_done(&bench);
}

static int read_passphrase(void *context)
{
    char *passphrase = NULL;

    (void)context;
    int err = passphrase_read(temp.path, -1, false, &passphrase);
    assert_true((err == HL_OK) == (passphrase != NULL));
    if (passphrase)
        assert_string_equal(passphrase, "correct horse");
    secret_free(passphrase);
    return err;
}

static void a_passphrase_is_read_or_there_is_no_memory(void **unused)
{
    (void)unused;
    nth_alloc_require();
    assert_int_equal(keyfile_write(temp.path, bytes_text("correct horse\n"), false), HL_OK);
    assert_int_equal(nth_alloc_sweep(read_passphrase, NULL), 2);
}

#define TEST_IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(a_key_file_is_made_and_opened_or_there_is_no_memory),
        TEST_IN_FOLDER(a_ring_is_made_and_opened_or_there_is_no_memory),
        TEST_IN_FOLDER(a_key_is_replaced_whole_or_the_old_one_is_still_there),
        TEST_IN_FOLDER(a_passphrase_is_read_or_there_is_no_memory),
    };

    return cmocka_run_group_tests_name("keyfile_memory", tests, NULL, NULL);
}
