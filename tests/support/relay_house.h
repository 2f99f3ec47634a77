/* relay_house — a relay on its loop with real sockets on loopback, as server_uv puts it together; and callers. */
#ifndef HOTLINE_TESTS_SUPPORT_RELAY_HOUSE_H
#define HOTLINE_TESTS_SUPPORT_RELAY_HOUSE_H

#include "daemon/listen_uv.h"
#include "daemon/store_uv.h"
#include "proto/link_uv.h"
#include "tests/support/relay_rig.h"

#define HOUSE_HALF_OPEN 4

/* A relay on its loop, as server_uv puts it together. */
struct house {
    struct rig *rig;
    uv_loop_t loop;
    uv_check_t check;
    uv_timer_t timer;
    struct store_uv *writer;
    struct listen_uv *listen;
    struct channel_key key;
    uint8_t relay_sk[32], client_sk[32];
    char address[32];
    uint16_t port;
    bool is_late;
};
struct caller {
    struct house *house;
    struct channel_key key;
    struct link_uv *link;
    bool is_ready, is_closed;
    enum link_uv_end end;
    unsigned bye_reason, last_type;
    size_t records, delivers;
    Hotline__V1__SubmitCode code;
};

/* All of these end the test on failure; the first two are cmocka's. */
int house_setup(void **state);
int house_teardown(void **state);
/* Turn the loop until the claim holds, or the count is reached. */
void house_run_until(struct house *house, const bool *claim, const size_t *count, size_t wanted);
/* A connection that the kernel has made, and nobody took yet; the caller closes it. */
int house_knock(const struct house *house);
/* A certified device still comes in. */
void house_welcomes(struct house *house);

void house_dial(struct house *house, struct caller *caller, const uint8_t *sk);
void caller_say(struct caller *caller, unsigned type, const ProtobufCMessage *message);
void caller_hang_up(struct caller *caller);

#endif
