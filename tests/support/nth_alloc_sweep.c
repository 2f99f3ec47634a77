/* nth_alloc_sweep — every allocation of one call fails once. A file of its own: nth_alloc.c, which defines malloc(), is also in
 * programs without cmocka. */
#include <stdio.h>

#include "base/err.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/nth_alloc.h"

void nth_alloc_require(void)
{
    if (nth_alloc_is_supported())
        return;
    printf("SKIPPED allocation sweep: a sanitizer owns malloc()\n");
    skip(); /* does not come back */
}

unsigned long nth_alloc_sweep(int (*attempt)(void *context), void *context)
{
    bool failed = true;
    unsigned long n = 0;

    nth_alloc_require();
    /* What is made once and kept (a table, a cache) is made here. */
    assert_int_equal(attempt(context), HL_OK);
    while (failed) {
        long before = nth_alloc_live();

        nth_alloc_arm(++n);
        int err = attempt(context);
        failed = nth_alloc_disarm();
        if (err != HL_ENOMEM && err != HL_OK)
            fail_msg("allocation %lu failed: error %d, not HL_ENOMEM", n, err);
        if (err == HL_ENOMEM && !failed)
            fail_msg("allocation %lu was not needed, and yet HL_ENOMEM", n);
        if (nth_alloc_live() != before)
            fail_msg("allocation %lu failed: %ld allocations are left over", n,
                     nth_alloc_live() - before);
    }
    return n;
}
