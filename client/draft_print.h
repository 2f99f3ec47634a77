/* draft_print — a draft for people and scripts: one line in a list, or whole, so that a second officer knows what he signs. Outside
 * text is made visible. */
#ifndef HOTLINE_CLIENT_DRAFT_PRINT_H
#define HOTLINE_CLIENT_DRAFT_PRINT_H

#include "base/buf.h"
#include "client/draft.h"

void draft_print_line(struct buf *to, const struct draft_view *draft);
/* To whom, by whom, how many persons, why it was returned; then the content exactly as its readers will see it. */
void draft_print_whole(struct buf *to, const struct trust *trust, const struct draft_view *draft);
/* One object; is_whole: with the form. */
void draft_json(struct buf *to, const struct trust *trust, const struct draft_view *draft,
                bool is_whole);

#endif
