/* mini_case — octets as a Mini, and what must come of them. */
#ifndef HOTLINE_TESTS_SUPPORT_MINI_CASE_H
#define HOTLINE_TESTS_SUPPORT_MINI_CASE_H

#include "tests/support/mini.h"

struct mini_case {
    const char *hex;   /* blanks between fields allowed */
    const char *where; /* of the fault */
    const char *what;  /* NULL: accepted */
};

/* The caller owns the blob. */
struct blob *mini_octets(const char *hex);
/* strict_unpack(), and assert: what is accepted packs to the same octets; what is refused says why, and leaves the result
 * alone. */
int mini_unpack(const struct strict_schema *schema, struct bytes input, struct strict_fault *fault);
/* Without a schema strict_check_encoding() must say the same. */
void mini_expect(const struct strict_schema *schema, const struct mini_case *cases, size_t count);
#define MINI_EXPECT(schema, cases) mini_expect(schema, cases, sizeof(cases) / sizeof((cases)[0]))

#endif
