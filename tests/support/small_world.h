/* small_world — three States made in memory, without documents: desk TEC with two terminals, a monitoring host and three
 * officers each (the third has ACK only), prekeys for all. For tests that need nothing but certificates and keys. */
#ifndef HOTLINE_TESTS_SUPPORT_SMALL_WORLD_H
#define HOTLINE_TESTS_SUPPORT_SMALL_WORLD_H

#include "proto/notice.h"
#include "proto/open.h"

#define WORLD_NOW_MS  1795000000000LL
#define WORLD_STATES  3
#define WORLD_DEVICES 3 /* the last one is a MONITOR */
#define MONITOR_NO    2

enum { XAA, XBB, XCC };

struct small_world {
    const struct suite *suite;
    struct trust trust;
    struct entity entities[WORLD_STATES];
    struct roster rosters[WORLD_STATES];
    struct cert certs[WORLD_STATES][2 * WORLD_DEVICES];
    struct sign_key *devices[WORLD_STATES][WORLD_DEVICES];
    struct sign_key *officers[WORLD_STATES][WORLD_DEVICES];
    struct prekey_ring *rings[WORLD_STATES][WORLD_DEVICES];
    uint8_t prekey_pk[WORLD_STATES][WORLD_DEVICES][KEM_PK_BYTES];
};
/* Ends the program on failure. */
struct small_world *small_world_new(const struct suite *suite);
void small_world_free(struct small_world *world);

struct desk_id world_desk(const struct small_world *world, int state);
struct cert *world_officer_cert(struct small_world *world, int state, int no);
struct cert *world_device_cert(struct small_world *world, int state, int no);
struct seal_slot world_slot(const struct small_world *world, int state, int device);
struct open_context world_context(const struct small_world *world, int state, int device);
/* A random generator that gives 0, 1, 2, … for ever. */
struct rng counting_rng(uint64_t *state);

/* One notice from drafting to the sealed envelope, every part of which a test may bend before it is signed. */
struct letter {
    struct small_world *world;
    int from;
    unsigned header_plane, signing_plane, release_plane, link_plane;
    unsigned header_precedence;
    uint32_t persons;
    size_t release_count;
    const struct sign_key *author, *draft_device, *sender_device;
    const struct sign_key *third_signer; /* of the notice; NULL: none */
    const struct sign_key *releasers[3], *releaser_devices[3];
    void (*edit_notice)(struct letter *letter, Hotline__V1__Notice *notice);
    void (*edit_release)(struct letter *letter, size_t index, Hotline__V1__Release *release);
    void (*edit_slots)(struct letter *letter);
    enum content_kind kind;    /* NOTICE or DRAFT */
    struct seal_slot slots[3]; /* XBB/1, XBB/2, XAA/2 */
    size_t slot_count;
    uint64_t seq, row;
    /* made */
    uint8_t notice_hash[HASH_BYTES];
    struct blob *signed_notice;
    struct sealed *sealed;
};
/* FLASH, LIVE, two persons, from XAA/1 to XBB.TEC: opens without a mark. */
struct letter letter_to_xbb(struct small_world *world);
void letter_seal(struct letter *letter);
void letter_done(struct letter *letter);
/* What device `no` of a State gets of it. The caller owns the blob. */
struct blob *letter_deliver(const struct letter *letter, int state, int no);
struct opened *letter_open(const struct letter *letter, int state, int no);
/* DeliveredEnvelope of the first slot of that desk and device, from any sealed envelope; NULL: it has none. */
struct blob *sealed_deliver(const struct small_world *world, const struct sealed *sealed, int state,
                            int no);

#endif
