/* bye — the last record of a session. */
#include "proto/bye.h"

#include <string.h>

#include "proto/schema.h"
#include "wire.pb-c.h"

int bye_pack(unsigned reason, const char *detail, struct blob **ret_body)
{
    Hotline__V1__Bye bye;
    char text[BYE_DETAIL_MAX + 1] = "";

    hotline__v1__bye__init(&bye);
    if (detail)
        memcpy(text, detail, strnlen(detail, BYE_DETAIL_MAX));
    bye.reason = (Hotline__V1__ByeReason)reason;
    bye.detail = text;
    return strict_pack(&bye.base, ret_body);
}

int bye_parse(struct bytes body, unsigned *ret_reason)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__bye__descriptor, &schema_wire, body, &message, NULL));
    *ret_reason = (unsigned)((const Hotline__V1__Bye *)message)->reason;
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}

bool bye_lets_queue_go(unsigned reason)
{
    return reason == HOTLINE__V1__BYE_REASON__BYE_NORMAL ||
           reason == HOTLINE__V1__BYE_REASON__BYE_DRAINING ||
           reason == HOTLINE__V1__BYE_REASON__BYE_IDLE ||
           reason == HOTLINE__V1__BYE_REASON__BYE_REPLACED ||
           reason == HOTLINE__V1__BYE_REASON__BYE_REKEY_DUE;
}
