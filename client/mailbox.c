/* mailbox — how far this desk has read at each relay, and whether the relay's lanes are without a hole. */
#include "client/mailbox.h"

#include <stdio.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/event.h"
#include "client/ledger.h"
#include "proto/custody_receipt.h"

int mailbox_cursor(struct desk *desk, const struct relay_info *relay, uint64_t *ret_cursor,
                   uint64_t *ret_taken)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, "SELECT cursor, taken FROM relay WHERE id = ?",
                  SQL_ARGS(SQL_ID(relay->id))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    *ret_cursor = has_row ? (uint64_t)sql_get_number(&rows, 0) : 0;
    *ret_taken = has_row ? (uint64_t)sql_get_number(&rows, 1) : 0;
    return HL_OK;
}

int mailbox_begin(struct desk *desk, const struct relay_info *relay, uint64_t taken_seq)
{
    return sql_run(
        desk,
        "UPDATE relay SET cursor = ?, taken = ? WHERE id = ? AND cursor = 0 AND"
        " NOT EXISTS (SELECT 1 FROM entry WHERE relay = ?)",
        SQL_ARGS(SQL_N(taken_seq), SQL_N(taken_seq), SQL_ID(relay->id), SQL_ID(relay->id)));
}

/* --- lanes --- */

struct lane {
    struct desk_id from;
    unsigned plane;
};
struct lane_step {
    uint64_t seq, entry;
    uint8_t head[HASH_BYTES], deposit[HASH_BYTES];
};

static int say_broken(struct desk *desk, const struct relay_info *relay, const struct lane *lane,
                      const char *detail)
{
    struct event event = {.kind = EVENT_GAP, .plane = lane->plane};
    (void)snprintf(event.relay, sizeof(event.relay), "%s", relay->name);
    (void)snprintf(event.detail, sizeof(event.detail), "%s", detail);
    desk_format(desk->identity->trust, &lane->from, event.from);
    return event_put(desk, &event);
}

static int lane_state(struct desk *desk, const struct relay_info *relay, const struct lane *lane,
                      uint64_t *ret_seq, uint8_t *ret_head)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(
        desk, &rows,
        "SELECT seq, head FROM lane WHERE relay = ? AND entity = ? AND kind = ? AND plane = ?",
        SQL_ARGS(SQL_ID(relay->id), SQL_DESK(&lane->from), SQL_N(lane->plane))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (has_row) {
        *ret_seq = (uint64_t)sql_get_number(&rows, 0);
        return sql_get_fixed(&rows, 1, ret_head, HASH_BYTES);
    }
    *ret_seq = 0;
    lane_start(desk->identity->trust->ns, relay->id, &lane->from, &desk->identity->desk,
               lane->plane, ret_head);
    return HL_OK;
}

static int first_step(struct desk *desk, const struct relay_info *relay, const struct lane *lane,
                      bool *ret_is_there, struct lane_step *ret_step)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT seq, entry, head, deposit FROM lane_step WHERE relay = ? AND entity = ?"
                  " AND kind = ? AND plane = ? ORDER BY seq LIMIT 1",
                  SQL_ARGS(SQL_ID(relay->id), SQL_DESK(&lane->from), SQL_N(lane->plane))));
    TRY(sql_next(&rows, ret_is_there));
    if (!*ret_is_there)
        return HL_OK;
    ret_step->seq = (uint64_t)sql_get_number(&rows, 0);
    ret_step->entry = (uint64_t)sql_get_number(&rows, 1);
    TRY(sql_get_fixed(&rows, 2, ret_step->head, HASH_BYTES));
    return sql_get_fixed(&rows, 3, ret_step->deposit, HASH_BYTES);
}

static int adopt_step(struct desk *desk, const struct relay_info *relay, const struct lane *lane,
                      const struct lane_step *step)
{
    TRY(sql_run(desk,
                "INSERT OR REPLACE INTO lane(relay, entity, kind, plane, seq, head)"
                " VALUES(?,?,?,?,?,?)",
                SQL_ARGS(SQL_ID(relay->id), SQL_DESK(&lane->from), SQL_N(lane->plane),
                         SQL_N(step->seq), SQL_HASH(step->head))));
    return sql_run(
        desk,
        "DELETE FROM lane_step WHERE relay = ? AND entity = ? AND kind = ? AND"
        " plane = ? AND seq = ?",
        SQL_ARGS(SQL_ID(relay->id), SQL_DESK(&lane->from), SQL_N(lane->plane), SQL_N(step->seq)));
}

/* Walk the steps that follow one another; a hole is judged only when no earlier entry can still come. */
static int judge_lane(struct desk *desk, const struct relay_info *relay, const struct lane *lane,
                      uint64_t cursor)
{
    for (;;) {
        uint64_t seq = 0;
        uint8_t head[HASH_BYTES];
        TRY(lane_state(desk, relay, lane, &seq, head));
        struct lane_step step;
        bool is_there = false;
        TRY(first_step(desk, relay, lane, &is_there, &step));
        if (!is_there || (step.seq > seq + 1 && step.entry > cursor))
            return HL_OK;
        uint8_t next[HASH_BYTES];
        lane_next(head, step.seq, step.deposit, next);
        if (step.seq != seq + 1)
            TRY(say_broken(desk, relay, lane, "this relay skipped numbers of a lane to us"));
        else if (!bytes_equal(BYTES_OF(next), BYTES_OF(step.head)))
            TRY(say_broken(desk, relay, lane, "this relay's lane does not continue its own chain"));
        TRY(adopt_step(desk, relay, lane, &step));
    }
}

static int note_lane(struct desk *desk, const struct relay_info *relay,
                     const Hotline__V1__Deliver *deliver, struct lane *ret_lane)
{
    TRY(ledger_desk_of(deliver->from, &ret_lane->from));
    ret_lane->plane = (unsigned)deliver->plane;
    uint64_t seq = 0;
    uint8_t head[HASH_BYTES];
    TRY(lane_state(desk, relay, ret_lane, &seq, head));
    if (deliver->lane_seq <= seq)
        return HL_OK; /* judged before: the same entry again */
    return sql_run(
        desk,
        "INSERT OR IGNORE INTO lane_step(relay, entity, kind, plane, seq, head, deposit, entry)"
        " VALUES(?,?,?,?,?,?,?,?)",
        SQL_ARGS(SQL_ID(relay->id), SQL_DESK(&ret_lane->from), SQL_N(ret_lane->plane),
                 SQL_N(deliver->lane_seq), SQL_HASH(deliver->lane_head.data),
                 SQL_HASH(deliver->deposit_hash.data), SQL_N(deliver->seq)));
}

#define LANES_MAX 1203 /* as many as a mailbox can have: 401 desks, 3 planes */

/* A lane with a step that waited for an entry up to `cursor`. */
static int waiting_lane(struct desk *desk, const struct relay_info *relay, uint64_t cursor,
                        bool *ret_is_there, struct lane *ret_lane)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(
        desk, &rows,
        "SELECT entity, kind, plane FROM lane_step WHERE relay = ? AND entry <= ? LIMIT 1",
        SQL_ARGS(SQL_ID(relay->id), SQL_N(cursor))));
    TRY(sql_next(&rows, ret_is_there));
    if (!*ret_is_there)
        return HL_OK;
    ret_lane->plane = (unsigned)sql_get_number(&rows, 2);
    return sql_get_desk(&rows, 0, &ret_lane->from);
}

static int judge_waiting(struct desk *desk, const struct relay_info *relay, uint64_t cursor)
{
    for (int i = 0; i < LANES_MAX; i++) {
        struct lane lane = {0};
        bool is_there = false;
        TRY(waiting_lane(desk, relay, cursor, &is_there, &lane));
        if (!is_there)
            break;
        TRY(judge_lane(desk, relay, &lane, cursor));
    }
    return HL_OK;
}

/* --- cursor --- */

static int next_entry(struct desk *desk, const struct relay_info *relay, uint64_t seq,
                      bool *ret_is_there, bool *ret_is_taken)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, "SELECT is_taken FROM entry WHERE relay = ? AND seq = ?",
                  SQL_ARGS(SQL_ID(relay->id), SQL_N(seq))));
    TRY(sql_next(&rows, ret_is_there));
    *ret_is_taken = *ret_is_there && sql_get_number(&rows, 0) != 0;
    return HL_OK;
}

static int move_cursor(struct desk *desk, const struct relay_info *relay, uint64_t *ret_cursor)
{
    uint64_t cursor = 0;
    uint64_t taken = 0;
    TRY(mailbox_cursor(desk, relay, &cursor, &taken));
    uint64_t first = cursor;
    bool is_there = true;
    while (is_there) {
        bool is_taken = false;
        TRY(next_entry(desk, relay, cursor + 1, &is_there, &is_taken));
        if (!is_there)
            break;
        taken = is_taken && taken == cursor ? cursor + 1 : taken;
        cursor++;
    }
    *ret_cursor = cursor;
    if (cursor == first)
        return HL_OK;
    TRY(sql_run(desk, "UPDATE relay SET cursor = ?, taken = ? WHERE id = ?",
                SQL_ARGS(SQL_N(cursor), SQL_N(taken), SQL_ID(relay->id))));
    return sql_run(desk, "DELETE FROM entry WHERE relay = ? AND seq <= ?",
                   SQL_ARGS(SQL_ID(relay->id), SQL_N(cursor)));
}

int mailbox_note(struct desk *desk, const struct relay_info *relay,
                 const Hotline__V1__Deliver *deliver, bool is_taken)
{
    struct lane lane = {0};
    TRY(note_lane(desk, relay, deliver, &lane));
    uint64_t cursor = 0;
    uint64_t taken = 0;
    TRY(mailbox_cursor(desk, relay, &cursor, &taken));
    if (deliver->seq > cursor) {
        TRY(sql_run(desk, "INSERT OR REPLACE INTO entry(relay, seq, is_taken) VALUES(?,?,?)",
                    SQL_ARGS(SQL_ID(relay->id), SQL_N(deliver->seq), SQL_N(is_taken))));
        TRY(move_cursor(desk, relay, &cursor));
    }
    TRY(judge_lane(desk, relay, &lane, cursor));
    return judge_waiting(desk, relay, cursor);
}
