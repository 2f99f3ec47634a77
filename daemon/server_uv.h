/* server_uv — hotlined while it runs: the core, its store, its doors, signals and time on one loop. */
#ifndef HOTLINE_DAEMON_SERVER_UV_H
#define HOTLINE_DAEMON_SERVER_UV_H

#include "daemon/server_parts.h"

/* Run until TERM, INT, or a store that fails. `parts` is moved from. reload(context, &config): read the configuration
 * anew, on HUP. HL_OK: an orderly end. Errors: HL_EIO (the store, or no address), HL_EVERIFY (the store's rows do not add
 * up), HL_ECONFIG, HL_ENOMEM. */
HL_MUST_CHECK int server_run(const struct config *config, struct server_parts *parts,
                             int (*reload)(const void *context, struct config *ret_config),
                             const void *context);

#endif
