/* std_fds — descriptors 0, 1 and 2 taken before anything else can get them. */
#ifndef HOTLINE_BASE_STD_FDS_H
#define HOTLINE_BASE_STD_FDS_H

#include "base/err.h"

/* First thing in a program: each of 0 to 2 that is not open is opened on /dev/null, so that no file, socket or pipe opened
 * later is taken for a standard stream. Reading 0 and writing 1 or 2 fails afterwards as on the closed descriptor (EBADF):
 * output that goes nowhere is still noticed. Error: HL_EIO. */
HL_MUST_CHECK int std_fds_reserve(void);

#endif
