/* ledger — what the relay remembers of each deposit, in the order of the tree; found by its hash. */
#ifndef HOTLINE_DAEMON_LEDGER_H
#define HOTLINE_DAEMON_LEDGER_H

#include "daemon/index.h"
#include "daemon/store.h"

/* What of a deposit is still handed out: all, then a Stub, at last only its place in the chain. */
enum deposit_form { DEPOSIT_FULL, DEPOSIT_STUB, DEPOSIT_CHAIN };

#define SLOT_TAKEN   0x80000000U
#define SLOT_UNKNOWN 0x7fffffffU /* device that was in no roster when the deposit came */

struct deposit {
    uint8_t hash[HASH_BYTES];
    int64_t expires_ms, received_ms;
    uint64_t tree_size;
    struct desk_id from;
    uint8_t plane, precedence;
    enum deposit_form form;
    bool is_erasing; /* waits for, or is in, a batch that erases it */
    uint16_t slot_count;
    uint16_t open_count;         /* slots not yet taken, unknown devices' included */
    uint32_t *slots;             /* number of the device, SLOT_TAKEN beside it */
    struct shelf_item *on_shelf; /* NULL: not in memory */
};
struct ledger {
    uint64_t seed;
    struct deposit *items;
    size_t count, size;
    struct index by_hash;
};

void ledger_init(struct ledger *ledger, uint64_t seed);
void ledger_done(struct ledger *ledger);
/* Number of the deposit with this hash, or INDEX_NONE. */
uint32_t ledger_find(const struct ledger *ledger, const uint8_t hash[static HASH_BYTES]);
/* Add the next one (deposit->index = ledger->count); its slots are all SLOT_UNKNOWN. Errors: HL_EVERIFY (not the next, or
 * the hash is there already), HL_ENOMEM. */
HL_MUST_CHECK int ledger_append(struct ledger *ledger, const struct store_deposit *deposit);

#endif
