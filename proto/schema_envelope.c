/* schema_envelope — envelope.proto's comments as a table. */
#include "base/strict_table.h"
#include "envelope.pb-c.h"
#include "proto/schema.h"

static const struct strict_field attachment_ref[] = {ROW_EXACT(1, MUST, 32),
                                                     ROW_NUMBER(2, MUST, 1, 67200000)};
static const struct strict_field envelope_header[] = {
    ROW_NUMBER(1, MUST, 1, 1),
    ROW_NUMBER(2, MUST, 1, 1),
    ROW_EXACT(3, MUST, 32),
    ROW_EXACT(4, MUST, 16),
    ROW_EXACT(5, MUST, 16),
    ROW_EXACT(6, MUST, 16),
    ROW_ENUM(7, MUST, 1, 3),
    ROW_ENUM(8, MAY, 1, 1),
    ROW_ENUM(9, MAY, 1, 4),
    ROW_SEQ(10, MUST),
    ROW_MS(11, MUST),
    ROW_MS(12, MUST),
    ROW_EXACT(13, MUST, 32),
    ROW_EXACT(14, MUST, 32),
    ROW_NUMBER(15, MUST, 1040, 262160),
    ROW_NUMBER(16, MUST, 1, 800),
    ROW_MESSAGES(17, 0, 16),
};
static const struct strict_field slot[] = {
    ROW_EXACT(1, MUST, 16), ROW_ENUM(2, MUST, 1, 4),  ROW_EXACT(3, MUST, 16),
    ROW_EXACT(4, MUST, 16), ROW_EXACT(5, MUST, 1120), ROW_OCTETS(6, MUST, 164, 240),
};
static const struct strict_field envelope[] = {
    ROW_OCTETS(1, MUST, 1, 1024),
    ROW_OCTETS(2, MUST, 1040, 262160),
    ROW_ITEMS(3, 1346, 1422, 1, 800),
    ROW_EXACT(4, MUST, 64),
};
static const struct strict_field delivered_envelope[] = {
    ROW_OCTETS(1, MUST, 1, 1024),    ROW_OCTETS(2, MUST, 1040, 262160),
    ROW_OCTETS(3, MUST, 1346, 1422), ROW_NUMBER(4, MAY, 0, 799),
    ROW_ITEMS(5, 32, 32, 0, 10),     ROW_EXACT(6, MUST, 32),
    ROW_EXACT(7, MUST, 64),
};
static const struct strict_field stub[] = {ROW_OCTETS(1, MUST, 1, 1024), ROW_EXACT(2, MUST, 32),
                                           ROW_EXACT(3, MUST, 32), ROW_EXACT(4, MUST, 64)};
static const struct strict_field link[] = {
    ROW_EXACT(1, MUST, 32), ROW_ENUM(2, MUST, 1, 3), ROW_EXACT(3, MUST, 32), ROW_EXACT(4, MUST, 16),
    ROW_EXACT(5, MUST, 16), ROW_ENUM(6, MUST, 1, 4), ROW_SEQ(7, MUST),       ROW_EXACT(8, MUST, 32),
};
static const struct strict_field marks[] = {
    ROW_EXACT(1, MUST, 32), ROW_EXACT(2, MUST, 32),  ROW_EXACT(3, MUST, 16),
    ROW_EXACT(4, MUST, 16), ROW_ENUM(5, MUST, 1, 4), ROW_SEQ(6, MAY),
    ROW_EXACT(7, MUST, 32), ROW_SEQ(8, MAY),         ROW_EXACT(9, MUST, 32),
    ROW_SEQ(10, MAY),       ROW_EXACT(11, MUST, 32),
};
static const struct strict_field signed_notice[] = {ROW_MESSAGE(1, MUST), ROW_MESSAGES(2, 0, 3),
                                                    ROW_MESSAGE(3, MAY)};
static const struct strict_field release[] = {
    ROW_EXACT(1, MUST, 32),
    ROW_ENUM(2, MUST, 1, 3),
    ROW_EXACT(3, MUST, 32),
    ROW_EXACT(4, MUST, 16),
    ROW_EXACT(5, MUST, 16),
    ROW_EXACT(6, MUST, 16),
    ROW_MS(7, MUST),
    ROW_MS(8, MUST),
    ROW_BOOL(9),
    ROW_LINES(10, MAY, 10, 200),
};
static const struct strict_field reseal[] = {
    ROW_OCTETS(1, MUST, 1, 1024), ROW_EXACT(2, MUST, 32),      ROW_EXACT(3, MUST, 64),
    ROW_EXACT(4, MUST, 32),       ROW_ITEMS(5, 1, 2048, 1, 4),
};
static const struct strict_field draft[] = {ROW_MESSAGE(1, MUST), ROW_ENUM(2, MUST, 1, 4),
                                            ROW_LINES(3, MAY, 0, 500)};
static const struct strict_field desk_record[] = {
    ROW_EXACT(1, MUST, 32),     ROW_MESSAGE(2, MUST),
    ROW_ENUM(3, MUST, 1, 4),    ROW_MS(4, MUST),
    ROW_ITEMS(5, 16, 16, 1, 2), ROW_ITEMS(6, 32, 32, 0, 256),
    ROW_LINES(7, MAY, 0, 8000),
};

static const struct strict_message messages[] = {
    TABLE(attachment_ref, attachment_ref),
    TABLE(envelope_header, envelope_header),
    TABLE(slot, slot),
    TABLE(envelope, envelope),
    TABLE(delivered_envelope, delivered_envelope),
    TABLE(stub, stub),
    TABLE(link, link),
    TABLE(marks, marks),
    TABLE(signed_notice, signed_notice),
    TABLE(release, release),
    TABLE(reseal, reseal),
    TABLE(draft, draft),
    TABLE(desk_record, desk_record),
};
const struct strict_schema schema_envelope = {messages, sizeof(messages) / sizeof(messages[0]),
                                              &schema_receipt};
