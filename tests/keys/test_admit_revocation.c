#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/papers.h"

#define NATIONAL(p)     ((const uint8_t(*)[32])(p)->made->states[0].national_seed)
#define OFFICER_SEED(p) ((const uint8_t(*)[32]) & (p)->made->states[0].officers[0].seed)
#define AT_MS           (PAPERS_NOW_MS - 5000)
#define NOTE_MISSING    "roster: REVOCATIONS MISSING"
enum { OFFICER = 2 };

static struct papers *papers;
static uint8_t key_ids[PAPERS_CERTS][ID_BYTES];

static int open_papers(void **unused)
{
    (void)unused;
    papers = papers_open();
    for (size_t i = 0; i < papers->cert_count[0]; i++)
        key_id_of(papers->certs[0][i]->sign_pk.data, key_ids[i]);
    return 0;
}

static int close_papers(void **unused)
{
    (void)unused;
    papers_close(papers);
    return 0;
}

/* Of State 0's certificate `cert`, national form: an hour back. */
static Hotline__V1__Revocation revocation_of(size_t cert)
{
    Hotline__V1__Revocation revocation = HOTLINE__V1__REVOCATION__INIT;

    revocation.ns = (ProtobufCBinaryData){NS_BYTES, papers->made->ns};
    revocation.entity = (ProtobufCBinaryData){ID_BYTES, papers->made->states[0].entity};
    revocation.key_id = (ProtobufCBinaryData){ID_BYTES, key_ids[cert]};
    revocation.cert_serial = papers->certs[0][cert]->serial;
    revocation.invalid_since_ms = AT_MS - 3600000;
    revocation.at_ms = AT_MS;
    revocation.reason = HOTLINE__V1__REV_REASON__REV_COMPROMISED;
    return revocation;
}

static void expect_refused(const char *wanted)
{
    char reason[160];

    assert_int_not_equal(papers_admit(papers, NULL, reason), HL_OK);
    if (strncmp(reason, wanted, strlen(wanted)) != 0)
        fail_msg("wanted \"%s\", was \"%s\"", wanted, reason);
}

/* Admitted; the officer's certificate is revoked since `since`, and the reason begins with `note`. */
static bool is_one_of(const struct papers *from, struct bytes octets)
{
    for (size_t i = 0; i < from->revocation_count[0]; i++) {
        if (bytes_equal(bytes_blob(from->revocations[0][i]), octets))
            return true;
    }
    return false;
}

static void expect_revoked_since(int64_t since, const char *note)
{
    AUTO(trust) trust = NULL;
    char reason[160];

    int err = papers_admit(papers, &trust, reason);
    if (err != HL_OK)
        fail_msg("refused: %s", reason);
    const struct cert *cert = trust_cert(trust, papers->made->states[0].entity, key_ids[OFFICER]);
    assert_int_equal(cert->revoked_since_ms, since);
    assert_true((cert->signed_revocation.len > 0) == (since != 0));
    for (size_t i = 0; i < trust->entities[0].roster->cert_count; i++) {
        if (i != OFFICER)
            assert_int_equal(trust->entities[0].roster->certs[i].revoked_since_ms, 0);
    }
    if (since != 0) /* the one that counts is kept as it came, for evidence */
        assert_true(is_one_of(papers, cert->signed_revocation));
    assert_int_equal(trust->entities[0].roster->revocations_missing, note[0] != '\0');
    const char *told = trust_note(trust, 0) ? trust_note(trust, 0) : "";
    assert_int_equal(strncmp(told, note, strlen(note)), 0);
    assert_true(note[0] || !told[0]);
    assert_string_equal(reason, "");
}

static void national_revocation_reaches_back(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    papers_revoke(papers, 0, &revocation, NATIONAL(papers), 2);
    expect_revoked_since(AT_MS - 3600000, "");
}

static void key_revokes_itself_from_now_on(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    revocation.invalid_since_ms = AT_MS;
    papers_revoke(papers, 0, &revocation, OFFICER_SEED(papers), 1);
    expect_revoked_since(AT_MS, "");
}

static void key_revokes_itself_also_beside_one_of_its_states_keys(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);
    uint8_t seeds[2][32];

    (void)unused;
    revocation.invalid_since_ms = AT_MS;
    memcpy(seeds[0], papers->made->states[0].national_seed[0], 32);
    memcpy(seeds[1], papers->made->states[0].officers[0].seed, 32);
    papers_revoke(papers, 0, &revocation, (const uint8_t(*)[32])seeds, 2);
    expect_revoked_since(AT_MS, "");
}

static void key_cannot_revoke_itself_in_the_past(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    papers_revoke(papers, 0, &revocation, OFFICER_SEED(papers), 1);
    expect_refused("roster: a key's own revocation reaches back");
}

static void one_national_key_cannot_revoke(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    papers_revoke(papers, 0, &revocation, NATIONAL(papers), 1);
    expect_refused("roster: a revocation is not signed");
}

/* Revocations stand beside what the State signs: whoever carries a roster can add one that is none. */
static void bad_revocation_is_left_out_and_its_roster_stays(void **unused)
{
    Hotline__V1__Revocation good = revocation_of(OFFICER);
    Hotline__V1__Revocation bad = revocation_of(OFFICER + 1);
    AUTO(trust) trust = NULL;
    char reason[160];

    (void)unused;
    papers->leaves_out = true;
    papers_revoke(papers, 0, &good, NATIONAL(papers), 2);
    papers_revoke(papers, 0, &bad, NATIONAL(papers), 1);
    assert_int_equal(papers_admit(papers, &trust, reason), HL_OK);
    const struct roster *roster = trust->entities[0].roster;
    assert_non_null(roster);
    assert_true(roster->certs[OFFICER].revoked_since_ms != 0);
    assert_int_equal(roster->certs[OFFICER + 1].revoked_since_ms, 0);
    assert_int_equal(trust->left_out_count, 1);
    assert_non_null(
        strstr(trust_note(trust, 0), "is left out: roster: a revocation is not signed"));
    assert_non_null(strstr(trust_note(trust, 0), "revocation 2 of "));
    assert_null(trust_note(trust, 1));
}

static void another_officer_cannot_revoke(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    revocation.invalid_since_ms = AT_MS;
    papers_revoke(papers, 0, &revocation,
                  (const uint8_t(*)[32]) & papers->made->states[0].officers[1].seed, 1);
    expect_refused("roster: a revocation is not signed");
}

static void other_states_national_keys_cannot_revoke(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    papers_revoke(papers, 0, &revocation,
                  (const uint8_t(*)[32])papers->made->states[1].national_seed, 2);
    expect_refused("roster: a revocation is not signed");
}

static void revocation_of_another_state_or_ns_is_refused(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);
    uint8_t other[NS_BYTES] = {1};

    (void)unused;
    revocation.entity.data = papers->made->states[1].entity;
    papers_revoke(papers, 0, &revocation, NATIONAL(papers), 2);
    expect_refused("roster: a revocation belongs to another State");
    papers->revocation_count[0] = 0;
    blob_free(papers->revocations[0][0]);
    revocation = revocation_of(OFFICER);
    revocation.ns.data = other;
    papers_revoke(papers, 0, &revocation, NATIONAL(papers), 2);
    expect_refused("roster: a revocation belongs to another State");
}

static void revocation_cannot_begin_after_it_was_made(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    revocation.invalid_since_ms = AT_MS + 1;
    papers_revoke(papers, 0, &revocation, NATIONAL(papers), 2);
    expect_refused("roster: a revocation begins after");
}

static void revocations_ascend_by_serial(void **unused)
{
    Hotline__V1__Revocation first = revocation_of(OFFICER);
    Hotline__V1__Revocation second = revocation_of(OFFICER - 1);

    (void)unused;
    papers_revoke(papers, 0, &first, NATIONAL(papers), 2);
    papers_revoke(papers, 0, &second, NATIONAL(papers), 2);
    expect_refused("roster: revocations do not ascend");
}

static void earliest_of_two_revocations_of_a_key_counts(void **unused)
{
    Hotline__V1__Revocation national = revocation_of(OFFICER);
    Hotline__V1__Revocation own = revocation_of(OFFICER);

    (void)unused;
    own.invalid_since_ms = AT_MS;
    papers_revoke(papers, 0, &national, NATIONAL(papers), 2);
    papers_revoke(papers, 0, &own, OFFICER_SEED(papers), 1);
    expect_revoked_since(AT_MS - 3600000, "");
}

static void revocation_of_another_serial_leaves_the_certificate_alone(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    revocation.cert_serial = 77;
    papers_revoke(papers, 0, &revocation, NATIONAL(papers), 2);
    expect_revoked_since(0, "");
}

static void revocation_of_nine_signatures_is_refused(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);
    uint8_t seeds[9][32] = {{0}};

    (void)unused;
    memcpy(seeds, papers->made->states[0].national_seed, 64);
    for (uint8_t i = 2; i < 9; i++)
        seeds[i][0] = i;
    papers_revoke(papers, 0, &revocation, (const uint8_t(*)[32])seeds, 9);
    expect_refused("roster: a revocation has more than 8");
    papers->revocation_count[0] = 0;
    blob_free(papers->revocations[0][0]);
    papers_revoke(papers, 0, &revocation, (const uint8_t(*)[32])seeds, 8);
    expect_revoked_since(AT_MS - 3600000, "");
}

/* The threshold counts keys, not signatures; yet whoever signs twice has not followed the form. */
static void revocation_that_a_key_signs_twice_is_refused(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);
    uint8_t seeds[3][32];

    (void)unused;
    memcpy(seeds, papers->made->states[0].national_seed, 64);
    memcpy(seeds[2], seeds[1], 32);
    papers_revoke(papers, 0, &revocation, (const uint8_t(*)[32])seeds, 3);
    expect_refused("roster: a revocation has more than 8");
}

static void missing_revocations_are_told_and_the_roster_is_loaded(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);

    (void)unused;
    papers->roster[0]->revocation_count = 1;
    expect_revoked_since(0, NOTE_MISSING);
    papers->roster[0]->revocation_count = 0;
    papers->timestamp->rosters[0]->revocations = 2;
    papers_revoke(papers, 0, &revocation, NATIONAL(papers), 2);
    expect_revoked_since(AT_MS - 3600000, NOTE_MISSING);
    papers->timestamp->rosters[0]->revocations = 1;
    expect_revoked_since(AT_MS - 3600000, "");
}

static void revocation_that_nobody_here_can_judge_does_not_count(void **unused)
{
    Hotline__V1__Revocation revocation = revocation_of(OFFICER);
    static const uint8_t stranger[1][32] = {{9}};

    (void)unused;
    revocation.cert_serial = 77;
    revocation.invalid_since_ms = AT_MS;
    papers->roster[0]->revocation_count = 1;
    papers_revoke(papers, 0, &revocation, stranger, 1);
    expect_revoked_since(0, NOTE_MISSING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_papers, close_papers)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(national_revocation_reaches_back),
        TEST(key_revokes_itself_from_now_on),
        TEST(key_cannot_revoke_itself_in_the_past),
        TEST(one_national_key_cannot_revoke),
        TEST(bad_revocation_is_left_out_and_its_roster_stays),
        TEST(another_officer_cannot_revoke),
        TEST(other_states_national_keys_cannot_revoke),
        TEST(revocation_of_another_state_or_ns_is_refused),
        TEST(revocation_cannot_begin_after_it_was_made),
        TEST(revocations_ascend_by_serial),
        TEST(earliest_of_two_revocations_of_a_key_counts),
        TEST(revocation_of_another_serial_leaves_the_certificate_alone),
        TEST(revocation_of_nine_signatures_is_refused),
        TEST(revocation_that_a_key_signs_twice_is_refused),
        TEST(key_revokes_itself_also_beside_one_of_its_states_keys),
        TEST(missing_revocations_are_told_and_the_roster_is_loaded),
        TEST(revocation_that_nobody_here_can_judge_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
