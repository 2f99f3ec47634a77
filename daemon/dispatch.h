/* dispatch — a table: which message, in which state of the session, goes to which handler. All else is Bye(PROTOCOL). */
#ifndef HOTLINE_DAEMON_DISPATCH_H
#define HOTLINE_DAEMON_DISPATCH_H

#include "daemon/relay.h"

/* HL_OK, or why the session ends: HL_ENOMEM (ours), others (the peer broke the rules). */
HL_MUST_CHECK int dispatch(struct relay *relay, struct session *session, unsigned type,
                           struct bytes body);

/* The handlers, same result. */
typedef int dispatch_handler(struct relay *relay, struct session *session, struct bytes body);
dispatch_handler handle_submit, handle_subscribe, handle_taken, handle_reject_put,
    handle_prekey_put, handle_prekey_get;

#endif
