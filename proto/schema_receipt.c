/* schema_receipt — receipt.proto's comments as a table. Fields that only some kinds may have are MAY here; the module of
 * the object checks the condition. */
#include "base/strict_table.h"
#include "proto/schema.h"
#include "receipt.pb-c.h"

static const struct strict_field pair_view[] = {ROW_EXACT(1, MUST, 16), ROW_SEQ(2, MUST),
                                                ROW_EXACT(3, MUST, 32)};
static const struct strict_field receipt[] = {
    ROW_EXACT(1, MUST, 32),
    ROW_ENUM(2, MUST, 2, 8),
    ROW_ENUM(3, MUST, 1, 3),
    ROW_ENUM(4, MUST, 1, 2),
    ROW_EXACT(5, MAY, 32),
    ROW_EXACT(6, MUST, 32),
    ROW_EXACT(7, MUST, 16),
    ROW_EXACT(8, MUST, 16),
    ROW_EXACT(9, MUST, 16),
    ROW_ENUM(10, MUST, 1, 4),
    ROW_EXACT(11, MUST, 16),
    ROW_EXACT(12, MAY, 16),
    ROW_MS(13, MUST),
    ROW_OPEN(14, MAY),
    ROW_OPEN(15, MAY),
    ROW_TEXT(16, MAY, 4, 4),
    ROW_MS(17, MAY),
    ROW_NUMBER(18, MAY, 1, UINT32_MAX),
    ROW_EXACT(19, MAY, 32),
    ROW_NUMBER(20, MAY, 1, 8),
    ROW_EXACT(21, MUST, 32),
    ROW_SEQ(22, MUST),
    ROW_LINES(23, MAY, 0, 200),
    ROW_MESSAGES(24, 0, 6),
};
static const struct strict_field prekey_floor[] = {ROW_EXACT(1, MUST, 16), ROW_ENUM(2, MUST, 1, 2),
                                                   ROW_MS(3, MUST)};
static const struct strict_field checkpoint_seen[] = {ROW_EXACT(1, MUST, 16), ROW_SEQ(2, MUST),
                                                      ROW_EXACT(3, MUST, 32)};
static const struct strict_field service_statement[] = {
    ROW_EXACT(1, MUST, 32),
    ROW_ENUM(2, MUST, 1, 3),
    ROW_EXACT(3, MUST, 16),
    ROW_ENUM(4, MUST, 1, 4),
    ROW_EXACT(5, MUST, 16),
    ROW_MESSAGE(6, MAY),
    ROW_MS(7, MUST),
    ROW_MESSAGE(8, MUST),
    ROW_EXACT(9, MUST, 32),
    ROW_SEQ(10, MUST),
    ROW_SEQ(11, MUST),
    ROW_NUMBER(12, MAY, 1, UINT32_MAX),
    ROW_MESSAGES(13, 0, 2),
    ROW_MESSAGES(14, 0, 4),
    ROW_MESSAGES(15, 0, 6),
    ROW_OCTETS(16, MAY, 0, 260),
    ROW_MESSAGE(17, MAY),
    ROW_MESSAGE(18, MAY),
    ROW_OCTETS(19, MAY, 0, 260),
    ROW_EXACT(20, MAY, 64),
};
static const struct strict_field lane_mark[] = {ROW_MESSAGE(1, MUST), ROW_SEQ(2, MUST),
                                                ROW_EXACT(3, MUST, 32), ROW_EXACT(4, MUST, 16)};
static const struct strict_field custody[] = {
    ROW_EXACT(1, MUST, 32), ROW_EXACT(2, MUST, 16),  ROW_EXACT(3, MUST, 32),
    ROW_MS(4, MUST),        ROW_ENUM(5, MUST, 1, 3), ROW_NUMBER(6, MUST, 1, 401),
    ROW_EXACT(7, MUST, 32), ROW_EXACT(8, MUST, 32),  ROW_MESSAGE(9, MUST),
};
static const struct strict_field custody_receipt[] = {
    ROW_OCTETS(1, MUST, 1, 260), ROW_NUMBER(2, MAY, 0, STRICT_SEQ_MAX),
    ROW_ITEMS(3, 32, 32, 0, 32), ROW_OCTETS(4, MUST, 1, 400),
    ROW_MESSAGES(5, 1, 401),     ROW_NUMBER(6, MAY, 0, 400),
    ROW_ITEMS(7, 32, 32, 0, 9),
};
static const struct strict_field lane_head[] = {ROW_MESSAGE(1, MUST), ROW_ENUM(2, MUST, 1, 3),
                                                ROW_SEQ(3, MUST), ROW_EXACT(4, MUST, 32)};
static const struct strict_field mailbox_head[] = {
    ROW_EXACT(1, MUST, 32), ROW_EXACT(2, MUST, 16), ROW_MESSAGE(3, MUST),
    ROW_EXACT(4, MUST, 16), ROW_MS(5, MUST),        ROW_NUMBER(6, MAY, 0, 1203),
    ROW_EXACT(7, MUST, 32),
};
static const struct strict_field reject[] = {
    ROW_EXACT(1, MUST, 32),    ROW_EXACT(2, MUST, 16), ROW_EXACT(3, MUST, 32),
    ROW_NUMBER(4, MUST, 1, 5), ROW_EXACT(5, MUST, 16), ROW_EXACT(6, MUST, 16),
    ROW_MS(7, MUST),
};
static const struct strict_field head_proof[] = {
    ROW_MESSAGE(1, MUST),        ROW_MESSAGE(2, MUST),   ROW_NUMBER(3, MAY, 0, 1202),
    ROW_ITEMS(4, 32, 32, 0, 11), ROW_EXACT(5, MUST, 16), ROW_OCTETS(6, MAY, 0, 260),
};
static const struct strict_field lane_steps[] = {
    ROW_MESSAGE(1, MUST),
    ROW_MESSAGE(2, MUST),
    ROW_ENUM(3, MUST, 1, 3),
    ROW_EXACT(4, MUST, 16),
    ROW_SEQ(5, MUST),
    ROW_EXACT(6, MUST, 32),
    ROW_ITEMS(7, 32, 32, 1, 100000),
};
static const struct strict_field attachment_key[] = {
    ROW_EXACT(1, MUST, 32), ROW_NUMBER(2, MAY, 0, 15), ROW_EXACT(3, MUST, 32)};
static const struct strict_field bundle_manifest[] = {
    ROW_EXACT(1, MUST, 32),       ROW_EXACT(2, MUST, 16),
    ROW_EXACT(3, MUST, 16),       ROW_MS(4, MUST),
    ROW_ENUM(5, MUST, 1, 3),      ROW_TEXT(6, MUST, 1, 80),
    ROW_ITEMS(7, 32, 32, 1, 256), ROW_ITEMS(8, 32, 32, 1, 65536),
};

static const struct strict_message messages[] = {
    TABLE(pair_view, pair_view),
    TABLE(receipt, receipt),
    TABLE(prekey_floor, prekey_floor),
    TABLE(checkpoint_seen, checkpoint_seen),
    TABLE(service_statement, service_statement),
    TABLE(lane_mark, lane_mark),
    TABLE(custody, custody),
    TABLE(custody_receipt, custody_receipt),
    TABLE(lane_head, lane_head),
    TABLE(mailbox_head, mailbox_head),
    TABLE(reject, reject),
    TABLE(head_proof, head_proof),
    TABLE(lane_steps, lane_steps),
    TABLE(attachment_key, attachment_key),
    TABLE(bundle_manifest, bundle_manifest),
};
const struct strict_schema schema_receipt = {messages, sizeof(messages) / sizeof(messages[0]),
                                             &schema_notice};
