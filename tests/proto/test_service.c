/* Service statements: which fields each kind has, who may sign, whom it is for. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "base/strict.h"
#include "keys/secret.h"
#include "proto/service.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"
#include "tests/support/vector_world.h"

static struct small_world *world;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    world = small_world_new(suite_fake());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

/* One statement with all that any kind may carry at hand; XAA/1 to XBB.TEC. */
struct parts {
    Hotline__V1__ServiceStatement statement;
    Hotline__V1__Service service;
    Hotline__V1__Desk recipient;
    Hotline__V1__PrekeyFloor floor;
    Hotline__V1__PrekeyFloor *floors[1];
    Hotline__V1__CheckpointSeen checkpoint;
    Hotline__V1__CheckpointSeen *checkpoints[1];
    Hotline__V1__PairView pair;
    Hotline__V1__PairView *views[1];
    Hotline__V1__LaneMark lane;
    uint8_t octets[64];
};

static ProtobufCBinaryData binary(uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, data};
}

static void fill_extras(struct parts *parts)
{
    hotline__v1__desk__init(&parts->recipient);
    parts->recipient.entity = binary(world->entities[XBB].id, ID_BYTES);
    parts->recipient.kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    hotline__v1__prekey_floor__init(&parts->floor);
    parts->floor.prekey_id = binary(parts->octets, ID_BYTES);
    parts->floor.kind = HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
    parts->floor.created_ms = WORLD_NOW_MS;
    parts->floors[0] = &parts->floor;
    hotline__v1__checkpoint_seen__init(&parts->checkpoint);
    parts->checkpoint.relay = binary(parts->octets, ID_BYTES);
    parts->checkpoint.tree_size = 1;
    parts->checkpoint.root = binary(parts->octets, HASH_BYTES);
    parts->checkpoints[0] = &parts->checkpoint;
    hotline__v1__pair_view__init(&parts->pair);
    parts->pair.relay = binary(parts->octets, ID_BYTES);
    parts->pair.seq = 1;
    parts->pair.head = binary(parts->octets, HASH_BYTES);
    parts->views[0] = &parts->pair;
    hotline__v1__lane_mark__init(&parts->lane);
    parts->lane.to = &parts->recipient;
    parts->lane.seq = 1;
    parts->lane.head = binary(parts->octets, HASH_BYTES);
    parts->lane.salt = binary(parts->octets, ID_BYTES);
}

static void fill_parts(struct parts *parts, Hotline__V1__ServiceKind kind)
{
    Hotline__V1__ServiceStatement *statement = &parts->statement;

    memset(parts, 0, sizeof(*parts));
    hotline__v1__service_statement__init(statement);
    hotline__v1__service__init(&parts->service);
    fill_extras(parts);
    parts->service.kind = kind;
    statement->ns = binary(world->trust.ns, NS_BYTES);
    statement->plane = HOTLINE__V1__PLANE__LIVE;
    statement->sender_entity = binary(world->entities[XAA].id, ID_BYTES);
    statement->sender_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    statement->sender_device = binary(world->devices[XAA][0]->id, ID_BYTES);
    statement->at_ms = WORLD_NOW_MS;
    statement->service = &parts->service;
    statement->journal_head = binary(parts->octets, HASH_BYTES);
    statement->dir_version = 1;
    statement->roster_version = 1;
    if (kind == HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK) {
        statement->n_prekeys = 1;
        statement->prekeys = parts->floors;
    } else {
        statement->recipient = &parts->recipient;
    }
    if (kind == HOTLINE__V1__SERVICE_KIND__MISSING) {
        parts->service.first_serial = 3;
        parts->service.last_serial = 4;
        parts->service.stream_device = binary(world->devices[XBB][0]->id, ID_BYTES);
    }
}

static int sign_parts(const struct parts *parts, struct blob **ret_signed)
{
    uint8_t hash[HASH_BYTES];

    return service_sign(world->suite, &parts->statement, world->devices[XAA][0], ret_signed, hash);
}

static int sign_result(const struct parts *parts)
{
    struct blob *object = NULL;
    int result = sign_parts(parts, &object);

    blob_free(object);
    return result;
}

static void every_machine_kind_can_be_signed_and_checked(void **state)
{
    static const Hotline__V1__ServiceKind kinds[] = {
        HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK, HOTLINE__V1__SERVICE_KIND__MISSING,
        HOTLINE__V1__SERVICE_KIND__LAST_RECEIVED, HOTLINE__V1__SERVICE_KIND__PING,
        HOTLINE__V1__SERVICE_KIND__RESTORED,      HOTLINE__V1__SERVICE_KIND__CLOCK_REPORT,
        HOTLINE__V1__SERVICE_KIND__NONDELIVERY,   HOTLINE__V1__SERVICE_KIND__DUPLICATE_NOTE};
    struct desk_id own_desk = world_desk(world, XBB);

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct parts parts;
        struct blob *object = NULL;
        Hotline__V1__ServiceStatement *statement = NULL;
        uint8_t hash[HASH_BYTES];
        const char *detail = NULL;
        fill_parts(&parts, kinds[i]);
        assert_int_equal(sign_parts(&parts, &object), HL_OK);
        const struct service_expectation expected = {.ns = world->trust.ns,
                                                     .plane = 1,
                                                     .device = world_device_cert(world, XAA, 0),
                                                     .recipient = &own_desk};
        assert_int_equal(
            service_check(world->suite, &expected, bytes_blob(object), &statement, hash, &detail),
            HL_OK);
        assert_int_equal(statement->service->kind, kinds[i]);
        hotline__v1__service_statement__free_unpacked(statement, NULL);
        blob_free(object);
    }
}

static void kinds_of_officers_are_not_signed_by_machines(void **state)
{
    (void)state;
    for (int kind = 1; kind <= 22; kind++) {
        struct parts parts;
        bool is_machine = kind == 1 || kind == 2 || kind == 4 || kind == 5 || kind == 11 ||
                          kind == 17 || kind == 19 || kind == 20;
        fill_parts(&parts, (Hotline__V1__ServiceKind)kind);
        assert_int_equal(sign_result(&parts), is_machine ? HL_OK : HL_EFORMAT);
    }
}

static void channel_check_is_a_live_broadcast_with_prekeys(void **state)
{
    struct parts parts;

    (void)state;
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK);
    parts.statement.n_checkpoints = 1;
    parts.statement.checkpoints = parts.checkpoints;
    assert_int_equal(sign_result(&parts), HL_OK);
    parts.statement.recipient = &parts.recipient;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK);
    parts.statement.plane = HOTLINE__V1__PLANE__EXERCISE;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK);
    parts.statement.n_prekeys = 0;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__CHANNEL_CHECK);
    parts.statement.n_views = 1;
    parts.statement.views = parts.views;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
}

static void missing_names_a_stream_and_a_range(void **state)
{
    struct parts parts;

    (void)state;
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__MISSING);
    parts.statement.n_views = 1;
    parts.statement.views = parts.views;
    assert_int_equal(sign_result(&parts), HL_OK);
    parts.service.last_serial = parts.service.first_serial;
    assert_int_equal(sign_result(&parts), HL_OK);
    parts.service.last_serial = parts.service.first_serial - 1;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__MISSING);
    parts.service.first_serial = 0;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__MISSING);
    parts.service.stream_device.len = 0;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__MISSING);
    parts.statement.recipient = NULL;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__MISSING);
    parts.statement.n_prekeys = 1;
    parts.statement.prekeys = parts.floors;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
}

static void extras_belong_to_their_kind(void **state)
{
    struct parts parts;

    (void)state;
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__NONDELIVERY);
    parts.statement.lane = &parts.lane;
    parts.statement.custody = binary(parts.octets, 64);
    assert_int_equal(sign_result(&parts), HL_OK);
    parts.service.kind = HOTLINE__V1__SERVICE_KIND__PING;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__LAST_RECEIVED);
    parts.statement.link = binary(parts.octets, 64);
    assert_int_equal(sign_result(&parts), HL_EFORMAT); /* without its signature */
    parts.statement.link_sig = binary(parts.octets, 64);
    assert_int_equal(sign_result(&parts), HL_OK);
    parts.statement.link.len = 0;
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
}

static void remark_is_at_most_eighty_octets(void **state)
{
    char remark[82];
    struct parts parts;

    (void)state;
    memset(remark, 'a', sizeof(remark));
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__PING);
    parts.service.remark = remark;
    remark[80] = '\0';
    assert_int_equal(sign_result(&parts), HL_OK);
    remark[80] = 'a';
    remark[81] = '\0';
    assert_int_equal(sign_result(&parts), HL_EFORMAT);
}

/* --- checking */

static int check_result(const struct blob *object, unsigned plane, const struct cert *device,
                        const struct desk_id *own_desk)
{
    Hotline__V1__ServiceStatement *statement = NULL;
    uint8_t hash[HASH_BYTES];
    const char *detail = NULL;
    const struct service_expectation expected = {
        .ns = world->trust.ns, .plane = plane, .device = device, .recipient = own_desk};
    int result =
        service_check(world->suite, &expected, bytes_blob(object), &statement, hash, &detail);

    if (result == HL_OK)
        hotline__v1__service_statement__free_unpacked(statement, NULL);
    else
        assert_non_null(detail);
    return result;
}

static void statement_counts_only_from_its_own_device(void **state)
{
    struct desk_id own_desk = world_desk(world, XBB);
    struct desk_id third_desk = world_desk(world, XCC);
    struct cert *device = world_device_cert(world, XAA, 0);
    struct blob *object = NULL;
    struct parts parts;

    (void)state;
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__PING);
    assert_int_equal(sign_parts(&parts, &object), HL_OK);
    assert_int_equal(check_result(object, 1, device, &own_desk), HL_OK);
    assert_int_equal(check_result(object, 1, device, NULL), HL_OK);
    assert_int_equal(check_result(object, 1, device, &third_desk), HL_EFORMAT);
    assert_int_equal(check_result(object, 2, device, &own_desk), HL_EVERIFY);
    assert_int_equal(check_result(object, 0, device, &own_desk), HL_EVERIFY);
    assert_int_equal(check_result(object, 1, world_device_cert(world, XAA, 1), &own_desk),
                     HL_EVERIFY);
    assert_int_equal(check_result(object, 1, world_officer_cert(world, XAA, 0), &own_desk),
                     HL_EVERIFY);
    device->roles &= ~(uint32_t)ROLE_BIT_AUTO;
    assert_int_equal(check_result(object, 1, device, &own_desk), HL_EVERIFY);
    device->roles |= ROLE_BIT_AUTO;
    for (size_t len = 0; len < object->len; len++) {
        struct blob *cut = NULL;
        assert_int_equal(blob_copy(BYTES(object->data, len), &cut), HL_OK);
        assert_int_equal(check_result(cut, 1, device, &own_desk), HL_EFORMAT);
        blob_free(cut);
    }
    for (size_t bit = 0; bit < 8 * object->len; bit++) {
        object->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(check_result(object, 1, device, &own_desk), HL_OK);
        object->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    blob_free(object);
}

static void second_signature_is_refused(void **state)
{
    const struct sign_key *const keys[] = {world->devices[XAA][0], world->devices[XAA][1]};
    struct blob *body = NULL;
    struct parts parts;

    (void)state;
    fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__PING);
    assert_int_equal(strict_pack(&parts.statement.base, &body), HL_OK);
    for (size_t count = 1; count <= 2; count++) {
        struct blob *object = NULL;
        assert_int_equal(sign_object(world->suite, label_of(LABEL_SERVICE, 1), bytes_blob(body),
                                     keys, count, &object),
                         HL_OK);
        assert_int_equal(check_result(object, 1, world_device_cert(world, XAA, 0), NULL),
                         count == 1 ? HL_OK : HL_EVERIFY);
        blob_free(object);
    }
    blob_free(body);
}

/* Signed by the right device, but naming somebody else: the sender's own lie. */
static void statement_must_name_its_sender(void **state)
{
    uint8_t other[HASH_BYTES] = {0xee};
    const struct sign_key *const keys[] = {world->devices[XAA][0]};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct parts parts;
        struct blob *body = NULL;
        struct blob *object = NULL;
        fill_parts(&parts, HOTLINE__V1__SERVICE_KIND__PING);
        if (i == 0)
            parts.statement.ns = binary(other, NS_BYTES);
        if (i == 1)
            parts.statement.plane = HOTLINE__V1__PLANE__TEST;
        if (i == 2)
            parts.statement.sender_entity = binary(other, ID_BYTES);
        if (i == 3)
            parts.statement.sender_device = binary(other, ID_BYTES);
        if (i == 4)
            parts.statement.sender_kind = HOTLINE__V1__DESK_KIND__POLITICAL;
        assert_int_equal(strict_pack(&parts.statement.base, &body), HL_OK);
        assert_int_equal(sign_object(world->suite, label_of(LABEL_SERVICE, 1), bytes_blob(body),
                                     keys, 1, &object),
                         HL_OK);
        assert_int_equal(check_result(object, 1, world_device_cert(world, XAA, 0), NULL),
                         HL_EFORMAT);
        assert_int_equal(sign_result(&parts), i == 3 ? HL_EFORMAT : HL_OK);
        blob_free(body);
        blob_free(object);
    }
}

static void vector_statement_is_signed_octet_for_octet(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/channel-check.json");
    struct blob *body = vectors_hex(object, "service_body");
    struct blob *padded = vectors_hex(object, "padded_plaintext");
    struct blob *expected = vectors_hex(object, "service_hash");
    struct sign_key *device = vector_key(vector_device(vectors, "XAA/1"));
    Hotline__V1__ServiceStatement *statement =
        hotline__v1__service_statement__unpack(NULL, body->len, body->data);
    struct blob *ours = NULL;
    uint8_t hash[HASH_BYTES];
    assert_int_equal(service_sign(suite_real(), statement, device, &ours, hash), HL_OK);
    assert_memory_equal(hash, expected->data, HASH_BYTES);
    assert_memory_equal(ours->data, padded->data + 1, ours->len);
    hotline__v1__service_statement__free_unpacked(statement, NULL);
    blob_free(ours);
    blob_free(body);
    blob_free(padded);
    blob_free(expected);
    sign_key_free(device);
    json_decref(object);
    vector_world_free(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_machine_kind_can_be_signed_and_checked),
        cmocka_unit_test(kinds_of_officers_are_not_signed_by_machines),
        cmocka_unit_test(channel_check_is_a_live_broadcast_with_prekeys),
        cmocka_unit_test(missing_names_a_stream_and_a_range),
        cmocka_unit_test(extras_belong_to_their_kind),
        cmocka_unit_test(remark_is_at_most_eighty_octets),
        cmocka_unit_test(statement_counts_only_from_its_own_device),
        cmocka_unit_test(second_signature_is_refused),
        cmocka_unit_test(statement_must_name_its_sender),
        cmocka_unit_test(vector_statement_is_signed_octet_for_octet),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
