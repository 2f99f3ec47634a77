/* answer — what this desk says back about a notice: OPENED, ACKNOWLEDGED, REFUSED. */
#include "client/answer.h"

#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/receipt_book.h"
#include "client/vault.h"
#include "proto/notice.h"
#include "proto/schema.h"

#define NOTE_MAX 200

void answer_free(struct answer *answer)
{
    if (answer == NULL)
        return;
    hotline__v1__receipt__free_unpacked(answer->receipt, NULL);
    blob_free(answer->signed_receipt);
    free(answer);
}

/* --- the notice answered --- */

struct question {
    unsigned plane, precedence;
    bool is_out;
    struct desk_id sender;
    uint8_t sender_device[ID_BYTES], deposit[HASH_BYTES];
};

static int refuse_unknown(struct desk *desk, const uint8_t *hash)
{
    int64_t quarantined = 0;
    TRY(sql_number_of(desk, "SELECT count(*) FROM quarantine WHERE deposit = ?",
                      SQL_ARGS(SQL_HASH(hash)), &quarantined));
    if (quarantined > 0)
        return desk_say(desk, HL_EVERIFY,
                        "this is in quarantine: it did not verify, and is not answered");
    return desk_say(desk, HL_ENOTFOUND, "no such notice at this desk");
}

static int find_question(struct desk *desk, const uint8_t *hash, struct question *ret_question)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT plane, precedence, direction, sender_entity, sender_kind, sender_device,"
                  " deposit FROM notice WHERE hash = ?",
                  SQL_ARGS(SQL_HASH(hash))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return refuse_unknown(desk, hash);
    struct question question = {.plane = (unsigned)sql_get_number(&rows, 0),
                                .precedence = (unsigned)sql_get_number(&rows, 1),
                                .is_out = sql_get_number(&rows, 2) != 0};
    TRY(sql_get_desk(&rows, 3, &question.sender));
    TRY(sql_get_fixed(&rows, 5, question.sender_device, ID_BYTES));
    TRY(sql_get_fixed(&rows, 6, question.deposit, HASH_BYTES));
    if (question.is_out)
        return desk_say(desk, HL_EINVAL, "a notice of our own desk is not receipted");
    *ret_question = question;
    return HL_OK;
}

static struct receipt_order order_for(const uint8_t *hash, const struct question *question,
                                      Hotline__V1__ReceiptKind kind)
{
    return (struct receipt_order){.kind = kind,
                                  .about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE,
                                  .plane = question->plane,
                                  .content_hash = hash,
                                  .deposit_hash = question->deposit,
                                  .to = question->sender,
                                  .to_device = question->sender_device};
}

static int parse_receipt(struct bytes octets, Hotline__V1__Receipt **ret_receipt)
{
    Hotline__V1__Signed *object = NULL;
    TRY(sign_parse(octets, &object));
    ProtobufCMessage *message = NULL;
    int err = strict_unpack(&hotline__v1__receipt__descriptor, &schema_receipt,
                            BYTES(object->body.data, object->body.len), &message, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    TRY(err);
    *ret_receipt = (Hotline__V1__Receipt *)message;
    return HL_OK;
}

static int answer_of(struct blob **signed_receipt, const uint8_t *hash, bool is_repeated,
                     struct answer **ret_answer)
{
    AUTO(answer) answer = calloc(1, sizeof(struct answer));
    if (answer == NULL)
        return HL_ENOMEM;
    TRY(parse_receipt(bytes_blob(*signed_receipt), &answer->receipt));
    answer->signed_receipt = MOVE(*signed_receipt);
    memcpy(answer->hash, hash, HASH_BYTES);
    answer->is_repeated = is_repeated;
    *ret_answer = MOVE(answer);
    return HL_OK;
}

/* The stored one, if this device said so before; HL_ENOTFOUND else. */
static int said_before(struct desk *desk, const uint8_t *notice, Hotline__V1__ReceiptKind kind,
                       struct answer **ret_answer)
{
    AUTO(blob) stored = NULL;
    uint8_t hash[HASH_BYTES];
    TRY(receipt_book_find_own(desk, notice, kind, &stored, hash));
    return answer_of(&stored, hash, true, ret_answer);
}

static int say_now(struct desk *desk, const uint8_t *notice, const struct receipt_order *order,
                   struct answer **ret_answer)
{
    AUTO(blob) made = NULL;
    uint8_t hash[HASH_BYTES];
    TRY(receipt_book_make(desk, order, &made, hash));
    AUTO(answer) answer = NULL;
    TRY(answer_of(&made, hash, false, &answer));
    TRY(receipt_book_apply(desk, notice, answer->receipt, hash));
    *ret_answer = MOVE(answer);
    return HL_OK;
}

/* --- OPENED --- */

int answer_open(struct desk *desk, const uint8_t notice_hash[static HASH_BYTES],
                struct answer **ret_answer)
{
    if (desk->identity->is_headless)
        return desk_say(desk, HL_EPERM, "this desk profile holds no officer key");
    if (identity_is_monitor(desk->identity))
        return desk_say(desk, HL_EPERM, "a MONITOR terminal has no text to open");
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    struct question question = {0};
    TRY(find_question(desk, notice_hash, &question));
    AUTO(answer) answer = NULL;
    int err = said_before(desk, notice_hash, HOTLINE__V1__RECEIPT_KIND__OPENED, &answer);
    if (err == HL_ENOTFOUND) {
        const struct receipt_order order =
            order_for(notice_hash, &question, HOTLINE__V1__RECEIPT_KIND__OPENED);
        err = say_now(desk, notice_hash, &order, &answer);
    }
    TRY(err);
    TRY(sql_commit(&transaction));
    *ret_answer = MOVE(answer);
    return HL_OK;
}

/* --- ACKNOWLEDGED --- */

static int expected_word(struct desk *desk, const uint8_t *deposit,
                         char ret_word[static CHECK_WORD_SIZE])
{
    AUTO(blob) content = NULL;
    TRY(vault_read_content(desk, deposit, &content));
    AUTO(draft_parts) parts = NULL;
    int err = draft_parts_of(bytes_blob(content), &parts);
    if (err == HL_EFORMAT)
        return HL_EVERIFY; /* of the database, not of what the officer typed */
    TRY(err);
    if (strlen(parts->notice->check_word) != CHECK_WORD_SIZE - 1)
        return HL_EVERIFY;
    memcpy(ret_word, parts->notice->check_word, CHECK_WORD_SIZE);
    return HL_OK;
}

static int check_word(struct desk *desk, const struct question *question, const char *given,
                      char ret_word[static CHECK_WORD_SIZE])
{
    if (given == NULL) {
        if (question->precedence >= HOTLINE__V1__PRECEDENCE__IMMEDIATE)
            return desk_say(desk, HL_EFORMAT,
                            "FLASH and IMMEDIATE need the check word that stands in the opened"
                            " notice; nothing was sent");
        ret_word[0] = '\0';
        return HL_OK;
    }
    TRY(expected_word(desk, question->deposit, ret_word));
    if (!notice_check_word_equal(given, ret_word))
        return desk_say(desk, HL_EFORMAT,
                        "the check word is not that of this notice; nothing was sent");
    return HL_OK;
}

static int check_ack_officer(struct desk *desk)
{
    int err = identity_check_officer(desk->identity, ROLE_BIT_ACK);
    if (err == HL_OK)
        return HL_OK;
    return desk_say(desk, err, "%s",
                    desk->identity->is_headless
                        ? "this desk profile holds no officer key"
                        : "acknowledging and refusing need an unlocked officer with the role ACK");
}

static int acknowledge(struct desk *desk, const uint8_t *hash, const struct ack_options *options,
                       struct answer **ret_answer)
{
    struct question question = {0};
    char word[CHECK_WORD_SIZE] = "";
    TRY(find_question(desk, hash, &question));
    int err = said_before(desk, hash, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, ret_answer);
    if (err == HL_OK && options->check_word != NULL) /* a wrong word is wrong the second time too */
        return check_word(desk, &question, options->check_word, word);
    if (err != HL_ENOTFOUND)
        return err;
    AUTO(answer) opened = NULL;
    err = said_before(desk, hash, HOTLINE__V1__RECEIPT_KIND__OPENED, &opened);
    if (err == HL_ENOTFOUND)
        return desk_say(desk, HL_ESTATE, "this terminal has not opened it: read it first");
    TRY(err);
    TRY(check_word(desk, &question, options->check_word, word));
    struct receipt_order order =
        order_for(hash, &question, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED);
    order.disposition = (uint32_t)options->disposition;
    order.check_word = word[0] == '\0' ? NULL : word;
    order.reply_expected_ms = options->reply_expected_ms;
    order.note = options->note;
    order.rung = options->rung;
    return say_now(desk, hash, &order, ret_answer);
}

static int check_note(struct desk *desk, const char *note)
{
    if (note != NULL && strlen(note) > NOTE_MAX)
        return desk_say(desk, HL_EFORMAT, "the remark has at most 200 octets; nothing was sent");
    return HL_OK;
}

int answer_acknowledge(struct desk *desk, const uint8_t notice_hash[static HASH_BYTES],
                       const struct ack_options *options, struct answer **ret_answer)
{
    TRY(check_ack_officer(desk));
    TRY(check_note(desk, options->note));
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    AUTO(answer) answer = NULL;
    TRY(acknowledge(desk, notice_hash, options, &answer));
    TRY(sql_commit(&transaction));
    *ret_answer = MOVE(answer);
    return HL_OK;
}

/* --- REFUSED --- */

int answer_refuse(struct desk *desk, const uint8_t notice_hash[static HASH_BYTES],
                  Hotline__V1__Reason reason, const char *note, struct answer **ret_answer)
{
    TRY(check_ack_officer(desk));
    TRY(check_note(desk, note));
    AUTO_TRANSACTION transaction = {0};
    TRY(sql_begin(desk, &transaction));
    struct question question = {0};
    TRY(find_question(desk, notice_hash, &question));
    AUTO(answer) answer = NULL;
    int err = said_before(desk, notice_hash, HOTLINE__V1__RECEIPT_KIND__REFUSED, &answer);
    if (err == HL_ENOTFOUND) {
        struct receipt_order order =
            order_for(notice_hash, &question, HOTLINE__V1__RECEIPT_KIND__REFUSED);
        order.reason = (uint32_t)reason;
        order.note = note;
        err = say_now(desk, notice_hash, &order, &answer);
    }
    TRY(err);
    TRY(sql_commit(&transaction));
    *ret_answer = MOVE(answer);
    return HL_OK;
}
