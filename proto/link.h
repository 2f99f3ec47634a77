/* link — numbers and chain of notices: one stream per (sending device, recipient desk, plane). docs/PROTOCOL.md, "Streams".
 *
 * Sender: link_sign() makes the signed Link in a slot. Receiver: struct stream judges what arrives; it never refuses:
 *   expected ──seq = last+1, prev fits──> IN_ORDER      seq > last+1 ──> GAP (missing ones noted, delivered anyway)
 *   seq missing ──> LATE_FILL      seq known, same hash ──> SAME      seq known, other hash ──> FORK
 *   seq <= last, not known ──> OUT_OF_ORDER      seq > last + 10^6 ──> IMPLAUSIBLE (last does not move) */
#ifndef HOTLINE_PROTO_LINK_H
#define HOTLINE_PROTO_LINK_H

#include "keys/trust.h"
#include "proto/limits.h"

struct link {
    const uint8_t *ns;
    unsigned plane;
    uint8_t content_hash[HASH_BYTES], sender_device[ID_BYTES];
    struct desk_id recipient;
    uint64_t seq;
    uint8_t prev[HASH_BYTES];
};
/* Canonical Link body and link_hash = H(<plane>/link, body). The caller owns *ret_body. */
HL_MUST_CHECK int link_body(const struct link *link, struct blob **ret_body,
                            uint8_t ret_hash[static HASH_BYTES]);
HL_MUST_CHECK int link_sign(const struct suite *suite, const struct sign_key *device,
                            const struct link *link, uint8_t ret_hash[static HASH_BYTES],
                            uint8_t ret_sig[static SIG_BYTES]);
HL_MUST_CHECK int link_verify(const struct suite *suite, const uint8_t pk[static SIGN_PK_BYTES],
                              const struct link *link, const uint8_t sig[static SIG_BYTES],
                              uint8_t ret_hash[static HASH_BYTES]);

/* The last Links towards one desk, per plane 1..3, as a CHANNEL_CHECK carries them. */
struct marks {
    uint8_t ns[NS_BYTES], service_hash[HASH_BYTES], sender_device[ID_BYTES];
    struct desk_id recipient;
    uint64_t seq[3];
    uint8_t hash[3][HASH_BYTES];
};
HL_MUST_CHECK int marks_body(const struct marks *marks, struct blob **ret_body);
HL_MUST_CHECK int marks_sign(const struct suite *suite, const struct sign_key *device,
                             const struct marks *marks, uint8_t ret_sig[static SIG_BYTES]);
HL_MUST_CHECK int marks_verify(const struct suite *suite, const uint8_t pk[static SIGN_PK_BYTES],
                               const struct marks *marks, const uint8_t sig[static SIG_BYTES]);

enum stream_verdict {
    STREAM_IN_ORDER,
    STREAM_GAP,
    STREAM_LATE_FILL,
    STREAM_SAME,
    STREAM_FORK,
    STREAM_OUT_OF_ORDER,
    STREAM_CHAIN_BROKEN,
    STREAM_IMPLAUSIBLE
};
/* Receiver's state of one stream; plain data, persisted by its owner. */
struct stream {
    uint64_t last_seq;
    uint8_t last_hash[HASH_BYTES];
    size_t missing_count;
    uint64_t missing[LIMIT_STREAM_MISSING]; /* ascending */
};
/* known_hash: hash already held for this seq, or NULL. Moves the stream as the verdict says. */
enum stream_verdict stream_accept(struct stream *stream, uint64_t seq,
                                  const uint8_t prev[static HASH_BYTES],
                                  const uint8_t hash[static HASH_BYTES], const uint8_t *known_hash);

#endif
