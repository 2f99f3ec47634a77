/* outbox — messages waiting to be sent. */
#include "proto/outbox.h"

#include <assert.h>
#include <stdlib.h>

#define FRAGMENT_OVERHEAD 32 /* tags and varints of a Fragment, and some */

struct waiting {
    struct waiting *next;
    unsigned type;
    uint32_t sent; /* octets that left in Fragments */
    struct blob *body;
};

void outbox_init(struct outbox *outbox)
{
    *outbox = (struct outbox){0};
    buf_init(&outbox->urgent, OUTBOX_URGENT_MAX);
}

static void remove_first(struct outbox *outbox)
{
    struct waiting *first = outbox->first;

    outbox->len -= first->body->len - first->sent;
    outbox->first = first->next;
    if (!outbox->first)
        outbox->last = NULL;
    blob_free(first->body);
    free(first);
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->first)
        remove_first(outbox);
    buf_done(&outbox->urgent);
}

void outbox_clear_urgent(struct outbox *outbox)
{
    buf_done(&outbox->urgent);
}

void outbox_done(struct outbox *outbox)
{
    outbox_clear(outbox);
}

bool outbox_is_empty(const struct outbox *outbox)
{
    return !outbox->first && outbox->urgent.len == 0;
}

int outbox_add(struct outbox *outbox, unsigned type, struct bytes body)
{
    AUTO(blob) copy = NULL;

    TRY(blob_copy(body, &copy));
    struct waiting *waiting = calloc(1, sizeof(*waiting));
    if (!waiting)
        return HL_ENOMEM;

    waiting->type = type;
    waiting->body = MOVE(copy);
    if (outbox->last)
        outbox->last->next = waiting;
    else
        outbox->first = waiting;
    outbox->last = waiting;
    outbox->len += body.len;
    return HL_OK;
}

int outbox_add_urgent(struct outbox *outbox, unsigned type, struct bytes body)
{
    struct buf *urgent = &outbox->urgent;
    size_t before = urgent->len;

    if (before + FRAME_RECORD_HEADER + body.len > OUTBOX_URGENT_MAX)
        return HL_EBUSY;
    frame_add(urgent, type, body);
    int err = urgent->err;
    if (err != HL_OK) { /* no half record: the queue is as before */
        urgent->len = before;
        urgent->err = HL_OK;
    }
    return err;
}

/* One Fragment of the first message, if it fits. */
static int fill_fragment(struct outbox *outbox, size_t spare, struct buf *plain, bool *ret_is_full)
{
    struct waiting *first = outbox->first;
    struct record whole = {.type = first->type, .body = bytes_blob(first->body)};
    uint32_t part_len = fragment_part_len(whole.body.len, first->sent);
    AUTO(blob) fragment = NULL;

    if (!frame_fits(plain, part_len + FRAGMENT_OVERHEAD, spare)) {
        *ret_is_full = true;
        return HL_OK;
    }
    uint32_t msg = first->sent == 0 ? outbox->msg_last + 1 : outbox->msg_last;
    TRY(fragment_cut(msg, &whole, first->sent, &fragment));
    frame_add(plain, RECORD_FRAGMENT, bytes_blob(fragment));
    outbox->msg_last = msg;
    outbox->len -= part_len;
    first->sent += part_len;
    if (first->sent == whole.body.len)
        remove_first(outbox);
    return HL_OK;
}

static int fill_one(struct outbox *outbox, size_t spare, struct buf *plain, bool *ret_is_full)
{
    const struct waiting *first = outbox->first;

    if (first->body->len > FRAME_RECORD_MAX)
        return fill_fragment(outbox, spare, plain, ret_is_full);
    if (!frame_fits(plain, first->body->len, spare)) {
        *ret_is_full = true;
        return HL_OK;
    }
    frame_add(plain, first->type, bytes_blob(first->body));
    remove_first(outbox);
    return HL_OK;
}

int outbox_fill(struct outbox *outbox, size_t spare, struct buf *plain)
{
    bool is_full = false;

    assert(plain->len == 0);
    while (outbox->first && !is_full)
        TRY(fill_one(outbox, spare + outbox->urgent.len, plain, &is_full));
    buf_add(plain, buf_bytes(&outbox->urgent));
    buf_done(&outbox->urgent);
    return plain->err;
}
