/* t0 — when the clocks of a notice start: from the relays' custody stamps, two operators bounding each other.
 * docs/PROTOCOL.md, "T0". */
#ifndef HOTLINE_CLIENT_T0_H
#define HOTLINE_CLIENT_T0_H

#include "client/desk.h"
#include "proto/limits.h"

/* Custody of one deposit at one relay. */
struct stamp {
    int64_t received_ms;
    const char *operator_name;
    bool is_clock_off; /* |received - submitter's clock| > 120 s: never a bound */
};
enum t0_basis { T0_NONE, T0_ONE_RELAY, T0_TWO_OPERATORS, T0_DISPUTED };
struct t0 {
    enum t0_basis basis;
    int64_t ms; /* start of the clocks */
    int64_t
        latest_ms; /* other end of the interval: first stamp of another operator; = ms when there is none */
};
/* first_seen_ms is used when no stamp serves. At most LIMIT_RELAYS stamps. Pure. */
void t0_judge(const struct stamp *stamps, size_t count, int64_t released_ms, int64_t first_seen_ms,
              struct t0 *ret_t0);
/* "2 OPERATORS" "1 RELAY" "DISPUTED" "NONE"; static. */
const char *t0_basis_name(enum t0_basis basis);

/* The same from the custody that the desk holds of all deposits with this content. */
HL_MUST_CHECK int t0_of_content(struct desk *desk, const uint8_t content_hash[static HASH_BYTES],
                                int64_t released_ms, int64_t first_seen_ms, struct t0 *ret_t0);

#endif
