/* schema — trust.proto's comments as a table. Order and names as there. */
#include "keys/schema.h"

#include "base/strict_table.h"
#include "trust.pb-c.h"

#define DAY_S 86400UL

static const struct strict_field desk[] = {ROW_EXACT(1, MUST, 16), ROW_ENUM(2, MUST, 1, 4)};
static const struct strict_field sig[] = {ROW_EXACT(1, MUST, 16), ROW_EXACT(2, MUST, 64)};
static const struct strict_field signed_object[] = {ROW_OCTETS(1, MUST, 1, SIGNED_BODY_MAX),
                                                    ROW_MESSAGES(2, 1, 32)};
static const struct strict_field role_keys[] = {ROW_ENUM(1, MUST, 1, 4), ROW_NUMBER(2, MAY, 1, 32),
                                                ROW_ITEMS(3, 32, 32, 0, 32)};
static const struct strict_field root_metadata[] = {
    ROW_NUMBER(1, MUST, 1, 1),
    ROW_EXACT(2, MAY, 32),
    ROW_SEQ(3, MUST),
    ROW_MS(4, MUST),
    ROW_MS(5, MUST),
    ROW_MESSAGES(6, 4, 4),
    ROW_NUMBER(7, MUST, 1, UINT32_MAX),
    ROW_EXACT(8, MUST, 32),
    ROW_BOOL(9),
    ROW_SEQ(10, MAY),
    ROW_SEQ(11, MAY),
    ROW_MS(12, MAY),
};
static const struct strict_field entity[] = {
    ROW_EXACT(1, MUST, 16),  ROW_TEXT(2, MUST, 3, 3), ROW_MS(3, MUST),
    ROW_ENUM(4, MUST, 1, 3), ROW_SEQ(5, MUST),        ROW_EXACT(6, MUST, 32),
};
static const struct strict_field relay_descriptor[] = {
    ROW_EXACT(1, MUST, 16),        ROW_TEXT(2, MUST, 1, 32), ROW_TEXT(3, MUST, 1, 253),
    ROW_NUMBER(4, MUST, 1, 65535), ROW_EXACT(5, MUST, 32),   ROW_EXACT(6, MUST, 32),
    ROW_EXACT(7, MUST, 32),        ROW_TEXT(8, MUST, 1, 80), ROW_ITEMS(9, 1, 1, 1, 1),
    ROW_TEXT(10, MUST, 1, 32),
};
static const struct strict_field precedence_rule[] = {
    ROW_ENUM(1, MUST, 1, 4),
    ROW_NUMBER(2, MUST, 1, 90 * DAY_S),
    ROW_NUMBER(3, MUST, 1, 90 * DAY_S),
    ROW_NUMBER(4, MUST, 1, 90 * DAY_S),
    ROW_NUMBER(5, MUST, 1, 90 * DAY_S),
    ROW_NUMBER(6, MUST, 1, 90 * DAY_S),
    ROW_NUMBER(7, MUST, 1, 90 * DAY_S),
    ROW_NUMBER(8, MUST, 1, 90 * DAY_S),
    ROW_ITEMS(9, 1, 90 * DAY_S, 0, 8),
    ROW_NUMBER(10, MAY, 1, UINT32_MAX),
};
static const struct strict_field profile[] = {ROW_TEXT(1, MUST, 1, 32), ROW_MESSAGES(2, 4, 4),
                                              ROW_BOOL(3)};
static const struct strict_field directory[] = {
    ROW_EXACT(1, MUST, 32), ROW_SEQ(2, MUST),      ROW_MS(3, MUST),
    ROW_MS(4, MUST),        ROW_SEQ(5, MUST),      ROW_MESSAGES(6, 1, 400),
    ROW_MESSAGES(7, 1, 16), ROW_MESSAGES(8, 1, 8), ROW_EXACT(9, MUST, 32),
};
static const struct strict_field roster_ref[] = {ROW_EXACT(1, MUST, 16), ROW_SEQ(2, MUST),
                                                 ROW_EXACT(3, MUST, 32),
                                                 ROW_NUMBER(4, MAY, 1, UINT32_MAX)};
static const struct strict_field timestamp[] = {
    ROW_EXACT(1, MUST, 32), ROW_SEQ(2, MUST), ROW_SEQ(3, MUST),        ROW_EXACT(4, MUST, 32),
    ROW_MS(5, MUST),        ROW_MS(6, MUST),  ROW_MESSAGES(7, 0, 400),
};
static const struct strict_field national_root[] = {
    ROW_EXACT(1, MUST, 32),    ROW_EXACT(2, MUST, 16),      ROW_SEQ(3, MUST),
    ROW_NUMBER(4, MUST, 1, 8), ROW_ITEMS(5, 32, 32, 1, 16), ROW_EXACT(6, MUST, 32),
    ROW_MS(7, MUST),
};
static const struct strict_field national_veto[] = {ROW_EXACT(1, MUST, 32), ROW_EXACT(2, MUST, 16),
                                                    ROW_EXACT(3, MUST, 32), ROW_MS(4, MUST)};
static const struct strict_field cert[] = {
    ROW_EXACT(1, MUST, 32),
    ROW_EXACT(2, MUST, 16),
    ROW_ENUM(3, MUST, 1, 2),
    ROW_EXACT(4, MUST, 32),
    ROW_EXACT(5, MAY, 32),
    ROW_NUMBER(6, MUST, 1, 127),
    ROW_ITEMS(7, 1, 4, 1, 4),
    ROW_NUMBER(8, MAY, 1, 99),
    ROW_EXACT(9, MAY, 16),
    ROW_TEXT(10, MUST, 1, 40),
    ROW_MS(11, MUST),
    ROW_MS(12, MUST),
    ROW_NUMBER(13, MUST, 1, UINT64_MAX),
    ROW_EXACT(14, MUST, 64),
};
static const struct strict_field desk_info[] = {
    ROW_ENUM(1, MUST, 1, 4),   ROW_ITEMS(2, 2, 35, 1, 8), ROW_TEXT(3, MAY, 0, 80),
    ROW_ITEMS(4, 3, 32, 0, 8), ROW_TEXT(5, MUST, 1, 80),  ROW_ITEMS(6, 1, 4, 0, 3),
};
static const struct strict_field release_rule[] = {ROW_ENUM(1, MUST, 1, 4),
                                                   ROW_NUMBER(2, MUST, 1, 3)};
static const struct strict_field national_roster[] = {
    ROW_EXACT(1, MUST, 32),
    ROW_EXACT(2, MUST, 16),
    ROW_SEQ(3, MUST),
    ROW_MS(4, MUST),
    ROW_MS(5, MUST),
    ROW_SEQ(6, MUST),
    ROW_NUMBER(7, MUST, 1, 256),
    ROW_EXACT(8, MUST, 32),
    ROW_MESSAGES(9, 1, 4),
    ROW_MESSAGES(10, 4, 4),
    ROW_ENUM(11, MUST, 1, 4),
    ROW_NUMBER(12, MUST, 1, 2),
    ROW_NUMBER(13, MAY, 1, UINT32_MAX),
    ROW_EXACT(14, MUST, 32),
};
static const struct strict_field roster_doc[] = {ROW_MESSAGE(1, MUST), ROW_ITEMS(2, 1, 400, 1, 256),
                                                 ROW_MESSAGES(3, 0, 256)};
static const struct strict_field cert_proof[] = {
    ROW_MESSAGE(1, MUST),
    ROW_OCTETS(2, MUST, 1, 400),
    ROW_NUMBER(3, MAY, 0, 255),
    ROW_ITEMS(4, 32, 32, 0, 8),
};
static const struct strict_field revocation[] = {
    ROW_EXACT(1, MUST, 32), ROW_EXACT(2, MUST, 16),
    ROW_EXACT(3, MUST, 16), ROW_NUMBER(4, MUST, 1, UINT64_MAX),
    ROW_MS(5, MUST),        ROW_ENUM(6, MUST, 1, 5),
    ROW_MS(7, MUST),
};
static const struct strict_field prekey[] = {
    ROW_EXACT(1, MUST, 32),   ROW_EXACT(2, MUST, 16),  ROW_EXACT(3, MUST, 16),
    ROW_EXACT(4, MUST, 1216), ROW_ENUM(5, MUST, 1, 2), ROW_MS(6, MUST),
    ROW_MS(7, MUST),          ROW_EXACT(8, MUST, 32),
};
static const struct strict_field invitation[] = {ROW_EXACT(1, MUST, 32), ROW_EXACT(2, MUST, 32),
                                                 ROW_MESSAGES(3, 1, 16), ROW_MESSAGE(4, MUST)};

static const struct strict_message messages[] = {
    TABLE(desk, desk),
    TABLE(sig, sig),
    TABLE(signed, signed_object),
    TABLE(role_keys, role_keys),
    TABLE(root_metadata, root_metadata),
    TABLE(entity, entity),
    TABLE(relay_descriptor, relay_descriptor),
    TABLE(precedence_rule, precedence_rule),
    TABLE(profile, profile),
    TABLE(directory, directory),
    TABLE(roster_ref, roster_ref),
    TABLE(timestamp, timestamp),
    TABLE(national_root, national_root),
    TABLE(national_veto, national_veto),
    TABLE(cert, cert),
    TABLE(desk_info, desk_info),
    TABLE(release_rule, release_rule),
    TABLE(national_roster, national_roster),
    TABLE(roster_doc, roster_doc),
    TABLE(cert_proof, cert_proof),
    TABLE(revocation, revocation),
    TABLE(prekey, prekey),
    TABLE(invitation, invitation),
};
const struct strict_schema schema_trust = {messages, sizeof(messages) / sizeof(messages[0]), NULL};
