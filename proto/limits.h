/* limits — every bound that two programs share. docs/PROTOCOL.md, "Limits". */
#ifndef HOTLINE_PROTO_LIMITS_H
#define HOTLINE_PROTO_LIMITS_H

#define LIMIT_HEADER          1024
#define LIMIT_SLOTS           800
#define LIMIT_ENVELOPE        1572864U /* 1.5 MiB */
#define LIMIT_PLAINTEXT       262144U  /* 256 KiB */
#define LIMIT_TEXT            65536
#define LIMIT_RECIPIENTS      400
#define LIMIT_CONTROL_BUCKET  1024
#define LIMIT_SLOT_CONTENT    148 /* plaintext octets */
#define LIMIT_SLOT_CONTROL    224
#define LIMIT_RELAYS          16
#define LIMIT_RELEASES        3
#define LIMIT_RELEASE_LIFE_MS (24LL * 3600 * 1000)
#define LIMIT_STREAM_MISSING  64
#define LIMIT_STREAM_JUMP     1000000ULL
#define LIMIT_CUSTODY_PROOF   32
#define LIMIT_BUNDLE          67108864U /* 64 MiB */

#endif
