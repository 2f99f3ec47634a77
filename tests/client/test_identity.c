/* test_identity — this terminal's keys from files: the right ones open, each wrong one is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/identity.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"

struct bench {
    struct small_world *small;
    struct seeded_rng seed;
    struct rng rng;
    char dir[40], device[64], prekeys[64], officer[64];
    uint8_t raw[32];
    struct key_lock lock, pass;
};

static void write_key(struct bench *bench, const char *path, const struct key_secrets *secrets,
                      const struct key_lock *lock)
{
    uint8_t salt[16] = {0};
    uint8_t nonce[24] = {1};
    if (lock->kdf != KDF_RAW)
        salt[0] = 1;
    AUTO(blob) file = NULL;
    (void)bench;
    assert_int_equal(keyfile_encode(secrets, lock, salt, nonce, &file), HL_OK);
    assert_int_equal(keyfile_write(path, bytes_blob(file), false), HL_OK);
}

static struct key_secrets *secrets_of(struct bench *bench, enum key_kind kind,
                                      const struct sign_key *key)
{
    struct key_secrets *secrets = NULL;
    assert_int_equal(key_secrets_new(&secrets), HL_OK);
    secrets->kind = kind;
    secrets->is_sandbox = true;
    memcpy(secrets->ns, bench->small->trust.ns, NS_BYTES);
    memcpy(secrets->entity, bench->small->entities[XAA].id, ID_BYTES);
    memcpy(secrets->seed, key->sk, 32);
    memset(secrets->desk_wrap, 3, 32);
    memset(secrets->hedge_key, 4, 32);
    memset(secrets->noise_sk, 5, 32);
    return secrets;
}

static int bench_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->small = small_world_new(suite_fake());
    bench->small->trust.is_sandbox = true;
    seeded_rng_init(&bench->seed, 1);
    bench->rng = seeded_rng(&bench->seed);
    (void)snprintf(bench->dir, sizeof(bench->dir), "/tmp/hotline-identity-XXXXXX");
    if (mkdtemp(bench->dir) == NULL)
        return -1;
    (void)snprintf(bench->device, sizeof(bench->device), "%s/device.hlk", bench->dir);
    (void)snprintf(bench->prekeys, sizeof(bench->prekeys), "%s/prekeys.hlk", bench->dir);
    (void)snprintf(bench->officer, sizeof(bench->officer), "%s/officer.hlk", bench->dir);
    memset(bench->raw, 9, sizeof(bench->raw));
    bench->lock = (struct key_lock){.kdf = KDF_RAW, .secret = BYTES_OF(bench->raw)};
    bench->pass = (struct key_lock){.kdf = KDF_PASSPHRASE,
                                    .secret = bytes_text("correct horse"),
                                    .opslimit = 1,
                                    .memlimit = 8192};
    struct key_secrets *device = secrets_of(bench, KEY_DEVICE, bench->small->devices[XAA][0]);
    struct key_secrets *officer = secrets_of(bench, KEY_OFFICER, bench->small->officers[XAA][0]);
    write_key(bench, bench->device, device, &bench->lock);
    write_key(bench, bench->officer, officer, &bench->pass);
    key_secrets_free(device);
    key_secrets_free(officer);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    (void)unlink(bench->device);
    (void)unlink(bench->prekeys);
    (void)unlink(bench->officer);
    (void)rmdir(bench->dir);
    small_world_free(bench->small);
    free(bench);
    return 0;
}

static int load(struct bench *bench, struct identity **ret_identity)
{
    const struct identity_files files = {
        .device_key = bench->device, .prekeys = bench->prekeys, .device_lock = bench->lock};
    struct desk_id desk = world_desk(bench->small, XAA);
    return identity_load(suite_fake(), &bench->rng, &bench->small->trust, &desk, &files,
                         ret_identity);
}

static void keys_in_files_make_an_identity(void **state)
{
    struct bench *bench = *state;
    AUTO(identity) identity = NULL;
    assert_int_equal(load(bench, &identity), HL_OK);
    assert_memory_equal(identity->device->id, bench->small->devices[XAA][0]->id, ID_BYTES);
    assert_int_equal(identity->ring->count, 0);
    assert_int_equal(identity_check_officer(identity, ROLE_BIT_ACK), HL_EPERM);
    assert_int_equal(identity_unlock_officer(identity, bench->officer, &bench->pass), HL_OK);
    assert_int_equal(identity_check_officer(identity, ROLE_BIT_COMPOSE), HL_OK);
    identity_lock_officer(identity);
    assert_int_equal(identity_check_officer(identity, ROLE_BIT_COMPOSE), HL_EPERM);
}

static void the_ring_survives_in_its_file(void **state)
{
    struct bench *bench = *state;
    AUTO(identity) identity = NULL;
    AUTO(identity) again = NULL;
    AUTO(blob) made = NULL;
    const uint8_t prev[HASH_BYTES] = {0};
    assert_int_equal(load(bench, &identity), HL_OK);
    assert_int_equal(
        prekey_make(&PREKEY_SOURCE(suite_fake(), identity->device, bench->small->trust.ns,
                                   identity->desk.entity, prev),
                    &bench->rng, identity->secrets->hedge_key, WORLD_NOW_MS, identity->ring, &made),
        HL_OK);
    assert_int_equal(identity->store.save(identity->store.context, identity->ring), HL_OK);
    assert_int_equal(load(bench, &again), HL_OK);
    assert_int_equal(again->ring->count, 1);
    assert_memory_equal(again->ring->keys[0].seed, identity->ring->keys[0].seed, 32);
}

static void a_wrong_secret_opens_nothing(void **state)
{
    struct bench *bench = *state;
    AUTO(identity) identity = NULL;
    bench->raw[0] ^= 1;
    assert_int_equal(load(bench, &identity), HL_EVERIFY);
    bench->raw[0] ^= 1;
    assert_int_equal(load(bench, &identity), HL_OK);
    bench->pass.secret = bytes_text("wrong horse");
    assert_int_equal(identity_unlock_officer(identity, bench->officer, &bench->pass), HL_EVERIFY);
    assert_null(identity->officer);
}

static void a_key_file_that_others_may_read_is_refused(void **state)
{
    struct bench *bench = *state;
    AUTO(identity) identity = NULL;
    assert_int_equal(chmod(bench->device, 0644), 0);
    assert_int_equal(load(bench, &identity), HL_EPERM);
}

static void a_missing_key_file_is_not_found(void **state)
{
    struct bench *bench = *state;
    AUTO(identity) identity = NULL;
    assert_int_equal(unlink(bench->device), 0);
    assert_int_equal(load(bench, &identity), HL_ENOTFOUND);
}

static void keys_of_another_namespace_kind_or_desk_are_refused(void **state)
{
    struct bench *bench = *state;
    AUTO(identity) identity = NULL;
    bench->small->trust.ns[0] ^= 1;
    assert_int_equal(load(bench, &identity), HL_EVERIFY);
    bench->small->trust.ns[0] ^= 1;
    bench->small->trust.is_sandbox = false;
    assert_int_equal(load(bench, &identity), HL_EVERIFY);
    bench->small->trust.is_sandbox = true;
    struct cert *device = world_device_cert(bench->small, XAA, 0);
    device->desks = 1U << HOTLINE__V1__DESK_KIND__DIPLOMATIC;
    assert_int_equal(load(bench, &identity), HL_EPERM);
    device->desks = 1U << HOTLINE__V1__DESK_KIND__TECHNICAL;
    device->id[0] ^= 1; /* no longer in the roster */
    assert_int_equal(load(bench, &identity), HL_ENOTFOUND);
    device->id[0] ^= 1;
    assert_int_equal(load(bench, &identity), HL_OK);
    assert_int_equal(identity_unlock_officer(identity, bench->device, &bench->lock), HL_EVERIFY);
}

static void officers_of_other_desks_and_revoked_ones_are_refused(void **state)
{
    struct bench *bench = *state;
    AUTO(identity) identity = NULL;
    struct cert *cert = world_officer_cert(bench->small, XAA, 0);
    assert_int_equal(load(bench, &identity), HL_OK);
    cert->desks = 1U << HOTLINE__V1__DESK_KIND__DIPLOMATIC;
    assert_int_equal(identity_unlock_officer(identity, bench->officer, &bench->pass), HL_EPERM);
    cert->desks = 1U << HOTLINE__V1__DESK_KIND__TECHNICAL;
    cert->revoked_since_ms = 1;
    assert_int_equal(identity_unlock_officer(identity, bench->officer, &bench->pass), HL_EREVOKED);
    assert_null(identity->officer);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(keys_in_files_make_an_identity),
        BENCH_TEST(the_ring_survives_in_its_file),
        BENCH_TEST(a_wrong_secret_opens_nothing),
        BENCH_TEST(a_key_file_that_others_may_read_is_refused),
        BENCH_TEST(a_missing_key_file_is_not_found),
        BENCH_TEST(keys_of_another_namespace_kind_or_desk_are_refused),
        BENCH_TEST(officers_of_other_desks_and_revoked_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
