/* service — statements between machines: which fields each kind has, signed and checked. */
#include "proto/service.h"

#include <string.h>

#include "base/strict.h"
#include "proto/schema.h"

/* Fields beyond those of every statement, as bits. */
enum {
    HAS_RECIPIENT = 1 << 0,
    HAS_PREKEYS = 1 << 1,
    HAS_CHECKPOINTS = 1 << 2,
    HAS_VIEWS = 1 << 3,
    HAS_CUSTODY = 1 << 4,
    HAS_LANE = 1 << 5,
    HAS_HEAD = 1 << 6,
    HAS_LINK = 1 << 7,
    HAS_SERIALS = 1 << 8
};
struct kind_rule {
    Hotline__V1__ServiceKind kind;
    unsigned must, may;
};

/* Kinds that machines send; all others are notices with officers. */
static const struct kind_rule rules[] = {
    {HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK, HAS_PREKEYS, HAS_CHECKPOINTS},
    {HOTLINE__V1__SERVICE_KIND__MISSING, HAS_RECIPIENT | HAS_SERIALS, HAS_VIEWS},
    {HOTLINE__V1__SERVICE_KIND__LAST_RECEIVED, HAS_RECIPIENT,
     HAS_SERIALS | HAS_VIEWS | HAS_HEAD | HAS_LINK},
    {HOTLINE__V1__SERVICE_KIND__PING, HAS_RECIPIENT, 0},
    {HOTLINE__V1__SERVICE_KIND__RESTORED, HAS_RECIPIENT, 0},
    {HOTLINE__V1__SERVICE_KIND__CLOCK_REPORT, HAS_RECIPIENT, 0},
    {HOTLINE__V1__SERVICE_KIND__NONDELIVERY, HAS_RECIPIENT, HAS_SERIALS | HAS_CUSTODY | HAS_LANE},
    {HOTLINE__V1__SERVICE_KIND__DUPLICATE_NOTE, HAS_RECIPIENT, HAS_SERIALS},
};

static struct bytes view(ProtobufCBinaryData data)
{
    return BYTES(data.data, data.len);
}

static unsigned fields_of(const Hotline__V1__ServiceStatement *statement)
{
    const Hotline__V1__Service *service = statement->service;
    bool has_serials =
        service->first_serial != 0 || service->last_serial != 0 || service->stream_device.len > 0;

    return (statement->recipient ? HAS_RECIPIENT : 0U) |
           (statement->n_prekeys > 0 ? HAS_PREKEYS : 0U) |
           (statement->n_checkpoints > 0 ? HAS_CHECKPOINTS : 0U) |
           (statement->n_views > 0 ? HAS_VIEWS : 0U) |
           (statement->custody.len > 0 ? HAS_CUSTODY : 0U) | (statement->lane ? HAS_LANE : 0U) |
           (statement->head ? HAS_HEAD : 0U) | (statement->link.len > 0 ? HAS_LINK : 0U) |
           (has_serials ? HAS_SERIALS : 0U);
}

/* A range of numbers names the stream it counts in and does not run backwards. */
static bool serials_fit(const Hotline__V1__ServiceStatement *statement)
{
    const Hotline__V1__Service *service = statement->service;

    if ((fields_of(statement) & HAS_SERIALS) == 0)
        return true;
    if (service->kind == HOTLINE__V1__SERVICE_KIND__MISSING &&
        (service->first_serial == 0 || service->stream_device.len == 0))
        return false;
    return service->first_serial <= service->last_serial;
}

/* NULL when the fields are those of the kind. */
static const char *fields_fault(const Hotline__V1__ServiceStatement *statement)
{
    unsigned fields = fields_of(statement);
    const struct kind_rule *rule = NULL;

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].kind == statement->service->kind)
            rule = &rules[i];
    }
    if (!rule)
        return "not a kind for machines";
    if ((fields & rule->must) != rule->must || (fields & ~(rule->must | rule->may)) != 0)
        return "fields do not fit the kind";
    if (rule->kind == HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK &&
        statement->plane != HOTLINE__V1__PLANE__LIVE)
        return "channel check outside plane LIVE";
    if ((statement->link.len > 0) != (statement->link_sig.len > 0))
        return "link without signature";
    return serials_fit(statement) ? NULL : "serials";
}

/* The caller owns *ret_statement. */
static int parse_statement(struct bytes body, Hotline__V1__ServiceStatement **ret_statement)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__service_statement__descriptor, &schema_receipt, body, &message,
                      NULL));
    *ret_statement = (Hotline__V1__ServiceStatement *)(void *)message;
    return HL_OK;
}

static void statement_drop(Hotline__V1__ServiceStatement **statement)
{
    if (*statement)
        hotline__v1__service_statement__free_unpacked(*statement, NULL);
}
#define AUTO_STATEMENT __attribute__((cleanup(statement_drop))) Hotline__V1__ServiceStatement *

static void signed_drop(Hotline__V1__Signed **object)
{
    if (*object)
        hotline__v1__signed__free_unpacked(*object, NULL);
}

int service_sign(const struct suite *suite, const Hotline__V1__ServiceStatement *statement,
                 const struct sign_key *device, struct blob **ret_signed,
                 uint8_t ret_hash[static HASH_BYTES])
{
    const struct sign_key *const keys[] = {device};
    AUTO(blob) body = NULL;
    AUTO_STATEMENT check = NULL;

    TRY(strict_pack(&statement->base, &body));
    TRY(parse_statement(bytes_blob(body), &check));
    if (fields_fault(check) != NULL ||
        !bytes_equal(view(check->sender_device), BYTES_OF(device->id)))
        return HL_EFORMAT;
    const char *label = label_of(LABEL_SERVICE, (unsigned)check->plane);
    TRY(sign_object(suite, label, bytes_blob(body), keys, 1, ret_signed));
    label_hash1(label, bytes_blob(body), ret_hash);
    return HL_OK;
}

static bool is_recipient(const Hotline__V1__Desk *desk, const struct desk_id *expected)
{
    return (uint32_t)desk->kind == expected->kind &&
           bytes_equal(view(desk->entity), BYTES_OF(expected->entity));
}

static const char *statement_fault(const Hotline__V1__ServiceStatement *statement,
                                   const struct service_expectation *expected)
{
    const struct cert *device = expected->device;

    if (!bytes_equal(view(statement->ns), BYTES(expected->ns, NS_BYTES)))
        return "service ns";
    if ((unsigned)statement->plane != expected->plane)
        return "service plane";
    if (!bytes_equal(view(statement->sender_entity), BYTES_OF(device->entity)) ||
        !bytes_equal(view(statement->sender_device), BYTES_OF(device->id)) ||
        device->desks != 1U << (unsigned)statement->sender_kind)
        return "sender is not the sending device";
    if (statement->recipient && expected->recipient &&
        !is_recipient(statement->recipient, expected->recipient))
        return "recipient is another desk";
    return fields_fault(statement);
}

static int check_signature(const struct suite *suite, const struct service_expectation *expected,
                           const Hotline__V1__Signed *object)
{
    const char *label = label_of(LABEL_SERVICE, expected->plane);
    const struct cert *device = expected->device;

    if (!label || object->n_sigs != 1 || device->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE ||
        (device->roles & ROLE_BIT_AUTO) == 0)
        return HL_EVERIFY;
    return sign_check_at(suite, object, 0, label, device->sign_pk);
}

int service_check(const struct suite *suite, const struct service_expectation *expected,
                  struct bytes signed_statement, Hotline__V1__ServiceStatement **ret_statement,
                  uint8_t ret_hash[static HASH_BYTES], const char **ret_detail)
{
    __attribute__((cleanup(signed_drop))) Hotline__V1__Signed *object = NULL;
    AUTO_STATEMENT statement = NULL;

    *ret_detail = "service statement";
    TRY(sign_parse(signed_statement, &object));
    *ret_detail = "service signature";
    TRY(check_signature(suite, expected, object));
    *ret_detail = "service statement";
    TRY(parse_statement(view(object->body), &statement));
    const char *fault = statement_fault(statement, expected);
    if (fault) {
        *ret_detail = fault;
        return HL_EFORMAT;
    }
    label_hash1(label_of(LABEL_SERVICE, expected->plane), view(object->body), ret_hash);
    *ret_statement = MOVE(statement);
    return HL_OK;
}
