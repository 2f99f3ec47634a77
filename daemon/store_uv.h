/* store_uv — a store behind the loop: one writer thread runs all its calls. The next batch closes when the one before is
 * done, so batches grow by themselves with the load; a WAL checkpoint runs on the same thread. */
#ifndef HOTLINE_DAEMON_STORE_UV_H
#define HOTLINE_DAEMON_STORE_UV_H

#include <uv.h>

#include "daemon/store.h"

#define STORE_UV_READS_MAX 64

struct store_uv;
/* In the loop's thread, never from inside a call of ours. */
struct store_uv_calls {
    void (*on_commit)(void *context, const struct store_batch *batch, int err);
    void (*on_read)(void *context, uint64_t index, int err, struct store_body *body);
    /* After store_uv_close(): thread and handle are gone, the object is freed after the call. */
    void (*on_closed)(void *context);
};
/* `store` is borrowed and must not be touched by others until on_closed. The object frees itself. Errors: HL_ENOMEM,
 * HL_EIO (no thread). */
HL_MUST_CHECK int store_uv_start(uv_loop_t *loop, struct store *store,
                                 const struct store_uv_calls *calls, void *context,
                                 struct store_uv **ret_store);
/* At most one at a time; `batch` is borrowed until on_commit. */
void store_uv_commit(struct store_uv *self, const struct store_batch *batch);
/* At most STORE_UV_READS_MAX at a time. */
void store_uv_read(struct store_uv *self, uint64_t index);
/* What was asked for is still done and answered, then on_closed. */
void store_uv_close(struct store_uv *self);

#endif
