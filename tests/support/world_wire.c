/* world_wire — connections of the simulated world: records under way, breaks, cuts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bye.h"
#include "tests/support/world_make.h"
#include "wire.pb-c.h"

#define RETRY_MS   1000
#define SILENCE_MS 45000

/* --- packets --- */

static void queue(struct world *world, struct packet *packet)
{
    struct packet **at = &world->packets;
    while (*at != NULL && (*at)->due_ms <= packet->due_ms)
        at = &(*at)->next;
    packet->next = *at;
    *at = packet;
}

static bool is_for_forger(const struct blob *body)
{
    Hotline__V1__SubmitResult *result =
        hotline__v1__submit_result__unpack(NULL, body->len, body->data);
    bool is_forged = result != NULL && result->req >= SIM_FORGED_REQ;
    hotline__v1__submit_result__free_unpacked(result, NULL);
    return is_forged;
}

void wire_send(struct wire *wire, enum heading heading, unsigned type, struct blob *body)
{
    struct world *world = wire->line->world;
    if (type < SIM_HELLO && world->on_record != NULL &&
        !world->on_record(world, wire, heading, type, &body)) {
        blob_free(body);
        return;
    }
    if (world->has_forgeries && heading == TO_DESK && type == RECORD_SUBMIT_RESULT &&
        is_for_forger(body)) {
        blob_free(body);
        return;
    }
    struct packet *packet = calloc(1, sizeof(*packet));
    sim_must(packet == NULL ? HL_ENOMEM : HL_OK, "memory");
    int64_t due_ms =
        world->now_ms + 1 + (int64_t)sim_random(world, (uint64_t)world->plan.delay_max_ms);
    if (due_ms < wire->last_due_ms[heading])
        due_ms = wire->last_due_ms[heading]; /* records of one direction stay in order */
    wire->last_due_ms[heading] = due_ms;
    *packet = (struct packet){.due_ms = due_ms,
                              .number = ++world->packet_number,
                              .wire = wire,
                              .heading = heading,
                              .type = type,
                              .body = body};
    if (heading == TO_DESK)
        wire->on_way++;
    queue(world, packet);
}

static void drop_packets(struct wire *wire, enum heading heading)
{
    struct packet **at = &wire->line->world->packets;
    while (*at != NULL) {
        struct packet *packet = *at;
        if (packet->wire != wire || packet->heading != heading) {
            at = &packet->next;
            continue;
        }
        *at = packet->next;
        blob_free(packet->body);
        free(packet);
    }
}

void wire_flush(struct wire *wire)
{
    unsigned type = 0;
    struct blob *body = NULL;
    while (wire->agent != NULL && agent_next_output(wire->agent, &type, &body))
        wire_send(wire, TO_RELAY, type, body);
}

/* --- ends --- */

void wire_leave_desk(struct wire *wire, bool keeps_sent)
{
    struct line *line = wire->line;
    if (wire->agent == NULL)
        return;
    agent_closed(wire->agent);
    agent_free(wire->agent);
    wire->agent = NULL;
    line->wire = NULL;
    line->retry_ms = line->world->now_ms + RETRY_MS;
    if (!keeps_sent)
        drop_packets(wire, TO_RELAY);
    wire_send(wire, TO_RELAY, SIM_END, NULL);
}

void wire_leave_relay(struct wire *wire, bool keeps_sent)
{
    if (wire->is_relay_gone)
        return;
    wire->is_relay_gone = true;
    if (wire->session != NULL && wire->line->relay->relay != NULL)
        relay_session_closed(wire->line->relay->relay, wire->session);
    wire->session = NULL;
    if (!keeps_sent)
        drop_packets(wire, TO_DESK);
    wire_send(wire, TO_DESK, SIM_END, NULL);
}

void line_break(struct line *line, bool keeps_sent)
{
    struct wire *wire = line->wire;
    if (wire == NULL)
        return;
    if (!keeps_sent) {
        drop_packets(wire, TO_DESK);
        drop_packets(wire, TO_RELAY);
    }
    wire_leave_desk(wire, keeps_sent);
}

void line_cut(struct line *line, bool is_cut)
{
    line->is_cut = is_cut;
}

/* --- coming and going --- */

void line_connect(struct line *line)
{
    struct world *world = line->world;
    struct wire *wire = calloc(1, sizeof(*wire));
    sim_must(wire == NULL ? HL_ENOMEM : HL_OK, "memory");
    wire->line = line;
    wire->next = world->wires;
    world->wires = wire;
    line->wire = wire;
    struct blob *hello = NULL;
    sim_must(agent_new(line->node->desk, line->relay->info, &wire->agent), "agent");
    sim_must(agent_hello(wire->agent, &hello), "hello");
    wire_send(wire, TO_RELAY, SIM_HELLO, hello);
}

void line_tick(struct line *line)
{
    struct wire *wire = line->wire;
    for (struct wire *old = line->world->wires; old != NULL; old = old->next) {
        /* The relay's rim gives up a silent peer. */
        if (old->line == line && old->is_stalled && !old->is_relay_gone &&
            line->world->now_ms - old->stalled_ms >= SILENCE_MS)
            wire_leave_relay(old, false);
    }
    if (wire == NULL) {
        if (line->world->now_ms >= line->retry_ms && !line->is_cut && line->relay->relay != NULL)
            line_connect(line);
        return;
    }
    int err = agent_tick(wire->agent);
    if (err == HL_OK)
        wire_flush(wire);
    else
        wire_leave_desk(wire, false);
    if (err != HL_OK && err != HL_ECLOSED)
        sim_fault(line->world, "agent_tick", line->node->address, err);
}

static void take_at_desk(struct wire *wire, const struct packet *packet)
{
    struct line *line = wire->line;
    if (wire->agent == NULL)
        return;
    if (packet->type == SIM_END) {
        wire_leave_desk(wire, true);
        return;
    }
    int err = agent_input(wire->agent, packet->type, bytes_blob(packet->body));
    if (err == HL_OK)
        wire_flush(wire);
    else
        wire_leave_desk(wire, true);
    if (err != HL_OK && err != HL_ECLOSED) {
        char what[40];
        (void)snprintf(what, sizeof(what), "agent_input of record %u", packet->type);
        sim_fault(line->world, what, line->node->address, err);
    }
}

static void open_session(struct wire *wire, const struct packet *packet)
{
    struct relay_node *relay = wire->line->relay;
    if (relay->relay == NULL) {
        wire_leave_relay(wire, false);
        return;
    }
    const uint8_t *client_static = wire->line->node->identity->device_cert->noise_static;
    sim_must(relay_session_open(relay->relay, client_static, bytes_blob(packet->body), wire,
                                &wire->session),
             "session");
    relay_node_pump(relay);
}

static void take_at_relay(struct wire *wire, const struct packet *packet)
{
    struct relay_node *relay = wire->line->relay;
    if (wire->is_relay_gone)
        return;
    if (packet->type == SIM_HELLO) {
        open_session(wire, packet);
    } else if (packet->type == SIM_END) {
        wire_leave_relay(wire, true);
    } else if (wire->session != NULL) {
        relay_session_input(relay->relay, wire->session, packet->type, bytes_blob(packet->body));
    }
    if (relay->relay != NULL)
        relay_node_pump(relay);
}

static void drained(struct wire *wire)
{
    struct relay_node *relay = wire->line->relay;
    if (wire->on_way > 0 || wire->session == NULL || relay->relay == NULL)
        return;
    relay_session_drained(relay->relay, wire->session);
    relay_node_pump(relay);
}

void wire_take(struct packet *packet)
{
    struct wire *wire = packet->wire;
    struct line *line = wire->line;
    if (packet->heading == TO_DESK)
        wire->on_way--;
    if (line->is_cut && !wire->is_stalled) {
        wire->is_stalled = true; /* what is lost in the middle of a stream ends the stream */
        wire->stalled_ms = line->world->now_ms;
    }
    if (wire->is_stalled)
        return;
    sim_note(line->world, packet->heading == TO_DESK ? "desk" : "relay",
             line->node->number * 16 + line->relay->number, packet->type, bytes_blob(packet->body));
    if (packet->heading == TO_RELAY) {
        take_at_relay(wire, packet);
        return;
    }
    take_at_desk(wire, packet);
    drained(wire);
}

void line_send_raw(struct line *line, unsigned type, struct bytes body)
{
    struct blob *copy = NULL;
    sim_must(line->wire == NULL ? HL_ESTATE : HL_OK, "not connected");
    sim_must(blob_copy(body, &copy), "memory");
    wire_send(line->wire, TO_RELAY, type, copy);
}
