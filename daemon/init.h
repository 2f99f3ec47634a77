/* init — a new relay: keys, configuration, empty store in a folder. The directory must name it before it can start. */
#ifndef HOTLINE_DAEMON_INIT_H
#define HOTLINE_DAEMON_INIT_H

#include "base/err.h"

struct init_request {
    const char *folder;
    const char *ns, *root, *federation; /* hex, hex, path */
    const char *name, *listen;
    int is_sandbox;
};
/* Prints id and public keys for the registrar. Never over an existing key. Errors: HL_EINVAL, HL_EEXIST, HL_EIO, HL_ENOMEM. */
HL_MUST_CHECK int init_run(const struct init_request *request);

#endif
