/* schema — the lengths, ranges and counts of the .proto comments as tables for base/strict; each knows those below it. */
#ifndef HOTLINE_PROTO_SCHEMA_H
#define HOTLINE_PROTO_SCHEMA_H

#include "keys/schema.h"

extern const struct strict_schema schema_notice;   /* and trust */
extern const struct strict_schema schema_receipt;  /* and notice */
extern const struct strict_schema schema_envelope; /* and receipt */
extern const struct strict_schema schema_wire;     /* all messages */

#endif
