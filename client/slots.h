/* slots — which devices can open an envelope, with which of their keys. docs/PROTOCOL.md, "Sealing". */
#ifndef HOTLINE_CLIENT_SLOTS_H
#define HOTLINE_CLIENT_SLOTS_H

#include "client/desk.h"
#include "proto/envelope.h"

struct slot_plan {
    struct seal_slot *slots; /* owned; desk, device, prekey set, the rest zero */
    size_t count;
    size_t missing_count; /* addressed desks without one usable key */
    struct desk_id missing[LIMIT_RECIPIENTS];
    size_t weaker_count; /* addressed desks of which no device has a normal key */
    struct desk_id weaker[LIMIT_RECIPIENTS];
};
/* Slots for the addressed desks (our own may stand among them) and, always, our own desk's other devices. Control also goes to
 * MONITOR devices. The caller owns *ret_plan. Errors: HL_ETOOBIG (more than LIMIT_SLOTS), HL_EIO, HL_ENOMEM. */
HL_MUST_CHECK int slots_plan(struct desk *desk, bool is_control, const struct desk_id *desks,
                             size_t count, struct slot_plan **ret_plan);
void slot_plan_free(struct slot_plan *plan);
static inline void slot_plan_drop(struct slot_plan **plan)
{
    slot_plan_free(*plan);
}
/* Slots of one desk in the plan. */
size_t slots_count_of(const struct slot_plan *plan, const struct desk_id *desk);

#endif
