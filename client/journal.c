/* journal — what this terminal did, each row chained to the one before. */
#include "client/journal.h"

#include <string.h>

#include "client/desk_sql.h"

#define ROW_OCTETS_MAX 256

static void row_hash(const uint8_t prev[static HASH_BYTES], uint64_t row, int64_t at_ms,
                     unsigned kind, struct bytes octets, uint8_t ret_hash[static HASH_BYTES])
{
    uint8_t head[17];
    put_u64be(head, row);
    put_u64be(head + 8, (uint64_t)at_ms);
    head[16] = (uint8_t)kind;
    const struct bytes parts[] = {BYTES(prev, HASH_BYTES), BYTES_OF(head), octets};
    label_hash(label_fixed(LABEL_JOURNAL), parts, 3, ret_hash);
}

int desk_journal_head(struct desk *desk, uint8_t ret_head[static HASH_BYTES], uint64_t *ret_rows)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, "SELECT row, hash FROM journal ORDER BY row DESC LIMIT 1",
                  SQL_NO_ARGS));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    uint8_t head[HASH_BYTES] = {0};
    if (has_row)
        TRY(sql_get_fixed(&rows, 1, head, HASH_BYTES));
    memcpy(ret_head, head, HASH_BYTES);
    *ret_rows = has_row ? (uint64_t)sql_get_number(&rows, 0) : 0;
    return HL_OK;
}

int journal_append(struct desk *desk, enum journal_kind kind, struct bytes octets,
                   uint64_t *ret_row)
{
    if (octets.len > ROW_OCTETS_MAX)
        return HL_EINVAL;
    uint8_t prev[HASH_BYTES];
    uint64_t row = 0;
    TRY(desk_journal_head(desk, prev, &row));
    row++;
    int64_t now_ms = desk_now_ms(desk);
    uint8_t hash[HASH_BYTES];
    row_hash(prev, row, now_ms, (unsigned)kind, octets, hash);
    TRY(sql_run(
        desk, "INSERT INTO journal(row, at_ms, kind, octets, hash) VALUES(?,?,?,?,?)",
        SQL_ARGS(SQL_N(row), SQL_N(now_ms), SQL_N(kind), SQL_BYTES(octets), SQL_HASH(hash))));
    if (ret_row != NULL)
        *ret_row = row;
    return HL_OK;
}

int desk_journal_verify(struct desk *desk, uint64_t *ret_rows)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows, "SELECT row, at_ms, kind, octets, hash FROM journal ORDER BY row",
                  SQL_NO_ARGS));
    uint8_t prev[HASH_BYTES] = {0};
    uint64_t count = 0;
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    while (has_row) {
        count++;
        uint8_t hash[HASH_BYTES];
        row_hash(prev, count, sql_get_number(&rows, 1), (unsigned)sql_get_number(&rows, 2),
                 sql_get_octets(&rows, 3), hash);
        if ((uint64_t)sql_get_number(&rows, 0) != count ||
            !bytes_equal(BYTES_OF(hash), sql_get_octets(&rows, 4)))
            return HL_EVERIFY;
        memcpy(prev, hash, HASH_BYTES);
        TRY(sql_next(&rows, &has_row));
    }
    *ret_rows = count;
    return HL_OK;
}
