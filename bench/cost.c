/* cost — CPU of sealing, opening and the handshake, as medians over many runs; one line a figure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keys/secret.h"
#include "proto/channel.h"
#include "tests/support/small_world.h"

#define RUNS_MAX 400

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int order(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static void report(const char *what, double *samples, size_t count)
{
    qsort(samples, count, sizeof(samples[0]), order);
    (void)printf("%-44s %9.1f us CPU   (median of %zu, %0.1f to %0.1f)\n", what, samples[count / 2],
                 count, samples[0], samples[count - 1]);
}

/* One seal of a 1 KiB notice to `count` terminals; the slots repeat one prekey, whose cost is that of any other. */
static void bench_seal(struct small_world *world, size_t count, size_t runs)
{
    double samples[RUNS_MAX];
    struct seal_slot *slots = calloc(count, sizeof(*slots));
    uint8_t content[1912];
    uint8_t hash[HASH_BYTES] = {1};
    uint8_t hedge[32] = {2};
    char what[64];

    memset(content, 'a', sizeof(content));
    for (size_t i = 0; slots && i < count; i++) {
        slots[i] = world_slot(world, XBB, 0);
        put_u64be(slots[i].device, i); /* distinct terminals */
    }
    for (size_t run = 0; slots && run < runs; run++) {
        const struct seal_request request = {.suite = suite_real(),
                                             .rng = rng_system(),
                                             .ns = world->trust.ns,
                                             .sender_entity = world->entities[XAA].id,
                                             .device = world->devices[XAA][0],
                                             .hedge_key = hedge,
                                             .plane = 1,
                                             .precedence = 3,
                                             .kind = CONTENT_NOTICE,
                                             .content = BYTES_OF(content),
                                             .content_hash = hash,
                                             .dir_version = 1,
                                             .created_ms = WORLD_NOW_MS,
                                             .journal_row = run + 1,
                                             .slots = slots,
                                             .slot_count = count};
        AUTO(sealed) sealed = NULL;
        double begin = now_us();

        if (envelope_seal(&request, &sealed) != HL_OK)
            abort();
        samples[run] = now_us() - begin;
    }
    (void)snprintf(what, sizeof(what), "seal a 1 KiB notice to %zu terminal%s", count,
                   count == 1 ? "" : "s");
    report(what, samples, runs);
    free(slots);
}

static void bench_open(struct small_world *world, size_t runs)
{
    double samples[RUNS_MAX];
    struct letter letter = letter_to_xbb(world);

    letter_seal(&letter);
    for (size_t run = 0; run < runs; run++) {
        double begin = now_us();
        struct opened *opened = letter_open(&letter, XBB, 0);

        samples[run] = now_us() - begin;
        if (opened->result != OPEN_OK)
            abort();
        opened_free(opened);
    }
    report("open a notice (all 14 steps, two persons)", samples, runs);
    letter_done(&letter);
}

/* Move all octets that one side has to the other; returns the CPU time the receiving side took. */
static double pass(struct channel *from, struct channel *to)
{
    double begin = now_us();
    struct blob *chunk = NULL;
    struct channel_event event;

    while (channel_output(from, 0, &chunk) == HL_OK && chunk) {
        struct bytes wire = bytes_blob(chunk);

        do
            channel_input(to, &wire, 0, &event);
        while (event.kind != CHANNEL_NOTHING);
        blob_free(chunk);
        chunk = NULL;
    }
    return now_us() - begin;
}

static void bench_handshake(size_t runs)
{
    double samples[RUNS_MAX];
    uint8_t sk[2][32];
    uint8_t ns[NS_BYTES] = {1};
    uint8_t relay_id[ID_BYTES] = {2};
    uint8_t hello[80] = {3};
    struct channel_key keys[2];

    rng_fill(rng_system(), sk[0], sizeof(sk));
    channel_key_init(sk[0], &keys[0]);
    channel_key_init(sk[1], &keys[1]);
    for (size_t run = 0; run < runs; run++) {
        const struct channel_client_params client_params = {
            ns, relay_id, keys[1].pk, &keys[0], rng_system(), BYTES_OF(hello)};
        const struct channel_server_params server_params = {ns,           relay_id, &keys[1], 1,
                                                            rng_system(), NULL,     NULL};
        AUTO(channel) client = NULL;
        AUTO(channel) server = NULL;
        double begin = now_us();

        if (channel_new_client(&client_params, &client) != HL_OK ||
            channel_new_server(&server_params, &server) != HL_OK)
            abort();
        (void)pass(client, server);
        (void)pass(server, client);
        (void)pass(client, server);
        samples[run] = now_us() - begin;
        if (channel_stage(server) != CHANNEL_OPEN)
            abort();
    }
    report("handshake XKhfs, both sides together", samples, runs);
}

int main(void)
{
    if (secret_init() != HL_OK)
        return 1;
    struct small_world *world = small_world_new(suite_real());
    bench_seal(world, 1, 200);
    bench_seal(world, 10, 100);
    bench_seal(world, 193, 20);
    bench_open(world, 200);
    bench_handshake(200);
    small_world_free(world);
    return 0;
}
