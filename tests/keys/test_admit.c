#include <stdlib.h>
#include <string.h>

#include "tests/support/admit_cases.h"
#include "tests/support/cmocka_all.h"

#define DAY (24LL * 3600 * 1000)

static const uint8_t ones[32] = {1, 1, 1, 1};
static const uint8_t zeros[32];

static void swap(void *left, void *right, size_t size)
{
    uint8_t kept[64];

    memcpy(kept, left, size);
    memcpy(left, right, size);
    memcpy(right, kept, size);
}
#define SWAP(left, right) swap(&(left), &(right), sizeof(left))

ALTER(nothing, (void)p)

/* --- root --------------------------------------------------------------------------------------- */
ALTER(root_of_version_2, p->root->version = 2)
ALTER(root_with_a_namespace, papers_set(&p->root->ns, ones, 32))
ALTER(root_with_a_predecessor, papers_set(&p->root->prev_hash, ones, 32))
ALTER(root_of_a_newer_suite, p->root->min_suite = 2)
ALTER(root_expires_at_once, p->root->expires_ms = p->root->issued_ms)
ALTER(root_lives_1100_days, p->root->expires_ms = p->root->issued_ms + 1100 * DAY)
ALTER(root_lives_longer, p->root->expires_ms = p->root->issued_ms + 1100 * DAY + 1)
ALTER(root_roles_are_swapped, SWAP(p->root->roles[0], p->root->roles[1]))
ALTER(root_role_stands_twice, p->root->roles[1]->role = HOTLINE__V1__ROOT_ROLE__ROLE_ROOT)
ALTER(root_threshold_over_the_keys, p->root->roles[0]->threshold = 4)
ALTER(root_threshold_0, p->root->roles[0]->threshold = 0)
ALTER(timestamp_threshold_0, p->root->roles[2]->threshold = 0)
ALTER(witness_threshold_over_the_keys, p->root->roles[3]->threshold = 1)
ALTER(root_keys_descend, SWAP(p->root->roles[0]->keys[0], p->root->roles[0]->keys[1]))
ALTER(root_key_twice_in_a_role,
      papers_set(&p->root->roles[0]->keys[1], p->root->roles[0]->keys[0].data, 32))
ALTER(root_key_in_two_roles, p->root->roles[3]->n_keys = 1;
      p->root->roles[3]->keys = calloc(1, sizeof(ProtobufCBinaryData));
      papers_set(&p->root->roles[3]->keys[0], p->root->roles[0]->keys[2].data, 32))
ALTER(root_key_is_no_point, papers_set(&p->root->roles[0]->keys[0], zeros, 32))
ALTER(root_signed_by_one, p->root_signers = 1)
ALTER(root_signed_by_all, p->root_signers = 3)

static void leave_sandbox(struct papers *p, uint32_t root, uint32_t directory, uint32_t timestamp)
{
    p->root->sandbox = false;
    p->root_signers = p->directory_signers = 3;
    p->timestamp_signers = 2;
    p->root->roles[0]->threshold = root;
    p->root->roles[1]->threshold = directory;
    p->root->roles[2]->threshold = timestamp;
    papers_rename(p);
}
ALTER(fictitious_codes_outside_a_sandbox, leave_sandbox(p, 3, 3, 2))
ALTER(real_federation_with_least_thresholds, leave_sandbox(p, 3, 3, 2);
      papers_set_text(&p->directory->entities[0]->code, "AUT");
      papers_set_text(&p->directory->entities[1]->code, "KEN");
      papers_set_text(&p->directory->entities[2]->code, "ZAF"))
ALTER(real_root_with_2_root_keys, leave_sandbox(p, 2, 3, 2))
ALTER(real_root_with_2_directory_keys, leave_sandbox(p, 3, 2, 2))
ALTER(real_root_with_1_timestamp_key, leave_sandbox(p, 3, 3, 1))

/* A root that is good has another namespace after an alteration, and the directory is the next to be refused. */
#define GOOD_ROOT "directory: belongs to another namespace"

static void root_is_refused_for_the_rule_it_breaks(void **unused)
{
    static const struct admit_case cases[] = {
        CASE(nothing, ""),
        CASE(root_of_version_2, "root: only version 1"),
        CASE(root_with_a_namespace, "root: only version 1"),
        CASE(root_with_a_predecessor, "root: prev_hash or min_suite"),
        CASE(root_of_a_newer_suite, "root: prev_hash or min_suite"),
        CASE(root_expires_at_once, "root: lives too long"),
        CASE(root_lives_1100_days, GOOD_ROOT),
        CASE(root_lives_longer, "root: lives too long"),
        CASE(root_roles_are_swapped, "root: roles are not 1 to 4"),
        CASE(root_role_stands_twice, "root: roles are not 1 to 4"),
        CASE(root_threshold_over_the_keys, "root: threshold of a role"),
        CASE(root_threshold_0, "root: threshold of a role"),
        CASE(timestamp_threshold_0, "root: threshold of a role"),
        CASE(witness_threshold_over_the_keys, "root: threshold of a role"),
        CASE(root_keys_descend, "root: keys of a role do not ascend"),
        CASE(root_key_twice_in_a_role, "root: keys of a role do not ascend"),
        CASE(root_key_in_two_roles, "root: a key has two roles"),
        CASE(root_key_is_no_point, "root: a key is no valid point"),
        CASE(root_signed_by_one, "root: too few signatures"),
        CASE(root_signed_by_all, ""),
        CASE(fictitious_codes_outside_a_sandbox, "directory: a fictitious code"),
        CASE(real_federation_with_least_thresholds, ""),
        CASE(real_root_with_2_root_keys, "root: threshold of a role"),
        CASE(real_root_with_2_directory_keys, "root: threshold of a role"),
        CASE(real_root_with_1_timestamp_key, "root: threshold of a role"),
    };

    (void)unused;
    assert_int_equal(admit_cases_failed(cases, sizeof(cases) / sizeof(cases[0])), 0);
}

/* --- directory ---------------------------------------------------------------------------------- */
ALTER(directory_of_another_ns, papers_set(&p->directory->ns, ones, 32))
ALTER(directory_of_root_2, p->directory->root_version = 2)
ALTER(directory_expires_at_once, p->directory->expires_ms = p->directory->issued_ms)
ALTER(directory_lives_30_days, p->directory->expires_ms = p->directory->issued_ms + 30 * DAY)
ALTER(directory_lives_longer, p->directory->expires_ms = p->directory->issued_ms + 30 * DAY + 1)
ALTER(directory_1_with_a_predecessor, papers_set(&p->directory->prev_hash, ones, 32))
ALTER(directory_2_with_a_predecessor, p->directory->version = 2;
      p->timestamp->directory_version = 2; papers_set(&p->directory->prev_hash, ones, 32))
ALTER(entities_are_swapped, SWAP(p->directory->entities[0], p->directory->entities[1]))
ALTER(entity_stands_twice,
      papers_set(&p->directory->entities[1]->id, p->directory->entities[0]->id.data, 16))
ALTER(code_with_a_digit, p->directory->entities[0]->code[1] = '1')
ALTER(code_in_lower_case, p->directory->entities[0]->code[1] = 'a')
ALTER(code_stands_twice,
      papers_set_text(&p->directory->entities[1]->code, p->directory->entities[0]->code))
ALTER(code_of_a_real_state_in_a_sandbox, papers_set_text(&p->directory->entities[1]->code, "FRA"))
ALTER(relay_id_of_another_key, p->directory->relays[0]->id.data[15] ^= 1)
ALTER(log_origin_of_another_name, p->directory->relays[0]->log_origin[0] = 'H')
ALTER(log_origin_of_another_ns, p->directory->relays[0]->log_origin[9] ^= 1)
ALTER(relay_name_in_upper_case, p->directory->relays[0]->name[0] = 'R';
      strchr(p->directory->relays[0]->log_origin, 'r')[0] = 'R')
ALTER(relay_name_stands_twice,
      papers_set_text(&p->directory->relays[1]->name, p->directory->relays[0]->name);
      papers_set_text(&p->directory->relays[1]->log_origin, p->directory->relays[0]->log_origin))
ALTER(operator_with_a_blank, papers_set_text(&p->directory->relays[0]->operator_, "op 1"))
ALTER(host_with_a_blank, papers_set_text(&p->directory->relays[0]->host, "127.0.0.1 x"))
ALTER(host_of_ipv6, papers_set_text(&p->directory->relays[0]->host, "2001:DB8::1"))
ALTER(log_key_signs_heads,
      papers_set(&p->directory->relays[0]->log_pk, p->directory->relays[0]->sign_pk.data, 32))
ALTER(log_key_signs_heads_elsewhere,
      papers_set(&p->directory->relays[0]->log_pk, p->directory->relays[1]->sign_pk.data, 32))
ALTER(log_key_is_no_point, papers_set(&p->directory->relays[0]->log_pk, zeros, 32))
ALTER(relays_are_swapped, SWAP(p->directory->relays[0], p->directory->relays[1]))
ALTER(rules_are_swapped,
      SWAP(p->directory->profiles[0]->rules[0], p->directory->profiles[0]->rules[1]))
ALTER(rungs_are_equal, p->directory->profiles[0]->rules[3]->rungs_s[1] =
                           p->directory->profiles[0]->rules[3]->rungs_s[0])
ALTER(default_profile_of_another_name,
      papers_set_text(&p->directory->profiles[0]->name, "hotline-24x8"))
ALTER(directory_signed_by_one, p->directory_signers = 1)
ALTER(directory_signed_by_all, p->directory_signers = 3)

static void directory_is_refused_for_the_rule_it_breaks(void **unused)
{
    static const struct admit_case cases[] = {
        CASE(directory_of_another_ns, "directory: belongs to another namespace"),
        CASE(directory_of_root_2, "directory: names another root version"),
        CASE(directory_expires_at_once, "directory: lives too long"),
        CASE(directory_lives_30_days, ""),
        CASE(directory_lives_longer, "directory: lives too long"),
        CASE(directory_1_with_a_predecessor, "directory: version 1 has a predecessor"),
        CASE(directory_2_with_a_predecessor, ""),
        CASE(entities_are_swapped, "directory: entities do not ascend"),
        CASE(entity_stands_twice, "directory: entities do not ascend"),
        CASE(code_with_a_digit, "directory: a code is not three letters"),
        CASE(code_in_lower_case, "directory: a code is not three letters"),
        CASE(code_stands_twice, "directory: a code stands twice"),
        CASE(code_of_a_real_state_in_a_sandbox, ""),
        CASE(relay_id_of_another_key, "directory: a relay's id"),
        CASE(log_origin_of_another_name, "directory: a relay's log_origin"),
        CASE(log_origin_of_another_ns, "directory: a relay's log_origin"),
        CASE(relay_name_in_upper_case, "directory: a relay's name or operator"),
        CASE(relay_name_stands_twice, "directory: a relay's name stands twice"),
        CASE(operator_with_a_blank, "directory: a relay's name or operator"),
        CASE(host_with_a_blank, "directory: a relay's host"),
        CASE(host_of_ipv6, ""),
        CASE(log_key_signs_heads, "directory: a relay's log key"),
        CASE(log_key_signs_heads_elsewhere, "directory: a relay's log key"),
        CASE(log_key_is_no_point, "directory: a relay's key is no valid point"),
        CASE(relays_are_swapped, "directory: relays do not ascend"),
        CASE(rules_are_swapped, "directory: rules of a profile"),
        CASE(rungs_are_equal, "directory: rungs of a profile"),
        CASE(default_profile_of_another_name, "directory: the first profile"),
        CASE(directory_signed_by_one, "directory: too few signatures"),
        CASE(directory_signed_by_all, ""),
    };

    (void)unused;
    assert_int_equal(admit_cases_failed(cases, sizeof(cases) / sizeof(cases[0])), 0);
}

/* --- timestamp ---------------------------------------------------------------------------------- */
ALTER(timestamp_of_another_ns, papers_set(&p->timestamp->ns, ones, 32))
ALTER(timestamp_of_another_directory_version, p->timestamp->directory_version = 2)
ALTER(timestamp_of_another_directory, p->keeps_directory_hash = true;
      p->timestamp->directory_hash.data[0] ^= 1)
ALTER(timestamp_expires_at_once, p->timestamp->expires_ms = p->timestamp->issued_ms)
ALTER(timestamp_lives_24_hours, p->timestamp->expires_ms = p->timestamp->issued_ms + DAY)
ALTER(timestamp_lives_longer, p->timestamp->expires_ms = p->timestamp->issued_ms + DAY + 1)
ALTER(timestamp_rosters_are_swapped, SWAP(p->timestamp->rosters[0], p->timestamp->rosters[1]))
ALTER(timestamp_roster_stands_twice,
      papers_set(&p->timestamp->rosters[1]->entity, p->timestamp->rosters[0]->entity.data, 16))
ALTER(timestamp_signed_by_the_directory_role, p->directory_signs_timestamp = true)

static void timestamp_is_refused_for_the_rule_it_breaks(void **unused)
{
    static const struct admit_case cases[] = {
        CASE(timestamp_of_another_ns, "timestamp: belongs to another namespace"),
        CASE(timestamp_of_another_directory_version, "timestamp: is not about this directory"),
        CASE(timestamp_of_another_directory, "timestamp: is not about this directory"),
        CASE(timestamp_expires_at_once, "timestamp: lives too long"),
        CASE(timestamp_lives_24_hours, ""),
        CASE(timestamp_lives_longer, "timestamp: lives too long"),
        CASE(timestamp_rosters_are_swapped, "timestamp: rosters do not ascend"),
        CASE(timestamp_roster_stands_twice, "timestamp: rosters do not ascend"),
        CASE(timestamp_signed_by_the_directory_role, "timestamp: too few signatures"),
    };

    (void)unused;
    assert_int_equal(admit_cases_failed(cases, sizeof(cases) / sizeof(cases[0])), 0);
}

/* --- national root ------------------------------------------------------------------------------ */
ALTER(national_root_of_another_ns, papers_set(&p->national[0]->ns, ones, 32))
ALTER(national_root_of_nobody, papers_set(&p->national[0]->entity, ones, 16))
ALTER(national_root_of_version_2, p->national[0]->version = 2)
ALTER(national_root_with_a_predecessor, papers_set(&p->national[0]->prev_hash, ones, 32))
ALTER(national_root_not_in_the_directory, p->keeps_national_hash = true;
      p->national[0]->effective_ms++)
ALTER(national_threshold_over_the_keys, p->national[0]->threshold = 4)
ALTER(national_keys_descend, SWAP(p->national[0]->keys[0], p->national[0]->keys[1]))
ALTER(national_key_stands_twice,
      papers_set(&p->national[0]->keys[1], p->national[0]->keys[0].data, 32))
ALTER(national_key_is_no_point, papers_set(&p->national[0]->keys[0], zeros, 32))
ALTER(national_root_comes_twice, p->has_national_twice = true)
ALTER(national_root_signed_by_one, p->national_signers = 1)
ALTER(national_root_signed_by_all, p->national_signers = 3)

static void national_root_is_refused_for_the_rule_it_breaks(void **unused)
{
    static const struct admit_case cases[] = {
        CASE(national_root_of_another_ns, "national root: belongs to another namespace"),
        CASE(national_root_of_nobody, "national root: its State is not"),
        CASE(national_root_of_version_2, "national root: only version 1"),
        CASE(national_root_with_a_predecessor, "national root: only version 1"),
        CASE(national_root_not_in_the_directory, "national root: is not the one"),
        CASE(national_threshold_over_the_keys, "national root: threshold"),
        CASE(national_keys_descend, "national root: keys do not ascend"),
        CASE(national_key_stands_twice, "national root: keys do not ascend"),
        CASE(national_key_is_no_point, "national root: a key is no valid point"),
        CASE(national_root_comes_twice, "national root: a State has two"),
        CASE(national_root_signed_by_one, "national root: too few signatures"),
        CASE(national_root_signed_by_all, ""),
    };

    (void)unused;
    assert_int_equal(admit_cases_failed(cases, sizeof(cases) / sizeof(cases[0])), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_is_refused_for_the_rule_it_breaks),
        cmocka_unit_test(directory_is_refused_for_the_rule_it_breaks),
        cmocka_unit_test(timestamp_is_refused_for_the_rule_it_breaks),
        cmocka_unit_test(national_root_is_refused_for_the_rule_it_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
