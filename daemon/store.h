/* store — what a relay keeps on disk, as one struct of functions: deposits in the order of the tree, what each device
 * took, prekeys. One row a deposit says all: lanes, tree and mailboxes are what the rows add up to.
 *
 * A batch is all or nothing. The relay has at most one in flight; the rim runs it (daemon/store_uv: writer thread; tests:
 * directly) and answers relay_commit_done(). Nothing here knows libuv, SQL or the wire. */
#ifndef HOTLINE_DAEMON_STORE_H
#define HOTLINE_DAEMON_STORE_H

#include "keys/trust.h"
#include "proto/custody_receipt.h"

#define STORE_SLOTS_MAX 800
#define STORE_LANES_MAX 401

/* A device as mailboxes and slots name it. */
struct device_id {
    uint8_t entity[ID_BYTES], id[ID_BYTES];
};
struct store_slot {
    struct device_id device;
    uint16_t lane; /* index into lanes */
};
/* All of a deposit but its octets; `index` = leaf of the tree = order in the store, from 0 without a gap. */
struct store_deposit {
    uint64_t index,
        tree_size; /* size of the tree when its batch was closed: the checkpoint of its receipt */
    uint8_t hash[HASH_BYTES]; /* deposit_hash */
    uint8_t leaf[HASH_BYTES];
    int64_t created_ms, expires_ms, received_ms;
    struct desk_id from;
    uint8_t from_device[ID_BYTES];
    uint32_t plane, precedence;    /* precedence 0: control */
    const struct lane_mark *lanes; /* ascending (entity, kind) */
    const uint64_t *mailbox_seqs;  /* by lane: place of the entry in the recipient desk's mailbox */
    size_t lane_count;
    const struct store_slot *slots;
    size_t slot_count;
};
/* Its octets. envelope and stub: the envelope until every device took it, then the stub, at last neither. */
struct store_body {
    struct blob *row;                       /* owned; store_row_decode() */
    struct blob *custody, *envelope, *stub; /* owned */
};
void store_body_done(struct store_body *body);

struct store_put {
    struct store_deposit deposit;
    struct bytes custody, envelope;
};
struct store_taken {
    struct device_id device;
    uint32_t
        kind; /* of the desk whose mailbox it is about: a device may move. 0: not told, an older row */
    uint64_t upto;
    const uint64_t *also; /* ascending, above upto */
    size_t also_count;
};
/* `place` 0 or 1: the two newest rotating prekeys of a device; a put replaces what was there. */
struct store_prekey {
    struct device_id device;
    uint32_t place;
    struct bytes signed_prekey;
};
/* Replace the envelope by `stub`; empty: remove both. */
struct store_erase {
    uint64_t index;
    struct bytes stub;
};
struct store_batch {
    const struct store_put *puts;
    size_t put_count;
    const struct store_taken *takens;
    size_t taken_count;
    const struct store_prekey *prekeys;
    size_t prekey_count;
    const struct store_erase *erases;
    size_t erase_count;
};

/* Called while loading, deposits first and ascending; what they point to is valid during the call. An error ends it. */
struct store_visitor {
    int (*on_deposit)(void *context, const struct store_deposit *deposit, bool has_envelope);
    int (*on_taken)(void *context, const struct store_taken *taken);
    int (*on_prekey)(void *context, const struct store_prekey *prekey);
    void *context;
};

struct store;
struct store_ops {
    /* Errors: HL_EIO, HL_EFORMAT (damaged), HL_ENOMEM, the visitor's. */
    int (*load)(struct store *store, const struct store_visitor *visitor);
    /* HL_OK: on disk, fsynced. HL_ENOSPACE, HL_ENOMEM: nothing is written, the store goes on. HL_EIO: unknown which; the
     * store must be opened anew. */
    int (*commit)(struct store *store, const struct store_batch *batch);
    /* The caller owns *ret_body's blobs. Errors: HL_ENOTFOUND, HL_EIO, HL_ENOMEM. */
    int (*read)(struct store *store, uint64_t index, struct store_body *ret_body);
    /* Housekeeping between commits (WAL checkpoint); is_idle: nothing waits. */
    int (*tidy)(struct store *store, bool is_idle);
    void (*close)(struct store *store);
};
/* First member of every store. All calls of one store come from one thread at a time. */
struct store {
    const struct store_ops *ops;
};

HL_MUST_CHECK static inline int store_load(struct store *store, const struct store_visitor *visitor)
{
    return store->ops->load(store, visitor);
}
HL_MUST_CHECK static inline int store_commit(struct store *store, const struct store_batch *batch)
{
    return store->ops->commit(store, batch);
}
HL_MUST_CHECK static inline int store_read(struct store *store, uint64_t index,
                                           struct store_body *ret_body)
{
    return store->ops->read(store, index, ret_body);
}
HL_MUST_CHECK static inline int store_tidy(struct store *store, bool is_idle)
{
    return store->ops->tidy(store, is_idle);
}
void store_close(struct store *store); /* NULL is allowed */

/* The arrays that a deposit points to, owned. */
struct store_parts {
    struct lane_mark *lanes;
    uint64_t *mailbox_seqs;
    struct store_slot *slots;
};
/* Error: HL_ENOMEM. */
HL_MUST_CHECK int store_parts_new(size_t lane_count, size_t slot_count,
                                  struct store_parts *ret_parts);
void store_parts_done(struct store_parts *parts);

/* A deposit without its octets as one row, and back; the form both stores keep. The caller owns *ret_row. */
HL_MUST_CHECK int store_row_encode(const struct store_deposit *deposit, struct blob **ret_row);
/* The deposit points into *ret_parts, which the caller owns. Errors: HL_EFORMAT, HL_ENOMEM. */
HL_MUST_CHECK int store_row_decode(struct bytes row, struct store_deposit *ret_deposit,
                                   struct store_parts *ret_parts);

#endif
