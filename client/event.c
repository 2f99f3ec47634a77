/* event — rows that a change leaves for `watch` and the board. */
#include "client/event.h"

#include <stdio.h>
#include <string.h>

#include "client/desk_sql.h"

#define EVENTS_KEPT 100000

static const char *const names[EVENT_COUNT] = {
    [EVENT_RELEASED] = "released",
    [EVENT_CUSTODY] = "custody",
    [EVENT_DELIVERED] = "delivered",
    [EVENT_OPENED] = "opened",
    [EVENT_ACKNOWLEDGED] = "acknowledged",
    [EVENT_REFUSED] = "refused",
    [EVENT_UNDELIVERABLE] = "undeliverable",
    [EVENT_REPLY] = "reply",
    [EVENT_OVERDUE] = "overdue",
    [EVENT_RAISED] = "raised",
    [EVENT_GAP] = "gap",
    [EVENT_HEALED] = "healed",
    [EVENT_FORK] = "fork",
    [EVENT_RECEIVED] = "received",
    [EVENT_CANCELLED] = "cancelled",
    [EVENT_DUPLICATE] = "duplicate",
    [EVENT_QUARANTINED] = "quarantined",
    [EVENT_REJECTED_DEPOSIT] = "rejected_deposit",
    [EVENT_NOT_SEALED_HERE] = "not_sealed_here",
    [EVENT_STATE_ROLLBACK] = "state_rollback",
    [EVENT_PREKEY_FORK] = "prekey_fork",
    [EVENT_RELAY_CLOCK] = "relay_clock",
    [EVENT_RELAY_CONVICTED] = "relay_convicted",
    [EVENT_RELAY_UP] = "relay_up",
    [EVENT_RELAY_DOWN] = "relay_down",
    [EVENT_DRAFT] = "draft",
};

const char *event_name(enum event_kind kind)
{
    return kind < EVENT_COUNT ? names[kind] : "unknown";
}

int event_parse(const char *name, enum event_kind *ret_kind)
{
    for (unsigned i = 0; i < EVENT_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_kind = (enum event_kind)i;
            return HL_OK;
        }
    }
    return HL_ENOTFOUND;
}

static int trim(struct desk *desk)
{
    uint64_t last = 0;
    TRY(event_last(desk, &last));
    if (last % 1000 != 0 || last <= EVENTS_KEPT)
        return HL_OK;
    return sql_run(desk, "DELETE FROM event WHERE number <= ?",
                   SQL_ARGS(SQL_N(last - EVENTS_KEPT)));
}

int event_put(struct desk *desk, const struct event *event)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(sql_run(
        desk,
        "INSERT INTO event(kind, at_ms, hash, id, relay, address, sender, layer, detail,"
        " plane, precedence, due_ms, late_ms, ack_by_ms) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        SQL_ARGS(SQL_N(event->kind), SQL_N(desk_now_ms(desk)),
                 event->has_hash ? SQL_HASH(event->hash) : sql_null(), SQL_TEXT(event->id),
                 SQL_TEXT(event->relay), SQL_TEXT(event->address), SQL_TEXT(event->from),
                 SQL_TEXT(event->layer), SQL_TEXT(event->detail), SQL_N(event->plane),
                 SQL_N(event->precedence), SQL_N(event->due_ms), SQL_N(event->late_ms),
                 SQL_N(event->ack_by_ms))));
    TRY(trim(desk));
    return sql_commit(&transaction);
}

static void copy_text(const struct sql_rows *rows, int column, char *ret_text, size_t size)
{
    (void)snprintf(ret_text, size, "%s", sql_get_text(rows, column)); /* written by event_put */
}

static void take_row(const struct sql_rows *rows, struct event *ret_event)
{
    struct event event = {.number = (uint64_t)sql_get_number(rows, 0),
                          .kind = (enum event_kind)sql_get_number(rows, 1),
                          .at_ms = sql_get_number(rows, 2),
                          .plane = (unsigned)sql_get_number(rows, 10),
                          .precedence = (unsigned)sql_get_number(rows, 11),
                          .due_ms = sql_get_number(rows, 12),
                          .late_ms = sql_get_number(rows, 13),
                          .ack_by_ms = sql_get_number(rows, 14)};
    event.has_hash = sql_get_fixed(rows, 3, event.hash, HASH_BYTES) == HL_OK;
    copy_text(rows, 4, event.id, sizeof(event.id));
    copy_text(rows, 5, event.relay, sizeof(event.relay));
    copy_text(rows, 6, event.address, sizeof(event.address));
    copy_text(rows, 7, event.from, sizeof(event.from));
    copy_text(rows, 8, event.layer, sizeof(event.layer));
    copy_text(rows, 9, event.detail, sizeof(event.detail));
    *ret_event = event;
}

int event_read(struct desk *desk, uint64_t after, struct event *ret_events, size_t count,
               size_t *ret_count)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT number, kind, at_ms, hash, id, relay, address, sender, layer, detail,"
                  " plane, precedence, due_ms, late_ms, ack_by_ms FROM event WHERE number > ?"
                  " ORDER BY number LIMIT ?",
                  SQL_ARGS(SQL_N(after), SQL_N(count))));
    size_t taken = 0;
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && taken < count) {
        take_row(&rows, &ret_events[taken++]);
        TRY(sql_next(&rows, &has_row));
    }
    *ret_count = taken;
    return HL_OK;
}

int event_told(struct desk *desk, uint64_t *ret_number)
{
    int64_t number = 0;
    TRY(event_last(desk, ret_number));
    TRY(meta_number(desk, "hook_told", (int64_t)*ret_number, &number));
    *ret_number = (uint64_t)number;
    return HL_OK;
}

int event_set_told(struct desk *desk, uint64_t number)
{
    return meta_set_number(desk, "hook_told", (int64_t)number);
}

int event_last(struct desk *desk, uint64_t *ret_number)
{
    int64_t number = 0;
    TRY(sql_number_of(desk, "SELECT max(number) FROM event", SQL_NO_ARGS, &number));
    *ret_number = (uint64_t)number;
    return HL_OK;
}
