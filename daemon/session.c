/* session — one authenticated device on the line. */
#include "daemon/session.h"

#include <assert.h>
#include <stdlib.h>

#define NO SESSION_STATES

static const enum session_state moves[SESSION_STATES][SESSION_EVENTS] = {
    /*                      WELCOME           SUBSCRIBE           LEAVE            CLOSED */
    [SESSION_GREETING] = {SESSION_WELCOMED, NO, SESSION_LEAVING, SESSION_GONE},
    [SESSION_WELCOMED] = {NO, SESSION_SUBSCRIBED, SESSION_LEAVING, SESSION_GONE},
    [SESSION_SUBSCRIBED] = {NO, SESSION_SUBSCRIBED, SESSION_LEAVING, SESSION_GONE},
    [SESSION_LEAVING] = {NO, NO, NO, SESSION_GONE},
    [SESSION_GONE] = {NO, NO, NO, NO},
};

bool session_step(struct session *session, enum session_event event)
{
    enum session_state next = moves[session->state][event];

    if (next == NO)
        return false;
    session->state = next;
    return true;
}

static size_t first_above(const struct mailbox_list *list, uint64_t seq)
{
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (list->seqs[middle] <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void session_subscribe(struct session *session, uint64_t after_seq, uint32_t window,
                       uint32_t window_bytes)
{
    bool is_first = session->state == SESSION_WELCOMED;

    session->window = window;
    session->window_bytes = window_bytes;
    if (!session_step(session, SESSION_SUBSCRIBE) || !is_first)
        return;
    session->after_seq = after_seq;
    for (size_t rank = 0; rank < RANK_COUNT; rank++)
        session->cursors[rank] = first_above(&session->mailbox->ranks[rank], after_seq);
}

bool session_next_entry(struct session *session, uint64_t *ret_seq)
{
    for (size_t rank = 0; rank < RANK_COUNT; rank++) {
        const struct mailbox_list *list = &session->mailbox->ranks[rank];
        size_t *cursor = &session->cursors[rank];

        while (*cursor < list->count && taken_has(&session->device->taken, list->seqs[*cursor]))
            (*cursor)++;
        if (*cursor < list->count) {
            *ret_seq = list->seqs[*cursor];
            return true;
        }
    }
    return false;
}

bool session_has_room(const struct session *session, size_t size)
{
    if (session->flight_count == 0)
        return true;
    return session->flight_count < session->window &&
           session->flight_bytes + size <= session->window_bytes;
}

/* The cursor that stands at seq moves on. */
static void pass(struct session *session, uint64_t seq)
{
    for (size_t rank = 0; rank < RANK_COUNT; rank++) {
        const struct mailbox_list *list = &session->mailbox->ranks[rank];
        size_t *cursor = &session->cursors[rank];

        if (*cursor < list->count && list->seqs[*cursor] == seq)
            (*cursor)++;
    }
}

int session_fly(struct session *session, uint64_t seq, uint32_t number, size_t size)
{
    if (session->flight_count == session->flight_size) {
        size_t places = session->flight_size ? session->flight_size * 2 : 16;
        struct flight *flights = realloc(session->flights, places * sizeof(*flights));

        if (!flights)
            return HL_ENOMEM;
        session->flights = flights;
        session->flight_size = places;
    }
    session->flights[session->flight_count++] =
        (struct flight){.seq = seq, .number = number, .size = (uint32_t)size};
    session->flight_bytes += size;
    pass(session, seq);
    return HL_OK;
}

void session_land_taken(struct session *session)
{
    size_t kept = 0;

    for (size_t i = 0; i < session->flight_count; i++) {
        struct flight flight = session->flights[i];

        if (taken_has(&session->device->taken, flight.seq))
            session->flight_bytes -= flight.size;
        else
            session->flights[kept++] = flight;
    }
    session->flight_count = kept;
    assert(kept > 0 || session->flight_bytes == 0);
}

bool session_land_rejected(struct session *session, uint32_t number)
{
    for (size_t i = 0; i < session->flight_count; i++) {
        if (session->flights[i].number != number)
            continue;
        session->flight_bytes -= session->flights[i].size;
        session->flights[i] = session->flights[--session->flight_count];
        return true;
    }
    return false;
}
