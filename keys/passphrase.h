/* passphrase — a pass-phrase in secret memory: from a file, a descriptor, or typed on the terminal without echo. */
#ifndef HOTLINE_KEYS_PASSPHRASE_H
#define HOTLINE_KEYS_PASSPHRASE_H

#include "base/bytes.h"

#define PASSPHRASE_MAX 1024
/* The first line of `file`, else of `fd`, else (NULL, -1) typed on /dev/tty, twice when is_new. NUL-terminated in secret memory
 * of PASSPHRASE_MAX; the caller frees with secret_free(). Errors: HL_ENOTFOUND (no file, no terminal), HL_EIO, HL_EFORMAT
 * (empty), HL_ETOOBIG, HL_EINVAL (the two differ), HL_ENOMEM. */
HL_MUST_CHECK int passphrase_read(const char *file, int fd, bool is_new, char **ret_passphrase);

#endif
