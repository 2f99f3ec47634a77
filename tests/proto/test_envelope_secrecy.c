/* test_envelope_secrecy — what a relay is shown: the fields of the protocol page and no other, and in them nothing of the content but
 * its plane, class, precedence and size bucket. */
#include <string.h>

#include "base/strict.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/fake_suite.h"
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

static void assert_fields(const ProtobufCMessageDescriptor *type, const char *const *names,
                          size_t count)
{
    assert_int_equal(type->n_fields, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(type->fields[i].name, names[i]);
}

/* docs/PROTOCOL.md section 6 and proto/envelope.proto: a field more is a thing more that relays learn. */
static void a_relay_is_shown_these_fields_and_no_other(void **unused)
{
    static const char *const header[] = {
        "version", "suite",      "ns",         "envelope_id", "sender_entity", "sender_device",
        "plane",   "class",      "precedence", "dir_version", "created_ms",    "expires_ms",
        "salt",    "key_commit", "ct_len",     "slot_count",  "attachments"};
    static const char *const slot[] = {"entity", "kind", "device", "prekey_id", "kem_ct", "sealed"};
    static const char *const envelope[] = {"header", "ct", "slots", "sig"};

    (void)unused;
    assert_fields(&hotline__v1__envelope_header__descriptor, header,
                  sizeof(header) / sizeof(header[0]));
    assert_fields(&hotline__v1__slot__descriptor, slot, sizeof(slot) / sizeof(slot[0]));
    assert_fields(&hotline__v1__envelope__descriptor, envelope,
                  sizeof(envelope) / sizeof(envelope[0]));
}

/* --- two notices that have nothing in common but their addressee, plane and precedence --- */

static void of_other_words(struct letter *letter, Hotline__V1__Notice *notice)
{
    static char subject[] = "Another matter, told at some more length than the first";
    static char body[] = "x";

    (void)letter;
    notice->type = HOTLINE__V1__NOTICE_TYPE__UPD;
    notice->tlp = HOTLINE__V1__TLP__TLP_RED;
    notice->drafted_ms -= 3600000;
    notice->subject = subject;
    notice->text[0]->body = body;
}

/* The envelope as a relay holds it, with what is random and what is encrypted set to zeros. */
static struct blob *shape_of(const struct letter *letter)
{
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    struct blob *shape = NULL;
    AUTO(blob) header = NULL;

    assert_int_equal(
        envelope_inspect(world->trust.ns, bytes_blob(letter->sealed->envelope), &envelope, &facts),
        HL_OK);
    memset(facts.header->envelope_id.data, 0, facts.header->envelope_id.len);
    memset(facts.header->salt.data, 0, facts.header->salt.len);
    memset(facts.header->key_commit.data, 0, facts.header->key_commit.len);
    assert_int_equal(strict_pack(&facts.header->base, &header), HL_OK);
    assert_int_equal(header->len, envelope->header.len);
    memcpy(envelope->header.data, header->data, header->len);
    memset(envelope->ct.data, 0, envelope->ct.len);
    memset(envelope->sig.data, 0, envelope->sig.len);
    for (size_t i = 0; i < envelope->n_slots; i++) {
        Hotline__V1__Slot *slot =
            hotline__v1__slot__unpack(NULL, envelope->slots[i].len, envelope->slots[i].data);
        AUTO(blob) octets = NULL;
        memset(slot->kem_ct.data, 0, slot->kem_ct.len);
        memset(slot->sealed.data, 0, slot->sealed.len);
        assert_int_equal(strict_pack(&slot->base, &octets), HL_OK);
        assert_int_equal(octets->len, envelope->slots[i].len);
        memcpy(envelope->slots[i].data, octets->data, octets->len);
        hotline__v1__slot__free_unpacked(slot, NULL);
    }
    assert_int_equal(strict_pack(&envelope->base, &shape), HL_OK);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    return shape;
}

static void two_notices_that_share_their_addressee_look_the_same_to_a_relay(void **unused)
{
    (void)unused;
    struct letter first = letter_to_xbb(world);
    struct letter other = letter_to_xbb(world);
    other.edit_notice = of_other_words;
    other.author = world->officers[XAA][1]; /* the two persons change places */
    other.releasers[0] = world->officers[XAA][0];
    other.seq = 4711;
    other.row = first.row + 7;
    letter_seal(&first);
    letter_seal(&other);
    AUTO(blob) first_shape = shape_of(&first);
    AUTO(blob) other_shape = shape_of(&other);
    assert_false(bytes_equal(bytes_blob(first.signed_notice), bytes_blob(other.signed_notice)));
    assert_true(bytes_equal(bytes_blob(first_shape), bytes_blob(other_shape)));
    letter_done(&first);
    letter_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_is_shown_these_fields_and_no_other),
        cmocka_unit_test(two_notices_that_share_their_addressee_look_the_same_to_a_relay),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
