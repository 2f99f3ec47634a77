/* track — where a notice stands at each desk it is for: the rows behind the sender's automaton, moved only forward. */
#include "client/track.h"

#include <stdio.h>
#include <string.h>

#include "client/desk_sql.h"

int track_step(struct desk *desk, const uint8_t notice[static HASH_BYTES], const struct desk_id *of,
               enum receipt_event event, bool *ret_has_moved)
{
    struct receipt_track track = {0};
    {
        AUTO_ROWS rows = {0};
        TRY(sql_query(desk, &rows,
                      "SELECT state, flags FROM addressee WHERE notice = ? AND entity = ? AND"
                      " kind = ?",
                      SQL_ARGS(SQL_HASH(notice), SQL_DESK(of))));
        bool has_row = false;
        TRY(sql_next(&rows, &has_row));
        if (!has_row)
            return HL_ENOTFOUND;
        track.state = (enum receipt_state)sql_get_number(&rows, 0);
        track.flags = (uint32_t)sql_get_number(&rows, 1);
    }
    *ret_has_moved = receipt_step(&track, event);
    return sql_run(
        desk,
        "UPDATE addressee SET state = ?, flags = ? WHERE notice = ? AND entity = ? AND"
        " kind = ?",
        SQL_ARGS(SQL_N(track.state), SQL_N(track.flags), SQL_HASH(notice), SQL_DESK(of)));
}

static int desk_at(struct desk *desk, const uint8_t *notice, int64_t position, bool *ret_is_there,
                   struct desk_id *ret_desk)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT entity, kind FROM addressee WHERE notice = ? ORDER BY position LIMIT 1"
                  " OFFSET ?",
                  SQL_ARGS(SQL_HASH(notice), SQL_N(position))));
    TRY(sql_next(&rows, ret_is_there));
    return *ret_is_there ? sql_get_desk(&rows, 0, ret_desk) : HL_OK;
}

int track_step_all(struct desk *desk, const uint8_t notice[static HASH_BYTES],
                   enum receipt_event event)
{
    for (int64_t i = 0; i < LIMIT_RECIPIENTS; i++) {
        struct desk_id of;
        bool is_there = false;
        TRY(desk_at(desk, notice, i, &is_there, &of));
        if (!is_there)
            break;
        bool has_moved = false;
        TRY(track_step(desk, notice, &of, event, &has_moved));
    }
    return HL_OK;
}

int track_mark(struct desk *desk, const uint8_t notice[static HASH_BYTES], uint32_t flags)
{
    return sql_run(desk, "UPDATE notice SET flags = flags | ? WHERE hash = ?",
                   SQL_ARGS(SQL_N(flags), SQL_HASH(notice)));
}

int track_tell(struct desk *desk, const uint8_t notice[static HASH_BYTES], struct event *event)
{
    {
        AUTO_ROWS rows = {0};
        TRY(sql_query(desk, &rows, "SELECT id, plane, precedence FROM notice WHERE hash = ?",
                      SQL_ARGS(SQL_HASH(notice))));
        bool has_row = false;
        TRY(sql_next(&rows, &has_row));
        if (!has_row)
            return HL_ENOTFOUND;
        (void)snprintf(event->id, sizeof(event->id), "%s", sql_get_text(&rows, 0));
        event->plane = (unsigned)sql_get_number(&rows, 1);
        event->precedence = (unsigned)sql_get_number(&rows, 2);
    }
    event->has_hash = true;
    memcpy(event->hash, notice, HASH_BYTES);
    return event_put(desk, event);
}
