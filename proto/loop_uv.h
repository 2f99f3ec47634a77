/* loop_uv — a libuv loop whose table of watched files never has to grow.
 * libuv (1.44 to 1.50, maybe_resize() in src/unix/core.c) ends the program where that table cannot grow. It grows when a
 * file descriptor comes that is higher than all before: at a caller, in the middle of the work. So it is made as large as
 * it may become while nothing depends on the program yet; without memory for that, libuv ends it there. */
#ifndef HOTLINE_PROTO_LOOP_UV_H
#define HOTLINE_PROTO_LOOP_UV_H

#include <stddef.h>

#include <uv.h>

#include "base/err.h"

/* Files this process may have open, at most `max`: the limit of RLIMIT_NOFILE, read now. */
size_t loop_uv_files(size_t max);
/* A new loop with room for file descriptors below loop_uv_files(files_max). The caller ends it with uv_loop_close().
 * Errors: HL_ENOMEM; HL_EIO: no file can be opened (loop is not initialised then). */
HL_MUST_CHECK int loop_uv_init(uv_loop_t *loop, size_t files_max);

#endif
