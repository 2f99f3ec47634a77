/* bundle_world — bundles for tests of the arbiter. */
#include "tests/support/bundle_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/receipt.h"
#include "tests/support/fake_suite.h"

static void must(int result, const char *what)
{
    if (result == HL_OK)
        return;
    (void)fprintf(stderr, "bundle_world: %s: %s\n", what, err_text(result));
    abort();
}

static ProtobufCBinaryData octets_of(const void *data, size_t len)
{
    union {
        const void *from;
        uint8_t *to;
    } cast = {.from = data};

    return (ProtobufCBinaryData){len, cast.to};
}

/* --- the federation --- */

static void take_state(struct bundle_world *world, int state)
{
    static const char *const codes[] = {"XAA", "XBB", "XCC"};
    struct small_world *small = world->small;
    const struct made_state *made = world->made->states; /* ascending by random id */

    while (strcmp(made->code, codes[state]) != 0)
        made++;
    memcpy(small->entities[state].id, made->entity, ID_BYTES);
    for (int no = 0; no < 2; no++) {
        sign_key_free(small->devices[state][no]);
        sign_key_free(small->officers[state][no]);
        must(sign_key_new(world->suite, made->devices[no].seed, &small->devices[state][no]),
             "device");
        must(sign_key_new(world->suite, made->officers[no].seed, &small->officers[state][no]),
             "officer");
    }
}

static void keep_documents(struct bundle_world *world)
{
    const struct made_federation *made = world->made;

    world->kept[0] = made->root;
    world->kept[1] = made->directory;
    world->kept[2] = made->timestamp;
    for (size_t i = 0; i < WORLD_STATES; i++) {
        world->kept[4 + 2 * i] = made->states[i].national_root;
        world->kept[5 + 2 * i] = made->states[i].roster;
    }
}

struct bundle_world *bundle_world_new(const struct suite *suite)
{
    struct bundle_world *world = calloc(1, sizeof(*world));
    struct seeded_rng seed;
    char reason[160];

    if (!world)
        abort();
    seeded_rng_init(&seed, 11);
    const struct rng rng = seeded_rng(&seed);
    const struct federation_plan plan = {.suite = suite,
                                         .rng = &rng,
                                         .now_ms = WORLD_NOW_MS,
                                         .codes = {"XAA", "XBB", "XCC"},
                                         .state_count = WORLD_STATES,
                                         .relay_count = BUNDLE_RELAYS,
                                         .officer_count = 2,
                                         .device_count = 2,
                                         .port_base = 7401};
    world->suite = suite;
    must(federation_make(&plan, &world->made), "federation");
    keep_documents(world);
    must(made_federation_admit(suite, world->made, &world->trust, reason), "admit");
    world->small = small_world_new(suite);
    for (int state = 0; state < WORLD_STATES; state++)
        take_state(world, state);
    memcpy(world->small->trust.ns, world->trust->ns, NS_BYTES);
    world->letter = letter_to_xbb(world->small);
    return world;
}

void bundle_world_free(struct bundle_world *world)
{
    letter_done(&world->letter);
    small_world_free(world->small);
    trust_free(world->trust);
    made_federation_free(world->made);
    free(world);
}

const struct cert *bundle_device(const struct bundle_world *world, int state, int no)
{
    return trust_cert(world->trust, world->small->entities[state].id,
                      world->small->devices[state][no]->id);
}

const struct cert *bundle_officer(const struct bundle_world *world, int state, int no)
{
    return trust_cert(world->trust, world->small->entities[state].id,
                      world->small->officers[state][no]->id);
}

/* --- records --- */

void records_done(struct records *records)
{
    for (size_t i = 0; i < records->count; i++)
        blob_free(records->items[i].octets);
    records->count = 0;
}

void records_add(struct records *records, enum bundle_record type, struct bytes octets)
{
    if (records->count == sizeof(records->items) / sizeof(records->items[0]))
        abort();
    must(blob_copy(octets, &records->items[records->count].octets), "record");
    records->items[records->count++].type = (uint32_t)type;
}

void records_drop(struct records *records, size_t index)
{
    blob_free(records->items[index].octets);
    records->count--;
    memmove(&records->items[index], &records->items[index + 1],
            (records->count - index) * sizeof(records->items[0]));
}

size_t records_find(const struct records *records, enum bundle_record type, size_t nth)
{
    for (size_t i = 0; i < records->count; i++) {
        if (records->items[i].type == (uint32_t)type && nth-- == 0)
            return i;
    }
    abort();
}

void records_read(struct records *records, struct bytes bundle)
{
    size_t at = 4;

    while (at + 8 <= bundle.len) {
        uint32_t type = get_u32be(bundle.data + at);
        uint32_t len = get_u32be(bundle.data + at + 4);

        if (type == RECORD_MANIFEST)
            return;
        records_add(records, (enum bundle_record)type, BYTES(bundle.data + at + 8, len));
        at += 8 + len;
    }
}

/* H(namespace, body of root 1); zeros when the root is not there, or not one. */
static void namespace_of(const struct records *records, uint8_t ret_ns[static NS_BYTES])
{
    Hotline__V1__Signed *root = NULL;

    memset(ret_ns, 0, NS_BYTES);
    for (size_t i = 0; !root && i < records->count; i++) {
        if (records->items[i].type == RECORD_ROOT &&
            sign_parse(bytes_blob(records->items[i].octets), &root) != HL_OK)
            return;
    }
    if (!root)
        return;
    label_hash1(label_fixed(LABEL_NAMESPACE), BYTES(root->body.data, root->body.len), ret_ns);
    hotline__v1__signed__free_unpacked(root, NULL);
}

struct blob *records_finish(const struct records *records, const struct suite *suite,
                            const struct cert *cert, const struct sign_key *key,
                            const uint8_t notice_hash[static HASH_BYTES])
{
    uint8_t notices[1][HASH_BYTES];
    struct evidence_writer *writer = NULL;
    struct blob *bundle = NULL;

    memcpy(notices[0], notice_hash, HASH_BYTES);
    must(evidence_new(&writer), "writer");
    for (size_t i = 0; i < records->count; i++)
        must(evidence_add(writer, (enum bundle_record)records->items[i].type,
                          bytes_blob(records->items[i].octets)),
             "record");
    uint8_t ns[NS_BYTES];
    namespace_of(records, ns);
    const struct evidence_manifest manifest = {.ns = ns,
                                               .device = cert,
                                               .device_key = key,
                                               .at_ms = BUNDLE_EXPORT_MS,
                                               .plane = 1,
                                               .software = "bundle_world",
                                               .notices = (const uint8_t(*)[HASH_BYTES])notices,
                                               .notice_count = 1};
    must(evidence_finish(writer, suite, &manifest, &bundle), "finish");
    evidence_free(writer);
    return bundle;
}

struct blob *bundle_finish(const struct bundle_world *world, const struct records *records)
{
    return records_finish(records, world->suite, bundle_device(world, XAA, 0),
                          world->small->devices[XAA][0], world->letter.notice_hash);
}

void bundle_add_trust(const struct bundle_world *world, struct records *records)
{
    const struct cert *certs[4 * WORLD_STATES];
    struct evidence_writer *writer = NULL;
    struct blob *octets = NULL;
    struct blob *texts = NULL;
    uint8_t notices[1][HASH_BYTES] = {{1}};

    for (int state = 0; state < WORLD_STATES; state++) {
        for (int no = 0; no < 2; no++) {
            certs[4 * state + no] = bundle_device(world, state, no);
            certs[4 * state + 2 + no] = bundle_officer(world, state, no);
        }
    }
    must(evidence_new(&writer), "writer");
    must(evidence_add_trust(writer, world->trust, certs, 4 * WORLD_STATES), "trust");
    const struct evidence_manifest manifest = {.ns = world->trust->ns,
                                               .device = certs[0],
                                               .device_key = world->small->devices[XAA][0],
                                               .at_ms = WORLD_NOW_MS,
                                               .plane = 1,
                                               .software = "bundle_world",
                                               .notices = (const uint8_t(*)[HASH_BYTES])notices,
                                               .notice_count = 1};
    must(evidence_finish(writer, world->suite, &manifest, &octets), "documents");
    evidence_free(writer);
    records_read(records, bytes_blob(octets));
    blob_free(octets);
    must(reservation_preimage(&texts), "texts");
    records_add(records, RECORD_RESERVATION, bytes_blob(texts));
    blob_free(texts);
}

/* --- one deposit --- */

static struct blob *sign_link_of(const struct bundle_world *world, int state)
{
    const struct sign_key *const keys[] = {world->small->devices[XAA][0]};
    struct link link = {
        .ns = world->trust->ns, .plane = 1, .recipient = world_desk(world->small, state), .seq = 1};
    struct blob *body = NULL;
    struct blob *object = NULL;
    uint8_t hash[HASH_BYTES];

    memcpy(link.content_hash, world->letter.notice_hash, HASH_BYTES);
    memcpy(link.sender_device, keys[0]->id, ID_BYTES);
    must(link_body(&link, &body, hash), "link");
    must(sign_object(world->suite, label_of(LABEL_LINK, 1), bytes_blob(body), keys, 1, &object),
         "link");
    blob_free(body);
    return object;
}

void bundle_add_letter(const struct bundle_world *world, struct records *records, int state)
{
    struct blob *delivered = sealed_deliver(world->small, world->letter.sealed, state, 0);
    struct blob *link = sign_link_of(world, state);

    records_add(records, RECORD_ENVELOPE, bytes_blob(delivered));
    records_add(records, RECORD_FILE_KEY, BYTES(world->letter.sealed->file_key, 32));
    records_add(records, RECORD_LINK, bytes_blob(link));
    blob_free(delivered);
    blob_free(link);
}

/* Lanes to the three States' desks, ascending. */
static int all_lanes(const struct bundle_world *world, const uint8_t *deposit_hash, int own,
                     struct lane_mark *lanes)
{
    struct desk_id own_desk = world_desk(world->small, own);
    int found = -1;

    for (int state = 0; state < WORLD_STATES; state++)
        lanes[state] = (struct lane_mark){.to = world_desk(world->small, state), .seq = 1};
    for (int i = 0; i < WORLD_STATES; i++) {
        for (int k = i + 1; k < WORLD_STATES; k++) {
            struct lane_mark first = lanes[i];

            if (desk_order(&first.to, &lanes[k].to) > 0) {
                lanes[i] = lanes[k];
                lanes[k] = first;
            }
        }
        memcpy(lanes[i].head, deposit_hash, HASH_BYTES);
        if (desk_equal(&lanes[i].to, &own_desk))
            found = i;
    }
    return found;
}

/* Leaf 1 of a tree of three. */
static struct blob *custody_of(const struct bundle_world *world, int relay,
                               const struct custody *custody, int own_lane)
{
    const struct relay_info *info =
        trust_relay_by_name(world->trust, world->made->relay_names[relay]);
    uint8_t leaves[3][32] = {{1}, {2}, {3}};
    uint8_t path[MERKLE_PROOF_MAX][32];
    uint8_t root[32];
    char text[CHECKPOINT_MAX];
    size_t text_len = 0;
    size_t path_len = 0;
    struct sign_key *key = NULL;
    struct blob *body = NULL;
    struct blob *receipt = NULL;
    struct custody mine = *custody;

    mine.relay = info->id;
    must(custody_body(&mine, &body, leaves[1]), "body");
    must(merkle_root((const uint8_t(*)[32])leaves, 3, root), "root");
    must(merkle_path((const uint8_t(*)[32])leaves, 3, 1, path, &path_len), "path");
    must(sign_key_new(world->suite, world->made->relays[relay].log_seed, &key), "log key");
    must(checkpoint_sign(world->suite, key, info->log_origin, 3, root, text, &text_len),
         "checkpoint");
    sign_key_free(key);
    const struct custody_proof proof = {1, (const uint8_t(*)[32])path, path_len,
                                        BYTES(text, text_len)};
    must(custody_receipt_build(bytes_blob(body), mine.lanes, mine.lane_count, own_lane, &proof,
                               &receipt),
         "receipt");
    blob_free(body);
    return receipt;
}

static void add_custody(const struct bundle_world *world, struct records *records, int relay,
                        struct custody *custody, int own)
{
    struct lane_mark lanes[WORLD_STATES];
    int own_lane = all_lanes(world, custody->deposit_hash, own, lanes);

    custody->ns = world->trust->ns;
    custody->plane = 1;
    custody->lanes = lanes;
    custody->lane_count = WORLD_STATES;
    struct blob *receipt = custody_of(world, relay, custody, own_lane);
    records_add(records, RECORD_CUSTODY, bytes_blob(receipt));
    blob_free(receipt);
}

void bundle_add_custody(const struct bundle_world *world, struct records *records, int relay,
                        int state, int64_t received_ms)
{
    struct custody custody = {.received_ms = received_ms, .from = world_desk(world->small, XAA)};

    memcpy(custody.deposit_hash, world->letter.sealed->deposit_hash, HASH_BYTES);
    add_custody(world, records, relay, &custody, state);
}

/* --- receipts --- */

static void fill_answer(Hotline__V1__Receipt *receipt, const struct sign_key *officer)
{
    static char word[] = "V432";

    receipt->officer = octets_of(officer->id, ID_BYTES);
    if (receipt->kind == HOTLINE__V1__RECEIPT_KIND__REFUSED) {
        receipt->reason = HOTLINE__V1__REASON__NO_CAPACITY;
        return;
    }
    receipt->disposition = HOTLINE__V1__DISPOSITION__RECEIVED_UNDERSTOOD;
    receipt->check_word = word;
    receipt->reservation_id = RESERVATION_ID;
    receipt->reservation_hash = octets_of(reservation_hash(), HASH_BYTES);
}

struct blob *bundle_receipt(const struct bundle_world *world, int state,
                            Hotline__V1__ReceiptKind kind,
                            void (*edit)(Hotline__V1__Receipt *receipt))
{
    static const uint8_t zeros[HASH_BYTES];
    Hotline__V1__Receipt receipt;
    const struct sign_key *device = world->small->devices[state][0];
    const struct sign_key *officer = world->small->officers[state][0];
    bool has_officer = kind == HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED ||
                       kind == HOTLINE__V1__RECEIPT_KIND__REFUSED;
    struct blob *object = NULL;
    uint8_t hash[HASH_BYTES];

    hotline__v1__receipt__init(&receipt);
    receipt.ns = octets_of(world->trust->ns, NS_BYTES);
    receipt.kind = kind;
    receipt.plane = HOTLINE__V1__PLANE__LIVE;
    receipt.about = HOTLINE__V1__RECEIPT_ABOUT__ABOUT_NOTICE;
    receipt.content_hash = octets_of(world->letter.notice_hash, HASH_BYTES);
    receipt.deposit_hash = octets_of(world->letter.sealed->deposit_hash, HASH_BYTES);
    receipt.to_entity = octets_of(world->small->entities[XAA].id, ID_BYTES);
    receipt.to_device = octets_of(world->small->devices[XAA][0]->id, ID_BYTES);
    receipt.by_entity = octets_of(world->small->entities[state].id, ID_BYTES);
    receipt.by_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    receipt.by_device = octets_of(device->id, ID_BYTES);
    receipt.at_ms = WORLD_NOW_MS + 60000;
    receipt.prev_receipt = octets_of(zeros, HASH_BYTES);
    receipt.dir_version = 1;
    if (has_officer)
        fill_answer(&receipt, officer);
    if (edit)
        edit(&receipt);
    must(receipt_sign(world->suite, &receipt, device, has_officer ? officer : NULL, &object, hash),
         "receipt");
    return object;
}

void bundle_add_receipt(const struct bundle_world *world, struct records *records, int state,
                        Hotline__V1__ReceiptKind kind)
{
    struct blob *object = bundle_receipt(world, state, kind, NULL);

    records_add(records, RECORD_RECEIPT, bytes_blob(object));
    blob_free(object);
}

void bundle_add_carrier(const struct bundle_world *world, struct records *records, int state,
                        const struct blob *receipt, unsigned relays, int64_t received_ms)
{
    static const uint8_t hedge_key[32] = {3};
    struct rng rng = constant_rng();
    struct seal_slot slot = world_slot(world->small, XAA, 0);
    struct sealed *sealed = NULL;
    uint8_t hash[HASH_BYTES];
    Hotline__V1__Signed *object = NULL;

    must(sign_parse(bytes_blob(receipt), &object), "receipt");
    label_hash1(label_of(LABEL_RECEIPT, 1), BYTES(object->body.data, object->body.len), hash);
    hotline__v1__signed__free_unpacked(object, NULL);
    const struct seal_request request = {.suite = world->suite,
                                         .rng = &rng,
                                         .ns = world->trust->ns,
                                         .sender_entity = world->small->entities[state].id,
                                         .device = world->small->devices[state][0],
                                         .hedge_key = hedge_key,
                                         .plane = 1,
                                         .kind = CONTENT_RECEIPT,
                                         .content = bytes_blob(receipt),
                                         .content_hash = hash,
                                         .dir_version = 1,
                                         .created_ms = received_ms - 1000,
                                         .journal_row = 5,
                                         .slots = &slot,
                                         .slot_count = 1};
    must(envelope_seal(&request, &sealed), "seal");
    struct blob *delivered = sealed_deliver(world->small, sealed, XAA, 0);
    records_add(records, RECORD_ENVELOPE, bytes_blob(delivered));
    records_add(records, RECORD_FILE_KEY, BYTES(sealed->file_key, 32));
    for (int relay = 0; relay < BUNDLE_RELAYS; relay++) {
        struct custody custody = {.received_ms = received_ms + relay,
                                  .from = world_desk(world->small, state)};

        memcpy(custody.deposit_hash, sealed->deposit_hash, HASH_BYTES);
        if (relays & 1U << relay)
            add_custody(world, records, relay, &custody, XAA);
    }
    blob_free(delivered);
    sealed_free(sealed);
}
