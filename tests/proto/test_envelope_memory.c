/* test_envelope_memory — sealing, a relay's inspection and what it hands on, with every allocation failing. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "tests/support/fake_suite.h"
#include "tests/support/nth_alloc.h"
#include "tests/support/small_world.h"

static struct small_world *world;

static int set_up(void **state)
{
    (void)state;
    world = small_world_new(suite_fake());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

/* --- sealing ------------------------------------------------------------------------------------------ */

struct sealer {
    struct letter *letter;
    struct seal_slot slots[3];
    size_t slot_count;
    enum content_kind kind;
    uint8_t deposit_hash[HASH_BYTES]; /* of the first success: randomness is the same each time */
    bool has_hash;
};

static int seal(void *context)
{
    static const uint8_t hedge_key[32] = {9};
    struct sealer *sealer = context;
    struct sealed *sealed = NULL;
    bool is_control = sealer->kind == CONTENT_RECEIPT;
    struct rng rng = constant_rng();
    const struct seal_request request = {
        .suite = world->suite,
        .rng = &rng,
        .ns = world->trust.ns,
        .sender_entity = world->entities[XAA].id,
        .device = world->devices[XAA][0],
        .hedge_key = hedge_key,
        .plane = 1,
        .precedence = is_control ? 0 : 4,
        .kind = sealer->kind,
        .content = is_control ? bytes_text("a receipt") : bytes_blob(sealer->letter->signed_notice),
        .content_hash = sealer->letter->notice_hash,
        .dir_version = 1,
        .created_ms = WORLD_NOW_MS,
        .slots = sealer->slots,
        .slot_count = sealer->slot_count};

    int err = envelope_seal(&request, &sealed);
    if (err != HL_OK) {
        assert_null(sealed);
        return err;
    }
    (void)nth_alloc_disarm();
    assert_int_equal(sealed->skipped_count, 0); /* no slot is left out for want of memory */
    if (sealer->has_hash)
        assert_memory_equal(sealed->deposit_hash, sealer->deposit_hash, HASH_BYTES);
    memcpy(sealer->deposit_hash, sealed->deposit_hash, HASH_BYTES);
    sealer->has_hash = true;
    sealed_free(sealed);
    return HL_OK;
}

static void sweep_seal(enum content_kind kind, size_t release_count, size_t slot_count)
{
    struct letter letter = letter_to_xbb(world);
    struct sealer sealer = {.letter = &letter, .slot_count = slot_count, .kind = kind};

    letter.persons = release_count == 0 ? 1 : 2;
    letter.release_count = release_count;
    letter_seal(&letter);
    memcpy(sealer.slots, letter.slots, sizeof(sealer.slots));
    (void)nth_alloc_sweep(seal, &sealer);
    letter_done(&letter);
}

static void an_envelope_is_sealed_whole_or_not_at_all(void **state)
{
    (void)state;
    nth_alloc_require();
    for (size_t slots = 1; slots <= 3; slots++) {
        sweep_seal(CONTENT_NOTICE, 1, slots);
        sweep_seal(CONTENT_NOTICE, 0, slots);
        sweep_seal(CONTENT_RECEIPT, 1, slots);
    }
}

/* --- inspecting --------------------------------------------------------------------------------------- */

struct bench {
    struct blob *octets;
    Hotline__V1__Envelope *envelope;
    struct envelope_facts facts;
};

static int inspect(void *context)
{
    const struct bench *bench = context;
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};

    int err = envelope_inspect(world->trust.ns, bytes_blob(bench->octets), &envelope, &facts);
    if (err != HL_OK) {
        assert_null(envelope);
        assert_null(facts.header);
        assert_true(bytes_all_zero(BYTES_OF(facts.deposit_hash)));
        return err;
    }
    assert_memory_equal(facts.deposit_hash, bench->facts.deposit_hash, HASH_BYTES);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    return HL_OK;
}

static int deliver(void *context)
{
    const struct bench *bench = context;
    AUTO(blob) delivered = NULL;

    int err = envelope_deliver(bench->envelope, &bench->facts, 2, &delivered);
    assert_true((err == HL_OK) == (delivered != NULL));
    return err;
}

static int stub(void *context)
{
    const struct bench *bench = context;
    AUTO(blob) stub = NULL;

    int err = envelope_stub(bench->envelope, &bench->facts, &stub);
    assert_true((err == HL_OK) == (stub != NULL));
    return err;
}

static void a_relay_takes_an_envelope_or_has_no_memory(void **state)
{
    (void)state;
    nth_alloc_require();
    struct letter letter = letter_to_xbb(world);
    struct bench bench = {.octets = NULL};

    letter_seal(&letter);
    bench.octets = letter.sealed->envelope;
    assert_int_equal(
        envelope_inspect(world->trust.ns, bytes_blob(bench.octets), &bench.envelope, &bench.facts),
        HL_OK);
    assert_true(nth_alloc_sweep(inspect, &bench) > 10);
    assert_true(nth_alloc_sweep(deliver, &bench) > 2);
    assert_true(nth_alloc_sweep(stub, &bench) > 1);
    hotline__v1__envelope__free_unpacked(bench.envelope, NULL);
    envelope_facts_done(&bench.facts);
    letter_done(&letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_is_sealed_whole_or_not_at_all),
        cmocka_unit_test(a_relay_takes_an_envelope_or_has_no_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
