/* online — what one-shot commands ask of the relays: fetch what has come, get prekeys, wait for a layer, empty the outbox. */
#ifndef HOTLINE_CLIENT_ONLINE_H
#define HOTLINE_CLIENT_ONLINE_H

#include "client/agent_uv.h"
#include "client/cli.h"

enum online_layer {
    LAYER_CUSTODY,
    LAYER_DELIVERED,
    LAYER_OPENED,
    LAYER_ACKNOWLEDGED,
    LAYER_ANSWERED
};
/* HL_ENOTFOUND for another word. */
HL_MUST_CHECK int online_layer_parse(const char *word, enum online_layer *ret_layer);

/* Take what waits at the relays, for at most timeout_ms; a relay that cannot be reached is said on stderr. */
void online_fetch(struct cli *cli, int64_t timeout_ms);
/* Send what the outbox holds. True when a relay took all of it within timeout_ms. */
bool online_flush(struct cli *cli, int64_t timeout_ms);
/* Fetch the newest prekeys of all desks; true when a relay answered. */
bool online_prekeys(struct cli *cli, int64_t timeout_ms);
/* Wait until every action addressee of a notice has reached the layer: EXIT_DONE, EXIT_NO_RELAY (no custody in time),
 * EXIT_DEADLINE, EXIT_REFUSED (an officer refused), 130 or 143 (a signal). */
int online_wait(struct cli *cli, const uint8_t hash[static HASH_BYTES], enum online_layer layer,
                int64_t timeout_ms);

#endif
