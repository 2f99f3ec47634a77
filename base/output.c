/* output — tells whether standard output was written. */
#include "base/output.h"

#include <stdbool.h>
#include <stdio.h>

int output_finish(void)
{
    bool is_broken = ferror(stdout) != 0;

    return fflush(stdout) != 0 || is_broken ? HL_EIO : HL_OK;
}
