/* nth_alloc — let the n-th allocation of a test fail, to walk every way out of a function; and count what is owned.
 * An allocation is a malloc(), calloc() or realloc() of anyone, SQLite included, or a sodium_malloc(): locked memory runs
 * out too. Off until armed. Under a sanitizer, which owns malloc(), it is not supported. */
#ifndef HOTLINE_TESTS_SUPPORT_NTH_ALLOC_H
#define HOTLINE_TESTS_SUPPORT_NTH_ALLOC_H

#include <stdbool.h>

bool nth_alloc_is_supported(void);
/* Skips the test, counted and named, where not supported: before it owns anything. */
void nth_alloc_require(void);
/* From now on the n-th allocation (1 = the next) fails, once. */
void nth_alloc_arm(unsigned long n);
/* The n-th allocation and every one after it fail, until disarmed. */
void nth_alloc_arm_all(unsigned long n);
/* Stop counting; true when the n-th allocation came, and failed. */
bool nth_alloc_disarm(void);
/* Allocations not yet freed, of the whole process. The same before and after a function that gave nothing to its
 * caller, or it leaks. */
long nth_alloc_live(void);

/* Calls `attempt(context)` with the 1st, 2nd, … allocation failing, until one call needs none that fails. The attempt
 * returns the error of the function under test, and undoes what a success made. Asserts, each time: HL_ENOMEM (or, where
 * the function can do without, HL_OK), never another error; nothing leaked. Returns the number of calls. Skips, counted
 * and named, where not supported: call it before the test owns anything. */
unsigned long nth_alloc_sweep(int (*attempt)(void *context), void *context);

#endif
