/* record — the messages inside a session: who may send which, when, how large; and messages of more than 60,000 octets,
 * cut into Fragments and joined again. docs/PROTOCOL.md, "Transport". */
#ifndef HOTLINE_PROTO_RECORD_H
#define HOTLINE_PROTO_RECORD_H

#include "base/buf.h"
#include "proto/frame.h"

enum record_type {
    RECORD_WELCOME = 1,
    RECORD_BYE = 2,
    RECORD_PING = 3,
    RECORD_PONG = 4,
    RECORD_SUBMIT = 10,
    RECORD_SUBMIT_RESULT = 11,
    RECORD_SUBSCRIBE = 20,
    RECORD_DELIVER = 21,
    RECORD_TAKEN = 22,
    RECORD_REJECT_PUT = 23,
    RECORD_PREKEY_PUT = 30,
    RECORD_PREKEY_GET = 31,
    RECORD_PREKEY_RESULT = 32,
    RECORD_PUT_RESULT = 33,
    RECORD_DOC_GET = 40,
    RECORD_DOC_RESULT = 41,
    RECORD_DOC_PUT = 42,
    RECORD_DOC_NEWS = 43,
    RECORD_HEAD_GET = 50,
    RECORD_HEAD_RESULT = 51,
    RECORD_LOG_GET = 60,
    RECORD_LOG_RESULT = 61,
    RECORD_COSIGN_PUT = 62,
    RECORD_ATTACH_PUT = 70,
    RECORD_ATTACH_GET = 71,
    RECORD_ATTACH_PART = 72,
    RECORD_FRAGMENT = 90,
    RECORD_REKEY = 91
};

enum record_direction { RECORD_TO_CLIENT = 1, RECORD_TO_RELAY = 2, RECORD_BOTH_WAYS = 3 };
enum record_stage { RECORD_FIRST, RECORD_ANY_TIME, RECORD_WELCOMED };

struct record_rule {
    enum record_type type;
    enum record_direction direction;
    const char *name;
    uint32_t limit; /* octets of the whole message */
    enum record_stage stage;
};

/* Static; NULL for an unknown type. */
const struct record_rule *record_rule_of(unsigned type);
/* May a message of `type` and `len` travel in this one direction, before or after the Welcome?
 * Errors: HL_EINVAL (unknown type, other direction), HL_ETOOBIG, HL_ESTATE (stage). */
HL_MUST_CHECK int record_check(unsigned type, size_t len, enum record_direction direction,
                               bool is_welcomed);

#define FRAGMENT_PART_MIN 4096
#define FRAGMENT_PART_MAX 59900

/* The next Fragment of `whole` (more than FRAME_RECORD_MAX octets) from `offset` on; `msg` counts from 1 in a direction.
 * The caller owns *ret_fragment, the packed body of a record 90. Error: HL_ENOMEM. */
HL_MUST_CHECK int fragment_cut(uint32_t msg, const struct record *whole, uint32_t offset,
                               struct blob **ret_fragment);
/* Octets of `whole_len` that the Fragment at `offset` carries. */
uint32_t fragment_part_len(size_t whole_len, uint32_t offset);

/* One direction's message in the making.
 *   idle ──first Fragment──> growing ──exact next──> growing ──last──> whole ──assembly_reset──> idle */
struct assembly {
    uint32_t msg_last; /* number of the message in the making, or of the last one */
    unsigned type;     /* 0 = idle */
    uint32_t total;
    struct buf data;
};
void assembly_init(struct assembly *assembly);
void assembly_done(struct assembly *assembly);
/* Take one Fragment. *ret_is_whole: type and data are the message until assembly_reset(). Errors: HL_EFORMAT (not
 * canonical, or against the rules), HL_ENOMEM. */
HL_MUST_CHECK int assembly_add(struct assembly *assembly, enum record_direction direction,
                               struct bytes fragment, bool *ret_is_whole);
void assembly_reset(struct assembly *assembly);

#endif
