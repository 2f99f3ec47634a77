/* post — outgoing deposits: sealed, kept with their file key, put down for the relays that are to have them. */
#include "client/post.h"

#include <string.h>

#include "client/contact.h"
#include "client/desk_sql.h"
#include "client/event.h"
#include "client/journal.h"
#include "client/vault.h"

/* --- relays --- */

/* The first relay not in `taken` that is better than the others: another operator counts more than being up. */
static int pick_one(struct desk *desk, const char *not_operator, relay_set taken, size_t *ret_index)
{
    int best = -1;
    *ret_index = desk->relay_count;
    for (size_t i = 0; i < desk->relay_count; i++) {
        if ((taken & UINT32_C(1) << i) != 0)
            continue;
        bool up = false;
        TRY(contact_is_up(desk, desk->relays[i], &up));
        bool is_other =
            not_operator == NULL || strcmp(desk->relays[i]->operator_name, not_operator) != 0;
        int rank = (is_other ? 2 : 0) + (up ? 1 : 0);
        if (rank > best) {
            best = rank;
            *ret_index = i;
        }
    }
    return HL_OK;
}

relay_set post_all_relays(const struct desk *desk)
{
    return (relay_set)((UINT64_C(1) << desk->relay_count) - 1);
}

int post_pick_relays(struct desk *desk, unsigned precedence, relay_set *ret_relays)
{
    relay_set all = post_all_relays(desk);
    if (precedence >= HOTLINE__V1__PRECEDENCE__IMMEDIATE || desk->relay_count <= 2) {
        *ret_relays = all;
        return HL_OK;
    }
    size_t first = 0;
    TRY(pick_one(desk, NULL, 0, &first));
    relay_set picked = UINT32_C(1) << first;
    size_t second = 0;
    TRY(pick_one(desk, desk->relays[first]->operator_name, picked, &second));
    *ret_relays = picked | UINT32_C(1) << second;
    return HL_OK;
}

relay_set post_relay_bit(const struct desk *desk, const uint8_t relay[static ID_BYTES])
{
    for (size_t i = 0; i < desk->relay_count; i++) {
        if (bytes_equal(BYTES(relay, ID_BYTES), BYTES_OF(desk->relays[i]->id)))
            return UINT32_C(1) << i;
    }
    return 0;
}

int post_relays_of(struct desk *desk, const uint8_t deposit[static HASH_BYTES],
                   relay_set *ret_relays)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, "SELECT relay FROM custody WHERE deposit = ?",
                  SQL_ARGS(SQL_HASH(deposit))));
    relay_set relays = 0;
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row) {
        uint8_t relay[ID_BYTES];
        TRY(sql_get_fixed(&rows, 0, relay, ID_BYTES));
        relays |= post_relay_bit(desk, relay);
        TRY(sql_next(&rows, &has_row));
    }
    *ret_relays = relays;
    return HL_OK;
}

/* --- sealing --- */

static int64_t urgency_of(unsigned precedence)
{
    /* FLASH, then control, then the rest by precedence. */
    if (precedence == 0)
        return 4;
    return precedence == HOTLINE__V1__PRECEDENCE__FLASH ? 5 : (int64_t)precedence;
}

int post_offer(struct desk *desk, const uint8_t deposit[static HASH_BYTES], relay_set relays,
               int64_t due_ms)
{
    int64_t precedence = 0;
    TRY(sql_number_of(desk, "SELECT precedence FROM deposit WHERE hash = ?",
                      SQL_ARGS(SQL_HASH(deposit)), &precedence));
    for (size_t i = 0; i < desk->relay_count; i++) {
        if ((relays & UINT32_C(1) << i) == 0)
            continue;
        TRY(sql_run(desk,
                    "INSERT OR IGNORE INTO outbox(deposit, relay, state, urgency, due_ms, code)"
                    " VALUES(?,?,0,?,?,0)",
                    SQL_ARGS(SQL_HASH(deposit), SQL_ID(desk->relays[i]->id),
                             SQL_N(urgency_of((unsigned)precedence)), SQL_N(due_ms))));
    }
    return HL_OK;
}

static int keep_sealed(struct desk *desk, const struct post_request *request,
                       const struct sealed *sealed)
{
    struct deposit deposit = {.kind = request->kind,
                              .plane = request->plane,
                              .precedence = request->precedence,
                              .is_own = true,
                              .form = DEPOSIT_ENVELOPE,
                              .octets = bytes_blob(sealed->envelope),
                              .file_key = sealed->file_key,
                              .sender_entity = desk->identity->desk.entity,
                              .sender_device = desk->identity->device->id,
                              .expires_ms = sealed->expires_ms,
                              .not_after_ms = request->not_after_ms};
    memcpy(deposit.hash, sealed->deposit_hash, HASH_BYTES);
    memcpy(deposit.content_hash, request->content_hash, HASH_BYTES);
    bool is_new = false;
    TRY(vault_put_deposit(desk, &deposit, &is_new));
    return post_offer(desk, sealed->deposit_hash, request->relays, request->due_ms);
}

int post_seal(struct desk *desk, const struct post_request *request, struct post_result *ret_result)
{
    const struct identity *identity = desk->identity;
    uint64_t row = 0;
    TRY(journal_append(desk, JOURNAL_SEALED, BYTES(request->content_hash, HASH_BYTES), &row));
    slots_shuffle(identity->rng, request->plan->slots, request->plan->count);
    const struct seal_request seal = {.suite = identity->suite,
                                      .rng = identity->rng,
                                      .ns = identity->trust->ns,
                                      .sender_entity = identity->desk.entity,
                                      .device = identity->device,
                                      .hedge_key = identity->secrets->hedge_key,
                                      .plane = request->plane,
                                      .precedence = request->precedence,
                                      .kind = request->kind,
                                      .content = request->content,
                                      .content_hash = request->content_hash,
                                      .dir_version = identity->trust->directory_version,
                                      .created_ms = desk_now_ms(desk),
                                      .journal_row = row,
                                      .slots = request->plan->slots,
                                      .slot_count = request->plan->count};
    AUTO(sealed) sealed = NULL;
    TRY(envelope_seal(&seal, &sealed));
    TRY(keep_sealed(desk, request, sealed));
    memcpy(ret_result->deposit_hash, sealed->deposit_hash, HASH_BYTES);
    ret_result->skipped_count = sealed->skipped_count;
    memcpy(ret_result->skipped, sealed->skipped, sizeof(ret_result->skipped));
    return HL_OK;
}

/* --- control --- */

static int keep_unsealed(struct desk *desk, const struct control *control)
{
    AUTO(blob) wrapped = NULL;
    TRY(vault_wrap(desk->identity, control->hash, control->octets, &wrapped));
    uint8_t set[4];
    put_u32be(set, control->relays);
    return sql_run(desk,
                   "INSERT OR REPLACE INTO unsealed(hash, kind, plane, wrapped, entity, desk,"
                   " relays, due_ms) VALUES(?,?,?,?,?,?,?,?)",
                   SQL_ARGS(SQL_HASH(control->hash), SQL_N(control->kind), SQL_N(control->plane),
                            SQL_BYTES(bytes_blob(wrapped)), SQL_DESK(&control->to),
                            SQL_BYTES(BYTES_OF(set)), SQL_N(control->due_ms)));
}

/* False: that desk has no key yet that can be sealed to. */
static int seal_control(struct desk *desk, const struct control *control, bool *ret_is_sealed)
{
    AUTO(slot_plan) plan = NULL;
    *ret_is_sealed = false;
    TRY(slots_plan(desk, true, &control->to, 1, &plan));
    if (plan->missing_count > 0)
        return HL_OK;
    const struct post_request request = {.kind = control->kind,
                                         .plane = control->plane,
                                         .content = control->octets,
                                         .content_hash = control->hash,
                                         .plan = plan,
                                         .relays = control->relays,
                                         .due_ms = control->due_ms};
    struct post_result result;
    int err = post_seal(desk, &request, &result);
    if (err == HL_EVERIFY)
        return HL_OK;
    TRY(err);
    *ret_is_sealed = true;
    return HL_OK;
}

int post_control(struct desk *desk, const struct control *control)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    struct control placed = *control;
    if (placed.relays == 0)
        TRY(post_pick_relays(desk, HOTLINE__V1__PRECEDENCE__ROUTINE, &placed.relays));
    bool is_sealed = false;
    TRY(seal_control(desk, &placed, &is_sealed));
    if (!is_sealed)
        TRY(keep_unsealed(desk, &placed));
    return sql_commit(&transaction);
}

struct waiting {
    struct control control;
    uint8_t hash[HASH_BYTES];
    struct blob *octets; /* owned */
};

static int take_waiting(struct desk *desk, const struct sql_rows *rows, struct waiting *waiting)
{
    struct control *control = &waiting->control;
    uint8_t set[4];
    TRY(sql_get_fixed(rows, 0, waiting->hash, HASH_BYTES));
    TRY(sql_get_desk(rows, 4, &control->to));
    TRY(sql_get_fixed(rows, 6, set, sizeof(set)));
    TRY(vault_unwrap(desk->identity, waiting->hash, sql_get_octets(rows, 3), &waiting->octets));
    control->kind = (enum content_kind)sql_get_number(rows, 1);
    control->plane = (unsigned)sql_get_number(rows, 2);
    control->octets = bytes_blob(waiting->octets);
    control->hash = waiting->hash;
    control->relays = get_u32be(set);
    control->due_ms = sql_get_number(rows, 7);
    return HL_OK;
}

/* The next one behind waiting->hash. */
static int find_waiting(struct desk *desk, bool *ret_is_there, struct waiting *waiting)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT hash, kind, plane, wrapped, entity, desk, relays, due_ms FROM unsealed"
                  " WHERE hash > ? ORDER BY hash LIMIT 1",
                  SQL_ARGS(SQL_HASH(waiting->hash))));
    TRY(sql_next(&rows, ret_is_there));
    return *ret_is_there ? take_waiting(desk, &rows, waiting) : HL_OK;
}

/* Each waiting statement once, so that one desk without a key holds up nobody else's. */
static int flush_one(struct desk *desk, bool *ret_is_there, struct waiting *waiting)
{
    bool is_sealed = false;
    TRY(find_waiting(desk, ret_is_there, waiting));
    if (!*ret_is_there)
        return HL_OK;
    TRY(seal_control(desk, &waiting->control, &is_sealed));
    return is_sealed ? sql_run(desk, "DELETE FROM unsealed WHERE hash = ?",
                               SQL_ARGS(SQL_HASH(waiting->hash)))
                     : HL_OK;
}

int post_flush(struct desk *desk)
{
    int64_t count = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM unsealed", SQL_NO_ARGS, &count));
    if (count == 0)
        return HL_OK;
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    struct waiting waiting = {0};
    for (bool is_there = true; is_there;) {
        int err = flush_one(desk, &is_there, &waiting);
        blob_free(MOVE(waiting.octets));
        TRY(err);
    }
    return sql_commit(&transaction);
}

int post_wanted_keys(struct desk *desk, struct desk_id *ret_desks, size_t max, size_t *ret_count)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, "SELECT DISTINCT entity, desk FROM unsealed LIMIT ?",
                  SQL_ARGS(SQL_N(max))));
    size_t count = 0;
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && count < max) {
        TRY(sql_get_desk(&rows, 0, &ret_desks[count++]));
        TRY(sql_next(&rows, &has_row));
    }
    *ret_count = count;
    return HL_OK;
}

/* --- what the agents ask --- */

int post_waiting(struct desk *desk, const uint8_t relay[static ID_BYTES],
                 uint8_t (*ret_deposits)[HASH_BYTES], size_t max, size_t *ret_count)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT deposit FROM outbox WHERE relay = ? AND state = 0 AND due_ms <= ?"
                  " ORDER BY urgency DESC, due_ms LIMIT ?",
                  SQL_ARGS(SQL_ID(relay), SQL_N(desk_now_ms(desk)), SQL_N(max))));
    size_t count = 0;
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row && count < max) {
        TRY(sql_get_fixed(&rows, 0, ret_deposits[count++], HASH_BYTES));
        TRY(sql_next(&rows, &has_row));
    }
    *ret_count = count;
    return HL_OK;
}

int post_envelope(struct desk *desk, const uint8_t deposit[static HASH_BYTES],
                  struct blob **ret_envelope)
{
    return sql_blob_of(desk, "SELECT octets FROM deposit WHERE hash = ? AND form = 1",
                       SQL_ARGS(SQL_HASH(deposit)), ret_envelope);
}

int post_refused(struct desk *desk, const struct relay_info *relay,
                 const uint8_t deposit[static HASH_BYTES], unsigned code, uint32_t retry_s)
{
    int64_t due_ms = desk_now_ms(desk) + (int64_t)retry_s * 1000;
    return sql_run(desk,
                   "UPDATE outbox SET state = ?, code = ?, due_ms = ? WHERE deposit = ? AND"
                   " relay = ? AND state = 0",
                   SQL_ARGS(SQL_N(retry_s > 0 ? 0 : 2), SQL_N(code), SQL_N(due_ms),
                            SQL_HASH(deposit), SQL_ID(relay->id)));
}
