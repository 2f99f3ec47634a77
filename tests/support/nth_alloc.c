/* nth_alloc — let the n-th allocation of a test fail, and count what is owned. */
#include "tests/support/nth_alloc.h"

#include <dlfcn.h>
#include <errno.h>
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

void nth_alloc_arm_all(unsigned long n)
{
    (void)n;
}

bool nth_alloc_disarm(void)
{
    return false;
}

long nth_alloc_live(void)
{
    return 0;
}

#else

/* glibc's own, under their second names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);
/* Found by the name of libsodium's own, which the ones below stand before. */
void *sodium_malloc(size_t size);
void sodium_free(void *memory);

static unsigned long
    left; /* allocations until the one that fails; 0 = not armed, or it has failed */
static bool has_failed;
static bool is_for_good; /* after the first failure, all fail */
static long live;        /* changed by threads of SQLite or libuv too: atomically */

bool nth_alloc_is_supported(void)
{
    return true;
}

void nth_alloc_arm(unsigned long n)
{
    has_failed = false;
    is_for_good = false;
    left = n;
}

void nth_alloc_arm_all(unsigned long n)
{
    nth_alloc_arm(n);
    is_for_good = true;
}

bool nth_alloc_disarm(void)
{
    left = 0;
    is_for_good = false;
    return has_failed;
}

long nth_alloc_live(void)
{
    return __atomic_load_n(&live, __ATOMIC_SEQ_CST);
}

/* errno as malloc() leaves it: scandir() and others look at that alone. */
static bool is_due(void)
{
    bool is_later = is_for_good && has_failed;

    if (!is_later && (left == 0 || --left > 0))
        return false;
    has_failed = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *memory)
{
    if (memory)
        (void)__atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
    return memory;
}

static void uncount(const void *memory)
{
    if (memory)
        (void)__atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
}

void *malloc(size_t size)
{
    return is_due() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return is_due() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
    if (is_due())
        return NULL;

    void *moved = __libc_realloc(memory, size);
    if (!memory)
        (void)counted(moved);
    else if (size == 0 && !moved)
        uncount(memory);
    return moved;
}

void free(void *memory)
{
    uncount(memory);
    __libc_free(memory);
}

void *sodium_malloc(size_t size)
{
    static void *(*next)(size_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "sodium_malloc");
    return is_due() ? NULL : counted(next(size));
}

void sodium_free(void *memory)
{
    static void (*next)(void *);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "sodium_free");
    uncount(memory);
    next(memory);
}

#endif
