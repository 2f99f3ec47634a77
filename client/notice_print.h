/* notice_print — a notice for people: one line in a list, or whole, layer by layer. Outside text is made visible. */
#ifndef HOTLINE_CLIENT_NOTICE_PRINT_H
#define HOTLINE_CLIENT_NOTICE_PRINT_H

#include "base/buf.h"
#include "client/query.h"

void notice_print_line(struct buf *to, const struct notice_view *view);
/* Marks first, then who, what, the authoritative text, the other texts. */
void notice_print_whole(struct buf *to, const struct trust *trust, const struct notice_view *view);
/* Its content alone, as every reader sees it: type, TLP, subject, fields, texts. */
void notice_print_content(struct buf *to, const struct trust *trust,
                          const Hotline__V1__Notice *notice);
/* Custody, delivered, opened, acknowledged for each addressee. */
void notice_print_status(struct buf *to, const struct notice_view *view);

#endif
