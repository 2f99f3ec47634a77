#include <stdlib.h>
#include <string.h>

#include "tests/support/admit_cases.h"
#include "tests/support/cmocka_all.h"

#define DAY (24LL * 3600 * 1000)

static const uint8_t ones[32] = {1, 1, 1, 1};
static const uint8_t zeros[32];

ALTER(roster_of_another_ns, papers_set(&p->roster[0]->ns, ones, 32))
ALTER(roster_of_nobody, papers_set(&p->roster[0]->entity, ones, 16))
ALTER(roster_of_another_national_root, p->roster[0]->national_root_version = 2)
ALTER(roster_expires_at_once, p->roster[0]->expires_ms = p->roster[0]->issued_ms)
ALTER(roster_lives_90_days, p->roster[0]->expires_ms = p->roster[0]->issued_ms + 90 * DAY)
ALTER(roster_lives_longer, p->roster[0]->expires_ms = p->roster[0]->issued_ms + 90 * DAY + 1)
ALTER(roster_1_with_a_predecessor, papers_set(&p->roster[0]->prev_hash, ones, 32))
ALTER(roster_newer_than_the_timestamp, p->keeps_roster_hash = true; p->roster[0]->version = 2)
ALTER(roster_older_than_the_timestamp, p->timestamp->rosters[0]->version = 2)
ALTER(roster_forked, p->keeps_roster_hash = true; p->roster[0]->issued_ms++)
ALTER(roster_comes_twice, p->has_roster_twice = true)
ALTER(roster_signed_by_one, p->roster_signers = 1)
ALTER(roster_signed_by_all, p->roster_signers = 3)
ALTER(roster_signed_twice_by_one, p->roster_key_signs_twice = true)
ALTER(roster_counts_one_more, p->keeps_tree = true; p->roster[0]->cert_count++)
ALTER(roster_of_another_tree, p->keeps_tree = true; p->roster[0]->certs_root.data[0] ^= 1)
ALTER(release_rules_in_another_order,
      p->roster[0]->release_min[0]->precedence = HOTLINE__V1__PRECEDENCE__PRIORITY)
ALTER(desk_stands_twice, Hotline__V1__NationalRoster *one = p->roster[0];
      Hotline__V1__NationalRoster *other = p->roster[1];
      one->desks = realloc(one->desks, 2 * sizeof(one->desks[0])); one->desks[1] = other->desks[0];
      one->n_desks = 2; other->n_desks = 0)

static void roster_is_refused_for_the_rule_it_breaks(void **unused)
{
    static const struct admit_case cases[] = {
        CASE(roster_of_another_ns, "roster: belongs to another namespace"),
        CASE(roster_of_nobody, "roster: its State is not"),
        CASE(roster_of_another_national_root, "roster: belongs to another namespace"),
        CASE(roster_expires_at_once, "roster: lives too long"),
        CASE(roster_lives_90_days, ""),
        CASE(roster_lives_longer, "roster: lives too long"),
        CASE(roster_1_with_a_predecessor, "roster: version 1 has a predecessor"),
        CASE(roster_newer_than_the_timestamp, ""),
        CASE(roster_older_than_the_timestamp, "roster: is older than"),
        CASE(roster_forked, "roster: FORK"),
        CASE(roster_comes_twice, "roster: a State has two"),
        CASE(roster_signed_by_one, "roster: too few signatures"),
        CASE(roster_signed_by_all, ""),
        CASE(roster_signed_twice_by_one, "roster: a key signs twice"),
        CASE(roster_counts_one_more, "roster: number of certificates"),
        CASE(roster_of_another_tree, "roster: certificates are not those"),
        CASE(release_rules_in_another_order, "roster: release rules"),
        CASE(desk_stands_twice, "roster: desks do not ascend"),
    };

    (void)unused;
    assert_int_equal(admit_cases_failed(cases, sizeof(cases) / sizeof(cases[0])), 0);
}

/* --- certificates ------------------------------------------------------------------------------- */
#define DEVICE       (p->certs[0][0])
#define DEVICE_2     (p->certs[0][1])
#define OFFICER      (p->certs[0][2])
#define DEVICE_SEED  (p->made->states[0].devices[0].seed)
#define OFFICER_SEED (p->made->states[0].officers[0].seed)

ALTER(cert_of_another_ns, papers_set(&OFFICER->ns, ones, 32); papers_prove(OFFICER, OFFICER_SEED))
ALTER(cert_of_another_state, papers_set(&OFFICER->entity, p->made->states[1].entity, 16);
      papers_prove(OFFICER, OFFICER_SEED))
ALTER(device_of_no_role_but_auto, DEVICE->roles = ROLE_BIT_AUTO)
ALTER(device_of_monitor_and_desk, DEVICE->roles |= ROLE_BIT_MONITOR)
ALTER(device_that_is_not_auto, DEVICE->roles = ROLE_BIT_DESK)
ALTER(device_that_releases, DEVICE->roles |= ROLE_BIT_RELEASE)
ALTER(device_that_monitors, DEVICE->roles = ROLE_BIT_AUTO | ROLE_BIT_MONITOR)
ALTER(officer_that_is_auto, OFFICER->roles |= ROLE_BIT_AUTO)
ALTER(officer_of_all_roles, OFFICER->roles = 15)
ALTER(device_without_transport_key, papers_set(&DEVICE->noise_static, NULL, 0);
      papers_prove(DEVICE, DEVICE_SEED))
ALTER(device_with_a_person, papers_set(&DEVICE->person, ones, 16))
ALTER(device_without_number, DEVICE->device_no = 0)
ALTER(device_number_stands_twice, DEVICE_2->device_no = DEVICE->device_no)
ALTER(device_number_in_another_desk, DEVICE_2->device_no = DEVICE->device_no;
      DEVICE_2->desks[0] = HOTLINE__V1__DESK_KIND__POLITICAL)
ALTER(officer_with_a_transport_key, papers_set(&OFFICER->noise_static, ones, 32);
      papers_prove(OFFICER, OFFICER_SEED))
ALTER(officer_with_a_device_number, OFFICER->device_no = 3)
ALTER(officer_without_person, papers_set(&OFFICER->person, NULL, 0))

static void give_desks(Hotline__V1__Cert *cert, Hotline__V1__DeskKind one,
                       Hotline__V1__DeskKind two)
{
    cert->desks = realloc(cert->desks, 2 * sizeof(cert->desks[0]));
    cert->desks[0] = one;
    cert->desks[1] = two;
    cert->n_desks = 2;
}
ALTER(device_of_two_desks, give_desks(DEVICE, 1, 2))
ALTER(officer_of_two_desks, give_desks(OFFICER, 1, 2))
ALTER(officer_of_descending_desks, give_desks(OFFICER, 2, 1))
ALTER(officer_of_one_desk_twice, give_desks(OFFICER, 2, 2))
ALTER(cert_lives_400_days, OFFICER->not_after_ms = OFFICER->not_before_ms + 400 * DAY)
ALTER(cert_lives_longer, OFFICER->not_after_ms = OFFICER->not_before_ms + 400 * DAY + 1)
ALTER(cert_ends_at_its_beginning, OFFICER->not_after_ms = OFFICER->not_before_ms)
ALTER(serial_stands_twice, OFFICER->serial = DEVICE_2->serial)
ALTER(serial_descends, OFFICER->serial = 9)
ALTER(key_has_two_certs, (void)papers_add_cert(p, 0, OFFICER))
ALTER(possession_is_not_proved, OFFICER->pop.data[0] ^= 1)
ALTER(possession_of_another_key, papers_set(&OFFICER->pop, DEVICE->pop.data, 64))
ALTER(possession_of_another_transport_key, papers_set(&DEVICE->noise_static, ones, 32))
ALTER(possession_as_another_kind, OFFICER->kind = HOTLINE__V1__CERT_KIND__CERT_DEVICE;
      papers_prove(OFFICER, OFFICER_SEED); OFFICER->kind = HOTLINE__V1__CERT_KIND__CERT_OFFICER)
ALTER(key_of_another_state, papers_prove(p->certs[1][2], OFFICER_SEED))
ALTER(key_of_a_relay, papers_prove(OFFICER, p->made->relays[1].seed))
ALTER(key_of_a_relays_log, papers_prove(OFFICER, p->made->relays[1].log_seed))
ALTER(transport_key_of_another_state,
      papers_set(&DEVICE->noise_static, p->certs[1][0]->noise_static.data, 32);
      papers_prove(DEVICE, DEVICE_SEED))
ALTER(key_is_no_point, papers_set(&OFFICER->sign_pk, zeros, 32))
ALTER(one_cert_more, Hotline__V1__Cert *cert = papers_add_cert(p, 0, OFFICER);
      papers_prove(cert, ones))

static void certificate_is_refused_for_the_rule_it_breaks(void **unused)
{
    static const struct admit_case cases[] = {
        CASE(cert_of_another_ns, "roster: a certificate belongs to another"),
        CASE(cert_of_another_state, "roster: a certificate belongs to another"),
        CASE(device_of_no_role_but_auto, "roster: roles of a certificate"),
        CASE(device_of_monitor_and_desk, "roster: roles of a certificate"),
        CASE(device_that_is_not_auto, "roster: roles of a certificate"),
        CASE(device_that_releases, "roster: roles of a certificate"),
        CASE(device_that_monitors, ""),
        CASE(officer_that_is_auto, "roster: roles of a certificate"),
        CASE(officer_of_all_roles, ""),
        CASE(device_without_transport_key, "roster: fields of a device's"),
        CASE(device_with_a_person, "roster: fields of a device's"),
        CASE(device_without_number, "roster: fields of a device's"),
        CASE(device_number_stands_twice, "roster: a device number stands twice"),
        CASE(device_number_in_another_desk, ""),
        CASE(device_of_two_desks, "roster: fields of a device's"),
        CASE(officer_with_a_transport_key, "roster: fields of an officer's"),
        CASE(officer_with_a_device_number, "roster: fields of an officer's"),
        CASE(officer_without_person, "roster: fields of an officer's"),
        CASE(officer_of_two_desks, ""),
        CASE(officer_of_descending_desks, "roster: desks of a certificate"),
        CASE(officer_of_one_desk_twice, "roster: desks of a certificate"),
        CASE(cert_lives_400_days, ""),
        CASE(cert_lives_longer, "roster: a certificate lives too long"),
        CASE(cert_ends_at_its_beginning, "roster: a certificate lives too long"),
        CASE(serial_stands_twice, "roster: serials do not ascend"),
        CASE(serial_descends, "roster: serials do not ascend"),
        CASE(key_has_two_certs, "roster: a key has two certificates"),
        CASE(possession_is_not_proved, "roster: possession"),
        CASE(possession_of_another_key, "roster: possession"),
        CASE(possession_of_another_transport_key, "roster: possession"),
        CASE(possession_as_another_kind, "roster: possession"),
        CASE(key_of_another_state, "roster: a certificate's key is in another State's roster"),
        CASE(key_of_a_relay, "roster: a certificate's key is a relay's"),
        CASE(key_of_a_relays_log, "roster: a certificate's key is a relay's"),
        CASE(transport_key_of_another_state, ""),
        CASE(key_is_no_point, "roster: a certificate's key is no valid point"),
        CASE(one_cert_more, ""),
    };

    (void)unused;
    assert_int_equal(admit_cases_failed(cases, sizeof(cases) / sizeof(cases[0])), 0);
}

/* PROTOCOL.directory.md: refusing would let a State mute another by copying its key. */
static void channel_key_that_stands_twice_is_admitted_and_noted(void **unused)
{
    struct papers *p = papers_open();
    AUTO(trust) trust = NULL;
    char reason[160];

    (void)unused;
    assert_int_equal(papers_admit(p, &trust, reason), HL_OK);
    assert_null(trust_note(trust, 0));
    trust_free(MOVE(trust));
    trust = NULL;
    papers_set(&DEVICE->noise_static, p->certs[1][0]->noise_static.data, 32);
    papers_prove(DEVICE, DEVICE_SEED);
    assert_int_equal(papers_admit(p, &trust, reason), HL_OK);
    assert_non_null(trust->entities[0].roster);
    assert_non_null(trust->entities[1].roster);
    assert_non_null(strstr(trust_note(trust, 0), "roster: the channel key of a terminal of "));
    assert_null(trust_note(trust, 1));
    papers_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roster_is_refused_for_the_rule_it_breaks),
        cmocka_unit_test(certificate_is_refused_for_the_rule_it_breaks),
        cmocka_unit_test(channel_key_that_stands_twice_is_admitted_and_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
