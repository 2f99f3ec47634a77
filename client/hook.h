/* hook — an officer's command that is told one line: started, waited for, ended when it takes too long. */
#ifndef HOTLINE_CLIENT_HOOK_H
#define HOTLINE_CLIENT_HOOK_H

#include "base/bytes.h"

#define HOOK_LINE_MAX 4096 /* what a pipe takes without a reader, PIPE_BUF of pipe(7) */

/* Runs `sh -c command` in a process group of its own, with `line` on its standard input; its output is the caller's. Its exit
 * code is not judged. Errors: HL_EIO (not started), HL_EEXPIRED (after timeout_ms it was killed with all of its group),
 * HL_ETOOBIG (the line; nothing was started), HL_ENOMEM. */
HL_MUST_CHECK int hook_run(const char *command, struct bytes line, int64_t timeout_ms);

#endif
