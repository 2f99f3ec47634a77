/* mailbox — the entries of one desk in order of arrival, and which of them go first: FLASH, then control, then the rest. */
#ifndef HOTLINE_DAEMON_MAILBOX_H
#define HOTLINE_DAEMON_MAILBOX_H

#include "daemon/index.h"
#include "keys/trust.h"

enum mailbox_rank { RANK_FLASH, RANK_CONTROL, RANK_CONTENT, RANK_COUNT };

/* Entry seq - 1 of the array is the one with that mailbox_seq. */
struct mailbox_entry {
    uint32_t number; /* of the deposit */
    uint16_t lane;   /* of the deposit */
};
struct mailbox_list {
    uint32_t *seqs; /* ascending */
    size_t count, size;
};
struct mailbox {
    struct desk_id desk;
    struct mailbox_entry *entries;
    size_t count, size;
    uint64_t staged; /* entries of the batch in flight */
    uint64_t content_count;
    struct mailbox_list ranks[RANK_COUNT];
    struct session *subscribed; /* first of a list, the sessions' own */
    bool is_touched;            /* new entries since the last delivery round */
    struct mailbox *next_touched;
};
struct mailboxes {
    uint64_t seed;
    struct mailbox **items;
    size_t count, size;
    struct index by_desk;
};

void mailboxes_init(struct mailboxes *mailboxes, uint64_t seed);
void mailboxes_done(struct mailboxes *mailboxes);
/* The mailbox of a desk, made when it is not there. Borrowed until mailboxes_done(). Error: HL_ENOMEM. */
HL_MUST_CHECK int mailboxes_get(struct mailboxes *mailboxes, const struct desk_id *desk,
                                struct mailbox **ret_mailbox);
/* NULL: no mailbox yet. */
struct mailbox *mailboxes_find(const struct mailboxes *mailboxes, const struct desk_id *desk);

enum mailbox_rank mailbox_rank_of(unsigned precedence);
/* Add the next entry. Error: HL_ENOMEM. */
HL_MUST_CHECK int mailbox_append(struct mailbox *mailbox, const struct mailbox_entry *entry,
                                 unsigned precedence);
static inline const struct mailbox_entry *mailbox_entry_of(const struct mailbox *mailbox,
                                                           uint64_t seq)
{
    return &mailbox->entries[seq - 1];
}

#endif
