/* session_pair — a client and a server channel side by side. */
#include "tests/support/session_pair.h"

#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void counter_fill(void *context, uint8_t *octets, size_t len)
{
    struct counter_rng *counter = context;

    for (size_t i = 0; i < len; i++) { /* splitmix64 */
        uint64_t z = counter->state += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        octets[i] = (uint8_t)(z >> 40);
    }
}

void counter_rng_init(struct counter_rng *counter, uint64_t seed)
{
    *counter = (struct counter_rng){.rng = {counter_fill, counter}, .state = seed};
}

static void fixed_fill(void *context, uint8_t *octets, size_t len)
{
    struct fixed_rng *fixed = context;

    require(fixed->left.len >= len);
    memcpy(octets, fixed->left.data, len);
    fixed->left = BYTES(fixed->left.data + len, fixed->left.len - len);
}

void fixed_rng_init(struct fixed_rng *fixed, struct bytes octets)
{
    *fixed = (struct fixed_rng){.rng = {fixed_fill, fixed}, .left = octets};
}

void session_pair_init(struct session_pair *pair)
{
    require(secret_init() == HL_OK);
    *pair = (struct session_pair){0};
    counter_rng_init(&pair->rng, 1);
    rng_fill(&pair->rng.rng, pair->ns, sizeof(pair->ns));
    rng_fill(&pair->rng.rng, pair->relay_id, sizeof(pair->relay_id));
    rng_fill(&pair->rng.rng, pair->client_sk, sizeof(pair->client_sk));
    rng_fill(&pair->rng.rng, pair->server_sk, sizeof(pair->server_sk));
    channel_key_init(pair->client_sk, &pair->client_key);
    channel_key_init(pair->server_sk, &pair->server_key);

    const struct channel_client_params client = {.ns = pair->ns,
                                                 .relay_id = pair->relay_id,
                                                 .relay_static = pair->server_key.pk,
                                                 .key = &pair->client_key,
                                                 .rng = &pair->rng.rng,
                                                 .hello = bytes_text(SESSION_PAIR_HELLO)};
    const struct channel_server_params server = {.ns = pair->ns,
                                                 .relay_id = pair->relay_id,
                                                 .keys = &pair->server_key,
                                                 .key_count = 1,
                                                 .rng = &pair->rng.rng};
    require(channel_new_client(&client, &pair->client) == HL_OK);
    require(channel_new_server(&server, &pair->server) == HL_OK);
}

void session_pair_done(struct session_pair *pair)
{
    channel_free(pair->client);
    channel_free(pair->server);
}

struct blob *session_output(struct channel *from, int64_t mono_ms)
{
    struct blob *chunk = NULL, *all = NULL;
    struct buf joined;

    buf_init(&joined, (size_t)32 << 20);
    require(channel_output(from, mono_ms, &chunk) == HL_OK);
    while (chunk) {
        buf_add(&joined, bytes_blob(chunk));
        blob_free(chunk);
        require(channel_output(from, mono_ms, &chunk) == HL_OK);
    }
    require(buf_to_blob(&joined, &all) == HL_OK);
    buf_done(&joined);
    return all;
}

struct channel_event session_input(struct channel *to, struct bytes *wire)
{
    struct channel_event event;

    channel_input(to, wire, 0, &event);
    return event;
}

struct channel_event session_carry(struct channel *from, struct channel *to)
{
    struct blob *all = session_output(from, 0);
    struct bytes wire = bytes_blob(all);
    struct channel_event event = session_input(to, &wire);

    require(wire.len == 0); /* one event at the most, or the caller does it by hand */
    blob_free(all);
    return event;
}

void session_pair_open(struct session_pair *pair)
{
    require(session_carry(pair->client, pair->server).kind == CHANNEL_NOTHING);
    require(session_carry(pair->server, pair->client).kind == CHANNEL_READY);
    require(session_carry(pair->client, pair->server).kind == CHANNEL_HELLO);
    require(channel_send(pair->server, RECORD_WELCOME, bytes_text("welcome")) == HL_OK);
    require(session_carry(pair->server, pair->client).type == RECORD_WELCOME);
}
