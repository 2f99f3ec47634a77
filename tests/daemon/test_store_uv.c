/* test_store_uv — the writer thread that cannot be made: the program ends, it does not hang. */
#include "daemon/store_uv.h"

#include "daemon/store_memory.h"
#include "tests/support/cmocka_all.h"

#define PATIENCE_MS 2000

/* Stands before libuv's: a machine without a thread to give. */
int uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *context)
{
    (void)thread;
    (void)entry;
    (void)context;
    return UV_EAGAIN;
}

static void on_late(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
    uv_stop(timer->loop);
}

static void start_without_a_thread_leaves_nothing_on_the_loop(void **state)
{
    const struct store_uv_calls calls = {.on_closed = NULL}; /* must not be called */
    struct store_uv *writer = NULL;
    struct store *store = NULL;
    bool is_late = false;
    uv_timer_t timer;
    uv_loop_t loop;

    (void)state;
    assert_int_equal(store_memory_new(&store), HL_OK);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_timer_init(&loop, &timer), 0);
    timer.data = &is_late;
    assert_int_equal(store_uv_start(&loop, store, &calls, NULL, &writer), HL_EIO);
    assert_null(writer);
    assert_int_equal(uv_timer_start(&timer, on_late, PATIENCE_MS, 0), 0);
    uv_unref((uv_handle_t *)&timer);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_false(is_late);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_without_a_thread_leaves_nothing_on_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
