/* schema_notice — notice.proto's comments as a table. Inside a notice an enum number that the schema does not name is
 * accepted and shown raw (open rows). */
#include "base/strict_table.h"
#include "notice.pb-c.h"
#include "proto/schema.h"

static const struct strict_field stamp[] = {ROW_MS(1, MUST)};
static const struct strict_field text[] = {
    ROW_TEXT(1, MUST, 2, 35), ROW_LINES(2, MUST, 1, 65536), ROW_BOOL(3),
    ROW_TEXT(4, MAY, 0, 40),  ROW_TEXT(5, MAY, 0, 40),      ROW_NUMBER(6, MAY, 0, 3),
};
static const struct strict_field address[] = {ROW_MESSAGE(1, MUST), ROW_BOOL(2), ROW_OPEN(3, MUST)};
static const struct strict_field other_means[] = {ROW_MESSAGE(1, MUST), ROW_NUMBER(2, MUST, 1, 5),
                                                  ROW_MESSAGE(3, MAY), ROW_LINES(4, MAY, 0, 200)};
static const struct strict_field attachment[] = {
    ROW_TEXT(1, MUST, 1, 128), ROW_TEXT(2, MUST, 3, 100), ROW_NUMBER(3, MUST, 1, 64 << 20),
    ROW_EXACT(4, MUST, 32),    ROW_OPEN(5, MAY),
};
static const struct strict_field notice[] = {
    ROW_NUMBER(1, MUST, 1, 1),
    ROW_OPEN(2, MUST),
    ROW_ENUM(3, MUST, 1, 3),
    ROW_TEXT(4, MAY, 1, 60),
    ROW_EXACT(5, MAY, 16),
    ROW_MESSAGE(6, MUST),
    ROW_MESSAGES(7, 1, 400),
    ROW_MESSAGES(8, 0, 400),
    ROW_MESSAGES(9, 0, 16),
    ROW_ENUM(10, MUST, 1, 4),
    ROW_OPEN(13, MUST),
    ROW_OPEN(14, MAY),
    ROW_OPENS(15, 0, 8),
    ROW_BOOL(16),
    ROW_EXACT(17, MAY, 16),
    ROW_EXACT(18, MAY, 32),
    ROW_ITEMS(19, 32, 32, 0, 16),
    ROW_EXACT(20, MAY, 32),
    ROW_TEXT(21, MAY, 0, 64),
    ROW_MESSAGE(22, MAY),
    ROW_OPENS(23, 0, 8),
    ROW_MESSAGE(24, MAY),
    ROW_MESSAGE(25, MAY),
    ROW_MESSAGE(26, MAY),
    ROW_MESSAGES(30, 0, 12),
    ROW_TEXT(31, MAY, 0, 160),
    ROW_MESSAGES(32, 0, 16),
    ROW_TEXT(33, MUST, 4, 4),
    ROW_NUMBER(34, MAY, 1, UINT32_MAX),
    ROW_MESSAGE(40, MAY),
    ROW_MESSAGE(41, MAY),
    ROW_MESSAGE(42, MAY),
    ROW_MESSAGE(43, MAY),
    ROW_MESSAGE(44, MAY),
    ROW_MESSAGE(45, MAY),
    ROW_MESSAGE(46, MAY),
    ROW_MESSAGE(47, MAY),
    ROW_MESSAGE(48, MAY),
    ROW_MESSAGE(49, MAY),
    ROW_MESSAGE(50, MAY),
    ROW_MESSAGE(51, MAY),
    ROW_EXACT(60, MUST, 32),
    ROW_EXACT(61, MUST, 16),
    ROW_EXACT(62, MUST, 16),
    ROW_EXACT(63, MUST, 16),
    ROW_SEQ(64, MUST),
    ROW_EXACT(65, MUST, 32),
    ROW_MS(66, MUST),
    ROW_NUMBER(67, MUST, 1, 3),
};
static const struct strict_field incident[] = {
    ROW_EXACT(1, MAY, 16),
    ROW_TEXT(2, MAY, 0, 64),
    ROW_OPEN(3, MAY),
    ROW_OPENS(4, 0, 8),
    ROW_OPEN(5, MAY),
    ROW_MESSAGE(6, MAY),
    ROW_BOOL(7),
    ROW_MESSAGE(8, MAY),
    ROW_MESSAGE(9, MAY),
    ROW_OPEN(10, MAY),
    ROW_TEXT(11, MAY, 0, 64),
    ROW_TEXT(12, MAY, 0, 64),
    ROW_OPEN(13, MAY),
    ROW_OPEN(14, MAY),
    ROW_OPEN(15, MAY),
    ROW_OPEN(16, MAY),
    ROW_OPEN(17, MAY),
    ROW_NUMBER(18, MAY, 1, UINT64_MAX),
    ROW_LINES(19, MAY, 0, 500),
    ROW_ITEMS(20, 3, 3, 0, 32),
    ROW_OPEN(21, MAY),
    ROW_OPEN(22, MAY),
    ROW_OPEN(23, MAY),
    ROW_NUMBER(24, MAY, 1, UINT32_MAX),
    ROW_ITEMS(25, 1, 300, 0, 16),
    ROW_BOOL(26),
    ROW_MESSAGE(27, MAY),
    ROW_MESSAGE(28, MAY),
};
static const struct strict_field request[] = {
    ROW_EXACT(1, MAY, 16),
    ROW_LINES(2, MAY, 0, 2000),
    ROW_LINES(3, MAY, 0, 2000),
    ROW_ITEMS(4, 1, 300, 0, 32),
    ROW_BOOL(5),
    ROW_LINES(6, MAY, 0, 300),
    ROW_MESSAGE(7, MAY),
    ROW_BOOL(8),
};
static const struct strict_field response[] = {
    ROW_OPEN(1, MUST),   ROW_OPEN(2, MAY),           ROW_MESSAGE(3, MAY),
    ROW_MESSAGE(4, MAY), ROW_LINES(5, MAY, 0, 4000), ROW_ITEMS(6, 1, 300, 0, 16),
};
static const struct strict_field statement[] = {
    ROW_OPEN(1, MUST),   ROW_EXACT(2, MAY, 16), ROW_LINES(3, MAY, 0, 1000),
    ROW_MESSAGE(4, MAY), ROW_MESSAGE(5, MAY),   ROW_LINES(6, MAY, 0, 1000),
};
static const struct strict_field prior_notice[] = {
    ROW_OPEN(1, MUST),
    ROW_MESSAGE(2, MAY),
    ROW_MESSAGE(3, MAY),
    ROW_LINES(4, MAY, 0, 1000),
    ROW_LINES(5, MAY, 0, 1000),
    ROW_TEXT(6, MAY, 0, 200),
    ROW_BOOL(7),
};
static const struct strict_field measure[] = {ROW_OPEN(1, MUST), ROW_LINES(2, MAY, 0, 500),
                                              ROW_NUMBER(3, MAY, 0, 4)};
static const struct strict_field deescalation[] = {
    ROW_MESSAGES(1, 1, 16),   ROW_BOOL(2), ROW_MESSAGE(3, MAY), ROW_MESSAGE(4, MAY),
    ROW_NUMBER(5, MAY, 0, 4),
};
static const struct strict_field consultation[] = {ROW_NUMBER(1, MUST, 1, 3),
                                                   ROW_NUMBER(2, MUST, 1, 4), ROW_MESSAGES(3, 1, 8),
                                                   ROW_ITEMS(4, 2, 35, 1, 8)};
static const struct strict_field fix[] = {ROW_TEXT(1, MUST, 1, 100), ROW_LINES(2, MAY, 0, 2000),
                                          ROW_LINES(3, MAY, 0, 2000), ROW_BOOL(4)};
static const struct strict_field correction[] = {ROW_EXACT(1, MUST, 32), ROW_MESSAGES(2, 1, 32),
                                                 ROW_OPEN(3, MUST)};
static const struct strict_field cancellation[] = {ROW_EXACT(1, MUST, 32), ROW_OPEN(2, MUST),
                                                   ROW_BOOL(3), ROW_EXACT(4, MAY, 32)};
static const struct strict_field service[] = {
    ROW_OPEN(1, MUST),      ROW_SEQ(2, MAY),         ROW_SEQ(3, MAY),
    ROW_MESSAGE(4, MAY),    ROW_MESSAGE(5, MAY),     ROW_EXACT(6, MAY, 32),
    ROW_OPEN(7, MAY),       ROW_TEXT(8, MAY, 0, 80), ROW_NUMBER(9, MAY, 1, UINT32_MAX),
    ROW_EXACT(10, MAY, 16),
};
static const struct strict_field exercise_control[] = {
    ROW_OPEN(1, MUST),   ROW_EXACT(2, MUST, 16), ROW_TEXT(3, MUST, 1, 60),
    ROW_MESSAGE(4, MAY), ROW_MESSAGE(5, MAY),    ROW_MESSAGES(6, 0, 400),
    ROW_BOOL(7),         ROW_EXACT(8, MAY, 32),  ROW_TEXT(9, MAY, 0, 32),
};
static const struct strict_field vulnerability[] = {
    ROW_TEXT(1, MAY, 0, 32),    ROW_TEXT(2, MAY, 0, 200), ROW_TEXT(3, MAY, 0, 300), ROW_BOOL(4),
    ROW_LINES(5, MAY, 0, 1000), ROW_MESSAGE(6, MAY),
};

static const struct strict_message messages[] = {
    TABLE(stamp, stamp),
    TABLE(text, text),
    TABLE(address, address),
    TABLE(other_means, other_means),
    TABLE(attachment, attachment),
    TABLE(notice, notice),
    TABLE(incident, incident),
    TABLE(request, request),
    TABLE(response, response),
    TABLE(statement, statement),
    TABLE(prior_notice, prior_notice),
    TABLE(measure, measure),
    TABLE(deescalation, deescalation),
    TABLE(consultation, consultation),
    TABLE(fix, fix),
    TABLE(correction, correction),
    TABLE(cancellation, cancellation),
    TABLE(service, service),
    TABLE(exercise_control, exercise_control),
    TABLE(vulnerability, vulnerability),
};
const struct strict_schema schema_notice = {messages, sizeof(messages) / sizeof(messages[0]),
                                            &schema_trust};
