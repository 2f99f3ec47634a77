/* bundle_case — a bundle under construction, and what an arbiter must say of it. One at a time. */
#include "tests/support/bundle_case.h"

#include <string.h>

#include "base/strict.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"

struct bundle_world *case_world;
struct records case_records;

int bundle_case_up(void **unused)
{
    (void)unused;
    case_world = bundle_world_new(suite_fake());
    letter_seal(&case_world->letter);
    bundle_add_trust(case_world, &case_records);
    return 0;
}

int bundle_case_down(void **unused)
{
    (void)unused;
    records_done(&case_records);
    bundle_world_free(case_world);
    return 0;
}

/* --- what is in it --- */

void bundle_case_add_sent(void)
{
    bundle_add_letter(case_world, &case_records, XBB);
    bundle_add_custody(case_world, &case_records, 0, XBB, CASE_CUSTODY_MS);
    bundle_add_custody(case_world, &case_records, 1, XBB, CASE_CUSTODY_MS + 100);
}

Hotline__V1__Reject bundle_case_reject(void)
{
    static uint8_t relay[ID_BYTES] = {1};
    Hotline__V1__Reject reject = HOTLINE__V1__REJECT__INIT;
    struct small_world *small = case_world->small;

    reject.ns = (ProtobufCBinaryData){NS_BYTES, case_world->trust->ns};
    reject.relay = (ProtobufCBinaryData){ID_BYTES, relay};
    reject.deposit_hash =
        (ProtobufCBinaryData){HASH_BYTES, case_world->letter.sealed->deposit_hash};
    reject.step = 4;
    reject.by_entity = (ProtobufCBinaryData){ID_BYTES, small->entities[XBB].id};
    reject.by_device = (ProtobufCBinaryData){ID_BYTES, small->devices[XBB][0]->id};
    reject.at_ms = WORLD_NOW_MS + 9000;
    return reject;
}

Hotline__V1__Revocation bundle_case_revocation(const struct cert *cert, int64_t since_ms)
{
    static uint8_t entity[ID_BYTES];
    static uint8_t id[ID_BYTES];
    Hotline__V1__Revocation revocation = HOTLINE__V1__REVOCATION__INIT;

    memcpy(entity, cert->entity, ID_BYTES);
    memcpy(id, cert->id, ID_BYTES);
    revocation.ns = (ProtobufCBinaryData){NS_BYTES, case_world->trust->ns};
    revocation.entity = (ProtobufCBinaryData){ID_BYTES, entity};
    revocation.key_id = (ProtobufCBinaryData){ID_BYTES, id};
    revocation.cert_serial = cert->serial;
    revocation.invalid_since_ms = since_ms;
    revocation.reason = HOTLINE__V1__REV_REASON__REV_LOST;
    return revocation;
}

struct blob *bundle_case_sign(const ProtobufCMessage *message, enum label_fixed label,
                              const struct sign_key *first, const struct sign_key *second)
{
    const struct sign_key *const keys[] = {first, second};
    struct blob *object = NULL;
    AUTO(blob) body = NULL;

    assert_int_equal(strict_pack(message, &body), HL_OK);
    assert_int_equal(sign_object(case_world->suite, label_fixed(label), bytes_blob(body), keys,
                                 second ? 2 : 1, &object),
                     HL_OK);
    return object;
}

/* --- what is said of it --- */

struct verdict *bundle_case_judge(void)
{
    AUTO(blob) bundle = bundle_finish(case_world, &case_records);
    struct verdict *verdict = NULL;

    assert_int_equal(evidence_verify(case_world->suite, bytes_blob(bundle),
                                     case_world->trust->root_hash, WORLD_NOW_MS, &verdict),
                     HL_OK);
    return verdict;
}

void bundle_case_expect_invalid(const char *step)
{
    struct verdict *verdict = bundle_case_judge();

    assert_int_equal(verdict->result, VERDICT_INVALID);
    assert_int_equal(verdict->claim_count, 0);
    assert_int_equal(verdict->notice_count, 0);
    if (!strstr(verdict->step, step))
        fail_msg("'%s' instead of '%s'", verdict->step, step);
    verdict_free(verdict);
}

const struct verdict_claim *bundle_case_claim(const struct verdict *verdict, const char *claim,
                                              const char *by)
{
    const struct verdict_claim *found = NULL;

    for (size_t i = 0; i < verdict->claim_count; i++) {
        if (strcmp(verdict->claims[i].claim, claim) == 0 &&
            strcmp(verdict->claims[i].by_text, by) == 0)
            found = &verdict->claims[i];
    }
    if (!found)
        fail_msg("no claim %s by %s: %s", claim, by, verdict->step);
    return found;
}

void bundle_case_expect_basis(const char *basis, enum verdict_result result)
{
    struct verdict *verdict = bundle_case_judge();

    assert_string_equal(verdict->step, "");
    assert_string_equal(bundle_case_claim(verdict, "sent", "XAA.TEC")->basis, basis);
    assert_int_equal(bundle_case_claim(verdict, "sent", "XAA.TEC")->result, result);
    assert_int_equal(verdict->result, result);
    verdict_free(verdict);
}
