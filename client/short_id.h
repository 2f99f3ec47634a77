/* short_id — displayed ids as people type them: "l-7kq2m" is the prefix "L-7KQ2M". Pure. */
#ifndef HOTLINE_CLIENT_SHORT_ID_H
#define HOTLINE_CLIENT_SHORT_ID_H

#include "proto/notice.h"

/* Upper case; behind the dash O→0 and I, L→1. At least one character behind the dash. Error: HL_EINVAL (not an id or prefix). */
HL_MUST_CHECK int short_id_parse(const char *text, char ret_prefix[static NOTICE_ID_SIZE]);
/* "D-" and the first 50 bits of a random notice id. */
void short_id_draft(const uint8_t notice_id[static ID_BYTES], char ret_id[static NOTICE_ID_SIZE]);

#endif
