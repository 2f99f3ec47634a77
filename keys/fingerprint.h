/* fingerprint — twelve groups of five digits and two check digits for a national root, read aloud by two officers. */
#ifndef HOTLINE_KEYS_FINGERPRINT_H
#define HOTLINE_KEYS_FINGERPRINT_H

#include "keys/trust.h"

struct fingerprint {
    uint8_t hash[HASH_BYTES];
    char groups[12][6];
    char check[3];
};
/* Errors: HL_EINVAL (no key, more than 16, or keys that do not ascend strictly), HL_ENOMEM. */
HL_MUST_CHECK int fingerprint_make(const uint8_t ns[static NS_BYTES],
                                   const uint8_t entity[static ID_BYTES], uint32_t threshold,
                                   const uint8_t (*keys)[32], size_t key_count,
                                   struct fingerprint *ret_print);

#endif
