/* shortage — a relay that refuses deposits for its own sake says so once when it begins and once when it ends.
 *
 *   CALM ──a refusal──> SHORT ──none for 10 s, and there is room──> CALM */
#ifndef HOTLINE_DAEMON_SHORTAGE_H
#define HOTLINE_DAEMON_SHORTAGE_H

#include "base/log.h"
#include "daemon/relay.h"

#define SHORTAGE_CALM_MS   10000
#define SHORTAGE_LINE_SIZE 320

enum shortage_kind { SHORTAGE_SPACE, SHORTAGE_BUSY, SHORTAGE_KINDS };

/* Zero at the start. */
struct shortages {
    struct {
        bool is_short;
        uint64_t refused, told; /* counts when last looked at, and when it began */
        int64_t last_ms;        /* mono, of the last refusal */
    } of[SHORTAGE_KINDS];
};
/* Look at the relay's figures, at least each second; true: there is a line to log, call again. disk_free is UINT64_MAX when
 * it is not known. */
bool shortages_step(struct shortages *shortages, const struct relay_status *status,
                    const struct relay_limits *limits, uint64_t disk_free, int64_t mono_ms,
                    char ret_line[static SHORTAGE_LINE_SIZE]);

#endif
