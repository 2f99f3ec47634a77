/* draft_row — private to draft: rows of the table, and drafts travelling to the desk's other terminals. */
#include "client/draft_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/post.h"
#include "client/short_id.h"
#include "client/vault.h"
#include "proto/schema.h"

void draft_row_free(struct draft_row *row)
{
    if (row == NULL)
        return;
    blob_free(row->content);
    blob_free(row->remark);
    free(row);
}

static void draft_aad(const uint8_t notice_id[static ID_BYTES], uint8_t ret_aad[static HASH_BYTES])
{
    memset(ret_aad, 0, HASH_BYTES);
    memcpy(ret_aad, notice_id, ID_BYTES);
}

/* Columns: notice_id, id, hash, state, content, remark, changed_ms. */
#define DRAFT_COLUMNS "notice_id, id, hash, state, content, remark, changed_ms"

static int take_row(struct desk *desk, const struct sql_rows *rows, struct draft_row **ret_row)
{
    AUTO(draft_row) row = calloc(1, sizeof(struct draft_row));
    if (row == NULL)
        return HL_ENOMEM;
    TRY(sql_get_fixed(rows, 0, row->notice_id, ID_BYTES));
    (void)snprintf(row->id, sizeof(row->id), "%s", sql_get_text(rows, 1)); /* written by us */
    row->has_hash = sql_get_fixed(rows, 2, row->hash, HASH_BYTES) == HL_OK;
    row->state = (enum draft_state)sql_get_number(rows, 3);
    row->changed_ms = sql_get_number(rows, 6);
    uint8_t aad[HASH_BYTES];
    draft_aad(row->notice_id, aad);
    TRY(vault_unwrap(desk->identity, aad, sql_get_octets(rows, 4), &row->content));
    struct bytes remark = sql_get_octets(rows, 5);
    if (remark.len > 0)
        TRY(vault_unwrap(desk->identity, aad, remark, &row->remark));
    *ret_row = MOVE(row);
    return HL_OK;
}

int draft_row_find(struct desk *desk, const char *id, struct draft_row **ret_row)
{
    char prefix[NOTICE_ID_SIZE];
    if (short_id_parse(id, prefix) != HL_OK)
        return desk_say(desk, HL_EINVAL, "not a draft id; ids look like L-7KQ2M0419Z or D-...");
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT " DRAFT_COLUMNS " FROM draft WHERE id >= ?1 AND id <= ?1 || '~' LIMIT 2",
                  SQL_ARGS(SQL_TEXT(prefix))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return desk_say(desk, HL_ENOTFOUND,
                        "no such draft here; `hotline list --drafts` shows them");
    AUTO(draft_row) row = NULL;
    TRY(take_row(desk, &rows, &row));
    TRY(sql_next(&rows, &has_row));
    if (has_row)
        return desk_say(desk, HL_EAMBIGUOUS, "%s fits %s and %s; type more of it", prefix, row->id,
                        sql_get_text(&rows, 1));
    *ret_row = MOVE(row);
    return HL_OK;
}

int draft_row_at(struct desk *desk, enum draft_state last, size_t skip, struct draft_row **ret_row)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT " DRAFT_COLUMNS
                  " FROM draft WHERE state <= ? ORDER BY rowid DESC LIMIT 1 OFFSET ?",
                  SQL_ARGS(SQL_N(last), SQL_N(skip))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    return has_row ? take_row(desk, &rows, ret_row) : HL_ENOTFOUND;
}

int draft_row_put(struct desk *desk, const struct draft_row *row)
{
    uint8_t aad[HASH_BYTES];
    draft_aad(row->notice_id, aad);
    AUTO(blob) content = NULL;
    AUTO(blob) remark = NULL;
    TRY(vault_wrap(desk->identity, aad, bytes_blob(row->content), &content));
    if (row->remark != NULL)
        TRY(vault_wrap(desk->identity, aad, bytes_blob(row->remark), &remark));
    return sql_run(
        desk,
        "INSERT OR REPLACE INTO draft(notice_id, id, hash, state, content, remark, changed_ms)"
        " VALUES(?,?,?,?,?,?,?)",
        SQL_ARGS(SQL_ID(row->notice_id), SQL_TEXT(row->id),
                 row->has_hash ? SQL_HASH(row->hash) : sql_null(), SQL_N(row->state),
                 SQL_BYTES(bytes_blob(content)),
                 remark == NULL ? sql_null() : SQL_BYTES(bytes_blob(remark)),
                 SQL_N(desk_now_ms(desk))));
}

int draft_row_state(struct desk *desk, const uint8_t notice_id[static ID_BYTES],
                    enum draft_state state)
{
    return sql_run(desk, "UPDATE draft SET state = ?, changed_ms = ? WHERE notice_id = ?",
                   SQL_ARGS(SQL_N(state), SQL_N(desk_now_ms(desk)), SQL_ID(notice_id)));
}

int draft_row_delete(struct desk *desk, const uint8_t notice_id[static ID_BYTES])
{
    return sql_run(desk, "DELETE FROM draft WHERE notice_id = ?", SQL_ARGS(SQL_ID(notice_id)));
}

/* --- taking apart --- */

static int parse_releases(struct draft_parts *parts)
{
    const Hotline__V1__SignedNotice *signed_notice = parts->signed_notice;
    if (signed_notice->n_releases > LIMIT_RELEASES)
        return HL_EFORMAT;
    for (size_t i = 0; i < signed_notice->n_releases; i++) {
        const ProtobufCBinaryData *body = &signed_notice->releases[i]->body;
        ProtobufCMessage *release = NULL;
        TRY(strict_unpack(&hotline__v1__release__descriptor, &schema_envelope,
                          BYTES(body->data, body->len), &release, NULL));
        parts->releases[parts->release_count++] = (Hotline__V1__Release *)release;
    }
    return HL_OK;
}

int draft_parts_of(struct bytes content, struct draft_parts **ret_parts)
{
    AUTO(draft_parts) parts = calloc(1, sizeof(struct draft_parts));
    if (parts == NULL)
        return HL_ENOMEM;
    ProtobufCMessage *message = NULL;
    TRY(strict_unpack(&hotline__v1__signed_notice__descriptor, &schema_envelope, content, &message,
                      NULL));
    parts->signed_notice = (Hotline__V1__SignedNotice *)message;
    if (parts->signed_notice->notice == NULL)
        return HL_EFORMAT;
    const ProtobufCBinaryData *body = &parts->signed_notice->notice->body;
    TRY(strict_unpack(&hotline__v1__notice__descriptor, &schema_notice,
                      BYTES(body->data, body->len), &message, NULL));
    parts->notice = (Hotline__V1__Notice *)message;
    TRY(parse_releases(parts));
    *ret_parts = MOVE(parts);
    return HL_OK;
}

void draft_parts_free(struct draft_parts *parts)
{
    if (parts == NULL)
        return;
    for (size_t i = 0; i < parts->release_count; i++)
        hotline__v1__release__free_unpacked(parts->releases[i], NULL);
    hotline__v1__notice__free_unpacked(parts->notice, NULL);
    hotline__v1__signed_notice__free_unpacked(parts->signed_notice, NULL);
    free(parts);
}

/* --- to our other terminals --- */

int draft_forward(struct desk *desk, const struct draft_row *row, Hotline__V1__DraftAction action,
                  const char *remark)
{
    AUTO(slot_plan) plan = NULL;
    TRY(slots_plan(desk, false, NULL, 0, &plan));
    if (plan->count == 0)
        return HL_OK;
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(row->content), &parts));
    Hotline__V1__Draft draft;
    hotline__v1__draft__init(&draft);
    draft.notice = parts->signed_notice;
    draft.action = action;
    char *words = NULL;
    if (remark != NULL && remark[0] != '\0') {
        words = strdup(remark);
        if (words == NULL)
            return HL_ENOMEM;
        draft.remark = words;
    }
    AUTO(blob) octets = NULL;
    int err = strict_pack(&draft.base, &octets);
    free(words);
    TRY(err);
    struct post_request request = {.kind = CONTENT_DRAFT,
                                   .plane = (unsigned)parts->notice->plane,
                                   .precedence = (unsigned)parts->notice->precedence,
                                   .content = bytes_blob(octets),
                                   .content_hash = row->hash,
                                   .plan = plan};
    TRY(post_pick_relays(desk, request.precedence, &request.relays));
    struct post_result result;
    return post_seal(desk, &request, &result);
}
