/* notice_json — a notice as the JSON object of the contract. */
#ifndef HOTLINE_CLIENT_NOTICE_JSON_H
#define HOTLINE_CLIENT_NOTICE_JSON_H

#include "base/buf.h"
#include "client/query.h"

/* One line. shows_check_word only in the output of `read` without --peek. */
void notice_json(struct buf *to, const struct trust *trust, const struct notice_view *view,
                 bool shows_check_word);
/* Words of planes, precedences, TLP; "?" with the number for one not known to this program. Static or in `scratch`. */
const char *plane_word(unsigned plane);
const char *precedence_word(unsigned precedence);

/* "RECEIVED_UNDERSTOOD", as the schema names it; NULL for none, and for a number that it does not name. Static. */
const char *disposition_name(uint32_t disposition);

#endif
