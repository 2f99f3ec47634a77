/* bundle_case — a bundle under construction, and what an arbiter must say of it. One at a time. */
#ifndef HOTLINE_TESTS_SUPPORT_BUNDLE_CASE_H
#define HOTLINE_TESTS_SUPPORT_BUNDLE_CASE_H

#include "keys/label.h"
#include "tests/support/bundle_world.h"

#define CASE_CUSTODY_MS (WORLD_NOW_MS + 2000)

extern struct bundle_world *case_world;
extern struct records case_records;

/* A test's setup and teardown: the letter is sealed, the documents are in. */
int bundle_case_up(void **unused);
int bundle_case_down(void **unused);

/* The letter at XBB, in custody of both operators: at CASE_CUSTODY_MS, and 100 ms later. */
void bundle_case_add_sent(void);
/* XBB's first device rejects the letter. */
Hotline__V1__Reject bundle_case_reject(void);
/* Of that certificate's key; the octets are good until the next call. */
Hotline__V1__Revocation bundle_case_revocation(const struct cert *cert, int64_t since_ms);
/* A signed object of one key, or of two. */
struct blob *bundle_case_sign(const ProtobufCMessage *message, enum label_fixed label,
                              const struct sign_key *first, const struct sign_key *second);

/* The caller owns the verdict. */
struct verdict *bundle_case_judge(void);
void bundle_case_expect_invalid(const char *step);
/* Fails the test where there is none. */
const struct verdict_claim *bundle_case_claim(const struct verdict *verdict, const char *claim,
                                              const char *by);
/* Of XAA.TEC's claim to have sent it. */
void bundle_case_expect_basis(const char *basis, enum verdict_result result);

#endif
