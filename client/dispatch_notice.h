/* dispatch_notice — from a signed draft to a notice in custody: release, and wait at the relays. Used by release and send. */
#ifndef HOTLINE_CLIENT_DISPATCH_NOTICE_H
#define HOTLINE_CLIENT_DISPATCH_NOTICE_H

#include "client/draft.h"
#include "client/online.h"

/* Sign the release, fetching missing prekeys first; then wait for the layer. wait_ms 0: the default of the layer. The message
 * is out; returns an exit code. */
int dispatch_notice(struct cli *cli, const char *id, const struct release_options *options,
                    enum online_layer layer, int64_t wait_ms);

#endif
