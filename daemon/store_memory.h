/* store_memory — a store in memory, for tests and `--store memory:`. What is not synced is lost in a crash. */
#ifndef HOTLINE_DAEMON_STORE_MEMORY_H
#define HOTLINE_DAEMON_STORE_MEMORY_H

#include "daemon/store.h"

/* The caller owns *ret_store, frees with store_close(). Its commit is write and sync in one. */
HL_MUST_CHECK int store_memory_new(struct store **ret_store);

/* The two halves of a commit, for simulations: written is not yet durable. Errors: HL_ENOMEM. */
HL_MUST_CHECK int store_memory_write(struct store *store, const struct store_batch *batch);
void store_memory_sync(struct store *store);
/* Power loss: a batch written and not synced is gone, or there as a whole; the store may then be loaded again. */
void store_memory_crash(struct store *store, bool is_written_kept);

/* The next `count` commits fail with `err` and change nothing. */
void store_memory_fail(struct store *store, unsigned count, int err);
size_t store_memory_count(const struct store *store); /* deposits, durable ones */

#endif
