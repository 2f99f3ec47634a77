/* fake_suite — a fast suite for simulations: deterministic, and forgeries are still refused. Not cryptography. */
#ifndef HOTLINE_TESTS_SUPPORT_FAKE_SUITE_H
#define HOTLINE_TESTS_SUPPORT_FAKE_SUITE_H

#include "keys/suite.h"

const struct suite *suite_fake(void);

/* A seeded stream of octets (ChaCha20 by libsodium); the same seed gives the same octets on every machine. */
struct seeded_rng {
    uint8_t seed[32];
    uint64_t counter;
};
void seeded_rng_init(struct seeded_rng *state, uint64_t seed);
struct rng seeded_rng(struct seeded_rng *state);
/* The same octet for ever: a random generator that is broken. */
struct rng constant_rng(void);

#endif
