/* mailbox — how far this desk has read at each relay, and whether the relay's lanes are without a hole: seq and hash chain of every
 * lane towards us, judged once all entries before have come. docs/PROTOCOL.md, "Lanes". */
#ifndef HOTLINE_CLIENT_MAILBOX_H
#define HOTLINE_CLIENT_MAILBOX_H

#include "client/desk.h"
#include "wire.pb-c.h"

/* Cursor to subscribe from: every entry up to it is dealt with. taken: every entry up to it was Taken. */
HL_MUST_CHECK int mailbox_cursor(struct desk *desk, const struct relay_info *relay,
                                 uint64_t *ret_cursor, uint64_t *ret_taken);
/* A device that starts with an empty database at a mailbox in use begins where the relay says this device stands. */
HL_MUST_CHECK int mailbox_begin(struct desk *desk, const struct relay_info *relay,
                                uint64_t taken_seq);
/* One entry is dealt with (in the caller's transaction): is_taken false when it was rejected. Lane steps that are now complete are
 * judged; a hole or another head is an alarm against the relay. */
HL_MUST_CHECK int mailbox_note(struct desk *desk, const struct relay_info *relay,
                               const Hotline__V1__Deliver *deliver, bool is_taken);

#endif
