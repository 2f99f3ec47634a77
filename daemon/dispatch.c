/* dispatch — which message, in which state of the session, goes to which handler. */
#include "daemon/dispatch.h"

#include "daemon/relay_state.h"
#include "proto/heartbeat.h"

static dispatch_handler handle_bye, handle_ping, handle_nothing;

struct dispatch_row {
    enum record_type type;
    bool needs_welcome;
    dispatch_handler *handler;
};
/* Fragments and rekeys are the channel's matter. A message that is not here is for a later version. */
static const struct dispatch_row rows[] = {
    {RECORD_BYE, false, handle_bye},
    {RECORD_PING, true, handle_ping},
    {RECORD_PONG, true, handle_nothing},
    {RECORD_SUBMIT, true, handle_submit},
    {RECORD_SUBSCRIBE, true, handle_subscribe},
    {RECORD_TAKEN, true, handle_taken},
    {RECORD_REJECT_PUT, true, handle_reject_put},
    {RECORD_PREKEY_PUT, true, handle_prekey_put},
    {RECORD_PREKEY_GET, true, handle_prekey_get},
};

int dispatch(struct relay *relay, struct session *session, unsigned type, struct bytes body)
{
    TRY(record_check(type, body.len, RECORD_TO_RELAY, session_is_open(session)));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].type != type)
            continue;
        if (rows[i].needs_welcome && !session_is_open(session))
            return HL_ESTATE;
        return rows[i].handler(relay, session, body);
    }
    return HL_EINVAL;
}

static int handle_bye(struct relay *relay, struct session *session, struct bytes body)
{
    (void)body;
    relay_close(relay, session, 0, NULL);
    return HL_OK;
}

static int handle_ping(struct relay *relay, struct session *session, struct bytes body)
{
    struct blob *pong = NULL;

    TRY(pong_answer(body, clock_utc_ms(relay->clock), &pong));
    relay_send(relay, session, RECORD_PONG, pong);
    return HL_OK;
}

static int handle_nothing(struct relay *relay, struct session *session, struct bytes body)
{
    Hotline__V1__Pong *pong = NULL;

    (void)relay;
    (void)session;
    TRY(relay_parse(&hotline__v1__pong__descriptor, body, &pong));
    hotline__v1__pong__free_unpacked(pong, NULL);
    return HL_OK;
}
