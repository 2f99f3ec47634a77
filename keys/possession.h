/* possession — what a key signs to prove that its holder has it: the body behind Cert.pop (proto/trust.proto). */
#ifndef HOTLINE_KEYS_POSSESSION_H
#define HOTLINE_KEYS_POSSESSION_H

#include "keys/label.h"
#include "trust.pb-c.h"

#define POSSESSION_BYTES (NS_BYTES + ID_BYTES + 1 + 32 + 32)

/* ns | entity | u8 kind | sign_pk | noise_static or 32 zeros, of a certificate whose lengths are checked. */
void possession_body(const Hotline__V1__Cert *cert, uint8_t ret_body[static POSSESSION_BYTES]);

#endif
