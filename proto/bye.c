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

static const char *const texts[] = {
    [HOTLINE__V1__BYE_REASON__BYE_UNSPECIFIED] = "it ended the session and did not say why",
    [HOTLINE__V1__BYE_REASON__BYE_NORMAL] = "it ended the session",
    [HOTLINE__V1__BYE_REASON__BYE_DRAINING] = "it is being stopped",
    [HOTLINE__V1__BYE_REASON__BYE_UNCERTIFIED] = "it knows no certificate of this terminal",
    [HOTLINE__V1__BYE_REASON__BYE_REVOKED] = "the certificate of this terminal is revoked",
    [HOTLINE__V1__BYE_REASON__BYE_PROTOCOL] = "it says that this terminal broke the protocol",
    [HOTLINE__V1__BYE_REASON__BYE_IDLE] = "nothing was said for too long",
    [HOTLINE__V1__BYE_REASON__BYE_REPLACED] = "newer sessions of this terminal took its place",
    [HOTLINE__V1__BYE_REASON__BYE_REKEY_DUE] = "the session had reached its age",
    [HOTLINE__V1__BYE_REASON__BYE_OTHER_NS] = "it serves another namespace",
    [HOTLINE__V1__BYE_REASON__BYE_TOO_MANY] = "this terminal began too many sessions in an hour",
};

const char *bye_text(unsigned reason)
{
    bool is_known = reason < sizeof(texts) / sizeof(texts[0]) && texts[reason];

    return is_known ? texts[reason] : texts[HOTLINE__V1__BYE_REASON__BYE_UNSPECIFIED];
}

bool bye_lets_queue_go(unsigned reason)
{
    return reason == HOTLINE__V1__BYE_REASON__BYE_NORMAL ||
           reason == HOTLINE__V1__BYE_REASON__BYE_DRAINING ||
           reason == HOTLINE__V1__BYE_REASON__BYE_IDLE ||
           reason == HOTLINE__V1__BYE_REASON__BYE_REPLACED ||
           reason == HOTLINE__V1__BYE_REASON__BYE_REKEY_DUE;
}
