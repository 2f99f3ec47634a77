/* secret — guarded and erased memory, locked where it can be; constant-time comparison. */
#include "keys/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

#define SODIUM_MAJOR_MIN                                                                           \
    26 /* library version of 1.0.22, the first with X-Wing: soname libsodium.so.26 */
#define SODIUM_MINOR_MIN 4

static bool sodium_is_new_enough(void)
{
    int major = sodium_library_version_major();

    return major > SODIUM_MAJOR_MIN ||
           (major == SODIUM_MAJOR_MIN && sodium_library_version_minor() >= SODIUM_MINOR_MIN);
}

/* LeakSanitizer attaches to its own process, which the kernel refuses where the process is not dumpable. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

int secret_init(void)
{
    const struct rlimit no_core = {0, 0};

    if (sodium_init() < 0 || !sodium_is_new_enough())
        return HL_ESTATE;
    if (setrlimit(RLIMIT_CORE, &no_core) != 0)
        return HL_ESTATE;
    if (!IS_SANITIZED && prctl(PR_SET_DUMPABLE, 0) != 0)
        return HL_ESTATE;
    return HL_OK;
}

/* What a program holds at once: a ring of prekeys, an officer's keys and the pages that guard them. */
#define LOCK_PROBE_BYTES ((size_t)64 * 1024)

const char *secret_lock_warning(void)
{
    static char line[160];
    struct rlimit limit = {0, 0};
    void *memory = sodium_malloc(LOCK_PROBE_BYTES);
    bool is_locked = memory && sodium_mlock(memory, LOCK_PROBE_BYTES) == 0;

    sodium_free(memory); /* unlocks */
    if (is_locked)
        return NULL;
    (void)getrlimit(RLIMIT_MEMLOCK, &limit); /* 0 is told where it cannot be asked for */
    (void)snprintf(
        line, sizeof(line),
        "memory for secrets cannot be locked (memlock limit %llu octets): they may reach "
        "the swap; raise the limit, or encrypt the swap",
        (unsigned long long)limit.rlim_cur);
    return line;
}

int secret_new(size_t len, void **ret_memory)
{
    if (sodium_init() < 0) /* idempotent; guarded pages need it */
        return HL_ENOMEM;

    void *memory = sodium_malloc(len);
    if (!memory)
        return HL_ENOMEM;
    memset(memory, 0, len);
    *ret_memory = memory;
    return HL_OK;
}

void secret_free(void *memory)
{
    sodium_free(memory); /* erases; NULL is allowed */
}

void secret_erase(void *octets, size_t len)
{
    sodium_memzero(octets, len);
}

bool secret_equal(const void *left, const void *right, size_t len)
{
    return sodium_memcmp(left, right, len) == 0;
}

const char *secret_library_version(void)
{
    return sodium_version_string();
}
