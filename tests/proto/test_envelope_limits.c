/* Sealing without vectors: hedging, hostile prekeys, sizes, and what a relay refuses. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/secret.h"
#include "proto/limits.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"

static struct small_world *world; /* the real suite */
static struct small_world *fast;  /* the fake one, for what takes many seals */

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    world = small_world_new(suite_real());
    fast = small_world_new(suite_fake());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    small_world_free(fast);
    return 0;
}

static const uint8_t hedge_key[32] = {3};
static const uint8_t content_hash[HASH_BYTES] = {4};

static struct seal_request request_in(const struct small_world *where, const struct rng *rng,
                                      const struct seal_slot *slots, size_t count)
{
    return (struct seal_request){.suite = where->suite,
                                 .rng = rng,
                                 .ns = where->trust.ns,
                                 .sender_entity = where->entities[XAA].id,
                                 .device = where->devices[XAA][0],
                                 .hedge_key = hedge_key,
                                 .plane = 1,
                                 .precedence = 1,
                                 .kind = CONTENT_NOTICE,
                                 .content = bytes_text("content"),
                                 .content_hash = content_hash,
                                 .dir_version = 1,
                                 .created_ms = WORLD_NOW_MS,
                                 .journal_row = 1,
                                 .slots = slots,
                                 .slot_count = count};
}

/* Salt, content key, ids and encapsulations of one seal. */
struct traces {
    uint8_t file_key[32], content_key[32], commit[32], salt[32], id[ID_BYTES], kem_ct[KEM_CT_BYTES];
};

static struct traces traces_of(const struct seal_request *request)
{
    struct traces traces;
    struct sealed *sealed = NULL;
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};

    assert_int_equal(envelope_seal(request, &sealed), HL_OK);
    assert_int_equal(envelope_inspect(request->ns, bytes_blob(sealed->envelope), &envelope, &facts),
                     HL_OK);
    Hotline__V1__Slot *slot =
        hotline__v1__slot__unpack(NULL, envelope->slots[0].len, envelope->slots[0].data);
    memcpy(traces.file_key, sealed->file_key, 32);
    memcpy(traces.id, sealed->envelope_id, ID_BYTES);
    memcpy(traces.salt, facts.header->salt.data, 32);
    memcpy(traces.kem_ct, slot->kem_ct.data, KEM_CT_BYTES);
    envelope_keys(BYTES(traces.salt, 32), traces.file_key, traces.content_key, traces.commit);
    hotline__v1__slot__free_unpacked(slot, NULL);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    sealed_free(sealed);
    return traces;
}

static void assert_nothing_shared(const struct traces *left, const struct traces *right)
{
    assert_memory_not_equal(left->file_key, right->file_key, 32);
    assert_memory_not_equal(left->content_key, right->content_key, 32);
    assert_memory_not_equal(left->commit, right->commit, 32);
    assert_memory_not_equal(left->salt, right->salt, 32);
    assert_memory_not_equal(left->id, right->id, ID_BYTES);
    assert_memory_not_equal(left->kem_ct, right->kem_ct, KEM_CT_BYTES);
}

static void constant_generator_never_repeats_a_key(void **state)
{
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(world, XBB, 0);
    struct seal_request request = request_in(world, &rng, &slot, 1);
    uint8_t other_hash[HASH_BYTES] = {5};

    (void)state;
    struct traces first = traces_of(&request);
    request.journal_row = 2;
    struct traces next_row = traces_of(&request);
    request.content_hash = other_hash;
    struct traces other_content = traces_of(&request);
    request.created_ms++;
    struct traces later = traces_of(&request);
    assert_nothing_shared(&first, &next_row);
    assert_nothing_shared(&next_row, &other_content);
    assert_nothing_shared(&other_content, &later);
    /* The very same seal does repeat: this is what the journal row prevents. */
    struct traces again = traces_of(&request);
    assert_memory_equal(&again, &later, sizeof(later));
}

static void slots_of_one_envelope_share_no_encapsulation(void **state)
{
    struct rng rng = constant_rng();
    struct seal_slot slots[] = {world_slot(world, XBB, 0), world_slot(world, XBB, 1)};
    struct sealed *sealed = NULL;

    (void)state;
    memcpy(slots[1].kem_pk, slots[0].kem_pk, KEM_PK_BYTES); /* two devices with one prekey */
    struct seal_request request = request_in(world, &rng, slots, 2);
    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    Hotline__V1__Envelope *envelope =
        hotline__v1__envelope__unpack(NULL, sealed->envelope->len, sealed->envelope->data);
    Hotline__V1__Slot *first =
        hotline__v1__slot__unpack(NULL, envelope->slots[0].len, envelope->slots[0].data);
    Hotline__V1__Slot *second =
        hotline__v1__slot__unpack(NULL, envelope->slots[1].len, envelope->slots[1].data);
    assert_memory_not_equal(first->kem_ct.data, second->kem_ct.data, KEM_CT_BYTES);
    assert_memory_not_equal(first->sealed.data, second->sealed.data, first->sealed.len);
    hotline__v1__slot__free_unpacked(first, NULL);
    hotline__v1__slot__free_unpacked(second, NULL);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    sealed_free(sealed);
}

static void hostile_prekey_costs_only_its_own_slot(void **state)
{
    struct letter letter = letter_to_xbb(world);

    (void)state;
    memset(letter.slots[0].kem_pk, 0xff, KEM_PK_BYTES); /* coefficients above the modulus */
    letter_seal(&letter);
    assert_int_equal(letter.sealed->skipped_count, 1);
    assert_memory_equal(letter.sealed->skipped[0], world->devices[XBB][0]->id, ID_BYTES);
    assert_null(letter_deliver(&letter, XBB, 0));
    struct opened *sister = letter_open(&letter, XBB, 1);
    assert_int_equal(sister->result, OPEN_OK);
    opened_free(sister);
    struct opened *own_copy = letter_open(&letter, XAA, 1);
    assert_int_equal(own_copy->result, OPEN_OK);
    opened_free(own_copy);
    letter_done(&letter);
}

static void zero_x25519_part_is_a_hostile_prekey_too(void **state)
{
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(world, XBB, 0);
    struct sealed *sealed = NULL;

    (void)state;
    memset(slot.kem_pk + KEM_PK_BYTES - 32, 0, 32);
    struct seal_request request = request_in(world, &rng, &slot, 1);
    assert_int_equal(envelope_seal(&request, &sealed), HL_EVERIFY); /* no slot at all */
    assert_null(sealed);
}

/* Open the content of a size; its inside is no notice, so only steps 1 to 9 can pass. */
static void check_size(size_t len, size_t bucket)
{
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(fast, XBB, 0);
    struct open_context context = world_context(fast, XBB, 0);
    struct seal_request request = request_in(fast, &rng, &slot, 1);
    struct sealed *sealed = NULL;
    struct blob *content = NULL;
    struct opened *opened = NULL;

    assert_int_equal(blob_new(len, &content), HL_OK);
    memset(content->data, 0x80, len); /* looks like padding */
    request.content = bytes_blob(content);
    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    struct blob *delivered = sealed_deliver(fast, sealed, XBB, 0);
    assert_int_equal(open_delivered(&context, sealed->deposit_hash, bytes_blob(delivered), &opened),
                     HL_OK);
    assert_int_equal(opened->facts.header->ct_len, bucket + 16);
    assert_int_equal(opened->step, 10);
    assert_string_equal(opened->detail, "outer object"); /* so padding, bucket and kind passed */
    assert_int_equal(opened->content->len, len);
    assert_memory_equal(opened->content->data, content->data, len);
    opened_free(opened);
    blob_free(delivered);
    blob_free(content);
    sealed_free(sealed);
}

static void what_was_sealed_is_what_opens_at_every_bucket_edge(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 64; len++)
        check_size(len, 1024);
    for (size_t bucket = 1024; bucket < 65536; bucket *= 2) {
        check_size(bucket - 3, bucket);
        check_size(bucket - 2, bucket); /* with the kind octet: bucket - 1 */
        check_size(bucket - 1, 2 * bucket);
        check_size(bucket, 2 * bucket);
    }
    check_size(65534, 65536);
    check_size(65535, 131072);
    check_size(131070, 131072);
    check_size(131071, 196608);
    check_size(262142, 262144);
}

static int seal_result(const struct seal_request *request)
{
    struct sealed *sealed = NULL;
    int result = envelope_seal(request, &sealed);

    sealed_free(sealed);
    return result;
}

static void request_outside_its_limits_is_refused(void **state)
{
    struct rng rng = constant_rng();
    struct seal_slot slots[] = {world_slot(fast, XBB, 0), world_slot(fast, XBB, 1)};
    struct seal_request good = request_in(fast, &rng, slots, 2);
    struct seal_request bad = good;
    struct blob *long_content = NULL;

    (void)state;
    assert_int_equal(seal_result(&good), HL_OK);
    assert_int_equal(blob_new(LIMIT_PLAINTEXT - 1, &long_content), HL_OK);
    bad.content = bytes_blob(long_content);
    assert_int_equal(seal_result(&bad), HL_ETOOBIG);
    bad = good;
    bad.kind = CONTENT_RECEIPT;
    bad.precedence = 0;
    bad.content = BYTES(long_content->data, 1022);
    assert_int_equal(seal_result(&bad), HL_OK);
    bad.content = BYTES(long_content->data, 1023);
    assert_int_equal(seal_result(&bad), HL_ETOOBIG);
    blob_free(long_content);
    for (unsigned plane = 0; plane <= 4; plane += 4) {
        bad = good;
        bad.plane = plane;
        assert_int_equal(seal_result(&bad), HL_EINVAL);
    }
    for (unsigned precedence = 0; precedence <= 5; precedence += 5) {
        bad = good;
        bad.precedence = precedence;
        assert_int_equal(seal_result(&bad), HL_EINVAL);
    }
    bad = good;
    bad.kind = CONTENT_SERVICE; /* control has no precedence */
    assert_int_equal(seal_result(&bad), HL_EINVAL);
    bad = good;
    bad.content.len = 0;
    assert_int_equal(seal_result(&bad), HL_EINVAL);
    bad = good;
    bad.slot_count = 0;
    assert_int_equal(seal_result(&bad), HL_EINVAL);
    slots[1] = slots[0];
    assert_int_equal(seal_result(&good), HL_EINVAL);
}

static void life_of_an_envelope_is_one_hour_to_ninety_days(void **state)
{
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(fast, XBB, 0);
    struct seal_request request = request_in(fast, &rng, &slot, 1);
    static const struct {
        int64_t life_ms;
        int result;
    } rows[] = {{3600000, HL_OK},
                {3599999, HL_EINVAL},
                {90LL * 24 * 3600000, HL_OK},
                {90LL * 24 * 3600000 + 1, HL_EINVAL}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        request.expires_ms = WORLD_NOW_MS + rows[i].life_ms;
        assert_int_equal(seal_result(&request), rows[i].result);
    }
}

static void eight_hundred_slots_fit_and_one_more_does_not(void **state)
{
    struct rng rng = constant_rng();
    struct seal_slot *slots = calloc(LIMIT_SLOTS + 1, sizeof(*slots));
    struct sealed *sealed = NULL;

    (void)state;
    assert_non_null(slots);
    for (size_t i = 0; i <= LIMIT_SLOTS; i++) {
        slots[i] = world_slot(fast, XBB, 0);
        put_u32be(slots[i].device, (uint32_t)i);
    }
    struct seal_request request = request_in(fast, &rng, slots, LIMIT_SLOTS);
    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    assert_true(sealed->envelope->len <= LIMIT_ENVELOPE);
    sealed_free(sealed);
    request.slot_count++;
    assert_int_equal(seal_result(&request), HL_EINVAL);
    free(slots);
}

static void shuffling_keeps_every_slot(void **state)
{
    uint64_t counter = 1;
    struct rng rng = counting_rng(&counter);
    struct seal_slot slots[5];
    unsigned seen = 0;
    bool is_moved = false;

    (void)state;
    memset(slots, 0, sizeof(slots));
    for (size_t i = 0; i < 5; i++)
        slots[i].seq = i;
    slots_shuffle(&rng, slots, 5);
    for (size_t i = 0; i < 5; i++) {
        seen |= 1U << slots[i].seq;
        is_moved = is_moved || slots[i].seq != i;
    }
    assert_int_equal(seen, 31);
    assert_true(is_moved);
    slots_shuffle(&rng, slots, 0);
    slots_shuffle(&rng, slots, 1);
}

struct inspection {
    Hotline__V1__Envelope *envelope;
    Hotline__V1__EnvelopeHeader *header;
    Hotline__V1__Slot *slots[2];
};

static int inspect_result(const uint8_t *ns, struct bytes octets)
{
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    int result = envelope_inspect(ns, octets, &envelope, &facts);

    if (result == HL_OK)
        hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    return result;
}

/* Pack the parts again after `edit` and inspect. */
static int inspect_edited(void (*edit)(struct inspection *parts))
{
    struct rng rng = constant_rng();
    struct seal_slot slots[] = {world_slot(fast, XBB, 0), world_slot(fast, XBB, 1)};
    struct seal_request request = request_in(fast, &rng, slots, 2);
    struct inspection parts;
    struct sealed *sealed = NULL;
    struct blob *packed[3];
    struct blob *whole = NULL;

    assert_int_equal(envelope_seal(&request, &sealed), HL_OK);
    parts.envelope =
        hotline__v1__envelope__unpack(NULL, sealed->envelope->len, sealed->envelope->data);
    parts.header = hotline__v1__envelope_header__unpack(NULL, parts.envelope->header.len,
                                                        parts.envelope->header.data);
    for (size_t i = 0; i < 2; i++)
        parts.slots[i] = hotline__v1__slot__unpack(NULL, parts.envelope->slots[i].len,
                                                   parts.envelope->slots[i].data);
    edit(&parts);
    assert_int_equal(strict_pack(&parts.header->base, &packed[2]), HL_OK);
    free(parts.envelope->header.data);
    parts.envelope->header = (ProtobufCBinaryData){packed[2]->len, packed[2]->data};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(strict_pack(&parts.slots[i]->base, &packed[i]), HL_OK);
        free(parts.envelope->slots[i].data);
        parts.envelope->slots[i] = (ProtobufCBinaryData){packed[i]->len, packed[i]->data};
    }
    assert_int_equal(strict_pack(&parts.envelope->base, &whole), HL_OK);
    int result = inspect_result(fast->trust.ns, bytes_blob(whole));
    parts.envelope->header.data = NULL;
    parts.envelope->slots[0].data = parts.envelope->slots[1].data = NULL;
    hotline__v1__envelope__free_unpacked(parts.envelope, NULL);
    hotline__v1__envelope_header__free_unpacked(parts.header, NULL);
    for (size_t i = 0; i < 2; i++)
        hotline__v1__slot__free_unpacked(parts.slots[i], NULL);
    for (size_t i = 0; i < 3; i++)
        blob_free(packed[i]);
    blob_free(whole);
    sealed_free(sealed);
    return result;
}

#define EDIT(name, statement)                                                                      \
    static void name(struct inspection *parts)                                                     \
    {                                                                                              \
        statement;                                                                                 \
    }
EDIT(edit_nothing, (void)parts)
EDIT(edit_ns, parts->header->ns.data[0] ^= 1)
EDIT(edit_class, parts->header->class_ = HOTLINE__V1__ENVELOPE_CLASS__CLASS_CONTROL)
EDIT(edit_precedence, parts->header->precedence = HOTLINE__V1__PRECEDENCE__PREC_UNSPECIFIED)
EDIT(edit_version, parts->header->version = 2)
EDIT(edit_suite, parts->header->suite = 2)
EDIT(edit_plane, parts->header->plane = (Hotline__V1__Plane)4)
EDIT(edit_ct_len, parts->header->ct_len += 1024)
EDIT(edit_slot_count, parts->header->slot_count = 3)
EDIT(edit_expires, parts->header->expires_ms = parts->header->created_ms + 3599999)
EDIT(edit_expires_late,
     parts->header->expires_ms = parts->header->created_ms + 90LL * 24 * 3600000 + 1)
EDIT(edit_sealed, parts->slots[0]->sealed.len--)
EDIT(edit_kem, parts->slots[0]->kem_ct.len--)
EDIT(edit_kind, parts->slots[0]->kind = (Hotline__V1__DeskKind)5)
EDIT(edit_double, memcpy(parts->slots[1]->device.data, parts->slots[0]->device.data, ID_BYTES))
EDIT(edit_sig, parts->envelope->sig.len--)

static void relay_refuses_each_wrong_field(void **state)
{
    static const struct {
        void (*edit)(struct inspection *parts);
        int result;
    } rows[] = {{edit_nothing, HL_OK},           {edit_ns, HL_EINVAL},
                {edit_class, HL_EFORMAT},        {edit_precedence, HL_EFORMAT},
                {edit_version, HL_EFORMAT},      {edit_suite, HL_EFORMAT},
                {edit_plane, HL_EFORMAT},        {edit_ct_len, HL_EFORMAT},
                {edit_slot_count, HL_EFORMAT},   {edit_expires, HL_EFORMAT},
                {edit_expires_late, HL_EFORMAT}, {edit_sealed, HL_EFORMAT},
                {edit_kem, HL_EFORMAT},          {edit_kind, HL_EFORMAT},
                {edit_double, HL_EFORMAT},       {edit_sig, HL_EFORMAT}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int result = inspect_edited(rows[i].edit);
        if (result != rows[i].result)
            fail_msg("row %zu: %s", i, err_text(result));
    }
}

static void relay_refuses_every_truncation_and_excess(void **state)
{
    struct letter letter = letter_to_xbb(fast);
    struct blob *large = NULL;

    (void)state;
    letter_seal(&letter);
    const struct blob *envelope = letter.sealed->envelope;
    for (size_t len = 0; len < envelope->len; len++)
        assert_int_equal(inspect_result(fast->trust.ns, BYTES(envelope->data, len)), HL_EFORMAT);
    assert_int_equal(blob_new(LIMIT_ENVELOPE + 1, &large), HL_OK);
    assert_int_equal(inspect_result(fast->trust.ns, bytes_blob(large)), HL_ETOOBIG);
    blob_free(large);
    letter_done(&letter);
}

static void relay_serves_no_slot_beyond_the_last(void **state)
{
    struct letter letter = letter_to_xbb(fast);
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    struct blob *delivered = NULL;

    (void)state;
    letter_seal(&letter);
    assert_int_equal(
        envelope_inspect(fast->trust.ns, bytes_blob(letter.sealed->envelope), &envelope, &facts),
        HL_OK);
    assert_int_equal(envelope_deliver(envelope, &facts, 3, &delivered), HL_EINVAL);
    assert_memory_equal(facts.ehash, letter.sealed->ehash, HASH_BYTES);
    assert_memory_equal(facts.deposit_hash, letter.sealed->deposit_hash, HASH_BYTES);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    letter_done(&letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_generator_never_repeats_a_key),
        cmocka_unit_test(slots_of_one_envelope_share_no_encapsulation),
        cmocka_unit_test(hostile_prekey_costs_only_its_own_slot),
        cmocka_unit_test(zero_x25519_part_is_a_hostile_prekey_too),
        cmocka_unit_test(what_was_sealed_is_what_opens_at_every_bucket_edge),
        cmocka_unit_test(request_outside_its_limits_is_refused),
        cmocka_unit_test(life_of_an_envelope_is_one_hour_to_ninety_days),
        cmocka_unit_test(eight_hundred_slots_fit_and_one_more_does_not),
        cmocka_unit_test(shuffling_keeps_every_slot),
        cmocka_unit_test(relay_refuses_each_wrong_field),
        cmocka_unit_test(relay_refuses_every_truncation_and_excess),
        cmocka_unit_test(relay_serves_no_slot_beyond_the_last),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
