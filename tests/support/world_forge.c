/* world_forge — what a desk with real keys can do against the rules: seal the words of others, other labels, other addressees. */
#include <string.h>

#include "client/slots.h"
#include "client/vault.h"
#include "proto/link.h"
#include "tests/support/world_make.h"
#include "wire.pb-c.h"

struct blob *note_content(struct node *node, const uint8_t hash[static HASH_BYTES])
{
    uint8_t deposit[1][HASH_BYTES];
    struct blob *content = NULL;
    AUTO(notice_view) view = NULL;
    sim_must(query_notice(node->desk, hash, &view), "query_notice");
    memcpy(deposit[0], view->deposit_hash, HASH_BYTES);
    sim_must(vault_read_content(node->desk, deposit[0], &content), "content");
    return content;
}

static void link_slots(struct node *by, const struct forgery *forgery, struct slot_plan *plan)
{
    const struct identity *identity = by->identity;
    struct link link = {.ns = identity->trust->ns,
                        .plane = forgery->plane,
                        .recipient = forgery->to->identity->desk,
                        .seq = 1};
    uint8_t hash[HASH_BYTES];
    uint8_t sig[SIG_BYTES];
    memcpy(link.content_hash, forgery->hash, HASH_BYTES);
    memcpy(link.sender_device, identity->device->id, ID_BYTES);
    sim_must(link_sign(identity->suite, identity->device, &link, hash, sig), "link");
    for (size_t i = 0; i < plan->count; i++) {
        if (!desk_equal(&plan->slots[i].desk, &link.recipient))
            continue;
        plan->slots[i].seq = link.seq;
        memcpy(plan->slots[i].link_sig, sig, SIG_BYTES);
    }
}

void forge_submit(struct node *by, size_t relay, const struct forgery *forgery)
{
    const struct identity *identity = by->identity;
    AUTO(slot_plan) plan = NULL;
    AUTO(sealed) sealed = NULL;
    AUTO(blob) packed = NULL;
    static uint64_t count;
    sim_must(slots_plan(by->desk, false, &forgery->to->identity->desk, 1, &plan), "slots");
    link_slots(by, forgery, plan);
    const struct seal_request request = {.suite = identity->suite,
                                         .rng = &by->rng,
                                         .ns = identity->trust->ns,
                                         .sender_entity = identity->desk.entity,
                                         .device = identity->device,
                                         .hedge_key = identity->secrets->hedge_key,
                                         .plane = forgery->plane,
                                         .precedence = forgery->precedence,
                                         .kind = CONTENT_NOTICE,
                                         .content = forgery->content,
                                         .content_hash = forgery->hash,
                                         .dir_version = identity->trust->directory_version,
                                         .created_ms = desk_now_ms(by->desk),
                                         .journal_row = 1000000 + ++count,
                                         .slots = plan->slots,
                                         .slot_count = plan->count};
    sim_must(envelope_seal(&request, &sealed), "seal");
    Hotline__V1__Submit submit = HOTLINE__V1__SUBMIT__INIT;
    submit.req = SIM_FORGED_REQ + count;
    submit.envelope.data = sealed->envelope->data;
    submit.envelope.len = sealed->envelope->len;
    sim_must(strict_pack(&submit.base, &packed), "submit");
    by->world->has_forgeries = true;
    line_send_raw(sim_line(by->world, by, relay), RECORD_SUBMIT, bytes_blob(packed));
}
