/* door — who may knock. */
#include "daemon/door.h"

#include <netinet/in.h>
#include <string.h>

#include "daemon/index.h"

#define KNOCK      1000 /* a knock in thousandths */
#define PROBES_MAX 4

void door_init(struct door *door, uint64_t seed)
{
    memset(door, 0, sizeof(*door));
    door->seed = seed;
}

static struct prefix prefix_of_four(const uint8_t octets[static 4])
{
    struct prefix prefix = {.octets = {0}};

    if (octets[0] == 127)
        return prefix;
    prefix.octets[0] = 4;
    memcpy(prefix.octets + 1, octets, 3);
    return prefix;
}

/* A listener on [::] shows IPv4 callers as ::ffff:a.b.c.d: they are not all one /48. */
static struct prefix prefix_of_six(const struct in6_addr *address)
{
    struct prefix prefix = {.octets = {0}};

    if (IN6_IS_ADDR_V4MAPPED(address))
        return prefix_of_four(address->s6_addr + 12);
    if (IN6_IS_ADDR_LOOPBACK(address))
        return prefix;
    prefix.octets[0] = 6;
    memcpy(prefix.octets + 1, address->s6_addr, 6);
    return prefix;
}

struct prefix prefix_of(const struct sockaddr *address)
{
    struct prefix local = {.octets = {0}};

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)address;

        return prefix_of_four((const uint8_t *)&in4->sin_addr);
    }
    if (address->sa_family == AF_INET6)
        return prefix_of_six(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return local;
}

static bool is_local(struct prefix prefix)
{
    return prefix.octets[0] == 0;
}

static bool is_same(const struct door_place *place, struct prefix prefix)
{
    return place->is_used && bytes_equal(BYTES_OF(place->prefix.octets), BYTES_OF(prefix.octets));
}

/* May `left` be given away rather than `right`? Unused first, then strangers, the longest silent first. */
static bool is_cheaper(const struct door_place *left, const struct door_place *right,
                       int64_t now_ms)
{
    bool left_known = left->known_until_ms > now_ms, right_known = right->known_until_ms > now_ms;

    if (left->is_used != right->is_used)
        return !left->is_used;
    if (left_known != right_known)
        return !left_known;
    return left->at_ms < right->at_ms;
}

/* The place of a prefix, made where it costs least when it is new. */
static struct door_place *place_of(struct door *door, struct prefix prefix, int64_t now_ms)
{
    uint64_t home = index_hash(door->seed, BYTES_OF(prefix.octets));
    struct door_place *best = &door->places[home % DOOR_PREFIXES];

    for (uint64_t i = 0; i < PROBES_MAX; i++) {
        struct door_place *place = &door->places[(home + i) % DOOR_PREFIXES];

        if (is_same(place, prefix))
            return place;
        if (is_cheaper(place, best, now_ms))
            best = place;
    }
    *best = (struct door_place){
        .prefix = prefix, .is_used = true, .tokens = (int64_t)DOOR_BURST * KNOCK, .at_ms = now_ms};
    return best;
}

bool door_knock(struct door *door, struct prefix prefix, int64_t now_ms)
{
    struct door_place *place;
    int64_t full = (int64_t)DOOR_BURST * KNOCK;

    if (is_local(prefix))
        return true;
    place = place_of(door, prefix, now_ms);
    place->tokens += (now_ms - place->at_ms) * DOOR_PER_SECOND;
    place->at_ms = now_ms;
    if (place->tokens > full)
        place->tokens = full;
    if (place->tokens < KNOCK)
        return false;
    place->tokens -= KNOCK;
    return true;
}

void door_note_known(struct door *door, struct prefix prefix, int64_t now_ms)
{
    if (!is_local(prefix))
        place_of(door, prefix, now_ms)->known_until_ms = now_ms + DOOR_KNOWN_MS;
}

bool door_is_known(const struct door *door, struct prefix prefix, int64_t now_ms)
{
    uint64_t home = index_hash(door->seed, BYTES_OF(prefix.octets));

    if (is_local(prefix))
        return true;
    for (uint64_t i = 0; i < PROBES_MAX; i++) {
        const struct door_place *place = &door->places[(home + i) % DOOR_PREFIXES];

        if (is_same(place, prefix))
            return place->known_until_ms > now_ms;
    }
    return false;
}
