/* note_key — the key hash in front of a signed note's signature. C2SP signed-note: SHA-256(name | 0x0A | 0x01 | pk)[0..3]. */
#ifndef HOTLINE_KEYS_NOTE_KEY_H
#define HOTLINE_KEYS_NOTE_KEY_H

#include "base/bytes.h"

#define NOTE_KEY_BYTES 4
void note_key_hash(const char *name, const uint8_t pk[static 32],
                   uint8_t ret_hash[static NOTE_KEY_BYTES]);

#endif
