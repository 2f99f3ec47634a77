/* ctl — one command to a running relay over its control socket; what it answers goes to stdout. */
#ifndef HOTLINE_DAEMON_CTL_H
#define HOTLINE_DAEMON_CTL_H

#include "base/err.h"

/* Errors: HL_ENOTFOUND (no relay runs there), HL_EPERM, HL_EIO. */
HL_MUST_CHECK int ctl_run(const char *state_dir, const char *command);

#endif
