/* secret — memory for secrets: guarded, out of core dumps, erased when freed, locked where the machine lets us; constant-time
 * comparison. */
#ifndef HOTLINE_KEYS_SECRET_H
#define HOTLINE_KEYS_SECRET_H

#include "base/bytes.h"

/* Once a program, before any secret: libsodium is initialised and >= 1.0.22, core dumps are off (RLIMIT_CORE 0,
 * PR_SET_DUMPABLE 0; the latter not in builds with AddressSanitizer). Error: HL_ESTATE (libsodium too old or not usable). */
HL_MUST_CHECK int secret_init(void);

/* Can memory be locked, once more? sodium_malloc() does without where the limit (RLIMIT_MEMLOCK) forbids it, and says
 * nothing: then secrets may reach the swap. NULL: yes. Else one static line for the operator, to be told once a program. */
const char *secret_lock_warning(void);

/* `len` zero octets from sodium_malloc(). The caller owns *ret_memory, frees with secret_free(). Error: HL_ENOMEM. */
HL_MUST_CHECK int secret_new(size_t len, void **ret_memory);
void secret_free(void *memory); /* erases; NULL is allowed */

void secret_erase(void *octets, size_t len); /* for secrets on the stack */
bool secret_equal(const void *left, const void *right, size_t len);

/* Version text of the libsodium in use; static. */
const char *secret_library_version(void);

#endif
