/* peer — private to the files of the C side of the check against Node: JSON helpers, the command of the other file. */
#ifndef HOTLINE_TESTS_INTEROP_PEER_H
#define HOTLINE_TESTS_INTEROP_PEER_H

#include <jansson.h>

#include "base/bytes.h"

/* Ends the program on failure. */
void must(int result, const char *what);
void put_hex(json_t *object, const char *key, struct bytes octets);

/* Handshakes and first frames for each case of the input; the caller owns the result. */
json_t *command_handshake(const json_t *input);

#endif
