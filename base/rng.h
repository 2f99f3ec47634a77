/* rng — randomness as a parameter. Pure modules receive one; keys/suite.h has the real one. */
#ifndef HOTLINE_BASE_RNG_H
#define HOTLINE_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    void (*fill)(void *context, uint8_t *octets, size_t len);
    void *context;
};

static inline void rng_fill(const struct rng *rng, uint8_t *octets, size_t len)
{
    rng->fill(rng->context, octets, len);
}

#endif
