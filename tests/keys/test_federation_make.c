#include "keys/federation_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"

#define NOW_MS 1795000000000LL

static struct seeded_rng state;
static struct rng rng;

static struct federation_plan small_plan(const struct suite *suite)
{
    seeded_rng_init(&state, 11);
    rng = seeded_rng(&state);
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

static struct trust *admit(const struct suite *suite, const struct made_federation *made)
{
    struct trust *trust = NULL;
    char reason[160];

    if (made_federation_admit(suite, made, &trust, reason) != HL_OK)
        fail_msg("refused: %s", reason);
    return trust;
}

static void made_federation_is_admitted_with_real_signatures(void **unused)
{
    struct federation_plan plan = small_plan(suite_real());
    AUTO(made_federation) made = make(&plan);
    AUTO(trust) trust = admit(suite_real(), made);

    (void)unused;
    assert_true(trust->is_sandbox);
    assert_int_equal(trust->entity_count, 2);
    assert_int_equal(trust->relay_count, 2);
    assert_int_equal(trust_stale_hours(trust, NOW_MS), 0);
    assert_memory_equal(trust->ns, made->ns, NS_BYTES);
    assert_memory_equal(trust->root_hash, made->root_hash, HASH_BYTES);
}

static void largest_federation_is_admitted(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());

    (void)unused;
    for (size_t i = 0; i < MADE_STATES_MAX; i++)
        (void)snprintf(plan.codes[i], 4, "XZ%c", (char)('A' + i));
    plan.state_count = MADE_STATES_MAX;
    plan.relay_count = MADE_RELAYS_MAX;
    plan.officer_count = MADE_OFFICERS_MAX;
    plan.device_count = MADE_DEVICES_MAX;
    plan.port_base = UINT16_MAX - MADE_RELAYS_MAX + 1;
    AUTO(made_federation) made = make(&plan);
    AUTO(trust) trust = admit(suite_fake(), made);
    for (size_t i = 0; i < trust->entity_count; i++)
        assert_int_equal(trust->entities[i].roster->cert_count,
                         MADE_DEVICES_MAX + MADE_OFFICERS_MAX);
}

static void same_randomness_makes_the_same_federation(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) first = make(&plan);
    plan = small_plan(suite_fake());
    AUTO(made_federation) second = make(&plan);

    (void)unused;
    assert_true(bytes_equal(bytes_blob(first->root), bytes_blob(second->root)));
    assert_true(bytes_equal(bytes_blob(first->timestamp), bytes_blob(second->timestamp)));
    assert_true(
        bytes_equal(bytes_blob(first->states[1].roster), bytes_blob(second->states[1].roster)));
    AUTO(made_federation) third = make(&plan); /* the generator has moved on */
    assert_false(bytes_equal(bytes_blob(first->root), bytes_blob(third->root)));
}

static void secrets_fit_the_documents(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    AUTO(trust) trust = admit(suite_fake(), made);

    (void)unused;
    for (size_t i = 0; i < made->state_count; i++) {
        const struct made_state *one = &made->states[i];
        const struct entity *entity = trust_entity_by_code(trust, one->code);
        const struct desk_id desk = {.kind = 2};
        uint8_t pk[32];
        uint8_t sk[SIGN_SK_BYTES];

        assert_memory_equal(entity->id, one->entity, ID_BYTES);
        suite_fake()->sign_keypair(one->devices[0].seed, pk, sk);
        struct desk_id own = desk;
        memcpy(own.entity, entity->id, ID_BYTES);
        const struct cert *device = trust_device_no(trust, &own, 1);
        assert_non_null(device);
        assert_memory_equal(device->sign_pk, pk, 32);
        assert_int_equal(device->roles, ROLE_BIT_AUTO | ROLE_BIT_DESK);
        for (size_t k = 0; k < 2; k++) {
            uint8_t id[ID_BYTES];

            suite_fake()->sign_keypair(one->officers[k].seed, pk, sk);
            key_id_of(pk, id);
            const struct cert *officer = trust_cert(trust, entity->id, id);
            assert_non_null(officer);
            assert_int_equal(officer->roles, ROLE_BIT_COMPOSE | ROLE_BIT_RELEASE | ROLE_BIT_ACK);
        }
        assert_memory_not_equal(entity->roster->certs[1].person, entity->roster->certs[2].person,
                                ID_BYTES);
    }
}

static void deadlines_and_release_rules_are_those_of_the_domain(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    AUTO(trust) trust = admit(suite_fake(), made);
    const struct precedence_rule *flash = &trust->rules[4];
    const struct precedence_rule *routine = &trust->rules[1];
    const struct roster *roster = trust->entities[0].roster;

    (void)unused;
    assert_int_equal(flash->custody_s, 5);
    assert_int_equal(flash->delivered_s, 30);
    assert_int_equal(flash->opened_s, 180);
    assert_int_equal(flash->ack_s, 600);
    assert_int_equal(flash->nondelivery_s, 60);
    assert_int_equal(trust->rules[3].ack_s, 1800);
    assert_int_equal(trust->rules[2].ack_s, 3 * 3600);
    assert_int_equal(routine->ack_s, 24 * 3600);
    assert_int_equal(routine->answer_s, 30 * 24 * 3600);
    assert_int_equal(roster->release_min[1], 1);
    assert_int_equal(roster->release_min[2], 1);
    assert_int_equal(roster->release_min[3], 2);
    assert_int_equal(roster->release_min[4], 2);
    assert_int_equal(roster->single_person_max, HOTLINE__V1__PRECEDENCE__PRIORITY);
    assert_int_equal(roster->release_devices_min, 1);
}

static void expect_plan_refused(struct federation_plan plan, int wanted)
{
    struct made_federation *made = NULL;

    assert_int_equal(federation_make(&plan, &made), wanted);
    assert_null(made);
}

static void plan_out_of_range_is_refused(void **unused)
{
    const struct federation_plan good = small_plan(suite_fake());
    const struct {
        size_t offset, max;
    } counts[] = {{offsetof(struct federation_plan, state_count), MADE_STATES_MAX},
                  {offsetof(struct federation_plan, relay_count), MADE_RELAYS_MAX},
                  {offsetof(struct federation_plan, officer_count), MADE_OFFICERS_MAX},
                  {offsetof(struct federation_plan, device_count), MADE_DEVICES_MAX}};

    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        struct federation_plan plan = good;
        size_t none = 0;
        size_t many = counts[i].max + 1;

        memcpy((uint8_t *)&plan + counts[i].offset, &none, sizeof(none));
        expect_plan_refused(plan, HL_EINVAL);
        memcpy((uint8_t *)&plan + counts[i].offset, &many, sizeof(many));
        expect_plan_refused(plan, HL_EINVAL);
    }
    static const char *const codes[] = {"FRA", "X1A", "XA1", "XAa", "XBB", ""};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct federation_plan plan = good;

        (void)snprintf(plan.codes[0], 4, "%s", codes[i]);
        expect_plan_refused(plan, HL_EINVAL);
    }
    struct federation_plan plan = good;
    plan.port_base = 0;
    expect_plan_refused(plan, HL_EINVAL);
    plan.port_base = UINT16_MAX; /* the second relay has no port */
    expect_plan_refused(plan, HL_EINVAL);
    plan = good;
    plan.now_ms = 1000;
    expect_plan_refused(plan, HL_EFORMAT);
}

static void expect_flips_refused(struct made_federation *made, const char *name,
                                 struct blob *document)
{
    for (size_t i = 0; i < document->len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct trust *trust = NULL;
            char reason[160];

            document->data[i] ^= (uint8_t)(1U << bit);
            int err = made_federation_admit(suite_fake(), made, &trust, reason);
            document->data[i] ^= (uint8_t)(1U << bit);
            if (err == HL_OK || !reason[0])
                fail_msg("%s, octet %zu, bit %u: admitted, or no reason", name, i, bit);
        }
    }
}

static void every_flipped_bit_of_every_document_is_refused(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    plan.officer_count = 1;
    AUTO(made_federation) made = make(&plan);

    (void)unused;
    expect_flips_refused(made, "root", made->root);
    expect_flips_refused(made, "directory", made->directory);
    expect_flips_refused(made, "timestamp", made->timestamp);
    for (size_t i = 0; i < 2; i++) {
        expect_flips_refused(made, "national root", made->states[i].national_root);
        expect_flips_refused(made, "roster", made->states[i].roster);
    }
}

static void every_truncated_document_is_refused(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    struct blob *documents[] = {made->root, made->directory, made->timestamp,
                                made->states[0].national_root, made->states[0].roster};

    (void)unused;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        size_t whole = documents[i]->len;

        for (size_t len = 0; len < whole; len++) {
            struct trust *trust = NULL;
            char reason[160];

            documents[i]->len = len;
            assert_int_not_equal(made_federation_admit(suite_fake(), made, &trust, reason), HL_OK);
            assert_true(reason[0] != '\0');
        }
        documents[i]->len = whole;
    }
}

/* Admit with zeros of this length in place of the document. */
static void expect_length_refused(struct made_federation *made, struct blob **document, size_t len,
                                  const char *wanted)
{
    struct blob *good = *document;
    struct trust *trust = NULL;
    char reason[160];

    assert_int_equal(blob_new(len, document), HL_OK);
    assert_int_not_equal(made_federation_admit(suite_fake(), made, &trust, reason), HL_OK);
    assert_string_equal(reason, wanted);
    blob_free(*document);
    *document = good;
}

static void document_over_its_limit_or_missing_is_refused(void **unused)
{
    struct federation_plan plan = small_plan(suite_fake());
    AUTO(made_federation) made = make(&plan);
    const size_t directory_max = (size_t)1 << 20;
    const size_t roster_max = (size_t)256 << 10;

    (void)unused;
    expect_length_refused(made, &made->directory, directory_max + 1,
                          "directory: is larger than 1 MiB");
    expect_length_refused(made, &made->directory, directory_max,
                          "directory: signed object is not canonical, or a key signs twice");
    expect_length_refused(made, &made->states[0].roster, roster_max + 1,
                          "roster: is larger than 256 KiB");
    expect_length_refused(made, &made->root, 0, "root: missing");
    expect_length_refused(made, &made->directory, 0, "directory: missing");
    expect_length_refused(made, &made->timestamp, 0, "timestamp: missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_federation_is_admitted_with_real_signatures),
        cmocka_unit_test(largest_federation_is_admitted),
        cmocka_unit_test(same_randomness_makes_the_same_federation),
        cmocka_unit_test(secrets_fit_the_documents),
        cmocka_unit_test(deadlines_and_release_rules_are_those_of_the_domain),
        cmocka_unit_test(plan_out_of_range_is_refused),
        cmocka_unit_test(every_flipped_bit_of_every_document_is_refused),
        cmocka_unit_test(every_truncated_document_is_refused),
        cmocka_unit_test(document_over_its_limit_or_missing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
