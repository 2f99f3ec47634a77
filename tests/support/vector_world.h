/* vector_world — the sandbox federation of the public vectors: its federation admitted, test keys and prekeys by name ("XBB/1"). */
#ifndef HOTLINE_TESTS_SUPPORT_VECTOR_WORLD_H
#define HOTLINE_TESTS_SUPPORT_VECTOR_WORLD_H

#include "proto/open.h"
#include "tests/support/federation.h"

#define VECTOR_PREKEYS 4

struct vector_world {
    struct federation federation;
    json_t *prekeys;
    const struct trust *trust;                 /* that of the federation */
    struct prekey_ring *rings[VECTOR_PREKEYS]; /* XAA/1, XAA/2, XBB/1, XBB/2 */
    uint8_t prekey_pk[VECTOR_PREKEYS][KEM_PK_BYTES];
};
/* NULL when the vectors are not there (a line says so; the test skips). */
struct vector_world *vector_world_new(void);
void vector_world_free(struct vector_world *world);

/* Index of "XAA/1" … "XBB/2" in prekeys. */
int vector_index(const char *name);
const json_t *vector_device(const struct vector_world *world, const char *name);
/* The caller owns the key. */
struct sign_key *vector_key(const json_t *object);
struct desk_id vector_desk(const struct vector_world *world, const char *code);
struct seal_slot vector_slot(const struct vector_world *world, const char *name);
struct open_context vector_context(const struct vector_world *world, const char *name,
                                   int64_t now_ms);
/* A generator that gives exactly the 64 octets of `object`.rnd64 in one fill, then ends the program. */
struct vector_rng {
    uint8_t octets[64];
    int uses;
};
struct rng vector_rng(const json_t *object, struct vector_rng *state);

#endif
