/* federation_make — a whole training federation in memory, signed as a real one would be: for `hotline-keys sandbox` and for
 * the simulated world. Thresholds: root 2 of 3, directory 2 of 3, timestamp 1 of 2, national 2 of 3, witness 0. */
#ifndef HOTLINE_KEYS_FEDERATION_MAKE_H
#define HOTLINE_KEYS_FEDERATION_MAKE_H

#include "base/rng.h"
#include "keys/keyfile.h"
#include "keys/trust.h"

#define MADE_STATES_MAX   8
#define MADE_RELAYS_MAX   4
#define MADE_OFFICERS_MAX 4
#define MADE_DEVICES_MAX  4

struct federation_plan {
    const struct suite *suite;
    const struct rng *rng;
    int64_t now_ms;
    char codes[MADE_STATES_MAX][4]; /* XAA..XZZ */
    size_t state_count, relay_count;
    size_t officer_count, device_count; /* of each State; desk TEC */
    uint16_t port_base;                 /* relay i listens on 127.0.0.1:port_base + i */
};
struct made_state {
    char code[4];
    uint8_t entity[ID_BYTES];
    uint8_t national_seed[3][32];
    struct key_secrets devices[MADE_DEVICES_MAX];
    struct key_secrets officers[MADE_OFFICERS_MAX];
    struct blob *national_root, *roster; /* Signed, RosterDoc */
};
struct made_federation {
    uint8_t ns[NS_BYTES], root_hash[HASH_BYTES];
    uint8_t root_seed[3][32], directory_seed[3][32], timestamp_seed[2][32];
    struct key_secrets relays[MADE_RELAYS_MAX];
    char relay_names[MADE_RELAYS_MAX][33];
    uint16_t relay_ports[MADE_RELAYS_MAX];
    struct made_state states[MADE_STATES_MAX];
    size_t state_count, relay_count, officer_count, device_count;
    struct blob *root, *directory, *timestamp; /* Signed */
};
/* In secret memory; the caller owns *ret_made. Errors: HL_EINVAL (a count of 0 or over its maximum, a code that is not
 * XAA..XZZ or stands twice, a port out of range), HL_EFORMAT (now_ms out of the schema's range), HL_ENOMEM. */
HL_MUST_CHECK int federation_make(const struct federation_plan *plan,
                                  struct made_federation **ret_made);
void made_federation_free(struct made_federation *made);
static inline void made_federation_drop(struct made_federation **made)
{
    made_federation_free(*made);
}
/* Admit what was made, as a program would. */
HL_MUST_CHECK int made_federation_admit(const struct suite *suite,
                                        const struct made_federation *made,
                                        struct trust **ret_trust, char ret_reason[static 160]);

#endif
