/* fuzz_open — opening of whatever a relay or a hostile sender may hand over. The first octet chooses:
 *   0  a DeliveredEnvelope under its true deposit_hash     1  the same, signed anew by the sending device
 *   2  kind octet and content, sealed properly and opened with signatures taken for good
 *   3  an Envelope as a relay inspects it                  4  a Stub */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/limits.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int verify_nothing(const uint8_t pk[SIGN_PK_BYTES], struct bytes message, struct bytes sig)
{
    (void)pk;
    (void)message;
    return sig.len == SIG_BYTES ? HL_OK : HL_EVERIFY;
}

static struct small_world *the_world(void)
{
    static struct small_world *world;

    if (!world) {
        if (secret_init() != HL_OK)
            abort();
        world = small_world_new(suite_fake());
    }
    return world;
}

static void open_as_xbb(const struct suite *suite, const uint8_t *deposit_hash,
                        struct bytes delivered)
{
    struct open_context context = world_context(the_world(), XBB, 0);
    struct opened *opened = NULL;

    context.suite = suite;
    if (open_delivered(&context, deposit_hash, delivered, &opened) != HL_OK)
        return;
    if (opened->result == OPEN_OK && (!opened->content || !opened->is_authentic))
        abort();
    opened_free(opened);
}

/* Hashes of the parts; zero when they cannot be told. */
static void hashes_of(const Hotline__V1__DeliveredEnvelope *envelope, uint8_t ehash[HASH_BYTES],
                      uint8_t deposit_hash[HASH_BYTES])
{
    uint8_t header_hash[HASH_BYTES];
    uint8_t ct_hash[HASH_BYTES];
    Hotline__V1__EnvelopeHeader *header =
        hotline__v1__envelope_header__unpack(NULL, envelope->header.len, envelope->header.data);

    if (header && envelope->slots_root.len == HASH_BYTES) {
        label_hash1(label_fixed(LABEL_HEADER_HASH),
                    BYTES(envelope->header.data, envelope->header.len), header_hash);
        hash_plain(BYTES(envelope->ct.data, envelope->ct.len), ct_hash);
        envelope_hashes(header_hash, ct_hash, envelope->slots_root.data, header->slot_count,
                        BYTES(envelope->sig.data, envelope->sig.len), ehash, deposit_hash);
    }
    hotline__v1__envelope_header__free_unpacked(header, NULL);
}

static void fuzz_delivered(struct bytes input, bool is_signed_anew)
{
    const struct small_world *world = the_world();
    uint8_t ehash[HASH_BYTES] = {0};
    uint8_t deposit_hash[HASH_BYTES] = {0};
    struct blob *packed = NULL;
    Hotline__V1__DeliveredEnvelope *envelope =
        hotline__v1__delivered_envelope__unpack(NULL, input.len, input.data);

    if (envelope)
        hashes_of(envelope, ehash, deposit_hash);
    if (envelope && is_signed_anew && envelope->sig.len == SIG_BYTES &&
        sign_body(world->suite, world->devices[XAA][0], label_of(LABEL_ENVELOPE, 1),
                  BYTES_OF(ehash), envelope->sig.data) == HL_OK) {
        hashes_of(envelope, ehash, deposit_hash);
        if (strict_pack(&envelope->base, &packed) == HL_OK)
            input = bytes_blob(packed);
    }
    open_as_xbb(world->suite, deposit_hash, input);
    hotline__v1__delivered_envelope__free_unpacked(envelope, NULL);
    blob_free(packed);
}

static void fuzz_content(struct bytes input)
{
    const struct small_world *world = the_world();
    static const uint8_t zeros[32];
    struct suite lenient = *world->suite;
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(world, XBB, 0);
    struct sealed *sealed = NULL;

    if (input.len < 2)
        return;
    lenient.verify = verify_nothing;
    slot.seq = 1;
    bool is_control = input.data[0] == CONTENT_RECEIPT || input.data[0] == CONTENT_SERVICE;
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[XAA].id,
                                         .device = world->devices[XAA][0],
                                         .hedge_key = zeros,
                                         .plane = 1,
                                         .precedence = is_control ? 0 : 4,
                                         .kind = (enum content_kind)input.data[0],
                                         .content = BYTES(input.data + 1, input.len - 1),
                                         .content_hash = zeros,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .slots = &slot,
                                         .slot_count = 1};
    if (envelope_seal(&request, &sealed) != HL_OK)
        return;
    struct blob *delivered = sealed_deliver(world, sealed, XBB, 0);
    open_as_xbb(&lenient, sealed->deposit_hash, bytes_blob(delivered));
    blob_free(delivered);
    sealed_free(sealed);
}

static void fuzz_envelope(struct bytes input)
{
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    struct blob *octets = NULL;

    if (envelope_inspect(the_world()->trust.ns, input, &envelope, &facts) != HL_OK)
        return;
    if (envelope_deliver(envelope, &facts, envelope->n_slots - 1, &octets) == HL_OK)
        open_as_xbb(the_world()->suite, facts.deposit_hash, bytes_blob(octets));
    blob_free(octets);
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
}

static void fuzz_stub(struct bytes input)
{
    static const uint8_t zeros[HASH_BYTES];
    struct open_context context = world_context(the_world(), XBB, 0);
    struct opened *opened = NULL;

    if (open_stub(&context, zeros, input, &opened) == HL_OK)
        opened_free(opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > LIMIT_PLAINTEXT)
        return 0;
    struct bytes input = BYTES(data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
    case 1: fuzz_delivered(input, data[0] % 5 == 1); break;
    case 2: fuzz_content(input); break;
    case 3: fuzz_envelope(input); break;
    default: fuzz_stub(input); break;
    }
    return 0;
}
