/* sealed_keyfile — a .hlk file around any plaintext, sealed properly: only the plaintext's own rules can refuse it. */
#ifndef HOTLINE_TESTS_SUPPORT_SEALED_KEYFILE_H
#define HOTLINE_TESTS_SUPPORT_SEALED_KEYFILE_H

#include "keys/keyfile.h"

/* kdf KDF_RAW or KDF_DESK_WRAP; ns, salt and nonce are zero, not a sandbox. NULL without memory. The caller owns it. */
struct blob *sealed_keyfile(enum key_kind kind, enum key_kdf kdf, const uint8_t secret[static 32],
                            struct bytes plain);
/* The same with octet `at` of the commitment wrong before the AEAD authenticates it. */
struct blob *sealed_keyfile_miscommitted(enum key_kind kind, const uint8_t secret[static 32],
                                         struct bytes plain, size_t at);

#endif
