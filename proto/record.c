/* record — the table of messages, and Fragments. */
#include "proto/record.h"

#include <assert.h>

#include "proto/schema.h"
#include "wire.pb-c.h"

#define KI 1024U
#define MI (1024U * 1024)

static const struct record_rule rules[] = {
    {RECORD_WELCOME, RECORD_TO_CLIENT, "Welcome", 4 * KI, RECORD_FIRST},
    {RECORD_BYE, RECORD_BOTH_WAYS, "Bye", 256, RECORD_ANY_TIME},
    {RECORD_PING, RECORD_BOTH_WAYS, "Ping", 64, RECORD_WELCOMED},
    {RECORD_PONG, RECORD_BOTH_WAYS, "Pong", 64, RECORD_WELCOMED},
    {RECORD_SUBMIT, RECORD_TO_RELAY, "Submit", 3 * MI / 2 + 64, RECORD_WELCOMED},
    {RECORD_SUBMIT_RESULT, RECORD_TO_CLIENT, "SubmitResult", 64 * KI, RECORD_WELCOMED},
    {RECORD_SUBSCRIBE, RECORD_TO_RELAY, "Subscribe", 64, RECORD_WELCOMED},
    {RECORD_DELIVER, RECORD_TO_CLIENT, "Deliver", 320 * KI, RECORD_WELCOMED},
    {RECORD_TAKEN, RECORD_TO_RELAY, "Taken", 4 * KI, RECORD_WELCOMED},
    {RECORD_REJECT_PUT, RECORD_TO_RELAY, "RejectPut", 512, RECORD_WELCOMED},
    {RECORD_PREKEY_PUT, RECORD_TO_RELAY, "PrekeyPut", 8 * KI, RECORD_WELCOMED},
    {RECORD_PREKEY_GET, RECORD_TO_RELAY, "PrekeyGet", 16 * KI, RECORD_WELCOMED},
    {RECORD_PREKEY_RESULT, RECORD_TO_CLIENT, "PrekeyResult", MI, RECORD_WELCOMED},
    {RECORD_PUT_RESULT, RECORD_TO_CLIENT, "PutResult", 64, RECORD_WELCOMED},
    {RECORD_DOC_GET, RECORD_TO_RELAY, "DocGet", 64, RECORD_WELCOMED},
    {RECORD_DOC_RESULT, RECORD_TO_CLIENT, "DocResult", MI + 8 * KI, RECORD_WELCOMED},
    {RECORD_DOC_PUT, RECORD_TO_RELAY, "DocPut", MI + 8 * KI, RECORD_WELCOMED},
    {RECORD_DOC_NEWS, RECORD_TO_CLIENT, "DocNews", 32 * KI, RECORD_WELCOMED},
    {RECORD_HEAD_GET, RECORD_TO_RELAY, "HeadGet", 64, RECORD_WELCOMED},
    {RECORD_HEAD_RESULT, RECORD_TO_CLIENT, "HeadResult", 128 * KI, RECORD_WELCOMED},
    {RECORD_LOG_GET, RECORD_TO_RELAY, "LogGet", 128, RECORD_WELCOMED},
    {RECORD_LOG_RESULT, RECORD_TO_CLIENT, "LogResult", 8 * KI, RECORD_WELCOMED},
    {RECORD_COSIGN_PUT, RECORD_TO_RELAY, "CosignPut", 8 * KI, RECORD_WELCOMED},
    {RECORD_ATTACH_PUT, RECORD_TO_RELAY, "AttachPut", 50 * KI, RECORD_WELCOMED},
    {RECORD_ATTACH_GET, RECORD_TO_RELAY, "AttachGet", 50 * KI, RECORD_WELCOMED},
    {RECORD_ATTACH_PART, RECORD_TO_CLIENT, "AttachPart", 50 * KI, RECORD_WELCOMED},
    {RECORD_FRAGMENT, RECORD_BOTH_WAYS, "Fragment", FRAME_RECORD_MAX, RECORD_WELCOMED},
    {RECORD_REKEY, RECORD_BOTH_WAYS, "rekey", 0, RECORD_WELCOMED},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

const struct record_rule *record_rule_of(unsigned type)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (rules[i].type == type)
            return &rules[i];
    }
    return NULL;
}

int record_check(unsigned type, size_t len, enum record_direction direction, bool is_welcomed)
{
    const struct record_rule *rule = record_rule_of(type);

    if (!rule || !(rule->direction & direction))
        return HL_EINVAL;
    if (len > rule->limit)
        return HL_ETOOBIG;
    if (rule->stage == RECORD_ANY_TIME)
        return HL_OK;
    return (rule->stage == RECORD_WELCOMED) == is_welcomed ? HL_OK : HL_ESTATE;
}

/* --- Fragments ------------------------------------------------------------------------------------ */

uint32_t fragment_part_len(size_t whole_len, uint32_t offset)
{
    size_t left = whole_len - offset;

    return left < FRAGMENT_PART_MAX ? (uint32_t)left : FRAGMENT_PART_MAX;
}

int fragment_cut(uint32_t msg, const struct record *whole, uint32_t offset,
                 struct blob **ret_fragment)
{
    Hotline__V1__Fragment fragment = HOTLINE__V1__FRAGMENT__INIT;

    assert(whole->body.len > FRAME_RECORD_MAX && offset < whole->body.len);
    fragment.msg = msg;
    fragment.type = whole->type;
    fragment.offset = offset;
    fragment.total = (uint32_t)whole->body.len;
    fragment.part =
        strict_octets(whole->body.data + offset, fragment_part_len(whole->body.len, offset));
    return strict_pack(&fragment.base, ret_fragment);
}

void assembly_init(struct assembly *assembly)
{
    *assembly = (struct assembly){0};
}

void assembly_reset(struct assembly *assembly)
{
    buf_done(&assembly->data);
    assembly->type = 0;
}

void assembly_done(struct assembly *assembly)
{
    assembly_reset(assembly);
}

static int begin(struct assembly *assembly, enum record_direction direction,
                 const Hotline__V1__Fragment *fragment)
{
    if (fragment->offset != 0 || fragment->msg != assembly->msg_last + 1)
        return HL_EFORMAT;
    if (record_check(fragment->type, fragment->total, direction, true) != HL_OK)
        return HL_EFORMAT;

    assembly->msg_last = fragment->msg;
    assembly->type = fragment->type;
    assembly->total = fragment->total;
    buf_init(&assembly->data, fragment->total);
    return HL_OK;
}

static bool continues(const struct assembly *assembly, const Hotline__V1__Fragment *fragment)
{
    return fragment->msg == assembly->msg_last && fragment->type == assembly->type &&
           fragment->total == assembly->total && fragment->offset == assembly->data.len;
}

static int add_part(struct assembly *assembly, struct bytes part)
{
    size_t left = assembly->total - assembly->data.len;

    if (part.len > left || (part.len < left && part.len < FRAGMENT_PART_MIN))
        return HL_EFORMAT;
    buf_add(&assembly->data, part);
    return assembly->data.err;
}

static int add(struct assembly *assembly, enum record_direction direction,
               const Hotline__V1__Fragment *fragment)
{
    if (assembly->type == 0)
        TRY(begin(assembly, direction, fragment));
    if (!continues(assembly, fragment))
        return HL_EFORMAT;
    return add_part(assembly, BYTES(fragment->part.data, fragment->part.len));
}

int assembly_add(struct assembly *assembly, enum record_direction direction, struct bytes fragment,
                 bool *ret_is_whole)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__fragment__descriptor, &schema_wire, fragment, &message, NULL));
    int err = add(assembly, direction, (const Hotline__V1__Fragment *)message);
    protobuf_c_message_free_unpacked(message, NULL);
    TRY(err);
    *ret_is_whole = assembly->data.len == assembly->total;
    return HL_OK;
}
