/* streams — numbers of arriving notices: gaps seen, said (MISSING) and healed; forks kept. */
#include "client/streams.h"

#include <stdio.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/journal.h"
#include "client/post.h"
#include "client/query.h"
#include "client/track.h"
#include "proto/link.h"
#include "proto/service.h"

/* Below the bounds of 60 s and 5 s: what is only late on another relay should not be asked for. */
#define WAIT_MS       (30LL * 1000)
#define WAIT_FLASH_MS (4LL * 1000)
#define MARKS_WAIT_MS (60LL * 1000)
#define ASK_AGAIN_MS  (10LL * 60 * 1000)

struct source {
    const uint8_t *entity, *device;
    unsigned plane;
};

/* --- the stream's row --- */

static int load(struct desk *desk, const struct source *source, struct stream *ret_stream)
{
    memset(ret_stream, 0, sizeof(*ret_stream));
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT seq, hash, missing FROM stream_in WHERE entity = ? AND device = ? AND"
                  " plane = ?",
                  SQL_ARGS(SQL_ID(source->entity), SQL_ID(source->device), SQL_N(source->plane))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return HL_OK;
    ret_stream->last_seq = (uint64_t)sql_get_number(&rows, 0);
    TRY(sql_get_fixed(&rows, 1, ret_stream->last_hash, HASH_BYTES));
    struct bytes missing = sql_get_octets(&rows, 2);
    if (missing.len % 8 != 0 || missing.len / 8 > LIMIT_STREAM_MISSING)
        return HL_EFORMAT;
    for (size_t i = 0; i < missing.len / 8; i++)
        ret_stream->missing[i] = get_u64be(missing.data + 8 * i);
    ret_stream->missing_count = missing.len / 8;
    return HL_OK;
}

static int store(struct desk *desk, const struct source *source, const struct stream *stream)
{
    uint8_t missing[8 * LIMIT_STREAM_MISSING];
    for (size_t i = 0; i < stream->missing_count; i++)
        put_u64be(missing + 8 * i, stream->missing[i]);
    return sql_run(desk,
                   "INSERT OR REPLACE INTO stream_in(entity, device, plane, seq, hash, missing)"
                   " VALUES(?,?,?,?,?,?)",
                   SQL_ARGS(SQL_ID(source->entity), SQL_ID(source->device), SQL_N(source->plane),
                            SQL_N(stream->last_seq), SQL_HASH(stream->last_hash),
                            SQL_BYTES(BYTES(missing, 8 * stream->missing_count))));
}

static int known_link(struct desk *desk, const struct source *source, uint64_t seq,
                      uint8_t ret_hash[static HASH_BYTES], bool *ret_is_known)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT hash FROM link_in WHERE entity = ? AND device = ? AND plane = ? AND"
                  " seq = ? LIMIT 1",
                  SQL_ARGS(SQL_ID(source->entity), SQL_ID(source->device), SQL_N(source->plane),
                           SQL_N(seq))));
    TRY(sql_next(&rows, ret_is_known));
    return *ret_is_known ? sql_get_fixed(&rows, 0, ret_hash, HASH_BYTES) : HL_OK;
}

/* --- gaps --- */

static int await(struct desk *desk, const struct source *source, const struct stream *stream,
                 int64_t due_ms)
{
    for (size_t i = 0; i < stream->missing_count; i++) {
        TRY(sql_run(desk,
                    "INSERT OR IGNORE INTO gap(entity, device, plane, seq, due_ms, stated_ms)"
                    " VALUES(?,?,?,?,?,0)",
                    SQL_ARGS(SQL_ID(source->entity), SQL_ID(source->device), SQL_N(source->plane),
                             SQL_N(stream->missing[i]), SQL_N(due_ms))));
    }
    return HL_OK;
}

static int heal(struct desk *desk, const struct source *source, uint64_t seq)
{
    return sql_run(
        desk, "DELETE FROM gap WHERE entity = ? AND device = ? AND plane = ? AND seq = ?",
        SQL_ARGS(SQL_ID(source->entity), SQL_ID(source->device), SQL_N(source->plane), SQL_N(seq)));
}

/* The GAP mark of a notice goes when all that were missing before it have come. */
static int unmark_gaps(struct desk *desk, const struct source *source, uint64_t seq)
{
    return sql_run(
        desk,
        "UPDATE notice SET flags = flags & ~? WHERE hash IN (SELECT l.notice FROM link_in l WHERE"
        " l.entity = ? AND l.device = ? AND l.plane = ? AND l.seq > ? AND l.since <= ?"
        " AND l.seq - l.since = (SELECT count(DISTINCT b.seq) FROM link_in b WHERE"
        " b.entity = l.entity AND b.device = l.device AND b.plane = l.plane"
        " AND b.seq >= l.since AND b.seq < l.seq))",
        SQL_ARGS(SQL_N(NOTICE_GAP), SQL_ID(source->entity), SQL_ID(source->device),
                 SQL_N(source->plane), SQL_N(seq), SQL_N(seq)));
}

struct consequence {
    uint32_t flag;
    enum event_kind event; /* EVENT_COUNT: none */
    const char *detail;
};
static const struct consequence consequences[] = {
    [STREAM_IN_ORDER] = {0, EVENT_COUNT, NULL},
    [STREAM_GAP] = {NOTICE_GAP, EVENT_GAP, "notices are missing before this one"},
    [STREAM_LATE_FILL] = {0, EVENT_HEALED, "a missing notice came"},
    [STREAM_SAME] = {0, EVENT_COUNT, NULL},
    [STREAM_FORK] = {NOTICE_FORK, EVENT_FORK, "two notices with one number"},
    [STREAM_OUT_OF_ORDER] = {NOTICE_OUT_OF_ORDER, EVENT_COUNT, NULL},
    [STREAM_CHAIN_BROKEN] = {NOTICE_CHAIN_BROKEN, EVENT_FORK, "the chain of numbers is broken"},
    [STREAM_IMPLAUSIBLE] = {NOTICE_OUT_OF_ORDER, EVENT_GAP, "its number is implausible"},
};

static int tell(struct desk *desk, const struct opened *opened,
                const uint8_t notice[static HASH_BYTES], enum event_kind kind, const char *detail)
{
    struct event event = {.kind = kind};
    (void)snprintf(event.detail, sizeof(event.detail), "%s", detail);
    desk_format(desk->identity->trust, &opened->sender, event.from);
    return track_tell(desk, notice, &event);
}

/* Of a notice and the one before it, both at hand: does it follow? */
static int check_follows(struct desk *desk, const struct opened *opened,
                         const struct source *source, uint64_t seq)
{
    uint8_t notice[HASH_BYTES];
    bool is_broken = false;
    {
        AUTO_ROWS rows = {0};
        TRY(sql_query(desk, &rows,
                      "SELECT l.notice FROM link_in l JOIN link_in b ON b.entity = l.entity AND"
                      " b.device = l.device AND b.plane = l.plane AND b.seq = l.seq - 1"
                      " WHERE l.entity = ? AND l.device = ? AND l.plane = ? AND l.seq = ?"
                      " GROUP BY l.hash HAVING max(b.hash = l.prev) = 0 LIMIT 1",
                      SQL_ARGS(SQL_ID(source->entity), SQL_ID(source->device), SQL_N(source->plane),
                               SQL_N(seq))));
        TRY(sql_next(&rows, &is_broken));
        if (is_broken)
            TRY(sql_get_fixed(&rows, 0, notice, HASH_BYTES));
    }
    if (!is_broken)
        return HL_OK;
    TRY(track_mark(desk, notice, NOTICE_CHAIN_BROKEN));
    return tell(desk, opened, notice, consequences[STREAM_CHAIN_BROKEN].event,
                consequences[STREAM_CHAIN_BROKEN].detail);
}

/* A missing one has come: it must fit between its neighbours, which could not be judged without it. */
static int fill(struct desk *desk, const struct opened *opened, const struct source *source)
{
    TRY(check_follows(desk, opened, source, opened->seq));
    TRY(check_follows(desk, opened, source, opened->seq + 1));
    return unmark_gaps(desk, source, opened->seq);
}

static int act(struct desk *desk, const struct opened *opened, const struct source *source,
               const struct stream *stream, enum stream_verdict verdict)
{
    const struct consequence *consequence = &consequences[verdict];
    bool is_flash = opened->notice->precedence == HOTLINE__V1__PRECEDENCE__FLASH;
    if (verdict == STREAM_GAP || verdict == STREAM_CHAIN_BROKEN)
        TRY(await(desk, source, stream, desk_now_ms(desk) + (is_flash ? WAIT_FLASH_MS : WAIT_MS)));
    TRY(heal(desk, source, opened->seq));
    if (verdict == STREAM_LATE_FILL || verdict == STREAM_OUT_OF_ORDER)
        TRY(fill(desk, opened, source));
    if (consequence->flag != 0)
        TRY(track_mark(desk, opened->content_hash, consequence->flag));
    if (consequence->event == EVENT_COUNT)
        return HL_OK;
    return tell(desk, opened, opened->content_hash, consequence->event, consequence->detail);
}

static int keep(struct desk *desk, const struct opened *opened, const struct source *source,
                uint64_t since)
{
    return sql_run(desk,
                   "INSERT OR IGNORE INTO link_in(entity, device, plane, seq, hash, prev, notice,"
                   " since) VALUES(?,?,?,?,?,?,?,?)",
                   SQL_ARGS(SQL_ID(source->entity), SQL_ID(source->device), SQL_N(source->plane),
                            SQL_N(opened->seq), SQL_HASH(opened->link_hash), SQL_HASH(opened->prev),
                            SQL_HASH(opened->content_hash),
                            since == 0 ? sql_null() : SQL_N(since)));
}

int streams_accept(struct desk *desk, const struct opened *opened)
{
    const struct source source = {.entity = opened->sender.entity,
                                  .device = opened->sender_device->id,
                                  .plane = (unsigned)opened->notice->plane};
    struct stream stream;
    TRY(load(desk, &source, &stream));
    uint8_t known[HASH_BYTES];
    bool is_known = false;
    TRY(known_link(desk, &source, opened->seq, known, &is_known));
    uint64_t next = stream.last_seq + 1;
    enum stream_verdict verdict = stream_accept(&stream, opened->seq, opened->prev,
                                                opened->link_hash, is_known ? known : NULL);
    TRY(store(desk, &source, &stream));
    TRY(keep(desk, opened, &source, verdict == STREAM_GAP ? next : 0));
    return act(desk, opened, &source, &stream, verdict);
}

int streams_compare_marks(struct desk *desk, const struct opened *opened)
{
    for (unsigned i = 0; i < 3; i++) {
        const struct source source = {
            .entity = opened->sender.entity, .device = opened->sender_device->id, .plane = i + 1};
        struct stream stream;
        TRY(load(desk, &source, &stream));
        uint64_t said = opened->link_marks.seq[i];
        if (said <= stream.last_seq || said - stream.last_seq > LIMIT_STREAM_JUMP)
            continue;
        uint64_t first = stream.last_seq + 1;
        if (said - first >= LIMIT_STREAM_MISSING)
            first = said - LIMIT_STREAM_MISSING + 1;
        struct stream tail = {0};
        for (uint64_t seq = first; seq <= said; seq++)
            tail.missing[tail.missing_count++] = seq;
        /* They may still be on their way: asked for only if missing a minute later. */
        TRY(await(desk, &source, &tail, desk_now_ms(desk) + MARKS_WAIT_MS));
    }
    return HL_OK;
}

/* --- saying MISSING --- */

struct gap {
    uint8_t entity[ID_BYTES], device[ID_BYTES];
    unsigned plane;
    uint64_t first, last;
};

static int sign_missing(struct desk *desk, const struct gap *gap, const struct desk_id *to,
                        struct blob **ret_signed, uint8_t ret_hash[static HASH_BYTES])
{
    const struct identity *identity = desk->identity;
    Hotline__V1__Desk recipient;
    Hotline__V1__Service service;
    Hotline__V1__ServiceStatement statement;
    hotline__v1__desk__init(&recipient);
    hotline__v1__service__init(&service);
    hotline__v1__service_statement__init(&statement);
    recipient.entity = strict_octets(to->entity, ID_BYTES);
    recipient.kind = (Hotline__V1__DeskKind)to->kind;
    service.kind = HOTLINE__V1__SERVICE_KIND__MISSING;
    service.first_serial = gap->first;
    service.last_serial = gap->last;
    service.stream_device = strict_octets(gap->device, ID_BYTES);
    uint8_t head[HASH_BYTES];
    uint64_t row = 0;
    TRY(desk_journal_head(desk, head, &row));
    statement.ns = strict_octets(identity->trust->ns, NS_BYTES);
    statement.plane = (Hotline__V1__Plane)gap->plane;
    statement.sender_entity = strict_octets(identity->desk.entity, ID_BYTES);
    statement.sender_kind = (Hotline__V1__DeskKind)identity->desk.kind;
    statement.sender_device = strict_octets(identity->device->id, ID_BYTES);
    statement.recipient = &recipient;
    statement.at_ms = desk_now_ms(desk);
    statement.service = &service;
    statement.journal_head = strict_octets(head, HASH_BYTES);
    statement.dir_version = identity->trust->directory_version;
    statement.roster_version =
        trust_entity(identity->trust, identity->desk.entity)->roster->version;
    return service_sign(identity->suite, &statement, identity->device, ret_signed, ret_hash);
}

static int state_missing(struct desk *desk, const struct gap *gap)
{
    const struct cert *device = trust_cert(desk->identity->trust, gap->entity, gap->device);
    if (device == NULL || device->desks == 0)
        return HL_OK;
    struct desk_id to = {.kind = (uint32_t)__builtin_ctz(device->desks)};
    memcpy(to.entity, gap->entity, ID_BYTES);
    AUTO(blob) made = NULL;
    uint8_t hash[HASH_BYTES];
    TRY(sign_missing(desk, gap, &to, &made, hash));
    TRY(journal_append(desk, JOURNAL_SERVICE, BYTES_OF(hash), NULL));
    const struct control control = {.kind = CONTENT_SERVICE,
                                    .plane = gap->plane,
                                    .octets = bytes_blob(made),
                                    .hash = hash,
                                    .to = to,
                                    .relays = post_all_relays(desk)}; /* one of them may be why */
    return post_control(desk, &control);
}

/* The first due number and those that follow it without a hole. */
static int find_due(struct desk *desk, int64_t now_ms, bool *ret_is_there, struct gap *ret_gap)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT entity, device, plane, seq FROM gap WHERE due_ms <= ?"
                  " ORDER BY entity, device, plane, seq",
                  SQL_ARGS(SQL_N(now_ms))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    *ret_is_there = has_row;
    for (bool is_first = true; has_row; is_first = false) {
        struct gap gap = {.plane = (unsigned)sql_get_number(&rows, 2),
                          .first = (uint64_t)sql_get_number(&rows, 3)};
        TRY(sql_get_fixed(&rows, 0, gap.entity, ID_BYTES));
        TRY(sql_get_fixed(&rows, 1, gap.device, ID_BYTES));
        gap.last = gap.first;
        if (is_first)
            *ret_gap = gap;
        else if (gap.first == ret_gap->last + 1 && gap.plane == ret_gap->plane &&
                 bytes_equal(BYTES_OF(gap.entity), BYTES_OF(ret_gap->entity)) &&
                 bytes_equal(BYTES_OF(gap.device), BYTES_OF(ret_gap->device)))
            ret_gap->last = gap.first;
        else
            break;
        TRY(sql_next(&rows, &has_row));
    }
    return HL_OK;
}

static int say_due(struct desk *desk, const struct gap *gap, int64_t now_ms)
{
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    TRY(sql_run(desk,
                "UPDATE gap SET stated_ms = ?, due_ms = ? WHERE entity = ? AND device = ? AND"
                " plane = ? AND seq BETWEEN ? AND ? AND due_ms <= ?",
                SQL_ARGS(SQL_N(now_ms), SQL_N(now_ms + ASK_AGAIN_MS), SQL_ID(gap->entity),
                         SQL_ID(gap->device), SQL_N(gap->plane), SQL_N(gap->first),
                         SQL_N(gap->last), SQL_N(now_ms))));
    if (sql_changes(desk) > 0) /* else another process has just said it */
        TRY(state_missing(desk, gap));
    return sql_commit(&transaction);
}

int streams_tick(struct desk *desk, int64_t *ret_next_ms)
{
    int64_t now_ms = desk_now_ms(desk);
    for (int i = 0; i < LIMIT_STREAM_MISSING; i++) {
        struct gap gap;
        bool is_there = false;
        TRY(find_due(desk, now_ms, &is_there, &gap));
        if (!is_there)
            break;
        TRY(say_due(desk, &gap, now_ms));
    }
    int64_t due_ms = 0;
    TRY(sql_number_of(desk, "SELECT min(due_ms) FROM gap", SQL_NO_ARGS, &due_ms));
    if (due_ms != 0 && due_ms < *ret_next_ms)
        *ret_next_ms = due_ms;
    return HL_OK;
}

/* --- answering MISSING --- */

int streams_resend(struct desk *desk, const struct desk_id *to, unsigned plane, uint64_t first_seq,
                   uint64_t last_seq)
{
    relay_set all = post_all_relays(desk);
    for (uint64_t i = 0; i < LIMIT_STREAM_MISSING && first_seq + i <= last_seq; i++) {
        AUTO(blob) deposit = NULL;
        int err = sql_blob_of(desk,
                              "SELECT n.deposit FROM addressee a JOIN notice n ON n.hash = a.notice"
                              " WHERE a.entity = ? AND a.kind = ? AND a.seq = ? AND n.plane = ? AND"
                              " n.direction = 1 AND n.is_own_copy = 0",
                              SQL_ARGS(SQL_DESK(to), SQL_N(first_seq + i), SQL_N(plane)), &deposit);
        if (err == HL_ENOTFOUND)
            continue;
        TRY(err);
        if (deposit->len == HASH_BYTES)
            TRY(post_offer(desk, deposit->data, all, 0));
    }
    return HL_OK;
}
