/* nth_alloc — let the n-th allocation of a test fail. */
#include "tests/support/nth_alloc.h"

#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifdef IS_SANITIZED

bool nth_alloc_is_supported(void)
{
    return false;
}

void nth_alloc_arm(unsigned long n)
{
    (void)n;
}

bool nth_alloc_disarm(void)
{
    return false;
}

#else

/* glibc's own, under their second names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static unsigned long
    left; /* allocations until the one that fails; 0 = not armed, or it has failed */
static bool has_failed;

bool nth_alloc_is_supported(void)
{
    return true;
}

void nth_alloc_arm(unsigned long n)
{
    has_failed = false;
    left = n;
}

bool nth_alloc_disarm(void)
{
    left = 0;
    return has_failed;
}

static bool is_due(void)
{
    if (left == 0 || --left > 0)
        return false;
    has_failed = true;
    return true;
}

void *malloc(size_t size)
{
    return is_due() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_due() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return is_due() ? NULL : __libc_realloc(memory, size);
}

#endif
