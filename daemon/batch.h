/* batch — what waits to become durable, and the one batch that is in flight.
 *
 *   waiting ──batch_close()──> in flight ──batch_done()──> waiting is all there is
 *
 * Closing gives each deposit its place in the lanes, mailboxes and the tree; they count only when the commit is done. */
#ifndef HOTLINE_DAEMON_BATCH_H
#define HOTLINE_DAEMON_BATCH_H

#include "daemon/session.h"
#include "daemon/shelf.h"

#define BATCH_DEPOSITS_MAX  1024
#define BATCH_BYTES_MAX     ((size_t)16 * 1024 * 1024)
#define BATCH_WAITING_MAX   ((size_t)64 * 1024 * 1024) /* octets */
#define BATCH_WAITING_FLASH ((size_t)8 * 1024 * 1024)  /* of these, for FLASH alone */
#define BATCH_BUCKETS       4096
#define BATCH_EXTRAS_MAX    256 /* takens, prekeys, erases, each */

/* A session that is told when it is durable; holds a reference. */
struct waiter {
    struct session *session;
    uint64_t req;
    bool is_duplicate;
    struct waiter *next;
};
struct pending {
    struct store_deposit deposit;
    struct shelf_item *item; /* owned */
    struct blob *envelope;   /* owned, as it came */
    struct device *device;
    struct waiter *waiters;
    struct pending *next;
    struct pending *next_of_bucket;
};
struct pending_prekeys {
    struct device *device;
    struct held_prekey places[DEVICE_PREKEYS]; /* as they will be; owns what is_new */
    bool is_new[DEVICE_PREKEYS];
    struct session *session;
    uint64_t req;
    enum prekey_code code;
    struct pending_prekeys *next;
};
struct erasure {
    uint32_t number;
    struct blob *stub; /* owned; NULL: nothing is left but the chain */
};

struct batch {
    uint64_t seed;
    struct pending *buckets[BATCH_BUCKETS]; /* what waits and what flies, by hash */
    struct pending *first, **last;          /* waiting deposits */
    size_t waiting_count, waiting_bytes;
    struct pending_prekeys *prekeys_first, **prekeys_last;
    size_t prekeys_count;

    bool is_flying;
    struct pending *flying; /* deposits of the batch in flight, in order */
    size_t flying_count;
    struct pending_prekeys *flying_prekeys;
    struct erasure erasures[BATCH_EXTRAS_MAX];
    size_t erasure_count;
    struct device *takers[BATCH_EXTRAS_MAX];
    size_t taker_count;
    struct store_batch store; /* arrays of the four below */
    struct store_put *puts;
    struct store_taken *takens;
    uint64_t **alsos; /* what the takens point to, owned */
    struct store_prekey *prekeys;
    struct store_erase *erases;
};

void batch_init(struct batch *batch, uint64_t seed);
/* Frees what waits and what flies; sessions' references are not given back. */
void batch_done(struct batch *batch);

void batch_add(struct batch *batch, struct pending *pending); /* owned now */
void batch_add_prekeys(struct batch *batch, struct pending_prekeys *prekeys);
/* A deposit with this hash that waits or flies; NULL. */
struct pending *batch_find(struct batch *batch, const uint8_t hash[static HASH_BYTES]);

/* Move the first waiting deposits and prekeys to the flight; their deposits get final places by the caller before
 * batch_pack(). */
void batch_take_off(struct batch *batch);
/* What flies is no longer found: it is durable, or was refused. */
void batch_forget_flying(struct batch *batch);
/* Fill batch->store from what flies. Error: HL_ENOMEM. */
HL_MUST_CHECK int batch_pack(struct batch *batch);
/* The flight is over: its arrays are freed, its lists must have been taken by the caller. */
void batch_land(struct batch *batch);

HL_MUST_CHECK int pending_new(struct pending **ret_pending);
void pending_free(struct pending *pending); /* waiters too */
static inline void pending_drop(struct pending **pending)
{
    pending_free(*pending);
}
HL_MUST_CHECK int pending_add_waiter(struct pending *pending, struct session *session, uint64_t req,
                                     bool is_duplicate);
void pending_prekeys_free(struct pending_prekeys *prekeys);

#endif
