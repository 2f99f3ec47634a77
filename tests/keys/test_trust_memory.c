/* test_trust_memory — a federation made, admitted and loaded with every allocation failing: all documents or none, and no
 * document is accused for want of memory. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/federation_make.h"
#include "tests/support/fake_suite.h"
#include "tests/support/nth_alloc.h"

#define NOW_MS 1795000000000LL
#define STATES 2

static struct made_federation *made;
static struct trust *before; /* what is in force while another is loaded */
static char folder[64];

static int make(struct made_federation **ret_made)
{
    struct seeded_rng state;

    seeded_rng_init(&state, 11);
    const struct rng rng = seeded_rng(&state);
    const struct federation_plan plan = {.suite = suite_fake(),
                                         .rng = &rng,
                                         .now_ms = NOW_MS,
                                         .codes = {"XAA", "XBB"},
                                         .state_count = STATES,
                                         .relay_count = 2,
                                         .officer_count = 2,
                                         .device_count = 1,
                                         .port_base = 7401};

    return federation_make(&plan, ret_made);
}

/* --- one revocation beside the first roster: by the national threshold, and by the key itself ------------- */

static Hotline__V1__Signed *sign_revocation(const struct made_state *state, const struct cert *cert,
                                            const uint8_t (*seeds)[32], size_t count)
{
    Hotline__V1__Revocation revocation = HOTLINE__V1__REVOCATION__INIT;
    struct sign_key *keys[2] = {NULL, NULL};
    AUTO(blob) body = NULL;
    AUTO(blob) object = NULL;

    revocation.ns = strict_octets(made->ns, NS_BYTES);
    revocation.entity = strict_octets(state->entity, ID_BYTES);
    revocation.key_id = strict_octets(cert->id, ID_BYTES);
    revocation.cert_serial = cert->serial;
    revocation.invalid_since_ms = NOW_MS;
    revocation.reason = HOTLINE__V1__REV_REASON__REV_LOST;
    revocation.at_ms = NOW_MS;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sign_key_new(suite_fake(), seeds[i], &keys[i]), HL_OK);
    assert_int_equal(strict_pack(&revocation.base, &body), HL_OK);
    assert_int_equal(sign_object(suite_fake(), label_fixed(LABEL_REVOCATION), bytes_blob(body),
                                 (const struct sign_key *const *)keys, count, &object),
                     HL_OK);
    sign_key_free(keys[0]);
    sign_key_free(keys[1]);
    return hotline__v1__signed__unpack(NULL, object->len, object->data);
}

/* Certificates: the device, then the two officers. */
static void add_revocations(struct made_state *state)
{
    const struct entity *entity = trust_entity(before, state->entity);
    Hotline__V1__RosterDoc *document =
        hotline__v1__roster_doc__unpack(NULL, state->roster->len, state->roster->data);
    Hotline__V1__Signed *list[2] = {
        sign_revocation(state, &entity->roster->certs[0],
                        (const uint8_t(*)[32])state->national_seed, 2),
        sign_revocation(state, &entity->roster->certs[1],
                        (const uint8_t(*)[32]) & state->officers[0].seed, 1)};

    document->n_revocations = 2;
    document->revocations = list;
    blob_free(state->roster);
    assert_int_equal(strict_pack(&document->base, &state->roster), HL_OK);
    document->n_revocations = 0;
    document->revocations = NULL;
    hotline__v1__roster_doc__free_unpacked(document, NULL);
    hotline__v1__signed__free_unpacked(list[0], NULL);
    hotline__v1__signed__free_unpacked(list[1], NULL);
}

/* --- the documents on disk ------------------------------------------------------------------------------ */

static void write_document(const char *name, const struct blob *octets)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(keyfile_write(path, bytes_blob(octets), false), HL_OK);
}

static void write_folder(void)
{
    write_document("root-1.bin", made->root);
    write_document("directory.bin", made->directory);
    write_document("timestamp.bin", made->timestamp);
    for (size_t i = 0; i < STATES; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "national-%s-1.bin", made->states[i].code);
        write_document(name, made->states[i].national_root);
        (void)snprintf(name, sizeof(name), "roster-%s.bin", made->states[i].code);
        write_document(name, made->states[i].roster);
    }
}

static int set_up(void **unused)
{
    char reason[160];

    (void)unused;
    (void)snprintf(folder, sizeof(folder), "/tmp/test_trust_memory.XXXXXX");
    if (!mkdtemp(folder) || make(&made) != HL_OK ||
        made_federation_admit(suite_fake(), made, &before, reason) != HL_OK)
        return 1;
    add_revocations(&made->states[0]);
    write_folder();
    return 0;
}

static int tear_down(void **unused)
{
    DIR *dir = opendir(folder);

    (void)unused;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[400];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        (void)unlink(path); /* not the folder itself */
    }
    (void)closedir(dir);
    trust_free(before);
    made_federation_free(made);
    return rmdir(folder);
}

/* --- sweeps --------------------------------------------------------------------------------------------- */

static int make_federation(void *context)
{
    struct made_federation *another = NULL;

    (void)context;
    int err = make(&another);
    assert_true((err == HL_OK) == (another != NULL));
    if (another)
        assert_true(bytes_equal(bytes_blob(another->timestamp), bytes_blob(made->timestamp)));
    made_federation_free(another);
    return err;
}

/* Nothing is said against a document: no reason, or that there is no memory. */
static int judged(int err, struct trust *trust, const char *reason)
{
    (void)nth_alloc_disarm();
    assert_true((err == HL_OK) == (trust != NULL));
    if (err != HL_OK && reason[0] != '\0' && !strstr(reason, "memory"))
        fail_msg("no memory, and yet: %s", reason);
    if (err == HL_OK) {
        const struct entity *state = trust_entity(trust, made->states[0].entity);
        assert_int_equal(state->roster->certs[0].revoked_since_ms, NOW_MS);
        assert_int_equal(state->roster->certs[1].revoked_since_ms, NOW_MS);
        assert_int_equal(state->roster->certs[2].revoked_since_ms, 0);
        assert_int_equal(trust->entity_count, STATES);
    }
    trust_free(trust);
    /* the trust in force is another object, and stays as it was */
    assert_int_equal(
        trust_entity(before, made->states[0].entity)->roster->certs[0].revoked_since_ms, 0);
    return err;
}

static int admit(void *context)
{
    struct trust *trust = NULL;
    char reason[160] = "";

    (void)context;
    int err = made_federation_admit(suite_fake(), made, &trust, reason);
    return judged(err, trust, reason);
}

static int load(void *context)
{
    struct trust *trust = NULL;
    char reason[160] = "";

    (void)context;
    int err = trust_load(suite_fake(), folder, made->ns, made->root_hash, &trust, reason);
    return judged(err, trust, reason);
}

static void a_federation_is_made_whole_or_not_at_all(void **unused)
{
    (void)unused;
    assert_true(nth_alloc_sweep(make_federation, NULL) > 100);
}

static void documents_are_admitted_all_or_none_and_none_is_accused(void **unused)
{
    (void)unused;
    assert_true(nth_alloc_sweep(admit, NULL) > 100);
}

static void a_folder_is_loaded_whole_or_there_is_no_memory(void **unused)
{
    (void)unused;
    assert_true(nth_alloc_sweep(load, NULL) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_federation_is_made_whole_or_not_at_all),
        cmocka_unit_test(documents_are_admitted_all_or_none_and_none_is_accused),
        cmocka_unit_test(a_folder_is_loaded_whole_or_there_is_no_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
