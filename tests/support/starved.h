/* starved — a relay on its store, and lines to it, that can be driven while an allocation fails: nothing here allocates
 * between nth_alloc_arm() and nth_alloc_disarm(), so that what fails is the relay's. */
#ifndef HOTLINE_TESTS_SUPPORT_STARVED_H
#define HOTLINE_TESTS_SUPPORT_STARVED_H

#include "tests/support/relay_rig.h"

#define STARVED_LINES   4
#define STARVED_LETTERS 8
#define LINE_MAX_GOT    64

struct starved;
struct got {
    unsigned type;
    struct blob *body;
    size_t durable; /* deposits in the store when it was sent */
};
/* A client's end of a session, of device (state, device). */
struct line {
    struct starved *starved;
    int state, device;
    struct session *session; /* NULL: closed */
    bool is_closed;
    unsigned bye_reason; /* that it was told */
    struct got got[LINE_MAX_GOT];
    size_t count;
};
struct starved {
    struct rig *rig;
    struct store *(*open_store)(bool is_new); /* NULL: a store in memory */
    struct line lines[STARVED_LINES];
    struct blob *hellos[WORLD_STATES][WORLD_DEVICES];
    struct blob *letters[STARVED_LETTERS],
        *submits[STARVED_LETTERS]; /* envelopes; Submit of them */
    uint8_t hashes[STARVED_LETTERS][HASH_BYTES];
    size_t durable; /* deposits in the store, as far as commits said so */
    int commit_err; /* of the last one that failed */
};

struct starved *starved_new(struct store *(*open_store)(bool is_new));
void starved_free(struct starved *starved);
/* A relay on an empty store; and the end of both, with all lines. */
void starved_begin(struct starved *starved);
void starved_end(struct starved *starved);
/* The relay starts anew from its store; lines are closed and empty. */
void starved_restart(struct starved *starved);

/* These may be called while an allocation fails. */
int line_dial(struct starved *starved, size_t no, int state, int device);
void line_say(struct line *line, unsigned type, struct bytes body);
void line_hang_up(struct line *line);
void starved_drive(struct starved *starved); /* take actions until there is none */
void starved_wait(struct starved *starved, int64_t ms);

/* These may not. */
void line_must_dial(struct starved *starved, size_t no, int state, int device);
void line_say_message(struct line *line, unsigned type, const ProtobufCMessage *message);
void line_subscribe(struct line *line, uint32_t window);
void line_take(struct line *line, uint64_t upto);
/* The next message of that type, taken off and unpacked; NULL: none. */
ProtobufCMessage *line_get(struct line *line, unsigned type,
                           const ProtobufCMessageDescriptor *descriptor);
/* Submit letter `no`; the code of the result. */
Hotline__V1__SubmitCode line_submit(struct line *line, size_t no);
size_t line_count_envelopes(const struct line *line); /* Delivers with an envelope */

/* The store's rows add up: no deposit twice, lanes and mailboxes without a gap, the root is that of the relay. */
size_t starved_check_store(struct starved *starved);
/* Deposits of letter `no` in the store. */
size_t starved_count(struct starved *starved, size_t no);
/* What the relay has in memory is what a relay started from the store has. */
void starved_compare(struct starved *starved);
/* Every receipt that any line got is for what was durable when it was sent. */
void starved_check_receipts(const struct starved *starved);

#endif
