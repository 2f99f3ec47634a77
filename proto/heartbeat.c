/* heartbeat — Ping and Pong, packed and parsed. */
#include "proto/heartbeat.h"

#include "proto/schema.h"
#include "wire.pb-c.h"

int ping_pack(uint64_t token, struct blob **ret_ping)
{
    Hotline__V1__Ping ping = HOTLINE__V1__PING__INIT;

    ping.token = token;
    return strict_pack(&ping.base, ret_ping);
}

int pong_answer(struct bytes ping, int64_t relay_ms, struct blob **ret_pong)
{
    Hotline__V1__Pong pong = HOTLINE__V1__PONG__INIT;
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__ping__descriptor, &schema_wire, ping, &message, NULL));
    pong.token = ((const Hotline__V1__Ping *)message)->token;
    pong.relay_ms = relay_ms;
    protobuf_c_message_free_unpacked(message, NULL);
    return strict_pack(&pong.base, ret_pong);
}
