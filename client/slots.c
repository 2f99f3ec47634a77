/* slots — which devices can open an envelope, with which of their keys. */
#include "client/slots.h"

#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/peer.h"

static bool is_device_of(const struct cert *cert, const struct desk_id *desk, bool is_control)
{
    uint32_t wanted = ROLE_BIT_DESK | (is_control ? (uint32_t)ROLE_BIT_MONITOR : 0U);
    return cert->kind == HOTLINE__V1__CERT_KIND__CERT_DEVICE &&
           cert->desks == UINT32_C(1) << desk->kind && (cert->roles & wanted) != 0 &&
           cert->revoked_since_ms == 0;
}

static bool is_in_force(const struct cert *cert, int64_t now_ms)
{
    return cert->not_before_ms <= now_ms && now_ms < cert->not_after_ms;
}

/* Expired certificates count only when a desk has no other: a desk is never mute for a date. */
static bool has_current(const struct roster *roster, const struct desk_id *desk, bool is_control,
                        int64_t now_ms)
{
    for (size_t i = 0; i < roster->cert_count; i++) {
        if (is_device_of(&roster->certs[i], desk, is_control) &&
            is_in_force(&roster->certs[i], now_ms))
            return true;
    }
    return false;
}

static int add_device(struct desk *desk, struct slot_plan *plan, const struct cert *cert,
                      const struct desk_id *of, enum peer_key *best)
{
    if (plan->count == LIMIT_SLOTS)
        return HL_ETOOBIG;
    struct seal_slot *slot = &plan->slots[plan->count];
    enum peer_key quality = PEER_NONE;
    TRY(peer_pick_key(desk, cert, &quality, slot->prekey_id, slot->kem_pk));
    if (quality == PEER_NONE)
        return HL_OK;
    slot->desk = *of;
    memcpy(slot->device, cert->id, ID_BYTES);
    plan->count++;
    if (*best == PEER_NONE || quality == PEER_NORMAL)
        *best = quality;
    return HL_OK;
}

static int add_desk(struct desk *desk, struct slot_plan *plan, const struct desk_id *of,
                    bool is_control, enum peer_key *ret_best)
{
    *ret_best = PEER_NONE;
    const struct identity *identity = desk->identity;
    const struct entity *entity = trust_entity(identity->trust, of->entity);
    if (entity == NULL || entity->roster == NULL)
        return HL_OK;
    int64_t now_ms = desk_now_ms(desk);
    bool only_current = has_current(entity->roster, of, is_control, now_ms);
    bool is_own_entity = bytes_equal(BYTES_OF(of->entity), BYTES_OF(identity->desk.entity));
    for (size_t i = 0; i < entity->roster->cert_count; i++) {
        const struct cert *cert = &entity->roster->certs[i];
        bool is_self =
            is_own_entity && bytes_equal(BYTES_OF(cert->id), BYTES_OF(identity->device->id));
        if (is_self || !is_device_of(cert, of, is_control) ||
            (only_current && !is_in_force(cert, now_ms)))
            continue;
        TRY(add_device(desk, plan, cert, of, ret_best));
    }
    return HL_OK;
}

static int plan_desk(struct desk *desk, struct slot_plan *plan, const struct desk_id *of,
                     bool is_control)
{
    enum peer_key best = PEER_NONE;
    TRY(add_desk(desk, plan, of, is_control, &best));
    if (best == PEER_NONE)
        plan->missing[plan->missing_count++] = *of;
    else if (best == PEER_WEAKER)
        plan->weaker[plan->weaker_count++] = *of;
    return HL_OK;
}

int slots_plan(struct desk *desk, bool is_control, const struct desk_id *desks, size_t count,
               struct slot_plan **ret_plan)
{
    if (count > LIMIT_RECIPIENTS)
        return HL_ETOOBIG;
    AUTO(slot_plan) plan = calloc(1, sizeof(struct slot_plan));
    if (plan == NULL)
        return HL_ENOMEM;
    plan->slots = calloc(LIMIT_SLOTS, sizeof(plan->slots[0]));
    if (plan->slots == NULL)
        return HL_ENOMEM;
    const struct desk_id *own = &desk->identity->desk;
    for (size_t i = 0; i < count; i++) {
        if (!desk_equal(&desks[i], own))
            TRY(plan_desk(desk, plan, &desks[i], is_control));
    }
    enum peer_key best = PEER_NONE; /* our other terminals: as many as can be reached */
    TRY(add_desk(desk, plan, own, is_control, &best));
    *ret_plan = MOVE(plan);
    return HL_OK;
}

void slot_plan_free(struct slot_plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->slots);
    free(plan);
}

size_t slots_count_of(const struct slot_plan *plan, const struct desk_id *desk)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++)
        count += desk_equal(&plan->slots[i].desk, desk);
    return count;
}
