/* door — who may knock: token buckets by address prefix (/24, /48), and which prefixes were authenticated in the last 30
 * days. Pure; time is mono_ms. docs/PROTOCOL.md, "Callers who are nobody yet". */
#ifndef HOTLINE_DAEMON_DOOR_H
#define HOTLINE_DAEMON_DOOR_H

#include <sys/socket.h>

#include "base/bytes.h"

#define DOOR_PREFIXES   4096
#define DOOR_PER_SECOND 50
#define DOOR_BURST      500
#define DOOR_KNOWN_MS   (30LL * 24 * 3600 * 1000)

/* 1: family 4 or 6, then 3 or 6 octets; all zero: an address that is never limited (local). */
struct prefix {
    uint8_t octets[7];
};
struct door_place {
    struct prefix prefix;
    bool is_used;
    int64_t tokens, at_ms; /* thousandths of a knock */
    int64_t known_until_ms;
};
struct door {
    uint64_t seed;
    struct door_place places[DOOR_PREFIXES];
};

void door_init(struct door *door, uint64_t seed);
struct prefix prefix_of(const struct sockaddr *address);
/* One more connection from there; false: too many. */
bool door_knock(struct door *door, struct prefix prefix, int64_t now_ms);
void door_note_known(struct door *door, struct prefix prefix, int64_t now_ms);
bool door_is_known(const struct door *door, struct prefix prefix, int64_t now_ms);

#endif
