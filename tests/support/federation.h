/* federation — the vectors' sandbox federation (federation.json): documents and keys. */
#ifndef HOTLINE_TESTS_SUPPORT_FEDERATION_H
#define HOTLINE_TESTS_SUPPORT_FEDERATION_H

#include "keys/trust.h"
#include "tests/support/vectors.h"

#define FEDERATION_NOW_MS 1795000000000LL

struct federation {
    json_t *json;
    struct blob *root, *directory, *timestamp, *national[3], *roster[3];
    struct trust *trust; /* admitted with the real suite */
};
/* False when the vectors are absent (the test then skips). */
bool federation_load(struct federation *ret_federation);
void federation_done(struct federation *federation);
/* Admit with one document replaced: name "root", "directory", "timestamp", "national_roots", "rosters" (the first). */
int federation_admit(const struct federation *federation, const char *replaced,
                     struct bytes document, struct trust **ret_trust, char ret_reason[static 160]);
/* JSON of State `code`. Borrowed. */
const json_t *federation_state(const struct federation *federation, const char *code);
/* Signing key of device `index` of State `code`; the caller owns it. */
struct sign_key *federation_device(const struct federation *federation, const char *code,
                                   size_t index);
struct sign_key *federation_officer(const struct federation *federation, const char *code,
                                    size_t index);

#endif
