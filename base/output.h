/* output — standard output that cannot be written is seen, however little was written to it. */
#ifndef HOTLINE_BASE_OUTPUT_H
#define HOTLINE_BASE_OUTPUT_H

#include "base/err.h"

/* Last of all in main(): did everything reach standard output? Error: HL_EIO. */
HL_MUST_CHECK int output_finish(void);

#endif
