/* notice — sign, release and assemble notices; their hash, displayed id and check word. docs/PROTOCOL.md, "Notices". */
#ifndef HOTLINE_PROTO_NOTICE_H
#define HOTLINE_PROTO_NOTICE_H

#include "base/strict.h"
#include "envelope.pb-c.h"
#include "keys/trust.h"
#include "notice.pb-c.h"

#define NOTICE_ID_SIZE  13 /* "L-7KQ2M0419Z" and NUL */
#define CHECK_WORD_SIZE 5

/* notice_hash = H(<plane>/notice, body). Error: HL_EINVAL (plane). */
HL_MUST_CHECK int notice_hash(unsigned plane, struct bytes body,
                              uint8_t ret_hash[static HASH_BYTES]);
/* Plane letter, dash, first 50 bits of the hash in Crockford base32. */
void notice_id_format(unsigned plane, const uint8_t hash[static HASH_BYTES],
                      char ret_id[static NOTICE_ID_SIZE]);
/* Four Crockford characters from 20 random bits. */
void notice_check_word(const struct rng *rng, char ret_word[static CHECK_WORD_SIZE]);
/* Are the two equal after folding (constant time)? False when either is not a check word. */
bool notice_check_word_equal(const char *given, const char *expected);

/* Would a strict reader accept it once it is signed? Errors as of notice_sign(). */
HL_MUST_CHECK int notice_check(const Hotline__V1__Notice *notice, struct strict_fault *ret_fault);
/* The author and the device he drafts on sign the packed body (checked against the schema first).
 * The caller owns *ret_signed (Signed). Errors: HL_EFORMAT (the notice breaks the schema; *ret_fault says where), HL_ENOMEM. */
HL_MUST_CHECK int notice_sign(const struct suite *suite, const Hotline__V1__Notice *notice,
                              const struct sign_key *author, const struct sign_key *device,
                              struct blob **ret_signed, struct strict_fault *ret_fault);

/* Rules between the fields of one notice that the schema's table cannot say: exercise fields in plane EXERCISE only,
 * addressees distinct, not the sender's desk, their precedence. Sender and recipient. Error: HL_EFORMAT (ret_fault may be NULL). */
HL_MUST_CHECK int notice_check_form(const Hotline__V1__Notice *notice,
                                    struct strict_fault *ret_fault);

/* One Release over a notice, signed by releaser and releaser_device. The caller owns *ret_signed (Signed). */
struct release_request {
    const uint8_t *ns, *notice_hash;
    unsigned plane;
    const struct sign_key *releaser, *releaser_device;
    const uint8_t *sender_device; /* ID_BYTES */
    int64_t released_ms, not_after_ms;
    bool is_single_person;
    const char *reason; /* NULL or 10..200 octets */
};
/* The caller owns *ret_signed. Errors: HL_EFORMAT (plane, times, reason), HL_ENOMEM. */
HL_MUST_CHECK int release_sign(const struct suite *suite, const struct release_request *request,
                               struct blob **ret_signed);

/* SignedNotice of a Signed notice and 0..3 Signed releases, as bytes. The caller owns *ret_signed_notice. */
HL_MUST_CHECK int notice_assemble(struct bytes signed_notice, const struct bytes *releases,
                                  size_t release_count, struct blob **ret_signed_notice);

#endif
