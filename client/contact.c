/* contact — when each relay was last heard, by whichever process of this desk; up, down, told once. */
#include "client/contact.h"

#include <stdio.h>

#include "client/desk_sql.h"
#include "client/event.h"

static int tell(struct desk *desk, const struct relay_info *relay, enum event_kind kind)
{
    struct event event = {.kind = kind};
    (void)snprintf(event.relay, sizeof(event.relay), "%s", relay->name);
    return event_put(desk, &event);
}

/* Nothing when another process has just told it. */
static int turn(struct desk *desk, const struct relay_info *relay, bool is_up)
{
    TRY(sql_run(desk, "UPDATE relay SET is_up = ? WHERE id = ? AND is_up <> ?",
                SQL_ARGS(SQL_N(is_up), SQL_ID(relay->id), SQL_N(is_up))));
    if (sql_changes(desk) == 0)
        return HL_OK;
    return tell(desk, relay, is_up ? EVENT_RELAY_UP : EVENT_RELAY_DOWN);
}

int contact_save(struct desk *desk, const struct relay_info *relay, const struct contact *contact)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(sql_run(desk,
                "UPDATE relay SET contact_ms = max(contact_ms, ?), skew_ms = ?, rtt_ms = ?"
                " WHERE id = ?",
                SQL_ARGS(SQL_N(contact->heard_ms), SQL_N(contact->skew_ms), SQL_N(contact->rtt_ms),
                         SQL_ID(relay->id))));
    bool is_up = false;
    TRY(contact_is_up(desk, relay, &is_up));
    if (is_up)
        TRY(turn(desk, relay, true));
    return sql_commit(&transaction);
}

static int last_contact(struct desk *desk, const struct relay_info *relay, int64_t *ret_ms)
{
    return sql_number_of(desk, "SELECT contact_ms FROM relay WHERE id = ?",
                         SQL_ARGS(SQL_ID(relay->id)), ret_ms);
}

int contact_is_up(struct desk *desk, const struct relay_info *relay, bool *ret_is_up)
{
    int64_t contact_ms = 0;
    TRY(last_contact(desk, relay, &contact_ms));
    *ret_is_up = contact_ms != 0 && contact_ms + CONTACT_UP_MS > desk_now_ms(desk);
    return HL_OK;
}

int contact_tick(struct desk *desk, int64_t *ret_next_ms)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    for (size_t i = 0; i < desk->relay_count; i++) {
        int64_t contact_ms = 0;
        TRY(last_contact(desk, desk->relays[i], &contact_ms));
        if (contact_ms + CONTACT_UP_MS <= desk_now_ms(desk))
            TRY(turn(desk, desk->relays[i], false));
        else if (contact_ms + CONTACT_UP_MS < *ret_next_ms)
            *ret_next_ms = contact_ms + CONTACT_UP_MS;
    }
    return sql_commit(&transaction);
}
