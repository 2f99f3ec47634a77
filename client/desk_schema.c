/* desk_schema — the tables of a desk's database. Hashes, ids and times are in clear; what officers wrote never is. */
#include "client/desk_sql.h"

static const char *const statements[] = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY, number INTEGER, octets BLOB) WITHOUT ROWID;",

    /* hash = H(journal, prev | row | at | kind | octets) */
    "CREATE TABLE journal(row INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " octets BLOB NOT NULL, hash BLOB NOT NULL);",

    "CREATE TABLE event(number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, hash BLOB, id TEXT, relay TEXT, address TEXT, sender TEXT, layer "
    "TEXT,"
    " detail TEXT, plane INTEGER, precedence INTEGER, due_ms INTEGER, late_ms INTEGER,"
    " ack_by_ms INTEGER);",

    /* Every envelope sealed here (form 1, Envelope) or known from outside (form 2, DeliveredEnvelope).
     * wrapped_key: the file key under desk_wrap, aad = hash. */
    "CREATE TABLE deposit(hash BLOB PRIMARY KEY, content_hash BLOB NOT NULL, kind INTEGER NOT NULL,"
    " plane INTEGER NOT NULL, precedence INTEGER NOT NULL, is_own INTEGER NOT NULL,"
    " form INTEGER NOT NULL, wrapped_key BLOB NOT NULL,"
    " sender_entity BLOB NOT NULL, sender_device BLOB NOT NULL, expires_ms INTEGER NOT NULL,"
    " not_after_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL, octets BLOB NOT NULL);",
    "CREATE INDEX deposit_content ON deposit(content_hash);",

    "CREATE TABLE custody(deposit BLOB NOT NULL, relay BLOB NOT NULL, receipt BLOB NOT NULL,"
    " received_ms INTEGER NOT NULL, is_clock_off INTEGER NOT NULL, seen_ms INTEGER NOT NULL,"
    " PRIMARY KEY(deposit, relay)) WITHOUT ROWID;",
    "CREATE TABLE checkpoint(relay BLOB NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,"
    " deposit BLOB NOT NULL, PRIMARY KEY(relay, size)) WITHOUT ROWID;",

    /* direction: 0 in, 1 out. deposit: the first one. */
    "CREATE TABLE notice(hash BLOB PRIMARY KEY, id TEXT NOT NULL, direction INTEGER NOT NULL,"
    " is_own_copy INTEGER NOT NULL, type INTEGER NOT NULL, plane INTEGER NOT NULL,"
    " precedence INTEGER NOT NULL, sender_entity BLOB NOT NULL, sender_kind INTEGER NOT NULL,"
    " sender_device BLOB NOT NULL, draft_device BLOB NOT NULL, notice_id BLOB NOT NULL,"
    " thread_id BLOB, in_reply_to BLOB, deposit BLOB NOT NULL, flags INTEGER NOT NULL,"
    " is_weaker INTEGER NOT NULL, released_ms INTEGER NOT NULL, not_after_ms INTEGER NOT NULL,"
    " ack_by_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL);",
    "CREATE INDEX notice_short ON notice(id);", "CREATE INDEX notice_draft ON notice(notice_id);",

    /* One row a desk a notice is for. out: every addressee; in: our own desk. due: layers already told (bits). */
    "CREATE TABLE addressee(notice BLOB NOT NULL, entity BLOB NOT NULL, kind INTEGER NOT NULL,"
    " position INTEGER NOT NULL, is_action INTEGER NOT NULL, precedence INTEGER NOT NULL,"
    " sealed INTEGER NOT NULL, seq INTEGER NOT NULL, prev BLOB, link_hash BLOB, link_sig BLOB,"
    " state INTEGER NOT NULL, flags INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,"
    " delivered_ms INTEGER NOT NULL DEFAULT 0, opened_ms INTEGER NOT NULL DEFAULT 0,"
    " acked_ms INTEGER NOT NULL DEFAULT 0, refused_ms INTEGER NOT NULL DEFAULT 0,"
    " ack_receipt BLOB, officer BLOB, disposition INTEGER NOT NULL DEFAULT 0,"
    " reservation INTEGER NOT NULL DEFAULT 0, nondelivered INTEGER NOT NULL DEFAULT 0,"
    " refused_reason INTEGER NOT NULL DEFAULT 0, reply INTEGER NOT NULL DEFAULT 0,"
    " reply_ms INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(notice, entity, kind)) WITHOUT ROWID;",

    /* wrapped: the Signed receipt under desk_wrap, aad = hash (a note and a check word stand in it). */
    "CREATE TABLE receipt(hash BLOB PRIMARY KEY, content_hash BLOB, deposit BLOB NOT NULL,"
    " kind INTEGER NOT NULL, by_entity BLOB NOT NULL, by_kind INTEGER NOT NULL,"
    " by_device BLOB NOT NULL, at_ms INTEGER NOT NULL, prev BLOB NOT NULL, wrapped BLOB NOT NULL,"
    " counts INTEGER NOT NULL, carrier BLOB, first_ms INTEGER NOT NULL);",
    "CREATE INDEX receipt_content ON receipt(content_hash, kind);",
    "CREATE INDEX receipt_deposit ON receipt(deposit, by_device);",

    "CREATE TABLE stream_out(device BLOB NOT NULL, entity BLOB NOT NULL, kind INTEGER NOT NULL,"
    " plane INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY(device, entity, kind, plane)) WITHOUT ROWID;",
    "CREATE TABLE stream_in(entity BLOB NOT NULL, device BLOB NOT NULL, plane INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, hash BLOB NOT NULL, missing BLOB NOT NULL,"
    " PRIMARY KEY(entity, device, plane)) WITHOUT ROWID;",
    /* since: the numbers from it up to seq - 1 were missing when it came; NULL: none. */
    "CREATE TABLE link_in(entity BLOB NOT NULL, device BLOB NOT NULL, plane INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, hash BLOB NOT NULL, prev BLOB NOT NULL, notice BLOB NOT NULL,"
    " since INTEGER,"
    " PRIMARY KEY(entity, device, plane, seq, hash)) WITHOUT ROWID;",
    /* Numbers waited for; stated_ms: when MISSING was said, 0 not yet. */
    "CREATE TABLE gap(entity BLOB NOT NULL, device BLOB NOT NULL, plane INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, due_ms INTEGER NOT NULL, stated_ms INTEGER NOT NULL,"
    " PRIMARY KEY(entity, device, plane, seq)) WITHOUT ROWID;",

    "CREATE TABLE prekey(entity BLOB NOT NULL, device BLOB NOT NULL, kind INTEGER NOT NULL,"
    " id BLOB NOT NULL, pk BLOB NOT NULL, created_ms INTEGER NOT NULL, not_after_ms INTEGER NOT "
    "NULL,"
    " hash BLOB NOT NULL, prev_hash BLOB NOT NULL, PRIMARY KEY(entity, device, kind)) WITHOUT "
    "ROWID;",

    /* is_up: as last told by an event; contact_ms decides. cursor: all entries up to it are dealt with;
     * taken: all up to it were Taken (stops at a rejected one). */
    "CREATE TABLE relay(id BLOB PRIMARY KEY, cursor INTEGER NOT NULL DEFAULT 0,"
    " taken INTEGER NOT NULL DEFAULT 0, is_up INTEGER NOT NULL DEFAULT 0,"
    " contact_ms INTEGER NOT NULL DEFAULT 0, skew_ms INTEGER NOT NULL DEFAULT 0,"
    " rtt_ms INTEGER NOT NULL DEFAULT -1, prekey_ms INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;",
    "CREATE TABLE entry(relay BLOB NOT NULL, seq INTEGER NOT NULL, is_taken INTEGER NOT NULL,"
    " PRIMARY KEY(relay, seq)) WITHOUT ROWID;",
    "CREATE TABLE lane(relay BLOB NOT NULL, entity BLOB NOT NULL, kind INTEGER NOT NULL,"
    " plane INTEGER NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL,"
    " PRIMARY KEY(relay, entity, kind, plane)) WITHOUT ROWID;",
    "CREATE TABLE lane_step(relay BLOB NOT NULL, entity BLOB NOT NULL, kind INTEGER NOT NULL,"
    " plane INTEGER NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL, deposit BLOB NOT NULL,"
    " entry INTEGER NOT NULL, PRIMARY KEY(relay, entity, kind, plane, seq)) WITHOUT ROWID;",

    /* state: 0 to send, 1 taken, 2 refused for good, 3 expired unsent. urgency: FLASH 5, control 4, … ROUTINE 1 */
    "CREATE TABLE outbox(deposit BLOB NOT NULL, relay BLOB NOT NULL, state INTEGER NOT NULL,"
    " urgency INTEGER NOT NULL, due_ms INTEGER NOT NULL, code INTEGER NOT NULL,"
    " PRIMARY KEY(deposit, relay)) WITHOUT ROWID;",
    "CREATE INDEX outbox_open ON outbox(deposit) WHERE state <> 1;",
    "CREATE INDEX outbox_waiting ON outbox(relay, urgency) WHERE state = 0;",
    /* Control statements whose addressee has no usable key yet. wrapped: under desk_wrap, aad = hash. */
    "CREATE TABLE unsealed(hash BLOB PRIMARY KEY, kind INTEGER NOT NULL, plane INTEGER NOT NULL,"
    " wrapped BLOB NOT NULL, entity BLOB NOT NULL, desk INTEGER NOT NULL, relays BLOB NOT NULL,"
    " due_ms INTEGER NOT NULL) WITHOUT ROWID;",

    "CREATE TABLE reject(deposit BLOB NOT NULL, relay BLOB NOT NULL, step INTEGER NOT NULL,"
    " octets BLOB NOT NULL, PRIMARY KEY(deposit, relay)) WITHOUT ROWID;",
    "CREATE TABLE quarantine(deposit BLOB PRIMARY KEY, relay BLOB NOT NULL, reason INTEGER NOT "
    "NULL,"
    " step INTEGER NOT NULL, detail TEXT NOT NULL, octets BLOB NOT NULL, plane INTEGER NOT NULL,"
    " precedence INTEGER NOT NULL, sender_entity BLOB NOT NULL, sender_kind INTEGER NOT NULL,"
    " sender_device BLOB NOT NULL, is_authentic INTEGER NOT NULL, first_ms INTEGER NOT NULL);",
    "CREATE TABLE stub(deposit BLOB PRIMARY KEY, octets BLOB NOT NULL, plane INTEGER NOT NULL,"
    " precedence INTEGER NOT NULL, class INTEGER NOT NULL, size INTEGER NOT NULL,"
    " sender_entity BLOB NOT NULL, sender_kind INTEGER NOT NULL, sender_device BLOB NOT NULL,"
    " first_ms INTEGER NOT NULL);",
    "CREATE TABLE service(hash BLOB PRIMARY KEY, deposit BLOB NOT NULL, kind INTEGER NOT NULL,"
    " sender_entity BLOB NOT NULL, sender_kind INTEGER NOT NULL, sender_device BLOB NOT NULL,"
    " octets BLOB NOT NULL, first_ms INTEGER NOT NULL);",

    /* content: Notice (unsigned) or SignedNotice, remark: both under desk_wrap, aad = notice_id zero-padded to 32. */
    "CREATE TABLE draft(notice_id BLOB PRIMARY KEY, id TEXT NOT NULL, hash BLOB, state INTEGER NOT "
    "NULL,"
    " content BLOB NOT NULL, remark BLOB, changed_ms INTEGER NOT NULL);",
    "CREATE INDEX draft_short ON draft(id);"};

const char *desk_schema(size_t index)
{
    return index < sizeof(statements) / sizeof(statements[0]) ? statements[index] : NULL;
}
