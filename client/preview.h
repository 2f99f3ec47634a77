/* preview — what a notice would be, before anybody signs it (-n of draft, send, reply). */
#ifndef HOTLINE_CLIENT_PREVIEW_H
#define HOTLINE_CLIENT_PREVIEW_H

#include "client/cli.h"

/* Judge the notice as signing would, then show it as a form in which nothing acts on the terminal; with --json one object. Nothing
 * is signed, stored or sent; *notice is changed. `deed`: "sent" or "drafted". Returns an exit code, the message is out. */
int preview_notice(struct cli *cli, Hotline__V1__Notice *notice, const char *deed);

#endif
