/* test_export — the bundle that a desk writes is one that an arbiter accepts, from either side, and no bit of it can change. */
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"
#include "client/answer.h"
#include "client/export.h"
#include "proto/evidence.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/desk_world.h"

struct bench {
    struct desk_world *world;
    struct terminal *sender, *peer, *third;
    struct terminal *all[3];
    uint8_t hash[HASH_BYTES];
};

static int bench_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    bench->world = desk_world_new_made();
    bench->all[0] = bench->peer = terminal_new(bench->world, XBB, 0, NULL);
    bench->all[1] = bench->third = terminal_new(bench->world, XCC, 0, NULL);
    bench->all[2] = bench->sender = terminal_new(bench->world, XAA, 0, NULL);
    desks_meet(bench->world, bench->all, 3, 2);
    *state = bench;
    return 0;
}

static int bench_down(void **state)
{
    struct bench *bench = *state;
    desks_free(bench->world, bench->all, 3);
    free(bench);
    return 0;
}

static void acknowledge(struct bench *bench, struct terminal *at)
{
    AUTO(notice_view) view = NULL;
    AUTO(answer) opened = NULL;
    AUTO(answer) acked = NULL;
    terminal_unlock(at, 1);
    assert_int_equal(query_notice(at->desk, bench->hash, &view), HL_OK);
    const struct ack_options options = {.disposition =
                                            HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD,
                                        .check_word = view->notice->check_word};
    assert_int_equal(answer_open(at->desk, bench->hash, &opened), HL_OK);
    assert_int_equal(answer_acknowledge(at->desk, bench->hash, &options, &acked), HL_OK);
    desks_flush(bench->world, bench->all, 3);
}

static struct verdict *judge(struct bench *bench, struct bytes bundle)
{
    struct verdict *verdict = NULL;
    assert_int_equal(evidence_verify(suite_fake(), bundle, bench->world->admitted->root_hash,
                                     bench->world->now_ms, &verdict),
                     HL_OK);
    return verdict;
}

static const struct verdict_claim *claim_of(const struct verdict *verdict, const char *claim,
                                            const char *by)
{
    for (size_t i = 0; i < verdict->claim_count; i++) {
        if (strcmp(verdict->claims[i].claim, claim) == 0 &&
            strcmp(verdict->claims[i].by_text, by) == 0)
            return &verdict->claims[i];
    }
    return NULL;
}

static void expect_story(struct bench *bench, struct terminal *exporter)
{
    AUTO(blob) bundle = NULL;
    assert_int_equal(
        export_evidence(exporter->desk, (const uint8_t(*)[HASH_BYTES])bench->hash, 1, &bundle),
        HL_OK);
    struct verdict *verdict = judge(bench, bytes_blob(bundle));
    assert_string_equal(verdict->step, "");
    assert_int_not_equal(verdict->result, VERDICT_INVALID);
    const struct verdict_claim *sent = claim_of(verdict, "sent", "XAA.TEC");
    const struct verdict_claim *released = claim_of(verdict, "released", "XAA.TEC");
    const struct verdict_claim *acknowledged = claim_of(verdict, "acknowledged", "XBB.TEC");
    assert_non_null(sent);
    assert_string_equal(sent == NULL ? "" : sent->basis, "2 OPERATORS");
    const struct verdict_claim *delivered = claim_of(verdict, "delivered", "XBB.TEC");
    assert_non_null(delivered);
    assert_string_equal(delivered == NULL ? "" : delivered->basis, "2 OPERATORS");
    assert_non_null(claim_of(verdict, "opened", "XBB.TEC"));
    assert_string_equal(acknowledged == NULL ? "" : acknowledged->basis, "2 OPERATORS");
    assert_non_null(acknowledged);
    assert_non_null(released);
    assert_int_equal(acknowledged == NULL ? 0 : acknowledged->disposition,
                     HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD);
    assert_int_equal(released == NULL ? 0 : released->persons, 2);
    verdict_free(verdict);
}

static void the_senders_bundle_is_accepted(void **state)
{
    struct bench *bench = *state;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    acknowledge(bench, bench->peer);
    expect_story(bench, bench->sender);
}

static void the_recipients_bundle_is_accepted(void **state)
{
    struct bench *bench = *state;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    acknowledge(bench, bench->peer);
    expect_story(bench, bench->peer);
}

static void a_notice_to_two_desks_is_shown_for_both(void **state)
{
    struct bench *bench = *state;
    char id[NOTICE_ID_SIZE];
    struct release_result *result = calloc(1, sizeof(*result));
    const struct release_options options = {0};
    Hotline__V1__Notice *notice = desks_notice(bench->world, XBB, XCC, 4);
    terminal_unlock(bench->sender, 0);
    assert_int_equal(draft_sign(bench->sender->desk, notice, id, bench->hash), HL_OK);
    terminal_unlock(bench->sender, 1);
    assert_int_equal(draft_release(bench->sender->desk, id, &options, result), HL_OK);
    hotline__v1__notice__free_unpacked(notice, NULL);
    free(result);
    desks_flush(bench->world, bench->all, 3);
    acknowledge(bench, bench->third);
    AUTO(blob) bundle = NULL;
    assert_int_equal(
        export_evidence(bench->sender->desk, (const uint8_t(*)[HASH_BYTES])bench->hash, 1, &bundle),
        HL_OK);
    struct verdict *verdict = judge(bench, bytes_blob(bundle));
    assert_string_equal(verdict->step, "");
    assert_non_null(claim_of(verdict, "delivered", "XBB.TEC"));
    assert_non_null(claim_of(verdict, "acknowledged", "XCC.TEC"));
    assert_null(claim_of(verdict, "acknowledged", "XBB.TEC"));
    verdict_free(verdict);
}

static void no_bit_of_a_bundle_can_change(void **state)
{
    struct bench *bench = *state;
    desks_send(bench->sender, XBB, 1, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    AUTO(blob) bundle = NULL;
    assert_int_equal(
        export_evidence(bench->sender->desk, (const uint8_t(*)[HASH_BYTES])bench->hash, 1, &bundle),
        HL_OK);
    for (size_t at = 0; at < bundle->len; at += 1 + bundle->len / 300) {
        bundle->data[at] ^= 0x10;
        struct verdict *verdict = judge(bench, bytes_blob(bundle));
        assert_int_equal(verdict->result, VERDICT_INVALID);
        verdict_free(verdict);
        bundle->data[at] ^= 0x10;
    }
}

/* The recipient's device says itself that its key is lost since `since_ms`; its roster carries that on. */
static void revoke_peer(struct bench *bench, int64_t since_ms, struct blob **ret_signed)
{
    const struct identity *peer = bench->peer->identity;
    struct roster *roster = trust_entity(bench->world->admitted, peer->desk.entity)->roster;
    struct cert *cert = roster->certs;
    while (!bytes_equal(BYTES_OF(cert->id), BYTES_OF(peer->device->id)))
        cert++;
    Hotline__V1__Revocation revocation = HOTLINE__V1__REVOCATION__INIT;
    revocation.ns = strict_octets(peer->trust->ns, NS_BYTES);
    revocation.entity = strict_octets(cert->entity, ID_BYTES);
    revocation.key_id = strict_octets(cert->id, ID_BYTES);
    revocation.cert_serial = cert->serial;
    revocation.invalid_since_ms = revocation.at_ms = since_ms;
    revocation.reason = HOTLINE__V1__REV_REASON__REV_LOST;
    AUTO(blob) body = NULL;
    assert_int_equal(strict_pack(&revocation.base, &body), HL_OK);
    const struct sign_key *const keys[] = {peer->device};
    assert_int_equal(sign_object(peer->suite, label_fixed(LABEL_REVOCATION), bytes_blob(body), keys,
                                 1, ret_signed),
                     HL_OK);
    cert->signed_revocation = bytes_blob(*ret_signed);
    cert->revoked_since_ms = since_ms;
}

/* Record 6 speaks also against the exporter; the relays' custody of the receipts says that they came before. */
static void a_revocation_goes_along_and_spares_what_two_relays_held_before_it(void **state)
{
    struct bench *bench = *state;
    desks_send(bench->sender, XBB, 4, bench->hash);
    desks_flush(bench->world, bench->all, 3);
    acknowledge(bench, bench->peer);
    static const int64_t since[] = {60000, -60000};
    for (int i = 0; i < 2; i++) {
        AUTO(blob) revocation = NULL;
        AUTO(blob) bundle = NULL;
        revoke_peer(bench, bench->world->now_ms + since[i], &revocation);
        assert_int_equal(export_evidence(bench->sender->desk,
                                         (const uint8_t(*)[HASH_BYTES])bench->hash, 1, &bundle),
                         HL_OK);
        assert_non_null(memmem(bundle->data, bundle->len, revocation->data, revocation->len));
        struct verdict *verdict = judge(bench, bytes_blob(bundle));
        if (since[i] > 0)
            assert_string_equal(verdict->step, "");
        else
            assert_non_null(strstr(verdict->step, "revoked"));
        assert_int_equal(claim_of(verdict, "acknowledged", "XBB.TEC") != NULL, since[i] > 0);
        verdict_free(verdict);
    }
}

static void what_is_not_here_is_not_exported(void **state)
{
    struct bench *bench = *state;
    AUTO(blob) bundle = NULL;
    assert_int_equal(
        export_evidence(bench->sender->desk, (const uint8_t(*)[HASH_BYTES])bench->hash, 1, &bundle),
        HL_ENOTFOUND);
    assert_int_equal(
        export_evidence(bench->sender->desk, (const uint8_t(*)[HASH_BYTES])bench->hash, 0, &bundle),
        HL_EINVAL);
}

int main(void)
{
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_senders_bundle_is_accepted),
        BENCH_TEST(the_recipients_bundle_is_accepted),
        BENCH_TEST(a_notice_to_two_desks_is_shown_for_both),
        BENCH_TEST(no_bit_of_a_bundle_can_change),
        BENCH_TEST(a_revocation_goes_along_and_spares_what_two_relays_held_before_it),
        BENCH_TEST(what_is_not_here_is_not_exported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
