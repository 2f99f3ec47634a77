/* confirm — the last look before something leaves: shown whole, then typed; Enter alone is never a yes. */
#ifndef HOTLINE_CLIENT_CONFIRM_H
#define HOTLINE_CLIENT_CONFIRM_H

#include "client/cli.h"
#include "notice.pb-c.h"

#define CONFIRM_SIZE 80

/* What has to be typed: the States it goes to and its precedence, "XBB FLASH"; for more than five, "193 STATES FLASH". */
void confirm_phrase(const struct trust *trust, const Hotline__V1__Notice *notice,
                    char ret_phrase[static CONFIRM_SIZE]);
/* On a terminal `review` is shown (on stderr) and the phrase asked for. `given` (--confirm; NULL: none) stands for what is typed.
 * Without a terminal it must be given, but in a sandbox. Returns an exit code, the message is out: EXIT_REFUSED (another answer),
 * EXIT_PERMISSION (nobody to ask). */
int confirm_notice(struct cli *cli, const struct buf *review, const Hotline__V1__Notice *notice,
                   const char *given);

#endif
