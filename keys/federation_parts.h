/* federation_parts — pieces shared by federation_make.c and federation_state.c, and by nobody else. */
#ifndef HOTLINE_KEYS_FEDERATION_PARTS_H
#define HOTLINE_KEYS_FEDERATION_PARTS_H

#include "base/strict.h"
#include "keys/federation_make.h"

/* Ascending public keys of seeds. */
void part_public_keys(const struct suite *suite, const uint8_t (*seeds)[32], size_t count,
                      uint8_t (*ret_keys)[32]);
void part_dh_public(const uint8_t sk[static 32], uint8_t ret_pk[static 32]);
HL_MUST_CHECK int part_sign(const struct federation_plan *plan, const ProtobufCMessage *message,
                            enum label_fixed label, const uint8_t (*seeds)[32], size_t seed_count,
                            struct blob **ret_signed);

void part_draw_state(const struct federation_plan *plan, struct made_state *state);
HL_MUST_CHECK int part_make_national_root(const struct federation_plan *plan,
                                          const struct made_federation *made,
                                          struct made_state *state);
HL_MUST_CHECK int part_make_roster(const struct federation_plan *plan,
                                   const struct made_federation *made, struct made_state *state);
HL_MUST_CHECK int part_national_root_hash(const struct made_state *state, uint8_t *ret_hash);
HL_MUST_CHECK int part_roster_hash(const struct made_state *state, uint8_t *ret_hash);

#endif
