/* track — where a notice stands at each desk it is for: the rows behind the sender's automaton, moved only forward. */
#ifndef HOTLINE_CLIENT_TRACK_H
#define HOTLINE_CLIENT_TRACK_H

#include "client/desk.h"
#include "client/event.h"
#include "proto/receipt.h"

/* Apply an event of the automaton to one desk of a notice, in the caller's transaction. *ret_has_moved: the state rose.
 * Errors: HL_ENOTFOUND (that desk is not addressed). */
HL_MUST_CHECK int track_step(struct desk *desk, const uint8_t notice[static HASH_BYTES],
                             const struct desk_id *of, enum receipt_event event,
                             bool *ret_has_moved);
/* The same for every desk of the notice. */
HL_MUST_CHECK int track_step_all(struct desk *desk, const uint8_t notice[static HASH_BYTES],
                                 enum receipt_event event);
/* Add flags (enum notice_flag) to a notice. */
HL_MUST_CHECK int track_mark(struct desk *desk, const uint8_t notice[static HASH_BYTES],
                             uint32_t flags);
/* An event row about a notice: id, plane, precedence filled in from it. */
HL_MUST_CHECK int track_tell(struct desk *desk, const uint8_t notice[static HASH_BYTES],
                             struct event *event);

#endif
