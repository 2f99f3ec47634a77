/* fingerprint — digits to read aloud. */
#include "keys/fingerprint.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#define KEYS_MAX 16

/* One set of keys has one fingerprint. */
static bool keys_ascend(const uint8_t (*keys)[32], size_t key_count)
{
    for (size_t i = 1; i < key_count; i++) {
        if (bytes_order(BYTES(keys[i - 1], 32), BYTES(keys[i], 32)) >= 0)
            return false;
    }
    return true;
}

int fingerprint_make(const uint8_t ns[static NS_BYTES], const uint8_t entity[static ID_BYTES],
                     uint32_t threshold, const uint8_t (*keys)[32], size_t key_count,
                     struct fingerprint *ret_print)
{
    uint8_t count[4];
    uint8_t digits[64];
    AUTO(blob) pae = NULL;
    uint32_t remainder = 0;

    if (key_count == 0 || key_count > KEYS_MAX || !keys_ascend(keys, key_count))
        return HL_EINVAL;
    put_u32be(count, threshold);
    const struct bytes parts[] = {BYTES(ns, NS_BYTES), BYTES(entity, ID_BYTES), BYTES_OF(count),
                                  BYTES(keys, key_count * 32)};
    struct fingerprint print;
    label_hash(label_fixed(LABEL_FINGERPRINT), parts, 4, print.hash);
    TRY(label_pae(label_fixed(LABEL_FINGERPRINT_DIGITS), BYTES_OF(print.hash), &pae));
    (void)crypto_generichash(digits, sizeof(digits), pae->data, pae->len, NULL,
                             0); /* lengths fit */
    for (size_t i = 0; i < 12; i++) {
        uint64_t value = (uint64_t)digits[5 * i] << 32 | get_u32be(digits + 5 * i + 1);

        (void)snprintf(print.groups[i], sizeof(print.groups[i]), "%05u",
                       (unsigned)(value % 100000));
        remainder = (remainder * 100000U % 97 + (uint32_t)(value % 100000)) % 97;
    }
    /* ISO/IEC 7064 MOD 97-10: 98 - (100 N mod 97) */
    (void)snprintf(print.check, sizeof(print.check), "%02u", (98 - remainder * 100 % 97) % 100);
    *ret_print = print;
    return HL_OK;
}
