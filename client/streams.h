/* streams — numbers of arriving notices: gaps seen, said (MISSING) and healed; forks kept. docs/PROTOCOL.md, "Streams". */
#ifndef HOTLINE_CLIENT_STREAMS_H
#define HOTLINE_CLIENT_STREAMS_H

#include "client/desk.h"
#include "proto/open.h"

/* Judge the Link of a new notice, in the caller's transaction: row of the stream moved, flags and events written. */
HL_MUST_CHECK int streams_accept(struct desk *desk, const struct opened *opened);
/* Marks of a CHANNEL_CHECK: numbers that the sender has used and we do not know. */
HL_MUST_CHECK int streams_compare_marks(struct desk *desk, const struct opened *opened);
/* Say MISSING for what is due; *ret_next_ms lowered to the next due time. */
HL_MUST_CHECK int streams_tick(struct desk *desk, int64_t *ret_next_ms);
/* Answer a peer's MISSING about our stream: the same deposits over the relays that have not had them yet. */
HL_MUST_CHECK int streams_resend(struct desk *desk, const struct desk_id *to, unsigned plane,
                                 uint64_t first_seq, uint64_t last_seq);

#endif
