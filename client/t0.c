/* t0 — when the clocks of a notice start: from the relays' custody stamps, two operators bounding each other. */
#include "client/t0.h"

#include <string.h>

#include "client/desk_sql.h"

#define BEFORE_RELEASE_MS (300LL * 1000)
#define OTHER_OPERATOR_MS (60LL * 1000)

const char *t0_basis_name(enum t0_basis basis)
{
    switch (basis) {
    case T0_NONE: return "NONE";
    case T0_ONE_RELAY: return "1 RELAY";
    case T0_TWO_OPERATORS: return "2 OPERATORS";
    case T0_DISPUTED: return "DISPUTED";
    }
    return "NONE";
}

/* Stamps that may bound anything, ascending. */
static size_t usable(const struct stamp *stamps, size_t count, int64_t released_ms,
                     struct stamp ret_usable[static LIMIT_RELAYS])
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < LIMIT_RELAYS; i++) {
        if (stamps[i].is_clock_off || stamps[i].received_ms < released_ms - BEFORE_RELEASE_MS)
            continue;
        size_t at = kept++;
        for (; at > 0 && ret_usable[at - 1].received_ms > stamps[i].received_ms; at--)
            ret_usable[at] = ret_usable[at - 1];
        ret_usable[at] = stamps[i];
    }
    return kept;
}

/* First stamp of another operator than that of `own`; NULL: there is none. */
static const struct stamp *other_operator(const struct stamp *stamps, size_t count,
                                          const struct stamp *own)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(stamps[i].operator_name, own->operator_name) != 0)
            return &stamps[i];
    }
    return NULL;
}

/* Not more than 60 s before some other operator's stamp. */
static bool is_bounded(const struct stamp *stamps, size_t count, const struct stamp *own)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(stamps[i].operator_name, own->operator_name) != 0 &&
            stamps[i].received_ms - own->received_ms <= OTHER_OPERATOR_MS)
            return true;
    }
    return false;
}

void t0_judge(const struct stamp *stamps, size_t count, int64_t released_ms, int64_t first_seen_ms,
              struct t0 *ret_t0)
{
    struct stamp sorted[LIMIT_RELAYS];
    size_t kept = usable(stamps, count, released_ms, sorted);
    if (kept == 0) {
        *ret_t0 = (struct t0){.basis = T0_NONE, .ms = first_seen_ms, .latest_ms = first_seen_ms};
        return;
    }
    const struct stamp *other = other_operator(sorted, kept, &sorted[0]);
    if (other == NULL) {
        *ret_t0 = (struct t0){
            .basis = T0_ONE_RELAY, .ms = sorted[0].received_ms, .latest_ms = sorted[0].received_ms};
        return;
    }
    size_t first = 0;
    while (first + 1 < kept && !is_bounded(sorted, kept, &sorted[first]))
        first++;
    other = other_operator(sorted, kept, &sorted[first]);
    int64_t ms = sorted[first].received_ms;
    *ret_t0 = (struct t0){.basis = first == 0 ? T0_TWO_OPERATORS : T0_DISPUTED,
                          .ms = ms,
                          .latest_ms =
                              other != NULL && other->received_ms > ms ? other->received_ms : ms};
}

int t0_of_content(struct desk *desk, const uint8_t content_hash[static HASH_BYTES],
                  int64_t released_ms, int64_t first_seen_ms, struct t0 *ret_t0)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT c.relay, c.received_ms, c.is_clock_off FROM deposit d JOIN custody c"
                  " ON c.deposit = d.hash WHERE d.content_hash = ? LIMIT 16",
                  SQL_ARGS(SQL_HASH(content_hash))));
    struct stamp stamps[LIMIT_RELAYS];
    size_t count = 0;
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && count < LIMIT_RELAYS) {
        uint8_t id[ID_BYTES];
        TRY(sql_get_fixed(&rows, 0, id, ID_BYTES));
        const struct relay_info *relay = trust_relay(desk->identity->trust, id);
        if (relay != NULL)
            stamps[count++] = (struct stamp){.received_ms = sql_get_number(&rows, 1),
                                             .operator_name = relay->operator_name,
                                             .is_clock_off = sql_get_number(&rows, 2) != 0};
        TRY(sql_next(&rows, &has_row));
    }
    t0_judge(stamps, count, released_ms, first_seen_ms, ret_t0);
    return HL_OK;
}
