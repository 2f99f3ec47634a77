/* test_trust_files — a federation's documents from a folder: one State's bad document silences no other. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/federation_make.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"

#define NOW_MS 1795000000000LL

static struct seeded_rng seeded;
static struct rng rng;

static struct federation_plan small_plan(const struct suite *suite)
{
    seeded_rng_init(&seeded, 11);
    rng = seeded_rng(&seeded);
    return (struct federation_plan){.suite = suite,
                                    .rng = &rng,
                                    .now_ms = NOW_MS,
                                    .codes = {"XAA", "XBB"},
                                    .state_count = 2,
                                    .relay_count = 2,
                                    .officer_count = 2,
                                    .device_count = 1,
                                    .port_base = 7401};
}

static struct made_federation *make(const struct federation_plan *plan)
{
    struct made_federation *made = NULL;

    assert_int_equal(federation_make(plan, &made), HL_OK);
    return made;
}

static char folder[64];

static void put(const char *name, const struct blob *document)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(keyfile_write(path, bytes_blob(document), false), HL_OK);
}

static void drop(const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)unlink(path);
}

static void put_all(const struct made_federation *made)
{
    char name[40];

    put("root-1.bin", made->root);
    put("directory.bin", made->directory);
    put("timestamp.bin", made->timestamp);
    for (size_t i = 0; i < made->state_count; i++) {
        (void)snprintf(name, sizeof(name), "national-%s-1.bin", made->states[i].code);
        put(name, made->states[i].national_root);
        (void)snprintf(name, sizeof(name), "roster-%s.bin", made->states[i].code);
        put(name, made->states[i].roster);
    }
}

static int make_folder(void **unused)
{
    (void)unused;
    (void)snprintf(folder, sizeof(folder), "/tmp/hotline-federation-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **unused)
{
    DIR *dir = opendir(folder);
    struct dirent *entry = NULL;

    (void)unused;
    while (dir && (entry = readdir(dir)))
        drop(entry->d_name);
    if (dir)
        (void)closedir(dir);
    return rmdir(folder);
}

static int load(const struct made_federation *made, struct trust **ret_trust, char *reason)
{
    return trust_load(suite_fake(), folder, made->ns, made->root_hash, ret_trust, reason);
}

static void federation_is_loaded_from_its_folder(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    AUTO(trust) trust = NULL;
    char reason[160];

    (void)unused;
    put_all(made);
    put("notes.txt", made->root); /* is not looked at */
    assert_int_equal(load(made, &trust, reason), HL_OK);
    assert_string_equal(reason, "");
    assert_int_equal(trust->entity_count, 2);
    assert_non_null(trust->entities[1].roster);
}

static void missing_document_is_named(void **unused)
{
    static const char *const names[] = {"root-1.bin", "directory.bin", "timestamp.bin"};
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    struct trust *trust = NULL;
    char reason[160];

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        put_all(made);
        drop(names[i]);
        assert_int_equal(load(made, &trust, reason), HL_ENOTFOUND);
        assert_non_null(strstr(reason, names[i]));
    }
}

/* States are stored in the order of their ids, so a name is needed. */
static const struct entity *state_of(const struct trust *trust, const char *code)
{
    const struct entity *entity = trust_entity_by_code(trust, code);

    assert_non_null(entity);
    return entity;
}

static void expect_only_other(const struct made_federation *made, const char *code,
                              const char *other, const char *name)
{
    AUTO(trust) trust = NULL;
    char reason[160];
    bool is_told = false;

    assert_int_equal(load(made, &trust, reason), HL_OK);
    assert_string_equal(reason, "");
    assert_null(state_of(trust, code)->roster);
    assert_non_null(state_of(trust, other)->roster);
    assert_true(trust->left_out_count > 0);
    for (size_t i = 0; trust_note(trust, i); i++)
        is_told = is_told || strstr(trust_note(trust, i), name);
    assert_true(is_told);
}

static void state_without_its_national_root_is_left_out_alone(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);

    (void)unused;
    put_all(made);
    drop("national-XAA-1.bin");
    expect_only_other(made, "XAA", "XBB", "roster-XAA.bin is left out: roster: a State has two");
}

static void put_flipped(const char *name, const struct blob *document, size_t at)
{
    AUTO(blob) copy = NULL;

    assert_int_equal(blob_copy(bytes_blob(document), &copy), HL_OK);
    copy->data[at] ^= 1;
    put(name, copy);
}

/* A further signature is not looked at: its flip may change nothing, and then nothing is left out. */
static void flip_of_any_octet_of_a_states_document_leaves_the_others_whole(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    size_t left_out = 0;
    size_t total = 0;

    (void)unused;
    put_all(made);
    for (size_t kind = 0; kind < 2; kind++) {
        const struct made_state *of =
            &made->states[strcmp(made->states[0].code, "XBB") == 0 ? 0 : 1];
        const struct blob *document = kind == 0 ? of->national_root : of->roster;
        const char *name = kind == 0 ? "national-XBB-1.bin" : "roster-XBB.bin";

        for (size_t at = 0; at < document->len; at++, total++) {
            AUTO(trust) trust = NULL;
            char reason[160];

            put_flipped(name, document, at);
            assert_int_equal(load(made, &trust, reason), HL_OK);
            assert_non_null(state_of(trust, "XAA")->roster);
            assert_int_equal(trust->left_out_count > 0, trust_note(trust, 0) != NULL);
            assert_true(trust->left_out_count == 0 || !state_of(trust, "XBB")->roster);
            left_out += trust->left_out_count > 0;
        }
        put(name, document);
    }
    assert_int_equal(left_out, total);
}

static void documents_of_the_federation_are_never_left_out(void **unused)
{
    static const char *const names[] = {"root-1.bin", "directory.bin", "timestamp.bin"};
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    const struct blob *const documents[] = {made->root, made->directory, made->timestamp};

    (void)unused;
    put_all(made);
    for (size_t i = 0; i < 3; i++) {
        for (size_t at = 0; at < documents[i]->len; at++) {
            struct trust *trust = NULL;
            char reason[160];

            put_flipped(names[i], documents[i], at);
            assert_int_not_equal(load(made, &trust, reason), HL_OK);
            assert_true(reason[0] != '\0');
        }
        put(names[i], documents[i]);
    }
}

static void state_that_lost_its_roster_is_found(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    AUTO(trust) before = NULL;
    AUTO(trust) after = NULL;
    char reason[160];

    (void)unused;
    put_all(made);
    assert_int_equal(load(made, &before, reason), HL_OK);
    assert_null(trust_lost_roster(before, before));
    put("roster-XBB.bin", made->root);
    assert_int_equal(load(made, &after, reason), HL_OK);
    assert_string_equal(trust_lost_roster(before, after)->code, "XBB");
    assert_null(trust_lost_roster(after, after));
    trust_free(MOVE(after));
    after = NULL;
    drop("roster-XBB.bin"); /* taken away by hand: meant so */
    assert_int_equal(load(made, &after, reason), HL_OK);
    assert_null(trust_lost_roster(before, after));
}

static void later_version_in_the_folder_is_refused(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    struct trust *trust = NULL;
    char reason[160];

    (void)unused;
    put_all(made);
    put("root-2.bin", made->root);
    assert_int_equal(load(made, &trust, reason), HL_EFORMAT);
    assert_non_null(strstr(reason, "root: only version 1"));
    drop("root-2.bin");
    put("national-XAA-2.bin", made->states[0].national_root);
    assert_int_equal(load(made, &trust, reason), HL_OK);
    assert_non_null(trust->entities[0].roster);
    assert_string_equal(trust_note(trust, 0),
                        "national-XAA-2.bin is left out: national root: a State has two");
    assert_null(trust_note(trust, 1));
    trust_free(trust);
}

static void folder_that_is_not_there_is_told(void **unused)
{
    struct trust *trust = NULL;
    char reason[160];
    char deep[5000];

    (void)unused;
    assert_int_equal(trust_load(suite_fake(), "/nowhere", NULL, NULL, &trust, reason),
                     HL_ENOTFOUND);
    assert_true(reason[0] != '\0');
    memset(deep, 'd', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    assert_int_equal(trust_load(suite_fake(), deep, NULL, NULL, &trust, reason), HL_ETOOBIG);
    assert_true(reason[0] != '\0');
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)
int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(federation_is_loaded_from_its_folder),
        IN_FOLDER(missing_document_is_named),
        IN_FOLDER(state_without_its_national_root_is_left_out_alone),
        IN_FOLDER(flip_of_any_octet_of_a_states_document_leaves_the_others_whole),
        IN_FOLDER(documents_of_the_federation_are_never_left_out),
        IN_FOLDER(state_that_lost_its_roster_is_found),
        IN_FOLDER(later_version_in_the_folder_is_refused),
        cmocka_unit_test(folder_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
