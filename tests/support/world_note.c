/* world_note — notices in the simulated world: drafted, released, opened, acknowledged as officers would. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/answer.h"
#include "client/form.h"
#include "client/vault.h"
#include "tests/support/world_make.h"

#define FORM_SIZE 2000

static void write_form(const struct note *note, char *ret_form)
{
    const char *type = note->type == NULL ? "INC" : note->type;
    int len = snprintf(ret_form, FORM_SIZE, "type: %s\nprecedence: %s\ntlp: AMBER\n", type,
                       note->precedence == NULL ? "FLASH" : note->precedence);
    for (size_t i = 0; i < 4 && note->to[i] != NULL; i++)
        len += snprintf(ret_form + len, (size_t)(FORM_SIZE - len), "to: %s\n", note->to[i]);
    (void)snprintf(ret_form + len, (size_t)(FORM_SIZE - len),
                   "incident.incident_id: new\nincident.category: ROUTING_BGP\n"
                   "incident.status: ONGOING\nincident.detected: +0s\nincident.sector: TELECOM\n"
                   "incident.critical_infrastructure: YES\nincident.suspected_malicious: UNKNOWN\n"
                   "incident.cross_border: YES\nincident.severity: HIGH\n"
                   "incident.confidence: MEDIUM\nincident.why_you: TRANSIT_IN_YOUR_TERRITORY\n"
                   "incident.attribution: NONE_MADE\nincident.next_update_by: +2h\n"
                   "requested_action: INVESTIGATE\nsubject: routes\n\n%s\n",
                   note->text == NULL ? "A route leak began." : note->text);
}

static void say_faults(const struct form_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        (void)fprintf(stderr, "form line %u %s: %s\n", faults->items[i].line, faults->items[i].key,
                      faults->items[i].message);
}

Hotline__V1__Notice *note_make(struct node *node, const struct note *note)
{
    char text[FORM_SIZE];
    static struct form_faults faults;
    write_form(note, text);
    AUTO(form) form = NULL;
    faults.count = 0;
    int err = form_read(bytes_text(text), &form, &faults);
    const struct form_context context = {.trust = node->world->trust,
                                         .rng = &node->rng,
                                         .now_ms = desk_now_ms(node->desk),
                                         .owner = node->desk};
    Hotline__V1__Notice *notice = malloc(sizeof(*notice));
    sim_must(notice == NULL ? HL_ENOMEM : err, "form_read");
    hotline__v1__notice__init(notice);
    err = form_fill(form, &context, notice, &faults);
    say_faults(&faults);
    sim_must(err, "form_fill");
    notice->plane = note->plane == 0 ? HOTLINE__V1__PLANE__LIVE : note->plane;
    if (notice->plane == HOTLINE__V1__PLANE__EXERCISE) {
        notice->exercise_name = strdup("BLUE RIVER");
        notice->exercise_id.data = calloc(1, ID_BYTES);
        notice->exercise_id.len = ID_BYTES;
        sim_must(notice->exercise_name == NULL || notice->exercise_id.data == NULL ? HL_ENOMEM
                                                                                   : HL_OK,
                 "memory");
        notice->exercise_id.data[0] = 1;
    }
    return notice;
}

void note_draft(struct node *node, const struct note *note, char ret_id[static NOTICE_ID_SIZE],
                uint8_t ret_hash[static HASH_BYTES])
{
    Hotline__V1__Notice *notice = note_make(node, note);
    node_officer(node, 0);
    int err = draft_sign(node->desk, notice, ret_id, ret_hash);
    hotline__v1__notice__free_unpacked(notice, NULL);
    sim_must(err, err == HL_OK ? "" : desk_why(node->desk));
    sim_note(node->world, "draft", node->number, 0, BYTES(ret_hash, HASH_BYTES));
}

void note_send(struct node *node, const struct note *note, uint8_t ret_hash[static HASH_BYTES])
{
    char id[NOTICE_ID_SIZE];
    note_draft(node, note, id, ret_hash);
    AUTO(draft_view) view = NULL;
    sim_must(draft_get(node->desk, id, &view), "draft_get");
    node_officer(node, view->notice->persons > 1 ? 1 : 0);
    struct release_options options = {.reason = NULL};
    static struct release_result result;
    int err = draft_release(node->desk, id, &options, &result);
    sim_must(err, desk_why(node->desk));
    sim_must(result.is_sent ? HL_OK : HL_ESTATE, "not sent");
    sim_note(node->world, "release", node->number, 0, BYTES(ret_hash, HASH_BYTES));
    node_poke(node);
}

/* --- the other side --- */

bool note_open(struct node *node, const uint8_t hash[static HASH_BYTES])
{
    AUTO(answer) answer = NULL;
    int err = answer_open(node->desk, hash, &answer);
    if (err == HL_ENOTFOUND)
        return false;
    sim_must(err, desk_why(node->desk));
    sim_note(node->world, "open", node->number, answer->is_repeated, BYTES(hash, HASH_BYTES));
    node_poke(node);
    return true;
}

/* What an officer reads on the screen. */
static void read_check_word(struct node *node, const uint8_t *hash,
                            char ret_word[static CHECK_WORD_SIZE])
{
    AUTO(notice_view) view = NULL;
    sim_must(query_notice(node->desk, hash, &view), "query_notice");
    sim_must(view->notice == NULL ? HL_ENOTFOUND : HL_OK, "text of the notice");
    (void)snprintf(ret_word, CHECK_WORD_SIZE, "%s", view->notice->check_word);
}

bool note_acknowledge(struct node *node, const uint8_t hash[static HASH_BYTES])
{
    if (!note_open(node, hash))
        return false;
    node_officer(node, 0);
    char word[CHECK_WORD_SIZE];
    read_check_word(node, hash, word);
    const struct ack_options options = {
        .disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD, .check_word = word};
    AUTO(answer) answer = NULL;
    int err = answer_acknowledge(node->desk, hash, &options, &answer);
    sim_must(err, desk_why(node->desk));
    sim_note(node->world, "ack", node->number, answer->is_repeated, BYTES(hash, HASH_BYTES));
    node_poke(node);
    return true;
}

enum receipt_state note_state(struct node *sender, const uint8_t hash[static HASH_BYTES],
                              const char *address)
{
    AUTO(notice_view) view = NULL;
    sim_must(query_notice(sender->desk, hash, &view), "query_notice");
    for (size_t i = 0; i < view->addressee_count; i++) {
        if (strcmp(view->addressees[i].address, address) == 0)
            return view->addressees[i].state;
    }
    sim_must(HL_ENOTFOUND, "addressee");
    return RCPT_RELEASED;
}

bool note_is_shown(struct node *node, const uint8_t hash[static HASH_BYTES])
{
    AUTO(notice_view) view = NULL;
    return query_notice(node->desk, hash, &view) == HL_OK && view->notice != NULL;
}

int64_t note_custody_count(struct node *node, const uint8_t hash[static HASH_BYTES])
{
    return node_count(node,
                      "SELECT count(*) FROM custody c JOIN deposit d ON d.hash = c.deposit"
                      " WHERE d.content_hash = ?",
                      hash);
}

struct wanted {
    struct node *sender;
    const uint8_t *hash;
    const char *address;
    enum receipt_state state;
};

static bool has_state(struct world *world, void *context)
{
    const struct wanted *wanted = context;
    (void)world;
    return note_state(wanted->sender, wanted->hash, wanted->address) >= wanted->state;
}

bool note_wait(struct node *sender, const uint8_t hash[static HASH_BYTES], const char *address,
               enum receipt_state state, int64_t max_ms)
{
    struct wanted wanted = {sender, hash, address, state};
    return sim_run_until(sender->world, has_state, &wanted, max_ms);
}
