/* view_parts — private to query: rows into views. */
#ifndef HOTLINE_CLIENT_VIEW_PARTS_H
#define HOTLINE_CLIENT_VIEW_PARTS_H

#include "client/query.h"

/* custody[], addressees[], t0, flags that time and custody decide; the view's rows are filled in already. */
HL_MUST_CHECK int view_add_layers(struct desk *desk, struct notice_view *view);

#endif
