/* fuzz_bundle — what a hostile exporter may hand to an arbiter. The first octet chooses:
 *   0  the octets as a bundle
 *   1  records (u32be type | u32be length | octets)* under a manifest signed by a certified exporter
 *   2  the same with every signature taken for good, to reach what stands behind them */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "tests/support/bundle_world.h"
#include "tests/support/fake_suite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)256 << 10)

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
    }
    return world;
}

static void judge(const struct suite *suite, struct bytes bundle)
{
    struct verdict *verdict = NULL;

    if (evidence_verify(suite, bundle, NULL, WORLD_NOW_MS, &verdict) != HL_OK)
        return;
    bool is_invalid = verdict->result == VERDICT_INVALID;
    if (is_invalid != (verdict->step[0] != '\0'))
        abort();
    if (is_invalid && verdict->claim_count + verdict->notice_count > 0)
        abort();
    for (size_t i = 0; i < verdict->claim_count; i++) {
        if (!verdict->claims[i].claim || !verdict->claims[i].basis)
            abort();
    }
    verdict_free(verdict);
}

static void judge_records(const struct suite *suite, struct bytes input)
{
    static const uint8_t notices[1][HASH_BYTES] = {{1}};
    const struct bundle_world *world = the_world();
    struct evidence_writer *writer = NULL;
    struct blob *bundle = NULL;

    if (evidence_new(&writer) != HL_OK)
        return;
    while (input.len >= 8) {
        uint32_t type = get_u32be(input.data);
        size_t len = get_u32be(input.data + 4);

        len = len > input.len - 8 ? input.len - 8 : len;
        if (evidence_add(writer, (enum bundle_record)type, BYTES(input.data + 8, len)) != HL_OK)
            break;
        input = BYTES(input.data + 8 + len, input.len - 8 - len);
    }
    const struct evidence_manifest manifest = {.ns = world->trust->ns,
                                               .device = bundle_device(world, XAA, 0),
                                               .device_key = world->small->devices[XAA][0],
                                               .at_ms = WORLD_NOW_MS,
                                               .plane = 1,
                                               .software = "fuzz",
                                               .notices = notices,
                                               .notice_count = 1};
    if (evidence_finish(writer, world->suite, &manifest, &bundle) == HL_OK)
        judge(suite, bytes_blob(bundle));
    blob_free(bundle);
    evidence_free(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct suite lenient = *suite_fake();

    if (size < 1 || size > INPUT_MAX)
        return 0;
    lenient.verify = verify_nothing;
    struct bytes input = BYTES(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0: judge(suite_fake(), input); break;
    case 1: judge_records(suite_fake(), input); break;
    default: judge_records(&lenient, input); break;
    }
    return 0;
}
