/* small_world — three States in memory. */
#include "tests/support/small_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strict.h"

static void must(int result, const char *what)
{
    if (result == HL_OK)
        return;
    (void)fprintf(stderr, "small_world: %s: %s\n", what, err_text(result));
    abort();
}

static void seed_of(const char *what, int state, int no, uint8_t ret_seed[32])
{
    char text[64];

    (void)snprintf(text, sizeof(text), "%s %d %d", what, state, no);
    hash_plain(bytes_text(text), ret_seed);
}

static void fill_cert(struct small_world *world, int state, struct cert *cert,
                      const struct sign_key *key)
{
    memcpy(cert->entity, world->entities[state].id, ID_BYTES);
    memcpy(cert->id, key->id, ID_BYTES);
    memcpy(cert->sign_pk, key->pk, SIGN_PK_BYTES);
    cert->desks = 1U << HOTLINE__V1__DESK_KIND__TECHNICAL;
    cert->not_before_ms = WORLD_NOW_MS - 1000000000;
    cert->not_after_ms = WORLD_NOW_MS + 10000000000;
}

static void make_device(struct small_world *world, int state, int no)
{
    struct cert *cert = world_device_cert(world, state, no);
    struct prekey_ring *ring = NULL;
    uint8_t seed[32];

    seed_of("device", state, no, seed);
    must(sign_key_new(world->suite, seed, &world->devices[state][no]), "device");
    fill_cert(world, state, cert, world->devices[state][no]);
    cert->kind = HOTLINE__V1__CERT_KIND__CERT_DEVICE;
    cert->roles = ROLE_BIT_AUTO | (no == MONITOR_NO ? ROLE_BIT_MONITOR : ROLE_BIT_DESK);
    cert->device_no = (uint32_t)no + 1;
    must(prekey_ring_new(&ring), "ring");
    world->rings[state][no] = ring;
    ring->count = 1;
    ring->keys[0].kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    seed_of("prekey", state, no, ring->keys[0].seed);
    must(world->suite->kem_keypair(ring->keys[0].seed, world->prekey_pk[state][no]), "prekey");
    prekey_id_of(world->prekey_pk[state][no], ring->keys[0].id);
}

static void make_officer(struct small_world *world, int state, int no)
{
    struct cert *cert = world_officer_cert(world, state, no);
    uint8_t seed[32];

    seed_of("officer", state, no, seed);
    must(sign_key_new(world->suite, seed, &world->officers[state][no]), "officer");
    fill_cert(world, state, cert, world->officers[state][no]);
    cert->kind = HOTLINE__V1__CERT_KIND__CERT_OFFICER;
    cert->roles = no == 2 ? ROLE_BIT_ACK : ROLE_BIT_COMPOSE | ROLE_BIT_RELEASE | ROLE_BIT_ACK;
    seed_of("person", state, no, seed);
    memcpy(cert->person, seed, ID_BYTES);
}

static void make_state(struct small_world *world, int state)
{
    static const char *const codes[] = {"XAA", "XBB", "XCC"};
    struct entity *entity = &world->entities[state];
    struct roster *roster = &world->rosters[state];

    memset(entity->id, 0xa0 + state, ID_BYTES);
    memcpy(entity->code, codes[state], 4);
    entity->roster = roster;
    roster->certs = world->certs[state];
    roster->cert_count = 2 * WORLD_DEVICES;
    roster->expires_ms = WORLD_NOW_MS + 1000000000;
    roster->desk_kinds = 1U << HOTLINE__V1__DESK_KIND__TECHNICAL;
    for (size_t precedence = 1; precedence <= 4; precedence++)
        roster->release_min[precedence] = precedence >= 3 ? 2 : 1;
    roster->single_person_max = HOTLINE__V1__PRECEDENCE__PRIORITY;
    roster->release_devices_min = 2;
    for (int no = 0; no < WORLD_DEVICES; no++) {
        make_device(world, state, no);
        make_officer(world, state, no);
    }
}

struct small_world *small_world_new(const struct suite *suite)
{
    struct small_world *world = calloc(1, sizeof(*world));

    if (!world)
        abort();
    world->suite = suite;
    memset(world->trust.ns, 0x5a, NS_BYTES);
    world->trust.entities = world->entities;
    world->trust.entity_count = WORLD_STATES;
    world->trust.root_expires_ms = world->trust.directory_expires_ms =
        world->trust.timestamp_expires_ms = WORLD_NOW_MS + 80000000;
    for (int state = 0; state < WORLD_STATES; state++)
        make_state(world, state);
    return world;
}

void small_world_free(struct small_world *world)
{
    for (int state = 0; state < WORLD_STATES; state++) {
        for (int no = 0; no < WORLD_DEVICES; no++) {
            sign_key_free(world->devices[state][no]);
            sign_key_free(world->officers[state][no]);
            prekey_ring_free(world->rings[state][no]);
        }
    }
    free(world);
}

struct desk_id world_desk(const struct small_world *world, int state)
{
    struct desk_id desk = {.kind = HOTLINE__V1__DESK_KIND__TECHNICAL};

    memcpy(desk.entity, world->entities[state].id, ID_BYTES);
    return desk;
}

struct cert *world_device_cert(struct small_world *world, int state, int no)
{
    return &world->certs[state][no];
}

struct cert *world_officer_cert(struct small_world *world, int state, int no)
{
    return &world->certs[state][WORLD_DEVICES + no];
}

struct seal_slot world_slot(const struct small_world *world, int state, int device)
{
    struct seal_slot slot = {.desk = world_desk(world, state)};

    memcpy(slot.device, world->devices[state][device]->id, ID_BYTES);
    memcpy(slot.prekey_id, world->rings[state][device]->keys[0].id, ID_BYTES);
    memcpy(slot.kem_pk, world->prekey_pk[state][device], KEM_PK_BYTES);
    return slot;
}

struct open_context world_context(const struct small_world *world, int state, int device)
{
    struct open_context context = {.suite = world->suite,
                                   .trust = &world->trust,
                                   .own_desk = world_desk(world, state),
                                   .prekeys = world->rings[state][device],
                                   .now_ms = WORLD_NOW_MS + 5000};

    memcpy(context.own_device, world->devices[state][device]->id, ID_BYTES);
    return context;
}

static void counting_fill(void *context, uint8_t *octets, size_t len)
{
    uint64_t *state = context;

    for (size_t i = 0; i < len; i++)
        octets[i] = (uint8_t)(*state)++;
}

struct rng counting_rng(uint64_t *state)
{
    return (struct rng){counting_fill, state};
}

struct letter letter_to_xbb(struct small_world *world)
{
    struct letter letter = {
        .world = world,
        .from = XAA,
        .header_plane = 1,
        .signing_plane = 1,
        .release_plane = 1,
        .link_plane = 1,
        .header_precedence = 4,
        .persons = 2,
        .release_count = 1,
        .author = world->officers[XAA][0],
        .draft_device = world->devices[XAA][0],
        .sender_device = world->devices[XAA][0],
        .releasers = {world->officers[XAA][1], world->officers[XAA][1], world->officers[XAA][1]},
        .releaser_devices = {world->devices[XAA][1], world->devices[XAA][1],
                             world->devices[XAA][1]},
        .kind = CONTENT_NOTICE,
        .slots = {world_slot(world, XBB, 0), world_slot(world, XBB, 1), world_slot(world, XAA, 1)},
        .slot_count = 3,
        .seq = 1,
        .row = 1,
    };
    return letter;
}

static ProtobufCBinaryData octets(const void *data, size_t len)
{
    union {
        const void *from;
        uint8_t *to;
    } cast = {.from = data};

    return (ProtobufCBinaryData){len, cast.to};
}

static struct blob *sign_notice(struct letter *letter)
{
    static uint8_t notice_id[ID_BYTES] = {7};
    static uint8_t dir_hash[HASH_BYTES] = {8};
    struct small_world *world = letter->world;
    const struct sign_key *const keys[] = {letter->author, letter->draft_device,
                                           letter->third_signer};
    char lang[] = "en";
    char body[] = "Destructive wiper seen.";
    char word[] = "V432";
    Hotline__V1__Text text;
    Hotline__V1__Text *texts[] = {&text};
    Hotline__V1__Desk sender = HOTLINE__V1__DESK__INIT;
    Hotline__V1__Desk to = HOTLINE__V1__DESK__INIT;
    Hotline__V1__Address address = HOTLINE__V1__ADDRESS__INIT;
    Hotline__V1__Address *addresses[] = {&address};
    Hotline__V1__Notice notice;
    struct blob *packed = NULL;
    struct blob *object = NULL;

    hotline__v1__text__init(&text);
    text.lang = lang;
    text.body = body;
    text.authoritative = 1;
    sender.entity = octets(world->entities[letter->from].id, ID_BYTES);
    sender.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    to = sender;
    to.entity = octets(world->entities[XBB].id, ID_BYTES);
    address.desk = &to;
    address.action = 1;
    address.precedence = (Hotline__V1__Precedence)letter->header_precedence;
    hotline__v1__notice__init(&notice);
    notice.version = 1;
    notice.type = HOTLINE__V1__NOTICE_TYPE__INC;
    notice.plane = (Hotline__V1__Plane)letter->header_plane;
    if (letter->header_plane == 2) {
        notice.exercise_name = lang;
        notice.exercise_id = octets(notice_id, ID_BYTES);
    }
    notice.sender = &sender;
    notice.n_to = 1;
    notice.to = addresses;
    notice.precedence = (Hotline__V1__Precedence)letter->header_precedence;
    notice.tlp = HOTLINE__V1__TLP__TLP_AMBER;
    notice.n_text = 1;
    notice.text = texts;
    notice.check_word = word;
    notice.ns = octets(world->trust.ns, NS_BYTES);
    notice.notice_id = octets(notice_id, ID_BYTES);
    notice.draft_device = octets(letter->draft_device->id, ID_BYTES);
    notice.author = octets(letter->author->id, ID_BYTES);
    notice.dir_version = 1;
    notice.dir_hash = octets(dir_hash, HASH_BYTES);
    notice.drafted_ms = WORLD_NOW_MS;
    notice.persons = letter->persons;
    if (letter->edit_notice)
        letter->edit_notice(letter, &notice);
    must(strict_pack(&notice.base, &packed), "notice");
    must(notice_hash(letter->signing_plane, bytes_blob(packed), letter->notice_hash), "hash");
    must(sign_object(world->suite, label_of(LABEL_NOTICE, letter->signing_plane),
                     bytes_blob(packed), keys, letter->third_signer ? 3 : 2, &object),
         "sign");
    blob_free(packed);
    return object;
}

static struct blob *sign_release(struct letter *letter, size_t index)
{
    const struct sign_key *const keys[] = {letter->releasers[index],
                                           letter->releaser_devices[index]};
    Hotline__V1__Release release;
    struct blob *packed = NULL;
    struct blob *object = NULL;

    hotline__v1__release__init(&release);
    release.ns = octets(letter->world->trust.ns, NS_BYTES);
    release.plane = (Hotline__V1__Plane)letter->header_plane;
    release.notice_hash = octets(letter->notice_hash, HASH_BYTES);
    release.releaser = octets(keys[0]->id, ID_BYTES);
    release.releaser_device = octets(keys[1]->id, ID_BYTES);
    release.sender_device = octets(letter->sender_device->id, ID_BYTES);
    release.released_ms = WORLD_NOW_MS + 1000;
    release.not_after_ms = WORLD_NOW_MS + 901000;
    release.single_person = letter->persons == 1;
    if (letter->edit_release)
        letter->edit_release(letter, index, &release);
    must(strict_pack(&release.base, &packed), "release");
    must(sign_object(letter->world->suite, label_of(LABEL_RELEASE, letter->release_plane),
                     bytes_blob(packed), keys, 2, &object),
         "sign release");
    blob_free(packed);
    return object;
}

static void link_slots(struct letter *letter)
{
    struct link link = {.ns = letter->world->trust.ns,
                        .plane = letter->link_plane,
                        .recipient = world_desk(letter->world, XBB),
                        .seq = letter->seq};
    uint8_t hash[HASH_BYTES];

    if (letter->kind != CONTENT_NOTICE)
        return;
    memcpy(link.content_hash, letter->notice_hash, HASH_BYTES);
    memcpy(link.sender_device, letter->sender_device->id, ID_BYTES);
    for (size_t i = 0; i < letter->slot_count; i++) {
        if (!desk_equal(&letter->slots[i].desk, &link.recipient))
            continue;
        letter->slots[i].seq = letter->seq;
        must(link_sign(letter->world->suite, letter->sender_device, &link, hash,
                       letter->slots[i].link_sig),
             "link");
    }
}

static struct blob *as_draft(const struct blob *signed_notice)
{
    Hotline__V1__Draft draft;
    struct blob *packed = NULL;

    hotline__v1__draft__init(&draft);
    draft.notice =
        hotline__v1__signed_notice__unpack(NULL, signed_notice->len, signed_notice->data);
    draft.action = HOTLINE__V1__DRAFT_ACTION__DA_FOR_RELEASE;
    must(strict_pack(&draft.base, &packed), "draft");
    hotline__v1__signed_notice__free_unpacked(draft.notice, NULL);
    return packed;
}

static void seal_letter(struct letter *letter, struct bytes content)
{
    uint64_t counter = 0;
    const struct rng rng = counting_rng(&counter);
    static const uint8_t hedge_key[32] = {9};
    const struct seal_request request = {
        .suite = letter->world->suite,
        .rng = &rng,
        .ns = letter->world->trust.ns,
        .sender_entity = letter->world->entities[letter->from].id,
        .device = letter->sender_device,
        .hedge_key = hedge_key,
        .plane = letter->header_plane,
        .precedence = letter->header_precedence,
        .kind = letter->kind,
        .content = content,
        .content_hash = letter->notice_hash,
        .dir_version = 1,
        .created_ms = WORLD_NOW_MS + 1500,
        .journal_row = letter->row,
        .slots = letter->slots,
        .slot_count = letter->slot_count,
    };

    must(envelope_seal(&request, &letter->sealed), "seal");
}

void letter_seal(struct letter *letter)
{
    struct blob *notice = sign_notice(letter);
    struct blob *releases[3] = {NULL, NULL, NULL};
    struct bytes views[3];

    for (size_t i = 0; i < letter->release_count; i++) {
        releases[i] = sign_release(letter, i);
        views[i] = bytes_blob(releases[i]);
    }
    must(notice_assemble(bytes_blob(notice), views, letter->release_count, &letter->signed_notice),
         "assemble");
    blob_free(notice);
    for (size_t i = 0; i < letter->release_count; i++)
        blob_free(releases[i]);
    link_slots(letter);
    if (letter->edit_slots)
        letter->edit_slots(letter);
    if (letter->kind == CONTENT_DRAFT) {
        struct blob *draft = as_draft(letter->signed_notice);
        seal_letter(letter, bytes_blob(draft));
        blob_free(draft);
    } else {
        seal_letter(letter, bytes_blob(letter->signed_notice));
    }
}

void letter_done(struct letter *letter)
{
    blob_free(letter->signed_notice);
    sealed_free(letter->sealed);
    letter->signed_notice = NULL;
    letter->sealed = NULL;
}

static bool slot_is_for(const struct small_world *world, ProtobufCBinaryData octets_of_slot,
                        int state, int no)
{
    Hotline__V1__Slot *slot =
        hotline__v1__slot__unpack(NULL, octets_of_slot.len, octets_of_slot.data);
    bool is_for = slot && bytes_equal(BYTES(slot->device.data, slot->device.len),
                                      BYTES(world->devices[state][no]->id, ID_BYTES));

    hotline__v1__slot__free_unpacked(slot, NULL);
    return is_for;
}

struct blob *sealed_deliver(const struct small_world *world, const struct sealed *sealed, int state,
                            int no)
{
    Hotline__V1__Envelope *envelope = NULL;
    struct envelope_facts facts = {.header = NULL};
    struct blob *delivered = NULL;

    must(envelope_inspect(world->trust.ns, bytes_blob(sealed->envelope), &envelope, &facts),
         "inspect");
    for (size_t i = 0; i < envelope->n_slots && !delivered; i++) {
        if (slot_is_for(world, envelope->slots[i], state, no))
            must(envelope_deliver(envelope, &facts, i, &delivered), "deliver");
    }
    hotline__v1__envelope__free_unpacked(envelope, NULL);
    envelope_facts_done(&facts);
    return delivered;
}

struct blob *letter_deliver(const struct letter *letter, int state, int no)
{
    return sealed_deliver(letter->world, letter->sealed, state, no);
}

struct opened *letter_open(const struct letter *letter, int state, int no)
{
    struct open_context context = world_context(letter->world, state, no);
    struct blob *delivered = letter_deliver(letter, state, no);
    struct opened *opened = NULL;

    if (!delivered)
        return NULL;
    must(open_delivered(&context, letter->sealed->deposit_hash, bytes_blob(delivered), &opened),
         "open");
    blob_free(delivered);
    return opened;
}
