/* store_uv — a store behind the loop: one writer thread. */
#include "daemon/store_uv.h"

#include <assert.h>
#include <stdlib.h>

#define IDLE_NS 200000000ULL /* without work for so long: move the WAL into the file */

struct read_job {
    uint64_t index;
    int err;
    struct store_body body;
};
/* A ring of jobs; `first` counts up for ever. */
struct read_ring {
    struct read_job jobs[STORE_UV_READS_MAX];
    size_t first, count;
};
struct store_uv {
    struct store *store;
    const struct store_uv_calls *calls;
    void *context;
    uv_async_t async; /* data points here */
    uv_thread_t thread;
    uv_mutex_t mutex; /* guards all below */
    uv_cond_t work;
    const struct store_batch *commit; /* asked for */
    const struct store_batch *committed;
    int commit_err;
    struct read_ring asked, answered;
    bool is_closing, is_ended; /* ended: the thread touches nothing any more */
    int tidy_err;
};

static void ring_push(struct read_ring *ring, const struct read_job *job)
{
    assert(ring->count < STORE_UV_READS_MAX);
    ring->jobs[(ring->first + ring->count++) % STORE_UV_READS_MAX] = *job;
}

static bool ring_pop(struct read_ring *ring, struct read_job *ret_job)
{
    if (ring->count == 0)
        return false;
    *ret_job = ring->jobs[ring->first++ % STORE_UV_READS_MAX];
    ring->count--;
    return true;
}

/* --- the writer thread: the mutex is held, but while the store works ------------------------------------------------ */

static void do_commit(struct store_uv *self)
{
    const struct store_batch *batch = self->commit;
    int err;

    self->commit = NULL;
    uv_mutex_unlock(&self->mutex);
    err = store_commit(self->store, batch);
    uv_mutex_lock(&self->mutex);
    self->committed = batch;
    self->commit_err = err;
    (void)uv_async_send(&self->async);
}

static void do_read(struct store_uv *self)
{
    struct read_job job;

    if (!ring_pop(&self->asked, &job))
        return;
    uv_mutex_unlock(&self->mutex);
    job.body = (struct store_body){.row = NULL};
    job.err = store_read(self->store, job.index, &job.body);
    uv_mutex_lock(&self->mutex);
    ring_push(&self->answered, &job);
    (void)uv_async_send(&self->async);
}

/* A failed checkpoint loses nothing: the WAL only grows, and the next commit meets the same disk. */
static void do_tidy(struct store_uv *self, bool is_idle)
{
    uv_mutex_unlock(&self->mutex);
    int err = store_tidy(self->store, is_idle);

    uv_mutex_lock(&self->mutex);
    self->tidy_err = err;
}

static void on_thread(void *context)
{
    struct store_uv *self = context;
    bool is_tidy = true;

    uv_mutex_lock(&self->mutex);
    while (!self->is_closing || self->commit || self->asked.count > 0) {
        if (self->commit) {
            do_commit(self);
            do_tidy(self, false);
            is_tidy = false;
        } else if (self->asked.count > 0) {
            do_read(self);
        } else if (is_tidy) {
            uv_cond_wait(&self->work, &self->mutex);
        } else if (uv_cond_timedwait(&self->work, &self->mutex, IDLE_NS) == UV_ETIMEDOUT) {
            do_tidy(self, true);
            is_tidy = true;
        }
    }
    self->is_ended = true;
    (void)uv_async_send(&self->async);
    uv_mutex_unlock(&self->mutex);
}

/* --- the loop's thread ------------------------------------------------------------------------------------------------ */

static void on_handle_closed(uv_handle_t *handle)
{
    struct store_uv *self = handle->data;

    uv_cond_destroy(&self->work);
    uv_mutex_destroy(&self->mutex);
    self->calls->on_closed(self->context);
    free(self);
}

static void end_thread(struct store_uv *self)
{
    if (uv_is_closing((uv_handle_t *)&self->async))
        return;
    (void)uv_thread_join(&self->thread);
    uv_close((uv_handle_t *)&self->async, on_handle_closed);
}

static bool take_commit(struct store_uv *self, const struct store_batch **ret_batch, int *ret_err)
{
    uv_mutex_lock(&self->mutex);
    *ret_batch = self->committed;
    *ret_err = self->commit_err;
    self->committed = NULL;
    uv_mutex_unlock(&self->mutex);
    return *ret_batch != NULL;
}

static bool take_read(struct store_uv *self, struct read_job *ret_job)
{
    bool is_there;

    uv_mutex_lock(&self->mutex);
    is_there = ring_pop(&self->answered, ret_job);
    uv_mutex_unlock(&self->mutex);
    return is_there;
}

static bool is_finished(struct store_uv *self)
{
    bool is_done;

    uv_mutex_lock(&self->mutex);
    is_done = self->is_ended && !self->committed && self->answered.count == 0;
    uv_mutex_unlock(&self->mutex);
    return is_done;
}

static void on_async(uv_async_t *async)
{
    struct store_uv *self = async->data;
    const struct store_batch *batch = NULL;
    struct read_job job;
    int err;

    if (take_commit(self, &batch, &err))
        self->calls->on_commit(self->context, batch, err);
    while (take_read(self, &job))
        self->calls->on_read(self->context, job.index, job.err, &job.body);
    if (is_finished(self))
        end_thread(self);
}

/* A handle left open would keep the loop, and so the program, from ending. */
static void on_start_failed(uv_handle_t *handle)
{
    struct store_uv *self = handle->data;

    uv_cond_destroy(&self->work);
    uv_mutex_destroy(&self->mutex);
    free(self);
}

int store_uv_start(uv_loop_t *loop, struct store *store, const struct store_uv_calls *calls,
                   void *context, struct store_uv **ret_store)
{
    struct store_uv *self = calloc(1, sizeof(*self));

    if (!self)
        return HL_ENOMEM;
    *self = (struct store_uv){.store = store, .calls = calls, .context = context};
    if (uv_mutex_init(&self->mutex) != 0 || uv_cond_init(&self->work) != 0 ||
        uv_async_init(loop, &self->async, on_async) != 0) {
        free(self); /* only when the machine has nothing left: the program ends */
        return HL_EIO;
    }
    self->async.data = self;
    if (uv_thread_create(&self->thread, on_thread, self) != 0) {
        uv_close((uv_handle_t *)&self->async, on_start_failed);
        return HL_EIO;
    }
    *ret_store = self;
    return HL_OK;
}

void store_uv_commit(struct store_uv *self, const struct store_batch *batch)
{
    uv_mutex_lock(&self->mutex);
    assert(!self->commit && !self->committed);
    self->commit = batch;
    uv_cond_signal(&self->work);
    uv_mutex_unlock(&self->mutex);
}

void store_uv_read(struct store_uv *self, uint64_t index)
{
    struct read_job job = {.index = index};

    uv_mutex_lock(&self->mutex);
    ring_push(&self->asked, &job);
    uv_cond_signal(&self->work);
    uv_mutex_unlock(&self->mutex);
}

void store_uv_close(struct store_uv *self)
{
    uv_mutex_lock(&self->mutex);
    self->is_closing = true;
    uv_cond_signal(&self->work);
    uv_mutex_unlock(&self->mutex);
}
