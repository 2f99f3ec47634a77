/* mailbox — the entries of one desk in order of arrival. */
#include "daemon/mailbox.h"

#include <stdlib.h>

void mailboxes_init(struct mailboxes *mailboxes, uint64_t seed)
{
    *mailboxes = (struct mailboxes){.seed = seed};
    index_init(&mailboxes->by_desk);
}

static void mailbox_free(struct mailbox *mailbox)
{
    free(mailbox->entries);
    for (size_t rank = 0; rank < RANK_COUNT; rank++)
        free(mailbox->ranks[rank].seqs);
    free(mailbox);
}

void mailboxes_done(struct mailboxes *mailboxes)
{
    for (size_t i = 0; i < mailboxes->count; i++)
        mailbox_free(mailboxes->items[i]);
    free(mailboxes->items);
    index_done(&mailboxes->by_desk);
    *mailboxes = (struct mailboxes){.count = 0};
}

static uint64_t desk_hash(const struct mailboxes *mailboxes, const struct desk_id *desk)
{
    return index_hash(mailboxes->seed + desk->kind, BYTES_OF(desk->entity));
}

static bool has_desk(const void *items, uint32_t place, const void *key)
{
    struct mailbox *const *mailboxes = items;

    return desk_equal(&mailboxes[place]->desk, key);
}

struct mailbox *mailboxes_find(const struct mailboxes *mailboxes, const struct desk_id *desk)
{
    uint32_t place = index_find(&mailboxes->by_desk, desk_hash(mailboxes, desk), has_desk,
                                mailboxes->items, desk);

    return place == INDEX_NONE ? NULL : mailboxes->items[place];
}

static int reserve(struct mailboxes *mailboxes)
{
    if (mailboxes->count < mailboxes->size)
        return HL_OK;

    size_t size = mailboxes->size ? mailboxes->size * 2 : 16;
    struct mailbox **items = realloc(mailboxes->items, size * sizeof(struct mailbox *));

    if (!items)
        return HL_ENOMEM;
    mailboxes->items = items;
    mailboxes->size = size;
    return HL_OK;
}

int mailboxes_get(struct mailboxes *mailboxes, const struct desk_id *desk,
                  struct mailbox **ret_mailbox)
{
    struct mailbox *mailbox = mailboxes_find(mailboxes, desk);

    if (mailbox) {
        *ret_mailbox = mailbox;
        return HL_OK;
    }
    TRY(reserve(mailboxes));
    mailbox = calloc(1, sizeof(*mailbox));
    if (!mailbox)
        return HL_ENOMEM;
    mailbox->desk = *desk;

    int err =
        index_add(&mailboxes->by_desk, desk_hash(mailboxes, desk), (uint32_t)mailboxes->count);

    if (err != HL_OK) {
        free(mailbox);
        return err;
    }
    mailboxes->items[mailboxes->count++] = mailbox;
    *ret_mailbox = mailbox;
    return HL_OK;
}

enum mailbox_rank mailbox_rank_of(unsigned precedence)
{
    if (precedence == 0)
        return RANK_CONTROL;
    return precedence == 4 ? RANK_FLASH : RANK_CONTENT;
}

static int list_reserve(struct mailbox_list *list)
{
    if (list->count < list->size)
        return HL_OK;

    size_t size = list->size ? list->size * 2 : 16;
    uint32_t *seqs = realloc(list->seqs, size * sizeof(*seqs));

    if (!seqs)
        return HL_ENOMEM;
    list->seqs = seqs;
    list->size = size;
    return HL_OK;
}

int mailbox_append(struct mailbox *mailbox, const struct mailbox_entry *entry, unsigned precedence)
{
    struct mailbox_list *list = &mailbox->ranks[mailbox_rank_of(precedence)];

    TRY(list_reserve(list));
    if (mailbox->count == mailbox->size) {
        size_t size = mailbox->size ? mailbox->size * 2 : 16;
        struct mailbox_entry *entries = realloc(mailbox->entries, size * sizeof(*entries));

        if (!entries)
            return HL_ENOMEM;
        mailbox->entries = entries;
        mailbox->size = size;
    }
    mailbox->entries[mailbox->count++] = *entry;
    list->seqs[list->count++] = (uint32_t)mailbox->count;
    mailbox->content_count += precedence != 0;
    return HL_OK;
}
