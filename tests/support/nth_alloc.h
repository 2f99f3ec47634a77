/* nth_alloc — let the n-th malloc(), calloc() or realloc() of a test fail, to walk every way out of a function. Off until
 * armed; not thread-safe. Under a sanitizer, which owns malloc(), it is not supported. */
#ifndef HOTLINE_TESTS_SUPPORT_NTH_ALLOC_H
#define HOTLINE_TESTS_SUPPORT_NTH_ALLOC_H

#include <stdbool.h>

bool nth_alloc_is_supported(void);
/* From now on the n-th allocation (1 = the next) fails, once. */
void nth_alloc_arm(unsigned long n);
/* Stop counting; true when the n-th allocation came, and failed. */
bool nth_alloc_disarm(void);

#endif
