/* relay_load — lanes, tree, mailboxes and devices are what the store's rows add up to. */
#include <stdlib.h>
#include <string.h>

#include "daemon/relay_state.h"

int relay_name_slots(struct relay *relay, struct deposit *deposit, const struct store_slot *slots,
                     const struct lane_mark *lanes)
{
    for (size_t i = 0; i < deposit->slot_count; i++) {
        const struct cert *cert = relay_device_cert(relay, &slots[i].device);
        struct device *device = NULL;
        struct desk_id desk;

        if (!cert)
            continue;
        cert_desk(cert, &desk);
        if (!desk_equal(&desk, &lanes[slots[i].lane].to))
            continue; /* the device never sees that mailbox */
        TRY(devices_get(&relay->devices, &slots[i].device, &device));
        deposit->slots[i] = device->number;
    }
    return HL_OK;
}

void relay_close_slot(struct relay *relay, const struct mailbox *mailbox, uint64_t seq,
                      const struct device *device)
{
    uint32_t number = mailbox_entry_of(mailbox, seq)->number;
    struct deposit *deposit = &relay->ledger.items[number];

    for (size_t i = 0; i < deposit->slot_count; i++) {
        if (deposit->slots[i] != device->number)
            continue;
        deposit->slots[i] |= SLOT_TAKEN;
        deposit->open_count--;
    }
    if (deposit->open_count == 0 && deposit->form == DEPOSIT_FULL)
        relay_want_erase(relay, number);
}

static int restore_lane(struct relay *relay, const struct store_deposit *deposit, size_t lane)
{
    const struct lane_mark *mark = &deposit->lanes[lane];
    struct lane_key key = {.from = deposit->from, .to = mark->to, .plane = deposit->plane};
    struct mailbox_entry entry = {.number = (uint32_t)deposit->index, .lane = (uint16_t)lane};
    struct mailbox *mailbox = NULL;

    TRY(lanes_restore(&relay->lanes, &key, deposit->hash, mark));
    TRY(mailboxes_get(&relay->mailboxes, &mark->to, &mailbox));
    if (deposit->mailbox_seqs[lane] != mailbox->count + 1)
        return HL_EVERIFY;
    return mailbox_append(mailbox, &entry, deposit->precedence);
}

/* Batches lie one after another: of the same one as the deposit before, or the first of the next. */
static bool follows(const struct relay *relay, const struct store_deposit *deposit)
{
    uint64_t before =
        relay->ledger.count ? relay->ledger.items[relay->ledger.count - 1].tree_size : 0;

    return deposit->tree_size == before || before == deposit->index;
}

static int on_deposit(void *context, const struct store_deposit *deposit, bool has_envelope)
{
    struct relay *relay = context;
    struct device_id maker = {.entity = {0}};
    struct device *device = NULL;

    if (deposit->received_ms < relay->received_ms || deposit->tree_size <= deposit->index ||
        !follows(relay, deposit))
        return HL_EVERIFY;
    TRY(ledger_append(&relay->ledger, deposit));

    struct deposit *item = &relay->ledger.items[deposit->index];

    item->form = has_envelope ? DEPOSIT_FULL : DEPOSIT_STUB;
    TRY(relay_name_slots(relay, item, deposit->slots, deposit->lanes));
    TRY(tree_append(&relay->tree, deposit->leaf));
    for (size_t lane = 0; lane < deposit->lane_count; lane++)
        TRY(restore_lane(relay, deposit, lane));
    relay->received_ms = deposit->received_ms;
    for (size_t i = 0; i < ID_BYTES; i++) {
        maker.entity[i] = deposit->from.entity[i];
        maker.id[i] = deposit->from_device[i];
    }
    TRY(devices_get(&relay->devices, &maker, &device));
    device->last_own = (uint32_t)deposit->index;
    return HL_OK;
}

static void close_taken_slots(struct relay *relay, const struct device *device)
{
    struct desk_id desk = {.kind = device->taken_kind};
    struct mailbox *mailbox = NULL;

    memcpy(desk.entity, device->id.entity, ID_BYTES);
    mailbox = mailboxes_find(&relay->mailboxes, &desk);
    for (uint64_t seq = 1; mailbox && seq <= mailbox->count; seq++) {
        if (taken_has(&device->taken, seq))
            relay_close_slot(relay, mailbox, seq, device);
    }
}

/* The desk that a row is about, if it says something about where the device is now; else 0. */
static uint32_t kind_of(const struct relay *relay, const struct store_taken *taken)
{
    const struct cert *cert = relay_device_cert(relay, &taken->device);
    struct desk_id desk;

    if (!cert)
        return taken->kind;
    cert_desk(cert, &desk);
    return taken->kind == 0 || taken->kind == desk.kind ? desk.kind : 0;
}

static int on_taken(void *context, const struct store_taken *taken)
{
    struct relay *relay = context;
    struct device *device = NULL;
    uint32_t kind = kind_of(relay, taken);

    if (kind == 0)
        return HL_OK;
    TRY(devices_get(&relay->devices, &taken->device, &device));
    (void)device_settle(device, kind);
    taken_raise(&device->taken, taken->upto);
    for (size_t i = 0; i < taken->also_count; i++)
        TRY(taken_add(&device->taken, taken->also[i]));
    close_taken_slots(relay, device);
    return HL_OK;
}

/* A prekey that no longer verifies (its device left the roster) is not handed out. */
static int on_prekey(void *context, const struct store_prekey *stored)
{
    struct relay *relay = context;
    struct device *device = NULL;
    struct prekey prekey;
    int err = prekey_check(relay->suite, relay->trust, stored->signed_prekey,
                           clock_utc_ms(relay->clock), &prekey);

    if (stored->place >= DEVICE_PREKEYS)
        return HL_EFORMAT;
    if (err == HL_ENOMEM)
        return err;
    if (err != HL_OK)
        return HL_OK;
    TRY(devices_get(&relay->devices, &stored->device, &device));

    struct held_prekey *held = &device->prekeys[stored->place];

    blob_free(held->signed_prekey);
    *held = (struct held_prekey){.created_ms = 0};
    TRY(blob_copy(stored->signed_prekey, &held->signed_prekey));
    held_prekey_set(held, &prekey);
    return HL_OK;
}

int relay_load(struct relay *relay, struct store *store)
{
    struct store_visitor visitor = {
        .on_deposit = on_deposit, .on_taken = on_taken, .on_prekey = on_prekey, .context = relay};

    TRY(store_load(store, &visitor));
    if (relay->tree.size > 0 &&
        relay->ledger.items[relay->tree.size - 1].tree_size != relay->tree.size)
        return HL_EVERIFY; /* a batch is there whole or not at all */
    /* Content that came before this start has earned its control entries before. */
    for (size_t i = 0; i < relay->devices.count; i++) {
        const struct cert *cert = relay_device_cert(relay, &relay->devices.items[i]->id);
        struct mailbox *mailbox = NULL;
        struct desk_id desk;

        if (!cert)
            continue;
        cert_desk(cert, &desk);
        mailbox = mailboxes_find(&relay->mailboxes, &desk);
        relay->devices.items[i]->content_seen = mailbox ? mailbox->content_count : 0;
    }
    return HL_OK;
}
