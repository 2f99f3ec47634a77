/* link — Links and Marks in canonical form, their signatures, and the receiver's automaton of one stream. */
#include "proto/link.h"

#include <string.h>

#include "envelope.pb-c.h"

#include "base/strict.h"

#define BINARY(array) ((ProtobufCBinaryData){sizeof(array), (array)})

int link_body(const struct link *link, struct blob **ret_body, uint8_t ret_hash[static HASH_BYTES])
{
    const char *label = label_of(LABEL_LINK, link->plane);
    Hotline__V1__Link body = HOTLINE__V1__LINK__INIT;
    struct link copy = *link; /* protobuf-c's bytes are not const */
    uint8_t ns[NS_BYTES];

    if (!label)
        return HL_EINVAL;
    memcpy(ns, link->ns, NS_BYTES);
    body.ns = BINARY(ns);
    body.plane = (Hotline__V1__Plane)link->plane;
    body.content_hash = BINARY(copy.content_hash);
    body.sender_device = BINARY(copy.sender_device);
    body.recipient_entity = BINARY(copy.recipient.entity);
    body.recipient_kind = (Hotline__V1__DeskKind)link->recipient.kind;
    body.seq = link->seq;
    body.prev = BINARY(copy.prev);
    TRY(strict_pack(&body.base, ret_body));
    label_hash1(label, bytes_blob(*ret_body), ret_hash);
    return HL_OK;
}

int link_sign(const struct suite *suite, const struct sign_key *device, const struct link *link,
              uint8_t ret_hash[static HASH_BYTES], uint8_t ret_sig[static SIG_BYTES])
{
    AUTO(blob) body = NULL;
    uint8_t hash[HASH_BYTES];

    if (link->seq == 0 || link->seq > STRICT_SEQ_MAX)
        return HL_EINVAL;
    TRY(link_body(link, &body, hash));
    TRY(sign_body(suite, device, label_of(LABEL_LINK, link->plane), bytes_blob(body), ret_sig));
    memcpy(ret_hash, hash, HASH_BYTES);
    return HL_OK;
}

/* A seq of 2^63 and more verifies: it is shown and marked, never dropped; 0 is no number at all. */
int link_verify(const struct suite *suite, const uint8_t pk[static SIGN_PK_BYTES],
                const struct link *link, const uint8_t sig[static SIG_BYTES],
                uint8_t ret_hash[static HASH_BYTES])
{
    AUTO(blob) body = NULL;
    uint8_t hash[HASH_BYTES];

    if (link->seq == 0)
        return HL_EVERIFY;
    TRY(link_body(link, &body, hash));
    TRY(sign_verify_body(suite, pk, label_of(LABEL_LINK, link->plane), bytes_blob(body),
                         BYTES(sig, SIG_BYTES)));
    memcpy(ret_hash, hash, HASH_BYTES);
    return HL_OK;
}

int marks_body(const struct marks *marks, struct blob **ret_body)
{
    Hotline__V1__Marks body = HOTLINE__V1__MARKS__INIT;
    struct marks copy = *marks;

    body.ns = BINARY(copy.ns);
    body.service_hash = BINARY(copy.service_hash);
    body.sender_device = BINARY(copy.sender_device);
    body.recipient_entity = BINARY(copy.recipient.entity);
    body.recipient_kind = (Hotline__V1__DeskKind)marks->recipient.kind;
    body.live_seq = marks->seq[0];
    body.live_hash = BINARY(copy.hash[0]);
    body.exercise_seq = marks->seq[1];
    body.exercise_hash = BINARY(copy.hash[1]);
    body.test_seq = marks->seq[2];
    body.test_hash = BINARY(copy.hash[2]);
    return strict_pack(&body.base, ret_body);
}

int marks_sign(const struct suite *suite, const struct sign_key *device, const struct marks *marks,
               uint8_t ret_sig[static SIG_BYTES])
{
    AUTO(blob) body = NULL;

    TRY(marks_body(marks, &body));
    return sign_body(suite, device, label_fixed(LABEL_MARKS), bytes_blob(body), ret_sig);
}

int marks_verify(const struct suite *suite, const uint8_t pk[static SIGN_PK_BYTES],
                 const struct marks *marks, const uint8_t sig[static SIG_BYTES])
{
    AUTO(blob) body = NULL;

    TRY(marks_body(marks, &body));
    return sign_verify_body(suite, pk, label_fixed(LABEL_MARKS), bytes_blob(body),
                            BYTES(sig, SIG_BYTES));
}

/* Forget `seq` as missing; was it missing? */
static bool missing_take(struct stream *stream, uint64_t seq)
{
    for (size_t i = 0; i < stream->missing_count; i++) {
        if (stream->missing[i] != seq)
            continue;
        stream->missing_count--;
        memmove(&stream->missing[i], &stream->missing[i + 1],
                (stream->missing_count - i) * sizeof(stream->missing[0]));
        return true;
    }
    return false;
}

/* Note first..last as missing. Only the newest LIMIT_STREAM_MISSING numbers are kept: what is older comes as
 * OUT_OF_ORDER then, and is delivered all the same. */
static void missing_add(struct stream *stream, uint64_t first, uint64_t last)
{
    if (last - first >= LIMIT_STREAM_MISSING)
        first = last - LIMIT_STREAM_MISSING + 1;
    size_t added = (size_t)(last - first + 1);
    size_t total = stream->missing_count + added;
    size_t dropped = total > LIMIT_STREAM_MISSING ? total - LIMIT_STREAM_MISSING : 0;

    stream->missing_count -= dropped;
    memmove(&stream->missing[0], &stream->missing[dropped],
            stream->missing_count * sizeof(stream->missing[0]));
    for (size_t i = 0; i < added; i++)
        stream->missing[stream->missing_count++] = first + i;
}

static void stream_move(struct stream *stream, uint64_t seq, const uint8_t hash[static HASH_BYTES])
{
    stream->last_seq = seq;
    memcpy(stream->last_hash, hash, HASH_BYTES);
}

enum stream_verdict stream_accept(struct stream *stream, uint64_t seq,
                                  const uint8_t prev[static HASH_BYTES],
                                  const uint8_t hash[static HASH_BYTES], const uint8_t *known_hash)
{
    if (!known_hash && seq == stream->last_seq && seq != 0)
        known_hash = stream->last_hash;
    if (known_hash)
        return bytes_equal(BYTES(known_hash, HASH_BYTES), BYTES(hash, HASH_BYTES)) ? STREAM_SAME
                                                                                   : STREAM_FORK;
    if (seq <= stream->last_seq)
        return missing_take(stream, seq) ? STREAM_LATE_FILL : STREAM_OUT_OF_ORDER;
    if (seq > STRICT_SEQ_MAX || seq - stream->last_seq > LIMIT_STREAM_JUMP)
        return STREAM_IMPLAUSIBLE;
    if (seq > stream->last_seq + 1) {
        missing_add(stream, stream->last_seq + 1, seq - 1);
        stream_move(stream, seq, hash);
        return STREAM_GAP;
    }
    bool fits = bytes_equal(BYTES(prev, HASH_BYTES), BYTES_OF(stream->last_hash));
    stream_move(stream, seq, hash);
    return fits ? STREAM_IN_ORDER : STREAM_CHAIN_BROKEN;
}
