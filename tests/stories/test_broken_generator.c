/* A terminal whose random generator gives one octet for ever: two notices still share no key. */
#include <string.h>

#include "client/post.h"
#include "client/vault.h"
#include "envelope.pb-c.h"
#include "keys/kdf.h"
#include "keys/secret.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/world.h"

struct parts {
    uint8_t file_key[32], content_key[32], commit[32];
    Hotline__V1__Envelope *envelope;
    Hotline__V1__EnvelopeHeader *header;
};

/* K_c = Expand(Extract(salt, FK), "hotline/v1/content"): written out here, not taken from the code under test. */
static void derive(struct parts *parts)
{
    uint8_t prk[32];
    const struct bytes key = BYTES_OF(parts->file_key);
    kdf_extract(BYTES(parts->header->salt.data, parts->header->salt.len), &key, 1, prk);
    kdf_expand(prk, "hotline/v1/content", BYTES(NULL, 0), parts->content_key, 32);
    kdf_expand(prk, "hotline/v1/commit", BYTES(NULL, 0), parts->commit, 32);
}

static void take_parts(struct node *node, const uint8_t *hash, struct parts *ret_parts)
{
    AUTO(notice_view) view = NULL;
    assert_int_equal(query_notice(node->desk, hash, &view), HL_OK);
    uint8_t *key = NULL;
    AUTO(blob) envelope = NULL;
    assert_int_equal(vault_file_key(node->desk, view->deposit_hash, &key), HL_OK);
    assert_int_equal(post_envelope(node->desk, view->deposit_hash, &envelope), HL_OK);
    memcpy(ret_parts->file_key, key, 32);
    secret_free(key);
    ret_parts->envelope = hotline__v1__envelope__unpack(NULL, envelope->len, envelope->data);
    assert_non_null(ret_parts->envelope);
    ret_parts->header = hotline__v1__envelope_header__unpack(NULL, ret_parts->envelope->header.len,
                                                             ret_parts->envelope->header.data);
    assert_non_null(ret_parts->header);
    derive(ret_parts);
    assert_memory_equal(ret_parts->commit, ret_parts->header->key_commit.data, 32);
}

static void parts_done(struct parts *parts)
{
    hotline__v1__envelope__free_unpacked(parts->envelope, NULL);
    hotline__v1__envelope_header__free_unpacked(parts->header, NULL);
}

static void assert_other(const ProtobufCBinaryData *left, const ProtobufCBinaryData *right)
{
    assert_int_equal(left->len, right->len);
    assert_memory_not_equal(left->data, right->data, left->len);
}

/* Encapsulation and sealed key of a slot: the fake suite's ciphertext begins with the coins. */
static void assert_slots_differ(const struct parts *one, const struct parts *two)
{
    for (size_t i = 0; i < one->envelope->n_slots; i++) {
        Hotline__V1__Slot *left = hotline__v1__slot__unpack(NULL, one->envelope->slots[i].len,
                                                            one->envelope->slots[i].data);
        assert_non_null(left);
        for (size_t j = 0; j < two->envelope->n_slots; j++) {
            Hotline__V1__Slot *right = hotline__v1__slot__unpack(NULL, two->envelope->slots[j].len,
                                                                 two->envelope->slots[j].data);
            assert_non_null(right);
            if (one != two || i != j) {
                assert_memory_not_equal(left->kem_ct.data, right->kem_ct.data, KEM_COINS_BYTES);
                assert_other(&left->sealed, &right->sealed);
            }
            hotline__v1__slot__free_unpacked(right, NULL);
        }
        hotline__v1__slot__free_unpacked(left, NULL);
    }
}

static void send_two(const struct suite *suite, const char *first, const char *second)
{
    const struct world_plan plan = {.suite = suite,
                                    .seed = 81,
                                    .states = 3,
                                    .terminals = 2,
                                    .relays = 2,
                                    .delay_max_ms = 40,
                                    .has_constant_rng = true};
    const struct note notes[2] = {{.to = {"XBB.TEC", "XCC.TEC"}, .text = first},
                                  {.to = {"XBB.TEC", "XCC.TEC"}, .text = second}};
    struct world *world = sim_new(&plan);
    struct node *xaa = sim_node(world, 0, 0);
    struct parts parts[2];
    for (size_t i = 0; i < 2; i++) {
        uint8_t hash[HASH_BYTES];
        note_send(xaa, &notes[i], hash);
        take_parts(xaa, hash, &parts[i]);
        sim_run(world, 1000);
    }
    assert_memory_not_equal(parts[0].file_key, parts[1].file_key, 32);
    assert_memory_not_equal(parts[0].content_key, parts[1].content_key, 32);
    assert_other(&parts[0].header->salt, &parts[1].header->salt);
    assert_other(&parts[0].header->envelope_id, &parts[1].header->envelope_id);
    assert_true(parts[0].envelope->n_slots >= 5);
    assert_slots_differ(&parts[0], &parts[1]);
    assert_slots_differ(&parts[0], &parts[0]);
    for (size_t i = 0; i < 2; i++)
        parts_done(&parts[i]);
    sim_free(world);
}

static void two_notices_under_a_constant_generator_share_no_key(void **state)
{
    (void)state;
    send_two(suite_fake(), "The first one.", "Another one.");
}

static void neither_do_two_of_the_same_words(void **state)
{
    (void)state;
    send_two(suite_fake(), "The very same.", "The very same.");
}

static void nor_under_the_real_suite(void **state)
{
    (void)state;
    send_two(suite_real(), "The first one.", "Another one.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_notices_under_a_constant_generator_share_no_key),
        cmocka_unit_test(neither_do_two_of_the_same_words),
        cmocka_unit_test(nor_under_the_real_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
