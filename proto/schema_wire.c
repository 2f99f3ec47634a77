/* schema_wire — wire.proto's comments as a table. Limits of whole messages are in proto/record. */
#include "base/strict_table.h"
#include "proto/schema.h"
#include "wire.pb-c.h"

#define KI        1024UL
#define REQ(t)    ROW_NUMBER(t, MUST, 1, UINT64_MAX)
#define CURSOR(t) ROW_NUMBER(t, MAY, 0, UINT64_MAX)
#define CODE(t)   ROW_NUMBER(t, MAY, 0, UINT32_MAX)

static const struct strict_field client_hello[] = {
    ROW_EXACT(1, MAY, 16), ROW_EXACT(2, MUST, 16), ROW_EXACT(3, MUST, 32), ROW_SEQ(4, MAY),
    ROW_SEQ(5, MAY),       ROW_SEQ(6, MAY),        ROW_SEQ(7, MAY),
};
static const struct strict_field welcome[] = {
    ROW_NUMBER(1, MUST, 1, 1),
    ROW_MS(2, MUST),
    ROW_SEQ(3, MUST),
    ROW_SEQ(4, MUST),
    ROW_SEQ(5, MAY),
    ROW_SEQ(6, MUST),
    CURSOR(7),
    CURSOR(8),
    ROW_NUMBER(9, MUST, 1, 1024),
    CODE(10),
    CODE(11),
    ROW_OCTETS(12, MAY, 0, 2048),
};
static const struct strict_field bye[] = {ROW_ENUM(1, MUST, 1, 10), ROW_TEXT(2, MAY, 0, 120)};
static const struct strict_field ping[] = {CURSOR(1)};
static const struct strict_field pong[] = {CURSOR(1), ROW_MS(2, MAY)};
static const struct strict_field submit[] = {REQ(1), ROW_OCTETS(2, MUST, 1, 1536 * KI)};
static const struct strict_field submit_result[] = {
    REQ(1), ROW_ENUM(2, MAY, 0, 13), ROW_NUMBER(3, MAY, 1, 3600), ROW_MESSAGE(4, MAY)};
static const struct strict_field subscribe[] = {CURSOR(1), ROW_NUMBER(2, MUST, 1, 4096),
                                                ROW_NUMBER(3, MUST, 65536, 64 << 20)};
static const struct strict_field deliver[] = {
    CURSOR(1),
    ROW_MESSAGE(2, MUST),
    ROW_ENUM(3, MUST, 1, 3),
    ROW_SEQ(4, MUST),
    ROW_EXACT(5, MUST, 32),
    ROW_EXACT(6, MUST, 32),
    ROW_MESSAGE(7, MUST),
    ROW_OCTETS(8, MAY, 0, 320 * KI),
    ROW_OCTETS(9, MAY, 0, 2048),
};
static const struct strict_field taken[] = {CURSOR(1), ROW_ITEMS(2, 1, UINT64_MAX, 0, 256)};
static const struct strict_field reject_put[] = {ROW_MESSAGE(1, MUST)};
static const struct strict_field prekey_put[] = {REQ(1), ROW_MESSAGES(2, 1, 4)};
static const struct strict_field put_result[] = {REQ(1), ROW_NUMBER(2, MAY, 0, 5)};
static const struct strict_field prekey_get[] = {REQ(1), ROW_MESSAGES(2, 0, 400),
                                                 ROW_ITEMS(3, 16, 16, 0, 64)};
static const struct strict_field prekey_result[] = {REQ(1), ROW_MESSAGES(2, 0, 4800), ROW_BOOL(3)};
static const struct strict_field doc_get[] = {REQ(1), ROW_ENUM(2, MUST, 1, 7),
                                              ROW_EXACT(3, MAY, 16), ROW_SEQ(4, MAY)};
static const struct strict_field doc_result[] = {REQ(1), ROW_NUMBER(2, MAY, 0, 2),
                                                 ROW_OCTETS(3, MAY, 0, 1 << 20)};
static const struct strict_field doc_put[] = {REQ(1), ROW_ENUM(2, MUST, 1, 7),
                                              ROW_OCTETS(3, MUST, 1, 1 << 20)};
static const struct strict_field doc_news[] = {ROW_ENUM(1, MUST, 1, 7), ROW_EXACT(2, MAY, 16),
                                               ROW_SEQ(3, MUST), ROW_OCTETS(4, MAY, 0, 32 * KI)};
static const struct strict_field head_get[] = {REQ(1), ROW_EXACT(2, MUST, 16), CURSOR(3)};
static const struct strict_field head_result[] = {REQ(1), ROW_MESSAGE(2, MUST),
                                                  ROW_MESSAGES(3, 0, 1203), CURSOR(4)};
static const struct strict_field log_get[] = {REQ(1), ROW_ENUM(2, MUST, 1, 3), CURSOR(3),
                                              CURSOR(4)};
static const struct strict_field log_result[] = {REQ(1), CODE(2), ROW_OCTETS(3, MAY, 0, 4096),
                                                 ROW_ITEMS(4, 32, 32, 0, 64)};
static const struct strict_field cosign_put[] = {REQ(1), ROW_OCTETS(2, MUST, 1, 4096),
                                                 ROW_ITEMS(3, 32, 32, 0, 64)};
static const struct strict_field attach_put[] = {REQ(1), ROW_EXACT(2, MUST, 32),
                                                 ROW_NUMBER(3, MUST, 1, 67200000), CURSOR(4),
                                                 ROW_OCTETS(5, MUST, 1, 48 * KI)};
static const struct strict_field attach_get[] = {REQ(1), ROW_EXACT(2, MUST, 32),
                                                 ROW_EXACT(3, MUST, 32), CURSOR(4),
                                                 ROW_NUMBER(5, MUST, 1, 48 * KI)};
static const struct strict_field attach_part[] = {REQ(1), CODE(2), CURSOR(3),
                                                  ROW_OCTETS(4, MAY, 0, 48 * KI)};
static const struct strict_field fragment[] = {
    ROW_NUMBER(1, MUST, 1, UINT32_MAX),         ROW_NUMBER(2, MUST, 1, 255),   CODE(3),
    ROW_NUMBER(4, MUST, 60001, 1536 * KI + 64), ROW_OCTETS(5, MUST, 1, 59900),
};

static const struct strict_message messages[] = {
    TABLE(client_hello, client_hello),
    TABLE(welcome, welcome),
    TABLE(bye, bye),
    TABLE(ping, ping),
    TABLE(pong, pong),
    TABLE(submit, submit),
    TABLE(submit_result, submit_result),
    TABLE(subscribe, subscribe),
    TABLE(deliver, deliver),
    TABLE(taken, taken),
    TABLE(reject_put, reject_put),
    TABLE(prekey_put, prekey_put),
    TABLE(put_result, put_result),
    TABLE(prekey_get, prekey_get),
    TABLE(prekey_result, prekey_result),
    TABLE(doc_get, doc_get),
    TABLE(doc_result, doc_result),
    TABLE(doc_put, doc_put),
    TABLE(doc_news, doc_news),
    TABLE(head_get, head_get),
    TABLE(head_result, head_result),
    TABLE(log_get, log_get),
    TABLE(log_result, log_result),
    TABLE(cosign_put, cosign_put),
    TABLE(attach_put, attach_put),
    TABLE(attach_get, attach_get),
    TABLE(attach_part, attach_part),
    TABLE(fragment, fragment),
};
const struct strict_schema schema_wire = {messages, sizeof(messages) / sizeof(messages[0]),
                                          &schema_envelope};
