/* ping — a service statement for tests of what is no notice. */
#include "tests/support/ping.h"

#include <stdlib.h>

#include "proto/service.h"
#include "tests/support/fake_suite.h"

static ProtobufCBinaryData octets_of(const void *data, size_t len)
{
    union {
        const void *from;
        uint8_t *to;
    } cast = {.from = data};

    return (ProtobufCBinaryData){len, cast.to};
}

static struct blob *sign_ping(const struct small_world *world, uint8_t ret_hash[static HASH_BYTES])
{
    static const uint8_t zeros[HASH_BYTES];
    const struct sign_key *device = world->devices[XAA][0];
    Hotline__V1__ServiceStatement statement = HOTLINE__V1__SERVICE_STATEMENT__INIT;
    Hotline__V1__Service service = HOTLINE__V1__SERVICE__INIT;
    Hotline__V1__Desk to = HOTLINE__V1__DESK__INIT;
    struct blob *object = NULL;

    to.entity = octets_of(world->entities[XBB].id, ID_BYTES);
    to.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    service.kind = HOTLINE__V1__SERVICE_KIND__PING;
    statement.ns = octets_of(world->trust.ns, NS_BYTES);
    statement.plane = HOTLINE__V1__PLANE__LIVE;
    statement.sender_entity = octets_of(world->entities[XAA].id, ID_BYTES);
    statement.sender_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    statement.sender_device = octets_of(device->id, ID_BYTES);
    statement.recipient = &to;
    statement.at_ms = WORLD_NOW_MS;
    statement.service = &service;
    statement.journal_head = octets_of(zeros, HASH_BYTES);
    statement.dir_version = 1;
    statement.roster_version = 1;
    if (service_sign(world->suite, &statement, device, &object, ret_hash) != HL_OK)
        abort();
    return object;
}

void ping_seal(const struct small_world *world, const struct seal_slot *slots, size_t count,
               struct ping *ret_ping)
{
    static const uint8_t hedge_key[32] = {9};
    struct rng rng = constant_rng();
    struct blob *content = sign_ping(world, ret_ping->hash);
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust.ns,
                                         .sender_entity = world->entities[XAA].id,
                                         .device = world->devices[XAA][0],
                                         .hedge_key = hedge_key,
                                         .plane = 1,
                                         .kind = CONTENT_SERVICE,
                                         .content = bytes_blob(content),
                                         .content_hash = ret_ping->hash,
                                         .dir_version = 1,
                                         .created_ms = WORLD_NOW_MS,
                                         .journal_row = 7,
                                         .slots = slots,
                                         .slot_count = count};

    if (envelope_seal(&request, &ret_ping->sealed) != HL_OK)
        abort();
    blob_free(content);
}
