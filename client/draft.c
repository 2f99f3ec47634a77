/* draft — a notice before it is sent: kept, signed by its author, given back, listed. Releasing is in draft_release.c. */
#include "client/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/event.h"
#include "client/journal.h"
#include "client/ledger.h"
#include "client/short_id.h"
#include "proto/rules.h"
#include "proto/schema.h"

/* --- setting fields of a message that owns its memory --- */

static int set_octets(ProtobufCBinaryData *field, struct bytes octets)
{
    uint8_t *copy = malloc(octets.len);
    if (copy == NULL)
        return HL_ENOMEM;
    memcpy(copy, octets.data, octets.len);
    free(field->data);
    *field = (ProtobufCBinaryData){.len = octets.len, .data = copy};
    return HL_OK;
}

static int set_text(char **field, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return HL_ENOMEM;
    if (*field != (const char *)protobuf_c_empty_string)
        free(*field);
    *field = copy;
    return HL_OK;
}

static int set_desk(Hotline__V1__Desk **field, const struct desk_id *desk)
{
    if (*field == NULL) {
        *field = malloc(sizeof(**field));
        if (*field == NULL)
            return HL_ENOMEM;
        hotline__v1__desk__init(*field);
    }
    (*field)->kind = (Hotline__V1__DeskKind)desk->kind;
    return set_octets(&(*field)->entity, BYTES_OF(desk->entity));
}

static int fresh_notice_id(struct desk *desk, Hotline__V1__Notice *notice)
{
    uint8_t notice_id[ID_BYTES];
    rng_fill(desk->identity->rng, notice_id, sizeof(notice_id));
    return set_octets(&notice->notice_id, BYTES_OF(notice_id));
}

/* --- unsigned --- */

static int put_unsigned(struct desk *desk, const Hotline__V1__Notice *notice, const char *remark,
                        char ret_id[static NOTICE_ID_SIZE])
{
    AUTO(draft_row) row = calloc(1, sizeof(struct draft_row));
    if (row == NULL)
        return HL_ENOMEM;
    memcpy(row->notice_id, notice->notice_id.data, ID_BYTES);
    short_id_draft(row->notice_id, row->id);
    row->state = DRAFT_UNSIGNED;
    TRY(strict_pack(&notice->base, &row->content));
    if (remark != NULL && remark[0] != '\0')
        TRY(blob_copy(bytes_text(remark), &row->remark));
    TRY(draft_row_put(desk, row));
    memcpy(ret_id, row->id, NOTICE_ID_SIZE);
    return HL_OK;
}

/* What we packed: it may be half filled in, and is in no other way wrong. */
static int unpack_notice(const struct blob *octets, Hotline__V1__Notice **ret_notice)
{
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(&hotline__v1__notice__descriptor, NULL, bytes_blob(octets), &message, NULL));
    *ret_notice = (Hotline__V1__Notice *)message;
    return HL_OK;
}

/* A copy to change: through its own encoding, which keeps every field. */
static int copy_notice(const Hotline__V1__Notice *from, Hotline__V1__Notice **ret_notice)
{
    AUTO(blob) octets = NULL;
    TRY(strict_pack(&from->base, &octets));
    return unpack_notice(octets, ret_notice);
}

int draft_keep(struct desk *desk, const Hotline__V1__Notice *notice,
               char ret_id[static NOTICE_ID_SIZE])
{
    Hotline__V1__Notice *copy = NULL;
    TRY(copy_notice(notice, &copy));
    int err = fresh_notice_id(desk, copy);
    AUTO_TRANSACTION transaction = {0};
    if (err == HL_OK)
        err = sql_begin(desk, &transaction);
    if (err == HL_OK)
        err = put_unsigned(desk, copy, NULL, ret_id);
    hotline__v1__notice__free_unpacked(copy, NULL);
    TRY(err);
    return sql_commit(&transaction);
}

/* --- signing --- */

static int check_addressees(struct desk *desk, const Hotline__V1__Notice *notice)
{
    for (size_t i = 0; i < notice->n_to; i++) {
        struct desk_id to;
        if (ledger_desk_of(notice->to[i]->desk, &to) != HL_OK)
            return desk_say(desk, HL_EFORMAT, "addressee %zu is not a desk", i + 1);
        const struct entity *entity = trust_entity(desk->identity->trust, to.entity);
        char address[9] = "?";
        if (entity == NULL || entity->roster == NULL ||
            (entity->roster->desk_kinds & UINT32_C(1) << to.kind) == 0)
            return desk_say(desk, HL_ENOTFOUND, "addressee %zu is not in the directory", i + 1);
        desk_format(desk->identity->trust, &to, address);
        if (entity->status != HOTLINE__V1__ENTITY_STATUS__ES_ACTIVE)
            return desk_say(desk, HL_EPERM, "%s is suspended or has left: not addressed", address);
        if (desk_equal(&to, &desk->identity->desk))
            return desk_say(desk, HL_EFORMAT, "%s is this desk: a notice goes to others", address);
    }
    return HL_OK;
}

/* What the program sets, never the form. */
static int fill_in(struct desk *desk, Hotline__V1__Notice *notice)
{
    const struct identity *identity = desk->identity;
    const struct trust *trust = identity->trust;
    const struct entity *own = trust_entity(trust, identity->desk.entity);
    /* Nobody is unlocked for a look at what would be signed. */
    const uint8_t *author = identity->officer ? identity->officer->id : identity->device->id;
    char word[CHECK_WORD_SIZE];
    notice_check_word(identity->rng, word);
    notice->version = 1;
    notice->drafted_ms = desk_now_ms(desk);
    notice->dir_version = trust->directory_version;
    if (notice->persons == 0 && notice->precedence >= 1 && notice->precedence <= 4)
        notice->persons = own->roster->release_min[notice->precedence];
    TRY(set_octets(&notice->ns, BYTES_OF(trust->ns)));
    TRY(set_octets(&notice->dir_hash, BYTES_OF(trust->directory_hash)));
    TRY(set_octets(&notice->author, BYTES(author, ID_BYTES)));
    TRY(set_octets(&notice->draft_device, BYTES_OF(identity->device->id)));
    TRY(set_desk(&notice->sender, &identity->desk));
    TRY(set_text(&notice->check_word, word));
    return fresh_notice_id(desk, notice);
}

static int check_rules(struct desk *desk, const Hotline__V1__Notice *notice)
{
    struct rules_fault faults[RULES_FAULTS_MAX];
    size_t count = 0;
    int err = rules_check(notice, faults, &count);
    if (err == HL_EINVAL)
        return desk_say(desk, HL_EFORMAT, "notices of this type cannot be sent by this program");
    if (err == HL_EFORMAT && count > 0)
        return desk_say(desk, err, "%s: %s%s", faults[0].key, faults[0].what,
                        count > 1 ? " (and more)" : "");
    return err;
}

static int check_plane(struct desk *desk, const Hotline__V1__Notice *notice)
{
    bool crosses = false;
    TRY(ledger_crosses_planes(desk, notice, &crosses));
    if (!crosses)
        return HL_OK;
    return desk_say(desk, HL_EFORMAT,
                    notice->plane == HOTLINE__V1__PLANE__LIVE
                        ? "the notice it names is an EXERCISE: nothing was signed, answer with "
                          "`hotline reply` or give --exercise NAME"
                        : "the notice it names is on another plane: nothing was signed, answer "
                          "with `hotline reply`");
}

/* A deadline that has passed raises alarms at once, at both ends. */
static int check_deadlines(struct desk *desk, const Hotline__V1__Notice *notice)
{
    const struct {
        const char *key;
        const Hotline__V1__Stamp *stamp;
    } deadlines[] = {{"ack_by", notice->ack_by}, {"reply_by", notice->reply_by}};

    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        if (deadlines[i].stamp != NULL && deadlines[i].stamp->unix_ms <= desk_now_ms(desk))
            return desk_say(desk, HL_EFORMAT, "%s: is in the past; nothing was signed",
                            deadlines[i].key);
    }
    return HL_OK;
}

int draft_check(struct desk *desk, Hotline__V1__Notice *notice)
{
    struct strict_fault fault = {.what = ""};
    TRY(check_addressees(desk, notice));
    TRY(fill_in(desk, notice));
    TRY(check_rules(desk, notice));
    TRY(check_deadlines(desk, notice));
    TRY(check_plane(desk, notice));
    int err = notice_check(notice, &fault);
    if (err == HL_EFORMAT)
        return desk_say(desk, err, "%s: %s", fault.where, fault.what);
    return err;
}

static int sign_into(struct desk *desk, const Hotline__V1__Notice *notice, struct draft_row *row)
{
    const struct identity *identity = desk->identity;
    AUTO(blob) signed_notice = NULL;
    TRY(notice_sign(identity->suite, notice, identity->officer, identity->device, &signed_notice,
                    NULL));
    Hotline__V1__Signed *object = NULL;
    TRY(sign_parse(bytes_blob(signed_notice), &object));
    int err =
        notice_hash((unsigned)notice->plane, BYTES(object->body.data, object->body.len), row->hash);
    hotline__v1__signed__free_unpacked(object, NULL);
    TRY(err);
    row->has_hash = true;
    row->state = DRAFT_FOR_RELEASE;
    memcpy(row->notice_id, notice->notice_id.data, ID_BYTES);
    notice_id_format((unsigned)notice->plane, row->hash, row->id);
    return notice_assemble(bytes_blob(signed_notice), NULL, 0, &row->content);
}

static int put_signed(struct desk *desk, const struct draft_row *row, const uint8_t *old_id)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(sql_run(desk, "DELETE FROM draft WHERE notice_id = ? AND state = 0",
                SQL_ARGS(SQL_ID(old_id))));
    TRY(draft_row_put(desk, row));
    TRY(journal_append(desk, JOURNAL_DRAFT, BYTES_OF(row->hash), NULL));
    TRY(draft_forward(desk, row, HOTLINE__V1__DRAFT_ACTION__DA_FOR_RELEASE, NULL));
    struct event event = {.kind = EVENT_DRAFT, .has_hash = true, .detail = "for release"};
    memcpy(event.hash, row->hash, HASH_BYTES);
    memcpy(event.id, row->id, NOTICE_ID_SIZE);
    TRY(event_put(desk, &event));
    return sql_commit(&transaction);
}

int draft_sign(struct desk *desk, Hotline__V1__Notice *notice, char ret_id[static NOTICE_ID_SIZE],
               uint8_t ret_hash[static HASH_BYTES])
{
    int err = identity_check_officer(desk->identity, ROLE_BIT_COMPOSE);
    if (err != HL_OK)
        return desk_say(desk, err, "a draft is signed by an officer with the role COMPOSE; %s",
                        desk->identity->officer == NULL ? "none is unlocked here"
                                                        : "this one has it not, or is revoked");
    uint8_t old_id[ID_BYTES] = {0};
    if (notice->notice_id.len == ID_BYTES)
        memcpy(old_id, notice->notice_id.data, ID_BYTES);
    TRY(draft_check(desk, notice));
    AUTO(draft_row) row = calloc(1, sizeof(struct draft_row));
    if (row == NULL)
        return HL_ENOMEM;
    TRY(sign_into(desk, notice, row));
    TRY(put_signed(desk, row, old_id));
    memcpy(ret_id, row->id, NOTICE_ID_SIZE);
    memcpy(ret_hash, row->hash, HASH_BYTES);
    return HL_OK;
}

/* --- giving back --- */

static int check_returnable(struct desk *desk, const struct draft_row *row)
{
    if (desk->identity->officer == NULL)
        return desk_say(desk, HL_EPERM, "a draft is given back by an officer; none is unlocked");
    if (row->state == DRAFT_SENT)
        return desk_say(desk, HL_ESTATE,
                        "it is sent; nothing was changed, it can only be cancelled");
    if (row->state != DRAFT_FOR_RELEASE)
        return desk_say(desk, HL_ESTATE,
                        "it is not up for release; `hotline list --drafts` shows what is");
    return HL_OK;
}

static int reopen(struct desk *desk, const struct draft_row *row, const char *why,
                  char ret_new_id[static NOTICE_ID_SIZE])
{
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(row->content), &parts));
    TRY(fresh_notice_id(desk, parts->notice));
    TRY(set_text(&parts->notice->check_word, ""));
    TRY(draft_row_state(desk, row->notice_id, DRAFT_RETURNED));
    TRY(draft_forward(desk, row, HOTLINE__V1__DRAFT_ACTION__DA_RETURNED, why));
    TRY(journal_append(desk, JOURNAL_DRAFT, BYTES_OF(row->hash), NULL));
    return put_unsigned(desk, parts->notice, why, ret_new_id);
}

int draft_return(struct desk *desk, const char *id, const char *why,
                 char ret_new_id[static NOTICE_ID_SIZE])
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    AUTO(draft_row) row = NULL;
    TRY(draft_row_find(desk, id, &row));
    TRY(check_returnable(desk, row));
    TRY(reopen(desk, row, why, ret_new_id));
    return sql_commit(&transaction);
}

int draft_withdraw(struct desk *desk, const char *id)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    AUTO(draft_row) row = NULL;
    TRY(draft_row_find(desk, id, &row));
    if (row->state == DRAFT_SENT)
        return desk_say(desk, HL_ESTATE,
                        "it is sent; nothing was changed, it can only be cancelled");
    if (row->state == DRAFT_FOR_RELEASE)
        TRY(draft_forward(desk, row, HOTLINE__V1__DRAFT_ACTION__DA_WITHDRAWN, NULL));
    TRY(draft_row_delete(desk, row->notice_id));
    return sql_commit(&transaction);
}

int draft_replace(struct desk *desk, const char *old, Hotline__V1__Notice *notice,
                  char ret_id[static NOTICE_ID_SIZE], uint8_t ret_hash[static HASH_BYTES])
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(draft_withdraw(desk, old)); /* first: the new id must not make the old one ambiguous */
    TRY(draft_sign(desk, notice, ret_id, ret_hash));
    return sql_commit(&transaction);
}

/* --- looking at them --- */

static int view_content(const struct draft_row *row, struct draft_view *view)
{
    if (row->state == DRAFT_UNSIGNED)
        return unpack_notice(row->content, &view->notice);
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(row->content), &parts));
    view->notice = MOVE(parts->notice);
    view->signed_notice = MOVE(parts->signed_notice);
    for (size_t i = 0; i < parts->release_count; i++)
        view->releases[view->release_count++] = MOVE(parts->releases[i]);
    return HL_OK;
}

static int view_of(const struct draft_row *row, struct draft_view **ret_view)
{
    AUTO(draft_view) view = calloc(1, sizeof(struct draft_view));
    if (view == NULL)
        return HL_ENOMEM;
    memcpy(view->id, row->id, NOTICE_ID_SIZE);
    view->state = row->state;
    view->has_hash = row->has_hash;
    memcpy(view->hash, row->hash, HASH_BYTES);
    view->changed_ms = row->changed_ms;
    if (row->remark != NULL) {
        view->remark = strndup((const char *)row->remark->data, row->remark->len);
        if (view->remark == NULL)
            return HL_ENOMEM;
    }
    TRY(view_content(row, view));
    *ret_view = MOVE(view);
    return HL_OK;
}

int draft_get(struct desk *desk, const char *id, struct draft_view **ret_view)
{
    AUTO(draft_row) row = NULL;
    TRY(draft_row_find(desk, id, &row));
    return view_of(row, ret_view);
}

void draft_view_free(struct draft_view *view)
{
    if (view == NULL)
        return;
    for (size_t i = 0; i < view->release_count; i++)
        hotline__v1__release__free_unpacked(view->releases[i], NULL);
    hotline__v1__notice__free_unpacked(view->notice, NULL);
    hotline__v1__signed_notice__free_unpacked(view->signed_notice, NULL);
    free(view->remark);
    free(view);
}

#define LIST_MAX 1000

int draft_list(struct desk *desk, struct draft_list **ret_list)
{
    AUTO(draft_list) list = calloc(1, sizeof(struct draft_list));
    if (list == NULL)
        return HL_ENOMEM;
    list->items = calloc(LIST_MAX, sizeof(struct draft_view *));
    if (list->items == NULL)
        return HL_ENOMEM;
    while (list->count < LIST_MAX) {
        AUTO(draft_row) row = NULL;
        int err = draft_row_at(desk, DRAFT_FOR_RELEASE, list->count, &row);
        if (err == HL_ENOTFOUND)
            break;
        TRY(err);
        TRY(view_of(row, &list->items[list->count]));
        list->count++;
    }
    *ret_list = MOVE(list);
    return HL_OK;
}

void draft_list_free(struct draft_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        draft_view_free(list->items[i]);
    free(list->items);
    free(list);
}
