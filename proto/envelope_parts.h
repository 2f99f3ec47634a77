/* envelope_parts — pieces of the envelope that sealing, the relay's inspection and opening share. Private to proto/. */
#ifndef HOTLINE_PROTO_ENVELOPE_PARTS_H
#define HOTLINE_PROTO_ENVELOPE_PARTS_H

#include "proto/envelope.h"

/* A sealed slot is its plaintext and the AEAD's tag; the packed Slot message has one length a class. */
#define SLOT_BYTES_CONTENT 1346U
#define SLOT_BYTES_CONTROL 1422U

size_t slot_plain_len(bool is_control);
size_t slot_bytes_len(bool is_control);
bool kind_is_control(enum content_kind kind);

/* ehash = H(envelope-hash, hh | B(ct) | MTH(slots) | u32be slot_count) */
void envelope_hash(const uint8_t header_hash[static HASH_BYTES],
                   const uint8_t ct_hash[static HASH_BYTES],
                   const uint8_t slots_root[static HASH_BYTES], uint32_t slot_count,
                   uint8_t ret_ehash[static HASH_BYTES]);

/* The rules of step 1 that the schema's table cannot say: class against precedence, attachments and the bucket in
 * ct_len. NULL when all hold, else static text. */
const char *header_fault(const Hotline__V1__EnvelopeHeader *header);

#endif
