/* schema — the lengths, ranges and counts of trust.proto's comments as a table for base/strict. */
#ifndef HOTLINE_KEYS_SCHEMA_H
#define HOTLINE_KEYS_SCHEMA_H

#include "base/strict.h"

#define SIGNED_BODY_MAX (1 << 20) /* octets of Signed.body */

extern const struct strict_schema schema_trust;

#endif
