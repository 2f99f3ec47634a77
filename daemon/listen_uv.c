/* listen_uv — the relay's front door. */
#include "daemon/listen_uv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/door.h"
#include "daemon/replay.h"
#include "proto/link_uv.h"
#include "proto/loop_uv.h"
#include "wire.pb-c.h"

#define BACKLOG     511
#define LISTENS_MAX 8

/* One connection; in the table of guests until it is a session. */
struct guest {
    struct listen_uv *listen;
    struct link_uv *link;
    struct session *session; /* NULL: not yet, or refused */
    struct prefix prefix;
    size_t place; /* in the table of guests, when session is NULL */
    bool is_guest;
    struct guest *next, *prev; /* of all */
};
struct listen_uv {
    struct listen_uv_setup setup;
    struct link_uv_times times;
    struct channel_server_params channel;
    struct replay replay;
    struct door door;
    uv_tcp_t listeners[LISTENS_MAX]; /* data points here */
    size_t listener_count, open_listeners, connection_count;
    struct guest *guests[LISTEN_BLANK_MAX + 1024];
    size_t guest_count, guest_max;
    struct guest *all;
    struct listen_uv_counts counts;
    bool is_stopped, is_closing;
    uv_tcp_t spare; /* for callers that are turned away; data points here */
    bool is_spare_busy, has_caller[LISTENS_MAX];
    size_t connection_max;
};

static int64_t now_ms(const struct listen_uv *listen)
{
    return clock_mono_ms(listen->setup.clock);
}

/* --- the table of guests ------------------------------------------------------------------------------------------ */

static void add_guest(struct listen_uv *listen, struct guest *guest)
{
    guest->is_guest = true;
    guest->place = listen->guest_count;
    listen->guests[listen->guest_count++] = guest;
}

static void remove_guest(struct listen_uv *listen, struct guest *guest)
{
    if (!guest->is_guest)
        return;
    guest->is_guest = false;
    listen->guests[guest->place] = listen->guests[--listen->guest_count];
    listen->guests[guest->place]->place = guest->place;
}

static bool is_victim(const struct listen_uv *listen, const struct guest *guest,
                      enum channel_stage stage, bool spares_known)
{
    if (link_uv_stage(guest->link) != stage)
        return false;
    return !spares_known || !door_is_known(&listen->door, guest->prefix, now_ms(listen));
}

/* One guest of that stage at random: from a random place on, the first. NULL: none. */
static struct guest *choose(const struct listen_uv *listen, enum channel_stage stage,
                            bool spares_known)
{
    uint32_t start;

    rng_fill(listen->setup.rng, (uint8_t *)&start, sizeof(start));
    for (size_t i = 0; i < listen->guest_count; i++) {
        struct guest *guest = listen->guests[(start + i) % listen->guest_count];

        if (is_victim(listen, guest, stage, spares_known))
            return guest;
    }
    return NULL;
}

/* false: there is none of that stage. */
static bool throw_out(struct listen_uv *listen, enum channel_stage stage)
{
    struct guest *victim = choose(listen, stage, true);

    if (!victim)
        victim = choose(listen, stage, false);
    if (!victim)
        return false;
    listen->counts.thrown_out++;
    remove_guest(listen, victim);
    link_uv_close(victim->link);
    return true;
}

static size_t count_stage(const struct listen_uv *listen, enum channel_stage stage)
{
    size_t count = 0;

    for (size_t i = 0; i < listen->guest_count; i++)
        count += link_uv_stage(listen->guests[i]->link) == stage;
    return count;
}

/* Before one more handshake is half open. Counting costs only when there are many guests. */
static void keep_half_open_bound(struct listen_uv *listen)
{
    if (listen->guest_count >= listen->setup.half_open_max &&
        count_stage(listen, CHANNEL_HALF_OPEN) >= listen->setup.half_open_max)
        (void)throw_out(listen, CHANNEL_HALF_OPEN);
}

/* Where all connections are taken, one that is no session yet gives its place. */
static bool has_place(struct listen_uv *listen)
{
    if (listen->guest_count >= sizeof(listen->guests) / sizeof(listen->guests[0]))
        return false;
    return listen->connection_count < listen->connection_max || throw_out(listen, CHANNEL_BLANK) ||
           throw_out(listen, CHANNEL_HALF_OPEN);
}

/* --- what links say ------------------------------------------------------------------------------------------------ */

static void on_hello(void *context, struct link_uv *link, const uint8_t peer_static[static 32],
                     struct bytes hello)
{
    struct guest *guest = context;
    struct listen_uv *listen = guest->listen;

    remove_guest(listen, guest);
    if (relay_session_open(listen->setup.relay, peer_static, hello, guest, &guest->session) !=
        HL_OK) {
        link_uv_close(link);
        return;
    }
    if (!relay_session_is_refused(guest->session))
        door_note_known(&listen->door, guest->prefix, now_ms(listen));
    listen->setup.on_input(listen->setup.context);
}

static void on_record(void *context, struct link_uv *link, unsigned type, struct bytes body)
{
    struct guest *guest = context;
    struct listen_uv *listen = guest->listen;

    (void)link;
    if (!guest->session)
        return;
    relay_session_input(listen->setup.relay, guest->session, type, body);
    listen->setup.on_input(listen->setup.context);
}

static void on_drained(void *context, struct link_uv *link)
{
    struct guest *guest = context;
    struct listen_uv *listen = guest->listen;

    (void)link;
    if (!guest->session)
        return;
    relay_session_drained(listen->setup.relay, guest->session);
    listen->setup.on_input(listen->setup.context);
}

static void free_if_done(struct listen_uv *listen)
{
    if (!listen->is_closing || listen->all || listen->open_listeners > 0 || listen->is_spare_busy)
        return;

    struct listen_uv_setup setup = listen->setup;

    replay_done(&listen->replay);
    free(listen);
    setup.on_closed(setup.context);
}

static void on_link_closed(void *context, struct link_uv *link, enum link_uv_end end,
                           unsigned bye_reason)
{
    struct guest *guest = context;
    struct listen_uv *listen = guest->listen;

    (void)link;
    (void)bye_reason;
    if (guest->session) {
        relay_session_closed(listen->setup.relay, guest->session);
        listen->setup.on_input(listen->setup.context);
    } else if (end == LINK_UV_HANDSHAKE || end == LINK_UV_LOST) {
        listen->counts.failed++;
    }
    log_line(LOG_LEVEL_DEBUG, "listen", "connection ended: %s", link_uv_end_text(end));
    remove_guest(listen, guest);
    if (guest->prev)
        guest->prev->next = guest->next;
    else
        listen->all = guest->next;
    if (guest->next)
        guest->next->prev = guest->prev;
    listen->connection_count--;
    free(guest);
    free_if_done(listen);
}

static const struct link_uv_calls link_calls = {.on_hello = on_hello,
                                                .on_record = on_record,
                                                .on_drained = on_drained,
                                                .on_closed = on_link_closed};

/* --- accepting ------------------------------------------------------------------------------------------------------- */

static void on_connection(uv_stream_t *listener, int status);

static void on_spare_closed(uv_handle_t *handle)
{
    struct listen_uv *listen = handle->data;

    listen->is_spare_busy = false;
    for (size_t i = 0; i < listen->listener_count && !listen->is_spare_busy; i++) {
        if (!listen->has_caller[i])
            continue;
        listen->has_caller[i] = false;
        on_connection((uv_stream_t *)&listen->listeners[i], 0);
    }
    free_if_done(listen);
}

/* Take the connection from libuv and close it at once. A connection that is not taken makes its listener deaf for ever, so
 * this needs no memory: one handle is kept for it. While it is busy the caller waits. */
static void turn_away(struct listen_uv *listen, uv_stream_t *listener)
{
    if (listen->is_spare_busy) {
        listen->has_caller[(uv_tcp_t *)listener - listen->listeners] = true;
        return;
    }
    listen->counts.turned_away++;
    (void)uv_tcp_init(listen->setup.loop, &listen->spare); /* makes no socket: always 0 */
    listen->spare.data = listen;
    listen->is_spare_busy = true;
    if (uv_accept(listener, (uv_stream_t *)&listen->spare) != 0 ||
        uv_tcp_close_reset(&listen->spare, on_spare_closed) != 0)
        uv_close((uv_handle_t *)&listen->spare, on_spare_closed);
}

static void judge_prefix(struct listen_uv *listen, struct guest *guest)
{
    struct sockaddr_storage address;

    if (link_uv_peer(guest->link, &address) == HL_OK)
        guest->prefix = prefix_of((const struct sockaddr *)&address);
    if (door_knock(&listen->door, guest->prefix, now_ms(listen)))
        return;
    listen->counts.turned_away++;
    remove_guest(listen, guest);
    link_uv_close(guest->link);
}

static void admit(struct listen_uv *listen, uv_stream_t *listener)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    struct link_uv_setup setup = {.loop = listen->setup.loop,
                                  .calls = &link_calls,
                                  .context = guest,
                                  .times = &listen->times,
                                  .clock = listen->setup.clock};

    if (!guest || link_uv_accept(&setup, listener, &listen->channel, &guest->link) != HL_OK) {
        free(guest);
        turn_away(listen, listener);
        return;
    }
    guest->listen = listen;
    guest->next = listen->all;
    if (listen->all)
        listen->all->prev = guest;
    listen->all = guest;
    listen->connection_count++;
    listen->counts.accepted++;
    add_guest(listen, guest);
    judge_prefix(listen, guest);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct listen_uv *listen = listener->data;

    if (status < 0 || listen->is_stopped)
        return;
    if (listen->guest_count >= LISTEN_BLANK_MAX)
        (void)throw_out(listen, CHANNEL_BLANK);
    if (has_place(listen))
        admit(listen, listener);
    else
        turn_away(listen, listener);
}

/* As many as there are files to be opened: beyond that the kernel chooses, and it does not spare those we know. */
static size_t find_connection_max(void)
{
    size_t files = loop_uv_files(LISTEN_FILES_MAX);

    return files > 2 * LISTEN_FILES_OWN ? files - LISTEN_FILES_OWN : LISTEN_FILES_OWN;
}

/* Asked when a first message with the right mac1 came: unless it is a repeat, its guest is half open next. */
static bool seen_before(void *context, const uint8_t e[static 32])
{
    struct listen_uv *listen = context;

    if (replay_seen(&listen->replay, e))
        return true;
    keep_half_open_bound(listen);
    return false;
}

int listen_uv_new(const struct listen_uv_setup *setup, struct listen_uv **ret_listen)
{
    struct listen_uv *listen = calloc(1, sizeof(*listen));
    uint64_t seed;

    if (!listen)
        return HL_ENOMEM;
    rng_fill(setup->rng, (uint8_t *)&seed, sizeof(seed));
    if (replay_init(&listen->replay, seed) != HL_OK) {
        free(listen);
        return HL_ENOMEM;
    }
    listen->setup = *setup;
    listen->connection_max = find_connection_max();
    listen->times = link_uv_times_default;
    listen->times.handshake_ms = (uint64_t)setup->handshake_ms;
    listen->channel = (struct channel_server_params){.ns = setup->ns,
                                                     .relay_id = setup->relay_id,
                                                     .keys = setup->key,
                                                     .key_count = 1,
                                                     .rng = setup->rng,
                                                     .seen_before = seen_before,
                                                     .context = listen};
    door_init(&listen->door, seed);
    *ret_listen = listen;
    return HL_OK;
}

int address_parse(const char *text, struct sockaddr_storage *ret_address)
{
    const char *colon = strrchr(text, ':');
    char host[64];
    char *end = NULL;
    bool is_six = text[0] == '[';
    size_t len = colon ? (size_t)(colon - text) : 0;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 65536;

    if (port > 65535 || !end || *end || end == colon + 1 || len < 2 || len >= sizeof(host) ||
        (is_six && text[len - 1] != ']'))
        return HL_EINVAL;
    (void)snprintf(host, sizeof(host), "%.*s", (int)(is_six ? len - 2 : len), text + is_six);
    memset(ret_address, 0, sizeof(*ret_address));
    if (is_six ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)(void *)ret_address)
               : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)(void *)ret_address))
        return HL_EINVAL;
    return HL_OK;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct listen_uv *listen = handle->data;

    listen->open_listeners--;
    free_if_done(listen);
}

int listen_uv_add(struct listen_uv *listen, const char *address)
{
    uv_tcp_t *listener = &listen->listeners[listen->listener_count];
    struct sockaddr_storage where;
    int code;

    if (listen->listener_count == LISTENS_MAX)
        return HL_EINVAL;
    TRY(address_parse(address, &where));
    if (uv_tcp_init(listen->setup.loop, listener) != 0)
        return HL_EIO;
    listener->data = listen;
    listen->listener_count++;
    listen->open_listeners++;
    code = uv_tcp_bind(listener, (const struct sockaddr *)&where, 0);
    if (code == 0)
        code = uv_listen((uv_stream_t *)listener, BACKLOG, on_connection);
    if (code == 0)
        return HL_OK;
    log_line(LOG_LEVEL_ERROR, "listen", "%s: cannot listen there: %s", address, uv_strerror(code));
    return HL_EIO;
}

/* --- acting ------------------------------------------------------------------------------------------------------------ */

void listen_uv_act(struct listen_uv *listen, struct relay_action *action)
{
    struct guest *guest = action->context;

    (void)listen;
    if (action->kind == RELAY_CLOSE) {
        if (action->bye_reason == 0)
            link_uv_close(guest->link);
        else
            link_uv_bye(guest->link, action->bye_reason, action->detail);
        return;
    }

    AUTO(blob) body = action->body;
    int err = link_uv_send(guest->link, action->type, bytes_blob(body));

    /* HL_ESTATE: the link is ending, on_closed follows. Others: what the core relies on was not sent. */
    if (err != HL_OK && err != HL_ESTATE)
        link_uv_close(guest->link);
}

void listen_uv_stop(struct listen_uv *listen)
{
    if (listen->is_stopped)
        return;
    listen->is_stopped = true;
    for (size_t i = 0; i < listen->listener_count; i++)
        uv_close((uv_handle_t *)&listen->listeners[i], on_listener_closed);
    while (listen->guest_count > 0) {
        struct guest *guest = listen->guests[0];

        remove_guest(listen, guest);
        link_uv_close(guest->link);
    }
}

void listen_uv_close(struct listen_uv *listen)
{
    listen_uv_stop(listen);
    listen->is_closing = true;
    for (struct guest *guest = listen->all; guest; guest = guest->next)
        link_uv_close(guest->link);
    free_if_done(listen);
}

void listen_uv_count(const struct listen_uv *listen, struct listen_uv_counts *ret_counts)
{
    *ret_counts = listen->counts;
    ret_counts->guests = (uint32_t)listen->guest_count;
}
