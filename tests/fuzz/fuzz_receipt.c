/* fuzz_receipt — what comes back to a sender. The first octet chooses:
 *   0  a Signed receipt             1  the body of a receipt, signed anew by device and officer     2  by the device alone
 *   3  a CustodyReceipt, sender's form     4  recipient's form     5  a HeadProof     6  a signed MailboxHead
 * 3 to 6 with every signature taken for good.     7  events of the automaton */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/mailbox_head.h"
#include "proto/receipt.h"
#include "tests/support/bundle_world.h"
#include "tests/support/fake_suite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)64 << 10)

static int verify_nothing(const uint8_t pk[SIGN_PK_BYTES], struct bytes message, struct bytes sig)
{
    (void)pk;
    (void)message;
    return sig.len == SIG_BYTES ? HL_OK : HL_EVERIFY;
}

static struct bundle_world *the_world(void)
{
    static struct bundle_world *world;

    if (!world) {
        if (secret_init() != HL_OK)
            abort();
        world = bundle_world_new(suite_fake());
        letter_seal(&world->letter);
        world->kept[3] = world->letter.sealed->envelope;
    }
    return world;
}

static void fuzz_receipt(struct bytes octets)
{
    const struct bundle_world *world = the_world();
    const struct receipt_expectation expected = {.ns = world->trust->ns,
                                                 .plane = 1,
                                                 .content_hash = world->letter.notice_hash,
                                                 .deposit_hash = world->letter.sealed->deposit_hash,
                                                 .to_entity = world->small->entities[XAA].id,
                                                 .to_device = world->small->devices[XAA][0]->id,
                                                 .by_desk = world_desk(world->small, XBB),
                                                 .check_word = "V432",
                                                 .needs_check_word = true,
                                                 .now_ms = WORLD_NOW_MS};
    Hotline__V1__Receipt *receipt = NULL;
    const char *detail = NULL;

    int err = receipt_check(world->suite, world->trust, &expected, octets, &receipt, &detail);
    if ((err == HL_OK) != (receipt != NULL) || (err == HL_OK) != (detail == NULL))
        abort();
    if (receipt)
        hotline__v1__receipt__free_unpacked(receipt, NULL);
}

static void fuzz_body(struct bytes body, size_t signers)
{
    const struct bundle_world *world = the_world();
    const struct sign_key *const keys[] = {world->small->devices[XBB][0],
                                           world->small->officers[XBB][0]};
    struct blob *object = NULL;

    if (sign_object(world->suite, label_of(LABEL_RECEIPT, 1), body, keys, signers, &object) ==
        HL_OK)
        fuzz_receipt(bytes_blob(object));
    blob_free(object);
}

static void fuzz_custody(struct bytes octets, bool is_sender_form)
{
    const struct bundle_world *world = the_world();
    struct suite lenient = *world->suite;
    struct custody_facts facts;
    const char *detail = NULL;

    lenient.verify = verify_nothing;
    const struct custody_expectation expected = {
        .ns = world->trust->ns,
        .relay = &world->trust->relays[0],
        .deposit_hash = world->letter.sealed->deposit_hash,
        .plane = 1,
        .from = world_desk(world->small, XAA),
        .is_sender_form = is_sender_form,
        .own_desk = world_desk(world->small, is_sender_form ? XAA : XBB)};
    int err = custody_receipt_check(&lenient, &expected, octets, &facts, &detail);
    if ((err == HL_OK) != (detail == NULL))
        abort();
    if (err == HL_OK && facts.index >= facts.tree_size)
        abort();
}

static void fuzz_head(struct bytes octets, bool is_proof)
{
    const struct bundle_world *world = the_world();
    struct suite lenient = *world->suite;
    struct mailbox_head_facts head;
    struct head_proof_facts proof;
    struct custody_facts custody = {.lane_seq = 6};
    bool convicts = false;

    lenient.verify = verify_nothing;
    if (!is_proof) {
        (void)!mailbox_head_check(&lenient, world->trust->ns, &world->trust->relays[0], octets,
                                  NULL, &head);
        return;
    }
    if (head_proof_check(&lenient, world->trust->ns, &world->trust->relays[0], octets, &proof) !=
        HL_OK)
        return;
    memcpy(custody.leaf, proof.custody_leaf, 32);
    const struct head_charge charge = {.relay = &world->trust->relays[0],
                                       .from = proof.from,
                                       .to = proof.head.desk,
                                       .plane = proof.plane,
                                       .custody = &custody};
    if (head_convicts(&charge, &proof, BYTES(NULL, 0), &convicts) != HL_OK)
        abort();
    if (convicts && (!proof.is_committed || proof.seq > custody.lane_seq))
        abort();
}

static void fuzz_events(struct bytes events)
{
    struct receipt_track track = {RCPT_RELEASED, 0};
    enum receipt_state highest = RCPT_RELEASED;

    for (size_t i = 0; i < events.len; i++) {
        uint32_t before = track.flags;

        (void)receipt_step(&track, (enum receipt_event)(events.data[i] % EV_COUNT));
        if ((track.flags & before) != before)
            abort();
        if (track.state <= RCPT_ACKED && track.state < highest)
            abort();
        if (highest == RCPT_ACKED && track.state != RCPT_ACKED)
            abort();
        if (track.state <= RCPT_ACKED)
            highest = track.state;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > INPUT_MAX)
        return 0;
    struct bytes input = BYTES(data + 1, size - 1);
    switch (data[0] % 8) {
    case 0: fuzz_receipt(input); break;
    case 1: fuzz_body(input, 2); break;
    case 2: fuzz_body(input, 1); break;
    case 3: fuzz_custody(input, true); break;
    case 4: fuzz_custody(input, false); break;
    case 5: fuzz_head(input, true); break;
    case 6: fuzz_head(input, false); break;
    default: fuzz_events(input); break;
    }
    return 0;
}
