/* device — what the relay keeps of each device: what it took, its quota, its newest prekeys, its newest own deposit. */
#ifndef HOTLINE_DAEMON_DEVICE_H
#define HOTLINE_DAEMON_DEVICE_H

#include "daemon/index.h"
#include "daemon/quota.h"
#include "daemon/store.h"
#include "daemon/taken.h"
#include "keys/prekey.h"

#define DEVICE_PREKEYS 2

struct held_prekey {
    int64_t created_ms; /* 0: none */
    uint8_t id[ID_BYTES], hash[HASH_BYTES], prev_hash[HASH_BYTES];
    struct blob *signed_prekey;
};
struct device {
    uint32_t number;
    struct device_id id;
    struct taken taken;
    uint32_t taken_kind; /* of the desk whose mailbox `taken` is about; 0: of none yet */
    bool is_taken_dirty; /* changed since the last batch */
    struct quota quota;
    uint64_t content_seen; /* entries of its mailbox that earned control quota */
    struct held_prekey prekeys[DEVICE_PREKEYS];
    bool is_prekey_pending; /* in a batch */
    uint32_t last_own;      /* newest deposit it made here, or INDEX_NONE */
    struct session *sessions;
};
struct devices {
    uint64_t seed;
    struct device **items;
    size_t count, size;
    struct index by_id;
};

void devices_init(struct devices *devices, uint64_t seed);
void devices_done(struct devices *devices);
struct device *devices_find(const struct devices *devices, const struct device_id *id);
/* Made when it is not there; borrowed until devices_done(). Error: HL_ENOMEM. */
HL_MUST_CHECK int devices_get(struct devices *devices, const struct device_id *id,
                              struct device **ret_device);

/* The device is at this desk: what it took at another one says nothing about this mailbox. true: it has moved. */
bool device_settle(struct device *device, uint32_t kind);

/* Results of PrekeyPut. */
enum prekey_code {
    PREKEY_STORED = 0,
    PREKEY_KNOWN = 1,
    PREKEY_OLDER = 2,
    PREKEY_INVALID = 3,
    PREKEY_FORK = 4,
    PREKEY_BUSY = 5
};
enum prekey_code prekey_code_worse(enum prekey_code left, enum prekey_code right);
/* Judge one more prekey against the two newest; STORED: it goes to *ret_place. */
enum prekey_code prekey_judge(const struct held_prekey held[static DEVICE_PREKEYS],
                              const struct prekey *prekey, size_t *ret_place);
/* Remember a verified prekey; the octets are the caller's to set. */
void held_prekey_set(struct held_prekey *held, const struct prekey *prekey);

#endif
